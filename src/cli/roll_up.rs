//! `disclosure rollup`.

use std::path::Path;

use serde_json::{Map, Value, json};
use tonic::transport::Channel;
use unicode_width::UnicodeWidthStr;

use super::{
    Failure, Outcome, Output,
    args::{ReportingName, RollUpOptions},
    check::finding_object,
    client::connect,
    report::as_of,
};
use crate::{
    statistics::read_published,
    wire::pb::v1::{self as pb, roll_up_service_client::RollUpServiceClient},
};

type Client = RollUpServiceClient<Channel>;

/// The counts of the table, by cell, with the heads of their columns.
const COUNTS: [(&str, &str); 6] = [
    ("新收", "applications.new_received.total"),
    ("上年结转", "applications.carried_in.total"),
    ("办结", "applications.result_total.total"),
    ("结转下年", "applications.carried_out.total"),
    ("复议", "remedies.review.total"),
    ("直接起诉", "remedies.suit_direct.total"),
];

pub(super) async fn run(
    server: &str,
    options: RollUpOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let RollUpOptions { agency, year, form, as_of: then, coverage, published } = options;
    if let Some(path) = published {
        let asked = published_total(&path, agency, year)?;
        return check_total(RollUpServiceClient::new(connect(server).await?), asked, output).await;
    }
    let client = RollUpServiceClient::new(connect(server).await?);
    if let Some(reporting) = coverage {
        return list_coverage(client, agency, year, reporting, output).await;
    }
    let selector = pb::ReportSelector {
        agency_id: agency,
        year,
        subtree: true,
        form: form.unwrap_or_default(),
        as_of: then.as_deref().map(as_of).transpose()?,
    };
    let found = fetch(client, selector).await?;
    if output.json {
        output.line(object(&found, year));
    } else {
        text(&found, year, output);
    }
    Ok(Outcome::Done)
}

/// The whole roll-up, page after page, all as of the position of the first.
async fn fetch(
    mut client: Client,
    selector: pb::ReportSelector,
) -> Result<pb::GetRollUpResponse, Failure> {
    let asked =
        pb::GetRollUpRequest { page_size: 1000, selector: Some(selector), ..Default::default() };
    let mut whole = client.get_roll_up(asked.clone()).await?.into_inner();
    while !whole.next_page_token.is_empty() {
        let page_token = std::mem::take(&mut whole.next_page_token);
        let request = pb::GetRollUpRequest { page_token, ..asked.clone() };
        let page = client.get_roll_up(request).await?.into_inner();
        if page.as_of_position != whole.as_of_position {
            let sentence = "the log grew meanwhile; ask again, or --as-of a position";
            return Err(Failure::faults(sentence.to_owned()));
        }
        whole.children.extend(page.children);
        whole.next_page_token = page.next_page_token;
    }
    Ok(whole)
}

/// A published total, as the server compares it.
fn published_total(
    path: &Path,
    agency_id: String,
    year: i32,
) -> Result<pb::CheckTotalRequest, Failure> {
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
    let name = path.display();
    let published =
        read_published(&text).map_err(|error| Failure::faults(format!("{name}: {error}")))?;
    if i32::from(published.year.get()) != year {
        let other = published.year;
        return Err(Failure::faults(format!("{name} is a report for {other}, not for {year}")));
    }
    let form = published.tables.form();
    let cells = published.tables.cells();
    let cells = cells.map(|(cell, value)| pb::TableCell { cell: form.cell_name(cell), value });
    Ok(pb::CheckTotalRequest { agency_id, year, cells: cells.collect() })
}

async fn check_total(
    mut client: Client,
    asked: pb::CheckTotalRequest,
    output: Output,
) -> Result<Outcome, Failure> {
    let found = client.check_total(asked).await?.into_inner();
    for finding in &found.findings {
        output.line(Value::Object(finding_object(finding)));
    }
    Ok(if found.findings.is_empty() { Outcome::Done } else { Outcome::Faults })
}

