//! A report as data, and its formats as pure functions to bytes.
//!
//! ```text
//!  Report ──compose──▶ Document ──▶ html · markdown · text · docx · pdf   what people read
//!     │                   │ charts ──draw──▶ svg, within html; shapes, within pdf
//!     ├───────────────────┴──────▶ xlsx                                   what people work on
//!     └───────────────────────────▶ json · csv                            what programs read
//! ```
//!
//! The page model knows cells that span rows and columns, and no format; a further format for
//! readers is a further function from [`Document`]. No official label stands here: labels come from
//! the catalogue of the forms. Same report, same bytes.

mod cells;
mod chart;
mod compose;
mod csv;
mod document;
mod drawing;
mod docx;
mod error;
mod explanation;
mod fonts;
mod format;
mod html;
mod json;
mod markdown;
mod narrative;
mod pdf;
mod report;
mod svg;
mod text;
mod wrap;
mod xlsx;

#[cfg(test)]
mod goldens;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod samples;

pub use chart::{CHARTS_TITLE, Chart, ChartKind, Mark, Series};
pub use compose::compose;
pub use csv::csv;
pub use document::{Block, Cell, Document, Inline, Origin, Placed, Role, Run, Scope, Table, Title};
pub use docx::docx;
pub use drawing::{Drawing, Fill, Shape, TEXT_SIZE, WIDTH, draw};
pub use error::{MissingGlyph, RenderError};
pub use explanation::{explanation_in_chinese, explanation_in_english};
pub use fonts::{FontPurpose, Fonts, OperatorFonts, UnreadableFont};
pub use format::{Format, render};
pub use html::html;
pub use json::{finding_json, json};
pub use markdown::markdown;
pub use pdf::pdf;
pub use report::Report;
pub use svg::svg;
pub use text::text;
pub use xlsx::xlsx;
