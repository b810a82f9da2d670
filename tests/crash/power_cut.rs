//! Power cuts: whatever was not synced is gone, as if the machine had lost power.

use std::{thread, time::Duration};

use anyhow::{Context, Result};

use crate::{
    disk::{Disk, Fs},
    model::Model,
    process::Spec,
    random::Random,
    rig::{Red, copy_anew, figure, keep, rig, scratch, seed},
};

/// How many cuts one image goes through.
const CUTS: u64 = 5;

/// When power fails.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// Shortly after the child began to open: during creation or recovery.
    Opening(Duration),
    /// While it appends.
    Writing(Duration),
}

impl Moment {
    fn of(cut: u64, random: &mut Random) -> Self {
        let opening = cut == 0 && random.next().is_multiple_of(2) || cut == 2 || cut == 4;
        if opening {
            Self::Opening(random.millis(0..200))
        } else if cut == 0 {
            Self::Writing(random.millis(0..5))
        } else {
            Self::Writing(random.millis(5..250))
        }
    }
}

/// What a run of the rig saw.
#[derive(Default)]
struct Tally {
    cuts: u64,
    acks: usize,
    /// Cuts before the store was open.
    unopened: u64,
    events: u64,
    chunks: u64,
}

/// Cuts the power so many times; red at the first promise that was broken.
pub(crate) fn run(fs: Fs, rounds: u64, bug: Option<&'static str>) -> Result<String> {
    let mut random = Random::new(seed() ^ fs as u64);
    let mut tally = Tally::default();
    while tally.cuts < rounds {
        one_image(fs, rounds, bug, &mut random, &mut tally)?;
    }
    let Tally { cuts, acks, unopened, events, chunks } = tally;
    Ok(format!(
        "{cuts} of {cuts} cuts kept all {acks} acknowledged appends; \
         {unopened} cuts before the store was open; {events} events in {chunks} frames"
    ))
}

fn one_image(
    fs: Fs,
    rounds: u64,
    bug: Option<&'static str>,
    random: &mut Random,
    tally: &mut Tally,
) -> Result<()> {
    let mut disk = Disk::image(fs)?;
    let aside = scratch()?;
    let mut model = Model::default();
    let store = disk.dir().join("ledger");
    let found_in = aside.path().join("ledger");
    let image = tally.cuts / CUTS;
    for cut in 0..CUTS.min(rounds - tally.cuts) {
        let moment = Moment::of(cut, random);
        let spec = Spec { generation: u32::try_from(cut)?, ..Spec::new(&store, bug) };
        let spec = spec.in_parts(image);
        tally.unopened += u64::from(!one_cut(&mut disk, &spec, moment, &mut model)?);
        tally.cuts += 1;
        // The copy is read, so that the next child recovers for itself.
        copy_anew(&store, &found_in)?;
        let read = || Spec::new(&found_in, bug).read()?.held();
        let checked = read().and_then(|report| model.check(&report));
        checked.map_err(|error| blame(error, &store, fs, tally.cuts, moment))?;
    }
    let report = Spec::new(&store, bug).read()?.held()?;
    model.check(&report)?;
    tally.acks += model.acks();
    tally.events += report.head.unwrap_or_default();
    tally.chunks += report.chunks;
    Ok(())
}

fn blame(
    error: anyhow::Error,
    store: &std::path::Path,
    fs: Fs,
    cut: u64,
    moment: Moment,
) -> anyhow::Error {
    if error.is::<Red>() {
        let kept = keep(store, &format!("power-cut-{}", fs.name()));
        return error.context(format!("cut {cut}, {moment:?}; {kept}"));
    }
    error
}

/// Lets a child append until power fails; whether it had opened the store by then.
fn one_cut(disk: &mut Disk, spec: &Spec, moment: Moment, model: &mut Model) -> Result<bool> {
    let mut child = spec.write()?;
    child.until(&["START"])?;
    let wait = match moment {
        Moment::Opening(wait) => wait,
        Moment::Writing(wait) => {
            let (line, _) = child.until(&["OPEN", "REFUSED"])?;
            model.opened(&line)?;
            wait
        }
    };
    thread::sleep(wait);
    disk.cut().context("cutting the power")?;
    let lines = child.kill()?;
    model.hear(&lines)?;
    disk.restart()?;
    let opened = matches!(moment, Moment::Writing(_));
    Ok(opened || lines.iter().any(|line| line.starts_with("OPEN")))
}

fn figure_of(fs: Fs) -> u64 {
    let both = figure("CRASH_ROUNDS_POWER_CUT", 60);
    figure(&format!("CRASH_ROUNDS_POWER_CUT_{}", fs.name().to_uppercase()), both)
}

#[test]
fn nothing_acknowledged_is_lost_in_a_power_cut_on_ext4() {
    rig("power cut, ext4", &Fs::Ext4.needs(), || run(Fs::Ext4, figure_of(Fs::Ext4), None));
}

#[test]
fn nothing_acknowledged_is_lost_in_a_power_cut_on_xfs() {
    rig("power cut, xfs", &Fs::Xfs.needs(), || run(Fs::Xfs, figure_of(Fs::Xfs), None));
}
