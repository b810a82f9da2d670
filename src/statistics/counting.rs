//! Which facts a cell counts, and which cells a fact counts in: the catalogue, read for one fact at
//! a time.
//!
//! The fold counts many facts at once from the same rows and columns; tests hold the two together,
//! so that as many facts are found for a cell as the cell says.

use super::{
    catalogue::{ColumnSource, Form, RemedyColumn, RemedySource, RowSource},
    fold::{ApplicationFact, RemedyFact},
    table::CellRef,
};
use crate::domain::{
    ApplicantKind, Disposition, LegalDate, ReportYear,
    remedy::{RemedyKind, RemedyResult},
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
        self.kinds.has(fact.kind)
            && match self.standing {
                Standing::Received(year) => fact.receipt_date.year() == year,
                Standing::Concluded(year, results) => fact
                    .conclusion
                    .is_some_and(|(date, result)| date.year() == year && results.has(result)),
                Standing::OpenAfter(year) => {
                    is_open_after(year, fact.receipt_date, fact.conclusion)
                }
            }
    }
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
        let is_counted = |result: RemedyResult| self.results.get(result.index()) == Some(&true);
        self.kind == fact.kind
            && (fact
                .conclusion
                .is_some_and(|(date, result)| date.year() == self.year && is_counted(result))
                || (self.is_pending_counted
                    && is_open_after(self.year, fact.filing_date, fact.conclusion)))
    }
}

/// Whether something that began had not ended when a calendar year ended.
fn is_open_after<R>(year: i16, begun: LegalDate, ended: Option<(LegalDate, R)>) -> bool {
    begun.year() <= year && ended.is_none_or(|(date, _)| date.year() > year)
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
    use crate::domain::{Other, proactive::Figures};

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
