//! A notice that fixes working days, as plain data; and the notices known, in the order in which
//! they were recorded.

use super::Calendar;
use crate::domain::{AgencyId, LegalDate, ShortText};

/// Days from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateRange {
    /// The first day.
    pub first: LegalDate,
    /// The last day.
    pub last: LegalDate,
}

/// For whom a notice holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// For every agency.
    National,
    /// For this agency and all below it: the days off of an autonomous region, say, recorded for
    /// its government (《全国年节及纪念日放假办法》 Art. 4).
    Subtree(AgencyId),
}

/// What a notice says of one festival or occasion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrangement {
    /// The occasion, as the notice names it: 春节.
    pub occasion: ShortText,
    /// The days off (放假调休), weekends among them included or not.
    pub days_off: Vec<DateRange>,
    /// The days worked (上班): weekends in exchange for weekdays off, or days off revoked.
    pub days_worked: Vec<LegalDate>,
}

/// A notice that fixes working days (放假安排的通知). Any value can be built; [`Self::check`] says
/// whether it can be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its number (文号), by which it is identified within its scope.
    pub number: ShortText,
    /// Its title.
    pub title: ShortText,
    /// For whom it holds.
    pub scope: Scope,
    /// The day on which it was published.
    pub gazetted_date: LegalDate,
    /// The day from which it was known here; questions "as known on" an earlier day do not see it.
    pub known_date: LegalDate,
    /// The number of the notice of the same scope that it replaces as a whole, its own if that was
    /// mistyped; `None` for one that amends some days only, for which a later date suffices.
    pub supersedes: Option<ShortText>,
    /// The days on which it leaves nothing open: for an annual notice from December of the year
    /// before to November of its own, since the next one may still fix the last days of December.
    pub settles: Option<DateRange>,
    /// What it says, occasion by occasion.
    pub arrangements: Vec<Arrangement>,
}

/// A notice that cannot be recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct InvalidNotice {
    /// The field at fault, as a path from the notice: `arrangements[2].days_off[0]`.
    pub field: String,
    /// What is wrong and what was expected, one sentence without a full stop.
    pub what: String,
}

/// How a notice relates to those recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty<'a> {
    /// None of its number and scope is recorded.
    New,
    /// It is recorded already, word for word.
    Unchanged,
    /// One of its number and scope is recorded with other content, which it would replace.
    Replaces(&'a Notice),
}

/// The notices known, in the order in which they were recorded.
///
/// A notice recorded again under its number and scope, with other content, replaces the former from
/// its own known date on, as one does that names another which it supersedes; that is how a mistyped
/// one is put right.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notices(Vec<Notice>);

impl DateRange {
    /// Every day of it.
    pub fn days(self) -> impl Iterator<Item = LegalDate> {
        std::iter::successors(Some(self.first), |day| day.plus_days(1))
            .take_while(move |day| *day <= self.last)
    }

    /// Whether a day lies in it.
    #[must_use]
    pub fn contains(self, day: LegalDate) -> bool {
        (self.first..=self.last).contains(&day)
    }
}

impl InvalidNotice {
    fn new(field: impl Into<String>, what: impl Into<String>) -> Self {
        Self { field: field.into(), what: what.into() }
    }
}

impl Notice {
    /// The longest stretch of days off that is taken for one and not for a slip of the pen.
    pub const LONGEST_RANGE_DAYS: usize = 40;
    /// The furthest from the day of publication, in days, that a notice may speak of.
    pub const FURTHEST_DAYS: i32 = 500;

    /// Whether the notice can be recorded.
    ///
    /// # Errors
    ///
    /// When it has no number or title, was known before it was published, says nothing, has a range
    /// that ends before it begins or is longer than [`Self::LONGEST_RANGE_DAYS`], names a day twice
    /// or a day further than [`Self::FURTHEST_DAYS`] from its publication, or settles days for a
    /// part of the country only.
    pub fn check(&self) -> Result<(), InvalidNotice> {
        self.check_head()?;
        let mut named = std::collections::BTreeSet::new();
        for (index, arrangement) in self.arrangements.iter().enumerate() {
            let field = format!("arrangements[{index}]");
            arrangement.check(&field)?;
            for (field, day) in arrangement.named_days(&field) {
                self.check_day(&field, day)?;
                if !named.insert(day) {
                    let what = format!("{day} is named twice; a notice says of a day one thing");
                    return Err(InvalidNotice::new(field, what));
                }
            }
        }
        Ok(())
    }

