//! The reference engine: a list of chunks in memory, short enough to read as the specification.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

use super::{
    Append, AppendError, Appended, Chunk, CloseError, EventStore, Fault, GlobalPosition, Health,
    ReadError, RecordedEvent, RecordedRequest, StreamHead, StreamId, StreamVersion, Verified,
    index::{Index, Known, Sealed, Stage, find_request},
    walk::{Frames, page, walk_stream},
};
use crate::{clock::Clock, integrity::Frontier};

/// A store that forgets everything when it is dropped; for tests and trials.
pub struct MemoryStore {
    state: Mutex<State>,
    head: watch::Receiver<GlobalPosition>,
    clock: Arc<dyn Clock>,
    log_id: String,
}

struct State {
    index: Index,
    frontier: Frontier,
    chunks: Chunks,
    /// Gone when the store is closed.
    head: Option<watch::Sender<GlobalPosition>>,
}

impl MemoryStore {
    /// An empty store that takes its record times from a clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let (sender, head) = watch::channel(GlobalPosition::START);
        let (index, frontier, chunks) = (Index::default(), Frontier::new(), Chunks::default());
        let state = Mutex::new(State { index, frontier, chunks, head: Some(sender) });
        let log_id = format!("{:032x}", RandomState::new().hash_one(0));
        Self { state, head, clock, log_id }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_state(&self) -> Result<MutexGuard<'_, State>, ReadError> {
        Some(self.state()).filter(|state| state.head.is_some()).ok_or(ReadError::Closed)
    }
}

impl Known for State {
    fn look_up<A>(&self, question: impl FnOnce(&Index) -> A) -> A {
        question(&self.index)
    }

    fn frames(&self) -> &impl Frames {
        &self.chunks
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    fn log_id(&self) -> &str {
        &self.log_id
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let mut log = self.open_state().map_err(|_| AppendError::Closed)?;
        let mut stage = Stage::new(&log.index.tip(log.frontier.clone()), self.clock.now());
        let appended = stage.add(&append, &*log)?;
        if let Some(Sealed { chunk, changes, frontier }) = stage.seal() {
            log.index.commit(&changes, &chunk);
            log.frontier = frontier;
            let head = chunk.last();
            log.chunks.0.push(chunk);
            log.head.as_ref().map(|publish| publish.send_replace(head));
        }
        Ok(appended)
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError> {
        Ok(self.open_state()?.index.stream_head(stream))
    }

    async fn find_request(&self, key: &[u8; 16]) -> Result<Option<RecordedRequest>, ReadError> {
        let state = self.open_state()?;
        find_request(&state.chunks, &state.index.request_candidates(key), key)
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        up_to: Option<StreamVersion>,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let state = self.open_state()?;
        walk_stream(&state.chunks, stream, state.index.stream_head(stream), up_to)
    }

    async fn read_all(
        &self,
        after: GlobalPosition,
        max_events: usize,
    ) -> Result<Vec<Chunk>, ReadError> {
        let state = self.open_state()?;
        page(&state.chunks, after, state.index.head(), max_events)
    }

    async fn verify(&self, progress: watch::Sender<GlobalPosition>) -> Result<Verified, ReadError> {
        let chunks = self.open_state()?.chunks.0.clone();
        let mut frontier = Frontier::new();
        let mut faults = Vec::new();
        for chunk in &chunks {
            chunk.events().for_each(|event| frontier.append(event.leaf));
            if !chunk.leaves_hold() || frontier.root() != chunk.root() {
                let (position, what) = (chunk.first(), "frame does not lead to its Merkle root");
                faults.push(Fault { part: "memory", position, what: what.to_owned() });
            }
            progress.send_replace(chunk.last());
        }
        let (log_id, root) = (self.log_id.clone(), frontier.root());
        Ok(Verified { log_id, events: frontier.len(), root, sled_lacks: 0, faults })
    }

    async fn position_at(&self, instant: Timestamp) -> Result<GlobalPosition, ReadError> {
        let state = self.open_state()?;
        state.index.span_of(instant).search(&state.chunks, instant)
    }

    fn watch_head(&self) -> watch::Receiver<GlobalPosition> {
        self.head.clone()
    }

    fn health(&self) -> Health {
        match self.open_state() {
            Ok(_) => Health::Writable,
            Err(closed) => Health::ReadOnly { reason: closed.to_string() },
        }
    }

    async fn close(&self) -> Result<(), CloseError> {
        self.state().head = None;
        Ok(())
    }
}

#[derive(Default)]
struct Chunks(Vec<Chunk>);

impl Frames for Chunks {
    fn holding(&self, position: GlobalPosition) -> Result<Option<Chunk>, ReadError> {
        let at = self.0.partition_point(|chunk| chunk.last() < position);
        Ok(self.0.get(at).cloned())
    }
}
