//! A full disk: appends are refused and say why, reads go on, nothing acknowledged is lost, and
//! appending resumes in the same process when there is room.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use anyhow::Result;

use crate::{
    disk::{Disk, Fs},
    model::Model,
    process::{Reading, Running, Spec},
    rig::{Need, figure, red, rig},
};

/// The size of the disk in MiB, and of the files that are removed to make room.
const DISK: u64 = 80;
const FIRST_BALLAST: u64 = 24;
const SECOND_BALLAST: u64 = 16;

/// What must be true once there is room again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// The process that met the full disk appends again.
    Resumes,
    /// It may have stopped for good, reads too, if it said why; the next one appends.
    Reopens,
}

/// Fills a disk so many times, in memory and on ext4 by turns.
pub(crate) fn run(rounds: u64, then: Then, bug: Option<&'static str>) -> Result<String> {
    let (mut acks, mut resumed, mut opened) = (0, 0, 0);
    for round in 0..rounds {
        let (kind, disk) = match round % 2 {
            0 => ("tmpfs", Disk::in_memory(DISK << 20)?),
            _ => ("ext4", Disk::on_image(Fs::Ext4, DISK << 20)?),
        };
        let outcome = one_disk(disk.dir(), then, bug);
        let outcome = outcome.map_err(|error| error.context(format!("round {round}, {kind}")))?;
        acks += outcome.acks;
        resumed += u64::from(outcome.resumed);
        opened += u64::from(outcome.opened);
    }
    Ok(format!(
        "{rounds} of {rounds} full disks kept all {acks} acknowledged appends; {resumed} resumed \
         without a restart, {opened} were opened while full"
    ))
}

struct Outcome {
    acks: usize,
    resumed: bool,
    opened: bool,
}

fn one_disk(dir: &Path, then: Then, bug: Option<&'static str>) -> Result<Outcome> {
    let (store, first, second) = (dir.join("ledger"), dir.join("first"), dir.join("second"));
    put_ballast(&first, FIRST_BALLAST)?;
    put_ballast(&second, SECOND_BALLAST)?;
    let mut model = Model::default();
    // No disk of ours holds as much as the limit.
    let spec = Spec { tasks: 2, limit: Some(40_000), ..Spec::new(&store, bug) };
    let resumed = fill_twice(&spec, &first, then, &mut model)?;
    let opened = open_while_full(&store, &model, bug)?;
    fs::remove_file(&second)?;
    if then == Then::Reopens {
        // sled may be made anew, and the one set aside takes its room meanwhile.
        if first.exists() {
            fs::remove_file(&first)?;
        }
    }
    let more = Spec { generation: 1, limit: Some(10), ..Spec::new(&store, bug) };
    let lines = more.write()?.rest()?;
    model.hear(&lines)?;
    if !lines.iter().any(|line| line == "CLOSED") {
        return Err(red(format!("not writable when there was room: {lines:?}")));
    }
    model.check(&Spec::new(&store, bug).read()?.held()?)?;
    Ok(Outcome { acks: model.acks(), resumed, opened })
}

/// Fills the disk, makes room, and fills it again in the same process; whether that was possible.
fn fill_twice(spec: &Spec, ballast: &Path, then: Then, model: &mut Model) -> Result<bool> {
    let mut child = spec.write()?;
    let full = until_full(&mut child, then, model)?;
    fs::remove_file(ballast)?;
    if !full {
        if then == Then::Resumes {
            return Err(red("stopped appending for good, although the disk is only full".into()));
        }
        // Filled by others, then.
        model.hear(&child.rest()?)?;
        put_ballast(ballast, FIRST_BALLAST)?;
        return Ok(false);
    }
    child.tell()?;
    let (resumed, lines) = child.until(&["ACK", "FAILED", "FULL"])?;
    model.hear(&lines)?;
    if !resumed.starts_with("ACK") {
        return Err(red(format!("did not resume when there was room: {resumed}")));
    }
    model.hear(&[resumed])?;
    let full = until_full(&mut child, then, model)?;
    model.hear(&child.kill()?)?;
    if !full && then == Then::Resumes {
        return Err(red("stopped appending for good when the disk was full again".into()));
    }
    Ok(true)
}

/// Reads on until both tasks have met the full disk; whether they may try again later.
fn until_full(child: &mut Running, then: Then, model: &mut Model) -> Result<bool> {
    let mut retry = true;
    for _ in 0..2 {
        let (full, lines) = child.until(&["FULL", "FAILED"])?;
        model.hear(&lines)?;
        if full.starts_with("FAILED") {
            retry = false;
            if !is_clear(&full) {
                return Err(red(format!("a full disk is not called one: {full}")));
            }
        } else if full.contains("error") && (then == Then::Resumes || !is_clear(&full)) {
            return Err(red(format!("reads do not go on: {full}")));
        }
        model.hear(&[full])?;
    }
    if !retry {
        // One that waits for room is told the same.
        child.tell()?;
        let (read, lines) = child.until(&["READ"])?;
        model.hear(&lines)?;
        if read.contains("error") && (then == Then::Resumes || !is_clear(&read)) {
            return Err(red(format!("reads do not go on: {read}")));
        }
    }
    Ok(retry)
}

fn is_clear(text: &str) -> bool {
    ["No space", "disk is full"].iter().any(|words| text.contains(words))
}

/// Opening works, or is refused and says why; whether it worked.
fn open_while_full(store: &Path, model: &Model, bug: Option<&'static str>) -> Result<bool> {
    match (Spec { full: true, ..Spec::new(store, bug) }).read()? {
        Reading::Holds(report) => model.check(&report).map(|()| true),
        Reading::Refused { text, .. } if is_clear(&text) => Ok(false),
        Reading::Refused { text, .. } => {
            Err(red(format!("refused on a full disk, but not clearly: {text}")))
        }
    }
}

fn put_ballast(path: &Path, mebibytes: u64) -> Result<()> {
    let mut file = File::create(path)?;
    for _ in 0..mebibytes {
        file.write_all(&vec![1; 1 << 20])?;
    }
    Ok(file.sync_all()?)
}

pub(crate) const NEEDS: [Need; 3] = [Need::Root, Need::LoopDevice, Need::Tool("mkfs.ext4")];

fn rounds() -> u64 {
    figure("CRASH_ROUNDS_FULL", 5)
}

#[test]
fn a_full_disk_is_refused_and_survived() {
    rig("full disk", &NEEDS, || run(rounds(), Then::Reopens, None));
}

#[test]
fn appending_resumes_when_there_is_room() {
    rig("full disk, resuming", &NEEDS, || run(rounds(), Then::Resumes, None));
}
