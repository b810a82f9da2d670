//! What an application is, given what happened to it.

use super::{
    event::{
        ArrivalDates, Decided, Delivery, EntryCorrected, EntryVoided, Event, Received, Reopened,
    },
    proceeding::{Proceeding, Proceedings},
};
use crate::domain::{
    ApplicantKind, Channel, Disposition, LegalDate, Other, ShortText, vocabulary::vocabulary,
};

/// An application that has been received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The kind of the applicant.
    pub applicant_kind: ApplicantKind,
    /// The receipt date under Article 31.
    pub receipt_date: LegalDate,
    /// How it arrived, if stated.
    pub channel: Option<Channel>,
    /// The opaque reference to the applicant.
    pub applicant_ref: ShortText,
    /// How it ended; `None` while it is open.
    pub conclusion: Option<Conclusion>,
    /// When the applicant withdrew, also if the decision had come first.
    pub withdrawal_date: Option<LegalDate>,
    /// That the entry is void, if it is: then nothing of it counts, and nothing more can happen.
    pub voided: Option<EntryVoided>,
    /// What no table counts, if there is any.
    file: Option<Box<File>>,
}

/// What is on file of an application that no table counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct File {
    arrival: Option<ArrivalDates>,
    proceedings: Proceedings,
    reopenings: Vec<Reopened>,
}

/// How an application ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// The result row.
    pub disposition: Disposition,
    /// The day on which it took effect; its year is the year in which the result counts.
    pub date: LegalDate,
    /// The number of the reply, if stated.
    pub document_no: ShortText,
    /// The day of the decision, if it was stated apart from that of its effect.
    pub decision_date: Option<LegalDate>,
    /// How the decision was delivered, if stated; its date is [`Self::date`].
    pub delivery: Delivery,
    /// Whether it came about by withdrawal.
    pub is_withdrawal: bool,
    /// The results to which it was amended or made anew, each with its day, in the order of
    /// recording.
    pub amendments: Vec<(LegalDate, Disposition)>,
}

vocabulary! {
    /// What an application waits for, as the acts recorded say; whether a period has run out is not
    /// asked.
    pub enum Stage {
        /// The agency (办理中).
        Running = "running",
        /// The applicant's correction (待补正).
        AwaitingCorrection = "awaiting_correction",
        /// The applicant's payment (待缴费).
        AwaitingPayment = "awaiting_payment",
        /// An opinion (待征求意见).
        AwaitingOpinion = "awaiting_opinion",
        /// The applicant's reasons (待说明理由).
        AwaitingReasons = "awaiting_reasons",
        /// Nothing any more (已办结).
        Concluded = "concluded",
        /// Nothing; the entry is void (登记作废).
        Voided = "voided",
    }
}

/// The state after one more event; `None` before receipt.
///
/// Total: an event that does not fit (no history that [`super::decide`] allows has one) changes
/// nothing.
#[must_use]
pub fn evolve(state: Option<Application>, event: &Event) -> Option<Application> {
    let Some(mut application) = state else {
        return match event {
            Event::Received(received) => Some(Application::received(received)),
            Event::Decided(_)
            | Event::Withdrawn(_)
            | Event::EntryCorrected(_)
            | Event::Proceeding(_)
            | Event::Reopened(_)
            | Event::EntryVoided(_) => None,
        };
    };
    if application.voided.is_some() {
        return Some(application);
    }
    match event {
        Event::Received(_) => {}
        Event::Decided(decided) => {
            application.conclusion.get_or_insert_with(|| decided.into());
        }
        Event::Withdrawn(withdrawn) => {
            let date = *application.withdrawal_date.get_or_insert(withdrawn.withdrawal_date);
            application.conclusion.get_or_insert_with(|| Conclusion {
                disposition: Disposition::Other(Other::Misc),
                date,
                document_no: ShortText::default(),
                decision_date: None,
                delivery: Delivery::default(),
                is_withdrawal: true,
                amendments: Vec::new(),
            });
        }
        Event::EntryCorrected(corrected) => application = application.corrected(corrected),
        Event::Proceeding(step) => {
            if let Some(conclusion) = &mut application.conclusion {
                conclusion.amend(step);
            }
            application.file_mut().proceedings.record(step);
        }
        Event::Reopened(reopened) => {
            application.conclusion = None;
            application.withdrawal_date = None;
            application.file_mut().reopenings.push(reopened.clone());
        }
        Event::EntryVoided(voided) => application.voided = Some(voided.clone()),
    }
    Some(application)
}

