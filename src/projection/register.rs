//! The log folded: every agency's register, and its tallies.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};

use super::{
    CalendarBook, Page,
    applications::{Applications, Place, TooManyApplications},
    deadlines::{DueLists, Replies, Revision},
    fees::Fees,
    publications::{PublicationBook, PublishedReport},
    steps::Step,
};
use crate::{
    domain::{
        AgencyId, ApplicantKind, ApplicationId, Body, CaseId, Channel, Disposition, LegalDate,
        ReportYear, ShortText,
        agency::{self, Agency, Directory, Succession},
        application::{self, ConclusionDetails, Counted, CountingPolicy, Proceeding},
        deadline::Facts,
        narrative::{self, Sections},
        proactive::{self, Figures},
        publication,
        remedy::{self, Remedy, RemedyKind},
    },
    statistics::{ApplicationFact, RemedyFact, Tally},
    store::{GlobalPosition, StreamVersion},
    wire::Narrow,
};

/// Everything that the log says, up to some position.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Register {
    pub(super) books: BTreeMap<AgencyId, AgencyBook>,
    /// By who takes over: from whom.
    pub(super) takers: BTreeMap<AgencyId, BTreeSet<AgencyId>>,
    calendar: CalendarBook,
    position: GlobalPosition,
    revision: Revision,
    policy: CountingPolicy,
}

/// What the applications held take of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footprint {
    /// How many applications are held.
    pub applications: usize,
    /// The bytes that they take, with their agencies' tallies; names, cases, figures and texts
    /// aside.
    pub bytes: usize,
}

/// A thing with the version of its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The thing.
    pub value: T,
    /// The version of its stream.
    pub version: StreamVersion,
}

/// One agency's register.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgencyBook {
    agency: Option<Versioned<Agency>>,
    applications: Applications,
    remedies: BTreeMap<CaseId, RemedyEntry>,
    figures: BTreeMap<ReportYear, Versioned<Figures>>,
    narratives: BTreeMap<ReportYear, Versioned<Sections>>,
    publications: PublicationBook,
    fees: Fees,
    policy: CountingPolicy,
    /// What the policy reads of conclusions beside date and result; nothing under the default.
    details: BTreeMap<Box<str>, ConclusionDetails>,
    tally: Tally,
    /// Who takes over from the agency; as in `agency`, where it is at hand without its name.
    succession: Option<Arc<Succession>>,
    /// Of the tally, what others than the successor take over.
    handed_over: BTreeMap<AgencyId, Tally>,
    due: DueLists,
    replies: Replies,
}

/// What lists, tables and deadlines need to know of an application; its conclusion is as it was
/// recorded first, whatever the policy counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApplicationEntry {
    /// What the tables count.
    pub fact: ApplicationFact,
    /// How it arrived, if stated.
    pub channel: Option<Channel>,
    /// Whether it ended because the applicant withdrew.
    pub is_withdrawal: bool,
    /// Whether the entry is void: then no table counts it.
    pub is_voided: bool,
}

/// Where an application stands, for lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplicationState {
    /// Received and not concluded (办理中).
    Open,
    /// Concluded (已办结).
    Concluded,
    /// Entered in error and void (登记作废).
    Voided,
}

/// What lists and tables need to know of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemedyEntry {
    /// What the tables count.
    pub fact: RemedyFact,
    /// The application it is about, if stated.
    pub application_id: Option<ApplicationId>,
}

/// Which applications to list; `None` does not limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ApplicationFilter {
    /// Only those that stand so.
    pub state: Option<ApplicationState>,
    /// Only those of this kind of applicant.
    pub applicant_kind: Option<ApplicantKind>,
    /// Only those with this result.
    pub disposition: Option<Disposition>,
    /// Only those received in this calendar year.
    pub receipt_year: Option<i16>,
    /// Only those concluded in this calendar year.
    pub conclusion_year: Option<i16>,
}

impl ApplicationFilter {
    fn admits(&self, entry: &ApplicationEntry) -> bool {
        let ApplicationFact { kind, receipt_date, conclusion } = entry.fact;
        let is = |wanted: Option<i16>, date: Option<LegalDate>| {
            wanted.is_none_or(|year| date.is_some_and(|date| date.year() == year))
        };
        self.state.is_none_or(|wanted| entry.state() == wanted)
            && self.applicant_kind.is_none_or(|wanted| kind == wanted)
            && self
                .disposition
                .is_none_or(|wanted| conclusion.is_some_and(|(_, found)| found == wanted))
            && is(self.receipt_year, Some(receipt_date))
            && is(self.conclusion_year, conclusion.map(|(date, _)| date))
    }
}

