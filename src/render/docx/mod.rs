//! The page as a Word document: `WordprocessingML` (ISO/IEC 29500, transitional), one module per
//! part that depends on the report, one file under `parts/` per part that does not.
//!
//! The look follows GB/T 9704-2012. Fonts are named in `parts/styles.xml` only, the open ones that
//! may stand in for them in `parts/fontTable.xml`. No time of day gets into the bytes.

mod content;
mod numbering;
mod properties;
mod tables;
mod xml;

use std::io::{Cursor, Write};

use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipError, write::SimpleFileOptions};

use super::document::Document;

/// The page as a Word document.
///
/// # Errors
///
/// If the container cannot be written, which would take a page of four gigabytes.
pub fn docx(document: &Document) -> Result<Vec<u8>, ZipError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::DEFAULT);
    let mut container = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, part) in parts(document) {
        container.start_file(name, options)?;
        container.write_all(part.as_bytes())?;
    }
    Ok(container.finish()?.into_inner())
}

/// Every part of the document by name, in the order in which readers want them.
fn parts(document: &Document) -> Vec<(&'static str, String)> {
    let (content, lists) = content::document(document);
    let fixed = |name, part: &str| (name, part.to_owned());
    vec![
        fixed("[Content_Types].xml", include_str!("parts/content_types.xml")),
        fixed("_rels/.rels", include_str!("parts/package.rels")),
        ("word/document.xml", content),
        fixed("word/_rels/document.xml.rels", include_str!("parts/document.rels")),
        fixed("word/styles.xml", include_str!("parts/styles.xml")),
        ("word/numbering.xml", numbering::numbering(&lists)),
        fixed("word/settings.xml", include_str!("parts/settings.xml")),
        fixed("word/fontTable.xml", include_str!("parts/fontTable.xml")),
        fixed("word/footer_odd.xml", include_str!("parts/footer_odd.xml")),
        fixed("word/footer_even.xml", include_str!("parts/footer_even.xml")),
        ("docProps/core.xml", properties::core(document)),
        fixed("docProps/app.xml", include_str!("parts/app.xml")),
        ("docProps/custom.xml", properties::custom(document)),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::render::{
        Block, Inline, Origin, Run, Table, Title, compose, narrative,
        parts::{Node, assert_well_formed, part},
        samples,
    };

    /// A cell as the document has it: its text, and how many rows and columns it covers.
    #[derive(Debug, PartialEq, Eq)]
    struct Found {
        row: usize,
        column: usize,
        rows: usize,
        columns: usize,
        text: String,
    }

    fn text_of(node: &Node) -> String {
        node.descendants("w:t").iter().map(|text| text.text.as_str()).collect()
    }

    fn value<'a>(node: &'a Node, path: &[&str]) -> Option<&'a str> {
        node.at(path).map(|node| node.attributes.get("w:val").map_or("", String::as_str))
    }

    fn cells_of(table: &Node) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        for (row, cells) in table.all("w:tr").enumerate() {
            let mut column = 0;
            for cell in cells.all("w:tc") {
                let span = value(cell, &["w:tcPr", "w:gridSpan"]).unwrap_or("1");
                let columns = span.parse().unwrap();
                if value(cell, &["w:tcPr", "w:vMerge"]) == Some("continue") {
                    assert_eq!(text_of(cell), "");
                    let above = found.iter_mut().rfind(|above| above.column == column).unwrap();
                    assert_eq!((above.row + above.rows, above.columns), (row, columns));
                    above.rows += 1;
                } else {
                    found.push(Found { row, column, rows: 1, columns, text: text_of(cell) });
                }
                column += columns;
            }
            assert_eq!(column, table.at(&["w:tblGrid"]).unwrap().children.len());
        }
        found
    }

    fn expected(table: &Table) -> Vec<Found> {
        let found = |place: crate::render::Placed<'_>| Found {
            row: place.row,
            column: place.column,
            rows: place.cell.rows,
            columns: place.cell.columns,
            text: place.cell.text.clone(),
        };
        table.placed().into_iter().map(found).collect()
    }

    fn official(document: &Document) -> Vec<&Table> {
        document
            .blocks
            .iter()
            .filter_map(|block| if let Block::Table(table) = block { Some(table) } else { None })
            .filter(|table| !table.key.is_empty())
            .collect()
    }

    #[test]
    fn every_cell_of_the_form_stands_where_the_page_has_it() {
        for report in samples::all() {
            let page = compose(&report);
            let body = part(&docx(&page).unwrap(), "word/document.xml");
            let tables: Vec<_> = (body.at(&["w:body"]).unwrap().all("w:tbl"))
                .filter(|table| table.at(&["w:tblPr", "w:tblCaption"]).is_some())
                .map(cells_of)
                .collect();
            assert_eq!(tables, official(&page).into_iter().map(expected).collect::<Vec<_>>());
        }
    }

    #[test]
    fn header_rows_are_repeated_and_no_row_is_split() {
        let page = compose(&samples::small());
        let body = part(&docx(&page).unwrap(), "word/document.xml");
        let repeated: Vec<_> = body
            .descendants("w:tbl")
            .iter()
            .map(|table| {
                assert!(table.all("w:tr").all(|row| row.at(&["w:trPr", "w:cantSplit"]).is_some()));
                let is_header = |row: &&Node| row.at(&["w:trPr", "w:tblHeader"]).is_some();
                table.all("w:tr").take_while(is_header).count()
            })
            .collect();
        assert_eq!(repeated, [0, 3, 3]);
    }

    #[test]
    fn hostile_text_is_text() {
        let report = samples::hostile();
        let bytes = docx(&compose(&report)).unwrap();
        assert_well_formed(&bytes);
        let written = text_of(&part(&bytes, "word/document.xml"));
        for text in
            ["<script>alert(1)</script>", "=cmd|'/c calc'!A0", "写[U+202E]反[U+2066]了", "</pre>"]
        {
            assert!(written.contains(text), "{text}");
        }
        let core = part(&bytes, "docProps/core.xml");
        let creator = narrative::visible(&report.agency_name);
        assert_eq!(core.at(&["dc:creator"]).unwrap().text, creator);
    }

    #[test]
    fn every_list_counts_for_itself_and_numbers_too_high_are_written_out() {
        let text = "3. 甲\n   - 乙\n   - 丙\n4. 丁\n\n文\n\n7. 戊\n\n文\n\n99999. 己";
        let blocks = narrative::blocks(text, 2);
        let page = Document { blocks, ..compose(&samples::small()) };
        let bytes = docx(&page).unwrap();
        let body = part(&bytes, "word/document.xml");
        let shown: Vec<_> = (body.descendants("w:p").into_iter())
            .map(|paragraph| {
                let number = ["w:pPr", "w:numPr", "w:numId"];
                let level = ["w:pPr", "w:numPr", "w:ilvl"];
                let mark = value(paragraph, &number).zip(value(paragraph, &level));
                (mark, text_of(paragraph))
            })
            .skip(1)
            .collect();
        let item = |number, level, text: &str| (Some((number, level)), text.to_owned());
        let plain = |text: &str| (None, text.to_owned());
        assert_eq!(
            shown,
            [
                item("1", "0", "甲"),
                item("2", "1", "乙"),
                item("2", "1", "丙"),
                item("1", "0", "丁"),
                plain("文"),
                item("3", "0", "戊"),
                plain("文"),
                plain("99999.己"),
            ]
        );
        let numbering = part(&bytes, "word/numbering.xml");
        let starts: Vec<_> = (numbering.all("w:num"))
            .map(|list| value(list, &["w:lvlOverride", "w:startOverride"]))
            .collect();
        assert_eq!(starts, [Some("3"), None, Some("7")]);
    }

    #[test]
    fn a_title_longer_than_a_line_is_broken_after_the_agency() {
        let breaks = |agency: &str| {
            let title = Title {
                agency: agency.to_owned(),
                report: "2020年政府信息公开工作年度报告".to_owned(),
            };
            let page = Document { title, ..compose(&samples::small()) };
            let body = part(&docx(&page).unwrap(), "word/document.xml");
            body.descendants("w:p").first().unwrap().descendants("w:br").len()
        };
        assert_eq!((breaks("甲局"), breaks("洛阳市司法局")), (0, 1));
    }

    #[test]
    fn fonts_are_named_in_styles_only() {
        for (name, part) in parts(&compose(&samples::hostile())) {
            let names_one = part.contains("w:eastAsia=\"") && part.contains("w:ascii=\"");
            assert_eq!(names_one, name == "word/styles.xml", "{name}");
        }
        let styles = Node::parse(include_str!("parts/styles.xml"));
        let fonts = Node::parse(include_str!("parts/fontTable.xml"));
        for used in styles.descendants("w:rFonts") {
            for name in used.attributes.values() {
                let described = fonts.all("w:font").find(|font| font.attributes["w:name"] == *name);
                assert!(value(described.unwrap(), &["w:altName"]).is_some(), "{name}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn no_text_makes_an_invalid_part(any in any::<String>(), text in "[ -~一甲\n|>*`#.\u{0}-\u{1F}\u{FFFE}\u{202E}-]{0,200}") {
            let origin = Origin { agency_id: any.clone(), ..compose(&samples::small()).origin };
            let raw = Run { strong: true, emphasis: true, code: true, ..Run::plain(any.as_str()) };
            let raw = [Block::Note(any.clone()), Block::Paragraph(vec![Inline::Run(raw)])];
            let blocks = [raw.to_vec(), narrative::blocks(&text, 2)].concat();
            let title = Title { agency: any, report: text };
            assert_well_formed(&docx(&Document { title, origin, blocks, charts: Vec::new() }).unwrap());
        }
    }
}
