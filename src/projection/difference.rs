//! How two readings of a year's report differ, and which events make them differ.
//!
//! The log between the positions of the two is read once. Every application and case that something
//! happened to there is folded before and after; what that does to the cells is one cause. A reading
//! that was taken in as given rests on no position, and its difference is one cause by itself.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    ApplicationEntry, AsOf, History, Projection, QueryError, Register, Scope as Replayed,
    Statement, StatementOf, hierarchy::Holding, publications::PublishedReport, replay,
    replay::too_many, statement::tables_of,
};
use crate::{
    domain::{
        AgencyId, ApplicationId, Body, CaseId, LegalDate, LongText, ReportYear, State,
        application::{self, ConclusionDetails, Counted, CountingPolicy},
        narrative::{Section, Sections},
        proactive::{self, Figures},
        publication::{
            Cause, CauseEvent, CauseKind, PolicySettings, Publications, Scope, Version,
            policy_settings, section_subject,
        },
        remedy::{self, Remedy},
    },
    statistics::{
        ApplicationFact, CellChange, RemedyFact, TableId, Tables, application_moves,
        catalogue::{Form, form_for},
        changes, remedy_moves,
    },
    store::{EventRef, EventStore, GlobalPosition, RecordedEvent, StreamId, StreamVersion},
    wire::{Narrow, Subject, decode_narrow, stream_name},
};

/// How many events are read at a time.
const PAGE: usize = 4096;

/// By how much which cells move, by name.
type Moves = BTreeMap<Box<str>, i64>;

/// What a report says at one time, to be compared with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportReading {
    /// The tables.
    pub tables: Tables,
    /// The sections, with references filled; `None` where they are not known.
    pub sections: Option<Sections>,
    /// The settings by which it was counted.
    pub policy: PolicySettings,
    /// The position that it was drawn up at; `None` if it was taken in as given.
    pub position: Option<GlobalPosition>,
}

/// Which reading of a report is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportReadingOf {
    /// A version that was published.
    Version(u32),
    /// What the register said up to then.
    AsOf(AsOf),
}

/// How two readings differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The position of the one; `None` if it was taken in as given.
    pub from: Option<GlobalPosition>,
    /// The position of the other.
    pub to: Option<GlobalPosition>,
    /// The cells that differ, in the order of the form.
    pub cells: Vec<CellChange>,
    /// The sections that differ.
    pub sections: Vec<SectionChange>,
    /// What makes them differ. What a cell is moved by over all of them is its difference.
    pub causes: Vec<DatedCause>,
}

/// A section that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionChange {
    /// Which section.
    pub section: Section,
    /// Its text in the one reading, empty if there is none.
    pub before: LongText,
    /// Its text in the other.
    pub after: LongText,
}

/// A cause, and when its events were recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedCause {
    /// The cause.
    pub cause: Cause,
    /// When each of its events was recorded, in their order.
    pub record_times: Vec<Timestamp>,
}

impl ReportReading {
    /// What a version says.
    #[must_use]
    pub fn of_version(year: ReportYear, version: &Version, stream_version: StreamVersion) -> Self {
        PublishedReport::of(year, version, stream_version).reading()
    }

    /// What a statement drawn up at a position says.
    #[must_use]
    pub fn of_statement(statement: Statement, position: GlobalPosition) -> Self {
        Self {
            tables: statement.tables,
            sections: Some(statement.sections),
            policy: policy_settings(statement.policy),
            position: Some(position),
        }
    }
}

impl PublishedReport {
    /// What it says.
    #[must_use]
    pub fn reading(self) -> ReportReading {
        let Self { tables, sections, policy, position, .. } = self;
        ReportReading { tables, sections, policy, position }
    }
}

impl Difference {
    /// Whether the two say the same.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.cells.is_empty() && self.sections.is_empty()
    }
}

