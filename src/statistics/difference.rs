//! How two readings of a report differ, and what one fact has to do with it.
//!
//! Every cell that is counted is a sum over facts, so that what one fact does to a table is the
//! table of that fact alone, and the differences of facts add up to those of tables.

use std::collections::BTreeMap;

use super::{
    catalogue::Form,
    fold::{ApplicationFact, RemedyFact, Tally},
    table::{Tables, Value},
};
use crate::domain::ReportYear;

/// A cell that two readings have otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellChange {
    /// The permanent name.
    pub cell: Box<str>,
    /// The value in the one reading.
    pub before: Value,
    /// The value in the other.
    pub after: Value,
}

impl CellChange {
    /// The other less the one; a blank is taken for 0.
    #[must_use]
    pub fn delta(&self) -> i64 {
        self.after.unwrap_or(0).saturating_sub(self.before.unwrap_or(0))
    }
}

/// The cells that two readings have otherwise, in the order of the other's form; then those that
/// only the one's form has.
#[must_use]
pub fn changes(before: &Tables, after: &Tables) -> Vec<CellChange> {
    let named = |tables: &Tables| -> Vec<(Box<str>, Value)> {
        let form = tables.form();
        tables.cells().map(|(cell, value)| (form.cell_name(cell).into(), value)).collect()
    };
    let mut left: BTreeMap<Box<str>, Value> = named(before).into_iter().collect();
    let mut changes: Vec<CellChange> = named(after)
        .into_iter()
        .map(|(cell, after)| (left.remove(&cell).flatten(), cell, after))
        .filter(|(before, _, after)| before != after)
        .map(|(before, cell, after)| CellChange { cell, before, after })
        .collect();
    let gone = left.into_iter().filter(|(_, before)| before.is_some());
    changes.extend(gone.map(|(cell, before)| CellChange { cell, before, after: None }));
    changes
}

/// What an application that was so and is so now does to the cells of a year, by name; nothing for
/// a cell that stays as it was.
#[must_use]
pub fn application_moves(
    form: &'static Form,
    year: ReportYear,
    before: Option<&ApplicationFact>,
    after: Option<&ApplicationFact>,
) -> BTreeMap<Box<str>, i64> {
    let bears = |fact: &&ApplicationFact| {
        fact.receipt_date.year() <= year.get()
            && fact.conclusion.is_none_or(|(date, _)| date.year() >= year.get())
    };
    let (before, after) = (before.filter(bears), after.filter(bears));
    if before == after {
        return BTreeMap::new();
    }
    let of = |fact: Option<&ApplicationFact>| {
        let mut tally = Tally::default();
        tally.replace_application(None, fact);
        tally
    };
    moves(form, year, &of(before), &of(after))
}

/// The same of a case.
#[must_use]
pub fn remedy_moves(
    form: &'static Form,
    year: ReportYear,
    before: Option<&RemedyFact>,
    after: Option<&RemedyFact>,
) -> BTreeMap<Box<str>, i64> {
    if before == after {
        return BTreeMap::new();
    }
    let of = |fact: Option<&RemedyFact>| {
        let mut tally = Tally::default();
        tally.replace_remedy(None, fact);
        tally
    };
    moves(form, year, &of(before), &of(after))
}

/// By how much a year's counted cells differ between two tallies.
fn moves(
    form: &'static Form,
    year: ReportYear,
    before: &Tally,
    after: &Tally,
) -> BTreeMap<Box<str>, i64> {
    let filled = |tally: &Tally| {
        let mut tables = Tables::blank(form);
        tally.fill(year, &mut tables);
        tables
    };
    let (before, after) = (filled(before), filled(after));
    changes(&before, &after)
        .into_iter()
        .map(|change| (change.cell.clone(), change.delta()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::catalogue::{FORMS, form_for},
        *,
    };
    use crate::domain::{ApplicantKind, Disposition, LegalDate};

    fn day(text: &str) -> LegalDate {
        LegalDate::new(text.parse().unwrap()).unwrap()
    }

    fn year(year: i32) -> ReportYear {
        ReportYear::new(year).unwrap()
    }

    fn person(received: &str, concluded: Option<&str>) -> ApplicationFact {
        ApplicationFact {
            kind: ApplicantKind::NaturalPerson,
            receipt_date: day(received),
            conclusion: concluded.map(|on| (day(on), Disposition::Granted)),
        }
    }

    fn said(moves: &BTreeMap<Box<str>, i64>) -> Vec<String> {
        moves.iter().map(|(cell, delta)| format!("{cell} {delta:+}")).collect()
    }

    #[test]
    fn a_late_decision_moves_its_row_the_total_and_what_is_carried_out() {
        let (before, after) =
            (person("2022-12-20", None), person("2022-12-20", Some("2022-12-30")));
        let of = |of: i32| {
            let year = year(of);
            said(&application_moves(form_for(year), year, Some(&before), Some(&after)))
        };
        assert_eq!(
            of(2022),
            [
                "applications.carried_out.natural_person -1",
                "applications.carried_out.total -1",
                "applications.granted.natural_person +1",
                "applications.granted.total +1",
                "applications.result_total.natural_person +1",
                "applications.result_total.total +1",
            ]
        );
        assert_eq!(
            of(2023),
            [
                "applications.carried_in.natural_person -1",
                "applications.carried_in.total -1",
                "applications.carried_out.natural_person -1",
                "applications.carried_out.total -1",
            ]
        );
        assert!(of(2021).is_empty());
    }

    #[test]
    fn what_lies_in_other_years_moves_nothing() {
        let year = year(2022);
        let form = form_for(year);
        let (early, late) = (person("2020-02-01", Some("2021-12-31")), person("2023-01-01", None));
        assert!(application_moves(form, year, None, Some(&early)).is_empty());
        assert!(application_moves(form, year, Some(&early), Some(&late)).is_empty());
    }

    #[test]
    fn cells_of_either_form_are_compared_by_name() {
        let [first, second] = &FORMS;
        let (mut before, mut after) = (Tables::blank(first), Tables::blank(second));
        assert!(changes(&before, &after).is_empty());
        let made = first.find_proactive("art20_1.regulations.made").unwrap();
        before.set(made, Some(2));
        let granted = |form: &Form| form.find_application("granted", "total").unwrap();
        before.set(granted(first), Some(4));
        after.set(granted(second), Some(3));
        let found = changes(&before, &after);
        let found: Vec<_> = found.iter().map(|change| (&*change.cell, change.delta())).collect();
        assert_eq!(
            found,
            [("applications.granted.total", -1), ("proactive.art20_1.regulations.made", -2)]
        );
    }
}
