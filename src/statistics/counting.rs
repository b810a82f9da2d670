//! Which facts a cell counts, and which cells a fact counts in: the catalogue, read for one fact at
//! a time.
//!
//! The fold counts many facts at once from the same rows and columns; tests hold the two together,
//! so that as many facts are found for a cell as the cell says.

use super::{
    catalogue::{ColumnSource, Form, RemedyColumn, RemedySource, Row, RowSource},
    fold::{ApplicationFact, RemedyFact},
    rule::Miss,
    table::CellRef,
};
use crate::domain::{
    ApplicantKind, Disposition, ReportYear,
    application::{self, Application, CountingPolicy},
    remedy::{self, RemedyKind, RemedyResult},
};

/// What a cell of a year's tables is made up of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Table two: what was declared under this key, added up.
    Declared(&'static str),
    /// Table three: these applications.
    Applications(ApplicationBasis),
    /// Table four: these cases.
    Remedies(RemedyBasis),
}

/// Which applications a cell of table three counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApplicationBasis {
    kinds: KindSet,
    standing: Standing,
}

/// How an application has to stand to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Received in this calendar year.
    Received(i16),
    /// Concluded in this calendar year with one of these results.
    Concluded(i16, ResultSet),
    /// Received and not concluded when this calendar year ended.
    OpenAfter(i16),
}

/// Which cases a cell of table four counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemedyBasis {
    kind: RemedyKind,
    year: i16,
    results: [bool; RemedyResult::ALL.len()],
    is_pending_counted: bool,
}

/// Kinds of applicant, one bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct KindSet(u8);

/// Results, one bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct ResultSet(u32);

impl KindSet {
    fn of(kinds: impl IntoIterator<Item = ApplicantKind>) -> Self {
        Self(kinds.into_iter().fold(0, |set, kind| set | (1 << kind.index())))
    }

    const fn has(self, kind: ApplicantKind) -> bool {
        self.0 & (1 << kind.index()) != 0
    }
}

impl ResultSet {
    fn of<'a>(results: impl IntoIterator<Item = &'a Disposition>) -> Self {
        Self(results.into_iter().fold(0, |set, result| set | (1 << result.index())))
    }

    const fn has(self, result: Disposition) -> bool {
        self.0 & (1 << result.index()) != 0
    }
}

impl ApplicationBasis {
    fn new(form: &Form, row: RowSource, column: ColumnSource, year: ReportYear) -> Self {
        let applications = &form.applications;
        let kinds = match column {
            ColumnSource::Kind(kind) => KindSet::of([kind]),
            ColumnSource::Total => {
                KindSet::of(applications.columns.iter().filter_map(|column| match column.source {
                    ColumnSource::Kind(kind) => Some(kind),
                    ColumnSource::Total => None,
                }))
            }
        };
        let year = year.get();
        let standing = match row {
            RowSource::Received => Standing::Received(year),
            RowSource::CarriedIn => Standing::OpenAfter(year.saturating_sub(1)),
            RowSource::CarriedOut => Standing::OpenAfter(year),
            RowSource::Result(results) => Standing::Concluded(year, ResultSet::of(results)),
            RowSource::ResultTotal => {
                let every = applications.rows.iter().filter_map(|row| match row.source {
                    RowSource::Result(results) => Some(results),
                    RowSource::Received
                    | RowSource::CarriedIn
                    | RowSource::ResultTotal
                    | RowSource::CarriedOut => None,
                });
                Standing::Concluded(year, ResultSet::of(every.flatten()))
            }
        };
        Self { kinds, standing }
    }

    /// Whether an application counts; one of which the entry is void counts nowhere and has no fact.
    #[must_use]
    pub fn counts(&self, fact: &ApplicationFact) -> bool {
        self.miss(fact).is_none()
    }

    /// Why an application does not count; nothing if it does.
    #[must_use]
    pub fn miss(&self, fact: &ApplicationFact) -> Option<Miss> {
        if !self.kinds.has(fact.kind) {
            return Some(Miss::OtherApplicant(fact.kind));
        }
        let begun = fact.receipt_date.year();
        let ended = fact.conclusion.map(|(date, result)| (date.year(), result));
        match (self.standing, ended) {
            (Standing::Received(year), _) => (begun != year).then_some(Miss::BegunInYear(begun)),
            (Standing::Concluded(..), None) => Some(Miss::StillOpen),
            (Standing::Concluded(year, _), Some((ended, _))) if ended != year => {
                Some(Miss::ConcludedInYear(ended))
            }
            (Standing::Concluded(_, results), Some((_, result))) => {
                (!results.has(result)).then_some(Miss::OtherResult(result))
            }
            (Standing::OpenAfter(year), _) if begun > year => Some(Miss::BegunInYear(begun)),
            (Standing::OpenAfter(year), ended) => {
                let ended = ended.filter(|(ended, _)| *ended <= year);
                ended.map(|(ended, _)| Miss::ConcludedInYear(ended))
            }
        }
    }

