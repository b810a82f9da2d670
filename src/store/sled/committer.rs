//! The committer: makes one frame after another durable.
//!
//! The order is what matters: journal, `fdatasync`, memory for readers, index, head, answers.
//! sled gets the frame from the [`Keeper`], beside the next frame's sync.

use std::{io, sync::Arc};

use tokio::{
    runtime::Handle,
    sync::{oneshot, watch},
};

use super::{
    super::{
        AppendError, Appended, CloseError, GlobalPosition, Health,
        index::{Memory, Sealed, Tip},
        planted::{self, Bug},
    },
    Shared,
    checkpoint::{Checkpoint, Checkpoints},
    head::{self, HeadFiles, Mark},
    journal::Journal,
    keeper::Keeper,
};
use crate::integrity::Frontier;

/// How many answers are given where the frame was committed.
const ANSWERS_HERE: usize = 2;

/// How many answers are handed over together.
const ANSWERS_TOGETHER: usize = 64;

/// How a disk says that it is full.
const FULL: [io::ErrorKind; 2] = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];

/// Where an append waits for its answer.
pub(super) type Reply = oneshot::Sender<Answer>;

/// What an append is answered.
pub(super) type Answer = Result<Appended, AppendError>;

/// What was judged together: a frame, if anything is to be recorded, and what will be answered once
/// that is durable. Whose answer is dropped instead learns that the writer has stopped.
pub(super) struct Group {
    pub(super) sealed: Option<Sealed>,
    pub(super) answers: Vec<(Reply, Answer)>,
}

/// Answers that hold; they are given, whatever becomes of whoever was to do it.
struct Answers(Vec<(Reply, Answer)>);

impl Answers {
    /// Has the answers given on a runtime, where it costs a fraction to wake those who wait, and
    /// this thread is free for the next frame.
    fn hand_over(mut self, runtime: Option<&Handle>) {
        let Some(runtime) = runtime else { return };
        while self.0.len() > ANSWERS_HERE {
            let rest = self.0.len().saturating_sub(ANSWERS_TOGETHER);
            let portion = Self(self.0.split_off(rest));
            runtime.spawn(async move { drop(portion) });
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        for (reply, answer) in self.0.drain(..) {
            _ = reply.send(answer);
        }
    }
}

/// A group of which nothing was recorded.
pub(super) struct Uncommitted {
    pub(super) error: AppendError,
    /// Whoever waits; none of these answers holds.
    pub(super) answers: Vec<(Reply, Answer)>,
}

pub(super) struct Committer {
    pub(super) journal: Journal,
    pub(super) head: HeadFiles,
    pub(super) frontier: Frontier,
    pub(super) publish: watch::Sender<GlobalPosition>,
    pub(super) keeper: Keeper,
    pub(super) checkpoints: Checkpoints,
    pub(super) shared: Arc<Shared>,
}

impl Drop for Committer {
    /// Whatever ended the writing, nothing is recorded any more.
    fn drop(&mut self) {
        self.keeper.join();
        self.checkpoints.join();
        self.shared.stop_writing("writer has stopped");
    }
}

impl Committer {
    /// Where the log ends, as far as it is durable.
    pub(super) fn tip(&self) -> Tip {
        self.shared.index.tip(self.frontier.clone())
    }

    /// Makes a group durable and answers it.
    ///
    /// # Errors
    ///
    /// When nothing of it was recorded; nobody was answered.
    pub(super) fn commit(&mut self, group: Group) -> Result<(), Uncommitted> {
        let Group { sealed, mut answers } = group;
        if planted::has(Bug::AckBeforeSync) {
            drop(Answers(std::mem::take(&mut answers)));
        }
        let outcome = match self.shared.standing() {
            Health::Writable => sealed.map_or(Ok(()), |sealed| self.record(sealed)),
            Health::ReadOnly { reason } => Err(AppendError::Failed { reason }),
        };
        match outcome {
            Ok(()) => Answers(answers).hand_over(self.shared.runtime.get()),
            Err(error) => return Err(Uncommitted { error, answers }),
        }
        Ok(())
    }

    fn record(&mut self, sealed: Sealed) -> Result<(), AppendError> {
        let Sealed { chunk, changes, frontier } = sealed;
        let (first, frame) = (chunk.first(), chunk.frame());
        if !self.shared.space.admits(frame.len()) {
            return disk_full();
        }
        match self.journal.make_room(first, frame.len()) {
            Err(full) if FULL.contains(&full.kind()) => {
                self.shared.space.was_full();
                return disk_full();
            }
            made => made.map_err(|error| self.fail("prepare the journal", &error))?,
        }
        self.journal.write(frame).map_err(|error| self.fail("write the journal", &error))?;
        let mark = Mark { position: chunk.last(), root: chunk.root() };
        self.head.note(mark).map_err(|error| self.fail("write the head", &error))?;
        self.shared.door.take_in(chunk.clone());
        self.keeper.wake();
        self.frontier = frontier;
        self.shared.index.commit(&changes, &chunk);
        self.publish.send_replace(chunk.last());
        self.keep_checkpoint();
        Ok(())
    }

    /// Has a checkpoint written when it is time.
    pub(super) fn keep_checkpoint(&mut self) {
        let fits = |index: Memory| {
            let bytes = index.stream_bytes.saturating_add(index.request_bytes);
            self.shared.space.room() > (bytes as u64).saturating_mul(2)
        };
        if self.checkpoints.is_due()
            && fits(self.shared.index.memory())
            && let Some(checkpoint) = self.checkpoint()
        {
            self.checkpoints.begin(checkpoint);
        }
    }

    /// What is true now, unless the segment is empty.
    fn checkpoint(&self) -> Option<Checkpoint> {
        let (index, frontier) = (self.shared.index.clone(), self.frontier.clone());
        self.journal.place().map(|place| Checkpoint { index, frontier, place })
    }

    /// The end of all writing.
    fn fail(&self, what: &'static str, cause: &io::Error) -> AppendError {
        let reason = format!("failed to {what}: {cause}");
        self.shared.fail(&reason);
        AppendError::Failed { reason }
    }

    fn seal(&mut self) -> io::Result<()> {
        self.journal.seal()?;
        head::sync(&self.head.handles()?)
    }

    /// Lets go of everything in order.
    pub(super) fn finish(mut self) -> Result<(), CloseError> {
        self.keeper.join();
        let sealed = match self.shared.standing() {
            Health::Writable => {
                if let Some(checkpoint) = self.checkpoint() {
                    self.checkpoints.finish(checkpoint);
                }
                self.seal().map_err(|error| error.to_string())
            }
            Health::ReadOnly { reason } => Err(reason),
        };
        let shut = self.shared.door.shut();
        self.shared.stop_writing("store is closed");
        sealed.and(shut).map_err(|reason| CloseError { reason })
    }
}

/// The answer to an append for which there is no room.
fn disk_full() -> Result<(), AppendError> {
    if planted::has(Bug::SwallowDiskFull) { Ok(()) } else { Err(AppendError::DiskFull) }
}
