//! Working days (工作日): the calendar in force as a fold over the notices that fix it.
//!
//! ```text
//!  notice, notice, … ──record──▶ Notices ──as_known_on(day)──▶ Notices
//!                                   └──calendar() · calendar_of(lineage)──▶ Calendar
//! ```
//!
//! A day is worked if it is Monday to Friday, unless a notice says otherwise; what a later notice
//! says supersedes what an earlier one said, and what is said for a part of the country supersedes
//! there what is said for the whole. A calendar answers every question in constant time, whatever
//! the number of notices, and knows up to which day its answers are settled.

mod notice;
mod record;
mod text;

use std::collections::BTreeMap;

use jiff::civil::Weekday;

pub use notice::{Arrangement, DateRange, InvalidNotice, Notice, Notices, Novelty, Scope};
pub use record::{RecordNotice, Rejection, decide, evolve};
pub use text::{MalformedNotices, parse_notices};

use super::{LegalDate, ShortText};

/// The notices for 2019 to 2026, as text.
const BUILT_IN: &str = include_str!("notices.txt");

/// How many days the ledger can hold, from 2008 to 2100.
const DAYS: usize = 33_968;

/// The working days in force, made of notices.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// In the order of precedence: what stands later prevails.
    notices: Vec<Notice>,
    rulings: BTreeMap<LegalDate, Ruling>,
    settled: Option<DateRange>,
    /// By day number: how many days are worked up to and including this one.
    worked: Vec<u16>,
    /// Every working day, in order.
    working_days: Vec<LegalDate>,
}

/// Which arrangement of which notice decides about a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ruling {
    notice: usize,
    arrangement: usize,
    is_worked: bool,
}

/// Why a day is worked or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground<'a> {
    /// It is Monday to Friday, and no notice speaks of it.
    Weekday,
    /// It is Saturday or Sunday, and no notice speaks of it.
    Weekend,
    /// A notice says so.
    Notice {
        /// The notice.
        notice: &'a Notice,
        /// The occasion under which it does: 春节.
        occasion: &'a ShortText,
    },
}

/// A day that is not worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayOff {
    /// The day.
    pub date: LegalDate,
    /// The notice that made it so; `None` for an ordinary weekend.
    pub by: Option<NoticeOccasion>,
}

/// A notice named by its number, and the occasion under which it speaks of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeOccasion {
    /// The notice's number (文号).
    pub number: ShortText,
    /// The occasion: 春节.
    pub occasion: ShortText,
}

impl Calendar {
    /// The calendar that these notices make, in the order of precedence.
    fn of(notices: Vec<Notice>) -> Self {
        let rulings = rulings(&notices);
        let settled = settled(&notices);
        let mut calendar = Self {
            notices,
            rulings,
            settled,
            worked: Vec::with_capacity(DAYS),
            working_days: Vec::with_capacity(DAYS),
        };
        calendar.count();
        calendar
    }

    fn count(&mut self) {
        let mut rulings = self.rulings.iter().peekable();
        let mut next = LegalDate::new(jiff::civil::date(LegalDate::FIRST_YEAR, 1, 1)).ok();
        let mut worked = 0_u16;
        while let Some(day) = next {
            let ruling = rulings.next_if(|(ruled, _)| **ruled == day);
            if ruling.map_or_else(|| !is_weekend(day), |(_, ruling)| ruling.is_worked) {
                worked = worked.saturating_add(1);
                self.working_days.push(day);
            }
            self.worked.push(worked);
            next = day.plus_days(1);
        }
    }

    /// Whether a day is worked.
    #[must_use]
    pub fn is_working_day(&self, day: LegalDate) -> bool {
        self.rulings.get(&day).map_or_else(|| !is_weekend(day), |ruling| ruling.is_worked)
    }

