//! The embedded engine: a journal that acknowledgements rest on, and sled that reads are served
//! from. Nothing outside this folder names sled.
//!
//! ```text
//! DIR/LEDGER         what this directory is: format, log id
//! DIR/HEAD, .twin    how far the log is known to reach
//! DIR/LOCK           held while the store is open; names the holder
//! DIR/journal/*.seg  the frames one after another; a segment is named by its first position
//! DIR/sled/          the same frames, keyed by first position; and the latest checkpoint
//! ```
//!
//! Both copies hold the same bytes, so either repairs the other: [`recover`] says how.

mod checkpoint;
mod committer;
mod control;
mod door;
mod head;
mod journal;
mod keeper;
mod pages;
mod recover;
mod restore;
mod space;
mod verify;
mod writer;

use std::{
    io,
    path::Path,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    thread,
};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::{runtime::Handle, sync::watch};
use tracing::error;

use self::{
    checkpoint::Checkpoints, committer::Committer, door::Door, keeper::Keeper, pages::Pages,
    recover::Recovered, space::Space, writer::Writer,
};
pub use self::{restore::Restore, verify::verify};
use super::{
    Append, AppendError, Appended, Chunk, CloseError, EventStore, GlobalPosition, Health,
    OpenError, ReadError, RecordedEvent, RecordedRequest, StreamHead, StreamId, StreamVersion,
    Verified,
    index::{Index, Known, Memory, find_request},
    walk::{AtHand, Frames, page, walk_stream, walk_streams},
};
use crate::clock::Clock;

/// What may be chosen when a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreOptions {
    /// After how many events a checkpoint is written, at least.
    pub checkpoint_every: u64,
    /// Whether opening may begin at a checkpoint. If not, everything is read back, and every
    /// frame of both copies is compared and repaired.
    pub trust_checkpoint: bool,
    /// How many bytes of the disk are kept free; by default 256 MiB, or a 32nd of a small disk.
    pub reserve_bytes: Option<u64>,
    /// The length at which a segment of the journal is sealed and the next one begun.
    pub segment_bytes: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            checkpoint_every: 500_000,
            trust_checkpoint: true,
            reserve_bytes: None,
            segment_bytes: journal::SEGMENT_BYTES,
        }
    }
}

/// The embedded store: durable over a power cut, for one process at a time.
///
/// Dropping it stops the writer as a crash would, after what is queued; [`EventStore::close`] is
/// the orderly way.
pub struct SledStore {
    shared: Arc<Shared>,
    head: watch::Receiver<GlobalPosition>,
    log_id: String,
    writer: Arc<Writer>,
    /// Gone only while the store is being dropped.
    thread: Option<thread::JoinHandle<()>>,
}

/// What the writer and the readers have in common.
struct Shared {
    index: Index,
    door: Door,
    pages: Pages,
    /// Whether nothing has failed yet.
    health: RwLock<Health>,
    space: Space,
    /// Where appends wait for their answers, once there was one.
    runtime: OnceLock<Handle>,
}

impl Shared {
    /// Whether appends are taken, as far as it depends on what has happened so far.
    fn standing(&self) -> Health {
        self.health.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether an append would be taken now.
    fn health(&self) -> Health {
        let standing = self.standing();
        let full = || self.space.shortage().map(|reason| Health::ReadOnly { reason });
        Some(&standing)
            .filter(|it| **it == Health::Writable)
            .and_then(|_| full())
            .unwrap_or(standing)
    }

    /// Stops all writing because something failed.
    fn fail(&self, reason: &str) {
        error!(reason, "store takes no more appends");
        self.stop_writing(reason);
    }

    /// Records why appends are no longer taken; the first reason stays.
    fn stop_writing(&self, reason: &str) {
        let mut health = self.health.write().unwrap_or_else(PoisonError::into_inner);
        if *health == Health::Writable {
            *health = Health::ReadOnly { reason: reason.to_owned() };
        }
    }
}

impl Known for Shared {
    fn look_up<A>(&self, question: impl FnOnce(&Index) -> A) -> A {
        question(&self.index)
    }

    fn frames(&self) -> &impl Frames {
        &self.door
    }
}

impl SledStore {
    /// Opens the ledger in a directory, or makes one in a directory that is empty or missing.
    ///
    /// Blocks while it reads the log back and repairs one copy from the other.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says what is in the way, down to the first position that cannot be read.
    /// Recorded events are never given up to get a store opened.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::open_with(dir, clock, StoreOptions::default())
    }

