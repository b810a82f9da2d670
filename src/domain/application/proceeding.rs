//! The steps of the procedure (办理环节) between receipt and conclusion, and after: they move clocks
//! and say more, and change no table.

use super::rejection::Rejection;
use crate::domain::{
    CaseId, Disposition, LegalDate, ShortText, deadline::Consulted, fee::FeeBasis,
    vocabulary::vocabulary,
};

/// A step of the procedure, as the log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proceeding {
    /// The applicant was asked to correct the application (告知补正).
    CorrectionRequested(CorrectionRequested),
    /// The corrected application was received (收到补正).
    CorrectionReceived(CorrectionReceived),
    /// An opinion was asked for (征求意见).
    OpinionRequested(OpinionRequested),
    /// An opinion was received, or noted as not given (意见回复).
    OpinionReceived(OpinionReceived),
    /// The period for the reply was extended (延期答复).
    DeadlineExtended(DeadlineExtended),
    /// The applicant was asked for reasons (要求说明理由).
    ReasonsRequested(ReasonsRequested),
    /// The applicant's reasons were received (收到理由说明).
    ReasonsReceived(ReasonsReceived),
    /// The reply was put off (延迟答复).
    ReplyPostponed(ReplyPostponed),
    /// The applicant was told to pay a fee (收费通知).
    FeeNotified(FeeNotified),
    /// The fee was paid in full (缴费).
    FeePaid(FeePaid),
    /// The decision was changed, added to, or made anew (变更、补充答复、重新处理).
    DecisionAmended(DecisionAmended),
}

/// The applicant was asked to correct the application: Article 30.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionRequested {
    /// The day of the notice.
    pub notice_date: LegalDate,
    /// The last day of the reasonable time that it sets, if it sets one.
    pub due_date: Option<LegalDate>,
    /// What is to be corrected and why; may be empty.
    pub explanation: ShortText,
}

/// The corrected application was received: Article 33.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CorrectionReceived {
    /// The day of its receipt.
    pub corrected_date: LegalDate,
}

/// A third party or another agency was asked for its opinion: Articles 32 to 34.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpinionRequested {
    /// The number of the consultation within the application, as the caller counts them.
    pub number: u16,
    /// Who was asked.
    pub consulted: Consulted,
    /// The day on which the letter was sent.
    pub sent_date: LegalDate,
    /// The day on which it was received, if stated.
    pub delivery_date: Option<LegalDate>,
}

/// An opinion was received, or noted as not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpinionReceived {
    /// The number of the consultation that it answers.
    pub number: u16,
    /// The opinion.
    pub opinion: Opinion,
    /// The day on which it arrived, or on which its absence was noted.
    pub answer_date: LegalDate,
}

vocabulary! {
    /// What a third party says to disclosure (第三方意见): Article 32.
    pub enum ThirdPartyOpinion {
        /// Consents (同意公开).
        Consents = "consents",
        /// Refuses, with a good reason (不同意公开且有合理理由).
        RefusesWithReason = "refuses_with_reason",
        /// Refuses, without a good reason (不同意公开且无合理理由).
        RefusesWithoutReason = "refuses_without_reason",
        /// Did not answer in time (逾期未提出意见); the agency decides.
        NoReply = "no_reply",
    }
}

vocabulary! {
    /// What another agency says to disclosure (其他机关意见): Articles 33 and 34.
    pub enum AgencyOpinion {
        /// Consents (同意公开).
        Consents = "consents",
        /// Refuses (不同意公开).
        Refuses = "refuses",
        /// Did not answer in time (逾期不提出意见); of an agency that made the information jointly it
        /// counts as consent (视为同意公开).
        NoReply = "no_reply",
    }
}

/// An opinion, by whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opinion {
    /// A third party's.
    ThirdParty(ThirdPartyOpinion),
    /// Another agency's.
    Agency(AgencyOpinion),
}

