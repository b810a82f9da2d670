//! The tables of an agency's year, or of a whole subtree, with what the checks find in them.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter::successors,
};

use super::{AgencyBook, PublishedReport, QueryError, Register, hierarchy::Holding};
use crate::{
    domain::{
        AgencyId, LegalDate, ReportYear,
        agency::Agency,
        application::CountingPolicy,
        narrative::{Section, Sections},
        proactive::Figures,
        publication::Scope,
    },
    statistics::{
        Background, Finding, Flow, PrereviewCase, Tables, Tally,
        catalogue::{CheckId, Form, Severity, form_for},
        check_derived, check_spikes,
        narrative::{
            Filled, FilledNarrative, TextPolicy, check_similarity, check_typed, fill_sections,
        },
        prereview, roll_up, succeeded_figures, tables,
    },
};

/// How many report years before its own a statement is seen against. What was open when the first
/// of them began is carried into it; who has just begun to record knows no more of the years before.
const EARLIER_YEARS: usize = 4;

/// Which tables are asked for.
#[derive(Debug, Clone)]
pub struct StatementOf {
    /// The agency.
    pub agency_id: AgencyId,
    /// The report year.
    pub year: ReportYear,
    /// Whether every agency below it is added.
    pub subtree: bool,
    /// The edition of the form; `None` for the one of the year.
    pub form: Option<&'static Form>,
}

/// The tables of an agency's year, and what belongs with them in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The agency.
    pub agency: Agency,
    /// The three tables.
    pub tables: Tables,
    /// What the checks find.
    pub findings: Vec<Finding>,
    /// The sections that the agency wrote, their references filled from the tables.
    pub sections: Sections,
    /// The references of each section that has any, and what was filled in.
    pub references: BTreeMap<Section, Vec<Filled>>,
    /// How the applications were counted.
    pub policy: CountingPolicy,
    /// The latest version that was published of it.
    pub published: Option<PublishedReport>,
}

impl StatementOf {
    /// Whose figures it gives.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        Scope::of(self.subtree)
    }
}

/// The form that a report is on.
pub(super) fn form_of(of: &StatementOf) -> &'static Form {
    of.form.unwrap_or_else(|| form_for(of.year))
}

impl Register {
    /// Draws up a statement.
    ///
    /// # Errors
    ///
    /// When the agency is not registered, or was succeeded by then.
    pub fn statement(&self, of: &StatementOf) -> Result<Statement, QueryError> {
        let StatementOf { agency_id, year, subtree, .. } = of;
        let (_, book) = self.book_in(agency_id, year.get())?;
        let unknown = || QueryError::UnknownAgency(agency_id.clone());
        let agency = book.agency().ok_or_else(unknown)?.value.clone();
        let form = form_of(of);
        let held = self.asked_for(agency_id, *subtree, year.get())?;
        let current = tables_of(form, *year, &held)?;
        let previous = year.previous().map(|before| self.before(of, book, before, &held));
        let previous = previous.transpose()?;
        let mut findings = check_derived(&current, *year, previous.as_ref());
        findings.extend(held.iter().filter_map(|held| held.uncounted_figures(*year)));
        findings.extend(held.iter().flat_map(|held| prereview(held.suits_in(*year))));
        findings.extend(previous.iter().flat_map(|previous| check_spikes(&current, previous)));
        let unwritten = Sections::new();
        let written = book.narrative(*year).map_or(&unwritten, |found| &found.value);
        let filled = fill_sections(written, &current, previous.as_ref());
        let FilledNarrative { sections, references, findings: of_references } = filled;
        findings.extend(of_references);
        findings.extend(check_typed(&sections, &current, *year, &BTreeSet::new()));
        let before = year.previous().and_then(|year| book.narrative(year));
        findings.extend(
            before.into_iter().flat_map(|before| {
                check_similarity(written, &before.value, &TextPolicy::default())
            }),
        );
        let published_before = year.previous().and_then(|year| book.published(year, of.scope()));
        findings.extend(published_before.and_then(|published| restated(*year, published)));
        Ok(Statement {
            agency,
            tables: current,
            findings,
            sections,
            references,
            policy: self.policy(),
            published: book.published(*year, of.scope()).cloned(),
        })
    }

