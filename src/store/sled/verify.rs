//! Looking at a ledger that nobody has open, without changing it: every frame's checksum, every
//! leaf, positions, versions, links and roots, and whether the journal, sled and the mark agree.

use std::{fs, path::Path};

use bytes::Bytes;

use super::{
    super::{Chunk, Corrupt, GlobalPosition, OpenError},
    control::{self, io_error},
    head, journal,
    recover::{Log, copy_sled, is_open_end},
};
use crate::integrity::Hash;

/// What was found in a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The name of the log.
    pub log_id: String,
    /// The events of the journal, up to the first fault in it.
    pub events: u64,
    /// The Merkle root of those events.
    pub root: Hash,
    /// How many of the last events only the journal holds; the next opening puts them into sled.
    pub sled_lacks: u64,
    /// What is not as it should be; nothing, if the ledger is whole.
    pub faults: Vec<Fault>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where: `journal`, `sled` or `head`.
    pub part: &'static str,
    /// The position from which on it is so.
    pub position: GlobalPosition,
    /// What is wrong.
    pub what: String,
}

/// Verifies the ledger in a directory.
///
/// # Errors
///
/// When there is no ledger, somebody has it open, or it cannot be read.
pub fn verify(dir: &Path) -> Result<Verified, OpenError> {
    let claim = control::claim_existing(dir)?;
    let mut found = Look { log: Log::default(), faults: Vec::new() };
    let mut sled = Sled::of(dir, &mut found);
    found.read_journal(dir, |chunk, found| sled.compare(chunk, found))?;
    let sled_lacks = sled.finish(&mut found);
    found.check_head(dir);
    let Look { log, faults } = found;
    let (events, root) = (log.index.head().get(), log.frontier.root());
    Ok(Verified { log_id: claim.log_id, events, root, sled_lacks, faults })
}

struct Look {
    log: Log,
    faults: Vec<Fault>,
}

impl Look {
    fn fault(&mut self, part: &'static str, position: GlobalPosition, what: impl Into<String>) {
        self.faults.push(Fault { part, position, what: what.into() });
    }

    /// Goes through the journal until it ends, or a frame is not what should be there.
    fn read_journal(
        &mut self,
        dir: &Path,
        mut each: impl FnMut(&Chunk, &mut Self),
    ) -> Result<(), OpenError> {
        let segments = journal::segments(dir).map_err(io_error("list", dir))?;
        for (n, segment) in segments.iter().enumerate() {
            if segment.first != self.log.next() {
                self.fault("journal", self.log.next(), "a segment is missing, or one too many");
                return Ok(());
            }
            let bytes = fs::read(&segment.path).map_err(io_error("read", &segment.path))?;
            let (bytes, mut at) = (Bytes::from(bytes), 0_usize);
            let is_last = n.saturating_add(1) == segments.len();
            while at < bytes.len() {
                let (rest, next) = (bytes.slice(at..), self.log.next());
                match self.take(&rest) {
                    Ok(chunk) => {
                        at = at.saturating_add(chunk.frame().len());
                        each(&chunk, self);
                    }
                    Err(_) if is_last && is_open_end(&rest, at, next) => break,
                    Err(Corrupt { reason }) => {
                        self.fault("journal", next, reason);
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, bytes: &Bytes) -> Result<Chunk, Corrupt> {
        let chunk = Chunk::decode(bytes)?;
        if !chunk.leaves_hold() {
            return Err(Corrupt { reason: "event does not have its leaf" });
        }
        self.log.take(&chunk)?;
        Ok(chunk)
    }

    fn check_head(&mut self, dir: &Path) {
        let next = self.log.next();
        match head::read(dir) {
            None => self.fault("head", next, "both notes of how far the log reaches are lost"),
            Some(mark) if mark.position >= next => {
                let what = format!("the log was known to reach position {}", mark.position);
                self.fault("head", next, what);
            }
            Some(mark) => {
                let same =
                    mark.position < self.log.index.head() || mark.root == self.log.frontier.root();
                if !same {
                    self.fault("head", mark.position, "the log was known with another root");
                }
            }
        }
    }
}

/// A stored pair, and whatever else sled says.
type Stored = Box<dyn Iterator<Item = Result<(Vec<u8>, Bytes), String>>>;

/// A copy of sled, since sled writes when it is opened, read beside the journal.
struct Sled {
    stored: Option<Stored>,
    /// The events that it has been found to lack at its end.
    lacks: u64,
    _copy: Option<tempfile::TempDir>,
}

impl Sled {
    fn of(dir: &Path, found: &mut Look) -> Self {
        let Some((frames, copy)) = copy_sled(dir) else {
            found.fault("sled", GlobalPosition::new(1), "it cannot be opened");
            return Self { stored: None, lacks: 0, _copy: None };
        };
        let stored = Box::new(frames.values_from(GlobalPosition::START).fuse());
        Self { stored: Some(stored), lacks: 0, _copy: Some(copy) }
    }

    fn compare(&mut self, chunk: &Chunk, found: &mut Look) {
        let Some(stored) = &mut self.stored else { return };
        let what = match stored.next() {
            Some(Ok((key, value))) => {
                let same = key == chunk.first().get().to_be_bytes() && value == *chunk.frame();
                if same {
                    return;
                }
                "it differs from the journal".to_owned()
            }
            Some(Err(reason)) => reason,
            None => {
                self.lacks = self.lacks.saturating_add(chunk.len() as u64);
                return;
            }
        };
        found.fault("sled", chunk.first(), what);
        self.stored = None;
    }

    fn finish(mut self, found: &mut Look) -> u64 {
        let whole = found.faults.is_empty();
        if whole && self.stored.as_mut().is_some_and(|stored| stored.next().is_some()) {
            found.fault("sled", found.log.next(), "it holds more than the journal");
        }
        self.lacks
    }
}
