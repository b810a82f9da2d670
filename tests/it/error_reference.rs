//! `docs/reference/errors.md` names every reason for which a call can be refused, and no other.
#![cfg(test)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::source::sources;

const REFUSED: &str = "src/server/refused.rs";

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn is_reason(literal: &str) -> bool {
    literal.len() > 2
        && literal.starts_with(|c: char| c.is_ascii_uppercase())
        && literal.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// Every reason that stands in the source, with where it does.
fn reasons() -> BTreeMap<String, String> {
    let mut reasons = BTreeMap::new();
    for source in sources() {
        if source.module() == "domain" || source.path == REFUSED {
            for (line, literal) in source.literals.iter().filter(|(_, text)| is_reason(text)) {
                reasons.insert(literal.clone(), format!("{}:{line}", source.path));
            }
        }
    }
    reasons
}

/// The rows of the table, each with its five cells.
fn rows() -> Vec<[String; 5]> {
    let text = text("docs/reference/errors.md");
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(|c| c.trim().to_owned()).collect();
        cells.try_into().unwrap_or_else(|cells| panic!("not five cells: {cells:?}"))
    })
    .collect()
}

fn unquoted(cell: &str) -> &str {
    cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')).unwrap_or(cell)
}

#[test]
fn the_table_names_every_reason_and_no_other() {
    let rows = rows();
    let named: Vec<_> = rows.iter().map(|[reason, ..]| unquoted(reason).to_owned()).collect();
    assert!(named.is_sorted_by(|a, b| a < b), "each once, in the order of the alphabet");
    let known = reasons();
    let named: BTreeSet<_> = named.into_iter().collect();
    let missing: Vec<_> = known.iter().filter(|(reason, _)| !named.contains(*reason)).collect();
    assert!(missing.is_empty(), "not in docs/reference/errors.md: {missing:?}");
    let unknown: Vec<_> = named.iter().filter(|reason| !known.contains_key(*reason)).collect();
    assert!(unknown.is_empty(), "in docs/reference/errors.md only: {unknown:?}");
    assert!(rows.iter().flatten().all(|cell| !cell.is_empty()));
}

#[test]
fn the_codes_in_the_table_are_those_of_the_source() {
    let codes: BTreeMap<_, _> = rows()
        .into_iter()
        .map(|[reason, code, ..]| {
            (unquoted(&reason).to_owned(), unquoted(&code).replace('_', "").to_lowercase())
        })
        .collect();
    let mut seen = 0;
    for part in text(REFUSED).split("Code::").skip(1) {
        let (code, rest) = part.split_once(|c: char| !c.is_alphanumeric()).unwrap();
        let reason = rest.strip_prefix(" \"").and_then(|rest| rest.split('"').next());
        if let Some(reason) = reason {
            assert_eq!(codes.get(reason), Some(&code.to_lowercase()), "{reason}");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
    for reason in reasons().into_iter().filter(|(_, at)| at.starts_with("src/domain")) {
        let by_law = ["failedprecondition", "notfound"].map(str::to_owned);
        assert!(by_law.contains(&codes[&reason.0]), "{reason:?}");
    }
}

#[test]
fn every_field_in_the_table_stands_in_the_contract() {
    let pool = prost_reflect::DescriptorPool::decode(disclosure_ledger::wire::DESCRIPTOR_SET);
    let pool = pool.unwrap();
    let requests: Vec<_> =
        pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()).collect();
    for [reason, _, field, ..] in rows() {
        for path in field.split('`').skip(1).step_by(2) {
            let found = requests.iter().any(|method| {
                let mut message = Some(method.input());
                path.split('.').all(|part| {
                    let field = message.take().and_then(|m| m.get_field_by_name(part));
                    message = field.as_ref().and_then(|f| f.kind().as_message().cloned());
                    field.is_some()
                })
            });
            assert!(found, "{reason}: {path} is in no request");
        }
    }
}
