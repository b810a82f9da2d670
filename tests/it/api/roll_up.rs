//! Roll-ups: own figures, each child's, the sum; who reported; who stands out; published totals.
#![cfg(test)]

use std::collections::BTreeMap;

use disclosure_ledger::{
    domain::ReportYear,
    statistics::catalogue::form_for,
    wire::pb::{
        event::v1::{Disposition, Section},
        v1::{self as pb, record_rows_request::Command},
    },
};

use crate::support::{
    Expected, TestServer, contradicts, decide, figures, fresh, invalid, missing, receive, section,
};

fn of(agency_id: &str, year: i32) -> pb::ReportSelector {
    pb::ReportSelector { agency_id: agency_id.to_owned(), year, ..Default::default() }
}

async fn roll_up(server: &TestServer, selector: pb::ReportSelector) -> pb::GetRollUpResponse {
    let request = pb::GetRollUpRequest { selector: Some(selector), ..Default::default() };
    server.roll_ups().get_roll_up(request).await.unwrap().into_inner()
}

type Cells = BTreeMap<String, Option<i64>>;

fn cells(found: &pb::GetRollUpResponse, part: &pb::RollUpPart) -> Cells {
    assert_eq!(found.cells.len(), part.values.len());
    found.cells.iter().cloned().zip(part.values.iter().map(|value| value.value)).collect()
}

fn at(agency: &str, mut command: Command) -> Command {
    match &mut command {
        Command::ReceiveApplication(request) => request.agency_id = agency.to_owned(),
        Command::DecideApplication(request) => request.agency_id = agency.to_owned(),
        Command::DeclareFigures(request) => request.agency_id = agency.to_owned(),
        other => panic!("{other:?}"),
    }
    command
}

/// `number` applications at an agency in 2021, all granted soon after.
async fn applications(server: &TestServer, agency: &str, number: usize) {
    for id in 0..number {
        let id = id.to_string();
        let received = Command::ReceiveApplication(receive(&id, "2021-03-01"));
        let decided = Command::DecideApplication(decide(&id, Disposition::Granted, "2021-03-10"));
        server.given(vec![at(agency, received), at(agency, decided)]).await;
    }
}

/// Every figure of 2021 and every section.
async fn complete(server: &TestServer, agency: &str, value: i64) {
    let form = form_for(ReportYear::new(2021).unwrap());
    let all: Vec<_> = form.proactive_cells().map(|cell| (cell.key, value)).collect();
    server.given(vec![at(agency, Command::DeclareFigures(figures(2021, &all)))]).await;
    for part in [Section::Overview, Section::Problems, Section::Other] {
        let request =
            pb::SetSectionRequest { agency_id: agency.to_owned(), ..section(2021, part, "无") };
        server.narrative().set_section(request).await.unwrap();
    }
}

/// A city over seven counties, one of which has a town below it.
async fn city() -> TestServer {
    let server = TestServer::start().await;
    server.register("city", "").await;
    for county in 1..=7 {
        server.register(&format!("county-{county}"), "city").await;
    }
    server.register("town", "county-7").await;
    for (agency, number) in [
        ("city", 3),
        ("county-1", 2),
        ("county-2", 3),
        ("county-3", 2),
        ("county-4", 3),
        ("county-5", 2),
        ("county-7", 4),
        ("town", 11),
    ] {
        applications(&server, agency, number).await;
    }
    complete(&server, "county-1", 4).await;
    complete(&server, "county-6", 0).await;
    complete(&server, "city", 1).await;
    server
}

#[tokio::test]
async fn the_parts_add_up_to_the_sum_in_every_cell() {
    let server = city().await;
    let found = roll_up(&server, of("city", 2021)).await;
    let sum = cells(&found, found.sum.as_ref().unwrap());
    let own = cells(&found, found.own.as_ref().unwrap());
    assert_eq!(own, server.tables(of("city", 2021)).await);
    assert_eq!(sum, server.tables(pb::ReportSelector { subtree: true, ..of("city", 2021) }).await);
    assert_eq!(sum["applications.new_received.total"], Some(30));
    let mut added = own;
    for child in &found.children {
        let subtree = pb::ReportSelector { subtree: true, ..of(&child.agency_id, 2021) };
        let child = cells(&found, child);
        assert_eq!(child, server.tables(subtree).await);
        for (cell, value) in child {
            let slot = added.get_mut(&cell).unwrap();
            *slot = match (*slot, value) {
                (None, None) => None,
                (a, b) => Some(a.unwrap_or(0) + b.unwrap_or(0)),
            };
        }
    }
    assert_eq!(added, sum);
    let ids: Vec<_> = found.children.iter().map(|child| child.agency_id.as_str()).collect();
    assert_eq!(ids[0], "county-1");
    assert_eq!(ids.len(), 7, "the town is within its county");
    let other =
        roll_up(&server, pb::ReportSelector { form: "2019".to_owned(), ..of("city", 2021) });
    assert_eq!(other.await.form, "2019");
}

