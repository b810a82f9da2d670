//! The year's tables: every cell, either form, a subtree, as of then.
#![cfg(test)]
use std::collections::BTreeMap;

use disclosure_ledger::{
    statistics::catalogue::form_by_id,
    wire::pb::{
        event::v1::{Disposition, RemedyResult},
        v1::{
            self as pb, LitigationRoute, Severity, record_rows_request::Command,
            report_selector::AsOf,
        },
    },
};
use tonic::Code;

use crate::support::{
    AGENCY, Expected, TestServer, at, conclude_review, decide, figures, file_review, file_suit,
    fresh, invalid, missing, receive, withdraw,
};

fn of(agency_id: &str, year: i32) -> pb::ReportSelector {
    pb::ReportSelector { agency_id: agency_id.to_owned(), year, ..Default::default() }
}

/// The cells that are neither blank nor 0.
fn told(cells: &BTreeMap<String, Option<i64>>) -> Vec<(&str, i64)> {
    let told = cells.iter().filter_map(|(cell, value)| Some((cell.as_str(), (*value)?)));
    told.filter(|&(_, value)| value != 0).collect()
}

#[tokio::test]
async fn every_cell_of_the_years_form_is_there() {
    let server = TestServer::with_agency().await;
    for (year, form) in [(2019, "2019"), (2020, "2019"), (2021, "2021"), (2100, "2021")] {
        let request = pb::GetTablesRequest { selector: Some(of(AGENCY, year)) };
        let answer = server.statistics().get_tables(request).await.unwrap().into_inner();
        assert_eq!((answer.form.as_str(), answer.as_of_position), (form, 1));
        let form = form_by_id(form).unwrap();
        let expected: Vec<_> = form.cells().map(|cell| form.cell_name(cell)).collect();
        let found: Vec<_> = answer.cells.iter().map(|cell| cell.cell.as_str()).collect();
        assert_eq!(found, expected);
        // What is not declared is blank; what is counted is 0.
        for cell in &answer.cells {
            let expected = (!cell.cell.starts_with("proactive.")).then_some(0);
            assert_eq!(cell.value, expected, "{cell:?}");
        }
    }
}

#[tokio::test]
async fn an_application_is_carried_over_the_change_of_form() {
    let server = TestServer::with_agency().await;
    server
        .given(vec![
            Command::ReceiveApplication(receive("1", "2020-12-30")),
            Command::DecideApplication(decide("1", Disposition::OtherFeeOverdue, "2021-01-20")),
            Command::FileReconsideration(file_review("r", "2020-12-01")),
            Command::ConcludeReconsideration(conclude_review(
                "r",
                RemedyResult::Other,
                "2021-01-05",
            )),
        ])
        .await;
    assert_eq!(
        told(&server.tables(of(AGENCY, 2020)).await),
        [
            ("applications.carried_out.natural_person", 1),
            ("applications.carried_out.total", 1),
            ("applications.new_received.natural_person", 1),
            ("applications.new_received.total", 1),
            ("remedies.review.pending", 1),
            ("remedies.review.total", 1),
        ]
    );
    let result = |row: &str| {
        vec![
            ("applications.carried_in.natural_person".to_owned(), 1),
            ("applications.carried_in.total".to_owned(), 1),
            (format!("applications.{row}.natural_person"), 1),
            (format!("applications.{row}.total"), 1),
            ("applications.result_total.natural_person".to_owned(), 1),
            ("applications.result_total.total".to_owned(), 1),
            ("remedies.review.other".to_owned(), 1),
            ("remedies.review.total".to_owned(), 1),
        ]
    };
    let other_form = pb::ReportSelector { form: "2019".to_owned(), ..of(AGENCY, 2021) };
    for (selector, row) in [(of(AGENCY, 2021), "other.fee_overdue"), (other_form, "other")] {
        let cells = server.tables(selector).await;
        let told: Vec<_> =
            told(&cells).into_iter().map(|(cell, value)| (cell.to_owned(), value)).collect();
        assert_eq!(told, result(row));
    }
    assert_eq!(told(&server.tables(of(AGENCY, 2022)).await), []);
}

