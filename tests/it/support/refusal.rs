//! What a refusal says on the wire.
#![cfg(test)]

use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Code, permanent reason and fields.
pub(crate) type Expected = (Code, &'static str, &'static [&'static str]);

pub(crate) const fn invalid(fields: &'static [&'static str]) -> Expected {
    (Code::InvalidArgument, "INVALID_FIELD", fields)
}

pub(crate) const fn contradicts(reason: &'static str, fields: &'static [&'static str]) -> Expected {
    (Code::FailedPrecondition, reason, fields)
}

pub(crate) const fn missing(reason: &'static str, fields: &'static [&'static str]) -> Expected {
    (Code::NotFound, reason, fields)
}

/// Checks the code, the permanent reason and the fields that a refusal names, in order.
#[track_caller]
pub(crate) fn check_refusal(status: &Status, (code, reason, fields): Expected) {
    let details = status.get_error_details();
    let info = details.error_info().unwrap_or_else(|| panic!("ErrorInfo is missing: {status:?}"));
    assert_eq!(info.domain, "disclosure-ledger", "{status:?}");
    assert_eq!((status.code(), info.reason.as_str()), (code, reason), "{}", status.message());
    let named: Vec<_> = details
        .bad_request()
        .map(|bad| bad.field_violations.iter().map(|fault| fault.field.as_str()).collect())
        .unwrap_or_default();
    assert_eq!(named, fields, "{reason}: {}", status.message());
    assert!(!status.message().is_empty() && !status.message().contains('\n'), "{status:?}");
    let precondition = details.precondition_failure().map(|failure| failure.violations.len());
    let expected = (code == Code::FailedPrecondition).then_some(1);
    assert_eq!(precondition, expected, "{reason} has its precondition, and only such a refusal");
}
