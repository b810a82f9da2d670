//! The calendar's register, kept next to the agencies' books: every notice of working days, and the
//! calendars that they make, each made when first asked for and kept until another notice comes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use super::{Page, QueryError};
use crate::{
    domain::{
        AgencyId, Body, LegalDate,
        calendar::{Calendar, Notice, Notices},
    },
    store::{EventStore, GlobalPosition, StreamId, StreamVersion},
    wire::{self, CALENDAR_STREAM},
};

/// How many calendars are kept; a calendar takes about a quarter of a megabyte.
const KEPT: usize = 64;

/// The notices known, and the calendars that they make.
#[derive(Debug)]
pub struct CalendarBook {
    /// Those that come with the program, then those recorded.
    notices: Notices,
    /// Where those recorded stand in the log.
    positions: Vec<GlobalPosition>,
    version: Option<StreamVersion>,
    made: Mutex<BTreeMap<MadeOf, Arc<Calendar>>>,
}

/// What a calendar was made of. Notices become known in the order of their known dates, so their
/// number tells which they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct MadeOf {
    /// How many of those on record count at all.
    recorded: usize,
    known: usize,
    /// The agencies of the lineage that have notices of their own.
    scopes: Vec<AgencyId>,
}

/// A notice as it is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeEntry {
    /// The notice.
    pub notice: Notice,
    /// Where it stands in the log; `None` for one that comes with the program.
    pub position: Option<GlobalPosition>,
    /// Whether one recorded later replaces it as a whole.
    pub is_replaced: bool,
}

/// Which notices to list; `None` does not limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoticeFilter<'a> {
    /// Only those that bear on the agency at the end of this lineage.
    pub lineage: Option<&'a [AgencyId]>,
    /// Only those known on this day.
    pub known_date: Option<LegalDate>,
}

impl CalendarBook {
    /// The notices that the log holds up to a position, after those that come with the program.
    pub(super) async fn read(
        store: &dyn EventStore,
        up_to: GlobalPosition,
    ) -> Result<Self, QueryError> {
        let stream = StreamId::parse(CALENDAR_STREAM).expect("the calendar's stream has a name");
        let mut book = Self::default();
        let events = store.read_stream(&stream, None).await?;
        for recorded in events.iter().take_while(|recorded| recorded.position <= up_to) {
            let event = wire::decode(&recorded.payload)
                .map_err(|source| QueryError::Unreadable { position: recorded.position, source })?;
            if let Body::Notice(notice) = event.body {
                book.fold(*notice, recorded.position, recorded.version);
            }
        }
        Ok(book)
    }

