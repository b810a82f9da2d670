//! Cells explained: the rule, the list with its deciding events, near misses, and blanks.
#![cfg(test)]

use disclosure_ledger::wire::pb::{
    event::v1::{ApplicantKind, Disposition, RemedyResult},
    v1::{
        self as pb, cell_entry::Subject, explain_cell_response::Part, record_rows_request::Command,
        report_selector::AsOf,
    },
};

use crate::support::{
    AGENCY, Expected, TestServer, conclude_review, correct, date, decide, figures, file_review,
    invalid, missing, receive,
};

fn of(cell: &str, year: i32) -> pb::ExplainCellRequest {
    let selector = pb::ReportSelector { agency_id: AGENCY.to_owned(), year, ..Default::default() };
    pb::ExplainCellRequest { selector: Some(selector), cell: cell.to_owned(), ..Default::default() }
}

/// The explanation and the pages of a cell.
async fn explain(
    server: &TestServer,
    request: pb::ExplainCellRequest,
) -> (pb::CellExplanation, Vec<pb::CellPage>) {
    let mut parts = server.statistics().explain_cell(request).await.unwrap().into_inner();
    let Some(Part::Explanation(explanation)) = parts.message().await.unwrap().unwrap().part else {
        panic!("the first message explains the cell");
    };
    let mut pages = Vec::new();
    while let Some(message) = parts.message().await.unwrap() {
        match message.part {
            Some(Part::Page(page)) => pages.push(page),
            other => panic!("{other:?}"),
        }
    }
    (explanation, pages)
}

/// Application or case, and position, type and day of the event since which it is in the cell.
fn entries(pages: &[pb::CellPage]) -> Vec<(String, u64, String)> {
    let entries = pages.iter().flat_map(|page| &page.entries);
    entries
        .map(|entry| {
            assert_eq!(entry.agency_id, AGENCY);
            let id = match entry.subject.as_ref().unwrap() {
                Subject::Application(application) => application.application_id.clone(),
                Subject::Remedy(case) => case.case_id.clone(),
                Subject::Figure(figure) => format!("{}={}", figure.year, figure.value),
            };
            let event = entry.deciding_event.as_ref().unwrap();
            let day = event.effective_date.unwrap();
            let kind = event.event_type.trim_start_matches("disclosure.event.v1.");
            let kind = format!("{kind} {:04}-{:02}-{:02}", day.year, day.month, day.day);
            assert!(event.record_time.is_some());
            (id, event.position, kind)
        })
        .collect()
}

/// Position 2 to 8: three applications, of which one is decided, then corrected into another row.
async fn given(server: &TestServer) {
    let correction = pb::ApplicationCorrection {
        disposition: Disposition::Partial.into(),
        explanation: "录入错误".to_owned(),
        correction_date: date("2022-02-01"),
        ..Default::default()
    };
    server
        .given(vec![
            Command::ReceiveApplication(receive("1", "2021-11-30")),
            Command::ReceiveApplication(receive("2", "2021-12-30")),
            Command::DecideApplication(decide("1", Disposition::Granted, "2021-12-20")),
            Command::CorrectApplicationEntry(correct("1", correction)),
            Command::DecideApplication(decide("2", Disposition::Granted, "2022-01-20")),
            Command::ReceiveApplication(receive("3", "2021-12-31")),
            Command::DeclareFigures(figures(2021, &[("art20_6.penalties.decisions", 5)])),
        ])
        .await;
}

