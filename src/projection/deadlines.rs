//! Deadlines of open applications, by due date, over an agency or a subtree; and how long the replies
//! of a year took.
//!
//! Every agency has a list of its open applications with their due dates, 8 bytes each, derived when
//! it is first asked for. The list is a cache: of an application that changed the entry is derived
//! anew, and all of them on another day, after a notice of working days, and when an agency is
//! registered or moved in the tree.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use super::{AgencyBook, Page, QueryError, Register, hierarchy::Holding, replay::in_turns};
use crate::domain::{
    AgencyId, ApplicationId, LegalDate, ReportYear,
    calendar::Calendar,
    deadline::{Assessment, Facts, Policy, reply_deadline},
    timeliness::{Reply, Timeliness},
};

/// How many applications are derived on one thread before others are called in.
const ALONE: usize = 20_000;
/// How many changed applications a list may wait with, besides a quarter of its length.
const STALE: usize = 1024;

/// Which open applications to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// All of them.
    All,
    /// Those due from today on, within so many working days.
    Due(u16),
    /// Those of which the due date has passed.
    Overdue,
    /// Those that wait for the applicant or for an opinion.
    Waiting,
}

/// What deadlines are asked for.
#[derive(Debug, Clone, Copy)]
pub struct DeadlinesOf<'a> {
    /// The agency.
    pub agency_id: &'a AgencyId,
    /// Whether every agency below it, as the tree is this year, is included.
    pub subtree: bool,
    /// Which applications.
    pub selection: Selection,
    /// The day of the question.
    pub today: LegalDate,
}

/// The deadline of an open application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlineEntry {
    /// The agency.
    pub agency_id: AgencyId,
    /// The application.
    pub application_id: ApplicationId,
    /// What the deadline is derived from.
    pub facts: Facts,
    /// The deadline; `None` if it lies beyond the years that the ledger can hold.
    pub assessment: Option<Assessment>,
}

/// A place in a list of deadlines, at which a page ends: due date, agency, application. Its text is
/// what callers hand back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlinePlace {
    due: u16,
    agency_id: String,
    application_id: String,
}

/// An agency's list, unless it was never asked for.
#[derive(Debug, Default)]
pub(super) struct DueLists(Mutex<Option<DueList>>);

#[derive(Debug)]
struct DueList {
    made_for: MadeFor,
    calendar: Arc<Calendar>,
    /// By due date, then id.
    items: Arc<Vec<Due>>,
    /// Applications that changed since.
    stale: Vec<u32>,
}

/// On which day and in which state of calendars and tree a list was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MadeFor {
    today: LegalDate,
    revision: u64,
}

/// An open application in a list.
#[derive(Debug, Clone, Copy)]
struct Due {
    /// Where it is among its agency's applications.
    at: u32,
    /// The number of the due date; [`NEVER`] if there is none.
    day: u16,
    is_waiting: bool,
}

/// After every day that has a number.
const NEVER: u16 = u16::MAX;

/// How often calendars and tree changed. No part of what the log says, and so always equal.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Revision(u64);

impl Revision {
    pub(super) fn advance(&mut self) {
        self.0 = self.0.wrapping_add(1);
    }
}

impl PartialEq for Revision {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Revision {}

/// A clone makes its list anew.
impl Clone for DueLists {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// What was asked for is no part of what the log says.
impl PartialEq for DueLists {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for DueLists {}

impl DueLists {
    /// Notes that an application changed.
    pub(super) fn touch(&mut self, at: u32) {
        let list = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = list {
            known.stale.push(at);
            if known.stale.len() > STALE.saturating_add(known.items.len() / 4) {
                *list = None;
            }
        }
    }
}

/// How long an agency's replies took, by year: a cache, dropped when an application of the agency
/// changes, and made anew after a notice of working days or a change of the tree.
#[derive(Debug, Default)]
pub(super) struct Replies(Mutex<BTreeMap<ReportYear, (u64, Arc<Timeliness>)>>);

impl Replies {
    /// Notes that an application changed.
    pub(super) fn touch(&mut self) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn known(&self, year: ReportYear, revision: u64) -> Option<Arc<Timeliness>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, found) = known.get(&year).filter(|(made_for, _)| *made_for == revision)?;
        Some(Arc::clone(found))
    }

