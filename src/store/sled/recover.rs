//! Opening: reading the log back, and repairing one copy from the other.
//!
//! With a [`checkpoint`](super::checkpoint), only what came after it is read back and compared; a
//! frame before it is checked when it is read, as ever. Whenever anything is out of order, and
//! if there is no checkpoint, everything is read:
//!
//! 1. The journal is read from position 1, and every frame must follow the one before: position,
//!    stream versions, Merkle root. Nothing is written yet.
//! 2. A frame that is damaged is looked for in a *copy* of sled's folder, since sled writes when
//!    it is opened. If it is there, the same bytes go back to the same place; if not, opening is
//!    refused and nothing was changed.
//! 3. The end of the last segment is open: zeros, or a frame that was being written when power
//!    failed. It counts as such only if part of it is missing and nothing that could be a later
//!    frame comes after it; then nobody was ever told that it is recorded, and it is cut off.
//!    A log that is shorter than `HEAD` says it was, or another one, is refused.
//! 4. sled is opened. Frames that only it holds, which the journal must have lost, go back to the
//!    journal. Frames that it lacks are put in; if it cannot be opened in time or differs, it is
//!    set aside as `sled.damaged-N`, which nothing ever removes, and made anew, because the
//!    journal is complete by now.

use std::{
    cell::OnceCell,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use tempfile::TempDir;
use tracing::warn;

use super::{
    super::{
        Chunk, Corrupt, GlobalPosition, OpenError,
        files::sync_dir,
        frame::{Extent, HEADER_LEN, MAGIC, peek},
        index::Index,
    },
    StoreOptions,
    checkpoint::Checkpoint,
    control::io_error,
    door::SledFrames,
    head::{self, HeadFiles, Mark},
    journal::{self, Journal, Segment, segment_path},
    pages::Walk,
};
use crate::integrity::Frontier;

const SLED: &str = "sled";
const SET_ASIDE: &str = "sled.damaged-";
const COPY_PREFIX: &str = "sled.copy-";

/// Disks write this many bytes at once, or none of them.
const SECTOR: usize = 512;

/// A ledger read back, with both copies whole.
pub(super) struct Recovered {
    pub(super) index: Index,
    pub(super) frontier: Frontier,
    pub(super) journal: Journal,
    pub(super) head: HeadFiles,
    pub(super) frames: SledFrames,
    /// The position of the checkpoint it began with.
    pub(super) checkpoint: GlobalPosition,
}

/// Reads the ledger back and makes both copies whole, or refuses.
pub(super) fn recover(dir: &Path, options: StoreOptions) -> Result<Recovered, OpenError> {
    remove_copies(dir).map_err(io_error("clear", dir))?;
    let noted = head::read(dir);
    let read = match noted.filter(|_| options.trust_checkpoint).map(|noted| resume(dir, noted)) {
        Some(Ok(Some(read))) => read,
        Some(Err(reason)) => {
            warn!(reason, "checkpoint is ignored; the log is replayed from its beginning");
            replay(dir, noted, options)?
        }
        Some(Ok(None)) | None => replay(dir, noted, options)?,
    };
    let ReadBack { log, tail, frames, checkpoint } = read;
    let journal =
        Journal::resume(dir, &tail.segment, tail.frame, tail.offset, options.segment_bytes)
            .map_err(io_error("write", dir))?;
    let mark = Mark { position: log.index.head(), root: log.frontier.root() };
    let head = HeadFiles::open(dir, mark).map_err(io_error("write in", dir))?;
    Ok(Recovered { index: log.index, frontier: log.frontier, journal, head, frames, checkpoint })
}

/// A log that both copies hold.
struct ReadBack {
    log: Log,
    tail: Place,
    frames: SledFrames,
    checkpoint: GlobalPosition,
}

/// Reads back what came after the checkpoint; `None` if there is none.
///
/// Whatever is not as it should be is left to [`replay`].
fn resume(dir: &Path, noted: Mark) -> Result<Option<ReadBack>, String> {
    if !looks_whole(dir, noted).map_err(|error| error.to_string())? {
        return Err("the end of the journal is damaged".to_owned());
    }
    if !dir.join(SLED).is_dir() {
        return Err("sled is lost".to_owned());
    }
    let frames = SledFrames::open(&dir.join(SLED))?;
    let Some(pieces) = frames.checkpoint()? else { return Ok(None) };
    let Checkpoint { index, frontier, place } = Checkpoint::read(dir, pieces)?;
    let checkpoint = index.head();
    let mut log = Log { index, frontier, noted: Some(noted) };
    let journal::Place { segment, frame, end: offset, .. } = place;
    let start = Start { segment, frame: Some(frame), offset, next: checkpoint.next() };
    let found = scan(dir, &mut log, &start, &mut |_| None);
    let (_, tail) = found.map_err(|error| error.to_string())?;
    let head = log.index.head();
    // What sled holds before its last frame is checked when it is read.
    let last = frames.last_key()?.filter(|last| *last <= head && !log.is_short());
    let from = last.ok_or("sled and the journal end differently")?.max(start.next);
    if fill(dir, &frames, &start, head, from).map_err(|error| error.to_string())? {
        return Ok(Some(ReadBack { log, tail, frames, checkpoint }));
    }
    Err("sled and the journal differ".to_owned())
}

/// How much of the journal's end is looked at before sled is opened, which writes: two segments, and
/// as many more as there are in so many bytes.
const LOOKED_AT: usize = 2;
const LOOKED_AT_BYTES: u64 = 2 * journal::SEGMENT_BYTES;

/// Whether the last segments hold whole frames up to where the log is known to reach.
fn looks_whole(dir: &Path, noted: Mark) -> io::Result<bool> {
    let segments = journal::segments(dir)?;
    let lengths = journal::lengths(dir)?;
    let mut bytes = 0_u64;
    let few = lengths.iter().rev().take_while(|(_, length)| {
        bytes = bytes.saturating_add(*length);
        bytes <= LOOKED_AT_BYTES
    });
    let looked_at = few.count().max(LOOKED_AT);
    let last = segments.get(segments.len().saturating_sub(looked_at)..).unwrap_or_default();
    let mut next = last.first().map_or(GlobalPosition::START, |segment| segment.first);
    for (n, segment) in last.iter().enumerate() {
        let mut walk = Walk::of(dir, segment.first)?;
        let mut end = 0;
        while let Some(frame) = walk.frame(next)?
            && let Ok(chunk) = Chunk::decode(&frame.bytes)
        {
            (end, next) = (walk.offset(), chunk.last().next());
        }
        let rest = read_from(&segment.path, end)?;
        let is_last = n.saturating_add(1) == last.len();
        let at = usize::try_from(end).unwrap_or(usize::MAX);
        if if is_last { !is_open_end(&rest, at, next) } else { !rest.is_empty() } {
            return Ok(false);
        }
    }
    let whole = segments.first().is_some_and(|first| first.first == GlobalPosition::new(1));
    Ok(whole && noted.position < next)
}

/// Reads everything back, repairing one copy from the other.
fn replay(dir: &Path, noted: Option<Mark>, options: StoreOptions) -> Result<ReadBack, OpenError> {
    if noted.is_none() {
        warn!("both notes of how far the log reaches are lost");
    }
    let mut log = Log { noted, ..Log::default() };
    let spare = Spare { dir, copy: OnceCell::new() };
    let (repairs, mut tail) =
        scan(dir, &mut log, &Start::default(), &mut |first| spare.frame(first))?;
    if let Some(missing) = log.missing()
        && !spare.holds(log.next(), missing)
    {
        return Err(log.shorter());
    }
    if let Some(copy) = spare.frames() {
        apply(dir, &repairs, copy)?;
    }
    drop(spare);
    let frames = open_sled(dir, &log)?;
    let lost = beyond(dir, &mut log, &mut tail, &frames, options)?;
    if log.is_short() {
        return Err(log.shorter());
    }
    apply(dir, &lost, &frames)?;
    let frames = reconcile(dir, frames, log.index.head())?;
    Ok(ReadBack { log, tail, frames, checkpoint: GlobalPosition::START })
}

/// Where reading begins.
struct Start {
    segment: GlobalPosition,
    /// Where the frame before begins, if it is in the same segment.
    frame: Option<u64>,
    offset: u64,
    next: GlobalPosition,
}

impl Default for Start {
    fn default() -> Self {
        let first = GlobalPosition::new(1);
        Self { segment: first, frame: None, offset: 0, next: first }
    }
}

/// The log as far as it has been read.
#[derive(Default)]
pub(super) struct Log {
    pub(super) index: Index,
    pub(super) frontier: Frontier,
    noted: Option<Mark>,
}

impl Log {
    /// Whether the log is known to have reached farther.
    fn is_short(&self) -> bool {
        self.noted.is_some_and(|noted| self.index.head() < noted.position)
    }

    /// The position that the log is known to have reached, if it has not been read so far.
    fn missing(&self) -> Option<GlobalPosition> {
        self.noted.map(|noted| noted.position).filter(|_| self.is_short())
    }

    fn shorter(&self) -> OpenError {
        damaged(self.next(), "it was longer before")
    }

    /// Whether a chunk agrees with what is known of the log apart from its copies.
    fn is_known(&self, chunk: &Chunk) -> bool {
        self.noted.is_none_or(|Mark { position, root }| {
            let covers = (chunk.first()..=chunk.last()).contains(&position);
            !covers || (chunk.last() == position && chunk.root() == root)
        })
    }

    pub(super) fn next(&self) -> GlobalPosition {
        self.index.head().next()
    }

    /// Takes in a chunk if it is the next one, to the last hash.
    pub(super) fn take(&mut self, chunk: &Chunk) -> Result<(), Corrupt> {
        let mut frontier = self.frontier.clone();
        for event in chunk.events() {
            frontier.append(event.leaf);
        }
        if chunk.first() == self.next() && frontier.root() != chunk.root() {
            return Err(Corrupt { reason: "frame does not lead to its Merkle root" });
        }
        if !self.is_known(chunk) {
            return Err(Corrupt { reason: "frame is not the one that was acknowledged" });
        }
        self.index.replay(chunk)?;
        self.frontier = frontier;
        Ok(())
    }
}

/// A place in the journal.
#[derive(Clone)]
struct Place {
    segment: Segment,
    /// Where in the segment the last frame begins.
    frame: Option<u64>,
    offset: u64,
}

/// A frame to be put back into the journal.
struct Repair {
    place: Place,
    first: GlobalPosition,
}

/// Finds a frame in the other copy.
type FindFrame<'a> = dyn FnMut(GlobalPosition) -> Option<Chunk> + 'a;

/// Reads the journal; gives the repairs it needs and the place where it ends.
fn scan(
    dir: &Path,
    log: &mut Log,
    start: &Start,
    spare: &mut FindFrame<'_>,
) -> Result<(Vec<Repair>, Place), OpenError> {
    let mut segments = journal::segments(dir).map_err(io_error("list", dir))?;
    segments.retain(|segment| segment.first >= start.segment);
    let first = start.segment;
    if segments.first().is_none_or(|segment| segment.first != first) {
        // Creation makes the first segment, so it has been lost.
        spare(first).ok_or(damaged(first, "its first segment is missing"))?;
        segments.insert(0, Segment { first, path: segment_path(dir, first) });
    }
    let mut repairs = Vec::new();
    let mut end =
        Place { segment: Segment { first, path: PathBuf::new() }, frame: None, offset: 0 };
    let next = segments.iter().skip(1).map(|segment| Some(segment.first)).chain([None]);
    for (segment, until) in segments.iter().zip(next) {
        let resumed = segment.first == first;
        if segment.first != log.next() && !resumed {
            return Err(damaged(log.next(), "segments overlap"));
        }
        let (frame, offset) = if resumed { (start.frame, start.offset) } else { (None, 0) };
        end = Place { segment: segment.clone(), frame, offset };
        let bytes = read_from(&segment.path, offset).map_err(io_error("read", &segment.path))?;
        scan_segment(&mut end, &bytes, until, log, spare, &mut repairs)?;
    }
    Ok((repairs, end))
}

/// Takes in the bytes of a segment from a place on, which moves to the end of the frames.
fn scan_segment(
    place: &mut Place,
    bytes: &Bytes,
    until: Option<GlobalPosition>,
    log: &mut Log,
    spare: &mut FindFrame<'_>,
    repairs: &mut Vec<Repair>,
) -> Result<(), OpenError> {
    let begin = place.offset;
    while until.is_none_or(|until| log.next() < until) {
        let first = log.next();
        let at = usize::try_from(place.offset).unwrap_or(usize::MAX);
        let skipped = usize::try_from(place.offset.saturating_sub(begin)).unwrap_or(usize::MAX);
        let rest = bytes.slice(skipped.min(bytes.len())..);
        let read = Chunk::decode(&rest).and_then(|chunk| log.take(&chunk).map(|()| chunk));
        let chunk = match read {
            Ok(chunk) => chunk,
            Err(_) if until.is_none() && is_open_end(&rest, at, first) => break,
            Err(Corrupt { reason }) => {
                let chunk = spare(first).filter(|chunk| log.take(chunk).is_ok());
                let chunk = chunk.ok_or(damaged(first, reason))?;
                repairs.push(Repair { place: place.clone(), first });
                chunk
            }
        };
        place.frame = Some(place.offset);
        place.offset = place.offset.saturating_add(chunk.frame().len() as u64);
    }
    Ok(())
}

fn damaged(position: GlobalPosition, reason: &'static str) -> OpenError {
    OpenError::Damaged { position, reason }
}

/// What a file holds from an offset on; nothing if there is none.
fn read_from(path: &Path, offset: u64) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => {}
        file => {
            let mut file = file?;
            file.seek(SeekFrom::Start(offset))?;
            file.read_to_end(&mut bytes)?;
        }
    }
    Ok(bytes.into())
}

