"""A client in another language: logs, reads back, reports, using only the proto files.

Starts the server binary on a free port of this machine with an empty log, and stops it at the end.
Closes with the line `N passed, N failed`.
"""

import hashlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import unittest
import uuid
from pathlib import Path

import grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from disclosure.event.v1 import vocabulary_pb2 as words
from disclosure.v1 import agency_service_pb2 as agencies
from disclosure.v1 import agency_service_pb2_grpc as agencies_grpc
from disclosure.v1 import application_service_pb2 as applications
from disclosure.v1 import application_service_pb2_grpc as applications_grpc
from disclosure.v1 import event_service_pb2 as events
from disclosure.v1 import event_service_pb2_grpc as events_grpc
from disclosure.v1 import intake_service_pb2 as intake
from disclosure.v1 import intake_service_pb2_grpc as intake_grpc
from disclosure.v1 import report_pb2 as report
from disclosure.v1 import report_service_pb2 as reports
from disclosure.v1 import report_service_pb2_grpc as reports_grpc
from disclosure.v1 import statistics_service_pb2 as statistics
from disclosure.v1 import statistics_service_pb2_grpc as statistics_grpc
from disclosure.v1 import write_pb2 as write

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("DISCLOSURE_BIN", ROOT / "target" / "debug" / "disclosure")
TIMEOUT = 30
"""How long one call, or the server's start or stop, may take: seconds."""

AGENCY_NAME = "互通市司法局"


class Server:
    """The server, with a log of its own, for as long as the tests run."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        data = Path(self.folder.name) / "log"
        command = [BINARY, "serve", "--data", data, "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        first_line = self.process.stdout.readline()
        found = re.search(r"serving on http://(127\.0\.0\.1:\d+)", first_line)
        if not found:
            self.process.kill()
            raise RuntimeError(f"the server did not say where it serves: {first_line!r}")
        self.address = found.group(1)

    def stop(self):
        """Tells the server to stop, and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(TIMEOUT)
        finally:
            self.process.kill()
            self.process.stdout.close()
            self.folder.cleanup()


def options(**more):
    """How to write, with a request id of its own."""
    return write.WriteOptions(request_id=str(uuid.uuid4()), **more)


def day(year, month, day_of_month):
    return words.CivilDate(year=year, month=month, day=day_of_month)


def received(agency_id, application_id, date=None, **more):
    """A request to record that a natural person's application arrived."""
    return applications.ReceiveApplicationRequest(
        write=options(),
        agency_id=agency_id,
        application_id=application_id,
        applicant_kind=words.APPLICANT_KIND_NATURAL_PERSON,
        receipt_date=date or day(2022, 3, 1),
        **more,
    )


def decided(agency_id, application_id, date=None, disposition=words.DISPOSITION_GRANTED):
    return applications.DecideApplicationRequest(
        write=options(),
        agency_id=agency_id,
        application_id=application_id,
        disposition=disposition,
        decision_date=date or day(2022, 3, 18),
    )


