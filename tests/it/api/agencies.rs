//! Agencies: registered, placed under one another from a year on, listed.
#![cfg(test)]

use disclosure_ledger::wire::pb::v1 as pb;

use crate::support::{
    Expected, TestServer, contradicts, fresh, invalid, missing, register, register_under,
};

fn reparent(agency_id: &str, parent_id: &str, from_year: i32) -> pb::ReparentAgencyRequest {
    pb::ReparentAgencyRequest {
        write: fresh(),
        agency_id: agency_id.to_owned(),
        parent_id: parent_id.to_owned(),
        from_year,
    }
}

/// `from_year>parent` for each, and what is directly below a parent in a year.
async fn parents(server: &TestServer, agency_id: &str) -> Vec<String> {
    let request = pb::GetAgencyRequest { agency_id: agency_id.to_owned() };
    let agency = server.agencies().get_agency(request).await.unwrap().into_inner().agency.unwrap();
    agency.parents.iter().map(|each| format!("{}>{}", each.from_year, each.parent_id)).collect()
}

async fn below(server: &TestServer, parent_id: &str, year: i32) -> Vec<String> {
    let request =
        pb::ListAgenciesRequest { parent_id: parent_id.to_owned(), year, ..Default::default() };
    let page = server.agencies().list_agencies(request).await.unwrap().into_inner();
    page.agencies.into_iter().map(|agency| agency.agency_id).collect()
}

#[tokio::test]
async fn a_registered_agency_is_there_as_it_was_stated() {
    let server = TestServer::start().await;
    server.register("city", "").await;
    let request = pb::RegisterAgencyRequest {
        name: "洛阳市司法局".to_owned(),
        contact: "洛阳市洛龙区，0379-00000000".to_owned(),
        from_year: 2015,
        ..register_under("luoyang-justice", "city")
    };
    let answer = server.agencies().register_agency(request).await.unwrap().into_inner();
    let receipt = answer.receipt.unwrap();
    assert_eq!((receipt.position, receipt.unchanged), (2, false));
    let agency = answer.agency.unwrap();
    assert_eq!(agency.name, "洛阳市司法局");
    assert_eq!(agency.contact, "洛阳市洛龙区，0379-00000000");
    assert_eq!(agency.version, receipt.version);
    let request = pb::GetAgencyRequest { agency_id: "luoyang-justice".to_owned() };
    let found = server.agencies().get_agency(request).await.unwrap().into_inner();
    assert_eq!(found.agency, Some(agency));
    assert_eq!(parents(&server, "luoyang-justice").await, ["2015>city"]);
    assert_eq!(parents(&server, "city").await, ["2008>"]);
}

#[tokio::test]
async fn an_agency_is_placed_anew_from_a_year_on() {
    let server = TestServer::start().await;
    server.register("old", "").await;
    server.register("new", "").await;
    server.register("office", "old").await;
    let answer = server.agencies().reparent_agency(reparent("office", "new", 2022)).await;
    assert!(!answer.unwrap().into_inner().receipt.unwrap().unchanged);
    assert_eq!(parents(&server, "office").await, ["2008>old", "2022>new"]);
    assert_eq!(below(&server, "old", 2021).await, ["office"]);
    assert_eq!(below(&server, "old", 2022).await, [""; 0]);
    assert_eq!(below(&server, "new", 2022).await, ["office"]);
    // The clock of the test stands in 2024.
    assert_eq!(below(&server, "new", 0).await, ["office"]);

    let head = server.head();
    let again = server.agencies().reparent_agency(reparent("office", "new", 2022)).await;
    assert!(again.unwrap().into_inner().receipt.unwrap().unchanged);
    assert_eq!(server.head(), head);

    server.agencies().reparent_agency(reparent("office", "", 2023)).await.unwrap();
    assert_eq!(parents(&server, "office").await, ["2008>old", "2022>new", "2023>"]);
    assert_eq!(below(&server, "new", 2023).await, [""; 0]);
}

#[tokio::test]
async fn pages_of_every_size_hold_the_same_agencies() {
    let server = TestServer::start().await;
    let ids: Vec<_> = (0..7).map(|n| format!("agency-{n}")).collect();
    for id in ids.iter().rev() {
        server.register(id, "").await;
    }
    for page_size in [0, 1, 2, 3, 6, 7, 8, 1000, 5000] {
        let mut found = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = pb::ListAgenciesRequest { page_size, page_token, ..Default::default() };
            let page = server.agencies().list_agencies(request).await.unwrap().into_inner();
            assert!(page_size == 0 || page.agencies.len() <= usize::try_from(page_size).unwrap());
            found.extend(page.agencies.into_iter().map(|agency| agency.agency_id));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(found, ids, "page size {page_size}");
    }
}

