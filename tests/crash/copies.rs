//! Backups, restoring, and taking over an export: killed, cut off from power, and given damaged
//! files. What comes out is the whole log, the backup before it, or a refusal; never a shorter log.
//!
//! The program itself is run, as operators run it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    disk::{Disk, Fs},
    model::Model,
    process::{Program, Ran, Reading, Spec, run as run_tool},
    random::Random,
    rig::{Need, Red, copy_anew, figure, in_parallel, keep, red, rig, scratch, seed},
};

/// A log as it ends: its events and its root.
#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    events: u64,
    root: String,
}

impl End {
    fn of(object: &Value) -> Result<Self> {
        let events = object["events"].as_u64().context("no events")?;
        Ok(Self { events, root: object["root"].as_str().context("no root")?.to_owned() })
    }
}

impl Ran {
    /// How the log ends that the command speaks of.
    fn end(&mut self) -> Result<End> {
        End::of(&self.object()?)
    }
}

/// A log at two times, with its backups and its export.
struct Base {
    dir: PathBuf,
    older: End,
    whole: End,
}

impl Base {
    fn new(work: &Path) -> Result<Self> {
        let (dir, program) = (work.join("base"), Program { bug: None });
        let store = dir.join("log");
        fs::create_dir(&dir)?;
        let mut model = Model::default();
        let mut ends = Vec::new();
        for generation in 0..3 {
            let spec = Spec { generation, limit: Some(60), ..Spec::new(&store, None) };
            model.hear(&spec.write()?.rest()?)?;
            let to = dir.join("backup");
            ends.push(program.start(&["backup", "--data"], &[&store, &to])?.end()?);
            if generation < 2 {
                copy_anew(&to, &dir.join("older"))?;
            }
        }
        model.check(&Spec::new(&store, None).read()?.held()?)?;
        let mut exported =
            program.start(&["export", "--data"], &[&store, &dir.join("log.jsonl")])?;
        let whole = exported.end()?;
        let [_, older, last] = &ends[..] else { unreachable!("three generations") };
        ensure!(*last == whole && older.events < whole.events, "{ends:?} {whole:?}");
        Ok(Self { dir, older: older.clone(), whole })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// What is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    FirstBackup,
    NextBackup,
    Restore,
    ImportLog,
}

const ACTS: [Act; 4] = [Act::FirstBackup, Act::NextBackup, Act::Restore, Act::ImportLog];

impl Act {
    /// Lays out in a directory what the act begins with.
    fn prepare(self, base: &Base, dir: &Path) -> Result<()> {
        let take = |name: &str, to: &str| copy_anew(&base.path(name), &dir.join(to));
        match self {
            Self::FirstBackup => take("log", "log"),
            Self::NextBackup => take("log", "log").and_then(|()| take("older", "backup")),
            Self::Restore => take("backup", "backup"),
            Self::ImportLog => {
                fs::create_dir_all(dir)?;
                Ok(fs::copy(base.path("log.jsonl"), dir.join("log.jsonl")).map(drop)?)
            }
        }
    }

    fn start(self, program: Program, dir: &Path) -> Result<Ran> {
        let path = |name: &str| dir.join(name);
        match self {
            Self::FirstBackup | Self::NextBackup => {
                program.start(&["backup", "--data"], &[&path("log"), &path("backup")])
            }
            Self::Restore => program.start(&["restore"], &[&path("backup"), &path("restored")]),
            Self::ImportLog => {
                program.start(&["import-log"], &[&path("log.jsonl"), &path("restored")])
            }
        }
    }

