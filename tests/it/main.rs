//! What the parts do together.

#![expect(
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on fails, which is what is wanted"
)]
#![expect(
    clippy::too_many_lines,
    clippy::unnecessary_wraps,
    reason = "a table of cases is as long as its cases, and helpers give what messages hold"
)]

mod support;
mod oracle;
mod store_behaviour;
mod oracle_histories;
mod hierarchy_histories;
mod projection_prefixes;
mod published_tables;
mod act_histories;
mod difference_histories;
mod cell_histories;
mod api;
mod import_cli;
mod record_cli;
mod calendar_cli;
mod check_reference;
mod deadlines_cli;
mod explain_cell_cli;
mod roll_up_cli;
mod operations;
mod snapshot_restart;
mod hostile;
mod same_bytes;
mod documents;
mod source;
mod layers;
mod proto_style;
mod error_reference;