#[tokio::test]
async fn each_entry_names_the_event_that_put_it_into_the_cell() {
    let server = TestServer::with_agency().await;
    given(&server).await;
    let own = |id: &str, position, event: &str| (id.to_owned(), position, event.to_owned());
    for (cell, year, expected) in [
        (
            "applications.new_received.natural_person",
            2021,
            vec![
                own("1", 2, "ApplicationReceived 2021-11-30"),
                own("2", 3, "ApplicationReceived 2021-12-30"),
                own("3", 7, "ApplicationReceived 2021-12-31"),
            ],
        ),
        // The correction moved it here.
        (
            "applications.partial.total",
            2021,
            vec![own("1", 5, "ApplicationEntryCorrected 2022-02-01")],
        ),
        // It was concluded before the correction, and still is.
        (
            "applications.result_total.total",
            2021,
            vec![own("1", 4, "ApplicationDecided 2021-12-20")],
        ),
        // The decision of the year after leaves it here.
        (
            "applications.carried_out.total",
            2021,
            vec![
                own("2", 3, "ApplicationReceived 2021-12-30"),
                own("3", 7, "ApplicationReceived 2021-12-31"),
            ],
        ),
        ("applications.granted.total", 2022, vec![own("2", 6, "ApplicationDecided 2022-01-20")]),
        (
            "proactive.art20_6.penalties.decisions",
            2021,
            vec![own("2021=5", 8, "ProactiveFiguresDeclared 2021-12-31")],
        ),
    ] {
        for page_size in [0, 1, 2] {
            let request = pb::ExplainCellRequest { page_size, ..of(cell, year) };
            let (explanation, pages) = explain(&server, request).await;
            assert_eq!(entries(&pages), expected, "{cell}");
            assert_eq!((explanation.as_of_position, explanation.form.as_str()), (8, "2021"));
            assert_eq!(explanation.near_misses, [], "{cell}");
            let (last, others) = pages.split_last().unwrap();
            assert_eq!(last.next_page_token, "");
            for (place, page) in others.iter().enumerate() {
                let page_token = page.next_page_token.clone();
                let request = pb::ExplainCellRequest { page_token, page_size, ..of(cell, year) };
                let (_, rest) = explain(&server, request).await;
                assert_eq!(rest, pages[place + 1..], "{cell} after {}", page.next_page_token);
            }
        }
    }
    // Before the correction.
    let mut then = of("applications.granted.total", 2021);
    then.selector.as_mut().unwrap().as_of = Some(AsOf::AsOfPosition(4));
    let (explanation, pages) = explain(&server, then).await;
    assert_eq!((explanation.value, explanation.as_of_position), (Some(1), 4));
    assert_eq!(entries(&pages), [own("1", 4, "ApplicationDecided 2021-12-20")]);
}

