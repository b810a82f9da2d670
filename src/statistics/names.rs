//! Cells' permanent names as people mistype them.

use super::catalogue::Form;

/// How many names are offered for one that is not known.
const OFFERED: usize = 3;

impl Form {
    /// The names of cells that are nearest to one that is not known, the nearest first. A name that
    /// lacks its table or its column is near to those which only add it.
    #[must_use]
    pub fn nearest_cells(&self, name: &str) -> Vec<String> {
        let mut near: Vec<(usize, String)> = self
            .cells()
            .map(|cell| {
                let known = self.cell_name(cell);
                let without_table = known.split_once('.').map_or("", |(_, key)| key);
                let without_column = known.rsplit_once('.').map_or("", |(outer, _)| outer);
                let parts = [known.as_str(), without_table, without_column];
                let distance = parts.into_iter().map(|part| distance(name, part)).min();
                (distance.unwrap_or(usize::MAX), known)
            })
            .collect();
        // Stable, so that among the equally near those of the form's beginning come first.
        near.sort_by_key(|(distance, _)| *distance);
        near.into_iter().take(OFFERED).map(|(_, name)| name).collect()
    }
}

/// How many letters have to be changed, added or left out to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, letter) in one.chars().enumerate() {
        let mut diagonal = place;
        let mut left = place.saturating_add(1);
        let mut next = vec![left];
        for (up, against) in row.iter().skip(1).zip(&other) {
            let changed = diagonal.saturating_add(usize::from(letter != *against));
            left = changed.min(up.saturating_add(1)).min(left.saturating_add(1));
            next.push(left);
            diagonal = *up;
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::FORMS;
    use super::*;

    #[test]
    fn every_cell_is_found_by_its_name_and_nothing_else_is() {
        for form in &FORMS {
            for cell in form.cells() {
                assert_eq!(form.find_cell(&form.cell_name(cell)), Some(cell));
            }
            for unknown in ["", "granted.total", "applications", "applications.granted", "x.y.z"] {
                assert_eq!(form.find_cell(unknown), None, "{unknown}");
            }
        }
    }

    #[test]
    fn letters_are_changed_added_and_left_out() {
        let cases = [
            ("", "", 0),
            ("", "ab", 2),
            ("ab", "", 2),
            ("kitten", "sitting", 3),
            ("公开", "不公开", 1),
        ];
        for (one, other, expected) in cases {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn the_nearest_names_are_offered() {
        let [_, form] = &FORMS;
        let first = |name: &str| form.nearest_cells(name).into_iter().next();
        for (name, expected) in [
            ("applications.granted.totl", "applications.granted.total"),
            ("granted.total", "applications.granted.total"),
            ("review.upheld", "remedies.review.upheld"),
            ("applications.carried_out", "applications.carried_out.natural_person"),
            (
                "applications.not_disclosed.secret.total",
                "applications.not_disclosed.state_secret.total",
            ),
        ] {
            assert_eq!(first(name).as_deref(), Some(expected), "{name}");
        }
        assert_eq!(form.nearest_cells("qqq").len(), OFFERED);
    }
}
