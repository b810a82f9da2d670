//! What makes up a cell of a report: the applications, cases or declared figures, in the order of
//! agencies and ids, a page at a time; and, for a zero, what just failed to be in it.
//!
//! Nothing is listed before it is asked for: agencies whose tally says that they have none are
//! passed over, and a page ends the search. The event that put something into the cell is read from
//! the streams of the page alone.

use super::{
    ApplicationEntry, Page, QueryError, Register, RemedyEntry, StatementOf, hierarchy::Holding,
    statement::form_of,
};
use crate::{
    domain::{
        AgencyId, ApplicationId, Body, CaseId, Event, ReportYear,
        application::{self, CountingPolicy},
        remedy,
    },
    statistics::{Basis, BlankReason, CellRef, Miss, Rule, SumTooLarge, Value, catalogue::Form},
    store::{EventStore, GlobalPosition, RecordedEvent, StreamId},
    wire::{self, Subject, stream_name},
};

/// How many near misses are named at most, and how many of one cell beside it.
const NEAR_MISSES: usize = 12;
const OF_EACH: usize = 2;

/// Which cell is asked for.
#[derive(Debug, Clone)]
pub struct CellOf {
    /// The report.
    pub report: StatementOf,
    /// The cell, on the form of the report.
    pub cell: CellRef,
}

/// A cell with what is to be said of it besides its list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellExplanation {
    /// The value; that of the report.
    pub value: Value,
    /// The rule by which it is filled.
    pub rule: Rule,
    /// Why it is blank, if it is.
    pub blank: Option<BlankReason>,
    /// Of a zero: what just failed to be in it, the nearest first.
    pub near_misses: Vec<NearMiss>,
}

/// Something that a cell counts, or a figure that it adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellEntry {
    /// The agency.
    pub agency_id: AgencyId,
    /// What it is.
    pub subject: CellSubject,
}

/// What a cell is made up of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellSubject {
    /// An application.
    Application(ApplicationId, ApplicationEntry),
    /// A case.
    Remedy(CaseId, RemedyEntry),
    /// A figure declared for a year.
    Figure(ReportYear, i64),
}

/// Something that just failed to be in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// What it is.
    pub entry: CellEntry,
    /// Why it is not in the cell.
    pub reason: Miss,
}

/// The event since which something is in a cell.
#[derive(Debug, Clone)]
pub struct DecidingEvent {
    /// As recorded.
    pub recorded: RecordedEvent,
    /// As read.
    pub event: Event,
}

/// A place in the list of a cell, at which a page ends: agency, then application or case. Its text
/// is what callers hand back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellPlace {
    agency_id: AgencyId,
    id: String,
}

impl CellPlace {
    /// Reads what a page named as its end.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (agency_id, id) = text.split_once('/')?;
        Some(Self { agency_id: AgencyId::parse(agency_id).ok()?, id: id.to_owned() })
    }

    /// The place of an entry.
    #[must_use]
    pub fn of(entry: &CellEntry) -> Self {
        Self { agency_id: entry.agency_id.clone(), id: entry.id() }
    }
}

impl std::fmt::Display for CellPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.agency_id, self.id)
    }
}

impl CellEntry {
    /// The id of the application or case; empty for a figure, of which an agency has one.
    #[must_use]
    pub fn id(&self) -> String {
        match &self.subject {
            CellSubject::Application(id, _) => id.to_string(),
            CellSubject::Remedy(id, _) => id.to_string(),
            CellSubject::Figure(..) => String::new(),
        }
    }

    fn stream(&self) -> Option<StreamId> {
        let subject = match &self.subject {
            CellSubject::Application(id, _) => Subject::Application(id),
            CellSubject::Remedy(id, _) => Subject::Remedy(id),
            CellSubject::Figure(year, _) => Subject::Figures(*year),
        };
        StreamId::parse(&stream_name(&self.agency_id, subject)).ok()
    }

    /// Why it is not in a cell; nothing if it is.
    fn miss(&self, basis: Basis, year: ReportYear) -> Option<Miss> {
        match (&self.subject, basis) {
            (CellSubject::Application(_, entry), Basis::Applications(basis)) => {
                if entry.is_voided {
                    Some(Miss::Voided)
                } else {
                    basis.miss(&entry.fact)
                }
            }
            (CellSubject::Remedy(_, entry), Basis::Remedies(basis)) => basis.miss(&entry.fact),
            (CellSubject::Figure(of, _), Basis::Declared(_)) => {
                (*of != year).then_some(Miss::DeclaredForYear(of.get()))
            }
            _ => None,
        }
    }
}

/// A cell on a form in a year, with what it is made up of.
#[derive(Clone, Copy)]
struct Sought {
    form: &'static Form,
    cell: CellRef,
    year: ReportYear,
    basis: Basis,
}

impl Sought {
    fn new(form: &'static Form, cell: CellRef, year: ReportYear) -> Result<Self, QueryError> {
        let basis = form.basis(cell, year);
        let no_cell = || QueryError::NotFound { what: "cell", id: form.cell_name(cell) };
        Ok(Self { form, cell, year, basis: basis.ok_or_else(no_cell)? })
    }
}

