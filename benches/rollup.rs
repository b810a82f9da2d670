//! How long a roll-up of the whole country takes, the findings of everybody in it, and a thousand
//! reports rendered one after another.
//!
//! ```text
//! cargo bench --bench rollup -- 1000000
//! ```
//!
//! Synthetic (`synthetic.rs`) and always the same: 3,000 agencies in a tree of three levels, recorded
//! into a store in memory and followed by a projection as a server's. Cold is the first question after
//! a replay, when no reply was ever judged; warm is the median of many, which is also asked for after
//! one application was decided. The sum is compared with that of one agency that holds every
//! application: the replay of the merged log.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::arithmetic_side_effects, reason = "a benchmark that overflows stops")]

use std::{error::Error, sync::Arc, time::Instant};

use bytes::Bytes;
use disclosure_ledger::{
    clock::SystemClock,
    domain::{
        AgencyId, ApplicationId, Body, Event, LegalDate, ReportYear, ShortText, agency,
        application::{self, CountingPolicy, Decided, Delivery, Received},
    },
    projection::{
        AsOf, CellOf, FindingsOf, Projection, Register, RollUpOf, StatementOf, deciding_events,
    },
    render::{Fonts, Format, Report, render},
    statistics::catalogue::form_for,
    store::{Append, EventStore, ExpectedVersion, MemoryStore, NewEvent, StreamAppend, StreamId},
    synthetic::{MadeUp, Plan},
    wire,
};

const AGENCIES: usize = 3_000;
const YEAR: i16 = 2024;
/// The agency of the merged log.
const WHOLE: &str = "whole";
const ROUNDS: usize = 100;
const TOGETHER: usize = 2_000;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let applications = arguments.find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let plan = Plan { year: YEAR, agencies: AGENCIES, applications, seed: 1 };
    let agencies = plan.agencies()?;
    let ids: Vec<AgencyId> = agencies.iter().map(|(id, _)| id.clone()).collect();
    let top = ids.first().ok_or("no agency")?.clone();

    let (country, merged) = logs(&plan, &agencies, &ids).await?;
    let whole = AgencyId::parse(WHOLE)?;

    let start = Instant::now();
    let projection = Projection::start(country.clone()).await?;
    println!(
        "{AGENCIES} agencies, {applications} applications, replayed in {:.2} s",
        start.elapsed().as_secs_f64()
    );
    let year = ReportYear::new(YEAR.into())?;
    let of = RollUpOf { agency_id: top.clone(), year, form: None };
    let roll_up = async || -> Outcome<_> {
        let start = Instant::now();
        let (found, _) = projection.ask(AsOf::Now, |register| register.roll_up(&of)).await?;
        Ok((found?, start.elapsed().as_secs_f64() * 1e3))
    };
    let (found, cold) = roll_up().await?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(roll_up().await?.1);
    }
    println!("roll-up of the country, cold   {cold:9.1} ms");
    println!("                        warm   {:9.1} ms", median(&mut times));

    let whole = StatementOf { agency_id: whole, year, subtree: false, form: None };
    let replayed = Projection::start(merged).await?;
    let (statement, _) = replayed.statement(AsOf::Now, &whole).await?;
    if statement.tables != found.sum.tables {
        return Err("the roll-up differs from the replay of the merged log".into());
    }
    println!("equal to the replay of the merged log in {} cells", found.sum.tables.cells().count());

    let mut changed = Vec::new();
    let mut log = Log { store: country.clone(), waiting: Vec::new() };
    for number in 0..ROUNDS {
        let id = ApplicationId::parse(&format!("late-{number}"))?;
        let made = plan.applications().nth(number).ok_or("no application")?;
        log.application(ids.get(number).ok_or("no agency")?, &id, &made).await?;
        log.flush().await?;
        changed.push(roll_up().await?.1);
    }
    println!("          after a new event    {:9.1} ms", median(&mut changed));

    let of = FindingsOf {
        agency_id: top.clone(),
        year,
        subtree: true,
        severities: vec![],
        checks: vec![],
    };
    let mut times = Vec::new();
    let mut number = 0;
    for _ in 0..10 {
        let start = Instant::now();
        let (page, _) =
            projection.ask(AsOf::Now, |register| register.findings(&of, None, 1000)).await?;
        number = page?.items.len();
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    println!("findings of all, page of {number}  {:9.1} ms", median(&mut times));
    explained(&projection, country.as_ref(), &top, year).await?;
    reports(&projection, &ids, year).await
}

/// A cell of the whole country: what there is to say of it, and the first page of its list with the
/// deciding events.
async fn explained(
    projection: &Projection,
    store: &dyn EventStore,
    top: &AgencyId,
    year: ReportYear,
) -> Outcome<()> {
    let cell = form_for(year).find_application("granted", "total").ok_or("no such cell")?;
    let report = StatementOf { agency_id: top.clone(), year, subtree: true, form: None };
    let of = CellOf { report, cell };
    let (mut times, mut entries) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let asked = |register: &Register| {
            (register.explain_cell(&of), register.cell_entries(&of, None, 100))
        };
        let ((said, page), position) = projection.ask(AsOf::Now, asked).await?;
        let (said, page) = (said?, page?);
        let policy = projection.policy();
        let events = deciding_events(store, &of, &page.items, position, policy).await?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        entries = events.len();
        if said.value.is_none_or(|value| value < 1) {
            return Err("the country granted nothing".into());
        }
    }
    println!("a cell explained, page of {entries}    {:9.1} ms", median(&mut times));
    Ok(())
}