async fn list_coverage(
    mut client: Client,
    agency_id: String,
    year: i32,
    reporting: ReportingName,
    output: Output,
) -> Result<Outcome, Failure> {
    let reporting = match reporting {
        ReportingName::All => pb::Reporting::Unspecified,
        ReportingName::Reported => pb::Reporting::Reported,
        ReportingName::Nil => pb::Reporting::Nil,
        ReportingName::Incomplete => pb::Reporting::Incomplete,
        ReportingName::Missing => pb::Reporting::Missing,
    };
    let mut page_token = String::new();
    loop {
        let request = pb::ListCoverageRequest {
            agency_id: agency_id.clone(),
            year,
            reporting: reporting.into(),
            page_size: 1000,
            page_token,
        };
        let page = client.list_coverage(request).await?.into_inner();
        for agency in &page.agencies {
            let (key, chinese) = named(agency.reporting());
            let pb::CoverageItem { agency_id, agency_name, parent_id, .. } = agency;
            output.summary(
                format_args!("{agency_id}\t{agency_name}\t{chinese}\t{parent_id}"),
                &json!({
                    "agency": agency_id,
                    "agency_name": agency_name,
                    "parent": parent_id,
                    "reporting": key,
                }),
            );
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(Outcome::Done);
        }
    }
}

const fn named(reporting: pb::Reporting) -> (&'static str, &'static str) {
    match reporting {
        pb::Reporting::Reported => ("reported", "已报送"),
        pb::Reporting::Nil => ("nil", "零报告"),
        pb::Reporting::Incomplete => ("incomplete", "未报全"),
        pb::Reporting::Missing | pb::Reporting::Unspecified => ("missing", "未报送"),
    }
}

/// The roll-up as one object: every cell of every part.
fn object(found: &pb::GetRollUpResponse, year: i32) -> Value {
    let part = |part: &pb::RollUpPart| {
        let pb::Comparison {
            granted_permille,
            late_permille,
            median_working_days,
            change_permille,
            ..
        } = part.comparison.unwrap_or_default();
        let coverage = part.coverage.unwrap_or_default();
        let cells: Map<String, Value> = found
            .cells
            .iter()
            .zip(&part.values)
            .map(|(cell, value)| (cell.clone(), value.value.into()))
            .collect();
        json!({
            "agency": part.agency_id,
            "agency_name": part.agency_name,
            "cells": cells,
            "granted_permille": granted_permille,
            "late_permille": late_permille,
            "median_working_days": median_working_days,
            "change_permille": change_permille,
            "coverage": {
                "reported": coverage.reported_agencies,
                "nil": coverage.nil_agencies,
                "incomplete": coverage.incomplete_agencies,
                "missing": coverage.missing_agencies,
            },
        })
    };
    let outlier = |outlier: &pb::RollUpOutlier| {
        json!({
            "agency": outlier.agency_id,
            "measure": outlier.measure,
            "value": outlier.value,
            "median": outlier.median,
        })
    };
    json!({
        "year": year,
        "form": found.form,
        "as_of_position": found.as_of_position,
        "own": found.own.as_ref().map(part),
        "children": found.children.iter().map(part).collect::<Vec<_>>(),
        "sum": found.sum.as_ref().map(part),
        "outliers": found.outliers.iter().map(outlier).collect::<Vec<_>>(),
    })
}

