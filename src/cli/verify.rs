//! `disclosure verify`.

use std::path::PathBuf;

use super::{
    Failure, Outcome, Output, args::VerifyOptions, backup, client::connect, frames::root,
    progress::Progress,
};
use crate::{
    integrity::Hash,
    store::{self, BackupEnd, BackupError, Verified, read_backup},
    wire::pb::v1::{
        LogFault, VerificationResult, VerifyLogRequest, admin_service_client::AdminServiceClient,
        verify_log_response::News,
    },
};

pub(super) async fn run(
    server: &str,
    options: VerifyOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    match (options.data, options.backup) {
        (Some(dir), _) => of_directory(dir, output).await,
        (None, Some(dir)) => of_backup(dir, output).await,
        (None, None) => of_server(server, output).await,
    }
}

async fn of_directory(dir: PathBuf, output: Output) -> Result<Outcome, Failure> {
    let verified = tokio::task::spawn_blocking(move || store::verify(&dir)).await;
    let verified =
        verified.map_err(|error| Failure::unreachable("the log cannot be verified", &error))?;
    let verified =
        verified.map_err(|error| Failure::unreachable("the log cannot be verified", &error))?;
    Ok(tell(&verified, output))
}

async fn of_backup(dir: PathBuf, output: Output) -> Result<Outcome, Failure> {
    let reading = tokio::task::spawn_blocking(move || read_backup(&dir, |_| Ok(())));
    let read: Result<BackupEnd, BackupError> = reading
        .await
        .map_err(|error| Failure::unreachable("the backup cannot be verified", &error))?;
    let BackupEnd { log_id, position, root } = read.map_err(backup::failure)?;
    output.summary(
        format_args!("backup of log {log_id} is whole: {position} events, root {root}"),
        &serde_json::json!({
            "log_id": log_id, "events": position.get(), "root": root.to_string(), "faults": 0,
        }),
    );
    Ok(Outcome::Done)
}

async fn of_server(server: &str, output: Output) -> Result<Outcome, Failure> {
    let mut client = AdminServiceClient::new(connect(server).await?);
    let mut news = client.verify_log(VerifyLogRequest {}).await?.into_inner();
    let mut progress = Progress::new(0, output);
    while let Some(message) = news.message().await? {
        match message.news {
            Some(News::Progress(reached)) => {
                progress.expect(reached.head_position);
                progress.reach(reached.position, output);
            }
            Some(News::Fault(LogFault { part, position, description })) => {
                progress.hide();
                tell_fault(&part, position, &description, output);
            }
            Some(News::Result(result)) => {
                progress.finish();
                let VerificationResult { log_id, events, root: bytes, sled_lacks, faults } = result;
                let root = root(&bytes)?;
                return Ok(tell_end(&log_id, events, root, sled_lacks, faults.into(), output));
            }
            None => {}
        }
    }
    Err(Failure::broken_off("the server broke off the verification"))
}

/// Says what was found in a log.
pub(super) fn tell(verified: &Verified, output: Output) -> Outcome {
    let Verified { log_id, events, root, sled_lacks, faults } = verified;
    for fault in faults {
        tell_fault(fault.part, fault.position.get(), &fault.what, output);
    }
    tell_end(log_id, *events, *root, *sled_lacks, faults.len() as u64, output)
}

fn tell_fault(part: &str, position: u64, what: &str, output: Output) {
    let object = serde_json::json!({ "part": part, "position": position, "what": what });
    output.summary(format_args!("{part} is damaged at position {position}: {what}"), &object);
}

fn tell_end(
    log_id: &str,
    events: u64,
    root: Hash,
    sled_lacks: u64,
    faults: u64,
    output: Output,
) -> Outcome {
    let verdict = if faults == 0 { "whole" } else { "damaged" };
    output.summary(
        format_args!("log {log_id} is {verdict}: {events} events, root {root}"),
        &serde_json::json!({
            "log_id": log_id, "events": events, "root": root.to_string(),
            "sled_lacks": sled_lacks, "faults": faults,
        }),
    );
    if faults == 0 { Outcome::Done } else { Outcome::Faults }
}
