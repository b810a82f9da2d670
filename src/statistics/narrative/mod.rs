//! The written sections against the tables and the year before: references to cells, filled from the
//! tables; numbers typed by hand, compared with the cells they seem to speak of; text that is copied.
//!
//! `docs/reference/narrative.md` has the grammar of references for those who write them, and
//! `docs/reference/checks.md` what is found.

mod fill;
mod numeral;
mod reference;
mod similarity;
mod typed;

/// How many findings of one kind a section has at most; the first are told.
const FINDING_LIMIT: usize = 100;

pub use fill::{Filled, FilledNarrative, FilledSection, fill, fill_sections};
pub use numeral::in_chinese;
pub use reference::{Fault, faults};
pub use similarity::check_similarity;
pub use typed::check_typed;

/// The rules for written sections that no law settles, as settings; the default is what is
/// recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextPolicy {
    /// How many in a hundred of a section's shingles may stand in the year before's, without a word.
    pub similarity_percent: u64,
    /// How many letters (字) a section has at least, to be compared.
    pub shortest_compared: usize,
}

impl Default for TextPolicy {
    fn default() -> Self {
        Self { similarity_percent: 90, shortest_compared: 100 }
    }
}
