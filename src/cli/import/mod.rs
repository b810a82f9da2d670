//! `disclosure import`: a register kept elsewhere, from CSV files into the log.
//!
//! Every file is read to its end and every bad row named before anything is sent. The good rows go
//! through the intake stream that a case system would use: all or nothing, unless told to keep
//! going.

mod cells;
mod rows;
mod sheet;

use std::{collections::BTreeMap, path::Path};

use tonic::transport::Channel;

pub(super) use cells::{DATE, date};

use super::{
    Failure, Outcome, Output,
    args::ImportOptions,
    client::{Run, connect},
    intake::{self, Fault, Row, Tally, Wish, Wording},
};
use crate::wire::pb::v1 as pb;

const WORDING: Wording = Wording { rows: "rows", place: "column", unreadable: "INVALID_CELL" };

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

pub(super) async fn run(
    server: &str,
    options: ImportOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let wish = Wish { dry_run: options.dry_run, keep_going: options.keep_going };
    let sources = [
        (SourceKind::Applications, &options.applications),
        (SourceKind::Remedies, &options.remedies),
        (SourceKind::Proactive, &options.proactive),
    ]
    .into_iter()
    .filter_map(|(kind, path)| Some(read(kind, path.as_deref()?)))
    .collect::<Result<Vec<_>, _>>()?;
    let channel = connect(server).await?;
    let tally = import(channel, &options.agency, &sources, wish.mode(), output).await?;
    Ok(intake::tell(&tally, wish, WORDING, output))
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
    let (mut run, agency) = (Run::new("import"), agency_id.to_owned());
    let address = move |command: &mut _| rows::address(command, &agency, Some(run.write()));
    intake::deliver(channel, rows, mode, address, column, (&mut tally, output)).await?;
    let order: BTreeMap<&str, usize> =
        sources.iter().enumerate().map(|(place, source)| (source.name.as_str(), place)).collect();
    tally.faults.sort_by_key(|fault| (order.get(fault.file.as_str()).copied(), fault.line));
    Ok(tally)
}

/// The column of what a refusal speaks of by the path of a field.
fn column(path: &str) -> &str {
    match path.rsplit('.').next().unwrap_or_default() {
        "decision_date" | "conclusion_date" | "still_open" => "conclusion_date",
        "filing_date" => "filed_date",
        "agency_id" => "",
        column => column,
    }
}
