//! How fast events are recorded, as ratios to a limit measured in the same run.
//!
//! `cargo bench --bench append` prints a table. Each figure is the median of several rounds, with
//! the least and the most; what is compared runs in turns, so that a noisy machine is noisy for
//! both. `BENCH_ONLY=stream` measures only the rows whose name holds that, `BENCH_WRITERS=256`
//! only those with that many writers; `BENCH_SECONDS` and `BENCH_ROUNDS` say how long and how
//! often; `BENCH_ALONE=ours` or `limit` runs only that side, for a profiler. Limits: raw append and fdatasync with the same grouping for the store, a service that
//! answers without a log for the calls.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot go on stops, and prints what it measured"
)]

use std::{
    fs::{File, OpenOptions},
    io::Write,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use disclosure_ledger::{
    clock::SystemClock,
    server::{ServeSettings, serve},
    store::{Append, EventStore, ExpectedVersion, NewEvent, SledStore, StreamAppend, StreamId},
    wire::pb::{
        event::v1::CivilDate,
        v1::{
            self as pb,
            agency_service_client::AgencyServiceClient,
            application_service_client::ApplicationServiceClient,
            application_service_server::{ApplicationService, ApplicationServiceServer},
            intake_service_client::IntakeServiceClient,
            intake_service_server::{IntakeService, IntakeServiceServer},
            record_rows_request::Command,
        },
    },
};
use tokio::{
    runtime::Runtime,
    sync::{Semaphore, mpsc, oneshot},
};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming, transport::Channel};

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EVENT_BYTES: usize = 300;
const WRITERS: [usize; 4] = [1, 8, 64, 256];
const CONNECTIONS: usize = 8;

fn seconds() -> Duration {
    let text = std::env::var("BENCH_SECONDS").unwrap_or_else(|_| "2".to_owned());
    Duration::from_secs_f64(text.parse().unwrap())
}

fn rounds() -> usize {
    std::env::var("BENCH_ROUNDS").unwrap_or_else(|_| "3".to_owned()).parse().unwrap()
}

fn main() {
    let runtime = Runtime::new().unwrap();
    println!(
        "{} cores, load {}, {} rounds of {:?} each",
        std::thread::available_parallelism().unwrap(),
        std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim(),
        rounds(),
        seconds()
    );
    println!("| what | writers | limit, events/s | ours, events/s | ratio | CPU, µs an event |");
    println!("|---|---:|---:|---:|---:|---:|");
    in_process_rows(&runtime);
    unary_rows(&runtime);
    stream_rows(&runtime);
    batch_rows(&runtime);
}

fn in_process_rows(runtime: &Runtime) {
    for writers in WRITERS {
        compare(
            "in process, raw append + fdatasync",
            writers,
            || runtime.block_on(raw(writers)),
            || runtime.block_on(in_process(writers)),
        );
    }
}

fn unary_rows(runtime: &Runtime) {
    for writers in WRITERS {
        compare(
            "unary calls, echo",
            writers,
            || runtime.block_on(echo_calls(writers, CONNECTIONS)),
            || runtime.block_on(calls(writers, CONNECTIONS)),
        );
    }
    for writers in WRITERS {
        compare(
            "unary calls, echo that appends and syncs",
            writers,
            || runtime.block_on(syncing_calls(writers)),
            || runtime.block_on(calls(writers, CONNECTIONS)),
        );
    }
    compare(
        "unary calls, a connection each, echo",
        256,
        || runtime.block_on(echo_calls(256, 256)),
        || runtime.block_on(calls(256, 256)),
    );
    compare(
        "unary calls, one connection, echo",
        256,
        || runtime.block_on(echo_calls(256, 1)),
        || runtime.block_on(calls(256, 1)),
    );
}

fn stream_rows(runtime: &Runtime) {
    compare(
        "one stream, 1,024 in flight, echo",
        1,
        || runtime.block_on(echo_stream(1)),
        || runtime.block_on(stream(1)),
    );
    compare(
        "streams, 1,024 in flight each, echo",
        8,
        || runtime.block_on(echo_stream(8)),
        || runtime.block_on(stream(8)),
    );
}

