//! The page in GitHub-flavoured Markdown.
//!
//! Markdown tables know no spans. A label that covers several rows is repeated in each, one that
//! covers several columns stands in the first of them, header labels are joined from the outermost
//! to the innermost, and each block of table two becomes a table of its own.

use std::collections::BTreeSet;

use super::document::{Block, Cell, Document, Inline, Placed, Role, Run, Scope, Table, place};

const SEPARATOR: &str = " / ";

/// The page in Markdown.
#[must_use]
pub fn markdown(document: &Document) -> String {
    let title = format!("# {}", escaped(&document.title.to_string()));
    let lines = [vec![title], blocks(&document.blocks)].concat();
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// The lines of blocks, with an empty line before each.
fn blocks(blocks: &[Block]) -> Vec<String> {
    blocks.iter().flat_map(|block| [vec![String::new()], lines(block)].concat()).collect()
}

fn lines(block: &Block) -> Vec<String> {
    match block {
        Block::Heading { level, text } => {
            vec![format!("{} {}", "#".repeat(usize::from(*level)), escaped(text))]
        }
        Block::Paragraph(inlines) => paragraph(inlines),
        Block::Note(text) => vec![guarded(&escaped(text))],
        Block::List { first, items } => list(*first, items),
        Block::Quote(inner) => hanging("> ", "> ", inner),
        Block::Preformatted(text) => preformatted(text),
        Block::Table(table) => tables(table),
    }
}

fn paragraph(inlines: &[Inline]) -> Vec<String> {
    let text: String = inlines
        .iter()
        .map(|inline| match inline {
            Inline::Run(run) => styled(run),
            Inline::Break => "\\\n".to_owned(),
        })
        .collect();
    text.lines().map(guarded).collect()
}

fn styled(run: &Run) -> String {
    let text = if run.code { code(&run.text) } else { escaped(&run.text) };
    let mark = match (run.strong, run.emphasis) {
        (true, true) => "***",
        (true, false) => "**",
        (false, true) => "*",
        (false, false) => "",
    };
    format!("{mark}{text}{mark}")
}

fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run(text, '`').saturating_add(1));
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

fn preformatted(text: &str) -> Vec<String> {
    let fence = "`".repeat(longest_run(text, '`').saturating_add(1).max(3));
    let lines = text.lines().map(str::to_owned);
    [fence.clone()].into_iter().chain(lines).chain([fence]).collect()
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

fn list(first: Option<u64>, items: &[Vec<Block>]) -> Vec<String> {
    let mark = |place| match first {
        Some(first) => format!("{}. ", first.saturating_add(place)),
        None => "- ".to_owned(),
    };
    (0..)
        .zip(items)
        .flat_map(|(place, item)| {
            let mark = mark(place);
            let indent = " ".repeat(mark.len());
            hanging(&mark, &indent, item)
        })
        .collect()
}

/// Blocks with one mark before their first line and another before the rest.
fn hanging(mark: &str, indent: &str, inner: &[Block]) -> Vec<String> {
    let lines = blocks(inner).into_iter().skip(1);
    let marks = std::iter::once(mark).chain(std::iter::repeat(indent));
    marks
        .zip(lines.chain(inner.is_empty().then(String::new)))
        .map(|(mark, line)| format!("{mark}{line}").trim_end().to_owned())
        .collect()
}

// Text.

/// Text in which nothing is markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$') {
            out.push('\\');
        }
        out.push(if c == '\n' { ' ' } else { c });
    }
    out
}

/// A line whose beginning makes it no heading, list or rule.
fn guarded(line: &str) -> String {
    let line = line.trim_start();
    if line.starts_with(['#', '+', '-', '=']) {
        return format!("\\{line}");
    }
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    match line.strip_suffix(rest) {
        Some(digits) if !digits.is_empty() && rest.starts_with(['.', ')']) => {
            format!("{digits}\\{rest}")
        }
        Some(_) | None => line.to_owned(),
    }
}

// Tables.

/// One table for each block of rows, under the block's caption.
fn tables(table: &Table) -> Vec<String> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for row in &table.body {
        match (row.as_slice(), groups.last_mut()) {
            ([caption], _) if caption.role == Role::Caption => {
                groups.push(Group { caption: Some(&caption.text), rows: Vec::new() });
            }
            (_, Some(group)) => group.rows.push(row),
            (_, None) => groups.push(Group { caption: None, rows: vec![row] }),
        }
    }
    let tables = groups.iter().map(|group| group_lines(table, group));
    tables.collect::<Vec<_>>().join(&String::new())
}

/// Rows that stand under one caption.
struct Group<'a> {
    caption: Option<&'a str>,
    rows: Vec<&'a Vec<Cell>>,
}

fn group_lines(table: &Table, group: &Group<'_>) -> Vec<String> {
    let rows = table.header.iter().chain(group.rows.iter().copied());
    let (header, body): (Vec<_>, Vec<_>) = rows.partition(|row| is_header(row));
    let header_rows = header.len();
    let placed = place(header.into_iter().chain(body), table.widths.len());
    let grid = Grid { placed: &placed, header_rows };
    let caption = group.caption.map(|text| vec![format!("**{}**", escaped(text)), String::new()]);
    [caption.unwrap_or_default(), grid.lines()].concat()
}

