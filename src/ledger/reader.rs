//! Reading streams back into the state of their subjects.

use std::collections::BTreeMap;

use super::{Ledger, RecordError};
use crate::{
    domain::{
        AgencyId, State,
        agency::{Agency, Directory},
    },
    store::{RecordedEvent, StreamId, StreamVersion},
    wire::{self, Subject, stream_name},
};

/// A subject as it stands, and the last event that made it so.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    pub(super) state: State,
    pub(super) last: Option<Last>,
}

/// The last event of a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last {
    pub(super) version: StreamVersion,
    pub(super) position: crate::store::GlobalPosition,
    pub(super) record_time: jiff::Timestamp,
}

impl From<&RecordedEvent> for Last {
    fn from(event: &RecordedEvent) -> Self {
        Self { version: event.version, position: event.position, record_time: event.record_time }
    }
}

impl Ledger {
    /// The subject of a stream, as of a version or now.
    pub(super) async fn load(
        &self,
        stream: &StreamId,
        initial: State,
        up_to: Option<StreamVersion>,
    ) -> Result<Loaded, RecordError> {
        let events = self.store.read_stream(stream, up_to).await?;
        let mut state = initial;
        for event in &events {
            let decoded = wire::decode(&event.payload)
                .map_err(|source| RecordError::Unreadable { position: event.position, source })?;
            state = state.evolve(&decoded.body);
        }
        Ok(Loaded { state, last: events.last().map(Last::from) })
    }

    /// Whether an agency is registered.
    pub(super) async fn is_registered(&self, id: &AgencyId) -> Result<bool, RecordError> {
        if self.knows_agency(id) {
            return Ok(true);
        }
        let registered = self.store.stream_head(&agency_stream(id)?).await?.is_some();
        if registered {
            self.remember_agency(id);
        }
        Ok(registered)
    }

    /// The agencies named and every one that stands, or stood, above them.
    pub(super) async fn agencies_above(&self, of: Vec<AgencyId>) -> Result<Agencies, RecordError> {
        let mut agencies = BTreeMap::new();
        let mut wanted = of;
        while let Some(id) = wanted.pop() {
            if agencies.contains_key(&id) {
                continue;
            }
            let loaded = self.load(&agency_stream(&id)?, State::Agency(None), None).await?;
            if let State::Agency(Some(agency)) = loaded.state {
                wanted.extend(agency.parents.values().flatten().cloned());
                agencies.insert(id, agency);
            }
        }
        Ok(Agencies(agencies))
    }
}

fn agency_stream(id: &AgencyId) -> Result<StreamId, RecordError> {
    Ok(StreamId::parse(&stream_name(id, Subject::Agency))?)
}

/// Agencies that were loaded for a decision.
pub(super) struct Agencies(BTreeMap<AgencyId, Agency>);

impl Directory for Agencies {
    fn agency(&self, id: &AgencyId) -> Option<&Agency> {
        self.0.get(id)
    }
}
