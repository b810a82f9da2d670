//! A server in process, on a free port, over a store and a clock of the test's.
#![cfg(test)]

use std::{collections::BTreeMap, fmt::Debug, net::SocketAddr, path::Path, sync::Arc};

use disclosure_ledger::{
    clock::FixedClock,
    server::{ServeError, ServeSettings, serve},
    store::{EventStore, MemoryStore, SledStore},
    wire::pb::v1::{
        self as pb, agency_service_client::AgencyServiceClient,
        application_service_client::ApplicationServiceClient,
        calendar_service_client::CalendarServiceClient,
        deadline_service_client::DeadlineServiceClient, event_service_client::EventServiceClient,
        fee_service_client::FeeServiceClient, intake_service_client::IntakeServiceClient,
        narrative_service_client::NarrativeServiceClient,
        proactive_service_client::ProactiveServiceClient,
        publication_service_client::PublicationServiceClient, record_rows_request::Command,
        remedy_service_client::RemedyServiceClient, report_service_client::ReportServiceClient,
        roll_up_service_client::RollUpServiceClient,
        statistics_service_client::StatisticsServiceClient,
        supervision_service_client::SupervisionServiceClient,
    },
};
use jiff::Timestamp;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tonic::{Status, Streaming, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::{Expected, check_refusal};

/// A running server and a connection to it.
pub(crate) struct TestServer {
    pub(crate) url: String,
    pub(crate) channel: Channel,
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) clock: Arc<FixedClock>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Result<SocketAddr, ServeError>>,
}

/// The instant so many seconds after noon in China on 2 January 2024.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_704_168_000 + second).unwrap()
}

macro_rules! clients {
    ($($name:ident: $client:ident,)+) => {
        $(pub(crate) fn $name(&self) -> $client<Channel> {
            $client::new(self.channel.clone())
        })+
    };
}

impl TestServer {
    /// A server over an empty store in memory.
    pub(crate) async fn start() -> Self {
        let clock = Arc::new(FixedClock::new(at(0)));
        let store = Arc::new(MemoryStore::new(clock.clone()));
        Self::over(store, clock, ServeSettings::default()).await
    }

    /// The same, with the agency [`super::AGENCY`] registered.
    pub(crate) async fn with_agency() -> Self {
        let server = Self::start().await;
        server.register(super::AGENCY, "").await;
        server
    }

    /// A server over the ledger in a directory.
    pub(crate) async fn on_disk(dir: &Path) -> Self {
        let clock = Arc::new(FixedClock::new(at(0)));
        let store = Arc::new(SledStore::open(dir, clock.clone()).unwrap());
        Self::over(store, clock, ServeSettings::default()).await
    }

    pub(crate) async fn over(
        store: Arc<dyn EventStore>,
        clock: Arc<FixedClock>,
        settings: ServeSettings,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let until = async move { drop(stopped.await) };
        let ended = tokio::spawn(serve(store.clone(), clock.clone(), listener, settings, until));
        let url = format!("http://{address}");
        let channel = Channel::from_shared(url.clone()).unwrap().connect().await.unwrap();
        Self { url, channel, store, clock, stop, ended }
    }

    /// Tells the server to stop, and waits until it has. Streams must have been dropped.
    pub(crate) async fn stop(self) {
        let Self { channel, store, stop, ended, .. } = self;
        drop((channel, store));
        stop.send(()).unwrap();
        ended.await.unwrap().unwrap();
    }

    clients! {
        agencies: AgencyServiceClient,
        applications: ApplicationServiceClient,
        remedies: RemedyServiceClient,
        proactive: ProactiveServiceClient,
        narrative: NarrativeServiceClient,
        calendar: CalendarServiceClient,
        deadlines: DeadlineServiceClient,
        fees: FeeServiceClient,
        publications: PublicationServiceClient,
        statistics: StatisticsServiceClient,
        reports: ReportServiceClient,
        roll_ups: RollUpServiceClient,
        supervision: SupervisionServiceClient,
        events: EventServiceClient,
        intake: IntakeServiceClient,
    }

    pub(crate) fn head(&self) -> u64 {
        self.store.head().get()
    }

    pub(crate) async fn register(&self, agency_id: &str, parent_id: &str) {
        let request = super::register_under(agency_id, parent_id);
        self.agencies().register_agency(request).await.unwrap();
    }

