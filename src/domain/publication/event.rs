//! What is recorded of a publication.

use std::sync::Arc;

use super::{Cause, Cells, DocumentDigest, FindingKept, PolicySettings, Scope};
use crate::domain::{LegalDate, ReportYear, ShortText, narrative::Sections};

/// How many bytes of a document one event holds, so that no event is too long for a message.
pub const DOCUMENT_PART_BYTES: usize = 128 * 1024;

/// A fact about the publication of a year's report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A version drawn up from the register was published.
    Published(Arc<Published>),
    /// A part of a document of the version before was kept.
    DocumentKept(DocumentKept),
    /// A report published elsewhere was taken in as given.
    Taken(Arc<Taken>),
    /// A version was submitted to the office in charge.
    Submitted(Submitted),
}

/// A version drawn up from the register was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The report year.
    pub year: ReportYear,
    /// Whose figures it gives.
    pub scope: Scope,
    /// Its number, from 1.
    pub version: u32,
    /// The day on which it was published.
    pub publication_date: LegalDate,
    /// The id of the form that it is on.
    pub form: Box<str>,
    /// The agency's name as it was.
    pub agency_name: ShortText,
    /// How the public reached it; may be empty.
    pub contact: ShortText,
    /// The position in the log that it was drawn up at.
    pub position: u64,
    /// The first position from there on at which events recorded together end.
    pub root_position: u64,
    /// The Merkle root of the log at that position.
    pub root: [u8; 32],
    /// The settings by which it was counted.
    pub policy: PolicySettings,
    /// Every cell.
    pub cells: Cells,
    /// The sections, their references filled from the cells.
    pub sections: Sections,
    /// What the checks found.
    pub findings: Vec<FindingKept>,
    /// The documents kept of it.
    pub documents: Vec<DocumentDigest>,
    /// Why it was published although a check found an error; empty if none did.
    pub error_acceptance: ShortText,
    /// Why there is a version after the first.
    pub reasons: Vec<ShortText>,
    /// What makes it differ from the version before.
    pub causes: Vec<Cause>,
}

/// A part of a document was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentKept {
    /// The report year.
    pub year: ReportYear,
    /// Whose figures the report gives.
    pub scope: Scope,
    /// The version that it is a document of.
    pub version: u32,
    /// The day on which that was published.
    pub publication_date: LegalDate,
    /// The key of the format.
    pub format: Box<str>,
    /// Which part, from 1.
    pub part: u32,
    /// Its bytes, at most [`DOCUMENT_PART_BYTES`].
    pub content: Arc<[u8]>,
}

/// A report published elsewhere was taken in as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The report year.
    pub year: ReportYear,
    /// Whose figures it gives.
    pub scope: Scope,
    /// Its number, from 1.
    pub version: u32,
    /// The day on which it was published.
    pub publication_date: LegalDate,
    /// The id of the form that it is on.
    pub form: Box<str>,
    /// Where it was found: an address, a file number.
    pub source: ShortText,
    /// Every cell; blank where it says nothing.
    pub cells: Cells,
    /// The documents kept of it: the one it was taken from.
    pub documents: Vec<DocumentDigest>,
    /// Why there is a version after the first.
    pub reasons: Vec<ShortText>,
}

/// A version was submitted to the office in charge (向政府信息公开工作主管部门提交).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// The report year.
    pub year: ReportYear,
    /// Whose figures the report gives.
    pub scope: Scope,
    /// The version.
    pub version: u32,
    /// The day on which it was submitted.
    pub submission_date: LegalDate,
    /// To whom, if stated.
    pub recipient: ShortText,
}

impl Event {
    /// The report year and scope.
    #[must_use]
    pub fn about(&self) -> (ReportYear, Scope) {
        match self {
            Self::Published(published) => (published.year, published.scope),
            Self::DocumentKept(kept) => (kept.year, kept.scope),
            Self::Taken(taken) => (taken.year, taken.scope),
            Self::Submitted(submitted) => (submitted.year, submitted.scope),
        }
    }

    /// The legal date on which the fact took effect.
    #[must_use]
    pub fn effective_date(&self) -> LegalDate {
        match self {
            Self::Published(published) => published.publication_date,
            Self::DocumentKept(kept) => kept.publication_date,
            Self::Taken(taken) => taken.publication_date,
            Self::Submitted(submitted) => submitted.submission_date,
        }
    }
}
