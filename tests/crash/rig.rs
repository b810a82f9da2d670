//! What the rigs have in common: figures from the environment, skips that are seen, and failures
//! that say whether the engine or the rig is at fault.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use thiserror::Error;

/// The engine broke its promise. Any other error is the rig's own.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct Red(String);

pub(crate) fn red(what: String) -> anyhow::Error {
    Red(what).into()
}

/// A number from the environment, or the one for CI.
pub(crate) fn figure(name: &str, otherwise: u64) -> u64 {
    match env::var_os(name) {
        None => otherwise,
        Some(text) => {
            let number = text.to_str().and_then(|text| text.parse().ok());
            number.unwrap_or_else(|| panic!("{name} is no number: {}", text.display()))
        }
    }
}

/// The seed of every random choice.
pub(crate) fn seed() -> u64 {
    figure("CRASH_SEED", 20_260_101)
}

/// How long a child may be silent before it is taken to hang.
pub(crate) fn time_limit() -> Duration {
    Duration::from_secs(figure("CRASH_TIME_LIMIT", 60))
}

/// A line that is seen although the test passes.
pub(crate) fn report(line: &str) {
    _ = writeln!(io::stderr().lock(), "{line}");
}

/// What a rig cannot do without.
#[derive(Clone, Copy)]
pub(crate) enum Need {
    Root,
    Tool(&'static str),
    /// A kind of file system that can be mounted.
    FileSystem(&'static str),
    LoopDevice,
}

impl Need {
    fn missing(self) -> Option<String> {
        match self {
            Self::Root => (!is_root()).then(|| "not root".to_owned()),
            Self::Tool(tool) => (!has_tool(tool)).then(|| format!("{tool} is missing")),
            Self::FileSystem(name) => {
                let known = fs::read_to_string("/proc/filesystems").unwrap_or_default();
                let known = known.lines().any(|line| line.split_whitespace().last() == Some(name));
                (!known).then(|| format!("the kernel has no {name}"))
            }
            Self::LoopDevice => {
                (!Path::new("/dev/loop-control").exists()).then(|| "no loop devices".to_owned())
            }
        }
    }
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uid.and_then(|ids| ids.split_whitespace().nth(1)) == Some("0")
}

fn has_tool(tool: &str) -> bool {
    let mut command = Command::new("sh");
    command.args(["-c", "command -v \"$0\"", tool]).stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

static SKIPPED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Runs a rig, or says that and why it was skipped. The last such line names all that were.
pub(crate) fn rig(name: &str, needs: &[Need], run: impl FnOnce() -> Result<String>) {
    let missing: Vec<_> = needs.iter().filter_map(|need| need.missing()).collect();
    if missing.is_empty() {
        match run() {
            Ok(result) => report(&format!("{name}: {result} (seed {})", seed())),
            Err(error) => panic!("{name} (seed {}): {error:#}", seed()),
        }
        return;
    }
    let mut skipped = SKIPPED.lock().unwrap_or_else(PoisonError::into_inner);
    skipped.push(name.to_owned());
    report(&format!("skipped: {name}: {}", missing.join(", ")));
    report(&format!("crash rigs skipped, not passed: {} ({})", skipped.len(), skipped.join(", ")));
    assert!(env::var_os("CRASH_REQUIRE_ALL").is_none(), "{name} was skipped");
}

/// Does every job on some threads; gives the results, or the first failure.
pub(crate) fn in_parallel<J: Send, T: Send>(
    jobs: Vec<J>,
    work: impl Fn(J) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let (jobs, results) = (Mutex::new(jobs.into_iter().enumerate()), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        let workers = (0..4).map(|_| {
            scope.spawn(|| {
                loop {
                    let next = jobs.lock().unwrap().next();
                    let Some((number, job)) = next else { return Ok(()) };
                    match work(job) {
                        Ok(result) => _ = results.lock().unwrap().insert(number, result),
                        Err(error) => {
                            // Nobody begins another.
                            jobs.lock().unwrap().by_ref().for_each(drop);
                            return Err(error);
                        }
                    }
                }
            })
        });
        let workers: Vec<_> = workers.collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap())
    })?;
    Ok(results.into_inner().unwrap().into_values().collect())
}

/// A directory of our own below `CRASH_DIR`, or where temporary files go.
pub(crate) fn scratch() -> Result<tempfile::TempDir> {
    let base = env::var_os("CRASH_DIR").map_or_else(env::temp_dir, PathBuf::from);
    let prefix = format!("disclosure-crash-{}-", std::process::id());
    Ok(tempfile::Builder::new().prefix(&prefix).tempdir_in(base)?)
}

/// Copies a directory with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let (entry, to) = entry.map(|entry| (entry.path(), to.join(entry.file_name())))?;
        if entry.is_dir() {
            copy(&entry, &to)?;
        } else {
            fs::copy(&entry, to)?;
        }
    }
    Ok(())
}

/// Copies a store over what was at a place before.
pub(crate) fn copy_anew(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    if from.exists() { copy(from, to) } else { Ok(()) }
}

static KEPT: AtomicU32 = AtomicU32::new(0);

/// Keeps a store that broke its promise, and says where.
pub(crate) fn keep(store: &Path, name: &str) -> String {
    let number = KEPT.fetch_add(1, Ordering::Relaxed);
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("crash-{name}-{}-{number}", std::process::id()));
    match copy_anew(store, &kept) {
        Ok(()) => format!("the store is kept in {}", kept.display()),
        Err(error) => format!("the store could not be kept: {error:#}"),
    }
}
