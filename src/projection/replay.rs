//! The log folded from its beginning, on several threads.
//!
//! The log is read a page at a time, the next while this one is folded. Of a page, each thread
//! first reads the events of a stretch and sorts them by agency into as many piles as there are
//! threads; then each takes one pile from every stretch and folds it agency by agency, each in the
//! order of the log. The outcome does not depend on how many threads there are.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
    num::NonZeroUsize,
    panic, thread,
};

use hashbrown::HashTable;

use super::{AgencyBook, CalendarBook, QueryError, Register, TooManyApplications};
use crate::{
    domain::{
        AgencyId, ApplicantKind, Channel, Disposition, Event, LegalDate, ShortText, application,
    },
    store::{Chunk, EventRef, EventStore, GlobalPosition, StreamVersion},
    wire::{Narrow, decode_narrow},
};

/// How many events are read at a time.
const PAGE: usize = 65_536;

/// Whose events a replay folds in. It reads, and so checks, all of them; the notices of working
/// days are few and are read once more, from their own stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    Everyone,
    /// Those of one agency.
    Agency(AgencyId),
}

impl Scope {
    fn admits(&self, event: &Narrow<'_>) -> bool {
        let is_wanted = match self {
            Self::Everyone => true,
            Self::Agency(id) => id.as_str() == event.agency_id(),
        };
        is_wanted && event.notice().is_none()
    }
}

/// The register as the log had it at a position.
///
/// # Errors
///
/// When the log cannot be read, or holds an event that this version cannot read.
pub async fn replay(
    store: &dyn EventStore,
    up_to: GlobalPosition,
    scope: &Scope,
    threads: NonZeroUsize,
) -> Result<Register, QueryError> {
    replay_in_pages(store, up_to, scope, threads, PAGE).await
}

