//! How long replies take, in working days: counts that add up exactly, from an agency to a province.
//!
//! An average of averages is wrong and a median of medians more so; a histogram is neither. It holds
//! how many replies took 0, 1, 2, … working days, and whatever is asked of a subtree is asked of the
//! sum of its members' histograms.

use std::collections::BTreeMap;

use super::{
    LegalDate,
    calendar::Calendar,
    deadline::{Conclusion, ConclusionKind, Deadline},
    vocabulary::vocabulary,
};

vocabulary! {
    /// Whether a reply came in time.
    pub enum Promptness {
        /// By the due date, without an extension.
        InTime = "in_time",
        /// By the due date, which an extension or a postponement had moved.
        Extended = "extended",
        /// After the due date.
        Late = "late",
    }
}

/// How long one reply took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// Working days from the start of the period that counts, those not counted left out.
    pub working_days: u16,
    /// Whether it came in time.
    pub promptness: Promptness,
}

/// How long replies took: their number by working days and by promptness.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeliness {
    by_promptness: [u64; Promptness::ALL.len()],
    by_working_days: BTreeMap<u16, u64>,
}

impl Reply {
    /// What a conclusion says of timeliness, judged by the deadline and the calendar under which it
    /// was due; nothing if it is not a reply.
    #[must_use]
    pub fn of(conclusion: Conclusion, deadline: &Deadline, calendar: &Calendar) -> Option<Self> {
        (conclusion.kind == ConclusionKind::Replied).then(|| Self {
            working_days: deadline.taken(calendar, conclusion.date),
            promptness: Promptness::of(conclusion.date, deadline),
        })
    }
}

impl Promptness {
    /// Of a reply on a day.
    #[must_use]
    pub fn of(date: LegalDate, deadline: &Deadline) -> Self {
        if deadline.is_overdue(date) {
            Self::Late
        } else if deadline.extension > 0 || deadline.postponed_until.is_some() {
            Self::Extended
        } else {
            Self::InTime
        }
    }
}

impl Timeliness {
    /// Counts a reply.
    pub fn record(&mut self, reply: Reply) {
        if let Some(count) = self.by_promptness.get_mut(reply.promptness.index()) {
            *count = count.saturating_add(1);
        }
        let count = self.by_working_days.entry(reply.working_days).or_insert(0);
        *count = count.saturating_add(1);
    }

