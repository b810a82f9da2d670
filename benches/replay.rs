//! How fast the log is opened and folded, how much memory it takes, and how long a report takes.
//!
//! ```text
//! cargo bench --bench replay
//! BENCH_EVENTS=1000000,5000000 BENCH_ROUNDS=3 BENCH_ONLY=open cargo bench --bench replay
//! ```
//!
//! The log is a synthetic one of several years, [`EVENTS_PER_YEAR`] each, recorded in the order of
//! its dates; it is made once and kept under `target/tmp`. Every figure is taken in a process of
//! its own, in several rounds, and the table has the median with the least and the most. Files are
//! in the page cache unless the row says otherwise, and `raw read` is what merely reading the
//! journal takes in the same run: the limit of every replay. `soak` is memory while a log takes
//! events about applications that it holds, and then as many about new ones.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot go on stops, and prints what it measured"
)]

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Instant,
};

use bytes::Bytes;
use disclosure_ledger::{
    clock::SystemClock,
    domain::{
        AgencyId, ApplicationId, Body, Event, LegalDate, ReportYear, ShortText, agency,
        application::{self, CountingPolicy},
    },
    projection::{AsOf, Projection, Register, Scope, StatementOf, replay},
    render::{Fonts, Format, Report, render},
    server::{ServeSettings, serve},
    statistics::Background,
    store::{
        Append, EventStore, ExpectedVersion, NewEvent, Request, SledStore, StreamAppend, StreamId,
    },
    synthetic::{MadeUp, Plan},
    wire::{
        self,
        pb::v1::{self as pb, report_service_client::ReportServiceClient},
    },
};
use rustix::fs::Advice;
use tokio::net::TcpListener;
use tonic::transport::Channel;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const AGENCIES: usize = 3_000;
/// About as many as two events for each application that is decided within the year.
const EVENTS_PER_YEAR: usize = 1_250_000;
/// The year that reports are asked for, the last of the log.
const LAST_YEAR: i16 = 2024;
/// As many as a busy writer gathers into one frame.
const PER_APPEND: usize = 256;
const REPORTS: usize = 5_000;
/// What is measured of a log that stays as it is.
const ROLES: [&str; 10] = [
    "disk",
    "memory",
    "raw",
    "replay-1",
    "replay-2",
    "replay-4",
    "open",
    "open-uncached",
    "serve",
    "report",
];
/// What the kept logs depend on; to be raised when they would come out otherwise.
const MADE_BY: &str = "1";

fn main() {
    if let Ok(role) = std::env::var("BENCH_CHILD") {
        let dir = PathBuf::from(std::env::var("BENCH_DIR").unwrap());
        return tokio::runtime::Runtime::new().unwrap().block_on(child(&role, &dir));
    }
    let cores = std::thread::available_parallelism().unwrap();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{cores} cores, load {}, {} rounds", load.trim(), rounds());
    println!("| what | events | median | least..most |");
    println!("|---|---:|---:|---:|");
    let sizes = std::env::var("BENCH_EVENTS").unwrap_or_else(|_| "1000000,5000000".to_owned());
    for (number, events) in sizes.split(',').enumerate() {
        // What a log grows by does not depend on its size.
        measure(events.parse().unwrap(), if number == 0 { &["kill", "soak"] } else { &["kill"] });
    }
}

fn rounds() -> usize {
    std::env::var("BENCH_ROUNDS").map_or(3, |text| text.parse().unwrap())
}

fn is_wanted(role: &str) -> bool {
    std::env::var("BENCH_ONLY").map_or(true, |only| role.contains(&only))
}

fn measure(events: usize, changing: &[&str]) {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("replay-{events}-{MADE_BY}"));
    if !kept.is_dir() {
        let begun = kept.with_extension("begun");
        _ = fs::remove_dir_all(&begun);
        run("make", &begun, &[("BENCH_MAKE", events.to_string())]);
        fs::rename(&begun, &kept).unwrap();
    }
    let mut table = Table { events, rows: BTreeMap::new() };
    for role in ROLES {
        // The others come out the same every time.
        let times = if ["disk", "memory"].contains(&role) { 1 } else { rounds() };
        for _ in 0..if is_wanted(role) { times } else { 0 } {
            table.take(run(role, &kept, &[]));
        }
    }
    for changing in changing.iter().filter(|role| is_wanted(role)) {
        let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let copy = scratch.path().join("ledger");
        copy_tree(&kept, &copy);
        if *changing == "soak" {
            table.take(run("soak", &copy, &[]));
            continue;
        }
        for _ in 0..rounds() {
            // The last checkpoint then is nearly as old as it gets: an eighth of the log.
            kill(spawn("append", &copy, &[("BENCH_MAKE", (events / 10).to_string())]));
            let killed = spawn("open-killed", &copy, &[]);
            table.take(kill(killed));
            run("settle", &copy, &[]);
        }
    }
    table.print();
}

