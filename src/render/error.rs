//! Why a report cannot be had in a format.

use std::fmt;

/// Why a report cannot be had in a format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// Characters that no font has, which would be printed as boxes; each once for each place.
    #[error("no font has {}", listed(.0))]
    GlyphMissing(Vec<MissingGlyph>),
    /// The format's own rules stand against it; says which.
    #[error("the report cannot be written in this format: {0}")]
    NotWritable(String),
}

impl From<zip::result::ZipError> for RenderError {
    fn from(error: zip::result::ZipError) -> Self {
        Self::NotWritable(error.to_string())
    }
}

impl From<rust_xlsxwriter::XlsxError> for RenderError {
    fn from(error: rust_xlsxwriter::XlsxError) -> Self {
        Self::NotWritable(error.to_string())
    }
}

/// A character that no font has, and where in the report it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingGlyph {
    /// The character.
    pub character: char,
    /// The heading of the section, or the title.
    pub place: String,
}

impl fmt::Display for MissingGlyph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { character, place } = self;
        write!(f, "{character} (U+{:04X}) in “{place}”", u32::from(*character))
    }
}

fn listed(missing: &[MissingGlyph]) -> String {
    missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_named_with_its_code_point_and_place() {
        let missing = |character, place: &str| MissingGlyph { character, place: place.to_owned() };
        let error = RenderError::GlyphMissing(vec![
            missing('𠀀', "一、总体情况"),
            missing('ᠠ', "示例市人民政府2025年度报告"),
        ]);
        assert_eq!(
            error.to_string(),
            "no font has 𠀀 (U+20000) in “一、总体情况”, ᠠ (U+1820) in “示例市人民政府2025年度报告”"
        );
    }
}
