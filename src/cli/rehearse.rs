//! `disclosure rehearse`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Failure, Outcome, Output, args::RehearseOptions, calendar::date, client::connect};
use crate::{
    domain::Disposition,
    statistics::catalogue::form_by_id,
    wire::{
        Coded,
        pb::v1::{self as pb, statistics_service_client::StatisticsServiceClient},
    },
};

pub(super) async fn run(
    server: &str,
    options: RehearseOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let RehearseOptions { agency, year, subtree, due, result } = options;
    let result = match &result {
        None => None,
        Some(key) => Some(Disposition::from_key(key).ok_or_else(|| {
            let keys: Vec<_> = Disposition::all().map(Disposition::key).collect();
            Failure::usage(format!("{key:?} is not one of {}", keys.join(", ")))
        })?),
    };
    let supposition =
        if due { pb::YearEndSupposition::EverythingDue } else { pb::YearEndSupposition::Nothing };
    let request = pb::RehearseYearRequest {
        agency_id: agency.clone(),
        year,
        include_subtree: subtree,
        supposition: supposition.into(),
        supposed_disposition: Coded::code_of(result),
    };
    let mut client = StatisticsServiceClient::new(connect(server).await?);
    let found = client.rehearse_year(request).await?.into_inner();
    let supposed = found.supposed.unwrap_or_default();
    if output.json {
        output.line(json!({
            "agency": agency,
            "year": year,
            "subtree": subtree,
            "form": found.form,
            "as_of_position": found.as_of_position,
            "asked_date": date(found.asked_date),
            "applications": rows(&found),
            "supposed_rows": found.supposed_rows,
            "supposed": {
                "concluded": supposed.concluded,
                "provisional": supposed.provisional,
                "awaiting_applicant": supposed.awaiting_applicant,
                "due_later": supposed.due_later,
                "left_open": supposed.left_open,
            },
        }));
        return Ok(Outcome::Done);
    }
    let cells: BTreeMap<_, _> = found.cells.iter().map(|c| (c.cell.as_str(), c.value)).collect();
    let form = form_by_id(&found.form);
    for row in form.iter().flat_map(|form| form.applications.rows) {
        let value = cells.get(format!("applications.{}.total", row.key).as_str()).copied();
        let value = value.flatten().map_or_else(|| "?".to_owned(), |value| value.to_string());
        let label = row.path.last().copied().unwrap_or_default();
        let mark = if found.supposed_rows.iter().any(|key| key == row.key) { "\t*" } else { "" };
        output.line(format_args!("{value}\t{label}{mark}"));
    }
    let pb::SupposedApplications { concluded, awaiting_applicant, due_later, left_open, .. } =
        supposed;
    if due {
        output.line(format_args!(
            "假定至12月31日到期的{concluded}件均已办结（*），其中{}件的期限为暂定；\
             等待申请人的{awaiting_applicant}件、下年到期的{due_later}件结转。",
            supposed.provisional
        ));
    } else {
        output.line(format_args!("假定不再办理：现未办结的{left_open}件结转。"));
    }
    Ok(Outcome::Done)
}

/// Table three, row by row; what is not known is null.
fn rows(found: &pb::RehearseYearResponse) -> Value {
    let mut rows = Map::new();
    for cell in &found.cells {
        let place = cell.cell.strip_prefix("applications.").and_then(|name| name.rsplit_once('.'));
        if let Some((row, column)) = place {
            let row = rows.entry(row).or_insert_with(|| json!({}));
            if let Value::Object(row) = row {
                row.insert(column.to_owned(), json!(cell.value));
            }
        }
    }
    Value::Object(rows)
}
