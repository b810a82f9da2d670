//! The year-end rehearsal (年末预演): the tables as they would stand on 31 December.

use std::collections::BTreeMap;

use super::{QueryError, Register, Statement, StatementOf};
use crate::{
    domain::{
        ApplicantKind, Disposition, LegalDate,
        deadline::{Assessment, Policy},
    },
    statistics::{
        CellRef, Tables,
        catalogue::{ColumnSource, RowSource},
    },
};

/// What is supposed to be done until 31 December.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supposition {
    /// Nothing more.
    Nothing,
    /// Every reply that is due by then. With which result cannot be known; one can be supposed.
    EverythingDue(Option<Disposition>),
}

/// How the applications open today are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Supposed {
    /// Those supposed to be concluded: the reply is overdue, or due by 31 December.
    pub concluded: u64,
    /// Of those, the ones whose due date a notice of working days to come may move.
    pub provisional: u64,
    /// Those that stay open, because they wait for the applicant, who has to correct or to pay.
    pub awaiting_applicant: u64,
    /// Those that stay open, because the reply is due later.
    pub due_later: u64,
    /// Those that stay open, because nothing more is supposed to be done.
    pub left_open: u64,
}

/// A statement as it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// The statement; cells that cannot be known are blank.
    pub statement: Statement,
    /// How the open applications were taken.
    pub supposed: Supposed,
    /// The rows of table three that rest on a supposition, by key.
    pub rows: Vec<&'static str>,
}

impl Register {
    /// Rehearses the end of a year.
    ///
    /// What is recorded counts as in the statement, and what is open is taken as supposed. A reply
    /// that is due moves its application from those carried out to those concluded; the row of its
    /// result is unknown unless one is supposed, and then every row of results is blank in the columns
    /// that have such a reply, and in that of totals. The findings are those of the statement: what is
    /// supposed moves both sides of every relation alike.
    ///
    /// # Errors
    ///
    /// When the agency is not registered, or declared figures add up to too much.
    pub fn rehearsal(
        &self,
        of: &StatementOf,
        supposition: Supposition,
        today: LegalDate,
    ) -> Result<Rehearsal, QueryError> {
        let mut statement = self.statement(of)?;
        let last = jiff::civil::date(of.year.get(), 12, 31);
        let (mut supposed, mut concluded) = (Supposed::default(), BTreeMap::new());
        for held in self.asked_for(&of.agency_id, of.subtree, of.year.get())? {
            let calendar = self.calendar_of(held.id, today.year(), None);
            let (book, applications) = (held.book, held.book.packed_applications());
            let is_held =
                |at: &u32| held.is_whole() || held.has_application(applications.id_at(*at));
            for at in applications.open().filter(is_held) {
                let facts = book.facts_at(at).filter(|facts| facts.receipt.date.date() <= last);
                let Some((entry, facts)) = applications.entry_at(at).zip(facts) else { continue };
                let found = Assessment::of(&facts, Policy::default(), &calendar, today).ok();
                let deadline = found.map(|found| found.deadline);
                let due = deadline.as_ref().and_then(|deadline| deadline.due_date);
                let counted = match (supposition, deadline, due) {
                    (Supposition::Nothing, ..) => &mut supposed.left_open,
                    (Supposition::EverythingDue(_), Some(deadline), Some(due))
                        if due.date() <= last =>
                    {
                        add(&mut supposed.provisional, deadline.is_provisional.into());
                        add(concluded.entry(entry.fact.kind).or_default(), 1);
                        &mut supposed.concluded
                    }
                    (Supposition::EverythingDue(_), Some(_), None) => {
                        &mut supposed.awaiting_applicant
                    }
                    (Supposition::EverythingDue(_), ..) => &mut supposed.due_later,
                };
                add(counted, 1);
            }
        }
        let result = match supposition {
            Supposition::Nothing => None,
            Supposition::EverythingDue(result) => result,
        };
        let rows = conclude(&mut statement.tables, &concluded, result);
        Ok(Rehearsal { statement, supposed, rows })
    }
}

fn add(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}

/// Moves so many applications of each kind from those carried out to those concluded, and says which
/// rows that changed.
fn conclude(
    tables: &mut Tables,
    concluded: &BTreeMap<ApplicantKind, u64>,
    result: Option<Disposition>,
) -> Vec<&'static str> {
    let layout = &tables.form().applications;
    let mut rows = Vec::new();
    for (column, source) in layout.columns.iter().map(|column| column.source).enumerate() {
        let number = match source {
            ColumnSource::Kind(kind) => concluded.get(&kind).copied().unwrap_or_default(),
            ColumnSource::Total => concluded.values().copied().fold(0, u64::saturating_add),
        };
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        if number == 0 {
            continue;
        }
        for (place, row) in layout.rows.iter().enumerate() {
            let by = match row.source {
                RowSource::Received | RowSource::CarriedIn => continue,
                RowSource::ResultTotal => Some(number),
                RowSource::CarriedOut => Some(number.saturating_neg()),
                RowSource::Result(counts) => match result {
                    Some(result) if counts.contains(&result) => Some(number),
                    Some(_) => continue,
                    None => None,
                },
            };
            let cell = CellRef::Applications { row: place, column };
            let now = tables.get(cell).zip(by).map(|(value, by)| value.saturating_add(by));
            tables.set(cell, now);
            if !rows.contains(&row.key) {
                rows.push(row.key);
            }
        }
    }
    rows
}
