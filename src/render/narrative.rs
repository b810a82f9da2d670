//! The written sections: Markdown to blocks of the page.
//!
//! Nothing in a narrative is obeyed that could reach beyond its section: HTML stays literal text,
//! headings nest below the section's, links become their text and address, and characters that
//! change the direction of writing, or are not seen at all, are shown instead. Nothing that was
//! written is left out, either: what Markdown would keep for itself is text here.

use std::{borrow::Cow, collections::BTreeSet, fmt::Write};

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use unicode_width::UnicodeWidthChar;

use super::document::{Block, Cell, Inline, Role, Run, Scope, Table};

/// How deep quotations and lists may nest; what is deeper is laid flat.
const DEPTH_LIMIT: usize = 8;

/// How often a text is looked through for definitions of links.
const DEFINITION_ROUNDS: usize = 64;

/// The lowest heading level there is.
const LOWEST_HEADING: usize = 6;

/// The blocks of a Markdown text whose headings stand below those of the given level.
pub(super) fn blocks(markdown: &str, level: u8) -> Vec<Block> {
    let markdown = markdown.replace("\r\n", "\n").replace('\r', "\n");
    let markdown = with_definitions_as_text(&markdown);
    let parser = || Parser::new_ext(&markdown, Options::ENABLE_TABLES);
    let mut builder = Builder::new(level, headings_in(parser()));
    parser().for_each(|event| builder.take(event));
    builder.finish()
}

/// The same in which definitions of links, as `[注]: 说明` is one, are paragraphs as they look: Markdown
/// would not show them at all.
fn with_definitions_as_text(markdown: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(markdown);
    // A definition that was none any more may uncover another below it.
    for _ in 0..DEFINITION_ROUNDS {
        let parser = Parser::new_ext(&text, Options::ENABLE_TABLES);
        let definitions = parser.reference_definitions().iter();
        let mut begins: Vec<usize> = definitions.map(|(_, found)| found.span.start).collect();
        if begins.is_empty() {
            break;
        }
        begins.sort_unstable();
        let mut shown = text.into_owned();
        for begin in begins.into_iter().rev() {
            shown.insert(begin, '\\');
        }
        text = Cow::Owned(shown);
    }
    text
}

/// Text with every character that is obeyed rather than seen written out, as in `[U+202E]`, and
/// with those that no XML can hold.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) {
            // Writing to a string does not fail.
            let _ = write!(out, "[U+{:04X}]", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

fn is_obeyed(c: char) -> bool {
    let is_direction = matches!(
        c,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    );
    let is_separator = matches!(c, '\u{2028}' | '\u{2029}');
    is_direction
        || is_separator
        || is_unseen(c)
        || is_noncharacter(c)
        || (c.is_control() && !matches!(c, '\n' | '\t'))
}

/// Whether a character is never seen. Those that choose between forms of the one before them
/// (U+200C, U+200D and the variation selectors) are seen by their effect.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}'
            | '\u{034F}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180E}'
            | '\u{200B}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206A}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFC}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E00FF}'
    )
}

/// Whether a code point is no character, which XML cannot hold.
fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{FDD0}'..='\u{FDEF}') || (u32::from(c) & 0xFFFE) == 0xFFFE
}

fn headings_in(parser: Parser<'_>) -> BTreeSet<HeadingLevel> {
    parser
        .filter_map(
            |event| if let Event::End(TagEnd::Heading(level)) = event { Some(level) } else { None },
        )
        .collect()
}

/// A quotation, list or item being read.
struct Frame {
    container: Container,
    blocks: Vec<Block>,
    items: Vec<Vec<Block>>,
}

enum Container {
    Quote,
    List(Option<u64>),
    Item,
}

/// A link being read: where it leads and at which run its text begins.
struct Link {
    address: String,
    title: String,
    begins_at: usize,
}

struct Builder {
    level: u8,
    headings: BTreeSet<HeadingLevel>,
    done: Vec<Block>,
    frames: Vec<Frame>,
    laid_flat: usize,
    inlines: Vec<Inline>,
    strong: usize,
    emphasis: usize,
    links: Vec<Link>,
    line_ended: bool,
    preformatted: Option<String>,
    lines_are_paragraphs: bool,
    rows: Vec<Vec<String>>,
}

