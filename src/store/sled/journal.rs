//! The journal: frames one after another in segments, which acknowledgements rest on.
//!
//! A segment is `journal/<first position, 20 digits>.seg`. It grows in steps of zeros that are
//! synced ahead, so that writing a frame changes no metadata and `fdatasync` is one write. Once it
//! has reached its full length it is cut to its length and the next one is begun. No file
//! that holds anything is ever truncated to make room, and their directory entry is synced before they are used.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::super::{
    Chunk, GlobalPosition,
    files::sync_dir,
    frame::{Extent, HEADER_LEN, peek},
    planted::{self, Bug},
};

/// The journal's folder within the ledger.
pub(super) const DIR: &str = "journal";

/// The length at which a segment is sealed, unless told otherwise.
pub(super) const SEGMENT_BYTES: u64 = 64 << 20;

/// The shortest step.
const LEAST_STEP_BYTES: u64 = 4 << 10;

pub(super) const STEP_BYTES: u64 = 8 << 20;
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// A file of the journal, by its name.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) first: GlobalPosition,
    pub(super) path: PathBuf,
}

/// Where a segment lies that begins at a position.
pub(super) fn segment_path(dir: &Path, first: GlobalPosition) -> PathBuf {
    dir.join(DIR).join(format!("{:020}.seg", first.get()))
}

/// The segments in order; none if there is no journal.
pub(super) fn segments(dir: &Path) -> io::Result<Vec<Segment>> {
    let entries = match fs::read_dir(dir.join(DIR)) {
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut segments = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).and_then(|s| s.parse().ok());
        if let Some(first) = stem.map(GlobalPosition::new)
            && path == segment_path(dir, first)
        {
            segments.push(Segment { first, path });
        }
    }
    segments.sort_by_key(|segment| segment.first);
    Ok(segments)
}

/// The first position and the length of every segment.
pub(super) fn lengths(dir: &Path) -> io::Result<Vec<(GlobalPosition, u64)>> {
    let length = |segment: Segment| Ok((segment.first, fs::metadata(segment.path)?.len()));
    segments(dir)?.into_iter().map(length).collect()
}

/// The whole frame at an offset of a segment, if there is one.
pub(super) fn read_frame(
    dir: &Path,
    segment: GlobalPosition,
    offset: u64,
) -> io::Result<Option<Chunk>> {
    let file = File::open(segment_path(dir, segment))?;
    let Some(extent) = header_at(&file, offset)? else { return Ok(None) };
    let mut frame = vec![0; extent.len];
    file.read_exact_at(&mut frame, offset)?;
    Ok(Chunk::decode(&frame.into()).ok())
}

/// The frame that holds a position, found by going from frame to frame.
pub(super) fn read_holding(dir: &Path, position: GlobalPosition) -> io::Result<Option<Chunk>> {
    let segments = segments(dir)?;
    let Some(segment) = segments.iter().rfind(|segment| segment.first <= position) else {
        return Ok(None);
    };
    let file = File::open(&segment.path)?;
    let mut at = 0_u64;
    while let Some(extent) = header_at(&file, at)?.filter(|extent| extent.last < position) {
        at = at.saturating_add(extent.len as u64);
    }
    let chunk = read_frame(dir, segment.first, at)?;
    Ok(chunk.filter(|chunk| (chunk.first()..=chunk.last()).contains(&position)))
}

/// The first position and the length of the frame at an offset, if it lies within the file.
fn header_at(file: &File, offset: u64) -> io::Result<Option<Extent>> {
    let room = file.metadata()?.len().saturating_sub(offset);
    let mut header = [0; HEADER_LEN];
    if room < HEADER_LEN as u64 {
        return Ok(None);
    }
    file.read_exact_at(&mut header, offset)?;
    Ok(peek(&header).filter(|extent| extent.len as u64 <= room))
}

/// Whether the folder holds no more than a creation that was cut short leaves behind.
pub(super) fn is_unused(dir: &Path) -> io::Result<bool> {
    let first = segment_path(dir, GlobalPosition::new(1));
    for entry in fs::read_dir(dir.join(DIR))? {
        let entry = entry?;
        if entry.path() != first || entry.metadata()?.len() > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes the folder and the first segment, empty; both may be there from an attempt before.
pub(super) fn create(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir.join(DIR))?;
    create_segment(dir, GlobalPosition::new(1))?;
    sync_dir(dir)
}

/// Makes a segment, or takes an empty one that an attempt before has left.
fn create_segment(dir: &Path, first: GlobalPosition) -> io::Result<File> {
    let path = segment_path(dir, first);
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).open(path)?;
    if file.metadata()?.len() > 0 {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    file.sync_all()?;
    sync_dir(&dir.join(DIR))?;
    Ok(file)
}

/// How far the journal is written, frame by frame.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The segments before, by first position and length.
    pub(super) sealed: Vec<(GlobalPosition, u64)>,
    /// The first position of the segment.
    pub(super) segment: GlobalPosition,
    /// Where in the segment the last frame begins.
    pub(super) frame: u64,
    /// Where it ends.
    pub(super) end: u64,
}

