//! Opening: reading the log back, and repairing one copy from the other.
//!
//! 1. The journal is read from position 1, and every frame must follow the one before: position,
//!    stream versions, Merkle root. Nothing is written yet.
//! 2. A frame that is damaged is looked for in a *copy* of sled's folder, since sled writes when
//!    it is opened. If it is there, the same bytes go back to the same place; if not, opening is
//!    refused and nothing was changed.
//! 3. The end of the last segment is open: zeros, or a frame that was being written when power
//!    failed. It counts as such only if part of it is missing and nothing that could be a later
//!    frame comes after it; then nobody was ever told that it is recorded, and it is cut off.
//!    A log that is shorter than `HEAD` says it was is refused, and so is one that was not closed
//!    and is shorter than sled or than appending leaves it.
//! 4. sled is opened. Frames that only it holds, which a journal that was closed must have lost, go
//!    back to the journal. Frames that it lacks are put in; if it cannot be opened or differs, it is set aside
//!    and made anew, because the journal is complete by now.

use std::{
    cell::OnceCell,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use tempfile::TempDir;
use tracing::warn;

use super::{
    super::{
        Chunk, Corrupt, GlobalPosition, OpenError,
        frame::{HEADER_LEN, MAGIC, peek},
        index::Index,
    },
    control::{self, Noted, State, io_error, sync_dir},
    door::SledFrames,
    journal::{self, Journal, SEGMENT_BYTES, Segment, segment_path},
};
use crate::integrity::Frontier;

const SLED: &str = "sled";
const END_MISSING: &str = "its end is missing";
const SET_ASIDE: &str = "sled.set-aside";
const COPY_PREFIX: &str = "sled.copy-";

/// Disks write this many bytes at once, or none of them.
const SECTOR: usize = 512;

/// A ledger read back, with both copies whole.
pub(super) struct Recovered {
    pub(super) index: Index,
    pub(super) frontier: Frontier,
    pub(super) journal: Journal,
    pub(super) frames: SledFrames,
}

/// Reads the ledger back and makes both copies whole, or refuses.
pub(super) fn recover(dir: &Path) -> Result<Recovered, OpenError> {
    remove_copies(dir).map_err(io_error("clear", dir))?;
    let mut log = Log::default();
    let spare = Spare { dir, copy: OnceCell::new() };
    let noted = control::noted(dir);
    let (repairs, mut tail) = scan(dir, &mut log, &spare)?;
    check_end(&log, &tail, noted, &spare)?;
    let shorter = |log: &Log| damaged(log.next(), "it was longer before");
    if log.index.head() < noted.head {
        spare.frame(log.next()).ok_or_else(|| shorter(&log))?;
    }
    if let Some(copy) = spare.frames() {
        apply(dir, &repairs, copy)?;
    }
    drop(spare);
    let frames = open_sled(dir)?;
    let journal_ends = log.next();
    let lost = beyond(dir, &mut log, &mut tail, &frames)?;
    if !lost.is_empty() && noted.state != State::Closed {
        return Err(damaged(journal_ends, END_MISSING));
    }
    if log.index.head() < noted.head {
        return Err(shorter(&log));
    }
    apply(dir, &lost, &frames)?;
    let now = Noted { head: log.index.head(), state: State::Open };
    if noted != now {
        // What is noted must be durable before, and noted before the segment is cut.
        let synced = File::open(&tail.path).and_then(|tail| tail.sync_all());
        synced.map_err(io_error("sync", &tail.path))?;
        control::note(dir, now).map_err(io_error("write in", dir))?;
    }
    let journal =
        Journal::resume(dir, &tail.path, tail.offset).map_err(io_error("write", &tail.path))?;
    let frames = reconcile(dir, frames, log.index.head())?;
    Ok(Recovered { index: log.index, frontier: log.frontier, journal, frames })
}

/// Refuses a journal that has lost its end, which only sled can show if it was not closed; how
/// much is lost then cannot be known, since sled lags behind.
fn check_end(log: &Log, tail: &Place, noted: Noted, spare: &Spare) -> Result<(), OpenError> {
    if noted.state == State::Closed {
        return Ok(());
    }
    let short = Journal::lacks_room(&tail.path, tail.offset);
    let short = short.map_err(io_error("read", &tail.path))?;
    let written = noted.state == State::Open && log.index.head() > noted.head;
    if short && written {
        return Err(damaged(log.next(), END_MISSING));
    }
    let ahead = (short || spare.frames().is_some()) && spare.frame(log.next()).is_some();
    if ahead { Err(damaged(log.next(), END_MISSING)) } else { Ok(()) }
}

/// The log as far as it has been read.
#[derive(Default)]
struct Log {
    index: Index,
    frontier: Frontier,
}

impl Log {
    fn next(&self) -> GlobalPosition {
        self.index.head().next()
    }

    /// Takes in a chunk if it is the next one, to the last hash.
    fn take(&mut self, chunk: &Chunk) -> Result<(), Corrupt> {
        let mut frontier = self.frontier.clone();
        for event in chunk.events() {
            frontier.append(event.leaf);
        }
        if chunk.first() == self.next() && frontier.root() != chunk.root() {
            return Err(Corrupt { reason: "frame does not lead to its Merkle root" });
        }
        self.index.replay(chunk)?;
        self.frontier = frontier;
        Ok(())
    }
}

/// A place in the journal.
#[derive(Clone)]
struct Place {
    path: PathBuf,
    offset: u64,
}

/// A frame to be put back into the journal.
struct Repair {
    place: Place,
    first: GlobalPosition,
}

/// Reads the journal; gives the repairs it needs and the place where it ends.
fn scan(dir: &Path, log: &mut Log, spare: &Spare) -> Result<(Vec<Repair>, Place), OpenError> {
    let mut segments = journal::segments(dir).map_err(io_error("list", dir))?;
    let first = GlobalPosition::new(1);
    if segments.first().is_none_or(|segment| segment.first != first) {
        // Creation makes the first segment, so it has been lost.
        spare.frame(first).ok_or(damaged(first, "its first segment is missing"))?;
        segments.insert(0, Segment { first, path: segment_path(dir, first) });
    }
    let mut repairs = Vec::new();
    let mut end = Place { path: PathBuf::new(), offset: 0 };
    let next = segments.iter().skip(1).map(|segment| Some(segment.first)).chain([None]);
    for (segment, until) in segments.iter().zip(next) {
        if segment.first != log.next() {
            return Err(damaged(log.next(), "segments overlap"));
        }
        let bytes = read_or_empty(&segment.path).map_err(io_error("read", &segment.path))?;
        let offset = scan_segment(segment, &bytes, until, log, spare, &mut repairs)?;
        end = Place { path: segment.path.clone(), offset };
    }
    Ok((repairs, end))
}

fn scan_segment(
    segment: &Segment,
    bytes: &Bytes,
    until: Option<GlobalPosition>,
    log: &mut Log,
    spare: &Spare,
    repairs: &mut Vec<Repair>,
) -> Result<u64, OpenError> {
    let mut at = 0_usize;
    while until.is_none_or(|until| log.next() < until) {
        let first = log.next();
        let rest = bytes.slice(at.min(bytes.len())..);
        let read = Chunk::decode(&rest).and_then(|chunk| log.take(&chunk).map(|()| chunk));
        let chunk = match read {
            Ok(chunk) => chunk,
            Err(_) if until.is_none() && is_open_end(&rest, at, first) => break,
            Err(Corrupt { reason }) => {
                let chunk = spare.frame(first).filter(|chunk| log.take(chunk).is_ok());
                let chunk = chunk.ok_or(damaged(first, reason))?;
                let place = Place { path: segment.path.clone(), offset: at as u64 };
                repairs.push(Repair { place, first });
                chunk
            }
        };
        at = at.saturating_add(chunk.frame().len());
    }
    Ok(at as u64)
}

fn damaged(position: GlobalPosition, reason: &'static str) -> OpenError {
    OpenError::Damaged { position, reason }
}

fn read_or_empty(path: &Path) -> io::Result<Bytes> {
    match fs::read(path) {
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(Bytes::new()),
        read => read.map(Bytes::from),
    }
}

/// Whether the log may end here: what is left of the last segment, from offset `at`, is nothing,
/// or a frame that was never completely written.
fn is_open_end(rest: &Bytes, at: usize, next: GlobalPosition) -> bool {
    let used = rest.slice(..used_len(rest));
    used.is_empty() || (is_incomplete(rest, used.len(), at) && !holds_frame_from(&used, next))
}

/// The length without the zeros at the end.
fn used_len(bytes: &[u8]) -> usize {
    const ZEROS: [u8; 4096] = [0; 4096];
    let blank = |block: &&[u8]| ZEROS.get(..block.len()) == Some(block);
    let blocks = bytes.rchunks(ZEROS.len()).take_while(blank).map(<[u8]>::len);
    let used = bytes.len().saturating_sub(blocks.sum());
    let kept = bytes.get(..used).unwrap_or_default();
    kept.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1))
}