#[tokio::test]
async fn a_zero_names_what_just_failed_to_be_in_it() {
    let server = TestServer::with_agency().await;
    given(&server).await;
    let void = |id: &str| pb::VoidApplicationEntryRequest {
        write: crate::support::fresh(),
        agency_id: AGENCY.to_owned(),
        application_id: id.to_owned(),
        void_date: date("2022-03-01"),
        explanation: "重复登记".to_owned(),
    };
    let firm = pb::ReceiveApplicationRequest {
        applicant_kind: ApplicantKind::CommercialEnterprise.into(),
        ..receive("4", "2021-03-01")
    };
    server
        .given(vec![
            Command::ReceiveApplication(firm),
            Command::DecideApplication(decide("4", Disposition::Granted, "2021-03-20")),
            Command::ReceiveApplication(receive("5", "2021-04-01")),
            Command::DecideApplication(decide("5", Disposition::Granted, "2021-04-20")),
            Command::VoidApplicationEntry(void("5")),
        ])
        .await;
    let (explanation, pages) =
        explain(&server, of("applications.granted.natural_person", 2021)).await;
    assert_eq!((explanation.value, entries(&pages)), (Some(0), vec![]));
    let near: Vec<_> = explanation
        .near_misses
        .iter()
        .map(|miss| match miss.entry.as_ref().unwrap().subject.as_ref().unwrap() {
            Subject::Application(found) => (found.application_id.as_str(), miss.reason.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        near,
        [
            ("5", "voided"),
            ("2", "concluded_in_another_year"),
            ("4", "other_applicant"),
            ("1", "other_result"),
            ("3", "still_open"),
        ]
    );
    let sentences: Vec<_> =
        explanation.near_misses.iter().map(|miss| miss.chinese.as_str()).collect();
    assert_eq!(
        sentences,
        [
            "登记已作废。",
            "于2022年办结。",
            "申请人属于「商业企业」。",
            "结果为「部分公开」。",
            "尚未办结。"
        ]
    );
}

#[tokio::test]
async fn a_case_pending_at_the_end_of_a_year_is_in_its_total_by_its_filing() {
    let server = TestServer::with_agency().await;
    server
        .given(vec![
            Command::FileReconsideration(file_review("r", "2020-12-01")),
            Command::ConcludeReconsideration(conclude_review(
                "r",
                RemedyResult::Other,
                "2021-01-05",
            )),
        ])
        .await;
    for (cell, year, event) in [
        ("remedies.review.total", 2020, "RemedyFiled 2020-12-01"),
        ("remedies.review.pending", 2020, "RemedyFiled 2020-12-01"),
        // It was pending at the end of 2021 too, until it was concluded; so it is in by its filing.
        ("remedies.review.total", 2021, "RemedyFiled 2020-12-01"),
        ("remedies.review.other", 2021, "RemedyConcluded 2021-01-05"),
    ] {
        let (explanation, pages) = explain(&server, of(cell, year)).await;
        let found: Vec<_> = entries(&pages).into_iter().map(|(_, _, event)| event).collect();
        assert_eq!((explanation.value, found), (Some(1), vec![event.to_owned()]), "{cell} {year}");
    }
}

#[tokio::test]
async fn a_blank_says_why_in_both_languages() {
    let server = TestServer::with_agency().await;
    given(&server).await;
    let licences = "proactive.art20_5.licences.decisions";
    let procurement = "proactive.art20_9.procurement.projects";
    for (cell, form, reason) in
        [(licences, "", "not_declared"), (procurement, "2019", "not_on_form_of_year")]
    {
        let mut request = of(cell, 2021);
        request.selector.as_mut().unwrap().form = form.to_owned();
        let selector = request.selector.clone();
        let (explanation, pages) = explain(&server, request).await;
        assert_eq!((explanation.value, entries(&pages)), (None, vec![]));
        let blank = explanation.blank.unwrap();
        assert_eq!((blank.cell.as_str(), blank.reason.as_str()), (cell, reason));
        assert!(blank.chinese.ends_with('。') && blank.english.ends_with('.'), "{blank:?}");
        let tables = pb::GetTablesRequest { selector };
        let tables = server.statistics().get_tables(tables).await.unwrap().into_inner();
        let is_blank = |cell: &&pb::TableCell| cell.value.is_none();
        let expected: Vec<_> = tables.cells.iter().filter(is_blank).map(|it| &it.cell).collect();
        let found: Vec<_> = tables.blanks.iter().map(|blank| &blank.cell).collect();
        assert!(!found.is_empty());
        assert_eq!(found, expected);
        assert!(tables.blanks.contains(&blank));
    }
}

#[tokio::test]
async fn a_cell_that_the_form_does_not_have_is_refused_with_the_nearest_names() {
    let server = TestServer::with_agency().await;
    let statistics = || server.statistics();
    let cases: [(_, Expected); 5] = [
        (of("", 2021), invalid(&["cell"])),
        (of("applications.granted.totl", 2021), invalid(&["cell"])),
        (of("applications.other.misc.total", 2020), invalid(&["cell"])),
        (
            pb::ExplainCellRequest { page_size: -1, ..of("remedies.review.total", 2021) },
            invalid(&["page_size"]),
        ),
        (
            pb::ExplainCellRequest {
                page_token: "?".to_owned(),
                ..of("remedies.review.total", 2021)
            },
            invalid(&["page_token"]),
        ),
    ];
    for (request, expected) in cases {
        let call = async { statistics().explain_cell(request).await };
        server.check_refused(call, expected).await;
    }
    let refused = statistics().explain_cell(of("applications.granted.totl", 2021)).await;
    let message = refused.unwrap_err().message().to_owned();
    assert!(message.contains("the nearest are applications.granted.total, "), "{message}");
    let mut ghost = of("remedies.review.total", 2021);
    ghost.selector.as_mut().unwrap().agency_id = "ghost".to_owned();
    let call = async { statistics().explain_cell(ghost).await };
    server.check_refused(call, missing("AGENCY_NOT_FOUND", &["selector.agency_id"])).await;
}