impl Register {
    /// Says what there is to say of a cell besides its list.
    ///
    /// # Errors
    ///
    /// When the agency is not registered, or the form has no such cell.
    pub fn explain_cell(&self, of: &CellOf) -> Result<CellExplanation, QueryError> {
        let CellOf { report, cell } = of;
        let (form, year) = (form_of(report), report.year);
        let sought = Sought::new(form, *cell, year)?;
        let held = self.held_for(report)?;
        let value = sought.value(&held)?;
        let no_cell = || QueryError::NotFound { what: "cell", id: form.cell_name(*cell) };
        let rule = form.rule(*cell, year).ok_or_else(no_cell)?;
        let blank = if value.is_none() { BlankReason::of(form, *cell, year) } else { None };
        let near_misses = match value {
            Some(0) | None => sought.near_misses(&held),
            Some(_) => Vec::new(),
        };
        Ok(CellExplanation { value, rule, blank, near_misses })
    }

    /// A page of what makes up a cell, after a place.
    ///
    /// # Errors
    ///
    /// When the agency is not registered, or the form has no such cell.
    pub fn cell_entries(
        &self,
        of: &CellOf,
        after: Option<&CellPlace>,
        size: usize,
    ) -> Result<Page<CellEntry>, QueryError> {
        let CellOf { report, cell } = of;
        let sought = Sought::new(form_of(report), *cell, report.year)?;
        Ok(sought.page(&self.held_for(report)?, after, size))
    }

    /// The registers, or parts of them, that a report counts, by id.
    fn held_for<'a>(&'a self, report: &StatementOf) -> Result<Vec<Holding<'a>>, QueryError> {
        let StatementOf { agency_id, subtree, year, .. } = report;
        self.asked_for(agency_id, *subtree, year.get())
    }
}

