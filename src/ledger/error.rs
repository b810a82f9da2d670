//! Why an entry was not recorded.

use crate::{
    domain::{AgencyId, agency, application, calendar, publication, remedy},
    store::{AppendError, GlobalPosition, InvalidStreamId, ReadError, StreamVersion},
    wire::DecodeError,
};

/// An entry that was not recorded; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The agency is not registered.
    #[error("no agency {0} is registered")]
    UnknownAgency(AgencyId),
    /// The act upon the agency contradicts what is recorded.
    #[error(transparent)]
    Agency(#[from] agency::Rejection),
    /// An application or a case is to be handed over that the agency never registered.
    #[error("nothing is recorded of {subject} of {agency_id}, which is to be handed over")]
    HandoverNotFound {
        /// The agency that hands over.
        agency_id: AgencyId,
        /// The application or the case.
        subject: String,
    },
    /// The act upon the application contradicts what is recorded.
    #[error(transparent)]
    Application(#[from] application::Rejection),
    /// The act upon the case contradicts what is recorded.
    #[error(transparent)]
    Remedy(#[from] remedy::Rejection),
    /// The notice of working days cannot be, or contradicts what is recorded.
    #[error(transparent)]
    Notice(#[from] calendar::Rejection),
    /// The act upon publications contradicts what is recorded, or the report has errors.
    #[error(transparent)]
    Publication(#[from] publication::Rejection),
    /// What the caller last saw has changed.
    #[error("expected version {expected}, but {}", actual_phrase(*.actual))]
    StaleVersion {
        /// The version that the caller last saw.
        expected: StreamVersion,
        /// The version now; `None` if nothing is recorded.
        actual: Option<StreamVersion>,
    },
    /// The request id was used before with other content.
    #[error("the request id was already used for another request, recorded at position {position}")]
    RequestReused {
        /// Where that request was recorded; 0 if it stands earlier in the same batch.
        position: GlobalPosition,
    },
    /// Other entries of the same unit were refused.
    #[error("not recorded, because other rows of the same unit were refused")]
    NotRecorded,
    /// Others kept writing to the same streams.
    #[error("others kept writing to the same subject; try again")]
    Conflicts,
    /// The store did not record it.
    #[error("the log did not take it: {0}")]
    Append(AppendError),
    /// The store could not be read.
    #[error("the log could not be read")]
    Read(#[from] ReadError),
    /// What is recorded cannot be understood.
    #[error("the event at position {position} cannot be read")]
    Unreadable {
        /// Where it stands.
        position: GlobalPosition,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// The name of the subject is too long for a stream.
    #[error("the agency's and the subject's ids are too long together")]
    StreamName(#[from] InvalidStreamId),
}

fn actual_phrase(actual: Option<StreamVersion>) -> String {
    actual.map_or_else(|| "nothing is recorded".to_owned(), |version| format!("it is {version}"))
}
