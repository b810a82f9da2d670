//! The one door to sled: it blocks, may panic, and must not outlive the store's lock.
//!
//! What sled cannot give is read from the journal, and given back to sled.

use std::{
    any::Any,
    collections::VecDeque,
    fs::File,
    ops::Deref,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError, RwLock,
        mpsc::{RecvTimeoutError, sync_channel},
    },
    thread,
    time::Duration,
};

use bytes::Bytes;
use tracing::warn;

use super::{
    super::{Chunk, GlobalPosition, ReadError, files::patiently, walk::Frames},
    journal,
};

const CACHE_BYTES: u64 = 64 << 20;

/// How many bytes of the last frames stay in memory.
const RECENT_BYTES: usize = 4 << 20;

/// How long sled may take to open an empty folder.
const OPEN_TIME: Duration = Duration::from_mins(1);

/// How long sled may take to read the next value.
const READ_TIME: Duration = Duration::from_mins(1);

/// How many values are read ahead.
const VALUES_AHEAD: usize = 8;

/// How long an opening waits for an earlier handle of this process to be gone.
const LOCK_TIME: Duration = Duration::from_secs(2);

/// Frames in a sled tree, keyed by first position.
pub(super) struct SledFrames {
    tree: Handle<::sled::Tree>,
    checkpoint: Handle<::sled::Tree>,
    db: Handle<::sled::Db>,
}

/// A handle of sled, whose last drop flushes, and panics when it cannot.
#[derive(Clone)]
struct Handle<T>(Option<T>);

impl<T> Handle<T> {
    const fn new(handle: T) -> Self {
        Self(Some(handle))
    }
}

impl<T> Deref for Handle<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("a handle is taken only when it is dropped, below")
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        let handle = self.0.take();
        let dropped = guarded(|| {
            drop(handle);
            Ok(())
        });
        if let Err(reason) = dropped {
            warn!(reason, "sled was not let go of cleanly");
        }
    }
}

/// Where it says which checkpoint counts: position, number of pieces.
const CURRENT: &[u8] = b"current";

impl SledFrames {
    /// Opens a folder, which sled may answer with a panic, or not at all.
    pub(super) fn open(dir: &Path) -> Result<Self, String> {
        let owned = dir.to_owned();
        in_time(time_to_open(dir), move || {
            let db = open_db(&owned)?;
            let tree = db.open_tree("frames").map_err(|error| error.to_string())?;
            let checkpoint = db.open_tree("checkpoint").map_err(|error| error.to_string())?;
            Ok(Self {
                tree: Handle::new(tree),
                checkpoint: Handle::new(checkpoint),
                db: Handle::new(db),
            })
        })
    }

    /// The frame that begins at a position, if it is there and undamaged.
    pub(super) fn beginning_at(&self, first: GlobalPosition) -> Option<Chunk> {
        let key = first.get().to_be_bytes();
        let value = guarded(|| self.tree.get(key).map_err(|error| error.to_string()));
        let chunk = Chunk::decode(&Bytes::from_owner(value.ok()??)).ok()?;
        (chunk.first() == first).then_some(chunk)
    }

    /// The undamaged frames that begin at a position or after it, in order, until sled fails.
    pub(super) fn beginning_from(&self, first: GlobalPosition) -> impl Iterator<Item = Chunk> {
        let values = self.values_from(first);
        values.map_while(Result::ok).filter_map(|(_, value)| Chunk::decode(&value).ok())
    }

    /// Keys and values from a position on, damaged or not.
    pub(super) fn values_from(
        &self,
        first: GlobalPosition,
    ) -> impl Iterator<Item = Result<(Vec<u8>, Bytes), String>> + use<> {
        let tree = self.tree.clone();
        let mut range = None;
        ahead(move || {
            let next = guarded(|| {
                let range = range.get_or_insert_with(|| tree.range(first.get().to_be_bytes()..));
                range.next().transpose().map_err(|error| error.to_string())
            });
            next.map(|next| next.map(|(k, v)| (k.to_vec(), Bytes::from_owner(v)))).transpose()
        })
    }

    /// The frame that begins next after a position, damaged or not, by where it begins.
    pub(super) fn next_after(
        &self,
        position: GlobalPosition,
    ) -> Result<Option<(GlobalPosition, Bytes)>, String> {
        let key = position.get().to_be_bytes();
        let next = guarded(|| self.tree.get_gt(key).map_err(|error| error.to_string()))?;
        let Some((key, value)) = next else { return Ok(None) };
        let key = key.as_ref().try_into().map_err(|_| "it has a malformed key")?;
        Ok(Some((GlobalPosition::new(u64::from_be_bytes(key)), Bytes::from_owner(value))))
    }

