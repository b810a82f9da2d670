//! Civil dates that are legal facts.

use std::fmt;

use jiff::civil::Date;

/// A date outside the years that the ledger can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the date {found} lies outside the years 2008 to 2100")]
pub struct DateOutOfRange {
    /// The date given.
    pub found: Date,
}

/// The civil date in China on which something took legal effect; from 2008, when the Regulation
/// first came into force, to 2100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegalDate(Date);

impl LegalDate {
    /// The first year that the ledger can hold.
    pub const FIRST_YEAR: i16 = 2008;
    /// The last year that the ledger can hold.
    pub const LAST_YEAR: i16 = 2100;

    /// Takes a civil date.
    ///
    /// # Errors
    ///
    /// When its year is before 2008 or after 2100.
    pub fn new(date: Date) -> Result<Self, DateOutOfRange> {
        if (Self::FIRST_YEAR..=Self::LAST_YEAR).contains(&date.year()) {
            Ok(Self(date))
        } else {
            Err(DateOutOfRange { found: date })
        }
    }

    /// The civil date.
    #[must_use]
    pub const fn date(self) -> Date {
        self.0
    }

    /// The calendar year.
    #[must_use]
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// The day so many calendar days later; `None` beyond the years that the ledger can hold.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Option<Self> {
        Self::new(self.0.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?).ok()
    }

    /// The day so many calendar months later, or the last day of that month if it is shorter
    /// (民法典 Art. 202); `None` beyond the years that the ledger can hold.
    #[must_use]
    pub fn plus_months(self, months: i32) -> Option<Self> {
        Self::new(self.0.checked_add(jiff::Span::new().try_months(months).ok()?).ok()?).ok()
    }

    /// How many calendar days later the other day is; negative if it is earlier.
    #[must_use]
    pub fn days_until(self, other: Self) -> i32 {
        other.day_number().saturating_sub(self.day_number())
    }

    /// The place of the day among those that the ledger can hold, from 0.
    #[must_use]
    pub fn day_number(self) -> i32 {
        // Of the years that can be held, every fourth is a leap year but for the last, 2100.
        let years = i32::from(self.0.year().saturating_sub(Self::FIRST_YEAR));
        let leap_days = years.saturating_add(3) / 4;
        years
            .saturating_mul(365)
            .saturating_add(leap_days)
            .saturating_add(i32::from(self.0.day_of_year()))
            .saturating_sub(1)
    }
}

impl fmt::Display for LegalDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_are_numbered_without_a_gap() {
        let mut day = LegalDate::new(date(2008, 1, 1)).unwrap();
        let first = day;
        for number in 0.. {
            assert_eq!((day.day_number(), first.days_until(day)), (number, number), "{day}");
            let Some(next) = day.plus_days(1) else { break };
            day = next;
        }
        assert_eq!(day.date(), date(2100, 12, 31));
    }

    #[test]
    fn a_month_ends_on_its_last_day() {
        let day = LegalDate::new(date(2025, 8, 31)).unwrap();
        assert_eq!(day.plus_months(6).unwrap().date(), date(2026, 2, 28));
        assert_eq!(day.plus_months(1200), None);
    }

    #[test]
    fn the_ledger_holds_2008_to_2100() {
        assert!(LegalDate::new(date(2007, 12, 31)).is_err());
        assert!(LegalDate::new(date(2008, 1, 1)).is_ok());
        assert!(LegalDate::new(date(2100, 12, 31)).is_ok());
        assert!(LegalDate::new(date(2101, 1, 1)).is_err());
    }
}
