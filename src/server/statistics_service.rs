//! The year's tables and what the checks find in them.

use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{
    Desk, Responses,
    convert::{cell, report as convert},
    refused::Refused,
    respond,
};
use crate::{
    projection::{AsOf, Register, Statement, StatementOf},
    store::GlobalPosition,
    wire::pb::v1::{self as pb, statistics_service_server::StatisticsService},
};

impl Desk {
    /// The statement that a selector means, and the position it was drawn up at.
    pub(super) async fn statement(
        &self,
        selector: Option<pb::ReportSelector>,
    ) -> Result<(StatementOf, Statement, GlobalPosition), Refused> {
        let (of, as_of) = convert::selector(selector)?;
        let drawn_up = self.projection.statement(as_of, &of).await;
        let (statement, position) =
            drawn_up.map_err(|error| Refused::from(error).under("selector"))?;
        Ok((of, statement, position))
    }

    /// The same, with findings where it drifted away from what was published of it.
    pub(super) async fn reviewed(
        &self,
        selector: Option<pb::ReportSelector>,
    ) -> Result<(StatementOf, Statement, GlobalPosition), Refused> {
        let (of, as_of) = convert::selector(selector)?;
        let reviewed = self.projection.reviewed(as_of, &of).await;
        let (statement, position) =
            reviewed.map_err(|error| Refused::from(error).under("selector"))?;
        Ok((of, statement, position))
    }

    async fn tables(
        &self,
        request: pb::GetTablesRequest,
    ) -> Result<pb::GetTablesResponse, Refused> {
        let (of, statement, position) = self.statement(request.selector).await?;
        Ok(pb::GetTablesResponse {
            form: statement.tables.form().id.to_owned(),
            as_of_position: position.get(),
            cells: convert::cells(&statement.tables),
            blanks: cell::blanks(&statement.tables, of.year),
        })
    }

    async fn rehearsal(
        &self,
        request: &pb::RehearseYearRequest,
    ) -> Result<pb::RehearseYearResponse, Refused> {
        let today = self.today();
        let (of, supposition) = convert::rehearsal(request, today)?;
        let question = move |register: &Register| register.rehearsal(&of, supposition, today);
        let (found, position) = self.ask_aside(AsOf::Now, question).await?;
        Ok(convert::rehearsed(found?, today, position))
    }

    async fn findings(
        &self,
        request: pb::ListFindingsRequest,
    ) -> Result<pb::ListFindingsResponse, Refused> {
        let (_, statement, position) = self.reviewed(request.selector).await?;
        Ok(pb::ListFindingsResponse {
            findings: statement.findings.into_iter().map(convert::finding).collect(),
            as_of_position: position.get(),
        })
    }
}

#[tonic::async_trait]
impl StatisticsService for Desk {
    type ExplainCellStream = Responses<pb::ExplainCellResponse>;

    async fn get_tables(
        &self,
        request: Request<pb::GetTablesRequest>,
    ) -> Result<Response<pb::GetTablesResponse>, Status> {
        respond(self.tables(request.into_inner()).await)
    }

    async fn list_findings(
        &self,
        request: Request<pb::ListFindingsRequest>,
    ) -> Result<Response<pb::ListFindingsResponse>, Status> {
        respond(self.findings(request.into_inner()).await)
    }

    async fn rehearse_year(
        &self,
        request: Request<pb::RehearseYearRequest>,
    ) -> Result<Response<pb::RehearseYearResponse>, Status> {
        respond(self.rehearsal(&request.into_inner()).await)
    }

    async fn get_counting_policy(
        &self,
        _: Request<pb::GetCountingPolicyRequest>,
    ) -> Result<Response<pb::GetCountingPolicyResponse>, Status> {
        let policy = Some(convert::policy(self.projection.policy()));
        Ok(Response::new(pb::GetCountingPolicyResponse { policy }))
    }

    async fn explain_cell(
        &self,
        request: Request<pb::ExplainCellRequest>,
    ) -> Result<Response<Self::ExplainCellStream>, Status> {
        let parts = Desk::explain_cell(self, request.into_inner()).await?;
        Ok(Response::new(Box::pin(ReceiverStream::new(parts))))
    }
}
