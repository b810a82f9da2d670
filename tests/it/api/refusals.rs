//! Every act that is refused, by each door: the code, the permanent reason, the field; nothing
//! recorded, and the server alive.
#![cfg(test)]

use disclosure_ledger::wire::pb::{
    event::v1::{CivilDate, Disposition, RemedyResult},
    v1::{
        self as pb, IntakeMode, LitigationRoute, record_rows_request::Command,
        record_rows_response::Result as RowResult,
    },
};

use crate::support::{
    AGENCY, Expected, TestServer, conclude_review, conclude_suit, contradicts, correct, date,
    decide, figures, file_review, file_suit, invalid, missing, named, receive, set_write, withdraw,
};

/// An application that is open, one concluded, one withdrawn; a case pending, one concluded.
async fn given(server: &TestServer) {
    server
        .given(vec![
            Command::ReceiveApplication(receive("open", "2020-03-02")),
            Command::ReceiveApplication(receive("done", "2020-03-02")),
            Command::DecideApplication(decide("done", Disposition::Granted, "2020-03-20")),
            Command::ReceiveApplication(receive("gone", "2020-03-02")),
            Command::WithdrawApplication(withdraw("gone", "2020-03-05")),
            Command::FileReconsideration(file_review("pending", "2020-04-01")),
            Command::FileLitigation(file_suit("ended", LitigationRoute::Direct, "2020-04-01")),
            Command::ConcludeLitigation(conclude_suit("ended", RemedyResult::Upheld, "2020-05-01")),
        ])
        .await;
}

/// Sends an act by its own service and as a row, and checks both refusals.
pub(super) async fn check(server: &TestServer, command: Command, expected: Expected) {
    server.check_refused(server.send(command.clone()), expected).await;
    for mode in [IntakeMode::Each, IntakeMode::AllOrNothing, IntakeMode::Validate] {
        let before = server.head();
        let responses = server.rows(mode, vec![command.clone()]).await.unwrap();
        let [pb::RecordRowsResponse { result: Some(RowResult::Refusal(refusal)), .. }] =
            &responses[..]
        else {
            panic!("{command:?}: {responses:?}")
        };
        let (_, reason, fields) = expected;
        assert_eq!(refusal.reason, reason, "{command:?}");
        let field = fields[0];
        let (_, path) = refusal.field.split_once('.').unwrap();
        assert_eq!(path, field, "{command:?}");
        assert_eq!(server.head(), before, "{command:?}");
    }
}

