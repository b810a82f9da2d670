//! The application (政府信息公开申请): the aggregate whose results table three counts.

mod command;
mod decide;
mod event;
mod facts;
mod rejection;
mod state;

pub use command::{Command, CorrectEntry, Decide, Receive, Withdraw};
pub use decide::decide;
pub use event::{Decided, EntryCorrected, Event, Received, Withdrawn};
pub use rejection::Rejection;
pub use state::{Application, Conclusion, evolve};
