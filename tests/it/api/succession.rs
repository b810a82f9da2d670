//! Agencies merged, renamed and split: what is open at one is carried into the tables of others.
#![cfg(test)]

use disclosure_ledger::wire::pb::{
    event::v1::{AgencyHandover, Disposition, Section},
    v1::{self as pb, DeadlineSelection, record_rows_request::Command},
};

use crate::support::{
    Expected, TestServer, contradicts, correct, date, decide, figures, file_review, fresh, invalid,
    missing, receive, section,
};

fn succeed(agency_id: &str, successor_id: &str, from_year: i32) -> pb::SucceedAgencyRequest {
    pb::SucceedAgencyRequest {
        write: fresh(),
        agency_id: agency_id.to_owned(),
        successor_id: successor_id.to_owned(),
        from_year,
        handovers: Vec::new(),
    }
}

fn handover(agency_id: &str, applications: &[&str], cases: &[&str]) -> AgencyHandover {
    let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    AgencyHandover {
        agency_id: agency_id.to_owned(),
        application_ids: owned(applications),
        case_ids: owned(cases),
    }
}

fn of(agency_id: &str, year: i32) -> pb::ReportSelector {
    pb::ReportSelector { agency_id: agency_id.to_owned(), year, ..Default::default() }
}

/// The totals of the rows that move applications from year to year, and pending reconsiderations.
async fn totals(server: &TestServer, selector: pb::ReportSelector) -> [i64; 5] {
    let cells = server.tables(selector).await;
    [
        "applications.carried_in.total",
        "applications.new_received.total",
        "applications.result_total.total",
        "applications.carried_out.total",
        "remedies.review.pending",
    ]
    .map(|cell| cells[cell].unwrap())
}

async fn findings(server: &TestServer, selector: pb::ReportSelector) -> Vec<String> {
    let request = pb::ListFindingsRequest { selector: Some(selector) };
    let answer = server.statistics().list_findings(request).await.unwrap().into_inner();
    let findings = answer.findings.into_iter().filter(|found| found.id != "T2.UNDECLARED");
    findings.map(|found| found.id).collect()
}

/// Agencies `a`, `b` and `c` below a city; at `a` four applications of 2021, one of them decided in
/// 2021, and a reconsideration over it.
async fn city() -> TestServer {
    let server = TestServer::start().await;
    server.register("city", "").await;
    for agency in ["a", "b", "c"] {
        server.register(agency, "city").await;
    }
    for id in ["1", "2", "3", "4"] {
        server.given(vec![Command::ReceiveApplication(receive(id, "2021-12-20"))]).await;
    }
    let decided = decide("1", Disposition::Granted, "2021-12-28");
    server
        .given(vec![
            Command::DecideApplication(decided),
            Command::FileReconsideration(pb::FileReconsiderationRequest {
                application_id: "1".to_owned(),
                ..file_review("R1", "2021-12-30")
            }),
        ])
        .await;
    server
}

