//! The counter: gRPC services, each a thin door before the ledger and the projection.
//!
//! A handler is three steps: convert, call, convert. It contains no rule of law.

mod admin_service;
mod agency_service;
mod application_service;
mod calendar_service;
mod convert;
mod deadline_service;
mod event_service;
mod fee_service;
mod intake_service;
mod narrative_service;
mod proactive_service;
mod refused;
mod remedy_service;
mod report_service;
mod run;
mod statistics_service;

use std::{pin::Pin, sync::Arc};

use tokio_stream::Stream;
use tonic::{Response, Status};

pub use run::{ServeError, ServeSettings, serve};

use crate::{clock::Clock, ledger::Ledger, projection::Projection, store::EventStore};
use refused::Refused;

/// What every service stands on.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) projection: Arc<Projection>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A stream of responses.
type Responses<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The response to a call that was not refused.
fn respond<T>(answer: Result<T, Refused>) -> Result<Response<T>, Status> {
    answer.map(Response::new).map_err(Status::from)
}
