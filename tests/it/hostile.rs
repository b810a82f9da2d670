//! Texts that try to be more than text, through every field that a report shows and every format:
//! refused at the door by the field's name, or shown as they are; never obeyed, never missing.
//!
//! The texts are lines of `tests/fixtures/hostile/corpus.txt`. What a format holds is read here by
//! readers of the test's own, not by what wrote it.
#![cfg(test)]

use std::{collections::BTreeSet, fmt::Write, io::Read, path::Path};

use disclosure_ledger::{
    domain::{
        LongText, ReportYear, ShortText,
        application::CountingPolicy,
        narrative::{Section, Sections},
    },
    render::{Fonts, Format, RenderError, Report, render},
    statistics::{Background, Tables, catalogue::form_for},
    wire::pb::{
        event::v1::Section as WireSection,
        v1::{self as pb, ReportFormat, render_report_response::Part},
    },
};
use tonic_types::StatusExt;

use crate::support::{TestServer, collect, fresh, register};

const CORPUS: &str = include_str!("../fixtures/hostile/corpus.txt");

/// A line of the corpus.
struct Hostile {
    category: &'static str,
    line: &'static str,
    text: String,
}

fn corpus() -> Vec<Hostile> {
    let read = |line: &'static str| {
        let (category, escaped) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
        Hostile { category, line, text: unescaped(escaped) }
    };
    CORPUS.lines().map(read).collect()
}

/// Undoes `\n`, `\r`, `\t`, `\\` and `\u{HEX}`.
fn unescaped(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        text.push(match rest.next() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('\\') => '\\',
            Some('u') => {
                let hex: String = rest.by_ref().skip(1).take_while(|&c| c != '}').collect();
                char::from_u32(u32::from_str_radix(&hex, 16).unwrap()).unwrap()
            }
            other => panic!("{line}: \\{other:?}"),
        });
    }
    text
}

#[test]
fn the_corpus_has_hundreds_of_texts_of_every_kind() {
    let corpus = corpus();
    let texts: BTreeSet<&str> = corpus.iter().map(|hostile| hostile.text.as_str()).collect();
    assert!(texts.len() == corpus.len() && texts.len() >= 500, "{}", texts.len());
    let categories: BTreeSet<&str> = corpus.iter().map(|hostile| hostile.category).collect();
    for category in [
        "html",
        "attribute",
        "markdown",
        "formula",
        "typesetter",
        "field",
        "direction",
        "invisible",
        "control",
        "surrogate",
        "gb18030",
        "combining",
        "emoji",
        "long",
        "placeholder",
    ] {
        assert!(categories.contains(category), "{category}");
    }
}

// At the door.

fn fields(status: &tonic::Status) -> Vec<String> {
    let details = status.get_error_details();
    let faults = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    faults.into_iter().map(|fault| fault.field).collect()
}

