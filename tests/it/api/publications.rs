//! What is published stays as it was; how it differs from the register afterwards is told by cause.
#![cfg(test)]

use std::collections::BTreeMap;

use disclosure_ledger::wire::pb::{
    event::v1::{CauseKind, Disposition, ReportScope, Section},
    v1::{
        self as pb, ReportFormat, record_rows_request::Command, render_report_response::Part,
        report_reading::Reading, report_selector::AsOf, take_published_report_request::Document,
    },
};
use sha2::{Digest, Sha256};

use crate::support::{
    AGENCY, Expected, TestServer, collect, contradicts, correct, date, decide, figures, fresh,
    invalid, missing, named, receive, section,
};

fn publish(year: i32, on: &str, reasons: &[&str]) -> pb::PublishReportRequest {
    pb::PublishReportRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        year,
        publication_date: date(on),
        reasons: reasons.iter().map(|&reason| reason.to_owned()).collect(),
        ..Default::default()
    }
}

async fn published(server: &TestServer, request: pb::PublishReportRequest) -> pb::Publication {
    let answer = server.publications().publish_report(request).await.unwrap().into_inner();
    answer.publication.unwrap()
}

/// An application that is open at the end of 2022, one that is not, and a written section.
async fn year(server: &TestServer) {
    server
        .given(vec![
            Command::ReceiveApplication(receive("1", "2022-06-08")),
            Command::DecideApplication(decide("1", Disposition::Granted, "2022-06-22")),
            Command::ReceiveApplication(receive("2", "2022-12-08")),
        ])
        .await;
    server.narrative().set_section(section(2022, Section::Other, "无。")).await.unwrap();
}

/// The decision that was made in time, and recorded after the publication.
async fn decide_late(server: &TestServer) -> pb::WriteReceipt {
    server
        .given(vec![Command::DecideApplication(decide("2", Disposition::Partial, "2022-12-30"))])
        .await
}

async fn drift(server: &TestServer, year: i32) -> pb::ReportDifference {
    let request = pb::GetDriftRequest { agency_id: AGENCY.to_owned(), year, scope: 0 };
    let answer = server.publications().get_drift(request).await.unwrap().into_inner();
    answer.difference.unwrap()
}

fn reading(reading: Option<Reading>) -> Option<pb::ReportReading> {
    Some(pb::ReportReading { reading })
}

fn diff(year: i32, from: Option<Reading>, to: Option<Reading>) -> pb::DiffReportsRequest {
    let (from, to) = (reading(from), reading(to));
    pb::DiffReportsRequest { agency_id: AGENCY.to_owned(), year, scope: 0, from, to }
}

fn version(year: i32, version: u32) -> pb::GetPublicationRequest {
    pb::GetPublicationRequest { agency_id: AGENCY.to_owned(), year, scope: 0, version }
}

async fn cells(server: &TestServer, year: i32, of: u32) -> BTreeMap<String, Option<i64>> {
    let found = server.publications().get_publication(version(year, of)).await.unwrap();
    found.into_inner().cells.into_iter().map(|cell| (cell.cell, cell.value)).collect()
}

/// A version, as it was.
async fn rendered(server: &TestServer, year: i32, of: u32, format: ReportFormat) -> Vec<u8> {
    document(server, year, of, None, format).await
}

/// The report as the register had it.
async fn as_of(server: &TestServer, year: i32, position: u64, format: ReportFormat) -> Vec<u8> {
    document(server, year, 0, Some(AsOf::AsOfPosition(position)), format).await
}

async fn document(
    server: &TestServer,
    year: i32,
    published_version: u32,
    as_of: Option<AsOf>,
    format: ReportFormat,
) -> Vec<u8> {
    let selector =
        pb::ReportSelector { agency_id: AGENCY.to_owned(), year, as_of, ..Default::default() };
    let (selector, format) = (Some(selector), format.into());
    let request = pb::RenderReportRequest { selector, format, published_version };
    let stream = server.reports().render_report(request).await.unwrap().into_inner();
    let parts = collect(stream).await.unwrap().into_iter();
    parts
        .filter_map(|message| match message.part {
            Some(Part::Chunk(chunk)) => Some(chunk.to_vec()),
            Some(Part::Description(_)) | None => None,
        })
        .collect::<Vec<_>>()
        .concat()
}

