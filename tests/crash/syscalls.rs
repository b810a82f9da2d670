//! The proof by system calls: no acknowledgement leaves before the bytes of its events were
//! written to the journal and a sync of that file, begun after the write, has returned 0.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs,
    path::Path,
};

use anyhow::{Context, Result, ensure};

use crate::{
    event::{EventId, parts},
    model::Model,
    process::Spec,
    rig::{Need, figure, red, rig, scratch},
};

const NEEDS: [Need; 1] = [Need::Tool("strace")];

/// A system call in the order in which things happened.
struct Call {
    name: String,
    args: String,
    /// What it returned; `None` if it never did.
    result: Option<i64>,
    /// The lines of the trace on which it began and ended.
    began: usize,
    ended: usize,
}

impl Call {
    /// The file that the call is about, as `strace -y` names it.
    fn file(&self) -> &str {
        let path = self.args.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
        path.map_or("", |(path, _)| path)
    }

    fn is_sync(&self) -> bool {
        ["fsync", "fdatasync"].contains(&&*self.name)
    }

    fn of_journal(&self) -> bool {
        self.file().contains("/journal/")
    }
}

/// What `strace -f -y -o` has written.
pub(crate) struct Trace {
    calls: Vec<Call>,
    /// Which call wrote an event to the journal, by the event's marker.
    written: BTreeMap<String, usize>,
    /// Whether a call was made to fail.
    pub(crate) injected: bool,
}

impl Trace {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).context("reading a trace")?;
        let text = String::from_utf8_lossy(&text);
        let mut calls: Vec<Call> = Vec::new();
        let mut open: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            let Some((thread, line)) = line.split_once(' ') else { continue };
            let line = line.trim_start();
            if let Some(resumed) = line.strip_prefix("<... ") {
                let Some(call) = open.remove(thread) else { continue };
                calls[call].result = result(resumed);
                calls[call].ended = at;
                calls[call].args += resumed;
            } else if let Some((name, args)) = line.split_once('(') {
                let unfinished = args.ends_with("<unfinished ...>");
                if unfinished {
                    open.insert(thread, calls.len());
                }
                let result = if unfinished { None } else { result(args) };
                let (name, args) = (name.to_owned(), args.to_owned());
                let ended = if unfinished { usize::MAX } else { at };
                calls.push(Call { name, args, result, began: at, ended });
            }
        }
        let mut written = BTreeMap::new();
        for (at, call) in calls.iter_mut().enumerate() {
            if call.name == "pwrite64" && call.of_journal() {
                for marker in markers(&call.args) {
                    written.entry(marker).or_insert(at);
                }
                call.args.truncate(call.args.find('"').unwrap_or_default());
            }
        }
        Ok(Self { calls, written, injected: text.contains("(INJECTED)") })
    }

    /// Red unless every acknowledgement was covered; gives how many there were.
    ///
    /// A sync covers nothing once one has failed: the kernel reports lost pages only once.
    pub(crate) fn check_acks(&self) -> Result<usize> {
        let failed = self.calls.iter().filter(|call| call.is_sync() && call.of_journal());
        let failed = failed.filter(|call| call.result != Some(0)).map(|call| call.began).min();
        let failed = failed.unwrap_or(usize::MAX);
        let mut acks = 0;
        for ack in self.calls.iter().filter(|call| call.name == "write") {
            let Some((_, said)) = ack.args.split_once("\"ACK ") else { continue };
            let mut numbers = said.split(' ').map_while(|number| number.parse::<u64>().ok());
            let mut next = || numbers.next().context("malformed acknowledgement");
            let (generation, task, n) = (next()?.try_into()?, next()?.try_into()?, next()?);
            for part in 0..parts(n) {
                let id = EventId { generation, task, n, part };
                self.check_covered(&id.marker(), ack.began, failed)?;
            }
            acks += 1;
        }
        Ok(acks)
    }

    fn check_covered(&self, marker: &str, acked: usize, failed: usize) -> Result<()> {
        let written = self.written.get(marker).and_then(|written| self.calls.get(*written));
        let Some(written) = written else {
            return Err(red(format!("{marker} was acknowledged and is in no journal write")));
        };
        let covers = |call: &&Call| {
            call.is_sync()
                && call.file() == written.file()
                && call.result == Some(0)
                && call.began > written.ended
                && call.ended < acked
                && call.ended < failed
        };
        if written.result.is_none_or(|written| written <= 0)
            || !self.calls.iter().any(|c| covers(&c))
        {
            let text = format!("{marker} was acknowledged on line {acked} of the trace, unsynced");
            return Err(red(text));
        }
        Ok(())
    }

    /// Red unless each new file's directory was synced before its bytes were relied on, and after
    /// each rename; gives how many journal segments were made.
    fn check_directories(&self) -> Result<usize> {
        let mut segments = BTreeSet::new();
        for call in self.calls.iter().filter(|call| call.result.is_some_and(|result| result >= 0)) {
            let created = call.name == "openat" && call.args.contains("O_CREAT");
            let made = created && call.args.contains(".seg\"");
            if !made && call.name != "rename" {
                continue;
            }
            let path = call.args.rsplit('"').nth(1).context("a call without a path")?;
            if made && !segments.insert(path.to_owned()) {
                continue;
            }
            let dir = path.rsplit_once('/').context("a relative path")?.0;
            let synced = self.calls.iter().find(|later| {
                later.is_sync()
                    && later.file() == dir
                    && later.result == Some(0)
                    && later.began > call.ended
            });
            let synced = synced.map_or(usize::MAX, |call| call.ended);
            let said = self.calls.iter().filter(|call| {
                call.name == "write" && call.args.contains("\"ACK ") && call.began < synced
            });
            // What was said before the file was made does not rest on it.
            if let Some(said) = said.filter(|said| said.began > call.ended).min_by_key(|c| c.began)
            {
                let said = said.began;
                return Err(red(format!("{path} is relied on (line {said}), {dir} not synced")));
            }
            ensure!(synced < usize::MAX || !made, "{path} was made and nothing relied on it");
        }
        Ok(segments.len())
    }
}

