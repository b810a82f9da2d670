//! Changes of deadlines as they come about: by an act, by a notice of working days, by a change of
//! the tree, and by the beginning of a day.
//!
//! A watch follows the log and remembers of applications nothing. What an act changed is derived
//! from its own stream, before and after; what a notice or a new day changed, by judging every open
//! application twice, some thousands at a time. Where the register is ahead of what was told
//! meanwhile, the acts in between are told whether or not they change anything: whoever keeps the
//! last word on each application so ends with the register's.

use std::{collections::BTreeMap, future::Future, sync::Arc};

use tokio::sync::mpsc;
use tokio_stream::StreamExt;

use super::{AsOf, DeadlineEntry, History, Projection, QueryError, Register, hierarchy::Holding};
use crate::{
    domain::{
        AgencyId, ApplicationId, Body, Event, LegalDate, State,
        application::Application,
        calendar::Calendar,
        deadline::{Assessment, Facts, Policy},
    },
    store::{Chunk, EventStore, GlobalPosition, StreamId, follow},
    wire::{Narrow, Subject, decode_narrow, stream_name},
};

/// How many applications are judged while questions of others wait.
const JUDGED_AT_ONCE: usize = 4096;
/// How many updates go in one batch.
const UPDATES_PER_BATCH: usize = 256;
/// After how many events without an update a batch tells how far the log was followed.
const SILENT_EVENTS: u64 = 1024;

/// Why a deadline is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateCause {
    /// It stood so when the watch began.
    Standing,
    /// An act upon the application.
    Act,
    /// A notice of working days.
    Notice,
    /// The agency came to stand elsewhere in the tree.
    Tree,
    /// A day began.
    Day,
}

/// A deadline that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlineUpdate {
    /// Why.
    pub cause: UpdateCause,
    /// The position of the event that changed it, or at which it is told.
    pub position: GlobalPosition,
    /// How it was; `None` if the application is new, or if that is not known.
    pub before: Option<DeadlineEntry>,
    /// How it is; `None` if the entry is void.
    pub after: Option<DeadlineEntry>,
}

/// Updates, and where a watch goes on that has seen them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateBatch {
    /// The updates, in the order in which they came about.
    pub updates: Vec<DeadlineUpdate>,
    /// Up to where everything has been told; the start of the log while what stands is being told.
    pub position: GlobalPosition,
    /// The day as on which everything has been told.
    pub today: LegalDate,
}

/// What is watched, and from where on.
#[derive(Debug, Clone)]
pub struct WatchOf {
    /// The agency.
    pub agency_id: AgencyId,
    /// Whether every agency below it is watched.
    pub subtree: bool,
    /// After which position; the start of the log for beginning with every open application.
    pub after: GlobalPosition,
    /// As on which day everything up to there was told.
    pub told_on: LegalDate,
}

/// By what open applications are judged.
#[derive(Debug, Clone, Copy)]
struct Vantage {
    today: LegalDate,
    /// With the notices recorded up to here.
    position: GlobalPosition,
}

/// A register watched.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    /// Its agency and those above it.
    lineage: Vec<AgencyId>,
    /// Whether all of it is watched, and not the part that an agency took over.
    is_whole: bool,
}

/// Judged twice.
type Pair = (Option<DeadlineEntry>, DeadlineEntry);

/// A watch under way.
pub struct DeadlineWatch {
    store: Arc<dyn EventStore>,
    projection: Arc<Projection>,
    of: WatchOf,
    batches: mpsc::Sender<Result<UpdateBatch, QueryError>>,
    /// The agencies whose registers are watched.
    members: BTreeMap<AgencyId, Member>,
    updates: Vec<DeadlineUpdate>,
    /// Up to where the log was followed.
    followed: GlobalPosition,
    /// Up to where that was said.
    told: GlobalPosition,
    today: LegalDate,
    /// Up to where the register was when it was last looked through.
    looked_through: GlobalPosition,
}

/// Why a watch ends.
enum End {
    /// Nobody listens any more.
    Unheard,
    /// A question has no answer.
    Failed(QueryError),
}

impl From<QueryError> for End {
    fn from(error: QueryError) -> Self {
        Self::Failed(error)
    }
}