/// Figures by what they are of, in the order in which they came.
struct Table {
    events: usize,
    rows: BTreeMap<String, Vec<f64>>,
}

impl Table {
    fn take(&mut self, figures: Vec<(String, f64)>) {
        for (what, figure) in figures {
            self.rows.entry(what).or_default().push(figure);
        }
    }

    fn print(self) {
        for (what, mut figures) in self.rows {
            figures.sort_by(f64::total_cmp);
            let (least, most) = (figures[0], figures[figures.len() - 1]);
            let median = figures[figures.len() / 2];
            let spread =
                if figures.len() > 1 { format!("{least:.2}..{most:.2}") } else { String::new() };
            println!("| {what} | {} | {median:.2} | {spread} |", self.events);
        }
    }
}

// A process for each figure: it prints lines of `what: figure`, then `ready`, and may be killed.

fn spawn(role: &str, dir: &Path, settings: &[(&str, String)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env("BENCH_CHILD", role).env("BENCH_DIR", dir).stdout(Stdio::piped());
    command.envs(settings.iter().map(|(name, value)| (name, value))).spawn().unwrap()
}

/// What a process printed until it was ready.
fn figures(child: &mut Child) -> Vec<(String, f64)> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let figures = lines.take_while(|line| line != "ready").map(|line| {
        let (what, figure) = line.rsplit_once(": ").unwrap();
        (what.to_owned(), figure.parse().unwrap())
    });
    figures.collect()
}

fn run(role: &str, dir: &Path, settings: &[(&str, String)]) -> Vec<(String, f64)> {
    let mut child = spawn(role, dir, settings);
    let figures = figures(&mut child);
    assert!(child.wait().unwrap().success(), "{role} failed");
    figures
}

