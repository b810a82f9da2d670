//! The events that the rigs append: each says which one it is, and nothing in it is arbitrary, so
//! that a wrong byte is seen.

use bytes::Bytes;
use disclosure_ledger::store::{
    Append, ExpectedVersion, NewEvent, RecordedEvent, Request, StreamAppend, StreamId,
};

use crate::random::Random;

/// One event: the `part`th of the `n`th append of a task of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EventId {
    /// Which child of the round, from 0.
    pub(crate) generation: u32,
    pub(crate) task: u32,
    pub(crate) n: u64,
    pub(crate) part: u32,
}

const EVENT_TYPE: &str = "crash.v1.Happened";

/// How many parts an append has; most have one.
pub(crate) fn parts(n: u64) -> u32 {
    if n % 8 == 7 { 3 } else { 1 }
}

impl EventId {
    fn number(self) -> u64 {
        let place = u64::from(self.generation) << 48 | u64::from(self.task) << 32;
        place ^ self.n << 2 ^ u64::from(self.part)
    }

    /// What the payload begins with, and no other payload does.
    pub(crate) fn marker(self) -> String {
        format!("<{}-{}-{}-{}>", self.generation, self.task, self.n, self.part)
    }

    fn from_marker(payload: &[u8]) -> Option<Self> {
        let end = payload.iter().position(|byte| *byte == b'>')?;
        let text = str::from_utf8(payload.get(1..end)?).ok()?;
        let mut numbers = text.split('-').map(|number| number.parse::<u64>().ok());
        let mut next = || numbers.next().flatten();
        Some(Self {
            generation: u32::try_from(next()?).ok()?,
            task: u32::try_from(next()?).ok()?,
            n: next()?,
            part: u32::try_from(next()?).ok()?,
        })
    }

    /// Marker, noise, and a checksum of both: 100 to 2,000 bytes unless a size is given.
    pub(crate) fn payload(self, size: Option<usize>) -> Bytes {
        let mut random = Random::new(self.number());
        let size = size.unwrap_or(100 + usize::try_from(random.next() % 1901).unwrap());
        let mut payload = self.marker().into_bytes();
        // Large ones are there to be large.
        while payload.len() < (size - 4).min(4096) {
            payload.extend_from_slice(&random.next().to_le_bytes());
        }
        payload.resize(size - 4, 0x20);
        payload.extend_from_slice(&crc32fast::hash(&payload).to_le_bytes());
        payload.into()
    }

    /// A stream of its own for most; every fifth append goes to a stream of its task.
    pub(crate) fn stream(self) -> StreamId {
        let Self { generation, task, n, part } = self;
        let own = format!("crash/{generation}/{task}/{n}/{part}");
        let shared = format!("crash/{generation}/{task}");
        StreamId::parse(if n % 5 == 4 { &shared } else { &own }).unwrap()
    }

    pub(crate) fn request(self) -> Request {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&self.number().to_be_bytes());
        key[8..].copy_from_slice(&Random::new(self.number()).next().to_be_bytes());
        Request { key, fingerprint: [7; 16] }
    }

    fn part(self, size: Option<usize>) -> StreamAppend {
        let event = NewEvent { event_type: EVENT_TYPE.into(), payload: self.payload(size) };
        StreamAppend {
            stream: self.stream(),
            expected: ExpectedVersion::Any,
            events: vec![event],
            request: Some(self.request()),
        }
    }

    /// Which event a record is, if it is one and every byte is right.
    pub(crate) fn of(record: &RecordedEvent) -> Option<Self> {
        let id = Self::from_marker(&record.payload)?;
        let right = [None, Some(record.payload.len())]
            .into_iter()
            .any(|size| id.payload(size) == record.payload)
            && id.stream() == record.stream
            && record.event_type == EVENT_TYPE
            && record.request == Some(id.request());
        right.then_some(id)
    }
}

/// An append: one event, or three that must stay together.
pub(crate) fn append(generation: u32, task: u32, n: u64, size: Option<usize>) -> Append {
    let event = |part| EventId { generation, task, n, part }.part(size);
    Append((0..parts(n)).map(event).collect())
}