fn batch_rows(runtime: &Runtime) {
    for (writers, size) in [(1, 100), (8, 100), (1, 1000), (8, 1000)] {
        compare(
            &format!("in process, batches of {size}, raw"),
            writers,
            || runtime.block_on(raw_batches(writers, size)),
            || runtime.block_on(batches(writers, size)),
        );
    }
    for (writers, size) in [(1, 100), (8, 100), (1, 1000), (8, 1000)] {
        compare(
            &format!("units of {size} rows by call, echo"),
            writers,
            || runtime.block_on(echo_units(writers, size)),
            || runtime.block_on(units(writers, size)),
        );
    }
}

/// Measures the limit and ours in turns, and prints a row.
fn compare(what: &str, writers: usize, limit: impl Fn() -> f64, ours: impl Fn() -> f64) {
    let other_writers = |only: String| only.parse() != Ok(writers);
    if std::env::var("BENCH_ONLY").is_ok_and(|only| !what.contains(&only))
        || std::env::var("BENCH_WRITERS").is_ok_and(other_writers)
    {
        return;
    }
    let (mut limits, mut figures, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut limit_effort, mut effort) = (Vec::new(), Vec::new());
    for _ in 0..rounds() {
        let (limit, limit_cost) = unless("ours", &limit);
        let (ours, cost) = unless("limit", &ours);
        limits.push(limit);
        figures.push(ours);
        ratios.push(ours / limit);
        limit_effort.push(limit_cost);
        effort.push(cost);
    }
    println!(
        "| {what} | {writers} | {} | {} | {} | {:.1} : {:.1} |",
        spread(limits, 0),
        spread(figures, 0),
        spread(ratios, 2),
        median(&mut limit_effort),
        median(&mut effort),
    );
}

/// The figure and its cost, unless only the other side is to run.
fn unless(other: &str, figure: &impl Fn() -> f64) -> (f64, f64) {
    let only_other = std::env::var("BENCH_ALONE").is_ok_and(|alone| alone == other);
    if only_other { (1.0, 0.0) } else { with_effort(figure) }
}

/// A figure in events a second, and the processor time in microseconds that an event took,
/// clients included.
fn with_effort(figure: impl Fn() -> f64) -> (f64, f64) {
    let before = processor_time();
    let figure = figure();
    (figure, (processor_time() - before) * 1e6 / (figure * seconds().as_secs_f64()))
}

/// The processor time that this process has used, in seconds.
fn processor_time() -> f64 {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / TICKS_PER_SECOND
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn spread(mut figures: Vec<f64>, decimals: usize) -> String {
    let median = median(&mut figures);
    let (least, most) = (figures[0], figures[figures.len() - 1]);
    format!("{median:.decimals$} ({least:.decimals$}..{most:.decimals$})")
}

/// Runs `writers` tasks of `act` for a while; acts per second, times `each`.
async fn run<F, A>(writers: usize, each: usize, act: F) -> f64
where
    F: Fn(usize, u64) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = ()> + Send,
{
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let started = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let (act, stop, done) = (act.clone(), stop.clone(), done.clone());
            tokio::spawn(async move {
                let mut number = 0;
                while !stop.load(Relaxed) {
                    act(writer, number).await;
                    number += 1;
                    done.fetch_add(1, Relaxed);
                }
            })
        })
        .collect();
    tokio::time::sleep(seconds()).await;
    stop.store(true, Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    done.load(Relaxed) as f64 * each as f64 / started.elapsed().as_secs_f64()
}

// The disk: raw append and fdatasync by one thread that takes what has arrived.

type Job = (Bytes, oneshot::Sender<()>);

fn raw_writer(dir: &Path) -> mpsc::Sender<Job> {
    let (send, mut jobs) = mpsc::channel::<Job>(4096);
    let mut file: File =
        OpenOptions::new().create_new(true).append(true).open(dir.join("raw")).unwrap();
    std::thread::spawn(move || {
        let (mut group, mut bytes) = (Vec::new(), Vec::new());
        while jobs.blocking_recv_many(&mut group, 4096) > 0 {
            bytes.clear();
            for (payload, _) in &group {
                bytes.extend_from_slice(payload);
            }
            file.write_all(&bytes).unwrap();
            file.sync_data().unwrap();
            for (_, answer) in group.drain(..) {
                answer.send(()).unwrap();
            }
        }
    });
    send
}

