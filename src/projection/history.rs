//! One subject with everything that happened to it, read straight from its stream.

use super::QueryError;
use crate::{
    domain::{Event, State},
    store::{EventStore, GlobalPosition, RecordedEvent, StreamId},
    wire,
};

/// A subject as it stands, and its history.
#[derive(Debug, Clone)]
pub struct History {
    /// The subject as it stands.
    pub state: State,
    /// Its events, as recorded and as read.
    pub events: Vec<(RecordedEvent, Event)>,
}

impl History {
    /// Reads the stream of a subject that is `initial` before its first event.
    ///
    /// # Errors
    ///
    /// When the stream or one of its events cannot be read.
    pub async fn read(
        store: &dyn EventStore,
        stream: &StreamId,
        initial: State,
    ) -> Result<Self, QueryError> {
        Self::read_up_to(store, stream, initial, None).await
    }

    /// The same up to a position, itself included.
    ///
    /// # Errors
    ///
    /// When the stream or one of its events cannot be read.
    pub async fn read_up_to(
        store: &dyn EventStore,
        stream: &StreamId,
        initial: State,
        up_to: Option<GlobalPosition>,
    ) -> Result<Self, QueryError> {
        let mut history = Self { state: initial, events: Vec::new() };
        let events = store.read_stream(stream, None).await?;
        let is_wanted =
            |event: &RecordedEvent| up_to.is_none_or(|position| event.position <= position);
        for recorded in events.into_iter().take_while(is_wanted) {
            let event = wire::decode(&recorded.payload)
                .map_err(|source| QueryError::Unreadable { position: recorded.position, source })?;
            history.state = history.state.evolve(&event.body);
            history.events.push((recorded, event));
        }
        Ok(history)
    }

    /// The version of the stream; empty if nothing is recorded.
    #[must_use]
    pub fn version(&self) -> String {
        self.events.last().map(|(recorded, _)| recorded.version.to_string()).unwrap_or_default()
    }
}
