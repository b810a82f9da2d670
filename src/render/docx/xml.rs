//! Elements, attributes and text, written so that no text can be anything else.

use super::super::{html::escaped, narrative::visible};

/// XML being written.
pub(super) struct Xml(String);

impl Xml {
    /// A part that begins with the declaration.
    pub(super) fn part() -> Self {
        Self("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n".to_owned())
    }

    /// An element with what is written into it.
    pub(super) fn element(
        &mut self,
        tag: &str,
        attributes: &[(&str, &str)],
        content: impl FnOnce(&mut Self),
    ) {
        self.tag(tag, attributes, ">");
        content(self);
        self.0.extend(["</", tag, ">"]);
    }

    /// An element without content.
    pub(super) fn empty(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.tag(tag, attributes, "/>");
    }

    /// An element whose only content is its `w:val`.
    pub(super) fn value(&mut self, tag: &str, value: &str) {
        self.empty(tag, &[("w:val", value)]);
    }

    /// Text.
    pub(super) fn text(&mut self, text: &str) {
        self.0.push_str(&literal(text));
    }

    /// A line end between elements, for those who read the part.
    pub(super) fn line_end(&mut self) {
        self.0.push('\n');
    }

    pub(super) fn finish(mut self) -> String {
        self.line_end();
        self.0
    }

    fn tag(&mut self, tag: &str, attributes: &[(&str, &str)], end: &str) {
        self.0.extend(["<", tag]);
        for (name, value) in attributes {
            self.0.extend([" ", name, "=\"", &literal(value), "\""]);
        }
        self.0.push_str(end);
    }
}

/// Text in which nothing is markup and no character is one that XML cannot hold.
fn literal(text: &str) -> String {
    escaped(&visible(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup_and_every_character_can_be_held() {
        let mut xml = Xml(String::new());
        xml.element("w:t", &[("w:x", "\"<&\u{0}")], |xml| xml.text("</w:t>&\u{1}\u{FFFF}\u{202E}"));
        assert_eq!(
            xml.0,
            "<w:t w:x=\"&quot;&lt;&amp;[U+0000]\">&lt;/w:t&gt;&amp;[U+0001][U+FFFF][U+202E]</w:t>"
        );
    }
}
