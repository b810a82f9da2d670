//! A register kept up with the log.

use std::{
    num::NonZeroUsize,
    sync::{Arc, PoisonError, RwLock},
    thread,
};

use jiff::Timestamp;
use tokio::{sync::watch, task::JoinHandle};
use tokio_stream::StreamExt;

use super::{
    QueryError, Register, Scope, Statement, StatementOf, replay,
    replay::{Read, read, too_many},
};
use crate::domain::application::CountingPolicy;
use crate::store::{Chunk, EventStore, GlobalPosition, follow};

/// How many events are folded in while questions wait.
const STEP: usize = 256;

/// Up to when a question asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// Everything acknowledged by now.
    Now,
    /// Everything up to a position, itself included.
    Position(GlobalPosition),
    /// Everything recorded up to an instant, itself included.
    Time(Timestamp),
}

/// The registers, kept up with the log by a task that ends when this is closed or dropped.
pub struct Projection {
    store: Arc<dyn EventStore>,
    threads: NonZeroUsize,
    policy: CountingPolicy,
    /// Held during a replay for a question: each takes all threads, and they take turns.
    replaying: tokio::sync::Mutex<()>,
    register: Arc<RwLock<Register>>,
    progress: watch::Receiver<Progress>,
    task: JoinHandle<()>,
}

/// The registers at one position, to be asked more than once.
///
/// While nothing is recorded, those that follow the log are asked; once they have moved on, a replay
/// is made up to the position, and kept. So the answers to all questions are of one moment.
#[derive(Debug)]
pub struct Reading {
    position: GlobalPosition,
    scope: Scope,
    register: Option<Register>,
}

impl Reading {
    /// The position that every answer is of.
    #[must_use]
    pub const fn position(&self) -> GlobalPosition {
        self.position
    }
}

/// How far the registers have followed the log.
#[derive(Debug, Clone, Default)]
struct Progress {
    position: GlobalPosition,
    stopped: Option<String>,
}

impl Projection {
    /// Replays the log and begins to follow it; applications are counted under the default policy.
    ///
    /// # Errors
    ///
    /// When the log cannot be read, or holds an event that this version cannot read.
    pub async fn start(store: Arc<dyn EventStore>) -> Result<Self, QueryError> {
        Self::start_under(CountingPolicy::default(), store).await
    }

    /// The same under another policy, which holds for every question, whenever it asks as of.
    ///
    /// # Errors
    ///
    /// When the log cannot be read, or holds an event that this version cannot read.
    pub async fn start_under(
        policy: CountingPolicy,
        store: Arc<dyn EventStore>,
    ) -> Result<Self, QueryError> {
        let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let head = store.head();
        let register = replay(store.as_ref(), head, &Scope::Everyone, threads, policy).await?;
        let position = register.position();
        let register = Arc::new(RwLock::new(register));
        let (report, progress) = watch::channel(Progress { position, stopped: None });
        let task = tokio::spawn(keep_up(store.clone(), register.clone(), report));
        Ok(Self {
            store,
            threads,
            policy,
            replaying: tokio::sync::Mutex::default(),
            register,
            progress,
            task,
        })
    }

    /// How applications are counted.
    #[must_use]
    pub const fn policy(&self) -> CountingPolicy {
        self.policy
    }

    /// Asks a question of the registers; answers together with the position answered at.
    ///
    /// # Errors
    ///
    /// When the position asked for does not exist, or the log cannot be read.
    pub async fn ask<A>(
        &self,
        as_of: AsOf,
        question: impl FnOnce(&Register) -> A,
    ) -> Result<(A, GlobalPosition), QueryError> {
        self.ask_within(&Scope::Everyone, as_of, question).await
    }

    /// Draws up a statement; answers together with the position answered at.
    ///
    /// # Errors
    ///
    /// When the agency is not registered as of then, the position asked for does not exist, or the
    /// log cannot be read.
    pub async fn statement(
        &self,
        as_of: AsOf,
        of: &StatementOf,
    ) -> Result<(Statement, GlobalPosition), QueryError> {
        let scope = match as_of {
            AsOf::Now => Scope::Everyone,
            AsOf::Position(_) | AsOf::Time(_) => self.scope_of(of).await?,
        };
        let (statement, position) =
            self.ask_within(&scope, as_of, |register| register.statement(of)).await?;
        Ok((statement?, position))
    }

    /// Whose events bear on a report, whenever it is asked for.
    async fn scope_of(&self, of: &StatementOf) -> Result<Scope, QueryError> {
        // Who belonged to a subtree is known only once everybody's places are. From whom an agency
        // took over by then is among those from whom it did by now.
        if of.subtree {
            return Ok(Scope::Everyone);
        }
        let asked = self.ask(AsOf::Now, |register| register.taken_over(&of.agency_id));
        Ok(Scope::Agencies(asked.await?.0))
    }

