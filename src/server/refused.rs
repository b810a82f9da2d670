//! Why a call is refused, as callers see it: one code, one permanent reason, one sentence, and the
//! fields it speaks of. Every error of the layers below becomes one here, and nowhere else.

use std::collections::BTreeMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::{
    domain::{Refusal, calendar},
    ledger::RecordError,
    projection::QueryError,
    render::RenderError,
    store::{AppendError, ReadError, StateError},
    wire::pb::v1 as pb,
};

/// The domain under which reasons are unique.
const REASON_DOMAIN: &str = "disclosure-ledger";

/// A refused call.
#[derive(Debug)]
pub(crate) struct Refused {
    code: Code,
    reason: &'static str,
    message: String,
    fields: Vec<FieldFault>,
    metadata: BTreeMap<String, String>,
}

/// What is wrong with one field.
#[derive(Debug)]
pub(crate) struct FieldFault {
    /// The path of the field within the request.
    pub(crate) field: String,
    /// What was expected.
    pub(crate) description: String,
}

impl Refused {
    fn new(code: Code, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            fields: Vec::new(),
            metadata: BTreeMap::new(),
        }
    }

    /// Fields that do not parse.
    pub(crate) fn invalid_fields(fields: Vec<FieldFault>) -> Self {
        let message = sentence(&fields);
        Self { fields, ..Self::new(Code::InvalidArgument, "INVALID_FIELD", message) }
    }

    fn by_law(refusal: &impl Refusal) -> Self {
        let code = if refusal.is_not_found() { Code::NotFound } else { Code::FailedPrecondition };
        Self::new(code, refusal.reason(), refusal.to_string()).at(refusal.field())
    }

    /// The server is going away.
    pub(crate) fn shutting_down() -> Self {
        Self::new(Code::Unavailable, "SHUTTING_DOWN", "the server is shutting down")
    }

    /// A unit with more rows than are taken at once.
    pub(crate) fn too_many_rows(limit: usize) -> Self {
        let message = format!("a unit holds at most {limit} rows; send it in parts");
        Self::new(Code::ResourceExhausted, "TOO_LARGE", message)
    }

    /// A second verification at the same time.
    pub(crate) fn verification_under_way() -> Self {
        let message = "the log is being verified already; wait for the end of that";
        Self::new(Code::ResourceExhausted, "VERIFICATION_UNDER_WAY", message)
    }

    /// Names the field that the refusal speaks of.
    fn at(mut self, field: &str) -> Self {
        let description = self.message.clone();
        self.fields.push(FieldFault { field: field.to_owned(), description });
        self
    }

    fn with(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.metadata.insert(key.to_owned(), value.to_string());
        self
    }

    /// Puts the refusal's fields under the field that carries the refused message.
    pub(crate) fn under(mut self, parent: &str) -> Self {
        for fault in &mut self.fields {
            fault.field = format!("{parent}.{}", fault.field);
        }
        if self.code == Code::InvalidArgument {
            self.message = sentence(&self.fields);
        }
        self
    }

    /// Calls a field of the refusal by the name that the request has for it.
    pub(crate) fn renamed(mut self, field: &str, name: &str) -> Self {
        for fault in self.fields.iter_mut().filter(|fault| fault.field == field) {
            name.clone_into(&mut fault.field);
        }
        self
    }

    /// The refusal of one row among many.
    pub(crate) fn into_row(self) -> pb::RowRefusal {
        let field = self.fields.into_iter().next().map(|fault| fault.field).unwrap_or_default();
        pb::RowRefusal { reason: self.reason.to_owned(), field, message: self.message }
    }
}

/// What is wrong with fields, as one sentence.
fn sentence(fields: &[FieldFault]) -> String {
    let faults = fields.iter().map(|fault| format!("{}: {}", fault.field, fault.description));
    faults.collect::<Vec<_>>().join("; ")
}

impl From<Refused> for Status {
    fn from(refused: Refused) -> Self {
        let metadata: Vec<_> = refused.metadata.into_iter().collect();
        let mut details = ErrorDetails::with_error_info(
            refused.reason,
            REASON_DOMAIN,
            metadata.into_iter().collect::<std::collections::HashMap<_, _>>(),
        );
        for fault in refused.fields {
            details.add_bad_request_violation(fault.field, fault.description);
        }
        if refused.code == Code::FailedPrecondition {
            details.add_precondition_failure_violation(refused.reason, "", &refused.message);
        }
        Self::with_error_details(refused.code, refused.message, details)
    }
}

impl From<RecordError> for Refused {
    fn from(error: RecordError) -> Self {
        match &error {
            RecordError::UnknownAgency(_) => {
                Self::new(Code::NotFound, "AGENCY_NOT_FOUND", error.to_string()).at("agency_id")
            }
            RecordError::Agency(rejection) => Self::by_law(rejection),
            RecordError::HandoverNotFound { .. } => {
                Self::new(Code::NotFound, "HANDOVER_NOT_FOUND", error.to_string()).at("handovers")
            }
            RecordError::Application(rejection) => Self::by_law(rejection),
            RecordError::Remedy(rejection) => Self::by_law(rejection),
            RecordError::Publication(rejection) => Self::by_law(rejection),
            RecordError::Notice(calendar::Rejection::Invalid(invalid)) => {
                let field = format!("notice.{}", invalid.field);
                let description = invalid.what.clone();
                Self::invalid_fields(vec![FieldFault { field, description }])
            }
            RecordError::Notice(rejection) => Self::by_law(rejection),
            RecordError::StaleVersion { expected, actual } => {
                let actual = actual.map(|version| version.to_string()).unwrap_or_default();
                Self::new(Code::Aborted, "VERSION_CONFLICT", error.to_string())
                    .at("write.expected_version")
                    .with("expected_version", expected)
                    .with("actual_version", actual)
            }
            RecordError::RequestReused { position } => {
                Self::new(Code::AlreadyExists, "REQUEST_ID_REUSED", error.to_string())
                    .at("write.request_id")
                    .with("position", position)
            }
            RecordError::NotRecorded => Self::new(Code::Aborted, "NOT_RECORDED", error.to_string()),
            RecordError::Conflicts => Self::new(Code::Aborted, "CONTENTION", error.to_string()),
            RecordError::StreamName(_) => {
                Self::new(Code::InvalidArgument, "INVALID_FIELD", error.to_string())
            }
            RecordError::Append(append) => Self::from(append),
            RecordError::Read(read) => Self::from(read),
            RecordError::Unreadable { .. } => Self::data_loss(&error),
        }
    }
}