impl Builder {
    fn new(level: u8, headings: BTreeSet<HeadingLevel>) -> Self {
        Self {
            level,
            headings,
            done: Vec::new(),
            frames: Vec::new(),
            laid_flat: 0,
            inlines: Vec::new(),
            strong: 0,
            emphasis: 0,
            links: Vec::new(),
            line_ended: false,
            preformatted: None,
            lines_are_paragraphs: false,
            rows: Vec::new(),
        }
    }

    fn finish(mut self) -> Vec<Block> {
        self.end_paragraph();
        self.done
    }

    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Code(text) => self.text(&text, true),
            Event::SoftBreak => self.line_ended = true,
            Event::HardBreak => self.inlines.push(Inline::Break),
            Event::Rule => self.end_paragraph(),
            Event::TaskListMarker(_) => {}
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.text(&text, false),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::BlockQuote(_) => self.open(Container::Quote),
            Tag::List(first) => self.open(Container::List(first)),
            Tag::Item => self.open(Container::Item),
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                self.end_paragraph();
                let first = if info.is_empty() { String::new() } else { visible(&info) + "\n" };
                self.preformatted = Some(first);
            }
            // In a Chinese text an indented line is a paragraph.
            Tag::CodeBlock(CodeBlockKind::Indented) => {
                self.end_paragraph();
                self.lines_are_paragraphs = true;
            }
            Tag::TableHead | Tag::TableRow => self.rows.push(Vec::new()),
            Tag::Emphasis => self.emphasis = self.emphasis.saturating_add(1),
            Tag::Strong => self.strong = self.strong.saturating_add(1),
            Tag::Link { dest_url, title, .. } | Tag::Image { dest_url, title, .. } => {
                let (address, title) = (visible(&dest_url), visible(&title));
                self.links.push(Link { address, title, begins_at: self.inlines.len() });
            }
            Tag::Paragraph | Tag::Heading { .. } | Tag::HtmlBlock | Tag::Table(_) => {
                self.end_paragraph();
            }
            Tag::TableCell
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.end_paragraph(),
            TagEnd::Heading(level) => self.end_heading(level),
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item => self.close(),
            TagEnd::CodeBlock => self.end_preformatted(),
            TagEnd::Table => self.end_table(),
            TagEnd::TableCell => {
                let text = self.plain_text();
                self.rows.last_mut().into_iter().for_each(|row| row.push(text.clone()));
            }
            TagEnd::Emphasis => self.emphasis = self.emphasis.saturating_sub(1),
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::MetadataBlock(_) => {}
        }
    }

    fn text(&mut self, text: &str, code: bool) {
        let text = visible(text);
        if let Some(preformatted) = &mut self.preformatted {
            preformatted.push_str(&text);
            return;
        }
        for (place, line) in text.split('\n').enumerate() {
            if place > 0 {
                self.end_line();
            }
            self.run(line, code);
        }
    }

    fn end_line(&mut self) {
        if self.lines_are_paragraphs {
            self.end_paragraph();
        }
        self.line_ended = true;
    }

    fn run(&mut self, text: &str, code: bool) {
        // A pasted paragraph often brings its own indentation.
        let text = if self.inlines.is_empty() { text.trim_start() } else { text };
        if text.is_empty() {
            return;
        }
        if self.needs_space_before(text) {
            self.inlines.push(Inline::Run(Run::plain(" ")));
        }
        self.line_ended = false;
        self.inlines.push(Inline::Run(Run {
            text: text.to_owned(),
            strong: self.strong > 0,
            emphasis: self.emphasis > 0,
            code,
        }));
    }

    /// Whether a line break in the source parts words here: Chinese is written without spaces.
    fn needs_space_before(&self, text: &str) -> bool {
        let narrow = |c: char| c.width() == Some(1) && c.is_ascii();
        let last = match self.inlines.last() {
            Some(Inline::Run(run)) => run.text.chars().next_back(),
            Some(Inline::Break) | None => None,
        };
        self.line_ended && last.is_some_and(narrow) && text.starts_with(narrow)
    }

    fn end_link(&mut self) {
        let Some(link) = self.links.pop() else { return };
        let runs = self.inlines.get(link.begins_at..).unwrap_or_default();
        let says_so = link.address.is_empty() || plain(runs).trim() == link.address;
        match (says_so, link.title.as_str()) {
            (true, "") => {}
            (false, "") => self.text(&format!("（{}）", link.address), false),
            (_, title) => self.text(&format!("（{} {title}）", link.address), false),
        }
    }

    fn end_paragraph(&mut self) {
        let inlines = merged(std::mem::take(&mut self.inlines));
        self.line_ended = false;
        if !inlines.is_empty() {
            self.push(Block::Paragraph(inlines));
        }
    }

    fn end_heading(&mut self, level: HeadingLevel) {
        let above = self.headings.range(..=level).count();
        let level = usize::from(self.level).saturating_add(above).min(LOWEST_HEADING);
        let text = self.plain_text();
        if !text.is_empty() {
            self.push(Block::Heading { level: u8::try_from(level).unwrap_or(self.level), text });
        }
    }

    fn end_preformatted(&mut self) {
        self.end_paragraph();
        self.lines_are_paragraphs = false;
        if let Some(text) = self.preformatted.take() {
            self.push(Block::Preformatted(text.trim_end_matches('\n').to_owned()));
        }
    }

    fn end_table(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        if let Some((head, body)) = rows.split_first() {
            self.push(Block::Table(table(head, body)));
        }
    }

    fn plain_text(&mut self) -> String {
        self.line_ended = false;
        plain(&std::mem::take(&mut self.inlines)).trim().to_owned()
    }

    fn open(&mut self, container: Container) {
        self.end_paragraph();
        if self.frames.len() >= DEPTH_LIMIT {
            self.laid_flat = self.laid_flat.saturating_add(1);
        } else {
            self.frames.push(Frame { container, blocks: Vec::new(), items: Vec::new() });
        }
    }

    fn close(&mut self) {
        self.end_paragraph();
        if self.laid_flat > 0 {
            self.laid_flat = self.laid_flat.saturating_sub(1);
        } else if let Some(frame) = self.frames.pop() {
            self.put(frame);
        }
    }

    /// Puts a finished container where it belongs.
    fn put(&mut self, mut frame: Frame) {
        match frame.container {
            Container::Quote => self.push(Block::Quote(frame.blocks)),
            Container::Item => match self.frames.last_mut() {
                Some(list) => list.items.push(frame.blocks),
                None => self.done.append(&mut frame.blocks),
            },
            Container::List(first) => {
                if !frame.blocks.is_empty() {
                    frame.items.push(frame.blocks);
                }
                self.push(Block::List { first, items: frame.items });
            }
        }
    }

    fn push(&mut self, block: Block) {
        self.frames.last_mut().map_or(&mut self.done, |frame| &mut frame.blocks).push(block);
    }
}