/// Whether a sector of the frame that begins here was never written, or its end.
fn is_incomplete(rest: &[u8], used: usize, at: usize) -> bool {
    let extent = peek(rest).map_or(used, |(_, len)| len);
    if extent > rest.len() {
        // A frame is written only where there is room for it.
        return false;
    }
    if used < HEADER_LEN || used.saturating_add(4) <= extent {
        return true;
    }
    let (head, sectors) = rest
        .get(..extent)
        .and_then(|frame| frame.split_at_checked(at.next_multiple_of(SECTOR).saturating_sub(at)))
        .unwrap_or((rest, &[]));
    let blank = |sector: &[u8]| !sector.is_empty() && sector.iter().all(|byte| *byte == 0);
    blank(head) || sectors.chunks(SECTOR).any(blank)
}

/// Whether somewhere in the bytes lies a whole frame that is the next one or a later one.
fn holds_frame_from(bytes: &Bytes, next: GlobalPosition) -> bool {
    let starts = bytes.windows(MAGIC.len()).enumerate().filter(|(_, window)| *window == MAGIC);
    starts
        .filter_map(|(at, _)| Chunk::decode(&bytes.slice(at..)).ok())
        .any(|chunk| chunk.first() >= next)
}

/// sled's copy of the frames, looked at only when the journal needs it.
struct Spare<'a> {
    dir: &'a Path,
    copy: OnceCell<Option<(SledFrames, TempDir)>>,
}

