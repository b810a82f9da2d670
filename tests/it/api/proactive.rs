//! The declared figures of table two.
#![cfg(test)]

use disclosure_ledger::wire::pb::v1 as pb;

use crate::support::{AGENCY, TestServer, figures};

async fn get(server: &TestServer, year: i32) -> (Vec<(String, i64)>, String) {
    let request = pb::GetFiguresRequest { agency_id: AGENCY.to_owned(), year };
    let figures = server.proactive().get_figures(request).await.unwrap().into_inner().figures;
    let figures = figures.unwrap();
    let cells = figures.figures.into_iter().map(|figure| (figure.cell, figure.value)).collect();
    (cells, figures.version)
}

#[tokio::test]
async fn later_declarations_supersede_cell_by_cell() {
    let server = TestServer::with_agency().await;
    assert_eq!(get(&server, 2021).await, (vec![], String::new()));
    let licences = "art20_5.licences.decisions";
    let penalties = "art20_6.penalties.decisions";
    let first = figures(2021, &[(licences, 856), (penalties, 3)]);
    let answer = server.proactive().declare_figures(first).await.unwrap().into_inner();
    assert_eq!(answer.figures.unwrap().version, answer.receipt.unwrap().version);
    let second = figures(2021, &[(penalties, 4)]);
    let receipt = server.proactive().declare_figures(second).await.unwrap().into_inner().receipt;
    let (cells, version) = get(&server, 2021).await;
    assert_eq!(cells, [(licences.to_owned(), 856), (penalties.to_owned(), 4)]);
    assert_eq!(version, receipt.unwrap().version);
    assert_eq!(get(&server, 2022).await, (vec![], String::new()));

    let head = server.head();
    let again = server.proactive().declare_figures(figures(2021, &[(licences, 856)])).await;
    assert!(again.unwrap().into_inner().receipt.unwrap().unchanged);
    assert_eq!(server.head(), head);
}

#[tokio::test]
async fn a_change_may_be_negative_on_the_form_that_has_one() {
    let server = TestServer::with_agency().await;
    let declared = figures(2019, &[("art20_5.licences.change", -8)]);
    server.proactive().declare_figures(declared).await.unwrap();
    assert_eq!(get(&server, 2019).await.0, [("art20_5.licences.change".to_owned(), -8)]);
}
