//! `disclosure import`: a register kept elsewhere, from CSV files into the log.
//!
//! Every file is read to its end and every bad row named before anything is sent. The good rows go
//! through the intake stream that a case system would use: all or nothing, unless told to keep
//! going.

mod cells;
mod rows;
mod sheet;

use std::{collections::BTreeMap, path::Path};

use serde_json::json;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use super::{
    Failure, Outcome, Output,
    args::ImportOptions,
    client::{Run, connect},
    progress::Progress,
};
use crate::wire::pb::v1::{
    self as pb, intake_service_client::IntakeServiceClient, record_rows_request::Command,
    record_rows_response::Result as RowResult,
};

/// A CSV file and what it holds.
#[derive(Debug)]
pub(super) struct Source {
    /// What it is called in messages.
    pub(super) name: String,
    /// What it holds.
    pub(super) kind: SourceKind,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
}

/// What a CSV file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceKind {
    /// Applications.
    Applications,
    /// Reconsideration and litigation cases.
    Remedies,
    /// Declared figures of table two.
    Proactive,
}

/// Something wrong with a row, or with a file as a whole (line 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The file.
    file: String,
    /// The line on which the row begins.
    line: u64,
    /// The column, by its header; empty for the row as a whole.
    column: String,
    /// What is wrong.
    problem: Problem,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    /// A cell does not read as it must.
    Cell {
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
struct Row {
    file: String,
    line: u64,
    acts: Vec<Command>,
}

/// What became of an import.
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

pub(super) async fn run(
    server: &str,
    options: ImportOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let mode = match (options.dry_run, options.keep_going) {
        (true, _) => pb::IntakeMode::Validate,
        (false, true) => pb::IntakeMode::Each,
        (false, false) => pb::IntakeMode::AllOrNothing,
    };
    let sources = [
        (SourceKind::Applications, &options.applications),
        (SourceKind::Remedies, &options.remedies),
        (SourceKind::Proactive, &options.proactive),
    ]
    .into_iter()
    .filter_map(|(kind, path)| Some(read(kind, path.as_deref()?)))
    .collect::<Result<Vec<_>, _>>()?;
    let channel = connect(server).await?;
    let tally = import(channel, &options.agency, &sources, mode, output).await?;
    Ok(tell(&tally, &options, output))
}

fn read(kind: SourceKind, path: &Path) -> Result<Source, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    Ok(Source { name: path.display().to_string(), kind, bytes })
}

/// Imports the sources into an agency's register.
pub(super) async fn import(
    channel: Channel,
    agency_id: &str,
    sources: &[Source],
    mode: pb::IntakeMode,
    output: Output,
) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let mut rows = Vec::new();
    for source in sources {
        let read = rows::read(source, agency_id);
        tally.rows = tally.rows.saturating_add(read.rows_seen);
        tally.faults.extend(read.faults);
        rows.extend(read.rows);
    }
    // With a bad row nothing is recorded unless told to keep going; the others are still judged,
    // so that every fault is named at once.
    let all_or_nothing = mode == pb::IntakeMode::AllOrNothing;
    let mode =
        if all_or_nothing && !tally.faults.is_empty() { pb::IntakeMode::Validate } else { mode };
    record(channel, agency_id, rows, mode, &mut tally, output).await?;
    let order: BTreeMap<&str, usize> =
        sources.iter().enumerate().map(|(place, source)| (source.name.as_str(), place)).collect();
    tally.faults.sort_by_key(|fault| (order.get(fault.file.as_str()).copied(), fault.line));
    Ok(tally)
}

