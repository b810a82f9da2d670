//! Room on the disk: appends are refused while there is still some left.
//!
//! Before a frame is written there must be room for it in both copies, for the next step of the
//! journal, and a reserve on top, so that what was acknowledged can always be put into sled, and
//! the store be closed and opened again. The question is asked anew for every frame, so appends
//! are taken again as soon as there is room.

use std::{
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use super::journal::STEP_BYTES;

/// The reserve on a large disk.
const RESERVE_BYTES: u64 = 256 << 20;

/// The reserve on a small one.
const LEAST_RESERVE_BYTES: u64 = 4 << 20;

pub(super) struct Space {
    dir: PathBuf,
    reserve: AtomicU64,
    /// What the last append that was refused would have needed beyond the reserve.
    wanted: AtomicU64,
}

impl Space {
    /// Watches the disk that a directory is on. If not told otherwise, the reserve is 256 MiB, or
    /// a 32nd of a smaller disk, but 4 MiB at least.
    pub(super) fn new(dir: &Path, reserve: Option<u64>) -> io::Result<Self> {
        let total =
            rustix::fs::statvfs(dir).map(|disk| disk.f_blocks.saturating_mul(disk.f_frsize))?;
        let usual = (total >> 5).clamp(LEAST_RESERVE_BYTES, RESERVE_BYTES);
        let reserve = AtomicU64::new(reserve.unwrap_or(usual));
        Ok(Self { dir: dir.to_owned(), reserve, wanted: AtomicU64::new(0) })
    }

    /// Whether a frame can be taken; if not, that is remembered until one can.
    pub(super) fn admits(&self, frame: usize) -> bool {
        let needed = (frame as u64).saturating_mul(3).saturating_add(STEP_BYTES);
        let room = self.room();
        self.wanted.store(if room >= needed { 0 } else { needed }, Relaxed);
        room >= needed
    }

    /// Notes that the disk was full although it did not say so before.
    pub(super) fn was_full(&self) {
        self.wanted.fetch_max(STEP_BYTES, Relaxed);
    }

    /// Why no append is taken, if it is for want of room.
    pub(super) fn shortage(&self) -> Option<String> {
        let (room, wanted) = (self.room(), self.wanted.load(Relaxed));
        let short = room == 0 || room < wanted;
        short.then(|| {
            let reserve = self.reserve.load(Relaxed) >> 20;
            format!("disk is full but for a reserve of {reserve} MiB; make room on it")
        })
    }

    /// The bytes free beyond the reserve. A disk that does not say is taken to have room.
    pub(super) fn room(&self) -> u64 {
        let disk = rustix::fs::statvfs(&self.dir);
        let free = disk.map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        free.saturating_sub(self.reserve.load(Relaxed))
    }

    #[cfg(test)]
    pub(super) fn set_reserve_for_test(&self, bytes: u64) {
        self.reserve.store(bytes, Relaxed);
    }
}
