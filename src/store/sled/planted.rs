//! Bugs planted on purpose, so that each crash rig is first seen to fail on one.
//!
//! Without the feature `planted-bugs` every function here is what stands in its place anyway.
//! With it, `DISCLOSURE_PLANTED_BUG` names the one bug to have: `no_sync`, `ack_before_sync`,
//! `skip_checksum`, `swallow_sync_error` or `swallow_disk_full`.

use std::io;

use super::super::AppendError;

/// Syncs the frame that was just written.
pub(super) fn sync(sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    if has("no_sync") {
        return Ok(());
    }
    let synced = sync();
    if has("swallow_sync_error") { Ok(()) } else { synced }
}

/// Whether answers go out before the frame is written, which then takes its time.
pub(super) fn ack_before_sync() -> bool {
    has("ack_before_sync")
}

/// Gives an answer too early the time to be believed.
pub(super) fn dawdle() {
    std::thread::sleep(std::time::Duration::from_millis(5));
}

/// Whether a frame with a wrong checksum is taken for good.
pub(in super::super) fn skip_checksum() -> bool {
    has("skip_checksum")
}

/// What an append is told for which there is no room.
pub(super) fn disk_full() -> Result<(), AppendError> {
    if has("swallow_disk_full") { Ok(()) } else { Err(AppendError::DiskFull) }
}

#[cfg(feature = "planted-bugs")]
fn has(bug: &str) -> bool {
    std::env::var_os("DISCLOSURE_PLANTED_BUG").is_some_and(|planted| planted == *bug)
}

#[cfg(not(feature = "planted-bugs"))]
const fn has(_: &str) -> bool {
    false
}
