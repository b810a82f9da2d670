//! What every engine does, held to the contract of `disclosure_ledger::store`; and what only the
//! embedded engine can be asked: what it does after crashes and damage.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails, which is what is wanted"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use disclosure_ledger::{
    clock::FixedClock,
    store::{
        Append, AppendError, Chunk, EventStore, ExpectedVersion, GlobalPosition, Health,
        MAX_APPEND_BYTES, MemoryStore, NewEvent, OpenError, ReadError, RecordedEvent, Request,
        SledStore, StoreOptions, StreamAppend, StreamAppended, StreamId, StreamVersion, follow,
        log_state, verify,
    },
};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_stream::StreamExt;

use ExpectedVersion::{Any, Exact, NoStream, StreamExists};

type Store = Arc<dyn EventStore>;

fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::new(at(0)))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_600_000_000 + second).unwrap()
}

fn stream(name: &str) -> StreamId {
    StreamId::parse(name).unwrap()
}

fn version(number: u32) -> StreamVersion {
    number.to_string().parse().unwrap()
}

fn position(number: u64) -> GlobalPosition {
    GlobalPosition::new(number)
}

fn event(payload: &str) -> NewEvent {
    let payload = Bytes::copy_from_slice(payload.as_bytes());
    NewEvent { event_type: "test.v1.Happened".into(), payload }
}

fn part(name: &str, expected: ExpectedVersion, payloads: &[&str]) -> StreamAppend {
    let events = payloads.iter().map(|payload| event(payload)).collect();
    StreamAppend { stream: stream(name), expected, events, request: None }
}

fn asked(key: u8, content: u8, part: StreamAppend) -> StreamAppend {
    StreamAppend { request: Some(Request { key: [key; 16], fingerprint: [content; 16] }), ..part }
}

async fn append(store: &Store, part: StreamAppend) -> Result<StreamAppended, AppendError> {
    store.append(part.into()).await.map(|appended| appended.streams[0])
}

async fn payloads(store: &Store, name: &str) -> Vec<String> {
    texts(&store.read_stream(&stream(name), None).await.unwrap())
}

fn texts(events: &[RecordedEvent]) -> Vec<String> {
    events.iter().map(|event| String::from_utf8(event.payload.to_vec()).unwrap()).collect()
}

async fn everything(store: &Store) -> Vec<RecordedEvent> {
    let chunks = store.read_all(GlobalPosition::START, usize::MAX).await.unwrap();
    let events = chunks.iter().flat_map(|chunk| chunk.events().map(|e| e.to_recorded().unwrap()));
    let events: Vec<_> = events.collect();
    for (n, event) in (1..).zip(&events) {
        assert_eq!(event.position, position(n));
    }
    assert!(chunks.iter().all(Chunk::leaves_hold));
    events
}

mod every_engine {
    use super::*;

    pub(super) async fn versions_and_positions_count_from_one(store: Store, _: Arc<FixedClock>) {
        let first = append(&store, part("a", Any, &["1", "2"])).await.unwrap();
        assert_eq!((first.version, first.position), (version(2), position(2)));
        assert!(!first.replayed);
        let other = append(&store, part("b", Any, &["3"])).await.unwrap();
        assert_eq!((other.version, other.position), (version(1), position(3)));
        let head = store.stream_head(&stream("a")).await.unwrap().unwrap();
        assert_eq!((head.version, head.position), (version(2), position(2)));
        assert_eq!(store.stream_head(&stream("none")).await.unwrap(), None);
        assert_eq!(store.head(), position(3));
    }

    pub(super) async fn a_log_is_verified_while_appends_go_on(store: Store, _: Arc<FixedClock>) {
        for _ in 0..20 {
            append(&store, part("a", Any, &["1", "2"])).await.unwrap();
        }
        let (before, writing) = (store.head(), store.clone());
        let writer = tokio::spawn(async move {
            for _ in 0..200 {
                append(&writing, part("b", Any, &["3"])).await.unwrap();
            }
        });
        for _ in 0..5 {
            let (progress, reached) = watch::channel(GlobalPosition::START);
            let found = store.verify(progress).await.unwrap();
            assert_eq!(found.faults, []);
            assert_eq!(found.log_id, store.log_id());
            assert!(position(found.events) >= before);
            assert_eq!(*reached.borrow(), position(found.events));
            let state = log_state(store.as_ref(), position(found.events)).await.unwrap();
            assert_eq!(found.root, state.after_root);
        }
        writer.await.unwrap();
        store.close().await.unwrap();
        let (progress, _reached) = watch::channel(GlobalPosition::START);
        assert!(matches!(store.verify(progress).await, Err(ReadError::Closed)));
    }

    pub(super) async fn an_expectation_that_fails_records_nothing(
        store: Store,
        _: Arc<FixedClock>,
    ) {
        append(&store, part("a", NoStream, &["1"])).await.unwrap();
        append(&store, part("a", StreamExists, &["2"])).await.unwrap();
        append(&store, part("a", Exact(version(2)), &["3"])).await.unwrap();
        let refusals = [
            ("a", NoStream, Some(version(3))),
            ("a", Exact(version(2)), Some(version(3))),
            ("a", Exact(version(4)), Some(version(3))),
            ("b", StreamExists, None),
            ("b", Exact(version(1)), None),
        ];
        for (name, expected, actual) in refusals {
            let conflict = AppendError::VersionConflict { stream: stream(name), expected, actual };
            assert_eq!(append(&store, part(name, expected, &["x"])).await, Err(conflict));
        }
        assert_eq!(payloads(&store, "a").await, ["1", "2", "3"]);
        assert_eq!(store.head(), position(3));
    }

