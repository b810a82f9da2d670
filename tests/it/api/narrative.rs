//! The written sections of the report.
#![cfg(test)]

use disclosure_ledger::wire::pb::{event::v1::Section, v1 as pb};

use crate::support::{AGENCY, Expected, TestServer, invalid, missing, section};

async fn get(server: &TestServer, year: i32) -> pb::GetNarrativeResponse {
    let request = pb::GetNarrativeRequest { agency_id: AGENCY.to_owned(), year };
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
    let cases: [(pb::SetSectionRequest, Expected); 7] = [
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
    let request = pb::GetNarrativeRequest { agency_id: AGENCY.to_owned(), year: 2018 };
    server.check_refused(server.narrative().get_narrative(request), invalid(&["year"])).await;
}