/// The period for the reply was extended: Article 33.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlineExtended {
    /// The day on which the applicant was told.
    pub notice_date: LegalDate,
    /// By how many working days, as the notice says.
    pub working_days: u16,
    /// Why; may be empty.
    pub explanation: ShortText,
}

/// The applicant was asked for the reasons of applications excessive in number: Article 35.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonsRequested {
    /// The day of the notice.
    pub notice_date: LegalDate,
    /// What was asked; may be empty.
    pub explanation: ShortText,
}

/// The applicant's reasons were received: Article 35. What they are stays in the case system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReasonsReceived {
    /// The day on which they arrived.
    pub answer_date: LegalDate,
}

/// The reply was put off to a day that the agency fixed: Article 35.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyPostponed {
    /// The day of the notice.
    pub notice_date: LegalDate,
    /// The last day for the reply.
    pub due_date: LegalDate,
    /// Why; may be empty.
    pub explanation: ShortText,
}

/// The applicant was told to pay a fee: Article 42, 国办函〔2020〕109号.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeNotified {
    /// The day of the notice.
    pub notice_date: LegalDate,
    /// The day on which the applicant received it, if stated.
    pub delivery_date: Option<LegalDate>,
    /// The fee, in fen.
    pub amount_fen: i64,
    /// What it is charged on, if stated.
    pub basis: Option<FeeBasis>,
}

/// The fee was paid in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeePaid {
    /// The day of the payment.
    pub payment_date: LegalDate,
}

vocabulary! {
    /// What gave rise to an amendment of a decision.
    pub enum AmendmentBasis {
        /// The agency itself changed it (自行变更).
        OwnInitiative = "own_initiative",
        /// The agency itself added to it (补充答复).
        Supplement = "supplement",
        /// A reconsideration (复议后重新处理).
        Reconsideration = "reconsideration",
        /// A judgment (判决后重新处理).
        Judgment = "judgment",
    }
}

/// The decision was changed, added to, or made anew. What it does to the result
/// that table three counts is a [`super::CountingPolicy`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionAmended {
    /// The day of the amendment.
    pub amendment_date: LegalDate,
    /// What gave rise to it.
    pub basis: AmendmentBasis,
    /// The case that gave rise to it, if one did.
    pub case_id: Option<CaseId>,
    /// The result now, if it changed.
    pub disposition: Option<Disposition>,
    /// The number of the new reply; may be empty.
    pub document_no: ShortText,
    /// Why; may be empty.
    pub explanation: ShortText,
}

impl Opinion {
    /// Whether there is none (逾期未提出意见).
    #[must_use]
    pub const fn is_absent(self) -> bool {
        matches!(
            self,
            Self::ThirdParty(ThirdPartyOpinion::NoReply) | Self::Agency(AgencyOpinion::NoReply)
        )
    }

    /// Whether it can be that of whoever was asked.
    const fn is_of(self, consulted: Consulted) -> bool {
        matches!(
            (self, consulted),
            (Self::ThirdParty(_), Consulted::ThirdParty)
                | (Self::Agency(_), Consulted::CoAgency | Consulted::OtherAgency)
        )
    }
}

impl std::fmt::Display for Opinion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ThirdParty(opinion) => opinion.fmt(f),
            Self::Agency(opinion) => opinion.fmt(f),
        }
    }
}

/// Everything recorded of the procedure, each kind in the order of recording.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proceedings {
    /// The notices to correct.
    pub corrections: Vec<Correction>,
    /// The letters that asked for an opinion.
    pub consultations: Vec<Consultation>,
    /// The extensions.
    pub extensions: Vec<DeadlineExtended>,
    /// The notices that asked for reasons.
    pub reasons: Vec<Reasons>,
    /// The notices that put the reply off.
    pub postponements: Vec<ReplyPostponed>,
    /// The fee notices.
    pub fees: Vec<Fee>,
    /// The amendments of the decision.
    pub amendments: Vec<DecisionAmended>,
}

/// A notice to correct, with what followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The notice.
    pub request: CorrectionRequested,
    /// The day on which the corrected application was received, once it was.
    pub corrected_date: Option<LegalDate>,
}

