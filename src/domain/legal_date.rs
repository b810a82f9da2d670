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
    fn the_ledger_holds_2008_to_2100() {
        assert!(LegalDate::new(date(2007, 12, 31)).is_err());
        assert!(LegalDate::new(date(2008, 1, 1)).is_ok());
        assert!(LegalDate::new(date(2100, 12, 31)).is_ok());
        assert!(LegalDate::new(date(2101, 1, 1)).is_err());
    }
}
