//! What the store must know to judge an append, in memory: every stream's head, every request.
//!
//! The rule by which appends are judged is here and nowhere else. A [`Stage`] applies it to one
//! append after another on top of an [`Index`] that stays as it is; what it decided becomes part
//! of the index only with [`Index::commit`], when the frame is durable.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher, RandomState},
};

use jiff::Timestamp;

use super::{
    Append, AppendError, Appended, Chunk, Corrupt, GlobalPosition, RecordedRequest, Request,
    StreamAppend, StreamAppended, StreamHead, StreamId, StreamVersion,
    frame::{FrameBuilder, Mark, Placed, RECORD_OVERHEAD},
};
use crate::integrity::Frontier;

/// The largest append, in bytes as they are stored.
pub const MAX_APPEND_BYTES: usize = 256 << 20;

/// The longest event type, in bytes.
pub const MAX_EVENT_TYPE_LEN: usize = 65_535;

/// The heads of streams, by stream key.
type Streams = HashMap<u128, StreamHead, KeyHashing>;

/// Where requests ended, by request key.
type Requests = HashMap<u128, Seen, KeyHashing>;

/// Hashes 128-bit keys by one multiplication under a secret, so that nobody can choose request
/// keys that meet in one bucket.
#[derive(Debug, Clone)]
struct KeyHashing([u64; 2]);

impl Default for KeyHashing {
    fn default() -> Self {
        let secret = RandomState::new();
        Self([secret.hash_one(0), secret.hash_one(1)])
    }
}

impl BuildHasher for KeyHashing {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        KeyHasher { secret: self.0, hash: 0 }
    }
}

struct KeyHasher {
    secret: [u64; 2],
    hash: u64,
}

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (parts, _) = bytes.as_chunks();
        if let [low, high] = parts {
            let [low_secret, high_secret] = self.secret;
            let low = u128::from(u64::from_le_bytes(*low) ^ low_secret);
            let product = low.wrapping_mul(u128::from(u64::from_le_bytes(*high) ^ high_secret));
            let folded = (product >> 64) ^ (product & u128::from(u64::MAX));
            self.hash = u64::try_from(folded).unwrap_or_default();
        }
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    fingerprint: [u8; 16],
    version: StreamVersion,
    position: GlobalPosition,
}

/// What is recorded and durable.
#[derive(Debug, Default)]
pub(super) struct Index {
    streams: Streams,
    requests: Requests,
    /// Each record time with the last position that has it; both only rise.
    times: Vec<(Timestamp, GlobalPosition)>,
    head: GlobalPosition,
}

/// What a stage decided, on top of the index it began with.
#[derive(Debug, Default)]
pub(super) struct Changes {
    streams: Streams,
    requests: Requests,
}

/// A frame ready to be written, and what is true once it is.
pub(super) struct Sealed {
    pub(super) chunk: Chunk,
    pub(super) changes: Changes,
    pub(super) frontier: Frontier,
}

impl Index {
    pub(super) fn head(&self) -> GlobalPosition {
        self.head
    }

    pub(super) fn stream_head(&self, stream: &StreamId) -> Option<StreamHead> {
        self.streams.get(&stream.key()).copied()
    }

    pub(super) fn find_request(&self, key: [u8; 16]) -> Option<RecordedRequest> {
        let seen = self.requests.get(&u128::from_le_bytes(key))?;
        Some(RecordedRequest {
            fingerprint: seen.fingerprint,
            version: seen.version,
            position: seen.position,
            record_time: self.time_of(seen.position)?,
        })
    }

    pub(super) fn position_at(&self, instant: Timestamp) -> GlobalPosition {
        let until = self.times.partition_point(|(time, _)| *time <= instant);
        let last = until.checked_sub(1).and_then(|at| self.times.get(at));
        last.map_or(GlobalPosition::START, |(_, position)| *position)
    }

    /// Makes what a stage decided part of the index.
    pub(super) fn commit(&mut self, changes: Changes, chunk: &Chunk) {
        self.streams.extend(changes.streams);
        self.requests.extend(changes.requests);
        self.advance(chunk);
    }

