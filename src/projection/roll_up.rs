//! The roll-up (汇总) of an agency's year: its own figures, those of each agency directly below it with
//! everybody below that, and the sum.
//!
//! The parts are disjoint: in a year every register is held by one agency, which stands below one
//! other. Nothing that was published is added to anything.

use super::{
    AgencyBook, Page, QueryError, Register,
    hierarchy::{Holding, Tree},
    statement::{figures_of, sum_of, tables_of},
};
use crate::{
    domain::{
        AgencyId, ReportYear,
        agency::{Agency, Directory},
        proactive::Figures,
        timeliness::Timeliness,
    },
    statistics::{
        Compared, Coverage, Finding, Outlier, Reporting, Tables, Tally,
        catalogue::{Form, form_for},
        check_sum, outliers, roll_up, tables,
    },
};

/// Which roll-up is asked for.
#[derive(Debug, Clone)]
pub struct RollUpOf {
    /// The agency.
    pub agency_id: AgencyId,
    /// The report year.
    pub year: ReportYear,
    /// The edition of the form; `None` for the one of the year.
    pub form: Option<&'static Form>,
}

/// An agency's own figures, each child's, and the sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollUp {
    /// The agency.
    pub agency: Agency,
    /// What it holds itself.
    pub own: Part,
    /// What each agency directly below it holds, together with all below that; by id.
    pub children: Vec<(AgencyId, Agency, Part)>,
    /// All parts together.
    pub sum: Part,
    /// The children whose figures lie far from those of the others.
    pub outliers: Vec<Outlier>,
}

/// One part of a roll-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The three tables.
    pub tables: Tables,
    /// What children are compared by.
    pub compared: Compared,
    /// Who of it reported.
    pub coverage: Coverage,
}

/// How far an agency's report of a year has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageEntry {
    /// The agency.
    pub agency_id: AgencyId,
    /// The agency it reports to in that year, if to any.
    pub parent: Option<AgencyId>,
    /// Its official name.
    pub agency: Agency,
    /// How far its report has come.
    pub reporting: Reporting,
}

/// What a part adds up to, before it is laid out as tables.
struct Sum {
    tally: Tally,
    figures: Figures,
    /// The figures declared for the year before.
    previous_figures: Figures,
    taken: Timeliness,
    coverage: Coverage,
}

impl Register {
    /// The roll-up of an agency's year.
    ///
    /// # Errors
    ///
    /// When the agency is not registered, or was succeeded by then; when declared figures add up to
    /// more than a cell can hold.
    pub fn roll_up(&self, of: &RollUpOf) -> Result<RollUp, QueryError> {
        let RollUpOf { agency_id, year, form } = of;
        let (id, book) = self.book_in(agency_id, year.get())?;
        let agency = registered(id, book)?;
        let form = form.unwrap_or_else(|| form_for(*year));
        let tree = self.tree_of(year.get());
        let own = self.sum(vec![id], *year)?;
        let children = self.children(&tree, id, *year)?;
        let all = std::iter::once(&own).chain(children.iter().map(|(_, _, sum)| sum));
        let sum = Sum::of_all(all)?.part(form, *year);
        let children = children
            .into_iter()
            .map(|(id, agency, sum)| (id, agency, sum.part(form, *year)))
            .collect::<Vec<_>>();
        let compared: Vec<_> = children.iter().map(|(_, _, part)| part.compared).collect();
        Ok(RollUp {
            agency,
            own: own.part(form, *year),
            children,
            sum,
            outliers: outliers(&compared),
        })
    }

    /// Compares a published total of an agency, on whatever form, with the sum of its parts.
    ///
    /// # Errors
    ///
    /// As for [`Register::roll_up`].
    pub fn check_total(
        &self,
        agency_id: &AgencyId,
        year: ReportYear,
        published: &Tables,
    ) -> Result<Vec<Finding>, QueryError> {
        let held = self.asked_for(agency_id, true, year.get())?;
        Ok(check_sum(published, &tables_of(published.form(), year, &held)?))
    }

