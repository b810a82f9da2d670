//! The written sections on one sheet, a block to a row.

use rust_xlsxwriter::{Format, Worksheet, XlsxError};

use super::{
    super::{
        document::{Block, Document, Table},
        narrative::{plain, visible},
    },
    layout,
};

/// The most lines in one row: Excel makes no row higher than 409 points.
const ROW_LINES: usize = 26;

/// How wide the sheet's one column is, in digits: what fits on the page, since `LibreOffice` does not
/// shrink a single column to it.
const WIDTH: usize = 66;

/// How many characters are certain to fit on a line, however wide and indented.
const NARROWEST: usize = 22;

/// The deepest indentation that Excel knows.
const INDENT_LIMIT: u8 = 15;

/// Writes blocks below the title.
pub(super) fn write(
    sheet: &mut Worksheet,
    document: &Document,
    blocks: &[&Block],
) -> Result<(), XlsxError> {
    sheet.set_column_width(0, layout::extent(WIDTH))?;
    let mut lines = vec![Line::new(document.title.to_string(), layout::title(), 0)];
    for block in blocks {
        push(&mut lines, block, 0, None);
    }
    let pieces = lines.into_iter().flat_map(Line::pieces);
    for (place, line) in pieces.enumerate() {
        let row = layout::row(place)?;
        sheet.set_row_height(row, layout::extent(layout::lines_high(line.lines())))?;
        sheet.write_string_with_format(row, 0, line.text, &line.format)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

/// What stands in one row.
struct Line {
    text: String,
    format: Format,
    indent: u8,
}

impl Line {
    fn new(text: impl AsRef<str>, format: Format, indent: u8) -> Self {
        let indent = indent.min(INDENT_LIMIT);
        let format = if indent > 0 { format.set_indent(indent) } else { format };
        Self { text: visible(text.as_ref()), format, indent }
    }

    /// How many lines of the sheet it takes.
    fn lines(&self) -> usize {
        let width = WIDTH.saturating_sub(usize::from(self.indent));
        let lines = self.text.split('\n').map(|line| layout::lines(line, width));
        lines.fold(0, usize::saturating_add)
    }

    /// The same in rows that are not too high; a paragraph that is goes on in the next.
    fn pieces(self) -> Vec<Self> {
        let mut texts = vec![String::new()];
        let mut taken = 0_usize;
        for c in self.text.chars() {
            // A line break counts as a line, another character as one of the narrowest line's.
            let cost = if c == '\n' { NARROWEST } else { 1 };
            taken = taken.saturating_add(cost);
            if taken > ROW_LINES.saturating_mul(NARROWEST) {
                taken = cost;
                texts.push(String::new());
            }
            texts.last_mut().into_iter().for_each(|text| text.push(c));
        }
        let piece = |text| Self { text, format: self.format.clone(), indent: self.indent };
        texts.into_iter().map(piece).collect()
    }
}

/// The lines of a block, the first of which may have a mark before it.
fn push(lines: &mut Vec<Line>, block: &Block, indent: u8, mark: Option<&str>) {
    let deeper = indent.saturating_add(1);
    let mut body = |text: &str| {
        lines.push(Line::new(mark.unwrap_or_default().to_owned() + text, layout::body(), indent));
    };
    match block {
        Block::Heading { text, .. } => {
            lines.push(Line::new(text.as_str(), layout::heading(), indent));
        }
        Block::Paragraph(inlines) => body(&plain(inlines)),
        Block::Preformatted(text) | Block::Note(text) => body(text),
        Block::Quote(blocks) => blocks.iter().for_each(|block| push(lines, block, deeper, None)),
        Block::List { first, items } => {
            for (place, item) in (0_u64..).zip(items) {
                let mark = first.map_or_else(
                    || "• ".to_owned(),
                    |first| format!("{}. ", first.saturating_add(place)),
                );
                push_item(lines, item, deeper, &mark);
            }
        }
        Block::Table(table) => push_table(lines, table, indent),
    }
}

/// An item: its mark stands before its first paragraph, or alone if it does not begin with one.
fn push_item(lines: &mut Vec<Line>, item: &[Block], indent: u8, mark: &str) {
    let rest = if let Some((first @ Block::Paragraph(_), rest)) = item.split_first() {
        push(lines, first, indent, Some(mark));
        rest
    } else {
        lines.push(Line::new(mark.trim_end(), layout::body(), indent));
        item
    };
    for block in rest {
        push(lines, block, indent, None);
    }
}

/// A table of the narrative: a row to a line.
fn push_table(lines: &mut Vec<Line>, table: &Table, indent: u8) {
    for row in table.header.iter().chain(&table.body) {
        let texts: Vec<&str> = row.iter().map(|cell| cell.text.as_str()).collect();
        lines.push(Line::new(texts.join("｜"), layout::body(), indent));
    }
}
