//! The one door to time: now, and today's civil date in China Standard Time.
//!
//! Nothing else in the crate reads the wall clock. Order never comes from it: the log's positions
//! order events, and times only annotate them.

use std::{future::Future, pin::Pin, time::Duration};

use jiff::{
    Timestamp,
    civil::Date,
    tz::{self, TimeZone},
};
use tokio::sync::watch;

/// For how long a wait for another day sleeps at most: so late it can be when a clock was put right.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// Today's civil date in China Standard Time (UTC+8, no summer time since 1991).
    fn today(&self) -> Date {
        civil_date(self.now())
    }

    /// Completes once today is another day than the one given, with the day that it is.
    fn next_day(&self, day: Date) -> NextDay<'_> {
        Box::pin(async move {
            loop {
                let now = self.now();
                let today = civil_date(now);
                if today != day {
                    return today;
                }
                tokio::time::sleep(until_midnight(now).min(LONGEST_SLEEP)).await;
            }
        })
    }
}

/// A wait for another day.
pub type NextDay<'a> = Pin<Box<dyn Future<Output = Date> + Send + 'a>>;

/// How long it is until the next day begins in China, and a little.
fn until_midnight(now: Timestamp) -> Duration {
    const DAY: i64 = 24 * 60 * 60;
    let since = now.as_second().saturating_add(8 * 60 * 60).rem_euclid(DAY);
    Duration::from_secs(DAY.saturating_sub(since).unsigned_abs())
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
pub struct FixedClock(watch::Sender<Timestamp>);

impl FixedClock {
    /// A clock that shows `instant`.
    #[must_use]
    pub fn new(instant: Timestamp) -> Self {
        Self(watch::Sender::new(instant))
    }

    /// Moves the clock to `instant`, forwards or backwards.
    pub fn set(&self, instant: Timestamp) {
        self.0.send_replace(instant);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    fn next_day(&self, day: Date) -> NextDay<'_> {
        Box::pin(async move {
            let mut moved = self.0.subscribe();
            let moved = moved.wait_for(|now| civil_date(*now) != day).await;
            moved.map_or_else(|_| self.today(), |now| civil_date(*now))
        })
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
    fn midnight_is_as_far_as_the_clock_says() {
        let until = |text: &str| until_midnight(text.parse().unwrap()).as_secs();
        assert_eq!(until("2020-12-31T15:59:59Z"), 1);
        assert_eq!(until("2020-12-31T16:00:00Z"), 86_400);
        assert_eq!(until("1969-12-31T15:59:00Z"), 60);
    }

    #[tokio::test]
    async fn another_day_is_waited_for() {
        let day = jiff::civil::date(2021, 3, 1);
        let clock = FixedClock::new("2021-03-01T15:59:59Z".parse().unwrap());
        let mut waiting = clock.next_day(day);
        assert!(
            std::future::poll_fn(|cx| std::task::Poll::Ready(
                waiting.as_mut().poll(cx).is_pending()
            ))
            .await
        );
        clock.set("2021-03-01T16:00:00Z".parse().unwrap());
        assert_eq!(waiting.await.to_string(), "2021-03-02");
        assert_ne!(SystemClock.next_day(day).await, day);
    }

    #[test]
    fn a_fixed_clock_shows_what_it_was_set_to() {
        let clock = FixedClock::new("2021-03-01T00:00:00Z".parse().unwrap());
        assert_eq!(clock.today().to_string(), "2021-03-01");
        clock.set("2021-03-01T16:00:00Z".parse().unwrap());
        assert_eq!(clock.today().to_string(), "2021-03-02");
    }
}