impl DeadlineWatch {
    /// A watch that sends to `batches`, and waits while they are full.
    ///
    /// # Errors
    ///
    /// When the agency is not registered, or the log has not reached the position.
    pub async fn new(
        store: Arc<dyn EventStore>,
        projection: Arc<Projection>,
        of: WatchOf,
        batches: mpsc::Sender<Result<UpdateBatch, QueryError>>,
    ) -> Result<Self, QueryError> {
        let head = store.head();
        if of.after > head {
            return Err(QueryError::BeyondHead { asked: of.after, head });
        }
        let mut watch = Self {
            store,
            projection,
            batches,
            members: BTreeMap::new(),
            updates: Vec::new(),
            followed: of.after,
            told: of.after,
            today: of.told_on,
            looked_through: GlobalPosition::START,
            of,
        };
        watch.members = watch.held().await?;
        Ok(watch)
    }

    /// Watches until nobody listens, the log is closed, or a question fails; `next_day` completes
    /// with the day on which it is no longer the day given.
    pub async fn run<N, F>(mut self, next_day: N)
    where
        N: Fn(LegalDate) -> F,
        F: Future<Output = LegalDate>,
    {
        if let Err(End::Failed(error)) = self.watch(next_day).await {
            // Nobody may be listening any more; there is no one else to tell.
            drop(self.batches.send(Err(error)).await);
        }
    }

    async fn watch<N, F>(&mut self, next_day: N) -> Result<(), End>
    where
        N: Fn(LegalDate) -> F,
        F: Future<Output = LegalDate>,
    {
        let head = self.store.head();
        if self.told == GlobalPosition::START {
            let now = Vantage { today: self.today, position: head };
            self.look_through(UpdateCause::Standing, head, None, now).await?;
            self.followed = head;
            self.tell().await?;
        }
        let batches = self.batches.clone();
        let mut chunks = follow(self.store.clone(), self.followed);
        // What came before a new day is told as on the day before.
        while self.followed < head {
            match chunks.next().await {
                Some(chunk) => self.follow(&chunk.map_err(QueryError::from)?).await?,
                None => return Ok(()),
            }
        }
        let mut day = Box::pin(next_day(self.today));
        loop {
            tokio::select! {
                biased;
                () = batches.closed() => return Err(End::Unheard),
                chunk = chunks.next() => match chunk {
                    Some(chunk) => self.follow(&chunk.map_err(QueryError::from)?).await?,
                    None => return Ok(()),
                },
                today = &mut day => {
                    self.day_began(today).await?;
                    day = Box::pin(next_day(today));
                }
            }
        }
    }