    fn check_head(&self) -> Result<(), InvalidNotice> {
        let fault = |field: &str, what: String| Err(InvalidNotice::new(field, what));
        if self.number.is_empty() {
            return fault("number", "a notice needs its number (文号)".to_owned());
        }
        if self.title.is_empty() {
            return fault("title", format!("the notice {} needs its title", self.number.as_str()));
        }
        if self.known_date < self.gazetted_date {
            let (known, gazetted) = (self.known_date, self.gazetted_date);
            let what = format!("known on {known}, before it was published on {gazetted}");
            return fault("known_date", what);
        }
        if self.arrangements.is_empty() && self.settles.is_none() {
            return fault("arrangements", "the notice names no day and settles none".to_owned());
        }
        match (self.settles, &self.scope) {
            (Some(settled), _) if settled.last < settled.first => fault(
                "settles",
                format!("the days settled end on {}, before {}", settled.last, settled.first),
            ),
            (Some(_), Scope::Subtree(_)) => fault(
                "settles",
                "only a notice for the whole country settles a period; leave it out".to_owned(),
            ),
            (Some(settled), Scope::National) => {
                self.check_day("settles", settled.first)?;
                self.check_day("settles", settled.last)
            }
            (None, _) => Ok(()),
        }
    }

    fn check_day(&self, field: &str, day: LegalDate) -> Result<(), InvalidNotice> {
        if self.gazetted_date.days_until(day).abs() <= Self::FURTHEST_DAYS {
            return Ok(());
        }
        let what = format!(
            "{day} is more than {} days from {}, the day of publication",
            Self::FURTHEST_DAYS,
            self.gazetted_date
        );
        Err(InvalidNotice::new(field, what))
    }
}

impl Arrangement {
    fn check(&self, field: &str) -> Result<(), InvalidNotice> {
        if self.occasion.is_empty() {
            let what = "an arrangement needs its occasion, such as 春节";
            return Err(InvalidNotice::new(format!("{field}.occasion"), what));
        }
        if self.days_off.is_empty() && self.days_worked.is_empty() {
            let what = format!("{} has neither days off nor days worked", self.occasion.as_str());
            return Err(InvalidNotice::new(field, what));
        }
        for (index, range) in self.days_off.iter().enumerate() {
            let field = format!("{field}.days_off[{index}]");
            if range.last < range.first {
                let what = format!("the days off end on {}, before {}", range.last, range.first);
                return Err(InvalidNotice::new(field, what));
            }
            if range.days().nth(Notice::LONGEST_RANGE_DAYS).is_some() {
                let longest = Notice::LONGEST_RANGE_DAYS;
                let what = format!("{} to {}: more than {longest} days", range.first, range.last);
                return Err(InvalidNotice::new(field, what));
            }
        }
        Ok(())
    }

    fn named_days(&self, field: &str) -> impl Iterator<Item = (String, LegalDate)> {
        let off = self.days_off.iter().enumerate().flat_map(move |(index, range)| {
            range.days().map(move |day| (format!("{field}.days_off[{index}]"), day))
        });
        let worked = self
            .days_worked
            .iter()
            .enumerate()
            .map(move |(index, day)| (format!("{field}.days_worked[{index}]"), *day));
        off.chain(worked)
    }
}

impl Notices {
    /// No notice at all.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// The notices for 2019 to 2026 that come with the program.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the text is part of the program, and tested")]
    pub fn built_in() -> Self {
        super::text::parse_notices(super::BUILT_IN).expect("a test reads this text")
    }

    /// The notice last recorded under a number for a scope.
    #[must_use]
    pub fn find(&self, number: &ShortText, scope: &Scope) -> Option<&Notice> {
        self.0.iter().rfind(|recorded| recorded.number == *number && recorded.scope == *scope)
    }

