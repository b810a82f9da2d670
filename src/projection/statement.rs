//! The tables of an agency's year, or of a whole subtree, with what the checks find in them.

use std::collections::BTreeMap;

use super::{AgencyBook, QueryError, Register};
use crate::{
    domain::{
        AgencyId, LegalDate, ReportYear, agency::Agency, narrative::Sections, proactive::Figures,
    },
    statistics::{
        Background, Finding, Flow, PrereviewCase, Tables,
        catalogue::{Form, form_for},
        check_derived, prereview, roll_up, tables,
    },
};

/// How many years before its own a statement is seen against.
const EARLIER_YEARS: i16 = 4;

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
    /// The sections that the agency wrote.
    pub sections: Sections,
}

impl Register {
    /// Draws up a statement.
    ///
    /// # Errors
    ///
    /// When the agency is not registered.
    pub fn statement(&self, of: &StatementOf) -> Result<Statement, QueryError> {
        let StatementOf { agency_id, year, subtree, form } = of;
        let unknown = || QueryError::UnknownAgency(agency_id.clone());
        let book = self.book(agency_id).ok_or_else(unknown)?;
        let agency = book.agency().ok_or_else(unknown)?.value.clone();
        let books_in = |year: ReportYear| match subtree {
            true => self.subtree(agency_id, year.get()),
            false => vec![book],
        };
        let form = form.unwrap_or_else(|| form_for(*year));
        let books = books_in(*year);
        let current = tables_of(form, *year, &books)?;
        let previous = year.previous();
        let previous = previous.map(|year| tables_of(form_for(year), year, &books_in(year)));
        let previous = previous.transpose()?;
        let mut findings = check_derived(&current, *year, previous.as_ref());
        findings.extend(books.iter().flat_map(|book| prereview(book.suits_in(*year))));
        let sections = book.narrative(*year).map(|found| found.value.clone()).unwrap_or_default();
        Ok(Statement { agency, tables: current, findings, sections })
    }

    /// What a statement is seen against: the years before, each with those who were then below the
    /// agency, and how long replies took.
    ///
    /// # Errors
    ///
    /// When the agency is not registered.
    pub fn background(&self, of: &StatementOf) -> Result<Background, QueryError> {
        let StatementOf { agency_id, year, subtree, .. } = of;
        let mut earlier = BTreeMap::new();
        for before in (1..=EARLIER_YEARS).rev() {
            let year = year.get().saturating_sub(before);
            let mut flow = Flow::default();
            for (_, book) in self.asked_for(agency_id, *subtree, year)? {
                flow.add(book.tally().flow(year));
            }
            if !(earlier.is_empty() && flow.is_empty()) {
                earlier.insert(year, flow);
            }
        }
        let timeliness = self.timeliness(agency_id, *year, *subtree)?;
        Ok(Background { earlier, timeliness })
    }
}

fn tables_of(
    form: &'static Form,
    year: ReportYear,
    books: &[&AgencyBook],
) -> Result<Tables, QueryError> {
    let nothing_declared = Figures::new();
    let members = books.iter().map(|book| {
        let figures = book.figures(year).map_or(&nothing_declared, |figures| &figures.value);
        (book.tally(), figures)
    });
    let (tally, figures) = roll_up(members)?;
    Ok(tables(form, year, &tally, &figures))
}

impl AgencyBook {
    /// The cases that table four of a year counts, with the result of the application each is
    /// about, where that is known.
    fn suits_in(&self, year: ReportYear) -> impl Iterator<Item = PrereviewCase<'_>> {
        self.cases().filter_map(move |(case_id, case)| {
            let within = |date: LegalDate| date.year() <= year.get();
            let concluded_before =
                case.fact.conclusion.is_some_and(|(date, _)| date.year() < year.get());
            let application_id = case.application_id.as_ref()?;
            let application = self.application(application_id).filter(|found| !found.is_voided)?;
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