impl Projection {
    /// The publications of a year, read from their stream; with its last version, if it has one.
    ///
    /// # Errors
    ///
    /// When the stream or one of its events cannot be read.
    pub async fn publications(
        &self,
        agency_id: &AgencyId,
        year: ReportYear,
        scope: Scope,
    ) -> Result<(Publications, History), QueryError> {
        let stream = stream(agency_id, Subject::Publication(year, scope))?;
        let initial = State::Publications(Publications::default());
        let history = History::read(self.store(), &stream, initial).await?;
        let publications = match &history.state {
            State::Publications(publications) => publications.clone(),
            State::Agency(_)
            | State::Application(_)
            | State::Remedy(_)
            | State::Figures(_)
            | State::Narrative(_)
            | State::Calendar(_) => Publications::default(),
        };
        Ok((publications, history))
    }

    /// A reading of a report.
    ///
    /// # Errors
    ///
    /// When there is no such version, the agency is not registered as of then, the position asked
    /// for does not exist, or the log cannot be read.
    pub async fn report_reading(
        &self,
        of: &StatementOf,
        which: ReportReadingOf,
    ) -> Result<ReportReading, QueryError> {
        match which {
            ReportReadingOf::AsOf(as_of) => {
                let (statement, position) = self.statement(as_of, of).await?;
                Ok(ReportReading::of_statement(statement, position))
            }
            ReportReadingOf::Version(number) => {
                let (publications, history) =
                    self.publications(&of.agency_id, of.year, of.scope()).await?;
                let last = history.events.last().map(|(recorded, _)| recorded.version);
                let version = publications.version(number).zip(last);
                let missing = || QueryError::NotFound { what: "version", id: number.to_string() };
                let (version, last) = version.ok_or_else(missing)?;
                Ok(ReportReading::of_version(of.year, version, last))
            }
        }
    }

