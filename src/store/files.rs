//! What files need so that they can be relied on: entries made durable, texts that are there whole
//! or not at all, and locks that wait a moment for a holder who is just leaving.

use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::Path,
    thread,
    time::Duration,
};

use rustix::fs::{Access, AtFlags, CWD, accessat};

/// How long a lock is asked for that somebody holds: a process that ends, or a child between its
/// fork and its exec, lets go by itself.
const LOCK_TIME: Duration = Duration::from_millis(200);

/// How far apart attempts are.
const PAUSE: Duration = Duration::from_millis(10);

/// Tries until it succeeds, fails otherwise than by finding something held, or time is up.
pub(super) fn patiently<T, E>(
    time: Duration,
    is_held: impl Fn(&E) -> bool,
    mut attempt: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    let mut waited = Duration::ZERO;
    loop {
        match attempt() {
            Err(held) if is_held(&held) && waited < time => thread::sleep(PAUSE),
            outcome => return outcome,
        }
        waited = waited.saturating_add(PAUSE);
    }
}

/// Why a lock was not taken.
pub(super) enum Busy {
    /// Somebody has it.
    Held {
        /// Who, as far as the file says.
        holder: String,
    },
    /// The file could not be made, locked or written.
    Failed(io::Error),
}

impl From<io::Error> for Busy {
    fn from(failed: io::Error) -> Self {
        Self::Failed(failed)
    }
}

/// Takes a lock file and puts into it who has it. The lock ends with the handle.
pub(super) fn lock(path: &Path) -> Result<File, Busy> {
    let mut options = OpenOptions::new();
    let mut file = options.read(true).write(true).create(true).truncate(false).open(path)?;
    let is_held = |error: &TryLockError| matches!(error, TryLockError::WouldBlock);
    match patiently(LOCK_TIME, is_held, || file.try_lock()) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = fs::read_to_string(path).unwrap_or_default();
            let holder = Some(holder.trim()).filter(|text| !text.is_empty());
            return Err(Busy::Held { holder: holder.unwrap_or("another process").to_owned() });
        }
        Err(TryLockError::Error(failed)) => return Err(failed.into()),
    }
    file.set_len(0)?;
    writeln!(file, "process {}", std::process::id())?;
    Ok(file)
}

/// Whether files can be put in place in a directory, asked without putting one.
pub(super) fn check_writable(dir: &Path) -> io::Result<()> {
    Ok(accessat(CWD, dir, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)?)
}

/// Makes the entries of a directory durable.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Makes a directory and those above it, durably.
pub(super) fn make_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    make_dir(parent)?;
    fs::create_dir(dir)?;
    sync_dir(parent)
}

/// Puts a file in place whole, or not at all.
pub(super) fn put(dir: &Path, name: &str, text: &str) -> io::Result<()> {
    let draft = dir.join(format!("{name}.new"));
    let mut file = File::create(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(draft, dir.join(name))?;
    sync_dir(dir)
}

/// A text, and a last line by which a changed byte is noticed.
pub(super) fn with_check(text: String) -> String {
    let check = crc32fast::hash(text.as_bytes());
    text + &format!("check {check:08x}\n")
}

/// Bytes in lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// What [`hex`] wrote; `None` if it is not that.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    let pair = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = pairs.iter().map(pair).collect();
    bytes.filter(|bytes| odd.is_empty() && hex(bytes) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_ends_with_success_with_another_failure_or_in_time() {
        let outcome = |failures: u32, time| {
            let mut attempts = 0_u32;
            patiently(
                Duration::from_millis(time),
                |error| *error == "held",
                || {
                    attempts += 1;
                    match attempts {
                        n if n <= failures => Err("held"),
                        7 => Err("broken"),
                        n => Ok(n),
                    }
                },
            )
        };
        assert_eq!(outcome(0, 0), Ok(1));
        assert_eq!(outcome(2, 100), Ok(3));
        assert_eq!(outcome(2, 10), Err("held"));
        assert_eq!(outcome(6, 100), Err("broken"));
    }

    #[test]
    fn hexadecimal_is_read_back_and_anything_else_refused() {
        assert_eq!(from_hex(&hex(&[0, 0xab, 0xff])), Some(vec![0, 0xab, 0xff]));
        for bad in ["0", "zz", "AB", "+1"] {
            assert_eq!(from_hex(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_lock_says_who_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("LOCK");
        let held = lock(&path).ok().unwrap();
        let Err(Busy::Held { holder }) = lock(&path) else { panic!("locked twice") };
        assert_eq!(holder, format!("process {}", std::process::id()));
        drop(held);
        assert!(lock(&path).is_ok());
    }
}
