//! The server as such: health, reflection, large messages, an orderly stop.
#![cfg(test)]

use std::sync::Arc;

use disclosure_ledger::{
    clock::FixedClock,
    server::ServeSettings,
    store::MemoryStore,
    wire::pb::{event::v1::Section, v1::record_rows_request::Command},
};
use tonic::{Code, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::support::{TestServer, at, receive, section};

const SERVICES: [&str; 12] = [
    "disclosure.v1.AdminService",
    "disclosure.v1.AgencyService",
    "disclosure.v1.ApplicationService",
    "disclosure.v1.CalendarService",
    "disclosure.v1.EventService",
    "disclosure.v1.FeeService",
    "disclosure.v1.IntakeService",
    "disclosure.v1.NarrativeService",
    "disclosure.v1.ProactiveService",
    "disclosure.v1.RemedyService",
    "disclosure.v1.ReportService",
    "disclosure.v1.StatisticsService",
];

#[tokio::test]
async fn health_says_serving_for_the_whole_and_for_each_service() {
    let server = TestServer::start().await;
    for service in SERVICES.into_iter().chain([""]) {
        assert_eq!(server.health(service).await.unwrap(), ServingStatus::Serving, "{service}");
    }
    let unknown = server.health("disclosure.v1.NoService").await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

async fn services_by_reflection(server: &TestServer) -> Result<Vec<String>, Status> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(server.channel.clone());
    let stream = client.server_reflection_info(tokio_stream::iter([request])).await?;
    let answer = stream.into_inner().message().await?.unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}")
    };
    Ok(list.service.into_iter().map(|service| service.name).collect())
}

#[tokio::test]
async fn reflection_is_off_unless_set() {
    let server = TestServer::start().await;
    let status = services_by_reflection(&server).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

#[tokio::test]
async fn reflection_names_every_service_once_set() {
    let clock = Arc::new(FixedClock::new(at(0)));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let settings = ServeSettings { reflection: true, ..ServeSettings::default() };
    let server = TestServer::over(store, clock, settings).await;
    let found = services_by_reflection(&server).await.unwrap();
    for service in SERVICES {
        assert!(found.iter().any(|name| name == service), "{service}: {found:?}");
    }
}

#[tokio::test]
async fn a_message_larger_than_any_request_is_refused_and_the_server_lives() {
    let server = TestServer::with_agency().await;
    let head = server.head();
    let text = "x".repeat(5 << 20);
    let large = section(2020, Section::Other, &text);
    let status = server.narrative().set_section(large).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status:?}");
    assert_eq!(server.head(), head);
    server.check_alive().await;
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_stop() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("log");
    let server = TestServer::on_disk(&data).await;
    server.register("a", "").await;
    let receipt = server.given(vec![Command::ReceiveApplication(receive("1", "2020-03-02"))]).await;
    server.stop().await;
    let server = TestServer::on_disk(&data).await;
    assert_eq!(server.head(), receipt.position);
    let again = server.given(vec![Command::ReceiveApplication(receive("1", "2020-03-02"))]).await;
    assert_eq!((again.position, again.unchanged), (receipt.position, true));
    server.stop().await;
}
