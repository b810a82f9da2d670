//! What a child does: it opens the store and appends to it, or says what it holds.
//!
//! It talks in lines. `ACK` is written by one system call, after the append returned `Ok`.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    io::{self, BufRead, Write},
    path::PathBuf,
    process,
    sync::Arc,
    thread,
    time::Duration,
};

use disclosure_ledger::{
    clock::SystemClock,
    integrity::Frontier,
    store::{
        AppendError, Chunk, EventStore, GlobalPosition, SledStore, StoreOptions, StreamHead,
        StreamId,
    },
};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::event::{EventId, append, parts};

/// How often a child that met a full disk tries again before it waits for room.
pub(crate) const RETRIES: u32 = 100;

/// The child of every rig. Run by hand it does nothing.
#[test]
#[ignore = "run by the rigs as their child process"]
fn child_process() {
    let Some(role) = env::var_os("CRASH_CHILD") else { return };
    let (room, made) = watch::channel(0);
    thread::spawn(move || follow_parent(&room));
    say("\nSTART");
    let dir = PathBuf::from(env::var_os("CRASH_STORE").unwrap());
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    let usual = StoreOptions::default();
    let segment_bytes = number("CRASH_SEGMENT").unwrap_or(usual.segment_bytes);
    let checkpoint_every = number("CRASH_CHECKPOINT").unwrap_or(usual.checkpoint_every);
    let options = StoreOptions { segment_bytes, checkpoint_every, ..usual };
    let store = match SledStore::open_with(&dir, Arc::new(SystemClock), options) {
        Ok(store) => Arc::new(store),
        Err(refused) => {
            let debug = format!("{refused:?}");
            let name: String = debug.chars().take_while(|c| c.is_alphanumeric()).collect();
            say(&format!("REFUSED {name} {}", chain(&refused)));
            return;
        }
    };
    say(&format!("OPEN {}", store.head()));
    runtime.block_on(async {
        match role.to_str() {
            Some("write") => write(store, made).await,
            Some("read") => read(store).await,
            _ => panic!("no such role: {}", role.display()),
        }
    });
}

/// A line from the parent says that there is room again; its end is ours too.
fn follow_parent(room: &watch::Sender<u32>) {
    for line in io::stdin().lock().lines() {
        if line.is_err() {
            break;
        }
        room.send_modify(|times| *times += 1);
    }
    process::exit(0);
}

fn say(line: &str) {
    // Nobody hears it any more if this fails, and then it was not said.
    _ = writeln!(io::stdout().lock(), "{line}");
}

