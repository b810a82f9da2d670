//! The keeper: a thread that puts durable frames into sled, off the way to an acknowledgement.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
    thread,
};

use super::Shared;

/// How many frames may wait for sled before the writer waits too.
const FRAMES_BEHIND: usize = 16;

/// A handle on the thread; dropping it lets the thread finish.
pub(super) struct Keeper {
    work: Option<SyncSender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Keeper {
    pub(super) fn start(shared: Arc<Shared>) -> io::Result<Self> {
        let (work, frames) = sync_channel(FRAMES_BEHIND);
        let keep = move || {
            for () in frames {
                if let Err(reason) = shared.door.put_away() {
                    shared.fail(&format!("failed to write to sled: {reason}"));
                    return;
                }
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
