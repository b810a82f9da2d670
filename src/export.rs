//! The log in plain text: JSON Lines out, and in again, event for event and to the same root.
//!
//! `docs/reference/export-format.md` explains every member.

use std::{
    fmt::Display,
    io::{self, BufRead, Write},
    path::Path,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::{
    integrity::Hash,
    store::{
        Arrival, ArrivalError, Chunk, Corrupt, EventRef, GlobalPosition, LogState, OpenError,
        Rebuild, RecordedEvent, Request, Restore, StreamId, Verified,
    },
    wire,
};

const FORMAT: &str = "disclosure-ledger export";
const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderLine {
    format: String,
    version: u32,
    log_id: String,
}

/// A line for an event.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventLine {
    position: u64,
    frame: u64,
    record_time: String,
    stream: String,
    version: u32,
    previous: u64,
    event_type: String,
    request: Option<RequestMember>,
    payload: String,
    leaf: String,
    /// For readers; what counts is the payload.
    body: Value,
}

/// The request that an event came from.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestMember {
    key: String,
    fingerprint: String,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndLine {
    end: bool,
    events: u64,
    root: String,
}

/// A log that was not exported.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The log did not arrive as it should.
    #[error(transparent)]
    Arrival(#[from] ArrivalError),
    /// It cannot be written.
    #[error("cannot write the export")]
    Write(#[from] io::Error),
}

/// A log that is being written as text.
pub struct Export<W> {
    out: W,
    arrival: Arrival,
    unreadable: u64,
}

/// What was exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// The events.
    pub events: u64,
    /// Their Merkle root.
    pub root: Hash,
    /// How many of them this release does not know, so that they have no readable body.
    pub unreadable: u64,
}

impl<W: Write> Export<W> {
    /// Writes the first line of the export of a whole log.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn begin(mut out: W, log: &LogState) -> Result<Self, ExportError> {
        let log_id = log.log_id.clone();
        write_line(&mut out, &HeaderLine { format: FORMAT.to_owned(), version: VERSION, log_id })?;
        Ok(Self { out, arrival: Arrival::of(log), unreadable: 0 })
    }

    /// Takes in the next bytes of the log and writes the events that are complete by now; gives the
    /// last position written.
    ///
    /// # Errors
    ///
    /// What arrived is not the log, or cannot be written.
    pub fn take(&mut self, bytes: &[u8]) -> Result<GlobalPosition, ExportError> {
        self.arrival.push(bytes);
        while let Some(chunk) = self.arrival.next_chunk()? {
            self.write(&chunk)?;
        }
        Ok(self.arrival.position())
    }

    fn write(&mut self, chunk: &Chunk) -> io::Result<()> {
        for event in chunk.events() {
            let body = wire::readable(event.event_type, event.payload);
            self.unreadable = self.unreadable.saturating_add(u64::from(body.is_none()));
            let body = body.unwrap_or(Value::Null);
            write_line(&mut self.out, &event_line(chunk.first(), &event, body))?;
        }
        Ok(())
    }

    /// Writes the last line, if the whole log has arrived.
    ///
    /// # Errors
    ///
    /// The log broke off, or the line cannot be written.
    pub fn finish(mut self) -> Result<(W, Exported), ExportError> {
        let (events, root) = self.arrival.end()?;
        write_line(&mut self.out, &EndLine { end: true, events, root: root.to_string() })?;
        self.out.flush()?;
        Ok((self.out, Exported { events, root, unreadable: self.unreadable }))
    }
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

fn event_line(frame: GlobalPosition, event: &EventRef<'_>, body: Value) -> EventLine {
    EventLine {
        position: event.position.get(),
        frame: frame.get(),
        record_time: format!("{:.6}", event.record_time),
        stream: event.stream.to_owned(),
        version: event.version.get(),
        previous: event.previous.get(),
        event_type: event.event_type.to_owned(),
        request: event.request.map(|Request { key, fingerprint }| RequestMember {
            key: format!("{:032x}", u128::from_be_bytes(key)),
            fingerprint: format!("{:032x}", u128::from_be_bytes(fingerprint)),
        }),
        payload: BASE64_STANDARD.encode(event.payload),
        leaf: event.leaf.to_string(),
        body,
    }
}