#[tokio::test]
async fn what_cannot_be_of_an_agency_is_refused_by_name() {
    let server = TestServer::start().await;
    server.register("city", "").await;
    server.register("county", "city").await;
    server.register("town", "county").await;
    let long = "x".repeat(65);
    let registrations: [(pb::RegisterAgencyRequest, Expected); 12] = [
        (register(""), invalid(&["agency_id"])),
        (register("洛阳"), invalid(&["agency_id"])),
        (register(&long), invalid(&["agency_id"])),
        (
            pb::RegisterAgencyRequest { write: None, ..register("x") },
            invalid(&["write.request_id"]),
        ),
        (pb::RegisterAgencyRequest { name: String::new(), ..register("x") }, invalid(&["name"])),
        (pb::RegisterAgencyRequest { name: "名".repeat(86), ..register("x") }, invalid(&["name"])),
        (
            pb::RegisterAgencyRequest { name: "a\nb".to_owned(), ..register("x") },
            invalid(&["name"]),
        ),
        (
            pb::RegisterAgencyRequest { contact: "c".repeat(257), ..register("x") },
            invalid(&["contact"]),
        ),
        (pb::RegisterAgencyRequest { from_year: 2007, ..register("x") }, invalid(&["from_year"])),
        (register_under("x", "a/b"), invalid(&["parent_id"])),
        (register_under("x", "ghost"), missing("PARENT_NOT_FOUND", &["parent_id"])),
        (
            pb::RegisterAgencyRequest { name: "别的名称".to_owned(), ..register("city") },
            contradicts("AGENCY_ALREADY_REGISTERED", &["agency_id"]),
        ),
    ];
    for (request, expected) in registrations {
        server.check_refused(server.agencies().register_agency(request), expected).await;
    }
    let cycle: Expected = contradicts("AGENCY_CYCLE", &["parent_id"]);
    for (request, expected) in [
        (reparent("ghost", "", 2020), missing("AGENCY_NOT_FOUND", &["agency_id"])),
        (reparent("town", "ghost", 2020), missing("PARENT_NOT_FOUND", &["parent_id"])),
        (reparent("city", "city", 2020), cycle),
        (reparent("city", "county", 2020), cycle),
        (reparent("city", "town", 2100), cycle),
        (reparent("city", "", 2101), invalid(&["from_year"])),
        (reparent("city", "", 0), invalid(&["from_year"])),
    ] {
        server.check_refused(server.agencies().reparent_agency(request), expected).await;
    }
    let get = pb::GetAgencyRequest { agency_id: "ghost".to_owned() };
    let not_found: Expected = missing("AGENCY_NOT_FOUND", &["agency_id"]);
    server.check_refused(server.agencies().get_agency(get), not_found).await;
    for (request, fields) in [
        (pb::ListAgenciesRequest { page_size: -1, ..Default::default() }, &["page_size"][..]),
        (pb::ListAgenciesRequest { year: 2101, ..Default::default() }, &["year"]),
        (
            pb::ListAgenciesRequest { parent_id: "a b".to_owned(), ..Default::default() },
            &["parent_id"],
        ),
    ] {
        server.check_refused(server.agencies().list_agencies(request), invalid(fields)).await;
    }
}

#[tokio::test]
async fn a_cycle_that_only_a_later_year_would_close_is_refused() {
    let server = TestServer::start().await;
    server.register("a", "").await;
    server.register("b", "").await;
    server.agencies().reparent_agency(reparent("b", "a", 2024)).await.unwrap();
    let call = server.agencies().reparent_agency(reparent("a", "b", 2020)).await;
    let expected: Expected = contradicts("AGENCY_CYCLE", &["parent_id"]);
    server.check_refused(async { call }, expected).await;
}

#[tokio::test]
async fn two_who_place_agencies_under_each_other_at_once_close_no_cycle() {
    let server = TestServer::start().await;
    server.register("a", "").await;
    server.register("b", "").await;
    let (mut one, mut other) = (server.agencies(), server.agencies());
    let (one, other) = tokio::join!(
        one.reparent_agency(reparent("a", "b", 2020)),
        other.reparent_agency(reparent("b", "a", 2020)),
    );
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    assert_eq!(server.head(), 3);
}
