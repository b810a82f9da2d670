//! Backups: the frames of a log in a directory of their own, checked as they are written and as
//! they are read.
//!
//! ```text
//! DIR/BACKUP         what this directory is, and where the backup ends; written last
//! DIR/LOCK           held while it is written
//! DIR/*.frames       the frames as recorded, one after another; named by their first position
//! DIR/*.part         what a backup that is under way, or was cut short, has written
//! ```
//!
//! A file of frames never changes once it has its name. Every run adds the frames that are newer,
//! in files of their own, gives these their names when all is synced, and then replaces `BACKUP`,
//! which lists every file with its length, the last position, the Merkle root there and the tree
//! that the next run goes on from. So a run that was cut short leaves the backup before it whole.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{
    Arrival, ArrivalError, Chunk, FrameReader, GlobalPosition, LogState, OpenError, Restore,
    Verified,
    files::{self, Busy, from_hex, hex, make_dir, put, sync_dir, with_check},
    planted::{self, Bug},
};
use crate::integrity::{Frontier, Hash};

const FORMAT: u32 = 1;
const TITLE: &str = "disclosure-ledger backup";
const MANIFEST: &str = "BACKUP";
const MANIFEST_DRAFT: &str = "BACKUP.new";
const LOCK: &str = "LOCK";
const FRAMES: &str = "frames";
const PART: &str = "part";

/// The length from which on a file takes no further frame.
const FILE_BYTES: u64 = 256 << 20;

/// After how many bytes a file is synced, so that no sync is long: writers may wait for the same
/// disk.
const SYNC_BYTES: u64 = 4 << 20;

/// How much of a file is read at once.
const PIECE_BYTES: usize = 1 << 20;

/// A backup that cannot be made, or not be read.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The directory holds something else.
    #[error("{} is neither empty nor a backup", .dir.display())]
    NotABackup {
        /// The directory.
        dir: PathBuf,
    },
    /// The first backup into the directory was cut short.
    #[error("{} holds a backup that was never finished", .dir.display())]
    Unfinished {
        /// The directory.
        dir: PathBuf,
    },
    /// The backup was written by a later release.
    #[error("backup has format {found}, this program knows {known}")]
    NewerFormat {
        /// The format found.
        found: u32,
        /// The latest format known.
        known: u32,
    },
    /// A file of the backup is not as it was written.
    #[error("backup file {} is damaged: {reason}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is a file of frames that the backup does not know.
    #[error(
        "backup file {} is not listed in {MANIFEST}: either {MANIFEST} is an older copy, or a \
         backup was cut short in its last step; move the file away to take the backup up to \
         position {position}",
        .path.display()
    )]
    Unlisted {
        /// The file.
        path: PathBuf,
        /// Where the backup ends without it.
        position: GlobalPosition,
    },
    /// The backup is of another log.
    #[error("backup in {} is of log {held}, not of log {found}", .dir.display())]
    OtherLog {
        /// The directory.
        dir: PathBuf,
        /// The log that is backed up there.
        held: String,
        /// The log that was to be.
        found: String,
    },
    /// The backup is of this log, but not of its past.
    #[error("backup in {} and the log differ at position {position} or before", .dir.display())]
    Diverged {
        /// The directory.
        dir: PathBuf,
        /// Where the backup ends.
        position: GlobalPosition,
    },
    /// Somebody else writes the backup.
    #[error("backup in {} is in use by {holder}", .dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// The other process.
        holder: String,
    },
    /// The log did not arrive as it should.
    #[error(transparent)]
    Arrival(#[from] ArrivalError),
    /// An operation on a file failed.
    #[error("cannot {what} {}", .path.display())]
    Io {
        /// The operation.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The failure.
        source: io::Error,
    },
}

fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    move |source| BackupError::Io { what, path: path.to_owned(), source }
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupEnd {
    /// The name of the log.
    pub log_id: String,
    /// The last position.
    pub position: GlobalPosition,
    /// The Merkle root there.
    pub root: Hash,
}

/// A file of frames.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    first: GlobalPosition,
    bytes: u64,
}

