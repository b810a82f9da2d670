//! The incremental fold: what one agency's applications and remedies add up to, year by year.
//!
//! A tally knows no form: it counts by kind, result and year, and fills any edition from what the
//! catalogue says its rows and columns count. It does not keep the facts it was made from; whoever
//! does hands in what a fact was and what it is now.

use std::collections::BTreeMap;

use super::{
    catalogue::{Column, ColumnSource, Form, RemedyColumn, RemedySource, RowSource},
    table::{CellRef, Tables, Value},
};
use crate::domain::{
    ApplicantKind, Disposition, LegalDate, ReportYear,
    proactive::Figures,
    remedy::{Remedy, RemedyKind, RemedyResult},
};

/// What table three counts of one application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApplicationFact {
    /// The kind of the applicant.
    pub kind: ApplicantKind,
    /// The receipt date; its year is the year in which the application is new.
    pub receipt_date: LegalDate,
    /// When and how it ended; `None` while it is open.
    pub conclusion: Option<(LegalDate, Disposition)>,
}

/// What table four counts of one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RemedyFact {
    /// The kind of the case.
    pub kind: RemedyKind,
    /// The day on which it was filed.
    pub filing_date: LegalDate,
    /// When and how it ended; `None` while it is pending.
    pub conclusion: Option<(LegalDate, RemedyResult)>,
}

impl From<&Remedy> for RemedyFact {
    fn from(remedy: &Remedy) -> Self {
        let conclusion = remedy.conclusion.as_ref();
        Self {
            kind: remedy.kind,
            filing_date: remedy.filing_date,
            conclusion: conclusion.map(|ended| (ended.conclusion_date, ended.result)),
        }
    }
}

/// What happened to applications in one calendar year, all kinds of applicants together: what came
/// in, and what became of it. The sums of both sides are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flow {
    /// Applications received in the year (本年新收).
    pub new_received: i64,
    /// Applications open when the year began (上年结转).
    pub carried_in: i64,
    /// Applications concluded in the year, whatever the result (办理结果总计).
    pub concluded: i64,
    /// Applications open when the year ended (结转下年度).
    pub carried_out: i64,
}

/// What the applications and remedies of one agency, or of several together, add up to.
///
/// Equal facts give equal tallies, whatever the order in which they came and were corrected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    years: BTreeMap<i16, Box<YearCounts>>,
}

impl Flow {
    /// Adds what happened at another agency in the same year.
    pub fn add(&mut self, other: Self) {
        self.new_received = self.new_received.saturating_add(other.new_received);
        self.carried_in = self.carried_in.saturating_add(other.carried_in);
        self.concluded = self.concluded.saturating_add(other.concluded);
        self.carried_out = self.carried_out.saturating_add(other.carried_out);
    }

    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Tally {
    /// Takes out what an application was and puts in what it is now; a correction so moves it
    /// between columns, rows and years.
    pub fn replace_application(
        &mut self,
        before: Option<&ApplicationFact>,
        after: Option<&ApplicationFact>,
    ) {
        self.replace(
            before.map(|fact| (fact.receipt_date, Slot::Received(fact.kind))),
            after.map(|fact| (fact.receipt_date, Slot::Received(fact.kind))),
        );
        self.replace(before.and_then(concluded), after.and_then(concluded));
    }

    /// Takes out what a case was and puts in what it is now.
    pub fn replace_remedy(&mut self, before: Option<&RemedyFact>, after: Option<&RemedyFact>) {
        self.replace(
            before.map(|fact| (fact.filing_date, Slot::Filed(fact.kind))),
            after.map(|fact| (fact.filing_date, Slot::Filed(fact.kind))),
        );
        self.replace(before.and_then(ended), after.and_then(ended));
    }

    /// Adds what another tally counts.
    pub fn add(&mut self, other: &Self) {
        for (&year, counts) in &other.years {
            let own = self.years.entry(year).or_default();
            for (slot, more) in own.slots_mut().zip(counts.slots()) {
                *slot = slot.saturating_add(*more);
            }
            self.forget_if_empty(year);
        }
    }

    /// Takes out what another tally counts, all of which this one counts too.
    pub fn subtract(&mut self, other: &Self) {
        for (&year, counts) in &other.years {
            let own = self.years.entry(year).or_default();
            for (slot, less) in own.slots_mut().zip(counts.slots()) {
                debug_assert!(*slot >= *less, "a part is no more than the whole");
                *slot = slot.saturating_sub(*less);
            }
            self.forget_if_empty(year);
        }
    }

    /// Whether nothing of a year is to be reported: nothing came in or was concluded in it, and
    /// nothing was open or pending from before.
    #[must_use]
    pub fn is_nil_in(&self, year: i16) -> bool {
        let before = year.saturating_sub(1);
        !self.years.contains_key(&year)
            && ApplicantKind::ALL.iter().all(|&kind| self.open_after(before, kind) == 0)
            && RemedyKind::ALL.iter().all(|&kind| self.pending_after(before, kind) == 0)
    }

    /// The calendar years in which anything was received, filed or concluded, in order.
    pub fn years(&self) -> impl Iterator<Item = i16> + '_ {
        self.years.keys().copied()
    }

