//! What the checks find in the reports of a year, agency by agency: a list to work through.

use std::{num::NonZeroUsize, thread};

use super::{Page, QueryError, Register, StatementOf, replay::in_turns};
use crate::{
    domain::{AgencyId, ReportYear, ShortText},
    statistics::{Finding, catalogue::Severity},
};

/// How many agencies are checked on one thread before others are called in.
const ALONE: usize = 100;

/// Which findings are asked for.
#[derive(Debug, Clone)]
pub struct FindingsOf {
    /// The agency.
    pub agency_id: AgencyId,
    /// The report year.
    pub year: ReportYear,
    /// Whether every agency below it, as the tree is in that year, is checked as well.
    pub subtree: bool,
    /// Only of these severities; empty for all.
    pub severities: Vec<Severity>,
    /// Only of these checks, by their ids; empty for all.
    pub checks: Vec<String>,
}

/// A finding, and whose report it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberFinding {
    /// The agency.
    pub agency_id: AgencyId,
    /// Its official name.
    pub agency_name: ShortText,
    /// What was found.
    pub finding: Finding,
}

/// A place in a list of findings, at which a page ends: severity, agency, number among the agency's
/// of that severity. Its text is what callers hand back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FindingPlace {
    severity: u8,
    agency_id: String,
    number: usize,
}

impl Register {
    /// A page of the findings after a place: by severity, then agency, then in the order of the form.
    ///
    /// # Errors
    ///
    /// When the agency is not registered, or was succeeded by then; when declared figures add up to
    /// more than a cell can hold.
    pub fn findings(
        &self,
        of: &FindingsOf,
        after: Option<&FindingPlace>,
        size: usize,
    ) -> Result<Page<MemberFinding>, QueryError> {
        let (id, _) = self.book_in(&of.agency_id, of.year.get())?;
        let members = if of.subtree { self.tree_of(of.year.get()).members(id) } else { vec![id] };
        let all = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = if members.len() > ALONE { all } else { 1 };
        let found = in_turns(threads, members.into_iter(), |id| self.findings_of(id, of));
        let mut listed = Vec::new();
        for found in found {
            listed.extend(found?);
        }
        listed.sort_by(|(a, _), (b, _)| a.cmp(b));
        let items = listed
            .into_iter()
            .filter(|(place, _)| after.is_none_or(|after| place > after))
            .map(|(place, finding)| (place.to_string(), finding));
        Ok(Page::take(items, size))
    }

    /// The findings of one agency's own report that are asked for.
    fn findings_of(
        &self,
        id: &AgencyId,
        of: &FindingsOf,
    ) -> Result<Vec<(FindingPlace, MemberFinding)>, QueryError> {
        let statement_of =
            StatementOf { agency_id: id.clone(), year: of.year, subtree: false, form: None };
        let statement = self.statement(&statement_of)?;
        let is_asked = |finding: &Finding| {
            (of.severities.is_empty() || of.severities.contains(&finding.severity))
                && (of.checks.is_empty() || of.checks.iter().any(|id| *id == finding.id.0))
        };
        let listed =
            (0..).zip(statement.findings.into_iter().filter(is_asked)).map(|(number, finding)| {
                let agency_id = id.to_string();
                let place = FindingPlace { severity: weight(finding.severity), agency_id, number };
                let agency_name = statement.agency.name.clone();
                (place, MemberFinding { agency_id: id.clone(), agency_name, finding })
            });
        Ok(listed.collect())
    }
}

/// Where a severity stands in a list.
const fn weight(severity: Severity) -> u8 {
    match severity {
        Severity::Error => 0,
        Severity::Warning => 1,
        Severity::Info => 2,
    }
}

impl FindingPlace {
    /// The place that a page named as its end.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '/');
        let severity = parts.next()?.parse().ok()?;
        let agency_id = parts.next()?.to_owned();
        Some(Self { severity, agency_id, number: parts.next()?.parse().ok()? })
    }
}

impl std::fmt::Display for FindingPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { severity, agency_id, number } = self;
        write!(f, "{severity}/{agency_id}/{number}")
    }
}
