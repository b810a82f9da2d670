//! Versions and request ids: who wrote last, and what was said before.
#![cfg(test)]

use disclosure_ledger::wire::pb::{
    event::v1::{Disposition, Section},
    v1::{self as pb, record_rows_request::Command},
};
use tonic::Code;

use crate::support::{
    AGENCY, Expected, TestServer, check_refusal, decide, figures, fresh, named, receive, register,
    section, set_write,
};

const STALE: Expected = (Code::Aborted, "VERSION_CONFLICT", &["write.expected_version"]);
const REUSED: Expected = (Code::AlreadyExists, "REQUEST_ID_REUSED", &["write.request_id"]);

fn expecting(version: &str) -> Option<pb::WriteOptions> {
    fresh().map(|write| pb::WriteOptions { expected_version: version.to_owned(), ..write })
}

fn with(mut command: Command, write: Option<pb::WriteOptions>) -> Command {
    set_write(&mut command, write);
    command
}

#[tokio::test]
async fn a_stale_version_is_refused_and_the_present_one_is_taken() {
    let server = TestServer::with_agency().await;
    let receive = || Command::ReceiveApplication(receive("1", "2020-03-02"));
    let decide = || Command::DecideApplication(decide("1", Disposition::Granted, "2020-03-20"));
    // Nothing is recorded yet, so no version can have been seen.
    server.check_refused(server.send(with(receive(), expecting("1"))), STALE).await;
    let first = server.given(vec![receive()]).await.version;
    let second = server.given(vec![with(decide(), expecting(&first))]).await.version;
    assert_ne!(first, second);
    let withdrawal = crate::support::withdraw("1", "2020-03-25");
    let withdraw =
        |version: &str| with(Command::WithdrawApplication(withdrawal.clone()), expecting(version));
    server.check_refused(server.send(withdraw(&first)), STALE).await;
    // Also where the act would change nothing.
    server.check_refused(server.send(with(decide(), expecting(&first))), STALE).await;
    let status = server.send(withdraw(&first)).await.unwrap_err();
    let info = tonic_types::StatusExt::get_details_error_info(&status).unwrap();
    assert_eq!(
        (&info.metadata["expected_version"], &info.metadata["actual_version"]),
        (&first, &second)
    );
    server.given(vec![withdraw(&second)]).await;
}

#[tokio::test]
async fn every_thing_written_to_has_a_version_of_its_own() {
    let server = TestServer::with_agency().await;
    let declared =
        |value| Command::DeclareFigures(figures(2020, &[("art20_6.penalties.decisions", value)]));
    let version = server.given(vec![declared(1)]).await.version;
    server.given(vec![with(declared(2), expecting(&version))]).await;
    server.check_refused(server.send(with(declared(3), expecting(&version))), STALE).await;

    let text = |text, write| pb::SetSectionRequest { write, ..section(2020, Section::Other, text) };
    let set =
        async |text| Ok(server.narrative().set_section(text).await?.into_inner().receipt.unwrap());
    let version = set(text("一", fresh())).await.unwrap().version;
    set(text("二", expecting(&version))).await.unwrap();
    server.check_refused(set(text("三", expecting(&version))), STALE).await;

    let reparent = |version: &str, from_year| pb::ReparentAgencyRequest {
        write: expecting(version),
        agency_id: AGENCY.to_owned(),
        parent_id: String::new(),
        from_year,
    };
    let request = pb::GetAgencyRequest { agency_id: AGENCY.to_owned() };
    let agency = server.agencies().get_agency(request).await.unwrap().into_inner().agency.unwrap();
    server.agencies().reparent_agency(reparent(&agency.version, 2021)).await.unwrap();
    let call = reparent(&agency.version, 2022);
    server.check_refused(server.agencies().reparent_agency(call), STALE).await;
}

/// Says everything again, word for word, and gets the first answers.
async fn check_repeats(server: &TestServer, said: &[(Command, pb::WriteReceipt)]) {
    let head = server.head();
    for (command, first) in said {
        let answer = server.send(command.clone()).await.unwrap();
        assert_eq!(answer, pb::WriteReceipt { unchanged: true, ..first.clone() }, "{command:?}");
    }
    assert_eq!(server.head(), head);
}

