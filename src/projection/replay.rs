//! The log folded from its beginning, on several threads.
//!
//! The log is read a page at a time. While one is read, the one before is cut into stretches, the
//! events of which are sorted into piles by agency; and while it is sorted, the piles of the page
//! before that are folded, shard by shard, each in the order of the log. The threads take one task
//! after another, so that none waits long for the last. There are far more shards than threads:
//! what the few agencies of one have then stays in the processor's caches. The outcome does not
//! depend on how many threads there are.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter, mem,
    num::NonZeroUsize,
    panic,
    sync::{Mutex, PoisonError},
    thread,
};

use hashbrown::HashTable;

use super::{
    AgencyBook, CalendarBook, QueryError, Register, TooManyApplications, id_hashing::IdHashing,
    steps::Step,
};
use crate::{
    domain::{
        AgencyId, ApplicantKind, Channel, Disposition, Event, LegalDate, ShortText,
        application::{self, ConclusionBasis, CountingPolicy},
    },
    store::{Chunk, EventStore, GlobalPosition, Payload, StreamVersion},
    wire::{Narrow, decode_narrow},
};

/// How many events are read at a time.
const PAGE: usize = 131_072;

/// How many shards the agencies are spread over.
const SHARDS: usize = 256;

/// Whose events a replay folds in. It reads, and so checks, all of them; the notices of working
/// days are few and are read once more, from their own stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    Everyone,
    /// Those of some agencies.
    Agencies(BTreeSet<AgencyId>),
}

impl Scope {
    fn admits(&self, event: &Narrow<'_>) -> bool {
        let is_wanted = match self {
            Self::Everyone => true,
            Self::Agencies(ids) => ids.contains(event.agency_id()),
        };
        is_wanted && event.notice().is_none()
    }
}

/// The register as the log had it at a position, applications counted under a policy.
///
/// # Errors
///
/// When the log cannot be read, or holds an event that this version cannot read.
pub async fn replay(
    store: &dyn EventStore,
    up_to: GlobalPosition,
    scope: &Scope,
    threads: NonZeroUsize,
    policy: CountingPolicy,
) -> Result<Register, QueryError> {
    replay_in_pages(store, up_to, scope, threads, policy, PAGE).await
}

async fn replay_in_pages(
    store: &dyn EventStore,
    up_to: GlobalPosition,
    scope: &Scope,
    threads: NonZeroUsize,
    policy: CountingPolicy,
    size: usize,
) -> Result<Register, QueryError> {
    let mut fold = Fold::new(up_to, scope.clone(), threads, policy);
    let mut page = store.read_all(fold.position, size).await?;
    while let Some(last) = page.last().map(Chunk::last).filter(|_| fold.position < up_to) {
        let folding = tokio::task::spawn_blocking(move || {
            let folded = fold.take(&page);
            (fold, folded)
        });
        let reading =
            async { if last < up_to { store.read_all(last, size).await } else { Ok(Vec::new()) } };
        let (folding, reading) = tokio::join!(folding, reading);
        let folded;
        (fold, folded) = folding.map_err(|error| broken_off(error, last))?;
        folded?;
        page = reading?;
    }
    let position = fold.position;
    let ended = tokio::task::spawn_blocking(move || fold.end()).await;
    let register = ended.map_err(|error| broken_off(error, position))??;
    Ok(register.with_calendar(CalendarBook::read(store, up_to).await?))
}

/// What to make of a task that did not end: a panic goes on, and else the runtime is going down.
fn broken_off(error: tokio::task::JoinError, position: GlobalPosition) -> QueryError {
    match error.try_into_panic() {
        Ok(panic) => panic::resume_unwind(panic),
        Err(error) => QueryError::Stopped { position, reason: error.to_string() },
    }
}

/// An event as it was read.
#[derive(Debug)]
pub(super) struct Read<'a> {
    pub(super) event: Narrow<'a>,
    pub(super) position: GlobalPosition,
    pub(super) version: StreamVersion,
}

