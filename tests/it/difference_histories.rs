//! How two readings of a report differ, over random histories: the causes add up to it.
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
    domain::{AgencyId, ReportYear, ShortText, agency, publication::CauseKind},
    ledger::{self, Entry, Ledger, WriteMeta, request_key},
    projection::{AsOf, Projection, ReportReading, ReportReadingOf, StatementOf},
    store::{EventStore, GlobalPosition, MemoryStore},
};

use crate::support::{History, Random, at};

fn entry(agency_id: &AgencyId, command: agency::Command, request: &str) -> Entry {
    let request_key = request_key(agency_id, request);
    let meta = WriteMeta {
        request_key,
        fingerprint: request_key,
        expected_version: None,
        actor: ShortText::default(),
    };
    Entry::new(agency_id.clone(), ledger::Act::Agency(command), meta).unwrap()
}

/// Two agencies, the one below the other until it is placed elsewhere, and their histories mixed.
fn entries(random: &mut Random) -> Vec<Entry> {
    let ids = ["a0", "a1"].map(|id| AgencyId::parse(id).unwrap());
    let register = |parent: Option<&AgencyId>| {
        agency::Command::Register(agency::Register {
            name: ShortText::parse("某局").unwrap(),
            contact: ShortText::default(),
            parent: parent.cloned(),
            from_year: 2008,
        })
    };
    let reparent = agency::Command::Reparent(agency::Reparent { parent: None, from_year: 2021 });
    let mut entries =
        vec![entry(&ids[0], register(None), "1"), entry(&ids[1], register(Some(&ids[0])), "2")];
    let mut queues = ids.clone().map(|id| {
        let history = History::random(random, 12);
        let acts = history.acts.iter().enumerate();
        acts.rev().map(|(place, act)| act.entry(&id, place)).collect::<Vec<_>>()
    });
    while let [Some(_), _] | [_, Some(_)] = queues.each_ref().map(|queue| queue.last()) {
        entries.extend(queues[random.below(2)].pop());
    }
    let place = 2 + random.below(entries.len() - 1);
    entries.insert(place, entry(&ids[1], reparent, "3"));
    entries
}

type Cells = BTreeMap<String, Option<i64>>;

fn cells(reading: &ReportReading) -> Cells {
    let form = reading.tables.form();
    reading.tables.cells().map(|(cell, value)| (form.cell_name(cell), value)).collect()
}

/// Compares a report at two positions, and says what kinds of causes there were.
async fn check(
    projection: &Projection,
    of: &StatementOf,
    from: u64,
    to: u64,
) -> BTreeSet<CauseKind> {
    let reading = async |position: u64| {
        let as_of = AsOf::Position(GlobalPosition::new(position));
        projection.report_reading(of, ReportReadingOf::AsOf(as_of)).await.unwrap()
    };
    let (before, after) = (reading(from).await, reading(to).await);
    let difference = projection.difference(of, &before, &after).await.unwrap();
    let said = format!("{of:?} from {from} to {to}: {difference:?}");
    // Applying it to the one gives the other.
    let mut applied = cells(&before);
    for change in &difference.cells {
        let replaced = applied.insert(change.cell.to_string(), change.after);
        assert_eq!(replaced, Some(change.before), "{said}");
    }
    assert_eq!(applied, cells(&after), "{said}");
    // The causes add up to it, and name events between the two.
    let mut sums = BTreeMap::<&str, i64>::new();
    for found in &difference.causes {
        assert!(found.cause.kind != CauseKind::Policy, "every difference has events: {said}");
        assert!(!found.cause.events.is_empty(), "{said}");
        assert_eq!(found.cause.events.len(), found.record_times.len(), "{said}");
        let (least, most) = (from.min(to), from.max(to));
        let between = |position: u64| least < position && position <= most;
        assert!(found.cause.events.iter().all(|event| between(event.position)), "{said}");
        for (cell, delta) in &found.cause.moves {
            *sums.entry(cell).or_default() += delta;
        }
    }
    sums.retain(|_, sum| *sum != 0);
    let expected: BTreeMap<&str, i64> = difference
        .cells
        .iter()
        .map(|change| (&*change.cell, change.delta()))
        .filter(|(_, delta)| *delta != 0)
        .collect();
    assert_eq!(sums, expected, "{said}");
    if from == to {
        assert!(difference.is_empty() && difference.causes.is_empty(), "{said}");
    }
    difference.causes.iter().map(|found| found.cause.kind).collect()
}

#[tokio::test]
async fn causes_add_up_to_the_difference() {
    let mut kinds = BTreeSet::new();
    for seed in 0..12 {
        let mut random = Random::new(9_000 + seed);
        let store = Arc::new(MemoryStore::new(Arc::new(FixedClock::new(at(0)))));
        let ledger = Ledger::new(store.clone());
        for entry in entries(&mut random) {
            ledger.record(&entry).await.unwrap();
        }
        let projection = Projection::start(store.clone()).await.unwrap();
        let head = usize::try_from(store.head().get()).unwrap();
        for _ in 0..12 {
            let of = StatementOf {
                agency_id: AgencyId::parse("a0").unwrap(),
                year: ReportYear::new(2019 + i32::try_from(random.below(4)).unwrap()).unwrap(),
                subtree: random.percent(60),
                form: None,
            };
            let position = |random: &mut Random| 2 + u64::try_from(random.below(head - 1)).unwrap();
            let (from, to) = (position(&mut random), position(&mut random));
            kinds.extend(check(&projection, &of, from, to).await);
            kinds.extend(check(&projection, &of, from, from).await);
        }
    }
    let expected = [CauseKind::Application, CauseKind::Case, CauseKind::Membership];
    assert_eq!(kinds, BTreeSet::from(expected), "the histories reach every kind that they can");
}
