//! Writing in the book: load, decide, append with the expected version, try again on a conflict.
//!
//! Every act, alone or among many, takes the same road: a [`Plan`](plan::Plan) judges it against
//! what is recorded and what the acts before it would record, and one append records what the plan
//! accepted. A request that was recorded before gets its first answer.

mod act;
mod error;
mod plan;
mod reader;

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
};

pub use act::{Act, Entry, WriteMeta, request_key};
pub use error::RecordError;
pub use plan::Recorded;

use crate::{
    domain::AgencyId,
    store::{Append, AppendError, EventStore},
};
use plan::Plan;

/// How often a plan is made anew when others write to the same streams meanwhile.
const ATTEMPTS: usize = 16;

/// The write path over a store.
pub struct Ledger {
    store: Arc<dyn EventStore>,
    /// Agencies seen registered; they never cease to be.
    known_agencies: RwLock<BTreeSet<AgencyId>>,
    /// Held while an act upon an agency is decided, for it looks at several streams.
    hierarchy: tokio::sync::Mutex<()>,
}

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
    pub async fn record(&self, entry: Entry) -> Outcome {
        let mut outcomes = self.record_all(std::slice::from_ref(&entry), Mode::Each).await;
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
            Ok(appended) => Some(plan.into_outcomes(&appended)),
            Err(AppendError::VersionConflict { .. } | AppendError::RequestReused { .. }) => None,
            Err(error) => Some(plan.into_failures(&error)),
        }
    }

    fn knows_agency(&self, id: &AgencyId) -> bool {
        self.known_agencies.read().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    fn remember_agency(&self, id: &AgencyId) {
        let mut known = self.known_agencies.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(id.clone());
    }
}
