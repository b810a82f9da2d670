//! What the document says: title, headings, paragraphs, lists, quotations, notes.

use unicode_width::UnicodeWidthStr;

use super::{
    super::document::{Block, Document, Inline, Run, Title},
    numbering::{Lists, Marks},
    tables,
    xml::Xml,
};

/// The width of the text (版心), in twentieths of a point: 156 mm.
const TEXT_WIDTH: u32 = 8844;

/// Two characters of the body's size.
const INDENT: u32 = 640;

/// How many characters of the title's size fit on a line, in terminal columns.
const TITLE_COLUMNS: usize = 40;

/// The page (A4, margins of GB/T 9704), its grid of 22 lines, and the page numbers outside.
const SECTION: [(&str, &[(&str, &str)]); 5] = [
    ("w:footerReference", &[("w:type", "default"), ("r:id", "footerOdd")]),
    ("w:footerReference", &[("w:type", "even"), ("r:id", "footerEven")]),
    ("w:pgSz", &[("w:w", "11906"), ("w:h", "16838")]),
    (
        "w:pgMar",
        &[
            ("w:top", "2098"),
            ("w:right", "1474"),
            ("w:bottom", "1984"),
            ("w:left", "1588"),
            ("w:header", "851"),
            ("w:footer", "1417"),
            ("w:gutter", "0"),
        ],
    ),
    ("w:docGrid", &[("w:type", "lines"), ("w:linePitch", "579")]),
];

/// The part with the text, and the lists in it.
pub(super) fn document(document: &Document) -> (String, Lists) {
    let namespaces = [
        ("xmlns:w", "http://schemas.openxmlformats.org/wordprocessingml/2006/main"),
        ("xmlns:r", "http://schemas.openxmlformats.org/officeDocument/2006/relationships"),
    ];
    let mut lists = Lists::default();
    let mut xml = Xml::part();
    xml.element("w:document", &namespaces, |xml| {
        xml.element("w:body", &[], |xml| {
            let mut writer = Writer { xml, lists: &mut lists };
            writer.title(&document.title);
            writer.blocks(&document.blocks, Place::PAGE);
            xml.element("w:sectPr", &[], |xml| {
                for (tag, attributes) in SECTION {
                    xml.empty(tag, attributes);
                }
            });
        });
    });
    (xml.finish(), lists)
}

/// Where on the page a block stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The style of its paragraphs.
    style: &'static str,
    /// How far it stands in from the left, in twentieths of a point.
    pub(super) left: u32,
    /// And from the right.
    right: u32,
    /// In how many lists it stands.
    depth: usize,
}

impl Place {
    const PAGE: Self = Self { style: "BodyText", left: 0, right: 0, depth: 0 };

    fn in_quote(self) -> Self {
        let right = self.right.saturating_add(INDENT);
        Self { style: "Quote", left: self.left.saturating_add(INDENT), right, ..self }
    }

    fn in_item(self) -> Self {
        let left = self.left.saturating_add(INDENT).saturating_add(INDENT);
        Self { style: "ListParagraph", left, depth: self.depth.saturating_add(1), ..self }
    }

    /// What is left of the width of the text.
    pub(super) fn width(self) -> u32 {
        TEXT_WIDTH.saturating_sub(self.left).saturating_sub(self.right)
    }
}

/// What stands before the first paragraph of a list's item.
#[derive(Debug, Clone, Copy)]
enum Mark<'a> {
    Nothing,
    Counted { list: usize, level: usize },
    Written(&'a str),
}

struct Writer<'a> {
    xml: &'a mut Xml,
    lists: &'a mut Lists,
}

