//! The deadlines of applications.

use std::sync::Arc;

use tokio::{runtime::Handle, sync::mpsc};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use super::{
    Desk, Responses,
    convert::{
        Fields,
        deadline::{self as convert, DeadlineOf},
        year::report_year,
    },
    refused::Refused,
    respond,
};
use crate::{
    domain::{
        AgencyId, LegalDate, State,
        application::{Application, Rejection},
        calendar::Calendar,
        deadline::{Assessment, Facts, Policy, explain, findings},
    },
    ledger::RecordError,
    projection::{AsOf, DeadlineWatch, DeadlinesOf, QueryError, Register},
    store::GlobalPosition,
    wire::{
        Subject,
        pb::v1::{self as pb, deadline_service_server::DeadlineService},
        stream_name,
    },
};

/// What a question about one deadline is answered from.
struct Case {
    facts: Facts,
    assessment: Assessment,
    calendar: Arc<Calendar>,
    today: LegalDate,
    known_date: Option<LegalDate>,
    position: GlobalPosition,
}

impl Desk {
    /// Today; the nearest day that the ledger can hold should the clock be far off.
    pub(super) fn today(&self) -> LegalDate {
        let today = self.clock.today();
        let year = today.year().clamp(LegalDate::FIRST_YEAR, LegalDate::LAST_YEAR);
        LegalDate::new(today)
            .or_else(|_| LegalDate::new(jiff::civil::date(year, 1, 1)))
            .expect("the year was brought within those of the ledger")
    }

    /// The facts, the calendar by which the application is judged, and the judgement.
    async fn case(&self, of: &DeadlineOf) -> Result<Case, Refused> {
        let DeadlineOf { agency_id, known_date, as_of, .. } = of;
        let asked = as_of.map_or(AsOf::Now, AsOf::Position);
        let application = self.application_up_to(of).await?;
        if let Some(voided) = &application.voided {
            let void_date = voided.void_date;
            return Err(RecordError::Application(Rejection::EntryVoided { void_date }).into());
        }
        let facts = application.facts();
        let today = known_date.unwrap_or_else(|| self.today());
        let end = facts.conclusion.map(|end| end.date);
        let known_date = known_date.or(end);
        let year = end.unwrap_or(today).year();
        let (calendar, position) = self
            .projection
            .ask(asked, |register: &Register| register.calendar_of(agency_id, year, known_date))
            .await?;
        let assessment = Assessment::of(&facts, Policy::default(), &calendar, today)
            .map_err(QueryError::Deadline)?;
        Ok(Case { facts, assessment, calendar, today, known_date, position })
    }

    async fn application_up_to(&self, of: &DeadlineOf) -> Result<Application, QueryError> {
        let head = self.store.head();
        if let Some(asked) = of.as_of.filter(|asked| *asked > head) {
            return Err(QueryError::BeyondHead { asked, head });
        }
        let name = stream_name(&of.agency_id, Subject::Application(&of.application_id));
        let history = self.history_up_to(&name, State::Application(None), of.as_of).await?;
        if let State::Application(Some(application)) = history.state {
            return Ok(application);
        }
        let id = of.application_id.to_string();
        Err(QueryError::NotFound { what: "application", id })
    }

    async fn deadline(
        &self,
        request: pb::GetDeadlineRequest,
    ) -> Result<pb::GetDeadlineResponse, Refused> {
        let pb::GetDeadlineRequest { agency_id, application_id, known_date, as_of_position } =
            request;
        let of = convert::deadline_of(&agency_id, &application_id, known_date, as_of_position)?;
        let case = self.case(&of).await?;
        let Case { facts, assessment, calendar, today, .. } = &case;
        let found = findings(facts, Policy::default(), &assessment.deadline, calendar, *today);
        let found = found.map_err(QueryError::Deadline)?;
        Ok(pb::GetDeadlineResponse {
            deadline: Some(convert::deadline(&of.agency_id, &of.application_id, facts, assessment)),
            receipt_rule: convert::receipt_rule(facts),
            findings: found.iter().map(convert::finding).collect(),
            asked_date: convert::day(*today),
            known_date: case.known_date.and_then(convert::day),
            position: case.position.get(),
        })
    }

    async fn explanation(
        &self,
        request: pb::ExplainDeadlineRequest,
    ) -> Result<pb::ExplainDeadlineResponse, Refused> {
        let pb::ExplainDeadlineRequest { agency_id, application_id, known_date, as_of_position } =
            request;
        let of = convert::deadline_of(&agency_id, &application_id, known_date, as_of_position)?;
        let case = self.case(&of).await?;
        let Case { facts, assessment, calendar, today, .. } = &case;
        let explained = explain(facts, &assessment.deadline, calendar, *today);
        let explained = explained.map_err(QueryError::Deadline)?;
        let (steps, changes) = convert::explanation(&explained, calendar);
        Ok(pb::ExplainDeadlineResponse {
            deadline: Some(convert::deadline(&of.agency_id, &of.application_id, facts, assessment)),
            steps,
            changes,
            asked_date: convert::day(*today),
            known_date: case.known_date.and_then(convert::day),
            position: case.position.get(),
        })
    }