#[tokio::test]
async fn what_is_open_at_a_merged_agency_is_carried_into_its_successor() {
    let server = city().await;
    let at_b =
        pb::ReceiveApplicationRequest { agency_id: "b".to_owned(), ..receive("1", "2021-05-06") };
    server.given(vec![Command::ReceiveApplication(at_b)]).await;
    let before = server.head();
    let answer = server.agencies().succeed_agency(succeed("a", "b", 2022)).await.unwrap();
    let agency = answer.into_inner().agency.unwrap();
    let expected = pb::AgencySuccession {
        successor_id: "b".to_owned(),
        from_year: 2022,
        handovers: Vec::new(),
    };
    assert_eq!(agency.succession, Some(expected));
    let again = server.agencies().succeed_agency(succeed("a", "b", 2022)).await.unwrap();
    assert!(again.into_inner().receipt.unwrap().unchanged);
    assert_eq!(server.head(), before + 1);

    // The years before stay; the year of the change begins with what was open at both.
    assert_eq!(totals(&server, of("a", 2021)).await, [0, 4, 1, 3, 1]);
    assert_eq!(totals(&server, of("b", 2021)).await, [0, 1, 0, 1, 0]);
    assert_eq!(totals(&server, of("b", 2022)).await, [4, 0, 0, 4, 1]);
    // Acts go on in the register of `a`, whose ids are its own: both have a number 1 and 2.
    server
        .given(vec![Command::DecideApplication(decide("2", Disposition::Partial, "2022-01-14"))])
        .await;
    server.given(vec![Command::ReceiveApplication(receive("5", "2021-12-31"))]).await;
    assert_eq!(totals(&server, of("a", 2021)).await, [0, 5, 1, 4, 1]);
    assert_eq!(totals(&server, of("b", 2022)).await, [5, 0, 1, 4, 1]);
    let city = pb::ReportSelector { subtree: true, ..of("city", 2022) };
    assert_eq!(totals(&server, city.clone()).await, [5, 0, 1, 4, 1]);
    assert_eq!(findings(&server, city).await, [""; 0]);
    assert_eq!(findings(&server, of("b", 2022)).await, [""; 0], "T3.CARRY looks at both");
    let as_of = pb::report_selector::AsOf::AsOfPosition(server.head());
    let then = pb::ReportSelector { as_of: Some(as_of), ..of("b", 2022) };
    assert_eq!(totals(&server, then).await, [5, 0, 1, 4, 1]);
    let as_of = pb::report_selector::AsOf::AsOfPosition(before);
    let then = pb::ReportSelector { as_of: Some(as_of), ..of("b", 2022) };
    assert_eq!(totals(&server, then).await, [1, 0, 0, 1, 0], "it was not known yet");

    // The clock of the test stands in 2024: what is open is the successor's to reply to.
    let request = pb::ListDeadlinesRequest {
        agency_id: "b".to_owned(),
        selection: DeadlineSelection::Unspecified.into(),
        ..Default::default()
    };
    let page = server.deadlines().list_deadlines(request).await.unwrap().into_inner();
    let listed = page.deadlines.iter().map(|d| format!("{}/{}", d.agency_id, d.application_id));
    assert_eq!(listed.collect::<Vec<_>>(), ["b/1", "a/3", "a/4", "a/5"]);
    let request =
        pb::GetTimelinessRequest { agency_id: "b".to_owned(), year: 2022, ..Default::default() };
    let taken = server.deadlines().get_timeliness(request).await.unwrap().into_inner();
    assert_eq!(taken.replies, 1);
}

#[tokio::test]
async fn a_split_hands_over_what_is_named_and_the_rest_goes_to_the_successor() {
    let server = city().await;
    let split = pb::SucceedAgencyRequest {
        handovers: vec![handover("c", &["1", "2"], &[])],
        ..succeed("a", "b", 2022)
    };
    server.agencies().succeed_agency(split).await.unwrap();
    // The reconsideration follows the application that it is about.
    assert_eq!(totals(&server, of("b", 2022)).await, [2, 0, 0, 2, 0]);
    assert_eq!(totals(&server, of("c", 2022)).await, [1, 0, 0, 1, 1]);
    server
        .given(vec![
            Command::DecideApplication(decide("2", Disposition::Granted, "2022-01-10")),
            Command::DecideApplication(decide("3", Disposition::Granted, "2022-01-11")),
        ])
        .await;
    assert_eq!(totals(&server, of("b", 2022)).await, [2, 0, 1, 1, 0]);
    assert_eq!(totals(&server, of("c", 2022)).await, [1, 0, 1, 0, 1]);
    assert_eq!(totals(&server, of("c", 2023)).await, [0, 0, 0, 0, 1]);
    assert_eq!(totals(&server, of("a", 2021)).await, [0, 4, 1, 3, 1]);
    for (agency, replies, open) in [("b", 1, "a/4"), ("c", 1, "")] {
        let request = pb::GetTimelinessRequest {
            agency_id: agency.to_owned(),
            year: 2022,
            ..Default::default()
        };
        let taken = server.deadlines().get_timeliness(request).await.unwrap().into_inner();
        assert_eq!(taken.replies, replies, "{agency}");
        let request =
            pb::ListDeadlinesRequest { agency_id: agency.to_owned(), ..Default::default() };
        let page = server.deadlines().list_deadlines(request).await.unwrap().into_inner();
        let listed = page.deadlines.iter().map(|d| format!("{}/{}", d.agency_id, d.application_id));
        assert_eq!(listed.collect::<String>(), open, "{agency}");
    }
    for (selector, expected) in [(of("b", 2022), [""; 0]), (of("c", 2022), [""; 0])] {
        assert_eq!(findings(&server, selector).await, expected);
    }
}