fn text(found: &pb::GetRollUpResponse, year: i32, output: Output) {
    let sum = found.sum.clone().unwrap_or_default();
    output.line(format_args!(
        "{}　{year} 年度汇总（按 {} 年表式，截至日志第 {} 条）",
        sum.agency_name, found.form, found.as_of_position
    ));
    let mut rows = vec![heads()];
    rows.extend(found.own.iter().map(|own| row("本级", own, &found.cells)));
    rows.extend(found.children.iter().map(|part| row(&part.agency_name, part, &found.cells)));
    rows.push(row("合计", &sum, &found.cells));
    for line in aligned(&rows) {
        output.line(line);
    }
    let coverage = sum.coverage.unwrap_or_default();
    output.line(format_args!(
        "报送情况：已报送 {} 个，零报告 {} 个，未报全 {} 个，未报送 {} 个。",
        coverage.reported_agencies,
        coverage.nil_agencies,
        coverage.incomplete_agencies,
        coverage.missing_agencies
    ));
    for outlier in &found.outliers {
        let is_it = |part: &&pb::RollUpPart| part.agency_id == outlier.agency_id;
        let name = found.children.iter().find(is_it).map_or("", |part| &part.agency_name);
        let (chinese, print) = measure(&outlier.measure);
        output.line(format_args!(
            "离群：{name} {chinese} {}，各下级中位数 {}。",
            print(outlier.value),
            print(outlier.median)
        ));
    }
}

fn heads() -> Vec<String> {
    let counts = COUNTS.iter().map(|(head, _)| *head);
    let others = ["公开占比", "逾期占比", "用时中位", "较上年", "报送"];
    std::iter::once("机关").chain(counts).chain(others).map(str::to_owned).collect()
}

fn row(name: &str, part: &pb::RollUpPart, cells: &[String]) -> Vec<String> {
    let value = |wanted: &str| {
        let place = cells.iter().position(|cell| cell == wanted);
        place.and_then(|place| part.values.get(place)).and_then(|value| value.value)
    };
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "—".to_owned());
    let compared = part.comparison.unwrap_or_default();
    let coverage = part.coverage.unwrap_or_default();
    let came = coverage.reported_agencies.saturating_add(coverage.nil_agencies);
    let all =
        came.saturating_add(coverage.incomplete_agencies).saturating_add(coverage.missing_agencies);
    let mut row = vec![name.to_owned()];
    row.extend(COUNTS.iter().map(|(_, cell)| or_dash(value(cell).map(|n| n.to_string()))));
    row.push(or_dash(compared.granted_permille.map(percent)));
    row.push(or_dash(compared.late_permille.map(percent)));
    row.push(or_dash(compared.median_working_days.map(|days| days.to_string())));
    row.push(or_dash(compared.change_permille.map(percent)));
    row.push(format!("{came}/{all}"));
    row
}

/// Thousandths as hundredths with one decimal.
fn percent(permille: i64) -> String {
    let sign = if permille < 0 { "-" } else { "" };
    let whole = permille.unsigned_abs();
    format!("{sign}{}.{}%", whole / 10, whole % 10)
}

/// What a measure is called, and how it is printed.
fn measure(key: &str) -> (&'static str, fn(i64) -> String) {
    match key {
        "new_received" => ("新收件数", |value| value.to_string()),
        "concluded" => ("办结件数", |value| value.to_string()),
        "granted_permille" => ("予以公开占比", percent),
        "late_permille" => ("逾期占比", percent),
        "median_working_days" => ("用时中位数（工作日）", |value| value.to_string()),
        _ => ("较上年增减", percent),
    }
}

/// The rows as lines: the first column to the left, the others to the right, each as wide as its
/// widest cell.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(place, (cell, width))| {
            let blank = " ".repeat(width.saturating_sub(cell.width()));
            if place == 0 { format!("{cell}{blank}") } else { format!("{blank}{cell}") }
        });
        cells.collect::<Vec<_>>().join("  ")
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows =
            [row(["机关", "新收", "逾期"]), row(["某县", "1234", "0.5%"]), row(["x", "7", "—"])];
        let lines = aligned(&rows);
        assert_eq!(lines, ["机关  新收  逾期", "某县  1234  0.5%", "x        7     —"]);
    }

    #[test]
    fn thousandths_are_printed_exactly() {
        assert_eq!([0, 5, 1000, -66].map(percent), ["0.0%", "0.5%", "100.0%", "-6.6%"]);
    }
}
