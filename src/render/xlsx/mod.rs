//! The report as a workbook: a sheet for each table of the form with its checks as live formulas,
//! one for the text, one for programs.
//!
//! Text is written as text and never as a formula or a link; a figure is a number, a blank is an
//! empty cell. The results of the formulas are stored, for readers that do not calculate. No time of
//! day gets into the bytes.

mod checks;
mod data;
mod layout;
mod narrative;
mod number;
mod tables;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};

use super::{
    Report, compose,
    document::{Block, Document, Table},
};

/// The sheet with the written sections.
const NARRATIVE_SHEET: &str = "文字部分";

/// The sheet with every cell on a line of its own.
const DATA_SHEET: &str = "数据";

/// The most characters that the name of a sheet may have.
const SHEET_NAME_LIMIT: usize = 31;

/// The paper: A4.
const A4: u8 = 9;

/// The report as a workbook.
///
/// # Errors
///
/// If the library refuses to write it, as it would more rows than a sheet can have.
pub fn xlsx(report: &Report) -> Result<Vec<u8>, XlsxError> {
    let document = compose(report);
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(&document)?);
    let parts = document.blocks.chunk_by(|_, next| !is_section(next));
    let (counted, written): (Vec<_>, Vec<_>) =
        parts.map(|blocks| (official(blocks), blocks)).partition(|(table, _)| table.is_some());
    for (table, blocks) in counted {
        if let (Some(table), Some(Block::Heading { text, .. })) = (table, blocks.first()) {
            let sheet = sheet(&mut workbook, text)?;
            tables::write(sheet, &document, blocks, table, &report.tables)?;
        }
    }
    let blocks: Vec<&Block> = written.into_iter().flat_map(|(_, blocks)| blocks).collect();
    narrative::write(sheet(&mut workbook, NARRATIVE_SHEET)?, &document, &blocks)?;
    data::write(sheet(&mut workbook, DATA_SHEET)?, report)?;
    workbook.save_to_buffer()
}

/// Whether a block opens a section of the report.
const fn is_section(block: &Block) -> bool {
    matches!(block, Block::Heading { level: 2, .. })
}

/// The table of the form among blocks.
fn official(blocks: &[Block]) -> Option<&Table> {
    blocks.iter().find_map(|block| match block {
        Block::Table(table) if !table.key.is_empty() => Some(table),
        Block::Table(_)
        | Block::Heading { .. }
        | Block::Paragraph(_)
        | Block::List { .. }
        | Block::Quote(_)
        | Block::Preformatted(_)
        | Block::Note(_) => None,
    })
}

fn properties(document: &Document) -> Result<DocProperties, XlsxError> {
    // A time has to stand there; it is the one of the container's entries.
    let never = ExcelDateTime::from_ymd(1980, 1, 1)?;
    let properties = DocProperties::new()
        .set_title(document.title.to_string())
        .set_author(document.title.agency.clone())
        .set_creation_datetime(&never);
    let origin = document.origin.properties().into_iter();
    Ok(origin.fold(properties, |properties, (name, value)| {
        properties.set_custom_property(name, super::narrative::visible(&value))
    }))
}

/// A further sheet for A4, as wide as the page.
fn sheet<'a>(workbook: &'a mut Workbook, title: &str) -> Result<&'a mut Worksheet, XlsxError> {
    let sheet = workbook.add_worksheet();
    sheet
        .set_name(sheet_name(title))?
        .set_paper_size(A4)
        .set_print_fit_to_pages(1, 0)
        .set_print_center_horizontally(true)
        .set_footer("&C— &P —");
    Ok(sheet)
}

