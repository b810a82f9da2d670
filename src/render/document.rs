//! The page model: headings, paragraphs, lists, notes, and tables whose cells may span.
//!
//! It holds plain text only. Whoever writes it in a format escapes it for that format.

use std::fmt;

use super::chart::Chart;
use crate::domain::ReportYear;

/// A report as a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The title.
    pub title: Title,
    /// What it was made from.
    pub origin: Origin,
    /// What stands below the title, in order.
    pub blocks: Vec<Block>,
    /// What stands after the blocks in a format that draws; the others leave it out.
    pub charts: Vec<Chart>,
}

/// The title of a page, in the two parts between which it is best broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// Whose report it is.
    pub agency: String,
    /// The year and the report's own name.
    pub report: String,
}

/// What a page was made from, for those who must find it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The agency's id.
    pub agency_id: String,
    /// The report year.
    pub year: ReportYear,
    /// The id of the form.
    pub form: &'static str,
    /// The position in the log up to which events were counted.
    pub as_of_position: u64,
}

/// A block of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading: level two for the sections, below that what the narrative brings.
    Heading {
        /// The level, 2 to 6; the title is level one.
        level: u8,
        /// The text.
        text: String,
    },
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// A list.
    List {
        /// The number of its first item; `None` if it is not numbered.
        first: Option<u64>,
        /// The items.
        items: Vec<Vec<Block>>,
    },
    /// A quotation.
    Quote(Vec<Block>),
    /// Text whose line breaks and spaces stay as they are.
    Preformatted(String),
    /// A table.
    Table(Table),
    /// A remark that is not part of the report's own text.
    Note(String),
}

/// A piece of a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inline {
    /// Text in one style.
    Run(Run),
    /// A line break.
    Break,
}

/// Text in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The text.
    pub text: String,
    /// Whether it is strong.
    pub strong: bool,
    /// Whether it is emphasised.
    pub emphasis: bool,
    /// Whether it is code.
    pub code: bool,
}

/// A table. Cells tile its grid: every row's cells fill what the cells above have left free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The permanent key of an official table; empty for a table of the narrative.
    pub key: &'static str,
    /// The caption; may be empty.
    pub caption: String,
    /// The relative width of each grid column.
    pub widths: Vec<usize>,
    /// The header rows, which are repeated on every page.
    pub header: Vec<Vec<Cell>>,
    /// The other rows.
    pub body: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The text.
    pub text: String,
    /// How many grid columns it covers.
    pub columns: usize,
    /// How many grid rows it covers.
    pub rows: usize,
    /// What it is for.
    pub role: Role,
}

/// What a cell is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// It labels other cells.
    Header(Scope),
    /// It opens a block of rows and labels all of them.
    Caption,
    /// It says something about the table and labels nothing.
    Label,
    /// It holds a figure: the cell of the form with this name.
    Number(String),
}

/// Which cells a header cell labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those below it.
    Column,
    /// Those to its right.
    Row,
}

/// A cell and where in the grid it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed<'a> {
    /// The cell.
    pub cell: &'a Cell,
    /// The row, header rows counted.
    pub row: usize,
    /// The grid column.
    pub column: usize,
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.agency, self.report)
    }
}

impl Origin {
    /// What the page was made from, by name, for formats that keep such properties.
    pub(super) fn properties(&self) -> [(&'static str, String); 4] {
        [
            ("agency", self.agency_id.clone()),
            ("year", self.year.to_string()),
            ("form", self.form.to_owned()),
            ("as_of_position", self.as_of_position.to_string()),
        ]
    }
}

impl Run {
    /// Text in no particular style.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), strong: false, emphasis: false, code: false }
    }

    /// Whether another run has the same style.
    #[must_use]
    pub const fn is_styled_like(&self, other: &Self) -> bool {
        self.strong == other.strong && self.emphasis == other.emphasis && self.code == other.code
    }
}

impl Cell {
    /// A cell that covers one place of the grid.
    #[must_use]
    pub fn new(text: impl Into<String>, role: Role) -> Self {
        Self { text: text.into(), columns: 1, rows: 1, role }
    }

    /// The same cell over so many columns and rows.
    #[must_use]
    pub fn spanning(self, columns: usize, rows: usize) -> Self {
        Self { columns, rows, ..self }
    }
}

impl Placed<'_> {
    /// The first row below the cell.
    #[must_use]
    pub fn end_row(&self) -> usize {
        self.row.saturating_add(self.cell.rows)
    }

    /// The first grid column to the right of the cell.
    #[must_use]
    pub fn end_column(&self) -> usize {
        self.column.saturating_add(self.cell.columns)
    }
}

impl Table {
    /// Every cell with its place, row by row, header rows first.
    #[must_use]
    pub fn placed(&self) -> Vec<Placed<'_>> {
        place(self.header.iter().chain(&self.body), self.widths.len())
    }
}

/// Lays rows of cells out on a grid so many columns wide, as HTML does.
pub(super) fn place<'a>(
    rows: impl Iterator<Item = &'a Vec<Cell>>,
    columns: usize,
) -> Vec<Placed<'a>> {
    let mut free_from = vec![0_usize; columns];
    let mut placed = Vec::new();
    for (row, cells) in rows.enumerate() {
        for cell in cells {
            let column = free_from.iter().position(|&free| free <= row).unwrap_or(columns);
            let place = Placed { cell, row, column };
            let covered = free_from.iter_mut().skip(column).take(cell.columns);
            covered.for_each(|free| *free = place.end_row());
            placed.push(place);
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_takes_the_first_place_that_cells_above_left_free() {
        let cell = |text, columns, rows| Cell::new(text, Role::Label).spanning(columns, rows);
        let rows = [
            vec![cell("a", 1, 2), cell("b", 2, 1)],
            vec![cell("c", 1, 1), cell("d", 1, 2)],
            vec![cell("e", 2, 1)],
        ];
        let places: Vec<_> = place(rows.iter(), 3)
            .into_iter()
            .map(|place| (place.cell.text.as_str(), place.row, place.column))
            .collect();
        assert_eq!(places, [("a", 0, 0), ("b", 0, 1), ("c", 1, 1), ("d", 1, 2), ("e", 2, 0)]);
    }
}