    pub(super) async fn an_append_over_many_streams_is_one(store: Store, _: Arc<FixedClock>) {
        let all = Append(vec![
            part("a", NoStream, &["1"]),
            part("b", NoStream, &["2"]),
            part("a", Exact(version(1)), &["3"]),
        ]);
        let appended = store.append(all).await.unwrap().streams;
        let answers: Vec<_> = appended.iter().map(|a| (a.version, a.position)).collect();
        let expected = [(1, 1), (1, 2), (2, 3)].map(|(v, p)| (version(v), position(p)));
        assert_eq!(answers, expected);
        let refused = Append(vec![
            asked(1, 1, part("a", Any, &["x"])),
            asked(2, 2, part("c", NoStream, &["x"])),
            part("a", Exact(version(2)), &["x"]),
        ]);
        assert!(store.append(refused).await.is_err());
        assert_eq!(store.head(), position(3));
        assert_eq!(store.stream_head(&stream("c")).await.unwrap(), None);
        assert_eq!(store.find_request(&[1; 16]).await.unwrap(), None);
        let next = append(&store, part("a", Exact(version(2)), &["4"])).await.unwrap();
        assert_eq!(next.position, position(4));
        assert_eq!(texts(&everything(&store).await), ["1", "2", "3", "4"]);
    }

    pub(super) async fn a_request_is_recorded_once(store: Store, clock: Arc<FixedClock>) {
        let first = append(&store, asked(1, 1, part("a", NoStream, &["1", "2"]))).await.unwrap();
        append(&store, part("a", Any, &["3"])).await.unwrap();
        clock.set(at(9));
        let again = append(&store, asked(1, 1, part("a", NoStream, &["1", "2"]))).await.unwrap();
        assert_eq!(again, StreamAppended { replayed: true, ..first });
        let other = append(&store, asked(1, 2, part("a", Any, &["x"]))).await;
        assert_eq!(other, Err(AppendError::RequestReused { position: position(2) }));
        let found = store.find_request(&[1; 16]).await.unwrap().unwrap();
        assert_eq!((found.fingerprint, found.position), ([1; 16], position(2)));
        assert_eq!((found.version, found.record_time), (version(2), at(0)));
        assert_eq!(payloads(&store, "a").await, ["1", "2", "3"]);
    }

    pub(super) async fn a_request_is_recorded_once_within_an_append(
        store: Store,
        _: Arc<FixedClock>,
    ) {
        let one = || asked(1, 1, part("a", NoStream, &["1"]));
        let appended = store.append(Append(vec![one(), one()])).await.unwrap().streams;
        assert_eq!(appended[1], StreamAppended { replayed: true, ..appended[0] });
        let other =
            Append(vec![asked(2, 2, part("a", Any, &["x"])), asked(2, 3, part("a", Any, &["x"]))]);
        let reused = AppendError::RequestReused { position: position(2) };
        assert_eq!(store.append(other).await, Err(reused));
        assert_eq!(store.find_request(&[2; 16]).await.unwrap(), None);
        let mixed = Append(vec![one(), asked(3, 3, part("a", Exact(version(1)), &["2"]))]);
        let mixed = store.append(mixed).await.unwrap().streams;
        assert_eq!([mixed[0].replayed, mixed[1].replayed], [true, false]);
        assert_eq!(payloads(&store, "a").await, ["1", "2"]);
    }

    pub(super) async fn a_stream_is_read_in_order_up_to_a_version(
        store: Store,
        _: Arc<FixedClock>,
    ) {
        for n in 1..=20 {
            append(&store, part("a", Any, &[&format!("a{n}")])).await.unwrap();
            append(&store, part("b", Any, &[&format!("b{n}"), &format!("b{n}'")])).await.unwrap();
        }
        let expected: Vec<_> = (1..=20).map(|n| format!("a{n}")).collect();
        assert_eq!(payloads(&store, "a").await, expected);
        let some = store.read_stream(&stream("b"), Some(version(3))).await.unwrap();
        assert_eq!(texts(&some), ["b1", "b1'", "b2"]);
        let versions: Vec<_> = some.iter().map(|event| event.version).collect();
        assert_eq!(versions, [version(1), version(2), version(3)]);
        assert_eq!(store.read_stream(&stream("none"), None).await.unwrap(), []);
        let several = [stream("b"), stream("none"), stream("a")];
        let read = store.read_streams(&several).await.unwrap();
        assert_eq!(read.len(), 3);
        for (name, events) in several.iter().zip(read) {
            assert_eq!(events, store.read_stream(name, None).await.unwrap());
        }
    }

    pub(super) async fn pages_from_every_position_have_no_gap(store: Store, _: Arc<FixedClock>) {
        for n in 0..10 {
            let batch: Vec<_> = (0..=n % 4).map(|_| "x").collect();
            append(&store, part("a", Any, &batch)).await.unwrap();
        }
        let head = store.head().get();
        for (after, max) in (0..=head + 1).flat_map(|after| [0, 1, 3, 100].map(|n| (after, n))) {
            let page = store.read_all(position(after), max).await.unwrap();
            let seen: Vec<_> =
                page.iter().flat_map(|c| c.events().map(|e| e.position.get())).collect();
            let expected: Vec<_> = (after + 1..=head).take(seen.len()).collect();
            assert_eq!(seen, expected);
            assert!(seen.len() as u64 >= head.saturating_sub(after).min(max.max(1) as u64));
            let but_last: usize = page.iter().rev().skip(1).map(Chunk::len).sum();
            assert!(but_last < max.max(1));
        }
    }

