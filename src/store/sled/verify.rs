//! Looking at a ledger without changing it: every frame's checksum, every leaf, positions, versions,
//! links and roots, and whether the journal, sled and the mark agree.
//!
//! A ledger that nobody has open is looked at to its end, and sled in a copy of its folder. One that
//! is open is looked at up to where it ended when the looking began: the journal in its files, which
//! do not change below that place, sled through the store's own handle.

use std::{error::Error, fs, ops::ControlFlow, path::Path};

use bytes::Bytes;
use tokio::sync::watch;

use super::{
    super::{Chunk, Corrupt, Fault, GlobalPosition, OpenError, ReadError, Verified},
    control::{self, io_error},
    door::{Door, Kept},
    head::{self, Mark},
    journal,
    recover::{Log, copy_sled, is_open_end},
};

/// Verifies the ledger in a directory.
///
/// # Errors
///
/// When there is no ledger, somebody has it open, or it cannot be read.
pub fn verify(dir: &Path) -> Result<Verified, OpenError> {
    let claim = control::claim_existing(dir)?;
    verify_claimed(dir, claim.log_id)
}

/// Verifies the ledger in a directory that is ours.
pub(super) fn verify_claimed(dir: &Path, log_id: String) -> Result<Verified, OpenError> {
    let mut found = Look::default();
    let mut sled = Sled::of(dir, &mut found);
    found.read_journal(dir, None, |chunk, found| {
        sled.compare(chunk, found);
        ControlFlow::Continue(())
    })?;
    let sled_lacks = sled.finish(&mut found);
    found.check_head(head::read(dir));
    Ok(found.into_verified(log_id, sled_lacks))
}

/// Verifies the ledger behind a door, up to a position that readers have been shown.
pub(super) fn verify_open(
    door: &Door,
    log_id: String,
    head: GlobalPosition,
    progress: &watch::Sender<GlobalPosition>,
) -> Result<Verified, ReadError> {
    let mut found = Look::default();
    let mut sled = OpenSled { door, last: GlobalPosition::START, lacks: 0, fault: None };
    // Read now, since the mark goes on; it is noted before readers are shown anything.
    let mark = steady_mark(door.dir());
    let each = |chunk: &Chunk, _: &mut Look| {
        progress.send_replace(chunk.last());
        if progress.is_closed() { ControlFlow::Break(()) } else { sled.compare(chunk) }
    };
    let read = found.read_journal(door.dir(), Some(head), each);
    read.map_err(|error| ReadError::Engine { reason: with_source(&error) })?;
    if progress.is_closed() || !door.is_open() {
        return Err(ReadError::Closed);
    }
    if let Some((position, what)) = sled.fault {
        found.fault("sled", position, what);
    }
    match mark {
        Some(mark) if mark.position > head => {}
        Some(mark) if mark.position < head => {
            found.fault("head", head, format!("the log is noted to end at {}", mark.position));
        }
        mark => found.check_head(mark),
    }
    Ok(found.into_verified(log_id, sled.lacks))
}

/// The mark of a ledger that is being written to: both files are never half written for long.
fn steady_mark(dir: &Path) -> Option<Mark> {
    (0..100).find_map(|_| head::read(dir))
}

fn with_source(error: &OpenError) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// sled as the store has it open.
struct OpenSled<'a> {
    door: &'a Door,
    /// Where the last frame began that was compared.
    last: GlobalPosition,
    lacks: u64,
    fault: Option<(GlobalPosition, String)>,
}

impl OpenSled<'_> {
    fn compare(&mut self, chunk: &Chunk) -> ControlFlow<()> {
        if self.fault.is_some() {
            return ControlFlow::Continue(());
        }
        match self.door.compare(self.last, chunk) {
            Kept::Same => {}
            Kept::Waiting => self.lacks = self.lacks.saturating_add(chunk.len() as u64),
            Kept::Otherwise(what) => self.fault = Some((chunk.first(), what)),
            Kept::Shut => return ControlFlow::Break(()),
        }
        self.last = chunk.first();
        ControlFlow::Continue(())
    }
}

#[derive(Default)]
struct Look {
    log: Log,
    faults: Vec<Fault>,
}

impl Look {
    fn fault(&mut self, part: &'static str, position: GlobalPosition, what: impl Into<String>) {
        self.faults.push(Fault { part, position, what: what.into() });
    }

    fn into_verified(self, log_id: String, sled_lacks: u64) -> Verified {
        let Self { log, faults } = self;
        let (events, root) = (log.index.head().get(), log.frontier.root());
        Verified { log_id, events, root, sled_lacks, faults }
    }

    /// Goes through the journal until it ends or has passed a position, a frame is not what should
    /// be there, or it is told to stop.
    fn read_journal(
        &mut self,
        dir: &Path,
        until: Option<GlobalPosition>,
        mut each: impl FnMut(&Chunk, &mut Self) -> ControlFlow<()>,
    ) -> Result<(), OpenError> {
        let passed = |next| until.is_some_and(|until| next > until);
        let segments = journal::segments(dir).map_err(io_error("list", dir))?;
        for (n, segment) in segments.iter().enumerate() {
            if passed(self.log.next()) {
                return Ok(());
            }
            if segment.first != self.log.next() {
                self.fault("journal", self.log.next(), "a segment is missing, or one too many");
                return Ok(());
            }
            let bytes = fs::read(&segment.path).map_err(io_error("read", &segment.path))?;
            let (bytes, mut at) = (Bytes::from(bytes), 0_usize);
            let is_last = n.saturating_add(1) == segments.len();
            while at < bytes.len() && !passed(self.log.next()) {
                let (rest, next) = (bytes.slice(at..), self.log.next());
                match self.take(&rest) {
                    Ok(chunk) => {
                        at = at.saturating_add(chunk.frame().len());
                        if each(&chunk, self).is_break() {
                            return Ok(());
                        }
                    }
                    Err(_) if is_last && until.is_none() && is_open_end(&rest, at, next) => break,
                    Err(Corrupt { reason }) => {
                        self.fault("journal", next, reason);
                        return Ok(());
                    }
                }
            }
        }
        if until.is_some() && !passed(self.log.next()) {
            self.fault("journal", self.log.next(), "it ends before the log does");
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

    fn check_head(&mut self, mark: Option<Mark>) {
        let next = self.log.next();
        match mark {
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