#[tokio::test]
async fn contradictions_of_what_is_recorded_of_an_application() {
    let server = TestServer::with_agency().await;
    given(&server).await;
    let explained = || pb::ApplicationCorrection {
        explanation: "录入错误".to_owned(),
        ..Default::default()
    };
    let receipt = |on| pb::ApplicationCorrection { receipt_date: date(on), ..explained() };
    let conclusion = |on| pb::ApplicationCorrection { conclusion_date: date(on), ..explained() };
    let granted = Disposition::Granted;
    let application = |id| pb::ReceiveApplicationRequest {
        agency_id: "ghost".to_owned(),
        ..receive(id, "2020-03-02")
    };
    let other_channel =
        pb::ReceiveApplicationRequest { channel: 1, ..receive("open", "2020-03-02") };
    let other_kind =
        pb::ReceiveApplicationRequest { applicant_kind: 2, ..receive("open", "2020-03-02") };
    let other_ref = pb::ReceiveApplicationRequest {
        applicant_ref: "x".to_owned(),
        ..receive("open", "2020-03-02")
    };
    let other_no = pb::DecideApplicationRequest {
        document_no: "x".to_owned(),
        ..decide("done", granted, "2020-03-20")
    };
    let unexplained =
        pb::ApplicationCorrection { explanation: String::new(), ..receipt("2020-03-01") };
    let already: Expected = contradicts("APPLICATION_ALREADY_CONCLUDED", &["disposition"]);
    let received: Expected = contradicts("APPLICATION_ALREADY_RECEIVED", &["application_id"]);
    let unknown: Expected = missing("APPLICATION_NOT_FOUND", &["application_id"]);
    for (command, expected) in [
        (
            Command::ReceiveApplication(application("1")),
            missing("AGENCY_NOT_FOUND", &["agency_id"]),
        ),
        (Command::ReceiveApplication(receive("open", "2020-03-03")), received),
        (Command::ReceiveApplication(receive("done", "2020-03-03")), received),
        (Command::ReceiveApplication(other_channel), received),
        (Command::ReceiveApplication(other_kind), received),
        (Command::ReceiveApplication(other_ref), received),
        (
            Command::ReceiveApplication(pb::ReceiveApplicationRequest {
                still_open: true,
                ..receive("done", "2020-03-02")
            }),
            contradicts("APPLICATION_ALREADY_CONCLUDED", &["still_open"]),
        ),
        (Command::DecideApplication(decide("none", granted, "2020-03-20")), unknown),
        (Command::WithdrawApplication(withdraw("none", "2020-03-20")), unknown),
        (Command::CorrectApplicationEntry(correct("none", receipt("2020-03-01"))), unknown),
        (
            Command::DecideApplication(decide("open", granted, "2020-03-01")),
            contradicts("DECISION_BEFORE_RECEIPT", &["decision_date"]),
        ),
        (Command::DecideApplication(decide("done", Disposition::Partial, "2020-03-20")), already),
        (Command::DecideApplication(decide("done", granted, "2020-03-21")), already),
        (Command::DecideApplication(other_no), already),
        (Command::DecideApplication(decide("gone", granted, "2020-03-21")), already),
        (
            Command::WithdrawApplication(withdraw("open", "2020-03-01")),
            contradicts("WITHDRAWAL_BEFORE_RECEIPT", &["withdrawal_date"]),
        ),
        (
            Command::WithdrawApplication(withdraw("gone", "2020-03-06")),
            contradicts("APPLICATION_ALREADY_WITHDRAWN", &["withdrawal_date"]),
        ),
        (
            Command::CorrectApplicationEntry(correct("done", explained())),
            contradicts("NOTHING_TO_CORRECT", &["correction"]),
        ),
        (
            Command::CorrectApplicationEntry(correct("done", unexplained)),
            contradicts("EXPLANATION_MISSING", &["correction.explanation"]),
        ),
        (
            Command::CorrectApplicationEntry(correct("open", conclusion("2020-04-01"))),
            contradicts("APPLICATION_NOT_CONCLUDED", &["correction.conclusion_date"]),
        ),
        (
            Command::CorrectApplicationEntry(correct("done", conclusion("2020-03-01"))),
            contradicts("CORRECTION_CONTRADICTS", &["correction.conclusion_date"]),
        ),
        (
            Command::CorrectApplicationEntry(correct("done", receipt("2020-03-21"))),
            contradicts("CORRECTION_CONTRADICTS", &["correction.conclusion_date"]),
        ),
    ] {
        check(&server, command, expected).await;
    }
}

#[tokio::test]
async fn contradictions_of_what_is_recorded_of_a_case() {
    let server = TestServer::with_agency().await;
    given(&server).await;
    let filed: Expected = contradicts("CASE_ALREADY_FILED", &["case_id"]);
    let other_kind: Expected = contradicts("CASE_OF_OTHER_KIND", &["case_id"]);
    let unknown: Expected = missing("CASE_NOT_FOUND", &["case_id"]);
    let early: Expected = contradicts("CONCLUSION_BEFORE_FILING", &["conclusion_date"]);
    let ended: Expected = contradicts("CASE_ALREADY_CONCLUDED", &["result"]);
    let (upheld, other) = (RemedyResult::Upheld, RemedyResult::Other);
    let ghost = pb::FileReconsiderationRequest {
        agency_id: "ghost".to_owned(),
        ..file_review("x", "2020-04-01")
    };
    let about = pb::FileReconsiderationRequest {
        application_id: "x".to_owned(),
        ..file_review("pending", "2020-04-01")
    };
    let route = LitigationRoute::Direct;
    for (command, expected) in [
        (Command::FileReconsideration(ghost), missing("AGENCY_NOT_FOUND", &["agency_id"])),
        (Command::FileReconsideration(file_review("pending", "2020-04-02")), filed),
        (Command::FileReconsideration(about), filed),
        (Command::FileLitigation(file_suit("pending", route, "2020-04-01")), filed),
        (Command::ConcludeReconsideration(conclude_review("none", upheld, "2020-05-01")), unknown),
        (Command::ConcludeLitigation(conclude_suit("none", upheld, "2020-05-01")), unknown),
        (Command::ConcludeLitigation(conclude_suit("pending", upheld, "2020-05-01")), other_kind),
        (
            Command::ConcludeReconsideration(conclude_review("ended", upheld, "2020-05-01")),
            other_kind,
        ),
        (Command::ConcludeReconsideration(conclude_review("pending", upheld, "2020-03-31")), early),
        (Command::ConcludeLitigation(conclude_suit("ended", upheld, "2020-05-02")), ended),
        (Command::ConcludeLitigation(conclude_suit("ended", other, "2020-05-01")), ended),
    ] {
        check(&server, command, expected).await;
    }
}