    /// [`SledStore::open`], otherwise than by default.
    ///
    /// # Errors
    ///
    /// As for [`SledStore::open`].
    pub fn open_with(
        dir: &Path,
        clock: Arc<dyn Clock>,
        options: StoreOptions,
    ) -> Result<Self, OpenError> {
        let claim = control::claim(dir)?;
        let recovered = recover::recover(dir, options)?;
        Self::start(dir, recovered, claim, clock, options)
    }

    fn start(
        dir: &Path,
        recovered: Recovered,
        claim: control::Claim,
        clock: Arc<dyn Clock>,
        options: StoreOptions,
    ) -> Result<Self, OpenError> {
        let Recovered { index, frontier, journal, head: marks, frames, checkpoint } = recovered;
        let (publish, head) = watch::channel(index.head());
        let shared = Arc::new(Shared {
            index,
            door: Door::new(dir, frames, claim.lock),
            pages: Pages::new(dir),
            health: RwLock::new(Health::Writable),
            space: Space::new(dir, options.reserve_bytes)
                .map_err(control::io_error("measure the disk of", dir))?,
            runtime: OnceLock::new(),
        });
        let no_thread = |error: io::Error| OpenError::Engine { reason: error.to_string() };
        let handles = marks.handles().map_err(no_thread)?;
        let keeper = Keeper::start(Arc::clone(&shared), handles).map_err(no_thread)?;
        let every = options.checkpoint_every;
        let committer = Committer {
            checkpoints: Checkpoints::new(Arc::clone(&shared), every, checkpoint),
            journal,
            head: marks,
            frontier,
            publish,
            keeper,
            shared: Arc::clone(&shared),
        };
        let started = writer::start(committer, clock, Arc::clone(&shared));
        let (writer, thread) = started.map_err(no_thread)?;
        Ok(Self { shared, head, log_id: claim.log_id, writer, thread: Some(thread) })
    }