    /// Red unless what an interrupted act left is as good as nothing, what was there before, or
    /// all; and unless the act can be done again.
    fn check(self, base: &Base, program: Program, dir: &Path, done: bool) -> Result<()> {
        match self {
            Self::FirstBackup => check_backup(base, program, dir, done, None),
            Self::NextBackup => check_backup(base, program, dir, done, Some(&base.older)),
            Self::Restore | Self::ImportLog => {
                let restored = dir.join("restored");
                if is_whole(base, program, &restored, done)? {
                    return Ok(());
                }
                let again = self.start(program, dir)?.end()?;
                ensure_equal("after another attempt", &again, &base.whole)?;
                is_whole(base, program, &restored, true).map(drop)
            }
        }
    }
}

/// Whether a directory holds the whole log. Red if it is a ledger and does not, if it must and does
/// not, or if it could be opened although it is no ledger yet.
fn is_whole(base: &Base, program: Program, restored: &Path, must: bool) -> Result<bool> {
    if restored.join("LEDGER").exists() {
        let end = program.start(&["verify", "--data"], &[restored])?.end();
        let end = end.map_err(|error| red(format!("a ledger, but not whole: {error:#}")))?;
        ensure_equal("a ledger", &end, &base.whole)?;
        return Ok(true);
    }
    if must {
        return Err(red("it was restored, and is no ledger".to_owned()));
    }
    if restored.join("LEDGER.restoring").exists() {
        match Spec::new(restored, program.bug).read()? {
            Reading::Refused { name, .. } if name == "RestoreUnfinished" => {}
            Reading::Refused { text, .. } => return Err(red(format!("not by name: {text}"))),
            Reading::Holds(_) => return Err(red("opened before it was whole".to_owned())),
        }
    }
    Ok(false)
}

fn check_backup(
    base: &Base,
    program: Program,
    dir: &Path,
    done: bool,
    before: Option<&End>,
) -> Result<()> {
    let backup = dir.join("backup");
    let (first, second) = (dir.join("first"), dir.join("second"));
    let mut restored = program.start(&["restore"], &[&backup, &first])?;
    match restored.finish()? {
        (Some(0), _) => {
            let end = restored.end()?;
            if end != base.whole && (done || Some(&end) != before) {
                return Err(red(format!("restored as {end:?} of {:?}", base.whole)));
            }
        }
        (code, said) => {
            let named = ["never finished", "neither empty nor a backup", "is not listed in BACKUP"];
            let vacant = before.is_none() && !backup.join("BACKUP").exists();
            let allowed = !done && (vacant || said.contains("is not listed in BACKUP"));
            let named =
                named.iter().any(|name| said.contains(name)) || said.contains("cannot read");
            if !allowed || !named {
                return Err(red(format!("not restored ({code:?}): {said}")));
            }
        }
    }
    let again = program.start(&["backup", "--data"], &[&dir.join("log"), &backup])?.end()?;
    ensure_equal("after another backup", &again, &base.whole)?;
    let end = program.start(&["restore"], &[&backup, &second])?.end()?;
    ensure_equal("restored after another backup", &end, &base.whole)
}

fn ensure_equal(what: &str, found: &End, expected: &End) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(red(format!("{what}: {found:?}, not {expected:?}")))
}

/// How long each act takes when nothing interrupts it.
fn durations(base: &Base) -> Result<BTreeMap<Act, Duration>> {
    let time = |act: Act| {
        let dir = scratch()?;
        act.prepare(base, dir.path())?;
        let begun = Instant::now();
        let end = act.start(Program { bug: None }, dir.path())?.end()?;
        ensure_equal("undisturbed", &end, &base.whole)?;
        Ok((act, begun.elapsed()))
    };
    ACTS.into_iter().map(time).collect()
}

/// A moment within an act, or shortly after it.
fn moment(random: &mut Random, whole: Duration) -> Duration {
    random.millis(0..u64::try_from(whole.as_millis()).unwrap_or(u64::MAX) * 11 / 10 + 1)
}

fn blame(error: anyhow::Error, dir: &Path, what: &str) -> anyhow::Error {
    if !error.is::<Red>() {
        return error;
    }
    red(format!("{what}: {error:#}; {}", keep(dir, "copies")))
}

/// Kills the program at a random moment of each act in turn.
pub(crate) fn kill(rounds: u64, bug: Option<&'static str>) -> Result<String> {
    let work = scratch()?;
    let base = Base::new(work.path())?;
    let (times, program) = (durations(&base)?, Program { bug });
    let mut random = Random::new(seed());
    let mut interrupted = 0;
    for (round, act) in (0..rounds).zip(ACTS.into_iter().cycle()) {
        let dir = scratch()?;
        act.prepare(&base, dir.path())?;
        let mut running = act.start(program, dir.path())?;
        thread::sleep(moment(&mut random, times[&act]));
        let done = running.kill()?;
        interrupted += u64::from(!done);
        let evidence = dir.path().join("evidence");
        copy_anew(&dir.path().join("restored"), &evidence)?;
        let checked = act.check(&base, program, dir.path(), done);
        checked.map_err(|error| blame(error, dir.path(), &format!("round {round}, {act:?}")))?;
    }
    Ok(format!("{rounds} acts, {interrupted} of them killed before they were done; 0 shorter logs"))
}