    /// The tables of the year before, with which those of a year are compared: as they were
    /// published, if they were, and with what came or went with other agencies since; or else as the
    /// register has them.
    fn before(
        &self,
        of: &StatementOf,
        book: &AgencyBook,
        before: ReportYear,
        held: &[Holding<'_>],
    ) -> Result<Tables, QueryError> {
        let form = form_for(before);
        let derived = |held: &[Holding<'_>]| tables_of(form, before, held);
        let Some(published) = book.published(before, of.scope()) else { return derived(held) };
        let held_then = self.asked_for(&of.agency_id, of.subtree, before.get())?;
        let is_comparable = published.tables.form().id == form.id;
        if !is_comparable || Holding::are_the_same(held, &held_then) {
            return Ok(published.tables.clone());
        }
        let (now, then) = (derived(held)?, derived(&held_then)?);
        let mut tables = published.tables.clone();
        for (cell, value) in published.tables.cells() {
            let moved = |value: i64| {
                let came = now.get(cell).unwrap_or(0).saturating_sub(then.get(cell).unwrap_or(0));
                value.saturating_add(came)
            };
            tables.set(cell, value.map(moved));
        }
        Ok(tables)
    }

    /// What a statement is seen against: the years before, each with those who were then below the
    /// agency, and how long replies took.
    ///
    /// # Errors
    ///
    /// When the agency is not registered, or was succeeded by then.
    pub fn background(&self, of: &StatementOf) -> Result<Background, QueryError> {
        let StatementOf { agency_id, year, subtree, .. } = of;
        let mut earlier = BTreeMap::new();
        let before = successors(year.previous(), |year| year.previous()).take(EARLIER_YEARS);
        for year in before.collect::<Vec<_>>().into_iter().rev().map(ReportYear::get) {
            let mut flow = Flow::default();
            for held in self.asked_for(agency_id, *subtree, year)? {
                flow.add(held.tally().flow(year));
            }
            if !(earlier.is_empty() && flow.is_empty()) {
                earlier.insert(year, flow);
            }
        }
        let timeliness = self.timeliness(agency_id, *year, *subtree)?;
        Ok(Background { earlier, timeliness })
    }
}

/// That the year before was published anew, and so what this year is checked against.
fn restated(year: ReportYear, published: &PublishedReport) -> Option<Finding> {
    let PublishedReport { version, publication_date, .. } = published;
    let before = year.previous().filter(|_| *version > 1)?;
    let message = format!(
        "{before} 年度报告已于 {publication_date} 重新公布（第 {version} 版），\
         本年度与上年度的衔接以该版为准"
    );
    Some(Finding::at(CheckId::RESTATED, Severity::Info, "year", message))
}

/// The tables of a year of what is held: in the year itself or, to compare with, in a later one, from
/// which on its agencies may have been succeeded. Figures of table two are those that the successor
/// or the agency itself declared.
pub(super) fn tables_of(
    form: &'static Form,
    year: ReportYear,
    held: &[Holding<'_>],
) -> Result<Tables, QueryError> {
    let (tally, figures) = sum_of(year, held)?;
    Ok(tables(form, year, &tally, &figures))
}

/// What is held adds up to: its counts, and the figures declared for a year.
pub(super) fn sum_of(
    year: ReportYear,
    held: &[Holding<'_>],
) -> Result<(Tally, Figures), QueryError> {
    let nothing_declared = Figures::new();
    let members: Vec<_> = held
        .iter()
        .map(|held| (held.tally(), held.figures(year).unwrap_or(&nothing_declared)))
        .collect();
    Ok(roll_up(members.iter().map(|(tally, figures)| (&**tally, *figures)))?)
}

/// What the figures declared for a year add up to.
pub(super) fn figures_of(year: ReportYear, held: &[Holding<'_>]) -> Result<Figures, QueryError> {
    let nothing = Tally::default();
    let declared = held.iter().filter_map(|held| held.figures(year));
    Ok(roll_up(declared.map(|figures| (&nothing, figures)))?.1)
}

impl<'a> Holding<'a> {
    /// The figures that its agency declared for a year, if in that year there is one.
    pub(super) fn figures(&self, year: ReportYear) -> Option<&'a Figures> {
        let reports = self.declares(year);
        self.book.figures(year).filter(|_| reports).map(|figures| &figures.value)
    }

    /// Whether what its agency declared for a year counts.
    pub(super) fn declares(&self, year: ReportYear) -> bool {
        self.is_successors() && self.book.succession_in(year.get()).is_none()
    }

    /// A word about figures that an agency declared for a year from which on it was succeeded.
    fn uncounted_figures(&self, year: ReportYear) -> Option<Finding> {
        let declared = self.book.figures(year).is_some() && self.is_successors();
        self.book.succession_in(year.get()).filter(|_| declared).map(|gone| {
            succeeded_figures(self.id.as_str(), gone.successor.as_str(), gone.from_year)
        })
    }

    /// The cases that table four of a year counts, with the result of the application each is
    /// about, where that is known.
    pub(super) fn suits_in(
        &self,
        year: ReportYear,
    ) -> impl Iterator<Item = PrereviewCase<'a>> + use<'a, '_> {
        let book = self.book;
        book.cases().filter_map(move |(case_id, case)| {
            let within = |date: LegalDate| date.year() <= year.get();
            let concluded_before =
                case.fact.conclusion.is_some_and(|(date, _)| date.year() < year.get());
            let application_id = case.application_id.as_ref()?;
            if !self.has_case(case_id, Some(application_id)) {
                return None;
            }
            let application = book.application(application_id).filter(|found| !found.is_voided)?;
            let (_, disposition) = application.fact.conclusion?;
            (within(case.fact.filing_date) && !concluded_before).then(|| PrereviewCase {
                case_id: case_id.as_str(),
                remedy: case.fact,
                application_id: application_id.as_str(),
                disposition,
            })
        })
    }
}
