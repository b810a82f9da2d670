//! The names of the streams: one per agency, application, case, and year's figures or narrative.

use crate::domain::{AgencyId, ApplicationId, Body, CaseId, Event, ReportYear};

/// What a stream is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// The agency itself.
    Agency,
    /// One of its applications.
    Application(&'a ApplicationId),
    /// One of its cases.
    Remedy(&'a CaseId),
    /// Its declared figures of a year.
    Figures(ReportYear),
    /// Its written sections of a year.
    Narrative(ReportYear),
}

/// The name of a stream: category, agency, and the subject within it. An agency's id has no `/`, so
/// the name tells its parts apart.
#[must_use]
pub fn stream_name(agency_id: &AgencyId, subject: Subject<'_>) -> String {
    match subject {
        Subject::Agency => format!("agency-{agency_id}"),
        Subject::Application(id) => format!("application-{agency_id}/{id}"),
        Subject::Remedy(id) => format!("remedy-{agency_id}/{id}"),
        Subject::Figures(year) => format!("figures-{agency_id}/{year}"),
        Subject::Narrative(year) => format!("narrative-{agency_id}/{year}"),
    }
}

impl<'a> From<&'a Event> for Subject<'a> {
    fn from(event: &'a Event) -> Self {
        match &event.body {
            Body::Agency(_) => Self::Agency,
            Body::Application(id, _) => Self::Application(id),
            Body::Remedy(id, _) => Self::Remedy(id),
            Body::Figures(declared) => Self::Figures(declared.year),
            Body::Section(set) => Self::Narrative(set.year),
        }
    }
}
