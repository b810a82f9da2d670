//! Reading on top of frames, the same for every engine that keeps them.

use std::{cell::RefCell, collections::BTreeMap};

use super::{Chunk, GlobalPosition, ReadError, RecordedEvent, StreamHead, StreamId, StreamVersion};

/// Where frames are kept.
pub(super) trait Frames {
    /// The frame that holds a position, if the log reaches that far.
    fn holding(&self, position: GlobalPosition) -> Result<Option<Chunk>, ReadError>;
}

/// The events between two positions, to whole chunks and at least `max_events` while there are.
pub(super) fn page(
    frames: &impl Frames,
    after: GlobalPosition,
    head: GlobalPosition,
    max_events: usize,
) -> Result<Vec<Chunk>, ReadError> {
    let (mut chunks, mut events, mut after) = (Vec::new(), 0_usize, after);
    while after < head && events < max_events.max(1) {
        let chunk = visible(frames, after.next())?;
        events = events.saturating_add(chunk.len());
        after = chunk.last();
        chunks.push(chunk);
    }
    Ok(chunks)
}

/// How many frames are kept at hand.
const AT_HAND: usize = 64;

/// Frames of which the last few that were read are kept at hand: the streams of one agency's page
/// often lie in the same.
pub(super) struct AtHand<'a, F> {
    frames: &'a F,
    chunks: RefCell<BTreeMap<GlobalPosition, Chunk>>,
}

impl<'a, F: Frames> AtHand<'a, F> {
    pub(super) fn new(frames: &'a F) -> Self {
        Self { frames, chunks: RefCell::default() }
    }
}

impl<F: Frames> Frames for AtHand<'_, F> {
    fn holding(&self, position: GlobalPosition) -> Result<Option<Chunk>, ReadError> {
        let mut chunks = self.chunks.borrow_mut();
        let known = chunks.range(..=position).next_back().map(|(_, chunk)| chunk);
        if let Some(chunk) = known.filter(|chunk| chunk.last() >= position) {
            return Ok(Some(chunk.clone()));
        }
        let found = self.frames.holding(position)?;
        if let Some(chunk) = &found {
            if chunks.len() >= AT_HAND {
                chunks.clear();
            }
            chunks.insert(chunk.first(), chunk.clone());
        }
        Ok(found)
    }
}

/// The events of several streams, each found by going back from its head.
pub(super) fn walk_streams(
    frames: &impl Frames,
    heads: &[(StreamId, Option<StreamHead>)],
) -> Result<Vec<Vec<RecordedEvent>>, ReadError> {
    heads.iter().map(|(stream, head)| walk_stream(frames, stream, *head, None)).collect()
}

/// The events of a stream, found by going back from its head.
pub(super) fn walk_stream(
    frames: &impl Frames,
    stream: &StreamId,
    head: Option<StreamHead>,
    up_to: Option<StreamVersion>,
) -> Result<Vec<RecordedEvent>, ReadError> {
    let mut events = Vec::new();
    let mut next = head.map_or(GlobalPosition::START, |head| head.position);
    let mut chunk: Option<Chunk> = None;
    while next > GlobalPosition::START {
        let position = next;
        let known = chunk.take().filter(|chunk| chunk.first() <= position);
        let at = known.map_or_else(|| holding(frames, position), Ok)?;
        let rest = at.after(GlobalPosition::new(position.get().saturating_sub(1)));
        let found = rest.as_ref().and_then(|rest| rest.events().next());
        let event = found.filter(|event| event.stream == stream.as_str());
        let event = event.filter(|event| event.previous < position);
        let event = event.ok_or(astray(position))?;
        next = event.previous;
        if up_to.is_none_or(|up_to| event.version <= up_to) {
            events.push(event.to_recorded().ok_or(astray(position))?);
        }
        chunk = Some(at);
    }
    events.reverse();
    Ok(events)
}

fn visible(frames: &impl Frames, first: GlobalPosition) -> Result<Chunk, ReadError> {
    let chunk = holding(frames, first)?;
    let before = GlobalPosition::new(first.get().saturating_sub(1));
    chunk.after(before).ok_or(missing(first))
}

/// The frame that holds a position within the log.
pub(super) fn holding(
    frames: &(impl Frames + ?Sized),
    position: GlobalPosition,
) -> Result<Chunk, ReadError> {
    let chunk = frames.holding(position)?;
    chunk.filter(|chunk| chunk.first() <= position).ok_or(missing(position))
}

fn missing(position: GlobalPosition) -> ReadError {
    ReadError::Corrupt { position, reason: "no frame holds it" }
}

fn astray(position: GlobalPosition) -> ReadError {
    ReadError::Corrupt { position, reason: "it is not the stream's event" }
}
