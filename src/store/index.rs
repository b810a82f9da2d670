//! What the store must know to judge an append, in memory: every stream's head, every request.
//!
//! Whoever asks and whoever adds share it; see [`Table`]. A clone made by whoever adds is a snapshot
//! that costs next to nothing.
//!
//! The rule by which appends are judged is here and nowhere else. A [`Stage`] applies it to one
//! append after another on top of an [`Index`], and of the frame before if that is still on its
//! way to the disk; what it decided becomes part of the index only with [`Index::commit`], when
//! the frame is durable.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, Read, Write},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    Append, AppendError, Appended, Chunk, Corrupt, GlobalPosition, ReadError, RecordedRequest,
    Request, StreamAppend, StreamAppended, StreamHead, StreamId, StreamVersion,
    frame::{FrameBuilder, Mark, Placed, RECORD_OVERHEAD},
    table::{Key, MAX_POSITION, Table, position_bytes, position_of},
    walk::{Frames, holding},
};
use crate::integrity::Frontier;

/// The largest append, in bytes as they are stored.
pub const MAX_APPEND_BYTES: usize = 256 << 20;

/// The longest event type, in bytes.
pub const MAX_EVENT_TYPE_LEN: usize = 65_535;

/// How many events apart, at least, the index notes a record time.
const TIMES_APART: u64 = 1024;

/// Where the version stands in the entry of a stream.
const VERSION_AT: usize = 11;

/// What stands there for a version that takes more than a byte.
const LONG: u8 = u8::MAX;

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
///
/// Measured, gaps included, a stream takes 19 to 22 bytes and a request 10 to 12; a record time
/// takes 16 for every 1,024 events. A stream is known by 96 bits of its name's SHA-256, which no two
/// of a billion streams share but with a chance of one in 10¹¹. A request is known by 40 bits of
/// its key's hash and the position where it ended; the rest is read back from there when a key
/// seems to come again.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Stream key (12 bytes, of which the shard stands for one), version (1), position (5).
    streams: Table<17, 11>,
    /// Hash of the request key (5 bytes, of which the shard stands for one), position (5).
    requests: Table<9, 4>,
    extent: RwLock<Extent>,
}

/// How far the index reaches, and what there is little of.
#[derive(Debug, Default, Clone)]
struct Extent {
    /// The versions that do not fit among the streams, which say 255: few streams are as long.
    long: BTreeMap<Key<11>, StreamVersion>,
    /// First positions of frames with their record times; both rise.
    times: Vec<(Timestamp, GlobalPosition)>,
    last_time: Option<Timestamp>,
    head: GlobalPosition,
}

/// What a stage decided, on top of the index and the frame before.
#[derive(Debug, Default)]
pub(super) struct Changes {
    record_time: Timestamp,
    streams: HashMap<u128, StreamHead, KeyHashing>,
    requests: HashMap<u128, Seen, KeyHashing>,
}

/// A frame ready to be written, and what is true once it is.
pub(super) struct Sealed {
    pub(super) chunk: Chunk,
    pub(super) changes: Arc<Changes>,
    pub(super) frontier: Frontier,
}

/// Where a log ends, and where one does with what is still on its way to the disk.
#[derive(Debug, Clone)]
pub(super) struct Tip {
    last_time: Option<Timestamp>,
    frontier: Frontier,
    /// What is on its way, or has just arrived.
    changes: Arc<Changes>,
}

impl Sealed {
    /// Where the log ends once this is part of it.
    pub(super) fn tip(&self) -> Tip {
        let last_time = Some(self.chunk.record_time());
        let (frontier, changes) = (self.frontier.clone(), Arc::clone(&self.changes));
        Tip { last_time, frontier, changes }
    }
}

impl Extent {
    fn advance(&mut self, chunk: &Chunk) {
        let (time, first) = (chunk.record_time(), chunk.first());
        let due = self.times.last().is_none_or(|(noted, at)| {
            *noted < time && first.get().saturating_sub(at.get()) >= TIMES_APART
        });
        if due {
            self.times.push((time, first));
        }
        self.last_time = Some(time);
        self.head = chunk.last();
    }
}

impl Clone for Index {
    fn clone(&self) -> Self {
        let (streams, requests) = (self.streams.clone(), self.requests.clone());
        Self { streams, requests, extent: RwLock::new(self.extent().clone()) }
    }
}

impl Index {
    fn extent(&self) -> RwLockReadGuard<'_, Extent> {
        self.extent.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn head(&self) -> GlobalPosition {
        self.extent().head
    }

