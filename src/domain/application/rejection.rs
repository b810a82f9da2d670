//! Why an act upon an application is refused.

use super::proceeding::AmendmentBasis;
use crate::domain::{
    ApplicantKind, Disposition, LegalDate, Refusal,
    deadline::{Consulted, ReceiptRule},
};

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
    /// No receipt date is stated, and none follows from how the application arrived.
    #[error("no receipt date is stated, nor {field}, from which it follows by this channel")]
    ReceiptDateUnknown {
        /// The date that the rule of the channel goes by.
        field: &'static str,
    },
    /// Neither a receipt date is stated, nor how the application arrived.
    #[error(
        "neither the receipt date is stated nor, with the channel, how the application arrived"
    )]
    ReceiptDateMissing,
    /// A receipt date other than that which follows from how the application arrived.
    #[error(
        "the receipt date is stated as {stated_date}, but by the {rule} it is {derived_date} (Art. 31)"
    )]
    ReceiptDateContradicts {
        /// The receipt date stated.
        stated_date: LegalDate,
        /// The receipt date that follows.
        derived_date: LegalDate,
        /// The rule by which it does.
        rule: ReceiptRule,
    },
    /// Dates of one command in an impossible order.
    #[error("the {second} of {second_date} comes before the {first} of {first_date}")]
    DatesReversed {
        /// What must come first.
        first: &'static str,
        /// Its date.
        first_date: LegalDate,
        /// What must come after.
        second: &'static str,
        /// Its date.
        second_date: LegalDate,
        /// The field of the second.
        field: &'static str,
    },
    /// A decision dated before the receipt.
    #[error("the decision of {decision_date} comes before the receipt on {receipt_date}")]
    DecisionBeforeReceipt {
        /// The receipt date.
        receipt_date: LegalDate,
        /// The decision date stated.
        decision_date: LegalDate,
        /// The field that states it.
        field: &'static str,
    },
    /// A receipt that says that the application is open, of one that is not.
    #[error(
        "already concluded on {recorded_date} as {recorded}; the command says that it is still open"
    )]
    NotStillOpen {
        /// The day of conclusion on record.
        recorded_date: LegalDate,
        /// The result on record.
        recorded: Disposition,
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
        /// The field that states the result.
        field: &'static str,
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
    /// An act without its reason.
    #[error("a {act} needs an explanation")]
    ExplanationMissing {
        /// The act.
        act: &'static str,
        /// The field that should state the reason.
        field: &'static str,
    },
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
    /// A correction after which an act would lie outside of the time in which it can be.
    #[error(
        "corrected so, the {second} of {second_date} would precede the {first} of {first_date}"
    )]
    CorrectionContradictsAct {
        /// What must come first.
        first: &'static str,
        /// Its date.
        first_date: LegalDate,
        /// What must come after.
        second: &'static str,
        /// Its date after the correction.
        second_date: LegalDate,
        /// The field that is not right.
        field: &'static str,
    },
    /// An act upon an entry that is void.
    #[error("the entry was declared void on {void_date}: nothing more can happen to it")]
    EntryVoided {
        /// The day on which it was declared void.
        void_date: LegalDate,
    },
    /// An act of this key, recorded otherwise.
    #[error("recorded is {recorded}; the command says {stated}")]
    ActRecordedOtherwise {
        /// What is on record, as a phrase.
        recorded: String,
        /// What the command says, as a phrase.
        stated: String,
        /// The field by which the act is known.
        field: &'static str,
    },
    /// An act dated before the receipt.
    #[error("the {act} of {date} comes before the receipt on {receipt_date}")]
    ActBeforeReceipt {
        /// The act.
        act: &'static str,
        /// Its date.
        date: LegalDate,
        /// The receipt date.
        receipt_date: LegalDate,
        /// The field that states the date.
        field: &'static str,
    },
    /// An act that can only come before a conclusion, dated after it.
    #[error("the {act} of {date} comes after the conclusion of {conclusion_date}")]
    ActAfterConclusion {
        /// The act.
        act: &'static str,
        /// Its date.
        date: LegalDate,
        /// The day of conclusion.
        conclusion_date: LegalDate,
        /// The field that states the date.
        field: &'static str,
    },
    /// A conclusion dated before an act that can only come before it.
    #[error("the conclusion of {conclusion_date} comes before the {act} of {date}")]
    ConclusionBeforeAct {
        /// The act.
        act: &'static str,
        /// Its date.
        date: LegalDate,
        /// The day of conclusion stated.
        conclusion_date: LegalDate,
        /// The field that states it.
        field: &'static str,
    },
    /// An act that needs a conclusion, of an application that is open.
    #[error("the application is open: there is no conclusion for the {act}")]
    StillOpen {
        /// The act.
        act: &'static str,
    },
    /// An amendment or a reopening dated before the conclusion.
    #[error("the {act} of {date} comes before the conclusion of {conclusion_date}")]
    ActBeforeConclusion {
        /// The act.
        act: &'static str,
        /// Its date.
        date: LegalDate,
        /// The day of conclusion.
        conclusion_date: LegalDate,
        /// The field that states the date.
        field: &'static str,
    },
    /// A correction, or a lapse for want of one, that was never asked for.
    #[error("the applicant was not asked to correct{}", up_to(*.by))]
    CorrectionNotRequested {
        /// The day up to which no notice is on record; `None` if there is none at all.
        by: Option<LegalDate>,
        /// The field that the refusal speaks of.
        field: &'static str,
    },
    /// A correction that is on record.
    #[error("the corrected application was already received on {recorded_date}")]
    CorrectionAlreadyReceived {
        /// The day on record.
        recorded_date: LegalDate,
        /// The field that the refusal speaks of.
        field: &'static str,
    },
    /// A payment, or a lapse for want of one, that was never asked for.
    #[error("the applicant was not told to pay{}", up_to(*.by))]
    FeeNotNotified {
        /// The day up to which no notice is on record; `None` if there is none at all.
        by: Option<LegalDate>,
        /// The field that the refusal speaks of.
        field: &'static str,
    },
    /// A payment that is on record.
    #[error("the fee was already paid on {recorded_date}")]
    FeeAlreadyPaid {
        /// The day on record.
        recorded_date: LegalDate,
        /// The field that the refusal speaks of.
        field: &'static str,
    },
    /// Reasons that were never asked for.
    #[error("the applicant was not asked for reasons by {by}")]
    ReasonsNotRequested {
        /// The day up to which no notice is on record.
        by: LegalDate,
    },
    /// Reasons that are on record.
    #[error("the applicant's reasons were already received on {recorded_date}")]
    ReasonsAlreadyReceived {
        /// The day on record.
        recorded_date: LegalDate,
    },
    /// An answer to a consultation that there is not.
    #[error("no consultation {number} is on record")]
    ConsultationNotFound {
        /// Its number.
        number: u16,
    },
    /// An answer by somebody who was not asked.
    #[error("consultation {number} is of a {consulted}, which this opinion is not from")]
    ConsultationOfOther {
        /// Its number.
        number: u16,
        /// Who was asked.
        consulted: Consulted,
    },
    /// An amendment after a case that is not named.
    #[error("an amendment by {basis} names the case")]
    CaseMissing {
        /// What gave rise to the amendment.
        basis: AmendmentBasis,
    },
}