/// A letter that asked for an opinion, with what followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consultation {
    /// The letter.
    pub request: OpinionRequested,
    /// The answer, once there is one.
    pub answer: Option<OpinionReceived>,
}

/// A notice that asked for reasons, with what followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reasons {
    /// The notice.
    pub request: ReasonsRequested,
    /// The day on which the reasons were received, once they were.
    pub answer_date: Option<LegalDate>,
}

/// A fee notice, with what followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fee {
    /// The notice.
    pub notice: FeeNotified,
    /// The day on which it was paid, once it was.
    pub payment_date: Option<LegalDate>,
}

/// What a step says, compared with what is recorded.
enum Said {
    /// Nothing of the kind is recorded.
    New,
    /// It is recorded so.
    Again,
    /// It is recorded otherwise.
    Otherwise { recorded: String },
}

impl Proceedings {
    /// Nothing recorded.
    pub(super) const NONE: Self = Self {
        corrections: Vec::new(),
        consultations: Vec::new(),
        extensions: Vec::new(),
        reasons: Vec::new(),
        postponements: Vec::new(),
        fees: Vec::new(),
        amendments: Vec::new(),
    };

    /// Takes in one more step. Total: an answer to nothing changes nothing.
    ///
    /// A correction answers every notice up to its day, and so do reasons; a payment settles every
    /// one; also a notice that is recorded only later.
    pub(super) fn record(&mut self, step: &Proceeding) {
        match step {
            Proceeding::CorrectionRequested(request) => {
                let known = self.corrections.iter().filter_map(|found| found.corrected_date);
                let corrected_date = known.filter(|date| *date > request.notice_date).min();
                self.corrections.push(Correction { request: request.clone(), corrected_date });
            }
            Proceeding::CorrectionReceived(received) => {
                let date = received.corrected_date;
                for found in self.corrections.iter_mut().filter(|found| found.is_open_on(date)) {
                    found.corrected_date = Some(date);
                }
            }
            &Proceeding::OpinionRequested(request) => {
                self.consultations.push(Consultation { request, answer: None });
            }
            &Proceeding::OpinionReceived(answer) => {
                let asked = |found: &&mut Consultation| found.request.number == answer.number;
                if let Some(consultation) = self.consultations.iter_mut().find(asked) {
                    consultation.answer = Some(answer);
                }
            }
            Proceeding::DeadlineExtended(extension) => self.extensions.push(extension.clone()),
            Proceeding::ReasonsRequested(request) => {
                let known = self.reasons.iter().filter_map(|found| found.answer_date);
                let answer_date = known.filter(|date| *date > request.notice_date).min();
                self.reasons.push(Reasons { request: request.clone(), answer_date });
            }
            Proceeding::ReasonsReceived(received) => {
                let date = received.answer_date;
                for found in self.reasons.iter_mut().filter(|found| found.is_open_on(date)) {
                    found.answer_date = Some(date);
                }
            }
            Proceeding::ReplyPostponed(postponement) => {
                self.postponements.push(postponement.clone());
            }
            &Proceeding::FeeNotified(notice) => Fee::notify(&mut self.fees, notice),
            &Proceeding::FeePaid(paid) => Fee::pay(&mut self.fees, paid),
            Proceeding::DecisionAmended(amendment) => self.amendments.push(amendment.clone()),
        }
    }

    /// The steps that can only come before a conclusion, by name and date.
    pub(super) fn before_conclusion(&self) -> impl Iterator<Item = (&'static str, LegalDate)> {
        let corrections = self.corrections.iter().map(|found| found.request.notice_date);
        let extensions = self.extensions.iter().map(|found| found.notice_date);
        let reasons = self.reasons.iter().map(|found| found.request.notice_date);
        let postponements = self.postponements.iter().map(|found| found.notice_date);
        let fees = self.fees.iter().map(|found| found.notice.notice_date);
        corrections
            .map(|date| (CORRECTION, date))
            .chain(extensions.map(|date| (EXTENSION, date)))
            .chain(reasons.map(|date| (REASONS, date)))
            .chain(postponements.map(|date| (POSTPONEMENT, date)))
            .chain(fees.map(|date| (FEE, date)))
    }