    /// Takes in a chunk read back from disk, if it continues the log.
    pub(super) fn replay(&mut self, chunk: &Chunk) -> Result<(), Corrupt> {
        if chunk.first() != self.head.next() {
            return Err(Corrupt { reason: "frame does not follow the one before" });
        }
        if self.times.last().is_some_and(|(time, _)| *time > chunk.record_time()) {
            return Err(Corrupt { reason: "frame was recorded before the one before it" });
        }
        let mut changes = Changes::default();
        for event in chunk.events() {
            let stream = StreamId::parse(event.stream);
            let stream = stream.map_err(|_| Corrupt { reason: "stream has an invalid name" })?;
            let known = changes.streams.get(&stream.key()).copied();
            let head = known.or_else(|| self.stream_head(&stream));
            if next_version(head) != Some(event.version) || last_position(head) != event.previous {
                return Err(Corrupt { reason: "event does not continue its stream" });
            }
            let (version, position) = (event.version, event.position);
            changes.streams.insert(stream.key(), StreamHead { version, position });
            if let Some(Request { key, fingerprint }) = event.request {
                let seen = Seen { fingerprint, version, position };
                changes.requests.insert(u128::from_le_bytes(key), seen);
            }
        }
        self.commit(changes, chunk);
        Ok(())
    }

    fn advance(&mut self, chunk: &Chunk) {
        self.head = chunk.last();
        match self.times.last_mut() {
            Some((time, position)) if *time == chunk.record_time() => *position = chunk.last(),
            Some(_) | None => self.times.push((chunk.record_time(), chunk.last())),
        }
    }

    fn time_of(&self, position: GlobalPosition) -> Option<Timestamp> {
        let at = self.times.partition_point(|(_, last)| *last < position);
        self.times.get(at).map(|(time, _)| *time)
    }
}

fn next_version(head: Option<StreamHead>) -> Option<StreamVersion> {
    head.map_or(Some(StreamVersion::FIRST), |head| head.version.next())
}

fn last_position(head: Option<StreamHead>) -> GlobalPosition {
    head.map_or(GlobalPosition::START, |head| head.position)
}

/// Appends being judged and laid out in one frame.
pub(super) struct Stage<'a> {
    index: &'a Index,
    changes: Changes,
    frame: FrameBuilder,
}

/// What to restore if a later part of the same append is refused.
struct Undo {
    mark: Mark,
    streams: Vec<(u128, Option<StreamHead>)>,
    requests: Vec<u128>,
}

impl<'a> Stage<'a> {
    /// Begins a frame at a time, or at the last record time if the clock went back.
    pub(super) fn new(index: &'a Index, now: Timestamp) -> Self {
        let now = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        let time = index.times.last().map_or(now, |(last, _)| now.max(*last));
        let frame = FrameBuilder::new(index.head.next(), time);
        Self { index, changes: Changes::default(), frame }
    }

    /// Judges an append and adds it, or leaves everything as it was.
    pub(super) fn add(&mut self, append: &Append) -> Result<Appended, AppendError> {
        check_shape(append)?;
        let mut undo = Undo { mark: self.frame.mark(), streams: Vec::new(), requests: Vec::new() };
        let parts = append.0.iter().map(|part| self.add_part(part, &mut undo));
        let streams = parts.collect::<Result<Vec<_>, _>>();
        streams.map(|streams| Appended { streams }).inspect_err(|_| self.restore(undo))
    }

    /// How many bytes have been laid out.
    pub(super) fn size(&self) -> usize {
        self.frame.size()
    }

    /// The frame; `None` if nothing was to be recorded.
    pub(super) fn seal(self, frontier: &Frontier) -> Option<Sealed> {
        let (chunk, frontier) = self.frame.finish(frontier)?;
        Some(Sealed { chunk, changes: self.changes, frontier })
    }

