//! What makes a directory a ledger: `LEDGER`, which says so, and `LOCK`, which says who has it.
//!
//! `LEDGER` is written last when a ledger is made. A directory without it is either empty but for
//! what a creation that was cut short leaves behind, or it is not ours and stays untouched.

use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::Path,
    time::Duration,
};

use super::{super::OpenError, head, journal};

const FORMAT: u32 = 1;
const CONTROL: &str = "LEDGER";
const CONTROL_DRAFT: &str = "LEDGER.new";
/// How often, and how far apart, a lock that somebody holds is asked for.
const LOCK_ATTEMPTS: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(10);
const LOCK: &str = "LOCK";
const TITLE: &str = "disclosure-ledger";

/// A directory that is a ledger, and ours while the lock is held.
pub(super) struct Claim {
    pub(super) lock: File,
    pub(super) log_id: String,
}

/// Takes a directory, making a ledger in it if it is empty or missing.
pub(super) fn claim(dir: &Path) -> Result<Claim, OpenError> {
    make_dir(dir).map_err(write_error("create", dir))?;
    find(dir)?;
    let lock = lock(dir)?;
    let log_id = match find(dir)? {
        Some(log_id) => log_id,
        None => create(dir).map_err(write_error("create a ledger in", dir))?,
    };
    try_put(dir).map_err(write_error("write in", dir))?;
    Ok(Claim { lock, log_id })
}

/// Takes a directory that is a ledger; makes nothing.
pub(super) fn claim_existing(dir: &Path) -> Result<Claim, OpenError> {
    fs::metadata(dir).map_err(io_error("read", dir))?;
    let not_ours = || OpenError::NotOurs { dir: dir.to_owned() };
    let log_id = find(dir)?.ok_or_else(not_ours)?;
    Ok(Claim { lock: lock(dir)?, log_id })
}

/// Turns a failure at a path into an error that names both.
pub(super) fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    move |source| OpenError::Io { what, path: path.to_owned(), source }
}

fn write_error(what: &'static str, dir: &Path) -> impl FnOnce(io::Error) -> OpenError {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    move |source| {
        if [PermissionDenied, ReadOnlyFilesystem].contains(&source.kind()) {
            return OpenError::ReadOnly { dir: dir.to_owned() };
        }
        io_error(what, dir)(source)
    }
}

/// Makes sure, before anything relies on it, that files can be put in place in a directory.
fn try_put(dir: &Path) -> io::Result<()> {
    let draft = dir.join(CONTROL_DRAFT);
    File::create(&draft)?;
    fs::remove_file(draft)
}

/// Makes the entries of a directory durable.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn make_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    make_dir(parent)?;
    fs::create_dir(dir)?;
    sync_dir(parent)
}

/// The log id, if the directory is a ledger; `None` if it may become one.
fn find(dir: &Path) -> Result<Option<String>, OpenError> {
    let path = dir.join(CONTROL);
    match fs::read(&path) {
        Ok(text) => parse(dir, &String::from_utf8_lossy(&text)).map(Some),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
            let vacant = is_vacant(dir).map_err(io_error("read", dir))?;
            if vacant { Ok(None) } else { Err(OpenError::NotOurs { dir: dir.to_owned() }) }
        }
        Err(other) => Err(io_error("read", &path)(other)),
    }
}

fn is_vacant(dir: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let known = [LOCK, CONTROL_DRAFT, "lost+found"].into_iter().any(|own| name == own);
        let left_over = known
            || (name == journal::DIR && journal::is_unused(dir)?)
            || (head::FILES.into_iter().any(|own| name == own) && head::is_unused(dir));
        if !left_over {
            return Ok(false);
        }
    }
    Ok(true)
}

fn parse(dir: &Path, text: &str) -> Result<String, OpenError> {
    let not_ours = || OpenError::NotOurs { dir: dir.to_owned() };
    let mut lines = text.lines();
    let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
    if field(TITLE) != Some("") {
        return Err(not_ours());
    }
    let found = field("format").and_then(|text| text.parse().ok()).ok_or_else(not_ours)?;
    if found > FORMAT {
        return Err(OpenError::NewerFormat { found, known: FORMAT });
    }
    let log_id = field("log").ok_or_else(not_ours)?.to_owned();
    if content(found, &log_id) == text { Ok(log_id) } else { Err(not_ours()) }
}

fn content(format: u32, log_id: &str) -> String {
    with_check(format!("{TITLE} \nformat {format}\nlog {log_id}\n"))
}

pub(super) fn with_check(text: String) -> String {
    let check = crc32fast::hash(text.as_bytes());
    text + &format!("check {check:08x}\n")
}

/// Puts a file in place whole, or not at all.
fn put(dir: &Path, name: &str, text: &str) -> io::Result<()> {
    let draft = dir.join(format!("{name}.new"));
    let mut file = File::create(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(draft, dir.join(name))?;
    sync_dir(dir)
}

fn create(dir: &Path) -> io::Result<String> {
    journal::create(dir)?;
    head::create(dir)?;
    let log_id = random_id()?;
    put(dir, CONTROL, &content(FORMAT, &log_id))?;
    Ok(log_id)
}

fn random_id() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let mut id = String::new();
    bytes.iter().try_for_each(|byte| write!(id, "{byte:02x}")).map_err(io::Error::other)?;
    Ok(id)
}

/// Takes the lock, waiting a moment for a holder who is just leaving: a process that ends, or a
/// child between its fork and its exec, lets go by itself.
fn patiently(file: &File) -> Result<(), TryLockError> {
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            taken_or_failed => return taken_or_failed,
        }
    }
    file.try_lock()
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join(LOCK);
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = file.map_err(write_error("write in", dir))?;
    match patiently(&file) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = fs::read_to_string(&path).unwrap_or_default();
            let holder = Some(holder.trim()).filter(|text| !text.is_empty());
            let holder = holder.unwrap_or("another process").to_owned();
            return Err(OpenError::Locked { dir: dir.to_owned(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(io_error("lock", &path)(source)),
    }
    let written = file.set_len(0).and_then(|()| writeln!(file, "process {}", std::process::id()));
    written.map_err(write_error("write in", dir))?;
    Ok(file)
}
