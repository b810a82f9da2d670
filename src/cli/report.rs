//! `disclosure report`.

use tonic::transport::Channel;

use super::{Failure, Outcome, Output, args::ReportOptions, client::connect, reports};
use crate::{
    render::Format,
    wire::pb::v1::{
        self as pb, render_report_response::Part, report_selector::AsOf,
        report_service_client::ReportServiceClient,
    },
};

pub(super) async fn run(
    server: &str,
    options: ReportOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    if let Some(below) = options.below.clone() {
        return reports::run(server, below, options, output).await;
    }
    let (Some(agency_id), &[format]) = (options.agency, &options.format[..]) else {
        return Err(Failure::usage("one report has one --agency and one --format"));
    };
    let selector = pb::ReportSelector {
        agency_id,
        year: options.year,
        subtree: options.subtree,
        form: options.form.unwrap_or_default(),
        as_of: options.as_of.as_deref().map(as_of).transpose()?,
    };
    let request = pb::RenderReportRequest {
        selector: Some(selector),
        format: wire_format(format.0).into(),
        published_version: options.published.unwrap_or_default(),
    };
    let document = receive(connect(server).await?, request).await?.bytes;
    output.document(options.output.as_deref(), &document)?;
    Ok(Outcome::Done)
}

/// A rendered report, and the position that it was derived at.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) bytes: Vec<u8>,
    pub(super) position: u64,
}

/// The bytes of a report, rendered by the server.
pub(super) async fn fetch(
    channel: Channel,
    selector: pb::ReportSelector,
    format: Format,
) -> Result<Vec<u8>, Failure> {
    Ok(fetch_document(channel, selector, format).await?.bytes)
}

/// A report, rendered by the server.
pub(super) async fn fetch_document(
    channel: Channel,
    selector: pb::ReportSelector,
    format: Format,
) -> Result<Document, Failure> {
    let format = wire_format(format).into();
    let request =
        pb::RenderReportRequest { selector: Some(selector), format, published_version: 0 };
    receive(channel, request).await
}

/// A format, as the wire names it.
pub(super) const fn wire_format(format: Format) -> pb::ReportFormat {
    match format {
        Format::Json => pb::ReportFormat::Json,
        Format::Csv => pb::ReportFormat::Csv,
        Format::Markdown => pb::ReportFormat::Markdown,
        Format::Html => pb::ReportFormat::Html,
        Format::Text => pb::ReportFormat::Text,
        Format::Docx => pb::ReportFormat::Docx,
        Format::Xlsx => pb::ReportFormat::Xlsx,
        Format::Pdf => pb::ReportFormat::Pdf,
    }
}

async fn receive(channel: Channel, request: pb::RenderReportRequest) -> Result<Document, Failure> {
    let mut parts = ReportServiceClient::new(channel).render_report(request).await?.into_inner();
    let mut document = Document::default();
    while let Some(message) = parts.message().await? {
        match message.part {
            Some(Part::Description(described)) => document.position = described.as_of_position,
            Some(Part::Chunk(chunk)) => document.bytes.extend_from_slice(&chunk),
            None => {}
        }
    }
    Ok(document)
}

/// A position, or an instant.
pub(super) fn as_of(text: &str) -> Result<AsOf, Failure> {
    if let Ok(position) = text.parse() {
        return Ok(AsOf::AsOfPosition(position));
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(instant) => Ok(AsOf::AsOfTime(prost_types::Timestamp {
            seconds: instant.as_second(),
            nanos: instant.subsec_nanosecond(),
        })),
        Err(_) => Err(Failure::usage(format!(
            "--as-of {text:?} is neither a position nor a time such as 2021-01-31T08:00:00Z"
        ))),
    }
}