    /// The place, in the history of an application, of the event since which it counts under a
    /// policy; nothing if it does not count after the last of them.
    #[must_use]
    pub fn deciding<'a>(
        &self,
        history: impl IntoIterator<Item = &'a application::Event>,
        policy: CountingPolicy,
    ) -> Option<usize> {
        let mut state = None;
        deciding(history.into_iter().map(|event| {
            state = application::evolve(state.take(), event);
            state.as_ref().is_some_and(|application: &Application| {
                application.voided.is_none()
                    && self.counts(&ApplicationFact {
                        kind: application.applicant_kind,
                        receipt_date: application.receipt_date,
                        conclusion: policy.result_of(application),
                    })
            })
        }))
    }
}

/// The last place at which what was not so came to be so, if it is so at the end.
fn deciding(is_so: impl Iterator<Item = bool>) -> Option<usize> {
    let mut since = None;
    for (place, is_so) in is_so.enumerate() {
        since = if is_so { since.or(Some(place)) } else { None };
    }
    since
}

impl RemedyBasis {
    fn new(form: &Form, column: &RemedyColumn, year: ReportYear) -> Self {
        let mut basis = Self {
            kind: column.kind,
            year: year.get(),
            results: [false; RemedyResult::ALL.len()],
            is_pending_counted: false,
        };
        match column.source {
            RemedySource::Total => form
                .remedies
                .columns
                .iter()
                .filter(|part| part.kind == column.kind)
                .for_each(|part| basis.include(part.source)),
            RemedySource::Result(_) | RemedySource::Pending => basis.include(column.source),
        }
        basis
    }

    fn include(&mut self, source: RemedySource) {
        match source {
            RemedySource::Result(result) => {
                if let Some(is_counted) = self.results.get_mut(result.index()) {
                    *is_counted = true;
                }
            }
            RemedySource::Pending => self.is_pending_counted = true,
            RemedySource::Total => {}
        }
    }

    /// Whether a case counts.
    #[must_use]
    pub fn counts(&self, fact: &RemedyFact) -> bool {
        self.miss(fact).is_none()
    }

    /// Why a case does not count; nothing if it does.
    #[must_use]
    pub fn miss(&self, fact: &RemedyFact) -> Option<Miss> {
        let (begun, year) = (fact.filing_date.year(), self.year);
        if self.kind != fact.kind {
            return Some(Miss::OtherRemedyKind);
        }
        match fact.conclusion.map(|(date, result)| (date.year(), result)) {
            Some((ended, result)) if ended == year => {
                let is_counted = self.results.get(result.index()) == Some(&true);
                let counts_results = self.results.contains(&true);
                let reason = if counts_results {
                    Miss::OtherRemedyResult(result)
                } else {
                    Miss::ConcludedInYear(ended)
                };
                (!is_counted).then_some(reason)
            }
            Some((ended, _)) if ended < year => Some(Miss::ConcludedInYear(ended)),
            _ if begun > year => Some(Miss::BegunInYear(begun)),
            _ if self.is_pending_counted => None,
            Some((ended, _)) => Some(Miss::ConcludedInYear(ended)),
            None => Some(Miss::StillOpen),
        }
    }

    /// The place, in the history of a case, of the event since which it counts.
    #[must_use]
    pub fn deciding<'a>(
        &self,
        history: impl IntoIterator<Item = &'a remedy::Event>,
    ) -> Option<usize> {
        let mut state = None;
        deciding(history.into_iter().map(|event| {
            state = remedy::evolve(state.take(), event);
            state.as_ref().is_some_and(|case| self.counts(&RemedyFact::from(case)))
        }))
    }
}

impl Form {
    /// What a cell is made up of in a year; nothing where the form has no such place.
    #[must_use]
    pub fn basis(&self, cell: CellRef, year: ReportYear) -> Option<Basis> {
        Some(match cell {
            CellRef::Proactive(place) => Basis::Declared(self.proactive_cells().nth(place)?.key),
            CellRef::Applications { row, column } => {
                let row = self.applications.rows.get(row)?.source;
                let column = self.applications.columns.get(column)?.source;
                Basis::Applications(ApplicationBasis::new(self, row, column, year))
            }
            CellRef::Remedies(place) => {
                let column = self.remedies.columns.get(place)?;
                Basis::Remedies(RemedyBasis::new(self, column, year))
            }
        })
    }