    /// What happened to applications in a calendar year, even one before the first form.
    #[must_use]
    pub fn flow(&self, year: i16) -> Flow {
        let each = |count: &dyn Fn(ApplicantKind) -> i64| {
            sum(ApplicantKind::ALL.iter().map(|&kind| count(kind)))
        };
        let concluded = |kind| {
            sum(Disposition::all().map(|result| self.count(year, Slot::Concluded(kind, result))))
        };
        Flow {
            new_received: each(&|kind| self.count(year, Slot::Received(kind))),
            carried_in: each(&|kind| self.open_after(year.saturating_sub(1), kind)),
            concluded: each(&concluded),
            carried_out: each(&|kind| self.open_after(year, kind)),
        }
    }

    /// The bytes that it has taken from the heap, but for the map of the years.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.years.len().saturating_mul(size_of::<YearCounts>())
    }

    /// Fills tables three and four of a year, on whatever form the tables are.
    pub fn fill(&self, year: ReportYear, tables: &mut Tables) {
        self.fill_applications(year.get(), tables);
        self.fill_remedies(year.get(), tables);
    }

    /// The value of one cell of tables three and four of a year; nothing for one of table two.
    #[must_use]
    pub fn value(&self, form: &Form, year: ReportYear, cell: CellRef) -> Value {
        let year = year.get();
        match cell {
            CellRef::Proactive(_) => None,
            CellRef::Applications { row, column } => {
                let layout = &form.applications;
                let row = layout.rows.get(row)?.source;
                let value = |column: &Column| match column.source {
                    ColumnSource::Kind(kind) => self.row(form, row, kind, year),
                    ColumnSource::Total => 0,
                };
                let column = layout.columns.get(column)?;
                Some(match column.source {
                    ColumnSource::Kind(_) => value(column),
                    ColumnSource::Total => sum(layout.columns.iter().map(value)),
                })
            }
            CellRef::Remedies(place) => {
                let columns = form.remedies.columns;
                Some(self.remedy_column(columns, columns.get(place)?, year))
            }
        }
    }

    fn fill_applications(&self, year: i16, tables: &mut Tables) {
        let layout = &tables.form().applications;
        for (row, source) in layout.rows.iter().map(|row| row.source).enumerate() {
            let by_kind = |kind| self.row(tables.form(), source, kind, year);
            let values: Vec<i64> = layout
                .columns
                .iter()
                .map(|column| match column.source {
                    ColumnSource::Kind(kind) => by_kind(kind),
                    ColumnSource::Total => {
                        sum(layout.columns.iter().filter_map(|column| match column.source {
                            ColumnSource::Kind(kind) => Some(by_kind(kind)),
                            ColumnSource::Total => None,
                        }))
                    }
                })
                .collect();
            for (column, value) in values.into_iter().enumerate() {
                tables.set(CellRef::Applications { row, column }, Some(value));
            }
        }
    }

    /// What a row counts of one kind of applicant.
    fn row(&self, form: &Form, source: RowSource, kind: ApplicantKind, year: i16) -> i64 {
        match source {
            RowSource::Received => self.count(year, Slot::Received(kind)),
            RowSource::CarriedIn => self.open_after(year.saturating_sub(1), kind),
            RowSource::CarriedOut => self.open_after(year, kind),
            RowSource::Result(dispositions) => sum(dispositions
                .iter()
                .map(|&disposition| self.count(year, Slot::Concluded(kind, disposition)))),
            RowSource::ResultTotal => sum(form
                .applications
                .rows
                .iter()
                .filter(|row| matches!(row.source, RowSource::Result(_)))
                .map(|row| self.row(form, row.source, kind, year))),
        }
    }

    /// How many applications were open when a year ended.
    fn open_after(&self, year: i16, kind: ApplicantKind) -> i64 {
        let received = |counts: &YearCounts| counts.get(Slot::Received(kind));
        let concluded = |counts: &YearCounts| {
            sum(Disposition::all().map(|result| counts.get(Slot::Concluded(kind, result))))
        };
        sum(self
            .years
            .range(..=year)
            .map(|(_, counts)| received(counts).saturating_sub(concluded(counts))))
    }

    fn fill_remedies(&self, year: i16, tables: &mut Tables) {
        let columns = tables.form().remedies.columns;
        for (place, column) in columns.iter().enumerate() {
            let value = self.remedy_column(columns, column, year);
            tables.set(CellRef::Remedies(place), Some(value));
        }
    }

    fn remedy_column(&self, columns: &[RemedyColumn], column: &RemedyColumn, year: i16) -> i64 {
        match column.source {
            RemedySource::Result(_) | RemedySource::Pending => {
                self.remedies(column.kind, column.source, year)
            }
            RemedySource::Total => sum(columns
                .iter()
                .filter(|part| part.kind == column.kind)
                .map(|part| self.remedies(part.kind, part.source, year))),
        }
    }

    /// What a column counts by itself; a total, nothing.
    fn remedies(&self, kind: RemedyKind, source: RemedySource, year: i16) -> i64 {
        match source {
            RemedySource::Result(result) => self.count(year, Slot::Ended(kind, result)),
            RemedySource::Pending => self.pending_after(year, kind),
            RemedySource::Total => 0,
        }
    }

    /// How many cases were pending when a year ended.
    fn pending_after(&self, year: i16, kind: RemedyKind) -> i64 {
        let filed = |counts: &YearCounts| counts.get(Slot::Filed(kind));
        let ended = |counts: &YearCounts| {
            sum(RemedyResult::ALL.iter().map(|&result| counts.get(Slot::Ended(kind, result))))
        };
        sum(self
            .years
            .range(..=year)
            .map(|(_, counts)| filed(counts).saturating_sub(ended(counts))))
    }

    fn count(&self, year: i16, slot: Slot) -> i64 {
        self.years.get(&year).map_or(0, |counts| counts.get(slot))
    }

    fn replace(&mut self, before: Option<(LegalDate, Slot)>, after: Option<(LegalDate, Slot)>) {
        let in_year = |(date, slot): (LegalDate, Slot)| (date.year(), slot);
        let (before, after) = (before.map(in_year), after.map(in_year));
        if before == after {
            return;
        }
        if let Some((year, slot)) = before {
            self.change(year, slot, -1);
        }
        if let Some((year, slot)) = after {
            self.change(year, slot, 1);
        }
    }

    fn change(&mut self, year: i16, slot: Slot, by: i32) {
        let counts = self.years.entry(year).or_default();
        if let Some(count) = counts.get_mut(slot) {
            *count = count.saturating_add_signed(by);
            if *count == 0 {
                self.forget_if_empty(year);
            }
        }
    }

    fn forget_if_empty(&mut self, year: i16) {
        if self.years.get(&year).is_some_and(|counts| counts.slots().all(|&count| count == 0)) {
            self.years.remove(&year);
        }
    }
}

