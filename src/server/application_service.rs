//! Applications.

use tonic::{Request, Response, Status};

use super::{
    Desk,
    convert::{Fields, application as convert, event, page_size, page_start, proceeding},
    refused::Refused,
    respond,
};
use crate::{
    domain::{AgencyId, State},
    ledger::Entry,
    projection::{AsOf, History, QueryError},
    store::{GlobalPosition, StreamId},
    wire::{
        Subject,
        pb::v1::{self as pb, application_service_server::ApplicationService},
        stream_name,
    },
};

impl Desk {
    async fn write_application(
        &self,
        entry: Entry,
    ) -> Result<(Option<pb::Application>, Option<pb::WriteReceipt>), Refused> {
        let (entry, recorded) = self.record(entry).await?;
        Ok(convert::answer(&entry, &recorded))
    }

    async fn application(
        &self,
        request: pb::GetApplicationRequest,
    ) -> Result<pb::GetApplicationResponse, Refused> {
        let mut fields = Fields::default();
        let agency_id = fields.id("agency_id", &request.agency_id, AgencyId::parse);
        let id = convert::application_id(&mut fields, &request.application_id);
        let whole = (|| Some((agency_id?, id?)))();
        let (agency_id, id) = fields.finish(whole)?;
        let name = stream_name(&agency_id, Subject::Application(&id));
        let history = self.history(&name, State::Application(None)).await?;
        let State::Application(Some(application)) = &history.state else {
            let not_found = QueryError::NotFound { what: "application", id: id.to_string() };
            return Err(not_found.into());
        };
        let message = convert::message(agency_id.as_str(), &id, application, history.version());
        Ok(pb::GetApplicationResponse {
            application: Some(message),
            history: history.events.iter().map(|(recorded, _)| event::recorded(recorded)).collect(),
        })
    }

    /// The history of the stream with this name.
    pub(super) async fn history(&self, name: &str, initial: State) -> Result<History, QueryError> {
        self.history_up_to(name, initial, None).await
    }

    /// The same up to a position.
    pub(super) async fn history_up_to(
        &self,
        name: &str,
        initial: State,
        up_to: Option<GlobalPosition>,
    ) -> Result<History, QueryError> {
        let not_found = |_| QueryError::NotFound { what: "stream", id: name.to_owned() };
        let stream = StreamId::parse(name).map_err(not_found)?;
        History::read_up_to(self.store.as_ref(), &stream, initial, up_to).await
    }

    async fn applications(
        &self,
        request: pb::ListApplicationsRequest,
    ) -> Result<pb::ListApplicationsResponse, Refused> {
        let mut fields = Fields::default();
        let agency_id = fields.id("agency_id", &request.agency_id, AgencyId::parse);
        let size = page_size(&mut fields, request.page_size);
        let filter = convert::filter(&mut fields, &request.filter.unwrap_or_default());
        let whole = (|| Some((agency_id?, size?, filter)))();
        let (agency_id, size, filter) = fields.finish(whole)?;
        let after = page_start(&request.page_token);
        let (page, _) = self
            .projection
            .ask(AsOf::Now, |register| {
                register.book(&agency_id).map(|book| book.applications(&filter, after, size))
            })
            .await?;
        let page = page.ok_or_else(|| QueryError::UnknownAgency(agency_id.clone()))?;
        let summary = |(id, entry)| convert::summary(&agency_id, &id, &entry);
        Ok(pb::ListApplicationsResponse {
            applications: page.items.into_iter().map(summary).collect(),
            next_page_token: page.next_after.unwrap_or_default(),
        })
    }
}

