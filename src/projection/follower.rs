//! A register kept up with the log.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use tokio::{sync::watch, task::JoinHandle};
use tokio_stream::StreamExt;

use super::{QueryError, Register};
use crate::{
    store::{Chunk, EventStore, GlobalPosition, follow},
    wire,
};

/// How many events a replay reads at a time.
const REPLAY_PAGE: usize = 65_536;

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
    register: Arc<RwLock<Register>>,
    progress: watch::Receiver<Progress>,
    task: JoinHandle<()>,
}

/// How far the registers have followed the log.
#[derive(Debug, Clone, Default)]
struct Progress {
    position: GlobalPosition,
    stopped: Option<String>,
}

impl Projection {
    /// Replays the log and begins to follow it.
    ///
    /// # Errors
    ///
    /// When the log cannot be read, or holds an event that this version cannot read.
    pub async fn start(store: Arc<dyn EventStore>) -> Result<Self, QueryError> {
        let register = replay(store.as_ref(), store.head()).await?;
        let position = register.position();
        let register = Arc::new(RwLock::new(register));
        let (report, progress) = watch::channel(Progress { position, stopped: None });
        let task = tokio::spawn(keep_up(store.clone(), register.clone(), report));
        Ok(Self { store, register, progress, task })
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
        let register = replay(self.store.as_ref(), position).await?;
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

/// The registers as a replay from the beginning has them.
async fn replay(store: &dyn EventStore, up_to: GlobalPosition) -> Result<Register, QueryError> {
    let mut register = Register::default();
    while register.position() < up_to {
        let chunks = store.read_all(register.position(), REPLAY_PAGE).await?;
        if chunks.is_empty() {
            break;
        }
        for chunk in &chunks {
            fold(&mut register, chunk, up_to)?;
        }
    }
    Ok(register)
}

/// Folds the events of a chunk in, up to and including a position.
fn fold(register: &mut Register, chunk: &Chunk, up_to: GlobalPosition) -> Result<(), QueryError> {
    for event in chunk.events().take_while(|event| event.position <= up_to) {
        let decoded = wire::decode(event.payload)
            .map_err(|source| QueryError::Unreadable { position: event.position, source })?;
        register.apply(&decoded, event.position, event.version);
    }
    Ok(())
}

async fn keep_up(
    store: Arc<dyn EventStore>,
    register: Arc<RwLock<Register>>,
    report: watch::Sender<Progress>,
) {
    let mut chunks = follow(store, report.borrow().position);
    while let Some(chunk) = chunks.next().await {
        let folded = chunk.map_err(QueryError::from).and_then(|chunk| {
            let mut register = register.write().unwrap_or_else(PoisonError::into_inner);
            fold(&mut register, &chunk, chunk.last())?;
            Ok(chunk.last())
        });
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