    /// Every step that needs a receipt before it, by name and date. Answers come after questions.
    pub(super) fn after_receipt(&self) -> impl Iterator<Item = (&'static str, LegalDate)> {
        let letters = self.consultations.iter().map(|found| (LETTER, found.request.sent_date));
        self.before_conclusion().chain(letters)
    }

    fn compare(&self, step: &Proceeding) -> Said {
        match step {
            Proceeding::CorrectionRequested(stated) => {
                let of_day = |found: &&CorrectionRequested| found.notice_date == stated.notice_date;
                let mut recorded = self.corrections.iter().map(|found| &found.request);
                compared(recorded.find(of_day), |found| {
                    found.due_date == stated.due_date
                        && unsaid_or(&stated.explanation, &found.explanation)
                })
            }
            Proceeding::CorrectionReceived(stated) => {
                answered(stated.corrected_date, self.corrections.iter().map(Correction::course))
            }
            Proceeding::OpinionRequested(stated) => {
                let mut recorded = self.consultations.iter().map(|found| &found.request);
                compared(recorded.find(|found| found.number == stated.number), |found| {
                    found == stated
                })
            }
            Proceeding::OpinionReceived(stated) => {
                let mut recorded =
                    self.consultations.iter().filter_map(|found| found.answer.as_ref());
                let of_number = |found: &&OpinionReceived| {
                    found.number == stated.number && !stated.breaks_silence(**found)
                };
                compared(recorded.find(of_number), |found| found == stated)
            }
            Proceeding::DeadlineExtended(stated) => {
                let of_day = |found: &&DeadlineExtended| found.notice_date == stated.notice_date;
                compared(self.extensions.iter().find(of_day), |found| {
                    found.working_days == stated.working_days
                        && unsaid_or(&stated.explanation, &found.explanation)
                })
            }
            Proceeding::ReasonsRequested(stated) => {
                let of_day = |found: &&ReasonsRequested| found.notice_date == stated.notice_date;
                let mut recorded = self.reasons.iter().map(|found| &found.request);
                compared(recorded.find(of_day), |found| {
                    unsaid_or(&stated.explanation, &found.explanation)
                })
            }
            Proceeding::ReasonsReceived(stated) => {
                answered(stated.answer_date, self.reasons.iter().map(Reasons::course))
            }
            Proceeding::ReplyPostponed(stated) => {
                let of_day = |found: &&ReplyPostponed| found.notice_date == stated.notice_date;
                compared(self.postponements.iter().find(of_day), |found| {
                    found.due_date == stated.due_date
                        && unsaid_or(&stated.explanation, &found.explanation)
                })
            }
            Proceeding::FeeNotified(stated) => {
                let mut recorded = self.fees.iter().map(|found| &found.notice);
                let of_day = |found: &&FeeNotified| found.notice_date == stated.notice_date;
                compared(recorded.find(of_day), |found| found == stated)
            }
            Proceeding::FeePaid(stated) => {
                answered(stated.payment_date, self.fees.iter().map(Fee::course))
            }
            Proceeding::DecisionAmended(stated) => {
                let of_day =
                    |found: &&DecisionAmended| found.amendment_date == stated.amendment_date;
                compared(self.amendments.iter().find(of_day), |found| stated.says_no_more(found))
            }
        }
    }