fn kill(mut child: Child) -> Vec<(String, f64)> {
    let figures = figures(&mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    figures
}

fn tell(what: &str, figure: f64) {
    println!("{what}: {figure}");
}

fn ready() {
    println!("ready");
}

async fn child(role: &str, dir: &Path) {
    let extra = || std::env::var("BENCH_MAKE").unwrap().parse().unwrap();
    match role {
        "make" => make(dir, extra()).await,
        "append" => {
            let store = open(dir);
            more(&store, extra(), "2024-k").await;
            ready();
            std::future::pending::<()>().await;
        }
        "settle" => open(dir).close().await.unwrap(),
        "disk" => disk(dir),
        "raw" => raw(dir),
        "open" => drop(timed_open("open after a clean stop, s", dir)),
        "open-uncached" => {
            forget(dir);
            drop(timed_open("open after a clean stop, files not in memory, s", dir));
        }
        "open-killed" => {
            let store = timed_open("open after a kill, a tenth of the log later, s", dir);
            ready();
            std::future::pending::<()>().await;
            drop(store);
        }
        "serve" => first_report(dir).await,
        "report" => reports(dir).await,
        "memory" => memory(dir).await,
        "soak" => soak(dir).await,
        _ => cold(dir, role.rsplit_once('-').unwrap().1.parse().unwrap()).await,
    }
}

fn open(dir: &Path) -> SledStore {
    SledStore::open(dir, Arc::new(SystemClock)).unwrap()
}

fn timed_open(what: &str, dir: &Path) -> SledStore {
    let begin = Instant::now();
    let store = open(dir);
    tell(what, begin.elapsed().as_secs_f64());
    store
}

async fn cold(dir: &Path, threads: usize) {
    let store = open(dir);
    let (begin, work) = (Instant::now(), processor_seconds());
    let threads = NonZeroUsize::new(threads).unwrap();
    let policy = CountingPolicy::default();
    let register = replay(&store, store.head(), &Scope::Everyone, threads, policy).await.unwrap();
    let (time, work) = (begin.elapsed().as_secs_f64(), processor_seconds() - work);
    let events = register.position().get() as f64;
    tell(&format!("cold replay, {threads} threads, M events/s"), events / time / 1e6);
    tell(&format!("cold replay, {threads} threads, processor ns per event"), work / events * 1e9);
}

/// The log read from the journal's files and nothing else.
fn raw(dir: &Path) {
    let (begin, mut bytes, mut buffer) = (Instant::now(), 0, vec![0; 1 << 20]);
    for path in files(&dir.join("journal")) {
        let mut file = fs::File::open(path).unwrap();
        loop {
            let read = file.read(&mut buffer).unwrap();
            if read == 0 {
                break;
            }
            bytes += read;
        }
    }
    tell("raw read of the journal, GB/s", bytes as f64 / begin.elapsed().as_secs_f64() / 1e9);
}

fn disk(dir: &Path) {
    let events = open(dir).head().get() as f64;
    for part in ["journal", "sled"] {
        let lengths = files(&dir.join(part)).into_iter().map(|path| fs::metadata(path).unwrap());
        let bytes: u64 = lengths.map(|file| file.len()).sum();
        tell(&format!("disk, {part}, bytes per event"), bytes as f64 / events);
    }
}

async fn first_report(dir: &Path) {
    let begin = Instant::now();
    let store: Arc<dyn EventStore> = Arc::new(open(dir));
    let mut client = served(store).await;
    render_over(&mut client, agency_id(0)).await;
    tell("start of a server to its first report, s", begin.elapsed().as_secs_f64());
}

async fn served(store: Arc<dyn EventStore>) -> ReportServiceClient<Channel> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let settings = ServeSettings::default();
    tokio::spawn(serve(store, Arc::new(SystemClock), listener, settings, std::future::pending()));
    ReportServiceClient::connect(url).await.unwrap()
}

async fn render_over(client: &mut ReportServiceClient<Channel>, agency: AgencyId) {
    let request = pb::RenderReportRequest {
        selector: Some(pb::ReportSelector {
            agency_id: agency.to_string(),
            year: LAST_YEAR.into(),
            ..Default::default()
        }),
        format: pb::ReportFormat::Json.into(),
        published_version: 0,
    };
    let mut parts = client.render_report(request).await.unwrap().into_inner();
    let mut bytes = 0;
    while let Some(part) = parts.message().await.unwrap() {
        if let Some(pb::render_report_response::Part::Chunk(chunk)) = part.part {
            bytes += chunk.len();
        }
    }
    assert!(bytes > 1_000, "a report is longer");
}

async fn reports(dir: &Path) {
    let store: Arc<dyn EventStore> = Arc::new(open(dir));
    let projection = Projection::start(store.clone()).await.unwrap();
    let fonts = Fonts::vendored().unwrap();
    let mut times = Vec::new();
    for number in 0..REPORTS {
        let begin = Instant::now();
        render_here(&projection, agency_id(number * 7 % AGENCIES), &fonts).await;
        times.push(begin.elapsed());
    }
    percentiles("report as JSON, drawn up and rendered in process", times);
    drop(projection);
    let mut client = served(store).await;
    let mut times = Vec::new();
    for number in 0..REPORTS {
        let begin = Instant::now();
        render_over(&mut client, agency_id(number * 7 % AGENCIES)).await;
        times.push(begin.elapsed());
    }
    percentiles("report as JSON, call and answer over loopback", times);
}

async fn render_here(projection: &Projection, agency_id: AgencyId, fonts: &Fonts) {
    let year = ReportYear::new(LAST_YEAR.into()).unwrap();
    let of = StatementOf { agency_id, year, subtree: false, form: None };
    let (statement, position) = projection.statement(AsOf::Now, &of).await.unwrap();
    let report = Report {
        agency_id: of.agency_id.to_string(),
        agency_name: statement.agency.name.as_str().to_owned(),
        contact: statement.agency.contact.as_str().to_owned(),
        year,
        tables: statement.tables,
        sections: statement.sections,
        findings: statement.findings,
        as_of_position: position.get(),
        background: Background::default(),
        policy: statement.policy,
    };
    let document = render(&report, Format::Json, fonts).unwrap();
    assert!(document.len() > 1_000, "a report is longer");
}

