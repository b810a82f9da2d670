//! Frames laid out anew from events that were recorded elsewhere, byte for byte as they were.

use jiff::Timestamp;

use super::{
    Chunk, Corrupt, GlobalPosition, MAX_APPEND_BYTES, MAX_EVENT_TYPE_LEN, NewEvent, RecordedEvent,
    frame::{FrameBuilder, Placed, RECORD_OVERHEAD},
    index::Index,
};
use crate::integrity::{Frontier, Hash};

/// Lays out a log from its events, and checks that they are one: positions, record times, versions
/// and the links within streams.
#[derive(Default)]
pub struct Rebuild {
    index: Index,
    frontier: Frontier,
    frame: Option<FrameBuilder>,
}

impl Rebuild {
    /// The position that the next event must have.
    #[must_use]
    pub fn next(&self) -> GlobalPosition {
        self.frame.as_ref().map_or_else(|| self.index.head().next(), FrameBuilder::next)
    }

    /// The number of events that were sealed, and their Merkle root.
    #[must_use]
    pub fn end(&self) -> (u64, Hash) {
        (self.frontier.len(), self.frontier.root())
    }

    /// Adds the next event to the frame, with the position of its stream's previous event; gives
    /// its leaf.
    ///
    /// # Errors
    ///
    /// It cannot be in this frame.
    pub fn push(
        &mut self,
        event: &RecordedEvent,
        previous: GlobalPosition,
    ) -> Result<Hash, Corrupt> {
        let corrupt = |reason| Err(Corrupt { reason });
        if event.position != self.next() {
            return corrupt("event does not follow the one before");
        }
        if !(1..=MAX_EVENT_TYPE_LEN).contains(&event.event_type.len()) {
            return corrupt("event type is not 1 to 65535 bytes long");
        }
        let time = Timestamp::from_microsecond(event.record_time.as_microsecond());
        if time.ok() != Some(event.record_time) {
            return corrupt("record time is not in whole microseconds");
        }
        let begin = || FrameBuilder::new(self.frontier.clone(), event.record_time);
        let frame = self.frame.get_or_insert_with(begin);
        if frame.record_time() != event.record_time {
            return corrupt("events of one frame have different record times");
        }
        let bytes = event.payload.len().saturating_add(RECORD_OVERHEAD);
        if frame.size().saturating_add(bytes) > 2 * MAX_APPEND_BYTES {
            return corrupt("frame is longer than any can be");
        }
        let new = NewEvent {
            event_type: event.event_type.clone().into(),
            payload: event.payload.clone(),
        };
        Ok(frame.push(&Placed {
            stream: &event.stream,
            version: event.version,
            previous,
            request: event.request,
            event: &new,
        }))
    }

    /// Ends the frame; `None` if it has no event.
    ///
    /// # Errors
    ///
    /// It does not continue the log.
    pub fn seal(&mut self) -> Result<Option<Chunk>, Corrupt> {
        let Some((chunk, frontier)) = self.frame.take().and_then(FrameBuilder::finish) else {
            return Ok(None);
        };
        self.index.replay(&chunk)?;
        self.frontier = frontier;
        Ok(Some(chunk))
    }
}
