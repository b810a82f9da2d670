//! Writing in the book: load, decide, append with the expected version, try again on a conflict.
//!
//! Every act, alone or among many, takes the same road: a `Plan` judges it against
//! what is recorded and what the acts before it would record, and one append records what the plan
//! accepted. A request that was recorded before gets its first answer.

mod act;
mod error;
mod plan;
mod reader;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

pub use act::{Act, Entry, WriteMeta, notice_request_key, request_key};
pub use error::RecordError;
pub use plan::Recorded;

use crate::{
    domain::{AgencyId, agency::Succession},
    store::{Append, AppendError, EventStore},
};
use plan::Plan;

/// How often a plan is made anew when others write to the same streams meanwhile.
const ATTEMPTS: usize = 16;

/// The write path over a store.
pub struct Ledger {
    store: Arc<dyn EventStore>,
    /// Agencies seen registered; they never cease to be.
    known_agencies: RwLock<Known>,
    /// Held while an act upon an agency is decided, for it looks at several streams.
    hierarchy: tokio::sync::Mutex<()>,
}

/// What every act in an agency's register asks of the agency: whether it is registered, and who
/// takes over from it.
#[derive(Default)]
struct Known {
    agencies: BTreeMap<AgencyId, Standing>,
    /// How often an act upon an agency was recorded; what was read before one may be outdated.
    revision: u64,
}

/// Of an agency that is registered: who takes over from it, if anybody does.
#[derive(Debug, Clone, Default)]
struct Standing(Option<Arc<Succession>>);

/// How entries that are recorded together hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Each is recorded or refused for itself.
    Each,
    /// All are recorded, or none.
    AllOrNothing,
    /// Nothing is recorded; the answers say what [`Mode::AllOrNothing`] would.
    Validate,
}

/// What became of one entry.
pub type Outcome = Result<Recorded, RecordError>;

impl Ledger {
    /// A ledger that writes to `store`.
    #[must_use]
    pub fn new(store: Arc<dyn EventStore>) -> Self {
        Self { store, known_agencies: RwLock::default(), hierarchy: tokio::sync::Mutex::default() }
    }

    /// Records one entry.
    ///
    /// # Errors
    ///
    /// When it is refused or cannot be recorded; nothing is recorded then.
    pub async fn record(&self, entry: &Entry) -> Outcome {
        let mut outcomes = self.record_all(std::slice::from_ref(entry), Mode::Each).await;
        outcomes.pop().unwrap_or(Err(RecordError::Conflicts))
    }

    /// Records entries in order, with one outcome for each.
    ///
    /// With [`Mode::AllOrNothing`], if any is refused, the others answer
    /// [`RecordError::NotRecorded`] and nothing is recorded.
    pub async fn record_all(&self, entries: &[Entry], mode: Mode) -> Vec<Outcome> {
        let _hierarchy = if entries.iter().any(|entry| matches!(entry.act, Act::Agency(_))) {
            Some(self.hierarchy.lock().await)
        } else {
            None
        };
        for _ in 0..ATTEMPTS {
            let mut plan = Plan::new(self);
            for entry in entries {
                plan.judge(entry).await;
            }
            match self.carry_out(plan, mode).await {
                Some(outcomes) => return outcomes,
                None => tokio::task::yield_now().await,
            }
        }
        entries.iter().map(|_| Err(RecordError::Conflicts)).collect()
    }

    /// Records what a plan accepted; `None` if others wrote meanwhile and it must be made anew.
    async fn carry_out(&self, mut plan: Plan<'_>, mode: Mode) -> Option<Vec<Outcome>> {
        let refused = plan.has_refusals();
        let recordable = match mode {
            Mode::Each => true,
            Mode::AllOrNothing => !refused,
            Mode::Validate => false,
        };
        let appends = plan.take_appends();
        if !recordable || appends.is_empty() {
            let hold_back = mode == Mode::AllOrNothing && refused;
            return Some(plan.into_outcomes_unrecorded(hold_back));
        }
        match self.store.append(Append(appends)).await {
            Ok(appended) => {
                self.forget(&plan.agencies_changed);
                Some(plan.into_outcomes(&appended))
            }
            Err(AppendError::VersionConflict { .. } | AppendError::RequestReused { .. }) => None,
            Err(error) => Some(plan.into_failures(&error)),
        }
    }

