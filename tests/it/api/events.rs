//! The log itself: one stream, all of it, and live.
#![cfg(test)]

use disclosure_ledger::wire::pb::{
    event::v1::{Disposition, EventEnvelope},
    v1::{self as pb, record_rows_request::Command},
};
use prost::Message;

use crate::support::{Expected, TestServer, collect, decide, invalid, missing, receive};

fn of(agency_id: &str, id: &str, on: &str) -> Command {
    Command::ReceiveApplication(pb::ReceiveApplicationRequest {
        agency_id: agency_id.to_owned(),
        ..receive(id, on)
    })
}

async fn read_all(
    server: &TestServer,
    after_position: u64,
    agency_id: &str,
) -> Vec<pb::RecordedEvent> {
    let request = pb::ReadAllRequest { after_position, agency_id: agency_id.to_owned() };
    let stream = server.events().read_all(request).await.unwrap().into_inner();
    collect(stream).await.unwrap().into_iter().flat_map(|message| message.events).collect()
}

fn positions(events: &[pb::RecordedEvent]) -> Vec<u64> {
    events.iter().map(|event| event.position).collect()
}

/// Agencies a and b with applications of both, some recorded together: ten events.
async fn ten(server: &TestServer) {
    server.register("b", "").await;
    let commands = vec![
        of("a", "1", "2020-03-02"),
        of("b", "1", "2020-03-03"),
        of("b", "2", "2020-03-03"),
        of("a", "2", "2020-03-04"),
        Command::DecideApplication(decide("2", Disposition::Granted, "2020-03-05")),
    ];
    server.rows(pb::IntakeMode::AllOrNothing, commands).await.unwrap();
    server
        .given(vec![
            of("a", "3", "2020-03-06"),
            of("b", "3", "2020-03-06"),
            Command::DecideApplication(decide("3", Disposition::Partial, "2020-03-07")),
        ])
        .await;
}

#[tokio::test]
async fn the_log_is_read_from_any_position_and_by_agency() {
    let server = TestServer::with_agency().await;
    ten(&server).await;
    let all = read_all(&server, 0, "").await;
    assert_eq!(positions(&all), (1..=10).collect::<Vec<_>>());
    for after in 0..=11 {
        let expected: Vec<_> = (after + 1..=10).collect();
        assert_eq!(positions(&read_all(&server, after, "").await), expected, "after {after}");
        let of_b = [2, 4, 5, 9].into_iter().filter(|position| *position > after);
        let expected: Vec<u64> = of_b.collect();
        assert_eq!(positions(&read_all(&server, after, "b").await), expected, "b after {after}");
    }
    assert_eq!(read_all(&server, 0, "ghost").await, []);
    for event in &all {
        let decoded = EventEnvelope::decode(event.payload.clone()).unwrap();
        assert_eq!(event.event.as_ref(), Some(&decoded));
    }
    let times: Vec<_> = all.iter().map(|event| event.record_time.unwrap().seconds).collect();
    assert!(times.is_sorted());
}

#[tokio::test]
async fn a_stream_is_read_from_its_beginning() {
    let server = TestServer::with_agency().await;
    ten(&server).await;
    let read = async |stream_id: &str| {
        let request = pb::ReadStreamRequest { stream_id: stream_id.to_owned() };
        let stream = server.events().read_stream(request).await?.into_inner();
        let messages = collect(stream).await?;
        Ok(messages.into_iter().flat_map(|message| message.events).collect::<Vec<_>>())
    };
    let all = read_all(&server, 0, "").await;
    for event in &all {
        let found = read(&event.stream_id).await.unwrap();
        let expected: Vec<_> =
            all.iter().filter(|other| other.stream_id == event.stream_id).cloned().collect();
        assert_eq!(found, expected, "{}", event.stream_id);
    }
    let ghost: Expected = missing("STREAM_NOT_FOUND", &["stream_id"]);
    server.check_refused(read("application-a/ghost"), ghost).await;
    let empty: Expected = invalid(&["stream_id"]);
    server.check_refused(read(""), empty).await;
    server.check_refused(read(&"x".repeat(513)), empty).await;
}

#[tokio::test]
async fn a_long_stream_comes_whole() {
    let server = TestServer::with_agency().await;
    let rows = (0..700).map(|n| of("a", &format!("{n:04}"), "2020-03-02")).collect();
    server.rows(pb::IntakeMode::AllOrNothing, rows).await.unwrap();
    let all = read_all(&server, 1, "a").await;
    assert_eq!(positions(&all), (2..=701).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_subscription_goes_on_with_what_is_recorded_then() {
    let server = TestServer::with_agency().await;
    server.register("b", "").await;
    let subscribe = async |after_position: u64, agency_id: &str| {
        let request = pb::SubscribeRequest { after_position, agency_id: agency_id.to_owned() };
        server.events().subscribe(request).await.unwrap().into_inner()
    };
    let mut all = subscribe(0, "").await;
    let mut of_b = subscribe(1, "b").await;
    let mut later = subscribe(4, "").await;
    let mut seen: [Vec<u64>; 3] = Default::default();
    for (id, expected) in [
        ("1", [vec![1, 2, 3, 4], vec![2, 4], vec![]]),
        ("2", [vec![1, 2, 3, 4, 5, 6], vec![2, 4, 6], vec![5, 6]]),
    ] {
        server.given(vec![of("a", id, "2020-03-02"), of("b", id, "2020-03-02")]).await;
        for ((stream, seen), expected) in
            [&mut all, &mut of_b, &mut later].into_iter().zip(&mut seen).zip(expected)
        {
            while seen.len() < expected.len() {
                let message = stream.message().await.unwrap().expect("a subscription goes on");
                seen.extend(positions(&message.events));
            }
            assert_eq!(*seen, expected);
        }
    }
    drop((all, of_b, later));
    server.stop().await;
}

#[tokio::test]
async fn a_reader_with_a_bad_filter_is_refused() {
    let server = TestServer::with_agency().await;
    let invalid: Expected = invalid(&["agency_id"]);
    let bad = || "a b".to_owned();
    let request = pb::ReadAllRequest { agency_id: bad(), ..Default::default() };
    server.check_refused(server.events().read_all(request), invalid).await;
    let request = pb::SubscribeRequest { agency_id: bad(), ..Default::default() };
    server.check_refused(server.events().subscribe(request), invalid).await;
}
