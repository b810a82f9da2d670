//! `disclosure report`.

use tonic::transport::Channel;

use super::{Failure, Outcome, Output, args::ReportOptions, client::connect};
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
    let selector = pb::ReportSelector {
        agency_id: options.agency,
        year: options.year,
        subtree: options.subtree,
        form: options.form.unwrap_or_default(),
        as_of: options.as_of.as_deref().map(as_of).transpose()?,
    };
    let document = fetch(connect(server).await?, selector, options.format.0).await?;
    output.document(options.output.as_deref(), &document)?;
    Ok(Outcome::Done)
}

/// A report, rendered by the server.
pub(super) async fn fetch(
    channel: Channel,
    selector: pb::ReportSelector,
    format: Format,
) -> Result<Vec<u8>, Failure> {
    let format = match format {
        Format::Json => pb::ReportFormat::Json,
        Format::Csv => pb::ReportFormat::Csv,
        Format::Markdown => pb::ReportFormat::Markdown,
        Format::Html => pb::ReportFormat::Html,
        Format::Text => pb::ReportFormat::Text,
        Format::Pdf => pb::ReportFormat::Pdf,
    };
    let request = pb::RenderReportRequest { selector: Some(selector), format: format.into() };
    let mut parts = ReportServiceClient::new(channel).render_report(request).await?.into_inner();
    let mut document = Vec::new();
    while let Some(message) = parts.message().await? {
        if let Some(Part::Chunk(chunk)) = message.part {
            document.extend_from_slice(&chunk);
        }
    }
    Ok(document)
}

/// A position, or an instant.
fn as_of(text: &str) -> Result<AsOf, Failure> {
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
