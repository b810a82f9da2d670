//! The mark: how far the log is known to reach, kept apart from both copies of it.
//!
//! After every frame that has become durable, and before it is acknowledged, its last position and
//! Merkle root are written to one of two files in turn, in place. That costs a write into the page
//! cache and no sync, so the mark survives the death of the process. The keeper syncs both files
//! every [`SYNC_EVERY`], so after a power cut the mark is at most that much behind.
//!
//! A log that ends before its mark, or passes it with another root, has lost something and is
//! refused. What cannot be known: the loss, from both copies at once, of frames that are younger
//! than the mark that a power cut left.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::FileExt,
    path::Path,
    time::Duration,
};

use super::super::{
    GlobalPosition,
    files::{sync_dir, with_check},
};
use crate::integrity::{Frontier, Hash};

/// The two files.
pub(super) const FILES: [&str; 2] = ["HEAD", "HEAD.twin"];

/// How far a mark may be behind after a power cut.
pub(super) const SYNC_EVERY: Duration = Duration::from_millis(500);

/// A place that the log is known to have reached, and its root there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) position: GlobalPosition,
    pub(super) root: Hash,
}

impl Mark {
    fn start() -> Self {
        Self { position: GlobalPosition::START, root: Frontier::new().root() }
    }

    /// Always of the same length, so that it is overwritten in place.
    fn to_text(self) -> String {
        with_check(format!("head {:020}\nroot {}\n", self.position.get(), self.root))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let position = lines.next()?.strip_prefix("head ")?.parse().ok()?;
        let hex = lines.next()?.strip_prefix("root ")?;
        let mark = Self { position: GlobalPosition::new(position), root: Hash::from_hex(hex)? };
        (mark.to_text() == text).then_some(mark)
    }
}

/// Makes both files, for a log without events.
pub(super) fn create(dir: &Path) -> io::Result<()> {
    for name in FILES {
        let mut file = File::create(dir.join(name))?;
        file.write_all(Mark::start().to_text().as_bytes())?;
        file.sync_all()?;
    }
    sync_dir(dir)
}

/// Whether the files are no more than a creation that was cut short leaves behind.
pub(super) fn is_unused(dir: &Path) -> bool {
    let start = Mark::start().to_text();
    FILES.iter().all(|name| match fs::read_to_string(dir.join(name)) {
        Ok(text) => start.starts_with(&text),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    })
}

/// The farthest mark that can be read; `None` if both are lost.
pub(super) fn read(dir: &Path) -> Option<Mark> {
    let marks = FILES.iter().filter_map(|name| {
        let bytes = fs::read(dir.join(name)).ok()?;
        Mark::parse(str::from_utf8(&bytes).ok()?)
    });
    marks.max_by_key(|mark| mark.position)
}

/// The two files, to be written in turn.
pub(super) struct HeadFiles {
    files: [File; 2],
    written: u64,
}

impl HeadFiles {
    /// Opens both, makes those that are missing, and notes where the log ends now, durably.
    pub(super) fn open(dir: &Path, mark: Mark) -> io::Result<Self> {
        let open = |name| {
            let mut options = OpenOptions::new();
            let file = options.write(true).create(true).truncate(false).open(dir.join(name))?;
            let text = mark.to_text();
            file.write_all_at(text.as_bytes(), 0)?;
            file.set_len(text.len() as u64)?;
            file.sync_all()?;
            io::Result::Ok(file)
        };
        let [first, twin] = FILES;
        let files = [open(first)?, open(twin)?];
        sync_dir(dir)?;
        Ok(Self { files, written: 0 })
    }

    /// Notes where the log ends; safe from the death of the process, not yet from a power cut.
    pub(super) fn note(&mut self, mark: Mark) -> io::Result<()> {
        let [first, twin] = &self.files;
        let file = if self.written.is_multiple_of(2) { first } else { twin };
        self.written = self.written.wrapping_add(1);
        file.write_all_at(mark.to_text().as_bytes(), 0)
    }

    /// Handles by which another thread may sync.
    pub(super) fn handles(&self) -> io::Result<[File; 2]> {
        let [first, twin] = &self.files;
        Ok([first.try_clone()?, twin.try_clone()?])
    }
}

/// Makes what was noted durable.
pub(super) fn sync(files: &[File; 2]) -> io::Result<()> {
    files.iter().try_for_each(File::sync_data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_of_either_file_costs_at_most_one_step() {
        for lost in FILES {
            let dir = tempfile::tempdir().unwrap();
            create(dir.path()).unwrap();
            assert_eq!(read(dir.path()), Some(Mark::start()));
            assert!(is_unused(dir.path()));
            let mut files = HeadFiles::open(dir.path(), Mark::start()).unwrap();
            for position in 1..=5 {
                let mark = Mark { position: GlobalPosition::new(position), ..Mark::start() };
                files.note(mark).unwrap();
                assert_eq!(read(dir.path()), Some(mark));
            }
            sync(&files.handles().unwrap()).unwrap();
            assert!(!is_unused(dir.path()));
            let damaged = fs::read_to_string(dir.path().join(lost)).unwrap().replace('5', "9");
            fs::write(dir.path().join(lost), damaged.replace('4', "9")).unwrap();
            assert!(read(dir.path()).unwrap().position >= GlobalPosition::new(4));
        }
    }
}
