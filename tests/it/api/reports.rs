//! Rendered reports, streamed in parts.
#![cfg(test)]

use std::{io::Cursor, sync::Arc};

use disclosure_ledger::{
    domain::application::{ConclusionBasis, CountingPolicy, ReworkPolicy},
    server::ServeSettings,
    statistics::{Published, catalogue::Severity, check_published, read_published},
    wire::pb::{
        event::v1::{AmendmentBasis, Disposition, Section},
        v1::{
            self as pb, ReportFormat, record_rows_request::Command, render_report_response::Part,
            report_selector::AsOf,
        },
    },
};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::support::{
    AGENCY, Expected, TestServer, check_refusal, collect, contradicts, date, decide, fresh,
    invalid, missing, receive, section,
};

const FORMATS: [(ReportFormat, &str, &str); 7] = [
    (ReportFormat::Json, "application/json", "json"),
    (ReportFormat::Csv, "text/csv", "csv"),
    (ReportFormat::Markdown, "text/markdown", "md"),
    (ReportFormat::Html, "text/html", "html"),
    (ReportFormat::Text, "text/plain", "txt"),
    (ReportFormat::Docx, "application/vnd.openxmlformats-officedocument.wordprocessingml", "docx"),
    (ReportFormat::Xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml", "xlsx"),
];

fn of(year: i32) -> pb::ReportSelector {
    pb::ReportSelector { agency_id: AGENCY.to_owned(), year, ..Default::default() }
}

fn request(selector: pb::ReportSelector, format: ReportFormat) -> pb::RenderReportRequest {
    let (selector, format) = (Some(selector), format.into());
    pb::RenderReportRequest { selector, format, published_version: 0 }
}

/// The description and the parts of a report.
async fn render(
    server: &TestServer,
    request: pb::RenderReportRequest,
) -> (pb::ReportDescription, Vec<prost::bytes::Bytes>) {
    let stream = server.reports().render_report(request).await.unwrap().into_inner();
    let mut messages = collect(stream).await.unwrap().into_iter().map(|message| message.part);
    let Some(Some(Part::Description(description))) = messages.next() else {
        panic!("the first message describes")
    };
    let chunk = |part| match part {
        Some(Part::Chunk(chunk)) => chunk,
        other => panic!("{other:?} is not a chunk"),
    };
    (description, messages.map(chunk).collect())
}

/// What is written in a document: its text, or the text of the parts that it packs.
fn written(format: ReportFormat, document: Vec<u8>) -> String {
    if !matches!(format, ReportFormat::Docx | ReportFormat::Xlsx) {
        return String::from_utf8(document).unwrap();
    }
    let mut parts = ZipArchive::new(Cursor::new(document)).unwrap();
    (0..parts.len())
        .map(|place| std::io::read_to_string(parts.by_index(place).unwrap()).unwrap())
        .collect()
}

async fn year(server: &TestServer) {
    server
        .given(vec![
            Command::ReceiveApplication(receive("1", "2020-06-08")),
            Command::DecideApplication(decide("1", Disposition::Granted, "2020-06-22")),
        ])
        .await;
    let long = "本机关依法公开政府信息。\n\n".repeat(6000);
    for (which, text) in [(Section::Overview, long.as_str()), (Section::Other, "<b>无</b>。")] {
        server.narrative().set_section(section(2020, which, text)).await.unwrap();
    }
}

#[tokio::test]
async fn the_first_message_describes_the_bytes_that_follow() {
    let server = TestServer::with_agency().await;
    year(&server).await;
    for (format, media_type, extension) in FORMATS {
        let (description, chunks) = render(&server, request(of(2020), format)).await;
        let document = chunks.concat();
        assert!(description.media_type.starts_with(media_type), "{description:?}");
        assert_eq!(description.file_name, format!("a-2020.{extension}"));
        assert_eq!(description.size_bytes, u64::try_from(document.len()).unwrap());
        assert_eq!(description.sha256[..], Sha256::digest(&document)[..]);
        assert_eq!(description.as_of_position, 5);
        assert!(chunks.iter().all(|chunk| (1..=64 * 1024).contains(&chunk.len())));
        let is_short =
            matches!(format, ReportFormat::Csv | ReportFormat::Docx | ReportFormat::Xlsx);
        assert!(chunks.len() > 1 || is_short, "{format:?} comes in parts");
        written(format, document);
    }
}

#[tokio::test]
async fn a_report_is_the_same_bytes_every_time_and_as_of_then() {
    let server = TestServer::with_agency().await;
    year(&server).await;
    let mut first = Vec::new();
    for (format, ..) in FORMATS {
        first.push(render(&server, request(of(2020), format)).await);
    }
    let other = section(2020, Section::Problems, "后来补写。");
    server.narrative().set_section(other).await.unwrap();
    let then = pb::ReportSelector { as_of: Some(AsOf::AsOfPosition(5)), ..of(2020) };
    for ((format, ..), before) in FORMATS.into_iter().zip(first) {
        assert_eq!(render(&server, request(then.clone(), format)).await, before);
        let (now, chunks) = render(&server, request(of(2020), format)).await;
        assert_eq!(now.as_of_position, 6);
        let is_written = written(format, chunks.concat()).contains("后来补写");
        assert_eq!(is_written, format != ReportFormat::Csv, "{format:?}");
    }
}

#[tokio::test]
async fn a_report_in_pdf_is_the_same_bytes_every_time_and_as_of_then() {
    let server = TestServer::with_agency().await;
    let written = |text| section(2020, Section::Overview, text);
    server.narrative().set_section(written("全年收到申请一件。")).await.unwrap();
    let pdf = |selector| render(&server, request(selector, ReportFormat::Pdf));
    let (description, before) = pdf(of(2020)).await;
    assert_eq!(description.media_type, "application/pdf");
    assert_eq!(description.file_name, "a-2020.pdf");
    assert_eq!(description.sha256[..], Sha256::digest(before.concat())[..]);
    assert!(before.concat().starts_with(b"%PDF-1.7"));
    server.narrative().set_section(written("全年收到申请二件。")).await.unwrap();
    let then = pb::ReportSelector { as_of: Some(AsOf::AsOfPosition(2)), ..of(2020) };
    assert_eq!(pdf(then).await.1, before);
    assert_ne!(pdf(of(2020)).await.1, before);
}

#[tokio::test]
async fn characters_that_no_font_has_are_refused_by_name_and_by_paper_only() {
    let server = TestServer::with_agency().await;
    let rare = section(2020, Section::Problems, "申请人\u{20BB7}某。");
    server.narrative().set_section(rare).await.unwrap();
    let refused = server.reports().render_report(request(of(2020), ReportFormat::Pdf)).await;
    let refused = refused.err().unwrap();
    check_refusal(&refused, contradicts("GLYPH_MISSING", &["format"]));
    assert_eq!(
        refused.message(),
        "no font has \u{20BB7} (U+20BB7) in “五、存在的主要问题及改进情况”"
    );
    render(&server, request(of(2020), ReportFormat::Html)).await;
}

#[tokio::test]
async fn the_json_report_holds_what_the_statistics_service_tells() {
    let server = TestServer::with_agency().await;
    year(&server).await;
    for form in ["2019", "2021"] {
        let selector = pb::ReportSelector { form: form.to_owned(), ..of(2020) };
        let (_, chunks) = render(&server, request(selector.clone(), ReportFormat::Json)).await;
        let report: serde_json::Value = serde_json::from_slice(&chunks.concat()).unwrap();
        assert_eq!((&report["form"], &report["year"]), (&form.into(), &2020.into()));
        let mut cells = server.tables(selector).await;
        for (row, columns) in report["tables"]["applications"].as_object().unwrap() {
            for (column, value) in columns.as_object().unwrap() {
                let told = cells.remove(&format!("applications.{row}.{column}"));
                assert_eq!(told, Some(value.as_i64()), "{row} {column}");
            }
        }
        for table in ["remedies", "proactive"] {
            for (cell, value) in report["tables"][table].as_object().unwrap() {
                assert_eq!(cells.remove(&format!("{table}.{cell}")), Some(value.as_i64()));
            }
        }
        assert!(cells.is_empty(), "not in the report: {cells:?}");
        assert_eq!(report["sections"]["s6_other"], "<b>无</b>。");
        assert_eq!(report["sections"]["s5_problems"], serde_json::Value::Null);
    }
}

#[tokio::test]
async fn html_in_a_narrative_is_shown_as_it_stands() {
    let server = TestServer::with_agency().await;
    year(&server).await;
    let (_, chunks) = render(&server, request(of(2020), ReportFormat::Html)).await;
    let html = String::from_utf8(chunks.concat()).unwrap();
    assert!(html.contains("&lt;b&gt;无&lt;/b&gt;") && !html.contains("<b>无"));
}

#[tokio::test]
async fn charts_show_the_years_before_and_the_timeliness_of_a_subtree_as_of_then() {
    let server = TestServer::with_agency().await;
    server.register("b", AGENCY).await;
    let of_b = |mut request: pb::ReceiveApplicationRequest| {
        request.agency_id = "b".to_owned();
        Command::ReceiveApplication(request)
    };
    server
        .given(vec![
            Command::ReceiveApplication(receive("1", "2019-03-04")),
            of_b(receive("2", "2021-03-01")),
            of_b(receive("3", "2021-03-02")),
            Command::DecideApplication(decide("1", Disposition::Granted, "2022-03-09")),
            Command::ReceiveApplication(receive("4", "2022-06-01")),
            Command::DecideApplication(decide("4", Disposition::Partial, "2022-06-02")),
        ])
        .await;
    let before = server.head();
    server.given(vec![of_b(receive("5", "2018-03-01"))]).await;
    let html = |selector: pb::ReportSelector| async {
        let (_, chunks) = render(&server, request(selector, ReportFormat::Html)).await;
        String::from_utf8(chunks.concat()).unwrap()
    };
    let row = |year: &str, [received, carried_in, concluded, carried_out]: [i64; 4]| {
        format!(
            "<th scope=\"row\">{year}年</th><td>{received}</td><td>{carried_in}</td>\
             <td>{concluded}</td><td>{carried_out}</td>"
        )
    };
    let own = html(of(2022)).await;
    let rows = [
        row("2019", [1, 0, 0, 1]),
        row("2020", [0, 1, 0, 1]),
        row("2021", [0, 1, 0, 1]),
        row("2022", [1, 1, 2, 0]),
    ];
    for row in rows {
        assert!(own.contains(&row), "{row}");
    }
    assert!(own.contains("按期答复1件（50.0%）、逾期答复1件（50.0%）"));
    let subtree = pb::ReportSelector { subtree: true, ..of(2022) };
    let then = pb::ReportSelector { as_of: Some(AsOf::AsOfPosition(before)), ..subtree.clone() };
    for (selector, first, last) in [
        (subtree, row("2019", [1, 1, 0, 2]), row("2022", [1, 4, 2, 3])),
        (then, row("2019", [1, 0, 0, 1]), row("2022", [1, 3, 2, 2])),
    ] {
        let all = html(selector).await;
        let table = all.split("<th scope=\"row\">").nth(1).unwrap();
        assert!(all.contains(&first) && all.contains(&last), "{table}");
        assert!(!all.contains("2018年"), "there were no reports of 2018");
    }
    let carried = html(pb::ReportSelector { agency_id: "b".to_owned(), ..of(2019) }).await;
    assert!(carried.contains(&row("2019", [0, 1, 0, 1])) && !carried.contains("working_days"));
}

#[tokio::test]
async fn a_report_that_cannot_be_is_refused_by_name() {
    let server = TestServer::with_agency().await;
    let unknown = pb::RenderReportRequest { format: 99, ..request(of(2020), ReportFormat::Json) };
    let none = pb::RenderReportRequest { selector: None, ..request(of(2020), ReportFormat::Json) };
    let ghost = pb::ReportSelector { agency_id: "ghost".to_owned(), ..of(2020) };
    let cases: [(pb::RenderReportRequest, Expected); 5] = [
        (request(of(2020), ReportFormat::Unspecified), invalid(&["format"])),
        (unknown, invalid(&["format"])),
        (none, invalid(&["selector"])),
        (request(of(2018), ReportFormat::Html), invalid(&["selector.year"])),
        (request(ghost, ReportFormat::Html), missing("AGENCY_NOT_FOUND", &["selector.agency_id"])),
    ];
    for (request, expected) in cases {
        server.check_refused(server.reports().render_report(request), expected).await;
    }
}

#[tokio::test]
async fn a_report_names_the_policy_that_it_was_counted_under() {
    let server = TestServer::with_agency().await;
    let posting = pb::Delivery { delivery_date: date("2022-01-05"), ..Default::default() };
    let decided = pb::DecideApplicationRequest {
        delivery: Some(posting),
        ..decide("1", Disposition::Granted, "2021-12-29")
    };
    let amended = pb::AmendDecisionRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        application_id: "1".to_owned(),
        amendment_date: date("2021-12-31"),
        basis: AmendmentBasis::OwnInitiative.into(),
        disposition: Disposition::Partial.into(),
        ..Default::default()
    };
    server
        .given(vec![
            Command::ReceiveApplication(receive("1", "2021-12-01")),
            Command::DecideApplication(decided),
        ])
        .await;
    // Before it took effect it could not be amended.
    let refused = server.applications().amend_decision(amended.clone()).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
    let amended = pb::AmendDecisionRequest { amendment_date: date("2022-03-01"), ..amended };
    server.given(vec![Command::AmendDecision(amended)]).await;
    let (plain, keyed) = (("keep_first", "service"), ("replace_if_same_year", "decision"));
    let cases = [
        (plain, 2022, "granted"),
        (("replace_if_same_year", "service"), 2022, "partial"),
        (("keep_first", "decision"), 2021, "granted"),
        (keyed, 2021, "granted"),
    ];
    // A server that stops closes the log that all of them share.
    let mut running = Vec::new();
    for ((rework, basis), year, row) in cases {
        let policy = CountingPolicy {
            rework_policy: ReworkPolicy::from_key(rework).unwrap(),
            conclusion_basis: ConclusionBasis::from_key(basis).unwrap(),
        };
        let (store, clock) = (Arc::clone(&server.store), Arc::clone(&server.clock));
        let settings = ServeSettings { policy, ..Default::default() };
        let under = TestServer::over(store, clock, settings).await;
        let (_, chunks) = render(&under, request(of(year), ReportFormat::Json)).await;
        let text = String::from_utf8(chunks.concat()).unwrap();
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        let named = serde_json::json!({"rework_policy": rework, "conclusion_basis": basis});
        assert_eq!(report["policy"], named);
        assert_eq!(report["tables"]["applications"][row]["total"], 1, "{rework} {basis}");
        // A report of ours can be checked as a published one.
        let findings = check_published(&text).unwrap();
        assert!(findings.iter().all(|found| found.severity != Severity::Error), "{findings:?}");
        let asked = under.statistics().get_counting_policy(pb::GetCountingPolicyRequest {}).await;
        let told = asked.unwrap().into_inner().policy.unwrap();
        assert_eq!(told.rework_policy().as_str_name(), name("REWORK_POLICY", rework));
        assert_eq!(told.conclusion_basis().as_str_name(), name("CONCLUSION_BASIS", basis));
        running.push(under);
    }
}

