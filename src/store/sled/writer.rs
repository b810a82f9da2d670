//! The writer: appends are judged by whoever brings one, and made durable by one thread.
//!
//! Whoever brings an append puts it in a queue and then judges what waits there, unless somebody is
//! at it already. What is judged gathers in a [`Slot`], laid out in the next frame on top of the one
//! that is on its way to the disk; as soon as that is durable, the thread with the [`Committer`]
//! takes all that has gathered. If a frame fails, so does what was judged on top of it.
//!
//! Nobody waits for the slot but that thread, and no append is left behind in the queue: whoever has
//! had the slot looks into the queue again afterwards, and whoever finds the slot taken has put his
//! append there before.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle, Thread},
};

use tokio::sync::{Semaphore, oneshot};

use super::{
    super::{
        Append, AppendError, CloseError,
        index::{Stage, Tip},
    },
    Shared,
    committer::{Answer, Committer, Group, Reply, Uncommitted},
};
use crate::clock::Clock;

/// How many appends may wait to be judged before those who bring more have to wait.
const QUEUE_LEN: usize = 4096;

/// The size from which on a frame takes no further append.
const GROUP_BYTES: usize = 1 << 20;

/// How many appends are judged before the slot is free for a moment.
const JUDGED_TOGETHER: usize = 32;

/// How often one who brings an append goes on to judge those of others.
const TURNS: usize = 4;

type Closing = oneshot::Sender<Result<(), CloseError>>;

/// Where appends are brought, by any number of callers.
pub(super) struct Writer {
    /// Room in the queue; closed with the store.
    room: Semaphore,
    /// Appends that nobody has judged yet.
    queue: Mutex<VecDeque<(Append, Reply)>>,
    slot: Mutex<Slot>,
    work: Work,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
}

