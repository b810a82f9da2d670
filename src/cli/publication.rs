//! `disclosure publish`, `publications`, `publication`, `drift` and `diff`.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    Failure, Outcome, Output,
    args::{DiffOptions, DriftOptions, PublicationAct, PublicationsOptions, PublishOptions},
    calendar::date,
    client::{Run, connect},
    report::{as_of, wire_format},
};
use crate::{
    domain::{
        ReportYear,
        narrative::Section,
        publication::{CauseKind, Scope},
    },
    integrity::Hash,
    statistics::catalogue::{form_for, section_title},
    wire::{
        Coded, civil_date,
        pb::{
            event::v1 as events,
            v1::{
                self as pb, publication_service_client::PublicationServiceClient,
                report_reading::Reading, report_selector::AsOf,
                take_published_report_request::Document,
            },
        },
    },
};

/// Publishes a year's report.
pub(super) async fn publish(
    server: &str,
    options: PublishOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let request = pb::PublishReportRequest {
        write: Some(Run::new("publish").write()),
        agency_id: options.agency,
        year: options.year,
        scope: scope(options.subtree),
        publication_date: options.date.map(civil_date),
        submission_date: options.submitted.map(civil_date),
        position: options.position.unwrap_or(0),
        formats: options.formats.iter().map(|name| wire_format(name.0).into()).collect(),
        error_acceptance: options.accept_errors.unwrap_or_default(),
        reasons: options.reasons,
    };
    let mut client = PublicationServiceClient::new(connect(server).await?);
    let answer = client.publish_report(request).await?.into_inner();
    tell(&answer.publication.unwrap_or_default(), answer.receipt, output);
    Ok(Outcome::Done)
}

/// Lists what an agency has published.
pub(super) async fn list(
    server: &str,
    options: PublicationsOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let request = pb::ListPublicationsRequest {
        agency_id: options.agency,
        year: options.year.unwrap_or_default(),
    };
    let mut client = PublicationServiceClient::new(connect(server).await?);
    let found = client.list_publications(request).await?.into_inner();
    for publication in &found.publications {
        output.summary(line(publication), &object(publication));
    }
    Ok(Outcome::Done)
}

/// Takes in, submits or shows one.
pub(super) async fn run(
    server: &str,
    act: PublicationAct,
    output: Output,
) -> Result<Outcome, Failure> {
    let write = Some(Run::new("publication").write());
    match act {
        PublicationAct::Take { of, date, source, reasons, file } => {
            let request = pb::TakePublishedReportRequest {
                write,
                agency_id: of.agency,
                year: of.year,
                scope: scope(of.subtree),
                publication_date: Some(civil_date(date)),
                source,
                document: Some(document(&file)?),
                reasons,
            };
            let mut client = PublicationServiceClient::new(connect(server).await?);
            let answer = client.take_published_report(request).await?.into_inner();
            tell(&answer.publication.unwrap_or_default(), answer.receipt, output);
        }
        PublicationAct::Submit { of, version, date, to } => {
            let request = pb::RecordSubmissionRequest {
                write,
                agency_id: of.agency,
                year: of.year,
                scope: scope(of.subtree),
                version: version.unwrap_or_default(),
                submission_date: Some(civil_date(date)),
                recipient: to.unwrap_or_default(),
            };
            let mut client = PublicationServiceClient::new(connect(server).await?);
            let receipt = client.record_submission(request).await?.into_inner().receipt;
            let receipt = receipt.unwrap_or_default();
            let state = if receipt.unchanged { "已有相同登记" } else { "已登记" };
            let year = of.year;
            output.summary(
                format_args!("{year} 年度报告于 {date} 提交，{state}（序号 {}）", receipt.position),
                &json!({
                    "year": year,
                    "submission_date": date.to_string(),
                    "position": receipt.position,
                    "unchanged": receipt.unchanged,
                }),
            );
        }
        PublicationAct::Show { of, version } => {
            let request = pb::GetPublicationRequest {
                agency_id: of.agency,
                year: of.year,
                scope: scope(of.subtree),
                version: version.unwrap_or_default(),
            };
            let mut client = PublicationServiceClient::new(connect(server).await?);
            let found = client.get_publication(request).await?.into_inner();
            show(&found, output);
        }
    }
    Ok(Outcome::Done)
}

/// Says how the latest version differs from the register.
pub(super) async fn drift(
    server: &str,
    options: DriftOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let DriftOptions { of } = options;
    let year = of.year;
    let request = pb::GetDriftRequest { agency_id: of.agency, year, scope: scope(of.subtree) };
    let mut client = PublicationServiceClient::new(connect(server).await?);
    let found = client.get_drift(request).await?.into_inner();
    let names = [format!("第 {} 版", found.version), "现在".to_owned()];
    differ(year, &names, &found.difference.unwrap_or_default(), output);
    Ok(Outcome::Done)
}

