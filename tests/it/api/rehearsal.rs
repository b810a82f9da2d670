//! The end of a year, rehearsed.
#![cfg(test)]

use std::collections::BTreeMap;

use disclosure_ledger::wire::pb::{
    event::v1::Disposition,
    v1::{self as pb, YearEndSupposition as Supposition, record_rows_request::Command},
};
use jiff::Timestamp;

use crate::support::{AGENCY, TestServer, date, decide, fresh, invalid, missing, receive};

fn noon(day: &str) -> Timestamp {
    format!("{day}T04:00:00Z").parse().unwrap()
}

fn request(supposition: Supposition) -> pb::RehearseYearRequest {
    pb::RehearseYearRequest {
        agency_id: AGENCY.to_owned(),
        year: 2025,
        include_subtree: true,
        supposition: supposition.into(),
        ..Default::default()
    }
}

async fn rehearse(
    server: &TestServer,
    request: pb::RehearseYearRequest,
) -> (BTreeMap<String, Option<i64>>, pb::RehearseYearResponse) {
    let answer = server.statistics().rehearse_year(request).await.unwrap().into_inner();
    let cells = answer.cells.iter().map(|cell| (cell.cell.clone(), cell.value)).collect();
    (cells, answer)
}

/// What the year looks like on 1 December: one granted, and of those open one overdue, one due in
/// December, one due in January, one waiting for its applicant, and one received at an agency below.
async fn year() -> TestServer {
    let server = TestServer::with_agency().await;
    server.register("b", AGENCY).await;
    server.clock.set(noon("2025-12-01"));
    let mut firm = receive("due", "2025-11-24");
    firm.applicant_kind = 2;
    server
        .given(vec![
            Command::ReceiveApplication(receive("granted", "2025-05-06")),
            Command::DecideApplication(decide("granted", Disposition::Granted, "2025-05-20")),
            Command::ReceiveApplication(receive("overdue", "2025-10-09")),
            Command::ReceiveApplication(firm),
            Command::ReceiveApplication(receive("later", "2025-12-04")),
            Command::ReceiveApplication(receive("waiting", "2025-11-03")),
            Command::RequestCorrection(pb::RequestCorrectionRequest {
                write: fresh(),
                agency_id: AGENCY.to_owned(),
                application_id: "waiting".to_owned(),
                notice_date: date("2025-11-05"),
                ..Default::default()
            }),
        ])
        .await;
    let below = pb::ReceiveApplicationRequest {
        agency_id: "b".to_owned(),
        ..receive("below", "2025-11-10")
    };
    server.applications().receive_application(below).await.unwrap();
    server
}

/// `natural_person commercial_enterprise total` of a row; `?` for a blank.
fn row(cells: &BTreeMap<String, Option<i64>>, row: &str) -> String {
    let value = |column: &str| match cells[&format!("applications.{row}.{column}")] {
        Some(value) => value.to_string(),
        None => "?".to_owned(),
    };
    ["natural_person", "commercial_enterprise", "total"].map(value).join(" ")
}

#[tokio::test]
async fn if_nothing_more_is_done_everything_open_is_carried_out() {
    let server = year().await;
    let (cells, answer) = rehearse(&server, request(Supposition::Nothing)).await;
    let selector = pb::ReportSelector {
        agency_id: AGENCY.to_owned(),
        year: 2025,
        subtree: true,
        ..Default::default()
    };
    assert_eq!(cells, server.tables(selector).await);
    assert_eq!(row(&cells, "carried_out"), "4 1 5");
    let supposed = pb::SupposedApplications { left_open: 5, ..Default::default() };
    assert_eq!(answer.supposed, Some(supposed));
    assert!(answer.supposed_rows.is_empty());
    assert_eq!(answer.asked_date, date("2025-12-01"));
}

#[tokio::test]
async fn if_everything_due_is_done_the_results_are_counted_but_not_known() {
    let server = year().await;
    let (cells, answer) = rehearse(&server, request(Supposition::EverythingDue)).await;
    assert_eq!(row(&cells, "new_received"), "5 1 6");
    assert_eq!(row(&cells, "result_total"), "3 1 4");
    assert_eq!(row(&cells, "carried_out"), "2 0 2");
    assert_eq!(row(&cells, "granted"), "? ? ?");
    assert_eq!(cells["applications.granted.other_org"], Some(0), "no reply of its column is due");
    let supposed = pb::SupposedApplications {
        concluded: 3,
        provisional: answer.supposed.unwrap().provisional,
        awaiting_applicant: 1,
        due_later: 1,
        left_open: 0,
    };
    assert_eq!(answer.supposed, Some(supposed));
    // The form's results, their sum, and what is carried out.
    assert_eq!(answer.supposed_rows.len(), 21 + 2);

    let named = pb::RehearseYearRequest {
        supposed_disposition: Disposition::Partial.into(),
        ..request(Supposition::EverythingDue)
    };
    let (cells, answer) = rehearse(&server, named).await;
    assert_eq!(row(&cells, "granted"), "1 0 1");
    assert_eq!(row(&cells, "partial"), "2 1 3");
    assert_eq!(row(&cells, "result_total"), "3 1 4");
    assert_eq!(answer.supposed_rows, ["partial", "result_total", "carried_out"]);

    // By itself, without the agency below; and done as supposed, it is what was rehearsed.
    let own = pb::RehearseYearRequest {
        include_subtree: false,
        supposed_disposition: Disposition::Partial.into(),
        ..request(Supposition::EverythingDue)
    };
    let (rehearsed, _) = rehearse(&server, own).await;
    for (id, on) in [("overdue", "2025-12-01"), ("due", "2025-12-22")] {
        server.given(vec![Command::DecideApplication(decide(id, Disposition::Partial, on))]).await;
    }
    let selector =
        pb::ReportSelector { agency_id: AGENCY.to_owned(), year: 2025, ..Default::default() };
    assert_eq!(rehearsed, server.tables(selector).await);
}

#[tokio::test]
async fn a_year_that_is_over_is_not_rehearsed() {
    let server = year().await;
    let nothing = || request(Supposition::Nothing);
    let cases = [
        (pb::RehearseYearRequest { year: 2024, ..nothing() }, invalid(&["year"])),
        (request(Supposition::Unspecified), invalid(&["supposition"])),
        (
            pb::RehearseYearRequest {
                supposed_disposition: Disposition::Granted.into(),
                ..nothing()
            },
            invalid(&["supposed_disposition"]),
        ),
        (
            pb::RehearseYearRequest { agency_id: "nobody".to_owned(), ..nothing() },
            missing("AGENCY_NOT_FOUND", &["agency_id"]),
        ),
    ];
    for (request, expected) in cases {
        let call = async { server.statistics().rehearse_year(request).await };
        server.check_refused(call, expected).await;
    }
}