async fn raw(writers: usize) -> f64 {
    raw_batches(writers, 1).await
}

async fn raw_batches(writers: usize, size: usize) -> f64 {
    let dir = tempfile::tempdir_in(".").unwrap();
    let jobs = raw_writer(dir.path());
    run(writers, size, move |_, _| {
        let jobs = jobs.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            let payload = Bytes::from(vec![7; EVENT_BYTES * size]);
            jobs.send((payload, answer)).await.unwrap();
            answered.await.unwrap();
        }
    })
    .await
}

async fn in_process(writers: usize) -> f64 {
    batches(writers, 1).await
}

async fn batches(writers: usize, size: usize) -> f64 {
    let dir = tempfile::tempdir_in(".").unwrap();
    let path = dir.path().join("log");
    let store = tokio::task::spawn_blocking(move || SledStore::open(&path, Arc::new(SystemClock)));
    let store = Arc::new(store.await.unwrap().unwrap());
    let appending = store.clone();
    let figure = run(writers, size, move |writer, number| {
        let store = appending.clone();
        async move {
            let append = (0..size).map(|place| StreamAppend {
                stream: StreamId::parse(&format!("application-a{writer}/{number}-{place}"))
                    .unwrap(),
                expected: ExpectedVersion::NoStream,
                events: vec![NewEvent {
                    event_type: "disclosure.event.v1.ApplicationReceived".into(),
                    payload: Bytes::from(vec![7; EVENT_BYTES - 120]),
                }],
                request: None,
            });
            store.append(Append(append.collect())).await.unwrap();
        }
    })
    .await;
    store.close().await.unwrap();
    figure
}

// The calls.

fn received(writer: usize, number: u64) -> pb::ReceiveApplicationRequest {
    pb::ReceiveApplicationRequest {
        write: Some(pb::WriteOptions {
            request_id: format!("{writer:04}-{number:032}"),
            ..Default::default()
        }),
        agency_id: "bench".to_owned(),
        application_id: format!("2024-{writer:04}-{number:08}"),
        applicant_kind: 1,
        receipt_date: Some(CivilDate { year: 2024, month: 5, day: 6 }),
        channel: 4,
        applicant_ref: "r".repeat(100),
        ..Default::default()
    }
}

/// Answers at once, or when a raw append of an event's length is durable.
#[derive(Default)]
struct Echo {
    disk: Option<mpsc::Sender<Job>>,
}

/// The service with the one method that is measured; no other is called.
macro_rules! echo {
    ($($method:ident: $request:ident -> $response:ident,)+) => {
        #[tonic::async_trait]
        impl ApplicationService for Echo {
            async fn receive_application(
                &self,
                request: Request<pb::ReceiveApplicationRequest>,
            ) -> Result<Response<pb::ReceiveApplicationResponse>, Status> {
                let request = request.into_inner();
                if let Some(disk) = &self.disk {
                    let (answer, answered) = oneshot::channel();
                    disk.send((Bytes::from(vec![7; EVENT_BYTES]), answer)).await.unwrap();
                    answered.await.unwrap();
                }
                Ok(Response::new(pb::ReceiveApplicationResponse {
                    application: Some(pb::Application {
                        agency_id: request.agency_id,
                        application_id: request.application_id,
                        receipt_date: request.receipt_date,
                        applicant_ref: request.applicant_ref,
                        ..Default::default()
                    }),
                    receipt: Some(pb::WriteReceipt::default()),
                }))
            }
            $(async fn $method(
                &self,
                _: Request<pb::$request>,
            ) -> Result<Response<pb::$response>, Status> {
                Err(Status::unimplemented(""))
            })+
        }
    };
}