#[tokio::test]
async fn fields_that_cannot_be() {
    let server = TestServer::with_agency().await;
    given(&server).await;
    let receipt =
        |receipt_date| pb::ReceiveApplicationRequest { receipt_date, ..receive("x", "2020-03-02") };
    let day = |year, month, day| receipt(Some(CivilDate { year, month, day }));
    let bad_date: Expected = invalid(&["receipt_date"]);
    for (request, expected) in [
        (receipt(None), bad_date),
        (receipt(date("2020-02-30")), bad_date),
        (receipt(date("2021-02-29")), bad_date),
        (receipt(date("2007-12-31")), bad_date),
        (receipt(date("2101-01-01")), bad_date),
        (day(0, 0, 0), bad_date),
        (day(2020, 13, 1), bad_date),
        (day(2020, 1, -1), bad_date),
        (day(i32::MAX, 1, 1), bad_date),
        (day(2020, 257, 1), bad_date),
        (day(65_536 + 2020, 1, 1), bad_date),
        (receive("", "2020-03-02"), invalid(&["application_id"])),
        (receive(" x", "2020-03-02"), invalid(&["application_id"])),
        (receive("a\nb", "2020-03-02"), invalid(&["application_id", "applicant_ref"])),
        (
            pb::ReceiveApplicationRequest {
                applicant_ref: String::new(),
                ..receive(&"申".repeat(43), "2020-03-02")
            },
            invalid(&["application_id"]),
        ),
        (
            pb::ReceiveApplicationRequest {
                agency_id: String::new(),
                ..receive("x", "2020-03-02")
            },
            invalid(&["agency_id"]),
        ),
        (
            pb::ReceiveApplicationRequest {
                agency_id: "a".repeat(65),
                ..receive("x", "2020-03-02")
            },
            invalid(&["agency_id"]),
        ),
        (
            pb::ReceiveApplicationRequest { applicant_kind: 0, ..receive("x", "2020-03-02") },
            invalid(&["applicant_kind"]),
        ),
        (
            pb::ReceiveApplicationRequest { applicant_kind: 99, ..receive("x", "2020-03-02") },
            invalid(&["applicant_kind"]),
        ),
        (
            pb::ReceiveApplicationRequest { applicant_kind: -1, ..receive("x", "2020-03-02") },
            invalid(&["applicant_kind"]),
        ),
        (
            pb::ReceiveApplicationRequest { channel: 99, ..receive("x", "2020-03-02") },
            invalid(&["channel"]),
        ),
        (
            pb::ReceiveApplicationRequest {
                applicant_ref: "r".repeat(257),
                ..receive("x", "2020-03-02")
            },
            invalid(&["applicant_ref"]),
        ),
        (
            pb::ReceiveApplicationRequest { write: named("r"), ..Default::default() },
            invalid(&["agency_id", "application_id", "applicant_kind", "receipt_date"]),
        ),
    ] {
        check(&server, Command::ReceiveApplication(request), expected).await;
    }

    let decision = decide("open", Disposition::Granted, "2020-03-20");
    for (request, expected) in [
        (
            pb::DecideApplicationRequest { disposition: 0, ..decision.clone() },
            invalid(&["disposition"]),
        ),
        (
            pb::DecideApplicationRequest { disposition: 30, ..decision.clone() },
            invalid(&["disposition"]),
        ),
        (
            pb::DecideApplicationRequest { disposition: 99, ..decision.clone() },
            invalid(&["disposition"]),
        ),
        (
            pb::DecideApplicationRequest { decision_date: None, ..decision.clone() },
            invalid(&["decision_date"]),
        ),
        (
            pb::DecideApplicationRequest { decision_date: date("2020-04-31"), ..decision.clone() },
            invalid(&["decision_date"]),
        ),
        (
            pb::DecideApplicationRequest { document_no: "n".repeat(257), ..decision },
            invalid(&["document_no"]),
        ),
    ] {
        check(&server, Command::DecideApplication(request), expected).await;
    }
    for on in ["2007-12-31", "2101-01-01", "2020-02-30"] {
        let request = withdraw("open", on);
        check(&server, Command::WithdrawApplication(request), invalid(&["withdrawal_date"])).await;
    }
}