fn chain(error: &dyn Error) -> String {
    let (mut text, mut source) = (error.to_string(), error.source());
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

fn number<T: std::str::FromStr>(name: &str) -> Option<T> {
    env::var_os(name)?.to_str()?.parse().ok()
}

/// Appends from several tasks until it has done so often enough or is ended.
async fn write(store: Arc<SledStore>, room: watch::Receiver<u32>) {
    let tasks = (0..number("CRASH_TASKS").unwrap())
        .map(|task| tokio::spawn(Task::new(task, &store, &room).run()));
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    say(&format!("HEALTH {:?}", store.health()));
    say(&format!("READ {}", readable(&store).await));
    match store.close().await {
        Ok(()) => say("CLOSED"),
        Err(error) => say(&format!("UNCLEAN {}", chain(&error))),
    }
}

struct Task {
    generation: u32,
    number: u32,
    limit: u64,
    size: Option<usize>,
    store: Arc<SledStore>,
    room: watch::Receiver<u32>,
}

impl Task {
    fn new(task: u32, store: &Arc<SledStore>, room: &watch::Receiver<u32>) -> Self {
        let generation = number("CRASH_GENERATION").unwrap();
        let limit = number("CRASH_LIMIT").unwrap_or(u64::MAX);
        let (store, room) = (Arc::clone(store), room.clone());
        Self { generation, number: task, limit, size: number("CRASH_SIZE"), store, room }
    }

    async fn run(mut self) {
        let pause = number("CRASH_PAUSE").map(Duration::from_millis);
        for n in 0..self.limit {
            if !self.append(n).await {
                return;
            }
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Appends until it is recorded or will never be; whether to go on.
    async fn append(&mut self, n: u64) -> bool {
        let id = format!("{} {} {n}", self.generation, self.number);
        let mut refused = 0;
        loop {
            let new = append(self.generation, self.number, n, self.size);
            match self.store.append(new).await {
                Ok(appended) => {
                    let last = appended.streams.last().unwrap().position;
                    say(&format!("ACK {id} {last}"));
                    return true;
                }
                Err(AppendError::DiskFull) if refused < RETRIES => refused += 1,
                Err(AppendError::DiskFull) => {
                    say(&format!("FULL {id} {}", readable(&self.store).await));
                    if self.room.changed().await.is_err() {
                        return false;
                    }
                    refused = 0;
                }
                Err(error) => {
                    say(&format!("FAILED {id} {}", chain(&error)));
                    for _ in 0..3 {
                        let again =
                            self.store.append(append(self.generation, self.number, n, None));
                        if again.await.is_ok() {
                            say(&format!("REVIVED {id}"));
                        }
                    }
                    return false;
                }
            }
        }
    }
}

/// How many events can be read right now, or why not.
async fn readable(store: &SledStore) -> String {
    match store.read_all(GlobalPosition::START, usize::MAX).await {
        Ok(chunks) => chunks.iter().map(Chunk::len).sum::<usize>().to_string(),
        Err(error) => format!("error {}", chain(&error)),
    }
}

/// Says what the store holds, if everything about it is right.
async fn read(store: Arc<SledStore>) {
    match Replay::of(&store).await {
        Ok(replay) => replay.say(),
        Err(wrong) => say(&format!("WRONG {wrong}")),
    }
    match store.close().await {
        Ok(()) => say("CLOSED"),
        Err(error) => say(&format!("UNCLEAN {}", chain(&error))),
    }
}

/// The log as it is read from the start, with what must follow from it.
#[derive(Default)]
struct Replay {
    events: Vec<(EventId, GlobalPosition)>,
    streams: BTreeMap<StreamId, StreamHead>,
    frontier: Frontier,
    last_of_time: BTreeMap<Timestamp, GlobalPosition>,
    chunks: usize,
}

impl Replay {
    async fn of(store: &SledStore) -> Result<Self, String> {
        let mut replay = Self::default();
        loop {
            let after = GlobalPosition::new(replay.events.len() as u64);
            let page = store.read_all(after, 500).await.map_err(|error| chain(&error))?;
            if page.is_empty() {
                break;
            }
            page.iter().try_for_each(|chunk| replay.take(chunk))?;
        }
        replay.agrees_with_index(store).await?;
        Ok(replay)
    }

    fn take(&mut self, chunk: &Chunk) -> Result<(), String> {
        let wrong = |what: &str| format!("{what} in the chunk at {}", chunk.first());
        if !chunk.leaves_hold() {
            return Err(wrong("a leaf does not hold"));
        }
        let mut open = 0;
        for event in chunk.events() {
            let record = event.to_recorded().ok_or_else(|| wrong("a record without a stream"))?;
            let id = EventId::of(&record).ok_or_else(|| wrong("an event is not as appended"))?;
            if record.position.get() != self.events.len() as u64 + 1 {
                return Err(wrong("a position does not follow"));
            }
            let whole = match self.events.last() {
                Some((last, _)) if open > 0 => EventId { part: last.part + 1, ..*last } == id,
                _ => id.part == 0,
            };
            if !whole {
                return Err(wrong("an append is not whole"));
            }
            open = parts(id.n) - id.part - 1;
            let before = self.streams.get(&record.stream).map_or(0, |head| version(*head));
            let head = StreamHead { version: record.version, position: record.position };
            if version(head) != before + 1 {
                return Err(wrong("a version does not follow"));
            }
            self.streams.insert(record.stream.clone(), head);
            self.events.push((id, record.position));
            self.frontier.append(event.leaf);
        }
        let earlier = self.last_of_time.last_key_value().map(|(time, _)| *time);
        if earlier.is_some_and(|earlier| earlier > chunk.record_time()) {
            return Err(wrong("time goes back"));
        }
        self.last_of_time.insert(chunk.record_time(), chunk.last());
        self.chunks += 1;
        if open > 0 {
            return Err(wrong("an append is cut off"));
        }
        if self.frontier.root() == chunk.root() { Ok(()) } else { Err(wrong("another root")) }
    }

    async fn agrees_with_index(&self, store: &SledStore) -> Result<(), String> {
        let head = GlobalPosition::new(self.events.len() as u64);
        if store.head() != head {
            return Err(format!("the head is {}, the log ends at {head}", store.head()));
        }
        for (stream, head) in &self.streams {
            if store.stream_head(stream).await.ok().flatten() != Some(*head) {
                return Err(format!("the index is wrong about stream {stream}"));
            }
        }
        for (id, position) in &self.events {
            let known = store.find_request(&id.request().key).await.ok().flatten();
            if known.is_none_or(|known| known.position != *position) {
                return Err(format!("the index is wrong about the request of {id:?}"));
            }
        }
        for (time, last) in &self.last_of_time {
            if store.position_at(*time).await.ok() != Some(*last) {
                return Err(format!("the index is wrong about {time}"));
            }
        }
        for (stream, head) in self.streams.iter().rev().take(20) {
            let read = store.read_stream(stream, None).await.map_err(|error| chain(&error))?;
            if read.len() as u64 != version(*head)
                || read.last().map(|e| e.position) != Some(head.position)
            {
                return Err(format!("stream {stream} is not read as it was recorded"));
            }
        }
        Ok(())
    }

    fn say(&self) {
        let mut text = String::new();
        for (EventId { generation, task, n, part }, position) in &self.events {
            if part + 1 == parts(*n) {
                text.extend(["EVENT ", &format!("{generation} {task} {n} {position}\n")]);
            }
        }
        say(&format!("{text}CHUNKS {}\nHEAD {}", self.chunks, self.events.len()));
    }
}

fn version(head: StreamHead) -> u64 {
    head.version.to_string().parse().unwrap()
}
