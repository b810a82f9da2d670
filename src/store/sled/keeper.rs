//! The keeper: a thread that puts durable frames into sled and syncs the mark of how far the log
//! reaches, off the way to an acknowledgement.

use std::{
    fs::File,
    io,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Instant,
};

use super::{Shared, head};

/// How many frames may wait for sled before the writer waits too.
const FRAMES_BEHIND: usize = 16;

/// A handle on the thread; dropping it lets the thread finish.
pub(super) struct Keeper {
    work: Option<SyncSender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Keeper {
    pub(super) fn start(shared: Arc<Shared>, head: [File; 2]) -> io::Result<Self> {
        let (work, frames) = sync_channel(FRAMES_BEHIND);
        let keep = move || {
            if let Err(reason) = keep(&shared, &frames, &head) {
                shared.fail(&reason);
            }
        };
        let thread = thread::Builder::new().name("ledger-keeper".to_owned()).spawn(keep)?;
        Ok(Self { work: Some(work), thread: Some(thread) })
    }

    /// Says that one more frame waits. If the thread has given up, frames stay where they are.
    pub(super) fn wake(&self) {
        if let Some(work) = &self.work {
            _ = work.send(());
        }
    }

    /// Waits until sled has everything, unless it failed.
    pub(super) fn join(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

/// Works until there is nothing more to come, or something fails.
fn keep(shared: &Shared, frames: &Receiver<()>, head: &[File; 2]) -> Result<(), String> {
    let mut unsynced: Option<Instant> = None;
    loop {
        let age = unsynced.map_or_else(Default::default, |since| since.elapsed());
        match frames.recv_timeout(head::SYNC_EVERY.saturating_sub(age)) {
            Ok(()) => {
                let put = shared.door.put_away();
                put.map_err(|reason| format!("failed to write to sled: {reason}"))?;
                unsynced.get_or_insert_with(Instant::now);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        if unsynced.is_some_and(|since| since.elapsed() >= head::SYNC_EVERY) {
            head::sync(head).map_err(|error| format!("failed to sync the head: {error}"))?;
            unsynced = None;
        }
    }
}
