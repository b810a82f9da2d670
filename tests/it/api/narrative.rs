//! The written sections of the report.
#![cfg(test)]

use disclosure_ledger::wire::pb::{
    event::v1::{Disposition, Section},
    v1::{self as pb, record_rows_request::Command, render_report_response::Part},
};

use crate::support::{
    AGENCY, Expected, TestServer, collect, decide, invalid, missing, receive, section,
};

async fn get(server: &TestServer, year: i32) -> pb::GetNarrativeResponse {
    got(server, year, false).await
}

async fn got(server: &TestServer, year: i32, filled: bool) -> pb::GetNarrativeResponse {
    let request = pb::GetNarrativeRequest { agency_id: AGENCY.to_owned(), year, filled };
    server.narrative().get_narrative(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn sections_stand_as_last_written_in_the_order_of_the_report() {
    let server = TestServer::with_agency().await;
    assert_eq!(get(&server, 2020).await, pb::GetNarrativeResponse::default());
    let mut version = String::new();
    for (which, text) in [
        (Section::Other, "无。"),
        (Section::Overview, "第一稿。"),
        (Section::Overview, "第二稿。\n\n- 一\n- 二\n"),
    ] {
        let answer = server.narrative().set_section(section(2020, which, text)).await.unwrap();
        version = answer.into_inner().receipt.unwrap().version;
    }
    let narrative = get(&server, 2020).await;
    let sections: Vec<_> =
        narrative.sections.iter().map(|each| (each.section(), each.text.as_str())).collect();
    let expected = [(Section::Overview, "第二稿。\n\n- 一\n- 二\n"), (Section::Other, "无。")];
    assert_eq!((&sections[..], narrative.version), (&expected[..], version));
    assert_eq!(get(&server, 2021).await.sections, []);

    let head = server.head();
    let again = server.narrative().set_section(section(2020, Section::Other, "无。")).await;
    assert!(again.unwrap().into_inner().receipt.unwrap().unchanged);
    assert_eq!(server.head(), head);
}

#[tokio::test]
async fn a_section_that_cannot_be_written_is_refused() {
    let server = TestServer::with_agency().await;
    let long = "长".repeat(90_000);
    let unknown = pb::SetSectionRequest { section: 99, ..section(2020, Section::Other, "无。") };
    let ghost = pb::SetSectionRequest {
        agency_id: "ghost".to_owned(),
        ..section(2020, Section::Other, "无。")
    };
    let cases: [(pb::SetSectionRequest, Expected); 9] = [
        (section(2020, Section::Other, "{{applications.sum}}"), invalid(&["text"])),
        (
            section(2020, Section::Other, "{{}}\n{{remedies.review.won}}"),
            invalid(&["text", "text"]),
        ),
        (section(2018, Section::Other, "无。"), invalid(&["year"])),
        (section(2020, Section::Unspecified, "无。"), invalid(&["section"])),
        (unknown, invalid(&["section"])),
        (section(2020, Section::Other, ""), invalid(&["text"])),
        (section(2020, Section::Other, "a\0b"), invalid(&["text"])),
        (section(2020, Section::Other, &long), invalid(&["text"])),
        (ghost, missing("AGENCY_NOT_FOUND", &["agency_id"])),
    ];
    for (request, expected) in cases {
        server.check_refused(server.narrative().set_section(request), expected).await;
    }
    let request =
        pb::GetNarrativeRequest { agency_id: AGENCY.to_owned(), year: 2018, filled: false };
    server.check_refused(server.narrative().get_narrative(request), invalid(&["year"])).await;
}

/// The report for 2021 as a text.
async fn document(server: &TestServer, format: pb::ReportFormat) -> String {
    let selector =
        pb::ReportSelector { agency_id: AGENCY.to_owned(), year: 2021, ..Default::default() };
    let (selector, format) = (Some(selector), format.into());
    let request = pb::RenderReportRequest { selector, format, published_version: 0 };
    let stream = server.reports().render_report(request).await.unwrap().into_inner();
    let chunks = collect(stream).await.unwrap().into_iter().filter_map(|part| match part.part {
        Some(Part::Chunk(chunk)) => Some(chunk),
        _ => None,
    });
    String::from_utf8(chunks.collect::<Vec<_>>().concat()).unwrap()
}

#[tokio::test]
async fn references_are_filled_in_every_format_and_kept_as_written() {
    let server = TestServer::with_agency().await;
    server
        .given(vec![
            Command::ReceiveApplication(receive("0", "2020-03-02")),
            Command::DecideApplication(decide("0", Disposition::Granted, "2020-03-05")),
            Command::ReceiveApplication(receive("1", "2021-03-02")),
            Command::ReceiveApplication(receive("2", "2021-03-02")),
            Command::DecideApplication(decide("1", Disposition::Granted, "2021-03-05")),
        ])
        .await;
    let written = "新收{{applications.new_received.total|件}}，\
                   {{applications.new_received.total|change}}，\
                   办结{{applications.result_total.total|chinese|件}}，\
                   规章{{proactive.art20_1.regulations.issued|件}}。";
    let filled = "新收2件，增长 100.0%，办结一件，规章（未填报）。";
    server.narrative().set_section(section(2021, Section::Overview, written)).await.unwrap();
    assert_eq!(get(&server, 2021).await.sections[0].text, written);
    let printed = got(&server, 2021, true).await;
    assert_eq!(printed.sections[0].text, filled);
    let of_text: Vec<_> = printed.sections[0]
        .references
        .iter()
        .map(|each| (each.line, each.column, each.filled.as_str()))
        .collect();
    assert_eq!(
        of_text,
        [(1, 3, "2件"), (1, 41, "增长 100.0%"), (1, 86, "一件"), (1, 134, "（未填报）")]
    );
    for format in [
        pb::ReportFormat::Json,
        pb::ReportFormat::Markdown,
        pb::ReportFormat::Html,
        pb::ReportFormat::Text,
    ] {
        let document = document(&server, format).await;
        let squeezed: String = document.split_whitespace().collect();
        assert!(squeezed.contains(&filled.replace(' ', "")), "{format:?}: {document}");
        assert!(!document.contains("{{applications"), "{format:?}");
    }
    let request = pb::ListFindingsRequest {
        selector: Some(pb::ReportSelector {
            agency_id: AGENCY.to_owned(),
            year: 2021,
            ..Default::default()
        }),
    };
    let answer = server.statistics().list_findings(request).await.unwrap().into_inner();
    let of_references: Vec<_> =
        answer.findings.iter().filter(|each| each.id == "TEXT.REFERENCE").collect();
    assert_eq!(of_references.len(), 1, "{of_references:?}");
    assert!(of_references[0].message.contains("尚为空白"), "{of_references:?}");
}

#[tokio::test]
async fn a_reference_of_the_other_edition_is_taken_and_found_when_the_report_is_drawn_up() {
    let server = TestServer::with_agency().await;
    let text = "其他{{applications.other.misc.total|件}}";
    server.narrative().set_section(section(2020, Section::Other, text)).await.unwrap();
    let printed = got(&server, 2020, true).await;
    assert_eq!(printed.sections[0].text, "其他（本格式无此项）");
}

#[tokio::test]
async fn typed_numbers_copied_text_and_jumps_are_among_the_findings_of_a_year() {
    let server = TestServer::with_agency().await;
    let received = |year: i32, count: i32| {
        (0..count).map(move |number| {
            let (id, date) = (format!("{year}-{number}"), format!("{year}-03-02"));
            Command::ReceiveApplication(receive(&id, &date))
        })
    };
    server.given(received(2021, 10).chain(received(2022, 51)).collect()).await;
    let copied = "按照条例要求规范依申请公开的答复工作。".repeat(10);
    for (year, count) in [(2021, 10), (2022, 50)] {
        let text = format!("{copied}新收政府信息公开申请{count}件。");
        server.narrative().set_section(section(year, Section::Overview, &text)).await.unwrap();
    }
    let findings = async |year: i32| {
        let selector =
            pb::ReportSelector { agency_id: AGENCY.to_owned(), year, ..Default::default() };
        let request = pb::ListFindingsRequest { selector: Some(selector) };
        let answer = server.statistics().list_findings(request).await.unwrap().into_inner();
        let found = answer.findings.into_iter().filter(|each| each.id != "T2.UNDECLARED");
        found.map(|each| (each.id, each.place, each.left, each.right)).collect::<Vec<_>>()
    };
    assert_eq!(findings(2021).await, []);
    let expected = [
        ("SPIKE", "applications.new_received.total", "51", "10"),
        ("SPIKE", "applications.carried_out.total", "61", "10"),
        ("TEXT.T3", "s1_overview", "50", "51"),
        ("TEXT.SIMILARITY", "s1_overview", "100", "90"),
    ];
    let expected = expected.map(|(id, place, left, right)| {
        (id.to_owned(), place.to_owned(), left.to_owned(), right.to_owned())
    });
    assert_eq!(findings(2022).await, expected);
}