/// Sends the rows, and notes what became of each.
async fn record(
    channel: Channel,
    agency_id: &str,
    rows: Vec<Row>,
    mode: pb::IntakeMode,
    tally: &mut Tally,
    output: Output,
) -> Result<(), Failure> {
    let origins: Vec<(String, u64)> = rows.iter().map(|row| (row.file.clone(), row.line)).collect();
    let acts: usize = rows.iter().map(|row| row.acts.len()).sum();
    if acts == 0 {
        return Ok(());
    }
    let mut progress = Progress::new(acts as u64, output);
    let (send, requests) = mpsc::channel(256);
    let feeder = tokio::spawn(feed(rows, agency_id.to_owned(), mode, send));
    let mut client = IntakeServiceClient::new(channel)
        .max_decoding_message_size(4 << 20)
        .max_encoding_message_size(4 << 20);
    let mut responses = client.record_rows(ReceiverStream::new(requests)).await?.into_inner();
    while let Some(response) = responses.message().await? {
        progress.advance(output);
        let place = usize::try_from(response.row).ok().and_then(|row| origins.get(row));
        match response.result {
            Some(RowResult::Receipt(receipt)) if receipt.unchanged => {
                tally.unchanged = tally.unchanged.saturating_add(1);
            }
            Some(RowResult::Receipt(_)) => tally.recorded = tally.recorded.saturating_add(1),
            Some(RowResult::Refusal(refusal)) if refusal.reason == "NOT_RECORDED" => {}
            Some(RowResult::Refusal(refusal)) => {
                let (file, line) = place.cloned().unwrap_or_default();
                tally.faults.push(refused(file, line, refusal));
            }
            None => {}
        }
    }
    progress.finish();
    feeder.await.map_err(|error| Failure::unreachable("rows could not be sent", &error))
}

async fn feed(
    rows: Vec<Row>,
    agency_id: String,
    mode: pb::IntakeMode,
    send: mpsc::Sender<pb::RecordRowsRequest>,
) {
    let mut run = Run::new("import");
    for (row, acts) in (0..).zip(rows.into_iter().map(|row| row.acts)) {
        for mut command in acts {
            rows::address(&mut command, &agency_id, Some(run.write()));
            let request = pb::RecordRowsRequest { mode: mode.into(), row, command: Some(command) };
            if send.send(request).await.is_err() {
                // The server broke off; the responses say why.
                return;
            }
        }
    }
}

fn refused(file: String, line: u64, refusal: pb::RowRefusal) -> Fault {
    let field = refusal.field.rsplit('.').next().unwrap_or_default();
    let column = match field {
        "decision_date" | "conclusion_date" | "still_open" => "conclusion_date",
        "filing_date" => "filed_date",
        "agency_id" => "",
        column => column,
    };
    Fault {
        file,
        line,
        column: column.to_owned(),
        problem: Problem::Refused { reason: refusal.reason, message: refusal.message },
    }
}

/// Says what became of the import.
fn tell(tally: &Tally, options: &ImportOptions, output: Output) -> Outcome {
    for fault in &tally.faults {
        if output.json { output.note(fault.json()) } else { output.note(fault) }
    }
    let Tally { rows, recorded, unchanged, faults } = tally;
    let faulty = faults.len();
    let nothing = !options.keep_going && !faults.is_empty();
    let recorded = if nothing { 0 } else { *recorded };
    let dry_run = options.dry_run;
    let sentence = if dry_run {
        format!(
            "{rows} rows read, {recorded} events would be recorded, {unchanged} acts are recorded \
             already, {faulty} faults; nothing was recorded"
        )
    } else if nothing {
        format!(
            "{rows} rows read, {faulty} faults; nothing was recorded (--keep-going records the \
             good rows)"
        )
    } else {
        format!(
            "{rows} rows read, {recorded} events recorded, {unchanged} acts were recorded already, \
             {faulty} faults"
        )
    };
    output.summary(
        sentence,
        &json!({
            "rows": rows, "recorded": recorded, "unchanged": unchanged, "faults": faulty,
            "dry_run": dry_run,
        }),
    );
    if faults.is_empty() { Outcome::Done } else { Outcome::Faults }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.column.is_empty() {
            write!(f, "{}: ", self.column)?;
        }
        match &self.problem {
            Problem::Cell { found, expected } if found.is_empty() => {
                write!(f, "found nothing, expected {expected}")
            }
            Problem::Cell { found, expected } => write!(f, "found {found:?}, expected {expected}"),
            Problem::Refused { message, .. } => f.write_str(message),
        }
    }
}

impl Fault {
    fn json(&self) -> serde_json::Value {
        let (found, expected, reason) = match &self.problem {
            Problem::Cell { found, expected } => (Some(found), Some(expected), "INVALID_CELL"),
            Problem::Refused { reason, .. } => (None, None, reason.as_str()),
        };
        json!({
            "file": self.file, "line": self.line, "column": self.column, "reason": reason,
            "found": found, "expected": expected, "message": self.to_string(),
        })
    }
}
