//! What an agency may ask to have recorded of an application.

use super::{
    event::{ArrivalDates, Delivery, EntryVoided, Reopened},
    proceeding::Proceeding,
};
use crate::domain::{
    ApplicantKind, Channel, Disposition, LegalDate, Other, ShortText, vocabulary::vocabulary,
};

/// An act upon an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Record that it arrived (收到申请).
    Receive(Receive),
    /// Record the agency's decision (作出处理).
    Decide(Decide),
    /// Record that the applicant withdrew it (撤回申请).
    Withdraw(Withdraw),
    /// Correct what was recorded wrongly (登记更正).
    CorrectEntry(CorrectEntry),
    /// Record a step of the procedure (办理环节).
    Proceed(Proceeding),
    /// Record that the applicant did not do in time what was asked (逾期不补正、逾期不缴费).
    Lapse(Lapse),
    /// Record that it was taken up again (恢复办理).
    Reopen(Reopened),
    /// Declare the entry void (登记作废).
    VoidEntry(EntryVoided),
}

/// Record that an application arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receive {
    /// The kind of the (first-named) applicant.
    pub applicant_kind: ApplicantKind,
    /// The day on which it counts as received under Article 31; it may be left out where it follows
    /// from `arrival`.
    pub receipt_date: Option<LegalDate>,
    /// How it arrived, if stated.
    pub channel: Option<Channel>,
    /// The applicant as the case system refers to them; opaque, never a name.
    pub applicant_ref: ShortText,
    /// How and when it reached the agency, if stated.
    pub arrival: Option<ArrivalDates>,
    /// Whether it is stated that it has not been concluded.
    pub still_open: bool,
}

/// Record the decision on an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decide {
    /// The result; the officer names one.
    pub disposition: Disposition,
    /// The day of the decision; that on which it took effect, unless its delivery is stated.
    pub decision_date: LegalDate,
    /// The number of the reply (答复书文号), if stated.
    pub document_no: ShortText,
    /// How and when it was delivered, as far as stated.
    pub delivery: Delivery,
}

vocabulary! {
    /// What an applicant did not do in time.
    pub enum LapseCause {
        /// Correct the application (逾期不补正): Article 30.
        CorrectionOverdue = "correction_overdue",
        /// Pay the fee (逾期不缴费): 国办函〔2020〕109号.
        FeeOverdue = "fee_overdue",
    }
}

impl LapseCause {
    /// The result that it has.
    #[must_use]
    pub const fn disposition(self) -> Disposition {
        match self {
            Self::CorrectionOverdue => Disposition::Other(Other::CorrectionOverdue),
            Self::FeeOverdue => Disposition::Other(Other::FeeOverdue),
        }
    }
}

/// Record that an application is no longer processed; a decision of its own kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lapse {
    /// What the applicant did not do.
    pub cause: LapseCause,
    /// The day on which the agency recorded that.
    pub lapse_date: LegalDate,
    /// The number of the notice, if stated.
    pub document_no: ShortText,
}

/// Record that the applicant withdrew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdraw {
    /// The day on which the withdrawal arrived.
    pub withdrawal_date: LegalDate,
}

/// Correct what was recorded wrongly; every field that is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectEntry {
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
    /// Why, in one line; required.
    pub explanation: ShortText,
}
