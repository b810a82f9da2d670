//! How applications are counted where the law leaves it open (统计口径).
//!
//! Neither the Regulation nor the notices on the form that could be read say on which day a result
//! is one of the year, or what becomes of it when the decision is made anew. Both are settings.

use super::{event::Event, proceeding::Proceeding, state::Application};
use crate::domain::{Disposition, LegalDate, vocabulary::vocabulary};

vocabulary! {
    /// What a decision amended or made anew (补充答复、重新作出决定) does to the result counted.
    pub enum ReworkPolicy {
        /// Nothing: the first result stands.
        KeepFirst = "keep_first",
        /// It takes the place of the first, if it is of the year in which the first counts.
        ReplaceIfSameYear = "replace_if_same_year",
    }
}

vocabulary! {
    /// The day whose year is that of a result.
    pub enum ConclusionBasis {
        /// That of posting or service (交邮之日、签收之日), where it is stated: 国办公开办函〔2016〕235号.
        Service = "service",
        /// That of the decision (作出决定之日).
        Decision = "decision",
    }
}

/// The rules of counting that are not settled in law; the default is what is recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountingPolicy {
    /// What a decision made anew does to the result.
    pub rework_policy: ReworkPolicy,
    /// Which day makes a result one of the year.
    pub conclusion_basis: ConclusionBasis,
}

impl Default for CountingPolicy {
    fn default() -> Self {
        Self { rework_policy: ReworkPolicy::KeepFirst, conclusion_basis: ConclusionBasis::Service }
    }
}

/// What a policy other than the default reads of a conclusion, beside its date and its result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConclusionDetails {
    /// The day of the decision, if it was stated apart from that of its effect.
    pub decision_date: Option<LegalDate>,
    /// The results to which it was amended or made anew, each with its day, in the order of
    /// recording.
    pub amendments: Vec<(LegalDate, Disposition)>,
}

impl CountingPolicy {
    /// When and as what an application counts that was received and concluded so.
    ///
    /// A decision dated before the receipt, which only a correction of the receipt can bring about,
    /// counts on the day of the receipt: no application is concluded before it is new.
    #[must_use]
    pub fn result(
        self,
        receipt_date: LegalDate,
        (date, disposition): (LegalDate, Disposition),
        details: &ConclusionDetails,
    ) -> (LegalDate, Disposition) {
        let date = match (self.conclusion_basis, details.decision_date) {
            (ConclusionBasis::Decision, Some(decided)) => decided.max(receipt_date),
            (ConclusionBasis::Decision, None) | (ConclusionBasis::Service, _) => date,
        };
        let of_year = |(amended, _): &&(LegalDate, Disposition)| amended.year() == date.year();
        let disposition = match self.rework_policy {
            ReworkPolicy::KeepFirst => disposition,
            ReworkPolicy::ReplaceIfSameYear => {
                // The last of two of one day.
                let last = details.amendments.iter().filter(of_year).max_by_key(|(day, _)| *day);
                last.map_or(disposition, |(_, amended)| *amended)
            }
        };
        (date, disposition)
    }

    /// When and as what an application counts; `None` if it is open or its entry void.
    #[must_use]
    pub fn result_of(self, application: &Application) -> Option<(LegalDate, Disposition)> {
        let conclusion = application.conclusion.as_ref()?;
        let result = (conclusion.date, conclusion.disposition);
        let details = ConclusionDetails {
            decision_date: conclusion.decision_date,
            amendments: conclusion.amendments.clone(),
        };
        let counts = application.voided.is_none();
        counts.then(|| self.result(application.receipt_date, result, &details))
    }
}

impl ConclusionDetails {
    /// The details after one more event of an application that is not void and was concluded before
    /// it, or was not; only what the policy reads is kept.
    #[must_use]
    pub fn evolve(mut self, policy: CountingPolicy, was_concluded: bool, event: &Event) -> Self {
        match event {
            Event::Decided(decided) if !was_concluded => {
                let by_decision = policy.conclusion_basis == ConclusionBasis::Decision;
                let apart = decided.delivery.date.filter(|_| by_decision);
                self.decision_date = apart.map(|_| decided.decision_date);
            }
            Event::Proceeding(Proceeding::DecisionAmended(amended)) if was_concluded => {
                let replaces = policy.rework_policy == ReworkPolicy::ReplaceIfSameYear;
                let amended = amended.disposition.map(|found| (amended.amendment_date, found));
                self.amendments.extend(amended.filter(|_| replaces));
            }
            Event::EntryCorrected(corrected) => {
                let within = |decided: &LegalDate| {
                    corrected.conclusion_date.is_none_or(|date| *decided <= date)
                };
                self.decision_date = self.decision_date.filter(within);
            }
            Event::Reopened(_) | Event::EntryVoided(_) => self = Self::default(),
            Event::Received(_) | Event::Decided(_) | Event::Withdrawn(_) | Event::Proceeding(_) => {
            }
        }
        self
    }

