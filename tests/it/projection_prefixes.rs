//! Following the log is the same as reading it from the beginning: at every prefix, by every road.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails, which is what is wanted"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use disclosure_ledger::{
    clock::FixedClock,
    domain::{
        AgencyId, Body, LegalDate, ReportYear, ShortText, agency,
        application::{self, Application},
        calendar::Notices,
        deadline::{Assessment, Policy},
    },
    ledger::{self, Entry, Ledger, Mode, WriteMeta, request_key},
    projection::{AsOf, DeadlinesOf, Projection, Register, Selection, Statement, StatementOf},
    store::{EventStore, GlobalPosition, MemoryStore, SledStore},
    wire,
};

use crate::support::{History, Random, at};

/// The register that the events up to a position make, folded here one by one.
async fn replayed(store: &dyn EventStore, up_to: u64) -> Register {
    let mut register = Register::default();
    for chunk in store.read_all(GlobalPosition::START, usize::MAX).await.unwrap() {
        for event in chunk.events().filter(|event| event.position.get() <= up_to) {
            let read = wire::decode_narrow(event.payload).unwrap();
            register.fold(&read, event.position, event.version).unwrap();
        }
    }
    register
}

async fn register_as_of(projection: &Projection, as_of: AsOf) -> Register {
    projection.ask(as_of, Register::clone).await.unwrap().0
}

/// The tables of every agency around the change of form, or that the agency is not known yet.
fn statements(register: &Register) -> Vec<Option<Statement>> {
    let mut statements = Vec::new();
    for agency in ["a0", "a1"] {
        for (year, subtree) in (2020..=2022).flat_map(|year| [(year, false), (year, true)]) {
            let of = StatementOf {
                agency_id: AgencyId::parse(agency).unwrap(),
                year: ReportYear::new(year).unwrap(),
                subtree,
                form: None,
            };
            statements.push(register.statement(&of).ok());
        }
    }
    statements
}

const TODAY: jiff::civil::Date = jiff::civil::date(2021, 6, 30);

/// The deadlines of everything open under each agency, as lists give them.
fn deadlines(register: &Register) -> Vec<(String, Option<Assessment>)> {
    let mut found = Vec::new();
    for (agency, subtree) in [("a0", true), ("a1", false)] {
        for selection in [Selection::All, Selection::Waiting] {
            let of = DeadlinesOf {
                agency_id: &AgencyId::parse(agency).unwrap(),
                subtree,
                selection,
                today: LegalDate::new(TODAY).unwrap(),
            };
            let Ok(page) = register.deadlines(of, None, usize::MAX) else { continue };
            assert_eq!(page.next_after, None);
            let entries = page.items.into_iter();
            found.extend(entries.map(|entry| {
                let name = format!("{}/{}", entry.agency_id, entry.application_id);
                (name, entry.assessment)
            }));
        }
    }
    found
}

/// The same of all that is open, from whole events and one by one.
async fn expected_deadlines(store: &dyn EventStore) -> BTreeMap<String, Option<Assessment>> {
    let mut applications = BTreeMap::new();
    for chunk in store.read_all(GlobalPosition::START, usize::MAX).await.unwrap() {
        for event in chunk.events() {
            let event = wire::decode(event.payload).unwrap();
            if let Body::Application(id, happened) = &event.body {
                let name = format!("{}/{id}", event.agency_id.as_ref().unwrap());
                let before = applications.remove(&name);
                if let Some(after) = application::evolve(before, happened) {
                    applications.insert(name, after);
                }
            }
        }
    }
    let calendar = Notices::built_in().calendar();
    let is_open = |found: &Application| found.conclusion.is_none() && found.voided.is_none();
    let open = applications.into_iter().filter(|(_, found)| is_open(found));
    let assessed = |found: &Application| {
        let today = LegalDate::new(TODAY).unwrap();
        Assessment::of(&found.facts(), Policy::default(), &calendar, today).ok()
    };
    open.map(|(name, found)| (name, assessed(&found))).collect()
}

/// Two agencies, one below the other for some years, and their histories mixed.
fn entries(random: &mut Random) -> Vec<Entry> {
    let ids = ["a0", "a1"].map(|id| AgencyId::parse(id).unwrap());
    let act = |command| ledger::Act::Agency(command);
    let register = |parent: Option<&AgencyId>| agency::Register {
        name: ShortText::parse("某局").unwrap(),
        contact: ShortText::default(),
        parent: parent.cloned(),
        from_year: 2008,
    };
    let reparent = agency::Reparent { parent: None, from_year: 2022 };
    let mut entries = vec![
        entry(&ids[0], act(agency::Command::Register(register(None))), "1"),
        entry(&ids[1], act(agency::Command::Register(register(Some(&ids[0])))), "2"),
    ];
    let mut queues = ids.clone().map(|id| {
        let history = History::random(random, 12);
        let acts = history.acts.iter().enumerate();
        acts.rev().map(|(place, act)| act.entry(&id, place)).collect::<Vec<_>>()
    });
    while let [Some(_), _] | [_, Some(_)] = queues.each_ref().map(|queue| queue.last()) {
        entries.extend(queues[random.below(2)].pop());
    }
    let place = 2 + random.below(entries.len() - 1);
    entries.insert(place, entry(&ids[1], act(agency::Command::Reparent(reparent)), "3"));
    entries
}

