//! What the parts do together.

mod support;
mod oracle;
mod store_behaviour;
mod oracle_histories;
mod projection_prefixes;
mod published_tables;
mod api;
// mod import_cli;
// mod snapshot_restart;
