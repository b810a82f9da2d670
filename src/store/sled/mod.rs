//! The embedded engine: a journal that acknowledgements rest on, and sled that reads are served
//! from. Nothing outside this folder names sled.
//!
//! ```text
//! DIR/LEDGER         what this directory is: format, log id
//! DIR/HEAD           how long the log was when it was last opened or closed, and which it was
//! DIR/LOCK           held while the store is open; names the holder
//! DIR/journal/*.seg  the frames one after another; a segment is named by its first position
//! DIR/sled/          the same frames, keyed by first position
//! ```
//!
//! Both copies hold the same bytes, so either repairs the other: [`recover`] says how.

mod control;
mod door;
mod journal;
mod keeper;
pub(super) mod planted;
mod recover;
mod writer;

use std::{
    io,
    path::Path,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    thread,
};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::error;

use self::{
    door::Door,
    keeper::Keeper,
    recover::Recovered,
    writer::{Command, Writer},
};
use super::{
    Append, AppendError, Appended, Chunk, CloseError, EventStore, GlobalPosition, Health,
    OpenError, ReadError, RecordedEvent, RecordedRequest, StreamHead, StreamId, StreamVersion,
    index::Index,
    walk::{page, walk_stream},
};
use crate::clock::Clock;

/// How many appends may wait for the writer before callers wait for room.
const QUEUE_LEN: usize = 4096;

/// The embedded store: durable over a power cut, for one process at a time.
///
/// Dropping it stops the writer as a crash would, after what is queued; [`EventStore::close`] is
/// the orderly way.
pub struct SledStore {
    shared: Arc<Shared>,
    head: watch::Receiver<GlobalPosition>,
    log_id: String,
    /// Gone only while the store is being dropped.
    commands: Option<mpsc::Sender<Command>>,
    writer: Option<thread::JoinHandle<()>>,
}

/// What the writer and the readers have in common.
struct Shared {
    index: RwLock<Index>,
    door: Door,
    health: RwLock<Health>,
}

impl Shared {
    fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn health(&self) -> Health {
        self.health.read().unwrap_or_else(PoisonError::into_inner).clone()
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
        let claim = control::claim(dir)?;
        let recovered = recover::recover(dir)?;
        Self::start(recovered, claim, clock)
    }

    fn start(
        recovered: Recovered,
        claim: control::Claim,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let Recovered { index, frontier, journal, frames } = recovered;
        let (publish, head) = watch::channel(index.head());
        let (commands, queue) = mpsc::channel(QUEUE_LEN);
        let shared = Arc::new(Shared {
            index: RwLock::new(index),
            door: Door::new(frames, claim.lock),
            health: RwLock::new(Health::Writable),
        });
        let no_thread = |error: io::Error| OpenError::Engine { reason: error.to_string() };
        let keeper = Keeper::start(Arc::clone(&shared)).map_err(no_thread)?;
        let writer = Writer {
            queue,
            journal,
            frontier,
            clock,
            publish,
            keeper,
            shared: Arc::clone(&shared),
        };
        let thread = thread::Builder::new().name("ledger-writer".to_owned());
        let writer = thread.spawn(move || writer.run()).map_err(no_thread)?;
        let log_id = claim.log_id;
        Ok(Self { shared, head, log_id, commands: Some(commands), writer: Some(writer) })
    }

    /// The name that the log got when it was created, in hexadecimal.
    #[must_use]
    pub fn log_id(&self) -> &str {
        &self.log_id
    }

    fn index(&self) -> Result<RwLockReadGuard<'_, Index>, ReadError> {
        if self.shared.door.is_open() { Ok(self.shared.index()) } else { Err(ReadError::Closed) }
    }

    async fn send(&self, command: Command) -> Option<()> {
        self.commands.as_ref()?.send(command).await.ok()
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(writer) = self.writer.take() {
            _ = writer.join();
        }
    }
}

#[async_trait]
impl EventStore for SledStore {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.send(Command::Append { append, reply }).await;
        sent.ok_or(AppendError::Closed)?;
        let lost = || AppendError::Failed { reason: "writer has stopped".to_owned() };
        answer.await.unwrap_or_else(|_| Err(lost()))
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError> {
        Ok(self.index()?.stream_head(stream))
    }

    async fn find_request(&self, key: &[u8; 16]) -> Result<Option<RecordedRequest>, ReadError> {
        Ok(self.index()?.find_request(*key))
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        up_to: Option<StreamVersion>,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let head = self.index()?.stream_head(stream);
        let (shared, stream) = (Arc::clone(&self.shared), stream.clone());
        door::blocking(move || shared.door.read(|frames| walk_stream(frames, &stream, head, up_to)))
            .await
    }

    async fn read_all(
        &self,
        after: GlobalPosition,
        max_events: usize,
    ) -> Result<Vec<Chunk>, ReadError> {
        let head = self.index()?.head();
        let shared = Arc::clone(&self.shared);
        door::blocking(move || shared.door.read(|frames| page(frames, after, head, max_events)))
            .await
    }

    async fn position_at(&self, instant: Timestamp) -> Result<GlobalPosition, ReadError> {
        Ok(self.index()?.position_at(instant))
    }

    fn watch_head(&self) -> watch::Receiver<GlobalPosition> {
        self.head.clone()
    }

    fn health(&self) -> Health {
        self.shared.health()
    }

    async fn close(&self) -> Result<(), CloseError> {
        let (reply, answer) = oneshot::channel();
        if self.send(Command::Close { reply }).await.is_some()
            && let Ok(outcome) = answer.await
        {
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
    async fn after_a_failed_write_nothing_is_recorded_but_reads_go_on() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock);
        let store = SledStore::open(dir.path(), clock.clone()).unwrap();
        store.append(one_event()).await.unwrap();
        drop(store);

        let claim = control::claim(dir.path()).unwrap();
        let mut recovered = recover::recover(dir.path()).unwrap();
        recovered.journal.break_for_test();
        let store = SledStore::start(recovered, claim, clock.clone()).unwrap();
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