    /// A page of an agency and everybody below it after an id: how far the report of each has come.
    ///
    /// # Errors
    ///
    /// When the agency is not registered, or was succeeded by then.
    pub fn coverage(
        &self,
        agency_id: &AgencyId,
        year: ReportYear,
        only: Option<Reporting>,
        after: Option<&str>,
        size: usize,
    ) -> Result<Page<CoverageEntry>, QueryError> {
        let (id, _) = self.book_in(agency_id, year.get())?;
        let mut members = self.tree_of(year.get()).members(id);
        members.sort_unstable();
        let items = members
            .into_iter()
            .filter(|id| after.is_none_or(|after| id.as_str() > after))
            .filter_map(|id| {
                let agency = self.book(id)?.agency()?.value.clone();
                let reporting = self.reporting(id, year);
                Some(CoverageEntry {
                    agency_id: id.clone(),
                    parent: self.parent_of(id, year.get()).cloned(),
                    agency,
                    reporting,
                })
            })
            .filter(|entry| only.is_none_or(|only| entry.reporting == only))
            .map(|entry| (entry.agency_id.to_string(), entry));
        Ok(Page::take(items, size))
    }

    /// How far the report of an agency has come, with what it holds of others.
    fn reporting(&self, id: &AgencyId, year: ReportYear) -> Reporting {
        let held = self.held_by(vec![id], year.get());
        let [own] = &held[..] else { return self.reporting_of_several(id, &held, year) };
        let sections = own.book.narrative(year).map(|sections| &sections.value);
        Reporting::of(year, &own.tally(), own.figures(year), sections)
    }

    fn reporting_of_several(
        &self,
        id: &AgencyId,
        held: &[Holding<'_>],
        year: ReportYear,
    ) -> Reporting {
        let mut tally = Tally::default();
        for held in held {
            tally.add(&held.tally());
        }
        let book = self.book(id);
        let figures = book.and_then(|book| book.figures(year)).map(|figures| &figures.value);
        let sections = book.and_then(|book| book.narrative(year)).map(|sections| &sections.value);
        Reporting::of(year, &tally, figures, sections)
    }

    /// What each agency directly below one adds up to, with everybody below that.
    fn children<'a>(
        &'a self,
        tree: &Tree<'a>,
        id: &AgencyId,
        year: ReportYear,
    ) -> Result<Vec<(AgencyId, Agency, Sum)>, QueryError> {
        let child = |&child: &&'a AgencyId| {
            let agency = self.book(child)?.agency()?.value.clone();
            let sum = self.sum(tree.members(child), year);
            Some(sum.map(|sum| (child.clone(), agency, sum)))
        };
        tree.children(id).iter().filter_map(child).collect()
    }

    fn sum(&self, members: Vec<&AgencyId>, year: ReportYear) -> Result<Sum, QueryError> {
        let mut coverage = Coverage::default();
        for id in &members {
            coverage.record(self.reporting(id, year));
        }
        let held = self.held_by(members, year.get());
        let mut taken = Timeliness::default();
        for part in self.replies_of(&held, year) {
            taken.add(&part);
        }
        let (tally, figures) = sum_of(year, &held)?;
        let previous_figures = year.previous().map(|year| figures_of(year, &held)).transpose()?;
        let previous_figures = previous_figures.unwrap_or_default();
        Ok(Sum { tally, figures, previous_figures, taken, coverage })
    }
}

impl Sum {
    fn of_all<'a>(parts: impl Iterator<Item = &'a Self> + Clone) -> Result<Self, QueryError> {
        let (mut taken, mut coverage) = (Timeliness::default(), Coverage::default());
        for part in parts.clone() {
            taken.add(&part.taken);
            coverage.add(&part.coverage);
        }
        let (tally, figures) = roll_up(parts.clone().map(|part| (&part.tally, &part.figures)))?;
        let nothing = Tally::default();
        let (_, previous_figures) = roll_up(parts.map(|part| (&nothing, &part.previous_figures)))?;
        Ok(Self { tally, figures, previous_figures, taken, coverage })
    }

    fn part(&self, form: &'static Form, year: ReportYear) -> Part {
        let filled = tables(form, year, &self.tally, &self.figures);
        let previous = year
            .previous()
            .map(|year| tables(form_for(year), year, &self.tally, &self.previous_figures));
        let compared = Compared::new(&filled, previous.as_ref(), &self.taken);
        Part { tables: filled, compared, coverage: self.coverage }
    }
}

fn registered(id: &AgencyId, book: &AgencyBook) -> Result<Agency, QueryError> {
    let agency = book.agency().ok_or_else(|| QueryError::UnknownAgency(id.clone()))?;
    Ok(agency.value.clone())
}