    /// The registers watched, as the tree is now.
    async fn held(&self) -> Result<BTreeMap<AgencyId, Member>, QueryError> {
        let (of, year) = (&self.of, self.today.year());
        let held = |register: &Register| {
            let held = register.asked_for(&of.agency_id, of.subtree, year)?;
            let member = |held: &Holding<'_>| {
                let lineage = register.lineage(held.id, year);
                (held.id.clone(), Member { lineage, is_whole: held.is_whole() })
            };
            Ok(held.iter().map(member).collect())
        };
        self.projection.ask(AsOf::Now, held).await?.0
    }

    async fn follow(&mut self, chunk: &Chunk) -> Result<(), End> {
        let after = self.followed;
        for event in chunk.payloads().filter(|event| event.position > after) {
            let position = event.position;
            let read = decode_narrow(event.payload)
                .map_err(|source| QueryError::Unreadable { position, source })?;
            let act = match &read {
                Narrow::Application(news) => Some((news.agency_id, news.id)),
                Narrow::Whole(whole) => match &**whole {
                    Event {
                        agency_id: Some(agency_id), body: Body::Application(id, _), ..
                    } => Some((agency_id.as_str(), id.as_str())),
                    _ => None,
                },
            };
            if let Some((agency_id, id)) = act {
                if let Some(member) = self.members.get(agency_id) {
                    let is_whole = member.is_whole;
                    self.act(position, agency_id, id, is_whole).await?;
                }
            } else if read.notice().is_some() {
                let before = GlobalPosition::new(position.get().saturating_sub(1));
                let before = Vantage { today: self.today, position: before };
                let after = Vantage { today: self.today, position };
                self.look_through(UpdateCause::Notice, position, Some(before), after).await?;
            } else if read.moves_calendars() {
                self.tree_changed(position).await?;
            }
            self.followed = position;
            if self.updates.len() >= UPDATES_PER_BATCH {
                self.tell().await?;
            }
        }
        let silent = self.followed.get().saturating_sub(self.told.get());
        if !self.updates.is_empty() || silent >= SILENT_EVENTS {
            self.tell().await?;
        }
        Ok(())
    }

    /// Derives what an act changed from the application's own stream.
    async fn act(
        &mut self,
        position: GlobalPosition,
        agency: &str,
        id: &str,
        is_whole: bool,
    ) -> Result<(), End> {
        let agency_id = AgencyId::parse(agency).expect("it was found valid when it was read");
        let id = ApplicationId::parse(id).expect("it was found valid when it was read");
        let name = stream_name(&agency_id, Subject::Application(&id));
        let stream = StreamId::parse(&name).expect("applications have streams with names");
        let initial = State::Application(None);
        let history =
            History::read_up_to(self.store.as_ref(), &stream, initial.clone(), Some(position));
        let history = history.await?;
        let earlier = history.events.iter().take_while(|(event, _)| event.position < position);
        let before = earlier.fold(initial, |state, (_, event)| state.evolve(&event.body));
        let now = Vantage { today: self.today, position };
        let (of, year) = (&self.of, self.today.year());
        let judge = |register: &Register| {
            if !is_whole && !register.is_held(of, year, &agency_id, id.as_str()) {
                return (None, None);
            }
            let judged = |state: &State| {
                let facts = facts(state)?;
                Some(register.judged(&agency_id, &id, facts, now))
            };
            (judged(&before), judged(&history.state))
        };
        let ((before, after), _) = self.projection.ask(AsOf::Now, judge).await?;
        let differs = match (&before, &after) {
            (Some(before), Some(after)) => differs(before, after),
            (None, None) => return Ok(()),
            (Some(_), None) | (None, Some(_)) => true,
        };
        if differs || position <= self.looked_through {
            self.updates.push(DeadlineUpdate { cause: UpdateCause::Act, position, before, after });
        }
        Ok(())
    }

    /// Tells again what is open at agencies that came to stand elsewhere.
    async fn tree_changed(&mut self, position: GlobalPosition) -> Result<(), End> {
        let held = self.held().await?;
        let before = std::mem::replace(&mut self.members, held);
        let moved: Vec<_> = self
            .members
            .iter()
            .filter(|(id, member)| before.get(*id) != Some(member))
            .map(|(id, _)| id.clone())
            .collect();
        let now = Vantage { today: self.today, position };
        for agency_id in moved {
            self.look_through_agency(&agency_id, UpdateCause::Tree, position, None, now).await?;
        }
        Ok(())
    }

    /// What a new day changes: what becomes overdue, and what waits no longer.
    async fn day_began(&mut self, today: LegalDate) -> Result<(), End> {
        let position = self.followed;
        let before = Vantage { today: self.today, position };
        let after = Vantage { today, position };
        self.look_through(UpdateCause::Day, position, Some(before), after).await?;
        let other_year = today.year() != self.today.year();
        self.today = today;
        if other_year {
            self.tree_changed(position).await?;
        }
        self.tell().await
    }

    /// Judges every open application, and tells those of which the judgement differs; all of them
    /// without a judgement before.
    async fn look_through(
        &mut self,
        cause: UpdateCause,
        position: GlobalPosition,
        before: Option<Vantage>,
        after: Vantage,
    ) -> Result<(), End> {
        for agency_id in self.members.keys().cloned().collect::<Vec<_>>() {
            self.look_through_agency(&agency_id, cause, position, before, after).await?;
        }
        Ok(())
    }

    async fn look_through_agency(
        &mut self,
        agency_id: &AgencyId,
        cause: UpdateCause,
        position: GlobalPosition,
        before: Option<Vantage>,
        after: Vantage,
    ) -> Result<(), End> {
        let mut next = Some(0);
        while let Some(from) = next {
            let (of, year) = (&self.of, self.today.year());
            let is_whole = self.members.get(agency_id).is_none_or(|member| member.is_whole);
            let looked = |register: &Register| {
                register.judge_open(agency_id, from, before, after, |id| {
                    is_whole || register.is_held(of, year, agency_id, id)
                })
            };
            let (looked, reached) = self.projection.ask(AsOf::Now, looked).await?;
            self.looked_through = self.looked_through.max(reached);
            next = looked.next;
            for (before, after) in looked.found {
                let (before, after) = (before, Some(after));
                self.updates.push(DeadlineUpdate { cause, position, before, after });
                if self.updates.len() >= UPDATES_PER_BATCH {
                    // Whoever goes on from what was told before begins this look anew.
                    self.send().await?;
                }
            }
        }
        Ok(())
    }

    /// Sends what there is: everything up to where the log was followed has been told then.
    async fn tell(&mut self) -> Result<(), End> {
        self.told = self.followed;
        self.send().await
    }

    async fn send(&mut self) -> Result<(), End> {
        let updates = std::mem::take(&mut self.updates);
        let batch = UpdateBatch { updates, position: self.told, today: self.today };
        self.batches.send(Ok(batch)).await.map_err(|_| End::Unheard)
    }
}