    /// Whether a step says something new.
    ///
    /// # Errors
    ///
    /// When it says otherwise than is recorded, or cannot follow on what is.
    pub(super) fn admits(&self, step: &Proceeding) -> Result<bool, Rejection> {
        match self.compare(step) {
            Said::Again => return Ok(false),
            Said::Otherwise { recorded } => {
                let (stated, field) = (step.to_string(), step.key_field());
                return Err(Rejection::ActRecordedOtherwise { recorded, stated, field });
            }
            Said::New => {}
        }
        step.check_dates()?;
        match step {
            Proceeding::CorrectionReceived(received) => self.admits_correction(*received)?,
            Proceeding::OpinionReceived(received) => self.admits_opinion(*received)?,
            Proceeding::ReasonsReceived(received) => self.admits_reasons(*received)?,
            Proceeding::FeePaid(paid) => self.admits_payment(*paid)?,
            Proceeding::DecisionAmended(amendment) => {
                let by_case = matches!(
                    amendment.basis,
                    AmendmentBasis::Reconsideration | AmendmentBasis::Judgment
                );
                if by_case && amendment.case_id.is_none() {
                    return Err(Rejection::CaseMissing { basis: amendment.basis });
                }
            }
            Proceeding::CorrectionRequested(_)
            | Proceeding::OpinionRequested(_)
            | Proceeding::DeadlineExtended(_)
            | Proceeding::ReasonsRequested(_)
            | Proceeding::ReplyPostponed(_)
            | Proceeding::FeeNotified(_) => {}
        }
        Ok(true)
    }

    fn admits_correction(&self, received: CorrectionReceived) -> Result<(), Rejection> {
        let date = received.corrected_date;
        if self.corrections.iter().any(|found| found.is_open_on(date)) {
            return Ok(());
        }
        let mut asked = self.corrections.iter().filter(|found| found.request.notice_date <= date);
        Err(match asked.find_map(|found| found.corrected_date) {
            Some(recorded_date) => {
                Rejection::CorrectionAlreadyReceived { recorded_date, field: "corrected_date" }
            }
            None => Rejection::CorrectionNotRequested { by: Some(date), field: "corrected_date" },
        })
    }

    fn admits_reasons(&self, received: ReasonsReceived) -> Result<(), Rejection> {
        let date = received.answer_date;
        if self.reasons.iter().any(|found| found.is_open_on(date)) {
            return Ok(());
        }
        let mut asked = self.reasons.iter().filter(|found| found.request.notice_date <= date);
        Err(match asked.find_map(|found| found.answer_date) {
            Some(recorded_date) => Rejection::ReasonsAlreadyReceived { recorded_date },
            None => Rejection::ReasonsNotRequested { by: date },
        })
    }

    fn admits_payment(&self, paid: FeePaid) -> Result<(), Rejection> {
        let date = paid.payment_date;
        if self.fees.iter().any(|found| found.is_open_on(date)) {
            return Ok(());
        }
        let mut asked = self.fees.iter().filter(|found| found.notice.notice_date <= date);
        Err(match asked.find_map(|found| found.payment_date) {
            Some(recorded_date) => {
                Rejection::FeeAlreadyPaid { recorded_date, field: "payment_date" }
            }
            None => Rejection::FeeNotNotified { by: Some(date), field: "payment_date" },
        })
    }

    fn admits_opinion(&self, received: OpinionReceived) -> Result<(), Rejection> {
        let OpinionReceived { number, opinion, answer_date } = received;
        let asked = self.consultations.iter().find(|found| found.request.number == number);
        let Some(Consultation { request, .. }) = asked else {
            return Err(Rejection::ConsultationNotFound { number });
        };
        if !opinion.is_of(request.consulted) {
            return Err(Rejection::ConsultationOfOther { number, consulted: request.consulted });
        }
        in_order((LETTER, request.sent_date), ("answer", answer_date), "answer_date")
    }

    /// Whether the applicant has a notice to correct to answer.
    #[must_use]
    pub fn awaits_correction(&self) -> bool {
        self.corrections.iter().any(|found| found.corrected_date.is_none())
    }

    /// Whether the applicant has reasons to give. A notice that the reply is put off needs them no
    /// more: the agency has found the number reasonable.
    #[must_use]
    pub fn awaits_reasons(&self) -> bool {
        let put_off = self.postponements.iter().map(|found| found.notice_date).max();
        let mut asked = self.reasons.iter().filter(|found| found.answer_date.is_none());
        asked.any(|found| put_off.is_none_or(|date| date < found.request.notice_date))
    }