pub(super) fn read(event: Payload<'_>) -> Result<Read<'_>, QueryError> {
    let Payload { position, version, payload } = event;
    match decode_narrow(payload) {
        Ok(event) => Ok(Read { event, position, version }),
        Err(source) => Err(QueryError::Unreadable { position, source }),
    }
}

pub(super) fn too_many(position: GlobalPosition, reason: TooManyApplications) -> QueryError {
    QueryError::Stopped { position, reason: reason.to_string() }
}

/// A replay under way.
struct Fold {
    position: GlobalPosition,
    up_to: GlobalPosition,
    scope: Scope,
    hasher: IdHashing,
    threads: usize,
    policy: CountingPolicy,
    /// Every agency is in the one that its hash says.
    shards: Vec<Shard>,
    /// The page before, one set of piles for each stretch; not yet folded.
    sorted: Vec<Piles>,
    /// Piles of a page that has been folded.
    spare: Vec<Piles>,
}

/// Some of the agencies.
struct Shard {
    books: HashTable<(AgencyId, AgencyBook)>,
    policy: CountingPolicy,
}

/// The events after a position and up to another.
struct Stretch<'a> {
    /// The end of a chunk that began before.
    first: Option<Chunk>,
    rest: &'a [Chunk],
    up_to: GlobalPosition,
}

/// What was read of a stretch: one pile for each shard.
type Piles = Vec<Pile>;

/// Events on their way into a shard, copied out of their frames: folding takes them in another
/// order, and what it touches then had better lie close together.
#[derive(Default)]
struct Pile {
    events: Vec<Sorted>,
    /// The ids of agencies and applications.
    ids: String,
}

struct Sorted {
    hash: u64,
    position: GlobalPosition,
    body: Body,
    /// Where the ids end that stand for the event.
    ids_end: u32,
    agency_len: u8,
    id_len: u8,
}

/// What happened. News that is rare or large lies elsewhere.
enum Body {
    Received { kind: ApplicantKind, date: LegalDate, channel: Option<Channel> },
    Decided { disposition: Disposition, date: LegalDate },
    Withdrawn { date: LegalDate },
    Step(Step),
    Rare(Box<application::Event>),
    Whole(Box<(Event, StreamVersion)>),
}

/// What happened, as it is folded.
enum News<'a> {
    Event(application::Event),
    Step(Step),
    Whole(&'a (Event, StreamVersion)),
}

