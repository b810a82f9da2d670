//! `docs/reference/checks.md` names every check, and no other.
#![cfg(test)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use disclosure_ledger::statistics::{
    SPIKE_LEAST_AMOUNT, SPIKE_LEAST_COUNT, SPIKE_RATIO, catalogue::FORMS, narrative::TextPolicy,
};

use crate::source::sources;

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/checks.md");
    fs::read_to_string(path).unwrap()
}

/// The rows of the table: check, severities, what has to hold, what it rests on.
fn rows() -> Vec<[String; 4]> {
    let text = document();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(|c| c.trim().to_owned()).collect();
        cells.try_into().unwrap_or_else(|cells| panic!("not four cells: {cells:?}"))
    })
    .collect()
}

fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Whether a literal is the id of a check: `SPIKE`, or a part and a name.
fn is_check(literal: &str) -> bool {
    let upper = |text: &str| {
        text.len() > 1
            && text.starts_with(|c: char| c.is_ascii_uppercase())
            && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    match literal.split_once('.') {
        Some((part, name)) => upper(part) && upper(name),
        None => literal == "SPIKE",
    }
}

#[test]
fn the_table_names_every_check_and_no_other() {
    let rows = rows();
    let named: Vec<_> = rows.iter().flat_map(|[check, ..]| quoted(check)).collect();
    assert!(named.is_sorted_by(|a, b| a < b), "each once, in the order of the alphabet");
    let named: BTreeSet<_> = named.into_iter().map(str::to_owned).collect();
    let mut known = BTreeMap::new();
    for source in sources().into_iter().filter(|source| source.module() == "statistics") {
        for (line, literal) in source.literals.iter().filter(|(_, text)| is_check(text)) {
            known.insert(literal.clone(), format!("{}:{line}", source.path));
        }
    }
    assert!(known.len() >= 16, "{known:?}");
    let missing: Vec<_> = known.iter().filter(|(check, _)| !named.contains(*check)).collect();
    assert!(missing.is_empty(), "not in docs/reference/checks.md: {missing:?}");
    let unknown: Vec<_> = named.iter().filter(|check| !known.contains_key(*check)).collect();
    assert!(unknown.is_empty(), "in docs/reference/checks.md only: {unknown:?}");
    assert!(rows.iter().flatten().all(|cell| !cell.is_empty()));
}

#[test]
fn the_severities_of_relations_are_those_of_the_catalogue() {
    let rows = rows();
    for relation in FORMS.iter().flat_map(|form| form.relations) {
        let row = rows.iter().find(|[check, ..]| quoted(check) == [relation.id.0]).unwrap();
        assert_eq!(quoted(&row[1])[0], relation.severity.key(), "{}", relation.id.0);
    }
    for [_, severities, ..] in rows {
        let known = ["error", "warning", "info"];
        let severities = quoted(&severities).into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert!(!severities.is_empty() && severities.iter().all(|s| known.contains(&s.as_str())));
    }
}

#[test]
fn the_limits_are_those_of_the_source() {
    let TextPolicy { similarity_percent, shortest_compared } = TextPolicy::default();
    let text = document();
    for limit in [
        format!("Less than {similarity_percent} %"),
        format!("fewer than {shortest_compared} letters"),
        format!("more than {SPIKE_RATIO} times"),
        format!("counts from {SPIKE_LEAST_COUNT} and"),
        format!("amounts from {} 万元", SPIKE_LEAST_AMOUNT / 1_000_000),
    ] {
        assert!(text.contains(&limit), "{limit}");
    }
}