    /// Where what just failed to be in a cell of a year is to be found, the nearest first: the same
    /// cell in the years before and after; of table three, the same row in the other columns, the
    /// other rows of its group in the same column, and the row in which an application stands that
    /// is still open (or, for one that is open, is concluded); of table four, the other columns of
    /// the block, and the same column of the others.
    #[must_use]
    pub fn neighbours(&self, cell: CellRef, year: ReportYear) -> Vec<(CellRef, ReportYear)> {
        let after = ReportYear::new(i32::from(year.get()).saturating_add(1)).ok();
        let years = year.previous().into_iter().chain(after).map(|year| (cell, year));
        let beside: Vec<CellRef> = match cell {
            CellRef::Proactive(_) => Vec::new(),
            CellRef::Applications { row, column } => self.beside(row, column),
            CellRef::Remedies(place) => self.beside_remedy(place),
        };
        years.chain(beside.into_iter().map(|cell| (cell, year))).collect()
    }

    fn beside(&self, row: usize, column: usize) -> Vec<CellRef> {
        let layout = &self.applications;
        let is_total = |column: usize| {
            layout.columns.get(column).is_some_and(|it| it.source == ColumnSource::Total)
        };
        let columns = 0..layout.columns.len();
        let columns =
            columns.filter(|other| !is_total(column) && !is_total(*other) && *other != column);
        let Some(own) = layout.rows.get(row) else { return Vec::new() };
        let group = |row: &Row| row.path.split_last().map(|(_, outer)| outer);
        let is_of_group = |other: &Row| {
            let is_result = |row: &Row| matches!(row.source, RowSource::Result(_));
            is_result(own) && is_result(other) && group(other) == group(own) && other.key != own.key
        };
        let instead = |other: &Row| match own.source {
            RowSource::Result(_) | RowSource::ResultTotal => other.source == RowSource::CarriedOut,
            RowSource::CarriedOut => other.source == RowSource::ResultTotal,
            RowSource::Received => other.source == RowSource::CarriedIn,
            RowSource::CarriedIn => other.source == RowSource::Received,
        };
        let rows = |wanted: &dyn Fn(&Row) -> bool| -> Vec<CellRef> {
            let rows = layout.rows.iter().enumerate().filter(|(_, row)| wanted(row));
            rows.map(|(row, _)| CellRef::Applications { row, column }).collect()
        };
        columns
            .map(|column| CellRef::Applications { row, column })
            .chain(rows(&is_of_group))
            .chain(rows(&instead))
            .collect()
    }

    fn beside_remedy(&self, place: usize) -> Vec<CellRef> {
        let columns = self.remedies.columns;
        let Some(own) = columns.get(place) else { return Vec::new() };
        let of = |wanted: &dyn Fn(&RemedyColumn) -> bool| -> Vec<CellRef> {
            let others = columns.iter().enumerate().filter(|(_, other)| wanted(other));
            others.map(|(place, _)| CellRef::Remedies(place)).collect()
        };
        let is_part = |other: &RemedyColumn| other.source != RemedySource::Total;
        let same_block = of(&|other| {
            is_part(own) && is_part(other) && other.kind == own.kind && other.source != own.source
        });
        let same_column = of(&|other| other.source == own.source && other.kind != own.kind);
        same_block.into_iter().chain(same_column).collect()
    }

    /// The cells of a year's table three in which an application counts, in the order of the form.
    pub fn cells_of_application(
        &self,
        year: ReportYear,
        fact: &ApplicationFact,
    ) -> impl Iterator<Item = CellRef> {
        self.cells().filter(move |cell| match self.basis(*cell, year) {
            Some(Basis::Applications(basis)) => basis.counts(fact),
            Some(Basis::Declared(_) | Basis::Remedies(_)) | None => false,
        })
    }