echo! {
    decide_application: DecideApplicationRequest -> DecideApplicationResponse,
    withdraw_application: WithdrawApplicationRequest -> WithdrawApplicationResponse,
    correct_application_entry: CorrectApplicationEntryRequest -> CorrectApplicationEntryResponse,
    request_correction: RequestCorrectionRequest -> RequestCorrectionResponse,
    accept_correction: AcceptCorrectionRequest -> AcceptCorrectionResponse,
    consult_third_party: ConsultThirdPartyRequest -> ConsultThirdPartyResponse,
    register_third_party_opinion: RegisterThirdPartyOpinionRequest -> RegisterThirdPartyOpinionResponse,
    consult_agency: ConsultAgencyRequest -> ConsultAgencyResponse,
    register_agency_opinion: RegisterAgencyOpinionRequest -> RegisterAgencyOpinionResponse,
    extend_deadline: ExtendDeadlineRequest -> ExtendDeadlineResponse,
    request_reasons: RequestReasonsRequest -> RequestReasonsResponse,
    accept_reasons: AcceptReasonsRequest -> AcceptReasonsResponse,
    postpone_reply: PostponeReplyRequest -> PostponeReplyResponse,
    notify_fee: NotifyFeeRequest -> NotifyFeeResponse,
    register_fee_payment: RegisterFeePaymentRequest -> RegisterFeePaymentResponse,
    lapse_application: LapseApplicationRequest -> LapseApplicationResponse,
    amend_decision: AmendDecisionRequest -> AmendDecisionResponse,
    reopen_application: ReopenApplicationRequest -> ReopenApplicationResponse,
    void_application_entry: VoidApplicationEntryRequest -> VoidApplicationEntryResponse,
    get_application: GetApplicationRequest -> GetApplicationResponse,
    list_applications: ListApplicationsRequest -> ListApplicationsResponse,
}

#[tonic::async_trait]
impl IntakeService for Echo {
    type RecordRowsStream = std::pin::Pin<
        Box<dyn tokio_stream::Stream<Item = Result<pb::RecordRowsResponse, Status>> + Send>,
    >;

    async fn record_rows(
        &self,
        request: Request<Streaming<pb::RecordRowsRequest>>,
    ) -> Result<Response<Self::RecordRowsStream>, Status> {
        let rows = request.into_inner().map(|row| {
            let result = pb::record_rows_response::Result::Receipt(pb::WriteReceipt::default());
            Ok(pb::RecordRowsResponse { row: row?.row, result: Some(result) })
        });
        Ok(Response::new(Box::pin(rows)))
    }
}

async fn echo_server(disk: Option<mpsc::Sender<Job>>) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(ApplicationServiceServer::new(Echo { disk }))
            .add_service(IntakeServiceServer::new(Echo::default()))
            .serve_with_incoming(incoming),
    );
    address
}

struct Served {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: tokio::task::JoinHandle<()>,
    _dir: tempfile::TempDir,
}

async fn ledger_server() -> Served {
    let dir = tempfile::tempdir_in(".").unwrap();
    let path = dir.path().join("log");
    let store = tokio::task::spawn_blocking(move || SledStore::open(&path, Arc::new(SystemClock)));
    let store = Arc::new(store.await.unwrap().unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        let stop = async move { drop(stopped.await) };
        let settings = ServeSettings::default();
        serve(store, Arc::new(SystemClock), listener, settings, stop).await.unwrap();
    });
    let channel = connect(address).await;
    let request = pb::RegisterAgencyRequest {
        write: Some(pb::WriteOptions { request_id: "0".to_owned(), ..Default::default() }),
        agency_id: "bench".to_owned(),
        name: "局".to_owned(),
        ..Default::default()
    };
    AgencyServiceClient::new(channel).register_agency(request).await.unwrap();
    Served { address, stop: Some(stop), server, _dir: dir }
}

impl Served {
    async fn close(mut self) {
        drop(self.stop.take());
        self.server.await.unwrap();
    }
}

async fn connect(address: SocketAddr) -> Channel {
    let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
    endpoint.tcp_nodelay(true).connect().await.unwrap()
}