    fn keep(&self, year: ReportYear, revision: u64, derived: Arc<Timeliness>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(year, (revision, derived));
    }
}

/// A clone derives anew.
impl Clone for Replies {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// What was asked for is no part of what the log says.
impl PartialEq for Replies {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Replies {}

fn number(day: LegalDate) -> u16 {
    u16::try_from(day.day_number()).unwrap_or(NEVER)
}

impl Register {
    /// A page of the deadlines after a place, by due date, then agency, then id. Those without a due
    /// date come last.
    ///
    /// # Errors
    ///
    /// When the agency is not registered, or was succeeded by then.
    pub fn deadlines(
        &self,
        of: DeadlinesOf<'_>,
        after: Option<&DeadlinePlace>,
        size: usize,
    ) -> Result<Page<DeadlineEntry>, QueryError> {
        let DeadlinesOf { agency_id, subtree, selection, today } = of;
        let members = self.asked_for(agency_id, subtree, today.year())?;
        let lists = self.due_lists(&members, today);
        let mut heads = BinaryHeap::new();
        let mut runs = Vec::with_capacity(lists.len());
        for (member, (items, calendar)) in members.iter().zip(&lists) {
            let (from, to) = selection.range(items, calendar, today);
            let from = after.map_or(from, |after| from.max(member.after(items, after)));
            let run = items.get(from..to.max(from)).unwrap_or_default().iter();
            let run = run.filter(|due| selection != Selection::Waiting || due.is_waiting);
            let mut run = run.filter(|due| {
                member.is_whole()
                    || member.has_application(member.book.packed_applications().id_at(due.at))
            });
            if let Some(first) = run.next() {
                heads.push(Reverse((first.day, runs.len())));
                runs.push((member, calendar, first.at, run));
            }
        }
        let mut items = Vec::new();
        while let Some(Reverse((due, place))) = heads.pop() {
            let Some((member, calendar, at, run)) = runs.get_mut(place) else { break };
            if items.len() == size {
                let last = items.last().map(|(due, entry)| place_of(*due, entry).to_string());
                let items = items.into_iter().map(|(_, entry)| entry).collect();
                return Ok(Page { items, next_after: last });
            }
            items.push((due, member.entry(*at, calendar, today)));
            if let Some(next) = run.next() {
                *at = next.at;
                heads.push(Reverse((next.day, place)));
            }
        }
        Ok(Page { items: items.into_iter().map(|(_, entry)| entry).collect(), next_after: None })
    }

    /// How long the replies of a year took, each judged with the calendar as it was known on its day
    /// in the agency's part of the country.
    ///
    /// # Errors
    ///
    /// When the agency is not registered, or was succeeded by then.
    pub fn timeliness(
        &self,
        agency_id: &AgencyId,
        year: ReportYear,
        subtree: bool,
    ) -> Result<Timeliness, QueryError> {
        let members = self.asked_for(agency_id, subtree, year.get())?;
        let mut sum = Timeliness::default();
        for part in self.replies_of(&members, year) {
            sum.add(&part);
        }
        Ok(sum)
    }

    /// How long the replies of a year took of each that is held.
    pub(super) fn replies_of(
        &self,
        members: &[Holding<'_>],
        year: ReportYear,
    ) -> Vec<Arc<Timeliness>> {
        let revision = self.revision().0;
        let unknown = members.iter().filter(|held| held.known_replies(year, revision).is_none());
        let to_derive = unknown.map(|held| held.book.packed_applications().len());
        let to_derive = to_derive.fold(0, usize::saturating_add);
        in_turns(threads_for(to_derive), members.iter(), |held| {
            if let Some(known) = held.known_replies(year, revision) {
                return known;
            }
            let lineage = self.lineage(held.id, year.get());
            let mut calendars = BTreeMap::new();
            let derived = held.timeliness(year, |day| {
                let made = || self.calendar().calendar_of(&lineage, Some(day));
                Arc::clone(calendars.entry(day).or_insert_with(made))
            });
            let derived = Arc::new(derived);
            if held.is_whole() {
                held.book.replies().keep(year, revision, Arc::clone(&derived));
            }
            derived
        })
    }

    /// The lists of some agencies, each with its calendar; those that are not up to date are made.
    fn due_lists(&self, members: &[Holding<'_>], today: LegalDate) -> Vec<DueItems> {
        let made_for = MadeFor { today, revision: self.revision().0 };
        let lists = |threads| {
            in_turns(threads, members.iter(), |member| {
                let calendar = || self.calendar_of(member.id, today.year(), None);
                member.book.due_items(made_for, calendar)
            })
        };
        let to_derive = members
            .iter()
            .filter(|member| !member.book.is_due_list_made(made_for))
            .fold(0_usize, |sum, member| {
                sum.saturating_add(member.book.packed_applications().len())
            });
        lists(threads_for(to_derive))
    }
}

/// On how many threads to derive so many deadlines.
fn threads_for(number: usize) -> usize {
    let all = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    if number > ALONE { all } else { 1 }
}

type DueItems = (Arc<Vec<Due>>, Arc<Calendar>);

fn place_of(due: u16, entry: &DeadlineEntry) -> DeadlinePlace {
    DeadlinePlace {
        due,
        agency_id: entry.agency_id.to_string(),
        application_id: entry.application_id.to_string(),
    }
}

impl Selection {
    /// From where to where in a list, in the order of due dates, its applications are.
    fn range(self, items: &[Due], calendar: &Calendar, today: LegalDate) -> (usize, usize) {
        let before = |day: u16| items.partition_point(|item| item.day < day);
        match self {
            Self::All | Self::Waiting => (0, items.len()),
            Self::Overdue => (0, before(number(today))),
            Self::Due(working_days) => {
                let last = calendar.add_working_days(today, working_days);
                let end = last.map_or(NEVER, |last| number(last).saturating_add(1));
                (before(number(today)), before(end))
            }
        }
    }
}

impl Holding<'_> {
    /// How long its replies of a year took, if that was derived before and still holds.
    fn known_replies(&self, year: ReportYear, revision: u64) -> Option<Arc<Timeliness>> {
        if self.is_whole() { self.book.replies().known(year, revision) } else { None }
    }

    fn timeliness(
        &self,
        year: ReportYear,
        mut calendar_of: impl FnMut(LegalDate) -> Arc<Calendar>,
    ) -> Timeliness {
        let mut timeliness = Timeliness::default();
        let applications = self.book.packed_applications();
        for at in applications.concluded() {
            let end = applications.entry_at(at).and_then(|e| e.fact.conclusion);
            if end.is_none_or(|(date, _)| date.year() != year.get())
                || !(self.is_whole() || self.has_application(applications.id_at(at)))
            {
                continue;
            }
            let Some(facts) = self.book.facts_at(at) else { continue };
            let Some(conclusion) = facts.conclusion else { continue };
            let calendar = calendar_of(conclusion.date);
            let deadline =
                reply_deadline(&facts, Policy::default(), &calendar, conclusion.date).ok();
            let reply = deadline.and_then(|deadline| Reply::of(conclusion, &deadline, &calendar));
            if let Some(reply) = reply {
                timeliness.record(reply);
            }
        }
        timeliness
    }

    /// How many items of its list a page up to a place has shown.
    fn after(&self, items: &[Due], place: &DeadlinePlace) -> usize {
        items.partition_point(|item| {
            let id = self.book.packed_applications().id_at(item.at);
            (item.day, self.id.as_str(), id)
                <= (place.due, place.agency_id.as_str(), place.application_id.as_str())
        })
    }

    fn entry(&self, at: u32, calendar: &Calendar, today: LegalDate) -> DeadlineEntry {
        let facts = self.book.facts_at(at).expect("a list holds applications of its agency");
        let id = ApplicationId::parse(self.book.packed_applications().id_at(at));
        let assessment = Assessment::of(&facts, Policy::default(), calendar, today).ok();
        DeadlineEntry {
            agency_id: self.id.clone(),
            application_id: id.expect("it was valid when it came in"),
            facts,
            assessment,
        }
    }
}

impl AgencyBook {
    fn is_due_list_made(&self, made_for: MadeFor) -> bool {
        let list = self.due_lists().0.lock().unwrap_or_else(PoisonError::into_inner);
        list.as_ref().is_some_and(|list| list.made_for == made_for)
    }

