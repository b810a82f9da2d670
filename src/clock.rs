//! The one door to time: now, and today's civil date in China Standard Time.
//!
//! Nothing else in the crate reads the wall clock. Order never comes from it: the log's positions
//! order events, and times only annotate them.

use std::sync::Mutex;

use jiff::{
    Timestamp,
    civil::Date,
    tz::{self, TimeZone},
};

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// Today's civil date in China Standard Time (UTC+8, no summer time since 1991).
    fn today(&self) -> Date {
        civil_date(self.now())
    }
}

/// The civil date of an instant in China Standard Time.
#[must_use]
pub fn civil_date(instant: Timestamp) -> Date {
    TimeZone::fixed(tz::offset(8)).to_datetime(instant).date()
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the door the others go through")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until it is moved; for tests.
#[derive(Debug)]
pub struct FixedClock(Mutex<Timestamp>);

impl FixedClock {
    /// A clock that shows `instant`.
    #[must_use]
    pub fn new(instant: Timestamp) -> Self {
        Self(Mutex::new(instant))
    }

    /// Moves the clock to `instant`, forwards or backwards.
    pub fn set(&self, instant: Timestamp) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = instant;
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_china() {
        let date = |text: &str| civil_date(text.parse().unwrap()).to_string();
        assert_eq!(date("2020-12-31T15:59:59Z"), "2020-12-31");
        assert_eq!(date("2020-12-31T16:00:00Z"), "2021-01-01");
    }

    #[test]
    fn a_fixed_clock_shows_what_it_was_set_to() {
        let clock = FixedClock::new("2021-03-01T00:00:00Z".parse().unwrap());
        assert_eq!(clock.today().to_string(), "2021-03-01");
        clock.set("2021-03-01T16:00:00Z".parse().unwrap());
        assert_eq!(clock.today().to_string(), "2021-03-02");
    }
}