    /// Whether there is nothing beside date and result.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.decision_date.is_none() && self.amendments.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        domain::{
            Unable,
            application::{Counted, evolve},
        },
        wire::samples::any_application_event,
    };

    fn day(text: &str) -> LegalDate {
        LegalDate::new(text.parse().unwrap()).unwrap()
    }

    fn policies() -> impl Iterator<Item = CountingPolicy> {
        ReworkPolicy::ALL.iter().flat_map(|&rework_policy| {
            ConclusionBasis::ALL
                .iter()
                .map(move |&conclusion_basis| CountingPolicy { rework_policy, conclusion_basis })
        })
    }

    /// Decided on 29 December 2021, served on 5 January, granted first; then amended.
    fn result(policy: CountingPolicy, amendments: &[(&str, Disposition)]) -> (String, Disposition) {
        let amendments = amendments.iter().map(|(on, found)| (day(on), *found)).collect();
        let details = ConclusionDetails { decision_date: Some(day("2021-12-29")), amendments };
        let served = (day("2022-01-05"), Disposition::Granted);
        let (date, disposition) = policy.result(day("2021-12-01"), served, &details);
        (date.to_string(), disposition)
    }

    #[test]
    fn the_day_that_makes_a_result_one_of_the_year_is_a_setting() {
        let policy = CountingPolicy::default();
        assert_eq!(result(policy, &[]).0, "2022-01-05");
        let policy = CountingPolicy { conclusion_basis: ConclusionBasis::Decision, ..policy };
        assert_eq!(result(policy, &[]).0, "2021-12-29");
        let details =
            ConclusionDetails { decision_date: Some(day("2021-12-29")), amendments: Vec::new() };
        let served = (day("2022-01-05"), Disposition::Granted);
        let counted = policy.result(day("2022-01-03"), served, &details);
        assert_eq!(counted, (day("2022-01-03"), Disposition::Granted), "received later");
    }

    #[test]
    fn a_decision_made_anew_replaces_the_first_only_within_its_year() {
        let not_held = Disposition::Unable(Unable::NotHeld);
        let amended = [
            ("2022-03-01", not_held),
            ("2022-02-01", Disposition::Partial),
            ("2023-01-04", { Disposition::Partial }),
        ];
        let keep = CountingPolicy::default();
        let replace = CountingPolicy { rework_policy: ReworkPolicy::ReplaceIfSameYear, ..keep };
        assert_eq!(result(keep, &amended).1, Disposition::Granted);
        assert_eq!(result(replace, &amended).1, not_held, "the last of the year of service");
        let by_decision = CountingPolicy { conclusion_basis: ConclusionBasis::Decision, ..replace };
        assert_eq!(result(by_decision, &amended).1, Disposition::Granted, "none is of 2021");
    }

    proptest! {
        #[test]
        fn the_details_kept_count_as_the_whole_application_does(
            events in prop::collection::vec(any_application_event(), 0..16),
        ) {
            for policy in policies() {
                let (mut application, mut counted) = (None, None);
                let mut details = ConclusionDetails::default();
                for event in &events {
                    let before: Option<Counted> = counted;
                    application = evolve(application, event);
                    counted = Counted::evolve(counted, event);
                    if let Some(before) = before.filter(|before| !before.is_voided) {
                        details = details.evolve(policy, before.conclusion.is_some(), event);
                    }
                    let found = counted.filter(|found| !found.is_voided).and_then(|found| {
                        Some(policy.result(found.receipt_date, found.conclusion?, &details))
                    });
                    let whole = application.as_ref();
                    prop_assert_eq!(found, whole.and_then(|whole| policy.result_of(whole)));
                    if policy == CountingPolicy::default() {
                        prop_assert!(details.is_empty());
                    }
                }
            }
        }
    }
}
