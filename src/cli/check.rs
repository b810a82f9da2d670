//! `disclosure check`.

use std::path::Path;

use serde_json::{Map, Value};

use super::{
    Failure, Outcome, Output,
    args::{CheckOptions, SeverityName},
    client::connect,
};
use crate::{
    render::finding_json,
    statistics::{catalogue::Severity, check_published},
    wire::pb::v1::{self as pb, supervision_service_client::SupervisionServiceClient},
};

pub(super) async fn run(
    server: &str,
    options: CheckOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    match (options.published, options.agency, options.year) {
        (Some(path), ..) => published(&path, output),
        (None, Some(agency_id), Some(year)) => {
            let severity = |severity| match severity {
                SeverityName::Error => pb::Severity::Error.into(),
                SeverityName::Warning => pb::Severity::Warning.into(),
                SeverityName::Info => pb::Severity::Info.into(),
            };
            let asked = pb::ListReportFindingsRequest {
                agency_id,
                year,
                include_subtree: options.subtree,
                severities: options.severity.into_iter().map(severity).collect(),
                check_ids: options.id,
                ..Default::default()
            };
            derived(server, asked, output).await
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

/// Prints the findings in an agency's report, or in those of everybody below it.
async fn derived(
    server: &str,
    asked: pb::ListReportFindingsRequest,
    output: Output,
) -> Result<Outcome, Failure> {
    let mut client = SupervisionServiceClient::new(connect(server).await?);
    let mut any_error = false;
    let mut page_token = String::new();
    loop {
        let request =
            pb::ListReportFindingsRequest { page_size: 1000, page_token, ..asked.clone() };
        let page = client.list_report_findings(request).await?.into_inner();
        for found in page.findings {
            let pb::ReportFinding { agency_id, agency_name, finding } = found;
            let finding = finding.unwrap_or_default();
            any_error |= finding.severity() == pb::Severity::Error;
            let mut object = finding_object(&finding);
            object.insert("agency".to_owned(), agency_id.into());
            object.insert("agency_name".to_owned(), agency_name.into());
            output.line(Value::Object(object));
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(if any_error { Outcome::Faults } else { Outcome::Done });
        }
    }
}

/// A finding with the members that it has in a report.
pub(super) fn finding_object(finding: &pb::Finding) -> Map<String, Value> {
    let severity = match finding.severity() {
        pb::Severity::Error => Severity::Error.key(),
        pb::Severity::Warning => Severity::Warning.key(),
        pb::Severity::Info | pb::Severity::Unspecified => Severity::Info.key(),
    };
    let side = |printed: &str| match serde_json::from_str(printed) {
        Ok(number @ Value::Number(_)) => number,
        Ok(_) | Err(_) if printed.is_empty() => Value::Null,
        Ok(_) | Err(_) => Value::from(printed),
    };
    let members = [
        ("id", Value::from(finding.id.as_str())),
        ("severity", severity.into()),
        ("where", finding.place.as_str().into()),
        ("left", side(&finding.left)),
        ("right", side(&finding.right)),
        ("difference", side(&finding.difference)),
        ("message", finding.message.as_str().into()),
        ("cells", finding.cells.clone().into()),
    ];
    members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}
