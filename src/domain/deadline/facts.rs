//! What a deadline is derived from: the acts upon one application, with their legal dates.
//!
//! Plain data, to be filled by a fold over the application's events. The order within a list is of
//! no account, dates decide; nothing here contradicts anything, since acts that cannot have
//! happened are refused before they become events.

use super::Receipt;
use crate::domain::{LegalDate, vocabulary::vocabulary};

/// The acts upon one application that bear on its deadlines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The receipt (收到申请).
    pub receipt: Receipt,
    /// Every notice to correct, with the correction that followed.
    pub corrections: Vec<CorrectionRequest>,
    /// Every letter that asked for an opinion, with the answer.
    pub consultations: Vec<Consultation>,
    /// Every extension.
    pub extensions: Vec<Extension>,
    /// Every fee notice, with the payment.
    pub fees: Vec<FeeNotice>,
    /// Every notice that asked for reasons, with the reasons (Art. 35). It moves no date and is only
    /// told of: the law gives the agency no more time for it but by a postponement.
    pub reasons: Vec<ReasonsNotice>,
    /// Every notice that the reply is put off (Art. 35).
    pub postponements: Vec<Postponement>,
    /// How it ended, if it has.
    pub conclusion: Option<Conclusion>,
}

/// A notice asking the applicant to correct an unclear application (补正告知): Article 30.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CorrectionRequest {
    /// The day of the notice.
    pub notice_date: LegalDate,
    /// The last day of the reasonable time that it set, if it set one.
    pub correct_by: Option<LegalDate>,
    /// The day on which the agency received the corrected application.
    pub corrected_date: Option<LegalDate>,
}

vocabulary! {
    /// Who is asked for an opinion.
    pub enum Consulted {
        /// A third party whose rights disclosure would harm (第三方): Article 32, 15 working days.
        ThirdParty = "third_party",
        /// An agency that made the information jointly (共同制作机关): Article 34, 15 working days.
        CoAgency = "co_agency",
        /// Any other agency (其他机关): Article 33, no limit in law.
        OtherAgency = "other_agency",
    }
}

/// A letter asking for an opinion (征求意见).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Consultation {
    /// The day on which it was sent. That day still counts against the agency.
    pub sent_date: LegalDate,
    /// Who was asked.
    pub consulted: Consulted,
    /// The day on which the letter was received, from which its limit runs; if it is not known,
    /// the limit runs from the day of sending.
    pub delivery_date: Option<LegalDate>,
    /// The day on which the opinion arrived. That day does not count against the agency.
    pub answer_date: Option<LegalDate>,
}

/// An extension of the period for the reply (延长答复期限): Article 33.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Extension {
    /// The day on which the applicant was told.
    pub notice_date: LegalDate,
    /// By how many working days, as the notice says.
    pub working_days: u16,
}

/// A notice that a fee is to be paid (收费通知): 国办函〔2020〕109号.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeeNotice {
    /// The day on which it was issued.
    pub notice_date: LegalDate,
    /// The day on which the applicant received it, from which the time to pay runs; if it is not
    /// known, it runs from the day of issue.
    pub delivery_date: Option<LegalDate>,
    /// The day on which the fee was paid in full.
    pub payment_date: Option<LegalDate>,
}

/// A notice asking for the reasons of applications excessive in number (要求说明理由): Article 35.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReasonsNotice {
    /// The day of the notice.
    pub notice_date: LegalDate,
    /// The day on which the reasons were received.
    pub answer_date: Option<LegalDate>,
}

/// A notice that the reply is put off to a day that the agency fixed (延迟答复): Article 35.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Postponement {
    /// The day of the notice.
    pub notice_date: LegalDate,
    /// The last day for the reply.
    pub until: LegalDate,
}

vocabulary! {
    /// How an application ended.
    pub enum ConclusionKind {
        /// The agency replied (答复).
        Replied = "replied",
        /// The applicant did not correct in time (逾期不补正).
        CorrectionLapsed = "correction_lapsed",
        /// The applicant did not pay in time (逾期不缴费).
        FeeLapsed = "fee_lapsed",
        /// The applicant withdrew (撤回).
        Withdrawn = "withdrawn",
    }
}

/// The end of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conclusion {
    /// How it ended.
    pub kind: ConclusionKind,
    /// The day: of a reply, that on which it was posted (交邮之日) or served (签收之日), which is what
    /// timeliness goes by (国办公开办函〔2016〕235号).
    pub date: LegalDate,
}

impl Facts {
    /// The facts of an application that has just been received.
    #[must_use]
    pub const fn new(receipt: Receipt) -> Self {
        Self {
            receipt,
            corrections: Vec::new(),
            consultations: Vec::new(),
            extensions: Vec::new(),
            fees: Vec::new(),
            reasons: Vec::new(),
            postponements: Vec::new(),
            conclusion: None,
        }
    }

    /// What had happened before a day.
    pub(super) fn before(&self, day: LegalDate) -> Self {
        let earlier = |date: Option<LegalDate>| date.filter(|date| *date < day);
        let mut before = self.clone();
        before.corrections.retain(|request| request.notice_date < day);
        for request in &mut before.corrections {
            request.corrected_date = earlier(request.corrected_date);
        }
        before.consultations.retain(|consultation| consultation.sent_date < day);
        for consultation in &mut before.consultations {
            consultation.answer_date = earlier(consultation.answer_date);
        }
        before.extensions.retain(|extension| extension.notice_date < day);
        before.fees.retain(|fee| fee.notice_date < day);
        for fee in &mut before.fees {
            fee.payment_date = earlier(fee.payment_date);
        }
        before.reasons.retain(|notice| notice.notice_date < day);
        for notice in &mut before.reasons {
            notice.answer_date = earlier(notice.answer_date);
        }
        before.postponements.retain(|postponement| postponement.notice_date < day);
        before.conclusion = before.conclusion.filter(|conclusion| conclusion.date < day);
        before
    }

    /// Whether a day is not after the end, if there is one.
    pub(super) fn is_open_on(&self, day: LegalDate) -> bool {
        self.conclusion.is_none_or(|conclusion| day <= conclusion.date)
    }
}
