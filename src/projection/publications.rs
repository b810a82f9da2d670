//! What was published, as far as later reports are compared with it.

use std::collections::BTreeMap;

use crate::{
    domain::{
        LegalDate, ReportYear,
        narrative::Sections,
        publication::{Edition, Event, PolicySettings, Publications, Scope, Version, evolve},
    },
    statistics::{
        Tables,
        catalogue::{form_by_id, form_for},
    },
    store::{GlobalPosition, StreamVersion},
};

/// The latest version of a year's report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedReport {
    /// Its number, from 1.
    pub version: u32,
    /// The day on which it was published.
    pub publication_date: LegalDate,
    /// The day on which it, or an earlier version, was first submitted; if that is recorded.
    pub submission_date: Option<LegalDate>,
    /// The position that it was drawn up at; `None` if it was taken in as given.
    pub position: Option<GlobalPosition>,
    /// Its tables.
    pub tables: Tables,
    /// Its sections, with references filled; `None` if it was taken in as given.
    pub sections: Option<Sections>,
    /// The settings by which it was counted.
    pub policy: PolicySettings,
    /// The version of the stream of the year's publications.
    pub stream_version: StreamVersion,
}

/// An agency's publications, the latest of each year and scope.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PublicationBook(BTreeMap<(ReportYear, Scope), PublishedReport>);

impl PublicationBook {
    /// Folds in an event, which gave its stream `version`.
    pub(super) fn fold(&mut self, event: &Event, stream_version: StreamVersion) {
        let about = event.about();
        if let Event::Submitted(submitted) = event {
            if let Some(report) = self.0.get_mut(&about) {
                report.submission_date.get_or_insert(submitted.submission_date);
                report.stream_version = stream_version;
            }
            return;
        }
        let before = self.0.remove(&about);
        // One version at a time makes up the book; the others stay in their stream.
        let now = evolve(Publications::default(), event);
        let report = match now.latest() {
            Some(version) => {
                let submission_date = before.and_then(|report| report.submission_date);
                let report = PublishedReport::of(about.0, version, stream_version);
                Some(PublishedReport { submission_date, ..report })
            }
            None => before.map(|report| PublishedReport { stream_version, ..report }),
        };
        self.0.extend(report.map(|report| (about, report)));
    }

    /// The latest version of a year.
    pub(super) fn latest(&self, year: ReportYear, scope: Scope) -> Option<&PublishedReport> {
        self.0.get(&(year, scope))
    }

    /// The years and scopes of which anything was published.
    pub(super) fn published(&self) -> impl Iterator<Item = (ReportYear, Scope)> {
        self.0.keys().copied()
    }
}

impl PublishedReport {
    /// What later reports are compared with of a version.
    #[must_use]
    pub fn of(year: ReportYear, version: &Version, stream_version: StreamVersion) -> Self {
        let (sections, policy) = match &version.edition {
            Edition::Published(published) => {
                (Some(published.sections.clone()), published.policy.clone())
            }
            Edition::Taken(_) => (None, PolicySettings::new()),
        };
        Self {
            version: version.number(),
            publication_date: version.publication_date(),
            submission_date: version.submission.as_ref().map(|said| said.submission_date),
            position: version.position().map(GlobalPosition::new),
            tables: tables_of(year, version),
            sections,
            policy,
            stream_version,
        }
    }
}

/// The tables of a version; a cell that its form does not have is left out.
#[must_use]
pub fn tables_of(year: ReportYear, version: &Version) -> Tables {
    let form = form_by_id(version.form()).unwrap_or_else(|| form_for(year));
    let mut tables = Tables::blank(form);
    for cell in form.cells() {
        let value = version.cells().get(form.cell_name(cell).as_str()).copied().flatten();
        tables.set(cell, value);
    }
    tables
}
