//! How much a backup, an export or a verification holds up those who write.
//!
//! ```text
//! cargo bench --bench backup
//! BENCH_EVENTS=5000000 BENCH_SECONDS=20 cargo bench --bench backup
//! ```
//!
//! The program itself serves a made-up log, while 32 clients record one application after another.
//! Alone, and beside each command that reads the whole log, by turns in one run: the longest time
//! in which nobody was acknowledged, the longest call, and the acknowledgements a second. The copy
//! goes to the disk that the log is on, which is the worst place for it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot go on stops, and prints what it measured"
)]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use disclosure_ledger::wire::pb::{
    event::v1::CivilDate,
    v1::{self as pb, application_service_client::ApplicationServiceClient},
};
use tonic::transport::Channel;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLIENTS: u64 = 32;
const CONNECTIONS: usize = 8;

fn figure(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

fn program(url: &str, line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_disclosure"));
    command.args(["--json", "--server", url]).args(line).stdout(Stdio::null());
    command
}

/// A server; killed when dropped.
struct Server(Child);

impl Server {
    fn start(data: &Path) -> (Self, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_disclosure"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.strip_prefix("serving on ").unwrap().split(',').next().unwrap();
        (Self(child), url.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// What the clients saw.
#[derive(Default)]
struct Seen {
    acknowledged: u64,
    last: Option<Instant>,
    longest_gap: Duration,
    longest_call: Duration,
}

/// Records until it is stopped, by all clients.
async fn record(
    channels: &[Channel],
    number: &Arc<AtomicU64>,
    stop: &Arc<AtomicBool>,
) -> Arc<Mutex<Seen>> {
    let seen = Arc::new(Mutex::new(Seen { last: Some(Instant::now()), ..Seen::default() }));
    let tasks: Vec<_> = (0..CLIENTS)
        .zip(channels.iter().cycle())
        .map(|(_, channel)| {
            let mut client = ApplicationServiceClient::new(channel.clone());
            let (seen, number, stop) = (seen.clone(), number.clone(), stop.clone());
            tokio::spawn(async move {
                while !stop.load(Relaxed) {
                    let begun = Instant::now();
                    let request = received(number.fetch_add(1, Relaxed));
                    client.receive_application(request).await.unwrap();
                    let (now, mut seen) = (Instant::now(), seen.lock().unwrap());
                    let gap = now.saturating_duration_since(seen.last.unwrap());
                    seen.longest_gap = seen.longest_gap.max(gap);
                    seen.longest_call = seen.longest_call.max(now - begun);
                    seen.last = Some(now);
                    seen.acknowledged += 1;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    seen
}

fn received(number: u64) -> pb::ReceiveApplicationRequest {
    pb::ReceiveApplicationRequest {
        write: Some(pb::WriteOptions {
            request_id: format!("bench-{number:032}"),
            ..Default::default()
        }),
        agency_id: "agency-00000".to_owned(),
        application_id: format!("bench-{number:08}"),
        applicant_kind: 1,
        receipt_date: Some(CivilDate { year: 2024, month: 5, day: 6 }),
        channel: 4,
        applicant_ref: "r".repeat(100),
        ..Default::default()
    }
}

/// Runs a command over and over until time is up; how often it came to its end.
async fn beside(url: &str, dir: &Path, line: &[&str], until: Instant) -> u64 {
    let mut runs = 0;
    while Instant::now() < until {
        let copy = dir.join(format!("copy-{runs}"));
        let line: Vec<_> = line
            .iter()
            .map(|word| if *word == "@" { copy.to_str().unwrap() } else { word })
            .collect();
        let mut command = program(url, &line);
        let ended = tokio::task::spawn_blocking(move || command.status()).await.unwrap();
        assert!(ended.unwrap().success());
        runs += 1;
        if copy.is_dir() {
            std::fs::remove_dir_all(copy).unwrap();
        } else if copy.exists() {
            std::fs::remove_file(copy).unwrap();
        }
    }
    runs
}

#[tokio::main]
async fn main() {
    let (events, seconds) = (figure("BENCH_EVENTS", 1_000_000), figure("BENCH_SECONDS", 10));
    let dir = tempfile::tempdir_in(".").unwrap();
    let (_server, url) = Server::start(&dir.path().join("log"));
    let applications = (events / 2).to_string();
    let generated = program(&url, &["generate", "--applications", &applications]).status();
    assert!(generated.unwrap().success());
    let mut channels = Vec::new();
    for _ in 0..CONNECTIONS {
        channels.push(Channel::from_shared(url.clone()).unwrap().connect().await.unwrap());
    }
    println!(
        "{} cores, load {}, {CLIENTS} clients, about {events} events, {seconds} s each",
        std::thread::available_parallelism().unwrap(),
        std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim(),
    );
    println!("| beside | runs | nobody acknowledged, ms | longest call, ms | acknowledged/s |");
    println!("|---|---:|---:|---:|---:|");
    let number = Arc::new(AtomicU64::new(0));
    let commands: BTreeMap<_, &[&str]> = BTreeMap::from([
        ("0 nothing", &[][..]),
        ("1 backup", &["backup", "--to", "@"]),
        ("2 export", &["export", "--output", "@"]),
        ("3 verify", &["verify"]),
    ]);
    for round in 0..figure("BENCH_ROUNDS", 3) {
        for (name, line) in &commands {
            let stop = Arc::new(AtomicBool::new(false));
            let until = Instant::now() + Duration::from_secs(seconds);
            let copying = async {
                let runs = if line.is_empty() {
                    tokio::time::sleep_until(until.into()).await;
                    0
                } else {
                    beside(&url, dir.path(), line, until).await
                };
                stop.store(true, Relaxed);
                runs
            };
            let begun = Instant::now();
            let (seen, runs) = tokio::join!(record(&channels, &number, &stop), copying);
            let (seen, took) = (seen.lock().unwrap(), begun.elapsed().as_secs_f64());
            println!(
                "| {}, round {round} | {runs} | {:.0} | {:.0} | {:.0} |",
                &name[2..],
                seen.longest_gap.as_secs_f64() * 1e3,
                seen.longest_call.as_secs_f64() * 1e3,
                seen.acknowledged as f64 / took
            );
        }
    }
}