impl Writer<'_> {
    fn title(&mut self, title: &Title) {
        let whole = title.to_string();
        let breaks = whole.width() > TITLE_COLUMNS && !title.agency.is_empty();
        let parts = if breaks { vec![&title.agency, &title.report] } else { vec![&whole] };
        paragraph(
            self.xml,
            "Title",
            |_| {},
            |xml| {
                for (place, part) in parts.into_iter().enumerate() {
                    if place > 0 {
                        line_break(xml);
                    }
                    run(xml, &Run::plain(part.as_str()));
                }
            },
        );
    }

    fn blocks(&mut self, blocks: &[Block], place: Place) {
        let mut before = None;
        for (number, block) in (1_usize..).zip(blocks) {
            self.block(block, place, [before, blocks.get(number)]);
            before = Some(block);
        }
    }

    /// A block between its neighbours.
    fn block(&mut self, block: &Block, place: Place, [before, after]: [Option<&Block>; 2]) {
        match block {
            Block::Heading { level, text } => {
                // The title is level one, and has a style of its own.
                let style = format!("Heading{}", level.saturating_sub(1).clamp(1, 5));
                self.plain(&style, place, text);
            }
            Block::Paragraph(inlines) => self.marked(place.style, place, Mark::Nothing, inlines),
            Block::List { first, items } => self.list(*first, items, place),
            Block::Quote(inner) => self.blocks(inner, place.in_quote()),
            Block::Preformatted(text) => {
                let place = if place.depth == 0 { place.in_quote() } else { place };
                self.plain("Preformatted", place, text);
            }
            Block::Table(table) => {
                tables::table(self.xml, table, place, matches!(after, Some(Block::Note(_))));
            }
            // A remark in place of a section's text looks like it.
            Block::Note(text) => {
                let stands_in = matches!(before, Some(Block::Heading { .. }));
                self.plain(if stands_in { place.style } else { "Note" }, place, text);
            }
        }
    }

    fn plain(&mut self, style: &str, place: Place, text: &str) {
        self.marked(style, place, Mark::Nothing, &[Inline::Run(Run::plain(text))]);
    }

    fn marked(&mut self, style: &str, place: Place, mark: Mark<'_>, inlines: &[Inline]) {
        let properties = |xml: &mut Xml| {
            if let Mark::Counted { list, level } = mark {
                xml.element("w:numPr", &[], |xml| {
                    xml.value("w:ilvl", &level.to_string());
                    xml.value("w:numId", &list.to_string());
                });
            }
            indent(xml, place, !matches!(mark, Mark::Nothing));
        };
        paragraph(self.xml, style, properties, |xml| {
            if let Mark::Written(mark) = mark {
                run(xml, &Run::plain(mark));
            }
            for inline in inlines {
                match inline {
                    Inline::Run(text) => run(xml, text),
                    Inline::Break => line_break(xml),
                }
            }
        });
    }

    fn list(&mut self, first: Option<u64>, items: &[Vec<Block>], place: Place) {
        let marks = self.lists.begin(first, items.len(), place.depth);
        let place = place.in_item();
        for (number, item) in (0_u64..).zip(items) {
            let written;
            let mark = match marks {
                Marks::Counted { list, level } => Mark::Counted { list, level },
                Marks::Written { first } => {
                    written = format!("{}.\t", first.saturating_add(number));
                    Mark::Written(&written)
                }
            };
            // The mark stands before the item's first line, and there is always one.
            let (line, rest) = match item.split_first() {
                Some((Block::Paragraph(inlines), rest)) => (inlines.as_slice(), rest),
                Some(_) | None => (&[][..], item.as_slice()),
            };
            self.marked(place.style, place, mark, line);
            self.blocks(rest, place);
        }
    }
}

/// How far a paragraph stands in, if it does at all; with a mark that hangs out to the left.
fn indent(xml: &mut Xml, place: Place, hangs: bool) {
    let sides = [("w:left", place.left), ("w:right", place.right)];
    let hanging = hangs.then_some(("w:hanging", INDENT));
    let extents: Vec<_> = (sides.into_iter().filter(|(_, extent)| *extent > 0).chain(hanging))
        .map(|(name, extent)| (name, extent.to_string()))
        .collect();
    let attributes: Vec<_> =
        extents.iter().map(|(name, extent)| (*name, extent.as_str())).collect();
    if !attributes.is_empty() {
        xml.empty("w:ind", &attributes);
    }
}

/// A paragraph in a style, with further properties in the order of the schema.
pub(super) fn paragraph(
    xml: &mut Xml,
    style: &str,
    properties: impl FnOnce(&mut Xml),
    content: impl FnOnce(&mut Xml),
) {
    xml.element("w:p", &[], |xml| {
        xml.element("w:pPr", &[], |xml| {
            xml.value("w:pStyle", style);
            properties(xml);
        });
        content(xml);
    });
    xml.line_end();
}

/// Text in one style, with its line breaks and tabs.
pub(super) fn run(xml: &mut Xml, run: &Run) {
    for (place, line) in run.text.split('\n').enumerate() {
        if place > 0 {
            line_break(xml);
        }
        for (place, text) in line.split('\t').enumerate() {
            if place > 0 {
                xml.element("w:r", &[], |xml| xml.empty("w:tab", &[]));
            }
            if !text.is_empty() {
                xml.element("w:r", &[], |xml| {
                    run_properties(xml, run);
                    xml.element("w:t", &[("xml:space", "preserve")], |xml| xml.text(text));
                });
            }
        }
    }
}

fn run_properties(xml: &mut Xml, run: &Run) {
    xml.element("w:rPr", &[], |xml| {
        if run.code {
            xml.value("w:rStyle", "Code");
        }
        // Quotation marks and dashes are as wide as the Chinese characters around them.
        xml.empty("w:rFonts", &[("w:hint", "eastAsia")]);
        if run.strong {
            xml.empty("w:b", &[]);
            xml.empty("w:bCs", &[]);
        }
        if run.emphasis {
            xml.value("w:em", "dot");
        }
    });
}

fn line_break(xml: &mut Xml) {
    xml.element("w:r", &[], |xml| xml.empty("w:br", &[]));
}
