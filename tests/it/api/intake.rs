//! Rows in bulk: each for itself, all or nothing, or judged only.
#![cfg(test)]

use disclosure_ledger::wire::pb::{
    event::v1::{Disposition, RemedyResult},
    v1::{
        self as pb, IntakeMode, LitigationRoute, intake_service_client::IntakeServiceClient,
        record_rows_request::Command, record_rows_response::Result as RowResult,
    },
};

use crate::support::{
    TestServer, collect, conclude_suit, correct, date, decide, figures, file_review, file_suit,
    invalid, missing, named, receive, set_write, withdraw,
};

/// What became of each row: `ok`, `unchanged`, or the reason and field of its refusal.
fn told(responses: &[pb::RecordRowsResponse]) -> Vec<String> {
    for (row, response) in (100..).zip(responses) {
        assert_eq!(response.row, row, "results come in the order of the rows");
    }
    let result = |response: &pb::RecordRowsResponse| match response.result.as_ref().unwrap() {
        RowResult::Receipt(receipt) if receipt.unchanged => "unchanged".to_owned(),
        RowResult::Receipt(_) => "ok".to_owned(),
        RowResult::Refusal(refusal) => {
            assert!(!refusal.message.is_empty());
            format!("{} {}", refusal.reason, refusal.field).trim_end().to_owned()
        }
    };
    responses.iter().map(result).collect()
}

/// Rows of every kind, several on the same subject; all good.
fn good() -> Vec<Command> {
    let correction = pb::ApplicationCorrection {
        receipt_date: date("2020-03-01"),
        explanation: "录入错误".to_owned(),
        ..Default::default()
    };
    vec![
        Command::ReceiveApplication(receive("1", "2020-03-02")),
        Command::DecideApplication(decide("1", Disposition::Granted, "2020-03-20")),
        Command::CorrectApplicationEntry(correct("1", correction)),
        Command::ReceiveApplication(receive("2", "2020-03-02")),
        Command::WithdrawApplication(withdraw("2", "2020-03-03")),
        Command::FileReconsideration(file_review("r", "2020-04-01")),
        Command::FileLitigation(file_suit("s", LitigationRoute::AfterReview, "2020-05-01")),
        Command::ConcludeLitigation(conclude_suit("s", RemedyResult::Upheld, "2020-06-01")),
        Command::DeclareFigures(figures(2020, &[("art20_6.penalties.decisions", 5)])),
        Command::ReceiveApplication(receive("1", "2020-03-01")),
    ]
}

/// One row that cannot be read, one that contradicts, among good ones.
fn mixed() -> Vec<Command> {
    vec![
        Command::ReceiveApplication(receive("1", "2020-03-02")),
        Command::ReceiveApplication(receive("2", "2020-02-30")),
        Command::DecideApplication(decide("1", Disposition::Granted, "2020-03-20")),
        Command::DecideApplication(decide("1", Disposition::Partial, "2020-03-20")),
        Command::DecideApplication(decide("2", Disposition::Granted, "2020-03-20")),
        Command::ReceiveApplication(receive("3", "2020-03-02")),
    ]
}

const BAD_DATE: &str = "INVALID_FIELD receive_application.receipt_date";
const SECOND: &str = "APPLICATION_ALREADY_CONCLUDED decide_application.disposition";
const UNKNOWN: &str = "APPLICATION_NOT_FOUND decide_application.application_id";

#[tokio::test]
async fn good_rows_are_recorded_in_each_mode_but_validation() {
    for mode in [IntakeMode::Each, IntakeMode::AllOrNothing] {
        let server = TestServer::with_agency().await;
        let responses = server.rows(mode, good()).await.unwrap();
        let expected: Vec<_> = [["ok"; 9].as_slice(), &["unchanged"]].concat();
        assert_eq!(told(&responses), expected, "{mode:?}");
        assert_eq!(server.head(), 10);
        let position = |response: &pb::RecordRowsResponse| match &response.result {
            Some(RowResult::Receipt(receipt)) => receipt.position,
            other => panic!("{other:?}"),
        };
        let positions: Vec<_> = responses.iter().map(position).collect();
        assert_eq!(positions, [2, 3, 4, 5, 6, 7, 8, 9, 10, 4], "{mode:?}");
    }
    let server = TestServer::with_agency().await;
    let responses = server.rows(IntakeMode::Validate, good()).await.unwrap();
    assert_eq!(told(&responses), [["ok"; 9].as_slice(), &["unchanged"]].concat());
    for response in responses {
        let Some(RowResult::Receipt(receipt)) = response.result else { panic!("{response:?}") };
        let empty = pb::WriteReceipt { unchanged: receipt.unchanged, ..Default::default() };
        assert_eq!(receipt, empty);
    }
    assert_eq!(server.head(), 1);
}