fn up_to(day: Option<LegalDate>) -> String {
    day.map(|day| format!(" by {day}")).unwrap_or_default()
}

impl Refusal for Rejection {
    fn reason(&self) -> &'static str {
        match self {
            Self::NotReceived => "APPLICATION_NOT_FOUND",
            Self::AlreadyReceived { .. } => "APPLICATION_ALREADY_RECEIVED",
            Self::DecisionBeforeReceipt { .. } => "DECISION_BEFORE_RECEIPT",
            Self::NotStillOpen { .. } | Self::AlreadyConcluded { .. } => {
                "APPLICATION_ALREADY_CONCLUDED"
            }
            Self::WithdrawalBeforeReceipt { .. } => "WITHDRAWAL_BEFORE_RECEIPT",
            Self::AlreadyWithdrawn { .. } => "APPLICATION_ALREADY_WITHDRAWN",
            Self::NothingToCorrect => "NOTHING_TO_CORRECT",
            Self::ExplanationMissing { .. } => "EXPLANATION_MISSING",
            Self::NotConcluded | Self::StillOpen { .. } => "APPLICATION_NOT_CONCLUDED",
            Self::CorrectionContradicts { .. } | Self::CorrectionContradictsAct { .. } => {
                "CORRECTION_CONTRADICTS"
            }
            Self::ReceiptDateUnknown { .. } | Self::ReceiptDateMissing => "RECEIPT_DATE_UNKNOWN",
            Self::ReceiptDateContradicts { .. } => "RECEIPT_DATE_CONTRADICTS",
            Self::DatesReversed { .. } => "DATES_REVERSED",
            Self::EntryVoided { .. } => "ENTRY_VOIDED",
            Self::ActRecordedOtherwise { .. } => "ACT_RECORDED_OTHERWISE",
            Self::ActBeforeReceipt { .. } => "ACT_BEFORE_RECEIPT",
            Self::ActAfterConclusion { .. } => "ACT_AFTER_CONCLUSION",
            Self::ConclusionBeforeAct { .. } => "CONCLUSION_BEFORE_ACT",
            Self::ActBeforeConclusion { .. } => "ACT_BEFORE_CONCLUSION",
            Self::CorrectionNotRequested { .. } => "CORRECTION_NOT_REQUESTED",
            Self::CorrectionAlreadyReceived { .. } => "CORRECTION_ALREADY_RECEIVED",
            Self::FeeNotNotified { .. } => "FEE_NOT_NOTIFIED",
            Self::FeeAlreadyPaid { .. } => "FEE_ALREADY_PAID",
            Self::ReasonsNotRequested { .. } => "REASONS_NOT_REQUESTED",
            Self::ReasonsAlreadyReceived { .. } => "REASONS_ALREADY_RECEIVED",
            Self::ConsultationNotFound { .. } => "CONSULTATION_NOT_FOUND",
            Self::ConsultationOfOther { .. } => "CONSULTATION_OF_OTHER",
            Self::CaseMissing { .. } => "CASE_MISSING",
        }
    }

    fn field(&self) -> &'static str {
        match self {
            Self::NotReceived
            | Self::AlreadyReceived { .. }
            | Self::EntryVoided { .. }
            | Self::StillOpen { .. } => "application_id",
            Self::ReceiptDateMissing | Self::ReceiptDateContradicts { .. } => "receipt_date",
            Self::WithdrawalBeforeReceipt { .. } | Self::AlreadyWithdrawn { .. } => {
                "withdrawal_date"
            }
            Self::NotStillOpen { .. } => "still_open",
            Self::NothingToCorrect => "correction",
            Self::NotConcluded | Self::CorrectionContradicts { .. } => "correction.conclusion_date",
            Self::ConsultationNotFound { .. } | Self::ConsultationOfOther { .. } => "consultation",
            Self::ReasonsNotRequested { .. } | Self::ReasonsAlreadyReceived { .. } => "answer_date",
            Self::CaseMissing { .. } => "case_id",
            Self::ReceiptDateUnknown { field }
            | Self::DatesReversed { field, .. }
            | Self::DecisionBeforeReceipt { field, .. }
            | Self::AlreadyConcluded { field, .. }
            | Self::ExplanationMissing { field, .. }
            | Self::CorrectionContradictsAct { field, .. }
            | Self::ActRecordedOtherwise { field, .. }
            | Self::ActBeforeReceipt { field, .. }
            | Self::ActAfterConclusion { field, .. }
            | Self::ConclusionBeforeAct { field, .. }
            | Self::ActBeforeConclusion { field, .. }
            | Self::CorrectionNotRequested { field, .. }
            | Self::CorrectionAlreadyReceived { field, .. }
            | Self::FeeNotNotified { field, .. }
            | Self::FeeAlreadyPaid { field, .. } => field,
        }
    }

    fn is_not_found(&self) -> bool {
        matches!(self, Self::NotReceived)
    }
}