#[tokio::test]
async fn amounts_are_told_in_fen() {
    let server = TestServer::with_agency().await;
    let amount = "art20_9.procurement.amount_wan_yuan";
    server.given(vec![Command::DeclareFigures(figures(2019, &[(amount, 59_237_244_900)]))]).await;
    let cells = server.tables(of(AGENCY, 2019)).await;
    assert_eq!(cells[&format!("proactive.{amount}")], Some(59_237_244_900));
    assert_eq!(cells["proactive.art20_9.procurement.projects"], None);
}

/// A city over two counties, one of which leaves it in 2021, each with figures and applications.
async fn city(server: &TestServer) {
    for (agency, parent) in [("city", ""), ("east", "city"), ("west", "city"), ("town", "west")] {
        server.register(agency, parent).await;
    }
    let leave = pb::ReparentAgencyRequest {
        write: fresh(),
        agency_id: "west".to_owned(),
        parent_id: String::new(),
        from_year: 2021,
    };
    server.agencies().reparent_agency(leave).await.unwrap();
    for (place, agency) in (1_usize..).zip(["city", "east", "west", "town"]) {
        for number in 0..place {
            let id = number.to_string();
            let own = |mut command: Command| {
                match &mut command {
                    Command::ReceiveApplication(request) => request.agency_id = agency.to_owned(),
                    Command::DecideApplication(request) => request.agency_id = agency.to_owned(),
                    Command::FileLitigation(request) => request.agency_id = agency.to_owned(),
                    Command::DeclareFigures(request) => request.agency_id = agency.to_owned(),
                    other => panic!("{other:?}"),
                }
                command
            };
            let mut commands = vec![
                own(Command::ReceiveApplication(receive(&id, "2020-12-01"))),
                own(Command::FileLitigation(file_suit(&id, LitigationRoute::Direct, "2020-12-02"))),
            ];
            if number % 2 == 0 {
                let decided = decide(&id, Disposition::Granted, "2021-01-04");
                commands.push(own(Command::DecideApplication(decided)));
            }
            if agency != "town" {
                let value = i64::try_from(place).unwrap();
                for year in [2020, 2021] {
                    let cell = [("art20_6.penalties.decisions", value)];
                    commands.push(own(Command::DeclareFigures(figures(year, &cell))));
                }
            }
            server.given(commands).await;
        }
    }
}

#[tokio::test]
async fn a_subtree_is_the_sum_of_its_members_cell_by_cell() {
    let server = TestServer::start().await;
    city(&server).await;
    for (year, root, members) in [
        (2020, "city", &["city", "east", "west", "town"][..]),
        (2021, "city", &["city", "east"]),
        (2021, "west", &["west", "town"]),
        (2020, "town", &["town"]),
    ] {
        let mut sum = BTreeMap::new();
        for member in members {
            for (cell, value) in server.tables(of(member, year)).await {
                let so_far: &mut Option<i64> = sum.entry(cell).or_default();
                *so_far = match (*so_far, value) {
                    (Some(a), Some(b)) => Some(a + b),
                    (a, b) => a.or(b),
                };
            }
        }
        let subtree = pb::ReportSelector { subtree: true, ..of(root, year) };
        assert_eq!(server.tables(subtree).await, sum, "{root} {year}");
        assert!(!told(&sum).is_empty());
    }
}

