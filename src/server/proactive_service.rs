//! The declared figures of table two.

use tonic::{Request, Response, Status};

use super::{
    Desk,
    convert::{Fields, receipt, year as convert},
    refused::Refused,
    respond,
};
use crate::{
    domain::AgencyId,
    projection::{AsOf, QueryError},
    wire::pb::v1::{self as pb, proactive_service_server::ProactiveService},
};

impl Desk {
    async fn figures(
        &self,
        request: pb::GetFiguresRequest,
    ) -> Result<pb::GetFiguresResponse, Refused> {
        let mut fields = Fields::default();
        let agency_id = fields.id("agency_id", &request.agency_id, AgencyId::parse);
        let year = convert::report_year(&mut fields, request.year);
        let whole = (|| Some((agency_id?, year?)))();
        let (agency_id, year) = fields.finish(whole)?;
        let (found, _) = self
            .projection
            .ask(AsOf::Now, |register| {
                register.book(&agency_id).map(|book| book.figures(year).cloned())
            })
            .await?;
        let found = found.ok_or_else(|| QueryError::UnknownAgency(agency_id.clone()))?;
        let (figures, version) = match found {
            Some(found) => (found.value, found.version.to_string()),
            None => Default::default(),
        };
        let figures = convert::figures_message(agency_id.as_str(), year, &figures, version);
        Ok(pb::GetFiguresResponse { figures: Some(figures) })
    }
}

#[tonic::async_trait]
impl ProactiveService for Desk {
    async fn declare_figures(
        &self,
        request: Request<pb::DeclareFiguresRequest>,
    ) -> Result<Response<pb::DeclareFiguresResponse>, Status> {
        let (entry, recorded) = self.record(convert::declare(request.into_inner())?).await?;
        Ok(Response::new(pb::DeclareFiguresResponse {
            figures: convert::declared(&entry, &recorded),
            receipt: Some(receipt(&recorded)),
        }))
    }

    async fn get_figures(
        &self,
        request: Request<pb::GetFiguresRequest>,
    ) -> Result<Response<pb::GetFiguresResponse>, Status> {
        respond(self.figures(request.into_inner()).await)
    }
}
