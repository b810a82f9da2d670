//! What a report's figures are seen against: what charts show and no table holds.

use std::collections::BTreeMap;

use super::Flow;
use crate::domain::timeliness::Timeliness;

/// The years before a report's, and how long the replies of its own year took.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Background {
    /// What happened to applications in earlier report years, those of one after another from the
    /// first in which anything did; without the report's own year, which its tables have.
    pub earlier: BTreeMap<i16, Flow>,
    /// How long the replies of the report's year took, in working days.
    pub timeliness: Timeliness,
}