#[tokio::test]
async fn the_same_request_gets_its_first_answer_also_later_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("log");
    let server = TestServer::on_disk(&data).await;
    server
        .agencies()
        .register_agency(pb::RegisterAgencyRequest { write: named("agency"), ..register(AGENCY) })
        .await
        .unwrap();
    let mut said = Vec::new();
    for (place, command) in [
        Command::ReceiveApplication(receive("1", "2020-03-02")),
        Command::DecideApplication(decide("1", Disposition::Granted, "2020-03-20")),
        Command::WithdrawApplication(crate::support::withdraw("1", "2020-03-25")),
        Command::FileReconsideration(crate::support::file_review("r", "2020-04-01")),
        Command::DeclareFigures(figures(2020, &[("art20_6.penalties.decisions", 1)])),
        Command::DeclareFigures(figures(2020, &[("art20_6.penalties.decisions", 2)])),
    ]
    .into_iter()
    .enumerate()
    {
        let command = with(command, named(&format!("request {place}")));
        let receipt = server.send(command.clone()).await.unwrap();
        assert!(!receipt.unchanged);
        said.push((command, receipt));
        check_repeats(&server, &said).await;
    }
    // The first answer, not the state of now: it was open then.
    let request =
        pb::ReceiveApplicationRequest { write: named("request 0"), ..receive("1", "2020-03-02") };
    let answer = server.applications().receive_application(request).await.unwrap().into_inner();
    assert_eq!(answer.application.unwrap().state(), pb::ApplicationState::Open);

    let other = with(Command::ReceiveApplication(receive("2", "2020-03-02")), named("request 0"));
    server.check_refused(server.send(other.clone()), REUSED).await;
    server.stop().await;

    let server = TestServer::on_disk(&data).await;
    check_repeats(&server, &said).await;
    server.check_refused(server.send(other), REUSED).await;
    server.stop().await;
}

#[tokio::test]
async fn a_request_id_with_other_content_is_refused_whatever_differs() {
    let server = TestServer::with_agency().await;
    let first = receive("1", "2020-03-02");
    let id = first.write.clone().unwrap().request_id;
    server.given(vec![Command::ReceiveApplication(first.clone())]).await;
    let others = [
        Command::ReceiveApplication(pb::ReceiveApplicationRequest {
            write: named(&id),
            ..receive("2", "2020-03-02")
        }),
        Command::ReceiveApplication(pb::ReceiveApplicationRequest {
            write: named(&id),
            ..receive("1", "2020-03-03")
        }),
        Command::ReceiveApplication(pb::ReceiveApplicationRequest {
            applicant_ref: String::new(),
            ..first.clone()
        }),
        Command::WithdrawApplication(pb::WithdrawApplicationRequest {
            write: named(&id),
            ..crate::support::withdraw("1", "2020-03-02")
        }),
        with(
            Command::ReceiveApplication(first.clone()),
            Some(pb::WriteOptions { actor: "王".to_owned(), ..named(&id).unwrap() }),
        ),
        with(
            Command::ReceiveApplication(first.clone()),
            Some(pb::WriteOptions { expected_version: "1".to_owned(), ..named(&id).unwrap() }),
        ),
    ];
    for other in others {
        server.check_refused(server.send(other), REUSED).await;
    }
    // A refused request leaves its id free.
    let refused = with(Command::ReceiveApplication(receive("2", "2020-02-30")), named("free"));
    server.send(refused).await.unwrap_err();
    let refused = with(
        Command::DecideApplication(decide("9", Disposition::Granted, "2020-03-20")),
        named("free"),
    );
    server.send(refused).await.unwrap_err();
    server
        .given(vec![with(Command::ReceiveApplication(receive("2", "2020-03-02")), named("free"))])
        .await;
}

#[tokio::test]
async fn agencies_do_not_share_their_request_ids() {
    let server = TestServer::with_agency().await;
    server.register("b", "").await;
    let of = |agency: &str| {
        let request = pb::ReceiveApplicationRequest {
            agency_id: agency.to_owned(),
            ..receive("1", "2020-03-02")
        };
        with(Command::ReceiveApplication(request), named("same"))
    };
    server.given(vec![of(AGENCY), of("b")]).await;
    assert_eq!(server.head(), 4);
}

#[tokio::test]
async fn of_many_who_decide_at_once_one_is_first() {
    let server = TestServer::with_agency().await;
    let version =
        server.given(vec![Command::ReceiveApplication(receive("1", "2020-03-02"))]).await.version;
    let mut calls = tokio::task::JoinSet::new();
    for day in 1..=20 {
        let mut applications = server.applications();
        let request = pb::DecideApplicationRequest {
            write: expecting(&version),
            ..decide("1", Disposition::Granted, &format!("2020-04-{day:02}"))
        };
        calls.spawn(async move { applications.decide_application(request).await });
    }
    let answers = calls.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for status in answers.into_iter().filter_map(Result::err) {
        check_refusal(&status, STALE);
    }
    assert_eq!(server.head(), 3);
}

#[tokio::test]
async fn of_many_who_repeat_one_request_at_once_all_get_the_same_answer() {
    let server = TestServer::with_agency().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let mut applications = server.applications();
        let request =
            pb::ReceiveApplicationRequest { write: named("same"), ..receive("1", "2020-03-02") };
        calls.spawn(async move { applications.receive_application(request).await });
    }
    let answers = calls.join_all().await.into_iter().map(|answer| answer.unwrap().into_inner());
    let receipts: Vec<_> = answers.map(|answer| answer.receipt.unwrap()).collect();
    assert!(receipts.iter().all(|receipt| receipt.position == 2), "{receipts:?}");
    assert_eq!(receipts.iter().filter(|receipt| !receipt.unchanged).count(), 1);
    assert_eq!(server.head(), 2);
}