async fn replay_in_pages(
    store: &dyn EventStore,
    up_to: GlobalPosition,
    scope: &Scope,
    threads: NonZeroUsize,
    size: usize,
) -> Result<Register, QueryError> {
    let mut fold = Fold::new(up_to, scope.clone(), threads);
    let mut page = store.read_all(fold.position, size).await?;
    while let Some(last) = page.last().map(Chunk::last).filter(|_| fold.position < up_to) {
        let folding = tokio::task::spawn_blocking(move || {
            let folded = fold.fold_page(&page);
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
    Ok(fold.into_register().with_calendar(CalendarBook::read(store, up_to).await?))
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

pub(super) fn read(event: EventRef<'_>) -> Result<Read<'_>, QueryError> {
    let EventRef { position, version, payload, .. } = event;
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
    hasher: RandomState,
    /// Every agency is in the one that its hash says.
    shards: Vec<Shard>,
}

/// Some of the agencies.
#[derive(Default)]
struct Shard(HashTable<(AgencyId, AgencyBook)>);

/// The events after a position and up to another.
struct Stretch<'a> {
    /// The end of a chunk that began before.
    first: Option<Chunk>,
    rest: &'a [Chunk],
    up_to: GlobalPosition,
}

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
    version: StreamVersion,
    id_at: u32,
    agency_len: u8,
    id_len: u8,
    body: Body,
}

/// What happened. News that is rare or large lies elsewhere.
enum Body {
    Received { kind: ApplicantKind, date: LegalDate, channel: Option<Channel> },
    Decided { disposition: Disposition, date: LegalDate },
    Withdrawn { date: LegalDate },
    Corrected(Box<application::EntryCorrected>),
    Whole(Box<Event>),
}

impl Fold {
    fn new(up_to: GlobalPosition, scope: Scope, threads: NonZeroUsize) -> Self {
        Self {
            position: GlobalPosition::START,
            up_to,
            scope,
            hasher: RandomState::new(),
            shards: (0..threads.get()).map(|_| Shard::default()).collect(),
        }
    }

    fn fold_page(&mut self, page: &[Chunk]) -> Result<(), QueryError> {
        let Some(last) = page.last() else { return Ok(()) };
        let last = last.last().min(self.up_to);
        let stretches = stretches(page, self.position, last, self.shards.len());
        let piles = at_once(&stretches, |stretch| self.sort(stretch));
        // The first stretch that cannot be read holds the first event that cannot.
        let piles: Vec<_> = piles.into_iter().collect::<Result<_, _>>()?;
        let hasher = &self.hasher;
        let folded = at_once(self.shards.iter_mut().enumerate(), |(place, shard)| {
            let piles = piles.iter().filter_map(|piles| piles.get(place));
            shard.fold(&piles.collect::<Vec<_>>(), hasher)
        });
        self.position = last;
        folded.into_iter().collect()
    }

    /// Reads a stretch into one pile for each shard.
    fn sort(&self, stretch: &Stretch<'_>) -> Result<Vec<Pile>, QueryError> {
        let mut piles: Vec<Pile> = self.shards.iter().map(|_| Pile::default()).collect();
        for event in stretch.events() {
            let read = read(event)?;
            if !self.scope.admits(&read.event) {
                continue;
            }
            let hash = self.hasher.hash_one(read.event.agency_id());
            let place =
                hash.checked_rem(piles.len() as u64).and_then(|at| usize::try_from(at).ok());
            if let Some(pile) = place.and_then(|place| piles.get_mut(place)) {
                pile.push(hash, read);
            }
        }
        Ok(piles)
    }

    fn into_register(self) -> Register {
        let books: BTreeMap<_, _> = self.shards.into_iter().flat_map(|shard| shard.0).collect();
        Register::of(books, self.position)
    }
}

impl Pile {
    fn push(&mut self, hash: u64, read: Read<'_>) {
        let Read { event, position, version } = read;
        // A page has far fewer than 4 GiB of ids, and each has at most 128 bytes.
        let id_at = u32::try_from(self.ids.len()).expect("a page of events fits in memory");
        let length = |id: &str| u8::try_from(id.len()).expect("ids are at most 128 bytes");
        self.ids.push_str(event.agency_id());
        let agency_len = length(event.agency_id());
        let (id, body) = match event {
            Narrow::Application(news) => (news.id, Body::of(news.event)),
            Narrow::Whole(event) => ("", Body::Whole(event)),
        };
        self.ids.push_str(id);
        let id_len = length(id);
        self.events.push(Sorted { hash, position, version, id_at, agency_len, id_len, body });
    }

    fn agency_id(&self, sorted: &Sorted) -> &str {
        let start = sorted.id_at as usize;
        self.ids.get(start..start.saturating_add(sorted.agency_len.into())).unwrap_or_default()
    }

    fn id(&self, sorted: &Sorted) -> &str {
        let start = (sorted.id_at as usize).saturating_add(sorted.agency_len.into());
        self.ids.get(start..start.saturating_add(sorted.id_len.into())).unwrap_or_default()
    }
}

impl Body {
    fn of(event: application::Event) -> Self {
        match event {
            application::Event::Received(application::Received {
                applicant_kind: kind,
                receipt_date: date,
                channel,
                ..
            }) => Self::Received { kind, date, channel },
            application::Event::Decided(application::Decided {
                disposition,
                decision_date: date,
                ..
            }) => Self::Decided { disposition, date },
            application::Event::Withdrawn(application::Withdrawn { withdrawal_date: date }) => {
                Self::Withdrawn { date }
            }
            application::Event::EntryCorrected(corrected) => Self::Corrected(Box::new(corrected)),
        }
    }

    /// The event as [`Narrow`] has it, without texts; or a whole one.
    fn event(&self) -> Result<application::Event, &Event> {
        Ok(match self {
            &Self::Received { kind, date, channel } => {
                application::Event::Received(application::Received {
                    applicant_kind: kind,
                    receipt_date: date,
                    channel,
                    applicant_ref: ShortText::default(),
                })
            }
            &Self::Decided { disposition, date } => {
                application::Event::Decided(application::Decided {
                    disposition,
                    decision_date: date,
                    document_no: ShortText::default(),
                })
            }
            &Self::Withdrawn { date } => {
                application::Event::Withdrawn(application::Withdrawn { withdrawal_date: date })
            }
            Self::Corrected(corrected) => {
                application::Event::EntryCorrected(corrected.as_ref().clone())
            }
            Self::Whole(event) => return Err(event),
        })
    }
}

impl Shard {
    /// Folds in events, one agency after the other: what an agency has then stays in the
    /// processor's caches.
    fn fold(&mut self, piles: &[&Pile], hasher: &RandomState) -> Result<(), QueryError> {
        let events: Vec<_> = piles
            .iter()
            .flat_map(|pile| pile.events.iter().map(|sorted| (*pile, sorted)))
            .collect();
        let mut order: Vec<(u32, u32)> = events
            .iter()
            .zip(0..)
            .map(|((_, sorted), place)| (sorted.half_hash(), place))
            .collect();
        order.sort_unstable();
        let in_order = order.iter().filter_map(|&(_, place)| events.get(place as usize).copied());
        let mut in_order = in_order.peekable();
        while let Some((pile, first)) = in_order.next() {
            let id = pile.agency_id(first);
            let book = self.book(id, first.hash, hasher);
            first.fold_into(book, pile)?;
            while let Some((pile, next)) =
                in_order.next_if(|(pile, next)| pile.agency_id(next) == id)
            {
                next.fold_into(book, pile)?;
            }
        }
        Ok(())
    }

    fn book(&mut self, id: &str, hash: u64, hasher: &RandomState) -> &mut AgencyBook {
        let hash_of = |(id, _): &(AgencyId, AgencyBook)| hasher.hash_one(id.as_str());
        let entry = self.0.entry(hash, |(known, _)| known.as_str() == id, hash_of);
        let new = || {
            let id = AgencyId::parse(id).expect("it was found valid when it was read");
            (id, AgencyBook::default())
        };
        let (_, book) = entry.or_insert_with(new).into_mut();
        book
    }
}

impl Sorted {
    /// The half of the hash that did not choose the shard.
    fn half_hash(&self) -> u32 {
        u32::try_from(self.hash >> 32).unwrap_or_default()
    }

    fn fold_into(&self, book: &mut AgencyBook, pile: &Pile) -> Result<(), QueryError> {
        let folded = match self.body.event() {
            Ok(event) => book.fold_application(pile.id(self), &event),
            Err(whole) => book.fold_whole(&whole.body, self.version),
        };
        folded.map_err(|reason| too_many(self.position, reason))
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
    fn events(&self) -> impl Iterator<Item = EventRef<'_>> {
        let chunks = self.first.iter().chain(self.rest);
        let chunks = chunks.take_while(|chunk| chunk.first() <= self.up_to);
        chunks.flat_map(Chunk::events).take_while(|event| event.position <= self.up_to)
    }
}

/// Does the same work upon each task, every one on a thread of its own; outcomes in order.
fn at_once<T: Send, R: Send>(
    tasks: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let mut tasks: Vec<T> = tasks.into_iter().collect();
    if tasks.len() <= 1 {
        return tasks.pop().into_iter().map(work).collect();
    }
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> =
            tasks.into_iter().map(|task| scope.spawn(move || work(task))).collect();
        let outcome = |thread: thread::ScopedJoinHandle<'_, R>| thread.join();
        let outcomes = threads.into_iter().map(outcome);
        outcomes.map(|done| done.unwrap_or_else(|panic| panic::resume_unwind(panic))).collect()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        clock::SystemClock,
        domain::{Event, ReportYear},
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
    async fn expected(store: &dyn EventStore, up_to: GlobalPosition) -> Register {
        let mut register = Register::default();
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

    async fn check(history: &[Vec<Event>], size: usize) {
        let store = recorded(history).await;
        for up_to in (0..=store.head().get()).step_by(7).map(GlobalPosition::new) {
            let expected = expected(&store, up_to).await;
            for number in [1, 2, 4] {
                let number = threads(number);
                let found = replay_in_pages(&store, up_to, &Scope::Everyone, number, size).await;
                assert_eq!(found.unwrap(), expected, "{number} threads up to {up_to}");
            }
            for agency in history.iter().flatten().filter_map(|e| e.agency_id.as_ref()).take(3) {
                let scope = Scope::Agency(agency.clone());
                let alone = replay_in_pages(&store, up_to, &scope, threads(2), size).await.unwrap();
                assert_eq!(alone.book(agency), expected.book(agency));
                assert_eq!(alone.calendar(), expected.calendar());
                assert_eq!(alone.position(), up_to);
            }
        }
    }

    /// A projection that follows says what a replay says, now and as of every position.
    async fn check_projection(history: &[Vec<Event>]) {
        let store: Arc<dyn EventStore> = Arc::new(recorded(&history[..history.len() / 2]).await);
        let projection = Projection::start(store.clone()).await.unwrap();
        for event in history[history.len() / 2..].iter().flatten() {
            let name = wire::stream_of(event);
            store.append(append(wire::encode(event), &name).into()).await.unwrap();
        }
        let expected = expected(store.as_ref(), store.head()).await;
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
            for scope in [Scope::Everyone, Scope::Agency(AgencyId::parse("b").unwrap())] {
                for size in [1, 8, 100] {
                    let up_to = store.head();
                    let found = replay_in_pages(&store, up_to, &scope, threads(number), size).await;
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
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(check(&history, size));
            runtime.block_on(check_projection(&history));
        }
    }
}
