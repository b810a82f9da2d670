//! The lists of the document, each with a counter of its own.

use super::xml::Xml;

/// The highest number that Word counts to in a list.
const LAST_NUMBER: u64 = 32_767;

/// How many levels a list may have.
const LEVELS: usize = 9;

const BULLETS: &str = "0";
const NUMBERS: &str = "1";

/// The lists of a document, in the order in which they begin.
#[derive(Debug, Default)]
pub(super) struct Lists(Vec<List>);

#[derive(Debug)]
struct List {
    first: Option<u64>,
    level: usize,
}

/// How the items of a list get their marks.
#[derive(Debug, Clone)]
pub(super) enum Marks {
    /// The word processor counts: this list, on this level.
    Counted { list: usize, level: usize },
    /// They stand in the text, because the numbers are too high to be counted.
    Written { first: u64 },
}

impl Lists {
    /// A further list at a depth; its first number if it is numbered.
    pub(super) fn begin(&mut self, first: Option<u64>, items: usize, depth: usize) -> Marks {
        let items = u64::try_from(items).unwrap_or(u64::MAX);
        match first {
            Some(first) if first.saturating_add(items) > LAST_NUMBER => Marks::Written { first },
            first => {
                let level = depth.min(LEVELS.saturating_sub(1));
                self.0.push(List { first, level });
                Marks::Counted { list: self.0.len(), level }
            }
        }
    }
}

/// The part that says how lists are marked.
pub(super) fn numbering(lists: &Lists) -> String {
    let mut xml = Xml::part();
    let namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
    xml.element("w:numbering", &[("xmlns:w", namespace)], |xml| {
        kind(xml, BULLETS, "bullet", |_| "•".to_owned());
        kind(xml, NUMBERS, "decimal", |level| format!("%{level}."));
        for (number, list) in (1_usize..).zip(&lists.0) {
            xml.element("w:num", &[("w:numId", &number.to_string())], |xml| instance(xml, list));
            xml.line_end();
        }
    });
    xml.finish()
}

fn kind(xml: &mut Xml, id: &str, format: &str, mark: impl Fn(usize) -> String) {
    xml.element("w:abstractNum", &[("w:abstractNumId", id)], |xml| {
        xml.value("w:multiLevelType", "multilevel");
        for level in 0..LEVELS {
            xml.element("w:lvl", &[("w:ilvl", &level.to_string())], |xml| {
                xml.value("w:start", "1");
                xml.value("w:numFmt", format);
                xml.value("w:lvlText", &mark(level.saturating_add(1)));
                xml.value("w:lvlJc", "left");
            });
        }
    });
    xml.line_end();
}

fn instance(xml: &mut Xml, list: &List) {
    xml.value("w:abstractNumId", if list.first.is_some() { NUMBERS } else { BULLETS });
    if let Some(first) = list.first {
        xml.element("w:lvlOverride", &[("w:ilvl", &list.level.to_string())], |xml| {
            xml.value("w:startOverride", &first.to_string());
        });
    }
}