    /// Begins to ask several questions of one moment about what a report counts.
    ///
    /// # Errors
    ///
    /// When the position asked for does not exist, or the log cannot be read.
    pub async fn reading(&self, as_of: AsOf, of: &StatementOf) -> Result<Reading, QueryError> {
        let scope = self.scope_of(of).await?;
        let head = self.store.head();
        let position = match as_of {
            AsOf::Now => {
                self.caught_up(head).await?;
                self.register.read().unwrap_or_else(PoisonError::into_inner).position()
            }
            AsOf::Position(position) => position,
            AsOf::Time(instant) => self.store.position_at(instant).await?,
        };
        if position > head.max(self.store.head()) {
            return Err(QueryError::BeyondHead { asked: position, head });
        }
        Ok(Reading { position, scope, register: None })
    }

    /// Asks one of several questions.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub async fn ask_at<A>(
        &self,
        reading: &mut Reading,
        question: impl FnOnce(&Register) -> A,
    ) -> Result<A, QueryError> {
        let Reading { position, scope, register } = reading;
        if register.is_none() {
            let live = self.register.read().unwrap_or_else(PoisonError::into_inner);
            if live.position() == *position {
                return Ok(question(&live));
            }
        }
        let replayed = if let Some(replayed) = register.take() {
            replayed
        } else {
            let _turn = self.replaying.lock().await;
            replay(self.store.as_ref(), *position, scope, self.threads, self.policy).await?
        };
        let answer = question(&replayed);
        *register = Some(replayed);
        Ok(answer)
    }

    /// Asks a question of which at most the answers within the scope are known.
    async fn ask_within<A>(
        &self,
        scope: &Scope,
        as_of: AsOf,
        question: impl FnOnce(&Register) -> A,
    ) -> Result<(A, GlobalPosition), QueryError> {
        let head = self.store.head();
        let position = match as_of {
            AsOf::Now => {
                self.caught_up(head).await?;
                let register = self.register.read().unwrap_or_else(PoisonError::into_inner);
                return Ok((question(&register), register.position()));
            }
            AsOf::Position(position) => position,
            AsOf::Time(instant) => self.store.position_at(instant).await?,
        };
        if position > head {
            return Err(QueryError::BeyondHead { asked: position, head });
        }
        let _turn = self.replaying.lock().await;
        let Self { store, threads, policy, .. } = self;
        let register = replay(store.as_ref(), position, scope, *threads, *policy).await?;
        Ok((question(&register), position))
    }

    /// Waits until everything up to `head` is folded in.
    async fn caught_up(&self, head: GlobalPosition) -> Result<(), QueryError> {
        let mut progress = self.progress.clone();
        let reached = progress.wait_for(|now| now.position >= head || now.stopped.is_some()).await;
        let Progress { position, stopped } = match reached {
            Ok(now) => now.clone(),
            Err(_) => self.progress.borrow().clone(),
        };
        if position >= head {
            return Ok(());
        }
        let reason = stopped.unwrap_or_else(|| "it was closed".to_owned());
        Err(QueryError::Stopped { position, reason })
    }

    /// The log.
    pub(super) fn store(&self) -> &dyn EventStore {
        self.store.as_ref()
    }

    /// How many threads a replay takes.
    pub(super) const fn threads(&self) -> NonZeroUsize {
        self.threads
    }

    /// Stops following.
    pub fn close(&self) {
        self.task.abort();
    }
}

impl Drop for Projection {
    fn drop(&mut self) {
        self.close();
    }
}

async fn keep_up(
    store: Arc<dyn EventStore>,
    register: Arc<RwLock<Register>>,
    report: watch::Sender<Progress>,
) {
    let mut chunks = follow(store, report.borrow().position);
    while let Some(chunk) = chunks.next().await {
        let folded = match chunk {
            Ok(chunk) => fold_in_steps(&register, &chunk).await.map(|()| chunk.last()),
            Err(error) => Err(error.into()),
        };
        match folded {
            Ok(position) => report.send_modify(|progress| progress.position = position),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "projection stopped");
                report.send_modify(|progress| progress.stopped = Some(error.to_string()));
                return;
            }
        }
    }
}

/// Folds a chunk in, a few events at a time, so that no question waits long for its turn.
async fn fold_in_steps(register: &RwLock<Register>, chunk: &Chunk) -> Result<(), QueryError> {
    let mut events = chunk.payloads().peekable();
    while events.peek().is_some() {
        let step: Result<Vec<_>, _> = events.by_ref().take(STEP).map(read).collect();
        {
            let mut register = register.write().unwrap_or_else(PoisonError::into_inner);
            for Read { event, position, version } in step? {
                let folded = register.fold(&event, position, version);
                folded.map_err(|reason| too_many(position, reason))?;
            }
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}
