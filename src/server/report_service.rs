//! Rendered reports.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tonic::{Request, Response, Status};

use super::{
    Desk, Responses,
    convert::{self, Fields},
    refused::Refused,
};
use crate::{
    projection::{QueryError, Register, Statement, StatementOf},
    render::{Format, Report, render},
    statistics::Background,
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
        let format = format(request.format)?;
        let (of, statement, background, position) = if format.draws() {
            self.statement_to_draw(request.selector).await?
        } else {
            let (of, statement, position) = self.statement(request.selector).await?;
            (of, statement, Background::default(), position)
        };
        let stem = format!("{}-{}", of.agency_id, of.year);
        let report = Report {
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
        };
        let document = Bytes::from(self.render(report, format).await?);
        let description = pb::ReportDescription {
            media_type: format.media_type().to_owned(),
            file_name: format!("{stem}.{}", format.extension()),
            size_bytes: document.len() as u64,
            sha256: Bytes::copy_from_slice(&Sha256::digest(&document)),
            as_of_position: position.get(),
        };
        Ok(parts(description, document))
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

fn format(code: i32) -> Result<Format, Refused> {
    let mut fields = Fields::default();
    let format = match pb::ReportFormat::try_from(code) {
        Ok(pb::ReportFormat::Json) => Some(Format::Json),
        Ok(pb::ReportFormat::Csv) => Some(Format::Csv),
        Ok(pb::ReportFormat::Markdown) => Some(Format::Markdown),
        Ok(pb::ReportFormat::Html) => Some(Format::Html),
        Ok(pb::ReportFormat::Text) => Some(Format::Text),
        Ok(pb::ReportFormat::Docx) => Some(Format::Docx),
        Ok(pb::ReportFormat::Xlsx) => Some(Format::Xlsx),
        Ok(pb::ReportFormat::Pdf) => Some(Format::Pdf),
        Ok(pb::ReportFormat::Unspecified) => {
            fields.fault("format", "is required, and is unspecified");
            None
        }
        Err(unknown) => fields.take("format", Err(unknown)),
    };
    fields.finish(format)
}

fn parts(description: pb::ReportDescription, mut document: Bytes) -> Vec<pb::RenderReportResponse> {
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
