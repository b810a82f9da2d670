//! How an application stands to its deadline.

use super::{BeyondLedger, ConclusionKind, Deadline, Facts, Policy, Standing, reply_deadline};
use crate::domain::{
    LegalDate, calendar::Calendar, timeliness::Promptness, vocabulary::vocabulary,
};

vocabulary! {
    /// How an application stands to its deadline on a day.
    pub enum DeadlineState {
        /// The period runs.
        Running = "running",
        /// The due date has passed without a reply, whatever is waited for.
        Overdue = "overdue",
        /// An opinion was asked for.
        AwaitingOpinion = "awaiting_opinion",
        /// The applicant has to correct.
        AwaitingCorrection = "awaiting_correction",
        /// The applicant has to pay.
        AwaitingPayment = "awaiting_payment",
        /// Replied to by the due date, without an extension.
        InTime = "in_time",
        /// Replied to by the due date, which an extension or a postponement had moved.
        Extended = "extended",
        /// Replied to after the due date.
        Late = "late",
        /// Ended because the applicant did not correct or pay.
        Lapsed = "lapsed",
        /// Withdrawn.
        Withdrawn = "withdrawn",
    }
}

/// A deadline with how the application stands to it on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The deadline.
    pub deadline: Deadline,
    /// How the application stands to it.
    pub state: DeadlineState,
    /// How many working days are left after the day, negative when overdue; `None` when the
    /// application is concluded or has no due date.
    pub remaining: Option<i32>,
    /// How many working days a concluded application took, those not counted left out.
    pub taken: Option<u16>,
}

impl Assessment {
    /// Derives the deadline and says how the application stands to it today.
    ///
    /// # Errors
    ///
    /// When the deadline lies beyond the years that the ledger can hold.
    pub fn of(
        facts: &Facts,
        policy: Policy,
        calendar: &Calendar,
        today: LegalDate,
    ) -> Result<Self, BeyondLedger> {
        let deadline = reply_deadline(facts, policy, calendar, today)?;
        let state = match facts.conclusion {
            Some(conclusion) => match conclusion.kind {
                ConclusionKind::Replied => Promptness::of(conclusion.date, &deadline).into(),
                ConclusionKind::CorrectionLapsed | ConclusionKind::FeeLapsed => {
                    DeadlineState::Lapsed
                }
                ConclusionKind::Withdrawn => DeadlineState::Withdrawn,
            },
            None if deadline.is_overdue(today) => DeadlineState::Overdue,
            None => match deadline.standing {
                Standing::Running | Standing::Concluded => DeadlineState::Running,
                Standing::AwaitingOpinion(_) => DeadlineState::AwaitingOpinion,
                Standing::AwaitingCorrection(_) => DeadlineState::AwaitingCorrection,
                Standing::AwaitingPayment(_) => DeadlineState::AwaitingPayment,
            },
        };
        let taken = facts.conclusion.map(|end| deadline.taken(calendar, end.date));
        let remaining = if taken.is_none() { deadline.remaining(calendar, today) } else { None };
        Ok(Self { deadline, state, remaining, taken })
    }

    /// Whether the application waits for the applicant or for an opinion, overdue or not.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        match self.deadline.standing {
            Standing::AwaitingOpinion(_)
            | Standing::AwaitingCorrection(_)
            | Standing::AwaitingPayment(_) => true,
            Standing::Running | Standing::Concluded => false,
        }
    }
}

impl From<Promptness> for DeadlineState {
    fn from(promptness: Promptness) -> Self {
        match promptness {
            Promptness::InTime => Self::InTime,
            Promptness::Extended => Self::Extended,
            Promptness::Late => Self::Late,
        }
    }
}

impl Standing {
    /// The last day for what is waited for, if there is one.
    #[must_use]
    pub const fn awaited(self) -> Option<LegalDate> {
        match self {
            Self::AwaitingOpinion(by) | Self::AwaitingCorrection(by) => by,
            Self::AwaitingPayment(by) => Some(by),
            Self::Running | Self::Concluded => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Conclusion,
            script::{cases, day},
        },
        *,
    };

    const HISTORIES: &str = include_str!("../../../tests/fixtures/calendar/histories.txt");

    /// How a history, cut off from its conclusion, stands on a day; or concluded so on it.
    fn on(name: &str, today: &str, kind: Option<ConclusionKind>) -> (DeadlineState, Option<i32>) {
        let mut case =
            cases(HISTORIES).into_iter().find(|case| case.name.starts_with(name)).unwrap();
        case.facts.conclusion = kind.map(|kind| Conclusion { kind, date: day(today) });
        let found = Assessment::of(&case.facts, Policy::default(), &case.calendar, day(today));
        let found = found.unwrap();
        assert_eq!(found.taken.is_some(), kind.is_some());
        (found.state, found.remaining)
    }

    #[test]
    fn a_state_changes_on_the_day_after_the_due_date() {
        let open = |today| on("received and", today, None);
        assert_eq!(open("2025-03-03"), (DeadlineState::Running, Some(20)));
        assert_eq!(open("2025-03-31"), (DeadlineState::Running, Some(0)));
        assert_eq!(open("2025-04-01"), (DeadlineState::Overdue, Some(-1)));
    }

    #[test]
    fn a_concluded_application_is_judged_by_how_it_ended() {
        let ended = |today, kind| on("received and", today, Some(kind)).0;
        assert_eq!(ended("2025-03-31", ConclusionKind::Replied), DeadlineState::InTime);
        assert_eq!(ended("2025-04-01", ConclusionKind::Replied), DeadlineState::Late);
        assert_eq!(ended("2025-04-01", ConclusionKind::Withdrawn), DeadlineState::Withdrawn);
        assert_eq!(ended("2025-04-01", ConclusionKind::FeeLapsed), DeadlineState::Lapsed);
        assert_eq!(ended("2025-04-01", ConclusionKind::CorrectionLapsed), DeadlineState::Lapsed);
        let extended = on("corrected, then", "2025-12-08", Some(ConclusionKind::Replied));
        assert_eq!(extended, (DeadlineState::Extended, None));
    }
}
