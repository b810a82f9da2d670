//! What an application is, given what happened to it.

use super::event::{EntryCorrected, Event};
use crate::domain::{ApplicantKind, Channel, Disposition, LegalDate, Other, ShortText};

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
}

/// The state after one more event; `None` before receipt.
///
/// Total: an event that does not fit (no history that [`super::decide`] allows has one) changes
/// nothing.
#[must_use]
pub fn evolve(state: Option<Application>, event: &Event) -> Option<Application> {
    match (state, event) {
        (None, Event::Received(received)) => Some(Application {
            applicant_kind: received.applicant_kind,
            receipt_date: received.receipt_date,
            channel: received.channel,
            applicant_ref: received.applicant_ref.clone(),
            conclusion: None,
            withdrawal_date: None,
        }),
        (None, Event::Decided(_) | Event::Withdrawn(_) | Event::EntryCorrected(_)) => None,
        (Some(application), Event::Received(_)) => Some(application),
        (Some(mut application), Event::Decided(decided)) => {
            application.conclusion.get_or_insert_with(|| Conclusion {
                disposition: decided.disposition,
                date: decided.decision_date,
                document_no: decided.document_no.clone(),
            });
            Some(application)
        }
        (Some(mut application), Event::Withdrawn(withdrawn)) => {
            let date = *application.withdrawal_date.get_or_insert(withdrawn.withdrawal_date);
            application.conclusion.get_or_insert_with(|| Conclusion {
                disposition: Disposition::Other(Other::Misc),
                date,
                document_no: ShortText::default(),
            });
            Some(application)
        }
        (Some(application), Event::EntryCorrected(corrected)) => {
            Some(application.corrected(corrected))
        }
    }
}

impl Application {
    /// The application as it stands once an entry has been put right.
    pub(super) fn corrected(mut self, correction: &EntryCorrected) -> Self {
        self.applicant_kind = correction.applicant_kind.unwrap_or(self.applicant_kind);
        self.receipt_date = correction.receipt_date.unwrap_or(self.receipt_date);
        self.channel = correction.channel.or(self.channel);
        if let Some(conclusion) = &mut self.conclusion {
            conclusion.date = correction.conclusion_date.unwrap_or(conclusion.date);
            conclusion.disposition = correction.disposition.unwrap_or(conclusion.disposition);
            if let Some(document_no) = &correction.document_no {
                conclusion.document_no = document_no.clone();
            }
        }
        self
    }
}