    /// The cells of a year's table four in which a case counts, in the order of the form.
    pub fn cells_of_remedy(
        &self,
        year: ReportYear,
        fact: &RemedyFact,
    ) -> impl Iterator<Item = CellRef> {
        self.cells().filter(move |cell| match self.basis(*cell, year) {
            Some(Basis::Remedies(basis)) => basis.counts(fact),
            Some(Basis::Declared(_) | Basis::Applications(_)) | None => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::{
        Tally,
        catalogue::FORMS,
        fold::samples::{any_application, any_remedy},
        tables,
    };
    use super::*;
    use crate::domain::{LegalDate, Other, proactive::Figures};

    fn day(text: &str) -> LegalDate {
        LegalDate::new(text.parse().unwrap()).unwrap()
    }

    fn year(year: i32) -> ReportYear {
        ReportYear::new(year).unwrap()
    }

    /// The names of the cells in the column of totals in which an application counts.
    fn rows(form: &Form, of: i32, fact: &ApplicationFact) -> Vec<String> {
        let name = |cell| form.cell_name(cell);
        let is_total = |name: &String| name.rsplit_once('.').is_some_and(|it| it.1 == "total");
        form.cells_of_application(year(of), fact).map(name).filter(is_total).collect()
    }

    #[test]
    fn an_application_counts_where_it_is_received_carried_and_concluded() {
        let [first, second] = &FORMS;
        let fact = ApplicationFact {
            kind: ApplicantKind::LegalServiceOrg,
            receipt_date: day("2019-12-31"),
            conclusion: Some((day("2021-01-01"), Disposition::Other(Other::FeeOverdue))),
        };
        let total = |rows: &[&str]| -> Vec<String> {
            rows.iter().map(|row| format!("applications.{row}.total")).collect()
        };
        assert_eq!(rows(first, 2019, &fact), total(&["new_received", "carried_out"]));
        assert_eq!(rows(first, 2020, &fact), total(&["carried_in", "carried_out"]));
        assert_eq!(rows(first, 2021, &fact), total(&["carried_in", "other", "result_total"]));
        assert_eq!(
            rows(second, 2021, &fact),
            total(&["carried_in", "other.fee_overdue", "result_total"])
        );
        assert_eq!(rows(second, 2022, &fact), total(&[]));
        let cells: Vec<_> = second
            .cells_of_application(year(2021), &fact)
            .map(|cell| second.cell_name(cell))
            .filter(|name| name.contains("fee"))
            .collect();
        assert_eq!(
            cells,
            [
                "applications.other.fee_overdue.legal_service_org",
                "applications.other.fee_overdue.total"
            ]
        );
    }

    #[test]
    fn table_two_is_made_up_of_what_is_declared_under_the_key() {
        let [_, form] = &FORMS;
        let cell = form.find_proactive("art20_5.licences.decisions").unwrap();
        assert_eq!(
            form.basis(cell, year(2021)),
            Some(Basis::Declared("art20_5.licences.decisions"))
        );
        assert_eq!(form.basis(CellRef::Remedies(99), year(2021)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn as_many_facts_are_found_for_a_cell_as_the_fold_counts(
            applications in prop::collection::vec(any_application(), 0..30),
            remedies in prop::collection::vec(any_remedy(), 0..15),
        ) {
            let mut tally = Tally::default();
            for fact in &applications {
                tally.replace_application(None, Some(fact));
            }
            for fact in &remedies {
                tally.replace_remedy(None, Some(fact));
            }
            let reports = FORMS.iter().flat_map(|form| (2019..=2024).map(move |of| (form, year(of))));
            for (form, of) in reports {
                let mut by_fact: BTreeMap<CellRef, i64> = BTreeMap::new();
                let cells = applications.iter().flat_map(|fact| form.cells_of_application(of, fact));
                let cases = remedies.iter().flat_map(|fact| form.cells_of_remedy(of, fact));
                for cell in cells.chain(cases) {
                    *by_fact.entry(cell).or_default() += 1;
                }
                for (cell, value) in tables(form, of, &tally, &Figures::new()).cells() {
                    let name = form.cell_name(cell);
                    let found = match form.basis(cell, of).unwrap() {
                        Basis::Declared(_) => None,
                        Basis::Applications(basis) => {
                            Some(applications.iter().filter(|fact| basis.counts(fact)).count())
                        }
                        Basis::Remedies(basis) => {
                            Some(remedies.iter().filter(|fact| basis.counts(fact)).count())
                        }
                    };
                    let found = found.map(|found| i64::try_from(found).unwrap());
                    prop_assert_eq!(found, value, "{} of {}", &name, of);
                    prop_assert_eq!(tally.value(form, of, cell), value, "{} of {}", &name, of);
                    let by_fact = by_fact.get(&cell).copied().unwrap_or(0);
                    prop_assert_eq!(by_fact, value.unwrap_or(0), "{} of {}", &name, of);
                }
            }
        }
    }
}
