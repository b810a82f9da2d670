//! What is published of a year, and how it differs from what the register says.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use tonic::{Request, Response, Status};

use super::{
    Desk,
    convert::{Fields, publication as convert, receipt, report},
    refused::Refused,
    report_service::report_of,
    respond,
};
use crate::{
    domain::{
        Body,
        publication::{
            Cells, DocumentDigest, Event, Publish, Rejection, Take, Version, policy_settings,
        },
    },
    ledger::RecordError,
    projection::{
        AsOf, History, QueryError, Register, ReportReading, ReportReadingOf, StatementOf, tables_of,
    },
    render::{Format, RenderError, render},
    statistics::{
        Published, Tables,
        catalogue::{CheckId, Severity},
        read_published, read_published_csv,
    },
    store::root_from,
    wire::pb::v1::{
        self as pb, publication_service_server::PublicationService,
        take_published_report_request::Document,
    },
};

/// How often a report is drawn up anew when another version is published meanwhile.
const ATTEMPTS: usize = 4;

impl Desk {
    async fn publish(
        &self,
        request: pb::PublishReportRequest,
    ) -> Result<pb::PublishReportResponse, Refused> {
        let asked = convert::asked(&request, self.clock.today())?;
        let mut attempts = 0_usize;
        let (entry, recorded) = loop {
            attempts = attempts.saturating_add(1);
            let entry = convert::publish(request.clone(), self.draw_up(&asked).await?)?;
            match self.ledger.record(&entry).await {
                Err(RecordError::Publication(Rejection::Overtaken { .. }))
                    if attempts < ATTEMPTS => {}
                outcome => break (entry, outcome?),
            }
        };
        Ok(pb::PublishReportResponse {
            publication: convert::latest(&entry, &recorded),
            receipt: Some(receipt(&recorded)),
        })
    }

    /// Draws up what is to be published, with every document.
    async fn draw_up(&self, asked: &convert::Asked) -> Result<Publish, Refused> {
        let of = &asked.of;
        let selected = of.clone();
        let question = move |register: &Register| {
            Ok::<_, QueryError>((register.statement(&selected)?, register.background(&selected)?))
        };
        let (drawn_up, position) = self
            .ask_aside(asked.as_of, question)
            .await
            .and_then(|(found, position)| Ok((found?, position)))
            .map_err(|refused| refused.renamed("as_of_position", "position"))?;
        let (statement, background) = drawn_up;
        let (root_position, root) = root_from(self.store.as_ref(), position).await?;
        let (publications, history) =
            self.projection.publications(&of.agency_id, of.year, of.scope()).await?;
        let latest = publications.latest().zip(stream_version(&history));
        let causes = match latest {
            None => Vec::new(),
            Some((latest, version)) => {
                let then = ReportReading::of_version(of.year, latest, version);
                let now = ReportReading::of_statement(statement.clone(), position);
                let difference = self.projection.difference(of, &then, &now).await?;
                difference.causes.into_iter().map(|found| found.cause).collect()
            }
        };
        let report = report_of(of, statement.clone(), background, position);
        let formats = asked.formats.clone();
        let fonts = Arc::clone(&self.fonts);
        // Paper takes its time; others are answered meanwhile.
        let rendering = tokio::task::spawn_blocking(move || {
            let document = |format| Ok(document(format, render(&report, format, &fonts)?));
            formats.into_iter().map(document).collect::<Result<_, RenderError>>()
        });
        let documents = rendering.await.map_err(|_| Refused::shutting_down())??;
        Ok(Publish {
            year: of.year,
            scope: of.scope(),
            publication_date: asked.publication_date,
            submission_date: asked.submission_date,
            form: statement.tables.form().id.into(),
            agency_name: statement.agency.name,
            contact: statement.agency.contact,
            position: position.get(),
            root_position: root_position.get(),
            root: root.0,
            policy: policy_settings(statement.policy),
            cells: cells_of(&statement.tables),
            sections: statement.sections,
            findings: statement.findings.iter().map(convert::kept).collect(),
            documents,
            error_acceptance: asked.error_acceptance.clone(),
            reasons: asked.reasons.clone(),
            after_version: latest.map_or(0, |(latest, _)| latest.number()),
            causes,
        })
    }

    async fn take(
        &self,
        request: pb::TakePublishedReportRequest,
    ) -> Result<pb::TakePublishedReportResponse, Refused> {
        let taking = convert::taking(&request)?;
        let agency_id = taking.of.agency_id.clone();
        let name = |register: &Register| {
            let agency = register.book(&agency_id)?.agency()?;
            Some(agency.value.name.as_str().to_owned())
        };
        let (name, _) = self.projection.ask(AsOf::Now, name).await?;
        let name = name.ok_or_else(|| QueryError::UnknownAgency(agency_id.clone()))?;
        let read = read(&request, &taking, &name)?;
        let entry = convert::take(request, read)?;
        let (entry, recorded) = self.record(entry).await?;
        Ok(pb::TakePublishedReportResponse {
            publication: convert::latest(&entry, &recorded),
            receipt: Some(receipt(&recorded)),
        })
    }

