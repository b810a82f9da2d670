//! `disclosure verify`.

use super::{Failure, Outcome, Output, args::VerifyOptions};
use crate::store::{self, Fault, Verified};

pub(super) async fn run(options: VerifyOptions, output: Output) -> Result<Outcome, Failure> {
    let dir = options.data;
    let verified = tokio::task::spawn_blocking(move || store::verify(&dir)).await;
    let verified =
        verified.map_err(|error| Failure::unreachable("the log cannot be verified", &error))?;
    let verified =
        verified.map_err(|error| Failure::unreachable("the log cannot be verified", &error))?;
    let Verified { log_id, events, root, sled_lacks, faults } = verified;
    for Fault { part, position, what } in &faults {
        let object = serde_json::json!({
            "part": part, "position": position.get(), "what": what,
        });
        output.summary(format_args!("{part} is damaged at position {position}: {what}"), &object);
    }
    let verdict = if faults.is_empty() { "whole" } else { "damaged" };
    output.summary(
        format_args!("log {log_id} is {verdict}: {events} events, root {root}"),
        &serde_json::json!({
            "log_id": log_id, "events": events, "root": root.to_string(),
            "sled_lacks": sled_lacks, "faults": faults.len(),
        }),
    );
    Ok(if faults.is_empty() { Outcome::Done } else { Outcome::Faults })
}
