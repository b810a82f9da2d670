//! The writer: one thread that judges what arrives and lays it out in frames.
//!
//! While one frame is being made durable by the [`Committer`], the appends that arrive are judged
//! on top of it and laid out in the next, which is handed over as soon as the frame before is
//! durable. If that one fails, so does what was judged on top of it. A group so small that a
//! second thread would only cost time is committed by the writer itself.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, SendError, SyncSender, sync_channel},
    },
    thread,
};

use tokio::{
    runtime,
    sync::{
        mpsc::{self, error::TryRecvError},
        oneshot,
    },
};

use super::{
    super::{
        Append, AppendError, CloseError,
        index::{Stage, Tip},
    },
    Shared,
    committer::{Answers, Committer, Group, Reply},
};
use crate::clock::Clock;

/// The size from which on a frame takes no further append.
const GROUP_BYTES: usize = 1 << 20;

/// The largest number of appends that the writer commits itself.
const COMMITTED_HERE: usize = 4;

/// How many appends are enough to be handed over to a committer that has nothing to do.
const ENOUGH: usize = 64;

/// What the writer is asked to do.
pub(super) enum Command {
    /// Record and answer.
    Append { append: Append, reply: Reply },
    /// Finish what is queued, then let go of everything.
    Close { reply: Closing },
}

type Closing = oneshot::Sender<Result<(), CloseError>>;

/// The committer at work on a group, on its way there or back.
type Handover<T> = (Box<Committer>, T);

pub(super) struct Writer {
    queue: mpsc::Receiver<Command>,
    /// Gone while it is at work in its own thread.
    committer: Option<Box<Committer>>,
    hand_over: SyncSender<Handover<Group>>,
    back: mpsc::Receiver<Handover<Result<(), AppendError>>>,
    /// Where the log ends with what was handed over.
    tip: Tip,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
    closing: Vec<Closing>,
}

/// Appends judged so far.
#[derive(Default)]
struct Judged {
    /// Begun with the first append.
    stage: Option<Stage>,
    answers: Answers,
}

impl Judged {
    fn has_room(&self) -> bool {
        self.stage.as_ref().is_none_or(|stage| stage.size() < GROUP_BYTES)
    }
}

impl Writer {
    /// Starts the writer's two threads; the one to wait for is returned.
    pub(super) fn start(
        queue: mpsc::Receiver<Command>,
        committer: Committer,
        clock: Arc<dyn Clock>,
        shared: Arc<Shared>,
    ) -> io::Result<thread::JoinHandle<()>> {
        let (hand_over, work) = sync_channel(1);
        let (give_back, back) = mpsc::channel(1);
        let committing = thread::Builder::new().name("ledger-commit".to_owned());
        committing.spawn(move || commit_all(&work, &give_back))?;
        let tip = shared.index().tip(committer.frontier.clone());
        let (committer, closing) = (Some(Box::new(committer)), Vec::new());
        let writer = Self { queue, committer, hand_over, back, tip, clock, shared, closing };
        let runtime = runtime::Builder::new_current_thread().build()?;
        let writing = thread::Builder::new().name("ledger-writer".to_owned());
        writing.spawn(move || runtime.block_on(writer.run()))
    }

    /// Works until it is told to close, or until the store is dropped.
    async fn run(mut self) {
        if let Some(committer) = &mut self.committer {
            committer.keep_checkpoint();
        }
        self.record_all().await;
        if let (Some(committer), false) = (self.committer.take(), self.closing.is_empty()) {
            let outcome = committer.finish();
            for reply in self.closing {
                _ = reply.send(outcome.clone());
            }
        }
    }

    /// Records until nothing more can come, or the committer is lost.
    async fn record_all(&mut self) {
        let (mut judged, mut open) = (Judged::default(), true);
        loop {
            if let Ok((committer, outcome)) = self.back.try_recv() {
                self.settle(committer, outcome, &mut judged);
            }
            let waited_for = self.committer.is_some() && judged.answers.len() >= ENOUGH;
            if open && judged.has_room() && !waited_for {
                match self.queue.try_recv() {
                    Ok(command) => {
                        self.take(command, &mut judged);
                        continue;
                    }
                    Err(TryRecvError::Empty) => {}
                    Err(TryRecvError::Disconnected) => open = false,
                }
            }
            if let Some(committer) = self.committer.take() {
                if !judged.answers.is_empty() {
                    self.commit(committer, std::mem::take(&mut judged));
                    continue;
                }
                self.committer = Some(committer);
                if !open {
                    return;
                }
            }
            tokio::select! {
                biased;
                back = self.back.recv(), if self.committer.is_none() => {
                    let Some((committer, outcome)) = back else { return };
                    self.settle(committer, outcome, &mut judged);
                }
                command = self.queue.recv(), if open && judged.has_room() => match command {
                    Some(command) => self.take(command, &mut judged),
                    None => open = false,
                },
            }
        }
    }

    /// Judges an append on top of everything before it.
    fn take(&mut self, command: Command, judged: &mut Judged) {
        match command {
            Command::Append { append, reply } => {
                let begin = || Stage::new(&self.tip, self.clock.now());
                let stage = judged.stage.get_or_insert_with(begin);
                let answer = stage.add(&append, &*self.shared);
                judged.answers.add(reply, answer);
            }
            Command::Close { reply } => {
                self.queue.close();
                self.closing.push(reply);
            }
        }
    }

    /// Has a group committed, here or beside what is judged next.
    fn commit(&mut self, mut committer: Box<Committer>, judged: Judged) {
        let Judged { stage, answers } = judged;
        let sealed = stage.and_then(Stage::seal);
        if let Some(sealed) = &sealed {
            self.tip = sealed.tip();
        }
        let small = answers.len() <= COMMITTED_HERE && self.queue.is_empty();
        let group = Group { sealed, answers };
        if small {
            let outcome = committer.commit(group);
            self.settle(committer, outcome, &mut Judged::default());
        } else if let Err(SendError((committer, group))) = self.hand_over.send((committer, group)) {
            // The thread is gone, and with the committer goes all writing.
            drop((committer, group));
        }
    }

    /// Takes the committer back; what was judged on top of a group that failed fails with it.
    fn settle(
        &mut self,
        committer: Box<Committer>,
        outcome: Result<(), AppendError>,
        judged: &mut Judged,
    ) {
        if let Err(error) = outcome {
            self.tip = self.shared.index().tip(committer.frontier.clone());
            std::mem::take(judged).answers.fail(&error);
        }
        self.committer = Some(committer);
    }
}

/// Commits one group after another.
fn commit_all(
    work: &Receiver<Handover<Group>>,
    back: &mpsc::Sender<Handover<Result<(), AppendError>>>,
) {
    while let Ok((mut committer, group)) = work.recv() {
        let outcome = committer.commit(group);
        if back.blocking_send((committer, outcome)).is_err() {
            return;
        }
    }
}