    async fn publications(
        &self,
        request: pb::ListPublicationsRequest,
    ) -> Result<pb::ListPublicationsResponse, Refused> {
        let mut fields = Fields::default();
        let year = match request.year {
            0 => None,
            year => super::convert::year::report_year(&mut fields, year),
        };
        let agency_id = fields.id("agency_id", &request.agency_id, crate::domain::AgencyId::parse);
        let agency_id = fields.finish(agency_id)?;
        let published = |register: &Register| {
            register.book(&agency_id).map(|book| book.publications().collect::<Vec<_>>())
        };
        let (published, _) = self.projection.ask(AsOf::Now, published).await?;
        let published = published.ok_or_else(|| QueryError::UnknownAgency(agency_id.clone()))?;
        let mut publications = Vec::new();
        for (of_year, scope) in published {
            if year.is_some_and(|year| year != of_year) {
                continue;
            }
            let (found, _) = self.projection.publications(&agency_id, of_year, scope).await?;
            publications.extend(found.versions().iter().map(|version| pb::Publication {
                causes: Vec::new(),
                findings: Vec::new(),
                ..convert::message(agency_id.as_str(), of_year, scope, version)
            }));
        }
        Ok(pb::ListPublicationsResponse { publications })
    }

    /// A version of a report, 0 for the latest, with its history.
    pub(super) async fn version(
        &self,
        of: &StatementOf,
        number: u32,
    ) -> Result<(Version, History), Refused> {
        let (publications, history) =
            self.projection.publications(&of.agency_id, of.year, of.scope()).await?;
        let version = match number {
            0 => publications.latest(),
            number => publications.version(number),
        };
        let id = if number == 0 { of.year.to_string() } else { number.to_string() };
        let version = version.cloned().ok_or(QueryError::NotFound { what: "version", id })?;
        Ok((version, history))
    }

    async fn publication(
        &self,
        request: pb::GetPublicationRequest,
    ) -> Result<pb::GetPublicationResponse, Refused> {
        let mut fields = Fields::default();
        let of = convert::about(&mut fields, &request.agency_id, request.year, request.scope);
        let of = fields.finish(of)?;
        let (version, history) = self.version(&of, request.version).await?;
        let sections = match &version.edition {
            crate::domain::publication::Edition::Published(published) => {
                convert::sections(&published.sections)
            }
            crate::domain::publication::Edition::Taken(_) => Vec::new(),
        };
        Ok(pb::GetPublicationResponse {
            publication: Some(convert::message(
                of.agency_id.as_str(),
                of.year,
                of.scope(),
                &version,
            )),
            cells: report::cells(&tables_of(of.year, &version)),
            sections,
            stream_version: history.version(),
        })
    }

    async fn drift_of(
        &self,
        request: pb::GetDriftRequest,
    ) -> Result<pb::GetDriftResponse, Refused> {
        let mut fields = Fields::default();
        let of = convert::about(&mut fields, &request.agency_id, request.year, request.scope);
        let of = fields.finish(of)?;
        let (version, history) = self.version(&of, 0).await?;
        let now = self.projection.report_reading(&of, ReportReadingOf::AsOf(AsOf::Now)).await?;
        let last = stream_version(&history).ok_or_else(Refused::shutting_down)?;
        let then = ReportReading::of_version(of.year, &version, last);
        let difference = self.projection.difference(&of, &then, &now).await?;
        Ok(pb::GetDriftResponse {
            version: version.number(),
            difference: Some(convert::difference(of.year, &difference)),
        })
    }

    async fn diff(
        &self,
        request: pb::DiffReportsRequest,
    ) -> Result<pb::DiffReportsResponse, Refused> {
        let mut fields = Fields::default();
        let of = convert::about(&mut fields, &request.agency_id, request.year, request.scope);
        let from = convert::reading(&mut fields, "from", request.from);
        let to = convert::reading(&mut fields, "to", request.to);
        let whole = (|| Some((of?, from?, to?)))();
        let (of, from, to) = fields.finish(whole)?;
        let read = async |which: ReportReadingOf, position: &str, version: &str| {
            let reading = self.projection.report_reading(&of, which).await;
            reading.map_err(|error| {
                let refused = Refused::from(error).renamed("as_of_position", position);
                refused.renamed("version", version)
            })
        };
        let from = read(from, "from.position", "from.version").await?;
        let to = read(to, "to.position", "to.version").await?;
        let difference = self.projection.difference(&of, &from, &to).await?;
        Ok(pb::DiffReportsResponse { difference: Some(convert::difference(of.year, &difference)) })
    }
}

