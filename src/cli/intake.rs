//! Sending acts through the intake stream, and telling what became of them.
//!
//! What was read elsewhere, register or acts, is sent in the order in which it stands: all or
//! nothing, unless told to keep going, and every fault is named by file, line and place.

use serde_json::json;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use super::{Failure, Outcome, Output, progress::Progress};
use crate::wire::pb::v1::{
    self as pb, intake_service_client::IntakeServiceClient, record_rows_request::Command,
    record_rows_response::Result as RowResult,
};

/// How much of what stands in a file is quoted, in characters.
const QUOTED: usize = 40;

/// Something wrong with a row, or with a file as a whole (line 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The file.
    pub(super) file: String,
    /// The line on which the row begins.
    pub(super) line: u64,
    /// The column, by its header, or the field, by its path; empty for the row as a whole.
    pub(super) place: String,
    /// What is wrong.
    problem: Problem,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    /// Something does not read as it must.
    Unreadable {
        /// What stands there, shortened if long.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// The server refused the row.
    Refused {
        /// The permanent name of the reason.
        reason: String,
        /// One sentence.
        message: String,
    },
}

/// A row that reads well: where it stands, and the acts it stands for.
#[derive(Debug)]
pub(super) struct Row {
    /// The file.
    pub(super) file: String,
    /// The line on which it begins.
    pub(super) line: u64,
    /// What it stands for, in order.
    pub(super) acts: Vec<Command>,
}

/// What became of rows.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Rows that were read.
    pub(super) rows: usize,
    /// Acts that were recorded.
    pub(super) recorded: usize,
    /// Acts that say what was recorded already.
    pub(super) unchanged: usize,
    /// What is wrong, in the order of the files.
    pub(super) faults: Vec<Fault>,
}

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// Record nothing; say what would be recorded and what is wrong.
    pub(super) dry_run: bool,
    /// Record the good rows even if others are bad.
    pub(super) keep_going: bool,
}

/// What the rows of a kind of file are called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wording {
    /// Its rows, which is also the member of the summary that counts them.
    pub(super) rows: &'static str,
    /// The member of a fault that says where in its row it is.
    pub(super) place: &'static str,
    /// The permanent name of a fault that was found here and not by the server.
    pub(super) unreadable: &'static str,
}

impl Wish {
    /// How the rows hang together.
    pub(super) const fn mode(self) -> pb::IntakeMode {
        match (self.dry_run, self.keep_going) {
            (true, _) => pb::IntakeMode::Validate,
            (false, true) => pb::IntakeMode::Each,
            (false, false) => pb::IntakeMode::AllOrNothing,
        }
    }
}

/// Sends rows, and adds to a tally that holds what is wrong so far what becomes of each.
///
/// With a bad row nothing is recorded unless told to keep going; the others are still judged, so
/// that every fault is named at once.
///
/// `address` says in whose register an act is written, and how; `place` names the place in a row
/// that the server speaks of by the path of a field.
pub(super) async fn deliver(
    channel: Channel,
    rows: Vec<Row>,
    mode: pb::IntakeMode,
    address: impl FnMut(&mut Command) + Send + 'static,
    place: fn(&str) -> &str,
    (tally, output): (&mut Tally, Output),
) -> Result<(), Failure> {
    let all_or_nothing = mode == pb::IntakeMode::AllOrNothing;
    let mode =
        if all_or_nothing && !tally.faults.is_empty() { pb::IntakeMode::Validate } else { mode };
    let origins: Vec<(String, u64)> = rows.iter().map(|row| (row.file.clone(), row.line)).collect();
    let acts: usize = rows.iter().map(|row| row.acts.len()).sum();
    if acts == 0 {
        return Ok(());
    }
    let mut progress = Progress::new(acts as u64, output);
    let (send, requests) = mpsc::channel(256);
    let feeder = tokio::spawn(feed(rows, mode, address, send));
    let mut client = IntakeServiceClient::new(channel)
        .max_decoding_message_size(4 << 20)
        .max_encoding_message_size(4 << 20);
    let mut responses = client.record_rows(ReceiverStream::new(requests)).await?.into_inner();
    while let Some(response) = responses.message().await? {
        progress.advance(output);
        let origin = usize::try_from(response.row).ok().and_then(|row| origins.get(row));
        match response.result {
            Some(RowResult::Receipt(receipt)) if receipt.unchanged => {
                tally.unchanged = tally.unchanged.saturating_add(1);
            }
            Some(RowResult::Receipt(_)) => tally.recorded = tally.recorded.saturating_add(1),
            Some(RowResult::Refusal(refusal)) if refusal.reason == "NOT_RECORDED" => {}
            Some(RowResult::Refusal(pb::RowRefusal { reason, field, message })) => {
                let (file, line) = origin.cloned().unwrap_or_default();
                let problem = Problem::Refused { reason, message };
                let place = place(&field).to_owned();
                tally.faults.push(Fault { file, line, place, problem });
            }
            None => {}
        }
    }
    progress.finish();
    feeder.await.map_err(|error| Failure::unreachable("rows could not be sent", &error))
}

