//! The page as a PDF for the archive.
//!
//! ```text
//!  Document ──flow──▶ pages of placed lines ──draw──▶ PDF/A-2a
//!               │ typeset: paragraphs in lines (parley)
//!               │ table:   rows and spans over pages
//! ```
//!
//! Laying out is apart from drawing: pages can be looked at in a test, and every character that no
//! font has is known before anything is drawn. Nothing is taken from the clock or the machine.

mod draw;
mod figure;
mod flow;
mod measures;
mod page;
mod table;
mod typeset;

use super::{Document, Fonts, RenderError};

/// The page as PDF/A-2a.
///
/// # Errors
///
/// When no font has one of the characters, or the rules of PDF/A stand against it.
pub fn pdf(document: &Document, fonts: &Fonts) -> Result<Vec<u8>, RenderError> {
    let mut typesetter = typeset::Typesetter::new(fonts);
    let laid = flow::flow(document, &mut typesetter);
    draw::draw(&laid, typesetter.faces()?, document)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::{page::*, *};
    use crate::{
        domain::LongText,
        domain::narrative::{Section, Sections},
        render::{Block, Report, compose, samples},
    };

    fn laid(report: &Report) -> Laid {
        let fonts = Fonts::vendored().unwrap();
        let mut typesetter = typeset::Typesetter::new(&fonts);
        let laid = flow::flow(&compose(report), &mut typesetter);
        typesetter.faces().unwrap();
        laid
    }

    fn with(text: &str) -> Report {
        let mut report = samples::small();
        report.sections = Sections::from([(Section::Overview, LongText::parse(text).unwrap())]);
        report
    }

    /// What a page says, line by line, without what stands on an earlier page or below the text.
    fn said(page: &Page) -> Vec<&str> {
        let line = |piece: &'_ Piece| matches!(piece.of, Of::Text(_));
        let pieces = page.pieces.iter().filter(|piece| line(piece));
        pieces
            .filter_map(|piece| match &piece.ink {
                Ink::Line(line) => Some(line.text.as_str()),
                Ink::Blank
                | Ink::Grid(_)
                | Ink::Shade(..)
                | Ink::Rule(_)
                | Ink::Bar(..)
                | Ink::Stroke(..) => None,
            })
            .collect()
    }

    fn everything(laid: &Laid) -> String {
        laid.pages.iter().flat_map(said).collect()
    }

    #[test]
    #[ignore = "writes files to be looked at"]
    fn write_samples() {
        let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/pdf");
        std::fs::create_dir_all(&folder).unwrap();
        let fonts = Fonts::vendored().unwrap();
        let reports = [
            ("luoyang", samples::luoyang()),
            ("small", samples::small()),
            ("long", with(&long())),
            ("rows", with(&rows(200))),
            ("wide", with(&wide())),
        ];
        for (name, report) in reports {
            let bytes = pdf(&compose(&report), &fonts).unwrap();
            std::fs::write(folder.join(format!("{name}.pdf")), bytes).unwrap();
        }
    }

    /// A narrative with every kind of block, over several pages.
    fn long() -> String {
        let mut text = String::new();
        for part in 1..=6 {
            write!(
                text,
                "## （{part}）依申请公开办理情况\n\n\
                 {}**其中予以公开 128 件**，部分公开 *十二件*，见 `art20_5.licences` 一栏。\n\n\
                 1. 政务公开规范化建设需进一步完善，{}\n2. 政策解读的水平有待提升；\n   - 解读方式单一；\n   - {}\n10. 其他。\n\n\
                 > 行政机关收到政府信息公开申请，能够当场答复的，应当当场予以答复。\n>\n> {}\n\n\
                 ```\n  原样  文本\n\t制表 https://www.example.gov.cn/a/very/long/address/that/does/not/fit/on/one/line/index.html\n```\n\n\
                 |月份|收到（件）|说明|\n|-|-|-|\n|一月|12|{}|\n|二月|1234567|按期答复|\n\n### 小结\n\n全部按期答复。\n\n",
                "全年收到政府信息公开申请 201 件，同比增长 12.5%，均在法定期限内答复（含延期）。".repeat(3),
                "信息发布渠道还需进一步拓宽，".repeat(4),
                "渠道“两微一端”衔接不够顺畅，".repeat(5),
                "不能当场答复的，应当自收到申请之日起20个工作日内予以答复；".repeat(3),
                "其中三件经当事人同意延期，".repeat(3),
            )
            .unwrap();
        }
        text
    }

    fn rows(count: usize) -> String {
        let mut text =
            "各单位办理情况如下：\n\n|序号|单位|收到|予以公开|说明|\n|-|-|-|-|-|\n".to_owned();
        for row in 1..=count {
            let note = "按期答复，无行政复议。".repeat(row % 7);
            writeln!(text, "|{row}|第{row}街道办事处|{}|{}|{note}|", row * 13 % 97, row % 5)
                .unwrap();
        }
        text
    }

    fn wide() -> String {
        let line = |of: &dyn Fn(usize) -> String| {
            format!("|{}|\n", (1..=18).map(of).collect::<Vec<_>>().join("|"))
        };
        line(&|n| format!("第{n}项数量"))
            + &line(&|_| "-".to_owned())
            + &line(&|n| format!("{}", n * 1_234_567))
            + "\n以上为各项数量。"
    }

    #[test]
    fn every_word_of_the_page_is_on_paper_once() {
        for report in [samples::luoyang(), samples::small(), with(&long()), with(&rows(60))] {
            let document = compose(&report);
            let squeezed = |text: String| text.split_whitespace().collect::<String>();
            let paper = squeezed(everything(&laid(&report)));
            let expected = squeezed(crate::render::samples::words(&document));
            assert_eq!(paper, expected);
        }
    }

    #[test]
    fn nothing_stands_outside_of_the_text_area() {
        for report in [samples::luoyang(), samples::small(), with(&long()), with(&wide())] {
            for page in laid(&report).pages {
                let (paper, text) = (measures::PAPER, measures::TEXT);
                let (width, height) =
                    if page.is_landscape { (paper.1, text.0) } else { (paper.0, text.1) };
                let top = if page.is_landscape { measures::LEFT } else { measures::TOP };
                for piece in page.pieces.iter().filter(|piece| piece.of != Of::PageNumber) {
                    let Ink::Line(line) = &piece.ink else { continue };
                    let end = piece.x + line.start + line.width;
                    assert!(piece.x >= measures::LEFT - 0.1 && end <= width - 60.0, "{line:?}");
                    assert!(piece.y > top && piece.y < top + height, "{}: {}", line.text, piece.y);
                }
            }
        }
    }

    #[test]
    fn the_six_sections_are_in_the_outline_and_on_their_pages() {
        let laid = laid(&samples::luoyang());
        let told: Vec<_> = laid.bookmarks.iter().map(|mark| mark.text.as_str()).collect();
        assert_eq!(told[..6], crate::statistics::catalogue::SECTION_TITLES);
        assert_eq!(told[6..], [crate::render::CHARTS_TITLE]);
        for mark in &laid.bookmarks {
            assert!(said(&laid.pages[mark.page]).contains(&mark.text.as_str()), "{}", mark.text);
        }
    }

    #[test]
    fn the_structure_is_that_of_the_text() {
        let text = "## 小标题\n\n甲\n\n3. 乙\n4. 丙\n   - 丁\n\n> 戊\n\n|a|b|\n|-|-|\n|1||\n";
        let laid = laid(&with(text));
        let told: Vec<_> = laid.tree.roots.iter().map(|&root| outlined(&laid.tree, root)).collect();
        let expected = [
            "H3",
            "P",
            "L(LI(Lbl LBody(P)) LI(Lbl LBody(P L(LI(Lbl LBody(P))))))",
            "Quote(P)",
            "Table(Head(TR(TH TH)) Body(TR(TD TD)))",
            "H2",
        ];
        let start = told.iter().position(|part| part == "H3").unwrap();
        assert_eq!(told[start..start + expected.len()], expected);
        let blank = laid.tree.nodes.iter().enumerate().filter(|(place, node)| {
            let of = Of::Text(*place);
            let pieces = laid.pages.iter().flat_map(|page| &page.pieces);
            node.children.is_empty() && !pieces.into_iter().any(|piece| piece.of == of)
        });
        assert_eq!(blank.count(), 0, "what holds nothing is left out of the document's structure");
    }

    fn outlined(tree: &Tree, place: usize) -> String {
        let node = &tree.nodes[place];
        let name = match &node.role {
            Role::Heading(level, _) => format!("H{level}"),
            Role::Paragraph => "P".to_owned(),
            Role::Quote => "Quote".to_owned(),
            Role::List(_) => "L".to_owned(),
            Role::Item => "LI".to_owned(),
            Role::Label => "Lbl".to_owned(),
            Role::ItemBody => "LBody".to_owned(),
            Role::Table(_) => "Table".to_owned(),
            Role::TableHead => "Head".to_owned(),
            Role::TableBody => "Body".to_owned(),
            Role::TableRow => "TR".to_owned(),
            Role::HeaderCell(..) => "TH".to_owned(),
            Role::Cell(..) => "TD".to_owned(),
            Role::Figure(_) => "Figure".to_owned(),
        };
        let inner: Vec<_> = node.children.iter().map(|&child| outlined(tree, child)).collect();
        if inner.is_empty() { name } else { format!("{name}({})", inner.join(" ")) }
    }

    #[test]
    fn a_heading_is_never_the_last_on_a_page() {
        for filler in 11..19 {
            let text =
                format!("{}## 小标题\n\n{}", "一段。\n\n".repeat(filler), "正文，".repeat(40));
            for page in laid(&with(&text)).pages {
                let said = said(&page);
                let heads = ["小标题", "二、主动公开政府信息情况"];
                assert!(
                    !said.last().is_some_and(|last| heads.contains(last)),
                    "{filler}: {said:?}"
                );
            }
        }
    }

    #[test]
    fn each_official_table_stands_on_one_page() {
        for report in [samples::luoyang(), samples::small(), with(&long())] {
            let laid = laid(&report);
            let blocks = compose(&report).blocks.into_iter();
            let table = |block| if let Block::Table(table) = block { Some(table) } else { None };
            let tables = blocks.filter_map(table).filter(|table| !table.key.is_empty());
            let tables: Vec<_> = tables.collect();
            assert_eq!(tables.len(), 3);
            for table in tables {
                let cells = table.placed().len();
                assert!(is_on_a_page(&laid, cells), "{}", table.key);
            }
        }
    }

    /// Whether a table of so many cells stands on one page.
    fn is_on_a_page(laid: &Laid, cells: usize) -> bool {
        laid.pages
            .iter()
            .flat_map(|page| &page.pieces)
            .any(|piece| matches!(&piece.ink, Ink::Grid(boxes) if boxes.len() == cells))
    }

    #[test]
    fn a_chart_stands_whole_on_a_page_and_says_its_values_in_words() {
        let report = samples::small();
        let laid = laid(&report);
        let charts = compose(&report).charts;
        assert_eq!(charts.len(), 5);
        for chart in charts {
            let is_chart =
                |role: &Role| matches!(role, Role::Figure(says) if says.contains(&chart.summary));
            let node = laid.tree.nodes.iter().position(|node| is_chart(&node.role)).unwrap();
            let drawn = |page: &&Page| page.pieces.iter().any(|piece| piece.of == Of::Text(node));
            assert_eq!(laid.pages.iter().filter(drawn).count(), 1, "{}", chart.key);
            let Role::Figure(says) = &laid.tree.nodes[node].role else { panic!() };
            let values = chart.series.iter().flat_map(|series| &series.values);
            for value in values.filter(|&&value| value > 0) {
                assert!(says.contains(&value.to_string()), "{value} in {says}");
            }
        }
    }

    #[test]
    fn a_table_too_wide_to_be_read_lies_on_its_side() {
        let laid = laid(&with(&wide()));
        let lying: Vec<bool> = laid.pages.iter().map(|page| page.is_landscape).collect();
        assert_eq!(lying.iter().filter(|&&lies| lies).count(), 1, "{lying:?}");
        assert!(laid.pages.iter().all(|page| page.pieces.len() > 1));
    }

    #[test]
    fn a_table_longer_than_a_page_repeats_its_header() {
        let laid = laid(&with(&rows(200)));
        let with_rows = laid
            .pages
            .iter()
            .filter(|page| said(page).iter().any(|line| line.contains("街道办事处")));
        let again = laid.pages.iter().flat_map(|page| &page.pieces).filter(|piece| {
            matches!(&piece.ink, Ink::Line(line) if piece.of == Of::Repetition && line.text == "予以公开")
        });
        assert_eq!(again.count(), with_rows.count() - 1);
    }

    #[test]
    fn the_document_conforms_and_is_the_same_bytes_on_every_thread() {
        let fonts = Fonts::vendored().unwrap();
        for report in [samples::luoyang(), with(&long())] {
            let document = compose(&report);
            let first = pdf(&document, &fonts).unwrap();
            assert!(first.starts_with(b"%PDF-1.7"));
            std::thread::scope(|scope| {
                let again: Vec<_> =
                    (0..3).map(|_| scope.spawn(|| pdf(&document, &fonts).unwrap())).collect();
                for again in again {
                    assert!(again.join().unwrap() == first, "differs");
                }
            });
            let other = pdf(&document, &Fonts::vendored().unwrap()).unwrap();
            assert!(other == first, "differs with fonts parsed anew");
        }
    }

    #[test]
    fn characters_that_no_font_has_are_refused_all_at_once_with_their_places() {
        let fonts = Fonts::vendored().unwrap();
        let mut report = with("姓名：𠮷田，𠀀。");
        report.agency_name = "𪚥县人民政府".to_owned();
        let error = pdf(&compose(&report), &fonts).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no font has 𠀀 (U+20000) in “一、总体情况”, 𠮷 (U+20BB7) in “一、总体情况”, \
             𪚥 (U+2A6A5) in “𪚥县人民政府2025年政府信息公开工作年度报告”"
        );
    }

    #[test]
    fn what_tries_to_be_more_than_text_is_text() {
        let mut report = samples::hostile();
        let replaced =
            |text: &LongText| LongText::parse(&text.as_str().replace("&#0;", "")).unwrap();
        for text in report.sections.values_mut() {
            *text = replaced(text);
        }
        let laid = laid(&report);
        let told = everything(&laid);
        for text in ["<script>alert(1)</script>", "=cmd|'/c calc'!A0", "写[U+202E]反[U+2066]了"]
        {
            assert!(told.contains(text), "{text}");
        }
        pdf(&compose(&report), &Fonts::vendored().unwrap()).unwrap();
    }
}