#[tokio::test]
async fn tables_as_of_then_show_what_was_recorded_by_then() {
    let server = TestServer::with_agency().await;
    let mut shown = vec![server.tables(of(AGENCY, 2020)).await];
    for (second, command) in (1..).zip([
        Command::ReceiveApplication(receive("1", "2020-03-02")),
        Command::DecideApplication(decide("1", Disposition::Granted, "2020-03-20")),
        Command::ReceiveApplication(receive("2", "2020-04-01")),
        Command::WithdrawApplication(withdraw("2", "2020-04-02")),
    ]) {
        server.clock.set(at(second * 10));
        server.given(vec![command]).await;
        shown.push(server.tables(of(AGENCY, 2020)).await);
    }
    for (place, expected) in (0..).zip(&shown) {
        let position = AsOf::AsOfPosition(u64::try_from(place).unwrap() + 1);
        let by_time = |second: i64| {
            let time = at(second);
            AsOf::AsOfTime(prost_types::Timestamp { seconds: time.as_second(), nanos: 0 })
        };
        for as_of in [position, by_time(place * 10), by_time(place * 10 + 9)] {
            let then = pb::ReportSelector { as_of: Some(as_of), ..of(AGENCY, 2020) };
            assert_eq!(&server.tables(then).await, expected, "{as_of:?}");
        }
    }
}

#[tokio::test]
async fn a_direct_suit_that_needed_review_first_is_found() {
    let server = TestServer::with_agency().await;
    let suit = pb::FileLitigationRequest {
        application_id: "1".to_owned(),
        ..file_suit("s", LitigationRoute::Direct, "2024-03-01")
    };
    let secret = Disposition::NotDisclosedStateSecret;
    server
        .given(vec![
            Command::ReceiveApplication(receive("1", "2024-01-02")),
            Command::DecideApplication(decide("1", secret, "2024-01-20")),
            Command::FileLitigation(suit),
        ])
        .await;
    let request = pb::ListFindingsRequest { selector: Some(of(AGENCY, 2024)) };
    let answer = server.statistics().list_findings(request).await.unwrap().into_inner();
    assert_eq!(answer.as_of_position, 4);
    let found: Vec<_> =
        answer.findings.iter().map(|each| (each.id.as_str(), each.severity())).collect();
    assert!(found.contains(&("T4.PREREVIEW", Severity::Warning)), "{found:?}");
    assert!(found.contains(&("T2.UNDECLARED", Severity::Warning)), "{found:?}");
    assert!(found.iter().all(|(_, severity)| *severity != Severity::Error), "{found:?}");
}

#[tokio::test]
async fn a_selector_that_selects_nothing_is_refused_by_name() {
    let server = TestServer::with_agency().await;
    let as_of = |as_of| pb::ReportSelector { as_of: Some(as_of), ..of(AGENCY, 2020) };
    let bad_time = prost_types::Timestamp { seconds: i64::MAX, nanos: 0 };
    let before: Expected = missing("AGENCY_NOT_FOUND", &["selector.agency_id"]);
    let cases: [(Option<pb::ReportSelector>, Expected); 10] = [
        (None, invalid(&["selector"])),
        (Some(of("", 2020)), invalid(&["selector.agency_id"])),
        (Some(of(AGENCY, 2018)), invalid(&["selector.year"])),
        (Some(of(AGENCY, 2101)), invalid(&["selector.year"])),
        (
            Some(pb::ReportSelector { form: "2020".to_owned(), ..of("a b", 0) }),
            invalid(&["selector.agency_id", "selector.year", "selector.form"]),
        ),
        (Some(as_of(AsOf::AsOfTime(bad_time))), invalid(&["selector.as_of_time"])),
        (Some(of("ghost", 2020)), before),
        // Registered, but not by then.
        (Some(as_of(AsOf::AsOfPosition(0))), before),
        (Some(as_of(AsOf::AsOfTime(prost_types::Timestamp::default()))), before),
        (
            Some(as_of(AsOf::AsOfPosition(2))),
            (Code::OutOfRange, "POSITION_BEYOND_END", &["selector.as_of_position"]),
        ),
    ];
    for (selector, expected) in cases {
        let request = pb::GetTablesRequest { selector: selector.clone() };
        server.check_refused(server.statistics().get_tables(request), expected).await;
        let request = pb::ListFindingsRequest { selector };
        server.check_refused(server.statistics().list_findings(request), expected).await;
    }
}
