//! Opening the counter, and closing it in order.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use tokio::net::TcpListener;
use tonic::{
    service::Routes,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::server::HealthReporter;

use super::{Desk, admin_service::Admin, report_service};
use crate::{
    clock::Clock,
    domain::application::CountingPolicy,
    ledger::Ledger,
    projection::{Projection, QueryError},
    render::{Fonts, OperatorFonts, UnreadableFont},
    store::{CloseError, EventStore, Health},
    wire::{
        DESCRIPTOR_SET,
        pb::v1::{
            admin_service_server::AdminServiceServer, agency_service_server::AgencyServiceServer,
            application_service_server::ApplicationServiceServer,
            calendar_service_server::CalendarServiceServer,
            deadline_service_server::DeadlineServiceServer,
            event_service_server::EventServiceServer, fee_service_server::FeeServiceServer,
            intake_service_server::IntakeServiceServer,
            narrative_service_server::NarrativeServiceServer,
            proactive_service_server::ProactiveServiceServer,
            publication_service_server::PublicationServiceServer,
            remedy_service_server::RemedyServiceServer, report_service_server::ReportServiceServer,
            roll_up_service_server::RollUpServiceServer,
            statistics_service_server::StatisticsServiceServer,
            supervision_service_server::SupervisionServiceServer,
        },
    },
};

/// How many calls one connection may have under way.
const CALLS_PER_CONNECTION: u32 = 1024;
/// How many resets of the server's own making one connection may provoke (CVE-2025-8671).
const LOCAL_RESETS: usize = 1024;
/// How many resets of a client's may wait to be noticed (CVE-2023-44487).
const PENDING_RESETS: usize = 20;
/// How large the headers of a call may be.
const HEADER_BYTES: u32 = 16 * 1024;
/// How long an idle connection may stay silent before it is asked whether it lives.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How long calls under way may take to end once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(20);

/// What an operator decides about the counter.
#[derive(Debug, Clone, Default)]
pub struct ServeSettings {
    /// Whether clients may ask for the contract by reflection.
    pub reflection: bool,
    /// The fonts that paper is printed with besides those that come with the program.
    pub fonts: OperatorFonts,
    /// How applications are counted where the law leaves it open.
    pub policy: CountingPolicy,
}

/// Why the counter closed otherwise than as told.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The log could not be folded.
    #[error("the log cannot be read into a register")]
    Replay(#[source] QueryError),
    /// A font file that the operator names holds no font.
    #[error("a font file that the settings name {0}")]
    Font(#[from] UnreadableFont),
    /// The reflection service could not be built.
    #[error("the contract cannot be described")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("the connection to the network failed")]
    Transport(#[from] tonic::transport::Error),
    /// The listener failed.
    #[error("the listening address cannot be read")]
    Listener(#[from] std::io::Error),
    /// The store could not be closed cleanly.
    #[error("the log could not be closed")]
    Close(#[source] CloseError),
}

/// Serves until `stop` completes; then drains the calls under way and closes the store.
///
/// # Errors
///
/// When a font cannot be read, the log cannot be replayed, the network fails, or the store cannot
/// be closed.
pub async fn serve(
    store: Arc<dyn EventStore>,
    clock: Arc<dyn Clock>,
    listener: TcpListener,
    settings: ServeSettings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<SocketAddr, ServeError> {
    let address = listener.local_addr()?;
    let fonts = Fonts::with(settings.fonts)?;
    let projection = Projection::start_under(settings.policy, store.clone())
        .await
        .map_err(ServeError::Replay)?;
    let desk = Desk {
        store: store.clone(),
        ledger: Arc::new(Ledger::new(store.clone())),
        projection: Arc::new(projection),
        clock,
        fonts: Arc::new(fonts),
    };
    let (health, health_service) = tonic_health::server::health_reporter();
    let mut routes = routes(desk.clone()).add_service(health_service);
    if settings.reflection {
        routes = add_reflection(routes)?;
    }
    announce(&health, &SERVICES, true).await;
    let (stopping, mut stopped) = tokio::sync::watch::channel(false);
    let announcing = tokio::spawn(announce_health(health, store.clone(), stopped.clone()));
    let draining = async move {
        stop.await;
        stopping.send_replace(true);
    };
    tracing::info!(%address, head = %store.head(), "serving");
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let serving = guarded().add_routes(routes).serve_with_incoming_shutdown(incoming, draining);
    let overdue = async {
        // An error means that the sender is gone: the server has ended by itself.
        if stopped.wait_for(|stopped| *stopped).await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        served = serving => served?,
        () = overdue => tracing::warn!("calls still under way were cut off"),
    }
    announcing.abort();
    desk.projection.close();
    store.close().await.map_err(ServeError::Close)?;
    tracing::info!("stopped");
    Ok(address)
}

/// A transport with the guards that its defaults leave off.
fn guarded() -> Server {
    Server::builder()
        .max_concurrent_streams(CALLS_PER_CONNECTION)
        .http2_max_local_error_reset_streams(Some(LOCAL_RESETS))
        .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS))
        .http2_max_header_list_size(HEADER_BYTES)
        .http2_keepalive_interval(Some(KEEPALIVE))
}

fn routes(desk: Desk) -> Routes {
    Routes::new(AdminServiceServer::new(Admin::new(desk.store.clone())))
        .add_service(AgencyServiceServer::new(desk.clone()))
        .add_service(ApplicationServiceServer::new(desk.clone()))
        .add_service(RemedyServiceServer::new(desk.clone()))
        .add_service(ProactiveServiceServer::new(desk.clone()))
        .add_service(NarrativeServiceServer::new(desk.clone()))
        .add_service(StatisticsServiceServer::new(desk.clone()))
        .add_service(
            ReportServiceServer::new(desk.clone())
                .max_encoding_message_size(report_service::CHUNK_BYTES.saturating_mul(2)),
        )
        .add_service(EventServiceServer::new(desk.clone()))
        .add_service(PublicationServiceServer::new(desk.clone()))
        .add_service(CalendarServiceServer::new(desk.clone()))
        .add_service(FeeServiceServer::new(desk.clone()))
        .add_service(DeadlineServiceServer::new(desk.clone()))
        .add_service(RollUpServiceServer::new(desk.clone()))
        .add_service(SupervisionServiceServer::new(desk.clone()))
        .add_service(IntakeServiceServer::new(desk))
}

/// Both versions of reflection: many clients ask for the older one only.
fn add_reflection(routes: Routes) -> Result<Routes, tonic_reflection::server::Error> {
    let describe = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    Ok(routes.add_service(describe().build_v1()?).add_service(describe().build_v1alpha()?))
}

/// Keeps the health service informed until the server stops: the services that write do so only
/// while the store takes appends.
async fn announce_health(
    health: HealthReporter,
    store: Arc<dyn EventStore>,
    mut stopped: tokio::sync::watch::Receiver<bool>,
) {
    let mut writable = true;
    while !*stopped.borrow_and_update() {
        let asked = store.clone();
        let found = tokio::task::spawn_blocking(move || asked.health()).await;
        let now = matches!(found, Ok(Health::Writable));
        if now != writable {
            writable = now;
            match found {
                Ok(Health::ReadOnly { reason }) => tracing::error!(reason, "nothing is recorded"),
                Ok(Health::Writable) => tracing::info!("recording again"),
                Err(_) => {}
            }
            announce(&health, &WRITING_SERVICES, writable).await;
        }
        // The end of the wait, whichever it is, leads to the same question.
        _ = tokio::time::timeout(HEALTH_EVERY, stopped.changed()).await;
    }
    announce(&health, &SERVICES, false).await;
}

/// Tells the health service whether calls of some services are taken.
async fn announce(health: &HealthReporter, services: &[&'static str], serving: bool) {
    let status = if serving {
        tonic_health::ServingStatus::Serving
    } else {
        tonic_health::ServingStatus::NotServing
    };
    for service in services {
        health.set_service_status(*service, status).await;
    }
}

/// How often the store is asked for its health.
const HEALTH_EVERY: Duration = Duration::from_millis(500);

/// The services that record; the others go on while the store is read-only.
const WRITING_SERVICES: [&str; 8] = [
    "disclosure.v1.AgencyService",
    "disclosure.v1.ApplicationService",
    "disclosure.v1.RemedyService",
    "disclosure.v1.ProactiveService",
    "disclosure.v1.NarrativeService",
    "disclosure.v1.IntakeService",
    "disclosure.v1.CalendarService",
    "disclosure.v1.PublicationService",
];

/// What health answers for: the whole, and each service by name.
const SERVICES: [&str; 17] = [
    "",
    "disclosure.v1.AdminService",
    "disclosure.v1.AgencyService",
    "disclosure.v1.ApplicationService",
    "disclosure.v1.RemedyService",
    "disclosure.v1.ProactiveService",
    "disclosure.v1.NarrativeService",
    "disclosure.v1.StatisticsService",
    "disclosure.v1.ReportService",
    "disclosure.v1.EventService",
    "disclosure.v1.IntakeService",
    "disclosure.v1.CalendarService",
    "disclosure.v1.FeeService",
    "disclosure.v1.DeadlineService",
    "disclosure.v1.RollUpService",
    "disclosure.v1.SupervisionService",
    "disclosure.v1.PublicationService",
];

#[cfg(test)]
mod tests {
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

    use super::*;
    use crate::{clock::SystemClock, store::MemoryStore};

    #[tokio::test]
    async fn a_store_that_is_read_only_silences_the_services_that_write() {
        let (reporter, service) = tonic_health::server::health_reporter();
        let mut client = HealthClient::new(service);
        announce(&reporter, &SERVICES, true).await;
        let store = Arc::new(MemoryStore::new(Arc::new(SystemClock)));
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let announcing = tokio::spawn(announce_health(reporter, store.clone(), stopped));
        store.close().await.unwrap();
        let mut statuses = Vec::new();
        for (wanted, stopping) in [(2, false), (2, true)] {
            stop.send_replace(stopping);
            let mut check = async |service: &str| {
                let request = HealthCheckRequest { service: service.to_owned() };
                client.check(request).await.unwrap().into_inner().status
            };
            while check("disclosure.v1.IntakeService").await != wanted
                || (stopping && check("").await != wanted)
            {
                tokio::task::yield_now().await;
            }
            statuses.push((check("disclosure.v1.ReportService").await, check("").await));
        }
        assert_eq!(statuses, [(1, 1), (2, 2)]);
        announcing.await.unwrap();
    }
}