fn name(list: &str, key: &str) -> String {
    format!("{list}_{}", key.to_uppercase())
}

#[tokio::test]
async fn a_reopening_of_a_year_past_shows_on_the_carry_over() {
    let server = TestServer::with_agency().await;
    let acts = vec![
        Command::ReceiveApplication(receive("1", "2021-11-01")),
        Command::DecideApplication(decide("1", Disposition::Granted, "2021-12-01")),
    ];
    let published_at = server.given(acts).await.position;
    let reopening = pb::ReopenApplicationRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        application_id: "1".to_owned(),
        reopening_date: date("2022-03-01"),
        explanation: "判决撤销答复".to_owned(),
    };
    server.given(vec![Command::ReopenApplication(reopening)]).await;
    let read = async |year, as_of| {
        let selector = pb::ReportSelector { as_of, ..of(year) };
        let (_, chunks) = render(&server, request(selector, ReportFormat::Json)).await;
        read_published(str::from_utf8(&chunks.concat()).unwrap()).unwrap()
    };
    let published = read(2021, Some(AsOf::AsOfPosition(published_at))).await;
    let (restated, next) = (read(2021, None).await, read(2022, None).await);
    let carry = |previous: &Published| {
        let findings = next.check(Some(&previous.tables)).into_iter();
        let carry = findings.filter(|found| found.id.0 == "T3.CARRY");
        carry.map(|found| (found.severity, found.place)).collect::<Vec<_>>()
    };
    let cells = ["natural_person", "total"];
    let expected = cells.map(|of| (Severity::Error, format!("applications.carried_in.{of}")));
    assert_eq!(carry(&published), expected);
    assert_eq!(carry(&restated), []);
}