    /// Whether the applicant has a fee to pay.
    #[must_use]
    pub fn awaits_payment(&self) -> bool {
        self.fees.iter().any(|found| found.payment_date.is_none())
    }

    /// Whether somebody has an opinion to give.
    #[must_use]
    pub fn awaits_opinion(&self) -> bool {
        self.consultations.iter().any(|found| found.answer.is_none())
    }
}

impl OpinionReceived {
    /// Whether it came after it had been noted that there was none.
    fn breaks_silence(self, recorded: Self) -> bool {
        recorded.opinion.is_absent()
            && !self.opinion.is_absent()
            && recorded.answer_date <= self.answer_date
    }
}

impl DecisionAmended {
    /// Whether it says nothing that is not recorded.
    fn says_no_more(&self, recorded: &Self) -> bool {
        self.basis == recorded.basis
            && self.case_id == recorded.case_id
            && self.disposition == recorded.disposition
            && unsaid_or(&self.document_no, &recorded.document_no)
            && unsaid_or(&self.explanation, &recorded.explanation)
    }
}

impl Correction {
    /// When it was asked for, and when it came.
    const fn course(&self) -> (LegalDate, Option<LegalDate>) {
        (self.request.notice_date, self.corrected_date)
    }

    /// Whether an answer of a day can be one to it.
    fn is_open_on(&self, day: LegalDate) -> bool {
        self.corrected_date.is_none() && self.request.notice_date <= day
    }
}

impl Reasons {
    /// When they were asked for, and when they came.
    const fn course(&self) -> (LegalDate, Option<LegalDate>) {
        (self.request.notice_date, self.answer_date)
    }

    /// Whether reasons of a day can answer it.
    fn is_open_on(&self, day: LegalDate) -> bool {
        self.answer_date.is_none() && self.request.notice_date <= day
    }
}

impl Fee {
    /// Adds a notice to those of an application; a later payment that is known settles it too.
    pub fn notify(fees: &mut Vec<Self>, notice: FeeNotified) {
        let known = fees.iter().filter_map(|found| found.payment_date);
        let payment_date = known.filter(|date| *date > notice.notice_date).min();
        fees.push(Self { notice, payment_date });
    }

    /// Settles every notice of an application that a payment can be one of.
    pub fn pay(fees: &mut [Self], paid: FeePaid) {
        let date = paid.payment_date;
        for found in fees.iter_mut().filter(|found| found.is_open_on(date)) {
            found.payment_date = Some(date);
        }
    }

    /// When it was asked for, and when it came.
    const fn course(&self) -> (LegalDate, Option<LegalDate>) {
        (self.notice.notice_date, self.payment_date)
    }

    /// Whether a payment of a day can be one of it.
    fn is_open_on(&self, day: LegalDate) -> bool {
        self.payment_date.is_none() && self.notice.notice_date <= day
    }
}

const CORRECTION: &str = "notice to correct";
const LETTER: &str = "letter asking for an opinion";
const EXTENSION: &str = "extension";
const REASONS: &str = "notice asking for reasons";
const POSTPONEMENT: &str = "notice of a later reply";
const FEE: &str = "fee notice";

impl Proceeding {
    /// The legal date on which it took effect.
    #[must_use]
    pub const fn date(&self) -> LegalDate {
        match self {
            Self::CorrectionRequested(step) => step.notice_date,
            Self::CorrectionReceived(step) => step.corrected_date,
            Self::OpinionRequested(step) => step.sent_date,
            Self::OpinionReceived(step) => step.answer_date,
            Self::DeadlineExtended(step) => step.notice_date,
            Self::ReasonsRequested(step) => step.notice_date,
            Self::ReasonsReceived(step) => step.answer_date,
            Self::ReplyPostponed(step) => step.notice_date,
            Self::FeeNotified(step) => step.notice_date,
            Self::FeePaid(step) => step.payment_date,
            Self::DecisionAmended(step) => step.amendment_date,
        }
    }

