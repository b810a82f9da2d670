//! What happened to an application, as the log holds it.

use super::proceeding::Proceeding;
use crate::domain::{
    ApplicantKind, Channel, Disposition, LegalDate, ShortText,
    deadline::{Arrival, Receipt, ReceiptUnknown},
    vocabulary::vocabulary,
};

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
    /// A step of the procedure that changes no table (办理环节).
    Proceeding(Proceeding),
    /// It was taken up again after it had ended (恢复办理).
    Reopened(Reopened),
    /// There is no such application; the entry was an error (登记作废).
    EntryVoided(EntryVoided),
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
    /// The facts from which the receipt date follows, if stated; the channel is stated then too.
    pub arrival: Option<ArrivalDates>,
}

/// How and when an application reached the agency, but for the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArrivalDates {
    /// Whether it was sent to another unit or person of the agency than its disclosure office.
    pub is_misaddressed: bool,
    /// The day on which the applicant submitted or posted it.
    pub submission_date: Option<LegalDate>,
    /// The day on which it was in the agency's hands; of mail signed for, the day of signature.
    pub arrival_date: Option<LegalDate>,
    /// The day on which agency and applicant confirmed the receipt to one another.
    pub confirmation_date: Option<LegalDate>,
}

impl ArrivalDates {
    /// With the channel: what Article 31 asks for.
    #[must_use]
    pub const fn by(self, channel: Channel) -> Arrival {
        let Self { is_misaddressed, submission_date, arrival_date, confirmation_date } = self;
        Arrival { channel, is_misaddressed, submission_date, arrival_date, confirmation_date }
    }

    /// The receipt date that follows, by a channel.
    ///
    /// # Errors
    ///
    /// When none follows, or the dates contradict one another.
    pub fn receipt(self, channel: Channel) -> Result<Receipt, ReceiptUnknown> {
        self.by(channel).receipt()
    }
}

/// The agency decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The result.
    pub disposition: Disposition,
    /// The day of the decision; that on which it took effect, unless its delivery is stated.
    pub decision_date: LegalDate,
    /// The number of the reply, if stated.
    pub document_no: ShortText,
    /// How and when it was delivered, if stated.
    pub delivery: Delivery,
}

vocabulary! {
    /// How a decision reaches the applicant (送达方式): 国办公开办函〔2016〕235号.
    pub enum DeliveryMethod {
        /// Handed over; the day is that of the signature (直接送达，签收之日).
        Direct = "direct",
        /// Handed over by another agency (委托其他行政机关代为送达).
        Entrusted = "entrusted",
        /// By post; the day is that of the posting (邮寄送达，交邮之日).
        Postal = "postal",
        /// Otherwise (其他), such as by e-mail.
        Other = "other",
    }
}

/// How and when a decision was delivered (送达), as far as it is stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivery {
    /// How.
    pub method: Option<DeliveryMethod>,
    /// The day on which it was posted or served; on it the decision took effect.
    pub date: Option<LegalDate>,
}

impl Decided {
    /// The day on which the decision took effect: posted or served, where that is stated.
    #[must_use]
    pub fn effective_date(&self) -> LegalDate {
        self.delivery.date.unwrap_or(self.decision_date)
    }
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

/// An application was taken up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reopened {
    /// The day.
    pub reopening_date: LegalDate,
    /// Why.
    pub explanation: ShortText,
}

/// An entry was declared void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryVoided {
    /// The day.
    pub void_date: LegalDate,
    /// Why.
    pub explanation: ShortText,
}

impl Event {
    /// The legal date on which the fact took effect.
    #[must_use]
    pub fn effective_date(&self) -> LegalDate {
        match self {
            Self::Received(received) => received.receipt_date,
            Self::Decided(decided) => decided.effective_date(),
            Self::Withdrawn(withdrawn) => withdrawn.withdrawal_date,
            Self::EntryCorrected(corrected) => corrected.correction_date,
            Self::Proceeding(step) => step.date(),
            Self::Reopened(reopened) => reopened.reopening_date,
            Self::EntryVoided(voided) => voided.void_date,
        }
    }
}
