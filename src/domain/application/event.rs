//! What happened to an application, as the log holds it.

use crate::domain::{ApplicantKind, Channel, Disposition, LegalDate, ShortText};

/// A fact about an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It arrived (收到申请).
    Received(Received),
    /// The agency decided (作出处理).
    Decided(Decided),
    /// The applicant withdrew (撤回申请).
    Withdrawn(Withdrawn),
    /// A wrong entry was put right (登记更正).
    EntryCorrected(EntryCorrected),
}

/// An application arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The kind of the applicant.
    pub applicant_kind: ApplicantKind,
    /// The receipt date under Article 31.
    pub receipt_date: LegalDate,
    /// How it arrived, if stated.
    pub channel: Option<Channel>,
    /// The opaque reference to the applicant.
    pub applicant_ref: ShortText,
}

/// The agency decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The result.
    pub disposition: Disposition,
    /// The day on which it took effect.
    pub decision_date: LegalDate,
    /// The number of the reply, if stated.
    pub document_no: ShortText,
}

/// The applicant withdrew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// The day on which the withdrawal arrived.
    pub withdrawal_date: LegalDate,
}

/// A wrong entry was put right; `None` leaves as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryCorrected {
    /// The day on which the correction was made.
    pub correction_date: LegalDate,
    /// The right kind of applicant.
    pub applicant_kind: Option<ApplicantKind>,
    /// The right receipt date.
    pub receipt_date: Option<LegalDate>,
    /// The right channel.
    pub channel: Option<Channel>,
    /// The right day of conclusion.
    pub conclusion_date: Option<LegalDate>,
    /// The right result.
    pub disposition: Option<Disposition>,
    /// The right number of the reply.
    pub document_no: Option<ShortText>,
    /// Why.
    pub explanation: ShortText,
}

impl Event {
    /// The legal date on which the fact took effect.
    #[must_use]
    pub const fn effective_date(&self) -> LegalDate {
        match self {
            Self::Received(received) => received.receipt_date,
            Self::Decided(decided) => decided.decision_date,
            Self::Withdrawn(withdrawn) => withdrawn.withdrawal_date,
            Self::EntryCorrected(corrected) => corrected.correction_date,
        }
    }
}
