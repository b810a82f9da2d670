//! `disclosure backup` and `disclosure restore`.

use super::{
    Failure, Outcome, Output,
    args::{BackupOptions, RestoreOptions},
    frames::Frames,
    progress::Progress,
    verify,
};
use crate::store::{Backup, BackupEnd, BackupError, RestoreError, restore};

pub(super) async fn run(
    server: &str,
    options: BackupOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let BackupOptions { to, data } = options;
    let backup = Backup::open(&to).map_err(failure)?;
    let before = backup.position().get();
    let (state, mut frames) = Frames::after(backup.position(), server, data.as_deref()).await?;
    let mut backup = backup.extend(&state).map_err(failure)?;
    let mut progress = Progress::new(state.head.get(), output);
    while let Some(bytes) = frames.next().await? {
        progress.reach(backup.take(&bytes).map_err(failure)?.get(), output);
    }
    progress.finish();
    let BackupEnd { log_id, position, root } = backup.finish().map_err(failure)?;
    frames.close().await?;
    let (events, added) = (position.get(), position.get().saturating_sub(before));
    output.summary(
        format_args!(
            "log {log_id} is backed up in {}: {events} events, {added} of them new, root {root}",
            to.display()
        ),
        &serde_json::json!({
            "log_id": log_id, "events": events, "added": added, "root": root.to_string(),
        }),
    );
    Ok(Outcome::Done)
}

pub(super) async fn run_restore(
    options: RestoreOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let RestoreOptions { from, data } = options;
    let restoring = tokio::task::spawn_blocking(move || {
        let mut progress = Progress::new(0, output);
        let restored = restore(&from, &data, |total, reached| {
            progress.expect(total);
            progress.reach(reached, output);
        });
        progress.finish();
        restored
    });
    let restored = restoring.await;
    let restored =
        restored.map_err(|error| Failure::unreachable("the backup was not restored", &error))?;
    let verified = restored.map_err(|error| match error {
        RestoreError::Backup(error) => failure(error),
        RestoreError::Ledger(error) => Failure::ledger(&error),
    })?;
    Ok(verify::tell(&verified, output))
}

/// Says what is the matter with a backup.
pub(super) fn failure(error: BackupError) -> Failure {
    match error {
        BackupError::Damaged { .. }
        | BackupError::Unlisted { .. }
        | BackupError::Unfinished { .. } => Failure::damaged(error.to_string()),
        BackupError::NotABackup { .. }
        | BackupError::OtherLog { .. }
        | BackupError::Diverged { .. } => Failure::usage(error.to_string()),
        BackupError::Arrival(error) => Failure::broken_off(error.to_string()),
        BackupError::NewerFormat { .. } | BackupError::Locked { .. } | BackupError::Io { .. } => {
            Failure::unreachable("the backup cannot be used", &error)
        }
    }
}
