//! Every cell of the report, one to a line, for spreadsheets.
//!
//! UTF-8 with a byte order mark, which spreadsheet programs need to read Chinese; RFC 4180 quoting
//! and line ends. A blank cell has an empty value.

use super::{Report, cells};
use crate::statistics::{CellRef, catalogue::Form};

const BYTE_ORDER_MARK: &str = "\u{FEFF}";
/// The names of the columns.
pub(super) const COLUMNS: [&str; 6] = ["table", "row", "column", "cell", "label", "value"];

/// The report in CSV.
#[must_use]
pub fn csv(report: &Report) -> String {
    let form = report.tables.form();
    let lines = report.tables.cells().map(|(cell, _)| {
        let [table, row, column] = keys(form, cell);
        let value = cells::printed(&report.tables, cell).unwrap_or_default();
        line(&[table, row, column, &form.cell_name(cell), &cells::label(form, cell), &value])
    });
    [BYTE_ORDER_MARK.to_owned(), line(&COLUMNS)].into_iter().chain(lines).collect()
}

/// The keys of a cell's table, row and column; a table of one row has no row key.
pub(super) fn keys(form: &'static Form, cell: CellRef) -> [&'static str; 3] {
    match cell {
        CellRef::Proactive(place) => {
            let key = form.proactive_cells().nth(place).map_or("", |cell| cell.key);
            let (row, column) = key.rsplit_once('.').unwrap_or(("", key));
            ["proactive", row, column]
        }
        CellRef::Applications { row, column } => {
            let row = form.applications.rows.get(row).map_or("", |row| row.key);
            let column = form.applications.columns.get(column).map_or("", |column| column.key);
            ["applications", row, column]
        }
        CellRef::Remedies(place) => {
            let column = form.remedies.columns.get(place).map_or("", |column| column.key);
            ["remedies", "", column]
        }
    }
}

fn line(fields: &[&str]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| quoted(&neutral(field))).collect();
    fields.join(",") + "\r\n"
}

fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// A field that a spreadsheet takes for what it is and never for a formula.
fn neutral(field: &str) -> String {
    if field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && !is_negative_number(field) {
        format!("'{field}")
    } else {
        field.to_owned()
    }
}

fn is_negative_number(field: &str) -> bool {
    field.strip_prefix('-').is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_digit() || c == '.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;
    use std::collections::BTreeMap;

    #[test]
    fn every_cell_reads_back() {
        for report in samples::all() {
            let bytes = csv(&report);
            let rows = ::csv::Reader::from_reader(bytes.trim_start_matches('\u{FEFF}').as_bytes())
                .into_records()
                .map(|row| row.map(|row| (row[3].to_owned(), row[5].to_owned())))
                .collect::<Result<BTreeMap<_, _>, _>>()
                .unwrap();
            let form = report.tables.form();
            let expected: BTreeMap<_, _> = (report.tables.cells())
                .map(|(cell, _)| {
                    (form.cell_name(cell), cells::printed(&report.tables, cell).unwrap_or_default())
                })
                .collect();
            assert_eq!(rows, expected);
        }
    }

    #[test]
    fn a_formula_is_neutralised_and_a_negative_number_is_not() {
        assert_eq!(
            line(&["=1+1", "-8", "-8+1", "@a", "a,\"b\""]),
            "'=1+1,-8,'-8+1,'@a,\"a,\"\"b\"\"\"\r\n"
        );
    }
}