    /// What is known of an agency, if it was seen registered; and how current that is.
    fn known(&self, id: &AgencyId) -> (Option<Standing>, u64) {
        let known = self.known_agencies.read().unwrap_or_else(PoisonError::into_inner);
        (known.agencies.get(id).cloned(), known.revision)
    }

    /// Remembers what was read of an agency, unless an act upon one was recorded meanwhile.
    fn remember(&self, id: &AgencyId, standing: Standing, revision: u64) {
        let mut known = self.known_agencies.write().unwrap_or_else(PoisonError::into_inner);
        if known.revision == revision {
            known.agencies.insert(id.clone(), standing);
        }
    }

    /// Forgets what was read of agencies that were acted upon.
    fn forget(&self, ids: &[AgencyId]) {
        if ids.is_empty() {
            return;
        }
        let mut known = self.known_agencies.write().unwrap_or_else(PoisonError::into_inner);
        known.revision = known.revision.wrapping_add(1);
        for id in ids {
            known.agencies.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::FixedClock,
        domain::{
            ApplicantKind, ApplicationId, Disposition, LegalDate, ShortText, State, agency,
            application::{Command, Decide, Delivery, Receive},
        },
        store::{ExpectedVersion, MemoryStore, NewEvent, StreamAppend, StreamId},
    };

    struct Desk {
        store: Arc<MemoryStore>,
        ledger: Ledger,
    }

    impl Desk {
        async fn open() -> Self {
            let clock = FixedClock::new("2021-03-01T00:00:00Z".parse().unwrap());
            let store = Arc::new(MemoryStore::new(Arc::new(clock)));
            let desk = Self { ledger: Ledger::new(store.clone()), store };
            let register = agency::Register {
                name: ShortText::parse("局").unwrap(),
                contact: ShortText::default(),
                parent: None,
                from_year: 2008,
            };
            let act = Act::Agency(agency::Command::Register(register));
            desk.ledger.record(&entry("register", act)).await.unwrap();
            desk
        }

        fn head(&self) -> u64 {
            self.store.head().get()
        }
    }

    fn agency_id() -> AgencyId {
        AgencyId::parse("office").unwrap()
    }

    /// An entry whose content is what it says, under a request of this name.
    fn entry(request: &str, act: Act) -> Entry {
        let content = format!("{act:?}");
        let meta = WriteMeta {
            request_key: request_key(&agency_id(), request),
            fingerprint: request_key(&agency_id(), &content),
            expected_version: None,
            actor: ShortText::default(),
        };
        Entry::new(agency_id(), act, meta).unwrap()
    }

    fn day(text: &str) -> LegalDate {
        LegalDate::new(text.parse().unwrap()).unwrap()
    }

    fn receive(id: &str, on: &str) -> Act {
        let receive = Receive {
            applicant_kind: ApplicantKind::NaturalPerson,
            receipt_date: Some(day(on)),
            channel: None,
            applicant_ref: ShortText::default(),
            arrival: None,
            still_open: false,
        };
        Act::Application(ApplicationId::parse(id).unwrap(), Command::Receive(receive))
    }

    fn decide(id: &str, on: &str) -> Act {
        let decide = Decide {
            disposition: Disposition::Granted,
            decision_date: day(on),
            document_no: ShortText::default(),
            delivery: Delivery::default(),
        };
        Act::Application(ApplicationId::parse(id).unwrap(), Command::Decide(decide))
    }

    fn is_concluded(recorded: &Recorded) -> bool {
        matches!(&*recorded.state, State::Application(Some(found)) if found.conclusion.is_some())
    }

    #[tokio::test]
    async fn a_repeated_request_gets_its_first_answer_even_when_the_state_moved_on() {
        let desk = Desk::open().await;
        let first = desk.ledger.record(&entry("r1", receive("a", "2021-03-01"))).await.unwrap();
        desk.ledger.record(&entry("r2", decide("a", "2021-03-02"))).await.unwrap();
        let head = desk.head();
        let again = desk.ledger.record(&entry("r1", receive("a", "2021-03-01"))).await.unwrap();
        assert_eq!((again.version, again.position), (first.version, first.position));
        assert!(again.unchanged && !is_concluded(&again));
        let other = desk.ledger.record(&entry("r1", receive("a", "2021-03-05"))).await;
        assert!(matches!(other, Err(RecordError::RequestReused { .. })));
        assert_eq!(desk.head(), head);
    }

    #[tokio::test]
    async fn a_unit_is_judged_as_if_its_entries_came_one_by_one() {
        let desk = Desk::open().await;
        let unit = [
            entry("r1", receive("a", "2021-03-01")),
            entry("r2", decide("a", "2021-03-02")),
            entry("r1", receive("a", "2021-03-01")),
            entry("r3", receive("a", "2021-03-01")),
        ];
        let outcomes = desk.ledger.record_all(&unit, Mode::AllOrNothing).await;
        let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
        let unchanged: Vec<_> = outcomes.iter().map(|outcome| outcome.unchanged).collect();
        assert_eq!(unchanged, [false, false, true, true]);
        assert_eq!(
            outcomes.iter().map(is_concluded).collect::<Vec<_>>(),
            [false, true, false, true]
        );
        assert_eq!(desk.head(), 3);
    }

    #[tokio::test]
    async fn one_refusal_keeps_a_whole_unit_out() {
        let unit =
            || [entry("r1", receive("a", "2021-03-01")), entry("r2", decide("b", "2021-03-02"))];
        let desk = Desk::open().await;
        for mode in [Mode::Validate, Mode::AllOrNothing] {
            let outcomes = desk.ledger.record_all(&unit(), mode).await;
            assert!(matches!(outcomes[1], Err(RecordError::Application(_))), "{mode:?}");
            assert_eq!(desk.head(), 1, "{mode:?}");
        }
        let outcomes = desk.ledger.record_all(&unit(), Mode::Each).await;
        assert!(outcomes[0].is_ok() && outcomes[1].is_err());
        assert_eq!(desk.head(), 2);
    }

    #[tokio::test]
    async fn a_stale_version_is_refused() {
        let desk = Desk::open().await;
        let first = desk.ledger.record(&entry("r1", receive("a", "2021-03-01"))).await.unwrap();
        let mut stale = entry("r2", decide("a", "2021-03-02"));
        stale.meta.expected_version = first.version;
        desk.ledger.record(&stale).await.unwrap();
        stale.meta.request_key = request_key(&agency_id(), "r3");
        let refused = desk.ledger.record(&stale).await;
        assert!(matches!(refused, Err(RecordError::StaleVersion { .. })), "{refused:?}");
    }

    #[tokio::test]
    async fn an_agency_must_be_registered() {
        let desk = Desk::open().await;
        let mut stranger = entry("r1", receive("a", "2021-03-01"));
        stranger.agency_id = Some(AgencyId::parse("nobody").unwrap());
        let refused = desk.ledger.record(&stranger).await;
        assert!(matches!(refused, Err(RecordError::UnknownAgency(_))), "{refused:?}");
    }

    #[tokio::test]
    async fn writers_on_one_subject_do_not_lose_each_others_word() {
        let desk = Arc::new(Desk::open().await);
        desk.ledger.record(&entry("r0", receive("a", "2021-03-01"))).await.unwrap();
        let decisions = (1..=8).map(|n| {
            let desk = desk.clone();
            let act = decide("a", &format!("2021-03-{n:02}"));
            tokio::spawn(async move { desk.ledger.record(&entry(&format!("d{n}"), act)).await })
        });
        let mut recorded = 0;
        for decision in decisions.collect::<Vec<_>>() {
            match decision.await.unwrap() {
                Ok(_) => recorded += 1,
                Err(error) => assert!(matches!(error, RecordError::Application(_)), "{error}"),
            }
        }
        assert_eq!(recorded, 1);
    }

    #[tokio::test]
    async fn an_event_that_cannot_be_read_is_not_passed_over() {
        let desk = Desk::open().await;
        let stream = StreamId::parse("application-office/a").unwrap();
        let events = vec![NewEvent { event_type: "x".into(), payload: vec![0xff].into() }];
        let foreign =
            StreamAppend { stream, expected: ExpectedVersion::Any, events, request: None };
        desk.store.append(foreign.into()).await.unwrap();
        let refused = desk.ledger.record(&entry("r1", decide("a", "2021-03-02"))).await;
        assert!(matches!(refused, Err(RecordError::Unreadable { .. })), "{refused:?}");
    }
}
