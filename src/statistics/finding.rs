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
    /// The names of every cell that takes part.
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