async fn unary(address: SocketAddr, writers: usize, connections: usize) -> f64 {
    let mut channels = Vec::new();
    for _ in 0..connections.min(writers) {
        channels.push(connect(address).await);
    }
    let channels = Arc::new(channels);
    run(writers, 1, move |writer, number| {
        let channel = channels[writer % channels.len()].clone();
        async move {
            let mut client = ApplicationServiceClient::new(channel);
            client.receive_application(received(writer, number)).await.unwrap();
        }
    })
    .await
}

async fn echo_calls(writers: usize, connections: usize) -> f64 {
    unary(echo_server(None).await, writers, connections).await
}

async fn syncing_calls(writers: usize) -> f64 {
    let dir = tempfile::tempdir_in(".").unwrap();
    unary(echo_server(Some(raw_writer(dir.path()))).await, writers, CONNECTIONS).await
}

async fn calls(writers: usize, connections: usize) -> f64 {
    let served = ledger_server().await;
    let figure = unary(served.address, writers, connections).await;
    served.close().await;
    figure
}

async fn streams(address: SocketAddr, streams: usize) -> f64 {
    const IN_FLIGHT: usize = 1024;
    let stop = Arc::new(AtomicBool::new(false));
    let started = Instant::now();
    let tasks: Vec<_> = (0..streams)
        .map(|stream| {
            let stop = stop.clone();
            tokio::spawn(async move {
                let channel = connect(address).await;
                let (send, rows) = mpsc::channel(IN_FLIGHT);
                let window = Arc::new(Semaphore::new(IN_FLIGHT));
                let free = window.clone();
                tokio::spawn(async move {
                    for number in 0.. {
                        window.acquire().await.unwrap().forget();
                        if stop.load(Relaxed) {
                            return;
                        }
                        let row = pb::RecordRowsRequest {
                            mode: pb::IntakeMode::Each.into(),
                            row: number,
                            command: Some(Command::ReceiveApplication(received(stream, number))),
                        };
                        send.send(row).await.unwrap();
                    }
                });
                let mut client = IntakeServiceClient::new(channel);
                let rows = client.record_rows(ReceiverStream::new(rows)).await.unwrap();
                let (mut rows, mut count) = (rows.into_inner(), 0_u64);
                while rows.message().await.unwrap().is_some() {
                    free.add_permits(1);
                    count += 1;
                }
                count
            })
        })
        .collect();
    tokio::time::sleep(seconds()).await;
    stop.store(true, Relaxed);
    let mut count = 0;
    for task in tasks {
        count += task.await.unwrap();
    }
    count as f64 / started.elapsed().as_secs_f64()
}

async fn echo_stream(count: usize) -> f64 {
    streams(echo_server(None).await, count).await
}

async fn stream(count: usize) -> f64 {
    let served = ledger_server().await;
    let figure = streams(served.address, count).await;
    served.close().await;
    figure
}

/// Units that are recorded whole or not at all, each a stream of its own.
async fn whole_units(address: SocketAddr, writers: usize, size: usize) -> f64 {
    let mut channels = Vec::new();
    for _ in 0..writers {
        channels.push(connect(address).await);
    }
    let channels = Arc::new(channels);
    run(writers, size, move |writer, number| {
        let channel = channels[writer].clone();
        async move {
            let rows = (0..size as u64).map(move |place| pb::RecordRowsRequest {
                mode: pb::IntakeMode::AllOrNothing.into(),
                row: place,
                command: Some(Command::ReceiveApplication(received(
                    writer,
                    number * size as u64 + place,
                ))),
            });
            let mut client = IntakeServiceClient::new(channel);
            let answers = client.record_rows(tokio_stream::iter(rows)).await.unwrap();
            let (mut answers, mut count) = (answers.into_inner(), 0);
            while let Some(answer) = answers.message().await.unwrap() {
                let recorded =
                    matches!(answer.result, Some(pb::record_rows_response::Result::Receipt(_)));
                assert!(recorded, "{answer:?}");
                count += 1;
            }
            assert_eq!(count, size);
        }
    })
    .await
}

async fn echo_units(writers: usize, size: usize) -> f64 {
    whole_units(echo_server(None).await, writers, size).await
}

async fn units(writers: usize, size: usize) -> f64 {
    let served = ledger_server().await;
    let figure = whole_units(served.address, writers, size).await;
    served.close().await;
    figure
}
