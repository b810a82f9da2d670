//! The report as a page: title, period, the six sections in order, contact.

use super::{
    Report, cells,
    chart::charts,
    document::{Block, Cell, Document, Inline, Origin, Role, Run, Scope, Table, Title},
    narrative::{self, visible},
    report::PERIOD,
};
use crate::{
    domain::narrative::Section,
    statistics::{
        CellRef, Tables,
        catalogue::{Path, ProactiveBlock, ProactiveRow, SECTION_TITLES, section_title},
        spans::{self, LabelCell},
    },
};

/// The level of the headings of sections; the title is level one.
const SECTION_LEVEL: u8 = 2;

const NOT_WRITTEN: &str = "（本部分尚未填写）";
const BLANKS: &str = "注：留空的单元格尚无数据（未申报或者无法得出），不表示零。";

/// The page of a report.
#[must_use]
pub fn compose(report: &Report) -> Document {
    Document {
        title: Title {
            agency: visible(&report.agency_name),
            report: report.title_without_agency(),
        },
        origin: Origin {
            agency_id: report.agency_id.clone(),
            year: report.year,
            form: report.tables.form().id,
            as_of_position: report.as_of_position,
        },
        blocks: blocks(report),
        charts: charts(report),
    }
}

fn blocks(report: &Report) -> Vec<Block> {
    let tables = &report.tables;
    let [_, second, third, fourth, _, _] = SECTION_TITLES;
    [
        preamble(report),
        written(report, Section::Overview),
        counted(second, proactive(tables), tables, |cell| matches!(cell, CellRef::Proactive(_))),
        counted(third, applications(tables), tables, |cell| {
            matches!(cell, CellRef::Applications { .. })
        }),
        counted(fourth, remedies(tables), tables, |cell| matches!(cell, CellRef::Remedies(_))),
        written(report, Section::Problems),
        written(report, Section::Other),
        report.contact_line().map(|line| Block::Note(visible(&line))).into_iter().collect(),
    ]
    .concat()
}

/// What stands before the first section.
fn preamble(report: &Report) -> Vec<Block> {
    let form = report.tables.form();
    let other_form = (!report.is_on_own_form())
        .then(|| Block::Note(format!("注：本报告按{}印发的格式编制。", form.notice)));
    let overview = report.sections.get(&Section::Overview);
    let says_so_itself = overview.is_some_and(|text| text.as_str().contains(PERIOD));
    let period = (!says_so_itself).then(|| paragraph(&report.period()));
    period.into_iter().chain(other_form).collect()
}

fn paragraph(text: &str) -> Block {
    Block::Paragraph(vec![Inline::Run(Run::plain(visible(text)))])
}

fn heading(title: &str) -> Block {
    Block::Heading { level: SECTION_LEVEL, text: title.to_owned() }
}

fn written(report: &Report, section: Section) -> Vec<Block> {
    let text = report.sections.get(&section).map_or("", |text| text.as_str());
    let mut blocks = vec![heading(section_title(section))];
    blocks.extend(narrative::blocks(text, SECTION_LEVEL));
    if blocks.len() == 1 {
        blocks.push(Block::Note(NOT_WRITTEN.to_owned()));
    }
    blocks
}

fn counted(
    title: &str,
    table: Table,
    tables: &Tables,
    is_of_table: impl Fn(CellRef) -> bool,
) -> Vec<Block> {
    // The caption says what the heading says, without its number.
    let caption = title.split_once('、').map_or(title, |(_, name)| name);
    let has_blanks = tables.cells().any(|(cell, value)| is_of_table(cell) && value.is_none());
    let note = has_blanks.then(|| Block::Note(BLANKS.to_owned()));
    let table = Table { caption: caption.to_owned(), ..table };
    [heading(title), Block::Table(table)].into_iter().chain(note).collect()
}

fn number(tables: &Tables, cell: CellRef) -> Cell {
    let text = cells::printed(tables, cell).unwrap_or_default();
    Cell::new(text, Role::Number(tables.form().cell_name(cell)))
}

// Table two.

fn proactive(tables: &Tables) -> Table {
    let form = tables.form();
    let columns = form.proactive.grid_columns;
    let mut numbers = (0..).map(CellRef::Proactive).map(|cell| number(tables, cell));
    Table {
        key: "proactive",
        caption: String::new(),
        widths: widths(31, 1, columns),
        header: Vec::new(),
        body: (form.proactive.blocks.iter())
            .flat_map(|block| block_rows(block, columns, &mut numbers))
            .collect(),
    }
}

fn block_rows(
    block: &ProactiveBlock,
    columns: usize,
    numbers: &mut impl Iterator<Item = Cell>,
) -> Vec<Vec<Cell>> {
    let caption = vec![Cell::new(block.caption, Role::Caption).spanning(columns, 1)];
    let column_header = |text: &str| Cell::new(text, Role::Header(Scope::Column));
    let headers = block.headers.iter().map(|text| column_header(text).spanning(block.span, 1));
    let header = [column_header(block.label_header)].into_iter().chain(headers).collect();
    let rows = block.rows.iter().map(|row| figures(row, block.span, numbers));
    [caption, header].into_iter().chain(rows).collect()
}

fn figures(row: &ProactiveRow, span: usize, numbers: &mut impl Iterator<Item = Cell>) -> Vec<Cell> {
    let figures = numbers.take(row.cells.len()).map(|cell| cell.spanning(span, 1));
    [Cell::new(row.label, Role::Header(Scope::Row))].into_iter().chain(figures).collect()
}

// Table three.

