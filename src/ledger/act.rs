//! What may be asked of the ledger.

use sha2::{Digest, Sha256};

use crate::{
    domain::{
        AgencyId, ApplicationId, CaseId, ShortText, State, agency, application,
        calendar::{Notices, RecordNotice, Scope},
        narrative, proactive, publication, remedy,
    },
    store::{InvalidStreamId, StreamId, StreamVersion},
    wire::{CALENDAR_STREAM, Subject, stream_name},
};

/// One act to record, and how.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The agency whose register it belongs in, or below which a notice holds; `None` only for a
    /// notice for the whole country.
    pub agency_id: Option<AgencyId>,
    /// What happened.
    pub act: Act,
    /// How to write it.
    pub meta: WriteMeta,
    stream: StreamId,
}

impl Entry {
    /// An act upon a subject of an agency's register. (An [`Act::Notice`] holds where the notice
    /// says; it is of no agency's register.)
    ///
    /// # Errors
    ///
    /// When the ids are too long together to name a stream.
    pub fn new(agency_id: AgencyId, act: Act, meta: WriteMeta) -> Result<Self, InvalidStreamId> {
        let subject = match &act {
            Act::Agency(_) => Subject::Agency,
            Act::Application(id, _) => Subject::Application(id),
            Act::Remedy(id, _) => Subject::Remedy(id),
            Act::Figures(declared) => Subject::Figures(declared.year),
            Act::Section(set) => Subject::Narrative(set.year),
            Act::Publication(command) => {
                let (year, scope) = command.about();
                Subject::Publication(year, scope)
            }
            Act::Notice(record) => return Self::notice(record.as_ref().clone(), meta),
        };
        let stream = StreamId::parse(&stream_name(&agency_id, subject))?;
        Ok(Self { agency_id: Some(agency_id), act, meta, stream })
    }

    /// The recording of a notice of working days.
    ///
    /// # Errors
    ///
    /// Never, so long as the calendar's stream has a name.
    pub fn notice(record: RecordNotice, meta: WriteMeta) -> Result<Self, InvalidStreamId> {
        let agency_id = record.notice.scope.agency().cloned();
        let stream = StreamId::parse(CALENDAR_STREAM)?;
        Ok(Self { agency_id, act: Act::Notice(Box::new(record)), meta, stream })
    }

    /// The agency's id; empty for a notice for the whole country.
    #[must_use]
    pub fn agency_id(&self) -> &str {
        self.agency_id.as_ref().map_or("", AgencyId::as_str)
    }

    /// The stream that the entry writes to.
    #[must_use]
    pub fn stream(&self) -> &StreamId {
        &self.stream
    }
}

/// How an act is to be written.
#[derive(Debug, Clone)]
pub struct WriteMeta {
    /// The key of the caller's request; see [`request_key`].
    pub request_key: [u8; 16],
    /// A digest of everything that the request says.
    pub fingerprint: [u8; 16],
    /// The version that the caller last saw, if the act depends on it.
    pub expected_version: Option<StreamVersion>,
    /// Who acts; may be empty.
    pub actor: ShortText,
}

/// The key under which an agency's request is remembered. Agencies do not share their ids.
#[must_use]
pub fn request_key(agency_id: &AgencyId, request_id: &str) -> [u8; 16] {
    key_of(agency_id.as_str(), request_id)
}

/// The key under which the recording of a notice is remembered: among the requests of the agency
/// below which it holds, or among those that are of no agency.
#[must_use]
pub fn notice_request_key(scope: &Scope, request_id: &str) -> [u8; 16] {
    key_of(scope.agency().map_or("", AgencyId::as_str), request_id)
}

fn key_of(agency_id: &str, request_id: &str) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(agency_id)
        .chain_update([0])
        .chain_update(request_id)
        .finalize()
        .into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// An act upon one subject of an agency's register, or upon the calendar.
#[derive(Debug, Clone)]
pub enum Act {
    /// Upon the agency itself.
    Agency(agency::Command),
    /// Upon an application.
    Application(ApplicationId, application::Command),
    /// Upon a remedy case.
    Remedy(CaseId, remedy::Command),
    /// Declare figures of table two.
    Figures(proactive::FiguresDeclared),
    /// Write a section of the report.
    Section(narrative::SectionSet),
    /// Publish, take in or submit a report.
    Publication(Box<publication::Command>),
    /// Record a notice of working days.
    Notice(Box<RecordNotice>),
}

impl Act {
    /// What the subject is before anything happened to it.
    pub(super) fn initial_state(&self) -> State {
        match self {
            Self::Agency(_) => State::Agency(None),
            Self::Application(..) => State::Application(None),
            Self::Remedy(..) => State::Remedy(None),
            Self::Figures(_) => State::Figures(proactive::Figures::new()),
            Self::Section(_) => State::Narrative(narrative::Sections::new()),
            Self::Publication(_) => State::Publications(publication::Publications::default()),
            Self::Notice(_) => State::Calendar(Notices::built_in()),
        }
    }
}