    /// Why a day is worked or not.
    #[must_use]
    pub fn ground(&self, day: LegalDate) -> Ground<'_> {
        let ruled = self.rulings.get(&day).and_then(|ruling| {
            let notice = self.notices.get(ruling.notice)?;
            let occasion = &notice.arrangements.get(ruling.arrangement)?.occasion;
            Some(Ground::Notice { notice, occasion })
        });
        let otherwise = if is_weekend(day) { Ground::Weekend } else { Ground::Weekday };
        ruled.unwrap_or(otherwise)
    }

    /// The n-th working day strictly after a day, which itself is not counted (民法典 Art. 201:
    /// 开始的当日不计入); for 0 the day itself. `None` if it lies beyond the years that the ledger
    /// can hold.
    #[must_use]
    pub fn add_working_days(&self, day: LegalDate, n: u16) -> Option<LegalDate> {
        match n.checked_sub(1) {
            None => Some(day),
            Some(before) => {
                let index = usize::from(self.worked_until(day)).checked_add(usize::from(before))?;
                self.working_days.get(index).copied()
            }
        }
    }

    /// How many days are worked after the first day up to and including the last; negative, by the
    /// same count, if the last comes before the first.
    #[must_use]
    pub fn working_days_between(&self, first: LegalDate, last: LegalDate) -> i32 {
        i32::from(self.worked_until(last)).saturating_sub(i32::from(self.worked_until(first)))
    }

    /// The day itself if it is worked, else the next working day (民法典 Art. 203). `None` beyond
    /// the years that the ledger can hold.
    #[must_use]
    pub fn on_or_after(&self, day: LegalDate) -> Option<LegalDate> {
        if self.is_working_day(day) { Some(day) } else { self.add_working_days(day, 1) }
    }

    /// The days that are not worked after the first day up to and including the last, each with
    /// the notice that made it so.
    #[must_use]
    pub fn days_off(&self, first: LegalDate, last: LegalDate) -> Vec<DayOff> {
        let Some(first) = first.plus_days(1) else { return Vec::new() };
        DateRange { first, last }
            .days()
            .filter(|day| !self.is_working_day(*day))
            .map(|date| DayOff { date, by: self.named(date) })
            .collect()
    }

    /// The weekend days that are worked after the first day up to and including the last, each
    /// with the notice that made it so.
    #[must_use]
    pub fn weekends_worked(
        &self,
        first: LegalDate,
        last: LegalDate,
    ) -> Vec<(LegalDate, NoticeOccasion)> {
        self.rulings
            .range(first..)
            .map(|(day, _)| *day)
            .skip_while(|day| *day <= first)
            .take_while(|day| *day <= last)
            .filter(|day| is_weekend(*day) && self.is_working_day(*day))
            .filter_map(|day| Some((day, self.named(day)?)))
            .collect()
    }

    /// The days on which the notices leave nothing open; `None` if there is no annual notice.
    #[must_use]
    pub const fn settled(&self) -> Option<DateRange> {
        self.settled
    }

    /// The last day on which the notices leave nothing open: an answer beyond it is provisional.
    #[must_use]
    pub fn covered_until(&self) -> Option<LegalDate> {
        self.settled.map(|settled| settled.last)
    }

    /// Whether the notices leave nothing open from a day to another.
    #[must_use]
    pub fn is_settled(&self, first: LegalDate, last: LegalDate) -> bool {
        self.settled.is_some_and(|settled| settled.contains(first) && settled.contains(last))
    }

    /// The notices that make the calendar, in the order of precedence: what stands later prevails.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    fn worked_until(&self, day: LegalDate) -> u16 {
        let number = usize::try_from(day.day_number()).unwrap_or(0);
        self.worked.get(number).copied().unwrap_or(u16::MAX)
    }

    fn named(&self, day: LegalDate) -> Option<NoticeOccasion> {
        match self.ground(day) {
            Ground::Weekday | Ground::Weekend => None,
            Ground::Notice { notice, occasion } => {
                Some(NoticeOccasion { number: notice.number.clone(), occasion: occasion.clone() })
            }
        }
    }
}

/// The same notices in the same order of precedence make the same calendar.
impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        self.notices == other.notices
    }
}

impl Eq for Calendar {}

