//! The frame: how events recorded together are laid out in bytes, the same in every engine.
//!
//! All numbers are little-endian. The header:
//!
//! | at | bytes | what |
//! |---:|------:|------|
//! |  0 |     4 | magic, `ff 44 4c fe`: never part of a UTF-8 text |
//! |  4 |     4 | format, 1 |
//! |  8 |     8 | length of the body, which follows the header |
//! | 16 |     8 | position of the first event |
//! | 24 |     8 | record time in microseconds since 1970 |
//! | 32 |    32 | Merkle root of the log up to the end of this frame |
//! | 64 |     4 | number of events |
//! | 68 |     4 | CRC-32 of everything else in the frame |
//!
//! The body is one record after another:
//!
//! | bytes | what |
//! |------:|------|
//! |     4 | length of the record, without this number and the leaf |
//! |     4 | version |
//! |     8 | position of the stream's previous event, 0 for none |
//! |     2 | length of the stream name |
//! |     2 | length of the event type |
//! |     4 | 1 if a request follows, else 0 |
//! |       | stream name, event type |
//! | 0, 32 | request key, fingerprint |
//! |       | payload |
//! |    32 | leaf: the [leaf hash](leaf_hash_of) of position, record time and record |

use std::iter::FusedIterator;

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    Corrupt, GlobalPosition, NewEvent, RecordedEvent, Request, StreamId, StreamVersion,
    planted::{self, Bug},
};
use crate::integrity::{Frontier, Hash, leaf_hash_of};

/// The length of a frame's header.
pub(super) const HEADER_LEN: usize = 72;
const CRC_AT: usize = 68;
/// The length of a request: key and fingerprint.
const REQUEST_LEN: usize = 32;
const FORMAT: u32 = 1;

/// How a frame begins.
pub(super) const MAGIC: [u8; 4] = [0xff, b'D', b'L', 0xfe];

/// What a record adds to name, type and payload, at most.
pub(super) const RECORD_OVERHEAD: usize = 24 + 32 + 32;

/// Events that were recorded together, checked and cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    frame: Bytes,
    header: Header,
    /// Where the first visible record begins; after the header, unless the chunk was trimmed.
    start: usize,
    first: GlobalPosition,
    len: usize,
}

impl Chunk {
    /// Reads the frame that `bytes` begin with; what follows it is left alone.
    pub(super) fn decode(bytes: &Bytes) -> Result<Self, Corrupt> {
        let header = Header::decode(bytes)?;
        let whole = header.body.checked_add(HEADER_LEN).filter(|len| *len <= bytes.len());
        let frame = bytes.slice(..whole.ok_or(Corrupt { reason: "frame is cut short" })?);
        if checksum(&frame) != Some(header.crc) && !planted::has(Bug::SkipChecksum) {
            return Err(Corrupt { reason: "frame has the wrong checksum" });
        }
        let (first, len) = (header.first, header.count);
        let chunk = Self { frame, header, start: HEADER_LEN, first, len };
        chunk.check_records().ok_or(Corrupt { reason: "frame holds a malformed record" })?;
        Ok(chunk)
    }

    fn check_records(&self) -> Option<()> {
        let mut rest = self.records();
        for _ in 0..self.len {
            rest = Record::parse(rest)?.1;
        }
        let last = u64::try_from(self.len).ok()?.checked_add(self.first.get())?;
        (rest.is_empty() && self.len > 0 && self.first > GlobalPosition::START && last < u64::MAX)
            .then_some(())
    }

    /// The position of the first event.
    #[must_use]
    pub fn first(&self) -> GlobalPosition {
        self.first
    }

    /// The position of the last event.
    #[must_use]
    pub fn last(&self) -> GlobalPosition {
        GlobalPosition::new(self.first.get().saturating_add(self.len as u64).saturating_sub(1))
    }

    /// The number of events; never 0.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a chunk is never empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// When the events were recorded.
    #[must_use]
    pub fn record_time(&self) -> Timestamp {
        self.header.record_time
    }

