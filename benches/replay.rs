//! How fast the log is folded, how much memory the registers take, and how long a statement takes.
//!
//! ```text
//! cargo bench --bench replay -- 1000000 5000000
//! ```
//!
//! Synthetic and always the same: 3,000 agencies of very different sizes, each application received
//! and decided. Cold replay is measured for 1, 2 and 4 threads, three times each, and the best
//! counts; what else the machine did is for the reader to know.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    reason = "figures for people"
)]

use std::{collections::VecDeque, error::Error, num::NonZeroUsize, sync::Arc, time::Instant};

use bytes::Bytes;
use disclosure_ledger::{
    clock::SystemClock,
    domain::{
        AgencyId, ApplicantKind, ApplicationId, Body, Channel, Disposition, Event, LegalDate,
        ReportYear, ShortText, agency, application,
    },
    projection::{AsOf, Projection, Register, Scope, StatementOf, replay},
    store::{
        Append, EventStore, ExpectedVersion, MemoryStore, NewEvent, Request, SledStore,
        StreamAppend, StreamId,
    },
    wire,
};

const AGENCIES: u64 = 3_000;
const PER_APPEND: usize = 1_000;
const PENDING: usize = 50_000;
const QUESTIONS: usize = 5_000;
const ROUNDS: usize = 3;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome {
    let numbers = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let mut sizes: Vec<u64> = numbers.collect();
    if sizes.is_empty() {
        sizes = vec![1_000_000];
    }
    for events in sizes {
        let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new(Arc::new(SystemClock)));
        measure("memory", store, events).await?;
        let dir = tempfile::tempdir()?;
        let store = SledStore::open(dir.path(), Arc::new(SystemClock))?;
        measure("sled", Arc::new(store), events).await?;
    }
    Ok(())
}

async fn measure(name: &str, store: Arc<dyn EventStore>, events: u64) -> Outcome {
    fill(store.as_ref(), events).await?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let millions = store.head().get() as f64 / 1e6;
    println!("\n{name}: {millions:.2} M events; load {}", load.trim());
    for threads in [1, 2, 4] {
        let threads = NonZeroUsize::new(threads).ok_or("no threads")?;
        let (mut best, mut least_work) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..ROUNDS {
            let (begin, work) = (Instant::now(), processor_seconds());
            cold(store.as_ref(), threads).await?;
            best = best.min(begin.elapsed().as_secs_f64());
            least_work = least_work.min(processor_seconds() - work);
        }
        let (speed, work) = (millions / best, least_work * 1e3 / millions);
        println!(
            "  cold replay, {threads} threads   {speed:8.2} M events/s, {work:.0} ns of work each"
        );
    }
    let held = cold(store.as_ref(), NonZeroUsize::MIN).await?.footprint();
    println!("  applications held        {:8}", held.applications);
    println!("  bytes for each           {:8.1}", held.bytes as f64 / held.applications as f64);
    ask(store).await
}

async fn cold(store: &dyn EventStore, threads: NonZeroUsize) -> Outcome<Register> {
    Ok(replay(store, store.head(), &Scope::Everyone, threads).await?)
}