    /// How two readings of a report differ, and which events make them differ.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub async fn difference(
        &self,
        of: &StatementOf,
        from: &ReportReading,
        to: &ReportReading,
    ) -> Result<Difference, QueryError> {
        let cells = changes(&from.tables, &to.tables);
        let mut causes = match (from.position, to.position) {
            (Some(from), Some(to)) if from <= to => self.causes(of, from, to).await?,
            (Some(from), Some(to)) => {
                let mut causes = self.causes(of, to, from).await?;
                for moved in causes.iter_mut().flat_map(|found| found.cause.moves.values_mut()) {
                    *moved = moved.saturating_neg();
                }
                causes
            }
            (None, _) | (_, None) => Vec::new(),
        };
        let kind = match (from.position, to.position) {
            (Some(_), Some(_)) => CauseKind::Policy,
            (None, _) | (_, None) => CauseKind::Given,
        };
        let rest = rest(&cells, &causes);
        if !rest.is_empty() {
            let agency_id = of.agency_id.clone();
            let cause =
                Cause { kind, agency_id, subject: "".into(), moves: rest, events: Vec::new() };
            causes.push(DatedCause { cause, record_times: Vec::new() });
        }
        Ok(Difference {
            from: from.position,
            to: to.position,
            cells,
            sections: section_changes(from, to),
            causes,
        })
    }

    /// What happened after one position and up to another that moves a cell or a section.
    async fn causes(
        &self,
        of: &StatementOf,
        after: GlobalPosition,
        up_to: GlobalPosition,
    ) -> Result<Vec<DatedCause>, QueryError> {
        if after == up_to {
            return Ok(Vec::new());
        }
        let store = self.store();
        let ids = self.may_belong(of).await?;
        let (then, now) = (self.agencies(&ids, after).await?, self.agencies(&ids, up_to).await?);
        let members = Membership { before: held(&then, of), after: held(&now, of) };
        let mut found = Found::new(of, self.policy());
        gather(store, &members, &mut found, after, up_to).await?;
        let mut causes = found.count(store, &members, after).await?;
        for id in ids.iter().filter(|id| members.moved(id.as_str())) {
            let moves = self.whole(of, id, &members, after, up_to).await?;
            causes.extend(found.membership(&members, id, moves));
        }
        Ok(causes)
    }

    /// Whoever may belong to a report, at whatever position.
    async fn may_belong(&self, of: &StatementOf) -> Result<BTreeSet<AgencyId>, QueryError> {
        let question = |register: &Register| {
            if of.subtree {
                let all = register.agencies(None, None, usize::MAX).items;
                all.into_iter().map(|(id, _)| id).collect()
            } else {
                register.taken_over(&of.agency_id)
            }
        };
        Ok(self.ask(AsOf::Now, question).await?.0)
    }

    /// Some agencies at a position, with nothing that they registered.
    async fn agencies(
        &self,
        ids: &BTreeSet<AgencyId>,
        up_to: GlobalPosition,
    ) -> Result<Register, QueryError> {
        let mut register = Register::default();
        for id in ids {
            let stream = stream(id, Subject::Agency)?;
            for RecordedEvent { payload, position, version, .. } in
                self.store().read_stream(&stream, None).await?
            {
                if position > up_to {
                    break;
                }
                let event = decode_narrow(&payload)
                    .map_err(|source| QueryError::Unreadable { position, source })?;
                let folded = register.fold(&event, position, version);
                folded.map_err(|reason| too_many(position, reason))?;
            }
        }
        Ok(register)
    }

    /// What an agency of which more or less belongs to the report does to the cells, all in all.
    async fn whole(
        &self,
        of: &StatementOf,
        agency_id: &AgencyId,
        members: &Membership<'_>,
        after: GlobalPosition,
        up_to: GlobalPosition,
    ) -> Result<Moves, QueryError> {
        let form = form_for(of.year);
        let scope = Replayed::Agencies(BTreeSet::from([agency_id.clone()]));
        let tables = async |held: Option<&Holding<'_>>, position| {
            let Some(held) = held else { return Ok(Tables::blank(form)) };
            let (store, threads, policy) = (self.store(), self.threads(), self.policy());
            let register = replay(store, position, &scope, threads, policy).await?;
            match register.book(agency_id) {
                Some(book) => tables_of(form, of.year, &[held.in_book(book)]),
                None => Ok(Tables::blank(form)),
            }
        };
        let id = agency_id.as_str();
        let before = tables(members.before.get(id), after).await?;
        let now = tables(members.after.get(id), up_to).await?;
        // A count that is 0 in place of nothing is no news; a figure that is declared is.
        let is_moved = |change: &CellChange| {
            change.delta() != 0 || change.cell.starts_with(TableId::Proactive.key())
        };
        let moves = changes(&before, &now).into_iter().filter(is_moved);
        Ok(moves.map(|change| (change.cell.clone(), change.delta())).collect())
    }
}

fn stream(agency_id: &AgencyId, subject: Subject<'_>) -> Result<StreamId, QueryError> {
    let name = stream_name(agency_id, subject);
    let unknown = |_| QueryError::NotFound { what: "stream", id: name.clone() };
    StreamId::parse(&name).map_err(unknown)
}

/// What the causes found leave unexplained.
fn rest(cells: &[CellChange], causes: &[DatedCause]) -> Moves {
    let mut explained = Moves::new();
    for (cell, moved) in causes.iter().flat_map(|found| &found.cause.moves) {
        let sum = explained.entry(cell.clone()).or_default();
        *sum = sum.saturating_add(*moved);
    }
    let mut rest = Moves::new();
    for change in cells {
        match explained.remove(&change.cell) {
            Some(sum) if sum == change.delta() => {}
            sum => {
                let left = change.delta().saturating_sub(sum.unwrap_or(0));
                rest.insert(change.cell.clone(), left);
            }
        }
    }
    let unseen = explained.into_iter().filter(|(_, sum)| *sum != 0);
    rest.extend(unseen.map(|(cell, sum)| (cell, sum.saturating_neg())));
    rest
}