    /// How much memory the index takes.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.shared.index.memory()
    }

    fn index(&self) -> Result<&Index, ReadError> {
        if self.shared.door.is_open() { Ok(&self.shared.index) } else { Err(ReadError::Closed) }
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        self.writer.leave(None);
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

#[async_trait]
impl EventStore for SledStore {
    fn log_id(&self) -> &str {
        &self.log_id
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        if self.shared.runtime.get().is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            _ = self.shared.runtime.set(runtime);
        }
        self.writer.append(append).await
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError> {
        Ok(self.index()?.stream_head(stream))
    }

    async fn find_request(&self, key: &[u8; 16]) -> Result<Option<RecordedRequest>, ReadError> {
        let (candidates, key) = (self.index()?.request_candidates(key), *key);
        if candidates.is_empty() {
            return Ok(None);
        }
        let shared = Arc::clone(&self.shared);
        door::blocking(move || find_request(&shared.door, &candidates, &key)).await
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        up_to: Option<StreamVersion>,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let head = self.index()?.stream_head(stream);
        // What memory does not hold, or not rightly, is found out below.
        if let Ok(events) = walk_stream(&*self.shared.door.recent(), stream, head, up_to) {
            return Ok(events);
        }
        let (shared, stream) = (Arc::clone(&self.shared), stream.clone());
        door::blocking(move || shared.door.read(|frames| walk_stream(frames, &stream, head, up_to)))
            .await
    }

    async fn read_streams(
        &self,
        streams: &[StreamId],
    ) -> Result<Vec<Vec<RecordedEvent>>, ReadError> {
        let index = self.index()?;
        let head = |stream: &StreamId| (stream.clone(), index.stream_head(stream));
        let heads: Vec<_> = streams.iter().map(head).collect();
        if let Ok(events) = walk_streams(&*self.shared.door.recent(), &heads) {
            return Ok(events);
        }
        let shared = Arc::clone(&self.shared);
        door::blocking(move || {
            shared.door.read(|frames| walk_streams(&AtHand::new(frames), &heads))
        })
        .await
    }

    async fn read_all(
        &self,
        after: GlobalPosition,
        max_events: usize,
    ) -> Result<Vec<Chunk>, ReadError> {
        let head = self.index()?.head();
        if let Ok(chunks) = page(&*self.shared.door.recent(), after, head, max_events) {
            return Ok(chunks);
        }
        let shared = Arc::clone(&self.shared);
        door::blocking(move || {
            shared.door.read(|frames| {
                let mut chunks = shared.pages.page(after, head, max_events);
                // What the journal did not give.
                let read = chunks.iter().map(Chunk::len).sum();
                let (after, rest) =
                    (chunks.last().map_or(after, Chunk::last), max_events.saturating_sub(read));
                if rest > 0 || chunks.is_empty() {
                    chunks.extend(page(frames, after, head, rest)?);
                }
                Ok(chunks)
            })
        })
        .await
    }

    async fn verify(&self, progress: watch::Sender<GlobalPosition>) -> Result<Verified, ReadError> {
        let head = self.index()?.head();
        let (shared, log_id) = (Arc::clone(&self.shared), self.log_id.clone());
        door::blocking(move || verify::verify_open(&shared.door, log_id, head, &progress)).await
    }

    async fn position_at(&self, instant: Timestamp) -> Result<GlobalPosition, ReadError> {
        let span = self.index()?.span_of(instant);
        let shared = Arc::clone(&self.shared);
        door::blocking(move || span.search(&shared.door, instant)).await
    }

    fn watch_head(&self) -> watch::Receiver<GlobalPosition> {
        self.head.clone()
    }

    fn health(&self) -> Health {
        self.shared.health()
    }

    async fn close(&self) -> Result<(), CloseError> {
        if let Some(outcome) = self.writer.close().await {
            return outcome;
        }
        // Another call got there first: the writer lets go of the head when it is done.
        let mut head = self.head.clone();
        while head.changed().await.is_ok() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{super::*, *};
    use crate::clock::SystemClock;

    fn one_event() -> Append {
        let event = NewEvent { event_type: "t.E".into(), payload: Bytes::from_static(b"x") };
        let (stream, expected) = (StreamId::parse("a/1").unwrap(), ExpectedVersion::Any);
        StreamAppend { stream, expected, events: vec![event], request: None }.into()
    }

    #[tokio::test]
    async fn while_the_disk_is_full_appends_are_refused_and_reads_go_on() {
        let dir = tempfile::tempdir().unwrap();
        let store = SledStore::open(dir.path(), Arc::new(SystemClock)).unwrap();
        store.append(one_event()).await.unwrap();
        for _ in 0..2 {
            store.shared.space.set_reserve_for_test(u64::MAX);
            assert_eq!(store.append(one_event()).await, Err(AppendError::DiskFull));
            assert!(matches!(store.health(), Health::ReadOnly { .. }));
            let stream = StreamId::parse("a/1").unwrap();
            assert!(!store.read_stream(&stream, None).await.unwrap().is_empty());
            store.shared.space.set_reserve_for_test(0);
            assert_eq!(store.health(), Health::Writable);
            store.append(one_event()).await.unwrap();
        }
        assert_eq!(store.head(), GlobalPosition::new(3));
        store.close().await.unwrap();
    }

    #[tokio::test]
    async fn after_a_failed_write_nothing_is_recorded_but_reads_go_on() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock);
        let store = SledStore::open(dir.path(), clock.clone()).unwrap();
        store.append(one_event()).await.unwrap();
        drop(store);

        let claim = control::claim(dir.path()).unwrap();
        let options = StoreOptions::default();
        let mut recovered = recover::recover(dir.path(), options).unwrap();
        recovered.journal.break_for_test();
        let store = SledStore::start(dir.path(), recovered, claim, clock.clone(), options).unwrap();
        for _ in 0..2 {
            let refused = store.append(one_event()).await.unwrap_err();
            assert!(matches!(refused, AppendError::Failed { .. }), "{refused}");
        }
        assert!(matches!(store.health(), Health::ReadOnly { .. }));
        assert_eq!(store.head(), GlobalPosition::new(1));
        let stream = StreamId::parse("a/1").unwrap();
        assert_eq!(store.read_stream(&stream, None).await.unwrap().len(), 1);
        assert!(store.close().await.is_err());
        drop(store);

        let store = SledStore::open(dir.path(), clock).unwrap();
        assert_eq!(store.head(), GlobalPosition::new(1));
        store.append(one_event()).await.unwrap();
    }
}