fn percentiles(what: &str, mut times: Vec<std::time::Duration>) {
    times.sort();
    for (name, share) in [("p50", 50), ("p99", 99)] {
        let time = times[times.len() * share / 100];
        tell(&format!("{what}, {name}, µs"), time.as_secs_f64() * 1e6);
    }
}

async fn memory(dir: &Path) {
    let before = resident();
    let store = Arc::new(open(dir));
    let opened = resident();
    let projection = Projection::start(store.clone()).await.unwrap();
    let ask = projection.ask(AsOf::Now, Register::footprint);
    let held = ask.await.unwrap().0;
    let (index, number) = (store.memory(), held.applications as f64);
    tell("memory, streams, bytes per application", index.stream_bytes as f64 / number);
    tell("memory, requests, bytes per application", index.request_bytes as f64 / number);
    tell("memory, register, bytes per application", held.bytes as f64 / number);
    let counted = index.stream_bytes + index.request_bytes + held.bytes;
    tell("memory, all counted, bytes per application", counted as f64 / number);
    tell("memory, resident, after opening, MB", (opened - before) / 1e6);
    tell("memory, resident, after replay, MB", (resident() - before) / 1e6);
    tell("memory, resident at most, MB", peak() / 1e6);
}

/// The process's memory in bytes, by Linux's own account; 0 where that is not to be had.
fn resident() -> f64 {
    status("VmRSS:")
}

fn peak() -> f64 {
    status("VmHWM:")
}

fn status(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let kilobytes = line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0);
    kilobytes * 1024.0
}

/// The processor time of this process, by Linux's own account; 0 where that is not to be had.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split(' ');
    let ticks: u64 = fields.skip(12).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

/// How memory grows: hardly with events about what is held already, but for their requests, and
/// with new applications by what the rows on memory say.
async fn soak(dir: &Path) {
    let store = Arc::new(open(dir));
    let projection = Projection::start(store.clone()).await.unwrap();
    let number = 500_000;
    let counted = async || {
        let held = projection.ask(AsOf::Now, Register::footprint).await.unwrap().0;
        let index = store.memory();
        (index.stream_bytes + index.request_bytes + held.bytes) as f64
    };
    let mut before = 0.0;
    for (what, prefix, requests, times) in [
        // The first only fills what is made on first use, sled's caches above all.
        ("4 M events before it begins", "2024-w", false, 8),
        ("2 M events about applications held", "2024-w", false, 4),
        ("2 M events more", "2024-w", false, 4),
        ("0.5 M events with requests", "2024-w", true, 1),
        ("0.5 M events about new applications, with requests", "2024-n", true, 1),
    ] {
        for _ in 0..times {
            more_with(&store, number, prefix, requests).await;
        }
        let now = counted().await;
        let each = (now - before) / (number * times) as f64;
        before = now;
        if each < 100.0 {
            tell(&format!("soak, {what}, counted, bytes per event"), each);
        }
        tell(&format!("soak, {what}, resident then, MB"), resident() / 1e6);
    }
}

// The log.

async fn make(dir: &Path, events: usize) {
    let years = events.div_ceil(EVENTS_PER_YEAR);
    let store = open(dir);
    let mut writer = Writing::to(&store);
    let plan = |year: i16| Plan {
        year,
        agencies: AGENCIES,
        applications: events * 27 / 50 / years,
        seed: u64::from(year.unsigned_abs()),
    };
    let ids = plan(LAST_YEAR).agencies().unwrap();
    for (number, (id, above)) in ids.iter().enumerate() {
        let registered = agency::Event::Registered(agency::Register {
            name: ShortText::parse(&format!("示例机关{number}")).unwrap(),
            parent: above.map(|above| ids[above].0.clone()),
            from_year: 2008,
            contact: ShortText::default(),
        });
        writer.record(id, Body::Agency(registered)).await;
    }
    let first = LAST_YEAR + 1 - i16::try_from(years).unwrap();
    let mut left = events - AGENCIES;
    for year in first..=LAST_YEAR {
        let made: Vec<MadeUp> = plan(year).applications().collect();
        let received = made.iter().map(|made| (made.receipt_date, false, made));
        let decided = made.iter().filter_map(|made| Some((made.conclusion?.0, true, made)));
        let mut acts: Vec<_> = received.chain(decided).collect();
        acts.sort_by_key(|(date, is_decision, _)| (*date, *is_decision));
        acts.truncate(left);
        left -= acts.len();
        for (_, is_decision, made) in acts {
            let event = if is_decision { decided_event(made) } else { received_event(made) };
            writer.record(&ids[made.agency].0, Body::Application(made.id.clone(), event)).await;
        }
    }
    writer.flush().await;
    store.close().await.unwrap();
}

