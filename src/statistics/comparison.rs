//! Agencies beside one another: a few figures of each, and which of them lie far from the others.
//!
//! Everything is in whole numbers: shares in thousandths, and distances from the median as multiples
//! of the median distance, without a division.

use super::{Tables, table::CellRef};
use crate::domain::{
    timeliness::{Promptness, Timeliness},
    vocabulary::vocabulary,
};

/// How many times the median distance from the median (median absolute deviation) a figure may lie
/// from it before it stands out. A policy, not a rule of law; 5 is about the 3.5 modified z-scores
/// that are customary.
pub const OUTLIER_DEVIATIONS: i64 = 5;

/// Of how many agencies a figure must be known before any can stand out.
pub const OUTLIER_AGENCIES: usize = 5;

vocabulary! {
    /// A figure by which agencies are compared.
    pub enum Measure {
        /// Applications received in the year.
        NewReceived = "new_received",
        /// Applications concluded in the year.
        Concluded = "concluded",
        /// Of the concluded, those granted or granted in part, in thousandths.
        GrantedPermille = "granted_permille",
        /// Of the replies, those after the due date, in thousandths.
        LatePermille = "late_permille",
        /// The median of the working days that replies took.
        MedianWorkingDays = "median_working_days",
        /// By how much more was received than in the year before, in thousandths of that.
        ChangePermille = "change_permille",
    }
}

impl Measure {
    /// The least distance that is taken for the usual one: what cannot be told apart by chance.
    const fn grain(self) -> i64 {
        match self {
            Self::NewReceived | Self::Concluded | Self::MedianWorkingDays => 1,
            Self::GrantedPermille | Self::LatePermille => 10,
            Self::ChangePermille => 50,
        }
    }
}

/// What agencies are compared by: one of them, or one with all below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compared {
    /// Applications received in the year.
    pub new_received: i64,
    /// Applications concluded in the year.
    pub concluded: i64,
    /// Applications received in the year before.
    pub previous_received: i64,
    /// Applications granted or granted in part in the year.
    pub granted: i64,
    /// Replies of the year.
    pub replies: i64,
    /// Replies after the due date.
    pub late: i64,
    /// The median of the working days that replies took; `None` without replies.
    pub median_working_days: Option<i64>,
}

/// A figure that lies far from those of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlier {
    /// Which of those compared.
    pub place: usize,
    /// Which figure.
    pub measure: Measure,
    /// The figure.
    pub value: i64,
    /// The median of the figures, the lower one of two.
    pub median: i64,
}

impl Compared {
    /// Reads off the tables of a year and of the year before what is compared.
    #[must_use]
    pub fn new(tables: &Tables, previous: Option<&Tables>, taken: &Timeliness) -> Self {
        let total = |tables: &Tables, row: &str| {
            let cell: Option<CellRef> = tables.form().find_application(row, "total");
            cell.and_then(|cell| tables.get(cell)).unwrap_or(0)
        };
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Self {
            new_received: total(tables, "new_received"),
            concluded: total(tables, "result_total"),
            previous_received: previous.map_or(0, |tables| total(tables, "new_received")),
            granted: total(tables, "granted").saturating_add(total(tables, "partial")),
            replies: count(taken.replies()),
            late: count(taken.count(Promptness::Late)),
            median_working_days: taken.median().map(i64::from),
        }
    }

    /// A figure; `None` where there is nothing to take a share of, or no reply.
    #[must_use]
    pub fn figure(&self, measure: Measure) -> Option<i64> {
        match measure {
            Measure::NewReceived => Some(self.new_received),
            Measure::Concluded => Some(self.concluded),
            Measure::GrantedPermille => permille(self.granted, self.concluded),
            Measure::LatePermille => permille(self.late, self.replies),
            Measure::MedianWorkingDays => self.median_working_days,
            Measure::ChangePermille => {
                let more = self.new_received.saturating_sub(self.previous_received);
                permille(more, self.previous_received)
            }
        }
    }
}

/// A share in thousandths, rounded to the nearest, halves away from zero.
fn permille(part: i64, whole: i64) -> Option<i64> {
    let (part, whole) = (i128::from(part), i128::from(whole));
    if whole <= 0 {
        return None;
    }
    let scaled = part.saturating_mul(2000).saturating_add(whole.saturating_mul(part.signum()));
    i64::try_from(scaled.checked_div(whole.saturating_mul(2))?).ok()
}

/// The figures that lie more than [`OUTLIER_DEVIATIONS`] times the median distance from their median,
/// in the order of the measures, then of those compared.
#[must_use]
pub fn outliers(compared: &[Compared]) -> Vec<Outlier> {
    Measure::ALL.iter().flat_map(|&measure| outliers_by(compared, measure)).collect()
}

