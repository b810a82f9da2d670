//! Reconsideration and litigation.

use tonic::{Request, Response, Status};

use super::{
    Desk,
    convert::{Fields, event, page_size, page_start, remedy as convert},
    refused::Refused,
    respond,
};
use crate::{
    domain::{AgencyId, State},
    ledger::Entry,
    projection::{AsOf, QueryError},
    wire::{
        Subject,
        pb::v1::{self as pb, remedy_service_server::RemedyService},
        stream_name,
    },
};

impl Desk {
    async fn write_remedy(
        &self,
        entry: Entry,
    ) -> Result<(Option<pb::Remedy>, Option<pb::WriteReceipt>), Refused> {
        let (entry, recorded) = self.record(entry).await?;
        Ok(convert::answer(&entry, &recorded))
    }

    async fn remedy(
        &self,
        request: pb::GetRemedyRequest,
    ) -> Result<pb::GetRemedyResponse, Refused> {
        let mut fields = Fields::default();
        let agency_id = fields.id("agency_id", &request.agency_id, AgencyId::parse);
        let id = convert::case_id(&mut fields, &request.case_id);
        let whole = (|| Some((agency_id?, id?)))();
        let (agency_id, id) = fields.finish(whole)?;
        let name = stream_name(&agency_id, Subject::Remedy(&id));
        let history = self.history(&name, State::Remedy(None)).await?;
        let State::Remedy(Some(remedy)) = &history.state else {
            return Err(QueryError::NotFound { what: "case", id: id.to_string() }.into());
        };
        let message = convert::message(agency_id.as_str(), &id, remedy, history.version());
        Ok(pb::GetRemedyResponse {
            remedy: Some(message),
            history: history.events.iter().map(|(recorded, _)| event::recorded(recorded)).collect(),
        })
    }

    async fn remedies(
        &self,
        request: pb::ListRemediesRequest,
    ) -> Result<pb::ListRemediesResponse, Refused> {
        let mut fields = Fields::default();
        let agency_id = fields.id("agency_id", &request.agency_id, AgencyId::parse);
        let size = page_size(&mut fields, request.page_size);
        let kind = fields.optional_value("kind", request.kind);
        let whole = (|| Some((agency_id?, size?, kind)))();
        let (agency_id, size, kind) = fields.finish(whole)?;
        let after = page_start(&request.page_token);
        let (page, _) = self
            .projection
            .ask(AsOf::Now, |register| {
                let book = register.book(&agency_id)?;
                Some(book.remedies(kind, request.pending_only, after, size))
            })
            .await?;
        let page = page.ok_or_else(|| QueryError::UnknownAgency(agency_id.clone()))?;
        let summary = |(id, entry)| convert::summary(&agency_id, &id, &entry);
        Ok(pb::ListRemediesResponse {
            remedies: page.items.into_iter().map(summary).collect(),
            next_page_token: page.next_after.unwrap_or_default(),
        })
    }
}

#[tonic::async_trait]
impl RemedyService for Desk {
    async fn file_reconsideration(
        &self,
        request: Request<pb::FileReconsiderationRequest>,
    ) -> Result<Response<pb::FileReconsiderationResponse>, Status> {
        let entry = convert::file_reconsideration(request.into_inner())?;
        let (remedy, receipt) = self.write_remedy(entry).await?;
        Ok(Response::new(pb::FileReconsiderationResponse { remedy, receipt }))
    }

    async fn conclude_reconsideration(
        &self,
        request: Request<pb::ConcludeReconsiderationRequest>,
    ) -> Result<Response<pb::ConcludeReconsiderationResponse>, Status> {
        let entry = convert::conclude_reconsideration(request.into_inner())?;
        let (remedy, receipt) = self.write_remedy(entry).await?;
        Ok(Response::new(pb::ConcludeReconsiderationResponse { remedy, receipt }))
    }

    async fn file_litigation(
        &self,
        request: Request<pb::FileLitigationRequest>,
    ) -> Result<Response<pb::FileLitigationResponse>, Status> {
        let entry = convert::file_litigation(request.into_inner())?;
        let (remedy, receipt) = self.write_remedy(entry).await?;
        Ok(Response::new(pb::FileLitigationResponse { remedy, receipt }))
    }

    async fn conclude_litigation(
        &self,
        request: Request<pb::ConcludeLitigationRequest>,
    ) -> Result<Response<pb::ConcludeLitigationResponse>, Status> {
        let entry = convert::conclude_litigation(request.into_inner())?;
        let (remedy, receipt) = self.write_remedy(entry).await?;
        Ok(Response::new(pb::ConcludeLitigationResponse { remedy, receipt }))
    }

    async fn get_remedy(
        &self,
        request: Request<pb::GetRemedyRequest>,
    ) -> Result<Response<pb::GetRemedyResponse>, Status> {
        respond(self.remedy(request.into_inner()).await)
    }

    async fn list_remedies(
        &self,
        request: Request<pb::ListRemediesRequest>,
    ) -> Result<Response<pb::ListRemediesResponse>, Status> {
        respond(self.remedies(request.into_inner()).await)
    }
}
