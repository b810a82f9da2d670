//! The year's tables as types: the catalogue of both forms, the tables, the fold over events, the
//! cross-checks and the roll-up.

pub mod catalogue;
mod finding;
mod money;
mod table;

pub use finding::Finding;
pub use money::{format_wan_yuan, parse_wan_yuan};
pub use table::{CellRef, Tables, Value};