fn section_changes(from: &ReportReading, to: &ReportReading) -> Vec<SectionChange> {
    let (Some(from), Some(to)) = (&from.sections, &to.sections) else { return Vec::new() };
    let text =
        |sections: &Sections, section: &Section| sections.get(section).cloned().unwrap_or_default();
    Section::ALL
        .iter()
        .map(|section| (*section, text(from, section), text(to, section)))
        .filter(|(_, before, after)| before != after)
        .map(|(section, before, after)| SectionChange { section, before, after })
        .collect()
}

/// What belonged to a report at two positions, by agency.
struct Membership<'a> {
    before: BTreeMap<&'a str, Holding<'a>>,
    after: BTreeMap<&'a str, Holding<'a>>,
}

/// What belongs to a report, as the agencies stand; nothing if the agency is not there.
fn held<'a>(agencies: &'a Register, of: &StatementOf) -> BTreeMap<&'a str, Holding<'a>> {
    let held = agencies.asked_for(&of.agency_id, of.subtree, of.year.get());
    held.unwrap_or_default().into_iter().map(|held| (held.id.as_str(), held)).collect()
}

impl<'a> Membership<'a> {
    /// What belongs to the report of an agency, if that is the same at both.
    fn stays(&self, id: &str) -> Option<&Holding<'a>> {
        let held = self.after.get(id)?;
        held.is_the_same(self.before.get(id)).then_some(held)
    }

    /// Whether more or less of an agency belongs to the report.
    fn moved(&self, id: &str) -> bool {
        let is_there = self.before.contains_key(id) || self.after.contains_key(id);
        is_there && self.stays(id).is_none()
    }
}

/// An event as a cause names it.
#[derive(Debug, Clone)]
struct Note {
    event: CauseEvent,
    record_time: Timestamp,
}

/// An application as far as it is counted, under whatever policy.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Counting {
    counted: Counted,
    details: ConclusionDetails,
}

impl Counting {
    fn evolve(
        state: Option<Self>,
        policy: CountingPolicy,
        event: &application::Event,
    ) -> Option<Self> {
        let (before, details) = match state {
            Some(Self { counted, details }) => (Some(counted), details),
            None => (None, ConclusionDetails::default()),
        };
        let counted = Counted::evolve(before, event)?;
        let details = match before {
            Some(before) if !before.is_voided => {
                details.evolve(policy, before.conclusion.is_some(), event)
            }
            Some(_) | None => details,
        };
        Some(Self { counted, details })
    }

    /// What table three counts of it.
    fn fact(&self, policy: CountingPolicy) -> Option<ApplicationFact> {
        let Self { counted, details } = self;
        let fact = ApplicationEntry::from(*counted).fact;
        let result = |result| policy.result(fact.receipt_date, result, details);
        let conclusion = fact.conclusion.map(result);
        (!counted.is_voided).then_some(ApplicationFact { conclusion, ..fact })
    }
}

/// What happened to one thing, in the order of the log.
struct Trail<E> {
    first: StreamVersion,
    stream: Box<str>,
    events: Vec<(Note, E)>,
}

/// What happened between two positions that can bear on a report.
struct Found {
    agency_id: AgencyId,
    year: ReportYear,
    form: &'static Form,
    policy: CountingPolicy,
    applications: BTreeMap<(AgencyId, ApplicationId), Trail<application::Event>>,
    cases: BTreeMap<(AgencyId, CaseId), Trail<remedy::Event>>,
    figures: BTreeMap<AgencyId, Trail<Figures>>,
    sections: BTreeMap<Section, Trail<LongText>>,
    agencies: Vec<(AgencyId, Note)>,
}

async fn gather(
    store: &dyn EventStore,
    members: &Membership<'_>,
    found: &mut Found,
    after: GlobalPosition,
    up_to: GlobalPosition,
) -> Result<(), QueryError> {
    let mut reached = after;
    while reached < up_to {
        let chunks = store.read_all(reached, PAGE).await?;
        let Some(last) = chunks.last() else { break };
        let last = last.last();
        for event in chunks.iter().flat_map(|chunk| chunk.events()) {
            if event.position <= up_to {
                found.take(&event, members)?;
            }
        }
        reached = last;
        tokio::task::yield_now().await;
    }
    Ok(())
}