/// Says how two readings differ.
pub(super) async fn diff(
    server: &str,
    options: DiffOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let DiffOptions { of, from, to } = options;
    let year = of.year;
    let (from_name, from) = reading(&from)?;
    let (to_name, to) = reading(&to)?;
    let request = pb::DiffReportsRequest {
        agency_id: of.agency,
        year,
        scope: scope(of.subtree),
        from: Some(from),
        to: Some(to),
    };
    let mut client = PublicationServiceClient::new(connect(server).await?);
    let found = client.diff_reports(request).await?.into_inner().difference;
    differ(year, &[from_name, to_name], &found.unwrap_or_default(), output);
    Ok(Outcome::Done)
}

fn scope(subtree: bool) -> i32 {
    Scope::of(subtree).code()
}

/// A version by its number, `now`, or `@` and a position or a time.
fn reading(text: &str) -> Result<(String, pb::ReportReading), Failure> {
    if text == "now" {
        return Ok(("现在".to_owned(), pb::ReportReading { reading: None }));
    }
    if let Some(moment) = text.strip_prefix('@') {
        let reading = match as_of(moment)? {
            AsOf::AsOfPosition(position) => Reading::Position(position),
            AsOf::AsOfTime(time) => Reading::RecordTime(time),
        };
        let name = format!("截至 {moment}");
        return Ok((name, pb::ReportReading { reading: Some(reading) }));
    }
    match text.parse() {
        Ok(version) => {
            let reading = Some(Reading::Version(version));
            Ok((format!("第 {version} 版"), pb::ReportReading { reading }))
        }
        Err(_) => Err(Failure::usage(format!(
            "{text:?} is no version such as 1, not now, and no @POSITION or @TIME"
        ))),
    }
}

fn document(path: &Path) -> Result<Document, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::faults(format!("{} is not UTF-8 text", path.display())))?;
    let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    Ok(if is_csv { Document::Csv(text) } else { Document::Json(text) })
}

fn tell(publication: &pb::Publication, receipt: Option<pb::WriteReceipt>, output: Output) {
    let receipt = receipt.unwrap_or_default();
    let state = if receipt.unchanged { "已有相同版本" } else { "已登记" };
    let mut said = object(publication);
    if let Some(members) = said.as_object_mut() {
        members.insert("recorded_position".to_owned(), json!(receipt.position));
        members.insert("unchanged".to_owned(), json!(receipt.unchanged));
    }
    output.summary(
        format_args!("{}，{state}（序号 {}）", line(publication), receipt.position),
        &said,
    );
}

/// Year, version, days, and where it comes from, in one line.
fn line(publication: &pb::Publication) -> String {
    let pb::Publication { year, version, position, source, .. } = publication;
    let scope = match Scope::from_code(publication.scope) {
        Ok(Some(Scope::Subtree)) => "年度汇总报告",
        Ok(_) | Err(_) => "年度报告",
    };
    let published = date(publication.publication_date).unwrap_or_default();
    let submitted = date(publication.submission_date);
    let submitted = submitted.map(|date| format!("，{date} 提交")).unwrap_or_default();
    let basis = if source.is_empty() {
        format!("据序号 {position} 的登记编制")
    } else {
        format!("系统外年报，来源：{source}")
    };
    let reasons = publication.reasons.join("；");
    let reasons = if reasons.is_empty() { reasons } else { format!("，更正原因：{reasons}") };
    format!("{year} {scope}第 {version} 版，{published} 公布{submitted}，{basis}{reasons}")
}

fn hex(bytes: &[u8]) -> String {
    <[u8; 32]>::try_from(bytes).map(|bytes| Hash(bytes).to_string()).unwrap_or_default()
}

fn object(publication: &pb::Publication) -> Value {
    let scope = Scope::from_code(publication.scope).ok().flatten();
    let documents: Vec<_> = publication
        .documents
        .iter()
        .map(|document| {
            json!({
                "format": document.format,
                "media_type": document.media_type,
                "size_bytes": document.size_bytes,
                "sha256": hex(&document.sha256),
            })
        })
        .collect();
    let policy: serde_json::Map<String, Value> = publication
        .policy
        .iter()
        .map(|setting| (setting.name.clone(), json!(setting.value)))
        .collect();
    let findings: Vec<_> = publication
        .findings
        .iter()
        .map(|found| {
            json!({
                "id": found.id,
                "severity": found.severity,
                "where": found.place,
                "message": found.message,
            })
        })
        .collect();
    json!({
        "agency": publication.agency_id,
        "year": publication.year,
        "scope": scope.map(Scope::key),
        "version": publication.version,
        "form": publication.form,
        "publication_date": date(publication.publication_date),
        "submission_date": date(publication.submission_date),
        "recipient": publication.recipient,
        "position": publication.position,
        "root_position": publication.root_position,
        "root": hex(&publication.root),
        "source": publication.source,
        "policy": policy,
        "documents": documents,
        "reasons": publication.reasons,
        "error_acceptance": publication.error_acceptance,
        "findings": findings,
        "causes": publication.causes.iter().map(cause_object).collect::<Vec<_>>(),
    })
}