fn applications(tables: &Tables) -> Table {
    let form = &tables.form().applications;
    let paths: Vec<Path> = form.columns.iter().map(|column| column.path).collect();
    let corner = Cell::new(form.corner, Role::Label).spanning(form.label_columns, form.header_rows);
    let mut header = header(&paths, form.header_rows);
    header.iter_mut().take(1).for_each(|row| row.insert(0, corner.clone()));
    let labels = spans::row_labels(form).into_iter().enumerate();
    Table {
        key: "applications",
        caption: String::new(),
        widths: [vec![6, 10, 28], vec![8; form.columns.len()]].concat(),
        header,
        body: labels.map(|(row, labels)| application_row(tables, row, labels)).collect(),
    }
}

fn application_row(tables: &Tables, row: usize, labels: Vec<LabelCell>) -> Vec<Cell> {
    let numbers = (0..tables.form().applications.columns.len())
        .map(|column| number(tables, CellRef::Applications { row, column }));
    labels.into_iter().map(|label| label_cell(label, Scope::Row)).chain(numbers).collect()
}

// Table four.

fn remedies(tables: &Tables) -> Table {
    let form = &tables.form().remedies;
    let paths: Vec<Path> = form.columns.iter().map(|column| column.path).collect();
    let numbers = (0..form.columns.len()).map(|place| number(tables, CellRef::Remedies(place)));
    Table {
        key: "remedies",
        caption: String::new(),
        widths: widths(0, 0, form.columns.len()),
        header: header(&paths, form.header_rows),
        body: vec![numbers.collect()],
    }
}

// Both.

/// So many label columns of one width, and the rest of the hundred shared by the other columns.
fn widths(label: usize, labels: usize, columns: usize) -> Vec<usize> {
    let others = columns.saturating_sub(labels);
    let rest = 100_usize.saturating_sub(label.saturating_mul(labels));
    [vec![label; labels], vec![rest.checked_div(others).unwrap_or(rest); others]].concat()
}

fn label_cell(label: LabelCell, scope: Scope) -> Cell {
    Cell::new(label.text, Role::Header(scope)).spanning(label.columns, label.rows)
}

/// The header rows above columns with these label paths.
fn header(paths: &[Path], header_rows: usize) -> Vec<Vec<Cell>> {
    let cells = |row: Vec<LabelCell>| {
        row.into_iter().map(|label| label_cell(label, Scope::Column)).collect()
    };
    spans::header(paths, header_rows).into_iter().map(cells).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    fn tables_of<'a>(document: &'a Document) -> Vec<&'a Table> {
        let table =
            |block: &'a Block| if let Block::Table(table) = block { Some(table) } else { None };
        document.blocks.iter().filter_map(table).collect()
    }

    #[test]
    fn the_cells_of_every_table_tile_its_grid() {
        for report in samples::all() {
            for table in tables_of(&compose(&report)) {
                let rows = table.header.len() + table.body.len();
                let mut covered = vec![vec![0; table.widths.len()]; rows];
                for place in table.placed() {
                    for row in &mut covered[place.row..place.end_row()] {
                        row[place.column..place.end_column()].iter_mut().for_each(|n| *n += 1);
                    }
                }
                assert_eq!(covered, vec![vec![1; table.widths.len()]; rows], "{}", table.key);
                let width = table.widths.iter().sum::<usize>();
                assert!((90..=100).contains(&width), "{} {width}", table.key);
            }
        }
    }

    #[test]
    fn every_figure_of_the_form_stands_once_on_the_page() {
        for report in samples::all() {
            let document = compose(&report);
            let form = report.tables.form();
            let printed: Vec<_> = (tables_of(&document).into_iter())
                .flat_map(Table::placed)
                .filter_map(|place| match &place.cell.role {
                    Role::Number(name) => Some((name.clone(), place.cell.text.clone())),
                    Role::Header(_) | Role::Caption | Role::Label => None,
                })
                .collect();
            let expected: Vec<_> = (report.tables.cells())
                .map(|(cell, _)| {
                    (form.cell_name(cell), cells::printed(&report.tables, cell).unwrap_or_default())
                })
                .collect();
            assert_eq!(printed, expected);
        }
    }

    #[test]
    fn the_six_sections_stand_in_order() {
        let document = compose(&samples::hostile());
        let sections: Vec<_> = (document.blocks.iter())
            .filter_map(|block| {
                if let Block::Heading { level: 2, text } = block {
                    Some(text.as_str())
                } else {
                    None
                }
            })
            .collect();
        assert_eq!(sections, SECTION_TITLES);
    }

    #[test]
    fn a_section_not_written_says_so_and_blanks_are_explained() {
        let notes = |report: &Report| -> Vec<String> {
            let note = |block| if let Block::Note(text) = block { Some(text) } else { None };
            compose(report).blocks.into_iter().filter_map(note).collect()
        };
        assert_eq!(notes(&samples::small()), [BLANKS, NOT_WRITTEN]);
        let contact = samples::luoyang().contact_line().unwrap();
        assert_eq!(notes(&samples::luoyang()), [contact]);
        let on_another_form =
            Report { year: crate::domain::ReportYear::new(2021).unwrap(), ..samples::luoyang() };
        assert_eq!(notes(&on_another_form).len(), 2);
    }

    #[test]
    fn the_period_is_stated_once() {
        let stated = |report: &Report| format!("{:?}", compose(report)).matches(PERIOD).count();
        assert_eq!((stated(&samples::luoyang()), stated(&samples::small())), (1, 1));
    }
}