async fn json(server: &TestServer, agency_id: &str) -> serde_json::Value {
    let selector =
        pb::ReportSelector { agency_id: agency_id.to_owned(), year: 2024, ..Default::default() };
    let format = ReportFormat::Json.into();
    let request =
        pb::RenderReportRequest { selector: Some(selector), format, published_version: 0 };
    let stream = server.reports().render_report(request).await.unwrap().into_inner();
    let mut bytes = Vec::new();
    for message in collect(stream).await.unwrap() {
        if let Some(Part::Chunk(chunk)) = message.part {
            bytes.extend(chunk);
        }
    }
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn at_the_door_a_hostile_text_is_refused_by_its_field_or_kept_to_the_letter() {
    let server = TestServer::start().await;
    let mut outcomes = [0_usize; 2];
    for (number, hostile) in corpus().iter().enumerate() {
        let Hostile { line, text, .. } = hostile;
        let agency_id = format!("h{number}");
        let request = |name: &str, contact: &str| pb::RegisterAgencyRequest {
            name: name.to_owned(),
            contact: contact.to_owned(),
            ..register(&agency_id)
        };
        // The name first; an agency must have one.
        let named = server.agencies().register_agency(request(text, "")).await;
        if let Err(status) = &named {
            assert_eq!(fields(status), ["name"], "{line}: {status:?}");
            let both = server.agencies().register_agency(request(text, text)).await.unwrap_err();
            let expected: &[&str] = if text.is_empty() { &["name"] } else { &["name", "contact"] };
            assert_eq!(fields(&both), expected, "{line}: {both:?}");
            server.agencies().register_agency(request("甲局", "")).await.unwrap();
        }
        let set = |section: WireSection| pb::SetSectionRequest {
            write: fresh(),
            agency_id: agency_id.clone(),
            year: 2024,
            section: section.into(),
            text: text.clone(),
        };
        let mut kept = Vec::new();
        for (section, key) in [
            (WireSection::Overview, "s1_overview"),
            (WireSection::Problems, "s5_problems"),
            (WireSection::Other, "s6_other"),
        ] {
            match server.narrative().set_section(set(section)).await {
                Ok(_) => kept.push(key),
                Err(status) => assert_eq!(fields(&status), ["text"], "{line}: {status:?}"),
            }
        }
        assert!(kept.is_empty() || kept.len() == 3, "{line}: sections differ: {kept:?}");
        let is_refused = LongText::parse(text).is_err();
        // Nor is a reference taken that names no cell.
        let may_be_refused = text.is_empty() || text.contains("{{");
        assert!(kept.is_empty() == is_refused || may_be_refused, "{line}: {kept:?}");
        let report = json(&server, &agency_id).await;
        if named.is_ok() {
            assert_eq!(report["agency_name"], text.as_str(), "{line}");
        }
        for key in &kept {
            let written = report["sections"][*key].as_str().unwrap_or_default();
            // A reference to a cell is filled.
            let refers = text.contains("{{") && text.contains("}}");
            assert!(written == text || refers, "{line}: {key} {written}");
        }
        outcomes[0] += usize::from(named.is_ok());
        outcomes[1] += usize::from(!kept.is_empty());
    }
    assert!(outcomes.iter().all(|&kept| (400..corpus().len()).contains(&kept)), "{outcomes:?}");
    server.check_alive().await;
}

// Through the formats.

fn report(name: &str, contact: &str, sections: &[(Section, String)]) -> Report {
    let year = ReportYear::new(2024).unwrap();
    let mut tables = Tables::blank(form_for(year));
    for cell in tables.form().cells() {
        tables.set(cell, Some(1));
    }
    let written = |(section, text): &(Section, String)| {
        (*section, LongText::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}")))
    };
    Report {
        agency_id: "a".to_owned(),
        agency_name: name.to_owned(),
        contact: contact.to_owned(),
        year,
        tables,
        sections: sections.iter().map(written).collect::<Sections>(),
        findings: Vec::new(),
        as_of_position: 1,
        background: Background::default(),
        policy: CountingPolicy::default(),
    }
}

/// The text so written in Markdown that it stands for itself, within a paragraph.
fn as_markdown([before, behind]: [&str; 2], text: &str) -> String {
    let mut out = before.to_owned();
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
    out + behind
}

fn as_code(text: &str) -> String {
    format!("`````````\n{text}\n`````````")
}

/// A report that has the text to the letter everywhere, no two cells of a workbook alike.
fn literal(text: &str) -> Report {
    let short = if ShortText::parse(text).is_ok() { text } else { "甲局" };
    let long = if LongText::parse(text).is_ok() { text } else { "甲" };
    let sections = [
        (Section::Overview, as_markdown(["甲", "乙"], long)),
        (Section::Problems, as_code(long)),
        (Section::Other, as_markdown(["丙", "丁"], long)),
    ];
    report(short, short, &sections)
}

/// A report in which the text is Markdown as it stands.
fn raw(text: &str) -> Report {
    let long = if LongText::parse(text).is_ok() { text } else { "甲" };
    report(
        "甲局",
        "",
        &[Section::Overview, Section::Problems, Section::Other]
            .map(|section| (section, long.to_owned())),
    )
}

/// What is to be seen of a text: what is obeyed, or never seen, stands there by its number.
fn seen(text: &str) -> String {
    let mut out = String::new();
    for c in text.replace("\r\n", "\n").replace('\r', "\n").chars() {
        let number = u32::from(c);
        let unseen = [
            0xAD..=0xAD,
            0x34F..=0x34F,
            0x61C..=0x61C,
            0x115F..=0x1160,
            0x17B4..=0x17B5,
            0x180E..=0x180E,
            0x200B..=0x200B,
            0x200E..=0x200F,
            0x2028..=0x202E,
            0x2060..=0x206F,
            0x3164..=0x3164,
            0xFEFF..=0xFEFF,
            0xFFA0..=0xFFA0,
            0xFFF0..=0xFFFC,
            0x1_D173..=0x1_D17A,
            0xE_0000..=0xE_00FF,
        ];
        if unseen.iter().any(|range| range.contains(&number)) {
            write!(out, "[U+{number:04X}]").unwrap();
        } else {
            out.push(c);
        }
    }
    without_blanks(&out)
}

fn without_blanks(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// What a reader finds in a report: its text without blanks, and whatever it would obey.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    text: String,
    obeyed: BTreeSet<String>,
}

fn read(format: Format, bytes: &[u8]) -> Option<Found> {
    let text = || std::str::from_utf8(bytes).unwrap();
    let found = match format.key() {
        "html" => html(text()),
        "md" => markdown(text()),
        "txt" => Found { text: text().to_owned(), ..Found::default() },
        "json" => json_texts(text()),
        "docx" | "xlsx" => package(bytes),
        // Table cells only, and a file that no reader here takes apart.
        "csv" | "pdf" => return None,
        other => panic!("no reader for {other}"),
    };
    Some(Found { text: without_blanks(&found.text), ..found })
}

/// A tag of HTML or XML, or the text before it.
enum Token<'a> {
    Tag(&'a str),
    Text(&'a str),
}

/// Cuts at `<` and `>`; neither may stand anywhere else.
fn tokens(page: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = page;
    while let Some((text, after)) = rest.split_once('<') {
        assert!(!text.contains('>'), "a stray > in {text:?}");
        tokens.push(Token::Text(text));
        let (tag, after) = after.split_once('>').unwrap();
        tokens.push(Token::Tag(tag));
        rest = after;
        if tag == "style" {
            let (_, after) = rest.split_once("</style>").unwrap();
            rest = after;
        }
    }
    tokens.push(Token::Text(rest));
    tokens
}

/// Text without its entities; there are no others.
fn plain(text: &str) -> String {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, rest) = part.split_once(';').unwrap_or_else(|| panic!("a bare & in {text:?}"));
        out.push_str(match entity {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "apos" | "#39" => "'",
            "#xA" | "#10" => "\n",
            "#x9" | "#9" => "\t",
            other => panic!("the entity {other} in {text:?}"),
        });
        out.push_str(rest);
    }
    out
}