async fn feed(
    rows: Vec<Row>,
    mode: pb::IntakeMode,
    mut address: impl FnMut(&mut Command),
    send: mpsc::Sender<pb::RecordRowsRequest>,
) {
    for (row, acts) in (0..).zip(rows.into_iter().map(|row| row.acts)) {
        for mut command in acts {
            address(&mut command);
            let request = pb::RecordRowsRequest { mode: mode.into(), row, command: Some(command) };
            if send.send(request).await.is_err() {
                // The server broke off; the responses say why.
                return;
            }
        }
    }
}

/// Says what became of rows.
pub(super) fn tell(tally: &Tally, wish: Wish, wording: Wording, output: Output) -> Outcome {
    for fault in &tally.faults {
        if output.json { output.note(fault.json(wording)) } else { output.note(fault) }
    }
    let Tally { rows, recorded, unchanged, faults } = tally;
    let faulty = faults.len();
    let nothing = !wish.keep_going && !faults.is_empty();
    let recorded = if nothing { 0 } else { *recorded };
    let kind = wording.rows;
    let sentence = if wish.dry_run {
        format!(
            "{rows} {kind} read, {recorded} events would be recorded, {unchanged} acts are \
             recorded already, {faulty} faults; nothing was recorded"
        )
    } else if nothing {
        format!(
            "{rows} {kind} read, {faulty} faults; nothing was recorded (--keep-going records the \
             good {kind})"
        )
    } else {
        format!(
            "{rows} {kind} read, {recorded} events recorded, {unchanged} acts were recorded \
             already, {faulty} faults"
        )
    };
    let object = json!({
        (kind): rows, "recorded": recorded, "unchanged": unchanged, "faults": faulty,
        "dry_run": wish.dry_run,
    });
    output.summary(sentence, &object);
    if faults.is_empty() { Outcome::Done } else { Outcome::Faults }
}

/// A text as a message quotes it: no longer than is useful.
pub(super) fn quoted(text: &str) -> String {
    let mut start: String = text.chars().take(QUOTED).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        match &self.problem {
            Problem::Unreadable { found, expected } if found.is_empty() => {
                write!(f, "found nothing, expected {expected}")
            }
            Problem::Unreadable { found, expected } => {
                write!(f, "found {found:?}, expected {expected}")
            }
            Problem::Refused { message, .. } => f.write_str(message),
        }
    }
}

impl Fault {
    /// What stands at a place of a line is not what was expected there.
    pub(super) fn unreadable(
        (file, line): (&str, u64),
        place: &str,
        found: &str,
        expected: &str,
    ) -> Self {
        Self {
            file: file.to_owned(),
            line,
            place: place.to_owned(),
            problem: Problem::Unreadable { found: quoted(found), expected: expected.to_owned() },
        }
    }

    fn json(&self, wording: Wording) -> serde_json::Value {
        let (found, expected, reason) = match &self.problem {
            Problem::Unreadable { found, expected } => {
                (Some(found), Some(expected), wording.unreadable)
            }
            Problem::Refused { reason, .. } => (None, None, reason.as_str()),
        };
        json!({
            "file": self.file, "line": self.line, (wording.place): self.place, "reason": reason,
            "found": found, "expected": expected, "message": self.to_string(),
        })
    }
}