    pub(super) async fn a_follower_sees_old_and_new_exactly_once(store: Store, _: Arc<FixedClock>) {
        append(&store, part("a", Any, &["1", "2", "3"])).await.unwrap();
        let mut followed = follow(Arc::clone(&store), position(1));
        let writer = Arc::clone(&store);
        let writing = tokio::spawn(async move {
            for n in 4..=60 {
                append(&writer, part("a", Any, &[&n.to_string()])).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        let mut seen = Vec::new();
        while seen.last() != Some(&60) {
            let chunk = followed.next().await.unwrap().unwrap();
            seen.extend(chunk.events().map(|event| event.position.get()));
        }
        assert_eq!(seen, (2..=60).collect::<Vec<_>>());
        writing.await.unwrap();
        let silent = tokio::time::timeout(Duration::from_millis(20), followed.next()).await;
        assert!(silent.is_err(), "nothing more was recorded");
        store.close().await.unwrap();
        assert!(followed.next().await.is_none());
    }

    pub(super) async fn the_head_moves_when_something_is_recorded(
        store: Store,
        _: Arc<FixedClock>,
    ) {
        let mut head = store.watch_head();
        assert_eq!((*head.borrow_and_update(), store.head()), (position(0), position(0)));
        append(&store, part("a", Any, &["1", "2"])).await.unwrap();
        head.changed().await.unwrap();
        assert_eq!((*head.borrow_and_update(), store.head()), (position(2), position(2)));
        append(&store, part("a", NoStream, &["x"])).await.unwrap_err();
        assert!(!head.has_changed().unwrap());
    }

    pub(super) async fn record_times_never_go_back(store: Store, clock: Arc<FixedClock>) {
        for second in [10, 5, 20] {
            clock.set(at(second));
            append(&store, part("a", Any, &["x"])).await.unwrap();
        }
        let events = store.read_stream(&stream("a"), None).await.unwrap();
        let times: Vec<_> = events.iter().map(|event| event.record_time).collect();
        assert_eq!(times, [at(10), at(10), at(20)]);
        for (second, expected) in [(9, 0), (10, 2), (19, 2), (20, 3), (99, 3)] {
            assert_eq!(store.position_at(at(second)).await.unwrap(), position(expected));
        }
    }

    pub(super) async fn an_event_is_returned_as_it_was_appended(store: Store, _: Arc<FixedClock>) {
        let payload: Vec<u8> = (0..=255).collect();
        let new = NewEvent { event_type: "test.v1.Ünusual".into(), payload: payload.into() };
        let mut all = asked(7, 8, part("机关/沪-1", Any, &[""]));
        all.events.push(new.clone());
        append(&store, all).await.unwrap();
        let events = store.read_stream(&stream("机关/沪-1"), None).await.unwrap();
        assert!(events[0].payload.is_empty());
        let back = &events[1];
        assert_eq!((&back.payload, back.event_type.as_str()), (&new.payload, &*new.event_type));
        assert_eq!(back.request, Some(Request { key: [7; 16], fingerprint: [8; 16] }));
        assert_eq!((back.record_time, back.position), (at(0), position(2)));
        assert_eq!(everything(&store).await, events);
    }

    pub(super) async fn one_of_many_writers_wins_each_version(store: Store, _: Arc<FixedClock>) {
        append(&store, part("a", NoStream, &["0"])).await.unwrap();
        let tasks = (0..16).map(|n: u32| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut won = 0;
                for round in 1..=10 {
                    let one = part("a", Exact(version(round)), &[&n.to_string()]);
                    won += u32::from(append(&store, one).await.is_ok());
                    while store.stream_head(&stream("a")).await.unwrap().unwrap().version
                        <= version(round)
                    {
                        tokio::task::yield_now().await;
                    }
                }
                won
            })
        });
        let mut won = 0;
        for task in tasks.collect::<Vec<_>>() {
            won += task.await.unwrap();
        }
        assert_eq!(won, 10);
        assert_eq!(store.head(), position(11));
    }

    pub(super) async fn many_writers_leave_no_gap(store: Store, _: Arc<FixedClock>) {
        let tasks = (0..32).map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for round in 0..10 {
                    let one = part(&format!("s{n}"), Any, &[&round.to_string()]);
                    append(&store, one).await.unwrap();
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert_eq!(everything(&store).await.len(), 320);
        for n in 0..32 {
            let expected: Vec<_> = (0..10).map(|round| round.to_string()).collect();
            assert_eq!(payloads(&store, &format!("s{n}")).await, expected);
        }
    }

    pub(super) async fn large_payloads_are_taken_up_to_a_limit(store: Store, _: Arc<FixedClock>) {
        let large = |len: usize| {
            let mut part = part("a", Any, &[""]);
            part.events[0].payload = vec![0xab; len].into();
            part
        };
        append(&store, large(9 << 20)).await.unwrap();
        append(&store, part("a", Any, &["small"])).await.unwrap();
        append(&store, large(3 << 20)).await.unwrap();
        let refused = append(&store, large(MAX_APPEND_BYTES)).await.unwrap_err();
        assert!(matches!(refused, AppendError::TooLarge { .. }));
        let events = store.read_stream(&stream("a"), None).await.unwrap();
        let sizes: Vec<_> = events.iter().map(|event| event.payload.len()).collect();
        assert_eq!(sizes, [9 << 20, 5, 3 << 20]);
        assert!(events[0].payload.iter().all(|byte| *byte == 0xab));
    }

    pub(super) async fn an_append_without_events_is_refused(store: Store, _: Arc<FixedClock>) {
        assert_eq!(store.append(Append(vec![])).await, Err(AppendError::Empty));
        let hollow = Append(vec![part("a", Any, &["1"]), part("b", Any, &[])]);
        assert_eq!(store.append(hollow).await, Err(AppendError::Empty));
        let mut nameless = part("a", Any, &["1"]);
        nameless.events[0].event_type = "".into();
        let refused = append(&store, nameless).await;
        assert_eq!(refused, Err(AppendError::EventType { length: 0 }));
        assert_eq!(store.head(), position(0));
    }

    pub(super) async fn a_dropped_append_is_recorded_or_not_but_whole(
        store: Store,
        _: Arc<FixedClock>,
    ) {
        for n in 0..50_u64 {
            let name = format!("s{n}");
            let one = append(&store, part(&name, Any, &["1", "2", "3"]));
            _ = tokio::time::timeout(Duration::from_micros(n * 20), one).await;
        }
        append(&store, part("last", Any, &["x"])).await.unwrap();
        assert_eq!(everything(&store).await.len() % 3, 1);
    }

    pub(super) async fn a_closed_store_answers_that_it_is_closed(store: Store, _: Arc<FixedClock>) {
        append(&store, part("a", Any, &["1"])).await.unwrap();
        assert_eq!(store.health(), Health::Writable);
        let (one, two) = tokio::join!(store.close(), store.close());
        one.and(two).unwrap();
        store.close().await.unwrap();
        assert_eq!(append(&store, part("a", Any, &["2"])).await, Err(AppendError::Closed));
        let read = store.read_all(position(0), 1).await;
        assert!(matches!(read, Err(ReadError::Closed)));
        let read = store.read_stream(&stream("a"), None).await;
        assert!(matches!(read, Err(ReadError::Closed)));
        assert!(matches!(store.health(), Health::ReadOnly { .. }));
        assert_eq!(store.head(), position(1));
    }
}

macro_rules! for_every_engine {
    ($($name:ident)*) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let clock = super::clock();
                let store = std::sync::Arc::new(super::MemoryStore::new(clock.clone()));
                super::every_engine::$name(store, clock).await;
            })*
        }
        mod sled {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let dir = tempfile::tempdir().unwrap();
                let clock = super::clock();
                let store = super::SledStore::open(dir.path(), clock.clone()).unwrap();
                super::every_engine::$name(std::sync::Arc::new(store), clock).await;
            })*
        }
    };
}

