//! The names of the streams: one per agency, application, case, and year's figures, narrative or
//! publications; and one for the calendar, which is of no agency.

use crate::domain::{AgencyId, ApplicationId, Body, CaseId, Event, ReportYear, publication};

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
    /// What it published of a year.
    Publication(ReportYear, publication::Scope),
}

/// The name of the one stream that holds every notice of working days, whatever its scope: which
/// of them prevails depends on their order.
pub const CALENDAR_STREAM: &str = "calendar";

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
        Subject::Publication(year, scope) => format!("publication-{agency_id}/{year}/{scope}"),
    }
}

/// The name of the stream that an event belongs to; the calendar's for one of no agency.
#[must_use]
pub fn stream_of(event: &Event) -> String {
    let Some(agency_id) = &event.agency_id else { return CALENDAR_STREAM.to_owned() };
    let subject = match &event.body {
        Body::Agency(_) => Subject::Agency,
        Body::Application(id, _) => Subject::Application(id),
        Body::Remedy(id, _) => Subject::Remedy(id),
        Body::Figures(declared) => Subject::Figures(declared.year),
        Body::Section(set) => Subject::Narrative(set.year),
        Body::Publication(event) => {
            let (year, scope) = event.about();
            Subject::Publication(year, scope)
        }
        Body::Notice(_) => return CALENDAR_STREAM.to_owned(),
    };
    stream_name(agency_id, subject)
}
