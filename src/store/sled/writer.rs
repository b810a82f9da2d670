//! The writer: one thread that turns what has arrived into one frame and makes it durable.
//!
//! While one frame is being synced the next appends queue up, and go into the frame after it.
//! The order is what matters: journal, `fdatasync`, memory for readers, index, head, answers.
//! sled gets the frame from the [`Keeper`], beside the next frame's sync.

use std::{
    io,
    sync::{Arc, PoisonError},
};

use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
};

use super::{
    super::{
        Append, AppendError, Appended, CloseError, GlobalPosition, Health,
        index::{Memory, Sealed, Stage},
        planted::{self, Bug},
    },
    Shared,
    checkpoint::{Checkpoint, Checkpoints},
    head::{self, HeadFiles, Mark},
    journal::Journal,
    keeper::Keeper,
};
use crate::{clock::Clock, integrity::Frontier};

/// The size from which on a frame takes no further append.
const GROUP_BYTES: usize = 1 << 20;

/// How many answers this thread gives itself.
const ANSWERS_HERE: usize = 2;

/// How many answers are handed over together.
const ANSWERS_TOGETHER: usize = 64;

/// How a disk says that it is full.
const FULL: [io::ErrorKind; 2] = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];

/// What the writer is asked to do.
pub(super) enum Command {
    /// Record and answer.
    Append { append: Append, reply: Reply },
    /// Finish what is queued, then let go of everything.
    Close { reply: oneshot::Sender<Result<(), CloseError>> },
}

type Reply = oneshot::Sender<Result<Appended, AppendError>>;
type Closing = oneshot::Sender<Result<(), CloseError>>;

/// Answers to be given; they are, whatever becomes of whoever was to do it.
#[derive(Default)]
struct Answers(Vec<(Reply, Result<Appended, AppendError>)>);

impl Answers {
    fn give(&mut self) {
        for (reply, answer) in self.0.drain(..) {
            _ = reply.send(answer);
        }
    }

    /// Has the answers given on a runtime, where it costs a fraction to wake those who wait, and
    /// this thread is free for the next frame.
    fn hand_over(mut self, runtime: Option<&Handle>) {
        let Some(runtime) = runtime else { return };
        while self.0.len() > ANSWERS_HERE {
            let rest = self.0.len().saturating_sub(ANSWERS_TOGETHER);
            let mut portion = Self(self.0.split_off(rest));
            runtime.spawn(async move { portion.give() });
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.give();
    }
}

pub(super) struct Writer {
    pub(super) queue: mpsc::Receiver<Command>,
    pub(super) journal: Journal,
    pub(super) head: HeadFiles,
    pub(super) frontier: Frontier,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) publish: watch::Sender<GlobalPosition>,
    pub(super) keeper: Keeper,
    pub(super) checkpoints: Checkpoints,
    pub(super) shared: Arc<Shared>,
}

impl Drop for Writer {
    /// Whatever ended the writer, nothing is recorded any more.
    fn drop(&mut self) {
        self.keeper.join();
        self.checkpoints.join();
        self.shared.stop_writing("writer has stopped");
    }
}

impl Writer {
    /// Works until it is told to close, or until the store is dropped.
    pub(super) fn run(mut self) {
        let mut closing = Vec::new();
        self.keep_checkpoint();
        while let Some(command) = self.queue.blocking_recv() {
            self.group(command, &mut closing);
            if !closing.is_empty() {
                self.queue.close();
            }
        }
        if !closing.is_empty() {
            let outcome = self.finish();
            for reply in closing {
                _ = reply.send(outcome.clone());
            }
        }
    }

    /// Records what has arrived as one frame, as far as it fits.
    fn group(&mut self, first: Command, closing: &mut Vec<Closing>) {
        let (sealed, mut answers) = self.stage(first, closing);
        if planted::has(Bug::AckBeforeSync) {
            answers.give();
        }
        let outcome = sealed.map_or(Ok(()), |sealed| self.record(sealed));
        if let Err(error) = outcome {
            // Refusals too may rest on what was not recorded.
            for (_, answer) in &mut answers.0 {
                *answer = Err(error.clone());
            }
        }
        answers.hand_over(self.shared.runtime.get());
    }

    fn stage(&mut self, first: Command, closing: &mut Vec<Closing>) -> (Option<Sealed>, Answers) {
        let failed = match self.shared.standing() {
            Health::Writable => None,
            Health::ReadOnly { reason } => Some(AppendError::Failed { reason }),
        };
        let index = self.shared.index();
        let mut stage = Stage::new(&index, &self.shared.door, self.clock.now());
        let mut answers = Answers::default();
        let mut next = Some(first);
        while let Some(command) = next {
            match command {
                Command::Append { append, reply } => {
                    let answer = failed.clone().map_or_else(|| stage.add(&append), Err);
                    answers.0.push((reply, answer));
                }
                Command::Close { reply } => closing.push(reply),
            }
            let room = stage.size() < GROUP_BYTES;
            next = if room { self.queue.try_recv().ok() } else { None };
        }
        (stage.seal(&self.frontier), answers)
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
        let mut index = self.shared.index.write().unwrap_or_else(PoisonError::into_inner);
        index.commit(changes, &chunk);
        drop(index);
        self.publish.send_replace(chunk.last());
        self.keep_checkpoint();
        Ok(())
    }

    /// Has a checkpoint written when it is time.
    fn keep_checkpoint(&mut self) {
        let fits = |index: Memory| {
            let bytes = index.stream_bytes.saturating_add(index.request_bytes);
            self.shared.space.room() > (bytes as u64).saturating_mul(2)
        };
        if self.checkpoints.is_due()
            && fits(self.shared.index().memory())
            && let Some(checkpoint) = self.checkpoint()
        {
            self.checkpoints.begin(checkpoint);
        }
    }

    /// What is true now, unless the segment is empty.
    fn checkpoint(&self) -> Option<Checkpoint> {
        let (index, frontier) = (self.shared.index().clone(), self.frontier.clone());
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

    fn finish(mut self) -> Result<(), CloseError> {
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