#[tonic::async_trait]
impl ApplicationService for Desk {
    async fn receive_application(
        &self,
        request: Request<pb::ReceiveApplicationRequest>,
    ) -> Result<Response<pb::ReceiveApplicationResponse>, Status> {
        let entry = convert::receive(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::ReceiveApplicationResponse { application, receipt }))
    }

    async fn decide_application(
        &self,
        request: Request<pb::DecideApplicationRequest>,
    ) -> Result<Response<pb::DecideApplicationResponse>, Status> {
        let entry = convert::decide(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::DecideApplicationResponse { application, receipt }))
    }

    async fn withdraw_application(
        &self,
        request: Request<pb::WithdrawApplicationRequest>,
    ) -> Result<Response<pb::WithdrawApplicationResponse>, Status> {
        let entry = convert::withdraw(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::WithdrawApplicationResponse { application, receipt }))
    }

    async fn correct_application_entry(
        &self,
        request: Request<pb::CorrectApplicationEntryRequest>,
    ) -> Result<Response<pb::CorrectApplicationEntryResponse>, Status> {
        let entry = convert::correct(request.into_inner(), self.clock.today())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::CorrectApplicationEntryResponse { application, receipt }))
    }

    async fn request_correction(
        &self,
        request: Request<pb::RequestCorrectionRequest>,
    ) -> Result<Response<pb::RequestCorrectionResponse>, Status> {
        let entry = proceeding::request_correction(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::RequestCorrectionResponse { application, receipt }))
    }

    async fn accept_correction(
        &self,
        request: Request<pb::AcceptCorrectionRequest>,
    ) -> Result<Response<pb::AcceptCorrectionResponse>, Status> {
        let entry = proceeding::accept_correction(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::AcceptCorrectionResponse { application, receipt }))
    }

    async fn consult_third_party(
        &self,
        request: Request<pb::ConsultThirdPartyRequest>,
    ) -> Result<Response<pb::ConsultThirdPartyResponse>, Status> {
        let entry = proceeding::consult_third_party(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::ConsultThirdPartyResponse { application, receipt }))
    }

    async fn register_third_party_opinion(
        &self,
        request: Request<pb::RegisterThirdPartyOpinionRequest>,
    ) -> Result<Response<pb::RegisterThirdPartyOpinionResponse>, Status> {
        let entry = proceeding::register_third_party_opinion(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::RegisterThirdPartyOpinionResponse { application, receipt }))
    }

    async fn consult_agency(
        &self,
        request: Request<pb::ConsultAgencyRequest>,
    ) -> Result<Response<pb::ConsultAgencyResponse>, Status> {
        let entry = proceeding::consult_agency(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::ConsultAgencyResponse { application, receipt }))
    }

    async fn register_agency_opinion(
        &self,
        request: Request<pb::RegisterAgencyOpinionRequest>,
    ) -> Result<Response<pb::RegisterAgencyOpinionResponse>, Status> {
        let entry = proceeding::register_agency_opinion(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::RegisterAgencyOpinionResponse { application, receipt }))
    }

    async fn extend_deadline(
        &self,
        request: Request<pb::ExtendDeadlineRequest>,
    ) -> Result<Response<pb::ExtendDeadlineResponse>, Status> {
        let entry = proceeding::extend_deadline(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::ExtendDeadlineResponse { application, receipt }))
    }

    async fn request_reasons(
        &self,
        request: Request<pb::RequestReasonsRequest>,
    ) -> Result<Response<pb::RequestReasonsResponse>, Status> {
        let entry = proceeding::request_reasons(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::RequestReasonsResponse { application, receipt }))
    }

    async fn accept_reasons(
        &self,
        request: Request<pb::AcceptReasonsRequest>,
    ) -> Result<Response<pb::AcceptReasonsResponse>, Status> {
        let entry = proceeding::accept_reasons(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::AcceptReasonsResponse { application, receipt }))
    }

    async fn postpone_reply(
        &self,
        request: Request<pb::PostponeReplyRequest>,
    ) -> Result<Response<pb::PostponeReplyResponse>, Status> {
        let entry = proceeding::postpone_reply(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::PostponeReplyResponse { application, receipt }))
    }

    async fn notify_fee(
        &self,
        request: Request<pb::NotifyFeeRequest>,
    ) -> Result<Response<pb::NotifyFeeResponse>, Status> {
        let entry = proceeding::notify_fee(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::NotifyFeeResponse { application, receipt }))
    }

    async fn register_fee_payment(
        &self,
        request: Request<pb::RegisterFeePaymentRequest>,
    ) -> Result<Response<pb::RegisterFeePaymentResponse>, Status> {
        let entry = proceeding::register_fee_payment(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::RegisterFeePaymentResponse { application, receipt }))
    }

    async fn lapse_application(
        &self,
        request: Request<pb::LapseApplicationRequest>,
    ) -> Result<Response<pb::LapseApplicationResponse>, Status> {
        let entry = proceeding::lapse(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::LapseApplicationResponse { application, receipt }))
    }

    async fn amend_decision(
        &self,
        request: Request<pb::AmendDecisionRequest>,
    ) -> Result<Response<pb::AmendDecisionResponse>, Status> {
        let entry = proceeding::amend_decision(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::AmendDecisionResponse { application, receipt }))
    }

    async fn reopen_application(
        &self,
        request: Request<pb::ReopenApplicationRequest>,
    ) -> Result<Response<pb::ReopenApplicationResponse>, Status> {
        let entry = proceeding::reopen(request.into_inner())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::ReopenApplicationResponse { application, receipt }))
    }

    async fn void_application_entry(
        &self,
        request: Request<pb::VoidApplicationEntryRequest>,
    ) -> Result<Response<pb::VoidApplicationEntryResponse>, Status> {
        let entry = proceeding::void(request.into_inner(), self.clock.today())?;
        let (application, receipt) = self.write_application(entry).await?;
        Ok(Response::new(pb::VoidApplicationEntryResponse { application, receipt }))
    }

    async fn get_application(
        &self,
        request: Request<pb::GetApplicationRequest>,
    ) -> Result<Response<pb::GetApplicationResponse>, Status> {
        respond(self.application(request.into_inner()).await)
    }

    async fn list_applications(
        &self,
        request: Request<pb::ListApplicationsRequest>,
    ) -> Result<Response<pb::ListApplicationsResponse>, Status> {
        respond(self.applications(request.into_inner()).await)
    }
}
