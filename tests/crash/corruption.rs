//! Damage: every file of a store, in every way, with the events all right afterwards or the store
//! refused by name and left as it was.

use std::{
    collections::BTreeMap,
    fs,
    ops::Range,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use crate::{
    event::EventId,
    model::{Model, Report},
    process::{Reading, Spec},
    random::Random,
    rig::{Red, copy_anew, figure, in_parallel, keep, red, rig, scratch, seed},
};

/// How a file is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    BitFlip,
    ZeroedBlock,
    Truncation,
    Deletion,
    OlderCopy,
    /// The last block that anything is written in.
    LastBlock,
    /// Two segments of the journal change places.
    Swap,
}

const MODES: [Mode; 7] = [
    Mode::BitFlip,
    Mode::ZeroedBlock,
    Mode::Truncation,
    Mode::Deletion,
    Mode::OlderCopy,
    Mode::LastBlock,
    Mode::Swap,
];

/// How far apart the cases of two rounds are; a prime.
const STRIDE: u64 = 181;

/// The length of a segment in the store that has several.
const SEGMENT: u64 = 64 << 10;

/// How a frame begins; so that the rig can tell a torn end from damage.
const MAGIC: [u8; 4] = [0xff, b'D', b'L', 0xfe];

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A store to be damaged, and how it once was.
struct Base {
    name: &'static str,
    dir: PathBuf,
    files: Files,
    older: Files,
    model: Model,
    whole: Report,
}

impl Base {
    /// A store with a past, that was closed or killed.
    fn new(name: &'static str, work: &Path, bug: Option<&'static str>) -> Result<Self> {
        let dir = work.join(name);
        let mut model = Model::default();
        let segment = name.starts_with("segments").then_some(SEGMENT);
        let checkpoint = segment.map(|_| 100);
        let spec = Spec { segment, checkpoint, ..Spec::new(&dir, bug) };
        model.hear(&Spec { limit: Some(20), ..spec.clone() }.write()?.rest()?)?;
        let older = files(&dir)?;
        let mut spec = Spec { generation: 1, ..spec };
        if name.ends_with("closed") {
            spec.limit = Some(40);
            model.hear(&spec.write()?.rest()?)?;
        } else {
            (spec.tasks, spec.pause) = (4, Some(8));
            let child = spec.write()?;
            // Long enough for sled to have flushed, and to lag again.
            thread::sleep(Duration::from_millis(1900));
            model.hear(&child.kill()?)?;
        }
        let files = files(&dir)?;
        let segments = files.keys().filter(|path| path.starts_with("journal")).count();
        ensure!((segments > 3) == segment.is_some(), "{name}: {segments} segments");
        let copy = work.join("whole");
        copy_anew(&dir, &copy)?;
        let whole = Spec::new(&copy, bug).read()?.held()?;
        model.check(&whole)?;
        Ok(Self { name, dir, files, older, model, whole })
    }

    fn cases(&self) -> Vec<(PathBuf, Mode)> {
        let modes = |path: &PathBuf| MODES.map(|mode| (path.clone(), mode));
        self.files.keys().flat_map(modes).collect()
    }
}

/// Every file below a directory.
fn files(dir: &Path) -> Result<Files> {
    fn collect(root: &Path, dir: &Path, files: &mut Files) -> Result<()> {
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.is_dir() {
                collect(root, &path, files)?;
            } else {
                files.insert(path.strip_prefix(root)?.to_owned(), fs::read(&path)?);
            }
        }
        Ok(())
    }
    let mut found = Files::new();
    collect(dir, dir, &mut found)?;
    Ok(found)
}

/// What became of the damaged stores.
#[derive(Default)]
struct Tally {
    healed: u64,
    refused: BTreeMap<String, u64>,
    torn: u64,
    harmless: u64,
    faults: Vec<String>,
}

impl Tally {
    fn take(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Healed => self.healed += 1,
            Outcome::Refused(name) => *self.refused.entry(name).or_default() += 1,
            Outcome::Torn => self.torn += 1,
            Outcome::Harmless => self.harmless += 1,
            Outcome::Fault(fault) => self.faults.push(fault),
        }
    }
}

/// One way in which a store was damaged.
#[derive(Debug, Clone)]
struct Damage {
    path: PathBuf,
    mode: Mode,
    /// The bytes that were changed or cut off.
    range: Range<usize>,
}

