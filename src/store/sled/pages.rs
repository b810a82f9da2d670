//! Long stretches of the log, read from the journal's files from one end to the other.
//!
//! sled looks up every frame for itself, which costs a replay more than folding does. The journal
//! has the same frames one after another, so its files are read in large blocks. Each frame is
//! checked as ever; where one is not as it should be, the page ends before it, and whoever asked
//! turns to sled.

use std::{
    collections::BTreeMap,
    fs::File,
    io, mem,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tracing::warn;

use super::{
    super::{
        Chunk, GlobalPosition,
        frame::{Extent, peek},
    },
    journal,
};

/// A page of fewer events is sled's.
const LONG: u64 = 4096;

/// How much is read at once, unless a frame is longer.
const BLOCK_BYTES: usize = 512 << 10;

/// How many blocks are kept to be read into again, which spares the system giving new memory.
const SPARE_BLOCKS: usize = 32;

/// How many events apart, at least, places are remembered.
const PLACES_APART: u64 = 16_384;

/// The journal's files, and where in them some frames begin.
pub(super) struct Pages {
    dir: PathBuf,
    places: Mutex<BTreeMap<GlobalPosition, Place>>,
    spare: Spare,
}

type Spare = Arc<Mutex<Vec<Vec<u8>>>>;

/// Bytes of the journal, whose memory is used again.
struct Block {
    bytes: Vec<u8>,
    spare: Spare,
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let bytes = mem::take(&mut self.bytes);
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.len() <= BLOCK_BYTES && spare.len() < SPARE_BLOCKS {
            spare.push(bytes);
        }
    }
}

/// Where a frame begins.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The first position of the segment.
    segment: GlobalPosition,
    offset: u64,
}

impl Pages {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), places: Mutex::default(), spare: Spare::default() }
    }

    /// The frames that hold the events after a position and up to the head, as many as hold
    /// `max_events`, as far as the journal is as it should be; none if they are few.
    pub(super) fn page(
        &self,
        after: GlobalPosition,
        head: GlobalPosition,
        max_events: usize,
    ) -> Vec<Chunk> {
        let until = after.get().saturating_add(max_events as u64).min(head.get());
        if until.saturating_sub(after.get()) < LONG {
            return Vec::new();
        }
        let mut chunks = Vec::new();
        if let Err(error) = self.read(after, GlobalPosition::new(until), &mut chunks) {
            warn!(%error, after = %after, "journal cannot be read; sled is asked");
        }
        chunks
    }

    fn read(
        &self,
        after: GlobalPosition,
        until: GlobalPosition,
        chunks: &mut Vec<Chunk>,
    ) -> io::Result<()> {
        let Some((mut next, place)) = self.before(after.next())? else { return Ok(()) };
        let mut walk = self.walk(place)?;
        while next <= until {
            let Some(frame) = walk.frame(next)? else {
                match self.following(next)?.filter(|_| walk.place.segment < next) {
                    Some(place) => walk = self.walk(place)?,
                    None => break,
                }
                continue;
            };
            if frame.last > after {
                let Ok(chunk) = Chunk::decode(&frame.bytes) else { return Ok(()) };
                chunks.extend(chunk.after(after));
            }
            next = frame.last.next();
        }
        self.remember(next, walk.place);
        Ok(())
    }

    fn walk(&self, place: Place) -> io::Result<Walk> {
        Walk::begin(&self.dir, place, Arc::clone(&self.spare))
    }

    /// The last frame known to begin at a position or before it.
    fn before(&self, position: GlobalPosition) -> io::Result<Option<(GlobalPosition, Place)>> {
        let known = self.places().range(..=position).next_back().map(|(at, place)| (*at, *place));
        let segments = journal::segments(&self.dir)?;
        let segment = segments.iter().rfind(|segment| segment.first <= position);
        let start = segment.map(|it| (it.first, Place { segment: it.first, offset: 0 }));
        Ok(known.into_iter().chain(start).max_by_key(|(first, _)| *first))
    }

    /// The beginning of the segment that begins with a position.
    fn following(&self, first: GlobalPosition) -> io::Result<Option<Place>> {
        let there = journal::segment_path(&self.dir, first).try_exists()?;
        Ok(there.then_some(Place { segment: first, offset: 0 }))
    }

    fn remember(&self, first: GlobalPosition, place: Place) {
        let mut places = self.places();
        let near = GlobalPosition::new(first.get().saturating_sub(PLACES_APART));
        let far = GlobalPosition::new(first.get().saturating_add(PLACES_APART));
        if places.range(near..far).next().is_none() {
            places.insert(first, place);
        }
    }

    fn places(&self) -> MutexGuard<'_, BTreeMap<GlobalPosition, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A segment being read from a place on.
pub(super) struct Walk {
    file: File,
    length: u64,
    place: Place,
    /// What has been read from that place on.
    block: Bytes,
    spare: Spare,
}

/// A frame that has not been checked.
pub(super) struct Frame {
    pub(super) bytes: Bytes,
    last: GlobalPosition,
}

impl Walk {
    /// Begins to read a segment.
    pub(super) fn of(dir: &Path, segment: GlobalPosition) -> io::Result<Self> {
        Self::begin(dir, Place { segment, offset: 0 }, Spare::default())
    }

    fn begin(dir: &Path, place: Place, spare: Spare) -> io::Result<Self> {
        let file = File::open(journal::segment_path(dir, place.segment))?;
        let length = file.metadata()?.len();
        Ok(Self { file, length, place, block: Bytes::new(), spare })
    }

    /// Where the next frame begins.
    pub(super) fn offset(&self) -> u64 {
        self.place.offset
    }

    /// The next frame, if it is the one that begins at a position; it is not yet checked.
    pub(super) fn frame(&mut self, first: GlobalPosition) -> io::Result<Option<Frame>> {
        let is_whole = |block: &Bytes| peek(block).is_some_and(|it| it.len <= block.len());
        if !is_whole(&self.block) {
            self.fill(BLOCK_BYTES)?;
        }
        let longer = peek(&self.block).map(|extent| extent.len);
        if let Some(length) = longer.filter(|length| *length > self.block.len()) {
            self.fill(length)?;
        }
        let extent = peek(&self.block).filter(|extent| extent.first == first);
        let Some(Extent { last, len, .. }) = extent.filter(|it| it.len <= self.block.len()) else {
            return Ok(None);
        };
        self.place.offset = self.place.offset.saturating_add(len as u64);
        Ok(Some(Frame { bytes: self.block.split_to(len), last }))
    }

    /// Reads as many bytes, or as there are.
    fn fill(&mut self, bytes: usize) -> io::Result<()> {
        let left = self.length.saturating_sub(self.place.offset);
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut bytes_read = spare.unwrap_or_default();
        bytes_read.resize(usize::try_from(left).unwrap_or(bytes).min(bytes), 0);
        self.file.read_exact_at(&mut bytes_read, self.place.offset)?;
        self.block = Bytes::from_owner(Block { bytes: bytes_read, spare: Arc::clone(&self.spare) });
        Ok(())
    }
}