async fn findings(server: &TestServer, year: i32) -> Vec<(String, String)> {
    let selector = pb::ReportSelector { agency_id: AGENCY.to_owned(), year, ..Default::default() };
    let request = pb::ListFindingsRequest { selector: Some(selector) };
    let found = server.statistics().list_findings(request).await.unwrap().into_inner().findings;
    found.into_iter().map(|finding| (finding.id, finding.message)).collect()
}

fn ids(findings: &[(String, String)]) -> Vec<&str> {
    let ids = findings.iter().map(|(id, _)| id.as_str());
    ids.filter(|id| *id != "T2.UNDECLARED").collect()
}

#[tokio::test]
async fn what_is_published_is_kept_byte_for_byte() {
    let server = TestServer::with_agency().await;
    year(&server).await;
    let first = published(&server, publish(2022, "2023-01-20", &[])).await;
    assert_eq!((first.version, first.position, first.form.as_str()), (1, 5, "2021"));
    assert_eq!((first.root_position, first.root.len()), (5, 32));
    let formats: Vec<_> = first.documents.iter().map(|found| found.format.as_str()).collect();
    assert!(formats.starts_with(&["json", "html"]), "{formats:?}");
    let json = rendered(&server, 2022, 1, ReportFormat::Json).await;
    let html = rendered(&server, 2022, 1, ReportFormat::Html).await;
    for (document, digest) in [&json, &html].into_iter().zip(&first.documents) {
        assert_eq!(digest.size_bytes, u64::try_from(document.len()).unwrap());
        assert_eq!(digest.sha256[..], Sha256::digest(document)[..]);
    }
    assert!(as_of(&server, 2022, 5, ReportFormat::Html).await == html, "it was drawn up then");
    let csv = rendered(&server, 2022, 1, ReportFormat::Csv).await;
    let markdown = rendered(&server, 2022, 1, ReportFormat::Markdown).await;
    assert!(as_of(&server, 2022, 5, ReportFormat::Csv).await == csv, "though none was kept");

    decide_late(&server).await;
    server.narrative().set_section(section(2022, Section::Other, "有。")).await.unwrap();
    assert_ne!(rendered(&server, 2022, 0, ReportFormat::Html).await, html);
    for (format, document) in [
        (ReportFormat::Json, json),
        (ReportFormat::Html, html),
        (ReportFormat::Csv, csv),
        (ReportFormat::Markdown, markdown),
    ] {
        assert!(rendered(&server, 2022, 1, format).await == document, "{format:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_late_decision_is_one_cause_until_the_year_is_restated() {
    let server = TestServer::with_agency().await;
    year(&server).await;
    published(&server, publish(2022, "2023-01-20", &[])).await;
    assert_eq!(drift(&server, 2022).await.causes, []);
    assert_eq!(ids(&findings(&server, 2022).await), [""; 0]);

    let receipt = decide_late(&server).await;
    let found = drift(&server, 2022).await;
    let [cause] = &found.causes[..] else { panic!("{found:?}") };
    let said = cause.cause.as_ref().unwrap();
    assert_eq!((said.kind(), said.subject.as_str()), (CauseKind::Application, "2"));
    let [event] = &said.events[..] else { panic!("{said:?}") };
    assert_eq!((event.position, event.name.as_str()), (receipt.position, "ApplicationDecided"));
    assert_eq!(event.effective_date, date("2022-12-30"));
    assert_eq!(cause.record_time, [receipt.record_time.unwrap()]);
    let moved: BTreeMap<_, _> =
        said.moves.iter().map(|moved| (moved.cell.as_str(), moved.delta)).collect();
    assert_eq!(moved.len(), 6);
    assert_eq!(moved["applications.partial.natural_person"], 1);
    assert_eq!(moved["applications.carried_out.total"], -1);

    let before = findings(&server, 2022).await;
    assert_eq!(ids(&before), ["REPORT.DRIFT"]);
    let (_, message) = before.last().unwrap();
    assert!(message.contains("申请 2") && message.contains("2022-12-30"), "{message}");
    // The year after begins with fewer than the published report of the year before left.
    assert_eq!(ids(&findings(&server, 2023).await), ["T3.CARRY", "T3.CARRY"]);
    server
        .check_refused(
            server.publications().publish_report(publish(2023, "2024-01-20", &[])),
            contradicts("REPORT_HAS_ERRORS", &["error_acceptance"]),
        )
        .await;

    let second = published(&server, publish(2022, "2023-03-01", &["漏登一件"])).await;
    assert_eq!((second.version, second.reasons), (2, vec!["漏登一件".to_owned()]));
    assert_eq!(second.causes, std::slice::from_ref(said));
    assert_eq!(ids(&findings(&server, 2022).await), [""; 0]);
    let after = findings(&server, 2023).await;
    assert_eq!(ids(&after), ["REPORT.RESTATED"]);
    published(&server, publish(2023, "2024-01-20", &[])).await;
    server.stop().await;
}

#[tokio::test]
async fn an_error_can_be_answered_for() {
    let server = TestServer::with_agency().await;
    year(&server).await;
    published(&server, publish(2022, "2023-01-20", &[])).await;
    decide_late(&server).await;
    let accepted = pb::PublishReportRequest {
        error_acceptance: "上年度年报将更正".to_owned(),
        ..publish(2023, "2024-01-20", &[])
    };
    let publication = published(&server, accepted).await;
    assert_eq!(publication.error_acceptance, "上年度年报将更正");
    let errors = publication.findings.iter().filter(|found| found.severity == "error");
    assert_eq!(errors.map(|found| found.id.as_str()).collect::<Vec<_>>(), ["T3.CARRY"; 2]);
    server.stop().await;
}

#[tokio::test]
async fn readings_are_compared_both_ways() {
    let server = TestServer::with_agency().await;
    year(&server).await;
    published(&server, publish(2022, "2023-01-20", &[])).await;
    decide_late(&server).await;
    let declared = figures(2022, &[("art20_1.regulations.issued", 3)]);
    server.proactive().declare_figures(declared).await.unwrap();
    server.narrative().set_section(section(2022, Section::Other, "有。")).await.unwrap();
    let end = server.head();
    published(&server, publish(2022, "2023-03-01", &["漏登一件"])).await;

    let difference = async |from, to| {
        let answer = server.publications().diff_reports(diff(2022, from, to)).await.unwrap();
        answer.into_inner().difference.unwrap()
    };
    let (one, two) = (Some(Reading::Version(1)), Some(Reading::Version(2)));
    let nothing = difference(one, one).await;
    assert_eq!((nothing.cells, nothing.causes, nothing.sections), (vec![], vec![], vec![]));
    let there = difference(one, two).await;
    let back = difference(two, one).await;
    assert_eq!(difference(Some(Reading::Position(5)), two).await, there);
    assert_eq!(difference(one, Some(Reading::Position(end))).await, there);
    assert_eq!(difference(one, None).await.causes, there.causes);
    let kinds: Vec<_> =
        there.causes.iter().map(|cause| cause.cause.as_ref().unwrap().kind()).collect();
    assert_eq!(kinds, [CauseKind::Application, CauseKind::Figure, CauseKind::Section]);
    let [changed] = &there.sections[..] else { panic!("{there:?}") };
    assert_eq!((changed.before.as_str(), changed.after.as_str()), ("无。", "有。"));

    let mut applied = cells(&server, 2022, 1).await;
    for change in &there.cells {
        assert_eq!(applied.insert(change.cell.clone(), change.after), Some(change.before));
    }
    assert_eq!(applied, cells(&server, 2022, 2).await);
    let reversed = |change: &pb::CellChange| (change.cell.clone(), change.after, -change.delta);
    let said = |change: &pb::CellChange| (change.cell.clone(), change.before, change.delta);
    assert_eq!(
        back.cells.iter().map(said).collect::<Vec<_>>(),
        there.cells.iter().map(reversed).collect::<Vec<_>>()
    );
    server.stop().await;
}

fn take(year: i32, on: &str, document: Document) -> pb::TakePublishedReportRequest {
    pb::TakePublishedReportRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        year,
        scope: 0,
        publication_date: date(on),
        source: "门户网站".to_owned(),
        document: Some(document),
        reasons: Vec::new(),
    }
}

fn old_report(carried_out: i64) -> String {
    format!(
        r#"{{"agency": "a 局", "year": 2021, "form": "2021", "tables": {{"applications":
            {{"carried_out": {{"natural_person": {carried_out}, "total": {carried_out}}}}}}}}}"#
    )
}