/// The three tables of a year on a form: three and four counted, two as declared. A cell of table
/// two that nobody declared stays blank.
#[must_use]
pub fn tables(form: &'static Form, year: ReportYear, tally: &Tally, figures: &Figures) -> Tables {
    let mut tables = Tables::blank(form);
    for (place, cell) in form.proactive_cells().enumerate() {
        tables.set(CellRef::Proactive(place), figures.get(cell.key).copied());
    }
    tally.fill(year, &mut tables);
    tables
}

fn concluded(fact: &ApplicationFact) -> Option<(LegalDate, Slot)> {
    let (date, disposition) = fact.conclusion?;
    Some((date, Slot::Concluded(fact.kind, disposition)))
}

fn ended(fact: &RemedyFact) -> Option<(LegalDate, Slot)> {
    let (date, result) = fact.conclusion?;
    Some((date, Slot::Ended(fact.kind, result)))
}

/// Counts are made one by one, so that no sum of them comes near the bound.
fn sum(counts: impl Iterator<Item = i64>) -> i64 {
    counts.fold(0, i64::saturating_add)
}

/// What is counted in a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Received(ApplicantKind),
    Concluded(ApplicantKind, Disposition),
    Filed(RemedyKind),
    Ended(RemedyKind, RemedyResult),
}

