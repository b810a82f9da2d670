//! What an agency may ask to have recorded of an application.

use crate::domain::{ApplicantKind, Channel, Disposition, LegalDate, ShortText};

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
}

/// Record that an application arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receive {
    /// The kind of the (first-named) applicant.
    pub applicant_kind: ApplicantKind,
    /// The day on which it counts as received under Article 31.
    pub receipt_date: LegalDate,
    /// How it arrived, if stated.
    pub channel: Option<Channel>,
    /// The applicant as the case system refers to them; opaque, never a name.
    pub applicant_ref: ShortText,
}

/// Record the decision on an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decide {
    /// The result; the officer names one.
    pub disposition: Disposition,
    /// The day on which it took effect: posted or served.
    pub decision_date: LegalDate,
    /// The number of the reply (答复书文号), if stated.
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