    /// How a notice relates to those recorded.
    #[must_use]
    pub fn novelty(&self, notice: &Notice) -> Novelty<'_> {
        match self.find(&notice.number, &notice.scope) {
            None => Novelty::New,
            Some(recorded) if recorded == notice => Novelty::Unchanged,
            Some(recorded) => Novelty::Replaces(recorded),
        }
    }

    /// Adds a notice, which may replace one of its number and scope.
    pub fn record(&mut self, notice: Notice) {
        self.0.push(notice);
    }

    /// The notices as they were known on a day: those of a later known date are left out.
    #[must_use]
    pub fn as_known_on(&self, day: LegalDate) -> Self {
        Self::of(self.iter().filter(|notice| notice.known_date <= day))
    }

    /// Some notices, in the order of recording.
    #[must_use]
    pub fn of<'a>(notices: impl Iterator<Item = &'a Notice>) -> Self {
        Self(notices.cloned().collect())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every notice recorded, in order; those replaced included.
    pub fn iter(&self) -> impl Iterator<Item = &Notice> {
        self.0.iter()
    }

    /// The calendar in force for the country at large.
    #[must_use]
    pub fn calendar(&self) -> Calendar {
        self.calendar_of(&[])
    }

    /// The calendar in force for an agency: the national notices and over them those that hold for
    /// the agency or one above it. `lineage` leads from the root of the tree to the agency.
    #[must_use]
    pub fn calendar_of(&self, lineage: &[AgencyId]) -> Calendar {
        let depth = |scope: &Scope| match scope {
            Scope::National => Some(0),
            Scope::Subtree(top) => {
                lineage.iter().position(|agency| agency == top).map(|place| place.saturating_add(1))
            }
        };
        let mut in_force = Vec::new();
        for (index, notice) in self.0.iter().enumerate() {
            let mut later = self.0.iter().skip(index.saturating_add(1));
            if !later.any(|other| other.replaces(notice))
                && let Some(depth) = depth(&notice.scope)
            {
                in_force.push((depth, notice.gazetted_date, index, notice));
            }
        }
        in_force.sort_by_key(|(depth, gazetted, index, _)| (*depth, *gazetted, *index));
        Calendar::of(in_force.into_iter().map(|(.., notice)| notice.clone()).collect())
    }
}

impl Notice {
    /// Whether it takes the place of one recorded before it.
    #[must_use]
    pub fn replaces(&self, earlier: &Self) -> bool {
        let supersedes = self.supersedes.as_ref() == Some(&earlier.number);
        self.scope == earlier.scope && (supersedes || self.number == earlier.number)
    }
}

