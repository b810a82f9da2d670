//! The roll-up (汇总): what the agencies of a subtree add up to.
//!
//! Which agencies belong to a subtree is not known here; the caller hands in each of them once.

use super::{
    catalogue::{CheckId, Severity},
    finding::Finding,
    fold::Tally,
    table::TableId,
};
use crate::domain::proactive::Figures;

/// Declared figures whose sum no cell can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the declared figures of {cell} add up to more than a cell can hold")]
pub struct SumTooLarge {
    /// The key of the cell of table two.
    pub cell: String,
}

/// Adds up agencies: their tallies, and cell by cell the figures of table two that any of them
/// declared. A cell that none declared stays undeclared. The sum fits any edition of the form.
///
/// # Errors
///
/// When the declared figures of a cell add up to more than it can hold.
pub fn roll_up<'a>(
    members: impl IntoIterator<Item = (&'a Tally, &'a Figures)>,
) -> Result<(Tally, Figures), SumTooLarge> {
    let (mut tally, mut figures) = (Tally::default(), Figures::new());
    for (own, declared) in members {
        tally.add(own);
        add_figures(&mut figures, declared)?;
    }
    Ok((tally, figures))
}

fn add_figures(sum: &mut Figures, declared: &Figures) -> Result<(), SumTooLarge> {
    for (cell, value) in declared {
        let slot = sum.entry(cell.clone()).or_insert(0);
        *slot = slot.checked_add(*value).ok_or_else(|| SumTooLarge { cell: cell.clone() })?;
    }
    Ok(())
}

/// A word about figures that an agency declared for a year in which it was succeeded already: only
/// what its successor declares is counted.
#[must_use]
pub fn succeeded_figures(agency_id: &str, successor_id: &str, from_year: i16) -> Finding {
    let message = format!(
        "{agency_id} 自 {from_year} 年起由 {successor_id} 承接，其填报的本年度主动公开数字未计入；\
         应并入承接机关填报"
    );
    Finding::at(CheckId::SUCCEEDED, Severity::Warning, TableId::Proactive.key(), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(values: &[(&str, i64)]) -> Figures {
        values.iter().map(|&(cell, value)| (cell.to_owned(), value)).collect()
    }

    #[test]
    fn a_cell_is_the_sum_of_those_declared_and_blank_where_none_was() {
        let (nothing, tally) = (Figures::new(), Tally::default());
        let (first, second) = (figures(&[("a", 0), ("b", 2)]), figures(&[("b", -5)]));
        let members = [(&tally, &nothing), (&tally, &first), (&tally, &second)];
        assert_eq!(roll_up(members).unwrap().1, figures(&[("a", 0), ("b", -3)]));
    }

    #[test]
    fn a_sum_that_no_cell_can_hold_is_refused_by_name() {
        let tally = Tally::default();
        let (first, second) = (figures(&[("a", i64::MAX)]), figures(&[("a", 1)]));
        let refusal = roll_up([(&tally, &first), (&tally, &second)]).unwrap_err();
        assert_eq!(refusal, SumTooLarge { cell: "a".to_owned() });
    }
}
