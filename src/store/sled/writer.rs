//! The writer: two threads, of which one judges what arrives while the other makes durable what
//! was judged.
//!
//! They share a [`Handover`]. The judging thread lays out appends there in the next frame, on top
//! of the one that is on its way to the disk; as soon as that is durable, the [`Committer`] takes
//! all that has gathered. If a frame fails, so does what was judged on top of it.

use std::{
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use tokio::sync::{mpsc, oneshot};

use super::{
    super::{
        Append, AppendError, CloseError,
        index::{Stage, Tip},
    },
    Shared,
    committer::{Answer, Committer, Group, Reply, Uncommitted},
};
use crate::clock::Clock;

/// The size from which on a frame takes no further append.
const GROUP_BYTES: usize = 1 << 20;

/// How many appends are judged before a committer that waits is told.
const JUDGED_TOGETHER: usize = 32;

/// What the writer is asked to do.
pub(super) enum Command {
    /// Record and answer.
    Append { append: Append, reply: Reply },
    /// Finish what is queued, then let go of everything.
    Close { reply: Closing },
}

type Closing = oneshot::Sender<Result<(), CloseError>>;

/// Starts the writer; it is done when the returned thread is.
pub(super) fn start(
    queue: mpsc::Receiver<Command>,
    committer: Committer,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
) -> io::Result<thread::JoinHandle<()>> {
    let (judging, committing) = Handover::begin(committer.tip());
    let judge = Judge { queue, judging, clock, shared };
    thread::Builder::new().name("ledger-judge".to_owned()).spawn(move || judge.run())?;
    let writer = thread::Builder::new().name("ledger-writer".to_owned());
    writer.spawn(move || commit_all(committer, &committing))
}

/// Where judged appends gather.
struct Handover {
    slot: Mutex<Slot>,
    /// Something has been judged, or nothing more will be.
    ready: Condvar,
    /// What was judged has been taken, or nothing more will be.
    room: Condvar,
}

struct Slot {
    judged: Judged,
    /// Where the log ends with what was taken.
    tip: Tip,
    closing: Vec<Closing>,
    /// Whether one of the sides is gone.
    ended: bool,
}

/// Appends judged so far.
#[derive(Default)]
struct Judged {
    /// Begun with the first append.
    stage: Option<Stage>,
    answers: Vec<(Reply, Answer)>,
}

impl Judged {
    fn has_room(&self) -> bool {
        self.stage.as_ref().is_none_or(|stage| stage.size() < GROUP_BYTES)
    }
}

/// One side of a handover. Dropping it tells the other side.
struct Side(Arc<Handover>);

impl Handover {
    fn begin(tip: Tip) -> (Side, Side) {
        let slot = Slot { judged: Judged::default(), tip, closing: Vec::new(), ended: false };
        let (slot, ready, room) = (Mutex::new(slot), Condvar::new(), Condvar::new());
        let handover = Arc::new(Self { slot, ready, room });
        (Side(Arc::clone(&handover)), Side(handover))
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Side {
    /// The slot, once what was judged has been taken or has room left.
    fn with_room(&self) -> MutexGuard<'_, Slot> {
        let full = |slot: &mut Slot| !slot.judged.has_room() && !slot.ended;
        self.0.room.wait_while(self.0.slot(), full).unwrap_or_else(PoisonError::into_inner)
    }

    /// The slot, once something has been judged or nothing more will be.
    fn with_work(&self) -> MutexGuard<'_, Slot> {
        let idle = |slot: &mut Slot| slot.judged.answers.is_empty() && !slot.ended;
        self.0.ready.wait_while(self.0.slot(), idle).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        let mut slot = self.0.slot();
        slot.ended = true;
        drop(slot);
        self.0.ready.notify_one();
        self.0.room.notify_one();
    }
}

/// The thread that judges.
struct Judge {
    queue: mpsc::Receiver<Command>,
    judging: Side,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
}

impl Judge {
    /// Judges each append on top of everything before it, until the store closes or is dropped.
    fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            let mut slot = self.judging.with_room();
            if slot.ended {
                return;
            }
            // Out of the slot meanwhile: should judging panic, nothing half judged is committed.
            let mut judged = std::mem::take(&mut slot.judged);
            let (mut next, mut left) = (Some(first), JUDGED_TOGETHER);
            while let Some(command) = next {
                left = left.saturating_sub(1);
                match command {
                    Command::Append { append, reply } => {
                        let begin = || Stage::new(&slot.tip, self.clock.now());
                        let stage = judged.stage.get_or_insert_with(begin);
                        judged.answers.push((reply, stage.add(&append, &*self.shared)));
                    }
                    Command::Close { reply } => {
                        self.queue.close();
                        slot.closing.push(reply);
                    }
                }
                let more = left > 0 && judged.has_room();
                next = if more { self.queue.try_recv().ok() } else { None };
            }
            slot.judged = judged;
            drop(slot);
            self.judging.0.ready.notify_one();
        }
    }
}

/// Answers everything with an error: a refusal too may rest on what was not recorded.
fn refuse(answers: impl Iterator<Item = (Reply, Answer)>, error: &AppendError) {
    for (reply, _) in answers {
        _ = reply.send(Err(error.clone()));
    }
}

/// Commits what was judged until nothing more will be; then closes, if told to.
fn commit_all(mut committer: Committer, committing: &Side) {
    committer.keep_checkpoint();
    let closing = loop {
        let mut slot = committing.with_work();
        let Judged { stage, answers } = std::mem::take(&mut slot.judged);
        if answers.is_empty() {
            break std::mem::take(&mut slot.closing);
        }
        let sealed = stage.and_then(Stage::seal);
        if let Some(sealed) = &sealed {
            slot.tip = sealed.tip();
        }
        drop(slot);
        committing.0.room.notify_one();
        if let Err(Uncommitted { error, answers }) = committer.commit(Group { sealed, answers }) {
            // Before anybody hears of it, and tries again.
            let mut slot = committing.0.slot();
            slot.tip = committer.tip();
            let on_top = std::mem::take(&mut slot.judged).answers;
            drop(slot);
            refuse(answers.into_iter().chain(on_top), &error);
        }
    };
    if !closing.is_empty() {
        let outcome = committer.finish();
        for reply in closing {
            _ = reply.send(outcome.clone());
        }
    }
}
