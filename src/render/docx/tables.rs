//! Tables: cells over several columns and rows, header rows that every page repeats.

use super::{
    super::document::{Cell, Placed, Role, Run, Scope, Table},
    content::{Place, paragraph, run},
    xml::Xml,
};

/// The most grid columns for which the larger type leaves room.
const WIDE_COLUMNS: usize = 7;

/// A cell in one of the rows that it covers.
struct Covering<'a> {
    cell: &'a Cell,
    column: usize,
    end: usize,
    begins: bool,
}

/// A table, followed by a paragraph that keeps it apart from what comes next.
///
/// A table of the form stays on one page where it fits on one, and with a note that follows.
pub(super) fn table(xml: &mut Xml, table: &Table, place: Place, has_note: bool) {
    let columns = widths(&table.widths, place.width());
    let rows = rows(table);
    if columns.is_empty() || rows.is_empty() {
        return;
    }
    let layout = Layout {
        style: if columns.len() > WIDE_COLUMNS { "TableTextSmall" } else { "TableText" },
        labels_left: !table.key.is_empty() && !table.header.is_empty(),
        columns: &columns,
    };
    xml.element("w:tbl", &[], |xml| {
        properties(xml, table, place);
        xml.element("w:tblGrid", &[], |xml| {
            for width in &columns {
                xml.empty("w:gridCol", &[("w:w", &width.to_string())]);
            }
        });
        xml.line_end();
        for (number, row) in rows.iter().enumerate() {
            let is_header = number < table.header.len();
            let is_last = number.saturating_add(1) == rows.len();
            let keeps = if table.key.is_empty() { is_header } else { !is_last || has_note };
            layout.row(xml, row, is_header, keeps);
        }
    });
    paragraph(xml, "TableEnd", |xml| keep_next(xml, has_note), |_| {});
}

fn keep_next(xml: &mut Xml, keeps: bool) {
    if keeps {
        xml.empty("w:keepNext", &[]);
    }
}

fn properties(xml: &mut Xml, table: &Table, place: Place) {
    let width = place.width().to_string();
    xml.element("w:tblPr", &[], |xml| {
        xml.value("w:tblStyle", "TableGrid");
        xml.empty("w:tblW", &[("w:w", &width), ("w:type", "dxa")]);
        xml.empty("w:tblInd", &[("w:w", &place.left.to_string()), ("w:type", "dxa")]);
        xml.empty("w:tblLayout", &[("w:type", "fixed")]);
        if !table.caption.is_empty() {
            xml.value("w:tblCaption", &table.caption);
        }
    });
}

/// Relative widths as shares of a width; what rounding leaves goes to the last.
fn widths(relative: &[usize], width: u32) -> Vec<u32> {
    let relative: Vec<u64> =
        relative.iter().map(|&width| u64::try_from(width).unwrap_or(0).max(1)).collect();
    let sum = relative.iter().fold(0_u64, |sum, &width| sum.saturating_add(width));
    let mut reached = 0_u64;
    let mut end_before = 0_u64;
    relative
        .iter()
        .map(|&relative| {
            reached = reached.saturating_add(relative);
            let end = u64::from(width).saturating_mul(reached).checked_div(sum).unwrap_or(0);
            let share = end.saturating_sub(end_before);
            end_before = end;
            u32::try_from(share).unwrap_or(width)
        })
        .collect()
}

/// The cells that cover each row, from left to right.
fn rows(table: &Table) -> Vec<Vec<Covering<'_>>> {
    let count = table.header.len().saturating_add(table.body.len());
    let columns = table.widths.len();
    let mut rows: Vec<Vec<Covering<'_>>> = (0..count).map(|_| Vec::new()).collect();
    for placed @ Placed { cell, row, column } in table.placed() {
        let end = placed.end_column().min(columns);
        if column < end {
            let covered = rows.iter_mut().enumerate().skip(row).take(cell.rows);
            for (number, cells) in covered {
                cells.push(Covering { cell, column, end, begins: number == row });
            }
        }
    }
    for cells in &mut rows {
        cells.sort_by_key(|cell| cell.column);
    }
    rows
}

struct Layout<'a> {
    style: &'static str,
    labels_left: bool,
    columns: &'a [u32],
}

impl Layout<'_> {
    fn row(&self, xml: &mut Xml, cells: &[Covering<'_>], is_header: bool, keeps: bool) {
        xml.element("w:tr", &[], |xml| {
            xml.element("w:trPr", &[], |xml| {
                xml.empty("w:cantSplit", &[]);
                if is_header {
                    xml.empty("w:tblHeader", &[]);
                }
            });
            let mut reached = 0;
            for cell in cells {
                self.gap(xml, reached, cell.column, keeps);
                self.cell(xml, cell, keeps);
                reached = cell.end;
            }
            self.gap(xml, reached, self.columns.len(), keeps);
        });
        xml.line_end();
    }

    /// An empty cell where a row leaves places free.
    fn gap(&self, xml: &mut Xml, column: usize, end: usize, keeps: bool) {
        if column < end {
            let cell = Cell::new("", Role::Label);
            self.cell(xml, &Covering { cell: &cell, column, end, begins: true }, keeps);
        }
    }

    fn cell(&self, xml: &mut Xml, covering: &Covering<'_>, keeps: bool) {
        let Covering { cell, column, end, begins } = covering;
        let columns = end.saturating_sub(*column);
        let width = self.columns.iter().skip(*column).take(columns);
        let width = width.fold(0_u32, |sum, &width| sum.saturating_add(width)).to_string();
        xml.element("w:tc", &[], |xml| {
            xml.element("w:tcPr", &[], |xml| {
                xml.empty("w:tcW", &[("w:w", &width), ("w:type", "dxa")]);
                if columns > 1 {
                    xml.value("w:gridSpan", &columns.to_string());
                }
                if cell.rows > 1 {
                    xml.value("w:vMerge", if *begins { "restart" } else { "continue" });
                }
                xml.value("w:vAlign", "center");
            });
            let properties = |xml: &mut Xml| {
                keep_next(xml, keeps);
                if self.labels_left && cell.role == Role::Header(Scope::Row) {
                    xml.value("w:jc", "left");
                }
            };
            paragraph(xml, self.style, properties, |xml| {
                if *begins {
                    run(xml, &Run::plain(cell.text.as_str()));
                }
            });
        });
    }
}