async fn ask(store: Arc<dyn EventStore>) -> Outcome {
    let projection = Projection::start(store.clone()).await?;
    let mut random = Random(7);
    let mut times = Vec::new();
    for _ in 0..QUESTIONS {
        let of = statement_of(random.agency(), false)?;
        let begin = Instant::now();
        projection.statement(AsOf::Now, &of).await?;
        times.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    percentiles("statement, one agency", times);
    let mut times = Vec::new();
    for _ in 0..200 {
        let begin = Instant::now();
        projection.statement(AsOf::Now, &statement_of(0, true)?).await?;
        times.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    percentiles("statement, all agencies", times);
    let begin = Instant::now();
    projection.statement(AsOf::Position(store.head()), &statement_of(5, false)?).await?;
    println!("  one agency as of the end {:8.0} ms", begin.elapsed().as_secs_f64() * 1e3);
    Ok(())
}

fn statement_of(agency: u64, subtree: bool) -> Outcome<StatementOf> {
    Ok(StatementOf {
        agency_id: agency_id(agency)?,
        year: ReportYear::new(2024)?,
        subtree,
        form: None,
    })
}

fn percentiles(what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    println!("  {what:24} {:8.1} µs p50, {:.1} µs p99", at(50), at(99));
}

/// The processor time of this process, by Linux's own account; 0 where that is not to be had.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split(' ');
    let ticks: u64 = fields.skip(12).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

async fn fill(store: &dyn EventStore, events: u64) -> Outcome {
    let mut random = Random(1);
    let mut parts = Vec::new();
    for agency in 0..AGENCIES {
        parts.push(recorded(&register(agency)?, &mut random)?);
    }
    let mut pending = VecDeque::new();
    let backlog = PENDING.min(usize::try_from(events / 20)?);
    let mut numbers = vec![0_u32; usize::try_from(AGENCIES)?];
    for done in 0..events {
        // Three years pass while the log is written.
        let day = i64::try_from(done * 1_000 / events)?;
        let decide = done % 2 == 1 && pending.len() > backlog;
        let next = if decide { pending.pop_front() } else { None };
        let event = if let Some((agency, id)) = next {
            decided(agency, id, day, &mut random)?
        } else {
            let agency = random.agency();
            let number = numbers.get_mut(usize::try_from(agency)?).ok_or("no such agency")?;
            *number += 1;
            let id = ApplicationId::parse(&format!("{}-{number:06}", 2022 + day / 365))?;
            pending.push_back((agency, id.clone()));
            received(agency, id, day, &mut random)?
        };
        parts.push(recorded(&event, &mut random)?);
        if parts.len() >= PER_APPEND {
            store.append(Append(std::mem::take(&mut parts))).await?;
        }
    }
    store.append(Append(parts)).await?;
    Ok(())
}

fn recorded(event: &Event, random: &mut Random) -> Outcome<StreamAppend> {
    let half = |number: u64| u128::from(number).to_le_bytes();
    Ok(StreamAppend {
        stream: StreamId::parse(&wire::stream_of(event))?,
        expected: ExpectedVersion::Any,
        events: vec![NewEvent {
            event_type: wire::event_type(&event.body).into(),
            payload: Bytes::from(wire::encode(event)),
        }],
        request: Some(Request { key: half(random.next()), fingerprint: half(random.next()) }),
    })
}

fn agency_id(number: u64) -> Outcome<AgencyId> {
    Ok(AgencyId::parse(&format!("agency-{number:04}"))?)
}

fn register(number: u64) -> Outcome<Event> {
    let parent = if number == 0 { None } else { Some(agency_id(number / 60)?) };
    let register = agency::Register {
        name: ShortText::parse(&format!("机关{number}"))?,
        parent,
        from_year: 2008,
        contact: ShortText::default(),
    };
    Ok(Event {
        agency_id: Some(agency_id(number)?),
        actor: ShortText::default(),
        body: Body::Agency(agency::Event::Registered(register)),
    })
}

fn received(agency: u64, id: ApplicationId, day: i64, random: &mut Random) -> Outcome<Event> {
    let received = application::Received {
        applicant_kind: random.of(ApplicantKind::ALL)?,
        receipt_date: date(day)?,
        channel: Some(random.of(Channel::ALL)?),
        applicant_ref: ShortText::parse(&format!("p-{}", random.next() % 1_000_000))?,
    };
    event(agency, Body::Application(id, application::Event::Received(received)))
}

fn decided(agency: u64, id: ApplicationId, day: i64, random: &mut Random) -> Outcome<Event> {
    let dispositions: Vec<Disposition> = Disposition::all().collect();
    let decided = application::Decided {
        disposition: random.of(&dispositions)?,
        decision_date: date(day)?,
        document_no: ShortText::parse(&format!("〔2024〕{}号", random.next() % 10_000))?,
    };
    event(agency, Body::Application(id, application::Event::Decided(decided)))
}

fn event(agency: u64, body: Body) -> Outcome<Event> {
    Ok(Event { agency_id: Some(agency_id(agency)?), actor: ShortText::parse("clerk-7")?, body })
}

fn date(day: i64) -> Outcome<LegalDate> {
    let first = jiff::civil::date(2022, 1, 1);
    Ok(LegalDate::new(first.checked_add(jiff::Span::new().days(day))?)?)
}

/// `SplitMix64`: small, seeded, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// An agency; the first few have most of the applications.
    fn agency(&mut self) -> u64 {
        let even = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let size = even * even * even * AGENCIES as f64;
        let size = std::time::Duration::from_secs_f64(size).as_secs();
        size.min(AGENCIES - 1)
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> Outcome<T> {
        let place = usize::try_from(self.next() % list.len() as u64)?;
        Ok(*list.get(place).ok_or("an empty list")?)
    }
}