const APPLICANTS: usize = ApplicantKind::ALL.len();
const REMEDIES: usize = RemedyKind::ALL.len();
const RESULTS: usize = RemedyResult::ALL.len();

/// Counts of facts that are held in memory one by one, of which 32 bits can count more than fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct YearCounts {
    received: [u32; APPLICANTS],
    concluded: [[u32; Disposition::COUNT]; APPLICANTS],
    filed: [u32; REMEDIES],
    ended: [[u32; RESULTS]; REMEDIES],
}

impl YearCounts {
    fn get(&self, slot: Slot) -> i64 {
        let count = match slot {
            Slot::Received(kind) => self.received.get(kind.index()),
            Slot::Concluded(kind, result) => {
                self.concluded.get(kind.index()).and_then(|row| row.get(result.index()))
            }
            Slot::Filed(kind) => self.filed.get(kind.index()),
            Slot::Ended(kind, result) => {
                self.ended.get(kind.index()).and_then(|row| row.get(result.index()))
            }
        };
        debug_assert!(count.is_some(), "every kind and result has a slot");
        count.copied().map_or(0, i64::from)
    }

    fn get_mut(&mut self, slot: Slot) -> Option<&mut u32> {
        match slot {
            Slot::Received(kind) => self.received.get_mut(kind.index()),
            Slot::Concluded(kind, result) => {
                self.concluded.get_mut(kind.index()).and_then(|row| row.get_mut(result.index()))
            }
            Slot::Filed(kind) => self.filed.get_mut(kind.index()),
            Slot::Ended(kind, result) => {
                self.ended.get_mut(kind.index()).and_then(|row| row.get_mut(result.index()))
            }
        }
    }

    fn slots(&self) -> impl Iterator<Item = &u32> {
        let applications = self.received.iter().chain(self.concluded.iter().flatten());
        applications.chain(&self.filed).chain(self.ended.iter().flatten())
    }

    fn slots_mut(&mut self) -> impl Iterator<Item = &mut u32> {
        let applications = self.received.iter_mut().chain(self.concluded.iter_mut().flatten());
        applications.chain(&mut self.filed).chain(self.ended.iter_mut().flatten())
    }
}

/// Facts for tests.
#[cfg(test)]
pub(super) mod samples {
    use jiff::{ToSpan as _, civil::date};
    use proptest::prelude::*;

    use super::*;

    fn any_date() -> impl Strategy<Value = LegalDate> {
        (0i64..365 * 6)
            .prop_map(|days| LegalDate::new(date(2018, 1, 1).saturating_add(days.days())).unwrap())
    }

    pub(in crate::statistics) fn any_application() -> impl Strategy<Value = ApplicationFact> {
        let dispositions: Vec<_> = Disposition::all().collect();
        let conclusion = prop::option::of((0i64..800, prop::sample::select(dispositions)));
        (prop::sample::select(ApplicantKind::ALL), any_date(), conclusion).prop_map(
            |(kind, receipt_date, conclusion)| ApplicationFact {
                kind,
                receipt_date,
                conclusion: conclusion.map(|(days, result)| (later(receipt_date, days), result)),
            },
        )
    }

    pub(in crate::statistics) fn any_remedy() -> impl Strategy<Value = RemedyFact> {
        let conclusion = prop::option::of((0i64..800, prop::sample::select(RemedyResult::ALL)));
        (prop::sample::select(RemedyKind::ALL), any_date(), conclusion).prop_map(
            |(kind, filing_date, conclusion)| RemedyFact {
                kind,
                filing_date,
                conclusion: conclusion.map(|(days, result)| (later(filing_date, days), result)),
            },
        )
    }

    fn later(from: LegalDate, days: i64) -> LegalDate {
        LegalDate::new(from.date().saturating_add(days.days())).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        catalogue::{FORMS, Severity, form_for},
        cross_check::{check, check_derived},
        roll_up::roll_up,
    };
    use super::{
        samples::{any_application, any_remedy},
        *,
    };
    use crate::domain::{NotDisclosed, Other};
    use proptest::prelude::*;

    fn day(text: &str) -> LegalDate {
        LegalDate::new(text.parse().unwrap()).unwrap()
    }

    fn year(year: i32) -> ReportYear {
        ReportYear::new(year).unwrap()
    }

