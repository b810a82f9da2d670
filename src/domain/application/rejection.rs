//! Why an act upon an application is refused.

use crate::domain::{ApplicantKind, Disposition, LegalDate, Refusal};

/// A contradiction between a command and what is recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Nothing of this application is recorded.
    #[error("no such application has been received")]
    NotReceived,
    /// It was already received, and the command says otherwise.
    #[error(
        "already received on {recorded_date} from {recorded_kind}{recorded_channel}; \
         the command says {stated_date} from {stated_kind}{stated_channel}"
    )]
    AlreadyReceived {
        /// The receipt date on record.
        recorded_date: LegalDate,
        /// The kind of applicant on record.
        recorded_kind: ApplicantKind,
        /// The channel on record, as a phrase, if it differs.
        recorded_channel: String,
        /// The receipt date stated.
        stated_date: LegalDate,
        /// The kind of applicant stated.
        stated_kind: ApplicantKind,
        /// The channel stated, as a phrase, if it differs.
        stated_channel: String,
    },
    /// A decision dated before the receipt.
    #[error("the decision of {decision_date} comes before the receipt on {receipt_date}")]
    DecisionBeforeReceipt {
        /// The receipt date.
        receipt_date: LegalDate,
        /// The decision date stated.
        decision_date: LegalDate,
    },
    /// A second decision.
    #[error(
        "already concluded on {recorded_date} as {recorded}{recorded_document}; \
         the command says {stated_date}, {stated}{stated_document}"
    )]
    AlreadyConcluded {
        /// The day of conclusion on record.
        recorded_date: LegalDate,
        /// The result on record.
        recorded: Disposition,
        /// The reply's number on record, as a phrase, if it differs.
        recorded_document: String,
        /// The day stated.
        stated_date: LegalDate,
        /// The result stated.
        stated: Disposition,
        /// The reply's number stated, as a phrase, if it differs.
        stated_document: String,
    },
    /// A withdrawal dated before the receipt.
    #[error("the withdrawal of {withdrawal_date} comes before the receipt on {receipt_date}")]
    WithdrawalBeforeReceipt {
        /// The receipt date.
        receipt_date: LegalDate,
        /// The withdrawal date stated.
        withdrawal_date: LegalDate,
    },
    /// A second withdrawal on another day.
    #[error("already withdrawn on {recorded_date}; the command says {stated_date}")]
    AlreadyWithdrawn {
        /// The withdrawal date on record.
        recorded_date: LegalDate,
        /// The withdrawal date stated.
        stated_date: LegalDate,
    },
    /// A correction that names nothing to correct.
    #[error("the correction names no field to correct")]
    NothingToCorrect,
    /// A correction without its reason.
    #[error("a correction needs an explanation")]
    ExplanationMissing,
    /// A correction of a conclusion that there is not.
    #[error("the application is open: there is no conclusion to correct")]
    NotConcluded,
    /// A correction after which the conclusion would precede the receipt.
    #[error(
        "corrected so, the conclusion on {conclusion_date} would precede the receipt on {receipt_date}"
    )]
    CorrectionContradicts {
        /// The receipt date after the correction.
        receipt_date: LegalDate,
        /// The day of conclusion after the correction.
        conclusion_date: LegalDate,
    },
}

impl Refusal for Rejection {
    fn reason(&self) -> &'static str {
        match self {
            Self::NotReceived => "APPLICATION_NOT_FOUND",
            Self::AlreadyReceived { .. } => "APPLICATION_ALREADY_RECEIVED",
            Self::DecisionBeforeReceipt { .. } => "DECISION_BEFORE_RECEIPT",
            Self::AlreadyConcluded { .. } => "APPLICATION_ALREADY_CONCLUDED",
            Self::WithdrawalBeforeReceipt { .. } => "WITHDRAWAL_BEFORE_RECEIPT",
            Self::AlreadyWithdrawn { .. } => "APPLICATION_ALREADY_WITHDRAWN",
            Self::NothingToCorrect => "NOTHING_TO_CORRECT",
            Self::ExplanationMissing => "EXPLANATION_MISSING",
            Self::NotConcluded => "APPLICATION_NOT_CONCLUDED",
            Self::CorrectionContradicts { .. } => "CORRECTION_CONTRADICTS",
        }
    }

    fn field(&self) -> &'static str {
        match self {
            Self::NotReceived | Self::AlreadyReceived { .. } => "application_id",
            Self::DecisionBeforeReceipt { .. } => "decision_date",
            Self::AlreadyConcluded { .. } => "disposition",
            Self::WithdrawalBeforeReceipt { .. } | Self::AlreadyWithdrawn { .. } => {
                "withdrawal_date"
            }
            Self::NothingToCorrect => "correction",
            Self::ExplanationMissing => "correction.explanation",
            Self::NotConcluded | Self::CorrectionContradicts { .. } => "correction.conclusion_date",
        }
    }

    fn is_not_found(&self) -> bool {
        matches!(self, Self::NotReceived)
    }
}