fn is_weekend(day: LegalDate) -> bool {
    matches!(day.date().weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn rulings(notices: &[Notice]) -> BTreeMap<LegalDate, Ruling> {
    let mut rulings = BTreeMap::new();
    for (notice, said) in notices.iter().enumerate() {
        for (arrangement, said) in said.arrangements.iter().enumerate() {
            let off = said.days_off.iter().flat_map(|range| range.days()).map(|day| (day, false));
            let worked = said.days_worked.iter().map(|day| (*day, true));
            for (day, is_worked) in off.chain(worked) {
                rulings.insert(day, Ruling { notice, arrangement, is_worked });
            }
        }
    }
    rulings
}

/// The stretch settled without a gap, from the first day that any notice settles.
fn settled(notices: &[Notice]) -> Option<DateRange> {
    let mut ranges: Vec<_> = notices.iter().filter_map(|notice| notice.settles).collect();
    ranges.sort_unstable();
    let mut settled = *ranges.first()?;
    for range in ranges {
        if settled.last.plus_days(1).is_some_and(|next| range.first <= next) {
            settled.last = settled.last.max(range.last);
        }
    }
    Some(settled)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The working days of December 2018 to December 2026, one line a month, as the Python package
    /// `chinesecalendar` has them; `tests/python` holds this file against the package.
    const PUBLISHED: &str = include_str!("../../../tests/fixtures/calendar/working_days.txt");
    const VECTORS: &str = include_str!("../../../tests/fixtures/calendar/vectors.txt");

    fn day(text: &str) -> LegalDate {
        LegalDate::new(text.parse().unwrap()).unwrap()
    }

    /// The published days, each with whether it is worked.
    fn published() -> Vec<(LegalDate, bool)> {
        let lines = PUBLISHED.lines().filter(|line| !line.starts_with('#'));
        lines
            .flat_map(|line| {
                let (month, days) = line.split_once(' ').unwrap();
                (1..)
                    .zip(days.chars())
                    .map(move |(number, mark)| (day(&format!("{month}-{number:02}")), mark == '1'))
            })
            .collect()
    }

    #[test]
    fn every_published_day_is_worked_or_not_as_published() {
        let calendar = Notices::built_in().calendar();
        let published = published();
        assert_eq!(published.len(), 31 + 8 * 365 + 2);
        for (date, is_worked) in published {
            assert_eq!(calendar.is_working_day(date), is_worked, "{date}");
        }
    }

    #[test]
    fn counting_day_by_day_agrees_on_every_start_of_2019_to_2026() {
        let calendar = Notices::built_in().calendar();
        let published = published();
        let (last, _) = *published.last().unwrap();
        let worked: BTreeSet<_> =
            published.iter().filter(|(_, worked)| *worked).map(|(date, _)| *date).collect();
        let (mut compared, mut beyond) = (0, 0);
        for (start, _) in published.iter().filter(|(date, _)| date.year() >= 2019) {
            for n in [1, 5, 7, 15, 20, 40] {
                let (mut date, mut left) = (*start, n);
                while left > 0 && date < last {
                    date = date.plus_days(1).unwrap();
                    left -= u16::from(worked.contains(&date));
                }
                if left > 0 {
                    beyond += 1;
                    continue;
                }
                compared += 1;
                assert_eq!(calendar.add_working_days(*start, n), Some(date), "{start} +{n}");
                assert_eq!(calendar.working_days_between(*start, date), i32::from(n));
                assert_eq!(calendar.working_days_between(date, *start), -i32::from(n));
                assert_eq!(calendar.is_settled(*start, date), date <= day("2026-11-30"), "{date}");
            }
        }
        assert_eq!((compared + beyond, beyond), (2922 * 6, 122), "compared {compared}");
    }

    #[test]
    fn the_vectors_hold() {
        let calendar = Notices::built_in().calendar();
        let mut lines = 0;
        for line in VECTORS.lines().filter(|line| !line.starts_with('#')) {
            let [start, seven, twenty, forty] =
                line.split_whitespace().map(day).collect::<Vec<_>>().try_into().unwrap();
            for (n, expected) in [(7, seven), (20, twenty), (40, forty)] {
                assert_eq!(calendar.add_working_days(start, n), Some(expected), "{start} +{n}");
            }
            lines += 1;
        }
        assert_eq!(lines, 17);
    }

    #[test]
    fn each_year_has_its_working_days() {
        let calendar = Notices::built_in().calendar();
        let count = |year: i16| {
            let before = day(&format!("{}-12-31", year - 1));
            calendar.working_days_between(before, day(&format!("{year}-12-31")))
        };
        assert_eq!(
            (2019..=2026).map(count).collect::<Vec<_>>(),
            [250, 249, 250, 249, 249, 251, 248, 248]
        );
    }

    #[test]
    fn a_day_names_the_notice_that_made_it_so() {
        let notices = Notices::built_in();
        let ground = |calendar: &Calendar, on: &str| match calendar.ground(day(on)) {
            Ground::Weekday => "weekday".to_owned(),
            Ground::Weekend => "weekend".to_owned(),
            Ground::Notice { notice, occasion } => {
                format!("{} {}", notice.number.as_str(), occasion.as_str())
            }
        };
        let now = notices.calendar();
        assert_eq!(ground(&now, "2020-01-31"), "国办发明电〔2020〕1号 春节");
        assert_eq!(ground(&now, "2020-01-30"), "国办发明电〔2019〕16号 春节");
        assert_eq!(ground(&now, "2020-02-03"), "weekday");
        assert_eq!(ground(&now, "2020-02-08"), "weekend");
        assert_eq!(ground(&now, "2019-05-05"), "国办发明电〔2019〕3号 劳动节");
        let then = notices.as_known_on(day("2020-01-26")).calendar();
        assert_eq!(ground(&then, "2020-01-31"), "weekday");
        assert_eq!(ground(&then, "2020-02-01"), "国办发明电〔2019〕16号 春节");
        assert!(then.is_working_day(day("2020-02-01")) && !now.is_working_day(day("2020-02-01")));
        assert_eq!(ground(&then, "2021-10-09"), "weekend", "not yet arranged");
        let named: Vec<_> = now
            .weekends_worked(day("2020-01-19"), day("2020-06-28"))
            .into_iter()
            .map(|(date, by)| format!("{date} {}", by.occasion.as_str()))
            .collect();
        assert_eq!(named, ["2020-04-26 劳动节", "2020-05-09 劳动节", "2020-06-28 端午节"]);
    }

    #[test]
    fn an_answer_is_settled_as_far_as_the_annual_notices_go_without_a_gap() {
        let notices = Notices::built_in();
        let until = |on: &str| notices.as_known_on(day(on)).calendar().covered_until();
        assert_eq!(until("2018-12-05"), None);
        assert_eq!(until("2018-12-06"), Some(day("2019-11-30")));
        assert_eq!(until("2020-01-26"), Some(day("2020-11-30")));
        assert_eq!(until("2026-11-24"), Some(day("2026-11-30")));
        let gap: Notices = notices
            .iter()
            .filter(|notice| !notice.title.as_str().contains("2022年"))
            .cloned()
            .collect();
        let calendar = gap.calendar();
        assert_eq!(calendar.covered_until(), Some(day("2021-11-30")));
        assert!(!calendar.is_settled(day("2018-11-30"), day("2019-01-31")));
        assert!(!Notices::none().calendar().is_settled(day("2024-01-01"), day("2024-01-02")));
    }

    #[test]
    fn the_calendar_ends_with_the_years_of_the_ledger() {
        let calendar = Notices::none().calendar();
        assert_eq!(calendar.worked.len(), DAYS);
        assert_eq!(calendar.add_working_days(day("2100-12-30"), 1), Some(day("2100-12-31")));
        assert_eq!(calendar.add_working_days(day("2100-12-30"), 2), None);
        assert_eq!(calendar.add_working_days(day("2100-12-31"), u16::MAX), None);
        assert_eq!(calendar.add_working_days(day("2100-12-31"), 0), Some(day("2100-12-31")));
        assert_eq!(calendar.on_or_after(day("2100-12-25")), Some(day("2100-12-27")));
        assert!(calendar.days_off(day("2100-12-31"), day("2100-12-31")).is_empty());
        assert_eq!(calendar.add_working_days(day("2008-01-01"), 1), Some(day("2008-01-02")));
    }
}
