//! The journal: frames one after another in segments, which acknowledgements rest on.
//!
//! A segment is `journal/<first position, 20 digits>.seg`. It grows in steps of zeros that are
//! synced ahead, so that writing a frame changes no metadata and `fdatasync` is one write. Once it
//! has reached [`SEGMENT_BYTES`] it is cut to its length and the next one is begun. No file
//! that holds anything is ever truncated to make room, and their directory entry is synced before they are used.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::{super::GlobalPosition, control::sync_dir, planted};

/// The journal's folder within the ledger.
pub(super) const DIR: &str = "journal";

/// The length at which a segment is sealed.
pub(super) const SEGMENT_BYTES: u64 = 64 << 20;

const STEP_BYTES: u64 = 8 << 20;
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// A file of the journal, by its name.
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

/// The segment being written.
pub(super) struct Journal {
    dir: PathBuf,
    file: File,
    /// Where the next frame goes.
    end: u64,
    /// Up to where the file is zeros, written and synced.
    ready: u64,
}

impl Journal {
    /// Continues a segment, cutting off what lies beyond its end.
    pub(super) fn resume(dir: &Path, segment: &Path, end: u64) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(segment)?;
        file.set_len(end)?;
        file.sync_all()?;
        sync_dir(&dir.join(DIR))?;
        Ok(Self { dir: dir.to_owned(), file, end, ready: end })
    }

    /// Sees to it that a frame can be written; a full disk shows here and does no harm.
    pub(super) fn make_room(&mut self, first: GlobalPosition, len: usize) -> io::Result<()> {
        if self.end >= SEGMENT_BYTES {
            self.seal()?;
            self.file = create_segment(&self.dir, first)?;
            (self.end, self.ready) = (0, 0);
        }
        let needed = self.end.saturating_add(len as u64);
        if needed > self.ready {
            self.prepare(needed.next_multiple_of(STEP_BYTES))?;
        }
        Ok(())
    }

    /// Writes a frame for which there is room, and returns when it is durable.
    pub(super) fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        self.file.write_all_at(frame, self.end)?;
        planted::sync(|| self.file.sync_data())?;
        self.end = self.end.saturating_add(frame.len() as u64);
        Ok(())
    }

    /// The ledger's directory.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Cuts the segment to its length.
    pub(super) fn seal(&mut self) -> io::Result<()> {
        self.file.set_len(self.end)?;
        self.ready = self.end;
        self.file.sync_all()
    }

    /// Whether a segment is shorter than appending up to an end leaves it.
    pub(super) fn lacks_room(segment: &Path, end: u64) -> io::Result<bool> {
        let len = match fs::metadata(segment) {
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(true),
            metadata => metadata?.len(),
        };
        Ok(end < SEGMENT_BYTES && len < end.next_multiple_of(STEP_BYTES))
    }

    fn prepare(&mut self, until: u64) -> io::Result<()> {
        let mut at = self.ready;
        while at < until {
            let len = usize::try_from(until.saturating_sub(at)).unwrap_or(ZEROS.len());
            let zeros = ZEROS.get(..len).unwrap_or(&ZEROS);
            self.file.write_all_at(zeros, at)?;
            at = at.saturating_add(zeros.len() as u64);
        }
        self.file.sync_all()?;
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