    /// Takes in the notice recorded at `position`, which gave the calendar's stream `version`.
    pub(super) fn fold(
        &mut self,
        notice: Notice,
        position: GlobalPosition,
        version: StreamVersion,
    ) {
        self.notices.record(notice);
        self.positions.push(position);
        self.version = Some(version);
        self.made.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The notices, those that come with the program first, in the order of recording.
    #[must_use]
    pub const fn notices(&self) -> &Notices {
        &self.notices
    }

    /// The version of the calendar's stream; `None` if nothing is recorded in it.
    #[must_use]
    pub const fn version(&self) -> Option<StreamVersion> {
        self.version
    }

    /// A page of the notices after a place.
    #[must_use]
    pub fn page(
        &self,
        filter: NoticeFilter<'_>,
        after: Option<&str>,
        size: usize,
    ) -> Page<NoticeEntry> {
        let built_in = self.notices.iter().count().saturating_sub(self.positions.len());
        let bears = |notice: &Notice| match (filter.lineage, notice.scope.agency()) {
            (Some(lineage), Some(agency)) => lineage.contains(agency),
            (None, _) | (_, None) => true,
        };
        let is_known =
            |notice: &Notice| filter.known_date.is_none_or(|day| notice.known_date <= day);
        let items = self
            .notices
            .iter()
            .enumerate()
            .map(|(place, notice)| (format!("{place:010}"), place, notice))
            .filter(|(key, ..)| after.is_none_or(|after| key.as_str() > after))
            .filter(|(.., notice)| bears(notice) && is_known(notice))
            .map(|(key, place, notice)| {
                let recorded = place.checked_sub(built_in);
                let position = recorded.and_then(|at| self.positions.get(at)).copied();
                let mut later = self.notices.iter().skip(place.saturating_add(1));
                let is_replaced = later.any(|other| is_known(other) && other.replaces(notice));
                (key, NoticeEntry { notice: notice.clone(), position, is_replaced })
            });
        Page::take(items, size)
    }

    /// The calendar in force for the agency at the end of a lineage, or, if that is empty, for the
    /// country at large; as it was known on a day, or as it is known now.
    ///
    /// Agencies without notices of their own above them share one calendar; asked for again it
    /// costs next to nothing.
    #[must_use]
    pub fn calendar_of(&self, lineage: &[AgencyId], known_on: Option<LegalDate>) -> Arc<Calendar> {
        self.calendar_up_to(lineage, known_on, GlobalPosition::new(u64::MAX))
    }

    /// The same, but for notices recorded after a position.
    #[must_use]
    pub fn calendar_up_to(
        &self,
        lineage: &[AgencyId],
        known_on: Option<LegalDate>,
        position: GlobalPosition,
    ) -> Arc<Calendar> {
        let built_in = self.notices.iter().count().saturating_sub(self.positions.len());
        let recorded = self.positions.partition_point(|at| *at <= position);
        let counted = || self.notices.iter().take(built_in.saturating_add(recorded));
        let regional: BTreeSet<_> = counted().filter_map(|notice| notice.scope.agency()).collect();
        let scopes = lineage.iter().filter(|agency| regional.contains(agency)).cloned().collect();
        let is_known = |notice: &&Notice| known_on.is_none_or(|day| notice.known_date <= day);
        let of = MadeOf { recorded, known: counted().filter(is_known).count(), scopes };
        if let Some(made) = self.lock().get(&of) {
            return Arc::clone(made);
        }
        let calendar = Notices::of(counted().filter(is_known)).calendar_of(&of.scopes);
        let calendar = Arc::new(calendar);
        let mut made = self.lock();
        if made.len() >= KEPT {
            made.clear();
        }
        made.insert(of, Arc::clone(&calendar));
        calendar
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<MadeOf, Arc<Calendar>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The notices that come with the program.
impl Default for CalendarBook {
    fn default() -> Self {
        Self {
            notices: Notices::built_in(),
            positions: Vec::new(),
            version: None,
            made: Mutex::default(),
        }
    }
}

/// A clone makes its calendars anew.
impl Clone for CalendarBook {
    fn clone(&self) -> Self {
        Self {
            notices: self.notices.clone(),
            positions: self.positions.clone(),
            version: self.version,
            made: Mutex::default(),
        }
    }
}

/// The same notices at the same places, whatever calendars were asked for.
impl PartialEq for CalendarBook {
    fn eq(&self, other: &Self) -> bool {
        self.notices == other.notices
            && self.positions == other.positions
            && self.version == other.version
    }
}

impl Eq for CalendarBook {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ShortText,
        calendar::{Arrangement, DateRange, Scope},
    };

    fn day(text: &str) -> LegalDate {
        LegalDate::new(text.parse().unwrap()).unwrap()
    }

    fn agency(id: &str) -> AgencyId {
        AgencyId::parse(id).unwrap()
    }

    fn regional(scope: &str, off: &str) -> Notice {
        Notice {
            number: ShortText::parse(&format!("{scope}-{off}")).unwrap(),
            title: ShortText::parse("关于肉孜节放假的通知").unwrap(),
            scope: Scope::Subtree(agency(scope)),
            gazetted_date: day("2025-03-01"),
            known_date: day("2025-03-01"),
            supersedes: None,
            settles: None,
            arrangements: vec![Arrangement {
                occasion: ShortText::parse("肉孜节").unwrap(),
                days_off: vec![DateRange { first: day(off), last: day(off) }],
                days_worked: Vec::new(),
            }],
        }
    }

    fn fold(book: &mut CalendarBook, notice: Notice, at: u64) {
        book.fold(notice, GlobalPosition::new(at), at.to_string().parse().unwrap());
    }

    #[test]
    fn a_calendar_is_made_once_for_all_who_share_it_and_anew_after_a_notice() {
        let mut book = CalendarBook::default();
        let lineage = ["cn", "xinjiang", "hotan"].map(agency);
        let country = book.calendar_of(&[], None);
        assert!(Arc::ptr_eq(&country, &book.calendar_of(&lineage, None)));
        assert!(Arc::ptr_eq(&country, &book.calendar_of(&[], Some(day("2030-01-01")))));
        let then = book.calendar_of(&[], Some(day("2020-01-26")));
        assert!(Arc::ptr_eq(&then, &book.calendar_of(&[], Some(day("2020-01-01")))));
        assert!(!Arc::ptr_eq(&country, &then));

        fold(&mut book, regional("xinjiang", "2025-03-31"), 1);
        let anew = book.calendar_of(&[], None);
        assert!(!Arc::ptr_eq(&country, &anew));
        assert_eq!(country, anew, "a part of the country is not the country");
        let region = book.calendar_of(&lineage, None);
        assert!(Arc::ptr_eq(&region, &book.calendar_of(&lineage[..2], None)));
        assert!(!region.is_working_day(day("2025-03-31")));
        assert!(
            book.calendar_of(&lineage, Some(day("2025-02-28"))).is_working_day(day("2025-03-31"))
        );
        assert!(Arc::ptr_eq(&anew, &book.calendar_of(&lineage[..1], None)));
    }

    #[test]
    fn no_more_calendars_are_kept_than_are_bounded() {
        let mut book = CalendarBook::default();
        for number in 0..70 {
            fold(&mut book, regional(&format!("a{number}"), "2025-03-31"), number + 1);
        }
        for number in 0..70 {
            let calendar = book.calendar_of(&[agency(&format!("a{number}"))], None);
            assert!(!calendar.is_working_day(day("2025-03-31")));
            assert!(book.lock().len() <= KEPT);
        }
    }
}
