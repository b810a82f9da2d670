//! The page for a terminal: wrapped text, and tables in box-drawing lines that honour spans.

use super::{
    document::{Block, Cell, Document, Placed, Role, Scope, Table, Title},
    narrative::plain,
    wrap::{balanced, widest_piece, width, wrap},
};

/// The narrowest page that is laid out.
const NARROWEST: usize = 40;

/// The least width of a table column: one Chinese character.
const NARROWEST_COLUMN: usize = 2;

/// Two characters, by which the first line of a paragraph is indented.
const INDENT: &str = "　　";

/// The page in so many columns.
#[must_use]
pub fn text(document: &Document, columns: usize) -> String {
    let columns = columns.max(NARROWEST);
    let mut lines = title(&document.title, columns);
    lines.extend(blocks(&document.blocks, columns));
    lines.iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// The title in the middle: on one line, or broken after the agency.
fn title(title: &Title, columns: usize) -> Vec<String> {
    let whole = title.to_string();
    let lines = if width(&whole) <= columns {
        vec![whole]
    } else {
        [balanced(&title.agency, columns), balanced(&title.report, columns)].concat()
    };
    lines.iter().map(|line| centred(line, columns)).collect()
}

/// The lines of blocks, with an empty line before each.
fn blocks(blocks: &[Block], columns: usize) -> Vec<String> {
    let spaced = |block| [vec![String::new()], lines(block, columns)].concat();
    blocks.iter().flat_map(spaced).collect()
}

fn lines(block: &Block, columns: usize) -> Vec<String> {
    match block {
        Block::Heading { text, .. } | Block::Note(text) => wrap(text, columns),
        Block::Paragraph(inlines) => {
            plain(inlines).split('\n').flat_map(|text| paragraph(text, columns)).collect()
        }
        Block::List { first, items } => list(*first, items, columns),
        Block::Quote(inner) => hanging("│ ", "│ ", inner, columns),
        Block::Preformatted(text) => text.lines().map(|line| format!("    {line}")).collect(),
        Block::Table(table) => draw(table, columns),
    }
}

fn paragraph(text: &str, columns: usize) -> Vec<String> {
    wrap(&format!("{INDENT}{text}"), columns)
}

fn list(first: Option<u64>, items: &[Vec<Block>], columns: usize) -> Vec<String> {
    let mark = |place| match first {
        Some(first) => format!("{}. ", first.saturating_add(place)),
        None => "- ".to_owned(),
    };
    (0..)
        .zip(items)
        .flat_map(|(place, item)| {
            let mark = mark(place);
            let indent = " ".repeat(mark.len());
            hanging(&mark, &indent, item, columns)
        })
        .collect()
}

/// Blocks with one mark before their first line and another before the rest.
fn hanging(mark: &str, indent: &str, inner: &[Block], columns: usize) -> Vec<String> {
    let columns = columns.saturating_sub(width(mark)).max(NARROWEST_COLUMN);
    let lines = inner.iter().flat_map(|block| match block {
        Block::Paragraph(inlines) => wrap(&plain(inlines), columns),
        Block::Heading { .. }
        | Block::List { .. }
        | Block::Quote(_)
        | Block::Preformatted(_)
        | Block::Table(_)
        | Block::Note(_) => lines(block, columns),
    });
    let marks = std::iter::once(mark).chain(std::iter::repeat(indent));
    marks.zip(lines).map(|(mark, line)| format!("{mark}{line}")).collect()
}

fn centred(line: &str, columns: usize) -> String {
    let room = columns.saturating_sub(width(line));
    format!("{}{line}", " ".repeat(room / 2))
}

// Tables.

/// A table in box-drawing lines, no wider than the page if its figures leave room.
fn draw(table: &Table, columns: usize) -> Vec<String> {
    let placed = table.placed();
    let across = Axis::new(column_widths(table, &placed, columns));
    let boxes: Vec<Boxed> = placed.iter().map(|place| Boxed::new(place, &across)).collect();
    let down = Axis::new(row_heights(&boxes, table));
    let mut canvas = Canvas::new(across.length(), down.length());
    for cell in &boxes {
        canvas.draw(cell, &down);
    }
    canvas.lines()
}

/// Where the lines of a grid run along one axis: before, between and after its tracks.
struct Axis(Vec<usize>);

impl Axis {
    fn new(tracks: Vec<usize>) -> Self {
        let lines = tracks.into_iter().scan(0_usize, |at, track| {
            *at = at.saturating_add(track).saturating_add(1);
            Some(*at)
        });
        Self(std::iter::once(0).chain(lines).collect())
    }

    /// Where the line before a track runs.
    fn line(&self, track: usize) -> usize {
        self.0.get(track).or(self.0.last()).copied().unwrap_or(0)
    }

    fn length(&self) -> usize {
        self.line(self.0.len()).saturating_add(1)
    }
}

/// A cell with its place across the canvas and its wrapped text.
struct Boxed<'a> {
    place: &'a Placed<'a>,
    left: usize,
    right: usize,
    lines: Vec<String>,
}