    /// The Merkle root of the log up to the last event.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.header.root
    }

    /// The events in order.
    #[must_use]
    pub fn events(&self) -> Events<'_> {
        Events { chunk: self, rest: self.records(), position: self.first, left: self.len }
    }

    /// The events in order, as far as a replay needs them.
    pub fn payloads(&self) -> impl Iterator<Item = Payload<'_>> {
        let positions = (self.first.get()..).map(GlobalPosition::new);
        let mut rest = self.records();
        positions.take(self.len).map_while(move |position| {
            let cut = Record::split(rest)?;
            rest = cut.rest;
            let Outline { version, payload, .. } = Outline::of(cut.record)?;
            Some(Payload { position, version, payload })
        })
    }

    /// The events after a position; `None` if there is none.
    #[must_use]
    pub fn after(&self, position: GlobalPosition) -> Option<Self> {
        let skipped = position.next().get().saturating_sub(self.first.get());
        let skipped = usize::try_from(skipped).ok()?;
        let len = self.len.checked_sub(skipped).filter(|len| *len > 0)?;
        let mut rest = self.records();
        for _ in 0..skipped {
            rest = Record::split(rest)?.rest;
        }
        let start = self.frame.len().checked_sub(rest.len())?;
        let first = self.first.max(position.next());
        Some(Self { start, first, len, ..self.clone() })
    }

    /// Whether every event in the chunk has the leaf that was stored with it.
    #[must_use]
    pub fn leaves_hold(&self) -> bool {
        self.events().all(|event| event.leaf == event.computed_leaf())
    }

    /// The whole frame, of which a trimmed chunk shows only the end.
    #[must_use]
    pub fn frame(&self) -> &Bytes {
        &self.frame
    }

    fn records(&self) -> &[u8] {
        self.frame.get(self.start..).unwrap_or_default()
    }
}

/// What an event says, in its chunk.
#[derive(Debug, Clone, Copy)]
pub struct Payload<'a> {
    /// Its place in the log.
    pub position: GlobalPosition,
    /// Its place in the stream.
    pub version: StreamVersion,
    /// The payload.
    pub payload: &'a [u8],
}

/// An event in its chunk.
#[derive(Debug, Clone, Copy)]
pub struct EventRef<'a> {
    /// Its place in the log.
    pub position: GlobalPosition,
    /// The name of its stream.
    pub stream: &'a str,
    /// Its place in the stream.
    pub version: StreamVersion,
    /// When it was recorded.
    pub record_time: Timestamp,
    /// The full name of the payload's message.
    pub event_type: &'a str,
    /// The request that it came from.
    pub request: Option<Request>,
    /// The payload.
    pub payload: &'a [u8],
    /// The leaf that was stored with it.
    pub leaf: Hash,
    /// The position of the stream's previous event; the start if there is none.
    pub previous: GlobalPosition,
    record: &'a [u8],
    frame: &'a Bytes,
}

impl EventRef<'_> {
    /// The event on its own; its payload still shares the frame's memory.
    ///
    /// `None` only if the stream name is none, which a checked chunk rules out.
    #[must_use]
    pub fn to_recorded(&self) -> Option<RecordedEvent> {
        Some(RecordedEvent {
            position: self.position,
            stream: StreamId::parse(self.stream).ok()?,
            version: self.version,
            record_time: self.record_time,
            event_type: self.event_type.to_owned(),
            request: self.request,
            payload: self.frame.slice_ref(self.payload),
        })
    }

    fn computed_leaf(&self) -> Hash {
        leaf(self.position, self.record_time, self.record)
    }
}

/// The events of a chunk, borrowed from it.
#[derive(Debug, Clone)]
pub struct Events<'a> {
    chunk: &'a Chunk,
    rest: &'a [u8],
    position: GlobalPosition,
    left: usize,
}

impl<'a> Iterator for Events<'a> {
    type Item = EventRef<'a>;

