//! The year of a report.

use std::fmt;

/// A year for which no official form exists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YearWithoutForm {
    /// Before the Regulation of 2019 and its form.
    #[error("no official form existed for {0}: the first is for the year 2019")]
    TooEarly(i32),
    /// Beyond the years the ledger holds.
    #[error("the year {0} lies beyond 2100, the last that the ledger holds")]
    TooLate(i32),
}

/// The calendar year that an annual report covers (报告年度), from 2019.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportYear(i16);

impl ReportYear {
    /// The first year with an official form.
    pub const FIRST: i16 = 2019;

    /// Takes a calendar year.
    ///
    /// # Errors
    ///
    /// When no official form exists for it.
    pub fn new(year: i32) -> Result<Self, YearWithoutForm> {
        if year < i32::from(Self::FIRST) {
            return Err(YearWithoutForm::TooEarly(year));
        }
        match i16::try_from(year) {
            Ok(year) if year <= super::LegalDate::LAST_YEAR => Ok(Self(year)),
            _ => Err(YearWithoutForm::TooLate(year)),
        }
    }

    /// The calendar year.
    #[must_use]
    pub const fn get(self) -> i16 {
        self.0
    }

    /// The report year before this one, if a form existed for it.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        Self::new(i32::from(self.0).saturating_sub(1)).ok()
    }
}

impl fmt::Display for ReportYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_begin_in_2019() {
        assert_eq!(ReportYear::new(2018), Err(YearWithoutForm::TooEarly(2018)));
        assert_eq!(ReportYear::new(2019).unwrap().previous(), None);
        assert_eq!(ReportYear::new(2021).unwrap().previous(), ReportYear::new(2020).ok());
        assert!(ReportYear::new(2101).is_err());
    }
}