/// Damages stores so many times.
pub(crate) fn run(rounds: u64, bug: Option<&'static str>) -> Result<String> {
    let work = scratch()?;
    let bases = ["closed", "unclean", "segments, closed", "segments, unclean"];
    let bases = bases.map(|name| Base::new(name, work.path(), bug));
    let bases = bases.into_iter().collect::<Result<Vec<_>>>()?;
    let cases =
        bases.iter().flat_map(|base| base.cases().into_iter().map(move |case| (base, case)));
    let cases: Vec<_> = cases.collect();
    // A stride over them all, so that few rounds meet every kind of file too.
    let nth = |round: u64| cases.get(usize::try_from(round * STRIDE).ok()? % cases.len());
    let rounds_of_cases = (0..rounds).filter_map(|round| Some((round, nth(round)?))).collect();
    let outcomes = in_parallel(rounds_of_cases, |(round, (base, (path, mode)))| {
        let dir = scratch()?;
        let mut random = Random::new(seed() ^ round << 32);
        one_round(base, path, *mode, dir.path(), bug, &mut random).or_else(|error| {
            if !error.is::<Red>() {
                return Err(error);
            }
            Ok(Outcome::Fault(format!("round {round}, store {}, {error:#}", base.name)))
        })
    })?;
    let mut tally = Tally::default();
    for outcome in outcomes {
        tally.take(outcome);
    }
    if !tally.faults.is_empty() {
        let faults = tally.faults.join("\n");
        return Err(red(format!("{} of {rounds} rounds: {faults}", tally.faults.len())));
    }
    let Tally { healed, refused, torn, harmless, .. } = tally;
    let refusals = refused.iter().map(|(name, times)| format!("{name} {times}"));
    Ok(format!(
        "{rounds} rounds over {} cases: {healed} healed, refused: {}; \
         {torn} not to be told from a torn end, {harmless} with nothing to damage",
        cases.len(),
        refusals.collect::<Vec<_>>().join(", ")
    ))
}

/// Damages a file; `None` if there is nothing to damage.
fn inflict(
    base: &Base,
    path: &Path,
    mode: Mode,
    store: &Path,
    random: &mut Random,
) -> Result<Option<Damage>> {
    let mut bytes = base.files[path].clone();
    // Where something is written; the zeros after it are damaged more rarely.
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let reach = if random.within(0..10) == 0 { bytes.len() } else { used.min(bytes.len()) };
    let at = usize::try_from(random.within(0..reach.max(1) as u64))?;
    let range = match mode {
        Mode::BitFlip => at..(at + 1).min(bytes.len()),
        Mode::ZeroedBlock => at / 4096 * 4096..(at / 4096 * 4096 + 4096).min(bytes.len()),
        Mode::Truncation => at..bytes.len(),
        Mode::LastBlock => used.saturating_sub(1) / 4096 * 4096..used,
        Mode::Deletion | Mode::OlderCopy | Mode::Swap => 0..bytes.len(),
    };
    match mode {
        Mode::BitFlip => bytes[range.clone()].iter_mut().for_each(|byte| *byte ^= 1 << (at % 8)),
        Mode::ZeroedBlock | Mode::LastBlock => bytes[range.clone()].fill(0),
        Mode::Swap => {
            let Some((other, content)) = next_segment(base, path) else { return Ok(None) };
            fs::write(store.join(other), &bytes)?;
            bytes.clone_from(content);
        }
        Mode::Truncation => bytes.truncate(at),
        Mode::Deletion => bytes.clear(),
        Mode::OlderCopy => bytes = base.older.get(path).cloned().unwrap_or_default(),
    }
    let file = store.join(path);
    let gone =
        mode == Mode::Deletion || (mode == Mode::OlderCopy && !base.older.contains_key(path));
    if !gone && bytes == base.files[path] {
        return Ok(None);
    }
    if gone {
        fs::remove_file(file)?;
    } else {
        fs::write(file, bytes)?;
    }
    Ok(Some(Damage { path: path.to_owned(), mode, range }))
}

