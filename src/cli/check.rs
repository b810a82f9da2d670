//! `disclosure check`.

use std::path::Path;

use super::{Failure, Outcome, Output, args::CheckOptions, client::connect, report};
use crate::{
    render::{Format, finding_json},
    statistics::{catalogue::Severity, check_published},
    wire::pb::v1 as pb,
};

pub(super) async fn run(
    server: &str,
    options: CheckOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    match (options.published, options.agency, options.year) {
        (Some(path), ..) => published(&path, output),
        (None, Some(agency_id), Some(year)) => {
            let selector = pb::ReportSelector { agency_id, year, ..Default::default() };
            let json = report::fetch(connect(server).await?, selector, Format::Json).await?;
            derived(&json, output)
        }
        (None, ..) => Err(Failure::usage("an agency and a year, or a published report, is needed")),
    }
}

/// Checks a published report.
fn published(path: &Path, output: Output) -> Result<Outcome, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    let name = path.display();
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::faults(format!("{name} is not UTF-8 text")))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let findings =
        check_published(text).map_err(|error| Failure::faults(format!("{name}: {error}")))?;
    for finding in &findings {
        output.line(finding_json(finding).trim_end());
    }
    let any_error = findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if any_error { Outcome::Faults } else { Outcome::Done })
}

/// Prints the findings that a report of the server's carries.
fn derived(json: &[u8], output: Output) -> Result<Outcome, Failure> {
    let report: serde_json::Value = serde_json::from_slice(json)
        .map_err(|error| Failure::unreachable("the server's answer is not JSON", &error))?;
    let findings = report.get("findings").and_then(serde_json::Value::as_array);
    let findings = findings.map(Vec::as_slice).unwrap_or_default();
    for finding in findings {
        output.line(finding);
    }
    let error = Severity::Error.key();
    let any_error = findings
        .iter()
        .any(|finding| finding.get("severity").and_then(serde_json::Value::as_str) == Some(error));
    Ok(if any_error { Outcome::Faults } else { Outcome::Done })
}