/// A title as the name of a sheet: shortened, without what Excel forbids in it.
fn sheet_name(title: &str) -> String {
    let allowed = |c| if "[]:*?/\\'".contains(c) { '_' } else { c };
    let mut name: String = title.chars().map(allowed).collect();
    while name.encode_utf16().count() > SHEET_NAME_LIMIT {
        name.pop();
    }
    name
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use rust_xlsxwriter::utility::{cell_range, row_col_to_cell};

    use super::*;
    use crate::{
        domain::{
            LongText,
            narrative::{Section, Sections},
        },
        render::{
            cells, csv,
            document::Role,
            parts::{Node, assert_well_formed, part},
            samples,
        },
        statistics::{CellRef, Tables, catalogue::Scope, check, relations_within_year},
    };

    /// A cell as it stands in a sheet.
    #[derive(Debug, Clone, PartialEq, Eq)]
    enum Found {
        Text(String),
        Number(String),
        Formula { formula: String, result: String },
    }

    /// A sheet read back: what is in it by reference, blanks left out, and what is merged.
    struct Read {
        cells: BTreeMap<String, Found>,
        merged: BTreeSet<String>,
        xml: Node,
    }

    fn read(bytes: &[u8], number: usize) -> Read {
        let strings: Vec<String> = part(bytes, "xl/sharedStrings.xml")
            .all("si")
            .map(|string| string.at(&["t"]).unwrap().text.clone())
            .collect();
        let xml = part(bytes, &format!("xl/worksheets/sheet{number}.xml"));
        let cells = xml.descendants("c").into_iter().filter_map(|cell| {
            let value = cell.at(&["v"])?.text.clone();
            let kind = cell.attributes.get("t").map(String::as_str);
            let found = match (cell.at(&["f"]), kind) {
                (Some(formula), _) => {
                    Found::Formula { formula: formula.text.clone(), result: value }
                }
                (None, Some("s")) => Found::Text(strings[value.parse::<usize>().unwrap()].clone()),
                (None, None) => Found::Number(value),
                (None, Some(other)) => panic!("a cell of type {other}"),
            };
            Some((cell.attributes["r"].clone(), found))
        });
        let merged = xml.descendants("mergeCell");
        let merged = merged.iter().map(|merge| merge.attributes["ref"].clone()).collect();
        Read { cells: cells.collect(), merged, xml }
    }

    /// The tables of the form and the numbers of their sheets.
    fn official_tables(document: &Document) -> impl Iterator<Item = (usize, &Table)> {
        (1..).zip(document.blocks.chunk_by(|_, next| !is_section(next)).filter_map(official))
    }

    #[test]
    fn every_cell_of_the_form_stands_where_the_page_has_it() {
        for report in samples::all() {
            let bytes = xlsx(&report).unwrap();
            let document = compose(&report);
            assert_eq!(official_tables(&document).count(), 3);
            for (number, table) in official_tables(&document) {
                let sheet = read(&bytes, number);
                for placed in table.placed() {
                    let row = layout::row(placed.row + 2).unwrap();
                    let column = layout::column(placed.column).unwrap();
                    let text = placed.cell.text.clone();
                    let expected = match placed.cell.role {
                        Role::Number(_) if text.is_empty() => None,
                        Role::Number(_) => Some(Found::Number(text)),
                        Role::Header(_) | Role::Caption | Role::Label => Some(Found::Text(text)),
                    };
                    let name = row_col_to_cell(row, column);
                    assert_eq!(sheet.cells.get(&name), expected.as_ref(), "{number} {name}");
                    let last_row = layout::row(placed.end_row() + 1).unwrap();
                    let last_column = layout::column(placed.end_column() - 1).unwrap();
                    let range = cell_range(row, column, last_row, last_column);
                    assert_eq!(sheet.merged.contains(&range), range.contains(':'), "{range}");
                }
            }
        }
    }

    #[test]
    fn the_sheet_for_programs_has_every_cell_with_its_keys() {
        for report in samples::all() {
            let sheet = read(&xlsx(&report).unwrap(), 5);
            let form = report.tables.form();
            for (row, (cell, _)) in (1..).zip(report.tables.cells()) {
                let at = |column| sheet.cells.get(&row_col_to_cell(row, column));
                let text = |text: &str| (!text.is_empty()).then(|| Found::Text(text.to_owned()));
                let [table, key, column] = csv::keys(form, cell);
                assert_eq!(
                    [at(0), at(1), at(2), at(3)],
                    [text(table), text(key), text(column), text(&form.cell_name(cell))]
                        .each_ref()
                        .map(Option::as_ref)
                );
                let value = cells::printed(&report.tables, cell).map(Found::Number);
                assert_eq!(at(5), value.as_ref());
            }
        }
    }

    /// The stored result of every check by the cell that it is about.
    fn results(report: &Report) -> BTreeMap<String, Vec<String>> {
        let bytes = xlsx(report).unwrap();
        let form = report.tables.form();
        let document = compose(report);
        let mut results = BTreeMap::<String, Vec<String>>::new();
        for (number, table) in official_tables(&document) {
            let sheet = read(&bytes, number);
            let formulas: Vec<_> = (sheet.xml.descendants("c").into_iter())
                .filter(|cell| cell.at(&["f"]).is_some())
                .map(|cell| cell.at(&["v"]).unwrap().text.clone())
                .collect();
            let relations: Vec<_> = relations_within_year(form)
                .into_iter()
                .filter(|relation| relation.place.table().key() == table.key)
                .collect();
            assert_eq!(formulas.len(), relations.len(), "{}", table.key);
            // Rows come before what stands below the table, and each kind keeps its order.
            let beside = relations.iter().filter(|relation| relation.scope == Scope::EachRow);
            let below = relations.iter().filter(|relation| relation.scope != Scope::EachRow);
            for (relation, result) in beside.chain(below).zip(formulas) {
                results.entry(form.cell_name(relation.place)).or_default().push(result);
            }
        }
        results
    }

    #[track_caller]
    fn assert_results_are_the_findings(report: &Report) {
        let mut expected = BTreeMap::<String, Vec<String>>::new();
        let relations = report.tables.form().relations;
        for finding in check(&report.tables, None) {
            if relations.iter().any(|relation| relation.id == finding.id) {
                let said = finding.difference.unwrap_or_else(|| "空白，无法核对".to_owned());
                expected.entry(finding.place).or_default().push(said);
            }
        }
        let mut found = results(report);
        for results in found.values_mut() {
            results.retain(|result| result != "✓");
        }
        found.retain(|_, results| !results.is_empty());
        for said in expected.values_mut().chain(found.values_mut()) {
            said.sort();
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn the_checks_say_what_the_findings_say() {
        for report in samples::all() {
            assert_results_are_the_findings(&report);
        }
        assert!(results(&samples::luoyang()).values().flatten().all(|result| result == "✓"));
    }

    #[test]
    fn a_check_is_a_formula_over_the_cells_of_its_sheet() {
        let sheet = read(&xlsx(&samples::small()).unwrap(), 2);
        let formulas: Vec<_> = ["D34", "D36", "L6"]
            .map(|name| match sheet.cells.get(name) {
                Some(Found::Formula { formula, result }) => (formula.as_str(), result.as_str()),
                other => panic!("{name}: {other:?}"),
            })
            .into();
        assert_eq!(
            formulas,
            [
                (
                    r#"IF(COUNT(D29)<1,"空白，无法核对",IF(D6+D7=D29+D30,"✓",D6+D7-(D29+D30)))"#,
                    "-322"
                ),
                (
                    r#"IF(COUNT(D29)<1,"空白，无法核对",IF(D29=SUM(D8:D28),"✓",D29-SUM(D8:D28)))"#,
                    "-1603"
                ),
                (r#"IF(COUNT(J6)<1,"空白，无法核对",IF(J6=SUM(D6:I6),"✓",J6-SUM(D6:I6)))"#, "-9"),
            ]
        );
    }

    #[test]
    fn no_text_becomes_a_formula_or_a_link() {
        let bytes = xlsx(&samples::hostile()).unwrap();
        assert_well_formed(&bytes);
        for number in 1..=5 {
            let sheet = read(&bytes, number);
            assert_eq!(sheet.xml.descendants("hyperlink").len(), 0);
            let formulas = sheet.xml.descendants("f").len();
            assert_eq!(formulas > 0, [2, 3].contains(&number), "{number}");
        }
        let texts: Vec<_> = read(&bytes, 4).cells.into_values().collect();
        for text in ["=cmd|'/c calc'!A0", "<script>alert(1)</script>", "写[U+202E]反[U+2066]了"]
        {
            assert!(texts.contains(&Found::Text(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn more_digits_than_a_spreadsheet_keeps_are_text() {
        let mut report = samples::luoyang();
        let long = report.tables.form().find_application("granted", "natural_person").unwrap();
        report.tables.set(long, Some(1_234_567_890_123_456));
        let sheet = read(&xlsx(&report).unwrap(), 2);
        assert_eq!(sheet.cells["D8"], Found::Text("1234567890123456".to_owned()));
        assert_eq!(sheet.cells["L8"], Found::Text("数字过长，请另行核对".to_owned()));
    }

    #[test]
    fn a_long_paragraph_goes_on_in_the_next_row() {
        let long: String = ('一'..='龥').take(20_000).collect();
        let text = LongText::parse(&format!("{long}\n")).unwrap();
        let sections = Sections::from([(Section::Other, text)]);
        let report = Report { sections, ..samples::small() };
        let sheet = read(&xlsx(&report).unwrap(), 4);
        let mut rows: Vec<_> = (sheet.cells.into_iter())
            .map(|(name, found)| (name[1..].parse::<usize>().unwrap(), found))
            .collect();
        rows.sort_by_key(|(row, _)| *row);
        let text: String = (rows.into_iter())
            .map(
                |(_, found)| if let Found::Text(text) = found { text } else { panic!("{found:?}") },
            )
            .collect();
        assert!(text.contains(&long));
    }

    #[test]
    fn a_title_is_shortened_to_the_name_of_a_sheet() {
        assert_eq!(sheet_name("二、主动公开"), "二、主动公开");
        assert_eq!(sheet_name("a[b]c:d*e?f/g\\h'"), "a_b_c_d_e_f_g_h_");
        assert_eq!(sheet_name(&"𠀀".repeat(20)), "𠀀".repeat(15));
        assert_eq!(sheet_name(&"一".repeat(40)), "一".repeat(31));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

        #[test]
        fn whatever_the_figures_are_the_checks_say_what_the_findings_say(
            values in proptest::collection::vec(proptest::option::weighted(0.9, 0_i64..4), 300)
        ) {
            for sample in [samples::luoyang(), samples::small()] {
                let mut tables = Tables::blank(sample.tables.form());
                let all: Vec<CellRef> = tables.form().cells().collect();
                all.iter().zip(&values).for_each(|(&cell, &value)| tables.set(cell, value));
                assert_results_are_the_findings(&Report { tables, ..sample });
            }
        }

        #[test]
        fn no_text_makes_an_invalid_part(name in any::<String>(), text in "[ -~一甲\n|>*`#.=+@\u{1}-\u{1F}\u{FFFE}\u{202E}-]{1,200}") {
            let sections = LongText::parse(&text).map(|text| Sections::from([(Section::Other, text)]));
            let report = Report {
                agency_name: name.clone(),
                agency_id: name,
                sections: sections.unwrap_or_default(),
                ..samples::small()
            };
            assert_well_formed(&xlsx(&report).unwrap());
        }
    }
}