/// The markers of events in what was written.
fn markers(args: &str) -> impl Iterator<Item = String> {
    let inner = args.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
    let inner = inner.map(|(inner, _)| inner);
    inner.filter(|i| i.bytes().all(|b| b.is_ascii_digit() || b == b'-')).map(|i| format!("<{i}>"))
}

/// What a call returned, from its last ` = `.
fn result(line: &str) -> Option<i64> {
    let (_, result) = line.rsplit_once(" = ")?;
    result.split([' ', '<']).next()?.parse().ok()
}

/// The command that runs a child under `strace`.
pub(crate) fn strace(trace: &Path, options: &[&str]) -> Vec<OsString> {
    let mut command: Vec<OsString> = ["strace", "-f", "-qq", "-y", "-o"].map(Into::into).into();
    command.push(trace.into());
    command.extend(options.iter().map(Into::into));
    command
}

const CALLS: &str = "trace=write,pwrite64,fsync,fdatasync,openat,rename";

/// Traces a child; red unless every acknowledgement rests on a sync.
pub(crate) fn run(acks: u64, bug: Option<&'static str>) -> Result<String> {
    let small = traced(acks.div_ceil(8), 8, None, "70000", bug)?;
    // More than a segment holds, so that another is begun.
    let large = traced(7, 1, Some(11 << 20), "400", bug)?;
    ensure!(large.1 > 1, "no second segment was begun");
    Ok(format!(
        "{} of {} acknowledgements left after a sync that covers them; \
         {} segments made, their directory synced",
        small.0 + large.0,
        small.0 + large.0,
        small.1 + large.1
    ))
}

fn traced(
    limit: u64,
    tasks: u32,
    size: Option<usize>,
    shown: &str,
    bug: Option<&'static str>,
) -> Result<(usize, usize)> {
    let dir = scratch()?;
    let (store, trace) = (dir.path().join("ledger"), dir.path().join("trace"));
    let wrapper = strace(&trace, &["-s", shown, "-e", CALLS]);
    let spec = Spec { limit: Some(limit), tasks, size, wrapper, ..Spec::new(&store, bug) };
    let mut model = Model::default();
    model.hear(&spec.write()?.rest()?)?;
    let trace = Trace::read(&trace)?;
    let acks = trace.check_acks()?;
    ensure!(acks == model.acks(), "{acks} acknowledgements traced, {} heard", model.acks());
    ensure!(acks as u64 == limit * u64::from(tasks), "only {acks} acknowledgements");
    Ok((acks, trace.check_directories()?))
}

#[test]
fn every_acknowledgement_leaves_after_a_sync_that_covers_it() {
    rig("system calls", &NEEDS, || run(figure("CRASH_ROUNDS_SYSCALLS", 200), None));
}