/// Records events about as many applications of that prefix as there are, or half as many new.
async fn more(store: &SledStore, events: usize, prefix: &str) {
    more_with(store, events, prefix, true).await;
}

async fn more_with(store: &SledStore, events: usize, prefix: &str, requests: bool) {
    let year = Plan { year: LAST_YEAR, agencies: AGENCIES, applications: events, seed: 7 };
    let ids = year.agencies().unwrap();
    let mut writer = Writing::to(store);
    writer.requests = requests;
    let mut left = events;
    for (number, made) in year.applications().enumerate() {
        // The same agency for the same number, so that it is the same application again.
        let (agency, id) = (&ids[number % AGENCIES].0, format!("{prefix}{number:06}"));
        let id = ApplicationId::parse(&id).unwrap();
        for event in [Some(received_event(&made)), made.conclusion.map(|_| decided_event(&made))] {
            if let (Some(event), 1..) = (event, left) {
                writer.record(agency, Body::Application(id.clone(), event)).await;
                left -= 1;
            }
        }
        if left == 0 {
            break;
        }
    }
    writer.flush().await;
}

fn received_event(made: &MadeUp) -> application::Event {
    application::Event::Received(application::Received {
        applicant_kind: made.applicant_kind,
        receipt_date: made.receipt_date,
        channel: Some(made.channel),
        applicant_ref: ShortText::default(),
        arrival: None,
    })
}

fn decided_event(made: &MadeUp) -> application::Event {
    let (date, disposition): (LegalDate, _) = made.conclusion.unwrap();
    let document_no = format!("示例公开〔{}〕{}号", date.year(), made.id);
    application::Event::Decided(application::Decided {
        disposition,
        decision_date: date,
        document_no: ShortText::parse(&document_no).unwrap(),
        delivery: application::Delivery::default(),
    })
}

/// Events on their way into the store, a frame at a time.
struct Writing<'a> {
    store: &'a SledStore,
    parts: Vec<StreamAppend>,
    requests: bool,
    next: u64,
}

impl<'a> Writing<'a> {
    fn to(store: &'a SledStore) -> Self {
        Self { store, parts: Vec::new(), requests: true, next: store.head().get() << 20 }
    }

    async fn record(&mut self, agency_id: &AgencyId, body: Body) {
        let event = Event { agency_id: Some(agency_id.clone()), actor: ShortText::default(), body };
        self.next += 1;
        let key = u128::from(self.next).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let key = key.to_le_bytes();
        self.parts.push(StreamAppend {
            stream: StreamId::parse(&wire::stream_of(&event)).unwrap(),
            expected: ExpectedVersion::Any,
            events: vec![NewEvent {
                event_type: wire::event_type(&event.body).into(),
                payload: Bytes::from(wire::encode(&event)),
            }],
            request: self.requests.then_some(Request { key, fingerprint: key }),
        });
        if self.parts.len() >= PER_APPEND {
            self.flush().await;
        }
    }

    async fn flush(&mut self) {
        if !self.parts.is_empty() {
            self.store.append(Append(std::mem::take(&mut self.parts))).await.unwrap();
        }
    }
}

fn agency_id(number: usize) -> AgencyId {
    AgencyId::parse(&format!("agency-{number:05}")).unwrap()
}

// Files.

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn copy_tree(from: &Path, to: &Path) {
    for path in files(from) {
        let copy = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(&path, &copy).unwrap();
    }
}

/// Drops files from the page cache.
fn forget(dir: &Path) {
    for path in files(dir) {
        let file = fs::File::open(path).unwrap();
        file.sync_all().unwrap();
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).unwrap();
    }
}