fn entry(agency_id: &AgencyId, act: ledger::Act, request: &str) -> Entry {
    let request_key = request_key(agency_id, request);
    let meta = WriteMeta {
        request_key,
        fingerprint: request_key,
        expected_version: None,
        actor: ShortText::default(),
    };
    Entry::new(agency_id.clone(), act, meta).unwrap()
}

/// Records a random history over a store and compares at every prefix; how many applications were
/// found waiting.
async fn check(store: Arc<dyn EventStore>, clock: &FixedClock, seed: u64) -> usize {
    let mut random = Random::new(seed);
    let entries = entries(&mut random);
    let ledger = Ledger::new(store.clone());
    let following = Projection::start(store.clone()).await.unwrap();
    let mut late = None;
    let mut waiting = 0;
    let mut seconds = Vec::new();
    let mut second = 0;
    let mut rest = &entries[..];
    while !rest.is_empty() {
        // An agency is known to others once it is recorded, so the first two come alone.
        let size = if seconds.len() < 2 { 1 } else { rest.len().min(1 + random.below(3)) };
        let (unit, after) = rest.split_at(size);
        second += i64::from(random.percent(60));
        clock.set(at(second));
        for outcome in ledger.record_all(unit, Mode::AllOrNothing).await {
            outcome.unwrap();
        }
        rest = after;
        let head = store.head().get();
        seconds.resize(usize::try_from(head).unwrap(), second);
        let (due, _) = following.ask(AsOf::Now, deadlines).await.unwrap();
        let from_streams = expected_deadlines(store.as_ref()).await;
        assert_eq!(due, deadlines(&replayed(store.as_ref(), head).await), "seed {seed}");
        assert!(due.iter().all(|(name, found)| from_streams.get(name) == Some(found)));
        let named: BTreeSet<_> = due.iter().map(|(name, _)| name).collect();
        assert_eq!(named.len(), from_streams.len(), "seed {seed}, head {head}");
        let is_waiting = |found: &&Assessment| found.is_waiting();
        waiting += due.iter().filter_map(|(_, found)| found.as_ref()).filter(is_waiting).count();
        let followed = register_as_of(&following, AsOf::Now).await;
        assert_eq!(followed, replayed(store.as_ref(), head).await, "seed {seed}, head {head}");
        if late.is_none() && random.percent(10) {
            late = Some(Projection::start(store.clone()).await.unwrap());
        }
    }

    let head = store.head();
    let whole = register_as_of(&following, AsOf::Now).await;
    assert_eq!(register_as_of(&following, AsOf::Position(head)).await, whole, "seed {seed}");
    if let Some(late) = late {
        assert_eq!(register_as_of(&late, AsOf::Now).await, whole, "seed {seed}");
    }

    let mut prefix = Register::default();
    let chunks = store.read_all(GlobalPosition::START, usize::MAX).await.unwrap();
    for event in chunks.iter().flat_map(|chunk| chunk.events()) {
        let position = event.position;
        let read = wire::decode_narrow(event.payload).unwrap();
        prefix.fold(&read, position, event.version).unwrap();
        let then = register_as_of(&following, AsOf::Position(position)).await;
        assert_eq!(then, prefix, "seed {seed}, position {position}");
        let same = statements(&then) == statements(&prefix);
        assert!(same, "seed {seed}, tables at position {position}");

        let place = usize::try_from(position.get()).unwrap();
        let last_at_that_time = seconds.get(place) != Some(&seconds[place - 1]);
        if last_at_that_time {
            let then = register_as_of(&following, AsOf::Time(at(seconds[place - 1]))).await;
            assert_eq!(then, prefix, "seed {seed}, position {position} by time");
        }
    }
    let empty = register_as_of(&following, AsOf::Time(at(-1))).await;
    assert_eq!(empty, Register::default());
    waiting
}

#[tokio::test]
async fn following_equals_replaying_at_every_prefix_in_memory() {
    let mut waiting = 0;
    for seed in 0..10 {
        let clock = Arc::new(FixedClock::new(at(0)));
        waiting += check(Arc::new(MemoryStore::new(clock.clone())), &clock, seed).await;
    }
    assert!(waiting > 0, "the histories have steps that are waited for");
}

#[tokio::test]
async fn following_equals_replaying_at_every_prefix_on_disk() {
    for seed in 100..102 {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::new(at(0)));
        let store = Arc::new(SledStore::open(&dir.path().join("log"), clock.clone()).unwrap());
        check(store.clone(), &clock, seed).await;

        let before = Projection::start(store.clone()).await.unwrap();
        let before = register_as_of(&before, AsOf::Now).await;
        store.close().await.unwrap();
        drop(store);
        let store = Arc::new(SledStore::open(&dir.path().join("log"), clock).unwrap());
        let after = Projection::start(store.clone()).await.unwrap();
        assert_eq!(register_as_of(&after, AsOf::Now).await, before, "seed {seed}, reopened");
        store.close().await.unwrap();
    }
}