impl Fold {
    fn new(
        up_to: GlobalPosition,
        scope: Scope,
        threads: NonZeroUsize,
        policy: CountingPolicy,
    ) -> Self {
        Self {
            position: GlobalPosition::START,
            up_to,
            scope,
            hasher: IdHashing::default(),
            threads: threads.get(),
            policy,
            shards: (0..SHARDS).map(|_| Shard::under(policy)).collect(),
            sorted: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// Folds the page before, and sorts this one.
    fn take(&mut self, page: &[Chunk]) -> Result<(), QueryError> {
        let Some(last) = page.last() else { return Ok(()) };
        let last = last.last().min(self.up_to);
        let before = mem::take(&mut self.sorted);
        let stretches = stretches(page, self.position, last, self.threads.saturating_mul(2));
        let mut spare = mem::take(&mut self.spare);
        spare.resize_with(stretches.len(), || (0..SHARDS).map(|_| Pile::default()).collect());
        let folding = self.shards.iter_mut().enumerate();
        let folding = folding.map(|(place, shard)| Task::Fold(place, shard));
        let sorting = stretches.into_iter().zip(spare);
        let sorting = sorting.map(|(stretch, piles)| Task::Sort(stretch, piles));
        let (scope, hasher, policy) = (&self.scope, self.hasher, self.policy);
        let done = in_turns(self.threads, folding.chain(sorting), |task| match task {
            Task::Fold(place, shard) => {
                let mut piles = before.iter().filter_map(|piles| piles.get(place));
                piles.try_for_each(|pile| shard.fold(pile, hasher)).map(|()| None)
            }
            Task::Sort(stretch, piles) => sort(&stretch, piles, scope, hasher, policy).map(Some),
        });
        self.position = last;
        // The first stretch that cannot be read holds the first event that cannot, and whatever
        // was folded came before.
        let done: Vec<Option<Piles>> = done.into_iter().collect::<Result<_, _>>()?;
        self.sorted = done.into_iter().flatten().collect();
        self.spare = before;
        Ok(())
    }

    /// Folds the last page, and makes the register.
    fn end(mut self) -> Result<Register, QueryError> {
        let (sorted, hasher) = (mem::take(&mut self.sorted), self.hasher);
        let shards = self.shards.iter_mut().enumerate();
        let folded = in_turns(self.threads, shards, |(place, shard)| {
            let mut piles = sorted.iter().filter_map(|piles| piles.get(place));
            piles.try_for_each(|pile| shard.fold(pile, hasher))
        });
        folded.into_iter().collect::<Result<(), _>>()?;
        let books: BTreeMap<_, _> = self.shards.into_iter().flat_map(|shard| shard.books).collect();
        Ok(Register::of(books, self.position, self.policy))
    }
}

/// What a thread does at a time.
enum Task<'a> {
    /// Fold what was sorted of the page before into a shard.
    Fold(usize, &'a mut Shard),
    /// Sort a stretch of this page.
    Sort(Stretch<'a>, Piles),
}

/// Reads a stretch into one pile for each shard.
fn sort(
    stretch: &Stretch<'_>,
    mut piles: Piles,
    scope: &Scope,
    hasher: IdHashing,
    policy: CountingPolicy,
) -> Result<Piles, QueryError> {
    piles.iter_mut().for_each(Pile::clear);
    for event in stretch.events() {
        let read = read(event)?;
        if !scope.admits(&read.event) || read.event.moves_nothing() {
            continue;
        }
        let hash = hasher.hash(read.event.agency_id().as_bytes());
        let place = usize::try_from(hash >> 32).map_or(0, |half| half % SHARDS);
        if let Some(pile) = piles.get_mut(place) {
            pile.push(hash, read, policy);
        }
    }
    Ok(piles)
}

impl Pile {
    fn clear(&mut self) {
        self.events.clear();
        self.ids.clear();
    }

    fn push(&mut self, hash: u64, read: Read<'_>, policy: CountingPolicy) {
        let Read { event, position, version } = read;
        let length = |id: &str| u8::try_from(id.len()).expect("ids are at most 128 bytes");
        self.ids.push_str(event.agency_id());
        let agency_len = length(event.agency_id());
        let (id, body) = match event {
            Narrow::Application(news) => (news.id, Body::of(news.event, policy)),
            Narrow::Whole(event) => ("", Body::Whole(Box::new((*event, version)))),
        };
        self.ids.push_str(id);
        let id_len = length(id);
        // A page has far fewer than 4 GiB of ids, and each has at most 128 bytes.
        let ids_end = u32::try_from(self.ids.len()).expect("a page of events fits in memory");
        self.events.push(Sorted { hash, position, body, ids_end, agency_len, id_len });
    }

    /// The ids of the agency and of the application.
    fn ids(&self, sorted: &Sorted) -> (&str, &str) {
        let end = sorted.ids_end as usize;
        let middle = end.saturating_sub(sorted.id_len.into());
        let start = middle.saturating_sub(sorted.agency_len.into());
        let ids = |from, to| self.ids.get(from..to).unwrap_or_default();
        (ids(start, middle), ids(middle, end))
    }
}

impl Body {
    fn of(event: application::Event, policy: CountingPolicy) -> Self {
        match event {
            application::Event::Received(application::Received {
                applicant_kind: kind,
                receipt_date: date,
                channel,
                ..
            }) => Self::Received { kind, date, channel },
            // The policy reads both days of a decision that was delivered on another.
            application::Event::Decided(decided)
                if decided.delivery.date.is_some()
                    && policy.conclusion_basis == ConclusionBasis::Decision =>
            {
                Self::Rare(Box::new(application::Event::Decided(decided)))
            }
            application::Event::Decided(decided) => {
                Self::Decided { disposition: decided.disposition, date: decided.effective_date() }
            }
            application::Event::Withdrawn(application::Withdrawn { withdrawal_date: date }) => {
                Self::Withdrawn { date }
            }
            application::Event::Proceeding(step) => match Step::alone(&step) {
                Some(step) => Self::Step(step),
                None => Self::Rare(Box::new(application::Event::Proceeding(step))),
            },
            rare @ (application::Event::EntryCorrected(_)
            | application::Event::Reopened(_)
            | application::Event::EntryVoided(_)) => Self::Rare(Box::new(rare)),
        }
    }

    /// The event as [`Narrow`] has it, without texts; a step; or a whole one.
    fn news(&self) -> News<'_> {
        News::Event(match self {
            &Self::Received { kind, date, channel } => {
                application::Event::Received(application::Received {
                    applicant_kind: kind,
                    receipt_date: date,
                    channel,
                    applicant_ref: ShortText::default(),
                    arrival: None,
                })
            }
            &Self::Decided { disposition, date } => {
                application::Event::Decided(application::Decided {
                    disposition,
                    decision_date: date,
                    document_no: ShortText::default(),
                    delivery: application::Delivery::default(),
                })
            }
            &Self::Withdrawn { date } => {
                application::Event::Withdrawn(application::Withdrawn { withdrawal_date: date })
            }
            Self::Rare(rare) => rare.as_ref().clone(),
            Self::Step(step) => return News::Step(*step),
            Self::Whole(whole) => return News::Whole(whole),
        })
    }
}

impl Shard {
    fn under(policy: CountingPolicy) -> Self {
        Self { books: HashTable::new(), policy }
    }

    fn fold(&mut self, pile: &Pile, hasher: IdHashing) -> Result<(), QueryError> {
        for sorted in &pile.events {
            let (agency_id, id) = pile.ids(sorted);
            let book = self.book(agency_id, sorted.hash, hasher);
            let folded = match sorted.body.news() {
                News::Event(event) => book.fold_application(id, &event),
                News::Step(step) => book.fold_step(id, step),
                News::Whole((whole, version)) => book.fold_whole(&whole.body, *version),
            };
            folded.map_err(|reason| too_many(sorted.position, reason))?;
        }
        Ok(())
    }

    fn book(&mut self, id: &str, hash: u64, hasher: IdHashing) -> &mut AgencyBook {
        let hash_of = |(id, _): &(AgencyId, AgencyBook)| hasher.hash(id.as_str().as_bytes());
        let entry = self.books.entry(hash, |(known, _)| known.as_str() == id, hash_of);
        let policy = self.policy;
        let new = || {
            let id = AgencyId::parse(id).expect("it was found valid when it was read");
            (id, AgencyBook::under(policy))
        };
        let (_, book) = entry.or_insert_with(new).into_mut();
        book
    }
}

/// Cuts the events of a page that come after a position into stretches of about the same length.
fn stretches(
    page: &[Chunk],
    after: GlobalPosition,
    up_to: GlobalPosition,
    number: usize,
) -> Vec<Stretch<'_>> {
    let number = number.max(1) as u64;
    let all = up_to.get().saturating_sub(after.get());
    let each = all.div_ceil(number).max(1);
    let mut stretches = Vec::new();
    let mut begin = after;
    while begin < up_to {
        let end = GlobalPosition::new(begin.get().saturating_add(each)).min(up_to);
        let place = page.partition_point(|chunk| chunk.last() <= begin);
        let mut rest = page.get(place..).unwrap_or_default();
        let mut first = None;
        if let Some((cut, others)) = rest.split_first().filter(|(cut, _)| cut.first() <= begin) {
            (first, rest) = (cut.after(begin), others);
        }
        stretches.push(Stretch { first, rest, up_to: end });
        begin = end;
    }
    stretches
}

impl Stretch<'_> {
    fn events(&self) -> impl Iterator<Item = Payload<'_>> {
        let chunks = self.first.iter().chain(self.rest);
        let chunks = chunks.take_while(|chunk| chunk.first() <= self.up_to);
        chunks.flat_map(Chunk::payloads).take_while(|event| event.position <= self.up_to)
    }
}

