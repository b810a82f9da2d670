//! What makes a directory a ledger: `LEDGER`, which says so, and `LOCK`, which says who has it.
//!
//! `LEDGER` is written last when a ledger is made. A directory without it is either empty but for
//! what a creation that was cut short leaves behind, or it is not ours and stays untouched.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use super::{
    super::{
        OpenError,
        files::{self, Busy, hex, make_dir, put, sync_dir, with_check},
        planted::{self, Bug},
    },
    head, journal,
};

const FORMAT: u32 = 1;
const CONTROL: &str = "LEDGER";
const CONTROL_DRAFT: &str = "LEDGER.new";
/// What `LEDGER` is called until a log is restored to its end, and its draft.
const RESTORING: &str = "LEDGER.restoring";
const RESTORING_DRAFT: &str = "LEDGER.restoring.new";
/// What the folder of sled, and what is made of it, begin with.
const SLED: &str = "sled";
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
    files::check_writable(dir).map_err(write_error("write in", dir))?;
    Ok(Claim { lock, log_id })
}

/// Takes a directory that is a ledger; makes nothing.
pub(super) fn claim_existing(dir: &Path) -> Result<Claim, OpenError> {
    fs::metadata(dir).map_err(io_error("read", dir))?;
    let not_ours = || OpenError::NotOurs { dir: dir.to_owned() };
    let log_id = find(dir)?.ok_or_else(not_ours)?;
    Ok(Claim { lock: lock(dir)?, log_id })
}

/// Takes an empty or missing directory, or one where a restoring was cut short, for a log that is
/// to be restored into it. It becomes a ledger with [`finish_restoring`] only.
pub(super) fn claim_for_restoring(dir: &Path, log_id: &str) -> Result<Claim, OpenError> {
    make_dir(dir).map_err(write_error("create", dir))?;
    check_restorable(dir)?;
    let lock = lock(dir)?;
    check_restorable(dir)?;
    let begin = || {
        let early = planted::has(Bug::EarlyLedger);
        put(dir, if early { CONTROL } else { RESTORING }, &content(FORMAT, log_id))?;
        clear(dir)
    };
    begin().map_err(write_error("restore into", dir))?;
    Ok(Claim { lock, log_id: log_id.to_owned() })
}

/// Makes the restored log a ledger, at one stroke.
pub(super) fn finish_restoring(dir: &Path) -> io::Result<()> {
    if !planted::has(Bug::EarlyLedger) {
        fs::rename(dir.join(RESTORING), dir.join(CONTROL))?;
    }
    sync_dir(dir)
}

/// Refuses a directory that holds anything but what a restoring may have left.
fn check_restorable(dir: &Path) -> Result<(), OpenError> {
    let restorable = || -> io::Result<bool> {
        if dir.join(CONTROL).try_exists()? || !dir.join(RESTORING).try_exists()? {
            return Ok(!dir.join(CONTROL).try_exists()? && is_vacant(dir)?);
        }
        let own = [LOCK, RESTORING, RESTORING_DRAFT, CONTROL_DRAFT, "lost+found", journal::DIR];
        for entry in fs::read_dir(dir)? {
            let name = entry?.file_name();
            let left_over = own.into_iter().chain(head::FILES).any(|own| name == own)
                || name.to_string_lossy().starts_with(SLED);
            if !left_over {
                return Ok(false);
            }
        }
        Ok(true)
    };
    let restorable = restorable().map_err(io_error("read", dir))?;
    if restorable { Ok(()) } else { Err(OpenError::NotEmpty { dir: dir.to_owned() }) }
}

/// Removes what an earlier restoring has left.
fn clear(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == journal::DIR || name.to_string_lossy().starts_with(SLED) {
            fs::remove_dir_all(entry.path())?;
        } else if head::FILES.into_iter().any(|file| name == file) {
            fs::remove_file(entry.path())?;
        }
    }
    sync_dir(dir)
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

/// The log id, if the directory is a ledger; `None` if it may become one.
fn find(dir: &Path) -> Result<Option<String>, OpenError> {
    let path = dir.join(CONTROL);
    match fs::read(&path) {
        Ok(text) => parse(dir, &String::from_utf8_lossy(&text)).map(Some),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
            if dir.join(RESTORING).try_exists().map_err(io_error("read", dir))? {
                return Err(OpenError::RestoreUnfinished { dir: dir.to_owned() });
            }
            let vacant = is_vacant(dir).map_err(io_error("read", dir))?;
            if vacant { Ok(None) } else { Err(OpenError::NotOurs { dir: dir.to_owned() }) }
        }
        Err(other) => Err(io_error("read", &path)(other)),
    }
}

fn is_vacant(dir: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let known =
            [LOCK, CONTROL_DRAFT, RESTORING_DRAFT, "lost+found"].into_iter().any(|own| name == own);
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
    Ok(hex(&bytes))
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    files::lock(&dir.join(LOCK)).map_err(|busy| match busy {
        Busy::Held { holder } => OpenError::Locked { dir: dir.to_owned(), holder },
        Busy::Failed(source) => write_error("write in", dir)(source),
    })
}