impl Listed {
    fn name(&self, extension: &str) -> String {
        format!("{:020}.{extension}", self.first.get())
    }
}

/// What `BACKUP` says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Manifest {
    log_id: String,
    frontier: Frontier,
    files: Vec<Listed>,
}

impl Manifest {
    fn to_text(&self) -> String {
        let Self { log_id, frontier, files } = self;
        let (events, root) = (frontier.len(), frontier.root());
        let tree = hex(&frontier.to_bytes());
        let head =
            format!("{TITLE}\nformat {FORMAT}\nlog {log_id}\nevents {events}\nroot {root}\n");
        let files = files.iter().map(|file| format!("file {} {}\n", file.name(FRAMES), file.bytes));
        with_check(head + &format!("tree {tree}\n") + &files.collect::<String>())
    }

    /// Reads what was written; the error says what is wrong.
    fn parse(text: &str) -> Result<Self, String> {
        let malformed = || "it is not as it was written".to_owned();
        let mut lines = text.lines().skip(3);
        let log_id = text.lines().nth(2).and_then(|line| line.strip_prefix("log "));
        let tree = lines.find_map(|line| line.strip_prefix("tree ")).and_then(from_hex);
        let frontier = tree.and_then(|tree| Frontier::from_bytes(&tree)).ok_or_else(malformed)?;
        let files = lines.map_while(|line| {
            let (name, bytes) = line.strip_prefix("file ")?.split_once(' ')?;
            let first = name.strip_suffix(FRAMES)?.strip_suffix('.')?.parse().ok()?;
            Some(Listed { first: GlobalPosition::new(first), bytes: bytes.parse().ok()? })
        });
        let files = files.collect();
        let log_id = log_id.ok_or_else(malformed)?.to_owned();
        let manifest = Self { log_id, frontier, files };
        if manifest.to_text() == text { Ok(manifest) } else { Err(malformed()) }
    }

    /// The manifest in a directory; `None` if a backup may be begun there.
    fn read(dir: &Path) -> Result<Option<Self>, BackupError> {
        let path = dir.join(MANIFEST);
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
                return check_vacant(dir).map(|()| None);
            }
            Err(other) => return Err(io_error("read", &path)(other)),
        };
        if let Some(found) = text.lines().nth(1).and_then(|line| line.strip_prefix("format "))
            && let Some(found) = found.parse().ok().filter(|found| *found > FORMAT)
        {
            return Err(BackupError::NewerFormat { found, known: FORMAT });
        }
        let manifest = Self::parse(&text);
        manifest.map(Some).map_err(|reason| BackupError::Damaged { path, reason })
    }

    fn end(&self) -> BackupEnd {
        let position = GlobalPosition::new(self.frontier.len());
        BackupEnd { log_id: self.log_id.clone(), position, root: self.frontier.root() }
    }
}

/// Whether a directory without `BACKUP` holds no more than a first backup leaves that was cut short.
fn check_vacant(dir: &Path) -> Result<(), BackupError> {
    for (name, is_part) in entries(dir)? {
        let own = [LOCK, MANIFEST_DRAFT, "lost+found"].into_iter().any(|own| name == own);
        if !own && !is_part && !is_frames(&name) {
            return Err(BackupError::NotABackup { dir: dir.to_owned() });
        }
    }
    Ok(())
}

/// The names in a directory, and whether each is an unfinished file of frames.
fn entries(dir: &Path) -> Result<Vec<(String, bool)>, BackupError> {
    let name = |entry: io::Result<fs::DirEntry>| {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_part = position_in(&name, PART).is_some();
        Ok((name, is_part))
    };
    let entries = fs::read_dir(dir).and_then(|entries| entries.map(name).collect());
    entries.map_err(io_error("read", dir))
}

fn is_frames(name: &str) -> bool {
    position_in(name, FRAMES).is_some()
}

fn position_in(name: &str, extension: &str) -> Option<GlobalPosition> {
    let digits = name.strip_suffix(extension)?.strip_suffix('.')?;
    let position = GlobalPosition::new(digits.parse().ok()?);
    (Listed { first: position, bytes: 0 }.name(extension) == name).then_some(position)
}