/// Whether the log may end here: what is left of the last segment, from offset `at`, is nothing,
/// or a frame that was never completely written.
pub(super) fn is_open_end(rest: &Bytes, at: usize, next: GlobalPosition) -> bool {
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
    let extent = peek(rest).map_or(used, |extent| extent.len);
    if used < HEADER_LEN || extent > rest.len() || used.saturating_add(4) <= extent {
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

    /// Whether it has every frame from one position up to another.
    fn holds(&self, from: GlobalPosition, to: GlobalPosition) -> bool {
        let (Some(first), Some(copy)) = (self.frame(from), self.frames()) else { return false };
        let mut last = first.last();
        for chunk in copy.beginning_from(last.next()) {
            if last >= to || chunk.first() != last.next() {
                break;
            }
            last = chunk.last();
        }
        last >= to
    }

    /// The copy, if it was needed.
    fn frames(&self) -> Option<&SledFrames> {
        Some(&self.copy.get()?.as_ref()?.0)
    }
}

/// A copy of sled's folder, opened; it is removed when it is let go.
pub(super) fn copy_sled(dir: &Path) -> Option<(SledFrames, TempDir)> {
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
        put_back(place, chunk.frame()).map_err(io_error("repair", &place.segment.path))?;
        warn!(position = %first, "journal frame restored from sled");
    }
    if !repairs.is_empty() {
        let journal = dir.join(journal::DIR);
        sync_dir(&journal).and_then(|()| sync_dir(dir)).map_err(io_error("sync", &journal))?;
    }
    Ok(())
}