#[tokio::test]
async fn children_are_compared_and_those_far_from_the_others_named() {
    let server = city().await;
    let found = roll_up(&server, of("city", 2021)).await;
    let [.., last] = &found.children[..] else { panic!("{found:?}") };
    assert_eq!(
        last.comparison,
        Some(pb::Comparison {
            new_received: 15,
            concluded: 15,
            granted_permille: Some(1000),
            late_permille: Some(0),
            median_working_days: Some(7),
            change_permille: None,
        })
    );
    let told: Vec<_> = found
        .outliers
        .iter()
        .map(|outlier| {
            (outlier.agency_id.as_str(), outlier.measure.as_str(), outlier.value, outlier.median)
        })
        .collect();
    // Of 2, 3, 2, 3, 2, 0 and 15 the median is 2, the median distance 1.
    assert_eq!(told, [("county-7", "new_received", 15, 2), ("county-7", "concluded", 15, 2)]);

    let mut children = Vec::new();
    let mut page_token = String::new();
    loop {
        let selector = Some(of("city", 2021));
        let request = pb::GetRollUpRequest { selector, page_size: 2, page_token };
        let page = server.roll_ups().get_roll_up(request).await.unwrap().into_inner();
        assert!(page.children.len() <= 2);
        assert_eq!((&page.sum, &page.outliers), (&found.sum, &found.outliers));
        children.extend(page.children);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(children, found.children);
}

#[tokio::test]
async fn coverage_tells_who_reported_who_reported_zeros_and_who_did_not() {
    let server = city().await;
    server.register("idle", "county-1").await;
    let found = roll_up(&server, of("city", 2021)).await;
    let count = |part: &pb::RollUpPart| {
        let coverage = part.coverage.unwrap();
        [
            coverage.reported_agencies,
            coverage.nil_agencies,
            coverage.incomplete_agencies,
            coverage.missing_agencies,
        ]
    };
    assert_eq!(count(found.sum.as_ref().unwrap()), [2, 1, 6, 1]);
    assert_eq!(count(found.own.as_ref().unwrap()), [1, 0, 0, 0]);
    assert_eq!(count(&found.children[0]), [1, 0, 0, 1]);
    assert_eq!(count(&found.children[5]), [0, 1, 0, 0]);

    let list = async |reporting: pb::Reporting, page_size| {
        let (mut ids, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = pb::ListCoverageRequest {
                agency_id: "city".to_owned(),
                year: 2021,
                reporting: reporting.into(),
                page_size,
                page_token,
            };
            let page = server.roll_ups().list_coverage(request).await.unwrap().into_inner();
            ids.extend(page.agencies.into_iter().map(|item| item.agency_id));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return ids;
            }
        }
    };
    for page_size in [0, 1, 3] {
        assert_eq!(list(pb::Reporting::Reported, page_size).await, ["city", "county-1"]);
        assert_eq!(list(pb::Reporting::Nil, page_size).await, ["county-6"]);
        assert_eq!(list(pb::Reporting::Missing, page_size).await, ["idle"]);
        assert_eq!(list(pb::Reporting::Unspecified, page_size).await.len(), 10);
    }
}

#[tokio::test]
async fn a_published_total_is_compared_cell_by_cell_and_added_to_nothing() {
    let server = city().await;
    let subtree = pb::ReportSelector { subtree: true, ..of("city", 2021) };
    let sum = server.tables(subtree.clone()).await;
    let check = async |cells: Cells| {
        let cells = cells.into_iter().map(|(cell, value)| pb::TableCell { cell, value }).collect();
        let request = pb::CheckTotalRequest { agency_id: "city".to_owned(), year: 2021, cells };
        let found = server.roll_ups().check_total(request).await.unwrap().into_inner().findings;
        found.into_iter().map(|f| (f.id, f.severity, f.place, f.difference)).collect::<Vec<_>>()
    };
    assert_eq!(check(sum.clone()).await, []);
    // A parent that added the county's town a second time.
    let mut twice = sum.clone();
    for column in ["natural_person", "total"] {
        *twice.get_mut(&format!("applications.new_received.{column}")).unwrap() = Some(41);
    }
    let error = i32::from(pb::Severity::Error);
    let found = check(twice).await;
    let at = |column| format!("applications.new_received.{column}");
    assert_eq!(
        found,
        ["natural_person", "total"].map(|column| (
            "AGG.SUM".to_owned(),
            error,
            at(column),
            "11".to_owned()
        ))
    );
    assert_eq!(server.tables(subtree).await, sum, "and nothing is changed by it");
}

