//! The log of the program itself: where its lines go.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt};

/// Sends the program's log to standard error, at `info` and above unless `filter` says otherwise.
///
/// Calling it again does nothing.
pub fn install(filter: Option<&str>) {
    let filter = filter.unwrap_or("info,sled=warn");
    let lines = fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // An error means that a subscriber is installed already, by a test or an earlier call.
    drop(lines.try_init());
}
