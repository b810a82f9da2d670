//! Civil dates on the wire.

use jiff::civil::Date;

use super::pb::event::v1::CivilDate;
use crate::domain::{DateOutOfRange, LegalDate};

/// A date on the wire that is none, or none that the ledger holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDate {
    /// No such day in the calendar.
    #[error("there is no date {year:04}-{month:02}-{day:02}")]
    NoSuchDay {
        /// The year given.
        year: i32,
        /// The month given.
        month: i32,
        /// The day given.
        day: i32,
    },
    /// A real date outside the years that the ledger holds.
    #[error(transparent)]
    OutOfRange(#[from] DateOutOfRange),
}

/// Takes a complete date within the years that the ledger holds.
///
/// # Errors
///
/// When there is no such day, or it lies outside 2008 to 2100.
pub fn legal_date(date: CivilDate) -> Result<LegalDate, InvalidDate> {
    let CivilDate { year, month, day } = date;
    let found = match (i16::try_from(year), i8::try_from(month), i8::try_from(day)) {
        (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).ok(),
        _ => None,
    };
    let found = found.ok_or(InvalidDate::NoSuchDay { year, month, day })?;
    Ok(LegalDate::new(found)?)
}

/// A date as the wire carries it.
#[must_use]
pub fn civil_date(date: Date) -> CivilDate {
    CivilDate { year: date.year().into(), month: date.month().into(), day: date.day().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_dates_of_the_calendar_are_taken() {
        let read = |year, month, day| legal_date(CivilDate { year, month, day });
        assert_eq!(read(2020, 2, 29).unwrap().to_string(), "2020-02-29");
        for (year, month, day) in
            [(2020, 2, 30), (2019, 2, 29), (2020, 0, 1), (2020, 1, 0), (65_556, 1, 1)]
        {
            assert!(
                matches!(read(year, month, day), Err(InvalidDate::NoSuchDay { .. })),
                "{year}-{month}-{day}"
            );
        }
        for year in [2007, 0] {
            assert!(matches!(read(year, 12, 31), Err(InvalidDate::OutOfRange(_))), "{year}");
        }
    }
}