#[tokio::test]
async fn fields_of_corrections_cases_and_figures_that_cannot_be() {
    let server = TestServer::with_agency().await;
    given(&server).await;
    let none = pb::CorrectApplicationEntryRequest {
        correction: None,
        ..correct("done", pb::ApplicationCorrection::default())
    };
    check(&server, Command::CorrectApplicationEntry(none), invalid(&["correction"])).await;
    let right =
        pb::ApplicationCorrection { explanation: "录入错误".to_owned(), ..Default::default() };
    for (correction, expected) in [
        (
            pb::ApplicationCorrection { applicant_kind: 99, ..right.clone() },
            invalid(&["correction.applicant_kind"]),
        ),
        (
            pb::ApplicationCorrection { channel: 99, ..right.clone() },
            invalid(&["correction.channel"]),
        ),
        (
            pb::ApplicationCorrection { disposition: 99, ..right.clone() },
            invalid(&["correction.disposition"]),
        ),
        (
            pb::ApplicationCorrection { receipt_date: date("2020-02-30"), ..right.clone() },
            invalid(&["correction.receipt_date"]),
        ),
        (
            pb::ApplicationCorrection { conclusion_date: date("2101-01-01"), ..right.clone() },
            invalid(&["correction.conclusion_date"]),
        ),
        (
            pb::ApplicationCorrection { correction_date: date("2007-01-01"), ..right.clone() },
            invalid(&["correction.correction_date"]),
        ),
        (
            pb::ApplicationCorrection { document_no: Some("a\nb".to_owned()), ..right.clone() },
            invalid(&["correction.document_no"]),
        ),
        (
            pb::ApplicationCorrection { explanation: "e".repeat(257), ..right },
            invalid(&["correction.explanation"]),
        ),
    ] {
        check(&server, Command::CorrectApplicationEntry(correct("done", correction)), expected)
            .await;
    }

    let upheld = RemedyResult::Upheld;
    let suit = |route| pb::FileLitigationRequest {
        route,
        ..file_suit("x", LitigationRoute::Direct, "2020-05-01")
    };
    for (command, expected) in [
        (Command::FileReconsideration(file_review("", "2020-04-01")), invalid(&["case_id"])),
        (Command::FileReconsideration(file_review("x", "2020-02-30")), invalid(&["filing_date"])),
        (Command::FileLitigation(suit(0)), invalid(&["route"])),
        (Command::FileLitigation(suit(99)), invalid(&["route"])),
        (
            Command::FileLitigation(pb::FileLitigationRequest {
                application_id: "x".repeat(129),
                ..suit(1)
            }),
            invalid(&["application_id"]),
        ),
        (
            Command::ConcludeReconsideration(conclude_review(
                "pending",
                RemedyResult::Unspecified,
                "2020-05-01",
            )),
            invalid(&["result"]),
        ),
        (
            Command::ConcludeLitigation(pb::ConcludeLitigationRequest {
                result: 99,
                ..conclude_suit("x", upheld, "2020-05-01")
            }),
            invalid(&["result"]),
        ),
        (
            Command::ConcludeLitigation(conclude_suit("x", upheld, "2101-01-01")),
            invalid(&["conclusion_date"]),
        ),
    ] {
        check(&server, command, expected).await;
    }

    let decisions = "art20_6.penalties.decisions";
    let ghost = pb::DeclareFiguresRequest {
        agency_id: "ghost".to_owned(),
        ..figures(2021, &[(decisions, 1)])
    };
    for (request, expected) in [
        (figures(2018, &[(decisions, 1)]), invalid(&["year"])),
        (figures(2101, &[(decisions, 1)]), invalid(&["year"])),
        (figures(2021, &[]), invalid(&["figures"])),
        (figures(2021, &[(decisions, -1)]), invalid(&["figures[0].value"])),
        (
            figures(2019, &[(decisions, 1), ("art20_8.fees.prev_items", -1)]),
            invalid(&["figures[1].value"]),
        ),
        (figures(2021, &[("art20_1.regulations.made", 1)]), invalid(&["figures[0].cell"])),
        (figures(2020, &[("art20_1.regulations.issued", 1)]), invalid(&["figures[0].cell"])),
        (figures(2021, &[(decisions, 1), (decisions, 1)]), invalid(&["figures[1].cell"])),
        (
            figures(2021, &[("", 1), ("granted", 1)]),
            invalid(&["figures[0].cell", "figures[1].cell"]),
        ),
        (ghost, missing("AGENCY_NOT_FOUND", &["agency_id"])),
    ] {
        check(&server, Command::DeclareFigures(request), expected).await;
    }
}