    /// Sends an act to the service that takes it.
    pub(crate) async fn send(&self, command: Command) -> Result<pb::WriteReceipt, Status> {
        macro_rules! call {
            ($client:ident.$method:ident($request:expr)) => {
                self.$client().$method($request).await.map(|answer| answer.into_inner().receipt)
            };
        }
        let receipt = match command {
            Command::ReceiveApplication(request) => {
                call!(applications.receive_application(request))
            }
            Command::DecideApplication(request) => call!(applications.decide_application(request)),
            Command::WithdrawApplication(request) => {
                call!(applications.withdraw_application(request))
            }
            Command::CorrectApplicationEntry(request) => {
                call!(applications.correct_application_entry(request))
            }
            Command::FileReconsideration(request) => {
                call!(remedies.file_reconsideration(request))
            }
            Command::ConcludeReconsideration(request) => {
                call!(remedies.conclude_reconsideration(request))
            }
            Command::FileLitigation(request) => call!(remedies.file_litigation(request)),
            Command::ConcludeLitigation(request) => call!(remedies.conclude_litigation(request)),
            Command::DeclareFigures(request) => call!(proactive.declare_figures(request)),
            Command::RequestCorrection(request) => call!(applications.request_correction(request)),
            Command::AcceptCorrection(request) => call!(applications.accept_correction(request)),
            Command::ConsultThirdParty(request) => call!(applications.consult_third_party(request)),
            Command::RegisterThirdPartyOpinion(request) => {
                call!(applications.register_third_party_opinion(request))
            }
            Command::ConsultAgency(request) => call!(applications.consult_agency(request)),
            Command::RegisterAgencyOpinion(request) => {
                call!(applications.register_agency_opinion(request))
            }
            Command::ExtendDeadline(request) => call!(applications.extend_deadline(request)),
            Command::RequestReasons(request) => call!(applications.request_reasons(request)),
            Command::AcceptReasons(request) => call!(applications.accept_reasons(request)),
            Command::PostponeReply(request) => call!(applications.postpone_reply(request)),
            Command::NotifyFee(request) => call!(applications.notify_fee(request)),
            Command::RegisterFeePayment(request) => {
                call!(applications.register_fee_payment(request))
            }
            Command::LapseApplication(request) => call!(applications.lapse_application(request)),
            Command::AmendDecision(request) => call!(applications.amend_decision(request)),
            Command::ReopenApplication(request) => call!(applications.reopen_application(request)),
            Command::VoidApplicationEntry(request) => {
                call!(applications.void_application_entry(request))
            }
        };
        receipt.map(|receipt| receipt.expect("an answer has a receipt"))
    }

    /// Sends acts that are all taken; the last receipt.
    pub(crate) async fn given(&self, commands: Vec<Command>) -> pb::WriteReceipt {
        let mut last = pb::WriteReceipt::default();
        for command in commands {
            let said = format!("{command:?}");
            last = self.send(command).await.unwrap_or_else(|status| panic!("{said}: {status:?}"));
        }
        last
    }

    /// Sends rows through the intake stream; the answers until the stream ends.
    pub(crate) async fn rows(
        &self,
        mode: pb::IntakeMode,
        commands: Vec<Command>,
    ) -> Result<Vec<pb::RecordRowsResponse>, Status> {
        let rows: Vec<_> = (100..)
            .zip(commands)
            .map(|(row, command)| pb::RecordRowsRequest {
                mode: mode.into(),
                row,
                command: Some(command),
            })
            .collect();
        collect(self.intake().record_rows(tokio_stream::iter(rows)).await?.into_inner()).await
    }

    /// Checks that a call is refused so, that nothing was recorded, and that the server lives.
    pub(crate) async fn check_refused<T: Debug>(
        &self,
        call: impl Future<Output = Result<T, Status>>,
        expected: Expected,
    ) {
        let before = self.head();
        let status = call.await.expect_err(&format!("{expected:?}"));
        check_refusal(&status, expected);
        assert_eq!(self.head(), before, "{expected:?}: nothing is recorded");
        self.check_alive().await;
    }

    pub(crate) async fn check_alive(&self) {
        assert_eq!(self.health("").await.unwrap(), ServingStatus::Serving);
    }

    pub(crate) async fn health(&self, service: &str) -> Result<ServingStatus, Status> {
        let request = HealthCheckRequest { service: service.to_owned() };
        let answer = HealthClient::new(self.channel.clone()).check(request).await?;
        Ok(answer.into_inner().status())
    }

    /// The tables that a selector means, by cell.
    pub(crate) async fn tables(
        &self,
        selector: pb::ReportSelector,
    ) -> BTreeMap<String, Option<i64>> {
        let request = pb::GetTablesRequest { selector: Some(selector) };
        let answer = self.statistics().get_tables(request).await.unwrap().into_inner();
        tables_of(&answer)
    }
}

/// The cells of an answer by name; each must be there once.
#[track_caller]
pub(crate) fn tables_of(answer: &pb::GetTablesResponse) -> BTreeMap<String, Option<i64>> {
    let cells: BTreeMap<_, _> =
        answer.cells.iter().map(|cell| (cell.cell.clone(), cell.value)).collect();
    assert_eq!(cells.len(), answer.cells.len(), "a cell is there twice");
    cells
}

/// The messages of a stream until it ends.
pub(crate) async fn collect<T>(mut stream: Streaming<T>) -> Result<Vec<T>, Status> {
    let mut messages = Vec::new();
    while let Some(message) = stream.message().await? {
        messages.push(message);
    }
    Ok(messages)
}