impl Register {
    /// An empty register, in which applications will be counted under a policy.
    #[must_use]
    pub fn under(policy: CountingPolicy) -> Self {
        Self { policy, ..Self::default() }
    }

    /// What a replay made of the agencies' events, counted under a policy.
    pub(super) fn of(
        books: BTreeMap<AgencyId, AgencyBook>,
        position: GlobalPosition,
        policy: CountingPolicy,
    ) -> Self {
        let mut register = Self { position, ..Self::under(policy) };
        for (id, book) in &books {
            register.note_succession(id, book.succession.as_deref());
        }
        Self { books, ..register }
    }

    /// Notes from whom others take over.
    fn note_succession(&mut self, id: &AgencyId, succession: Option<&Succession>) {
        for taker in succession.into_iter().flat_map(Succession::successors) {
            self.takers.entry(taker.clone()).or_default().insert(id.clone());
        }
    }

    /// The same with the notices that were recorded.
    pub(super) fn with_calendar(self, calendar: CalendarBook) -> Self {
        Self { calendar, ..self }
    }

    /// Folds in the event at `position`, which gave its stream `version`; events come in the order
    /// of the log.
    ///
    /// # Errors
    ///
    /// When an agency has more applications than can be held.
    pub fn fold(
        &mut self,
        event: &Narrow<'_>,
        position: GlobalPosition,
        version: StreamVersion,
    ) -> Result<(), TooManyApplications> {
        self.position = position;
        if event.moves_calendars() {
            self.revision.advance();
        }
        if event.moves_nothing() {
            return Ok(());
        }
        if let Some(notice) = event.notice() {
            self.calendar.fold(notice.clone(), position, version);
        } else if let Some(book) = self.books.get_mut(event.agency_id()) {
            book.fold(event, version)?;
        } else if let Some(agency) = event.agency() {
            let mut book = AgencyBook::under(self.policy);
            book.fold(event, version)?;
            self.books.insert(agency, book);
        }
        if event.is_of_agency()
            && let Some((id, book)) = self.books.get_key_value(event.agency_id())
            && let Some(succession) = book.succession.clone()
        {
            let id = id.clone();
            self.note_succession(&id, Some(&succession));
        }
        Ok(())
    }

    /// The position of the last event folded in.
    #[must_use]
    pub const fn position(&self) -> GlobalPosition {
        self.position
    }

    /// How applications are counted.
    #[must_use]
    pub const fn policy(&self) -> CountingPolicy {
        self.policy
    }

    /// What the applications held take of memory.
    #[must_use]
    pub fn footprint(&self) -> Footprint {
        let mut footprint = Footprint { applications: 0, bytes: 0 };
        for book in self.books.values() {
            let Footprint { applications, bytes } = book.footprint();
            footprint.applications = footprint.applications.saturating_add(applications);
            footprint.bytes = footprint.bytes.saturating_add(bytes);
        }
        footprint
    }

    /// The book of a registered agency.
    #[must_use]
    pub fn book(&self, id: &AgencyId) -> Option<&AgencyBook> {
        self.books.get(id).filter(|book| book.agency.is_some())
    }

    /// The notices of working days, and the calendars that they make.
    #[must_use]
    pub const fn calendar(&self) -> &CalendarBook {
        &self.calendar
    }

    /// How often calendars and tree changed.
    pub(super) const fn revision(&self) -> Revision {
        self.revision
    }

    /// A page of the agencies after an id, all of them or those directly below a parent in a year.
    #[must_use]
    pub fn agencies(
        &self,
        below: Option<(&AgencyId, i16)>,
        after: Option<&str>,
        size: usize,
    ) -> Page<(AgencyId, Versioned<Agency>)> {
        let items = self
            .books
            .range::<str, _>((after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded))
            .filter_map(|(id, book)| Some((id, book.agency()?)))
            .filter(|(id, agency)| {
                below.is_none_or(|(parent, year)| {
                    agency.value.succession_in(year).is_none()
                        && self.parent_of(id, year) == Some(parent)
                })
            })
            .map(|(id, agency)| (id.to_string(), (id.clone(), agency.clone())));
        Page::take(items, size)
    }
}