/// Whether a row holds nothing but labels of what is below.
fn is_header(row: &[Cell]) -> bool {
    let is_of_column = |cell: &Cell| cell.role == Role::Header(Scope::Column);
    row.iter().any(is_of_column)
}

/// Cells on a grid, the first rows of which are the header.
struct Grid<'a> {
    placed: &'a [Placed<'a>],
    header_rows: usize,
}

impl Grid<'_> {
    fn lines(&self) -> Vec<String> {
        let columns: BTreeSet<usize> = self.placed.iter().map(|place| place.column).collect();
        let rows: BTreeSet<usize> = self.placed.iter().map(|place| place.row).collect();
        let line = |row| columns.iter().map(|&column| self.text(row, column)).collect();
        let header = columns.iter().map(|&column| self.header(column)).collect();
        let rule = columns.iter().map(|&column| self.rule(column).to_owned()).collect();
        let body = rows.range(self.header_rows..).map(|&row| line(row));
        [header, rule].into_iter().chain(body).map(|cells: Vec<String>| row_line(&cells)).collect()
    }

    /// The cell that covers a place.
    fn at(&self, row: usize, column: usize) -> Option<&Placed<'_>> {
        self.placed.iter().find(|place| {
            (place.row..place.end_row()).contains(&row)
                && (place.column..place.end_column()).contains(&column)
        })
    }

    /// What stands at a place of the body: a label over several columns only in the first.
    fn text(&self, row: usize, column: usize) -> String {
        let place = self.at(row, column).filter(|place| place.column == column);
        place.map_or(String::new(), |place| escaped(&place.cell.text))
    }

    /// What stands above a column, from the outermost label to the innermost.
    fn header(&self, column: usize) -> String {
        let mut labels: Vec<&Placed<'_>> =
            (0..self.header_rows).filter_map(|row| self.at(row, column)).collect();
        labels.dedup();
        let stands_here =
            |place: &&&Placed<'_>| place.cell.role != Role::Label || place.column == column;
        let texts = labels.iter().filter(stands_here).map(|place| escaped(&place.cell.text));
        texts.collect::<Vec<_>>().join(SEPARATOR)
    }

    /// The rule below the header: figures are centred.
    fn rule(&self, column: usize) -> &'static str {
        let is_number = |place: &&Placed<'_>| matches!(place.cell.role, Role::Number(_));
        let mut numbers = self.placed.iter().filter(is_number);
        if numbers.any(|place| place.column == column) { ":-:" } else { "---" }
    }
}

fn row_line(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

#[cfg(test)]
#[expect(clippy::wildcard_enum_match_arm, reason = "of the parser's events a test wants a few")]
mod tests {
    use super::*;
    use crate::render::{cells, compose, samples};
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    /// The texts of the cells of every table, row by row, as a reader of Markdown sees them.
    fn rows(markdown: &str) -> Vec<Vec<String>> {
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut is_in_cell = false;
        for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::TableHead | Tag::TableRow) => rows.push(Vec::new()),
                Event::Start(Tag::TableCell) => {
                    is_in_cell = true;
                    rows.last_mut().unwrap().push(String::new());
                }
                Event::End(TagEnd::TableCell) => is_in_cell = false,
                Event::Text(text) if is_in_cell => {
                    if let Some(cell) = rows.last_mut().and_then(|row| row.last_mut()) {
                        cell.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        rows
    }

    #[test]
    fn every_figure_reads_back_in_the_order_of_the_form() {
        for report in [samples::luoyang(), samples::small()] {
            let mut expected = report
                .tables
                .cells()
                .map(|(cell, _)| cells::printed(&report.tables, cell).unwrap_or_default());
            let only_tables = |block: &Block| matches!(block, Block::Table(_));
            let mut document = compose(&report);
            document.blocks.retain(only_tables);
            for row in rows(&markdown(&document)) {
                let labels = match row.len() {
                    10 => 3,
                    15 => 0,
                    _ => 1,
                };
                let figures = &row[labels..];
                if figures.iter().all(|text| text.parse::<f64>().is_ok() || text.is_empty()) {
                    for figure in figures {
                        assert_eq!(Some(figure), expected.next().as_ref());
                    }
                }
            }
            assert_eq!(expected.next(), None);
        }
    }

    #[test]
    fn the_narrative_reads_back_as_the_same_text() {
        let text = |markdown: &str| -> String {
            Parser::new_ext(markdown, Options::ENABLE_TABLES)
                .map(|event| match event {
                    Event::Text(text) | Event::Code(text) => text.into_string(),
                    Event::Html(text) | Event::InlineHtml(text) => panic!("live HTML: {text}"),
                    Event::Start(Tag::Link { dest_url, .. }) => panic!("live link: {dest_url}"),
                    Event::End(TagEnd::Paragraph) => "\n".to_owned(),
                    _ => String::new(),
                })
                .collect()
        };
        for hostile in samples::HOSTILE {
            let line = Document {
                blocks: vec![Block::Paragraph(vec![Inline::Run(Run::plain(*hostile))])],
                ..compose(&samples::small())
            };
            let read = text(&markdown(&line));
            assert!(read.contains(hostile), "{hostile:?} became {read:?}");
        }
        let _ = text(&markdown(&compose(&samples::hostile())));
    }
}