impl Sought {
    /// The value of the cell over some agencies.
    fn value(&self, held: &[Holding<'_>]) -> Result<Value, QueryError> {
        let Self { form, cell, year, basis } = *self;
        match basis {
            Basis::Declared(key) => {
                let declared = held.iter().filter_map(|held| held.figure(year, key));
                let too_large = || SumTooLarge { cell: key.to_owned() };
                declared.into_iter().try_fold(None, |sum: Value, value| {
                    let sum = sum.unwrap_or(0).checked_add(value).ok_or_else(too_large)?;
                    Ok(Some(sum))
                })
            }
            Basis::Applications(_) | Basis::Remedies(_) => {
                let counts = held.iter().filter_map(|held| held.tally().value(form, year, cell));
                Ok(Some(counts.fold(0, i64::saturating_add)))
            }
        }
    }

    /// Whether a register has anything in the cell.
    fn is_in(&self, held: &Holding<'_>) -> bool {
        match self.basis {
            Basis::Declared(key) => held.figure(self.year, key).is_some(),
            Basis::Applications(_) | Basis::Remedies(_) => {
                held.tally().value(self.form, self.year, self.cell).is_some_and(|count| count != 0)
            }
        }
    }

    fn page(
        &self,
        held: &[Holding<'_>],
        after: Option<&CellPlace>,
        size: usize,
    ) -> Page<CellEntry> {
        let begun =
            after.map_or(0, |after| held.partition_point(|held| *held.id < after.agency_id));
        let mut items: Vec<CellEntry> = Vec::new();
        let ended = |items: Vec<CellEntry>| {
            let next_after = items.last().map(|last| CellPlace::of(last).to_string());
            Page { items, next_after }
        };
        for held in held.iter().skip(begun).filter(|held| self.is_in(held)) {
            let after = after.filter(|after| after.agency_id == *held.id);
            let left = size.saturating_sub(items.len());
            if left == 0 {
                return ended(items);
            }
            let page = self.page_of(held, after.map(|after| after.id.as_str()), left);
            let entry = |subject| CellEntry { agency_id: held.id.clone(), subject };
            items.extend(page.items.into_iter().map(entry));
            if page.next_after.is_some() {
                return ended(items);
            }
        }
        Page { items, next_after: None }
    }

    /// What one register has in the cell, after an id.
    fn page_of(&self, held: &Holding<'_>, after: Option<&str>, size: usize) -> Page<CellSubject> {
        match self.basis {
            Basis::Declared(key) => {
                let figure = held.figure(self.year, key).filter(|_| after.is_none());
                let items = figure.map(|value| CellSubject::Figure(self.year, value));
                Page { items: items.into_iter().collect(), next_after: None }
            }
            Basis::Applications(basis) => {
                let counts = |id: &str, entry: &ApplicationEntry| {
                    held.book.counted(id, *entry).is_some_and(|fact| basis.counts(&fact))
                };
                applications(held, counts, after, size)
            }
            Basis::Remedies(basis) => {
                let counted = held.book.cases_after(after).filter(|(id, entry)| {
                    basis.counts(&entry.fact) && held.has_case(id, entry.application_id.as_ref())
                });
                Page::take(
                    counted.map(|(id, entry)| {
                        (id.to_string(), CellSubject::Remedy(id.clone(), entry.clone()))
                    }),
                    size,
                )
            }
        }
    }

    /// What just failed to be in the cell: a few from each of its neighbours, and void entries that
    /// would be in it; the latter of one register only, for no tally counts them.
    fn near_misses(&self, held: &[Holding<'_>]) -> Vec<NearMiss> {
        let mut found: Vec<NearMiss> = Vec::new();
        let mut take = |entries: Vec<CellEntry>| {
            for entry in entries {
                let is_known = found.iter().any(|known| known.entry == entry);
                if let (Some(reason), false) = (entry.miss(self.basis, self.year), is_known) {
                    found.push(NearMiss { entry, reason });
                }
            }
            found.len() >= NEAR_MISSES
        };
        if let (Basis::Applications(basis), [held]) = (self.basis, held) {
            let is_void =
                |_: &str, entry: &ApplicationEntry| entry.is_voided && basis.counts(&entry.fact);
            let void = applications(held, is_void, None, OF_EACH).items.into_iter();
            let entry = |subject| CellEntry { agency_id: held.id.clone(), subject };
            take(void.map(entry).collect());
        }
        for (cell, year) in self.form.neighbours(self.cell, self.year) {
            let Ok(beside) = Self::new(self.form, cell, year) else { continue };
            if take(beside.page(held, None, OF_EACH).items) {
                break;
            }
        }
        found.truncate(NEAR_MISSES);
        found
    }
}

/// The applications of a register that are held and wanted, after an id.
fn applications(
    held: &Holding<'_>,
    is_wanted: impl Fn(&str, &ApplicationEntry) -> bool,
    after: Option<&str>,
    size: usize,
) -> Page<CellSubject> {
    let is_held = |id: &str| held.is_whole() || held.has_application(id);
    let admits = |id: &str, entry: &ApplicationEntry| is_wanted(id, entry) && is_held(id);
    let Page { items, next_after } = held.book.packed_applications().page(admits, after, size);
    // As it counts, which under a policy other than the default need not be as it was recorded.
    let subject = |(id, entry): (ApplicationId, ApplicationEntry)| {
        let fact = held.book.counted(id.as_str(), entry).unwrap_or(entry.fact);
        CellSubject::Application(id, ApplicationEntry { fact, ..entry })
    };
    Page { items: items.into_iter().map(subject).collect(), next_after }
}

impl Holding<'_> {
    /// The figure that its agency declared for a year under a key, if in that year there is one.
    fn figure(&self, year: ReportYear, key: &str) -> Option<i64> {
        self.figures(year)?.get(key).copied()
    }
}

/// The events since which the entries of a page are in a cell, as of a position; in the order of the
/// entries.
///
/// # Errors
///
/// When a stream or one of its events cannot be read, or does not bear out what is listed.
pub async fn deciding_events(
    store: &dyn EventStore,
    of: &CellOf,
    entries: &[CellEntry],
    up_to: GlobalPosition,
    policy: CountingPolicy,
) -> Result<Vec<DecidingEvent>, QueryError> {
    let sought = Sought::new(form_of(&of.report), of.cell, of.report.year)?;
    let streams = entries.iter().map(|entry| {
        let no_stream = || QueryError::NotFound { what: "stream", id: entry.id() };
        entry.stream().ok_or_else(no_stream)
    });
    let streams: Vec<_> = streams.collect::<Result<_, _>>()?;
    let histories = store.read_streams(&streams).await?;
    let mut decided = Vec::with_capacity(entries.len());
    for (entry, history) in entries.iter().zip(histories) {
        let mut events = Vec::with_capacity(history.len());
        for recorded in history.into_iter().filter(|event| event.position <= up_to) {
            let event = wire::decode(&recorded.payload)
                .map_err(|source| QueryError::Unreadable { position: recorded.position, source })?;
            events.push(DecidingEvent { recorded, event });
        }
        let place = sought.deciding(&events, policy);
        let unborne = || QueryError::NotFound { what: "deciding event of", id: entry.id() };
        let place = place.filter(|place| *place < events.len()).ok_or_else(unborne)?;
        decided.push(events.swap_remove(place));
    }
    Ok(decided)
}

impl Sought {
    /// The place of the event since which the subject of a stream is in the cell.
    fn deciding(&self, events: &[DecidingEvent], policy: CountingPolicy) -> Option<usize> {
        let bodies = events.iter().map(|event| &event.event.body);
        match self.basis {
            Basis::Applications(basis) => {
                let events: Option<Vec<&application::Event>> =
                    bodies
                        .map(|body| {
                            if let Body::Application(_, event) = body { Some(event) } else { None }
                        })
                        .collect();
                basis.deciding(events?, policy)
            }
            Basis::Remedies(basis) => {
                let events: Option<Vec<&remedy::Event>> = bodies
                    .map(|body| if let Body::Remedy(_, event) = body { Some(event) } else { None })
                    .collect();
                basis.deciding(events?)
            }
            Basis::Declared(key) => {
                let declares = |body: &Body| matches!(body, Body::Figures(declared) if declared.figures.contains_key(key));
                bodies.enumerate().filter(|(_, body)| declares(body)).last().map(|(at, _)| at)
            }
        }
    }
}
