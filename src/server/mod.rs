//! The counter: gRPC services, each a thin door before the ledger and the projection.
//!
//! A handler is three steps: convert, call, convert. It contains no rule of law.

mod admin_service;
mod agency_service;
mod application_service;
mod calendar_service;
mod cell;
mod convert;
mod deadline_service;
mod event_service;
mod fee_service;
mod intake_service;
mod narrative_service;
mod proactive_service;
mod publication_service;
mod refused;
mod remedy_service;
mod report_service;
mod roll_up_service;
mod run;
mod statistics_service;

use std::{pin::Pin, sync::Arc};

use tokio_stream::Stream;
use tonic::{Response, Status};

pub use run::{ServeError, ServeSettings, serve};

use crate::{
    clock::Clock,
    domain::{AgencyId, ReportYear},
    ledger::Ledger,
    projection::{AgencyBook, AsOf, Projection, QueryError, Versioned},
    render::Fonts,
    store::EventStore,
};
use convert::Fields;
use refused::Refused;

/// What every service stands on.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) projection: Arc<Projection>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) fonts: Arc<Fonts>,
}

/// What an agency has recorded for one year.
struct OfYear<T> {
    agency_id: AgencyId,
    year: ReportYear,
    value: T,
    /// Empty while nothing is recorded.
    version: String,
}

impl Desk {
    /// What an agency has recorded for a year, or nothing yet.
    async fn of_year<T: Clone + Default>(
        &self,
        agency_id: &str,
        year: i32,
        find: fn(&AgencyBook, ReportYear) -> Option<&Versioned<T>>,
    ) -> Result<OfYear<T>, Refused> {
        let mut fields = Fields::default();
        let agency_id = fields.id("agency_id", agency_id, AgencyId::parse);
        let year = convert::year::report_year(&mut fields, year);
        let whole = (|| Some((agency_id?, year?)))();
        let (agency_id, year) = fields.finish(whole)?;
        let (found, _) = self
            .projection
            .ask(AsOf::Now, |register| {
                register.book(&agency_id).map(|book| find(book, year).cloned())
            })
            .await?;
        let found = found.ok_or_else(|| QueryError::UnknownAgency(agency_id.clone()))?;
        let (value, version) = match found {
            Some(found) => (found.value, found.version.to_string()),
            None => Default::default(),
        };
        Ok(OfYear { agency_id, year, value, version })
    }
}

/// A stream of responses.
type Responses<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The response to a call that was not refused.
fn respond<T>(answer: Result<T, Refused>) -> Result<Response<T>, Status> {
    answer.map(Response::new).map_err(Status::from)
}
