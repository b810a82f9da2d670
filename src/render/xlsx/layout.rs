//! Rows, columns and type of the sheets.

use rust_xlsxwriter::{ColNum, Color, Format, FormatAlign, FormatBorder, RowNum, XlsxError};
use unicode_width::UnicodeWidthStr;

use super::super::document::{Placed, Table};

const BODY_FONT: &str = "宋体";
const TITLE_FONT: &str = "黑体";
const BODY_SIZE: u32 = 11;
const TITLE_SIZE: u32 = 16;

/// The height of one line, and what a row adds to its lines: points.
const LINE: usize = 15;
const PADDING: usize = 6;

/// How wide a table is at least, in digits.
pub(super) const TABLE_WIDTH: usize = 124;

/// A row by its place.
pub(super) fn row(place: usize) -> Result<RowNum, XlsxError> {
    RowNum::try_from(place).map_err(|_| XlsxError::RowColumnLimitError)
}

/// A column by its place.
pub(super) fn column(place: usize) -> Result<ColNum, XlsxError> {
    ColNum::try_from(place).map_err(|_| XlsxError::RowColumnLimitError)
}

/// A width or height in the library's terms.
pub(super) fn extent(extent: usize) -> f64 {
    u32::try_from(extent).map_or(f64::MAX, f64::from)
}

/// Text of the body.
pub(super) fn body() -> Format {
    Format::new()
        .set_font_name(BODY_FONT)
        .set_font_size(BODY_SIZE)
        .set_text_wrap()
        .set_align(FormatAlign::VerticalCenter)
}

/// The cells of a table.
pub(super) fn cell() -> Format {
    body().set_border(FormatBorder::Thin).set_align(FormatAlign::Center)
}

/// A heading.
pub(super) fn heading() -> Format {
    body().set_font_name(TITLE_FONT)
}

/// The title of the report.
pub(super) fn title() -> Format {
    heading().set_font_size(TITLE_SIZE).set_align(FormatAlign::Center)
}

/// What stands beside a table and is not part of it.
pub(super) fn aside() -> Format {
    body().set_font_color(Color::RGB(0x0040_4040))
}

/// How wide each grid column is, in digits: its share, and never narrower than a number in it.
pub(super) fn widths(table: &Table) -> Vec<usize> {
    let sum = table.widths.iter().fold(0_usize, |sum, &width| sum.saturating_add(width));
    let share = |&width: &usize| TABLE_WIDTH.saturating_mul(width).checked_div(sum).unwrap_or(1);
    let mut widths: Vec<usize> = table.widths.iter().map(share).collect();
    for placed in table.placed() {
        if let super::super::document::Role::Number(_) = placed.cell.role {
            let needed =
                placed.cell.text.len().saturating_add(2).div_ceil(placed.cell.columns.max(1));
            let covered = widths.iter_mut().skip(placed.column).take(placed.cell.columns);
            covered.for_each(|width| *width = needed.max(*width));
        }
    }
    widths
}

/// How high a row has to be for the cells that stand in it alone.
pub(super) fn height<'a>(cells: impl Iterator<Item = &'a Placed<'a>>, widths: &[usize]) -> usize {
    let lines = cells
        .filter(|placed| placed.cell.rows == 1)
        .map(|placed| {
            let covered = widths.iter().skip(placed.column).take(placed.cell.columns);
            let width = covered.fold(0_usize, |sum, &width| sum.saturating_add(width));
            lines(&placed.cell.text, width)
        })
        .max()
        .unwrap_or(1);
    lines_high(lines)
}

/// The height of so many lines.
pub(super) fn lines_high(lines: usize) -> usize {
    lines.saturating_mul(LINE).saturating_add(PADDING)
}

/// How many lines a text takes in a width of so many digits. A Chinese character is a little wider
/// than two digits, and a cell keeps one digit's width for itself.
pub(super) fn lines(text: &str, width: usize) -> usize {
    let room = width.saturating_sub(1).saturating_mul(20).checked_div(21).unwrap_or(1).max(1);
    text.width().div_ceil(room).max(1)
}