    /// Takes back a reply that was counted, when a decision is amended or an entry put right.
    pub fn retract(&mut self, reply: Reply) {
        if let Some(count) = self.by_promptness.get_mut(reply.promptness.index()) {
            *count = count.saturating_sub(1);
        }
        if let Some(count) = self.by_working_days.get_mut(&reply.working_days) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_working_days.remove(&reply.working_days);
            }
        }
    }

    /// Adds what others took; in whatever order, the sum is the same.
    pub fn add(&mut self, other: &Self) {
        for (sum, count) in self.by_promptness.iter_mut().zip(other.by_promptness) {
            *sum = sum.saturating_add(count);
        }
        for (working_days, count) in &other.by_working_days {
            let sum = self.by_working_days.entry(*working_days).or_insert(0);
            *sum = sum.saturating_add(*count);
        }
    }

    /// How many replies there are.
    #[must_use]
    pub fn replies(&self) -> u64 {
        self.by_promptness.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// How many of them were so prompt.
    #[must_use]
    pub fn count(&self, promptness: Promptness) -> u64 {
        self.by_promptness.get(promptness.index()).copied().unwrap_or(0)
    }

    /// How many replies took so many working days, in the order of the days.
    pub fn by_working_days(&self) -> impl Iterator<Item = (u16, u64)> {
        self.by_working_days.iter().map(|(days, count)| (*days, *count))
    }

    /// The least number of working days within which at least so many in a hundred replies came
    /// (nearest rank); `None` without replies.
    #[must_use]
    pub fn percentile(&self, percent: u8) -> Option<u16> {
        let replies = u128::from(self.replies());
        let rank = replies.saturating_mul(u128::from(percent.min(100))).div_ceil(100).max(1);
        let mut within = 0_u128;
        self.by_working_days().find_map(|(days, count)| {
            within = within.saturating_add(u128::from(count));
            (within >= rank).then_some(days)
        })
    }

    /// The median: half of the replies took no longer (nearest rank, so always a number of days
    /// that a reply took).
    #[must_use]
    pub fn median(&self) -> Option<u16> {
        self.percentile(50)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::deadline::script::cases;

    const HISTORIES: &str = include_str!("../../tests/fixtures/calendar/histories.txt");

    fn timeliness(replies: &[Reply]) -> Timeliness {
        let mut timeliness = Timeliness::default();
        for reply in replies {
            timeliness.record(*reply);
        }
        timeliness
    }

    fn in_time(working_days: u16) -> Reply {
        Reply { working_days, promptness: Promptness::InTime }
    }

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        let timeliness = timeliness(&[3, 20, 5, 5, 18, 1, 20, 7, 40, 9].map(in_time));
        let at = |percent| timeliness.percentile(percent).unwrap();
        // In order: 1 3 5 5 7 9 18 20 20 40.
        assert_eq!(
            [0, 10, 11, 40, 50, 51, 90, 91, 100, 255].map(at),
            [1, 1, 3, 5, 7, 9, 20, 40, 40, 40]
        );
        assert_eq!(timeliness.median(), Some(7));
        assert_eq!(Timeliness::default().median(), None);
        assert_eq!(timeliness.by_working_days().map(|(_, count)| count).sum::<u64>(), 10);
    }

    #[test]
    fn a_reply_is_judged_by_its_due_date() {
        let judged = |name: &str, replied: &str| {
            let mut case =
                cases(HISTORIES).into_iter().find(|case| case.name.starts_with(name)).unwrap();
            let date = crate::domain::deadline::script::day(replied);
            let conclusion = Conclusion { kind: ConclusionKind::Replied, date };
            case.facts.conclusion = Some(conclusion);
            let reply = Reply::of(conclusion, &case.deadline(), &case.calendar).unwrap();
            (reply.promptness, reply.working_days)
        };
        assert_eq!(judged("received and", "2025-03-31"), (Promptness::InTime, 20));
        assert_eq!(judged("received and", "2025-04-01"), (Promptness::Late, 21));
        assert_eq!(judged("received and", "2025-03-03"), (Promptness::InTime, 0));
        assert_eq!(judged("a third party asked", "2025-04-17"), (Promptness::InTime, 20));
        assert_eq!(judged("a third party asked", "2025-04-18"), (Promptness::Late, 21));
        assert_eq!(judged("corrected, then", "2025-12-08"), (Promptness::Extended, 40));
        assert_eq!(judged("corrected, then", "2025-12-09"), (Promptness::Late, 41));
        assert_eq!(judged("put off under", "2025-06-30").0, Promptness::Extended);
    }

    #[test]
    fn a_withdrawal_is_no_reply() {
        let case = cases(HISTORIES).into_iter().find(|case| case.name.starts_with("withdrawn"));
        let case = case.unwrap();
        let conclusion = case.facts.conclusion.unwrap();
        assert_eq!(Reply::of(conclusion, &case.deadline(), &case.calendar), None);
    }

    fn reply() -> impl Strategy<Value = Reply> {
        (0..60_u16, 0..Promptness::ALL.len()).prop_map(|(working_days, promptness)| Reply {
            working_days,
            promptness: Promptness::ALL[promptness],
        })
    }

    proptest! {
        #[test]
        fn the_sum_of_the_parts_is_the_whole(
            replies in proptest::collection::vec(reply(), 0..200),
            cuts in (0..200_usize, 0..200_usize),
        ) {
            let mut cuts = [cuts.0.min(replies.len()), cuts.1.min(replies.len())];
            cuts.sort_unstable();
            let parts = [&replies[..cuts[0]], &replies[cuts[0]..cuts[1]], &replies[cuts[1]..]];
            let mut sum = Timeliness::default();
            for part in parts.into_iter().rev() {
                sum.add(&timeliness(part));
            }
            let whole = timeliness(&replies);
            prop_assert_eq!(&sum, &whole);
            prop_assert_eq!(whole.replies(), replies.len() as u64);
            let mut days: Vec<_> = replies.iter().map(|reply| reply.working_days).collect();
            days.sort_unstable();
            for percent in [1_u8, 50, 90, 100] {
                let rank = (days.len() * usize::from(percent)).div_ceil(100).max(1);
                prop_assert_eq!(whole.percentile(percent), days.get(rank - 1).copied());
            }
            for reply in &replies[cuts[0]..] {
                sum.retract(*reply);
            }
            prop_assert_eq!(sum, timeliness(&replies[..cuts[0]]));
        }
    }
}