fn show(found: &pb::GetPublicationResponse, output: Output) {
    let publication = found.publication.clone().unwrap_or_default();
    let mut said = object(&publication);
    if let Some(members) = said.as_object_mut() {
        let cells: serde_json::Map<String, Value> =
            found.cells.iter().map(|cell| (cell.cell.clone(), json!(cell.value))).collect();
        members.insert("cells".to_owned(), Value::Object(cells));
        members.insert("stream_version".to_owned(), json!(found.stream_version));
    }
    if output.json {
        return output.line(said);
    }
    output.line(line(&publication));
    if !publication.root.is_empty() {
        let (position, root) = (publication.root_position, hex(&publication.root));
        output.line(format_args!("登记簿至序号 {position} 的根：{root}"));
    }
    for document in &publication.documents {
        output.line(format_args!(
            "{}\t{} 字节\tSHA-256 {}",
            document.format,
            document.size_bytes,
            hex(&document.sha256)
        ));
    }
    for found in &publication.findings {
        output.line(format_args!("{}\t{}\t{}", found.severity, found.id, found.message));
    }
    if !publication.error_acceptance.is_empty() {
        output.line(format_args!("存在校验错误仍予公布的说明：{}", publication.error_acceptance));
    }
}

fn cause_object(cause: &events::DifferenceCause) -> Value {
    let kind = CauseKind::from_code(cause.kind).ok().flatten();
    let moves: serde_json::Map<String, Value> =
        cause.moves.iter().map(|moved| (moved.cell.clone(), json!(moved.delta))).collect();
    let events: Vec<_> = cause
        .events
        .iter()
        .map(|event| {
            json!({
                "position": event.position,
                "event": event.name,
                "effective_date": date(event.effective_date),
            })
        })
        .collect();
    json!({
        "kind": kind.map(CauseKind::key),
        "agency": cause.agency_id,
        "subject": cause.subject,
        "moves": moves,
        "events": events,
    })
}

/// Prints how two readings differ.
fn differ(year: i32, names: &[String; 2], difference: &pb::ReportDifference, output: Output) {
    let [from, to] = names;
    let pb::ReportDifference { cells, sections, causes, .. } = difference;
    if output.json {
        return output.line(difference_object(difference));
    }
    if cells.is_empty() && sections.is_empty() {
        return output.line(format_args!("{year} 年度报告：{from} 与{to}一致。"));
    }
    let (changed, rewritten) = (cells.len(), sections.len());
    output.line(format_args!(
        "{year} 年度报告：{from} 与{to}有 {changed} 格、{rewritten} 个文字部分不一致，原因 {} 项。",
        causes.len()
    ));
    for cause in causes {
        output.line(format_args!("原因：{}", cause.message));
    }
    let form = ReportYear::new(year).ok().map(form_for);
    let printed = |name: &str, value: Option<i64>| match value {
        None => "空白".to_owned(),
        Some(value) => {
            let cell = form.and_then(|form| Some((form, form.find_cell(name)?)));
            cell.map_or_else(|| value.to_string(), |(form, cell)| form.printed(cell, value))
        }
    };
    for change in cells {
        let (before, after) =
            (printed(&change.cell, change.before), printed(&change.cell, change.after));
        let label = if change.label.is_empty() { &change.cell } else { &change.label };
        output.line(format_args!("{label}\t{before} → {after}"));
    }
    for change in sections {
        let section = Section::from_code(change.section).ok().flatten();
        let name = section.map(section_title).unwrap_or_default();
        output.line(format_args!("{name}\t已改写"));
    }
}

fn difference_object(difference: &pb::ReportDifference) -> Value {
    let cells: Vec<_> = difference
        .cells
        .iter()
        .map(|change| {
            json!({
                "cell": change.cell,
                "before": change.before,
                "after": change.after,
                "delta": change.delta,
                "label": change.label,
            })
        })
        .collect();
    let sections: Vec<_> = difference
        .sections
        .iter()
        .map(|change| {
            let section = Section::from_code(change.section).ok().flatten();
            json!({
                "section": section.map(Section::key),
                "before": change.before,
                "after": change.after,
            })
        })
        .collect();
    let causes: Vec<_> = difference
        .causes
        .iter()
        .map(|found| {
            let mut said = found.cause.as_ref().map(cause_object).unwrap_or_default();
            if let Some(members) = said.as_object_mut() {
                let times: Vec<_> = found.record_time.iter().map(instant).collect();
                members.insert("record_times".to_owned(), json!(times));
                members.insert("message".to_owned(), json!(found.message));
            }
            said
        })
        .collect();
    json!({
        "from_position": difference.from_position,
        "to_position": difference.to_position,
        "cells": cells,
        "sections": sections,
        "causes": causes,
    })
}

fn instant(time: &prost_types::Timestamp) -> String {
    let instant = jiff::Timestamp::new(time.seconds, time.nanos);
    instant.map(|instant| instant.to_string()).unwrap_or_default()
}