    pub(super) fn stream_head(&self, stream: &StreamId) -> Option<StreamHead> {
        self.head_of(stream.key())
    }

    fn head_of(&self, key: u128) -> Option<StreamHead> {
        let key = Key::of(&key.to_le_bytes());
        let entry = self.streams.get(&key)?;
        let version = match entry.get(VERSION_AT)? {
            &LONG => *self.extent().long.get(&key)?,
            short => StreamVersion::new(u32::from(*short))?,
        };
        Some(StreamHead { version, position: position_of(&entry) })
    }

    /// Where requests ended that may be the one with a key.
    pub(super) fn request_candidates(&self, key: &[u8; 16]) -> Vec<GlobalPosition> {
        let entries = self.requests.all(&request_key(key));
        entries.iter().map(|entry| position_of(entry)).collect()
    }

    /// Where to look for the last position recorded at or before an instant.
    pub(super) fn span_of(&self, instant: Timestamp) -> Span {
        let Extent { times, last_time, head, .. } = &*self.extent();
        if last_time.is_none_or(|last| last <= instant) {
            return Span { known: *head, beyond: head.next() };
        }
        let until = times.partition_point(|(time, _)| *time <= instant);
        let known = until.checked_sub(1).and_then(|at| times.get(at));
        let beyond = times.get(until).map_or(*head, |(_, first)| *first);
        known.map_or(Span { known: GlobalPosition::START, beyond: GlobalPosition::new(1) }, |k| {
            Span { known: k.1, beyond }
        })
    }

    /// Where the log ends, whose tree this is.
    pub(super) fn tip(&self, frontier: Frontier) -> Tip {
        Tip { last_time: self.extent().last_time, frontier, changes: Arc::default() }
    }

    /// Makes what a stage decided part of the index, one entry after another.
    pub(super) fn commit(&self, changes: &Changes, chunk: &Chunk) {
        for (key, &StreamHead { version, position }) in &changes.streams {
            let key = Key::of(&key.to_le_bytes());
            let short = u8::try_from(version.get()).unwrap_or(LONG);
            if short == LONG {
                self.extend(|extent| extent.long.insert(key, version));
            }
            self.streams.put(key.shard, &entry([&key.rest, &[short], &position_bytes(position)]));
        }
        for (key, &Seen { position, .. }) in &changes.requests {
            let key = request_key(&key.to_le_bytes());
            self.requests.add(key.shard, &entry([&key.rest, &[], &position_bytes(position)]));
        }
        self.extend(|extent| extent.advance(chunk));
    }

