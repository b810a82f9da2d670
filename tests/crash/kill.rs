//! `kill -9`: the process ends between any two instructions; what it wrote stays in the cache.

use std::{thread, time::Duration};

use anyhow::Result;

use crate::{
    model::Model,
    process::Spec,
    random::Random,
    rig::{Need, Red, copy_anew, figure, keep, rig, scratch, seed},
};

/// How many kills one store goes through.
const KILLS: u64 = 5;

/// Kills so many times at a random time, in every other round while the store is being opened.
pub(crate) fn run(rounds: u64, bug: Option<&'static str>) -> Result<String> {
    let mut random = Random::new(seed());
    let (mut done, mut acks, mut unopened) = (0, 0, 0);
    while done < rounds {
        let dir = scratch()?;
        let (store, found_in) = (dir.path().join("ledger"), dir.path().join("copy"));
        let (mut model, store_number) = (Model::default(), done / KILLS);
        for kill in 0..KILLS.min(rounds - done) {
            let spec = Spec { generation: u32::try_from(kill)?, ..Spec::new(&store, bug) };
            let spec = spec.in_parts(store_number);
            let opening = kill % 2 == 0;
            unopened += u64::from(!one_kill(&spec, opening, &mut random, &mut model)?);
            done += 1;
            copy_anew(&store, &found_in)?;
            let read = || Spec::new(&found_in, bug).read()?.held();
            read().and_then(|report| model.check(&report)).map_err(|error| {
                if !error.is::<Red>() {
                    return error;
                }
                error.context(format!("kill {done}; {}", keep(&store, "kill")))
            })?;
        }
        model.check(&Spec::new(&store, bug).read()?.held()?)?;
        acks += model.acks();
    }
    Ok(format!(
        "{done} of {done} kills kept all {acks} acknowledged appends; \
         {unopened} kills before the store was open"
    ))
}

fn one_kill(spec: &Spec, opening: bool, random: &mut Random, model: &mut Model) -> Result<bool> {
    let mut child = spec.write()?;
    child.until(&["START"])?;
    if opening {
        thread::sleep(random.millis(0..200));
    } else {
        let (line, _) = child.until(&["OPEN", "REFUSED"])?;
        model.opened(&line)?;
        thread::sleep(random.millis(0..150));
    }
    let lines = child.kill()?;
    model.hear(&lines)?;
    Ok(!opening || lines.iter().any(|line| line.starts_with("OPEN")))
}

/// Kills at chosen system calls: the `n`th of each kind, for every `n` in turn.
fn run_at_calls(rounds: u64) -> Result<String> {
    const CALLS: [&str; 7] =
        ["fdatasync", "pwrite64", "fsync", "rename", "ftruncate", "openat", "mkdir"];
    let (mut acks, mut killed) = (0, 0);
    for round in 0..rounds {
        let dir = scratch()?;
        let store = dir.path().join("ledger");
        let mut model = Model::default();
        // A store to recover, in every other round.
        if round % 2 == 1 {
            let mut child = Spec::new(&store, None).write()?;
            let (open, _) = child.until(&["OPEN"])?;
            thread::sleep(Duration::from_millis(20));
            model.opened(&open)?;
            model.hear(&child.kill()?)?;
        }
        let call = CALLS[usize::try_from(round / 2)? % CALLS.len()];
        let n = 1 + round / 2 / CALLS.len() as u64;
        let path = store.display().to_string();
        let inject = format!("inject={call}:signal=SIGKILL:when={n}");
        let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject];
        let mut spec = Spec { generation: 1, limit: Some(40), ..Spec::new(&store, None) }
            .in_parts(round / 2 / CALLS.len() as u64);
        spec.wrapper = strace.into_iter().map(Into::into).collect();
        // The program itself opens files too, before it begins.
        if call == "openat" {
            let n = format!("inject={call}:signal=SIGKILL:when={}", 60 + 3 * n);
            spec.wrapper.pop();
            spec.wrapper.push(n.into());
        }
        let mut child = spec.write()?;
        let lines = child.rest()?;
        drop(child);
        killed += u64::from(!lines.iter().any(|line| line == "CLOSED"));
        model.hear(&lines)?;
        let checked =
            Spec::new(&store, None).read()?.held().and_then(|report| model.check(&report));
        checked.map_err(|error| {
            error.context(format!("{call} {n} in {path}; {}", keep(&store, "kill-at-call")))
        })?;
        acks += model.acks();
    }
    if killed < rounds / 10 {
        anyhow::bail!("only {killed} of {rounds} children met the system call that kills them");
    }
    Ok(format!(
        "{rounds} of {rounds} runs, {killed} of them killed at a system call, kept all {acks} \
         acknowledged appends"
    ))
}

#[test]
fn nothing_acknowledged_is_lost_by_a_kill() {
    rig("kill -9", &[Need::Tool("kill")], || run(figure("CRASH_ROUNDS_KILL", 100), None));
}

#[test]
fn nothing_acknowledged_is_lost_by_a_kill_at_a_system_call() {
    rig("kill -9 at system calls", &[Need::Tool("strace")], || {
        run_at_calls(figure("CRASH_ROUNDS_KILL_AT_CALL", 42))
    });
}