/// The name of a tag and its attributes, each with its value.
fn attributes(tag: &str) -> (&str, Vec<(String, String)>) {
    let tag = tag.trim_end_matches(['/', '?']).trim_end();
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let mut found = Vec::new();
    while let Some((attribute, after)) = rest.split_once("=\"") {
        let (value, after) = after.split_once('"').unwrap_or_else(|| panic!("<{tag}>"));
        found.push((attribute.trim().to_owned(), plain(value)));
        rest = after;
    }
    assert!(rest.trim().is_empty() || rest.trim() == "html", "<{tag}> has {rest:?}");
    (name, found)
}

const ELEMENTS: &str = "!DOCTYPE html head meta title style body main h1 h2 h3 h4 h5 h6 p ul ol li \
    blockquote pre code strong em br span div table caption colgroup col thead tbody tr th td section \
    figure figcaption svg desc defs pattern path circle rect line text details summary a nav footer header";

const ATTRIBUTES: &str = "lang charset name content class id tabindex role aria-label \
    aria-labelledby aria-describedby scope colspan rowspan start style href headers \
    data-agency data-year data-form data-as-of-position data-cell \
    xmlns viewBox font-family font-size font-weight text-anchor width height patternUnits d stroke \
    stroke-width stroke-dasharray fill cx cy r x y x1 y1 x2 y2";

fn html(page: &str) -> Found {
    let known = |list: &str, name: &str| list.split(' ').any(|known| known == name);
    let mut found = Found::default();
    for token in tokens(page) {
        match token {
            Token::Text(text) => found.text.push_str(&plain(text)),
            Token::Tag(tag) => {
                let (name, attributes) = attributes(tag.trim_start_matches('/'));
                assert!(known(ELEMENTS, name), "<{tag}>");
                found.obeyed.insert(name.to_owned());
                for (attribute, value) in attributes {
                    assert!(known(ATTRIBUTES, &attribute), "<{tag}>");
                    assert!(attribute != "href" || value.starts_with('#'), "<{tag}>");
                    assert!(attribute != "style" || value.starts_with("width:"), "<{tag}>");
                    found.obeyed.insert(format!("{name} {attribute}"));
                }
            }
        }
    }
    found
}