    fn extend<A>(&self, change: impl FnOnce(&mut Extent) -> A) {
        change(&mut self.extent.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Takes in a chunk read back from disk, if it continues the log.
    pub(super) fn replay(&self, chunk: &Chunk) -> Result<(), Corrupt> {
        let Extent { head, last_time, .. } = *self.extent();
        if chunk.first() != head.next() {
            return Err(Corrupt { reason: "frame does not follow the one before" });
        }
        if last_time.is_some_and(|time| time > chunk.record_time()) {
            return Err(Corrupt { reason: "frame was recorded before the one before it" });
        }
        let mut changes = Changes::default();
        for event in chunk.events() {
            if !StreamId::is_valid(event.stream) {
                return Err(Corrupt { reason: "stream has an invalid name" });
            }
            let key = StreamId::key_of(event.stream);
            let known = changes.streams.get(&key).copied();
            let head = known.or_else(|| self.head_of(key));
            if next_version(head) != Some(event.version) || last_position(head) != event.previous {
                return Err(Corrupt { reason: "event does not continue its stream" });
            }
            let (version, position) = (event.version, event.position);
            changes.streams.insert(key, StreamHead { version, position });
            if let Some(Request { key, fingerprint }) = event.request {
                let seen = Seen { fingerprint, version, position };
                changes.requests.insert(u128::from_le_bytes(key), seen);
            }
        }
        self.commit(&changes, chunk);
        Ok(())
    }

    /// Writes everything, in bytes that [`Index::read_from`] reads.
    pub(super) fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        let Extent { long, times, last_time, head } = &*self.extent();
        let time = last_time.map_or(i64::MIN, Timestamp::as_microsecond);
        out.write_all(&head.get().to_le_bytes())?;
        out.write_all(&time.to_le_bytes())?;
        out.write_all(&(times.len() as u64).to_le_bytes())?;
        for (time, first) in times {
            out.write_all(&time.as_microsecond().to_le_bytes())?;
            out.write_all(&first.get().to_le_bytes())?;
        }
        out.write_all(&(long.len() as u64).to_le_bytes())?;
        for (Key { shard, rest }, version) in long {
            out.write_all(&[*shard])?;
            out.write_all(rest)?;
            out.write_all(&version.get().to_le_bytes())?;
        }
        self.streams.write_to(out)?;
        self.requests.write_to(out)
    }

    /// Reads what [`Index::write_to`] wrote; an error if it is not that.
    pub(super) fn read_from(bytes: &mut impl Read) -> io::Result<Self> {
        let head = GlobalPosition::new(number(bytes)?);
        let last_time = Timestamp::from_microsecond(array(bytes).map(i64::from_le_bytes)?).ok();
        let mut times = Vec::new();
        for _ in 0..number(bytes)? {
            let time = Timestamp::from_microsecond(array(bytes).map(i64::from_le_bytes)?);
            times.push((time.map_err(io::Error::other)?, GlobalPosition::new(number(bytes)?)));
        }
        let mut long = BTreeMap::new();
        for _ in 0..number(bytes)? {
            let key = Key::of(&array::<12>(bytes)?);
            let version = StreamVersion::new(array(bytes).map(u32::from_le_bytes)?);
            long.insert(key, version.ok_or(io::ErrorKind::InvalidData)?);
        }
        let streams = Table::read_from(bytes)?;
        let requests = Table::read_from(bytes)?;
        let extent = RwLock::new(Extent { long, times, last_time, head });
        Ok(Self { streams, requests, extent })
    }

    /// The memory that streams and requests take.
    pub(super) fn memory(&self) -> Memory {
        Memory {
            streams: self.streams.len(),
            stream_bytes: self.streams.bytes(),
            requests: self.requests.len(),
            request_bytes: self.requests.bytes(),
        }
    }
}

/// What the index of a store holds, and how much memory that takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// The number of streams.
    pub streams: usize,
    /// The bytes that they take.
    pub stream_bytes: usize,
    /// The number of requests.
    pub requests: usize,
    /// The bytes that they take.
    pub request_bytes: usize,
}

/// The next bytes.
pub(super) fn array<const N: usize>(bytes: &mut impl Read) -> io::Result<[u8; N]> {
    let mut array = [0; N];
    bytes.read_exact(&mut array).map(|()| array)
}

/// The next number.
pub(super) fn number(bytes: &mut impl Read) -> io::Result<u64> {
    array(bytes).map(u64::from_le_bytes)
}

/// An entry of its parts, which are as long together.
fn entry<const E: usize>(parts: [&[u8]; 3]) -> [u8; E] {
    let mut entry = [0; E];
    let bytes = parts.into_iter().flatten();
    entry.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
    entry
}

/// What a request is known by: spread evenly whatever keys a client chooses.
fn request_key(key: &[u8; 16]) -> Key<4> {
    Key::of(&Sha256::digest(key))
}

/// Positions between which a log changes from recorded at or before an instant to after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    known: GlobalPosition,
    beyond: GlobalPosition,
}

impl Span {
    /// The last position that was recorded at or before the instant.
    pub(super) fn search(
        self,
        frames: &dyn Frames,
        instant: Timestamp,
    ) -> Result<GlobalPosition, ReadError> {
        let Self { mut known, mut beyond } = self;
        while known.next() < beyond {
            let middle = GlobalPosition::new(known.get().midpoint(beyond.get()));
            let chunk = holding(frames, middle)?;
            if chunk.record_time() <= instant {
                known = chunk.last().min(GlobalPosition::new(beyond.get().saturating_sub(1)));
            } else {
                beyond = chunk.first();
            }
        }
        Ok(known)
    }
}

/// What the request with a key led to, looked up where it may have ended.
pub(super) fn find_request(
    frames: &dyn Frames,
    candidates: &[GlobalPosition],
    key: &[u8; 16],
) -> Result<Option<RecordedRequest>, ReadError> {
    for position in candidates {
        let chunk = holding(frames, *position)?;
        let before = GlobalPosition::new(position.get().saturating_sub(1));
        let rest = chunk.after(before);
        let event = rest.as_ref().and_then(|rest| rest.events().next());
        let Some((event, request)) = event.and_then(|event| Some((event, event.request?))) else {
            return Err(ReadError::Corrupt { position: *position, reason: "no request ends here" });
        };
        if request.key == *key {
            return Ok(Some(RecordedRequest {
                fingerprint: request.fingerprint,
                version: event.version,
                position: *position,
                record_time: event.record_time,
            }));
        }
    }
    Ok(None)
}

