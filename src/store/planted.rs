//! Bugs planted on purpose, so that a test rig can be seen to find them.
//!
//! Without the feature `planted-bugs` there is none. With it, the environment variable
//! `DISCLOSURE_PLANTED_BUG` names the one to have, for the life of the process.

/// A bug to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bug {
    /// `no_sync`: the journal is never synced.
    NoSync,
    /// `ack_before_sync`: appends are acknowledged before they are written.
    AckBeforeSync,
    /// `skip_checksum`: the checksum of a frame is not looked at.
    SkipChecksum,
    /// `swallow_sync_error`: a failed sync of a frame counts as done.
    SwallowSyncError,
    /// `swallow_disk_full`: an append without room is answered as if it were recorded.
    SwallowDiskFull,
    /// `early_ledger`: a directory counts as a ledger before the log is restored to its end.
    EarlyLedger,
    /// `short_backup`: what a backup lacks at its end is not noticed.
    ShortBackup,
    /// `unsynced_backup`: the files of a backup are never synced.
    UnsyncedBackup,
}

/// Whether a bug is to be had.
#[cfg(feature = "planted-bugs")]
pub(super) fn has(bug: Bug) -> bool {
    static CHOSEN: std::sync::OnceLock<Option<Bug>> = std::sync::OnceLock::new();
    let choose = || match std::env::var_os("DISCLOSURE_PLANTED_BUG")?.to_str()? {
        "no_sync" => Some(Bug::NoSync),
        "ack_before_sync" => Some(Bug::AckBeforeSync),
        "skip_checksum" => Some(Bug::SkipChecksum),
        "swallow_sync_error" => Some(Bug::SwallowSyncError),
        "swallow_disk_full" => Some(Bug::SwallowDiskFull),
        "early_ledger" => Some(Bug::EarlyLedger),
        "short_backup" => Some(Bug::ShortBackup),
        "unsynced_backup" => Some(Bug::UnsyncedBackup),
        _ => None,
    };
    *CHOSEN.get_or_init(choose) == Some(bug)
}

/// Never.
#[cfg(not(feature = "planted-bugs"))]
pub(super) const fn has(_: Bug) -> bool {
    false
}
