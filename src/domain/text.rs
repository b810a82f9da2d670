//! Bounded free text. There is little of it, and none of it names a person.

/// Text that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Longer than the bound.
    #[error("text of {found} bytes is longer than the {limit} allowed")]
    TooLong {
        /// The length found, in bytes.
        found: usize,
        /// The length allowed, in bytes.
        limit: usize,
    },
    /// A character that no document holds.
    #[error("text holds the character U+{:04X}, which is not allowed here", u32::from(*found))]
    Character {
        /// The first such character.
        found: char,
    },
}

/// One line of text: a name, a document number, a reference; at most 256 bytes, may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShortText(Box<str>);

/// A text of several paragraphs; at most 256 KiB, may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LongText(Box<str>);

impl ShortText {
    /// The bound, in bytes.
    pub const LIMIT: usize = 256;

    /// Takes one line of text.
    ///
    /// # Errors
    ///
    /// When it is too long or holds a line break or another unprintable character.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        Self::check(text)?;
        Ok(Self(text.into()))
    }

    /// Whether [`Self::parse`] takes a text; nothing is copied.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn check(text: &str) -> Result<(), InvalidText> {
        bounded(text, Self::LIMIT, is_printable)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl LongText {
    /// The bound, in bytes.
    pub const LIMIT: usize = 256 * 1024;

    /// Takes a text.
    ///
    /// # Errors
    ///
    /// When it is too long or holds a control character other than a line break or a tab.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        bounded(text, Self::LIMIT, |c| matches!(c, '\n' | '\r' | '\t') || !is_forbidden(c))?;
        Ok(Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn bounded(text: &str, limit: usize, allowed: impl Fn(char) -> bool) -> Result<(), InvalidText> {
    if text.len() > limit {
        return Err(InvalidText::TooLong { found: text.len(), limit });
    }
    if text.bytes().all(is_plain) {
        return Ok(());
    }
    match text.chars().find(|&c| !allowed(c)) {
        Some(found) => Err(InvalidText::Character { found }),
        None => Ok(()),
    }
}

/// Whether a byte is a character that may stand anywhere: the usual case, and quickly seen.
pub(super) const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// Whether a character may stand in a line of text: no control character, no line or paragraph
/// separator, no control of writing direction, no noncharacter.
pub(super) fn is_printable(c: char) -> bool {
    !is_forbidden(c)
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{FDD0}'..='\u{FDEF}' | '\u{FEFF}')
        || (u32::from(c) & 0xFFFE) == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_breaks_and_a_bound() {
        assert!(ShortText::parse("洛司公开〔2020〕1号").is_ok());
        assert_eq!(ShortText::parse("a\nb").unwrap_err(), InvalidText::Character { found: '\n' });
        assert!(ShortText::parse(&"x".repeat(257)).is_err());
    }

    #[test]
    fn a_text_keeps_its_paragraphs_and_refuses_nul() {
        assert_eq!(LongText::parse("一\n\n二").unwrap().as_str(), "一\n\n二");
        assert!(LongText::parse("a\0b").is_err());
    }
}
