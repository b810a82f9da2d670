//! The formats a report can be had in, by name.

use super::{
    Fonts, RenderError, Report, compose, csv, docx, html, json, markdown, pdf, text, xlsx,
};

/// How wide a page of text is, in terminal columns.
const TEXT_COLUMNS: usize = 100;

/// A format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Every cell, the narrative and the findings, for programs.
    Json,
    /// Every cell, one to a line, for spreadsheets.
    Csv,
    /// The page in Markdown.
    Markdown,
    /// The page in one self-contained HTML file, for the agency's website and for printing.
    Html,
    /// The page in drawn characters, for a terminal.
    Text,
    /// The page as a Word document, as it is filed.
    Docx,
    /// The tables as a workbook with live checks, and the text.
    Xlsx,
    /// The page on paper, in archive quality (PDF/A-2a).
    Pdf,
}

impl Format {
    /// Every format.
    pub const ALL: &'static [Self] = &[
        Self::Json,
        Self::Csv,
        Self::Markdown,
        Self::Html,
        Self::Text,
        Self::Docx,
        Self::Xlsx,
        Self::Pdf,
    ];

    /// The permanent key, which is also the file extension.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Text => "txt",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
            Self::Pdf => "pdf",
        }
    }

    /// The format with this key.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.key() == key)
    }

    /// The file extension, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        self.key()
    }

    /// Whether the format has charts, for which a report needs its background.
    #[must_use]
    pub const fn draws(self) -> bool {
        match self {
            Self::Html | Self::Pdf => true,
            Self::Json | Self::Csv | Self::Markdown | Self::Text | Self::Docx | Self::Xlsx => false,
        }
    }

    /// The media type, with its character set where it is text.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Markdown => "text/markdown; charset=utf-8; variant=GFM",
            Self::Html => "text/html; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pdf => "application/pdf",
        }
    }
}

/// The bytes of a report in a format, on paper with these fonts.
///
/// # Errors
///
/// When the format cannot hold the report; those that are text can hold every report.
pub fn render(report: &Report, format: Format, fonts: &Fonts) -> Result<Vec<u8>, RenderError> {
    let text = match format {
        Format::Docx => return Ok(docx(&compose(report))?),
        Format::Xlsx => return Ok(xlsx(report)?),
        Format::Json => json(report),
        Format::Csv => csv(report),
        Format::Markdown => markdown(&compose(report)),
        Format::Html => html(&compose(report)),
        Format::Text => text(&compose(report), TEXT_COLUMNS),
        Format::Pdf => return pdf(&compose(report), fonts),
    };
    Ok(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_found_by_its_key() {
        for &format in Format::ALL {
            assert_eq!(Format::from_key(format.key()), Some(format));
        }
        assert_eq!(Format::from_key("HTML"), None);
    }
}