impl From<&Decided> for Conclusion {
    fn from(decided: &Decided) -> Self {
        Self {
            disposition: decided.disposition,
            date: decided.effective_date(),
            document_no: decided.document_no.clone(),
            decision_date: decided.delivery.date.map(|_| decided.decision_date),
            delivery: decided.delivery,
            is_withdrawal: false,
            amendments: Vec::new(),
        }
    }
}

static NOTHING_ON_FILE: File =
    File { arrival: None, proceedings: Proceedings::NONE, reopenings: Vec::new() };

impl Application {
    fn received(received: &Received) -> Self {
        let arrival = received.arrival;
        Self {
            applicant_kind: received.applicant_kind,
            receipt_date: received.receipt_date,
            channel: received.channel,
            applicant_ref: received.applicant_ref.clone(),
            conclusion: None,
            withdrawal_date: None,
            voided: None,
            file: arrival.map(|_| Box::new(File { arrival, ..File::default() })),
        }
    }

    fn file(&self) -> &File {
        self.file.as_deref().unwrap_or(&NOTHING_ON_FILE)
    }

    fn file_mut(&mut self) -> &mut File {
        self.file.get_or_insert_default()
    }

    /// How and when it reached the agency, if stated.
    #[must_use]
    pub fn arrival(&self) -> Option<ArrivalDates> {
        self.file().arrival
    }

    /// The steps of its procedure.
    #[must_use]
    pub fn proceedings(&self) -> &Proceedings {
        &self.file().proceedings
    }

    /// How often it was taken up again, in the order of recording.
    #[must_use]
    pub fn reopenings(&self) -> &[Reopened] {
        &self.file().reopenings
    }

    /// What it waits for.
    #[must_use]
    pub fn stage(&self) -> Stage {
        let proceedings = self.proceedings();
        if self.voided.is_some() {
            Stage::Voided
        } else if self.conclusion.is_some() {
            Stage::Concluded
        } else if proceedings.awaits_correction() {
            Stage::AwaitingCorrection
        } else if proceedings.awaits_payment() {
            Stage::AwaitingPayment
        } else if proceedings.awaits_opinion() {
            Stage::AwaitingOpinion
        } else if proceedings.awaits_reasons() {
            Stage::AwaitingReasons
        } else {
            Stage::Running
        }
    }

    /// The application as it stands once an entry has been put right.
    pub(super) fn corrected(mut self, correction: &EntryCorrected) -> Self {
        self.applicant_kind = correction.applicant_kind.unwrap_or(self.applicant_kind);
        self.receipt_date = correction.receipt_date.unwrap_or(self.receipt_date);
        self.channel = correction.channel.or(self.channel);
        if let Some(conclusion) = &mut self.conclusion {
            conclusion.correct(correction);
        }
        self
    }
}

impl Conclusion {
    fn amend(&mut self, step: &Proceeding) {
        if let Proceeding::DecisionAmended(amended) = step {
            let result = amended.disposition.map(|found| (amended.amendment_date, found));
            self.amendments.extend(result);
        }
    }

    /// A day of decision after the right day of conclusion cannot be right either, and goes with it.
    fn correct(&mut self, correction: &EntryCorrected) {
        if let Some(date) = correction.conclusion_date {
            self.date = date;
            self.delivery.date = self.delivery.date.map(|_| date);
            self.decision_date = self.decision_date.filter(|decided| *decided <= date);
        }
        self.disposition = correction.disposition.unwrap_or(self.disposition);
        if let Some(document_no) = &correction.document_no {
            self.document_no = document_no.clone();
        }
    }
}
