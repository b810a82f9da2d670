//! Why a question has no answer.

use crate::{
    domain::{AgencyId, agency, deadline::BeyondLedger},
    statistics::SumTooLarge,
    store::{GlobalPosition, ReadError},
    wire::DecodeError,
};

/// A question that could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The agency is not registered (as of the position asked for).
    #[error("no agency {0} is registered")]
    UnknownAgency(AgencyId),
    /// The agency was succeeded before the year asked for.
    #[error(transparent)]
    Succeeded(agency::Rejection),
    /// Nothing of that name is recorded.
    #[error("no such {what} {id} is recorded")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// A position that the log has not reached.
    #[error("position {asked} lies beyond the end of the log, {head}")]
    BeyondHead {
        /// The position asked for.
        asked: GlobalPosition,
        /// The end of the log.
        head: GlobalPosition,
    },
    /// Figures whose sum no cell can hold.
    #[error(transparent)]
    SumTooLarge(#[from] SumTooLarge),
    /// A deadline that no date of the ledger can name.
    #[error(transparent)]
    Deadline(#[from] BeyondLedger),
    /// The log could not be read.
    #[error("the log could not be read")]
    Read(#[from] ReadError),
    /// An event that this version cannot read.
    #[error("the event at position {position} cannot be read")]
    Unreadable {
        /// Where it stands.
        position: GlobalPosition,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// The projection stopped following the log.
    #[error("the projection stopped at position {position}: {reason}")]
    Stopped {
        /// The last position folded in.
        position: GlobalPosition,
        /// Why it stopped.
        reason: String,
    },
}