#[tokio::test]
async fn those_below_come_under_the_successor() {
    let server = TestServer::start().await;
    server.register("province", "").await;
    for agency in ["east", "west"] {
        server.register(agency, "province").await;
    }
    server.register("a", "west").await;
    server.agencies().succeed_agency(succeed("west", "east", 2022)).await.unwrap();
    server.given(vec![Command::ReceiveApplication(receive("1", "2022-03-01"))]).await;
    let east = |year| pb::ReportSelector { subtree: true, ..of("east", year) };
    assert_eq!(totals(&server, east(2021)).await, [0; 5]);
    assert_eq!(totals(&server, east(2022)).await, [0, 1, 0, 1, 0]);
    for (parent_id, year, expected) in
        [("west", 2021, "a"), ("west", 2022, ""), ("east", 2022, "a")]
    {
        let request =
            pb::ListAgenciesRequest { parent_id: parent_id.to_owned(), year, ..Default::default() };
        let page = server.agencies().list_agencies(request).await.unwrap().into_inner();
        let found = page.agencies.into_iter().map(|agency| agency.agency_id);
        assert_eq!(found.collect::<String>(), expected, "{parent_id} in {year}");
    }
}

#[tokio::test]
async fn what_a_succeeded_agency_can_no_longer_do_is_refused_with_its_successor() {
    let server = city().await;
    server
        .given(vec![Command::DeclareFigures(figures(2022, &[("art20_6.penalties.decisions", 3)]))])
        .await;
    // Before, an application of the next year can be received, and both are known to the server.
    server.given(vec![Command::ReceiveApplication(receive("6", "2022-01-04"))]).await;
    server.agencies().succeed_agency(succeed("a", "b", 2022)).await.unwrap();
    assert_eq!(
        totals(&server, of("b", 2022)).await,
        [3, 1, 0, 4, 1],
        "counted where it now belongs"
    );
    assert_eq!(findings(&server, of("b", 2022)).await, ["T2.SUCCEEDED"]);
    let told = server.tables(of("b", 2022)).await;
    assert_eq!(told["proactive.art20_6.penalties.decisions"], None);

    let gone = |fields| contradicts("AGENCY_SUCCEEDED", fields);
    let again = Command::ReceiveApplication(receive("6", "2022-01-04"));
    assert!(server.send(again).await.unwrap().unchanged, "what is recorded may be said again");
    let moved = pb::ApplicationCorrection {
        receipt_date: date("2022-01-01"),
        explanation: "录入错误".to_owned(),
        ..Default::default()
    };
    let refused: [(Command, Expected); 4] = [
        (Command::ReceiveApplication(receive("7", "2022-01-01")), gone(&["receipt_date"])),
        (Command::CorrectApplicationEntry(correct("2", moved)), gone(&["correction.receipt_date"])),
        (
            Command::DeclareFigures(figures(2023, &[("art20_6.penalties.decisions", 3)])),
            gone(&["year"]),
        ),
        (Command::ReceiveApplication(receive("7", "2024-01-01")), gone(&["receipt_date"])),
    ];
    for (command, expected) in refused {
        let status = server.send(command.clone()).await.unwrap_err();
        assert!(status.message().contains("succeeded by b from 2022 on"), "{status:?}");
        server.check_refused(server.send(command), expected).await;
    }
    let call = async { server.narrative().set_section(section(2022, Section::Other, "无")).await };
    server.check_refused(call, gone(&["year"])).await;
    server
        .given(vec![Command::DeclareFigures(figures(2021, &[("art20_6.penalties.decisions", 3)]))])
        .await;

    for subtree in [false, true] {
        let selector = Some(pb::ReportSelector { subtree, ..of("a", 2022) });
        let call =
            async { server.statistics().get_tables(pb::GetTablesRequest { selector }).await };
        server.check_refused(call, gone(&["selector.year"])).await;
    }
    let request =
        pb::GetTimelinessRequest { agency_id: "a".to_owned(), year: 2022, ..Default::default() };
    server.check_refused(server.deadlines().get_timeliness(request), gone(&["year"])).await;
}