/// Does tasks on several threads, each taking the next one when it is done with one; outcomes in
/// order.
pub(super) fn in_turns<T: Send, R: Send>(
    threads: usize,
    tasks: impl Iterator<Item = T> + Send,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let tasks = Mutex::new(tasks.enumerate());
    let next = || tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
    let done = || {
        let tasks = iter::from_fn(next);
        tasks.map(|(number, task)| (number, work(task))).collect::<Vec<_>>()
    };
    let mut outcomes = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(done)).collect();
        let mut outcomes = done();
        for other in others {
            outcomes.extend(other.join().unwrap_or_else(|panic| panic::resume_unwind(panic)));
        }
        outcomes
    });
    outcomes.sort_unstable_by_key(|(number, _)| *number);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        clock::SystemClock,
        domain::{Event, ReportYear, application::ReworkPolicy},
        projection::{AsOf, Projection, StatementOf},
        store::{Append, ExpectedVersion, MemoryStore, NewEvent, StreamAppend, StreamId},
        wire::{self, samples::any_event},
    };

    fn append(payload: Vec<u8>, stream: &str) -> StreamAppend {
        let event = NewEvent { event_type: "t.E".into(), payload: Bytes::from(payload) };
        StreamAppend {
            stream: StreamId::parse(stream).unwrap(),
            expected: ExpectedVersion::Any,
            events: vec![event],
            request: None,
        }
    }

    async fn recorded(history: &[Vec<Event>]) -> MemoryStore {
        let store = MemoryStore::new(Arc::new(SystemClock));
        for together in history {
            let part = |event: &Event| {
                let name = wire::stream_of(event);
                append(wire::encode(event), &name)
            };
            store.append(Append(together.iter().map(part).collect())).await.unwrap();
        }
        store
    }

    /// What the log says up to a position, by the full decoder and one event after the other.
    async fn expected(
        store: &dyn EventStore,
        up_to: GlobalPosition,
        policy: CountingPolicy,
    ) -> Register {
        let mut register = Register::under(policy);
        for chunk in &store.read_all(GlobalPosition::START, usize::MAX).await.unwrap() {
            for event in chunk.events().take_while(|event| event.position <= up_to) {
                let whole = Narrow::Whole(Box::new(wire::decode(event.payload).unwrap()));
                register.fold(&whole, event.position, event.version).unwrap();
            }
        }
        register
    }

    fn threads(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    async fn check(history: &[Vec<Event>], size: usize, policy: CountingPolicy) {
        let store = recorded(history).await;
        for up_to in (0..=store.head().get()).step_by(7).map(GlobalPosition::new) {
            let expected = expected(&store, up_to, policy).await;
            for number in [1, 2, 4] {
                let number = threads(number);
                let scope = Scope::Everyone;
                let found = replay_in_pages(&store, up_to, &scope, number, policy, size).await;
                assert_eq!(found.unwrap(), expected, "{number} threads up to {up_to}");
            }
            for agency in history.iter().flatten().filter_map(|e| e.agency_id.as_ref()).take(3) {
                let scope = Scope::Agencies(BTreeSet::from([agency.clone()]));
                let alone = replay_in_pages(&store, up_to, &scope, threads(2), policy, size).await;
                let alone = alone.unwrap();
                assert_eq!(alone.book(agency), expected.book(agency));
                assert_eq!(alone.calendar(), expected.calendar());
                assert_eq!(alone.position(), up_to);
            }
        }
    }

    /// A projection that follows says what a replay says, now and as of every position.
    async fn check_projection(history: &[Vec<Event>], policy: CountingPolicy) {
        let store: Arc<dyn EventStore> = Arc::new(recorded(&history[..history.len() / 2]).await);
        let projection = Projection::start_under(policy, store.clone()).await.unwrap();
        for event in history[history.len() / 2..].iter().flatten() {
            let name = wire::stream_of(event);
            store.append(append(wire::encode(event), &name).into()).await.unwrap();
        }
        let expected = expected(store.as_ref(), store.head(), policy).await;
        let ((), position) =
            projection.ask(AsOf::Now, |register| assert_eq!(*register, expected)).await.unwrap();
        assert_eq!(position, store.head());
        for agency_id in history.iter().flatten().filter_map(|e| e.agency_id.as_ref()).take(5) {
            for subtree in [false, true] {
                let of = StatementOf {
                    agency_id: agency_id.clone(),
                    year: ReportYear::new(2021).unwrap(),
                    subtree,
                    form: None,
                };
                let now = projection.statement(AsOf::Now, &of).await;
                let then = projection.statement(AsOf::Position(position), &of).await;
                assert_eq!(format!("{now:?}"), format!("{then:?}"));
            }
        }
    }

    #[tokio::test]
    async fn the_first_event_that_cannot_be_read_is_named_whatever_the_number_of_threads() {
        let store = MemoryStore::new(Arc::new(SystemClock));
        let event = wire::encode(&Event {
            agency_id: Some(AgencyId::parse("a").unwrap()),
            actor: crate::domain::ShortText::default(),
            body: crate::domain::Body::Figures(crate::domain::proactive::FiguresDeclared {
                year: ReportYear::new(2021).unwrap(),
                figures: [("a".to_owned(), 1)].into(),
            }),
        });
        for bad in (1..=30).map(|position| position > 12 && position % 6 == 0) {
            let payload = if bad { vec![0xff] } else { event.clone() };
            store.append(append(payload, "a").into()).await.unwrap();
        }
        for number in [1, 2, 4, 7] {
            for scope in
                [Scope::Everyone, Scope::Agencies(BTreeSet::from([AgencyId::parse("b").unwrap()]))]
            {
                for size in [1, 8, 100] {
                    let up_to = store.head();
                    let (threads, policy) = (threads(number), CountingPolicy::default());
                    let found = replay_in_pages(&store, up_to, &scope, threads, policy, size).await;
                    let Err(QueryError::Unreadable { position, .. }) = found else {
                        panic!("{found:?}");
                    };
                    assert_eq!(position.get(), 18);
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_register_does_not_depend_on_threads_or_pages(
            history in prop::collection::vec(
                prop::collection::vec(any_event(), 1..12), 1..12),
            size in 1_usize..60,
            rework_policy in prop::sample::select(ReworkPolicy::ALL),
            conclusion_basis in prop::sample::select(ConclusionBasis::ALL),
        ) {
            let policy = CountingPolicy { rework_policy, conclusion_basis };
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(check(&history, size, policy));
            runtime.block_on(check_projection(&history, policy));
        }
    }
}