    fn person(received: &str, conclusion: Option<(&str, Disposition)>) -> ApplicationFact {
        ApplicationFact {
            kind: ApplicantKind::NaturalPerson,
            receipt_date: day(received),
            conclusion: conclusion.map(|(on, disposition)| (day(on), disposition)),
        }
    }

    #[track_caller]
    fn cell(tally: &Tally, form: &'static Form, of: i32, row: &str) -> (i64, i64) {
        let tables = tables(form, year(of), tally, &Figures::new());
        let value = |column| tables.get(form.find_application(row, column).unwrap()).unwrap();
        (value("natural_person"), value("total"))
    }

    #[test]
    fn an_application_is_carried_until_the_year_of_its_result() {
        let mut tally = Tally::default();
        let fee = Disposition::Other(Other::FeeOverdue);
        tally.replace_application(None, Some(&person("2019-11-30", Some(("2021-01-04", fee)))));
        let [first, second] = &FORMS;
        for form in &FORMS {
            assert_eq!(cell(&tally, form, 2019, "new_received"), (1, 1));
            assert_eq!(cell(&tally, form, 2019, "carried_out"), (1, 1));
            assert_eq!(cell(&tally, form, 2020, "new_received"), (0, 0));
            assert_eq!(cell(&tally, form, 2020, "carried_in"), (1, 1));
            assert_eq!(cell(&tally, form, 2020, "carried_out"), (1, 1));
            assert_eq!(cell(&tally, form, 2021, "result_total"), (1, 1));
            assert_eq!(cell(&tally, form, 2022, "carried_in"), (0, 0));
        }
        assert_eq!(cell(&tally, first, 2021, "other"), (1, 1));
        assert_eq!(cell(&tally, second, 2021, "other.fee_overdue"), (1, 1));
    }

    #[test]
    fn the_flow_of_a_year_is_what_its_table_has_in_all() {
        let mut tally = Tally::default();
        let applications = [
            person("2018-03-01", Some(("2018-03-20", Disposition::Granted))),
            person("2018-12-20", Some(("2019-01-10", Disposition::Partial))),
            person("2019-05-05", None),
            ApplicationFact { kind: ApplicantKind::OtherOrg, ..person("2019-06-05", None) },
        ];
        for fact in &applications {
            tally.replace_application(None, Some(fact));
        }
        let flow = |[new_received, carried_in, concluded, carried_out]: [i64; 4]| Flow {
            new_received,
            carried_in,
            concluded,
            carried_out,
        };
        assert_eq!(tally.flow(2017), Flow::default());
        assert_eq!(tally.flow(2018), flow([2, 0, 1, 1]));
        assert_eq!(tally.flow(2019), flow([2, 1, 1, 2]));
        let total = |row| cell(&tally, form_for(year(2019)), 2019, row).1;
        let in_table = ["new_received", "carried_in", "result_total", "carried_out"].map(total);
        assert_eq!(tally.flow(2019), flow(in_table));
        let mut twice = tally.flow(2019);
        twice.add(tally.flow(2018));
        assert_eq!(twice, flow([4, 1, 2, 3]));
        assert!(!twice.is_empty() && Flow::default().is_empty());
    }

    #[test]
    fn a_correction_moves_an_application_and_leaves_no_trace() {
        let secret = Disposition::NotDisclosed(NotDisclosed::StateSecret);
        let wrong = person("2019-12-31", Some(("2020-01-20", Disposition::Granted)));
        let right = ApplicationFact {
            kind: ApplicantKind::LegalServiceOrg,
            receipt_date: day("2020-01-02"),
            conclusion: Some((day("2020-01-20"), secret)),
        };
        let (mut corrected, mut plain) = (Tally::default(), Tally::default());
        corrected.replace_application(None, Some(&wrong));
        corrected.replace_application(Some(&wrong), Some(&right));
        plain.replace_application(None, Some(&right));
        assert_eq!(corrected, plain);
        assert_eq!(corrected.years().collect::<Vec<_>>(), [2020]);
        corrected.replace_application(Some(&right), None);
        assert_eq!(corrected, Tally::default());
    }