fn put_back(place: &Place, frame: &[u8]) -> io::Result<()> {
    if let Some(folder) = place.segment.path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).open(&place.segment.path)?;
    file.write_all_at(frame, place.offset)?;
    file.sync_all()
}

/// Reads on in sled where the journal ends; the frames found are missing from the journal.
fn beyond(
    dir: &Path,
    log: &mut Log,
    tail: &mut Place,
    frames: &SledFrames,
    options: StoreOptions,
) -> Result<Vec<Repair>, OpenError> {
    let mut lost = Vec::new();
    for chunk in frames.beginning_from(log.next()) {
        let first = log.next();
        log.take(&chunk).map_err(|corrupt| damaged(first, corrupt.reason))?;
        if tail.offset >= options.segment_bytes {
            let path = segment_path(dir, first);
            *tail = Place { segment: Segment { first, path }, frame: None, offset: 0 };
        }
        lost.push(Repair { place: tail.clone(), first });
        tail.frame = Some(tail.offset);
        tail.offset = tail.offset.saturating_add(chunk.frame().len() as u64);
    }
    Ok(lost)
}

fn open_sled(dir: &Path, log: &Log) -> Result<SledFrames, OpenError> {
    SledFrames::open(&dir.join(SLED)).or_else(|reason| {
        warn!(reason, "sled cannot be opened");
        if log.is_short() { Err(log.shorter()) } else { renew_sled(dir) }
    })
}

