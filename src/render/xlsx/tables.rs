//! A table of the form on a sheet of its own, and its checks around it.

use std::collections::BTreeMap;

use rust_xlsxwriter::{ColNum, Format, FormatAlign, RowNum, Worksheet, XlsxError};

use super::{
    super::document::{Block, Document, Placed, Role, Scope, Table},
    checks, layout,
    number::Figure,
};
use crate::statistics::{CellRef, Tables};

/// The rows above the table: the report's title and the section's.
const TITLE_ROWS: usize = 2;

/// The most grid columns of a table that is printed upright.
const UPRIGHT_COLUMNS: usize = 10;

/// Where the figures of a table stand.
pub(super) type Places = BTreeMap<CellRef, Range>;

/// The place of a cell, which may cover several columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) row: RowNum,
    pub(super) column: ColNum,
    pub(super) last_row: RowNum,
    pub(super) last_column: ColNum,
}

impl Range {
    /// The place of a cell of a table whose first row is this one of the sheet.
    fn of(placed: &Placed<'_>, first_row: usize) -> Result<Self, XlsxError> {
        let row = |row: usize| layout::row(first_row.saturating_add(row));
        Ok(Self {
            row: row(placed.row)?,
            column: layout::column(placed.column)?,
            last_row: row(placed.end_row().saturating_sub(1))?,
            last_column: layout::column(placed.end_column().saturating_sub(1))?,
        })
    }

    /// Makes the place one cell in this format.
    pub(super) fn merge(self, sheet: &mut Worksheet, format: &Format) -> Result<(), XlsxError> {
        let Self { row, column, last_row, last_column } = self;
        if (row, column) != (last_row, last_column) {
            sheet.merge_range(row, column, last_row, last_column, "", format)?;
        }
        Ok(())
    }

    /// Writes text into the place.
    pub(super) fn text(
        self,
        sheet: &mut Worksheet,
        text: &str,
        format: &Format,
    ) -> Result<(), XlsxError> {
        self.merge(sheet, format)?;
        sheet.write_string_with_format(self.row, self.column, text, format)?;
        Ok(())
    }
}

/// Writes the sheet of a section whose table is of the form.
pub(super) fn write(
    sheet: &mut Worksheet,
    document: &Document,
    section: &[Block],
    table: &Table,
    tables: &Tables,
) -> Result<(), XlsxError> {
    let widths = layout::widths(table);
    for (place, &width) in widths.iter().enumerate() {
        sheet.set_column_width(layout::column(place)?, layout::extent(width))?;
    }
    let mut page = Page { sheet, width: widths.iter().sum(), columns: widths.len(), next_row: 0 };
    page.line(&document.title.to_string(), &layout::title())?;
    for block in section.iter().take(1) {
        if let Block::Heading { text, .. } = block {
            page.line(text, &layout::heading())?;
        }
    }
    let places = page.table(table, &widths, tables)?;
    for block in section {
        if let Block::Note(text) = block {
            page.line(text, &layout::body())?;
        }
    }
    page.set_up(table)?;
    checks::write(&mut page, table, &places, tables)
}

/// A sheet being filled from above.
pub(super) struct Page<'a> {
    pub(super) sheet: &'a mut Worksheet,
    /// In digits.
    width: usize,
    /// How many grid columns the table has.
    pub(super) columns: usize,
    next_row: usize,
}

impl Page<'_> {
    /// A line over the whole width.
    pub(super) fn line(&mut self, text: &str, format: &Format) -> Result<(), XlsxError> {
        let row = self.take_row()?;
        let lines = layout::lines(text, self.width);
        self.sheet.set_row_height(row, layout::extent(layout::lines_high(lines)))?;
        let last_column = layout::column(self.columns.saturating_sub(1))?;
        Range { row, column: 0, last_row: row, last_column }.text(self.sheet, text, format)
    }

    /// The next row that is free.
    pub(super) fn take_row(&mut self) -> Result<RowNum, XlsxError> {
        let row = layout::row(self.next_row)?;
        self.next_row = self.next_row.saturating_add(1);
        Ok(row)
    }

    fn table(
        &mut self,
        table: &Table,
        widths: &[usize],
        tables: &Tables,
    ) -> Result<Places, XlsxError> {
        let form = tables.form();
        let names: BTreeMap<String, CellRef> =
            form.cells().map(|cell| (form.cell_name(cell), cell)).collect();
        let first_row = self.next_row;
        let cells = table.placed();
        let mut places = Places::new();
        for row in cells.chunk_by(|one, other| one.row == other.row) {
            let number = self.take_row()?;
            let height = layout::height(row.iter(), widths);
            self.sheet.set_row_height(number, layout::extent(height))?;
        }
        for placed in &cells {
            let range = Range::of(placed, first_row)?;
            let figure = match &placed.cell.role {
                Role::Number(name) => names.get(name).copied(),
                Role::Header(_) | Role::Caption | Role::Label => None,
            };
            let format = format_of(&placed.cell.role, table);
            match figure {
                Some(cell) => {
                    range.merge(self.sheet, &format)?;
                    Figure::of(tables, cell).write(self.sheet, range.row, range.column, &format)?;
                    places.insert(cell, range);
                }
                None => range.text(self.sheet, &placed.cell.text, &format)?,
            }
        }
        Ok(places)
    }

    /// What stays in sight, and what is printed.
    fn set_up(&mut self, table: &Table) -> Result<(), XlsxError> {
        let is_figure = |placed: &Placed<'_>| matches!(placed.cell.role, Role::Number(_));
        let labels = table.placed().iter().filter(|p| is_figure(p)).map(|p| p.column).min();
        let body = TITLE_ROWS.saturating_add(table.header.len());
        let body_row = layout::row(body)?;
        self.sheet.set_freeze_panes(body_row, layout::column(labels.unwrap_or(0))?)?;
        if !table.header.is_empty() {
            let last = layout::row(body.saturating_sub(1))?;
            self.sheet.set_repeat_rows(layout::row(TITLE_ROWS)?, last)?;
        }
        let last_row = layout::row(self.next_row.saturating_sub(1))?;
        let last_column = layout::column(self.columns.saturating_sub(1))?;
        self.sheet.set_print_area(0, 0, last_row, last_column)?;
        if self.columns > UPRIGHT_COLUMNS {
            self.sheet.set_landscape();
        }
        Ok(())
    }
}

/// How a cell of a table looks. Row labels are flush left where a header stands above them.
fn format_of(role: &Role, table: &Table) -> Format {
    match role {
        Role::Header(Scope::Row) if !table.header.is_empty() => {
            layout::cell().set_align(FormatAlign::Left)
        }
        Role::Header(_) | Role::Caption | Role::Label | Role::Number(_) => layout::cell(),
    }
}
