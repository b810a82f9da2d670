//! Reconsideration and litigation, by both routes.
#![cfg(test)]

use disclosure_ledger::wire::pb::{
    event::v1::{RemedyKind, RemedyResult},
    v1::{self as pb, LitigationRoute, record_rows_request::Command},
};

use crate::support::{
    AGENCY, TestServer, conclude_review, conclude_suit, date, file_review, file_suit,
};

async fn get(server: &TestServer, id: &str) -> pb::GetRemedyResponse {
    let request = pb::GetRemedyRequest { agency_id: AGENCY.to_owned(), case_id: id.to_owned() };
    server.remedies().get_remedy(request).await.unwrap().into_inner()
}

async fn three(server: &TestServer) {
    let about = pb::FileLitigationRequest {
        application_id: "2020-001".to_owned(),
        ..file_suit("2", LitigationRoute::Direct, "2020-05-06")
    };
    server
        .given(vec![
            Command::FileReconsideration(file_review("1", "2020-04-01")),
            Command::FileLitigation(about),
            Command::FileLitigation(file_suit("3", LitigationRoute::AfterReview, "2020-07-01")),
            Command::ConcludeReconsideration(conclude_review(
                "1",
                RemedyResult::Upheld,
                "2020-05-20",
            )),
            Command::ConcludeLitigation(conclude_suit("3", RemedyResult::Corrected, "2021-02-01")),
        ])
        .await;
}

#[tokio::test]
async fn a_case_is_read_back_with_its_history() {
    let server = TestServer::with_agency().await;
    three(&server).await;
    let found = get(&server, "1").await;
    let case = found.remedy.unwrap();
    assert_eq!((case.kind(), case.result()), (RemedyKind::Review, RemedyResult::Upheld));
    assert_eq!((case.filing_date, case.conclusion_date), (date("2020-04-01"), date("2020-05-20")));
    assert_eq!(case.document_no, "复决〔2020〕1号");
    let types: Vec<_> = found.history.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(types, ["disclosure.event.v1.RemedyFiled", "disclosure.event.v1.RemedyConcluded"]);
    assert_eq!(found.history[1].version, case.version);

    let case = get(&server, "2").await.remedy.unwrap();
    assert_eq!((case.kind(), case.result()), (RemedyKind::SuitDirect, RemedyResult::Unspecified));
    assert_eq!((case.application_id.as_str(), case.conclusion_date), ("2020-001", None));
    let case = get(&server, "3").await.remedy.unwrap();
    assert_eq!(
        (case.kind(), case.result()),
        (RemedyKind::SuitAfterReview, RemedyResult::Corrected)
    );
}

#[tokio::test]
async fn a_list_holds_what_was_asked_for_at_every_page_size() {
    let server = TestServer::with_agency().await;
    three(&server).await;
    let any = RemedyKind::Unspecified;
    let cases: [(RemedyKind, bool, &[&str]); 5] = [
        (any, false, &["1", "2", "3"]),
        (any, true, &["2"]),
        (RemedyKind::SuitAfterReview, false, &["3"]),
        (RemedyKind::SuitDirect, true, &["2"]),
        (RemedyKind::Review, true, &[]),
    ];
    for (kind, pending_only, expected) in cases {
        for page_size in 0..=4 {
            let mut found = Vec::new();
            let mut request = pb::ListRemediesRequest {
                agency_id: AGENCY.to_owned(),
                page_size,
                kind: kind.into(),
                pending_only,
                ..Default::default()
            };
            loop {
                let page = server.remedies().list_remedies(request.clone()).await.unwrap();
                let page = page.into_inner();
                found.extend(page.remedies.into_iter().map(|case| case.case_id));
                request.page_token = page.next_page_token;
                if request.page_token.is_empty() {
                    break;
                }
            }
            assert_eq!(found, expected, "{kind:?}, {pending_only}, by {page_size}");
        }
    }
}