impl Spare<'_> {
    fn frame(&self, first: GlobalPosition) -> Option<Chunk> {
        let copy = self.copy.get_or_init(|| copy_sled(self.dir));
        copy.as_ref()?.0.beginning_at(first)
    }

    /// The copy, if it was needed.
    fn frames(&self) -> Option<&SledFrames> {
        Some(&self.copy.get()?.as_ref()?.0)
    }
}

fn copy_sled(dir: &Path) -> Option<(SledFrames, TempDir)> {
    let copy = tempfile::Builder::new().prefix(COPY_PREFIX).tempdir_in(dir).ok()?;
    copy_tree(&dir.join(SLED), copy.path()).ok()?;
    Some((SledFrames::open(copy.path()).ok()?, copy))
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&to)?;
            copy_tree(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// Removes what an opening that was killed may have left.
fn remove_copies(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(COPY_PREFIX) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Puts frames back into the journal.
fn apply(dir: &Path, repairs: &[Repair], source: &SledFrames) -> Result<(), OpenError> {
    for Repair { place, first } in repairs {
        let chunk = source.beginning_at(*first).ok_or(damaged(*first, "its copy is gone"))?;
        put_back(place, chunk.frame()).map_err(io_error("repair", &place.path))?;
        warn!(position = %first, "journal frame restored from sled");
    }
    if !repairs.is_empty() {
        let journal = dir.join(journal::DIR);
        sync_dir(&journal).and_then(|()| sync_dir(dir)).map_err(io_error("sync", &journal))?;
    }
    Ok(())
}

fn put_back(place: &Place, frame: &[u8]) -> io::Result<()> {
    if let Some(folder) = place.path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).open(&place.path)?;
    file.write_all_at(frame, place.offset)?;
    file.sync_all()
}

/// Reads on in sled where the journal ends; the frames found are missing from the journal.
fn beyond(
    dir: &Path,
    log: &mut Log,
    tail: &mut Place,
    frames: &SledFrames,
) -> Result<Vec<Repair>, OpenError> {
    let mut lost = Vec::new();
    for chunk in frames.beginning_from(log.next()) {
        let first = log.next();
        log.take(&chunk).map_err(|corrupt| damaged(first, corrupt.reason))?;
        if tail.offset >= SEGMENT_BYTES {
            *tail = Place { path: segment_path(dir, first), offset: 0 };
        }
        lost.push(Repair { place: tail.clone(), first });
        tail.offset = tail.offset.saturating_add(chunk.frame().len() as u64);
    }
    Ok(lost)
}

fn open_sled(dir: &Path) -> Result<SledFrames, OpenError> {
    SledFrames::open(&dir.join(SLED)).or_else(|reason| {
        warn!(reason, "sled cannot be opened");
        renew_sled(dir)
    })
}

/// Sets sled's folder aside and begins a new one.
fn renew_sled(dir: &Path) -> Result<SledFrames, OpenError> {
    warn!("sled is rebuilt from the journal");
    let (sled, aside) = (dir.join(SLED), dir.join(SET_ASIDE));
    let tolerate = |outcome: io::Result<()>| match outcome {
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    };
    tolerate(fs::remove_dir_all(&aside))
        .and_then(|()| tolerate(fs::rename(&sled, &aside)))
        .map_err(io_error("set aside", &sled))?;
    SledFrames::open(&sled).map_err(|reason| OpenError::Engine { reason })
}

/// Makes sled hold exactly the frames of the journal, which is complete.
fn reconcile(
    dir: &Path,
    frames: SledFrames,
    head: GlobalPosition,
) -> Result<SledFrames, OpenError> {
    if fill(dir, &frames, head)? {
        return Ok(frames);
    }
    drop(frames);
    let frames = renew_sled(dir)?;
    if fill(dir, &frames, head)? {
        return Ok(frames);
    }
    Err(OpenError::Engine { reason: "sled does not hold what was put in".to_owned() })
}

/// Adds to sled the frames that it lacks at its end; whether it agrees with the journal.
fn fill(dir: &Path, frames: &SledFrames, head: GlobalPosition) -> Result<bool, OpenError> {
    let mut stored = frames.values_from(GlobalPosition::START).fuse();
    let mut next = GlobalPosition::new(1);
    for segment in journal::segments(dir).map_err(io_error("list", dir))? {
        let bytes = read_or_empty(&segment.path).map_err(io_error("read", &segment.path))?;
        let mut rest: &[u8] = &bytes;
        while let Some((first, len)) = peek(rest).filter(|(first, _)| *first == next) {
            let Some((frame, after)) = rest.split_at_checked(len) else { break };
            let agrees = match stored.next() {
                Some(Ok((key, value))) => key == first.get().to_be_bytes() && value == frame,
                Some(Err(_)) => false,
                None => match frames.insert(first, frame) {
                    // A sled made anew would have no more room.
                    Err(reason) if reason.contains("StorageFull") => {
                        return Err(OpenError::Engine { reason });
                    }
                    inserted => inserted.is_ok(),
                },
            };
            if !agrees {
                return Ok(false);
            }
            let last = Chunk::decode(&bytes.slice_ref(frame)).map(|chunk| chunk.last());
            next = last.map_or(next, GlobalPosition::next);
            rest = after;
        }
    }
    Ok(next == head.next() && stored.next().is_none())
}