fn sync(file: &File) -> io::Result<()> {
    if planted::has(Bug::UnsyncedBackup) { Ok(()) } else { file.sync_all() }
}

fn sync_entries(dir: &Path) -> io::Result<()> {
    if planted::has(Bug::UnsyncedBackup) { Ok(()) } else { sync_dir(dir) }
}

/// A directory that a log is backed up into, and nobody else writes.
#[derive(Debug)]
pub struct Backup {
    dir: PathBuf,
    manifest: Option<Manifest>,
    _lock: File,
}

impl Backup {
    /// Takes a directory that is empty, missing, or a backup.
    ///
    /// # Errors
    ///
    /// The directory holds something else, or somebody else writes it.
    pub fn open(dir: &Path) -> Result<Self, BackupError> {
        make_dir(dir).map_err(io_error("create", dir))?;
        Manifest::read(dir)?;
        let lock = files::lock(&dir.join(LOCK)).map_err(|busy| match busy {
            Busy::Held { holder } => BackupError::Locked { dir: dir.to_owned(), holder },
            Busy::Failed(source) => io_error("write in", dir)(source),
        })?;
        let manifest = Manifest::read(dir)?;
        Ok(Self { dir: dir.to_owned(), manifest, _lock: lock })
    }

    /// Where the backup ends so far.
    #[must_use]
    pub fn position(&self) -> GlobalPosition {
        self.manifest.as_ref().map_or(GlobalPosition::START, |manifest| manifest.end().position)
    }

    /// Goes on with the frames of a log whose state was asked for at [`Backup::position`].
    ///
    /// # Errors
    ///
    /// The backup is not of this log, a file of it has another length than it had, or the leftovers
    /// of an earlier run cannot be removed.
    pub fn extend(self, log: &LogState) -> Result<Extension, BackupError> {
        let empty = || Manifest {
            log_id: log.log_id.clone(),
            frontier: Frontier::new(),
            files: Vec::new(),
        };
        let dir = self.dir.clone();
        let manifest = self.manifest.clone().unwrap_or_else(empty);
        let BackupEnd { log_id: held, position, root } = manifest.end();
        if held != log.log_id {
            return Err(BackupError::OtherLog { dir, held, found: log.log_id.clone() });
        }
        if (position, root) != (log.after, log.after_root) {
            return Err(BackupError::Diverged { dir, position });
        }
        for file in &manifest.files {
            check_length(&dir, file)?;
        }
        for (name, is_part) in entries(&dir)? {
            let left_over = is_part || is_frames(&name) && is_unlisted(&manifest, &name);
            if left_over {
                let path = dir.join(name);
                fs::remove_file(&path).map_err(io_error("remove", &path))?;
            }
        }
        let arrival = Arrival::after(manifest.frontier.clone(), log);
        Ok(Extension { backup: self, manifest, arrival, file: None, added: 0, unsynced: 0 })
    }
}

fn is_unlisted(manifest: &Manifest, name: &str) -> bool {
    manifest.files.iter().all(|file| file.name(FRAMES) != name)
}

/// Whether a file has the length that it was listed with.
fn check_length(dir: &Path, file: &Listed) -> Result<(), BackupError> {
    let path = dir.join(file.name(FRAMES));
    let reason = match fs::metadata(&path) {
        Ok(found) if found.len() == file.bytes => return Ok(()),
        Ok(found) => format!("it is {} bytes long, not {}", found.len(), file.bytes),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => "it is missing".to_owned(),
        Err(other) => return Err(io_error("read", &path)(other)),
    };
    Err(BackupError::Damaged { path, reason })
}

/// A backup to which frames are being added.
#[derive(Debug)]
pub struct Extension {
    backup: Backup,
    manifest: Manifest,
    arrival: Arrival,
    file: Option<File>,
    /// How many files this run has begun; they are the last of the list.
    added: usize,
    unsynced: u64,
}