#[tokio::test]
async fn the_findings_of_everybody_below_are_one_list_by_severity() {
    let server = city().await;
    let list = async |request: pb::ListReportFindingsRequest| {
        let (mut found, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = pb::ListReportFindingsRequest { page_token, ..request.clone() };
            let page = server.supervision().list_report_findings(request).await.unwrap();
            let page = page.into_inner();
            found.extend(page.findings.into_iter().map(|each| {
                let finding = each.finding.unwrap();
                assert!(!each.agency_name.is_empty() && !finding.message.is_empty());
                (finding.severity(), each.agency_id, finding.id)
            }));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return found;
            }
        }
    };
    let asked = pb::ListReportFindingsRequest {
        agency_id: "city".to_owned(),
        year: 2021,
        include_subtree: true,
        ..Default::default()
    };
    let all = list(asked.clone()).await;
    assert!(all.is_sorted_by_key(|(severity, agency, _)| (i32::from(*severity), agency.clone())));
    let undeclared = ["county-2", "county-3", "county-4", "county-5", "county-7", "town"];
    let of_check = |id: &str| -> Vec<String> {
        all.iter().filter(|(.., check)| check == id).map(|(_, agency, _)| agency.clone()).collect()
    };
    assert_eq!(of_check("T2.UNDECLARED"), undeclared);
    for page_size in [1, 2, 5] {
        assert_eq!(list(pb::ListReportFindingsRequest { page_size, ..asked.clone() }).await, all);
    }
    let infos = pb::ListReportFindingsRequest {
        severities: vec![pb::Severity::Info.into()],
        ..asked.clone()
    };
    assert!(list(infos).await.iter().all(|(severity, ..)| *severity == pb::Severity::Info));
    let named = pb::ListReportFindingsRequest {
        check_ids: vec!["T2.UNDECLARED".to_owned()],
        ..asked.clone()
    };
    assert_eq!(list(named).await.len(), undeclared.len());
    let alone = pb::ListReportFindingsRequest { include_subtree: false, ..asked };
    assert!(list(alone).await.iter().all(|(_, agency, _)| agency == "city"));
}

#[tokio::test]
async fn what_cannot_be_rolled_up_is_refused_by_name() {
    let server = city().await;
    let succession = pb::SucceedAgencyRequest {
        write: fresh(),
        agency_id: "county-1".to_owned(),
        successor_id: "county-2".to_owned(),
        from_year: 2022,
        handovers: Vec::new(),
    };
    server.agencies().succeed_agency(succession).await.unwrap();
    let selectors: [(pb::ReportSelector, Expected); 4] = [
        (of("ghost", 2021), missing("AGENCY_NOT_FOUND", &["selector.agency_id"])),
        (of("city", 2018), invalid(&["selector.year"])),
        (of("", 2021), invalid(&["selector.agency_id"])),
        (of("county-1", 2022), contradicts("AGENCY_SUCCEEDED", &["selector.year"])),
    ];
    for (selector, expected) in selectors {
        let request = pb::GetRollUpRequest { selector: Some(selector), ..Default::default() };
        server.check_refused(server.roll_ups().get_roll_up(request), expected).await;
    }
    let request = pb::GetRollUpRequest {
        selector: Some(of("city", 2021)),
        page_size: -1,
        ..Default::default()
    };
    server.check_refused(server.roll_ups().get_roll_up(request), invalid(&["page_size"])).await;
    let one = |cell: &str| pb::TableCell { cell: cell.to_owned(), value: Some(1) };
    let totals: [(Vec<pb::TableCell>, Expected); 3] = [
        (vec![], invalid(&["cells"])),
        (vec![one("applications.granted"), one("x")], invalid(&["cells[0].cell", "cells[1].cell"])),
        (
            vec![one("remedies.review.total"), one("remedies.review.total")],
            invalid(&["cells[1].cell"]),
        ),
    ];
    for (cells, expected) in totals {
        let request = pb::CheckTotalRequest { agency_id: "city".to_owned(), year: 2021, cells };
        server.check_refused(server.roll_ups().check_total(request), expected).await;
    }
    let findings = pb::ListReportFindingsRequest {
        agency_id: "city".to_owned(),
        year: 2021,
        severities: vec![0, 9],
        page_token: "x".to_owned(),
        ..Default::default()
    };
    let call = async { server.supervision().list_report_findings(findings).await };
    let fields = &["severities[0]", "severities[1]", "page_token"];
    server.check_refused(call, invalid(fields)).await;
    let coverage =
        pb::ListCoverageRequest { agency_id: "ghost".to_owned(), year: 2021, ..Default::default() };
    let call = async { server.roll_ups().list_coverage(coverage).await };
    server.check_refused(call, missing("AGENCY_NOT_FOUND", &["agency_id"])).await;
}