/// The log of the country, and that of one agency with every application of it.
async fn logs(
    plan: &Plan,
    agencies: &[(AgencyId, Option<usize>)],
    ids: &[AgencyId],
) -> Outcome<(Arc<dyn EventStore>, Arc<dyn EventStore>)> {
    let mut country = Log::new();
    for (id, above) in agencies {
        let parent = above.and_then(|above| ids.get(above)).cloned();
        country.register(id, parent).await?;
    }
    let mut merged = Log::new();
    let whole = AgencyId::parse(WHOLE)?;
    merged.register(&whole, None).await?;
    for (number, made) in plan.applications().enumerate() {
        let id = ids.get(made.agency).ok_or("no agency")?;
        country.application(id, &made.id, &made).await?;
        let unique = ApplicationId::parse(&format!("{number}"))?;
        merged.application(&whole, &unique, &made).await?;
    }
    Ok((country.end().await?, merged.end().await?))
}

/// A thousand reports, as a batch asks for them, without the way over the wire.
async fn reports(projection: &Projection, ids: &[AgencyId], year: ReportYear) -> Outcome<()> {
    let fonts = Fonts::vendored()?;
    for &format in Format::ALL {
        let start = Instant::now();
        let mut bytes = 0;
        for id in ids.iter().take(1000) {
            let of = StatementOf { agency_id: id.clone(), year, subtree: false, form: None };
            let asked = |register: &Register| (register.statement(&of), register.background(&of));
            let ((statement, background), position) = projection.ask(AsOf::Now, asked).await?;
            let statement = statement?;
            let report = Report {
                agency_id: id.to_string(),
                agency_name: statement.agency.name.as_str().to_owned(),
                contact: String::new(),
                year,
                tables: statement.tables,
                sections: statement.sections,
                findings: statement.findings,
                policy: CountingPolicy::default(),
                background: background?,
                as_of_position: position.get(),
            };
            bytes += render(&report, format, &fonts)?.len();
        }
        println!(
            "1,000 reports as {:5}        {:9.2} s, {} KiB",
            format.key(),
            start.elapsed().as_secs_f64(),
            bytes / 1024
        );
    }
    Ok(())
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// A store that events are appended to, many at a time.
struct Log {
    store: Arc<dyn EventStore>,
    waiting: Vec<StreamAppend>,
}

impl Log {
    fn new() -> Self {
        Self { store: Arc::new(MemoryStore::new(Arc::new(SystemClock))), waiting: Vec::new() }
    }

    async fn add(&mut self, agency_id: &AgencyId, bodies: Vec<Body>) -> Outcome<()> {
        let event =
            |body| Event { agency_id: Some(agency_id.clone()), actor: ShortText::default(), body };
        let events: Vec<Event> = bodies.into_iter().map(event).collect();
        let stream = events.first().map(wire::stream_of).ok_or("no event")?;
        let events = events.iter().map(|event| NewEvent {
            event_type: wire::event_type(&event.body).into(),
            payload: Bytes::from(wire::encode(event)),
        });
        self.waiting.push(StreamAppend {
            stream: StreamId::parse(&stream)?,
            expected: ExpectedVersion::Any,
            events: events.collect(),
            request: None,
        });
        if self.waiting.len() >= TOGETHER { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Outcome<()> {
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.is_empty() {
            self.store.append(Append(waiting)).await?;
        }
        Ok(())
    }

    async fn register(&mut self, id: &AgencyId, parent: Option<AgencyId>) -> Outcome<()> {
        let (name, contact) = (ShortText::parse("某局")?, ShortText::default());
        let registered = agency::Register { name, contact, parent, from_year: 2008 };
        self.add(id, vec![Body::Agency(agency::Event::Registered(registered))]).await
    }

    async fn application(
        &mut self,
        agency_id: &AgencyId,
        id: &ApplicationId,
        made: &MadeUp,
    ) -> Outcome<()> {
        let mut events = vec![application::Event::Received(Received {
            applicant_kind: made.applicant_kind,
            receipt_date: made.receipt_date,
            channel: Some(made.channel),
            applicant_ref: ShortText::default(),
            arrival: None,
        })];
        events.extend(made.conclusion.map(|(decision_date, disposition): (LegalDate, _)| {
            application::Event::Decided(Decided {
                disposition,
                decision_date,
                document_no: ShortText::default(),
                delivery: Delivery::default(),
            })
        }));
        let body = |event| Body::Application(id.clone(), event);
        self.add(agency_id, events.into_iter().map(body).collect()).await
    }

    async fn end(mut self) -> Outcome<Arc<dyn EventStore>> {
        self.flush().await?;
        Ok(self.store)
    }
}