    fn next(&mut self) -> Option<EventRef<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (record, rest) = Record::parse(self.rest)?;
        self.rest = rest;
        let position = self.position;
        self.position = position.next();
        Some(EventRef {
            position,
            stream: record.stream,
            version: record.version,
            record_time: self.chunk.header.record_time,
            event_type: record.event_type,
            request: record.request,
            payload: record.payload,
            leaf: record.leaf,
            previous: record.previous,
            record: record.bytes,
            frame: &self.chunk.frame,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Events<'_> {}
impl FusedIterator for Events<'_> {}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Header {
    body: usize,
    first: GlobalPosition,
    record_time: Timestamp,
    root: Hash,
    count: usize,
    crc: u32,
}

impl Header {
    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let malformed = Corrupt { reason: "frame header is malformed" };
        let mut bytes = Cursor(bytes);
        if bytes.array() != Some(MAGIC) {
            return Err(Corrupt { reason: "no frame begins here" });
        }
        if bytes.u32() != Some(FORMAT) {
            return Err(Corrupt { reason: "frame has an unknown format" });
        }
        Self::decode_rest(&mut bytes).ok_or(malformed)
    }

    fn decode_rest(bytes: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            body: usize::try_from(bytes.u64()?).ok()?,
            first: GlobalPosition::new(bytes.u64()?),
            record_time: Timestamp::from_microsecond(bytes.array().map(i64::from_le_bytes)?)
                .ok()?,
            root: Hash(bytes.array()?),
            count: usize::try_from(bytes.u32()?).ok()?,
            crc: bytes.u32()?,
        })
    }
}

/// What a frame says of its extent.
pub(super) struct Extent {
    pub(super) first: GlobalPosition,
    pub(super) last: GlobalPosition,
    pub(super) len: usize,
}

/// The extent that a frame gives itself, whether or not it is damaged.
pub(super) fn peek(bytes: &[u8]) -> Option<Extent> {
    let Header { first, count, body, .. } = Header::decode(bytes).ok()?;
    let last = first.get().checked_add(count.checked_sub(1)? as u64)?;
    Some(Extent { first, last: GlobalPosition::new(last), len: body.checked_add(HEADER_LEN)? })
}

fn checksum(frame: &[u8]) -> Option<u32> {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(frame.get(..CRC_AT)?);
    hasher.update(frame.get(HEADER_LEN..)?);
    Some(hasher.finalize())
}

fn leaf(position: GlobalPosition, record_time: Timestamp, record: &[u8]) -> Hash {
    let time = record_time.as_microsecond().to_le_bytes();
    leaf_hash_of(&[&position.get().to_le_bytes(), &time, record])
}

/// A record cut out, but not yet read.
struct Cut<'a> {
    record: &'a [u8],
    leaf: [u8; 32],
    rest: &'a [u8],
}

struct Record<'a> {
    version: StreamVersion,
    previous: GlobalPosition,
    stream: &'a str,
    event_type: &'a str,
    request: Option<Request>,
    payload: &'a [u8],
    bytes: &'a [u8],
    leaf: Hash,
}

impl<'a> Record<'a> {
    fn split(bytes: &'a [u8]) -> Option<Cut<'a>> {
        let mut bytes = Cursor(bytes);
        let length = usize::try_from(bytes.u32()?).ok()?;
        Some(Cut { record: bytes.slice(length)?, leaf: bytes.array()?, rest: bytes.0 })
    }

    fn parse(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let Cut { record, leaf, rest } = Self::split(bytes)?;
        let Outline { version, previous, stream, event_type, request, payload } =
            Outline::of(record)?;
        let (stream, event_type) = (str::from_utf8(stream).ok()?, str::from_utf8(event_type).ok()?);
        let request = request.and_then(|bytes| {
            let mut bytes = Cursor(bytes);
            Some(Request { key: bytes.array()?, fingerprint: bytes.array()? })
        });
        let (bytes, leaf) = (record, Hash(leaf));
        let record = Self { version, previous, stream, event_type, request, payload, bytes, leaf };
        Some((record, rest))
    }
}

/// A record whose texts have not been read.
struct Outline<'a> {
    version: StreamVersion,
    previous: GlobalPosition,
    stream: &'a [u8],
    event_type: &'a [u8],
    request: Option<&'a [u8]>,
    payload: &'a [u8],
}

impl<'a> Outline<'a> {
    fn of(record: &'a [u8]) -> Option<Self> {
        let mut bytes = Cursor(record);
        let version = StreamVersion::new(bytes.u32()?)?;
        let previous = GlobalPosition::new(bytes.u64()?);
        let (stream_len, type_len) = (bytes.u16()?, bytes.u16()?);
        let has_request = bytes.u32()?;
        let (stream, event_type) = (bytes.slice(stream_len.into())?, bytes.slice(type_len.into())?);
        let request = match has_request {
            0 => None,
            1 => Some(bytes.slice(REQUEST_LEN)?),
            _ => return None,
        };
        Some(Self { version, previous, stream, event_type, request, payload: bytes.0 })
    }
}

