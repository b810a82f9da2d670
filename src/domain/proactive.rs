//! The year's declared figures of proactive disclosure (主动公开政府信息情况): table two.
//!
//! No application event tells these figures; an agency declares them, and what it declares later
//! supersedes what it declared before, cell by cell.

use std::collections::BTreeMap;

/// The declared figures of one agency and year: value by cell id.
///
/// Counts are whole numbers; amounts are whole fen (分, one millionth of 万元).
pub type Figures = BTreeMap<String, i64>;

/// Figures were declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiguresDeclared {
    /// The report year.
    pub year: super::ReportYear,
    /// The cells declared, in the order of their ids.
    pub figures: Figures,
}

/// The events that a declaration gives rise to, given what was declared before: none if it says
/// again what is recorded.
#[must_use]
pub fn declare(recorded: &Figures, declared: FiguresDeclared) -> Vec<FiguresDeclared> {
    let says_nothing_new =
        declared.figures.iter().all(|(cell, value)| recorded.get(cell) == Some(value));
    if says_nothing_new { Vec::new() } else { vec![declared] }
}

/// The figures after one more declaration.
#[must_use]
pub fn evolve(mut figures: Figures, event: &FiguresDeclared) -> Figures {
    figures.extend(event.figures.iter().map(|(cell, value)| (cell.clone(), *value)));
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(figures: &[(&str, i64)]) -> FiguresDeclared {
        FiguresDeclared {
            year: super::super::ReportYear::new(2021).unwrap(),
            figures: figures.iter().map(|&(cell, value)| (cell.to_owned(), value)).collect(),
        }
    }

    #[test]
    fn a_later_declaration_supersedes_cell_by_cell() {
        let first = evolve(Figures::new(), &declared(&[("a", 1), ("b", 2)]));
        let second = evolve(first.clone(), &declared(&[("b", 3)]));
        assert_eq!(second, declared(&[("a", 1), ("b", 3)]).figures);
        assert!(declare(&first, declared(&[("b", 2)])).is_empty());
        assert_eq!(declare(&first, declared(&[("b", 3)])).len(), 1);
    }
}
