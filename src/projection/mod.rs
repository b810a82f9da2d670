//! Asking of the book: the log folded into registers, followed as it grows, and the questions that
//! they answer.
//!
//! A projection holds nothing that the log does not: delete it, replay, and every answer comes out
//! the same. Questions about now wait until everything acknowledged before them is folded in;
//! questions about then are answered by a replay up to that position.

mod applications;
mod calendar;
mod cell;
mod deadlines;
mod difference;
mod drift;
mod error;
mod fees;
mod follower;
mod hierarchy;
mod history;
mod id_hashing;
mod page;
mod publications;
mod register;
mod rehearsal;
mod replay;
mod roll_up;
mod statement;
mod steps;
mod supervision;
mod watch;

pub use applications::TooManyApplications;
pub use calendar::{CalendarBook, NoticeEntry, NoticeFilter};
pub use cell::{
    CellEntry, CellExplanation, CellOf, CellPlace, CellSubject, DecidingEvent, NearMiss,
    deciding_events,
};
pub use deadlines::{DeadlineEntry, DeadlinePlace, DeadlinesOf, Selection};
pub use difference::{DatedCause, Difference, ReportReading, ReportReadingOf, SectionChange};
pub use drift::sentence;
pub use error::QueryError;
pub use follower::{AsOf, Projection, Reading};
pub use history::History;
pub use page::Page;
pub use publications::{PublishedReport, tables_of};
pub use register::{
    AgencyBook, ApplicationEntry, ApplicationFilter, ApplicationState, Footprint, Register,
    RemedyEntry, Versioned,
};
pub use rehearsal::{Rehearsal, Supposed, Supposition};
pub use replay::{Scope, replay};
pub use roll_up::{CoverageEntry, Part, RollUp, RollUpOf};
pub use statement::{Statement, StatementOf};
pub use supervision::{FindingPlace, FindingsOf, MemberFinding};
pub use watch::{DeadlineUpdate, DeadlineWatch, UpdateBatch, UpdateCause, WatchOf};
