//! Coverage of a roll-up: which agencies reported a year, and which did not.

use super::{catalogue::form_for, fold::Tally};
use crate::domain::{
    ReportYear,
    narrative::{Section, Sections},
    proactive::Figures,
    vocabulary::vocabulary,
};

vocabulary! {
    /// How far an agency's report of a year has come.
    pub enum Reporting {
        /// Figures and sections are complete (已报送).
        Reported = "reported",
        /// The same, and every figure is zero (零报告): required, and normal.
        Nil = "nil",
        /// Something is recorded, but figures or sections are missing (未报全).
        Incomplete = "incomplete",
        /// Nothing is recorded (未报送).
        Missing = "missing",
    }
}

/// How many agencies reported a year, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coverage([u64; Reporting::ALL.len()]);

impl Reporting {
    /// Judges what an agency has for a year: its counts, its declared figures, its sections.
    #[must_use]
    pub fn of(
        year: ReportYear,
        tally: &Tally,
        figures: Option<&Figures>,
        sections: Option<&Sections>,
    ) -> Self {
        let has_sections = sections.is_some_and(|sections| !sections.is_empty());
        let has_figures = figures.is_some_and(|figures| !figures.is_empty());
        let is_nil = tally.is_nil_in(year.get());
        let value = |key: &str| figures.and_then(|figures| figures.get(key)).copied();
        let mut cells = form_for(year).proactive_cells();
        let is_written =
            Section::ALL.iter().all(|part| sections.is_some_and(|all| all.contains_key(part)));
        if !has_sections && !has_figures && is_nil {
            Self::Missing
        } else if !is_written || cells.any(|cell| value(cell.key).is_none()) {
            Self::Incomplete
        } else if is_nil && figures.is_some_and(|all| all.values().all(|value| *value == 0)) {
            Self::Nil
        } else {
            Self::Reported
        }
    }
}

impl Coverage {
    /// Counts an agency.
    pub fn record(&mut self, reporting: Reporting) {
        if let Some(count) = self.0.get_mut(reporting.index()) {
            *count = count.saturating_add(1);
        }
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum = sum.saturating_add(more);
        }
    }

    /// How many reported so.
    #[must_use]
    pub fn count(&self, reporting: Reporting) -> u64 {
        self.0.get(reporting.index()).copied().unwrap_or(0)
    }

    /// How many agencies there are.
    #[must_use]
    pub fn agencies(&self) -> u64 {
        self.0.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{ApplicantKind, LegalDate, LongText},
        statistics::ApplicationFact,
    };

    #[test]
    fn a_report_of_zeros_is_one_and_nothing_is_none() {
        let year = ReportYear::new(2021).unwrap();
        let zeros = |value| -> Figures {
            form_for(year).proactive_cells().map(|cell| (cell.key.to_owned(), value)).collect()
        };
        let text = LongText::parse("无").unwrap();
        let written: Sections = Section::ALL.iter().map(|part| (*part, text.clone())).collect();
        let mut open = Tally::default();
        open.replace_application(
            None,
            Some(&ApplicationFact {
                kind: ApplicantKind::OtherOrg,
                receipt_date: LegalDate::new(jiff::civil::date(2020, 3, 4)).unwrap(),
                conclusion: None,
            }),
        );
        let nothing = Tally::default();
        let one: Figures = zeros(0).into_iter().take(1).collect();
        let of = |tally, figures: &Figures, sections: &Sections| {
            Reporting::of(year, tally, Some(figures), Some(sections))
        };
        assert_eq!(Reporting::of(year, &nothing, None, None), Reporting::Missing);
        assert_eq!(of(&nothing, &Figures::new(), &Sections::new()), Reporting::Missing);
        assert_eq!(Reporting::of(year, &open, None, None), Reporting::Incomplete, "carried in");
        assert_eq!(of(&nothing, &one, &written), Reporting::Incomplete);
        assert_eq!(of(&nothing, &zeros(0), &Sections::new()), Reporting::Incomplete);
        assert_eq!(of(&nothing, &zeros(0), &written), Reporting::Nil);
        assert_eq!(of(&nothing, &zeros(1), &written), Reporting::Reported);
        assert_eq!(of(&open, &zeros(0), &written), Reporting::Reported);
        let mut coverage = Coverage::default();
        for each in [Reporting::Nil, Reporting::Nil, Reporting::Missing] {
            coverage.record(each);
        }
        let mut sum = coverage;
        sum.add(&coverage);
        assert_eq!((sum.count(Reporting::Nil), sum.agencies()), (4, 6));
    }
}