impl AgencyBook {
    /// An empty book, in which applications will be counted under a policy.
    pub(super) fn under(policy: CountingPolicy) -> Self {
        Self { policy, ..Self::default() }
    }

    /// Folds in an event of this agency, which gave its stream `version`.
    pub(super) fn fold(
        &mut self,
        event: &Narrow<'_>,
        version: StreamVersion,
    ) -> Result<(), TooManyApplications> {
        match event {
            Narrow::Application(news) => self.fold_application(news.id, &news.event),
            Narrow::Whole(event) => self.fold_whole(&event.body, version),
        }
    }

    pub(super) fn fold_whole(
        &mut self,
        body: &Body,
        version: StreamVersion,
    ) -> Result<(), TooManyApplications> {
        match body {
            Body::Agency(event) => {
                let state = self.agency.take().map(|agency| agency.value);
                self.agency =
                    agency::evolve(state, event).map(|value| Versioned { value, version });
                self.hand_over();
            }
            Body::Application(id, event) => self.fold_application(id.as_str(), event)?,
            Body::Remedy(id, event) => self.fold_remedy(id, event),
            Body::Figures(declared) => {
                let before = self.figures.remove(&declared.year).map(|figures| figures.value);
                let value = proactive::evolve(before.unwrap_or_default(), declared);
                self.figures.insert(declared.year, Versioned { value, version });
            }
            Body::Section(set) => {
                let before = self.narratives.remove(&set.year).map(|sections| sections.value);
                let value = narrative::evolve(before.unwrap_or_default(), set);
                self.narratives.insert(set.year, Versioned { value, version });
            }
            Body::Publication(event) => self.publications.fold(event, version),
            // Kept by the register, for no agency alone.
            Body::Notice(_) => {}
        }
        Ok(())
    }

    pub(super) fn fold_application(
        &mut self,
        id: &str,
        event: &application::Event,
    ) -> Result<(), TooManyApplications> {
        let place = self.applications.find(id);
        let before = self.applications.at(place);
        if let application::Event::Proceeding(step) = event
            && !matches!(step, Proceeding::DecisionAmended(_))
        {
            if before.is_none_or(|entry| entry.is_voided) {
                return Ok(());
            }
            self.fees.fold(id, step);
            return Step::of(step).map_or(Ok(()), |step| self.add_step(place, step));
        }
        let Some(after) = Counted::evolve(before.map(Counted::from), event) else {
            return Ok(());
        };
        let after = ApplicationEntry::from(after);
        let counted_before = before.and_then(|entry| self.counted(id, entry));
        if let Some(entry) = before.filter(|entry| !entry.is_voided) {
            self.fold_details(id, entry, event);
        }
        if before != Some(after) {
            let at = self.applications.put(place, id, &after)?;
            self.due.touch(at);
            self.replies.touch();
            if after.is_voided {
                self.fees.forget(id);
            }
        }
        let (before, after) = (counted_before, self.counted(id, after));
        self.tally.replace_application(before.as_ref(), after.as_ref());
        let taker = self.succession.as_ref().and_then(|gone| gone.taker_of_application(id));
        if let Some(handed) = taker.and_then(|taker| self.handed_over.get_mut(taker)) {
            handed.replace_application(before.as_ref(), after.as_ref());
        }
        Ok(())
    }

    /// Counts what others than the successor take over, once it is known who takes over.
    fn hand_over(&mut self) {
        let stated = self.agency.as_ref().and_then(|agency| agency.value.succession.as_ref());
        let Some(succession) = stated.filter(|_| self.succession.is_none()).cloned() else {
            return;
        };
        let mut handed_over: BTreeMap<_, _> =
            succession.handovers.keys().map(|taker| (taker.clone(), Tally::default())).collect();
        for (taker, handover) in &succession.handovers {
            let Some(handed) = handed_over.get_mut(taker) else { continue };
            for id in &handover.applications {
                let entry = self.applications.get(id.as_str());
                let counted = entry.and_then(|entry| self.counted(id.as_str(), entry));
                handed.replace_application(None, counted.as_ref());
            }
        }
        for (id, case) in &self.remedies {
            let taker = succession.taker_of_case(id.as_str(), case.application_id.as_ref());
            if let Some(handed) = taker.and_then(|taker| handed_over.get_mut(taker)) {
                handed.replace_remedy(None, Some(&case.fact));
            }
        }
        self.handed_over = handed_over;
        self.succession = Some(Arc::new(succession));
    }