/// Cuts the power in the middle of each act in turn, and right after it.
pub(crate) fn power_cut(fs: Fs, rounds: u64, bug: Option<&'static str>) -> Result<String> {
    let work = scratch()?;
    let base = Base::new(work.path())?;
    let (times, program) = (durations(&base)?, Program { bug });
    let mut random = Random::new(seed() ^ fs as u64);
    let mut interrupted = 0;
    for round in 0..rounds {
        let act = ACTS[usize::try_from(round)? % ACTS.len()];
        let mut disk = Disk::image(fs)?;
        let dir = disk.dir().join("place");
        act.prepare(&base, &dir)?;
        run_tool(Command::new("sync").arg("-f").arg(&dir))?;
        let mut running = act.start(program, &dir)?;
        let to_end = round / ACTS.len() as u64 % 2 == 1;
        let done = if to_end {
            ensure_equal("undisturbed", &running.end()?, &base.whole)?;
            true
        } else {
            thread::sleep(moment(&mut random, times[&act]));
            false
        };
        disk.cut().context("cutting the power")?;
        // It may have ended between the moment and the cut; then its word counts.
        let done = done | running.kill()?;
        interrupted += u64::from(!done);
        disk.restart()?;
        let found = scratch()?;
        let found_in = found.path().join("place");
        copy_anew(&dir, &found_in)?;
        let checked = act.check(&base, program, &found_in, done);
        checked.map_err(|error| {
            let what =
                format!("round {round}, {act:?}, {}", if done { "after it" } else { "in it" });
            blame(error, &found_in, &what)
        })?;
    }
    Ok(format!("{rounds} cuts, {interrupted} of them before the act was done; 0 shorter logs"))
}

/// How a file of a backup, or an export, is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    BitFlip,
    ZeroedBlock,
    Truncation,
    Deletion,
    OlderCopy,
    /// Changes places with the next file of its kind.
    Swap,
}

const MODES: [Mode; 6] = [
    Mode::BitFlip,
    Mode::ZeroedBlock,
    Mode::Truncation,
    Mode::Deletion,
    Mode::OlderCopy,
    Mode::Swap,
];

/// Damages a file; whether there was anything to damage.
fn inflict(base: &Base, dir: &Path, name: &str, mode: Mode, random: &mut Random) -> Result<bool> {
    let path = dir.join(name);
    let whole = fs::read(&path)?;
    let mut bytes = whole.clone();
    let at = usize::try_from(random.within(0..bytes.len().max(1) as u64))?;
    match mode {
        Mode::BitFlip => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (at % 8)),
        Mode::ZeroedBlock => {
            bytes.iter_mut().skip(at / 4096 * 4096).take(4096).for_each(|b| *b = 0);
        }
        Mode::Truncation => bytes.truncate(at),
        Mode::Deletion => {
            fs::remove_file(path)?;
            return Ok(true);
        }
        Mode::OlderCopy => match fs::read(base.path("older").join(name)) {
            Ok(older) => bytes = older,
            Err(_) => return Ok(false),
        },
        Mode::Swap => {
            let Some(other) = next_of_kind(dir, name)? else { return Ok(false) };
            bytes = fs::read(dir.join(&other))?;
            fs::write(dir.join(other), &whole)?;
        }
    }
    fs::write(path, &bytes)?;
    Ok(bytes != whole)
}

fn names(dir: &Path) -> Result<Vec<String>> {
    let name = |entry: std::io::Result<fs::DirEntry>| {
        Ok(entry?.file_name().to_string_lossy().into_owned())
    };
    let mut names: Vec<_> = fs::read_dir(dir)?.map(name).collect::<Result<_>>()?;
    names.sort();
    Ok(names)
}

fn next_of_kind(dir: &Path, name: &str) -> Result<Option<String>> {
    let kind = |name: &str| name.rsplit_once('.').map(|(_, kind)| kind.to_owned());
    let mut others = names(dir)?;
    others.retain(|other| kind(other) == kind(name) && kind(name).is_some());
    let at = others.iter().position(|other| other == name);
    let next = at.and_then(|at| others.get((at + 1) % others.len()));
    Ok(next.filter(|next| *next != name).cloned())
}

/// Damages backups and exports so many times.
pub(crate) fn damage(rounds: u64, bug: Option<&'static str>) -> Result<String> {
    let work = scratch()?;
    let base = Base::new(work.path())?;
    let mut cases: Vec<_> = names(&base.path("backup"))?
        .into_iter()
        .flat_map(|name| MODES.map(|mode| (Act::Restore, name.clone(), mode)))
        .collect();
    let modes = [Mode::BitFlip, Mode::ZeroedBlock, Mode::Truncation, Mode::Deletion];
    cases.extend(modes.map(|mode| (Act::ImportLog, "log.jsonl".to_owned(), mode)));
    let jobs = (0..rounds).zip(cases.iter().cycle()).collect();
    let outcomes = in_parallel(jobs, |(round, (act, name, mode))| {
        let dir = scratch()?;
        let mut random = Random::new(seed() ^ round << 32);
        let outcome = one_damage(&base, *act, name, *mode, dir.path(), bug, &mut random);
        outcome.map_err(|error| {
            blame(error, dir.path(), &format!("round {round}, {mode:?} of {name}"))
        })
    })?;
    let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    Ok(format!(
        "{rounds} rounds over {} cases: {} refused by name, {} restored whole, {} with nothing to \
         damage; 0 shorter logs",
        cases.len(),
        count(Some(false)),
        count(Some(true)),
        count(None)
    ))
}