impl Extension {
    /// Takes in the next bytes of the log, checks the frames that are complete by now and writes
    /// them; gives the last position written.
    ///
    /// # Errors
    ///
    /// What arrived is not the log, or cannot be written.
    pub fn take(&mut self, bytes: &[u8]) -> Result<GlobalPosition, BackupError> {
        self.arrival.push(bytes);
        while let Some(chunk) = self.arrival.next_chunk()? {
            self.write(&chunk)?;
        }
        Ok(self.arrival.position())
    }

    fn write(&mut self, chunk: &Chunk) -> Result<(), BackupError> {
        let dir = &self.backup.dir;
        if self.manifest.files.last().is_some_and(|file| file.bytes >= FILE_BYTES) {
            self.file.take().map_or(Ok(()), |file| sync(&file)).map_err(io_error("sync", dir))?;
        }
        let mut file = if let Some(file) = self.file.take() {
            file
        } else {
            let listed = Listed { first: chunk.first(), bytes: 0 };
            let path = dir.join(listed.name(PART));
            self.manifest.files.push(listed);
            self.added = self.added.saturating_add(1);
            File::create(&path).map_err(io_error("create", &path))?
        };
        file.write_all(chunk.frame()).map_err(io_error("write in", dir))?;
        let written = chunk.frame().len() as u64;
        if let Some(listed) = self.manifest.files.last_mut() {
            listed.bytes = listed.bytes.saturating_add(written);
        }
        self.unsynced = self.unsynced.saturating_add(written);
        if self.unsynced >= SYNC_BYTES {
            sync(&file).map_err(io_error("sync", dir))?;
            self.unsynced = 0;
        }
        self.file = Some(file);
        Ok(())
    }

    /// Makes everything durable, and the backup end where the log ended when the run began.
    ///
    /// # Errors
    ///
    /// The log broke off before that, or the files cannot be made durable.
    pub fn finish(mut self) -> Result<BackupEnd, BackupError> {
        self.manifest.frontier = self.arrival.finish()?;
        let dir = &self.backup.dir;
        let begun = self.manifest.files.len().saturating_sub(self.added);
        let mut finish = || {
            self.file.take().map_or(Ok(()), |file| sync(&file))?;
            for file in self.manifest.files.iter().skip(begun) {
                fs::rename(dir.join(file.name(PART)), dir.join(file.name(FRAMES)))?;
            }
            sync_entries(dir)?;
            if planted::has(Bug::UnsyncedBackup) {
                return fs::write(dir.join(MANIFEST), self.manifest.to_text());
            }
            put(dir, MANIFEST, &self.manifest.to_text())
        };
        finish().map_err(io_error("write in", dir))?;
        Ok(self.manifest.end())
    }
}

/// Reads a backup from its beginning, and checks everything on the way.
///
/// # Errors
///
/// There is no finished backup, a file is missing, damaged, or not listed; or what `each` fails with.
pub fn read_backup<E: From<BackupError>>(
    dir: &Path,
    mut each: impl FnMut(&Chunk) -> Result<(), E>,
) -> Result<BackupEnd, E> {
    let manifest = finished(dir)?;
    let mut reader = FrameReader::default();
    for file in &manifest.files {
        read_file(dir, file, &mut reader, &mut each)?;
    }
    let end = manifest.end();
    let short = (reader.position(), reader.root()) != (end.position, end.root);
    if short && !planted::has(Bug::ShortBackup) {
        let reason =
            format!("its files end at position {}, it at {}", reader.position(), end.position);
        return Err(BackupError::Damaged { path: dir.join(MANIFEST), reason }.into());
    }
    Ok(BackupEnd { position: reader.position(), root: reader.root(), ..end })
}

/// The manifest of a finished backup that has all its files and no other.
fn finished(dir: &Path) -> Result<Manifest, BackupError> {
    let Some(manifest) = Manifest::read(dir)? else {
        let begun = entries(dir)?.iter().any(|(name, is_part)| *is_part || is_frames(name));
        let dir = dir.to_owned();
        return Err(if begun {
            BackupError::Unfinished { dir }
        } else {
            BackupError::NotABackup { dir }
        });
    };
    for (name, _) in entries(dir)? {
        if is_frames(&name) && is_unlisted(&manifest, &name) {
            let position = manifest.end().position;
            return Err(BackupError::Unlisted { path: dir.join(name), position });
        }
    }
    Ok(manifest)
}

