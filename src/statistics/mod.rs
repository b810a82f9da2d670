//! The year's tables as types: the catalogue of both forms, the tables, the fold over events, the
//! cross-checks and the roll-up.
//!
//! Everything here is a plain function of its arguments: nothing reads a file, a clock or the log.

mod background;
pub mod catalogue;
mod comparison;
mod counting;
mod coverage;
mod cross_check;
mod difference;
mod finding;
mod fold;
#[cfg(test)]
mod golden;
pub mod labels;
mod money;
mod names;
pub mod narrative;
mod prereview;
mod published;
mod roll_up;
mod rule;
pub mod spans;
mod spike;
mod supervision;
mod table;

pub use background::Background;
pub use comparison::{Compared, Measure, OUTLIER_AGENCIES, OUTLIER_DEVIATIONS, Outlier, outliers};
pub use counting::{ApplicationBasis, Basis, RemedyBasis};
pub use coverage::{Coverage, Reporting};
pub use cross_check::{Operand, SpeltOut, check, check_derived, relations_within_year};
pub use difference::{CellChange, application_moves, changes, remedy_moves};
pub use finding::Finding;
pub use fold::{ApplicationFact, Flow, RemedyFact, Tally, tables};
pub use money::{format_wan_yuan, parse_wan_yuan};
pub use prereview::{PREREVIEW_FROM, PrereviewCase, prereview};
pub use published::{
    Published, PublishedError, check_published, read_published, read_published_csv,
};
pub use roll_up::{SumTooLarge, roll_up, succeeded_figures};
pub use rule::{BlankReason, Miss, Rule, Sentence};
pub use spike::{SPIKE_LEAST_AMOUNT, SPIKE_LEAST_COUNT, SPIKE_RATIO, check_spikes};
pub use supervision::{ReportDates, ReportDuty, check_sum};
pub use table::{CellRef, TableId, Tables, Value};