fn next_version(head: Option<StreamHead>) -> Option<StreamVersion> {
    head.map_or(Some(StreamVersion::FIRST), |head| head.version.next())
}

fn last_position(head: Option<StreamHead>) -> GlobalPosition {
    head.map_or(GlobalPosition::START, |head| head.position)
}

/// Appends being judged and laid out in one frame.
pub(super) struct Stage {
    below: Arc<Changes>,
    changes: Changes,
    frame: FrameBuilder,
}

/// What is durable: where a stage looks up what it does not know itself.
pub(super) trait Known {
    /// Lets a question be asked of the index.
    fn look_up<A>(&self, question: impl FnOnce(&Index) -> A) -> A;

    /// Where the frames are.
    fn frames(&self) -> &impl Frames;
}

/// What to restore if a later part of the same append is refused.
struct Undo {
    mark: Mark,
    streams: Vec<(u128, Option<StreamHead>)>,
    requests: Vec<u128>,
}

impl Stage {
    /// Begins a frame at a time, or at the last record time if the clock went back.
    pub(super) fn new(tip: &Tip, now: Timestamp) -> Self {
        let now = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        let record_time = tip.last_time.map_or(now, |last| now.max(last));
        let frame = FrameBuilder::new(tip.frontier.clone(), record_time);
        let changes = Changes { record_time, ..Changes::default() };
        Self { below: Arc::clone(&tip.changes), changes, frame }
    }

    /// Judges an append and adds it, or leaves everything as it was. What is `known` may lack the
    /// frame before this, or have it.
    pub(super) fn add(
        &mut self,
        append: &Append,
        known: &impl Known,
    ) -> Result<Appended, AppendError> {
        check_shape(append)?;
        let mut undo = Undo { mark: self.frame.mark(), streams: Vec::new(), requests: Vec::new() };
        let parts = append.0.iter().map(|part| self.add_part(part, known, &mut undo));
        let streams = parts.collect::<Result<Vec<_>, _>>();
        streams.map(|streams| Appended { streams }).inspect_err(|_| self.restore(undo))
    }

    /// How many bytes have been laid out.
    pub(super) fn size(&self) -> usize {
        self.frame.size()
    }

    /// The frame; `None` if nothing was to be recorded.
    pub(super) fn seal(self) -> Option<Sealed> {
        let (chunk, frontier) = self.frame.finish()?;
        Some(Sealed { chunk, changes: Arc::new(self.changes), frontier })
    }

    fn add_part(
        &mut self,
        part: &StreamAppend,
        known: &impl Known,
        undo: &mut Undo,
    ) -> Result<StreamAppended, AppendError> {
        if let Some(request) = part.request
            && let Some(seen) = self.seen(request.key, known)?
        {
            return replayed(request, &seen);
        }
        let head = self.head(&part.stream, known);
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
            if position > MAX_POSITION {
                return Err(AppendError::Failed { reason: "log is full".to_owned() });
            }
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

    fn head(&self, stream: &StreamId, known: &impl Known) -> Option<StreamHead> {
        let on_top = |changes: &Changes| changes.streams.get(&stream.key()).copied();
        let staged = on_top(&self.changes).or_else(|| on_top(&self.below));
        staged.or_else(|| known.look_up(|index| index.stream_head(stream)))
    }

    fn seen(
        &self,
        key: [u8; 16],
        known: &impl Known,
    ) -> Result<Option<RecordedRequest>, AppendError> {
        for changes in [&self.changes, &*self.below] {
            if let Some(staged) = changes.requests.get(&u128::from_le_bytes(key)) {
                let Seen { fingerprint, version, position } = *staged;
                let record_time = changes.record_time;
                return Ok(Some(RecordedRequest { fingerprint, version, position, record_time }));
            }
        }
        let candidates = known.look_up(|index| index.request_candidates(&key));
        let found = find_request(known.frames(), &candidates, &key);
        found.map_err(|error| AppendError::Unreadable { reason: error.to_string() })
    }
}

/// The first answer to a request that comes again.
fn replayed(request: Request, seen: &RecordedRequest) -> Result<StreamAppended, AppendError> {
    let RecordedRequest { fingerprint, version, position, record_time } = *seen;
    if fingerprint != request.fingerprint {
        return Err(AppendError::RequestReused { position });
    }
    Ok(StreamAppended { version, position, record_time, replayed: true })
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