    #[test]
    fn a_pending_case_counts_again_in_the_year_of_its_result() {
        let review = RemedyFact {
            kind: RemedyKind::Review,
            filing_date: day("2020-12-01"),
            conclusion: Some((day("2021-02-01"), RemedyResult::Upheld)),
        };
        let mut tally = Tally::default();
        tally.replace_remedy(None, Some(&review));
        let [form, _] = &FORMS;
        let count = |of, key| {
            let tables = tables(form, year(of), &tally, &Figures::new());
            tables.get(form.find_remedy(key).unwrap()).unwrap()
        };
        assert_eq!((count(2020, "review.pending"), count(2020, "review.total")), (1, 1));
        assert_eq!((count(2021, "review.pending"), count(2021, "review.upheld")), (0, 1));
        assert_eq!((count(2021, "review.total"), count(2022, "review.total")), (1, 0));
    }

    #[test]
    fn table_two_is_what_was_declared_and_nothing_else() {
        let [_, form] = &FORMS;
        let figures = Figures::from([
            ("art20_5.licences.decisions".to_owned(), 856),
            ("art20_9.procurement.projects".to_owned(), 3),
        ]);
        let tables = tables(form, year(2021), &Tally::default(), &figures);
        for (cell, value) in tables.cells().filter(|(cell, _)| form.cell_name(*cell).as_str() < "r")
        {
            match form.cell_name(cell).as_str() {
                "proactive.art20_5.licences.decisions" => assert_eq!(value, Some(856)),
                name if name.starts_with("proactive") => assert_eq!(value, None, "{name}"),
                name => assert_eq!(value, Some(0), "{name}"),
            }
        }
    }

    /// Puts facts one after the other into a few places, each replacing the one before it there.
    fn replay<F: Copy>(
        tally: &mut Tally,
        steps: &[(usize, Option<F>)],
        replace: impl Fn(&mut Tally, Option<&F>, Option<&F>),
    ) -> BTreeMap<usize, F> {
        let mut facts = BTreeMap::new();
        for &(place, after) in steps {
            let before: Option<F> = match after {
                Some(fact) => facts.insert(place, fact),
                None => facts.remove(&place),
            };
            replace(tally, before.as_ref(), after.as_ref());
        }
        facts
    }

    proptest! {
        #[test]
        fn a_tally_depends_on_the_final_facts_alone_and_its_tables_hold(
            applications in prop::collection::vec(
                (0usize..12, prop::option::weighted(0.9, any_application())), 0..60),
            remedies in prop::collection::vec(
                (0usize..8, prop::option::weighted(0.9, any_remedy())), 0..30),
        ) {
            let mut replaced = Tally::default();
            let final_applications =
                replay(&mut replaced, &applications, Tally::replace_application);
            let final_remedies = replay(&mut replaced, &remedies, Tally::replace_remedy);
            let mut direct = Tally::default();
            for fact in final_applications.values().rev() {
                direct.replace_application(None, Some(fact));
            }
            for fact in final_remedies.values().rev() {
                direct.replace_remedy(None, Some(fact));
            }
            prop_assert_eq!(&replaced, &direct);

            let mut previous: Option<Tables> = None;
            for of in 2019..=2023 {
                let form = form_for(year(of));
                let filled = tables(form, year(of), &replaced, &Figures::new());
                let errors = |findings: Vec<crate::statistics::Finding>| {
                    findings.into_iter().find(|finding| finding.severity == Severity::Error)
                };
                prop_assert_eq!(errors(check(&filled, previous.as_ref())), None);
                let derived = check_derived(&filled, year(of), previous.as_ref());
                prop_assert_eq!(derived.len(), 1, "only table two is undeclared: {:?}", derived);
                for other in &FORMS {
                    let filled = tables(other, year(of), &replaced, &Figures::new());
                    prop_assert_eq!(errors(check(&filled, previous.as_ref())), None);
                }
                previous = Some(filled);
            }
        }

        #[test]
        fn the_tally_of_a_subtree_is_the_tally_of_all_its_facts(
            applications in prop::collection::vec((0usize..3, any_application()), 0..40),
            remedies in prop::collection::vec((0usize..3, any_remedy()), 0..20),
        ) {
            let mut members = [Tally::default(), Tally::default(), Tally::default()];
            let mut whole = Tally::default();
            for (member, fact) in &applications {
                members[*member].replace_application(None, Some(fact));
                whole.replace_application(None, Some(fact));
            }
            for (member, fact) in &remedies {
                members[*member].replace_remedy(None, Some(fact));
                whole.replace_remedy(None, Some(fact));
            }
            let nothing = Figures::new();
            let (sum, figures) = roll_up(members.iter().map(|tally| (tally, &nothing))).unwrap();
            prop_assert_eq!(sum, whole);
            prop_assert_eq!(figures, nothing);
        }
    }
}
