//! The one door to sled: it blocks, may panic, and must not outlive the store's lock.

use std::{
    any::Any,
    collections::VecDeque,
    fs::File,
    ops::Deref,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError, RwLock},
    thread,
    time::Duration,
};

use bytes::Bytes;
use tracing::warn;

use super::super::{Chunk, GlobalPosition, ReadError, walk::Frames};

const CACHE_BYTES: u64 = 64 << 20;

/// How often, 10 ms apart, an opening waits for an earlier handle of this process to be gone.
const LOCK_ATTEMPTS: u32 = 200;

/// Frames in a sled tree, keyed by first position.
pub(super) struct SledFrames {
    tree: Handle<::sled::Tree>,
    db: Handle<::sled::Db>,
}

/// A handle of sled, whose last drop flushes, and panics when it cannot.
struct Handle<T>(Option<T>);

impl<T> Handle<T> {
    fn new(handle: T) -> Self {
        Self(Some(handle))
    }
}

impl<T> Deref for Handle<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("a handle is taken only when it is dropped")
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

impl SledFrames {
    pub(super) fn open(dir: &Path) -> Result<Self, String> {
        guarded(|| {
            let db = open_db(dir)?;
            let tree = db.open_tree("frames").map_err(|error| error.to_string())?;
            Ok(Self { tree: Handle::new(tree), db: Handle::new(db) })
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
    ) -> impl Iterator<Item = Result<(Vec<u8>, Bytes), String>> {
        let mut range = self.tree.range(first.get().to_be_bytes()..);
        std::iter::from_fn(move || {
            let next = guarded(|| range.next().transpose().map_err(|error| error.to_string()));
            let next = next.map(|pair| pair.map(|(k, v)| (k.to_vec(), Bytes::from_owner(v))));
            next.transpose()
        })
    }

    pub(super) fn insert(&self, first: GlobalPosition, frame: &[u8]) -> Result<(), String> {
        let key = first.get().to_be_bytes();
        guarded(|| self.tree.insert(key, frame).map(drop).map_err(|error| error.to_string()))
    }

    fn flush(&self) -> Result<(), String> {
        guarded(|| self.db.flush().map(drop).map_err(|error| error.to_string()))
    }
}

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
    for _ in 0..LOCK_ATTEMPTS {
        match config.open() {
            Ok(db) => return Ok(db),
            Err(error) if !error.to_string().contains("could not acquire lock") => {
                return Err(error.to_string());
            }
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
    Err("another handle holds the lock of its directory".to_owned())
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
/// A frame that is durable in the journal is served from memory until sled has it.
pub(super) struct Door {
    held: RwLock<Option<Held>>,
    pending: Mutex<VecDeque<Chunk>>,
}

struct Held {
    frames: SledFrames,
    /// Dropped after the frames.
    _lock: File,
}

impl Door {
    pub(super) fn new(frames: SledFrames, lock: File) -> Self {
        let held = RwLock::new(Some(Held { frames, _lock: lock }));
        Self { held, pending: Mutex::default() }
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
        self.pending().push_back(chunk);
    }

    /// Puts the oldest frame taken in into sled.
    pub(super) fn put_away(&self) -> Result<(), String> {
        let oldest = self.pending().front().cloned();
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        if let (Some(chunk), Some(held)) = (oldest, held.as_ref()) {
            held.frames.insert(chunk.first(), chunk.frame())?;
            self.pending().pop_front();
        }
        Ok(())
    }

    fn pending(&self) -> MutexGuard<'_, VecDeque<Chunk>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
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
        let pending = self.door.pending();
        let at = pending.partition_point(|chunk| chunk.last() < position);
        let waiting = pending.get(at).filter(|chunk| chunk.first() <= position).cloned();
        drop(pending);
        waiting.map_or_else(|| self.frames.holding(position), |chunk| Ok(Some(chunk)))
    }
}