/// The facts of an application; nothing before its receipt and once its entry is void.
fn facts(state: &State) -> Option<Facts> {
    match state {
        State::Application(Some(application)) => {
            Some(application).filter(|found| found.voided.is_none()).map(Application::facts)
        }
        State::Application(None)
        | State::Agency(_)
        | State::Remedy(_)
        | State::Figures(_)
        | State::Narrative(_)
        | State::Publications(_)
        | State::Calendar(_) => None,
    }
}

/// Whether two judgements of an application differ in more than the days left.
fn differs(before: &DeadlineEntry, after: &DeadlineEntry) -> bool {
    let told = |entry: &DeadlineEntry| {
        let Assessment { deadline, state, .. } = entry.assessment.as_ref()?;
        Some((
            *state,
            deadline.start,
            deadline.due_date,
            deadline.is_provisional,
            (deadline.allowance(), deadline.extension),
            deadline.standing.awaited(),
        ))
    };
    let dates = |entry: &DeadlineEntry| {
        (entry.facts.receipt.date, entry.facts.conclusion.map(|end| end.date))
    };
    told(before) != told(after) || dates(before) != dates(after)
}

/// Open applications of an agency that were judged.
struct Looked {
    found: Vec<Pair>,
    /// Where to go on.
    next: Option<u32>,
}

impl Register {
    /// Whether an application of a register is held by those who are watched.
    fn is_held(&self, of: &WatchOf, year: i16, agency_id: &AgencyId, id: &str) -> bool {
        let held = self.asked_for(&of.agency_id, of.subtree, year);
        let mut held = held.into_iter().flatten();
        held.any(|held| held.id == agency_id && held.has_application(id))
    }

    /// An application as it is judged: an open one with the notices up to a position, a concluded
    /// one with those of them that were known on the day of its conclusion.
    fn judged(
        &self,
        agency_id: &AgencyId,
        id: &ApplicationId,
        facts: Facts,
        by: Vantage,
    ) -> DeadlineEntry {
        let end = facts.conclusion.map(|end| end.date);
        let lineage = self.lineage(agency_id, end.unwrap_or(by.today).year());
        let calendar = self.calendar().calendar_up_to(&lineage, end, by.position);
        entry(agency_id, id, facts, &calendar, by.today)
    }

    /// Judges some thousands of an agency's open applications from a place on, once or twice; of
    /// those judged twice it gives those that differ.
    fn judge_open(
        &self,
        agency_id: &AgencyId,
        from: u32,
        before: Option<Vantage>,
        after: Vantage,
        admits: impl Fn(&str) -> bool,
    ) -> Looked {
        let Some(book) = self.book(agency_id) else {
            return Looked { found: Vec::new(), next: None };
        };
        let calendar = |by: Vantage| {
            let lineage = self.lineage(agency_id, by.today.year());
            self.calendar().calendar_up_to(&lineage, None, by.position)
        };
        let earlier = before.map(|by| (calendar(by), by.today));
        let later = calendar(after);
        let applications = book.packed_applications();
        let mut places = applications.places_after(from);
        let mut found = Vec::new();
        for at in places.by_ref().take(JUDGED_AT_ONCE) {
            let facts = book.facts_at(at).filter(|facts| facts.conclusion.is_none());
            let facts = facts.filter(|_| admits(applications.id_at(at)));
            let id = ApplicationId::parse(applications.id_at(at)).ok();
            let Some((facts, id)) = facts.zip(id) else { continue };
            let before = earlier
                .as_ref()
                .map(|(calendar, today)| entry(agency_id, &id, facts.clone(), calendar, *today));
            let after = entry(agency_id, &id, facts, &later, after.today);
            if before.as_ref().is_none_or(|before| differs(before, &after)) {
                found.push((before, after));
            }
        }
        Looked { found, next: places.next() }
    }
}

fn entry(
    agency_id: &AgencyId,
    id: &ApplicationId,
    facts: Facts,
    calendar: &Calendar,
    today: LegalDate,
) -> DeadlineEntry {
    let assessment = Assessment::of(&facts, Policy::default(), calendar, today).ok();
    let (agency_id, application_id) = (agency_id.clone(), id.clone());
    DeadlineEntry { agency_id, application_id, facts, assessment }
}