fn markdown(page: &str) -> Found {
    use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};
    let mut found = Found::default();
    for event in Parser::new_ext(page, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
        match event {
            Event::Text(text) | Event::Code(text) => found.text.push_str(&text),
            Event::Start(Tag::CodeBlock(kind)) => {
                assert!(!matches!(kind, CodeBlockKind::Fenced(info) if !info.is_empty()), "{page}");
            }
            Event::Start(
                tag @ (Tag::Link { .. }
                | Tag::Image { .. }
                | Tag::HtmlBlock
                | Tag::FootnoteDefinition(_)
                | Tag::MetadataBlock(_)
                | Tag::Strikethrough
                | Tag::Superscript
                | Tag::Subscript),
            ) => panic!("{tag:?} in {page}"),
            Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => panic!("{text} is obeyed in {page}"),
            Event::Start(_)
            | Event::End(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::Rule
            | Event::TaskListMarker(_) => {}
        }
    }
    found
}

fn json_texts(document: &str) -> Found {
    fn collect(value: &serde_json::Value, found: &mut String) {
        match value {
            serde_json::Value::String(text) => found.push_str(text),
            serde_json::Value::Array(values) => values.iter().for_each(|v| collect(v, found)),
            serde_json::Value::Object(members) => members.values().for_each(|v| collect(v, found)),
            _ => {}
        }
    }
    let mut found = Found::default();
    collect(&serde_json::from_str(document).unwrap(), &mut found.text);
    found
}

/// A Word or Excel file: its text, and every formula, field, hyperlink and outward relationship.
fn package(bytes: &[u8]) -> Found {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut found = Found::default();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut xml = String::new();
        let extension = Path::new(&name).extension();
        if !extension.is_some_and(|extension| extension == "xml" || extension == "rels") {
            continue;
        }
        part.read_to_string(&mut xml).unwrap();
        assert!(
            xml.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..))
        );
        let mut inside = "";
        for token in tokens(&xml) {
            match token {
                Token::Text(text) => match inside {
                    "f" | "w:instrText" => {
                        found.obeyed.insert(format!("{inside} {}", plain(text)));
                    }
                    "w:t" | "t" => found.text.push_str(&excel_unescaped(&plain(text), &name)),
                    _ => {}
                },
                Token::Tag(tag) => {
                    let (element, attributes) = attributes(tag.trim_start_matches(['/', '?']));
                    if ["hyperlink", "w:hyperlink", "w:fldSimple", "w:object", "w:altChunk"]
                        .contains(&element)
                    {
                        found.obeyed.insert(format!("{tag:?}"));
                    }
                    for (attribute, value) in attributes {
                        if attribute == "TargetMode" {
                            found.obeyed.insert(format!("{attribute} {value}"));
                        }
                    }
                    let opens = !tag.starts_with(['/', '?']) && !tag.ends_with('/');
                    inside = match element {
                        "f" | "w:instrText" | "w:t" | "t" if opens => element,
                        _ => "",
                    };
                }
            }
        }
    }
    found
}

