//! Rendered reports.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tonic::{Request, Response, Status};

use super::{
    Desk, Responses,
    convert::{self, Fields},
    publication_service::kept_document,
    refused::Refused,
};
use crate::{
    domain::{
        application::CountingPolicy,
        narrative::Sections,
        publication::{Edition, Published, counting_policy},
    },
    projection::{AsOf, QueryError, Register, Statement, StatementOf, tables_of},
    render::{Format, Report, render},
    statistics::{Background, Tables, catalogue::form_for},
    store::GlobalPosition,
    wire::pb::v1::{
        self as pb, render_report_response::Part, report_service_server::ReportService,
    },
};

/// How much of a document goes in one message.
pub(super) const CHUNK_BYTES: usize = 64 * 1024;

impl Desk {
    async fn rendered(
        &self,
        request: pb::RenderReportRequest,
    ) -> Result<Vec<pb::RenderReportResponse>, Refused> {
        let mut fields = Fields::default();
        let format = format(&mut fields, "format", request.format);
        let format = fields.finish(format)?;
        if request.published_version != 0 {
            return self.published(request.selector, request.published_version, format).await;
        }
        let (of, statement, background, position) = if format.draws() {
            self.statement_to_draw(request.selector).await?
        } else {
            let (of, statement, position) = self.reviewed(request.selector).await?;
            (of, statement, Background::default(), position)
        };
        let report = report_of(&of, statement, background, position);
        let document = self.render(report, format).await?;
        let stem = format!("{}-{}", of.agency_id, of.year);
        Ok(parts(&stem, position.get(), format, document))
    }

    /// A version that was published, as it was.
    async fn published(
        &self,
        selector: Option<pb::ReportSelector>,
        number: u32,
        format: Format,
    ) -> Result<Vec<pb::RenderReportResponse>, Refused> {
        let (of, as_of) = convert::report::selector(selector)?;
        let mut fields = Fields::default();
        if of.form.is_some() {
            fields
                .fault("selector.form", "a version that was published has its form; leave it out");
        }
        if as_of != AsOf::Now {
            fields
                .fault("selector.as_of", "a version that was published has its time; leave it out");
        }
        fields.finish(Some(()))?;
        let (version, history) = self.version(&of, number).await?;
        let position = version.position().unwrap_or(0);
        let stem = format!("{}-{}-v{number}", of.agency_id, of.year);
        if let Some(kept) = kept_document(&history, number, format) {
            return Ok(parts(&stem, position, format, kept));
        }
        let report = match &version.edition {
            Edition::Published(published) => frozen(&of, published),
            Edition::Taken(_) => {
                let id = &of.agency_id;
                let agency = |register: &Register| {
                    register.book(id)?.agency().map(|agency| agency.value.clone())
                };
                let (agency, _) = self.projection.ask(AsOf::Now, agency).await?;
                let agency = agency.ok_or_else(|| QueryError::UnknownAgency(id.clone()))?;
                Report {
                    agency_id: id.to_string(),
                    agency_name: agency.name.as_str().to_owned(),
                    contact: String::new(),
                    year: of.year,
                    tables: tables_of(of.year, &version),
                    sections: Sections::new(),
                    findings: Vec::new(),
                    as_of_position: 0,
                    background: Background::default(),
                    policy: CountingPolicy::default(),
                }
            }
        };
        let report = Report { tables: tables_of(of.year, &version), ..report };
        let document = self.render(report, format).await?;
        Ok(parts(&stem, position, format, document))
    }

    /// The statement that a selector means with what its charts are drawn from, and the position it
    /// was drawn up at.
    async fn statement_to_draw(
        &self,
        selector: Option<pb::ReportSelector>,
    ) -> Result<(StatementOf, Statement, Background, GlobalPosition), Refused> {
        let (of, as_of) = convert::report::selector(selector)?;
        let question = move |register: &Register| {
            let drawn_up = (register.statement(&of)?, register.background(&of)?);
            Ok::<_, QueryError>((of, drawn_up))
        };
        let ((of, (statement, background)), position) = self
            .ask_aside(as_of, question)
            .await
            .and_then(|(found, position)| Ok((found?, position)))
            .map_err(|refused| refused.under("selector"))?;
        Ok((of, statement, background, position))
    }