/// Bytes to be read from the front.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn slice(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

/// A frame being filled.
pub(super) struct FrameBuilder {
    bytes: Vec<u8>,
    leaves: Vec<Hash>,
    first: GlobalPosition,
    record_time: Timestamp,
    /// The tree without the frame's leaves, and with them.
    before: Frontier,
    frontier: Frontier,
}

/// How far a frame was filled.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    bytes: usize,
    leaves: usize,
}

/// An event about to be laid out, with what the index decided about it.
pub(super) struct Placed<'a> {
    pub(super) stream: &'a StreamId,
    pub(super) version: StreamVersion,
    pub(super) previous: GlobalPosition,
    pub(super) request: Option<Request>,
    pub(super) event: &'a NewEvent,
}

impl FrameBuilder {
    /// Begins the frame whose first leaf is the next of a tree.
    pub(super) fn new(frontier: Frontier, record_time: Timestamp) -> Self {
        Self {
            bytes: vec![0; HEADER_LEN],
            leaves: Vec::new(),
            first: GlobalPosition::new(frontier.len()).next(),
            record_time,
            before: frontier.clone(),
            frontier,
        }
    }

    pub(super) fn record_time(&self) -> Timestamp {
        self.record_time
    }

    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The position that the next event will have.
    pub(super) fn next(&self) -> GlobalPosition {
        GlobalPosition::new(self.first.get().saturating_add(self.leaves.len() as u64))
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { bytes: self.bytes.len(), leaves: self.leaves.len() }
    }

    pub(super) fn rollback(&mut self, mark: Mark) {
        self.bytes.truncate(mark.bytes);
        if self.leaves.len() > mark.leaves {
            self.leaves.truncate(mark.leaves);
            self.frontier = self.before.clone();
            self.leaves.iter().for_each(|leaf| self.frontier.append(*leaf));
        }
    }

    /// Lays out an event whose sizes have been checked; gives its leaf.
    pub(super) fn push(&mut self, placed: &Placed<'_>) -> Hash {
        let (stream, event) = (placed.stream.as_str(), placed.event);
        let position = self.next();
        let length_at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        let record_at = self.bytes.len();
        self.bytes.extend_from_slice(&placed.version.get().to_le_bytes());
        self.bytes.extend_from_slice(&placed.previous.get().to_le_bytes());
        self.bytes.extend_from_slice(&len16(stream.len()).to_le_bytes());
        self.bytes.extend_from_slice(&len16(event.event_type.len()).to_le_bytes());
        self.bytes.extend_from_slice(&u32::from(placed.request.is_some()).to_le_bytes());
        self.bytes.extend_from_slice(stream.as_bytes());
        self.bytes.extend_from_slice(event.event_type.as_bytes());
        if let Some(request) = placed.request {
            self.bytes.extend_from_slice(&request.key);
            self.bytes.extend_from_slice(&request.fingerprint);
        }
        self.bytes.extend_from_slice(&event.payload);
        let record = self.bytes.get(record_at..).unwrap_or_default();
        let (length, leaf) = (len32(record.len()), leaf(position, self.record_time, record));
        self.patch(length_at, &length.to_le_bytes());
        self.bytes.extend_from_slice(&leaf.0);
        self.leaves.push(leaf);
        self.frontier.append(leaf);
        leaf
    }

    /// The finished frame and the tree with its leaves; `None` if no event was laid out.
    pub(super) fn finish(mut self) -> Option<(Chunk, Frontier)> {
        if self.leaves.is_empty() {
            return None;
        }
        let mut header = Header {
            body: self.bytes.len().saturating_sub(HEADER_LEN),
            first: self.first,
            record_time: self.record_time,
            root: self.frontier.root(),
            count: self.leaves.len(),
            crc: 0,
        };
        self.patch(0, &MAGIC);
        self.patch(4, &FORMAT.to_le_bytes());
        self.patch(8, &(header.body as u64).to_le_bytes());
        self.patch(16, &header.first.get().to_le_bytes());
        self.patch(24, &header.record_time.as_microsecond().to_le_bytes());
        self.patch(32, &header.root.0);
        self.patch(64, &len32(header.count).to_le_bytes());
        header.crc = checksum(&self.bytes)?;
        self.patch(CRC_AT, &header.crc.to_le_bytes());
        let (first, len, frame) = (header.first, header.count, Bytes::from(self.bytes));
        Some((Chunk { frame, header, start: HEADER_LEN, first, len }, self.frontier))
    }

