//! The words of the store: streams, versions, positions, what is appended, what was recorded.

use std::{
    borrow::Cow,
    fmt,
    hash::{Hash, Hasher},
    num::NonZeroU32,
    str::FromStr,
    sync::Arc,
};

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::integrity;

/// The name of a stream: 1 to 512 bytes of text without control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamId {
    text: Arc<str>,
    key: u128,
}

/// A text that cannot name a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("stream name must be 1 to 512 bytes of text without control characters")]
pub struct InvalidStreamId;

impl StreamId {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 512;

    /// Makes a name of a text.
    ///
    /// # Errors
    ///
    /// The text is empty, too long, or holds a control character.
    pub fn parse(text: &str) -> Result<Self, InvalidStreamId> {
        if !Self::is_valid(text) {
            return Err(InvalidStreamId);
        }
        Ok(Self { text: text.into(), key: Self::key_of(text) })
    }

    /// The first half of a name's SHA-256, by which the index knows the stream.
    pub(super) fn key_of(text: &str) -> u128 {
        let digest: [u8; 32] = Sha256::digest(text).into();
        digest.first_chunk().map_or(0, |half| u128::from_le_bytes(*half))
    }

    pub(super) fn is_valid(text: &str) -> bool {
        (1..=Self::MAX_LEN).contains(&text.len()) && !text.chars().any(char::is_control)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name's [`StreamId::key_of`].
    pub(super) fn key(&self) -> u128 {
        self.key
    }
}

impl Hash for StreamId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamId({:?})", self.text)
    }
}

impl FromStr for StreamId {
    type Err = InvalidStreamId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// How often a stream has been written to, as its latest event says; opaque to callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamVersion(NonZeroU32);

/// A text that is no stream version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("stream version must be a decimal number from 1 to 4294967295")]
pub struct InvalidStreamVersion;

impl StreamVersion {
    /// The version of a stream's first event.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    pub(super) fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    pub(crate) fn get(self) -> u32 {
        self.0.get()
    }

    pub(super) fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl fmt::Display for StreamVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for StreamVersion {
    type Err = InvalidStreamVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| InvalidStreamVersion)
    }
}

/// An event's place in the whole log: the first is 1, and 0 is before everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct GlobalPosition(u64);

impl GlobalPosition {
    /// Before everything.
    pub const START: Self = Self(0);

    /// The place with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number of the place, which is also the number of events up to it.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place after this one.
    #[must_use]
    pub(super) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for GlobalPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the appender believes about a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// Nothing.
    Any,
    /// That it has no event yet.
    NoStream,
    /// That it has at least one event.
    StreamExists,
    /// That its latest event has this version.
    Exact(StreamVersion),
}

impl ExpectedVersion {
    pub(super) fn admits(self, actual: Option<StreamVersion>) -> bool {
        match self {
            Self::Any => true,
            Self::NoStream => actual.is_none(),
            Self::StreamExists => actual.is_some(),
            Self::Exact(version) => actual == Some(version),
        }
    }
}

impl fmt::Display for ExpectedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any version"),
            Self::NoStream => f.write_str("no event yet"),
            Self::StreamExists => f.write_str("at least one event"),
            Self::Exact(version) => write!(f, "version {version}"),
        }
    }
}

/// An event to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The full name of the payload's message.
    pub event_type: Cow<'static, str>,
    /// The event, in bytes that the store does not read.
    pub payload: Bytes,
}

/// A client's request: its idempotency key, and a digest of everything it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// The key that the client chose; the same for every attempt at one request.
    pub key: [u8; 16],
    /// A digest of the content, the stream included.
    pub fingerprint: [u8; 16],
}

/// Events for one stream, under one expectation and one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamAppend {
    /// The stream.
    pub stream: StreamId,
    /// What must be true of the stream.
    pub expected: ExpectedVersion,
    /// The events, at least one.
    pub events: Vec<NewEvent>,
    /// The request that the events come from.
    pub request: Option<Request>,
}

/// What is recorded as one: all of it or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append(pub Vec<StreamAppend>);

impl From<StreamAppend> for Append {
    fn from(one: StreamAppend) -> Self {
        Self(vec![one])
    }
}

/// The answer to an [`Append`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// One answer for each [`StreamAppend`], in their order.
    pub streams: Vec<StreamAppended>,
}

/// The answer to a [`StreamAppend`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamAppended {
    /// The version of the last of its events.
    pub version: StreamVersion,
    /// The position of the last of its events.
    pub position: GlobalPosition,
    /// When they were recorded.
    pub record_time: Timestamp,
    /// Whether they had been recorded before, under the same request.
    pub replayed: bool,
}

/// The latest event of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamHead {
    /// Its version.
    pub version: StreamVersion,
    /// Its position.
    pub position: GlobalPosition,
}

/// What a request led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedRequest {
    /// The digest of the request's content.
    pub fingerprint: [u8; 16],
    /// The version of the last of its events.
    pub version: StreamVersion,
    /// The position of the last of its events.
    pub position: GlobalPosition,
    /// When they were recorded.
    pub record_time: Timestamp,
}

/// A recorded event, on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Its place in the log.
    pub position: GlobalPosition,
    /// Its stream.
    pub stream: StreamId,
    /// Its place in the stream.
    pub version: StreamVersion,
    /// When it was recorded; never earlier than the event before it.
    pub record_time: Timestamp,
    /// The full name of the payload's message.
    pub event_type: String,
    /// The request that it came from.
    pub request: Option<Request>,
    /// The payload, byte for byte as it was appended; a slice of its frame, not a copy.
    pub payload: Bytes,
}

/// Whether a store takes appends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Writable,
    /// It only serves reads.
    ReadOnly {
        /// Why.
        reason: String,
    },
}

/// Where a log ends, and what a copy of it that ends at an earlier position must agree with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogState {
    /// The name of the log.
    pub log_id: String,
    /// Its last position.
    pub head: GlobalPosition,
    /// Its Merkle root there.
    pub root: integrity::Hash,
    /// An earlier position at which a frame ends, or the start.
    pub after: GlobalPosition,
    /// Its Merkle root there.
    pub after_root: integrity::Hash,
}

/// What was found in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The name of the log.
    pub log_id: String,
    /// The events, up to the first fault in what acknowledgements rest on.
    pub events: u64,
    /// The Merkle root of those events.
    pub root: integrity::Hash,
    /// How many events sled, or whatever serves reads, does not have yet; it will get them.
    pub sled_lacks: u64,
    /// What is not as it should be; nothing, if the log is whole.
    pub faults: Vec<Fault>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where: `journal`, `sled` or `head`; `memory` of a store that has nothing else.
    pub part: &'static str,
    /// The position from which on it is so.
    pub position: GlobalPosition,
    /// What is wrong.
    pub what: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_name_is_short_text_without_control_characters() {
        for bad in ["", "a\nb", "\u{7f}", &"x".repeat(513)] {
            assert_eq!(StreamId::parse(bad), Err(InvalidStreamId));
        }
        assert_eq!(StreamId::parse("application/沪-1").unwrap().to_string(), "application/沪-1");
    }

    #[test]
    fn a_stream_version_is_written_in_decimal() {
        assert_eq!("7".parse::<StreamVersion>().unwrap().to_string(), "7");
        assert_eq!("0".parse::<StreamVersion>(), Err(InvalidStreamVersion));
    }
}
