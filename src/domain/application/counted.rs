//! What tables count of an application, folded by itself: a replay of a whole country's log keeps no
//! more than this, and copies no more.

use super::{
    event::{EntryCorrected, Event},
    state::Application,
};
use crate::domain::{ApplicantKind, Channel, Disposition, LegalDate, Other};

/// What tables and lists count of an application that has been received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The kind of the applicant.
    pub applicant_kind: ApplicantKind,
    /// The receipt date under Article 31.
    pub receipt_date: LegalDate,
    /// How it arrived, if stated.
    pub channel: Option<Channel>,
    /// When and how it ended; `None` while it is open.
    pub conclusion: Option<(LegalDate, Disposition)>,
    /// Whether it ended by withdrawal; no table asks, but timeliness does.
    pub is_withdrawal: bool,
    /// Whether the entry is void: then no table counts it.
    pub is_voided: bool,
}

impl From<&Application> for Counted {
    fn from(application: &Application) -> Self {
        let conclusion = application.conclusion.as_ref();
        Self {
            applicant_kind: application.applicant_kind,
            receipt_date: application.receipt_date,
            channel: application.channel,
            conclusion: conclusion.map(|conclusion| (conclusion.date, conclusion.disposition)),
            is_withdrawal: conclusion.is_some_and(|conclusion| conclusion.is_withdrawal),
            is_voided: application.voided.is_some(),
        }
    }
}

impl Counted {
    /// What is counted after one more event; always that of what [`super::evolve`] makes of the
    /// application.
    #[must_use]
    pub fn evolve(state: Option<Self>, event: &Event) -> Option<Self> {
        let Some(mut counted) = state else {
            let Event::Received(received) = event else { return None };
            return Some(Self {
                applicant_kind: received.applicant_kind,
                receipt_date: received.receipt_date,
                channel: received.channel,
                conclusion: None,
                is_withdrawal: false,
                is_voided: false,
            });
        };
        if counted.is_voided {
            return Some(counted);
        }
        match event {
            Event::Received(_) | Event::Proceeding(_) => {}
            Event::Decided(decided) => {
                counted.conclude(decided.effective_date(), decided.disposition);
            }
            Event::Withdrawn(withdrawn) => {
                counted.is_withdrawal |= counted.conclusion.is_none();
                counted.conclude(withdrawn.withdrawal_date, Disposition::Other(Other::Misc));
            }
            Event::EntryCorrected(corrected) => counted.correct(corrected),
            Event::Reopened(_) => (counted.conclusion, counted.is_withdrawal) = (None, false),
            Event::EntryVoided(_) => counted.is_voided = true,
        }
        Some(counted)
    }

    /// The first conclusion stands.
    fn conclude(&mut self, date: LegalDate, disposition: Disposition) {
        self.conclusion.get_or_insert((date, disposition));
    }

    fn correct(&mut self, correction: &EntryCorrected) {
        self.applicant_kind = correction.applicant_kind.unwrap_or(self.applicant_kind);
        self.receipt_date = correction.receipt_date.unwrap_or(self.receipt_date);
        self.channel = correction.channel.or(self.channel);
        if let Some((date, disposition)) = &mut self.conclusion {
            *date = correction.conclusion_date.unwrap_or(*date);
            *disposition = correction.disposition.unwrap_or(*disposition);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{domain::application::evolve, wire::samples::any_application_event};

    proptest! {
        #[test]
        fn what_is_counted_is_always_that_of_the_application(
            events in prop::collection::vec(any_application_event(), 0..12),
        ) {
            let (mut application, mut counted) = (None, None);
            for event in &events {
                application = evolve(application, event);
                counted = Counted::evolve(counted, event);
                prop_assert_eq!(counted, application.as_ref().map(Counted::from));
            }
        }
    }
}
