//! The checkpoint: what the store knows in memory, as it was at one position, kept in sled so that
//! opening need not replay everything before it.
//!
//! It is disposable. It counts only if its checksum holds, if every segment that it names is there
//! with its length, and if the journal has the frame that it was made after, with the same Merkle
//! root; else the log is replayed from its beginning, to the same state. One is begun after every
//! [`StoreOptions::checkpoint_every`](super::StoreOptions) events, or an eighth of the log if that
//! is more, in a thread of its own and from a snapshot, so that no append waits for it; and one at
//! closing, if there is more to replay than [`LAG_AT_CLOSE`].

use std::{
    io::{self, Read, Write},
    path::Path,
    sync::Arc,
    thread,
};

use bytes::Bytes;
use tracing::warn;

use super::{
    super::{
        GlobalPosition,
        index::{Index, array, number},
    },
    Shared,
    journal::{self, Place},
};
use crate::integrity::Frontier;

/// How many events may be left to replay after a clean stop.
const LAG_AT_CLOSE: u64 = 20_000;

const MAGIC: [u8; 8] = *b"DLCHECK2";

/// What is true after the frame that ends at a place.
pub(super) struct Checkpoint {
    pub(super) index: Index,
    pub(super) frontier: Frontier,
    pub(super) place: Place,
}

impl Checkpoint {
    fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        let place = &self.place;
        out.write_all(&MAGIC)?;
        out.write_all(&(place.sealed.len() as u64).to_le_bytes())?;
        for (first, len) in &place.sealed {
            out.write_all(&first.get().to_le_bytes())?;
            out.write_all(&len.to_le_bytes())?;
        }
        for number in [place.segment.get(), place.frame, place.end] {
            out.write_all(&number.to_le_bytes())?;
        }
        let frontier = self.frontier.to_bytes();
        out.write_all(&(frontier.len() as u64).to_le_bytes())?;
        out.write_all(&frontier)?;
        self.index.write_to(out)
    }

    fn read_from(bytes: &mut impl Read) -> io::Result<Self> {
        if array(bytes)? != MAGIC {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut sealed = Vec::new();
        for _ in 0..number(bytes)? {
            sealed.push((GlobalPosition::new(number(bytes)?), number(bytes)?));
        }
        let segment = GlobalPosition::new(number(bytes)?);
        let place = Place { sealed, segment, frame: number(bytes)?, end: number(bytes)? };
        let mut frontier = Vec::new();
        let frontier_len = number(bytes)?;
        bytes.take(frontier_len).read_to_end(&mut frontier)?;
        let frontier = Frontier::from_bytes(&frontier).ok_or(io::ErrorKind::InvalidData)?;
        let index = Index::read_from(bytes)?;
        let agree = index.head().get() == frontier.len();
        agree.then_some(Self { index, frontier, place }).ok_or(io::ErrorKind::InvalidData.into())
    }

    /// Reads a checkpoint that belongs to the journal; else says what is wrong with it.
    pub(super) fn read(
        dir: &Path,
        pieces: impl Iterator<Item = Result<Bytes, String>>,
    ) -> Result<Self, String> {
        let check = crc32fast::Hasher::new();
        let mut bytes = Reading { pieces, piece: Bytes::new(), check };
        let failed = |error: io::Error| format!("it cannot be read: {error}");
        let checkpoint = Self::read_from(&mut bytes).map_err(failed)?;
        let check = bytes.check.clone().finalize();
        if array(&mut bytes).map(u32::from_le_bytes).map_err(failed)? != check {
            return Err("it has the wrong checksum".to_owned());
        }
        if bytes.read(&mut [0]).map_err(failed)? > 0 {
            return Err("it is longer than it should be".to_owned());
        }
        checkpoint.check(dir)?;
        Ok(checkpoint)
    }

    fn check(&self, dir: &Path) -> Result<(), &'static str> {
        let place = &self.place;
        let lengths = journal::lengths(dir).map_err(|_| "the journal cannot be listed")?;
        let agree = place.sealed.iter().all(|sealed| lengths.contains(sealed));
        let before = lengths.iter().filter(|(first, _)| *first < place.segment).count();
        if !agree || before != place.sealed.len() {
            return Err("the journal has other segments");
        }
        let frame = journal::read_frame(dir, place.segment, place.frame);
        let frame = frame.ok().flatten().ok_or("the journal has no frame where it was made")?;
        let ends = place.frame.checked_add(frame.frame().len() as u64) == Some(place.end);
        if !ends || frame.last() != self.index.head() || frame.root() != self.frontier.root() {
            return Err("the journal has another frame where it was made");
        }
        Ok(())
    }
}

