//! Why a command failed, and with which exit code.

use std::{fmt::Display, path::Path};

use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::store::OpenError;

/// A command that failed.
#[derive(Debug)]
pub(super) struct Failure {
    kind: Kind,
    reason: String,
    message: String,
    fields: Vec<(String, String)>,
}

/// What kind of failure, which the exit code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What was looked at has faults.
    Faults = 1,
    /// What was typed, or asked for, cannot be.
    Usage = 2,
    /// The server or the data cannot be reached.
    Unreachable = 3,
}

impl Failure {
    fn new(kind: Kind, reason: &str, message: impl Into<String>) -> Self {
        Self { kind, reason: reason.to_owned(), message: message.into(), fields: Vec::new() }
    }

    /// What was typed cannot be.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, "USAGE", message)
    }

    /// What was looked at has faults of a kind that ends the looking.
    pub(super) fn faults(message: impl Into<String>) -> Self {
        Self::new(Kind::Faults, "INVALID_INPUT", message)
    }

    /// What is kept is damaged.
    pub(super) fn damaged(message: impl Into<String>) -> Self {
        Self::new(Kind::Faults, "DAMAGED", message)
    }

    /// What was under way was broken off.
    pub(super) fn broken_off(message: impl Into<String>) -> Self {
        Self::new(Kind::Unreachable, "BROKEN_OFF", message)
    }

    /// A directory cannot take in a log.
    pub(super) fn ledger(error: &OpenError) -> Self {
        match error {
            OpenError::NotEmpty { .. } => Self::usage(error.to_string()),
            OpenError::NotOurs { .. }
            | OpenError::NewerFormat { .. }
            | OpenError::RestoreUnfinished { .. }
            | OpenError::Locked { .. }
            | OpenError::ReadOnly { .. }
            | OpenError::Io { .. }
            | OpenError::Engine { .. } => Self::unreachable("the log cannot be written", error),
            OpenError::Damaged { .. } => Self::damaged(error.to_string()),
        }
    }

    /// Something cannot be reached.
    pub(super) fn unreachable(what: impl Display, error: &dyn std::error::Error) -> Self {
        Self::new(Kind::Unreachable, "UNREACHABLE", format!("{what}: {}", chain(error)))
    }

    /// A file cannot be read or written.
    pub(super) fn file(verb: &str, path: &Path, error: &std::io::Error) -> Self {
        let message = format!("cannot {verb} {}: {error}", path.display());
        Self::new(Kind::Unreachable, "FILE", message)
    }

    /// Whether the server cannot be reached, so that trying on is of no use.
    pub(super) fn is_unreachable(&self) -> bool {
        matches!(self.reason.as_str(), "UNAVAILABLE" | "UNREACHABLE" | "SHUTTING_DOWN")
    }

    /// The exit code.
    pub(super) const fn exit_code(&self) -> u8 {
        self.kind as u8
    }

    /// One sentence, without a line break.
    pub(super) fn sentence(&self) -> String {
        self.message.replace('\n', " ")
    }

    /// The whole as a JSON object.
    pub(super) fn json(&self) -> serde_json::Value {
        let fields: Vec<_> = self
            .fields
            .iter()
            .map(|(field, description)| {
                serde_json::json!({ "field": field, "description": description })
            })
            .collect();
        serde_json::json!({ "error": {
            "reason": self.reason,
            "message": self.sentence(),
            "fields": fields,
            "exit_code": self.exit_code(),
        }})
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let kind = match status.code() {
            Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Aborted
            | Code::PermissionDenied
            | Code::Unauthenticated => Kind::Usage,
            Code::Ok
            | Code::Cancelled
            | Code::Unknown
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss => Kind::Unreachable,
        };
        let reason = details.error_info().map_or("UNAVAILABLE", |info| info.reason.as_str());
        let violations = details.bad_request().map(|request| request.field_violations.as_slice());
        let fields = violations
            .unwrap_or_default()
            .iter()
            .map(|violation| (violation.field.clone(), violation.description.clone()))
            .collect();
        Self { fields, ..Self::new(kind, reason, status.message()) }
    }
}

/// An error and what caused it, as one phrase.
fn chain(error: &dyn std::error::Error) -> String {
    let mut phrase = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !phrase.contains(&text) {
            phrase = format!("{phrase}: {text}");
        }
        cause = error.source();
    }
    phrase
}
