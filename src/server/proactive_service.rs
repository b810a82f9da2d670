//! The declared figures of table two.

use tonic::{Request, Response, Status};

use super::{
    Desk, OfYear,
    convert::{receipt, year as convert},
    refused::Refused,
    respond,
};
use crate::{
    projection::AgencyBook,
    wire::pb::v1::{self as pb, proactive_service_server::ProactiveService},
};

impl Desk {
    async fn figures(
        &self,
        request: pb::GetFiguresRequest,
    ) -> Result<pb::GetFiguresResponse, Refused> {
        let OfYear { agency_id, year, value, version } =
            self.of_year(&request.agency_id, request.year, AgencyBook::figures).await?;
        let figures = convert::figures_message(agency_id.as_str(), year, &value, version);
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
