//! Where events are kept.
//!
//! The seam is [`EventStore`]: an append-only log of events, each in one stream and at one place
//! in the whole. A store knows no event by name; payloads are bytes that it returns untouched.
//!
//! What every engine promises, and `tests/it/store_behaviour.rs` holds it to:
//!
//! - **Positions** are 1, 2, 3 … without a gap, **versions** likewise within each stream, and
//!   **record times** never go back. All events of one append lie next to each other, in order.
//! - **An append is one**: all of it is recorded, in one [`Chunk`], or nothing is. Its parts are
//!   judged in order, each seeing what those before it would record.
//! - **A request is recorded once.** A part whose request key is known with the same fingerprint
//!   records nothing and gets the first answer, whatever version it expects; with another
//!   fingerprint the whole append is refused. Only then is the expected version looked at.
//! - **An acknowledgement is a promise.** An `Ok` means that the events survive whatever the
//!   engine is built to survive; for [`SledStore`], a power cut. Events that are not yet
//!   acknowledged are seen by no reader.
//! - **A full disk is announced before it is reached**: appends are refused while there is still a
//!   reserve, health says so, and both end by themselves when there is room.
//! - **After a failed write nothing more is recorded** until the store is opened again; reads go
//!   on, and [`EventStore::health`] says why.

mod backup;
mod error;
mod files;
mod follow;
mod frame;
mod index;
mod memory;
mod sled;
mod table;
mod planted;
mod reader;
mod rebuild;
mod types;
mod walk;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

pub use self::{
    backup::{Backup, BackupEnd, BackupError, Extension, RestoreError, read_backup, restore},
    error::{AppendError, CloseError, Corrupt, OpenError, ReadError},
    follow::follow,
    frame::{Chunk, EventRef, Events, Payload},
    index::{MAX_APPEND_BYTES, MAX_EVENT_TYPE_LEN, Memory},
    memory::MemoryStore,
    reader::{Arrival, ArrivalError, FrameReader, StateError, log_state, root_from},
    rebuild::Rebuild,
    sled::{Restore, SledStore, StoreOptions, verify},
    types::{
        Append, Appended, ExpectedVersion, Fault, GlobalPosition, Health, InvalidStreamId,
        InvalidStreamVersion, LogState, NewEvent, RecordedEvent, RecordedRequest, Request,
        StreamAppend, StreamAppended, StreamHead, StreamId, StreamVersion, Verified,
    },
};

/// A log of events; the [module](self) says what it promises.
#[async_trait]
pub trait EventStore: Send + Sync + 'static {
    /// The name that the log got when it was made, which copies of it keep.
    fn log_id(&self) -> &str;

    /// Records an append and answers when it is durable.
    ///
    /// The future may be dropped at any time; an append that has been handed to the writer by then
    /// is still recorded.
    async fn append(&self, append: Append) -> Result<Appended, AppendError>;

    /// The latest event of a stream; `None` if it has none.
    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError>;

    /// What the request with this key led to; `None` if it is not known.
    async fn find_request(&self, key: &[u8; 16]) -> Result<Option<RecordedRequest>, ReadError>;

    /// The events of a stream in order, up to and including a version, or all of them; none for
    /// a stream that does not exist.
    async fn read_stream(
        &self,
        stream: &StreamId,
        up_to: Option<StreamVersion>,
    ) -> Result<Vec<RecordedEvent>, ReadError>;

    /// The events of each of several streams, as [`EventStore::read_stream`] gives them; for those
    /// that lie close together in the log it is quicker.
    async fn read_streams(
        &self,
        streams: &[StreamId],
    ) -> Result<Vec<Vec<RecordedEvent>>, ReadError> {
        let mut events = Vec::with_capacity(streams.len());
        for stream in streams {
            events.push(self.read_stream(stream, None).await?);
        }
        Ok(events)
    }

    /// The events after a position, in order and without a gap, as chunks.
    ///
    /// Chunks are whole but for the first, which begins right after the position. Their number is
    /// the least that holds `max_events`, or all there are; none means that the log ends here.
    async fn read_all(
        &self,
        after: GlobalPosition,
        max_events: usize,
    ) -> Result<Vec<Chunk>, ReadError>;

    /// Looks at everything that is kept of the log, up to where it ends now, while appends go on:
    /// checksums, leaves, versions, roots, and whether all copies agree.
    ///
    /// Says how far it has come, and gives up as `Closed` when nobody wants to know any more.
    async fn verify(&self, progress: watch::Sender<GlobalPosition>) -> Result<Verified, ReadError>;

    /// The last position recorded at or before an instant.
    async fn position_at(&self, instant: Timestamp) -> Result<GlobalPosition, ReadError>;

    /// The last position of the log, and a word whenever it moves; ends when the store is closed.
    fn watch_head(&self) -> watch::Receiver<GlobalPosition>;

    /// The last position of the log.
    fn head(&self) -> GlobalPosition {
        *self.watch_head().borrow()
    }

    /// Whether appends are taken.
    fn health(&self) -> Health;

    /// Finishes what was begun, takes nothing more and lets go of every resource. Later calls of
    /// any method answer `Closed`; closing again does nothing.
    async fn close(&self) -> Result<(), CloseError>;
}
