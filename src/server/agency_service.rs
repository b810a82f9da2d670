//! Agencies.

use tonic::{Request, Response, Status};

use super::{
    Desk,
    convert::{Fields, agency as convert, page_size, page_start},
    refused::Refused,
    respond,
};
use crate::{
    domain::AgencyId,
    ledger::{Entry, Recorded},
    projection::{AsOf, QueryError},
    wire::pb::v1::{self as pb, agency_service_server::AgencyService},
};

impl Desk {
    async fn register(
        &self,
        request: pb::RegisterAgencyRequest,
    ) -> Result<pb::RegisterAgencyResponse, Refused> {
        let (entry, recorded) = self.record(convert::register(request)?).await?;
        let (agency, receipt) = convert::answer(entry.agency_id(), &recorded);
        Ok(pb::RegisterAgencyResponse { agency, receipt })
    }

    async fn reparent(
        &self,
        request: pb::ReparentAgencyRequest,
    ) -> Result<pb::ReparentAgencyResponse, Refused> {
        let (entry, recorded) = self.record(convert::reparent(request)?).await?;
        let (agency, receipt) = convert::answer(entry.agency_id(), &recorded);
        Ok(pb::ReparentAgencyResponse { agency, receipt })
    }

    async fn succeed(
        &self,
        request: pb::SucceedAgencyRequest,
    ) -> Result<pb::SucceedAgencyResponse, Refused> {
        let (entry, recorded) = self.record(convert::succeed(request)?).await?;
        let (agency, receipt) = convert::answer(entry.agency_id(), &recorded);
        Ok(pb::SucceedAgencyResponse { agency, receipt })
    }

    async fn agency(
        &self,
        request: pb::GetAgencyRequest,
    ) -> Result<pb::GetAgencyResponse, Refused> {
        let mut fields = Fields::default();
        let id = fields.id("agency_id", &request.agency_id, AgencyId::parse);
        let id = fields.finish(id)?;
        let (found, _) = self
            .projection
            .ask(AsOf::Now, |register| register.book(&id).and_then(|book| book.agency()).cloned())
            .await?;
        let found = found.ok_or_else(|| QueryError::UnknownAgency(id.clone()))?;
        let agency = convert::message(id.as_str(), &found.value, found.version.to_string());
        Ok(pb::GetAgencyResponse { agency: Some(agency) })
    }

    async fn agencies(
        &self,
        request: pb::ListAgenciesRequest,
    ) -> Result<pb::ListAgenciesResponse, Refused> {
        let mut fields = Fields::default();
        let size = page_size(&mut fields, request.page_size);
        let parent = fields.optional_id("parent_id", &request.parent_id, AgencyId::parse);
        let year = match request.year {
            0 => Some(self.clock.today().year()),
            year => convert::calendar_year(&mut fields, "year", year),
        };
        let whole = (|| Some((size?, parent, year?)))();
        let (size, parent, year) = fields.finish(whole)?;
        let after = page_start(&request.page_token);
        let (page, _) = self
            .projection
            .ask(AsOf::Now, |register| {
                register.agencies(parent.as_ref().map(|parent| (parent, year)), after, size)
            })
            .await?;
        let message = |(id, agency): (AgencyId, crate::projection::Versioned<_>)| {
            convert::message(id.as_str(), &agency.value, agency.version.to_string())
        };
        Ok(pb::ListAgenciesResponse {
            agencies: page.items.into_iter().map(message).collect(),
            next_page_token: page.next_after.unwrap_or_default(),
        })
    }

    /// Records one entry, and gives it back with what was recorded.
    ///
    /// A caller who goes away leaves nothing half done: what was handed to the store is recorded,
    /// and a repeated request gets its answer.
    pub(super) async fn record(&self, entry: Entry) -> Result<(Entry, Recorded), Refused> {
        let recorded = self.ledger.record(&entry).await?;
        Ok((entry, recorded))
    }
}

#[tonic::async_trait]
impl AgencyService for Desk {
    async fn register_agency(
        &self,
        request: Request<pb::RegisterAgencyRequest>,
    ) -> Result<Response<pb::RegisterAgencyResponse>, Status> {
        respond(self.register(request.into_inner()).await)
    }

    async fn reparent_agency(
        &self,
        request: Request<pb::ReparentAgencyRequest>,
    ) -> Result<Response<pb::ReparentAgencyResponse>, Status> {
        respond(self.reparent(request.into_inner()).await)
    }

    async fn succeed_agency(
        &self,
        request: Request<pb::SucceedAgencyRequest>,
    ) -> Result<Response<pb::SucceedAgencyResponse>, Status> {
        respond(self.succeed(request.into_inner()).await)
    }

    async fn get_agency(
        &self,
        request: Request<pb::GetAgencyRequest>,
    ) -> Result<Response<pb::GetAgencyResponse>, Status> {
        respond(self.agency(request.into_inner()).await)
    }

    async fn list_agencies(
        &self,
        request: Request<pb::ListAgenciesRequest>,
    ) -> Result<Response<pb::ListAgenciesResponse>, Status> {
        respond(self.agencies(request.into_inner()).await)
    }
}
