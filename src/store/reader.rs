//! Frames on their way from one place to another: read from bytes that come in pieces, and checked
//! one by one.

use bytes::BytesMut;
use thiserror::Error;

use super::{
    Chunk, EventStore, GlobalPosition, LogState, ReadError,
    frame::{HEADER_LEN, peek},
    index::MAX_APPEND_BYTES,
};
use crate::integrity::{Frontier, Hash};

/// Longer than any frame: one append, on top of those that had arrived before it.
const FRAME_LIMIT: usize = 2 * MAX_APPEND_BYTES;

/// Reads frames from bytes that come in pieces, cut anywhere, and checks that they are one log:
/// every checksum and leaf, no position missing, every Merkle root.
#[derive(Debug, Default)]
pub struct FrameReader {
    bytes: BytesMut,
    frontier: Frontier,
}

impl FrameReader {
    /// Reads on after a tree.
    pub(super) fn after(frontier: Frontier) -> Self {
        Self { bytes: BytesMut::new(), frontier }
    }

    /// Takes in the next bytes.
    pub fn push(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
    }

    /// The next frame; `None` if its end has not arrived.
    ///
    /// # Errors
    ///
    /// What has arrived is not the next frame of the log.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        let position = self.position().next();
        let corrupt = |reason| ReadError::Corrupt { position, reason };
        if self.bytes.len() < HEADER_LEN {
            return Ok(None);
        }
        let extent = peek(&self.bytes).ok_or(corrupt("no frame begins here"))?;
        if extent.first != position {
            return Err(corrupt("frame does not follow the one before"));
        }
        if extent.len > FRAME_LIMIT {
            return Err(corrupt("frame is longer than any can be"));
        }
        if extent.len > self.bytes.len() {
            return Ok(None);
        }
        let frame = self.bytes.split_to(extent.len).freeze();
        let chunk = Chunk::decode(&frame).map_err(|error| corrupt(error.reason))?;
        if !chunk.leaves_hold() {
            return Err(corrupt("event does not have its leaf"));
        }
        chunk.events().for_each(|event| self.frontier.append(event.leaf));
        if self.frontier.root() != chunk.root() {
            return Err(corrupt("frame does not lead to its Merkle root"));
        }
        Ok(Some(chunk))
    }

    /// The last position read.
    #[must_use]
    pub fn position(&self) -> GlobalPosition {
        GlobalPosition::new(self.frontier.len())
    }

    /// The Merkle root there.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Whether no frame has arrived in part.
    #[must_use]
    pub fn is_between_frames(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn frontier(&self) -> &Frontier {
        &self.frontier
    }
}

/// A log that does not arrive as it should.
#[derive(Debug, Error)]
pub enum ArrivalError {
    /// What arrived is not the log.
    #[error("what arrived is not the log: {0}")]
    Damaged(ReadError),
    /// It ended before it should have.
    #[error("the log broke off at position {reached}, before {head}")]
    BrokeOff {
        /// How far it came.
        reached: GlobalPosition,
        /// How far it should have come.
        head: GlobalPosition,
    },
    /// It came to its end with another root.
    #[error("the log arrived with another Merkle root than it was said to have")]
    OtherRoot,
}

/// A log that arrives in pieces, up to an end that was announced.
#[derive(Debug)]
pub struct Arrival {
    reader: FrameReader,
    head: GlobalPosition,
    root: Hash,
}

impl Arrival {
    /// Waits for the whole log.
    #[must_use]
    pub fn of(state: &LogState) -> Self {
        Self::after(Frontier::new(), state)
    }

    /// Waits for what comes after a tree.
    pub(super) fn after(frontier: Frontier, state: &LogState) -> Self {
        Self { reader: FrameReader::after(frontier), head: state.head, root: state.root }
    }

    /// Takes in the next bytes.
    pub fn push(&mut self, piece: &[u8]) {
        self.reader.push(piece);
    }

    /// The next frame; `None` if its end has not arrived.
    ///
    /// # Errors
    ///
    /// What has arrived is not the next frame of the log.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>, ArrivalError> {
        self.reader.next_chunk().map_err(ArrivalError::Damaged)
    }

    /// The last position that has arrived.
    #[must_use]
    pub fn position(&self) -> GlobalPosition {
        self.reader.position()
    }

    /// The tree, if all has arrived and is what was announced.
    pub(super) fn finish(&self) -> Result<Frontier, ArrivalError> {
        let (reached, head) = (self.reader.position(), self.head);
        if reached < head || !self.reader.is_between_frames() {
            return Err(ArrivalError::BrokeOff { reached, head });
        }
        if (reached, self.reader.root()) != (head, self.root) {
            return Err(ArrivalError::OtherRoot);
        }
        Ok(self.reader.frontier().clone())
    }

    /// The number of events and the root, if all has arrived and is what was announced.
    ///
    /// # Errors
    ///
    /// It broke off, or has another root.
    pub fn end(&self) -> Result<(u64, Hash), ArrivalError> {
        self.finish().map(|frontier| (frontier.len(), frontier.root()))
    }
}

