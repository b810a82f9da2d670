//! Random histories of legal acts: what is said again adds nothing, the order of cases that have
//! nothing to do with one another is irrelevant, and every application has a deadline at any time.
#![cfg(test)]

use std::sync::Arc;

use disclosure_ledger::{
    clock::FixedClock,
    domain::{
        AgencyId, LegalDate, ShortText, State, agency,
        application::Application,
        calendar::{Calendar, Notices},
        deadline::{self, Policy},
    },
    ledger::{self, Entry, Ledger, Recorded, WriteMeta, request_key},
    projection::{AsOf, Projection, Register},
    store::{EventStore, MemoryStore},
};

use crate::support::{History, Random, at};

struct Desk {
    store: Arc<MemoryStore>,
    ledger: Ledger,
    agency_id: AgencyId,
}

impl Desk {
    async fn open() -> Self {
        let store = Arc::new(MemoryStore::new(Arc::new(FixedClock::new(at(0)))));
        let ledger = Ledger::new(store.clone());
        let agency_id = AgencyId::parse("a").unwrap();
        let register = agency::Register {
            name: ShortText::parse("某局").unwrap(),
            contact: ShortText::default(),
            parent: None,
            from_year: 2008,
        };
        let act = ledger::Act::Agency(agency::Command::Register(register));
        let request_key = request_key(&agency_id, "register");
        let actor = ShortText::default();
        let fingerprint = request_key;
        let meta = WriteMeta { request_key, fingerprint, expected_version: None, actor };
        let entry = Entry::new(agency_id.clone(), act, meta).unwrap();
        ledger.record(&entry).await.unwrap();
        Self { store, ledger, agency_id }
    }

    async fn record(&self, act: &crate::support::Act, request: usize) -> Recorded {
        let entry = act.entry(&self.agency_id, request);
        self.ledger.record(&entry).await.unwrap_or_else(|error| panic!("{act:?}: {error}"))
    }

    async fn registered(&self) -> Register {
        let projection = Projection::start(self.store.clone()).await.unwrap();
        projection.ask(AsOf::Now, Register::clone).await.unwrap().0
    }
}

/// Derives, judges and explains the deadline of an application, which must be possible.
fn check_deadline(application: &Application, calendar: &Calendar, today: LegalDate) {
    let (facts, policy) = (application.facts(), Policy::default());
    let deadline = deadline::reply_deadline(&facts, policy, calendar, today).unwrap();
    deadline::findings(&facts, policy, &deadline, calendar, today).unwrap();
    deadline::explain(&facts, &deadline, calendar, today).unwrap();
    let concluded = application.conclusion.is_some();
    assert_eq!(deadline.standing == deadline::Standing::Concluded, concluded);
}

#[tokio::test]
async fn acts_said_again_add_nothing_and_the_order_of_cases_is_irrelevant() {
    let calendar = Notices::built_in().calendar();
    let today = LegalDate::new(jiff::civil::date(2024, 7, 1)).unwrap();
    for seed in 2_000_000..2_000_150 {
        let mut random = Random::new(seed);
        let history = History::random(&mut random, 20);
        let (mixed, sorted) = (Desk::open().await, Desk::open().await);
        // An act that records nothing is not remembered, and is judged anew when it is sent again.
        let mut recorded = Vec::new();
        for (request, act) in (0..).step_by(2).zip(&history.acts) {
            let first = mixed.record(act, request).await;
            if let State::Application(Some(application)) = &*first.state {
                check_deadline(application, &calendar, today);
            }
            if !first.unchanged {
                recorded.push((request, act));
            }
            let again = mixed.record(act, request + 1).await;
            assert!(again.unchanged, "seed {seed}: {act:?}");
            assert_eq!(again.state, first.state, "seed {seed}: {act:?}");
        }
        let head = mixed.store.head();
        for (request, act) in recorded {
            assert!(mixed.record(act, request).await.unchanged, "seed {seed}: {act:?}");
        }
        assert_eq!(mixed.store.head(), head, "seed {seed}");

        let mut acts: Vec<_> = (0..).zip(&history.acts).collect();
        acts.sort_by_key(|(_, act)| act.subject());
        for (request, act) in acts {
            sorted.record(act, request).await;
        }
        assert_eq!(sorted.registered().await, mixed.registered().await, "seed {seed}");
    }
}