    /// Keeps what the policy reads of a conclusion, as it is after an event.
    fn fold_details(&mut self, id: &str, before: ApplicationEntry, event: &application::Event) {
        if self.policy == CountingPolicy::default() {
            return;
        }
        let details = self.details.remove(id).unwrap_or_default();
        let details = details.evolve(self.policy, before.fact.conclusion.is_some(), event);
        if !details.is_empty() {
            self.details.insert(id.into(), details);
        }
    }

    /// What table three counts of an application; nothing if its entry is void.
    pub(super) fn counted(&self, id: &str, entry: ApplicationEntry) -> Option<ApplicationFact> {
        if entry.is_voided {
            return None;
        }
        let fact = entry.fact;
        let conclusion = match (fact.conclusion, self.details.get(id)) {
            (Some(result), Some(details)) => {
                Some(self.policy.result(fact.receipt_date, result, details))
            }
            (conclusion, _) => conclusion,
        };
        Some(ApplicationFact { conclusion, ..fact })
    }

    /// Folds in a step of an application, which moves clocks only.
    pub(super) fn fold_step(&mut self, id: &str, step: Step) -> Result<(), TooManyApplications> {
        let place = self.applications.find(id);
        if self.applications.at(place).is_some_and(|entry| entry.is_voided) {
            return Ok(());
        }
        self.add_step(place, step)
    }

    fn add_step(&mut self, place: Place, step: Step) -> Result<(), TooManyApplications> {
        let Some(at) = Applications::start_of(place) else { return Ok(()) };
        self.due.touch(at);
        self.replies.touch();
        self.applications.add_step(at, step)
    }

    fn fold_remedy(&mut self, id: &CaseId, event: &remedy::Event) {
        let before = self.remedies.remove(id);
        let fact_before = before.as_ref().map(|entry| entry.fact);
        let Some(after) = remedy::evolve(before.map(RemedyEntry::without_texts), event) else {
            return;
        };
        let fact = RemedyFact::from(&after);
        self.tally.replace_remedy(fact_before.as_ref(), Some(&fact));
        let taker = self
            .succession
            .as_ref()
            .and_then(|gone| gone.taker_of_case(id.as_str(), after.application_id.as_ref()));
        if let Some(handed) = taker.and_then(|taker| self.handed_over.get_mut(taker)) {
            handed.replace_remedy(fact_before.as_ref(), Some(&fact));
        }
        let entry = RemedyEntry { fact, application_id: after.application_id };
        self.remedies.insert(id.clone(), entry);
    }

    fn footprint(&self) -> Footprint {
        let heap = self.applications.heap_bytes().saturating_add(self.tally.heap_bytes());
        Footprint {
            applications: self.applications.len(),
            bytes: heap.saturating_add(size_of::<(AgencyId, Self)>()),
        }
    }

    /// The agency itself, once registered.
    #[must_use]
    pub const fn agency(&self) -> Option<&Versioned<Agency>> {
        self.agency.as_ref()
    }

    /// The counts of its applications and cases.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Who takes over from it, if in a calendar year somebody does.
    pub(super) fn succession_in(&self, year: i16) -> Option<&Succession> {
        self.succession.as_deref().filter(|succession| succession.from_year <= year)
    }

    /// Of the counts, what each takes over who is not the successor.
    pub(super) const fn handed_over(&self) -> &BTreeMap<AgencyId, Tally> {
        &self.handed_over
    }

    /// The figures declared for a year.
    #[must_use]
    pub fn figures(&self, year: ReportYear) -> Option<&Versioned<Figures>> {
        self.figures.get(&year)
    }

    /// The sections written for a year.
    #[must_use]
    pub fn narrative(&self, year: ReportYear) -> Option<&Versioned<Sections>> {
        self.narratives.get(&year)
    }