impl Found {
    fn new(of: &StatementOf, policy: CountingPolicy) -> Self {
        Self {
            agency_id: of.agency_id.clone(),
            year: of.year,
            form: form_for(of.year),
            policy,
            applications: BTreeMap::new(),
            cases: BTreeMap::new(),
            figures: BTreeMap::new(),
            sections: BTreeMap::new(),
            agencies: Vec::new(),
        }
    }

    /// Takes in an event, if it can bear on the report.
    fn take(&mut self, event: &EventRef<'_>, members: &Membership<'_>) -> Result<(), QueryError> {
        let read = decode_narrow(event.payload)
            .map_err(|source| QueryError::Unreadable { position: event.position, source })?;
        let stays = members.stays(read.agency_id()).is_some();
        if !stays && !members.moved(read.agency_id()) {
            return Ok(());
        }
        let Some(agency_id) = read.agency() else { return Ok(()) };
        match read {
            Narrow::Application(news) if stays => {
                if let Ok(id) = ApplicationId::parse(news.id) {
                    let note = note(event, news.event.effective_date());
                    let trail = self.applications.entry((agency_id, id));
                    trail.or_insert_with(|| Trail::from(event)).events.push((note, news.event));
                }
            }
            Narrow::Application(_) => {}
            Narrow::Whole(whole) => {
                let Ok(date) = LegalDate::new(whole.body.effective_date()) else { return Ok(()) };
                self.take_whole(event, agency_id, whole.body, note(event, date), stays);
            }
        }
        Ok(())
    }

    fn take_whole(
        &mut self,
        event: &EventRef<'_>,
        agency_id: AgencyId,
        body: Body,
        note: Note,
        stays: bool,
    ) {
        match body {
            Body::Agency(_) => self.agencies.push((agency_id, note)),
            Body::Application(id, happened) if stays => {
                let trail = self.applications.entry((agency_id, id));
                let trail = trail.or_insert_with(|| Trail::from(event));
                trail.events.push((note, happened));
            }
            Body::Remedy(id, happened) if stays => {
                let trail = self.cases.entry((agency_id, id));
                let trail = trail.or_insert_with(|| Trail::from(event));
                trail.events.push((note, happened));
            }
            Body::Figures(declared) if stays && declared.year == self.year => {
                let trail = self.figures.entry(agency_id);
                let trail = trail.or_insert_with(|| Trail::from(event));
                trail.events.push((note, declared.figures));
            }
            Body::Section(set) if agency_id == self.agency_id && set.year == self.year => {
                let trail = self.sections.entry(set.section);
                let trail = trail.or_insert_with(|| Trail::from(event));
                trail.events.push((note, set.text));
            }
            Body::Application(..)
            | Body::Remedy(..)
            | Body::Figures(_)
            | Body::Section(_)
            | Body::Publication(_)
            | Body::Notice(_) => {}
        }
    }

    /// What moves a cell, or changes a section.
    async fn count(
        &mut self,
        store: &dyn EventStore,
        members: &Membership<'_>,
        after: GlobalPosition,
    ) -> Result<Vec<DatedCause>, QueryError> {
        let facts = self.count_facts(store, members, after).await?;
        let said = self.count_said(store, members, after).await?;
        Ok(facts.into_iter().chain(said).collect())
    }