impl FromIterator<Notice> for Notices {
    fn from_iter<I: IntoIterator<Item = Notice>>(notices: I) -> Self {
        Self(notices.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> LegalDate {
        LegalDate::new(text.parse().unwrap()).unwrap()
    }

    fn text(text: &str) -> ShortText {
        ShortText::parse(text).unwrap()
    }

    fn notice() -> Notice {
        Notices::built_in().iter().last().unwrap().clone()
    }

    #[track_caller]
    fn refused(spoil: impl FnOnce(&mut Notice), field: &str, what: &str) {
        let mut notice = notice();
        spoil(&mut notice);
        let error = notice.check().unwrap_err();
        assert_eq!((error.field.as_str(), error.to_string().as_str()), (field, what));
    }

    #[test]
    fn every_built_in_notice_can_be_recorded() {
        assert_eq!(Notices::built_in().iter().count(), 10);
        for notice in Notices::built_in().iter() {
            assert_eq!(notice.check(), Ok(()), "{}", notice.number.as_str());
        }
    }

    #[test]
    fn a_notice_that_cannot_be_is_refused_with_its_field() {
        refused(|n| n.number = ShortText::default(), "number", "a notice needs its number (文号)");
        refused(
            |n| n.title = ShortText::default(),
            "title",
            "the notice 国办发明电〔2025〕7号 needs its title",
        );
        refused(
            |n| n.known_date = day("2025-11-03"),
            "known_date",
            "known on 2025-11-03, before it was published on 2025-11-04",
        );
        refused(
            |n| (n.arrangements, n.settles) = (Vec::new(), None),
            "arrangements",
            "the notice names no day and settles none",
        );
        refused(
            |n| n.settles = Some(DateRange { first: day("2026-11-30"), last: day("2025-12-01") }),
            "settles",
            "the days settled end on 2025-12-01, before 2026-11-30",
        );
        refused(
            |n| n.scope = Scope::Subtree(AgencyId::parse("xinjiang").unwrap()),
            "settles",
            "only a notice for the whole country settles a period; leave it out",
        );
        refused(
            |n| n.arrangements[1].occasion = ShortText::default(),
            "arrangements[1].occasion",
            "an arrangement needs its occasion, such as 春节",
        );
        refused(
            |n| n.arrangements[2].days_off.clear(),
            "arrangements[2]",
            "清明节 has neither days off nor days worked",
        );
        refused(
            |n| n.arrangements[0].days_off[0].last = day("2025-12-31"),
            "arrangements[0].days_off[0]",
            "the days off end on 2025-12-31, before 2026-01-01",
        );
        refused(
            |n| n.arrangements[0].days_off[0].last = day("2026-02-10"),
            "arrangements[0].days_off[0]",
            "2026-01-01 to 2026-02-10: more than 40 days",
        );
        refused(
            |n| n.arrangements[0].days_worked = vec![day("2028-01-01")],
            "arrangements[0].days_worked[0]",
            "2028-01-01 is more than 500 days from 2025-11-04, the day of publication",
        );
        refused(
            |n| n.arrangements[6].days_worked.push(day("2026-10-07")),
            "arrangements[6].days_worked[2]",
            "2026-10-07 is named twice; a notice says of a day one thing",
        );
    }

    #[test]
    fn a_notice_recorded_again_with_other_content_replaces_the_former() {
        let mut notices = Notices::built_in();
        let mut mended = notice();
        assert_eq!(notices.novelty(&mended), Novelty::Unchanged);
        mended.known_date = day("2025-11-10");
        mended.arrangements.retain(|arrangement| arrangement.occasion != text("元旦"));
        assert!(matches!(notices.novelty(&mended), Novelty::Replaces(old) if *old == notice()));
        notices.record(mended.clone());
        assert_eq!(notices.novelty(&mended), Novelty::Unchanged);
        let new_year = day("2026-01-01");
        assert!(notices.calendar().is_working_day(new_year));
        assert!(!notices.as_known_on(day("2025-11-09")).calendar().is_working_day(new_year));
        mended.number = text("国办发明电〔2026〕1号");
        assert_eq!(notices.novelty(&mended), Novelty::New);
    }

    #[test]
    fn a_regional_notice_holds_below_its_agency_only_and_over_the_national_one() {
        let [root, region, county, elsewhere] =
            ["cn", "xinjiang", "hotan", "henan"].map(|id| AgencyId::parse(id).unwrap());
        let regional = |number: &str, scope: &AgencyId, off: &[&str], worked: &[&str]| Notice {
            number: text(number),
            title: text("关于肉孜节放假的通知"),
            scope: Scope::Subtree(scope.clone()),
            gazetted_date: day("2024-12-01"),
            known_date: day("2024-12-01"),
            supersedes: None,
            settles: None,
            arrangements: vec![Arrangement {
                occasion: text("肉孜节"),
                days_off: off.iter().map(|&d| DateRange { first: day(d), last: day(d) }).collect(),
                days_worked: worked.iter().map(|&d| day(d)).collect(),
            }],
        };
        let mut notices = Notices::built_in();
        notices.record(regional("新政办〔2024〕1号", &region, &["2025-03-31"], &["2025-10-08"]));
        notices.record(regional("和政办〔2024〕1号", &county, &["2025-10-08"], &["2025-03-31"]));
        let is_worked = |lineage: &[&AgencyId], on: &str| {
            let lineage: Vec<_> = lineage.iter().map(|&agency| agency.clone()).collect();
            notices.calendar_of(&lineage).is_working_day(day(on))
        };
        assert!(is_worked(&[], "2025-03-31"));
        assert!(is_worked(&[&root, &elsewhere], "2025-03-31"));
        assert!(!is_worked(&[&root, &region], "2025-03-31"));
        assert!(is_worked(&[&root, &region, &county], "2025-03-31"));
        assert!(is_worked(&[&root, &region], "2025-10-08"));
        assert!(!is_worked(&[&root, &region, &county], "2025-10-08"));
    }
}