    fn due_items(&self, made_for: MadeFor, calendar: impl Fn() -> Arc<Calendar>) -> DueItems {
        let mut guard = self.due_lists().0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = guard.as_mut().filter(|list| list.made_for == made_for) {
            self.refresh(list);
            return (Arc::clone(&list.items), Arc::clone(&list.calendar));
        }
        let calendar = calendar();
        let open = self.packed_applications().open();
        let mut items: Vec<_> =
            open.filter_map(|at| self.due(at, &calendar, made_for.today)).collect();
        self.sort(&mut items);
        let items = Arc::new(items);
        let found = (Arc::clone(&items), Arc::clone(&calendar));
        *guard = Some(DueList { made_for, calendar, items, stale: Vec::new() });
        found
    }

    /// Derives what changed.
    fn refresh(&self, list: &mut DueList) {
        if list.stale.is_empty() {
            return;
        }
        let mut stale = std::mem::take(&mut list.stale);
        stale.sort_unstable();
        stale.dedup();
        let items = Arc::make_mut(&mut list.items);
        items.retain(|item| stale.binary_search(&item.at).is_err());
        let today = list.made_for.today;
        items.extend(stale.iter().filter_map(|at| self.due(*at, &list.calendar, today)));
        self.sort(items);
    }

    /// In the order of due dates and ids. What is in order already is found by a stable sort.
    fn sort(&self, items: &mut [Due]) {
        let id = |item: &Due| self.packed_applications().id_at(item.at);
        items.sort_by(|a, b| a.day.cmp(&b.day).then_with(|| id(a).cmp(id(b))));
    }

    /// The item of an application; `None` if it is not open.
    fn due(&self, at: u32, calendar: &Calendar, today: LegalDate) -> Option<Due> {
        let facts = self.facts_at(at).filter(|facts| facts.conclusion.is_none())?;
        let found = Assessment::of(&facts, Policy::default(), calendar, today).ok();
        let is_waiting = found.as_ref().is_some_and(Assessment::is_waiting);
        let day = found.and_then(|found| found.deadline.due_date).map_or(NEVER, number);
        Some(Due { at, day, is_waiting })
    }
}

impl DeadlinePlace {
    /// The place that a page named as its end.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '/');
        let due = parts.next()?.parse().ok()?;
        let (agency_id, application_id) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        Some(Self { due, agency_id, application_id })
    }
}

impl std::fmt::Display for DeadlinePlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { due, agency_id, application_id } = self;
        write!(f, "{due}/{agency_id}/{application_id}")
    }
}