/// The same with neighbours in one style made one.
fn merged(inlines: Vec<Inline>) -> Vec<Inline> {
    let mut out: Vec<Inline> = Vec::with_capacity(inlines.len());
    for inline in inlines {
        match (out.last_mut(), &inline) {
            (Some(Inline::Run(last)), Inline::Run(run)) if last.is_styled_like(run) => {
                last.text.push_str(&run.text);
            }
            (Some(_) | None, _) => out.push(inline),
        }
    }
    out
}

/// The text of a paragraph without its styles.
pub(super) fn plain(inlines: &[Inline]) -> String {
    inlines
        .iter()
        .map(|inline| match inline {
            Inline::Run(run) => run.text.as_str(),
            Inline::Break => "\n",
        })
        .collect()
}

fn table(head: &[String], body: &[Vec<String>]) -> Table {
    let row = |texts: &[String], role: &Role| {
        texts.iter().map(|text| Cell::new(text.clone(), role.clone())).collect()
    };
    Table {
        key: "",
        caption: String::new(),
        widths: vec![100_usize.checked_div(head.len()).unwrap_or(100); head.len()],
        header: vec![row(head, &Role::Header(Scope::Column))],
        body: body.iter().map(|texts| row(texts, &Role::Label)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(markdown: &str) -> String {
        blocks(markdown, 2).iter().map(shown).collect::<Vec<_>>().join("\n")
    }

    fn shown(block: &Block) -> String {
        match block {
            Block::Heading { level, text } => format!("h{level} {text}"),
            Block::Paragraph(inlines) => format!("p {}", plain(inlines)),
            Block::List { first, items } => {
                let items: Vec<_> = items.iter().map(|item| shown_all(item)).collect();
                format!("list {first:?} {}", items.join("; "))
            }
            Block::Quote(blocks) => format!("quote {}", shown_all(blocks)),
            Block::Preformatted(text) => format!("pre {text:?}"),
            Block::Table(table) => format!(
                "table {:?}",
                table.placed().iter().map(|place| &place.cell.text).collect::<Vec<_>>()
            ),
            Block::Note(text) => format!("note {text}"),
        }
    }

    fn shown_all(blocks: &[Block]) -> String {
        blocks.iter().map(shown).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn headings_nest_below_the_section_without_a_gap() {
        assert_eq!(read("## 甲\n#### 乙\n###### 丙"), "h3 甲\nh4 乙\nh5 丙");
        assert_eq!(read("# a\n## b\n### c\n#### d\n##### e"), "h3 a\nh4 b\nh5 c\nh6 d\nh6 e");
    }

    #[test]
    fn html_is_literal_text() {
        assert_eq!(read("甲<script>alert(1)</script>乙"), "p 甲<script>alert(1)</script>乙");
        assert_eq!(read("<div onload=x>\n</td>\n</div>"), "p <div onload=x> </td> </div>");
    }

    #[test]
    fn a_link_becomes_its_text_and_address() {
        assert_eq!(read("见[网站](http://a.example/x)。"), "p 见网站（http://a.example/x）。");
        assert_eq!(read("<https://a.example>"), "p https://a.example");
        assert_eq!(read("![图](javascript:x)"), "p 图（javascript:x）");
    }

    #[test]
    fn what_markdown_would_keep_for_itself_is_shown() {
        assert_eq!(read("[注]: 说明\n\n见[注]。"), "p [注]: 说明\np 见[注]。");
        assert_eq!(read("> [a]: /x\n[b]: /y 'z'"), "quote p [a]: /x [b]: /y 'z'");
        assert_eq!(read("[a](/x \"题\")"), "p a（/x 题）");
        assert_eq!(read("```rust\nfn\n```"), "pre \"rust\\nfn\"");
    }

    #[test]
    fn characters_that_are_never_seen_are_shown() {
        assert_eq!(
            visible("甲\u{200B}乙\u{FEFF}\u{E0041}\u{FFFF}"),
            "甲[U+200B]乙[U+FEFF][U+E0041][U+FFFF]"
        );
        let chosen = "葛\u{E0100}❤\u{FE0F}👩\u{200D}👧";
        assert_eq!(visible(chosen), chosen);
    }

    #[test]
    fn chinese_lines_join_without_a_space() {
        assert_eq!(read("第一行\n第二行\nand\nmore"), "p 第一行第二行and more");
    }

    #[test]
    fn indentation_brought_from_elsewhere_is_dropped() {
        assert_eq!(read("　　甲\n\n　　乙"), "p 甲\np 乙");
        assert_eq!(read("    甲\n    乙\n"), "p 甲\np 乙");
        assert_eq!(read("```\n  甲\n```"), "pre \"  甲\"");
        assert_eq!(read("```\r\n甲\r乙\r\n```\r丙"), "pre \"甲\\n乙\"\np 丙");
    }

    #[test]
    fn lists_quotations_and_tables_keep_their_structure() {
        assert_eq!(read("3. 甲\n4. 乙\n   - 丙"), "list Some(3) p 甲; p 乙, list None p 丙");
        assert_eq!(read("> 甲"), "quote p 甲");
        assert_eq!(read("|a|b|\n|-|-|\n|1||"), r#"table ["a", "b", "1", ""]"#);
    }

    #[test]
    fn characters_that_turn_the_writing_round_are_shown() {
        assert_eq!(read("a\u{202E}b`\u{2066}`"), "p a[U+202E]b[U+2066]");
    }

    #[test]
    fn deep_nesting_is_laid_flat() {
        for deep in [">".repeat(10_000), "- ".repeat(5_000), "1. > ".repeat(5_000)] {
            let read = read(&format!("{deep}底"));
            assert!(read.ends_with("底") && read.len() < 400, "{}", read.len());
        }
    }

    #[test]
    fn every_text_is_taken_without_harm() {
        for text in
            ["", "\n\n", "#", "[", "](", "|", "|-|", "***", "`", "~~~", "&#0;", "\t", "- \n-"]
        {
            let _ = read(text);
        }
    }
}
