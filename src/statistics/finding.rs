//! What a check found.

use super::catalogue::{CheckId, Severity};

/// One thing that a check found, at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The check.
    pub id: CheckId,
    /// How much it weighs.
    pub severity: Severity,
    /// The name of the cell (or case) at which it stands.
    pub place: String,
    /// The names of every cell that takes part; those of the year before end in `@previous`.
    pub cells: Vec<String>,
    /// The value of the left side, as it is printed; `None` where there is none.
    pub left: Option<String>,
    /// The value of the right side.
    pub right: Option<String>,
    /// The difference, left less right.
    pub difference: Option<String>,
    /// What is wrong, in one Chinese sentence for the clerk.
    pub message: String,
}

impl CheckId {
    /// Every cell is a whole number that is not negative, unless the form says so.
    pub const NONNEG_INT: Self = Self("ALL.NONNEG_INT");
    /// The tables are on the form of their year, and on no other.
    pub const FORMAT_VERSION: Self = Self("FORMAT.VERSION");
    /// Every figure of table two is declared.
    pub const UNDECLARED: Self = Self("T2.UNDECLARED");
    /// A published total is the sum of its parts.
    pub const SUM: Self = Self("AGG.SUM");
    /// A report is submitted and published in time.
    pub const LATE: Self = Self("PUBLISH.LATE");
    /// A report is still to be submitted or published.
    pub const DUE: Self = Self("PUBLISH.DUE");
    /// An agency that was succeeded declares no figures of later years.
    pub const SUCCEEDED: Self = Self("T2.SUCCEEDED");
    /// A published report says what the register says now.
    pub const DRIFT: Self = Self("REPORT.DRIFT");
    /// The report of the year before was published anew.
    pub const RESTATED: Self = Self("REPORT.RESTATED");
    /// A refusal under Articles 14 to 16 goes to reconsideration before it is sued over.
    pub const PREREVIEW: Self = Self("T4.PREREVIEW");
    /// Numbers typed into a written section are those of table three.
    pub const TEXT_T3: Self = Self("TEXT.T3");
    /// Numbers typed into a written section are those of table four.
    pub const TEXT_T4: Self = Self("TEXT.T4");
    /// A written section is not copied from the year before.
    pub const TEXT_SIMILARITY: Self = Self("TEXT.SIMILARITY");
    /// A figure does not jump against the year before.
    pub const SPIKE: Self = Self("SPIKE");
    /// Every reference in a written section stands for a number.
    pub const TEXT_REFERENCE: Self = Self("TEXT.REFERENCE");
}

impl Finding {
    /// A finding about what stands at one place, with nothing to compare.
    #[must_use]
    pub fn at(id: CheckId, severity: Severity, place: impl Into<String>, message: String) -> Self {
        let place = place.into();
        Self {
            id,
            severity,
            place: place.clone(),
            cells: vec![place],
            left: None,
            right: None,
            difference: None,
            message,
        }
    }
}