fn read_file<E: From<BackupError>>(
    dir: &Path,
    file: &Listed,
    reader: &mut FrameReader,
    each: &mut impl FnMut(&Chunk) -> Result<(), E>,
) -> Result<(), E> {
    let short = planted::has(Bug::ShortBackup);
    check_length(dir, file).or_else(|error| if short { Ok(()) } else { Err(error) })?;
    let path = dir.join(file.name(FRAMES));
    let damaged = |reason: String| BackupError::Damaged { path: path.clone(), reason };
    let mut opened = match File::open(&path) {
        Err(missing) if short && missing.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened.map_err(io_error("open", &path))?,
    };
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let len = opened.read(&mut piece).map_err(io_error("read", &path))?;
        let Some(piece) = piece.get(..len).filter(|piece| !piece.is_empty()) else { break };
        reader.push(piece);
        while let Some(chunk) = reader.next_chunk().map_err(|error| damaged(error.to_string()))? {
            each(&chunk)?;
        }
    }
    if !reader.is_between_frames() && !short {
        return Err(damaged("its last frame is cut short".to_owned()).into());
    }
    Ok(())
}

/// A log that was not restored.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// The backup cannot be read.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The directory cannot take it.
    #[error(transparent)]
    Ledger(#[from] OpenError),
}