fn outliers_by(compared: &[Compared], measure: Measure) -> Vec<Outlier> {
    let figures: Vec<(usize, i64)> = compared
        .iter()
        .enumerate()
        .filter_map(|(place, each)| Some((place, each.figure(measure)?)))
        .collect();
    if figures.len() < OUTLIER_AGENCIES {
        return Vec::new();
    }
    let mut values: Vec<i128> = figures.iter().map(|(_, value)| i128::from(*value)).collect();
    let (median, twice_median) = middle(&mut values);
    // Twice the distance from the median, so that a median between two figures stays whole.
    let distance = |value: i64| {
        i128::from(value).saturating_mul(2).saturating_sub(twice_median).saturating_abs()
    };
    let mut distances: Vec<i128> = figures.iter().map(|(_, value)| distance(*value)).collect();
    let (_, four_deviations) = middle(&mut distances);
    let four_deviations = four_deviations.max(i128::from(measure.grain()).saturating_mul(4));
    let limit = four_deviations.saturating_mul(i128::from(OUTLIER_DEVIATIONS));
    let median = i64::try_from(median).unwrap_or(i64::MAX);
    figures
        .into_iter()
        .filter(|(_, value)| distance(*value).saturating_mul(2) > limit)
        .map(|(place, value)| Outlier { place, measure, value, median })
        .collect()
}

/// The lower middle one of some values, and the sum of both middle ones: twice the median.
fn middle(values: &mut [i128]) -> (i128, i128) {
    values.sort_unstable();
    let upper = values.get(values.len() / 2).copied().unwrap_or(0);
    let lower = values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0);
    (lower, lower.saturating_add(upper))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn received(numbers: &[i64]) -> Vec<Compared> {
        let of = |&new_received: &i64| Compared { new_received, ..Compared::default() };
        numbers.iter().map(of).collect()
    }

    fn places(numbers: &[i64]) -> Vec<usize> {
        outliers_by(&received(numbers), Measure::NewReceived).iter().map(|o| o.place).collect()
    }

    #[test]
    fn what_lies_far_from_the_others_stands_out() {
        // Median 12, median distance 1: more than 5 away is far.
        assert_eq!(places(&[10, 11, 12, 13, 17]), [0; 0]);
        assert_eq!(places(&[10, 11, 12, 13, 18]), [4]);
        assert_eq!(places(&[6, 11, 12, 13, 18, 12]), [0, 4]);
        assert_eq!(places(&[10, 11, 12, 900]), [0; 0], "four are too few to tell");
        // All alike but one: one more or less is nothing to speak of, six are.
        assert_eq!(places(&[7, 7, 7, 7, 7, 12]), [0; 0]);
        assert_eq!(places(&[7, 7, 7, 7, 7, 13]), [5]);
        let found = outliers_by(&received(&[10, 11, 12, 13, 18]), Measure::NewReceived);
        assert_eq!((found[0].value, found[0].median), (18, 12));
    }

    #[test]
    fn shares_are_rounded_and_blank_where_there_is_nothing_to_share() {
        assert_eq!(permille(1, 3), Some(333));
        assert_eq!(permille(2, 3), Some(667));
        assert_eq!(permille(1, 2000), Some(1), "a half is rounded up");
        assert_eq!(permille(-1, 2000), Some(-1), "and away from zero");
        assert_eq!(permille(0, 7), Some(0));
        assert_eq!(permille(7, 0), None);
        let compared = Compared { new_received: 6, previous_received: 4, ..Compared::default() };
        assert_eq!(compared.figure(Measure::ChangePermille), Some(500));
        assert_eq!(compared.figure(Measure::GrantedPermille), None);
        assert_eq!(compared.figure(Measure::MedianWorkingDays), None);
    }

    proptest! {
        #[test]
        fn the_order_of_those_compared_and_a_shift_of_all_change_nothing(
            numbers in prop::collection::vec(0_i64..200, 0..30),
            shift in 0_i64..1000,
        ) {
            let found: Vec<i64> = places(&numbers).iter().map(|&place| numbers[place]).collect();
            let shifted: Vec<i64> = numbers.iter().map(|number| number + shift).collect();
            prop_assert_eq!(places(&shifted), places(&numbers));
            let backwards: Vec<i64> = numbers.iter().rev().copied().collect();
            let mut again: Vec<i64> =
                places(&backwards).iter().map(|&place| backwards[place]).collect();
            again.reverse();
            prop_assert_eq!(again, found.clone());
            // Never the middle half: at most half of all lie beyond the median distance.
            prop_assert!(found.len() * 2 <= numbers.len());
        }
    }
}