/// A log that was not taken over from an export.
#[derive(Debug, Error)]
pub enum ImportError {
    /// A line is not what an export holds there.
    #[error("line {line}: {reason}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The export cannot be read.
    #[error("cannot read the export")]
    Read(#[source] io::Error),
    /// The directory cannot take it.
    #[error(transparent)]
    Ledger(#[from] OpenError),
}

/// Takes an export over into an empty or missing directory: the same positions, versions, record
/// times, frames and root. `progress` is told how many bytes have been read.
///
/// # Errors
///
/// A line is not as exported, the end is missing, the directory is not empty, or it cannot be
/// written. Until all is done and verified the directory is no ledger.
pub fn import_log(
    from: impl BufRead,
    to: &Path,
    mut progress: impl FnMut(u64),
) -> Result<Verified, ImportError> {
    let mut lines = Lines { from, line: 0, bytes: 0, text: Vec::new() };
    let header = lines.header()?;
    let mut ledger = Restore::begin(to, &header.log_id)?;
    let mut log = Rebuild::default();
    let mut frame = None;
    let end = loop {
        match lines.entry()? {
            Entry::End(end) => break end,
            Entry::Event(event) => {
                if frame != Some(event.frame) {
                    seal(&mut log, &mut ledger, &lines)?;
                    progress(lines.bytes);
                }
                lines.judge(follows(&log, &event, frame))?;
                frame = Some(event.frame);
                lines.judge(take(&mut log, &event))?;
            }
        }
    };
    seal(&mut log, &mut ledger, &lines)?;
    lines.judge(agrees(&log, &end))?;
    lines.nothing_more()?;
    Ok(ledger.finish()?)
}

fn seal<R: BufRead>(
    log: &mut Rebuild,
    ledger: &mut Restore,
    lines: &Lines<R>,
) -> Result<(), ImportError> {
    let sealed = log.seal().map_err(|Corrupt { reason }| format!("frame before it: {reason}"));
    if let Some(chunk) = lines.judge(sealed)? {
        ledger.take(&chunk)?;
    }
    Ok(())
}

/// Whether an event is the next one, in the frame that is open or at the beginning of another.
fn follows(log: &Rebuild, line: &EventLine, open: Option<u64>) -> Result<(), String> {
    let next = log.next().get();
    if line.position != next {
        return Err(format!("position: expected {next}, not {}", line.position));
    }
    if line.frame == next || Some(line.frame) == open {
        return Ok(());
    }
    let open = open.map(|open| format!("{open} or ")).unwrap_or_default();
    Err(format!("frame: expected {open}{next}, not {}", line.frame))
}

fn take(log: &mut Rebuild, line: &EventLine) -> Result<(), String> {
    let expected = |member: &str, what: &str| format!("{member}: expected {what}");
    let time: Timestamp = line
        .record_time
        .parse()
        .map_err(|_| expected("record_time", "a time such as 2021-01-31T08:00:00.000000Z"))?;
    let version = line.version.to_string().parse();
    let payload = BASE64_STANDARD.decode(&line.payload);
    let request = |member: &RequestMember| {
        let (key, fingerprint) = (hex16(&member.key)?, hex16(&member.fingerprint)?);
        Some(Request { key, fingerprint })
    };
    let request = match &line.request {
        None => None,
        Some(member) => Some(request(member).ok_or_else(|| {
            expected("request", "key and fingerprint of 32 hexadecimal digits each")
        })?),
    };
    let event = RecordedEvent {
        position: GlobalPosition::new(line.position),
        stream: StreamId::parse(&line.stream).map_err(member("stream"))?,
        version: version.map_err(member("version"))?,
        record_time: time,
        event_type: line.event_type.clone(),
        request,
        payload: payload.map_err(member("payload"))?.into(),
    };
    let leaf = log.push(&event, GlobalPosition::new(line.previous));
    let leaf = leaf.map_err(|Corrupt { reason }| reason.to_owned())?;
    if leaf.to_string() == line.leaf {
        Ok(())
    } else {
        Err(format!("leaf: is {leaf} for what stands in the line, not {}", line.leaf))
    }
}

fn member<E: Display>(name: &'static str) -> impl FnOnce(E) -> String {
    move |error| format!("{name}: {error}")
}

fn hex16(text: &str) -> Option<[u8; 16]> {
    let plain = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let number = u128::from_str_radix(text, 16).ok().filter(|_| plain)?;
    Some(number.to_be_bytes())
}

fn agrees(log: &Rebuild, end: &EndLine) -> Result<(), String> {
    let (events, root) = log.end();
    if !end.end || end.events != events {
        return Err(format!("the end line counts {} events, there are {events}", end.events));
    }
    if end.root != root.to_string() {
        return Err(format!("root: is {root} of the events before it, not {}", end.root));
    }
    Ok(())
}

/// The lines of an export.
struct Lines<R> {
    from: R,
    /// The number of the line that was read last.
    line: u64,
    bytes: u64,
    text: Vec<u8>,
}

enum Entry {
    Event(Box<EventLine>),
    End(EndLine),
}

impl<R: BufRead> Lines<R> {
    fn header(&mut self) -> Result<HeaderLine, ImportError> {
        let expected = format!("expected the first line of a {FORMAT}");
        if !self.advance()? {
            return self.judge(Err(format!("{expected}, and the file is empty")));
        }
        let header = serde_json::from_slice(&self.text);
        let header: HeaderLine =
            self.judge(header.map_err(|error| format!("{expected}: {error}")))?;
        if header.format != FORMAT {
            return self.judge(Err(expected));
        }
        if header.version > VERSION {
            let found = header.version;
            return self.judge(Err(format!("version {found} is later than {VERSION}")));
        }
        let named = hex16(&header.log_id).map(|_| header);
        self.judge(named.ok_or("log_id: expected 32 hexadecimal digits".to_owned()))
    }

    fn entry(&mut self) -> Result<Entry, ImportError> {
        if !self.advance()? {
            return self.judge(Err("the end line is missing: the export was cut short".to_owned()));
        }
        if self.text.last() != Some(&b'\n') {
            return self.judge(Err("it has no end: the export was cut short".to_owned()));
        }
        if let Ok(end) = serde_json::from_slice(&self.text) {
            return Ok(Entry::End(end));
        }
        let event = serde_json::from_slice(&self.text).map_err(|error| error.to_string());
        self.judge(event).map(|event| Entry::Event(Box::new(event)))
    }

    fn nothing_more(&mut self) -> Result<(), ImportError> {
        let more = self.advance()?;
        self.judge(if more {
            Err("there is something after the end line".to_owned())
        } else {
            Ok(())
        })
    }

    /// Reads the next line; false if there is none.
    fn advance(&mut self) -> Result<bool, ImportError> {
        self.text.clear();
        let len = self.from.read_until(b'\n', &mut self.text).map_err(ImportError::Read)?;
        self.line = self.line.saturating_add(1);
        self.bytes = self.bytes.saturating_add(len as u64);
        Ok(len > 0)
    }

    /// Names the line in what is wrong with it.
    fn judge<T>(&self, outcome: Result<T, String>) -> Result<T, ImportError> {
        outcome.map_err(|reason| ImportError::Line { line: self.line, reason })
    }
}