/// Sets sled's folder aside, under a name that it keeps, and begins a new one.
fn renew_sled(dir: &Path) -> Result<SledFrames, OpenError> {
    let sled = dir.join(SLED);
    if sled.symlink_metadata().is_ok() {
        let names = (1..).map(|n: u32| dir.join(format!("{SET_ASIDE}{n}")));
        let aside = names.into_iter().find(|path| path.symlink_metadata().is_err());
        let aside = aside.unwrap_or_else(|| dir.join(SET_ASIDE));
        warn!(set_aside = %aside.display(), "sled is rebuilt from the journal");
        let renamed = fs::rename(&sled, &aside).and_then(|()| sync_dir(dir));
        renamed.map_err(io_error("set aside", &sled))?;
    }
    SledFrames::open(&sled).map_err(|reason| OpenError::Engine { reason })
}

/// Makes sled hold exactly the frames of the journal, which is complete.
fn reconcile(
    dir: &Path,
    frames: SledFrames,
    head: GlobalPosition,
) -> Result<SledFrames, OpenError> {
    if fill(dir, &frames, &Start::default(), head, GlobalPosition::START)? {
        return Ok(frames);
    }
    drop(frames);
    let frames = renew_sled(dir)?;
    if fill(dir, &frames, &Start::default(), head, GlobalPosition::START)? {
        return Ok(frames);
    }
    Err(OpenError::Engine { reason: "sled does not hold what was put in".to_owned() })
}