for_every_engine! {
    a_log_is_verified_while_appends_go_on
    versions_and_positions_count_from_one
    an_expectation_that_fails_records_nothing
    an_append_over_many_streams_is_one
    a_request_is_recorded_once
    a_request_is_recorded_once_within_an_append
    a_stream_is_read_in_order_up_to_a_version
    pages_from_every_position_have_no_gap
    a_follower_sees_old_and_new_exactly_once
    the_head_moves_when_something_is_recorded
    record_times_never_go_back
    an_event_is_returned_as_it_was_appended
    one_of_many_writers_wins_each_version
    many_writers_leave_no_gap
    large_payloads_are_taken_up_to_a_limit
    an_append_without_events_is_refused
    a_dropped_append_is_recorded_or_not_but_whole
    a_closed_store_answers_that_it_is_closed
}

/// A ledger on disk that is opened, filled, damaged and opened again.
struct Ledger(TempDir);

impl Ledger {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A ledger with ten frames, of which the last is number ten.
    async fn of_ten() -> Self {
        let (ledger, store) = Self::of_ten_open().await;
        store.close().await.unwrap();
        ledger
    }

    async fn of_ten_open() -> (Self, Store) {
        let ledger = Self::new();
        let store = ledger.open();
        for n in 1..=10 {
            let one = asked(n, n, part("a", Any, &[&format!("payload {n}")]));
            append(&store, one).await.unwrap();
        }
        (ledger, store)
    }

    fn dir(&self) -> &Path {
        self.0.path()
    }

    fn try_open(&self) -> Result<SledStore, OpenError> {
        SledStore::open(self.dir(), clock())
    }

    /// Opens with a checkpoint after every two events, or an eighth of the log.
    fn open_checkpointing(&self) -> Store {
        let options = StoreOptions { checkpoint_every: 2, ..StoreOptions::default() };
        Arc::new(SledStore::open_with(self.dir(), clock(), options).unwrap())
    }

    fn change_checkpoint(&self, change: impl FnOnce(&::sled::Tree)) {
        let db = self.open_sled();
        change(&db.open_tree("checkpoint").unwrap());
    }

    fn open(&self) -> Store {
        Arc::new(self.try_open().unwrap())
    }

    /// The copy in sled. A process that another test is just starting may hold its lock a moment
    /// longer than we did.
    fn open_sled(&self) -> ::sled::Db {
        for _ in 0..1_000_000 {
            match ::sled::open(self.dir().join("sled")) {
                Err(error) if error.to_string().contains("could not acquire lock") => {
                    std::thread::yield_now();
                }
                opened => return opened.unwrap(),
            }
        }
        panic!("sled in {} stays locked", self.dir().display())
    }

    fn segment(&self) -> PathBuf {
        self.dir().join("journal/00000000000000000001.seg")
    }

    fn lose_sled(&self) {
        fs::remove_dir_all(self.dir().join("sled")).unwrap();
    }

    /// Flips a bit in the payload of an event, as the journal has it.
    fn damage(&self, n: u64) {
        self.change_segment(|bytes| {
            let at = find(bytes, &format!("payload {n}"));
            bytes[at] ^= 1;
        });
    }

    /// Puts the notes of how far the log reaches back to where nobody had been told of the tenth.
    fn forget_the_tenth(&self) {
        let of_nine = fs::read_to_string(self.dir().join("HEAD")).unwrap();
        let of_ten = fs::read_to_string(self.dir().join("HEAD.twin")).unwrap();
        assert!(of_nine.contains("09\n") && of_ten.contains("10\n"));
        fs::write(self.dir().join("HEAD.twin"), of_nine).unwrap();
    }

    fn change_segment(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(self.segment()).unwrap();
        change(&mut bytes);
        fs::write(self.segment(), bytes).unwrap();
    }

    /// Every file but the lock, which an opener may write before it refuses.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn collect(dir: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    collect(&path, files);
                } else if !path.ends_with("LOCK") {
                    files.insert(path.clone(), fs::read(path).unwrap());
                }
            }
        }
        let mut files = BTreeMap::new();
        collect(self.dir(), &mut files);
        files
    }

    /// Opens and finds the first `count` events, which both copies hold afterwards.
    async fn check_holds(&self, count: u8) {
        let store = self.open();
        let expected: Vec<_> = (1..=count).map(|n| format!("payload {n}")).collect();
        assert_eq!(payloads(&store, "a").await, expected);
        assert_eq!(texts(&everything(&store).await), expected);
        let again = append(&store, asked(1, 1, part("a", Any, &["x"]))).await.unwrap();
        assert!(again.replayed);
        let next = append(&store, part("b", Any, &["next"])).await.unwrap();
        assert_eq!(next.position, position(u64::from(count) + 1));
        store.close().await.unwrap();
        drop(store);
        self.lose_sled();
        let store = self.open();
        assert_eq!(payloads(&store, "a").await, expected);
        assert_eq!(payloads(&store, "b").await, ["next"]);
    }

    fn check_refuses(&self, at: u64) {
        let before = self.files();
        for _ in 0..2 {
            let refused = self.try_open().err().unwrap();
            assert!(
                matches!(refused, OpenError::Damaged { position: found, .. } if found == position(at)),
                "{refused}"
            );
        }
        assert!(self.files() == before, "a refused opening changed a file");
    }
}