    fn add_part(
        &mut self,
        part: &StreamAppend,
        undo: &mut Undo,
    ) -> Result<StreamAppended, AppendError> {
        if let Some(request) = part.request
            && let Some(seen) = self.seen(request.key)
        {
            return self.replay(request, seen);
        }
        let head = self.head(&part.stream);
        let actual = head.map(|head| head.version);
        if !part.expected.admits(actual) {
            let (stream, expected) = (part.stream.clone(), part.expected);
            return Err(AppendError::VersionConflict { stream, expected, actual });
        }
        let head = self.lay_out(part, head)?;
        self.remember(part, head, undo);
        let StreamHead { version, position } = head;
        let record_time = self.frame.record_time();
        Ok(StreamAppended { version, position, record_time, replayed: false })
    }

    fn replay(&self, request: Request, seen: Seen) -> Result<StreamAppended, AppendError> {
        let Seen { fingerprint, version, position } = seen;
        if fingerprint != request.fingerprint {
            return Err(AppendError::RequestReused { position });
        }
        let record_time = self.index.time_of(position).unwrap_or(self.frame.record_time());
        Ok(StreamAppended { version, position, record_time, replayed: true })
    }

    fn lay_out(
        &mut self,
        part: &StreamAppend,
        head: Option<StreamHead>,
    ) -> Result<StreamHead, AppendError> {
        let mut head = head;
        for event in &part.events {
            let full = || AppendError::StreamFull { stream: part.stream.clone() };
            let version = next_version(head).ok_or_else(full)?;
            let (previous, position) = (last_position(head), self.frame.next());
            let (stream, request) = (&part.stream, part.request);
            self.frame.push(&Placed { stream, version, previous, request, event });
            head = Some(StreamHead { version, position });
        }
        head.ok_or(AppendError::Empty)
    }

    fn remember(&mut self, part: &StreamAppend, head: StreamHead, undo: &mut Undo) {
        let stream = part.stream.key();
        undo.streams.push((stream, self.changes.streams.insert(stream, head)));
        if let Some(Request { key, fingerprint }) = part.request {
            let StreamHead { version, position } = head;
            let key = u128::from_le_bytes(key);
            self.changes.requests.insert(key, Seen { fingerprint, version, position });
            undo.requests.push(key);
        }
    }

    fn restore(&mut self, undo: Undo) {
        self.frame.rollback(undo.mark);
        for (stream, before) in undo.streams.into_iter().rev() {
            match before {
                Some(head) => self.changes.streams.insert(stream, head),
                None => self.changes.streams.remove(&stream),
            };
        }
        for key in undo.requests {
            self.changes.requests.remove(&key);
        }
    }

    fn head(&self, stream: &StreamId) -> Option<StreamHead> {
        let staged = self.changes.streams.get(&stream.key()).copied();
        staged.or_else(|| self.index.stream_head(stream))
    }

    fn seen(&self, key: [u8; 16]) -> Option<Seen> {
        let key = u128::from_le_bytes(key);
        self.changes.requests.get(&key).or_else(|| self.index.requests.get(&key)).copied()
    }
}

fn check_shape(append: &Append) -> Result<(), AppendError> {
    if append.0.is_empty() || append.0.iter().any(|part| part.events.is_empty()) {
        return Err(AppendError::Empty);
    }
    let types = append.0.iter().flat_map(|part| &part.events).map(|event| event.event_type.len());
    if let Some(length) = types.into_iter().find(|len| *len == 0 || *len > MAX_EVENT_TYPE_LEN) {
        return Err(AppendError::EventType { length });
    }
    let (bytes, limit) = (append_size(append), MAX_APPEND_BYTES);
    if bytes > limit { Err(AppendError::TooLarge { bytes, limit }) } else { Ok(()) }
}

/// How many bytes an append takes at most.
pub(super) fn append_size(append: &Append) -> usize {
    let sizes = append.0.iter().flat_map(|part| {
        part.events.iter().map(|event| {
            RECORD_OVERHEAD
                .saturating_add(part.stream.as_str().len())
                .saturating_add(event.event_type.len())
                .saturating_add(event.payload.len())
        })
    });
    sizes.fold(0, usize::saturating_add)
}