/// A position after which a log cannot be read as frames.
#[derive(Debug, Error)]
pub enum StateError {
    /// The log ends before it.
    #[error("the log ends at position {head}, before {after}")]
    BeyondHead {
        /// The position.
        after: GlobalPosition,
        /// Where the log ends.
        head: GlobalPosition,
    },
    /// Events that were recorded together lie on both sides of it.
    #[error("no frame of the log ends at position {after}")]
    WithinFrame {
        /// The position.
        after: GlobalPosition,
    },
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Where a log ends now, and its root there and at an earlier position.
///
/// # Errors
///
/// The log cannot be read, or not on from that position.
pub async fn log_state(
    store: &dyn EventStore,
    after: GlobalPosition,
) -> Result<LogState, StateError> {
    let head = store.head();
    if after > head {
        return Err(StateError::BeyondHead { after, head });
    }
    let root = root_at(store, head).await?.ok_or(StateError::WithinFrame { after: head })?;
    let after_root = root_at(store, after).await?.ok_or(StateError::WithinFrame { after })?;
    Ok(LogState { log_id: store.log_id().to_owned(), head, root, after, after_root })
}

/// The root at a position, if a frame ends there.
async fn root_at(
    store: &dyn EventStore,
    position: GlobalPosition,
) -> Result<Option<Hash>, ReadError> {
    if position == GlobalPosition::START {
        return Ok(Some(Frontier::new().root()));
    }
    let before = GlobalPosition::new(position.get().saturating_sub(1));
    let chunks = store.read_all(before, 1).await?;
    let chunk = chunks.first().filter(|chunk| chunk.last() == position);
    Ok(chunk.map(Chunk::root))
}

/// The first position from another on at which a frame ends, and the root there.
///
/// # Errors
///
/// The log cannot be read, or ends before that position.
pub async fn root_from(
    store: &dyn EventStore,
    position: GlobalPosition,
) -> Result<(GlobalPosition, Hash), ReadError> {
    let before = GlobalPosition::new(position.get().saturating_sub(1));
    let chunks = store.read_all(before, 1).await?;
    let missing = ReadError::Corrupt { position, reason: "the log ends before it" };
    chunks.first().map(|chunk| (chunk.last(), chunk.root())).ok_or(missing)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::{super::*, *};
    use crate::clock::SystemClock;

    async fn store_of(appends: &[usize]) -> MemoryStore {
        let store = MemoryStore::new(Arc::new(SystemClock));
        for (n, count) in appends.iter().enumerate() {
            let event = NewEvent { event_type: "t.E".into(), payload: Bytes::from(vec![7; n]) };
            let (stream, expected) = (StreamId::parse("a/1").unwrap(), ExpectedVersion::Any);
            let events = vec![event; *count];
            let append = StreamAppend { stream, expected, events, request: None };
            store.append(append.into()).await.unwrap();
        }
        store
    }

    async fn frames(store: &MemoryStore) -> Vec<u8> {
        let chunks = store.read_all(GlobalPosition::START, usize::MAX).await.unwrap();
        chunks.iter().flat_map(|chunk| chunk.frame().to_vec()).collect()
    }

    #[tokio::test]
    async fn frames_are_read_however_they_are_cut() {
        let store = store_of(&[1, 3, 2]).await;
        let state = log_state(&store, GlobalPosition::START).await.unwrap();
        let bytes = frames(&store).await;
        for piece in [1, 71, 100, bytes.len()] {
            let (mut reader, mut lengths) = (FrameReader::default(), Vec::new());
            for piece in bytes.chunks(piece) {
                reader.push(piece);
                while let Some(chunk) = reader.next_chunk().unwrap() {
                    lengths.push(chunk.len());
                }
            }
            assert_eq!(lengths, [1, 3, 2]);
            assert!(reader.is_between_frames());
            assert_eq!((reader.position(), reader.root()), (state.head, state.root));
        }
    }

    #[tokio::test]
    async fn a_changed_byte_a_gap_and_another_order_are_noticed() {
        let store = store_of(&[1, 1, 1]).await;
        let whole = frames(&store).await;
        let chunks = store.read_all(GlobalPosition::START, usize::MAX).await.unwrap();
        let [first, second, third] = &chunks[..] else { panic!() };
        let read = |bytes: &[u8]| {
            let mut reader = FrameReader::default();
            reader.push(bytes);
            while reader.next_chunk()?.is_some() {}
            Ok::<_, ReadError>(reader.position().get())
        };
        assert_eq!(read(&whole).unwrap(), 3);
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(read(&changed).is_err() || read(&changed).unwrap() < 3, "{at}");
        }
        assert!(read(&[first.frame(), third.frame()].map(|f| &f[..]).concat()).is_err());
        assert!(read(&[second.frame(), first.frame()].map(|f| &f[..]).concat()).is_err());
        let other = frames(&store_of(&[1]).await).await;
        assert!(read(&[&other[..], &second.frame()[..]].concat()).is_err());
    }

    #[tokio::test]
    async fn a_log_is_read_on_only_from_where_a_frame_ends() {
        let store = store_of(&[1, 3]).await;
        for (after, ends) in [(0, true), (1, true), (2, false), (3, false), (4, true)] {
            let state = log_state(&store, GlobalPosition::new(after)).await;
            assert_eq!(state.is_ok(), ends, "{after}");
        }
        let mut ends = Vec::new();
        for position in 1..=4 {
            let (end, root) = root_from(&store, GlobalPosition::new(position)).await.unwrap();
            assert_eq!(root_at(&store, end).await.unwrap(), Some(root));
            ends.push(end.get());
        }
        assert_eq!(ends, [1, 4, 4, 4]);
        assert!(root_from(&store, GlobalPosition::new(5)).await.is_err());
        let beyond = log_state(&store, GlobalPosition::new(5)).await.unwrap_err();
        assert_eq!(beyond.to_string(), "the log ends at position 4, before 5");
    }
}
