//! What the law knows: agencies, applications, dispositions, remedies, declared figures, the
//! narrative, publications; and for each what may happen to it (`decide`) and what it then is (`evolve`). Working
//! days, statutory periods, fees and timeliness are plain functions of such facts.
//!
//! ```text
//!             receive                    decide
//!  (unknown) ─────────▶ open ─────────────────────▶ concluded
//!                     ▲  │  withdraw, lapse             ▲  │
//!                     │  └──────────────────────────────┘  │
//!                     └────────────── reopen ──────────────┘
//!  proceed (correction, consultation, extension, reasons, postponement, fee, amendment):
//!                 moves clocks or says more, changes no table
//!  correct entry: any time after receipt, changes what was recorded, never that it was
//!  void entry:    any time after receipt; there was no such application, and nothing more happens
//! ```
//!
//! Nothing here reads a clock, a file or the network, and no wire type is known. Dates are civil
//! dates in China; order is the order of the log.

pub mod agency;
mod applicant;
pub mod application;
pub mod calendar;
mod channel;
pub mod deadline;
mod disposition;
mod event;
pub mod fee;
mod id;
mod legal_date;
pub mod narrative;
pub mod proactive;
pub mod publication;
pub mod remedy;
mod report_year;
mod state;
mod text;
pub mod timeliness;
pub(crate) mod vocabulary;

pub use applicant::ApplicantKind;
pub use channel::Channel;
pub use disposition::{Disposition, NotDisclosed, NotProcessed, Other, Unable};
pub use event::{Body, Event};
pub use id::{AgencyId, ApplicationId, CaseId, InvalidId};
pub use legal_date::{DateOutOfRange, LegalDate};
pub use report_year::{ReportYear, YearWithoutForm};
pub use state::State;
pub use text::{InvalidText, LongText, ShortText};

/// What every refusal of the domain can say about itself, whatever it refuses.
pub trait Refusal: std::error::Error {
    /// The permanent name of the refusal, in `UPPER_SNAKE_CASE`.
    fn reason(&self) -> &'static str;

    /// The field of the command that the refusal speaks of, as callers spell it.
    fn field(&self) -> &'static str;

    /// Whether the refusal means that the thing acted upon does not exist.
    fn is_not_found(&self) -> bool {
        false
    }
}
