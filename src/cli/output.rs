//! What the command line prints, and where.

use std::{
    fmt::Display,
    io::{IsTerminal, Write},
    path::Path,
};

use super::Failure;

/// Where output goes, and in which shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    /// Whether errors and summaries are JSON objects.
    pub(super) json: bool,
}

#[expect(
    clippy::unused_self,
    reason = "where a line goes is for this type to say, one day otherwise"
)]
impl Output {
    /// Prints a line to standard output.
    ///
    /// A reader who went away is not told; whatever was to be done is done.
    pub(super) fn line(self, line: impl Display) {
        drop(writeln!(std::io::stdout().lock(), "{line}"));
    }

    /// Prints a line to standard error.
    pub(super) fn note(self, line: impl Display) {
        drop(writeln!(std::io::stderr().lock(), "{line}"));
    }

    /// Prints a summary: a sentence, or the object that says the same.
    pub(super) fn summary(self, sentence: impl Display, object: &serde_json::Value) {
        if self.json { self.line(object) } else { self.line(sentence) }
    }

    /// Prints why the command failed.
    pub(super) fn failure(self, failure: &Failure) {
        if self.json {
            self.note(failure.json());
        } else {
            self.note(format_args!("error: {}", failure.sentence()));
        }
    }

    /// Puts a document into a file, or on standard output.
    pub(super) fn document(self, path: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
        if let Some(path) = path {
            return std::fs::write(path, bytes)
                .map_err(|error| Failure::file("write", path, &error));
        }
        drop(std::io::stdout().lock().write_all(bytes));
        Ok(())
    }

    /// Whether somebody watches standard error.
    pub(super) fn is_watched(self) -> bool {
        !self.json && std::io::stderr().is_terminal()
    }
}