    /// What it is called.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::CorrectionRequested(_) => CORRECTION,
            Self::CorrectionReceived(_) => "correction",
            Self::OpinionRequested(_) => LETTER,
            Self::OpinionReceived(_) => "opinion",
            Self::DeadlineExtended(_) => EXTENSION,
            Self::ReasonsRequested(_) => REASONS,
            Self::ReasonsReceived(_) => "statement of reasons",
            Self::ReplyPostponed(_) => POSTPONEMENT,
            Self::FeeNotified(_) => FEE,
            Self::FeePaid(_) => "payment",
            Self::DecisionAmended(_) => "amendment",
        }
    }

    /// The field that carries its date.
    pub(super) const fn date_field(&self) -> &'static str {
        match self {
            Self::CorrectionRequested(_)
            | Self::DeadlineExtended(_)
            | Self::ReasonsRequested(_)
            | Self::ReplyPostponed(_)
            | Self::FeeNotified(_) => "notice_date",
            Self::CorrectionReceived(_) => "corrected_date",
            Self::OpinionRequested(_) => "sent_date",
            Self::OpinionReceived(_) | Self::ReasonsReceived(_) => "answer_date",
            Self::FeePaid(_) => "payment_date",
            Self::DecisionAmended(_) => "amendment_date",
        }
    }

    /// The field by which one is told from others of its kind.
    const fn key_field(&self) -> &'static str {
        match self {
            Self::OpinionRequested(_) | Self::OpinionReceived(_) => "consultation",
            Self::CorrectionRequested(_)
            | Self::CorrectionReceived(_)
            | Self::DeadlineExtended(_)
            | Self::ReasonsRequested(_)
            | Self::ReasonsReceived(_)
            | Self::ReplyPostponed(_)
            | Self::FeeNotified(_)
            | Self::FeePaid(_)
            | Self::DecisionAmended(_) => self.date_field(),
        }
    }

    /// Whether it can only come before a conclusion. Letters that ask for opinions, answers, reasons,
    /// corrections and payments come late in real registers; these are recorded, with a finding.
    pub(super) const fn precedes_conclusion(&self) -> bool {
        match self {
            Self::CorrectionRequested(_)
            | Self::DeadlineExtended(_)
            | Self::ReasonsRequested(_)
            | Self::ReplyPostponed(_)
            | Self::FeeNotified(_) => true,
            Self::CorrectionReceived(_)
            | Self::OpinionRequested(_)
            | Self::OpinionReceived(_)
            | Self::ReasonsReceived(_)
            | Self::FeePaid(_)
            | Self::DecisionAmended(_) => false,
        }
    }

    /// The dates that it states, against one another.
    fn check_dates(&self) -> Result<(), Rejection> {
        match self {
            Self::CorrectionRequested(CorrectionRequested {
                notice_date,
                due_date: Some(due_date),
                ..
            })
            | Self::ReplyPostponed(ReplyPostponed { notice_date, due_date, .. }) => {
                in_order((self.name(), *notice_date), ("due date", *due_date), "due_date")
            }
            Self::OpinionRequested(OpinionRequested {
                sent_date: date,
                delivery_date: Some(delivery_date),
                ..
            })
            | Self::FeeNotified(FeeNotified {
                notice_date: date,
                delivery_date: Some(delivery_date),
                ..
            }) => in_order((self.name(), *date), ("delivery", *delivery_date), "delivery_date"),
            Self::CorrectionRequested(_)
            | Self::OpinionRequested(_)
            | Self::FeeNotified(_)
            | Self::CorrectionReceived(_)
            | Self::OpinionReceived(_)
            | Self::DeadlineExtended(_)
            | Self::ReasonsRequested(_)
            | Self::ReasonsReceived(_)
            | Self::FeePaid(_)
            | Self::DecisionAmended(_) => Ok(()),
        }
    }
}