/// The segment after one; after the last, the first.
fn next_segment<'a>(base: &'a Base, path: &Path) -> Option<(&'a PathBuf, &'a Vec<u8>)> {
    let segments: Vec<_> =
        base.files.iter().filter(|(path, _)| path.starts_with("journal")).collect();
    let at = segments.iter().position(|(segment, _)| *segment == path)?;
    let next = segments[(at + 1) % segments.len()];
    Some(next).filter(|(other, _)| *other != path)
}

/// What became of a damaged store.
enum Outcome {
    Healed,
    Refused(String),
    /// Nothing can tell the damage from the end of power.
    Torn,
    /// There was nothing to damage.
    Harmless,
    Fault(String),
}

fn one_round(
    base: &Base,
    path: &Path,
    mode: Mode,
    dir: &Path,
    bug: Option<&'static str>,
    random: &mut Random,
) -> Result<Outcome> {
    let store = dir.join("ledger");
    copy_anew(&base.dir, &store)?;
    let Some(damage) = inflict(base, path, mode, &store, random)? else {
        return Ok(Outcome::Harmless);
    };
    let evidence = dir.join("evidence");
    copy_anew(&store, &evidence)?;
    judge(base, &damage, &store, bug).map_err(|error| {
        if !error.is::<Red>() {
            return error;
        }
        red(format!("{damage:?}: {error:#}; {}", keep(&evidence, "corruption")))
    })
}

fn judge(base: &Base, damage: &Damage, store: &Path, bug: Option<&'static str>) -> Result<Outcome> {
    let before = files(store)?;
    match Spec::new(store, bug).read()? {
        Reading::Refused { name, text } => {
            if !["Damaged", "NotOurs", "NewerFormat"].contains(&&*name) {
                return Err(red(format!("refused, but not by name: {text}")));
            }
            if unlocked(before) != unlocked(files(store)?) {
                return Err(red(format!("refused, but files were changed: {text}")));
            }
            Ok(Outcome::Refused(name))
        }
        Reading::Holds(report) if base.model.lost(&report) == 0 => {
            base.model.check(&report)?;
            // Both copies are whole again if the journal alone is enough.
            fs::remove_dir_all(store.join("sled")).context("removing sled")?;
            base.model.check(&Spec::new(store, bug).read()?.held()?)?;
            Ok(Outcome::Healed)
        }
        Reading::Holds(report) => {
            let lost = base.model.lost(&report);
            if !looks_torn(base, damage, &report)? {
                return Err(red(format!("{lost} of {} lost silently", base.model.acks())));
            }
            Ok(Outcome::Torn)
        }
    }
}

/// The files without the lock, which an opener may write before it refuses.
fn unlocked(mut files: Files) -> Files {
    files.retain(|path, _| path != Path::new("LOCK"));
    files
}

/// Whether the damage is just what a power cut in the last write would have left, and no more is
/// missing than that write would have held.
///
/// That is so if zeros took the place of the last frame's beginning in a store that was not closed:
/// nothing is left to tell that the frame had ever been complete. Every other loss is a fault.
fn looks_torn(base: &Base, damage: &Damage, report: &Report) -> Result<bool> {
    let journal = base.files.keys().rfind(|path| path.starts_with("journal"));
    let last = journal.context("no journal")?;
    let zeroed = matches!(damage.mode, Mode::ZeroedBlock | Mode::LastBlock);
    if base.name.ends_with("closed") || !zeroed || damage.path != *last {
        return Ok(false);
    }
    let bytes = &base.files[last];
    let frames = bytes.windows(4).enumerate().filter(|(_, window)| *window == MAGIC);
    let frames: Vec<_> = frames.map(|(at, _)| at).collect();
    if frames.last().is_some_and(|last| *last >= damage.range.end) {
        return Ok(false);
    }
    let touched = frames.iter().rfind(|at| **at <= damage.range.start).copied().unwrap_or(0);
    for ((generation, task), positions) in &base.whole.tasks {
        let found = report.tasks.get(&(*generation, *task)).map_or(0, Vec::len);
        for n in found..positions.len() {
            let id = EventId { generation: *generation, task: *task, n: n as u64, part: 0 };
            let marker = id.marker().into_bytes();
            let at = bytes.windows(marker.len()).position(|window| window == marker);
            if at.is_none_or(|at| at < touched) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

#[test]
fn damage_is_healed_or_refused_and_never_overlooked() {
    rig("corruption", &[], || run(figure("CRASH_ROUNDS_CORRUPTION", 200), None));
}
