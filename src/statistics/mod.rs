//! The year's tables as types: the catalogue of both forms, the tables, the fold over events, the
//! cross-checks and the roll-up.
//!
//! Everything here is a plain function of its arguments: nothing reads a file, a clock or the log.

mod background;
pub mod catalogue;
mod counting;
mod cross_check;
mod finding;
mod fold;
#[cfg(test)]
mod golden;
pub mod labels;
mod money;
mod prereview;
mod published;
mod roll_up;
pub mod spans;
mod table;

pub use background::Background;
pub use counting::{ApplicationBasis, Basis, RemedyBasis};
pub use cross_check::{Operand, SpeltOut, check, check_derived, relations_within_year};
pub use finding::Finding;
pub use fold::{ApplicationFact, Flow, RemedyFact, Tally, tables};
pub use money::{format_wan_yuan, parse_wan_yuan};
pub use prereview::{PREREVIEW_FROM, PrereviewCase, prereview};
pub use published::{Published, PublishedError, check_published, read_published};
pub use roll_up::{SumTooLarge, roll_up, succeeded_figures};
pub use table::{CellRef, TableId, Tables, Value};