impl<'a> Boxed<'a> {
    fn new(place: &'a Placed<'a>, across: &Axis) -> Self {
        let (left, right) = (across.line(place.column), across.line(place.end_column()));
        let room = inner(left, right);
        let text = &place.cell.text;
        let lines = if is_flush_left(place.cell) { wrap(text, room) } else { balanced(text, room) };
        Self { place, left, right, lines }
    }
}

/// How much room there is between two lines.
fn inner(from: usize, to: usize) -> usize {
    to.saturating_sub(from).saturating_sub(1)
}

/// The widths of the columns: their share of the page, but never so narrow that a figure breaks.
fn column_widths(table: &Table, placed: &[Placed<'_>], columns: usize) -> Vec<usize> {
    let room = inner(table.widths.len(), columns);
    let shares: usize = table.widths.iter().sum();
    let width = |share: usize| share.saturating_mul(room).checked_div(shares).unwrap_or(0);
    let mut tracks: Vec<Track> = (table.widths.iter().enumerate())
        .map(|(column, share)| {
            let least = least_width(column, placed);
            Track { share: *share, width: least.max(width(*share)), least }
        })
        .collect();
    fit(&mut tracks, room);
    tracks.into_iter().map(|track| track.width).collect()
}

struct Track {
    share: usize,
    width: usize,
    least: usize,
}

fn least_width(column: usize, placed: &[Placed<'_>]) -> usize {
    let alone = placed.iter().filter(|place| place.column == column && place.cell.columns == 1);
    alone.map(|place| least_cell_width(place.cell)).max().unwrap_or(0).max(NARROWEST_COLUMN)
}

fn least_cell_width(cell: &Cell) -> usize {
    match cell.role {
        Role::Number(_) => widest_piece(&cell.text),
        Role::Header(_) | Role::Caption | Role::Label => NARROWEST_COLUMN,
    }
}

/// Gives what room is left to the columns with the largest share, evenly, or takes what is missing where there is most to
/// spare.
fn fit(tracks: &mut [Track], room: usize) {
    let used: usize = tracks.iter().map(|track| track.width).sum();
    let largest = tracks.iter().map(|track| track.share).max().unwrap_or(0);
    let largest = |track: &&mut Track| track.share == largest;
    let receivers = tracks.iter_mut().filter(largest).count();
    let more = room.saturating_sub(used).checked_div(receivers).unwrap_or(0);
    for track in tracks.iter_mut().filter(largest) {
        track.width = track.width.saturating_add(more);
    }
    for _ in room..used {
        let spare = |track: &&mut Track| track.width.saturating_sub(track.least);
        if let Some(roomy) =
            tracks.iter_mut().filter(|track| track.least < track.width).max_by_key(spare)
        {
            roomy.width = roomy.width.saturating_sub(1);
        }
    }
}

/// The heights of the rows: as the cells of one row need, then the last row of every cell over
/// several as that one needs.
fn row_heights(boxes: &[Boxed<'_>], table: &Table) -> Vec<usize> {
    let mut heights = vec![1_usize; table.header.len().saturating_add(table.body.len())];
    let (single, spanning): (Vec<_>, Vec<_>) =
        boxes.iter().partition(|cell| cell.place.cell.rows == 1);
    for cell in single.into_iter().chain(spanning) {
        let (row, rows) = (cell.place.row, cell.place.cell.rows);
        let covered = heights.iter().skip(row).take(rows).sum::<usize>();
        let borders = rows.saturating_sub(1);
        let missing = cell.lines.len().saturating_sub(covered.saturating_add(borders));
        if let Some(last) = heights.get_mut(cell.place.end_row().saturating_sub(1)) {
            *last = last.saturating_add(missing);
        }
    }
    heights
}

/// A grid of display columns, each of which holds lines, text, or the rest of a wide character.
struct Canvas(Vec<Vec<Spot>>);

#[derive(Clone)]
enum Spot {
    /// Lines that leave the middle in these directions.
    Lines(u8),
    Text(String),
    Covered,
}

const UP: u8 = 1;
const DOWN: u8 = 2;
const LEFT: u8 = 4;
const RIGHT: u8 = 8;

impl Canvas {
    fn new(columns: usize, rows: usize) -> Self {
        Self(vec![vec![Spot::Lines(0); columns]; rows])
    }

    fn draw(&mut self, cell: &Boxed<'_>, down: &Axis) {
        let (top, bottom) = (down.line(cell.place.row), down.line(cell.place.end_row()));
        self.horizontal(top, cell);
        self.horizontal(bottom, cell);
        self.vertical(cell.left, top, bottom);
        self.vertical(cell.right, top, bottom);
        let above = inner(top, bottom).saturating_sub(cell.lines.len()) / 2;
        let first = top.saturating_add(1).saturating_add(above);
        for (row, line) in (first..).zip(&cell.lines) {
            self.write(row, cell, line);
        }
    }

    fn horizontal(&mut self, row: usize, cell: &Boxed<'_>) {
        for column in cell.left..=cell.right {
            let left = if column > cell.left { LEFT } else { 0 };
            let right = if column < cell.right { RIGHT } else { 0 };
            self.line(row, column, left | right);
        }
    }

    fn vertical(&mut self, column: usize, top: usize, bottom: usize) {
        for row in top..=bottom {
            let up = if row > top { UP } else { 0 };
            let down = if row < bottom { DOWN } else { 0 };
            self.line(row, column, up | down);
        }
    }

    fn line(&mut self, row: usize, column: usize, directions: u8) {
        match self.spot(row, column) {
            Some(Spot::Lines(there)) => *there |= directions,
            Some(Spot::Text(_) | Spot::Covered) | None => {}
        }
    }

    fn write(&mut self, row: usize, cell: &Boxed<'_>, line: &str) {
        let room = inner(cell.left, cell.right).saturating_sub(width(line));
        let before = if is_flush_left(cell.place.cell) { 0 } else { room / 2 };
        let mut column = cell.left.saturating_add(1).saturating_add(before);
        for c in line.chars() {
            column = self.put(row, column, c);
        }
    }

    /// Puts a character down and returns where the next one goes.
    fn put(&mut self, row: usize, column: usize, c: char) -> usize {
        let text = c.to_string();
        let end = column.saturating_add(width(&text));
        if end == column {
            if let Some(Spot::Text(before)) = self.spot(row, column.saturating_sub(1)) {
                before.push(c);
            }
            return column;
        }
        for (place, spot) in (column..end).zip([Spot::Text(text), Spot::Covered]) {
            if let Some(there) = self.spot(row, place) {
                *there = spot;
            }
        }
        end
    }

    fn spot(&mut self, row: usize, column: usize) -> Option<&mut Spot> {
        self.0.get_mut(row)?.get_mut(column)
    }

    fn lines(&self) -> Vec<String> {
        let shown = |spot: &Spot| match spot {
            Spot::Lines(directions) => box_drawing(*directions).to_owned(),
            Spot::Text(text) => text.clone(),
            Spot::Covered => String::new(),
        };
        self.0.iter().map(|row| row.iter().map(shown).collect()).collect()
    }
}

fn is_flush_left(cell: &Cell) -> bool {
    match cell.role {
        Role::Header(Scope::Row) => cell.rows == 1,
        Role::Header(Scope::Column) | Role::Caption | Role::Label | Role::Number(_) => false,
    }
}

fn box_drawing(directions: u8) -> &'static str {
    const SHAPES: [&str; 16] =
        [" ", "╵", "╷", "│", "╴", "┘", "┐", "┤", "╶", "└", "┌", "├", "─", "┴", "┬", "┼"];
    SHAPES.get(usize::from(directions)).copied().unwrap_or(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{compose, samples};

    fn cell(text: &str, columns: usize, rows: usize) -> Cell {
        Cell::new(text, Role::Label).spanning(columns, rows)
    }

    #[test]
    fn spans_are_merged() {
        let table = Table {
            key: "",
            caption: String::new(),
            widths: vec![34, 33, 33],
            header: vec![
                vec![cell("表", 1, 2), cell("甲乙", 2, 1)],
                vec![cell("甲", 1, 1), cell("乙", 1, 1)],
            ],
            body: vec![vec![cell("数", 1, 1), cell("1", 2, 1)]],
        };
        let drawn = draw(&table, 19).join("\n");
        assert_eq!(
            drawn,
            "┌───────┬─────────┐
│       │  甲乙   │
│  表   ├────┬────┤
│       │ 甲 │ 乙 │
├───────┼────┴────┤
│  数   │    1    │
└───────┴─────────┘"
        );
    }

    #[test]
    fn the_page_keeps_to_its_width() {
        for report in samples::all() {
            for columns in [80, 100, 132] {
                let page = text(&compose(&report), columns);
                let widest = page.lines().map(width).max().unwrap();
                assert!(widest <= columns, "{} at {columns}: {widest}", report.agency_name);
            }
        }
    }

    #[test]
    fn a_long_figure_is_not_broken() {
        let mut table = Table {
            key: "",
            caption: String::new(),
            widths: vec![50, 50],
            header: vec![],
            body: vec![vec![cell("很长的说明文字很长的说明文字", 1, 1), cell("", 1, 1)]],
        };
        table.body[0][1] = Cell::new("-9223372036854.775808", Role::Number(String::new()));
        assert!(draw(&table, 40).join("\n").contains("-9223372036854.775808"));
    }
}