    async fn render(&self, report: Report, format: Format) -> Result<Vec<u8>, Refused> {
        if format != Format::Pdf {
            // It takes a fraction of a millisecond; to wake another thread for it takes longer.
            return Ok(render(&report, format, &self.fonts)?);
        }
        let fonts = self.fonts.clone();
        let rendered = tokio::task::spawn_blocking(move || render(&report, format, &fonts)).await;
        Ok(rendered.map_err(|_| Refused::shutting_down())??)
    }
}

/// A report of what a statement says.
pub(super) fn report_of(
    of: &StatementOf,
    statement: Statement,
    background: Background,
    position: GlobalPosition,
) -> Report {
    Report {
        agency_id: of.agency_id.to_string(),
        agency_name: statement.agency.name.as_str().to_owned(),
        contact: statement.agency.contact.as_str().to_owned(),
        year: of.year,
        tables: statement.tables,
        sections: statement.sections,
        findings: statement.findings,
        as_of_position: position.get(),
        background,
        policy: statement.policy,
    }
}

/// A report of what was published. What the checks found then stands in the JSON that is kept.
fn frozen(of: &StatementOf, published: &Published) -> Report {
    Report {
        agency_id: of.agency_id.to_string(),
        agency_name: published.agency_name.as_str().to_owned(),
        contact: published.contact.as_str().to_owned(),
        year: of.year,
        tables: Tables::blank(form_for(of.year)),
        sections: published.sections.clone(),
        findings: Vec::new(),
        as_of_position: published.position,
        background: Background::default(),
        policy: counting_policy(&published.policy),
    }
}

/// The format with this number.
pub(super) fn format(fields: &mut Fields, field: &str, code: i32) -> Option<Format> {
    match pb::ReportFormat::try_from(code) {
        Ok(pb::ReportFormat::Json) => Some(Format::Json),
        Ok(pb::ReportFormat::Csv) => Some(Format::Csv),
        Ok(pb::ReportFormat::Markdown) => Some(Format::Markdown),
        Ok(pb::ReportFormat::Html) => Some(Format::Html),
        Ok(pb::ReportFormat::Text) => Some(Format::Text),
        Ok(pb::ReportFormat::Docx) => Some(Format::Docx),
        Ok(pb::ReportFormat::Xlsx) => Some(Format::Xlsx),
        Ok(pb::ReportFormat::Pdf) => Some(Format::Pdf),
        Ok(pb::ReportFormat::Unspecified) => {
            fields.fault(field, "is required, and is unspecified");
            None
        }
        Err(unknown) => fields.take(field, Err(unknown)),
    }
}

/// A document in messages, its description first.
fn parts(
    stem: &str,
    as_of_position: u64,
    format: Format,
    document: Vec<u8>,
) -> Vec<pb::RenderReportResponse> {
    let mut document = Bytes::from(document);
    let description = pb::ReportDescription {
        media_type: format.media_type().to_owned(),
        file_name: format!("{stem}.{}", format.extension()),
        size_bytes: document.len() as u64,
        sha256: Bytes::copy_from_slice(&Sha256::digest(&document)),
        as_of_position,
    };
    let mut parts = vec![Part::Description(description)];
    while !document.is_empty() {
        let next = document.split_to(document.len().min(CHUNK_BYTES));
        parts.push(Part::Chunk(next));
    }
    parts.into_iter().map(|part| pb::RenderReportResponse { part: Some(part) }).collect()
}

#[tonic::async_trait]
impl ReportService for Desk {
    type RenderReportStream = Responses<pb::RenderReportResponse>;

    async fn render_report(
        &self,
        request: Request<pb::RenderReportRequest>,
    ) -> Result<Response<Self::RenderReportStream>, Status> {
        let parts = self.rendered(request.into_inner()).await?;
        Ok(Response::new(Box::pin(tokio_stream::iter(parts.into_iter().map(Ok)))))
    }
}
