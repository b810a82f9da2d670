//! Applications: received, decided, withdrawn, corrected; got with their history, and listed.
#![cfg(test)]

use disclosure_ledger::wire::pb::{
    event::v1::{ApplicantKind, Channel, Disposition, event_envelope::Body},
    v1::{
        self as pb, ApplicationState, application_service_client::ApplicationServiceClient,
        record_rows_request::Command,
    },
};
use tonic::transport::Channel as Connection;

use crate::support::{AGENCY, TestServer, correct, date, decide, receive, withdraw};

async fn get(server: &TestServer, id: &str) -> pb::GetApplicationResponse {
    let request =
        pb::GetApplicationRequest { agency_id: AGENCY.to_owned(), application_id: id.to_owned() };
    server.applications().get_application(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn an_application_is_read_back_with_everything_that_happened_to_it() {
    let server = TestServer::with_agency().await;
    let mut applications = server.applications();
    let received = receive("洛司公开〔2020〕1号", "2020-06-08");
    let answer = applications.receive_application(received).await.unwrap().into_inner();
    let application = answer.application.unwrap();
    assert_eq!(application.state(), ApplicationState::Open);
    assert_eq!(application.applicant_kind(), ApplicantKind::NaturalPerson);
    assert_eq!(application.channel(), Channel::Internet);
    assert_eq!(application.applicant_ref, "ref-洛司公开〔2020〕1号");
    assert_eq!(application.receipt_date, date("2020-06-08"));
    assert_eq!(
        (application.disposition(), application.conclusion_date),
        (Disposition::Unspecified, None)
    );

    let decided = decide("洛司公开〔2020〕1号", Disposition::Granted, "2020-06-22");
    let answer = applications.decide_application(decided).await.unwrap().into_inner();
    let (application, receipt) = (answer.application.unwrap(), answer.receipt.unwrap());
    assert_eq!(application.state(), ApplicationState::Concluded);
    assert_eq!(application.disposition(), Disposition::Granted);
    assert_eq!(application.conclusion_date, date("2020-06-22"));
    assert_eq!(application.document_no, "〔2020〕洛司公开〔2020〕1号号");
    assert_eq!((receipt.position, receipt.unchanged), (3, false));
    assert_eq!(application.version, receipt.version);

    let found = get(&server, "洛司公开〔2020〕1号").await;
    assert_eq!(found.application.as_ref(), Some(&application));
    let [received, decided] = &found.history[..] else { panic!("{:?}", found.history) };
    assert_eq!((received.position, decided.position), (2, 3));
    assert_eq!(decided.version, application.version);
    assert_eq!(decided.record_time, receipt.record_time);
    assert_eq!(received.event_type, "disclosure.event.v1.ApplicationReceived");
    let envelope = decided.event.as_ref().unwrap();
    assert_eq!(envelope.effective_date, date("2020-06-22"));
    assert_eq!(
        (envelope.agency_id.as_str(), envelope.subject_id.as_str()),
        (AGENCY, "洛司公开〔2020〕1号")
    );
    assert!(matches!(envelope.body, Some(Body::ApplicationDecided(_))), "{envelope:?}");
    let payload: disclosure_ledger::wire::pb::event::v1::EventEnvelope =
        prost::Message::decode(decided.payload.clone()).unwrap();
    assert_eq!(&payload, envelope);
}

#[tokio::test]
async fn a_withdrawal_concludes_an_open_application_and_leaves_a_result_alone() {
    let server = TestServer::with_agency().await;
    server
        .given(vec![
            Command::ReceiveApplication(receive("1", "2020-03-02")),
            Command::WithdrawApplication(withdraw("1", "2020-03-05")),
            Command::ReceiveApplication(receive("2", "2020-03-02")),
            Command::DecideApplication(decide("2", Disposition::Partial, "2020-03-20")),
            Command::WithdrawApplication(withdraw("2", "2020-03-25")),
        ])
        .await;
    let first = get(&server, "1").await.application.unwrap();
    assert_eq!(first.disposition(), Disposition::OtherMisc);
    assert_eq!(
        (first.conclusion_date, first.withdrawal_date),
        (date("2020-03-05"), date("2020-03-05"))
    );
    let second = get(&server, "2").await.application.unwrap();
    assert_eq!(second.disposition(), Disposition::Partial);
    assert_eq!(
        (second.conclusion_date, second.withdrawal_date),
        (date("2020-03-20"), date("2020-03-25"))
    );
}

#[tokio::test]
async fn a_correction_changes_what_it_states_and_nothing_else() {
    let server = TestServer::with_agency().await;
    server
        .given(vec![
            Command::ReceiveApplication(receive("1", "2020-03-02")),
            Command::DecideApplication(decide("1", Disposition::Granted, "2020-03-20")),
        ])
        .await;
    let correction = pb::ApplicationCorrection {
        applicant_kind: ApplicantKind::LegalServiceOrg.into(),
        conclusion_date: date("2020-03-21"),
        document_no: Some(String::new()),
        explanation: "录入错误".to_owned(),
        ..Default::default()
    };
    let request = correct("1", correction);
    let answer = server.applications().correct_application_entry(request).await.unwrap();
    let corrected = answer.into_inner().application.unwrap();
    assert_eq!(corrected.applicant_kind(), ApplicantKind::LegalServiceOrg);
    assert_eq!(corrected.receipt_date, date("2020-03-02"));
    assert_eq!(corrected.channel(), Channel::Internet);
    assert_eq!(corrected.conclusion_date, date("2020-03-21"));
    assert_eq!(corrected.disposition(), Disposition::Granted);
    assert_eq!(corrected.document_no, "");
    let found = get(&server, "1").await;
    assert_eq!(found.application, Some(corrected));
    // The day of a correction is today in China unless stated: the clock stands in 2024.
    let envelope = found.history[2].event.as_ref().unwrap();
    assert_eq!(envelope.effective_date, date("2024-01-02"));
}

/// Six applications in all the ways that a filter can tell apart.
async fn six(server: &TestServer) {
    let kind = |kind: ApplicantKind, request| pb::ReceiveApplicationRequest {
        applicant_kind: kind.into(),
        ..request
    };
    let enterprise = ApplicantKind::CommercialEnterprise;
    server
        .given(vec![
            Command::ReceiveApplication(receive("1", "2019-12-30")),
            Command::ReceiveApplication(kind(enterprise, receive("2", "2019-12-31"))),
            Command::ReceiveApplication(receive("3", "2020-01-01")),
            Command::ReceiveApplication(kind(enterprise, receive("4", "2020-02-01"))),
            Command::ReceiveApplication(receive("5", "2020-03-01")),
            Command::ReceiveApplication(receive("6", "2021-03-01")),
            Command::DecideApplication(decide("1", Disposition::Granted, "2019-12-31")),
            Command::DecideApplication(decide("2", Disposition::Granted, "2020-01-10")),
            Command::DecideApplication(decide("4", Disposition::UnableNotHeld, "2020-02-20")),
            Command::WithdrawApplication(withdraw("5", "2021-01-01")),
        ])
        .await;
}

async fn list(
    mut applications: ApplicationServiceClient<Connection>,
    page_size: i32,
    filter: Option<pb::ApplicationFilter>,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut request = pb::ListApplicationsRequest {
        agency_id: AGENCY.to_owned(),
        page_size,
        filter,
        ..Default::default()
    };
    loop {
        let page = applications.list_applications(request.clone()).await.unwrap().into_inner();
        assert!(page_size == 0 || page.applications.len() <= usize::try_from(page_size).unwrap());
        assert!(page.next_page_token.is_empty() || !page.applications.is_empty());
        found.extend(page.applications.into_iter().map(|application| application.application_id));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return found;
        }
    }
}

#[tokio::test]
async fn a_list_holds_what_its_filter_admits_at_every_page_size() {
    let server = TestServer::with_agency().await;
    six(&server).await;
    let any = pb::ApplicationFilter::default();
    let open = pb::ApplicationFilter { state: ApplicationState::Open.into(), ..any };
    let concluded = pb::ApplicationFilter { state: ApplicationState::Concluded.into(), ..any };
    let enterprise = ApplicantKind::CommercialEnterprise.into();
    let granted = Disposition::Granted.into();
    let cases: [(Option<pb::ApplicationFilter>, &[&str]); 10] = [
        (None, &["1", "2", "3", "4", "5", "6"]),
        (Some(any), &["1", "2", "3", "4", "5", "6"]),
        (Some(open), &["3", "6"]),
        (Some(concluded), &["1", "2", "4", "5"]),
        (Some(pb::ApplicationFilter { applicant_kind: enterprise, ..any }), &["2", "4"]),
        (Some(pb::ApplicationFilter { disposition: granted, ..any }), &["1", "2"]),
        (Some(pb::ApplicationFilter { receipt_year: 2020, ..any }), &["3", "4", "5"]),
        (Some(pb::ApplicationFilter { conclusion_year: 2020, ..any }), &["2", "4"]),
        (
            Some(pb::ApplicationFilter {
                applicant_kind: enterprise,
                conclusion_year: 2020,
                disposition: granted,
                ..concluded
            }),
            &["2"],
        ),
        (Some(pb::ApplicationFilter { disposition: granted, ..open }), &[]),
    ];
    for (filter, expected) in cases {
        for page_size in 0..=7 {
            let found = list(server.applications(), page_size, filter).await;
            assert_eq!(found, expected, "{filter:?} by {page_size}");
        }
    }
}

#[tokio::test]
async fn a_list_shows_each_application_as_it_stands() {
    let server = TestServer::with_agency().await;
    six(&server).await;
    let request =
        pb::ListApplicationsRequest { agency_id: AGENCY.to_owned(), ..Default::default() };
    let page = server.applications().list_applications(request).await.unwrap().into_inner();
    for summary in page.applications {
        let found = get(&server, &summary.application_id).await.application.unwrap();
        let unlisted = |application: pb::Application| pb::Application {
            applicant_ref: String::new(),
            document_no: String::new(),
            withdrawal_date: None,
            version: String::new(),
            stage: 0,
            ..application
        };
        assert_eq!(unlisted(found), summary);
    }
}
