//! Failing system calls: the `n`th sync, write or read fails, for every `n` in turn.

use std::{collections::BTreeMap, fs};

use anyhow::Result;

use crate::{
    model::Model,
    process::{Reading, Spec},
    rig::{Need, copy_anew, figure, in_parallel, red, rig, scratch, time_limit},
    syscalls::{Trace, strace},
};

const NEEDS: [Need; 1] = [Need::Tool("strace")];

/// What fails, and how.
const FAILURES: [(&str, &str); 5] = [
    ("fsync,fdatasync", "EIO"),
    ("fdatasync", "EIO"),
    ("pwrite64", "EIO"),
    ("pwrite64", "ENOSPC"),
    ("ftruncate,rename,mkdir", "EIO"),
];

/// Lets the calls from 1 to `calls` fail, one after another, and from each on all that follow.
pub(crate) fn run(calls: u64, bug: Option<&'static str>) -> Result<String> {
    let injections = FAILURES.iter().flat_map(|(call, error)| {
        (1..=calls).map(move |n| {
            let lasting = if n % 2 == 0 { "+" } else { "" };
            format!("inject={call}:error={error}:when={n}{lasting}")
        })
    });
    let outcomes = in_parallel(injections.collect(), |inject| {
        one_failure(&inject, bug).map_err(|error| error.context(inject))
    })?;
    let rounds = outcomes.len();
    let acks: usize = outcomes.iter().map(|outcome| outcome.acks).sum();
    let failed = outcomes.iter().filter(|outcome| outcome.failed).count();
    let unopened = outcomes.iter().filter(|outcome| !outcome.opened).count();
    let stopped = outcomes.iter().filter(|outcome| outcome.stopped).count();
    Ok(format!(
        "{rounds} of {rounds} runs acknowledged nothing after a failure and kept all {acks} \
         acknowledged appends; {failed} met their failure: {unopened} were not opened, {stopped} \
         stopped appending"
    ))
}

struct Outcome {
    acks: usize,
    /// Whether there were enough calls for the one that was to fail.
    failed: bool,
    opened: bool,
    stopped: bool,
}

fn one_failure(inject: &str, bug: Option<&'static str>) -> Result<Outcome> {
    let dir = scratch()?;
    let (store, trace) = (dir.path().join("ledger"), dir.path().join("trace"));
    let calls = "trace=write,pwrite64,fsync,fdatasync,ftruncate,rename,mkdir";
    let wrapper = strace(&trace, &["-s", "70000", "-e", calls, "-e", inject]);
    let spec = Spec { limit: Some(12), wrapper, ..Spec::new(&store, bug) };
    let mut child = spec.write()?;
    let mut lines = Vec::new();
    while let Some(line) = child.line(time_limit())? {
        // It would wait for room, which there will not be.
        let full = line.starts_with("FULL");
        lines.push(line);
        if full {
            lines.extend(child.stop()?);
        }
    }
    let mut model = Model::default();
    model.hear(&lines)?;
    let trace = Trace::read(&trace)?;
    trace.check_acks()?;
    let said = |begin: &str| lines.iter().find(|line| line.starts_with(begin));
    let stopped = said("FAILED").is_some() || said("FULL").is_some();
    if said("FULL").is_some_and(|full| full.contains("error")) {
        return Err(red(format!("reads fail on a full disk: {:?}", said("FULL"))));
    }
    if said("FAILED").is_some() && said("FULL").is_none() {
        let health = said("HEALTH").map_or("", String::as_str);
        let read = said("READ").map_or("", String::as_str);
        if !health.contains("ReadOnly") {
            return Err(red(format!("appends fail, but health is {health}")));
        }
        if read.contains("error") {
            return Err(red(format!("appends fail, and reads too: {read}")));
        }
    }
    if said("OPEN").is_none() && said("REFUSED").is_none() {
        return Err(red(format!("ended without a word: {}", child.stderr())));
    }
    model.check(&Spec::new(&store, bug).read()?.held()?)?;
    let (acks, opened) = (model.acks(), said("OPEN").is_some());
    Ok(Outcome { acks, failed: trace.injected, opened, stopped })
}

/// Lets each file's `n`th read fail while a store is opened.
fn run_reads(calls: u64) -> Result<String> {
    let work = scratch()?;
    let (base, store) = (work.path().join("base"), work.path().join("ledger"));
    let mut model = Model::default();
    model.hear(&Spec { limit: Some(20), ..Spec::new(&base, None) }.write()?.rest()?)?;
    let second = Spec { generation: 1, limit: Some(5), ..Spec::new(&base, None) };
    model.hear(&second.write()?.rest()?)?;
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let files = ["LEDGER", "HEAD", "journal/00000000000000000001.seg", "sled/conf", "sled/db"];
    for (file, n) in files.iter().flat_map(|file| (1..=calls).map(move |n| (file, n))) {
        copy_anew(&base, &store)?;
        let path = store.join(file).display().to_string();
        let inject = format!("inject=read,pread64:error=EIO:when={n}");
        let options = ["-P", &path, "-e", "trace=read,pread64", "-e", &inject];
        let trace = work.path().join("trace");
        let spec = Spec { wrapper: strace(&trace, &options), ..Spec::new(&store, None) };
        let failed = |error: anyhow::Error| error.context(format!("{file}, {inject}"));
        match spec.read().map_err(failed)? {
            Reading::Holds(report) => {
                model.check(&report).map_err(failed)?;
                let hit = fs::read_to_string(&trace)?.contains("INJECTED");
                let outcome = if hit { "healed" } else { "not read so often" };
                *outcomes.entry(outcome.to_owned()).or_default() += 1;
            }
            Reading::Refused { name, .. } => *outcomes.entry(name).or_default() += 1,
        }
        model.check(&Spec::new(&store, None).read()?.held().map_err(failed)?).map_err(failed)?;
    }
    Ok(format!("{outcomes:?}; each store held all {} appends afterwards", model.acks()))
}

#[test]
fn nothing_is_acknowledged_after_a_failed_write_or_sync() {
    rig("injected errors", &NEEDS, || run(figure("CRASH_ROUNDS_ERRORS", 30), None));
}

#[test]
fn a_failed_read_when_opening_loses_nothing() {
    rig("injected read errors", &NEEDS, || run_reads(figure("CRASH_ROUNDS_READ_ERRORS", 4)));
}