impl From<&AppendError> for Refused {
    fn from(error: &AppendError) -> Self {
        let (code, reason) = match error {
            AppendError::VersionConflict { .. } => (Code::Aborted, "VERSION_CONFLICT"),
            AppendError::RequestReused { .. } => (Code::AlreadyExists, "REQUEST_ID_REUSED"),
            AppendError::TooLarge { .. } => (Code::ResourceExhausted, "TOO_LARGE"),
            AppendError::StreamFull { .. } => (Code::ResourceExhausted, "STREAM_FULL"),
            AppendError::Unreadable { .. } => (Code::DataLoss, "LOG_DAMAGED"),
            AppendError::DiskFull => (Code::ResourceExhausted, "DISK_FULL"),
            AppendError::Failed { .. } => (Code::Unavailable, "LOG_READ_ONLY"),
            AppendError::Closed => (Code::Unavailable, "SHUTTING_DOWN"),
            AppendError::Empty | AppendError::EventType { .. } => (Code::Internal, "BUG"),
        };
        Self::new(code, reason, format!("the log did not take it: {error}"))
    }
}

impl From<&ReadError> for Refused {
    fn from(error: &ReadError) -> Self {
        let (code, reason) = match error {
            ReadError::Corrupt { .. } => (Code::DataLoss, "LOG_DAMAGED"),
            ReadError::Engine { .. } => (Code::Unavailable, "LOG_UNREADABLE"),
            ReadError::Closed => (Code::Unavailable, "SHUTTING_DOWN"),
        };
        Self::new(code, reason, format!("the log could not be read: {error}"))
    }
}

impl From<ReadError> for Refused {
    fn from(error: ReadError) -> Self {
        Self::from(&error)
    }
}

impl From<StateError> for Refused {
    fn from(error: StateError) -> Self {
        match &error {
            StateError::BeyondHead { head, .. } => {
                Self::new(Code::OutOfRange, "POSITION_BEYOND_END", error.to_string())
                    .at("after_position")
                    .with("head", head)
            }
            StateError::WithinFrame { .. } => {
                Self::new(Code::FailedPrecondition, "POSITION_WITHIN_FRAME", error.to_string())
                    .at("after_position")
            }
            StateError::Read(read) => Self::from(read),
        }
    }
}

impl From<QueryError> for Refused {
    fn from(error: QueryError) -> Self {
        match &error {
            QueryError::UnknownAgency(_) => {
                Self::new(Code::NotFound, "AGENCY_NOT_FOUND", error.to_string()).at("agency_id")
            }
            QueryError::Succeeded(rejection) => Self::by_law(rejection),
            QueryError::NotFound { what, .. } => {
                let (reason, field) = match *what {
                    "case" => ("CASE_NOT_FOUND", "case_id"),
                    "stream" => ("STREAM_NOT_FOUND", "stream_id"),
                    "version" => ("PUBLICATION_NOT_FOUND", "version"),
                    _ => ("APPLICATION_NOT_FOUND", "application_id"),
                };
                Self::new(Code::NotFound, reason, error.to_string()).at(field)
            }
            QueryError::BeyondHead { head, .. } => {
                Self::new(Code::OutOfRange, "POSITION_BEYOND_END", error.to_string())
                    .at("as_of_position")
                    .with("head", head)
            }
            QueryError::SumTooLarge(_) => {
                Self::new(Code::FailedPrecondition, "SUM_TOO_LARGE", error.to_string()).at("year")
            }
            QueryError::Deadline(_) => {
                let reason = "DEADLINE_BEYOND_LEDGER";
                Self::new(Code::FailedPrecondition, reason, error.to_string()).at("application_id")
            }
            QueryError::Read(read) => Self::from(read),
            QueryError::Unreadable { .. } => Self::data_loss(&error),
            QueryError::Stopped { .. } => {
                Self::new(Code::Unavailable, "PROJECTION_STOPPED", error.to_string())
            }
        }
    }
}

impl From<RenderError> for Refused {
    fn from(error: RenderError) -> Self {
        match &error {
            RenderError::GlyphMissing(_) => {
                Self::new(Code::FailedPrecondition, "GLYPH_MISSING", error.to_string()).at("format")
            }
            RenderError::NotWritable(_) => {
                Self::new(Code::FailedPrecondition, "NOT_WRITABLE", error.to_string()).at("format")
            }
        }
    }
}

impl Refused {
    fn data_loss(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "recorded event cannot be read");
        let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        Self::new(Code::DataLoss, "EVENT_UNREADABLE", format!("{error}{source}"))
    }
}