#[tokio::test]
async fn a_report_from_before_is_taken_in_as_given_and_checked_against() {
    let server = TestServer::with_agency().await;
    year(&server).await;
    let given = Document::Json(old_report(1));
    let request = take(2021, "2022-01-20", given.clone());
    let answer = server.publications().take_published_report(request).await.unwrap().into_inner();
    let publication = answer.publication.unwrap();
    assert_eq!((publication.version, publication.position), (1, 0));
    assert_eq!((publication.source.as_str(), publication.root.len()), ("门户网站", 0));
    assert_eq!(rendered(&server, 2021, 1, ReportFormat::Json).await, old_report(1).into_bytes());
    let page = String::from_utf8(rendered(&server, 2021, 1, ReportFormat::Html).await).unwrap();
    assert!(page.contains("a 局") && page.contains("2021年"), "{page}");
    // One was carried out of 2021, and nothing into 2022.
    assert_eq!(ids(&findings(&server, 2022).await), ["T3.CARRY", "T3.CARRY"]);
    // What was taken in as given need not follow from the register.
    assert_eq!(ids(&findings(&server, 2021).await), [""; 0]);
    let found = drift(&server, 2021).await;
    let [cause] = &found.causes[..] else { panic!("{found:?}") };
    assert_eq!(cause.cause.as_ref().unwrap().kind(), CauseKind::Given);

    let again = server.publications().take_published_report(take(2021, "2022-01-20", given)).await;
    assert!(again.unwrap().into_inner().receipt.unwrap().unchanged);
    let csv = "cell,value\r\napplications.carried_out.total,0\r\n\
               applications.carried_out.natural_person,0\r\n";
    let corrected = pb::TakePublishedReportRequest {
        reasons: vec!["更正".to_owned()],
        ..take(2021, "2022-02-01", Document::Csv(csv.to_owned()))
    };
    let answer = server.publications().take_published_report(corrected).await.unwrap();
    assert_eq!(answer.into_inner().publication.unwrap().version, 2);
    assert_eq!(cells(&server, 2021, 2).await["applications.carried_out.total"], Some(0));
    assert_eq!(ids(&findings(&server, 2022).await), ["REPORT.RESTATED"]);
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_taken_in_is_refused() {
    let server = TestServer::with_agency().await;
    let taken = async |request: pb::TakePublishedReportRequest, expected: Expected| {
        let mut client = server.publications();
        server.check_refused(client.take_published_report(request), expected).await;
    };
    let json = |text: &str| Document::Json(text.to_owned());
    let csv = |text: &str| Document::Csv(text.to_owned());
    taken(take(2021, "2022-01-20", json("{")), invalid(&["json"])).await;
    taken(take(2020, "2022-01-20", json(&old_report(1))), invalid(&["json"])).await;
    let other = old_report(1).replace("a 局", "b 局");
    taken(take(2021, "2022-01-20", json(&other)), invalid(&["json"])).await;
    taken(
        take(2021, "2022-01-20", json(&old_report(1).replace("total", "sum"))),
        invalid(&["json"]),
    )
    .await;
    taken(take(2021, "2022-01-20", csv("cell\r\n")), invalid(&["csv"])).await;
    taken(take(2021, "2022-01-20", csv("cell,value\r\nno.such,1\r\n")), invalid(&["csv"])).await;
    let nowhere = pb::TakePublishedReportRequest {
        source: String::new(),
        ..take(2021, "2022-01-20", csv("cell,value\r\n"))
    };
    taken(nowhere, invalid(&["source"])).await;
    let nothing = pb::TakePublishedReportRequest {
        document: None,
        ..take(2021, "2022-01-20", csv("cell,value\r\n"))
    };
    taken(nothing, invalid(&["document"])).await;
    let early = contradicts("REPORT_YEAR_NOT_OVER", &["publication_date"]);
    taken(take(2021, "2021-12-31", json(&old_report(1))), early).await;
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_published_is_refused() {
    let server = TestServer::with_agency().await;
    year(&server).await;
    let refused = async |request: pb::PublishReportRequest, expected: Expected| {
        server.check_refused(server.publications().publish_report(request), expected).await;
    };
    let early = contradicts("REPORT_YEAR_NOT_OVER", &["publication_date"]);
    refused(publish(2022, "2022-12-31", &[]), early).await;
    let unknown = pb::PublishReportRequest {
        agency_id: "nobody".to_owned(),
        ..publish(2022, "2023-01-20", &[])
    };
    refused(unknown, missing("AGENCY_NOT_FOUND", &["agency_id"])).await;
    let formats =
        pb::PublishReportRequest { formats: vec![4, 99], ..publish(2022, "2023-01-20", &[]) };
    refused(formats, invalid(&["formats[1]"])).await;
    refused(publish(2022, "2023-02-30", &[]), invalid(&["publication_date"])).await;
    published(&server, publish(2022, "2023-01-20", &[])).await;
    refused(
        publish(2022, "2023-01-21", &["再次公布"]),
        contradicts("PUBLICATION_UNCHANGED", &["publication_date"]),
    )
    .await;
    decide_late(&server).await;
    refused(
        publish(2022, "2023-03-01", &[]),
        contradicts("RESTATEMENT_REASON_MISSING", &["reasons"]),
    )
    .await;
    refused(
        publish(2022, "2023-01-19", &["漏登一件"]),
        contradicts("PUBLICATION_BEFORE_LAST", &["publication_date"]),
    )
    .await;
    let mut client = server.publications();
    let unknown = version(2022, 2);
    server
        .check_refused(
            client.get_publication(unknown),
            missing("PUBLICATION_NOT_FOUND", &["version"]),
        )
        .await;
    let unknown = diff(2022, Some(Reading::Version(1)), Some(Reading::Version(2)));
    let expected = missing("PUBLICATION_NOT_FOUND", &["to.version"]);
    server.check_refused(client.diff_reports(unknown), expected).await;
    let none = pb::DiffReportsRequest { from: None, ..diff(2022, None, None) };
    server.check_refused(client.diff_reports(none), invalid(&["from"])).await;
    server.stop().await;
}

#[tokio::test]
async fn a_repeated_request_publishes_once() {
    let server = TestServer::with_agency().await;
    year(&server).await;
    let request =
        pb::PublishReportRequest { write: named("once"), ..publish(2022, "2023-01-20", &[]) };
    published(&server, request.clone()).await;
    decide_late(&server).await;
    let head = server.head();
    let again = published(&server, request).await;
    assert_eq!((again.version, again.position, server.head()), (1, 5, head));
    server.stop().await;
}

#[tokio::test]
async fn submissions_are_recorded_and_listed() {
    let server = TestServer::with_agency().await;
    year(&server).await;
    let request = pb::PublishReportRequest {
        submission_date: date("2023-01-18"),
        ..publish(2022, "2023-01-20", &[])
    };
    published(&server, request).await;
    let whole = pb::PublishReportRequest {
        scope: ReportScope::Subtree.into(),
        ..publish(2022, "2023-03-20", &[])
    };
    published(&server, whole).await;
    let submit = pb::RecordSubmissionRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        year: 2022,
        scope: ReportScope::Subtree.into(),
        version: 0,
        submission_date: date("2023-03-25"),
        recipient: "市政府办公室".to_owned(),
    };
    server.publications().record_submission(submit.clone()).await.unwrap();
    let otherwise = pb::RecordSubmissionRequest {
        write: fresh(),
        submission_date: date("2023-03-26"),
        ..submit
    };
    let expected = contradicts("SUBMISSION_RECORDED_OTHERWISE", &["submission_date"]);
    server.check_refused(server.publications().record_submission(otherwise), expected).await;
    let request = pb::ListPublicationsRequest { agency_id: AGENCY.to_owned(), year: 0 };
    let found = server.publications().list_publications(request).await.unwrap().into_inner();
    let said: Vec<_> = found
        .publications
        .iter()
        .map(|found| (found.scope(), found.submission_date, found.recipient.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            (ReportScope::Own, date("2023-01-18"), ""),
            (ReportScope::Subtree, date("2023-03-25"), "市政府办公室"),
        ]
    );
    server.stop().await;
}

#[tokio::test]
async fn a_correction_that_moves_no_cell_of_the_year_is_no_cause() {
    let server = TestServer::with_agency().await;
    year(&server).await;
    published(&server, publish(2022, "2023-01-20", &[])).await;
    server
        .given(vec![
            Command::ReceiveApplication(receive("3", "2023-01-08")),
            Command::DecideApplication(decide("3", Disposition::Granted, "2023-01-22")),
            Command::DecideApplication(decide("2", Disposition::Granted, "2023-01-05")),
            Command::CorrectApplicationEntry(correct(
                "1",
                pb::ApplicationCorrection {
                    receipt_date: date("2022-06-09"),
                    explanation: "录入错误".to_owned(),
                    ..Default::default()
                },
            )),
        ])
        .await;
    let found = drift(&server, 2022).await;
    assert_eq!((found.cells, found.causes), (vec![], vec![]));
    server.stop().await;
}