/// Joins the pieces of a checkpoint, each let go of as soon as it is read.
struct Reading<I> {
    pieces: I,
    piece: Bytes,
    check: crc32fast::Hasher,
}

impl<I: Iterator<Item = Result<Bytes, String>>> Read for Reading<I> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.next() {
                Some(piece) => self.piece = piece.map_err(io::Error::other)?,
                None => return Ok(0),
            }
        }
        let read = into.len().min(self.piece.len());
        let taken = self.piece.split_to(read);
        self.check.update(&taken);
        (&taken[..]).read(into)
    }
}

/// Cuts a checkpoint into pieces, and ends it with its checksum.
struct Pieces<F: FnMut(u32, &[u8]) -> Result<(), String>> {
    piece: Vec<u8>,
    check: crc32fast::Hasher,
    count: u32,
    put: F,
}

/// The length of a piece.
const PIECE: usize = 256 << 10;

impl<F: FnMut(u32, &[u8]) -> Result<(), String>> Pieces<F> {
    fn put(&mut self) -> io::Result<()> {
        (self.put)(self.count, &self.piece).map_err(io::Error::other)?;
        self.piece.clear();
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    fn finish(mut self) -> io::Result<u32> {
        let check = self.check.clone().finalize().to_le_bytes();
        self.piece.extend(check);
        self.put()?;
        Ok(self.count)
    }
}

impl<F: FnMut(u32, &[u8]) -> Result<(), String>> Write for Pieces<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE.saturating_sub(self.piece.len()));
        let bytes = bytes.get(..taken).unwrap_or_default();
        self.check.update(bytes);
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.put()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Puts a checkpoint into sled, in place of the one before.
fn save(shared: &Shared, checkpoint: &Checkpoint) -> Result<(), String> {
    shared.door.save_checkpoint(checkpoint.index.head(), |put| {
        let (piece, check) = (Vec::with_capacity(PIECE), crc32fast::Hasher::new());
        let mut pieces = Pieces { piece, check, count: 0, put };
        let written = checkpoint.write_to(&mut pieces).and_then(|()| pieces.finish());
        written.map_err(|error| error.to_string())
    })
}

/// Decides when a checkpoint is due, and has it written.
pub(super) struct Checkpoints {
    shared: Arc<Shared>,
    every: u64,
    last: GlobalPosition,
    writing: Option<thread::JoinHandle<()>>,
}

impl Checkpoints {
    pub(super) fn new(shared: Arc<Shared>, every: u64, last: GlobalPosition) -> Self {
        Self { shared, every, last, writing: None }
    }

    /// Whether it is time for the next one.
    pub(super) fn is_due(&self) -> bool {
        let head = self.shared.index.head();
        let lag = head.get().saturating_sub(self.last.get());
        let due = lag >= self.every.max(head.get().checked_shr(3).unwrap_or(0));
        due && self.writing.as_ref().is_none_or(thread::JoinHandle::is_finished)
    }

    /// Has one written aside. Whatever becomes of it, the log is none the worse.
    pub(super) fn begin(&mut self, checkpoint: Checkpoint) {
        self.last = checkpoint.index.head();
        let shared = Arc::clone(&self.shared);
        let write = move || {
            if let Err(reason) = save(&shared, &checkpoint) {
                warn!(reason, "checkpoint cannot be written");
            }
        };
        let thread = thread::Builder::new().name("ledger-checkpoint".to_owned());
        self.writing = thread.spawn(write).ok();
    }

    /// Waits for the one being written, and writes a last one if it is worth it.
    pub(super) fn finish(&mut self, last: Checkpoint) {
        self.join();
        let head = self.shared.index.head();
        if head.get().saturating_sub(self.last.get()) >= LAG_AT_CLOSE.min(self.every) {
            self.begin(last);
            self.join();
        }
    }

    /// Waits for the one being written.
    pub(super) fn join(&mut self) {
        if let Some(writing) = self.writing.take() {
            _ = writing.join();
        }
    }
}
