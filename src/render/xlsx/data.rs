//! Every cell of the report on a line of its own, for programs.

use rust_xlsxwriter::{Format, Worksheet, XlsxError};

use super::{
    super::{Report, cells, csv},
    layout,
    number::Figure,
};

/// How wide each column is, in digits.
const WIDTHS: [usize; 6] = [14, 30, 24, 54, 90, 16];

/// Writes the lines below the names of their columns, which are those of the CSV.
pub(super) fn write(sheet: &mut Worksheet, report: &Report) -> Result<(), XlsxError> {
    let form = report.tables.form();
    let plain = Format::new();
    let bold = Format::new().set_bold();
    for (place, (name, width)) in csv::COLUMNS.into_iter().zip(WIDTHS).enumerate() {
        let column = layout::column(place)?;
        sheet.set_column_width(column, layout::extent(width))?;
        sheet.write_string_with_format(0, column, name, &bold)?;
    }
    let mut last_row = 0;
    for (row, (cell, _)) in (1_u32..).zip(report.tables.cells()) {
        let [table, key, column] = csv::keys(form, cell);
        let (name, label) = (form.cell_name(cell), cells::label(form, cell));
        let texts = [table, key, column, name.as_str(), label.as_str()];
        for (column, text) in (0_u16..).zip(texts) {
            // What a table of one row has no key for stays empty.
            if !text.is_empty() {
                sheet.write_string(row, column, text)?;
            }
        }
        let value = layout::column(texts.len())?;
        Figure::of(&report.tables, cell).write(sheet, row, value, &plain)?;
        last_row = row;
    }
    sheet.autofilter(0, 0, last_row, layout::column(csv::COLUMNS.len().saturating_sub(1))?)?;
    sheet.set_freeze_panes(1, 0)?.set_repeat_rows(0, 0)?.set_landscape();
    Ok(())
}