    fn patch(&mut self, at: usize, with: &[u8]) {
        let slot = self.bytes.get_mut(at..).and_then(|rest| rest.get_mut(..with.len()));
        if let Some(slot) = slot {
            slot.copy_from_slice(with);
        }
    }
}

/// A length that was checked to fit, so that the other case does not occur.
fn len16(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}

/// A length that was checked to fit, so that the other case does not occur.
fn len32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(payloads: &[Vec<u8>]) -> Chunk {
        let time = Timestamp::from_microsecond(1_600_000_000_000_000).unwrap();
        let mut tree = Frontier::new();
        (0..6).for_each(|_| tree.append(Hash([0; 32])));
        let mut builder = FrameBuilder::new(tree, time);
        for (n, payload) in payloads.iter().enumerate() {
            builder.push(&Placed {
                stream: &StreamId::parse("a/1").unwrap(),
                version: StreamVersion::new(u32::try_from(n).unwrap() + 1).unwrap(),
                previous: GlobalPosition::new(n as u64),
                request: (n % 2 == 0).then_some(Request { key: [1; 16], fingerprint: [2; 16] }),
                event: &NewEvent { event_type: "t.E".into(), payload: payload.clone().into() },
            });
        }
        builder.finish().unwrap().0
    }

    #[test]
    fn a_trimmed_chunk_begins_right_after_the_position() {
        let chunk = frame(&[vec![1], vec![2], vec![3]]);
        let seen = |after| {
            let chunk = chunk.after(GlobalPosition::new(after))?;
            assert_eq!(chunk.events().len(), chunk.len());
            assert_eq!(chunk.events().next().unwrap().position, chunk.first());
            Some((chunk.first().get(), chunk.last().get(), chunk.leaves_hold()))
        };
        assert_eq!(seen(0), Some((7, 9, true)));
        assert_eq!(seen(6), Some((7, 9, true)));
        assert_eq!(seen(8), Some((9, 9, true)));
        assert_eq!(seen(9), None);
        let twice = chunk.after(GlobalPosition::new(7)).unwrap();
        let payloads: Vec<_> = twice.events().map(|event| event.payload.to_vec()).collect();
        assert_eq!(payloads, [vec![2], vec![3]]);
        assert_eq!(twice.after(GlobalPosition::new(8)).unwrap().first().get(), 9);
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(payloads: Vec<Vec<u8>>, tail: Vec<u8>) {
            prop_assume!(!payloads.is_empty());
            let chunk = frame(&payloads);
            let bytes = Bytes::from([chunk.frame(), tail.as_slice()].concat());
            let read = Chunk::decode(&bytes).unwrap();
            prop_assert_eq!(&read, &chunk);
            prop_assert!(read.leaves_hold());
            let back: Vec<_> =
                read.events().map(|event| event.to_recorded().unwrap().payload.to_vec()).collect();
            prop_assert_eq!(back, payloads);
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes: Vec<u8>, payloads: Vec<Vec<u8>>) {
            let _ = Chunk::decode(&bytes.clone().into());
            let mut builder = FrameBuilder::new(Frontier::new(), Timestamp::UNIX_EPOCH);
            builder.bytes.extend_from_slice(&bytes);
            builder.leaves = vec![Hash([0; 32]); payloads.len()];
            if let Some((chunk, _)) = builder.finish() {
                let _ = Chunk::decode(chunk.frame());
            }
        }

        #[test]
        fn a_changed_byte_is_noticed(payload: Vec<u8>, at: prop::sample::Index, bits in 1_u8..) {
            let mut bytes = frame(&[payload]).frame().to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= bits;
            prop_assert!(Chunk::decode(&bytes.into()).is_err());
        }
    }
}