    /// The latest version of a year's report.
    #[must_use]
    pub fn published(
        &self,
        year: ReportYear,
        scope: publication::Scope,
    ) -> Option<&PublishedReport> {
        self.publications.latest(year, scope)
    }

    /// The years and scopes of which anything was published, in order.
    pub fn publications(&self) -> impl Iterator<Item = (ReportYear, publication::Scope)> {
        self.publications.published()
    }

    /// An application.
    #[must_use]
    pub fn application(&self, id: &ApplicationId) -> Option<ApplicationEntry> {
        self.applications.get(id.as_str())
    }

    /// Its applications, packed.
    pub(super) const fn packed_applications(&self) -> &Applications {
        &self.applications
    }

    /// Its fee notices and their payments.
    pub(super) const fn fees(&self) -> &Fees {
        &self.fees
    }

    /// Its list of deadlines.
    pub(super) const fn due_lists(&self) -> &DueLists {
        &self.due
    }

    /// How long its replies took.
    pub(super) const fn replies(&self) -> &Replies {
        &self.replies
    }

    /// What the deadline of an application is derived from; nothing if its entry is void. The rule
    /// of the receipt is not kept.
    pub(super) fn facts_at(&self, at: u32) -> Option<Facts> {
        let entry = self.applications.entry_at(at).filter(|entry| !entry.is_voided)?;
        let steps = self.applications.steps_at(at).into_iter();
        Some(Counted::from(entry).facts(steps.map(Step::proceeding)))
    }

    /// The cases after an id, in order.
    pub(super) fn cases_after(
        &self,
        after: Option<&str>,
    ) -> impl Iterator<Item = (&CaseId, &RemedyEntry)> {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.remedies.range::<str, _>((after, Bound::Unbounded))
    }

    /// Every case, by id.
    pub fn cases(&self) -> impl Iterator<Item = (&CaseId, &RemedyEntry)> {
        self.remedies.iter()
    }

    /// A page of the applications after an id.
    #[must_use]
    pub fn applications(
        &self,
        filter: &ApplicationFilter,
        after: Option<&str>,
        size: usize,
    ) -> Page<(ApplicationId, ApplicationEntry)> {
        self.applications.page(|_, entry| filter.admits(entry), after, size)
    }

    /// A page of the cases after an id.
    #[must_use]
    pub fn remedies(
        &self,
        kind: Option<RemedyKind>,
        pending_only: bool,
        after: Option<&str>,
        size: usize,
    ) -> Page<(CaseId, RemedyEntry)> {
        let items = self
            .cases_after(after)
            .filter(|(_, entry)| kind.is_none_or(|kind| entry.fact.kind == kind))
            .filter(|(_, entry)| !pending_only || entry.fact.conclusion.is_none())
            .map(|(id, entry)| (id.to_string(), (id.clone(), entry.clone())));
        Page::take(items, size)
    }
}

impl From<Counted> for ApplicationEntry {
    fn from(counted: Counted) -> Self {
        let Counted { applicant_kind: kind, receipt_date, conclusion, .. } = counted;
        let Counted { channel, is_voided, is_withdrawal, .. } = counted;
        let fact = ApplicationFact { kind, receipt_date, conclusion };
        Self { fact, channel, is_withdrawal, is_voided }
    }
}

impl From<ApplicationEntry> for Counted {
    fn from(entry: ApplicationEntry) -> Self {
        let ApplicationEntry { fact, channel, is_withdrawal, is_voided } = entry;
        let ApplicationFact { kind: applicant_kind, receipt_date, conclusion } = fact;
        Self { applicant_kind, receipt_date, channel, conclusion, is_withdrawal, is_voided }
    }
}

impl ApplicationEntry {
    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> ApplicationState {
        match self.fact.conclusion {
            _ if self.is_voided => ApplicationState::Voided,
            Some(_) => ApplicationState::Concluded,
            None => ApplicationState::Open,
        }
    }
}

impl RemedyEntry {
    /// The case but for its texts, which no table counts.
    fn without_texts(self) -> Remedy {
        let RemedyFact { kind, filing_date, conclusion } = self.fact;
        Remedy {
            kind,
            filing_date,
            application_id: self.application_id,
            conclusion: conclusion.map(|(conclusion_date, result)| remedy::Concluded {
                result,
                conclusion_date,
                document_no: ShortText::default(),
            }),
        }
    }
}
