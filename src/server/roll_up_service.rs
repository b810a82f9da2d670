//! Roll-ups, and what a supervising office asks for.

use tonic::{Request, Response, Status};

use super::{
    Desk,
    convert::{report::finding, roll_up as convert},
    refused::Refused,
    respond,
};
use crate::projection::AsOf;
use crate::wire::pb::v1::{
    self as pb, roll_up_service_server::RollUpService,
    supervision_service_server::SupervisionService,
};

impl Desk {
    async fn roll_up(
        &self,
        request: pb::GetRollUpRequest,
    ) -> Result<pb::GetRollUpResponse, Refused> {
        let page = convert::roll_up_page(request)?;
        let of = page.of.clone();
        let asked = self.ask_aside(page.as_of, move |register| register.roll_up(&of)).await;
        let (found, position) = asked.map_err(|refused| refused.under("selector"))?;
        let found = found.map_err(|error| Refused::from(error).under("selector"))?;
        Ok(convert::roll_up(&found, &page, position))
    }

    async fn coverage(
        &self,
        request: pb::ListCoverageRequest,
    ) -> Result<pb::ListCoverageResponse, Refused> {
        let page = convert::coverage_page(&request)?;
        let (found, position) = self
            .ask_aside(AsOf::Now, move |register| {
                let after = page.after.as_deref();
                register.coverage(&page.agency_id, page.year, page.only, after, page.size)
            })
            .await?;
        let found = found?;
        Ok(pb::ListCoverageResponse {
            agencies: found.items.into_iter().map(convert::coverage_item).collect(),
            next_page_token: found.next_after.unwrap_or_default(),
            as_of_position: position.get(),
        })
    }

    async fn check_total(
        &self,
        request: pb::CheckTotalRequest,
    ) -> Result<pb::CheckTotalResponse, Refused> {
        let (agency_id, year, published) = convert::published_total(&request)?;
        let (found, position) = self
            .ask_aside(AsOf::Now, move |register| {
                register.check_total(&agency_id, year, &published)
            })
            .await?;
        Ok(pb::CheckTotalResponse {
            findings: found?.into_iter().map(finding).collect(),
            as_of_position: position.get(),
        })
    }

    async fn report_findings(
        &self,
        request: pb::ListReportFindingsRequest,
    ) -> Result<pb::ListReportFindingsResponse, Refused> {
        let page = convert::findings_page(request)?;
        let (found, position) = self
            .ask_aside(AsOf::Now, move |register| {
                register.findings(&page.of, page.after.as_ref(), page.size)
            })
            .await?;
        let found = found?;
        Ok(pb::ListReportFindingsResponse {
            findings: found.items.into_iter().map(convert::member_finding).collect(),
            next_page_token: found.next_after.unwrap_or_default(),
            as_of_position: position.get(),
        })
    }
}

#[tonic::async_trait]
impl RollUpService for Desk {
    async fn get_roll_up(
        &self,
        request: Request<pb::GetRollUpRequest>,
    ) -> Result<Response<pb::GetRollUpResponse>, Status> {
        respond(self.roll_up(request.into_inner()).await)
    }

    async fn list_coverage(
        &self,
        request: Request<pb::ListCoverageRequest>,
    ) -> Result<Response<pb::ListCoverageResponse>, Status> {
        respond(self.coverage(request.into_inner()).await)
    }

    async fn check_total(
        &self,
        request: Request<pb::CheckTotalRequest>,
    ) -> Result<Response<pb::CheckTotalResponse>, Status> {
        respond(self.check_total(request.into_inner()).await)
    }
}

#[tonic::async_trait]
impl SupervisionService for Desk {
    async fn list_report_findings(
        &self,
        request: Request<pb::ListReportFindingsRequest>,
    ) -> Result<Response<pb::ListReportFindingsResponse>, Status> {
        respond(self.report_findings(request.into_inner()).await)
    }
}