#[tokio::test]
async fn a_succession_that_cannot_be_is_refused_by_name() {
    let server = city().await;
    let split = |handovers| pb::SucceedAgencyRequest { handovers, ..succeed("a", "b", 2022) };
    let cases: [(pb::SucceedAgencyRequest, Expected); 15] = [
        (succeed("", "b", 2022), invalid(&["agency_id"])),
        (succeed("a", "", 2022), invalid(&["successor_id"])),
        (succeed("a", "b", 0), invalid(&["from_year"])),
        (succeed("ghost", "b", 2022), missing("AGENCY_NOT_FOUND", &["agency_id"])),
        (succeed("a", "ghost", 2022), missing("SUCCESSOR_NOT_FOUND", &["successor_id"])),
        (succeed("a", "a", 2022), contradicts("SUCCESSION_CYCLE", &["successor_id"])),
        (succeed("city", "a", 2022), contradicts("SUCCESSOR_BELOW", &["successor_id"])),
        (succeed("a", "b", 2008), contradicts("SUCCESSION_TOO_EARLY", &["from_year"])),
        (split(vec![handover("c", &[], &[])]), invalid(&["handovers[0].application_ids"])),
        (split(vec![handover("", &["1"], &[])]), invalid(&["handovers[0].agency_id"])),
        (
            split(vec![handover("c", &["1"], &[]), handover("c", &["2"], &[])]),
            invalid(&["handovers[1].agency_id"]),
        ),
        (
            split(vec![handover("c", &["1", ""], &[" "])]),
            invalid(&["handovers[0].application_ids[1]", "handovers[0].case_ids[0]"]),
        ),
        (
            split(vec![handover("c", &["1"], &[]), handover("city", &["1"], &[])]),
            contradicts("HANDED_OVER_TWICE", &["handovers"]),
        ),
        (
            split(vec![handover("c", &["1", "9"], &[])]),
            missing("HANDOVER_NOT_FOUND", &["handovers"]),
        ),
        (split(vec![handover("c", &[], &["R9"])]), missing("HANDOVER_NOT_FOUND", &["handovers"])),
    ];
    for (request, expected) in cases {
        server.check_refused(server.agencies().succeed_agency(request), expected).await;
    }
    let many: Vec<_> = (0..5001).map(|number| number.to_string()).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let call =
        async { server.agencies().succeed_agency(split(vec![handover("c", &many, &[])])).await };
    server.check_refused(call, invalid(&["handovers"])).await;

    server.agencies().succeed_agency(succeed("a", "b", 2022)).await.unwrap();
    let cases: [(pb::SucceedAgencyRequest, Expected); 4] = [
        (succeed("a", "c", 2022), contradicts("AGENCY_ALREADY_SUCCEEDED", &["agency_id"])),
        (succeed("c", "a", 2022), contradicts("SUCCESSOR_SUCCEEDED", &["successor_id"])),
        (succeed("b", "a", 2021), contradicts("SUCCESSION_CYCLE", &["successor_id"])),
        (
            split(vec![handover("c", &["1"], &[])]),
            contradicts("AGENCY_ALREADY_SUCCEEDED", &["agency_id"]),
        ),
    ];
    for (request, expected) in cases {
        server.check_refused(server.agencies().succeed_agency(request), expected).await;
    }
    let place = pb::ReparentAgencyRequest {
        write: fresh(),
        agency_id: "c".to_owned(),
        parent_id: "a".to_owned(),
        from_year: 2023,
    };
    let call = async { server.agencies().reparent_agency(place.clone()).await };
    server.check_refused(call, contradicts("PARENT_SUCCEEDED", &["parent_id"])).await;
    let gone =
        pb::ReparentAgencyRequest { agency_id: "a".to_owned(), parent_id: "c".to_owned(), ..place };
    let call = async { server.agencies().reparent_agency(gone).await };
    server.check_refused(call, contradicts("AGENCY_SUCCEEDED", &["from_year"])).await;
}