    /// The applications and cases that count otherwise.
    async fn count_facts(
        &mut self,
        store: &dyn EventStore,
        members: &Membership<'_>,
        after: GlobalPosition,
    ) -> Result<Vec<DatedCause>, QueryError> {
        let (form, year, policy) = (self.form, self.year, self.policy);
        let mut causes = Vec::new();
        for ((agency_id, id), trail) in std::mem::take(&mut self.applications) {
            let held = members.stays(agency_id.as_str());
            if !held.is_some_and(|held| held.has_application(id.as_str())) {
                continue;
            }
            let fold = |state, body: &Body| {
                if let Body::Application(_, event) = body {
                    Counting::evolve(state, policy, event)
                } else {
                    state
                }
            };
            let before: Option<Counting> = trail.state_before(store, after, None, fold).await?;
            let fact = |state: &Option<Counting>| state.as_ref()?.fact(policy);
            let evolve = |state, event: &application::Event| Counting::evolve(state, policy, event);
            let (now, notes) = trail.folded(before.clone(), evolve, |a, b| fact(a) == fact(b));
            let moves = application_moves(form, year, fact(&before).as_ref(), fact(&now).as_ref());
            let subject = id.as_str().into();
            causes.extend(cause(CauseKind::Application, agency_id, subject, moves, notes));
        }
        for ((agency_id, id), trail) in std::mem::take(&mut self.cases) {
            let fold = |state, body: &Body| {
                if let Body::Remedy(_, event) = body { remedy::evolve(state, event) } else { state }
            };
            let before: Option<Remedy> = trail.state_before(store, after, None, fold).await?;
            let fact = |state: &Option<Remedy>| state.as_ref().map(RemedyFact::from);
            let evolve = |state, event: &remedy::Event| remedy::evolve(state, event);
            let (now, notes) = trail.folded(before.clone(), evolve, |a, b| fact(a) == fact(b));
            let about = now.as_ref().and_then(|case| case.application_id.as_ref());
            let held = members.stays(agency_id.as_str());
            if !held.is_some_and(|held| held.has_case(&id, about)) {
                continue;
            }
            let moves = remedy_moves(form, year, fact(&before).as_ref(), fact(&now).as_ref());
            let subject = id.as_str().into();
            causes.extend(cause(CauseKind::Case, agency_id, subject, moves, notes));
        }
        Ok(causes)
    }

    /// The figures and sections that say otherwise.
    async fn count_said(
        &mut self,
        store: &dyn EventStore,
        members: &Membership<'_>,
        after: GlobalPosition,
    ) -> Result<Vec<DatedCause>, QueryError> {
        let year = self.year;
        let mut causes = Vec::new();
        for (agency_id, trail) in std::mem::take(&mut self.figures) {
            if !members.stays(agency_id.as_str()).is_some_and(|held| held.declares(year)) {
                continue;
            }
            let fold = |figures, body: &Body| {
                if let Body::Figures(declared) = body {
                    proactive::evolve(figures, declared)
                } else {
                    figures
                }
            };
            let before = trail.state_before(store, after, Figures::new(), fold).await?;
            causes.extend(self.figure_causes(&agency_id, &before, &trail));
        }
        for (section, trail) in std::mem::take(&mut self.sections) {
            let fold = |text: LongText, body: &Body| match body {
                Body::Section(set) if set.section == section => set.text.clone(),
                Body::Section(_)
                | Body::Agency(_)
                | Body::Application(..)
                | Body::Remedy(..)
                | Body::Figures(_)
                | Body::Publication(_)
                | Body::Notice(_) => text,
            };
            let before = trail.state_before(store, after, LongText::default(), fold).await?;
            let evolve = |_, text: &LongText| text.clone();
            let (now, notes) = trail.folded(before.clone(), evolve, |a, b| a == b);
            if now != before {
                let (kind, subject) = (CauseKind::Section, section_subject(section));
                causes.push(dated(kind, self.agency_id.clone(), subject, Moves::new(), notes));
            }
        }
        Ok(causes)
    }