    async fn deadlines(
        &self,
        request: pb::ListDeadlinesRequest,
    ) -> Result<pb::ListDeadlinesResponse, Refused> {
        let asked = convert::page(&request)?;
        let today = self.today();
        let (page, position) = self
            .ask_aside(AsOf::Now, move |register| {
                let of = DeadlinesOf {
                    agency_id: &asked.agency_id,
                    subtree: asked.subtree,
                    selection: asked.selection,
                    today,
                };
                register.deadlines(of, asked.after.as_ref(), asked.size)
            })
            .await?;
        let page = page?;
        Ok(pb::ListDeadlinesResponse {
            deadlines: page.items.iter().map(convert::listed).collect(),
            next_page_token: page.next_after.unwrap_or_default(),
            asked_date: convert::day(today),
            position: position.get(),
        })
    }

    async fn timeliness(
        &self,
        request: pb::GetTimelinessRequest,
    ) -> Result<pb::GetTimelinessResponse, Refused> {
        let mut fields = Fields::default();
        let agency_id = fields.id("agency_id", &request.agency_id, AgencyId::parse);
        let year = report_year(&mut fields, request.year);
        let (agency_id, year) = fields.finish(agency_id.zip(year))?;
        let subtree = request.include_subtree;
        let question = move |register: &Register| register.timeliness(&agency_id, year, subtree);
        let (found, position) = self.ask_aside(AsOf::Now, question).await?;
        Ok(convert::timeliness(&found?, position))
    }

    /// Asks a question that may take longer than others should wait for this thread.
    pub(super) async fn ask_aside<A: Send + 'static>(
        &self,
        as_of: AsOf,
        question: impl FnOnce(&Register) -> A + Send + 'static,
    ) -> Result<(A, GlobalPosition), Refused> {
        let (projection, runtime) = (Arc::clone(&self.projection), Handle::current());
        let asked =
            tokio::task::spawn_blocking(move || runtime.block_on(projection.ask(as_of, question)));
        match asked.await {
            Ok(answer) => Ok(answer?),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Refused::shutting_down()),
            },
        }
    }
}

/// How many messages of a watch wait for a slow reader.
const MESSAGES_AHEAD: usize = 4;

impl Desk {
    async fn watch(
        &self,
        request: pb::WatchDeadlinesRequest,
    ) -> Result<Responses<pb::WatchDeadlinesResponse>, Refused> {
        let of = convert::watch(&request, self.today())?;
        let (batches, told) = mpsc::channel(MESSAGES_AHEAD);
        let (store, projection) = (Arc::clone(&self.store), Arc::clone(&self.projection));
        let watch = DeadlineWatch::new(store, projection, of, batches).await;
        let watch = watch
            .map_err(|error| Refused::from(error).renamed("as_of_position", "after_position"))?;
        let desk = self.clone();
        tokio::spawn(watch.run(move |day: LegalDate| {
            let desk = desk.clone();
            async move {
                desk.clock.next_day(day.date()).await;
                desk.today()
            }
        }));
        let answers = ReceiverStream::new(told).map(|batch| match batch {
            Ok(batch) => Ok(convert::watched(&batch)),
            Err(error) => Err(Refused::from(error).into()),
        });
        Ok(Box::pin(answers))
    }
}

#[tonic::async_trait]
impl DeadlineService for Desk {
    type WatchDeadlinesStream = Responses<pb::WatchDeadlinesResponse>;

    async fn watch_deadlines(
        &self,
        request: Request<pb::WatchDeadlinesRequest>,
    ) -> Result<Response<Self::WatchDeadlinesStream>, Status> {
        respond(self.watch(request.into_inner()).await)
    }

    async fn get_deadline(
        &self,
        request: Request<pb::GetDeadlineRequest>,
    ) -> Result<Response<pb::GetDeadlineResponse>, Status> {
        respond(self.deadline(request.into_inner()).await)
    }

    async fn explain_deadline(
        &self,
        request: Request<pb::ExplainDeadlineRequest>,
    ) -> Result<Response<pb::ExplainDeadlineResponse>, Status> {
        respond(self.explanation(request.into_inner()).await)
    }

    async fn list_deadlines(
        &self,
        request: Request<pb::ListDeadlinesRequest>,
    ) -> Result<Response<pb::ListDeadlinesResponse>, Status> {
        respond(self.deadlines(request.into_inner()).await)
    }

    async fn get_timeliness(
        &self,
        request: Request<pb::GetTimelinessRequest>,
    ) -> Result<Response<pb::GetTimelinessResponse>, Status> {
        respond(self.timeliness(request.into_inner()).await)
    }
}