#[tokio::test]
async fn one_bad_row_holds_back_all_of_a_unit() {
    let server = TestServer::with_agency().await;
    let responses = server.rows(IntakeMode::AllOrNothing, mixed()).await.unwrap();
    let held = "NOT_RECORDED";
    assert_eq!(told(&responses), [held, BAD_DATE, held, SECOND, UNKNOWN, held]);
    assert_eq!(server.head(), 1);

    // Also where the only fault is a row that cannot be read, or one that contradicts.
    for (row, reason) in [(1, BAD_DATE), (4, UNKNOWN)] {
        let rows = vec![mixed().swap_remove(0), mixed().swap_remove(row)];
        let responses = server.rows(IntakeMode::AllOrNothing, rows).await.unwrap();
        assert_eq!(told(&responses), [held, reason]);
        assert_eq!(server.head(), 1);
    }
    server.check_alive().await;
}

#[tokio::test]
async fn validation_names_every_fault_and_records_nothing() {
    let server = TestServer::with_agency().await;
    let responses = server.rows(IntakeMode::Validate, mixed()).await.unwrap();
    assert_eq!(told(&responses), ["ok", BAD_DATE, "ok", SECOND, UNKNOWN, "ok"]);
    assert_eq!(server.head(), 1);
    let responses = server.rows(IntakeMode::Each, mixed()).await.unwrap();
    assert_eq!(told(&responses), ["ok", BAD_DATE, "ok", SECOND, UNKNOWN, "ok"]);
    assert_eq!(server.head(), 4);
    let responses = server.rows(IntakeMode::Each, mixed()).await.unwrap();
    let same = "unchanged";
    assert_eq!(told(&responses), [same, BAD_DATE, same, SECOND, UNKNOWN, same]);
    assert_eq!(server.head(), 4);
}

#[tokio::test]
async fn a_request_id_counts_once_within_a_stream_and_across_streams() {
    for mode in [IntakeMode::Each, IntakeMode::AllOrNothing] {
        let server = TestServer::with_agency().await;
        let rows = || {
            let mut rows = vec![
                Command::ReceiveApplication(receive("1", "2020-03-02")),
                Command::ReceiveApplication(receive("1", "2020-03-02")),
                Command::ReceiveApplication(receive("2", "2020-03-02")),
            ];
            for (row, id) in rows.iter_mut().zip(["one", "one", "two"]) {
                set_write(row, named(id));
            }
            rows
        };
        let responses = server.rows(mode, rows()).await.unwrap();
        assert_eq!(told(&responses), ["ok", "unchanged", "ok"], "{mode:?}");
        assert_eq!(server.head(), 3);
        let responses = server.rows(mode, rows()).await.unwrap();
        assert_eq!(told(&responses), ["unchanged"; 3], "{mode:?}");
        let mut other = Command::ReceiveApplication(receive("9", "2020-03-02"));
        set_write(&mut other, named("two"));
        let responses = server.rows(mode, vec![other]).await.unwrap();
        assert_eq!(
            told(&responses),
            ["REQUEST_ID_REUSED receive_application.write.request_id"],
            "{mode:?}"
        );
        assert_eq!(server.head(), 3);
    }
}

