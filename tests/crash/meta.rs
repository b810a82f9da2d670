//! A test that cannot fail proves nothing: with each planted bug, the rig that is there for it
//! turns red within a few rounds.

use anyhow::Result;

use crate::{
    copies, corruption,
    disk::Fs,
    errors,
    full::{self, Then},
    kill, power_cut,
    rig::{Need, Red, report, rig},
    syscalls,
};

/// Runs a rig that must fail, and for the reason that the bug gives it: what it says must hold
/// one of these words.
fn must_turn_red(
    name: &str,
    because: &[&str],
    needs: &[Need],
    run: impl FnOnce() -> Result<String>,
) {
    rig(name, needs, || match run() {
        Ok(passed) => anyhow::bail!("the rig did not notice the bug: {passed}"),
        Err(error) if error.is::<Red>() => {
            let text = format!("{error:#}");
            let expected = because.iter().any(|because| text.contains(because));
            anyhow::ensure!(expected, "red, but not because of the bug: {text}");
            report(&format!("{name}: {}", text.lines().next().unwrap_or_default()));
            Ok("red, as it should be".to_owned())
        }
        Err(error) => Err(error.context("the rig failed for another reason")),
    });
}

const LOST: [&str; 2] = ["lost in all", "its end is missing"];
/// Appends are acknowledged although the frame before them could not be written, too.
const ACKNOWLEDGED: [&str; 3] = [LOST[0], LOST[1], "taken after a failure"];
const UNSYNCED: [&str; 1] = ["was acknowledged on line"];
const NEVER_FULL: [&str; 3] = ["lost in all", "ended before [\"FULL\"", "never said [\"FULL\""];
const WRONG: [&str; 2] = ["a leaf does not hold", "an event is not as appended"];
const SHORTER: [&str; 2] = ["a ledger, but not whole", "restored: End"];
const UNRESTORED: [&str; 2] = ["not restored (", "restored as End"];
const STRACE: [Need; 1] = [Need::Tool("strace")];

#[test]
fn no_sync_is_noticed_by_the_power_cut_on_ext4() {
    must_turn_red("no_sync, power cut, ext4", &LOST, &Fs::Ext4.needs(), || {
        power_cut::run(Fs::Ext4, 5, Some("no_sync"))
    });
}

#[test]
fn no_sync_is_noticed_by_the_power_cut_on_xfs() {
    must_turn_red("no_sync, power cut, xfs", &LOST, &Fs::Xfs.needs(), || {
        power_cut::run(Fs::Xfs, 5, Some("no_sync"))
    });
}

#[test]
fn no_sync_is_noticed_by_the_system_calls() {
    must_turn_red("no_sync, system calls", &UNSYNCED, &STRACE, || {
        syscalls::run(80, Some("no_sync"))
    });
}

#[test]
fn ack_before_sync_is_noticed_by_the_system_calls() {
    must_turn_red("ack_before_sync, system calls", &UNSYNCED, &STRACE, || {
        syscalls::run(80, Some("ack_before_sync"))
    });
}

#[test]
fn ack_before_sync_is_noticed_by_the_power_cut() {
    must_turn_red("ack_before_sync, power cut, ext4", &ACKNOWLEDGED, &Fs::Ext4.needs(), || {
        power_cut::run(Fs::Ext4, 10, Some("ack_before_sync"))
    });
}

#[test]
fn ack_before_sync_is_noticed_by_the_kill() {
    must_turn_red("ack_before_sync, kill -9", &LOST, &[Need::Tool("kill")], || {
        kill::run(20, Some("ack_before_sync"))
    });
}

#[test]
fn skip_checksum_is_noticed_by_the_corruption() {
    must_turn_red("skip_checksum, corruption", &WRONG, &[], || {
        corruption::run(100, Some("skip_checksum"))
    });
}

#[test]
fn swallow_sync_error_is_noticed_by_the_injected_errors() {
    must_turn_red("swallow_sync_error, injected errors", &UNSYNCED, &STRACE, || {
        errors::run(4, Some("swallow_sync_error"))
    });
}

#[test]
fn early_ledger_is_noticed_by_the_kill_while_copying() {
    must_turn_red("early_ledger, kill -9 while copying", &SHORTER, &[Need::Tool("kill")], || {
        copies::kill(40, Some("early_ledger"))
    });
}

#[test]
fn short_backup_is_noticed_by_the_damage_to_backups() {
    must_turn_red("short_backup, damage to backups", &SHORTER, &[], || {
        copies::damage(60, Some("short_backup"))
    });
}

#[test]
fn unsynced_backup_is_noticed_by_the_power_cut_while_copying() {
    must_turn_red("unsynced_backup, power cut, ext4", &UNRESTORED, &Fs::Ext4.needs(), || {
        copies::power_cut(Fs::Ext4, 16, Some("unsynced_backup"))
    });
}

#[test]
fn swallow_disk_full_is_noticed_by_the_full_disk() {
    must_turn_red("swallow_disk_full, full disk", &NEVER_FULL, &full::NEEDS, || {
        full::run(2, Then::Reopens, Some("swallow_disk_full"))
    });
}
