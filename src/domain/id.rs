//! Identifiers given by the world outside: valid once parsed.

use std::fmt;

/// An identifier that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub struct InvalidId {
    /// What was given, shortened if long.
    pub found: String,
    /// What was expected, as a phrase.
    pub expected: &'static str,
}

impl InvalidId {
    fn new(found: &str, expected: &'static str) -> Self {
        Self { found: found.chars().take(40).collect(), expected }
    }
}

macro_rules! identifier {
    ($(#[$meta:meta])* $name:ident, $expected:literal, $valid:path) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Takes the identifier from text.
            ///
            /// # Errors
            ///
            /// When the text is not of the form that the type documents.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                if Self::is_valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidId::new(text, $expected))
                }
            }

            /// Whether [`Self::parse`] takes a text; nothing is copied.
            #[must_use]
            pub fn is_valid(text: &str) -> bool {
                $valid(text)
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

identifier! {
    /// The identifier of an agency (行政机关): 1 to 64 ASCII letters, digits, `-`, `_` or `.`.
    AgencyId, "an agency id: 1 to 64 ASCII letters, digits, '-', '_' or '.'", is_agency_id
}

identifier! {
    /// The identifier of an application (政府信息公开申请) within its agency: 1 to 128 bytes of
    /// printable text without surrounding blanks, as the register writes it.
    ApplicationId,
    "an application id: 1 to 128 bytes of printable text without surrounding blanks",
    is_register_id
}

identifier! {
    /// The identifier of a reconsideration or litigation case (案号) within its agency: 1 to 128
    /// bytes of printable text without surrounding blanks.
    CaseId, "a case id: 1 to 128 bytes of printable text without surrounding blanks", is_register_id
}

fn is_agency_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn is_register_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.trim() == text
        && (text.bytes().all(super::text::is_plain) || text.chars().all(super::text::is_printable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agency_id_is_plain_ascii() {
        assert!(AgencyId::parse("luoyang-justice_2.a").is_ok());
        for bad in ["", "a b", "洛阳", "a/b", &"x".repeat(65)] {
            assert!(AgencyId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_application_id_is_as_the_register_writes_it() {
        assert!(ApplicationId::parse("洛司公开〔2020〕1号").is_ok());
        for bad in ["", " a", "a ", "a\nb", "a\u{202e}b", &"申".repeat(43)] {
            assert!(ApplicationId::parse(bad).is_err(), "{bad}");
        }
    }
}