/// Whether the log came out whole; `None` if there was nothing to damage.
fn one_damage(
    base: &Base,
    act: Act,
    name: &str,
    mode: Mode,
    dir: &Path,
    bug: Option<&'static str>,
    random: &mut Random,
) -> Result<Option<bool>> {
    const NAMED: [&str; 6] = [
        "is damaged: ",
        "holds a backup that was never finished",
        "is neither empty nor a backup",
        "is not listed in BACKUP",
        "log.jsonl: line ",
        "cannot read ",
    ];
    let program = Program { bug };
    act.prepare(base, dir)?;
    let at = if act == Act::Restore { dir.join("backup") } else { dir.to_owned() };
    if !inflict(base, &at, name, mode, random)? {
        return Ok(None);
    }
    let mut ran = act.start(program, dir)?;
    let (code, said) = ran.finish()?;
    if code == Some(0) {
        ensure_equal("restored", &ran.end()?, &base.whole)?;
        is_whole(base, program, &dir.join("restored"), true)?;
        return Ok(Some(true));
    }
    if !NAMED.iter().any(|name| said.contains(name)) {
        return Err(red(format!("refused, but not by name ({code:?}): {said}")));
    }
    if dir.join("restored/LEDGER").exists() {
        return Err(red(format!("refused, and yet a ledger: {said}")));
    }
    Ok(Some(false))
}

/// Ends a server, or the program that backs it up, at a random moment of a backup.
fn kill_while_served(rounds: u64) -> Result<String> {
    let (work, program) = (scratch()?, Program { bug: None });
    let log = work.path().join("log");
    let (mut server, url) = program.serve(&log)?;
    let line = ["generate", "--server", &url, "--agencies", "5", "--applications", "3000"];
    program.start(&line, &[])?.object()?;
    server.kill()?;
    let whole = program.start(&["export", "--data"], &[&log, &work.path().join("whole")])?.end()?;
    let mut random = Random::new(seed());
    let mut interrupted = 0;
    for round in 0..rounds {
        let dir = scratch()?;
        let (copy, backup) = (dir.path().join("log"), dir.path().join("backup"));
        copy_anew(&log, &copy)?;
        let (mut server, url) = program.serve(&copy)?;
        let mut running = program.start(&["backup", "--server", &url], &[&backup])?;
        thread::sleep(random.millis(0..120));
        let done = if round % 2 == 0 {
            server.kill()?;
            let (code, said) = running.finish()?;
            if !matches!(code, Some(0 | 3)) {
                return Err(red(format!("round {round}: the backup ended with {code:?}: {said}")));
            }
            code == Some(0)
        } else {
            let done = running.kill()?;
            server.kill()?;
            done
        };
        interrupted += u64::from(!done);
        let base = Base { dir: dir.path().to_owned(), older: whole.clone(), whole: whole.clone() };
        let checked = check_backup(&base, program, dir.path(), done, None);
        checked.map_err(|error| blame(error, dir.path(), &format!("round {round}")))?;
    }
    Ok(format!("{rounds} backups of a server, {interrupted} of them interrupted; 0 shorter logs"))
}

#[test]
fn a_kill_leaves_no_shorter_log() {
    rig("kill -9 while copying", &[Need::Tool("kill")], || {
        kill(figure("CRASH_ROUNDS_COPY_KILL", 40), None)
    });
}

#[test]
fn a_kill_while_a_server_is_backed_up_leaves_no_shorter_log() {
    rig("kill -9 while a server is backed up", &[Need::Tool("kill")], || {
        kill_while_served(figure("CRASH_ROUNDS_COPY_SERVED", 10))
    });
}

#[test]
fn a_power_cut_leaves_no_shorter_log_on_ext4() {
    rig("power cut while copying, ext4", &Fs::Ext4.needs(), || {
        power_cut(Fs::Ext4, figure("CRASH_ROUNDS_COPY_POWER_CUT", 16), None)
    });
}

#[test]
fn a_power_cut_leaves_no_shorter_log_on_xfs() {
    rig("power cut while copying, xfs", &Fs::Xfs.needs(), || {
        power_cut(Fs::Xfs, figure("CRASH_ROUNDS_COPY_POWER_CUT", 16), None)
    });
}

#[test]
fn damage_to_a_backup_or_an_export_is_refused_and_never_overlooked() {
    rig("damage to backups and exports", &[], || {
        damage(figure("CRASH_ROUNDS_COPY_DAMAGE", 100), None)
    });
}