fn find(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap()
}

#[tokio::test]
async fn everything_is_there_after_closing_and_opening() {
    let ledger = Ledger::of_ten().await;
    assert!(fs::metadata(ledger.segment()).unwrap().len() < 4096, "cut to its length");
    ledger.check_holds(10).await;
}

#[tokio::test]
async fn everything_is_there_after_a_stop_without_closing() {
    let ledger = Ledger::new();
    for round in 0..5 {
        let store = ledger.open();
        assert_eq!(store.head(), position(round));
        append(&store, part("a", Any, &[&round.to_string()])).await.unwrap();
        drop(store);
    }
    assert_eq!(payloads(&ledger.open(), "a").await, ["0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn a_store_that_is_closed_can_be_opened_while_its_handle_lives() {
    let ledger = Ledger::new();
    let first = ledger.open();
    append(&first, part("a", Any, &["1"])).await.unwrap();
    first.close().await.unwrap();
    assert_eq!(payloads(&ledger.open(), "a").await, ["1"]);
}

#[tokio::test]
async fn a_lost_sled_is_rebuilt_from_the_journal() {
    let ledger = Ledger::of_ten().await;
    ledger.lose_sled();
    ledger.check_holds(10).await;
}

#[tokio::test]
async fn a_sled_that_cannot_be_opened_is_rebuilt_from_the_journal() {
    let ledger = Ledger::of_ten().await;
    ledger.lose_sled();
    fs::write(ledger.dir().join("sled"), "not a folder").unwrap();
    ledger.check_holds(10).await;
}

#[tokio::test]
async fn a_sled_that_differs_is_rebuilt_from_the_journal() {
    let ledger = Ledger::of_ten().await;
    let db = ledger.open_sled();
    db.open_tree("frames").unwrap().insert(4_u64.to_be_bytes(), "something else").unwrap();
    drop(db);
    ledger.check_holds(10).await;
}

#[tokio::test]
async fn a_lost_journal_is_rebuilt_from_sled() {
    let ledger = Ledger::of_ten().await;
    fs::remove_dir_all(ledger.dir().join("journal")).unwrap();
    ledger.check_holds(10).await;
}

#[tokio::test]
async fn a_sled_that_is_set_aside_is_kept() {
    let ledger = Ledger::of_ten().await;
    for n in 1..=2 {
        ledger.lose_sled();
        fs::create_dir(ledger.dir().join("sled")).unwrap();
        fs::create_dir(ledger.dir().join("sled/db")).unwrap();
        drop(ledger.open());
        let kept = ledger.dir().join(format!("sled.damaged-{n}"));
        assert!(kept.join("db").is_dir());
    }
    ledger.check_holds(10).await;
}

#[tokio::test]
async fn a_tail_that_was_acknowledged_and_is_lost_from_both_copies_is_refused() {
    for (kept, next) in [(3, 4), (9, 10)] {
        let (ledger, store) = Ledger::of_ten_open().await;
        drop(store);
        ledger.lose_sled();
        ledger.change_segment(|bytes| {
            let text = format!("payload {kept}");
            let end = find(bytes, &text) + text.len() + 32;
            bytes[end..].fill(0);
        });
        ledger.check_refuses(next);
        fs::write(ledger.dir().join("HEAD.twin"), "").unwrap();
        let refused = ledger.try_open().err().map(|refused| refused.to_string());
        // The other of the two may be one frame behind.
        assert!(refused.is_some() || kept == 9);
    }
}

#[tokio::test]
async fn a_log_that_is_not_the_one_acknowledged_is_refused() {
    let (ledger, other) = (Ledger::of_ten().await, Ledger::of_ten().await);
    let store = other.open();
    append(&store, part("b", Any, &["payload 11"])).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let store = ledger.open();
    append(&store, part("c", Any, &["payload 12"])).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    ledger.lose_sled();
    fs::copy(other.segment(), ledger.segment()).unwrap();
    ledger.check_refuses(11);
}

#[tokio::test]
async fn lost_notes_of_the_head_are_made_anew() {
    let ledger = Ledger::of_ten().await;
    fs::remove_file(ledger.dir().join("HEAD")).unwrap();
    fs::write(ledger.dir().join("HEAD.twin"), "head 7").unwrap();
    ledger.check_holds(10).await;
    assert!(ledger.dir().join("HEAD").exists());
}

#[tokio::test]
async fn an_append_larger_than_a_segment_is_one_frame() {
    let ledger = Ledger::new();
    let store = ledger.open();
    let one = |n: u8, mib: usize| {
        let mut one = part("a", Any, &["", ""]);
        one.events[0].payload = vec![n; mib << 20].into();
        one
    };
    append(&store, one(1, 1)).await.unwrap();
    append(&store, one(2, 70)).await.unwrap();
    append(&store, one(3, 1)).await.unwrap();
    let root = store.read_all(position(5), 1).await.unwrap()[0].root();
    drop(store);
    for lose_sled in [false, true] {
        if lose_sled {
            ledger.lose_sled();
        }
        let store = ledger.open();
        let chunks = store.read_all(GlobalPosition::START, usize::MAX).await.unwrap();
        assert_eq!(chunks.iter().map(Chunk::len).collect::<Vec<_>>(), [2, 2, 2]);
        assert_eq!(chunks[1].events().next().unwrap().payload, vec![2; 70 << 20]);
        assert_eq!(chunks[2].root(), root);
    }
}

#[tokio::test]
async fn a_journal_that_is_lost_with_sled_is_refused() {
    let ledger = Ledger::of_ten().await;
    ledger.lose_sled();
    fs::remove_file(ledger.segment()).unwrap();
    ledger.check_refuses(1);
}

#[tokio::test]
async fn damage_in_the_journal_is_healed_from_sled() {
    for damaged in [1, 4, 10] {
        let ledger = Ledger::of_ten().await;
        ledger.damage(damaged);
        ledger.check_holds(10).await;
    }
}

#[tokio::test]
async fn damage_in_the_journal_is_refused_if_sled_is_lost() {
    for damaged in [1, 4, 10] {
        let ledger = Ledger::of_ten().await;
        ledger.damage(damaged);
        ledger.lose_sled();
        ledger.check_refuses(damaged);
    }
}

#[tokio::test]
async fn damage_in_both_copies_is_refused() {
    let ledger = Ledger::of_ten().await;
    ledger.damage(4);
    let db = ledger.open_sled();
    db.open_tree("frames").unwrap().remove(4_u64.to_be_bytes()).unwrap();
    drop(db);
    ledger.check_refuses(4);
}

#[tokio::test]
async fn a_zeroed_block_in_the_journal_is_not_taken_for_its_end() {
    let ledger = Ledger::of_ten().await;
    ledger.change_segment(|bytes| {
        let at = find(bytes, "payload 4");
        bytes[at - 300..at].fill(0);
    });
    ledger.lose_sled();
    ledger.check_refuses(3);
}

#[tokio::test]
async fn a_torn_tail_is_cut_off() {
    for torn_bytes in [1, 3, 40, 72, 100, 180] {
        let (ledger, store) = Ledger::of_ten_open().await;
        drop(store);
        ledger.lose_sled();
        ledger.forget_the_tenth();
        ledger.change_segment(|bytes| {
            // The tenth frame follows the leaf of the ninth, and it is 191 bytes long.
            let end = find(bytes, "payload 9") + "payload 9".len() + 32;
            bytes.truncate(end + torn_bytes);
            bytes.resize(8 << 20, 0);
        });
        ledger.check_holds(9).await;
    }
}

#[tokio::test]
async fn a_journal_shorter_than_when_it_was_closed_is_refused() {
    let ledger = Ledger::of_ten().await;
    ledger.lose_sled();
    ledger.change_segment(|bytes| {
        let end = find(bytes, "payload 8") + "payload 8".len() + 32;
        bytes.truncate(end);
    });
    ledger.check_refuses(9);
}

#[tokio::test]
async fn a_damaged_control_file_is_refused_and_left_alone() {
    let ledger = Ledger::of_ten().await;
    let control = ledger.dir().join("LEDGER");
    let mut bytes = fs::read(&control).unwrap();
    bytes[3] |= 0x80;
    fs::write(&control, &bytes).unwrap();
    let before = ledger.files();
    let refused = ledger.try_open().err().unwrap();
    assert!(matches!(refused, OpenError::NotOurs { .. }), "{refused}");
    assert!(ledger.files() == before);
}

#[tokio::test]
async fn a_cut_tail_is_restored_from_sled() {
    let ledger = Ledger::of_ten().await;
    ledger.change_segment(|bytes| bytes.truncate(find(bytes, "payload 8")));
    ledger.check_holds(10).await;
}

#[tokio::test]
async fn segments_follow_one_another_and_a_lost_one_is_noticed() {
    let ledger = Ledger::new();
    let store = ledger.open();
    for n in 0..4_u8 {
        let mut large = part("a", Any, &[""]);
        large.events[0].payload = vec![n; 30 << 20].into();
        append(&store, large).await.unwrap();
    }
    store.close().await.unwrap();
    drop(store);
    let second = ledger.dir().join("journal/00000000000000000004.seg");
    assert!(second.exists());
    let store = ledger.open();
    let chunks = store.read_all(position(0), 100).await.unwrap();
    assert_eq!(chunks.len(), 4);
    store.close().await.unwrap();
    ledger.lose_sled();
    ledger.change_segment(|bytes| bytes.truncate(65 << 20));
    let refused = ledger.try_open().err().unwrap();
    assert!(
        matches!(refused, OpenError::Damaged { position: found, .. } if found == position(3)),
        "{refused}"
    );
}

/// Every event by position, read in pages of as many.
async fn in_pages(store: &Store, size: usize) -> Vec<(u64, Bytes)> {
    let mut events = Vec::new();
    while (events.len() as u64) < store.head().get() {
        let page = store.read_all(position(events.len() as u64), size).await.unwrap();
        let read = page.iter().flat_map(Chunk::events).filter_map(|event| event.to_recorded());
        events.extend(read.map(|event| (event.position.get(), event.payload)));
    }
    events
}

#[tokio::test]
async fn long_pages_hold_the_same_whatever_becomes_of_the_journal() {
    let ledger = Ledger::new();
    let store = ledger.open();
    for n in 0..150_u32 {
        let texts: Vec<String> = (0..=n).map(|m| format!("payload {n}/{m}")).collect();
        let mut batch = part("a", Any, &texts.iter().map(String::as_str).collect::<Vec<_>>());
        if n == 120 {
            // More than is read at once, and the last of its segment.
            batch.events[0].payload = vec![7; 65 << 20].into();
        }
        append(&store, batch).await.unwrap();
    }
    let first_of_second = 1 + (1..=121_u64).sum::<u64>();
    let second = ledger.dir().join(format!("journal/{first_of_second:020}.seg"));
    let short = in_pages(&store, 1000).await;
    assert!(short.iter().map(|(position, _)| *position).eq(1..=store.head().get()));
    for size in [4096, 5000, usize::MAX] {
        assert!(in_pages(&store, size).await == short, "{size}");
    }
    let damages: [&dyn Fn(); 4] = [
        &|| ledger.change_segment(|bytes| bytes[100_000] ^= 1),
        &|| fs::write(&second, "no frame").unwrap(),
        &|| fs::remove_file(&second).unwrap(),
        &|| fs::remove_file(ledger.segment()).unwrap(),
    ];
    for (n, damage) in damages.iter().enumerate() {
        damage();
        for size in [4096, usize::MAX] {
            assert!(in_pages(&store, size).await == short, "damage {n}, {size}");
        }
    }
}

#[tokio::test]
async fn versions_of_long_streams_are_known_after_a_checkpoint() {
    let ledger = Ledger::new();
    let mut version = None;
    for length in [254, 1, 1, 45, 70_000] {
        let store = ledger.open_checkpointing();
        let head = store.stream_head(&stream("a")).await.unwrap();
        assert_eq!(head.map(|head| head.version), version);
        let expected = version.map_or(NoStream, Exact);
        version =
            Some(append(&store, part("a", expected, &vec!["x"; length])).await.unwrap().version);
        append(&store, part("b", Any, &["x"])).await.unwrap();
        store.close().await.unwrap();
    }
    assert_eq!(version.unwrap().to_string(), "70301");
}

#[tokio::test]
async fn segments_are_as_long_as_they_are_told_to_be() {
    let ledger = Ledger::new();
    let options = StoreOptions { segment_bytes: 500, ..StoreOptions::default() };
    let store: Store = Arc::new(SledStore::open_with(ledger.dir(), clock(), options).unwrap());
    for n in 1..=10 {
        let one = asked(n, n, part("a", Any, &[&format!("payload {n}")]));
        append(&store, one).await.unwrap();
    }
    store.close().await.unwrap();
    drop(store);
    assert_eq!(fs::read_dir(ledger.dir().join("journal")).unwrap().count(), 4);
    ledger.check_holds(10).await;
}

/// A ledger of 40 events that was checkpointed at closing, and to which five were added since.
async fn ledger_with_a_checkpoint() -> (Ledger, BTreeMap<&'static str, String>) {
    let ledger = Ledger::new();
    let store = ledger.open_checkpointing();
    for n in 0..20_u8 {
        let name = ["a", "b", "c"][usize::from(n % 3)];
        append(&store, asked(n, n, part(name, Any, &["x", &format!("payload {n}")])))
            .await
            .unwrap();
    }
    store.close().await.unwrap();
    drop(store);
    let store = ledger.open_checkpointing();
    for n in 20..25_u8 {
        append(&store, asked(n, n, part("d", Any, &["late"]))).await.unwrap();
    }
    let state = state(&store).await;
    drop(store);
    (ledger, state)
}

/// What a store answers, as far as it could depend on how it was opened.
async fn state(store: &Store) -> BTreeMap<&'static str, String> {
    let mut state = BTreeMap::new();
    let events = everything(store).await;
    state.insert("events", format!("{events:?}"));
    let last = store.read_all(position(44), 1).await.unwrap();
    state.insert("root", last[0].root().to_string());
    for name in ["a", "b", "c", "d"] {
        let head = store.stream_head(&stream(name)).await.unwrap();
        state.insert(name, format!("{head:?} {:?}", payloads(store, name).await));
    }
    let mut requests = Vec::new();
    for n in 0..30 {
        requests.push(store.find_request(&[n; 16]).await.unwrap());
    }
    state.insert("requests", format!("{requests:?}"));
    state
}

#[tokio::test]
async fn a_checkpoint_leads_to_the_same_state_as_a_replay() {
    let (ledger, expected) = ledger_with_a_checkpoint().await;
    assert!(state(&ledger.open_checkpointing()).await == expected);
    let options = StoreOptions { trust_checkpoint: false, ..StoreOptions::default() };
    let replayed = SledStore::open_with(ledger.dir(), clock(), options).unwrap();
    assert!(state(&(Arc::new(replayed) as Store)).await == expected);
    ledger.change_checkpoint(|tree| tree.clear().unwrap());
    assert!(state(&ledger.open()).await == expected);
}

#[tokio::test]
async fn a_checkpoint_that_is_damaged_or_of_another_log_is_ignored() {
    let (ledger, expected) = ledger_with_a_checkpoint().await;
    ledger.change_checkpoint(|tree| {
        let (key, value) = tree.first().unwrap().unwrap();
        let mut value = value.to_vec();
        let at = value.len() / 2;
        value[at] ^= 1;
        tree.insert(key, value).unwrap();
    });
    assert!(state(&ledger.open()).await == expected);

    let (other, _) = ledger_with_a_checkpoint().await;
    let other_store = other.open_checkpointing();
    append(&other_store, part("z", Any, &["only here"])).await.unwrap();
    other_store.close().await.unwrap();
    drop(other_store);
    let mut foreign = Vec::new();
    other.change_checkpoint(|tree| foreign.extend(tree.iter().map(Result::unwrap)));
    ledger.change_checkpoint(|tree| {
        tree.clear().unwrap();
        for (key, value) in foreign {
            tree.insert(key, value).unwrap();
        }
    });
    assert!(state(&ledger.open()).await == expected);
}

#[tokio::test]
async fn damage_after_a_checkpoint_is_healed_or_refused() {
    let (ledger, expected) = ledger_with_a_checkpoint().await;
    ledger.change_segment(|bytes| {
        let at = find(bytes, "late");
        bytes[at] ^= 1;
    });
    let damaged = ledger.files();
    assert!(state(&ledger.open()).await == expected);
    assert!(ledger.files() != damaged);
    ledger.change_segment(|bytes| {
        let at = find(bytes, "late");
        bytes[at] ^= 1;
    });
    ledger.lose_sled();
    ledger.check_refuses(41);
}

#[tokio::test]
async fn a_frame_that_sled_lost_before_the_checkpoint_is_read_from_the_journal() {
    let (ledger, expected) = ledger_with_a_checkpoint().await;
    let db = ledger.open_sled();
    let tree = db.open_tree("frames").unwrap();
    let frame = tree.remove(5_u64.to_be_bytes()).unwrap().unwrap();
    tree.insert(9_u64.to_be_bytes(), "something else").unwrap();
    drop((tree, db));
    let store = ledger.open();
    assert!(state(&store).await == expected);
    drop(store);
    let db = ledger.open_sled();
    assert_eq!(db.open_tree("frames").unwrap().get(5_u64.to_be_bytes()).unwrap(), Some(frame));
}

#[tokio::test]
async fn streams_and_requests_take_little_memory() {
    let ledger = Ledger::new();
    let store = ledger.try_open().unwrap();
    for batch in 0..20_u64 {
        let parts = (0..500_u64).map(|n| {
            let number = batch * 500 + n;
            let mut key = [0; 16];
            key[..8].copy_from_slice(&number.to_le_bytes());
            let request = Some(Request { key, fingerprint: key });
            StreamAppend { request, ..part(&format!("s{number}"), NoStream, &["x"]) }
        });
        store.append(Append(parts.collect())).await.unwrap();
    }
    let memory = store.memory();
    assert_eq!((memory.streams, memory.requests), (10_000, 10_000));
    // Each of the 256 shards keeps some free slots, which weigh on so few entries.
    assert!(memory.stream_bytes <= 33 * 10_000, "{memory:?}");
    assert!(memory.request_bytes <= 18 * 10_000, "{memory:?}");
}

#[tokio::test]
async fn verifying_finds_every_fault_and_changes_nothing() {
    let ledger = Ledger::of_ten().await;
    let before = ledger.files();
    let whole = verify(ledger.dir()).unwrap();
    assert_eq!((whole.events, whole.sled_lacks, &whole.faults[..]), (10, 0, &[][..]));
    assert!(ledger.files() == before);

    let part_and_position = |ledger: &Ledger| -> Vec<_> {
        let faults = verify(ledger.dir()).unwrap().faults;
        faults.iter().map(|fault| (fault.part, fault.position.get())).collect()
    };
    let journal = fs::read(ledger.segment()).unwrap();
    ledger.damage(4);
    assert_eq!(part_and_position(&ledger), [("journal", 4), ("head", 4)]);
    fs::write(ledger.segment(), journal).unwrap();
    let db = ledger.open_sled();
    db.open_tree("frames").unwrap().remove(7_u64.to_be_bytes()).unwrap();
    drop(db);
    assert_eq!(part_and_position(&ledger), [("sled", 7)]);
    ledger.lose_sled();
    assert_eq!(part_and_position(&ledger), [("sled", 1)]);

    let store = ledger.open();
    let busy = verify(ledger.dir()).unwrap_err();
    assert!(matches!(busy, OpenError::Locked { .. }), "{busy}");
    drop(store);
    assert_eq!(verify(ledger.dir()).unwrap(), whole);
    let nothing = tempfile::tempdir().unwrap();
    assert!(matches!(verify(nothing.path()), Err(OpenError::NotOurs { .. })));
    assert_eq!(fs::read_dir(nothing.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn verifying_an_open_ledger_finds_every_fault() {
    let faults = async |store: &Store| -> Vec<_> {
        let (progress, _reached) = watch::channel(GlobalPosition::START);
        let faults = store.verify(progress).await.unwrap().faults;
        faults.iter().map(|fault| (fault.part, fault.position.get())).collect()
    };
    let (ledger, store) = Ledger::of_ten_open().await;
    assert_eq!(faults(&store).await, []);
    let journal = fs::read(ledger.segment()).unwrap();
    ledger.damage(4);
    assert_eq!(faults(&store).await, [("journal", 4), ("head", 4)]);
    ledger.change_segment(|bytes| bytes.truncate(500));
    assert_eq!(faults(&store).await, [("journal", 3), ("head", 3)]);
    fs::write(ledger.segment(), journal).unwrap();
    let heads = ["HEAD", "HEAD.twin"].map(|name| ledger.dir().join(name));
    let texts = heads.clone().map(|path| fs::read(path).unwrap());
    fs::write(&heads[1], &texts[0]).unwrap();
    assert_eq!(faults(&store).await, [("head", 10)], "the mark is behind");
    for path in &heads {
        fs::write(path, "").unwrap();
    }
    assert_eq!(faults(&store).await, [("head", 11)], "the mark is lost");
    heads.iter().zip(texts).for_each(|(path, text)| fs::write(path, text).unwrap());
    assert_eq!(faults(&store).await, []);

    append(&store, part("c", Any, &["payload 11"])).await.unwrap();
    let (other, elsewhere) = Ledger::of_ten_open().await;
    append(&elsewhere, part("b", Any, &["payload 11"])).await.unwrap();
    fs::copy(other.segment(), ledger.segment()).unwrap();
    assert_eq!(faults(&store).await, [("sled", 11), ("head", 11)]);
}

#[tokio::test]
async fn a_foreign_directory_is_refused_and_left_alone() {
    let ledger = Ledger::new();
    fs::write(ledger.dir().join("photo.jpg"), "x").unwrap();
    let refused = ledger.try_open().err().unwrap();
    assert!(matches!(refused, OpenError::NotOurs { .. }), "{refused}");
    assert_eq!(fs::read_dir(ledger.dir()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_ledger_without_its_control_file_is_not_begun_anew() {
    let ledger = Ledger::of_ten().await;
    fs::remove_file(ledger.dir().join("LEDGER")).unwrap();
    let before = ledger.files();
    let refused = ledger.try_open().err().unwrap();
    assert!(matches!(refused, OpenError::NotOurs { .. }), "{refused}");
    assert!(ledger.files() == before);
}

#[tokio::test]
async fn a_creation_that_was_cut_short_is_completed() {
    let ledger = Ledger::new();
    fs::create_dir(ledger.dir().join("journal")).unwrap();
    fs::write(ledger.segment(), "").unwrap();
    fs::write(ledger.dir().join("LEDGER.new"), "disclo").unwrap();
    fs::write(ledger.dir().join("LOCK"), "").unwrap();
    append(&ledger.open(), part("a", Any, &["1"])).await.unwrap();
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let ledger = Ledger::of_ten().await;
    let control = ledger.dir().join("LEDGER");
    let text = fs::read_to_string(&control).unwrap();
    fs::write(&control, text.replace("format 1", "format 2")).unwrap();
    let refused = ledger.try_open().err().unwrap();
    assert!(matches!(refused, OpenError::NewerFormat { found: 2, known: 1 }), "{refused}");
}

#[tokio::test]
async fn a_second_opener_is_told_who_has_the_ledger() {
    let ledger = Ledger::new();
    let store = ledger.open();
    let refused = ledger.try_open().err().unwrap();
    let holder = format!("process {}", std::process::id());
    assert!(refused.to_string().ends_with(&holder), "{refused}");
    drop(store);
    ledger.try_open().unwrap();
}