/// The segment being written.
pub(super) struct Journal {
    dir: PathBuf,
    file: File,
    /// The length at which a segment is sealed.
    segment_bytes: u64,
    sealed: Vec<(GlobalPosition, u64)>,
    first: GlobalPosition,
    /// Where its last frame begins.
    last_frame: Option<u64>,
    /// Where the next frame goes.
    end: u64,
    /// Up to where the file is zeros, written and synced.
    ready: u64,
}

impl Journal {
    /// Continues a segment, cutting off what lies beyond its end.
    pub(super) fn resume(
        dir: &Path,
        segment: &Segment,
        last_frame: Option<u64>,
        end: u64,
        segment_bytes: u64,
    ) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(&segment.path)?;
        file.set_len(end)?;
        file.sync_all()?;
        sync_dir(&dir.join(DIR))?;
        let (dir, first) = (dir.to_owned(), segment.first);
        let mut sealed = lengths(&dir)?;
        sealed.retain(|(other, _)| *other < first);
        Ok(Self { dir, file, segment_bytes, sealed, first, last_frame, end, ready: end })
    }

    /// How far the journal is written; `None` if its last segment is empty.
    pub(super) fn place(&self) -> Option<Place> {
        let (sealed, segment) = (self.sealed.clone(), self.first);
        self.last_frame.map(|frame| Place { sealed, segment, frame, end: self.end })
    }

    /// Sees to it that a frame can be written; a full disk shows here and does no harm.
    pub(super) fn make_room(&mut self, first: GlobalPosition, len: usize) -> io::Result<()> {
        if self.end >= self.segment_bytes {
            self.seal()?;
            self.file = create_segment(&self.dir, first)?;
            self.sealed.push((self.first, self.end));
            (self.first, self.last_frame, self.end, self.ready) = (first, None, 0, 0);
        }
        let needed = self.end.saturating_add(len as u64);
        if needed > self.ready {
            let step = self.segment_bytes.clamp(LEAST_STEP_BYTES, STEP_BYTES);
            self.prepare(needed.next_multiple_of(step))?;
        }
        Ok(())
    }

    /// Writes a frame for which there is room, and returns when it is durable.
    pub(super) fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        self.file.write_all_at(frame, self.end)?;
        self.sync()?;
        self.advance(frame);
        Ok(())
    }

    /// Writes a frame, which is durable once the segment is sealed.
    pub(super) fn put(&mut self, first: GlobalPosition, frame: &[u8]) -> io::Result<()> {
        self.make_room(first, frame.len())?;
        self.file.write_all_at(frame, self.end)?;
        self.advance(frame);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        if !planted::has(Bug::NoSync) {
            let synced = self.file.sync_data();
            synced
                .or_else(|e| if planted::has(Bug::SwallowSyncError) { Ok(()) } else { Err(e) })?;
        }
        Ok(())
    }

    fn advance(&mut self, frame: &[u8]) {
        self.last_frame = Some(self.end);
        self.end = self.end.saturating_add(frame.len() as u64);
    }

    /// Cuts the segment to its length.
    pub(super) fn seal(&mut self) -> io::Result<()> {
        self.file.set_len(self.end)?;
        self.ready = self.end;
        self.file.sync_all()
    }

    fn prepare(&mut self, until: u64) -> io::Result<()> {
        let mut at = self.ready;
        while at < until {
            let len = usize::try_from(until.saturating_sub(at)).unwrap_or(ZEROS.len());
            let zeros = ZEROS.get(..len).unwrap_or(&ZEROS);
            self.file.write_all_at(zeros, at)?;
            at = at.saturating_add(zeros.len() as u64);
        }
        if !planted::has(Bug::NoSync) {
            self.file.sync_all()?;
        }
        self.ready = until;
        Ok(())
    }

    /// Makes every write from now on fail.
    #[cfg(test)]
    pub(super) fn break_for_test(&mut self) {
        let first = segment_path(&self.dir, GlobalPosition::new(1));
        self.file = File::open(first).unwrap();
        self.ready = u64::MAX;
    }
}