    /// The figures of an agency that were declared otherwise, each a cause.
    fn figure_causes(
        &self,
        agency_id: &AgencyId,
        before: &Figures,
        trail: &Trail<Figures>,
    ) -> Vec<DatedCause> {
        let mut now = before.clone();
        for (_, declared) in &trail.events {
            now.extend(declared.iter().map(|(cell, value)| (cell.clone(), *value)));
        }
        let changed = now.iter().filter(|(cell, value)| before.get(*cell) != Some(*value));
        changed
            .filter(|(cell, _)| self.form.find_proactive(cell).is_some())
            .map(|(cell, value)| {
                let name = format!("{}.{cell}", TableId::Proactive.key());
                let delta = value.saturating_sub(before.get(cell).copied().unwrap_or(0));
                let says =
                    |(note, said): &(Note, Figures)| said.contains_key(cell).then(|| note.clone());
                let notes = trail.events.iter().filter_map(says).collect();
                let moves = Moves::from([(name.into(), delta)]);
                dated(CauseKind::Figure, agency_id.clone(), cell.as_str().into(), moves, notes)
            })
            .collect()
    }

    /// The cause that an agency came or went: its own events, or those of whom it came or went with.
    fn membership(
        &self,
        members: &Membership<'_>,
        agency_id: &AgencyId,
        moves: Moves,
    ) -> Option<DatedCause> {
        let of = |is_meant: &dyn Fn(&AgencyId) -> bool| -> Vec<Note> {
            let events = self.agencies.iter().filter(|(id, _)| is_meant(id));
            events.map(|(_, note)| note.clone()).collect()
        };
        let own = of(&|id| id == agency_id);
        let notes = if own.is_empty() { of(&|id| members.moved(id.as_str())) } else { own };
        cause(CauseKind::Membership, agency_id.clone(), "".into(), moves, notes)
    }
}

impl<E> Trail<E> {
    fn from(event: &EventRef<'_>) -> Self {
        Self { first: event.version, stream: event.stream.into(), events: Vec::new() }
    }

    /// What the thing was at a position before.
    async fn state_before<S>(
        &self,
        store: &dyn EventStore,
        position: GlobalPosition,
        initial: S,
        fold: impl Fn(S, &Body) -> S,
    ) -> Result<S, QueryError> {
        if self.first == StreamVersion::FIRST {
            return Ok(initial);
        }
        let unknown = |_| QueryError::NotFound { what: "stream", id: self.stream.to_string() };
        let stream = StreamId::parse(&self.stream).map_err(unknown)?;
        let mut state = initial;
        for recorded in store.read_stream(&stream, Some(self.first)).await? {
            if recorded.position > position {
                break;
            }
            let event = crate::wire::decode(&recorded.payload)
                .map_err(|source| QueryError::Unreadable { position: recorded.position, source })?;
            state = fold(state, &event.body);
        }
        Ok(state)
    }

    /// What the thing came to be, and the events that made it count otherwise.
    fn folded<S: Clone>(
        &self,
        before: S,
        evolve: impl Fn(S, &E) -> S,
        counts_the_same: impl Fn(&S, &S) -> bool,
    ) -> (S, Vec<Note>) {
        let (mut state, mut notes) = (before, Vec::new());
        for (note, event) in &self.events {
            let next = evolve(state.clone(), event);
            if !counts_the_same(&state, &next) {
                notes.push(note.clone());
            }
            state = next;
        }
        (state, notes)
    }
}

fn note(event: &EventRef<'_>, date: LegalDate) -> Note {
    let name = event.event_type.rsplit('.').next().unwrap_or_default().into();
    let event_noted = CauseEvent { position: event.position.get(), name, date };
    Note { event: event_noted, record_time: event.record_time }
}

/// A cause, if it moves anything.
fn cause(
    kind: CauseKind,
    agency_id: AgencyId,
    subject: Box<str>,
    moves: Moves,
    notes: Vec<Note>,
) -> Option<DatedCause> {
    (!moves.is_empty()).then(|| dated(kind, agency_id, subject, moves, notes))
}

fn dated(
    kind: CauseKind,
    agency_id: AgencyId,
    subject: Box<str>,
    moves: Moves,
    notes: Vec<Note>,
) -> DatedCause {
    let record_times = notes.iter().map(|note| note.record_time).collect();
    let events = notes.into_iter().map(|note| note.event).collect();
    DatedCause { cause: Cause { kind, agency_id, subject, moves, events }, record_times }
}
