//! The written sections of the report.

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
    wire::pb::v1::{self as pb, narrative_service_server::NarrativeService},
};

impl Desk {
    async fn narrative(
        &self,
        request: pb::GetNarrativeRequest,
    ) -> Result<pb::GetNarrativeResponse, Refused> {
        let mut fields = Fields::default();
        let agency_id = fields.id("agency_id", &request.agency_id, AgencyId::parse);
        let year = convert::report_year(&mut fields, request.year);
        let whole = (|| Some((agency_id?, year?)))();
        let (agency_id, year) = fields.finish(whole)?;
        let (found, _) = self
            .projection
            .ask(AsOf::Now, |register| {
                register.book(&agency_id).map(|book| book.narrative(year).cloned())
            })
            .await?;
        let found = found.ok_or(QueryError::UnknownAgency(agency_id))?;
        let (sections, version) = match found {
            Some(found) => (found.value, found.version.to_string()),
            None => Default::default(),
        };
        Ok(pb::GetNarrativeResponse { sections: convert::sections_message(&sections), version })
    }
}

#[tonic::async_trait]
impl NarrativeService for Desk {
    async fn set_section(
        &self,
        request: Request<pb::SetSectionRequest>,
    ) -> Result<Response<pb::SetSectionResponse>, Status> {
        let (_, recorded) = self.record(convert::set_section(request.into_inner())?).await?;
        Ok(Response::new(pb::SetSectionResponse { receipt: Some(receipt(&recorded)) }))
    }

    async fn get_narrative(
        &self,
        request: Request<pb::GetNarrativeRequest>,
    ) -> Result<Response<pb::GetNarrativeResponse>, Status> {
        respond(self.narrative(request.into_inner()).await)
    }
}
