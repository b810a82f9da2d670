//! The written sections of the report.

use std::collections::BTreeMap;

use tonic::{Request, Response, Status};

use super::{
    Desk, OfYear,
    convert::{receipt, year as convert},
    refused::Refused,
    respond,
};
use crate::{
    projection::{AgencyBook, AsOf, Register, StatementOf},
    wire::pb::v1::{self as pb, narrative_service_server::NarrativeService},
};

impl Desk {
    async fn narrative(
        &self,
        request: pb::GetNarrativeRequest,
    ) -> Result<pb::GetNarrativeResponse, Refused> {
        let OfYear { agency_id, year, value, version } =
            self.of_year(&request.agency_id, request.year, AgencyBook::narrative).await?;
        let (sections, references) = if request.filled {
            let of = StatementOf { agency_id: agency_id.clone(), year, subtree: false, form: None };
            let (statement, _) = self.projection.statement(AsOf::Now, &of).await?;
            (statement.sections, statement.references)
        } else {
            (value, BTreeMap::new())
        };
        let fees = |register: &Register| register.fees(&agency_id, year, false);
        let (fees, _) = self.projection.ask(AsOf::Now, fees).await?;
        Ok(pb::GetNarrativeResponse {
            sections: convert::sections_message(&sections, &references),
            version,
            fee_sentence: fees?.sentence(year.get()).unwrap_or_default(),
        })
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