fn stream_version(history: &History) -> Option<crate::store::StreamVersion> {
    history.events.last().map(|(recorded, _)| recorded.version)
}

fn cells_of(tables: &Tables) -> Cells {
    let form = tables.form();
    tables.cells().map(|(cell, value)| (form.cell_name(cell).into(), value)).collect()
}

fn document(format: Format, bytes: Vec<u8>) -> (DocumentDigest, Arc<[u8]>) {
    let digest = DocumentDigest {
        format: format.key().into(),
        media_type: format.media_type().into(),
        size: bytes.len() as u64,
        sha256: Sha256::digest(&bytes).into(),
    };
    (digest, bytes.into())
}

/// The document that was kept of a version in a format; `None` if there is none.
pub(super) fn kept_document(history: &History, version: u32, format: Format) -> Option<Vec<u8>> {
    let mut document = None;
    for (_, event) in &history.events {
        if let Body::Publication(Event::DocumentKept(kept)) = &event.body
            && kept.version == version
            && *kept.format == *format.key()
        {
            document.get_or_insert_with(Vec::new).extend_from_slice(&kept.content);
        }
    }
    document
}

/// Reads a report published elsewhere; what it says that no cell can hold is refused.
fn read(
    request: &pb::TakePublishedReportRequest,
    taking: &convert::Taking,
    name: &str,
) -> Result<Take, Refused> {
    let of = &taking.of;
    let (field, format, text, read) = match &request.document {
        Some(Document::Csv(text)) => {
            let read = read_published_csv(text, of.agency_id.as_str(), of.year);
            ("csv", Format::Csv, text.as_str(), read)
        }
        Some(Document::Json(text)) => ("json", Format::Json, text.as_str(), read_published(text)),
        None => ("json", Format::Json, "", read_published("")),
    };
    let mut fields = Fields::default();
    let read = fields.take(field, read);
    let read = fields.finish(read)?;
    let Published { agency, year, form, tables, findings, .. } = read;
    let mut fields = Fields::default();
    if agency != of.agency_id.as_str() && agency != name {
        fields.fault(field, format!("is a report of {agency:?}, not of {} {name:?}", of.agency_id));
    }
    if year != of.year {
        fields.fault(field, format!("is a report for {year}, not for {}", of.year));
    }
    // On whichever form it is: it is taken in as given.
    let is_wrong = |found: &&crate::statistics::Finding| {
        found.severity == Severity::Error
            && (found.id != CheckId::FORMAT_VERSION || found.place != "form")
    };
    for found in findings.iter().filter(is_wrong) {
        fields.fault(field, &found.message);
    }
    fields.finish(Some(()))?;
    Ok(Take {
        year: of.year,
        scope: of.scope(),
        publication_date: taking.publication_date,
        form: form.id.into(),
        source: taking.source.clone(),
        cells: cells_of(&tables),
        document: document(format, text.as_bytes().to_vec()),
        reasons: taking.reasons.clone(),
    })
}

#[tonic::async_trait]
impl PublicationService for Desk {
    async fn publish_report(
        &self,
        request: Request<pb::PublishReportRequest>,
    ) -> Result<Response<pb::PublishReportResponse>, Status> {
        respond(self.publish(request.into_inner()).await)
    }

    async fn take_published_report(
        &self,
        request: Request<pb::TakePublishedReportRequest>,
    ) -> Result<Response<pb::TakePublishedReportResponse>, Status> {
        respond(self.take(request.into_inner()).await)
    }

    async fn record_submission(
        &self,
        request: Request<pb::RecordSubmissionRequest>,
    ) -> Result<Response<pb::RecordSubmissionResponse>, Status> {
        let (_, recorded) = self.record(convert::submit(request.into_inner())?).await?;
        Ok(Response::new(pb::RecordSubmissionResponse { receipt: Some(receipt(&recorded)) }))
    }

    async fn list_publications(
        &self,
        request: Request<pb::ListPublicationsRequest>,
    ) -> Result<Response<pb::ListPublicationsResponse>, Status> {
        respond(self.publications(request.into_inner()).await)
    }

    async fn get_publication(
        &self,
        request: Request<pb::GetPublicationRequest>,
    ) -> Result<Response<pb::GetPublicationResponse>, Status> {
        respond(self.publication(request.into_inner()).await)
    }

    async fn get_drift(
        &self,
        request: Request<pb::GetDriftRequest>,
    ) -> Result<Response<pb::GetDriftResponse>, Status> {
        respond(self.drift_of(request.into_inner()).await)
    }

    async fn diff_reports(
        &self,
        request: Request<pb::DiffReportsRequest>,
    ) -> Result<Response<pb::DiffReportsResponse>, Status> {
        respond(self.diff(request.into_inner()).await)
    }
}