    /// The first position of the last frame, damaged or not.
    pub(super) fn last_key(&self) -> Result<Option<GlobalPosition>, String> {
        let tree = self.tree.clone();
        in_time(READ_TIME, move || {
            let last = tree.last().map_err(|error| error.to_string())?;
            let key = last.and_then(|(key, _)| key.as_ref().try_into().ok());
            Ok(key.map(|key| GlobalPosition::new(u64::from_be_bytes(key))))
        })
    }

    pub(super) fn insert(&self, first: GlobalPosition, frame: &[u8]) -> Result<(), String> {
        let key = first.get().to_be_bytes();
        guarded(|| self.tree.insert(key, frame).map(drop).map_err(|error| error.to_string()))
    }

    /// The pieces of the checkpoint, as they are; `None` if there is none.
    pub(super) fn checkpoint(
        &self,
    ) -> Result<Option<impl Iterator<Item = Result<Bytes, String>> + use<>>, String> {
        let tree = self.checkpoint.clone();
        let current =
            in_time(READ_TIME, move || tree.get(CURRENT).map_err(|error| error.to_string()))?;
        let Some(current) = current else { return Ok(None) };
        let malformed = "it is malformed";
        let (position, count) = current.split_first_chunk::<8>().ok_or(malformed)?;
        let count = u32::from_be_bytes(count.try_into().map_err(|_| malformed)?);
        let (position, tree) = (*position, self.checkpoint.clone());
        let mut numbers = 0..count;
        Ok(Some(ahead(move || {
            let n = numbers.next()?;
            Some(guarded(|| {
                let piece = tree.get([&position[..], &n.to_be_bytes()].concat());
                let piece = piece.map_err(|error| error.to_string())?;
                piece.map(Bytes::from_owner).ok_or("a piece is missing".to_owned())
            }))
        })))
    }

    fn save_checkpoint(
        &self,
        position: GlobalPosition,
        write: impl FnOnce(&mut PutPiece<'_>) -> Result<u32, String>,
    ) -> Result<(), String> {
        let (tree, position) = (&self.checkpoint, position.get().to_be_bytes());
        guarded(|| {
            let failed = |error: ::sled::Error| error.to_string();
            let mut put = |n: u32, piece: &[u8]| {
                let key = [&position[..], &n.to_be_bytes()].concat();
                tree.insert(key, piece).map(drop).map_err(failed)
            };
            let count = write(&mut put)?;
            let current = [&position[..], &count.to_be_bytes()].concat();
            tree.insert(CURRENT, current).map_err(failed)?;
            for key in tree.iter().keys() {
                let key = key.map_err(failed)?;
                if key != CURRENT && !key.starts_with(&position) {
                    tree.remove(key).map_err(failed)?;
                }
            }
            Ok(())
        })
    }

    fn flush(&self) -> Result<(), String> {
        guarded(|| self.db.flush().map(drop).map_err(|error| error.to_string()))
    }
}

/// Takes a piece of a checkpoint.
pub(super) type PutPiece<'a> = dyn FnMut(u32, &[u8]) -> Result<(), String> + 'a;

impl Frames for SledFrames {
    fn holding(&self, position: GlobalPosition) -> Result<Option<Chunk>, ReadError> {
        let found = guarded(|| {
            let end = position.next().get().to_be_bytes();
            self.tree.get_lt(end).map_err(|error| error.to_string())
        });
        let Some((_, value)) = found.map_err(|reason| ReadError::Engine { reason })? else {
            return Ok(None);
        };
        let chunk = Chunk::decode(&Bytes::from_owner(value));
        chunk.map(Some).map_err(|corrupt| ReadError::Corrupt { position, reason: corrupt.reason })
    }
}

fn open_db(dir: &Path) -> Result<::sled::Db, String> {
    let config = ::sled::Config::new().path(dir).cache_capacity(CACHE_BYTES);
    let config = config.flush_every_ms(Some(1000));
    let held = |error: &::sled::Error| error.to_string().contains("could not acquire lock");
    patiently(LOCK_TIME, held, || config.open()).map_err(|error| error.to_string())
}

/// How long sled may take to open: longer the more it holds.
fn time_to_open(dir: &Path) -> Duration {
    let held = std::fs::metadata(dir.join("db")).map_or(0, |file| file.len());
    OPEN_TIME.saturating_add(Duration::from_secs(held.checked_shr(24).unwrap_or(0)))
}

/// Runs what may never end; then it is left behind, and holds nothing but what it opened.
fn in_time<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let (give, outcome) = sync_channel(1);
    let thread = thread::Builder::new().name("ledger-sled-open".to_owned());
    let started = thread.spawn(move || _ = give.send(guarded(work)));
    started.map_err(|error| error.to_string())?;
    outcome.recv_timeout(limit).unwrap_or_else(|_| Err(late(limit)))
}

