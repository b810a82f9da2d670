//! Published tables (Appendix A of the domain reference) and made-up ones, for the tests.

use super::{
    catalogue::{ColumnSource, FORMS, Form, RemedySource, RowSource},
    table::{CellRef, Tables},
};

const LUOYANG_2020: &str = "\
new_received,1,0,0,0,0,0,1
carried_in,0,0,0,0,0,0,0
granted,1,0,0,0,0,0,1
result_total,1,0,0,0,0,0,1
carried_out,0,0,0,0,0,0,0
";

const SHANGHAI_2019: &str = "\
new_received,821,35,0,0,2,1,859
carried_in,18,0,0,0,0,0,18
granted,258,12,0,0,1,1,272
partial,3,0,0,0,0,0,3
not_disclosed.state_secret,14,0,0,0,0,0,14
not_disclosed.internal_affairs,5,0,0,0,0,0,5
not_disclosed.process_information,3,1,0,0,0,0,4
not_disclosed.administrative_inquiry,10,2,0,0,0,0,12
unable.not_held,252,12,0,0,1,0,265
unable.requires_creation,44,3,0,0,0,0,47
unable.unclear_after_correction,25,0,0,0,0,0,25
not_processed.petition_complaint,148,1,0,0,0,0,149
not_processed.duplicate,5,4,0,0,0,0,9
result_total,767,35,0,0,2,1,805
carried_out,72,0,0,0,0,0,72
";

/// A.1: the Luoyang Justice Bureau's report for 2020.
pub(super) fn luoyang_2020() -> Tables {
    let [form, _] = &FORMS;
    let mut tables = zeros(form);
    transcribe(&mut tables, LUOYANG_2020);
    for (key, value) in [
        ("art20_5.licences.prev_items", 2),
        ("art20_5.licences.decisions", 856),
        ("art20_5.other_services.prev_items", 26),
        ("art20_5.other_services.decisions", 1483),
        ("art20_6.penalties.prev_items", 50),
    ] {
        tables.set(form.find_proactive(key).unwrap(), Some(value));
    }
    tables
}

/// A.2: the Shanghai General Office's report for 2019, totals filled; table two blank.
pub(super) fn shanghai_2019() -> Tables {
    let [form, _] = &FORMS;
    let mut tables = zeros(form);
    for (place, _) in form.proactive_cells().enumerate() {
        tables.set(CellRef::Proactive(place), None);
    }
    transcribe(&mut tables, SHANGHAI_2019);
    let remedies = [5, 0, 0, 2, 7, 8, 0, 0, 1, 9, 0, 0, 0, 0, 0];
    for (place, value) in remedies.into_iter().enumerate() {
        tables.set(CellRef::Remedies(place), Some(value));
    }
    tables
}

/// Tables of which every cell is zero.
pub(super) fn zeros(form: &'static Form) -> Tables {
    let mut tables = Tables::blank(form);
    for cell in form.cells() {
        tables.set(cell, Some(0));
    }
    tables
}

/// Fills tables three and four so that every relation of the year holds and no cell is zero.
pub(super) fn fill_consistently(tables: &mut Tables, carried_in: i64, carried_out: i64) {
    let form = tables.form();
    let rows = form.applications.rows;
    let results = rows.iter().filter(|row| matches!(row.source, RowSource::Result(_))).count();
    let results = i64::try_from(results).unwrap() * 2;
    for (row, source) in rows.iter().map(|row| row.source).enumerate() {
        let each = match source {
            RowSource::Received => results + carried_out - carried_in,
            RowSource::CarriedIn => carried_in,
            RowSource::Result(_) => 2,
            RowSource::ResultTotal => results,
            RowSource::CarriedOut => carried_out,
        };
        for (column, source) in form.applications.columns.iter().map(|c| c.source).enumerate() {
            let value = if source == ColumnSource::Total { each * 6 } else { each };
            tables.set(CellRef::Applications { row, column }, Some(value));
        }
    }
    for (place, column) in form.remedies.columns.iter().enumerate() {
        let value = if column.source == RemedySource::Total { 12 } else { 3 };
        tables.set(CellRef::Remedies(place), Some(value));
    }
}

fn transcribe(tables: &mut Tables, csv: &str) {
    let form = tables.form();
    for line in csv.lines() {
        let (row, values) = line.split_once(',').unwrap();
        for (column, value) in form.applications.columns.iter().zip(values.split(',')) {
            let cell = form.find_application(row, column.key).unwrap();
            tables.set(cell, Some(value.parse().unwrap()));
        }
    }
}