#[tokio::test]
async fn a_stream_without_a_mode_is_refused_and_an_empty_one_is_nothing() {
    let server = TestServer::with_agency().await;
    for mode in [0, 99] {
        let command = Some(Command::ReceiveApplication(receive("1", "2020-03-02")));
        let row = pb::RecordRowsRequest { mode, row: 1, command };
        let call = async {
            let stream = server.intake().record_rows(tokio_stream::iter([row])).await?;
            collect(stream.into_inner()).await
        };
        server.check_refused(call, invalid(&["mode"])).await;
    }
    assert_eq!(server.rows(IntakeMode::Each, vec![]).await.unwrap(), []);

    let empty = pb::RecordRowsRequest { mode: IntakeMode::Each.into(), row: 7, command: None };
    let stream = server.intake().record_rows(tokio_stream::iter([empty])).await.unwrap();
    let responses = collect(stream.into_inner()).await.unwrap();
    let Some(RowResult::Refusal(refusal)) = &responses[0].result else { panic!("{responses:?}") };
    assert_eq!((responses[0].row, refusal.reason.as_str()), (7, "INVALID_FIELD"));
    assert_eq!((refusal.field.as_str(), server.head()), ("command", 1));
}

#[tokio::test]
async fn each_row_is_answered_while_the_stream_is_open() {
    let server = TestServer::with_agency().await;
    let (send, rows) = tokio::sync::mpsc::channel(1);
    let row = |row: u64, mode: IntakeMode, id: &str| pb::RecordRowsRequest {
        mode: mode.into(),
        row,
        command: Some(Command::ReceiveApplication(receive(id, "2020-03-02"))),
    };
    send.send(row(1, IntakeMode::Each, "1")).await.unwrap();
    let rows = tokio_stream::wrappers::ReceiverStream::new(rows);
    let mut responses = server.intake().record_rows(rows).await.unwrap().into_inner();
    for number in 1..=3 {
        let response = responses.message().await.unwrap().unwrap();
        assert_eq!(response.row, number);
        assert_eq!(server.head(), 1 + number);
        // Later rows may leave the mode out.
        let next = row(number + 1, IntakeMode::Unspecified, &(number + 1).to_string());
        send.send(next).await.unwrap();
    }
    drop(send);
    assert_eq!(responses.message().await.unwrap().unwrap().row, 4);
    assert!(responses.message().await.unwrap().is_none());
}

#[tokio::test]
async fn many_rows_go_through_in_order() {
    let server = TestServer::with_agency().await;
    let rows = |count: usize| {
        let row = |n| Command::ReceiveApplication(receive(&format!("{n:05}"), "2020-03-02"));
        (0..count).map(row).collect::<Vec<_>>()
    };
    let each = server.rows(IntakeMode::Each, rows(3000)).await.unwrap();
    assert_eq!(told(&each), vec!["ok"; 3000]);
    let unit = server.rows(IntakeMode::AllOrNothing, rows(4000)).await.unwrap();
    assert_eq!(told(&unit), [vec!["unchanged"; 3000], vec!["ok"; 1000]].concat());
    assert_eq!(server.head(), 4001);
}

/// Sends the first row of a unit from a client that dies before its last.
fn send_and_die(url: String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (send, rows) = tokio::sync::mpsc::channel(1);
        let first = pb::RecordRowsRequest {
            mode: IntakeMode::AllOrNothing.into(),
            row: 1,
            command: Some(Command::ReceiveApplication(receive("1", "2020-03-02"))),
        };
        send.send(first.clone()).await.unwrap();
        let rows = tokio_stream::wrappers::ReceiverStream::new(rows);
        let mut client = IntakeServiceClient::connect(url).await.unwrap();
        client.record_rows(rows).await.unwrap();
        // Once there is room for another, the first is on its way.
        send.send(first).await.unwrap();
        std::mem::forget(send);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_whose_sender_dies_records_nothing() {
    let server = TestServer::with_agency().await;
    for _ in 0..5 {
        let url = server.url.clone();
        tokio::task::spawn_blocking(move || send_and_die(url)).await.unwrap();
        server.check_alive().await;
    }
    let unknown = missing("APPLICATION_NOT_FOUND", &["application_id"]);
    let decision = Command::DecideApplication(decide("1", Disposition::Granted, "2020-03-20"));
    server.check_refused(server.send(decision), unknown).await;
    let store = server.store.clone();
    server.stop().await;
    assert_eq!(store.head().get(), 1);
}