/// Where judged appends gather.
struct Slot {
    judged: Judged,
    /// Where the log ends with what was taken.
    tip: Tip,
    /// Who waits for the end.
    closing: Vec<Closing>,
    /// Whether no more appends will be brought.
    leaving: bool,
    /// Whether nothing more will be taken.
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

/// Whether there may be something for the thread to take.
#[derive(Default)]
struct Work {
    waits: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Work {
    fn announce(&self) {
        if !self.waits.swap(true, Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// Waits for an announcement since the last.
    fn wait(&self) {
        while !self.waits.swap(false, Ordering::SeqCst) {
            thread::park();
        }
    }
}

/// Announces work when dropped, even by a panic.
struct Announce<'a>(&'a Work);

impl Drop for Announce<'_> {
    fn drop(&mut self) {
        self.0.announce();
    }
}

/// Starts the writer; everything is let go of when the returned thread is done.
pub(super) fn start(
    committer: Committer,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
) -> io::Result<(Arc<Writer>, JoinHandle<()>)> {
    let (judged, closing) = (Judged::default(), Vec::new());
    let slot = Slot { judged, tip: committer.tip(), closing, leaving: false, ended: false };
    let writer = Arc::new(Writer {
        room: Semaphore::new(QUEUE_LEN),
        queue: Mutex::default(),
        slot: Mutex::new(slot),
        work: Work::default(),
        clock,
        shared,
    });
    let committing = Committing(Arc::clone(&writer));
    let thread = thread::Builder::new().name("ledger-writer".to_owned());
    let thread = thread.spawn(move || commit_all(committer, &committing))?;
    _ = writer.work.thread.set(thread.thread().clone());
    writer.work.announce();
    Ok((writer, thread))
}

impl Writer {
    /// Records and answers.
    pub(super) async fn append(self: &Arc<Self>, append: Append) -> Answer {
        let room = self.room.acquire().await.map_err(|_| AppendError::Closed)?;
        let (reply, answer) = oneshot::channel();
        room.forget();
        self.queue().push_back((append, reply));
        self.judge_waiting();
        let lost = || AppendError::Failed { reason: "writer has stopped".to_owned() };
        answer.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Finishes what was brought, then lets go of everything; `None` if another call got there
    /// first.
    pub(super) async fn close(&self) -> Option<Result<(), CloseError>> {
        let (reply, outcome) = oneshot::channel();
        self.leave(Some(reply));
        outcome.await.ok()
    }

    /// Finishes what was brought; no more will be.
    pub(super) fn leave(&self, closing: Option<Closing>) {
        self.room.close();
        let mut slot = self.slot();
        slot.leaving = true;
        if !slot.ended {
            slot.closing.extend(closing);
        }
        drop(slot);
        self.work.announce();
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<(Append, Reply)>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Judges what waits, unless somebody has the slot.
    fn judge_waiting(self: &Arc<Self>) {
        for _ in 0..TURNS {
            // Dropped after the slot.
            let _announce = Announce(&self.work);
            let mut slot = match self.slot.try_lock() {
                Ok(slot) => slot,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            self.judge(&mut slot);
            let full = !slot.judged.has_room();
            drop(slot);
            if full || self.queue().is_empty() {
                return;
            }
        }
        self.judge_elsewhere();
    }

    /// Has somebody else judge what waits. Should nobody, the thread does when it is free.
    fn judge_elsewhere(self: &Arc<Self>) {
        if let Some(runtime) = self.shared.runtime.get() {
            let writer = Arc::downgrade(self);
            runtime.spawn(async move { writer.upgrade().map(|writer| writer.judge_waiting()) });
        }
    }

    /// Judges some of what waits, each append on top of everything before it.
    fn judge(&self, slot: &mut Slot) {
        // Out of the slot, and the end, should judging panic: nothing half judged is committed.
        let mut judged = std::mem::take(&mut slot.judged);
        let ended = std::mem::replace(&mut slot.ended, true);
        let mut left = JUDGED_TOGETHER;
        while left > 0
            && judged.has_room()
            && let Some((append, reply)) = self.next()
        {
            left = left.saturating_sub(1);
            if ended {
                _ = reply.send(Err(AppendError::Closed));
                continue;
            }
            let begin = || Stage::new(&slot.tip, self.clock.now());
            let stage = judged.stage.get_or_insert_with(begin);
            judged.answers.push((reply, stage.add(&append, &*self.shared)));
        }
        slot.judged = judged;
        slot.ended = ended;
    }

    fn next(&self) -> Option<(Append, Reply)> {
        let next = self.queue().pop_front()?;
        self.room.add_permits(1);
        Some(next)
    }

    /// What has been judged; `None` if there is nothing. The end, if nothing more will come.
    fn take(self: &Arc<Self>) -> Option<Group> {
        let mut slot = self.slot();
        if slot.judged.answers.is_empty() {
            self.judge(&mut slot);
        }
        let Judged { stage, answers } = std::mem::take(&mut slot.judged);
        if answers.is_empty() {
            slot.ended |= slot.leaving && self.queue().is_empty();
            return None;
        }
        let sealed = stage.and_then(Stage::seal);
        if let Some(sealed) = &sealed {
            slot.tip = sealed.tip();
        }
        drop(slot);
        if !self.queue().is_empty() {
            self.judge_elsewhere();
        }
        Some(Group { sealed, answers })
    }

    /// Goes back to where the log really ends, and refuses everything that rests on more.
    fn go_back(&self, tip: Tip, uncommitted: Uncommitted) {
        let Uncommitted { error, answers } = uncommitted;
        // Before anybody hears of it, and tries again.
        let mut slot = self.slot();
        slot.tip = tip;
        let on_top = std::mem::take(&mut slot.judged).answers;
        drop(slot);
        // A refusal too may rest on what was not recorded.
        for (reply, _) in answers.into_iter().chain(on_top) {
            _ = reply.send(Err(error.clone()));
        }
    }
}

/// The thread's side; dropping it is the end.
struct Committing(Arc<Writer>);

impl Drop for Committing {
    fn drop(&mut self) {
        let mut slot = self.0.slot();
        slot.ended = true;
        let (judged, closing) =
            (std::mem::take(&mut slot.judged), std::mem::take(&mut slot.closing));
        drop(slot);
        self.0.room.close();
        let waiting = std::mem::take(&mut *self.0.queue());
        drop((judged, closing, waiting));
    }
}

/// Commits what was judged until nothing more will be; then closes, if told to.
fn commit_all(mut committer: Committer, committing: &Committing) {
    let Committing(writer) = committing;
    committer.keep_checkpoint();
    loop {
        match writer.take() {
            Some(group) => {
                if let Err(uncommitted) = committer.commit(group) {
                    writer.go_back(committer.tip(), uncommitted);
                }
            }
            None if writer.slot().ended => break,
            None if writer.queue().is_empty() => writer.work.wait(),
            None => {}
        }
    }
    let closing = std::mem::take(&mut writer.slot().closing);
    if !closing.is_empty() {
        let outcome = committer.finish();
        for reply in closing {
            _ = reply.send(outcome.clone());
        }
    }
}