class ClientTest(unittest.TestCase):
    """Each test has an agency of its own; all share one server."""

    @classmethod
    def setUpClass(cls):
        cls.channel = grpc.insecure_channel(SERVER.address)
        cls.agencies = agencies_grpc.AgencyServiceStub(cls.channel)
        cls.applications = applications_grpc.ApplicationServiceStub(cls.channel)
        cls.events = events_grpc.EventServiceStub(cls.channel)
        cls.intake = intake_grpc.IntakeServiceStub(cls.channel)
        cls.reports = reports_grpc.ReportServiceStub(cls.channel)
        cls.statistics = statistics_grpc.StatisticsServiceStub(cls.channel)

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()

    def setUp(self):
        self.agency_id = "interop-" + self._testMethodName.removeprefix("test_").replace("_", "-")
        answer = self.agencies.RegisterAgency(
            agencies.RegisterAgencyRequest(
                write=options(), agency_id=self.agency_id, name=AGENCY_NAME
            ),
            timeout=TIMEOUT,
        )
        self.assertEqual(answer.agency.name, AGENCY_NAME)

    def receive(self, application_id, **more):
        request = received(self.agency_id, application_id, **more)
        return self.applications.ReceiveApplication(request, timeout=TIMEOUT)

    def decide(self, application_id, **more):
        request = decided(self.agency_id, application_id, **more)
        return self.applications.DecideApplication(request, timeout=TIMEOUT)

    def selector(self, year=2022):
        return report.ReportSelector(agency_id=self.agency_id, year=year)

    def render(self, report_format):
        """A rendered report: what was said of it, and its bytes."""
        parts = self.reports.RenderReport(
            reports.RenderReportRequest(selector=self.selector(), format=report_format),
            timeout=TIMEOUT,
        )
        described = next(parts).description
        return described, b"".join(part.chunk for part in parts)

    def refusal(self, call, request):
        """The code of a refused call, its ErrorInfo and its BadRequest."""
        with self.assertRaises(grpc.RpcError) as caught:
            call(request, timeout=TIMEOUT)
        status = rpc_status.from_call(caught.exception)
        info, fields = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        for detail in status.details:
            for message in (info, fields):
                detail.Unpack(message)
        return caught.exception.code(), info, fields

    def test_an_application_is_logged_decided_and_read_back(self):
        answer = self.receive("2022-001", applicant_ref="case-7", channel=words.CHANNEL_INTERNET)
        self.assertEqual(answer.application.state, applications.APPLICATION_STATE_OPEN)
        self.assertFalse(answer.receipt.unchanged)
        seen = answer.receipt.version

        request = decided(self.agency_id, "2022-001")
        request.write.expected_version = seen
        answer = self.applications.DecideApplication(request, timeout=TIMEOUT)
        self.assertEqual(answer.application.state, applications.APPLICATION_STATE_CONCLUDED)

        request = applications.GetApplicationRequest(
            agency_id=self.agency_id, application_id="2022-001"
        )
        read = self.applications.GetApplication(request, timeout=TIMEOUT)
        self.assertEqual(read.application.receipt_date, day(2022, 3, 1))
        self.assertEqual(read.application.conclusion_date, day(2022, 3, 18))
        self.assertEqual(read.application.disposition, words.DISPOSITION_GRANTED)
        self.assertEqual(read.application.applicant_ref, "case-7")
        self.assertEqual(read.application.version, answer.receipt.version)
        bodies = [recorded.event.WhichOneof("body") for recorded in read.history]
        self.assertEqual(bodies, ["application_received", "application_decided"])
        self.assertEqual(read.history[0].event.effective_date, day(2022, 3, 1))
        self.assertEqual(read.history[1].position, answer.receipt.position)
        self.assertGreater(read.history[0].record_time.seconds, 0)
        self.assertEqual(read.history[0].event.SerializeToString(), read.history[0].payload)

    def test_the_same_request_is_answered_again_and_recorded_once(self):
        request = received(self.agency_id, "2022-001")
        first = self.applications.ReceiveApplication(request, timeout=TIMEOUT)
        again = self.applications.ReceiveApplication(request, timeout=TIMEOUT)
        self.assertTrue(again.receipt.unchanged)
        self.assertEqual(again.receipt.position, first.receipt.position)

    def test_the_tables_count_what_was_logged(self):
        for number in range(3):
            self.receive(f"2022-{number}")
        self.decide("2022-0")
        answer = self.statistics.GetTables(
            statistics.GetTablesRequest(selector=self.selector()), timeout=TIMEOUT
        )
        self.assertEqual(answer.form, "2021")
        cells = {cell.cell: cell for cell in answer.cells}
        for name, value in [
            ("applications.new_received.natural_person", 3),
            ("applications.granted.total", 1),
            ("applications.carried_out.total", 2),
            ("remedies.review.total", 0),
        ]:
            self.assertEqual(cells[name].value, value, name)
        self.assertFalse(cells["proactive.art20_5.licences.decisions"].HasField("value"))

        described, document = self.render(reports.REPORT_FORMAT_JSON)
        tables = json.loads(document)["tables"]
        self.assertEqual(tables["applications"]["new_received"]["natural_person"], 3)
        self.assertIsNone(tables["proactive"]["art20_5.licences.decisions"])
        self.assertEqual(described.as_of_position, answer.as_of_position)

    def test_the_report_comes_as_html_in_described_chunks(self):
        for number in range(137):
            self.receive(f"2022-{number}")
        described, document = self.render(reports.REPORT_FORMAT_HTML)
        self.assertTrue(described.media_type.startswith("text/html"), described.media_type)
        self.assertEqual(described.file_name, f"{self.agency_id}-2022.html")
        self.assertEqual(described.size_bytes, len(document))
        self.assertEqual(described.sha256, hashlib.sha256(document).digest())
        page = document.decode("utf-8")
        self.assertIn(f"{AGENCY_NAME}", page)
        row = re.search(r"<tr[^>]*>(?:(?!</tr>).)*本年新收政府信息公开申请数量.*?</tr>", page, re.S)
        self.assertIsNotNone(row)
        self.assertEqual(re.findall(r">(\d+)<", row.group(0)), ["137"] + ["0"] * 5 + ["137"])

    def test_a_field_that_does_not_parse_is_named_by_its_path(self):
        request = received(self.agency_id, "2022-001", date=day(2022, 2, 30))
        request.applicant_kind = words.APPLICANT_KIND_UNSPECIFIED
        code, info, fields = self.refusal(self.applications.ReceiveApplication, request)
        self.assertEqual(code, grpc.StatusCode.INVALID_ARGUMENT)
        self.assertEqual((info.reason, info.domain), ("INVALID_FIELD", "disclosure-ledger"))
        paths = sorted(violation.field for violation in fields.field_violations)
        self.assertEqual(paths, ["applicant_kind", "receipt_date"])

    def test_a_contradiction_is_refused_by_name(self):
        self.receive("2022-001")
        request = decided(self.agency_id, "2022-001", date=day(2022, 2, 28))
        code, info, fields = self.refusal(self.applications.DecideApplication, request)
        self.assertEqual(code, grpc.StatusCode.FAILED_PRECONDITION)
        self.assertEqual(info.reason, "DECISION_BEFORE_RECEIPT")
        self.assertEqual([v.field for v in fields.field_violations], ["decision_date"])

    def test_a_stale_version_is_refused_with_both_versions(self):
        seen = self.receive("2022-001").receipt.version
        latest = self.decide("2022-001").receipt.version
        request = applications.WithdrawApplicationRequest(
            write=options(expected_version=seen),
            agency_id=self.agency_id,
            application_id="2022-001",
            withdrawal_date=day(2022, 3, 20),
        )
        code, info, fields = self.refusal(self.applications.WithdrawApplication, request)
        self.assertEqual(code, grpc.StatusCode.ABORTED)
        self.assertEqual(info.reason, "VERSION_CONFLICT")
        versions = {"expected_version": seen, "actual_version": latest}
        self.assertEqual(dict(info.metadata), versions)
        self.assertEqual([v.field for v in fields.field_violations], ["write.expected_version"])

    def test_a_report_that_cannot_be_is_refused_with_the_whole_path(self):
        request = statistics.GetTablesRequest(selector=self.selector(year=2018))
        code, info, fields = self.refusal(self.statistics.GetTables, request)
        self.assertEqual((code, info.reason), (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"))
        self.assertEqual([v.field for v in fields.field_violations], ["selector.year"])
        request.selector.CopyFrom(report.ReportSelector(agency_id="nobody", year=2022))
        code, info, fields = self.refusal(self.statistics.GetTables, request)
        self.assertEqual((code, info.reason), (grpc.StatusCode.NOT_FOUND, "AGENCY_NOT_FOUND"))
        self.assertEqual([v.field for v in fields.field_violations], ["selector.agency_id"])

    def test_rows_are_taken_in_while_results_come_back(self):
        rows = queue.Queue()
        self.addCleanup(rows.put, None)
        results = self.intake.RecordRows(iter(rows.get, None), timeout=TIMEOUT)

        def say(number, **command):
            rows.put(intake.RecordRowsRequest(mode=intake.INTAKE_MODE_EACH, row=number, **command))
            return next(results)

        # Each result is awaited before the next row is sent: the stream goes both ways at once.
        first = say(2, receive_application=received(self.agency_id, "2022-001"))
        self.assertEqual((first.row, first.WhichOneof("result")), (2, "receipt"))
        early = decided(self.agency_id, "2022-001", date=day(2021, 12, 31))
        second = say(3, decide_application=early)
        self.assertEqual((second.row, second.refusal.reason), (3, "DECISION_BEFORE_RECEIPT"))
        self.assertEqual(second.refusal.field, "decide_application.decision_date")
        third = say(4, decide_application=decided(self.agency_id, "2022-001"))
        self.assertGreater(third.receipt.position, first.receipt.position)
        rows.put(None)
        self.assertEqual(list(results), [])

    def test_a_unit_with_a_bad_row_records_nothing(self):
        good = received(self.agency_id, "2022-001")
        bad = decided(self.agency_id, "2022-002")
        mode = intake.INTAKE_MODE_ALL_OR_NOTHING
        rows = [
            intake.RecordRowsRequest(mode=mode, row=2, receive_application=good),
            intake.RecordRowsRequest(row=3, decide_application=bad),
        ]
        results = list(self.intake.RecordRows(iter(rows), timeout=TIMEOUT))
        reasons = [(result.row, result.refusal.reason) for result in results]
        self.assertEqual(reasons, [(2, "NOT_RECORDED"), (3, "APPLICATION_NOT_FOUND")])
        request = applications.ListApplicationsRequest(agency_id=self.agency_id)
        listed = self.applications.ListApplications(request, timeout=TIMEOUT)
        self.assertEqual(list(listed.applications), [])

    def test_a_subscriber_sees_what_is_recorded_after_it_began(self):
        before = self.receive("2022-001").receipt
        request = events.SubscribeRequest(
            after_position=before.position - 1, agency_id=self.agency_id
        )
        messages = self.events.Subscribe(request, timeout=TIMEOUT)
        recorded = (event for message in messages for event in message.events)
        self.assertEqual(next(recorded).position, before.position)
        after = self.decide("2022-001").receipt
        event = next(recorded)
        self.assertEqual(event.position, after.position)
        self.assertEqual(event.event_type, "disclosure.event.v1.ApplicationDecided")
        self.assertEqual(event.event.agency_id, self.agency_id)
        messages.cancel()

    def test_the_server_is_healthy_by_service(self):
        health = health_pb2_grpc.HealthStub(self.channel)
        for service in ["", "disclosure.v1.ApplicationService", "disclosure.v1.ReportService"]:
            request = health_pb2.HealthCheckRequest(service=service)
            answer = health.Check(request, timeout=TIMEOUT)
            self.assertEqual(answer.status, health_pb2.HealthCheckResponse.SERVING, service)


class StopTest(unittest.TestCase):
    """Runs last."""

    def test_the_server_stops_when_told(self):
        self.assertEqual(SERVER.stop(), 0)


def main():
    global SERVER
    SERVER = Server()
    suite = unittest.TestSuite()
    for case in (ClientTest, StopTest):
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    try:
        result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    finally:
        if SERVER.process.poll() is None:
            SERVER.stop()
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed or result.testsRun == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
