//! Reaching the server.

use std::{
    hash::{BuildHasher, Hasher},
    time::Duration,
};

use tonic::transport::{Channel, Endpoint};

use super::Failure;
use crate::wire::pb::v1::WriteOptions;

/// How long to wait for a server that does not answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection to the server.
pub(super) async fn connect(server: &str) -> Result<Channel, Failure> {
    let endpoint = Endpoint::from_shared(server.to_owned())
        .map_err(|_| Failure::usage(format!("{server:?} is not the URL of a server")))?;
    let endpoint = endpoint.connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true);
    endpoint.connect().await.map_err(|error| {
        Failure::unreachable(format_args!("cannot reach the server at {server}"), &error)
    })
}

/// The requests of one run of a command, each with a name of its own.
#[derive(Debug)]
pub(super) struct Run {
    name: String,
    requests: u64,
}

impl Run {
    /// A run of the command of this name.
    pub(super) fn new(command: &str) -> Self {
        // The standard library's hasher keys are the randomness that is at hand.
        let random = || std::hash::RandomState::new().build_hasher().finish();
        Self { name: format!("{command}-{:016x}{:016x}", random(), random()), requests: 0 }
    }

    /// How the next request writes.
    pub(super) fn write(&mut self) -> WriteOptions {
        self.requests = self.requests.saturating_add(1);
        WriteOptions {
            request_id: format!("{}-{}", self.name, self.requests),
            ..WriteOptions::default()
        }
    }
}