/// What a thread of its own reads from sled, a little ahead.
fn ahead<T: Send + 'static>(
    mut read: impl FnMut() -> Option<Result<T, String>> + Send + 'static,
) -> impl Iterator<Item = Result<T, String>> {
    let (give, values) = sync_channel(VALUES_AHEAD);
    let read = move || while read().is_some_and(|value| give.send(value).is_ok()) {};
    let reader = thread::Builder::new().name("ledger-sled-read".to_owned()).spawn(read);
    let mut failed = reader.err().map(|error| error.to_string());
    std::iter::from_fn(move || {
        if let Some(reason) = failed.take() {
            return Some(Err(reason));
        }
        match values.recv_timeout(READ_TIME) {
            Ok(next) => Some(next),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => Some(Err(late(READ_TIME))),
        }
    })
}

fn late(limit: Duration) -> String {
    format!("no answer from sled in {} s", limit.as_secs())
}

/// Turns a panic of sled into an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(message(panic.as_ref())))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("no message"))
}

/// Runs what blocks where it may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ReadError> + Send + 'static,
) -> Result<T, ReadError> {
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome.unwrap_or_else(|failed| Err(ReadError::Engine { reason: failed.to_string() }))
}

/// The frames until the store is closed, and the lock that must outlive them.
///
/// A frame that is durable in the journal is served from memory until sled has it, and as long
/// after that as it is among the last [`RECENT_BYTES`].
pub(super) struct Door {
    dir: PathBuf,
    held: RwLock<Option<Held>>,
    recent: Mutex<Recent>,
}

/// The last frames of the log, without a gap. What is in here can be read without blocking.
#[derive(Default)]
pub(super) struct Recent {
    chunks: VecDeque<Chunk>,
    /// How many of them, the oldest, sled has as well.
    in_sled: usize,
    bytes: usize,
}

impl Recent {
    fn take_in(&mut self, chunk: Chunk) {
        self.bytes = self.bytes.saturating_add(chunk.frame().len());
        self.chunks.push_back(chunk);
        self.forget();
    }

    fn waiting(&self) -> Option<Chunk> {
        self.chunks.get(self.in_sled).cloned()
    }

    /// Whether the frame that holds a position waits for sled.
    fn waits(&self, position: GlobalPosition) -> bool {
        let at = self.chunks.partition_point(|chunk| chunk.last() < position);
        at >= self.in_sled && at < self.chunks.len()
    }

    fn was_put(&mut self) {
        self.in_sled = self.in_sled.saturating_add(1);
        self.forget();
    }

    /// Lets go of the oldest frames, as far as sled has them.
    fn forget(&mut self) {
        while self.bytes > RECENT_BYTES && self.in_sled > 0 {
            let forgotten = self.chunks.pop_front().map_or(0, |chunk| chunk.frame().len());
            self.bytes = self.bytes.saturating_sub(forgotten);
            self.in_sled = self.in_sled.saturating_sub(1);
        }
    }
}

impl Frames for Recent {
    fn holding(&self, position: GlobalPosition) -> Result<Option<Chunk>, ReadError> {
        let at = self.chunks.partition_point(|chunk| chunk.last() < position);
        Ok(self.chunks.get(at).filter(|chunk| chunk.first() <= position).cloned())
    }
}

struct Held {
    frames: SledFrames,
    /// Dropped after the frames.
    _lock: File,
}

/// How sled has a frame.
pub(super) enum Kept {
    Same,
    /// Not yet; it is about to get it.
    Waiting,
    Otherwise(String),
    /// The store has been closed.
    Shut,
}

impl Door {
    pub(super) fn new(dir: &Path, frames: SledFrames, lock: File) -> Self {
        let held = RwLock::new(Some(Held { frames, _lock: lock }));
        Self { dir: dir.to_owned(), held, recent: Mutex::default() }
    }

