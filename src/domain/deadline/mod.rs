//! Statutory periods and their deadlines (期限): which act starts, restarts, pauses or extends which
//! period, when it ends, and why.
//!
//! ```text
//!                    20 working days              at most 20 more
//!  receipt ──────────────────────────────▶ due ┄┄┄┄┄┄extension┄┄┄┄▶ due
//!     │        │                 ▲ counted afresh from the day after
//!     │        ├─ correction asked for ──▶ corrected ──┤
//!     │        ├─ fee notified ──────────▶ paid ───────┘
//!     │        └─ consultation sent ┄not counted┄▶ answered, or its own limit
//!     └─ 7 working days for the notice to correct
//! ```
//!
//! A deadline is never stored: [`reply_deadline`] derives it from [`Facts`], which are a fold over
//! an application's events, and the [`Calendar`](super::calendar::Calendar) in force. What is
//! irregular is not refused here but becomes a [`Finding`].
//!
//! Of every period the day of the act that starts it is not counted and its last day is, so that an
//! act on the due date is in time. The Regulation (国务院令第711号) is silent; this is 民法典 Art. 201.

mod explanation;
mod facts;
mod finding;
mod period;
mod receipt;
mod state;
mod timer;

#[cfg(test)]
pub(crate) mod script;

pub use explanation::{Change, Explanation, PausedBy, Step, Stretch, explain, explain_period};
pub use facts::{
    Conclusion, ConclusionKind, Consultation, Consulted, CorrectionRequest, Extension, Facts,
    FeeNotice, Postponement, ReasonsNotice,
};
pub use finding::{Finding, FindingId, findings, receipt_finding};
pub use period::{Article, Due, Law, Length, PeriodKind};
pub use receipt::{Arrival, Receipt, ReceiptRule, ReceiptUnknown};
pub use state::{Assessment, DeadlineState};
pub use timer::{
    ActKind, BeyondLedger, Deadline, Disregard, Disregarded, Pause, Payment, Policy,
    RepeatedCorrection, Standing, Start, StartBasis, reply_deadline,
};
