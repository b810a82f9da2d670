//! Reading streams back into the state of their subjects.

use std::{collections::BTreeMap, sync::Arc};

use super::{Ledger, RecordError, Standing};
use crate::{
    domain::{
        AgencyId, State,
        agency::{Agency, Directory, Succession},
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

    /// Who takes over from an agency, if anybody does.
    ///
    /// # Errors
    ///
    /// When it is not registered, or cannot be read.
    pub(super) async fn succession_of(&self, id: &AgencyId) -> Result<Standing, RecordError> {
        let (known, revision) = self.known(id);
        if let Some(known) = known {
            return Ok(known);
        }
        let stream = agency_stream(id)?;
        if self.store.stream_head(&stream).await?.is_none() {
            return Err(RecordError::UnknownAgency(id.clone()));
        }
        let loaded = self.load(&stream, State::Agency(None), None).await?;
        let State::Agency(Some(agency)) = loaded.state else {
            return Err(RecordError::UnknownAgency(id.clone()));
        };
        let standing = Standing(agency.succession.map(Arc::new));
        self.remember(id, standing.clone(), revision);
        Ok(standing)
    }

    /// Refuses a succession that hands over what the agency never registered.
    pub(super) async fn check_handovers(
        &self,
        id: &AgencyId,
        succession: &Succession,
    ) -> Result<(), RecordError> {
        for handover in succession.handovers.values() {
            let applications = handover.applications.iter();
            let applications = applications.map(|id| (Subject::Application(id), id.as_str()));
            let cases = handover.cases.iter().map(|id| (Subject::Remedy(id), id.as_str()));
            for (subject, name) in applications.chain(cases) {
                let stream = StreamId::parse(&stream_name(id, subject))?;
                if self.store.stream_head(&stream).await?.is_none() {
                    let (agency_id, subject) = (id.clone(), name.to_owned());
                    return Err(RecordError::HandoverNotFound { agency_id, subject });
                }
            }
        }
        Ok(())
    }

    /// The agencies named, every one that stands, or stood, above them, and everybody's successors.
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
                let successors = agency.succession.iter().flat_map(Succession::successors);
                wanted.extend(successors.cloned());
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