    /// Where the store lies.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether sled has a durable frame, byte for byte, next after the frame that began before it.
    pub(super) fn compare(&self, before: GlobalPosition, chunk: &Chunk) -> Kept {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let Some(Held { frames, .. }) = held.as_ref() else { return Kept::Shut };
        for _ in 0..2 {
            match frames.next_after(before) {
                Err(reason) => return Kept::Otherwise(reason),
                Ok(Some((key, value))) if key <= chunk.last() => {
                    let same = key == chunk.first() && value == *chunk.frame();
                    let differs = || Kept::Otherwise("it differs from the journal".to_owned());
                    return if same { Kept::Same } else { differs() };
                }
                Ok(_) => {}
            }
            if self.recent().waits(chunk.first()) {
                return Kept::Waiting;
            }
            // It may have been put away between the two looks.
        }
        Kept::Otherwise("it lacks a frame".to_owned())
    }

    pub(super) fn is_open(&self) -> bool {
        self.held.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&View<'_>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let view = held.as_ref().map(|held| View { frames: &held.frames, door: self });
        view.map_or(Err(ReadError::Closed), |view| work(&view))
    }

    /// Takes in a durable frame; from now on it is served.
    pub(super) fn take_in(&self, chunk: Chunk) {
        self.recent().take_in(chunk);
    }

    /// Puts the oldest frame that sled does not have yet into sled.
    pub(super) fn put_away(&self) -> Result<(), String> {
        let oldest = self.recent().waiting();
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        if let (Some(chunk), Some(held)) = (oldest, held.as_ref()) {
            held.frames.insert(chunk.first(), chunk.frame())?;
            self.recent().was_put();
        }
        Ok(())
    }

    /// Puts a checkpoint into sled, piece by piece, in place of the one before.
    pub(super) fn save_checkpoint(
        &self,
        position: GlobalPosition,
        write: impl FnOnce(&mut PutPiece<'_>) -> Result<u32, String>,
    ) -> Result<(), String> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().map_or(Ok(()), |held| held.frames.save_checkpoint(position, write))
    }

    /// The frames in memory.
    pub(super) fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the reads under way, then flushes and lets go.
    pub(super) fn shut(&self) -> Result<(), String> {
        let held = self.held.write().unwrap_or_else(PoisonError::into_inner).take();
        held.map_or(Ok(()), |held| held.frames.flush())
    }
}

/// Every durable frame: those that wait for sled, and those that sled has.
pub(super) struct View<'a> {
    frames: &'a SledFrames,
    door: &'a Door,
}

impl Frames for View<'_> {
    fn holding(&self, position: GlobalPosition) -> Result<Option<Chunk>, ReadError> {
        // In this order: a frame leaves the first only when it is in the second.
        let recent = self.door.recent().holding(position)?;
        recent.map_or_else(|| self.kept(position), |chunk| Ok(Some(chunk)))
    }
}

impl View<'_> {
    /// A frame as sled has it, or else as the journal has it.
    fn kept(&self, position: GlobalPosition) -> Result<Option<Chunk>, ReadError> {
        let found = self.frames.holding(position);
        let holds = |chunk: &Chunk| (chunk.first()..=chunk.last()).contains(&position);
        if matches!(&found, Ok(Some(chunk)) if holds(chunk)) {
            return found;
        }
        let Ok(Some(chunk)) = journal::read_holding(&self.door.dir, position) else {
            return found;
        };
        warn!(position = %chunk.first(), "frame that sled has lost is read from the journal");
        // If sled does not take it back, the journal answers the next time too.
        _ = self.frames.insert(chunk.first(), chunk.frame());
        Ok(Some(chunk))
    }
}

impl Frames for Door {
    fn holding(&self, position: GlobalPosition) -> Result<Option<Chunk>, ReadError> {
        self.read(|view| view.holding(position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_or_panics_ends_in_an_error() {
        let (never, hang) = sync_channel::<()>(1);
        let late = in_time(Duration::from_millis(10), move || Ok(_ = hang.recv()));
        assert_eq!(late, Err("no answer from sled in 0 s".to_owned()));
        let panicked = in_time(OPEN_TIME, || -> Result<(), String> { panic!("page is torn") });
        assert_eq!(panicked, Err("panicked: page is torn".to_owned()));
        drop(never);
    }
}