/// What it says, as a phrase; free text is left out.
impl std::fmt::Display for Proceeding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let on = |f: &mut std::fmt::Formatter<'_>, what: &str, date: Option<LegalDate>| match date {
            Some(date) => write!(f, ", {what} {date}"),
            None => Ok(()),
        };
        match self {
            Self::OpinionRequested(step) => {
                write!(f, "consultation {} of a {}", step.number, step.consulted)?;
                write!(f, ", sent {}", step.sent_date)?;
                on(f, "delivered", step.delivery_date)
            }
            Self::OpinionReceived(step) => {
                write!(f, "{} on {} to consultation ", step.opinion, step.answer_date)?;
                write!(f, "{}", step.number)
            }
            Self::CorrectionRequested(step) => {
                write!(f, "{CORRECTION} of {}", step.notice_date)?;
                on(f, "due", step.due_date)
            }
            Self::DeadlineExtended(step) => {
                write!(f, "{EXTENSION} of {} by {}", step.notice_date, step.working_days)
            }
            Self::ReplyPostponed(step) => {
                write!(f, "{POSTPONEMENT} of {}", step.notice_date)?;
                on(f, "due", Some(step.due_date))
            }
            Self::FeeNotified(step) => {
                write!(f, "{FEE} of {} over {} fen", step.notice_date, step.amount_fen)?;
                if let Some(basis) = step.basis {
                    write!(f, " by {basis}")?;
                }
                on(f, "delivered", step.delivery_date)
            }
            Self::DecisionAmended(step) => {
                write!(f, "amendment of {} by {}", step.amendment_date, step.basis)?;
                if let Some(case_id) = &step.case_id {
                    write!(f, " {case_id}")?;
                }
                match step.disposition {
                    Some(disposition) => write!(f, " to {disposition}"),
                    None => Ok(()),
                }
            }
            Self::CorrectionReceived(_)
            | Self::ReasonsRequested(_)
            | Self::ReasonsReceived(_)
            | Self::FeePaid(_) => write!(f, "{} of {}", self.name(), self.date()),
        }
    }
}

/// What is stated, compared with what is recorded under the same key.
fn compared<T: Clone>(recorded: Option<&T>, says_so: impl Fn(&T) -> bool) -> Said
where
    Proceeding: From<T>,
{
    match recorded {
        None => Said::New,
        Some(found) if says_so(found) => Said::Again,
        Some(found) => Said::Otherwise { recorded: Proceeding::from(found.clone()).to_string() },
    }
}

/// An answer of a day, compared with when questions were asked and answered.
fn answered(day: LegalDate, courses: impl Iterator<Item = (LegalDate, Option<LegalDate>)>) -> Said {
    let mut said = Said::New;
    for (asked, answered) in courses {
        match answered {
            None if asked <= day => return Said::New,
            Some(found) if found == day => said = Said::Again,
            None | Some(_) => {}
        }
    }
    said
}

/// What a command leaves unsaid does not contradict the record.
fn unsaid_or(stated: &ShortText, recorded: &ShortText) -> bool {
    stated.is_empty() || stated == recorded
}

/// That one date is not before another.
pub(super) fn in_order(
    (first, first_date): (&'static str, LegalDate),
    (second, second_date): (&'static str, LegalDate),
    field: &'static str,
) -> Result<(), Rejection> {
    if first_date <= second_date {
        return Ok(());
    }
    Err(Rejection::DatesReversed { first, first_date, second, second_date, field })
}

macro_rules! steps {
    ($($step:ident),+) => {
        $(impl From<$step> for Proceeding {
            fn from(step: $step) -> Self {
                Self::$step(step)
            }
        })+
    };
}

steps!(
    CorrectionRequested,
    CorrectionReceived,
    OpinionRequested,
    OpinionReceived,
    DeadlineExtended,
    ReasonsRequested,
    ReasonsReceived,
    ReplyPostponed,
    FeeNotified,
    FeePaid,
    DecisionAmended
);