/// Restores a backup into an empty or missing directory, and verifies it there; `progress` is told
/// how many events there are, and after each frame how many have come.
///
/// # Errors
///
/// The backup is not whole, the directory is not empty, or it cannot be written. Until all is done
/// and verified the directory is no ledger.
pub fn restore(
    from: &Path,
    to: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<Verified, RestoreError> {
    let end = finished(from)?.end();
    let mut ledger = Restore::begin(to, &end.log_id)?;
    read_backup(from, |chunk| {
        ledger.take(chunk)?;
        progress(end.position.get(), chunk.last().get());
        Ok::<_, RestoreError>(())
    })?;
    Ok(ledger.finish()?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use tempfile::TempDir;

    use super::{super::*, *};
    use crate::clock::SystemClock;

    async fn record(store: &MemoryStore, events: usize) {
        for n in 0..events {
            let event = NewEvent { event_type: "t.E".into(), payload: Bytes::from(vec![7; n]) };
            let (stream, expected) = (StreamId::parse("a/1").unwrap(), ExpectedVersion::Any);
            let append = StreamAppend { stream, expected, events: vec![event], request: None };
            store.append(append.into()).await.unwrap();
        }
    }

    fn new_store() -> MemoryStore {
        MemoryStore::new(Arc::new(SystemClock))
    }

    /// Begins a backup and takes in what is new, but does not finish.
    async fn begin(store: &MemoryStore, dir: &Path) -> Result<Extension, BackupError> {
        let backup = Backup::open(dir)?;
        let after = backup.position();
        let mut extension = backup.extend(&log_state(store, after).await.unwrap())?;
        for chunk in store.read_all(after, usize::MAX).await.unwrap() {
            extension.take(chunk.frame())?;
        }
        Ok(extension)
    }

    async fn back_up(store: &MemoryStore, dir: &Path) -> Result<BackupEnd, BackupError> {
        begin(store, dir).await?.finish()
    }

    fn restored(from: &Path) -> Result<(u64, Hash), String> {
        let dir = tempfile::tempdir().unwrap();
        let verified = restore(from, &dir.path().join("ledger"), |_, _| {});
        let verified = verified.map_err(|error| error.to_string())?;
        assert_eq!(verify(&dir.path().join("ledger")).unwrap(), verified);
        assert_eq!(verified.faults, []);
        Ok((verified.events, verified.root))
    }

    async fn backup_of_two_runs() -> (MemoryStore, TempDir) {
        let (store, dir) = (new_store(), tempfile::tempdir().unwrap());
        for _ in 0..2 {
            record(&store, 5).await;
            back_up(&store, dir.path()).await.unwrap();
        }
        (store, dir)
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> = entries(dir).unwrap().into_iter().map(|(name, _)| name).collect();
        names.sort();
        names
    }

    const FIRST: &str = "00000000000000000001.frames";
    const SECOND: &str = "00000000000000000006.frames";

    #[tokio::test]
    async fn a_backup_is_continued_and_restored() {
        let (store, dir) = backup_of_two_runs().await;
        assert_eq!(names(dir.path()), [FIRST, SECOND, MANIFEST, LOCK]);
        let end = back_up(&store, dir.path()).await.unwrap();
        let state = log_state(&store, GlobalPosition::START).await.unwrap();
        assert_eq!((end.position, end.root), (state.head, state.root));
        assert_eq!(names(dir.path()), [FIRST, SECOND, MANIFEST, LOCK]);
        assert_eq!(restored(dir.path()), Ok((10, state.root)));
    }

    #[tokio::test]
    async fn an_empty_log_is_backed_up_and_restored() {
        let (store, dir) = (new_store(), tempfile::tempdir().unwrap());
        back_up(&store, dir.path()).await.unwrap();
        assert_eq!(restored(dir.path()), Ok((0, Frontier::new().root())));
    }

    #[tokio::test]
    async fn a_run_that_was_cut_short_leaves_the_backup_before_it() {
        let (store, dir) = (new_store(), tempfile::tempdir().unwrap());
        let unfinished = |dir: &Path| restored(dir).unwrap_err();
        record(&store, 3).await;
        drop(begin(&store, dir.path()).await.unwrap());
        assert!(unfinished(dir.path()).ends_with("holds a backup that was never finished"));
        let first = back_up(&store, dir.path()).await.unwrap();
        record(&store, 3).await;
        drop(begin(&store, dir.path()).await.unwrap());
        assert_eq!(restored(dir.path()), Ok((3, first.root)));
        assert_eq!(back_up(&store, dir.path()).await.unwrap().position.get(), 6);
    }

    #[tokio::test]
    async fn a_log_that_breaks_off_does_not_finish_a_backup() {
        let (store, dir) = (new_store(), tempfile::tempdir().unwrap());
        record(&store, 2).await;
        let state = log_state(&store, GlobalPosition::START).await.unwrap();
        let mut extension = Backup::open(dir.path()).unwrap().extend(&state).unwrap();
        let chunks = store.read_all(GlobalPosition::START, 1).await.unwrap();
        extension.take(chunks[0].frame()).unwrap();
        let broke_off = extension.finish().unwrap_err();
        assert_eq!(broke_off.to_string(), "the log broke off at position 1, before 2");
    }

    #[tokio::test]
    async fn another_log_or_another_past_is_not_added() {
        let (_, dir) = backup_of_two_runs().await;
        let before = fs::read(dir.path().join(MANIFEST)).unwrap();
        let other = new_store();
        record(&other, 10).await;
        let refused = back_up(&other, dir.path()).await.unwrap_err();
        assert!(matches!(refused, BackupError::OtherLog { .. }), "{refused}");
        let backup = Backup::open(dir.path()).unwrap();
        let mut state = log_state(&other, backup.position()).await.unwrap();
        state.log_id = backup.manifest.as_ref().unwrap().log_id.clone();
        let refused = backup.extend(&state).unwrap_err();
        assert!(matches!(refused, BackupError::Diverged { .. }), "{refused}");
        assert_eq!(fs::read(dir.path().join(MANIFEST)).unwrap(), before);
    }

    #[tokio::test]
    async fn every_damage_to_a_backup_is_refused_by_name() {
        type Damage<'a> = (&'a str, &'a dyn Fn(&Path));
        let damages: [Damage<'_>; 7] = [
            ("is damaged: it is missing", &|dir| fs::remove_file(dir.join(SECOND)).unwrap()),
            ("is neither empty nor a backup", &|dir| {
                for name in [MANIFEST, FIRST, SECOND] {
                    fs::remove_file(dir.join(name)).unwrap();
                }
            }),
            ("holds a backup that was never finished", &|dir| {
                fs::remove_file(dir.join(MANIFEST)).unwrap();
            }),
            ("bytes long, not", &|dir| {
                let file = File::options().write(true).open(dir.join(FIRST)).unwrap();
                file.set_len(100).unwrap();
            }),
            ("BACKUP is damaged: it is not as it was written", &|dir| {
                let text = fs::read_to_string(dir.join(MANIFEST)).unwrap();
                fs::write(dir.join(MANIFEST), text.replace("events 10", "events 12")).unwrap();
            }),
            ("frame does not follow the one before", &|dir| {
                let (first, second) =
                    (fs::read(dir.join(FIRST)).unwrap(), fs::read(dir.join(SECOND)).unwrap());
                fs::write(dir.join(FIRST), &second).unwrap();
                fs::write(dir.join(SECOND), &first).unwrap();
                let lengths = [(FIRST, second.len()), (SECOND, first.len())];
                let text = fs::read_to_string(dir.join(MANIFEST)).unwrap();
                let mut manifest = Manifest::parse(&text).unwrap();
                for (file, (_, len)) in manifest.files.iter_mut().zip(lengths) {
                    file.bytes = len as u64;
                }
                fs::write(dir.join(MANIFEST), manifest.to_text()).unwrap();
            }),
            ("is not listed in BACKUP", &|dir| {
                fs::copy(dir.join(SECOND), dir.join("00000000000000000011.frames")).unwrap();
            }),
        ];
        for (reason, damage) in damages {
            let (_, dir) = backup_of_two_runs().await;
            damage(dir.path());
            let refused = restored(dir.path()).unwrap_err();
            assert!(refused.contains(reason), "{reason}: {refused}");
        }
        let (_, dir) = backup_of_two_runs().await;
        for name in [FIRST, SECOND] {
            let path = dir.path().join(name);
            let whole = fs::read(&path).unwrap();
            for at in (0..whole.len()).step_by(13) {
                let mut changed = whole.clone();
                changed[at] ^= 4;
                fs::write(&path, changed).unwrap();
                let refused = read_backup::<BackupError>(dir.path(), |_| Ok(())).unwrap_err();
                assert!(matches!(refused, BackupError::Damaged { .. }), "{at}: {refused}");
            }
            fs::write(&path, whole).unwrap();
        }
    }

    #[tokio::test]
    async fn nothing_is_restored_over_what_is_there() {
        let (_, from) = backup_of_two_runs().await;
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("photo.jpg"), "x").unwrap();
        let to_ledger = dir.path().join("ledger");
        SledStore::open(&to_ledger, Arc::new(SystemClock)).unwrap();
        for to in [dir.path(), &to_ledger] {
            let names_before = names(to);
            let refused = restore(from.path(), to, |_, _| {}).unwrap_err();
            assert!(
                matches!(refused, RestoreError::Ledger(OpenError::NotEmpty { .. })),
                "{refused}"
            );
            assert_eq!(names(to), names_before);
        }
    }

    #[tokio::test]
    async fn a_restoring_that_was_cut_short_is_no_ledger_and_is_begun_again() {
        let (_, from) = backup_of_two_runs().await;
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = Restore::begin(dir.path(), "log").unwrap();
        let stop = |chunk: &Chunk| {
            ledger.take(chunk)?;
            if chunk.last().get() < 7 {
                Ok(())
            } else {
                Err(OpenError::NotOurs { dir: "x".into() }.into())
            }
        };
        read_backup::<RestoreError>(from.path(), stop).unwrap_err();
        drop(ledger);
        let refused = SledStore::open(dir.path(), Arc::new(SystemClock)).err().unwrap();
        assert!(matches!(refused, OpenError::RestoreUnfinished { .. }), "{refused}");
        let refused = verify(dir.path()).unwrap_err();
        assert!(matches!(refused, OpenError::RestoreUnfinished { .. }), "{refused}");
        assert_eq!(restore(from.path(), dir.path(), |_, _| {}).unwrap().events, 10);
        let store = SledStore::open(dir.path(), Arc::new(SystemClock)).unwrap();
        assert_eq!(store.head().get(), 10);
    }
}