/// Adds to sled the frames that it lacks at its end; whether it agrees with the journal from a
/// frame on.
fn fill(
    dir: &Path,
    frames: &SledFrames,
    start: &Start,
    head: GlobalPosition,
    from: GlobalPosition,
) -> Result<bool, OpenError> {
    let mut stored = frames.values_from(from).fuse();
    let mut next = start.next;
    let segments = journal::segments(dir).map_err(io_error("list", dir))?;
    for segment in segments.into_iter().filter(|segment| segment.first >= start.segment) {
        let offset = if segment.first == start.segment { start.offset } else { 0 };
        let bytes = read_from(&segment.path, offset).map_err(io_error("read", &segment.path))?;
        let mut rest: &[u8] = &bytes;
        while let Some(Extent { first, last, len }) =
            peek(rest).filter(|at| at.first == next && at.last <= head)
        {
            let Some((frame, after)) = rest.split_at_checked(len) else { break };
            let agrees = first < from
                || match stored.next() {
                    Some(Ok((key, value))) => key == first.get().to_be_bytes() && value == frame,
                    Some(Err(_)) => false,
                    None => frames.insert(first, frame).is_ok(),
                };
            if !agrees {
                return Ok(false);
            }
            next = last.next();
            rest = after;
        }
    }
    Ok(next == head.next() && stored.next().is_none())
}