#[tokio::test]
async fn ways_to_write_that_cannot_be() {
    let server = TestServer::with_agency().await;
    let write = |request_id: &str| pb::WriteOptions {
        request_id: request_id.to_owned(),
        ..Default::default()
    };
    for (write, expected) in [
        (None, invalid(&["write.request_id"])),
        (Some(write("")), invalid(&["write.request_id"])),
        (Some(write("a\nb")), invalid(&["write.request_id"])),
        (Some(write(&"r".repeat(129))), invalid(&["write.request_id"])),
        (
            Some(pb::WriteOptions { actor: "x".repeat(257), ..write("r") }),
            invalid(&["write.actor"]),
        ),
        (
            Some(pb::WriteOptions { expected_version: "x".to_owned(), ..write("r") }),
            invalid(&["write.expected_version"]),
        ),
        (
            Some(pb::WriteOptions { expected_version: "0".to_owned(), ..write("r") }),
            invalid(&["write.expected_version"]),
        ),
    ] {
        let mut command = Command::ReceiveApplication(receive("x", "2020-03-02"));
        set_write(&mut command, write);
        check(&server, command, expected).await;
    }
}

#[tokio::test]
async fn what_is_asked_for_and_is_not_there() {
    let server = TestServer::with_agency().await;
    let get = |agency: &str, id: &str| pb::GetApplicationRequest {
        agency_id: agency.to_owned(),
        application_id: id.to_owned(),
    };
    for (request, expected) in [
        (get(AGENCY, "ghost"), missing("APPLICATION_NOT_FOUND", &["application_id"])),
        (get("ghost", "ghost"), missing("APPLICATION_NOT_FOUND", &["application_id"])),
        (get("", ""), invalid(&["agency_id", "application_id"])),
    ] {
        server.check_refused(server.applications().get_application(request), expected).await;
    }
    let case = pb::GetRemedyRequest { agency_id: AGENCY.to_owned(), case_id: "ghost".to_owned() };
    let expected = missing("CASE_NOT_FOUND", &["case_id"]);
    server.check_refused(server.remedies().get_remedy(case), expected).await;

    let list = |agency_id: &str| pb::ListApplicationsRequest {
        agency_id: agency_id.to_owned(),
        ..Default::default()
    };
    let filter = |filter| pb::ListApplicationsRequest { filter: Some(filter), ..list(AGENCY) };
    let any = pb::ApplicationFilter::default();
    for (request, expected) in [
        (list("ghost"), missing("AGENCY_NOT_FOUND", &["agency_id"])),
        (list(""), invalid(&["agency_id"])),
        (pb::ListApplicationsRequest { page_size: -1, ..list(AGENCY) }, invalid(&["page_size"])),
        (filter(pb::ApplicationFilter { state: 99, ..any }), invalid(&["filter.state"])),
        (
            filter(pb::ApplicationFilter { applicant_kind: 99, ..any }),
            invalid(&["filter.applicant_kind"]),
        ),
        (
            filter(pb::ApplicationFilter { disposition: 99, ..any }),
            invalid(&["filter.disposition"]),
        ),
        (
            filter(pb::ApplicationFilter { receipt_year: 2007, ..any }),
            invalid(&["filter.receipt_year"]),
        ),
        (
            filter(pb::ApplicationFilter { conclusion_year: 2101, ..any }),
            invalid(&["filter.conclusion_year"]),
        ),
    ] {
        server.check_refused(server.applications().list_applications(request), expected).await;
    }
    let cases = |agency_id: &str, kind| pb::ListRemediesRequest {
        agency_id: agency_id.to_owned(),
        kind,
        ..Default::default()
    };
    for (request, expected) in [
        (cases("ghost", 0), missing("AGENCY_NOT_FOUND", &["agency_id"])),
        (cases(AGENCY, 99), invalid(&["kind"])),
    ] {
        server.check_refused(server.remedies().list_remedies(request), expected).await;
    }
    let request = pb::GetFiguresRequest { agency_id: AGENCY.to_owned(), year: 2018 };
    server.check_refused(server.proactive().get_figures(request), invalid(&["year"])).await;
    let request = pb::GetFiguresRequest { agency_id: "ghost".to_owned(), year: 2020 };
    let expected = missing("AGENCY_NOT_FOUND", &["agency_id"]);
    server.check_refused(server.proactive().get_figures(request), expected).await;
}