/// Excel reads `_xHHHH_` as the character of that number; a writer escapes the underscore.
fn excel_unescaped(text: &str, part: &str) -> String {
    if !part.starts_with("xl/") {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("_x") {
        out.push_str(before);
        let code = after.get(..5).filter(|code| code.ends_with('_'));
        if let Some(number) = code.and_then(|code| u32::from_str_radix(&code[..4], 16).ok()) {
            out.push(char::from_u32(number).unwrap());
            rest = &after[5..];
        } else {
            out.push_str("_x");
            rest = after;
        }
    }
    out + rest
}

/// Renders, or says which characters no font has; each of those must be in the report.
fn rendered(report: &Report, format: Format, fonts: &Fonts, line: &str) -> Option<Vec<u8>> {
    match render(report, format, fonts) {
        Ok(bytes) => Some(bytes),
        Err(RenderError::GlyphMissing(missing)) => {
            assert!(format.key() == "pdf" && !missing.is_empty(), "{line}: {missing:?}");
            let written: String = [&report.agency_name, &report.contact]
                .into_iter()
                .map(String::as_str)
                .chain(report.sections.values().map(LongText::as_str))
                .collect();
            for glyph in missing {
                assert!(written.contains(glyph.character), "{line}: {glyph}");
            }
            None
        }
        Err(error) => panic!("{line}: {error}"),
    }
}

/// Every so manieth text is enough on paper, which takes its time, and in packages once more.
fn is_shown(format: Format, number: usize, slow: &[&str]) -> bool {
    !slow.contains(&format.key()) || number.is_multiple_of(31)
}

/// What a file that is not taken apart here may not hold.
fn check_whole(format: Format, bytes: &[u8], control: &[u8], line: &str) {
    if format.key() == "csv" {
        assert!(bytes == control, "{line}: no text is in CSV");
    }
    for action in ["/JavaScript", "/Launch", "/OpenAction", "/URI", "/AcroForm", "/EmbeddedFile"] {
        let count =
            |bytes: &[u8]| bytes.windows(action.len()).filter(|w| *w == action.as_bytes()).count();
        assert!(count(bytes) <= count(control), "{line}: {action} in {format:?}");
    }
}

#[test]
fn in_every_format_a_hostile_text_is_shown_to_the_letter() {
    let fonts = Fonts::vendored().unwrap();
    for &format in Format::ALL {
        let control = render(&literal("文字"), format, &fonts).unwrap();
        let obeyed = read(format, &control).unwrap_or_default().obeyed;
        for (number, hostile) in corpus().iter().enumerate() {
            let Hostile { line, text, .. } = hostile;
            if !is_shown(format, number, &["pdf"]) {
                continue;
            }
            let Some(bytes) = rendered(&literal(text), format, &fonts, line) else { continue };
            let Some(found) = read(format, &bytes) else {
                check_whole(format, &bytes, &control, line);
                continue;
            };
            let key = format.key();
            let expected = if key == "json" { without_blanks(text) } else { seen(text) };
            let times = found.text.matches(expected.as_str()).count();
            if !expected.is_empty() {
                let short = usize::from(ShortText::parse(text).is_ok());
                let long = 3 * usize::from(LongText::parse(text).is_ok());
                // In JSON a section is Markdown still, and there is no contact.
                let at_least = if key == "json" { short } else { 2 * short + long };
                // A workbook has equal paragraphs once, and cells that point at them.
                let shared = usize::from(key == "xlsx" && text.contains("\n\n"));
                let at_least = at_least.saturating_sub(shared);
                assert!(times >= at_least, "{line}: {times} of {at_least} in {key}");
            }
            if !text.contains(['\n', '\r']) && key != "json" {
                let more: Vec<_> = found.obeyed.difference(&obeyed).collect();
                assert!(more.is_empty(), "{line}: {more:?} in {key}");
            }
        }
    }
}

#[test]
fn in_every_format_hostile_markdown_does_no_harm_and_loses_nothing() {
    let fonts = Fonts::vendored().unwrap();
    for &format in Format::ALL {
        let control = render(&raw("文字"), format, &fonts).unwrap();
        let obeyed = read(format, &control).unwrap_or_default().obeyed;
        for (number, hostile) in corpus().iter().enumerate() {
            let Hostile { line, text, .. } = hostile;
            if !is_shown(format, number, &["docx", "xlsx", "pdf"]) {
                continue;
            }
            let Some(bytes) = rendered(&raw(text), format, &fonts, line) else { continue };
            let Some(found) = read(format, &bytes) else {
                check_whole(format, &bytes, &control, line);
                continue;
            };
            let key = format.key();
            if LongText::parse(text).is_ok() && key != "json" {
                // Marks are Markdown's to take; what is not ASCII is never a mark.
                let mut shown = found.text.chars();
                for c in seen(text).chars().filter(|c| !c.is_ascii()) {
                    assert!(shown.any(|next| next == c), "{line}: {c} is missing in {key}");
                }
            }
            if key != "html" {
                let more: Vec<_> = found.obeyed.difference(&obeyed).collect();
                assert!(more.is_empty(), "{line}: {more:?} in {key}");
            }
        }
    }
}
