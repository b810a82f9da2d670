//! A log that is put into an empty directory as it was elsewhere.
//!
//! Until the last step, which is one rename, `LEDGER` is called `LEDGER.restoring`, and nobody can
//! open the directory. A restoring that was cut short is begun again from nothing.

use std::path::{Path, PathBuf};

use super::{
    super::{Chunk, GlobalPosition, OpenError, Verified},
    StoreOptions,
    control::{self, io_error},
    head::{HeadFiles, Mark},
    journal::{self, Journal, SEGMENT_BYTES, Segment, segment_path},
    recover::recover,
    verify,
};
use crate::integrity::{Frontier, Hash};

/// A log being restored.
pub struct Restore {
    dir: PathBuf,
    claim: control::Claim,
    journal: Journal,
    end: Mark,
}

impl Restore {
    /// Begins in a directory that is empty or missing, or where a restoring was cut short.
    ///
    /// # Errors
    ///
    /// The directory holds something, somebody has it, or it cannot be written to.
    pub fn begin(dir: &Path, log_id: &str) -> Result<Self, OpenError> {
        let claim = control::claim_for_restoring(dir, log_id)?;
        let first = GlobalPosition::new(1);
        let begin = || {
            journal::create(dir)?;
            let segment = Segment { first, path: segment_path(dir, first) };
            Journal::resume(dir, &segment, None, 0, SEGMENT_BYTES)
        };
        let journal = begin().map_err(io_error("write", dir))?;
        let end = Mark { position: GlobalPosition::START, root: Frontier::new().root() };
        Ok(Self { dir: dir.to_owned(), claim, journal, end })
    }

    /// Takes in the next frame, which the caller has read with a
    /// [`FrameReader`](super::super::FrameReader) or made.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn take(&mut self, chunk: &Chunk) -> Result<(), OpenError> {
        let put = self.journal.put(chunk.first(), chunk.frame());
        put.map_err(io_error("write", &self.dir))?;
        self.end = Mark { position: chunk.last(), root: chunk.root() };
        Ok(())
    }

    /// The Merkle root of what was taken in.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.end.root
    }

    /// Reads everything back, fills sled, verifies, and only then makes the directory a ledger. If
    /// faults are found, it does not become one.
    ///
    /// # Errors
    ///
    /// What was written cannot be made durable, or read back.
    pub fn finish(mut self) -> Result<Verified, OpenError> {
        let dir = &self.dir;
        let write = |journal: &mut Journal| {
            journal.seal()?;
            HeadFiles::open(dir, self.end).map(drop)
        };
        write(&mut self.journal).map_err(io_error("write", dir))?;
        drop(recover(dir, StoreOptions { trust_checkpoint: false, ..StoreOptions::default() })?);
        let verified = verify::verify_claimed(dir, self.claim.log_id.clone())?;
        if verified.faults.is_empty() {
            control::finish_restoring(dir).map_err(io_error("write", dir))?;
        }
        Ok(verified)
    }
}
