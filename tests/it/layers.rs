//! What each module may use, and what it may not contain: the table of `docs/ARCHITECTURE.md`,
//! held against the source.
#![cfg(test)]

use std::{collections::BTreeSet, path::Path};

use disclosure_ledger::statistics::catalogue::{
    CHANNEL_LABELS, FORMS, Form, REMEDY_KIND_LABELS, REPORT_TITLE, SECTION_TITLES,
};

use crate::source::{Source, sources};

/// Each module, and the modules that it may use; innermost first.
const TABLE: [(&str, &[&str]); 15] = [
    ("domain", &[]),
    ("statistics", &["domain"]),
    ("render", &["statistics", "domain"]),
    ("integrity", &[]),
    ("clock", &[]),
    ("store", &["clock", "integrity"]),
    ("wire", &["domain"]),
    ("ledger", &["domain", "store", "wire"]),
    ("projection", &["domain", "statistics", "store", "wire"]),
    ("export", &["integrity", "store", "wire"]),
    (
        "server",
        &[
            "domain",
            "statistics",
            "render",
            "integrity",
            "clock",
            "store",
            "wire",
            "ledger",
            "projection",
        ],
    ),
    (
        "cli",
        &[
            "domain",
            "statistics",
            "render",
            "integrity",
            "clock",
            "store",
            "wire",
            "ledger",
            "projection",
            "export",
            "server",
            "synthetic",
            "config",
            "telemetry",
        ],
    ),
    ("synthetic", &["domain"]),
    ("config", &["domain"]),
    ("telemetry", &[]),
];

/// The modules without clock, file, network, environment, logging and wire types.
const PURE: &[&str] = &["domain", "statistics", "render", "integrity"];

/// The modules whose order must not depend on hashing.
const ORDERED: &[&str] = &["domain", "statistics", "render", "projection", "ledger"];

/// A word that stands in some modules only.
struct Rule {
    words: &'static [&'static str],
    /// The modules it may stand in; for `except`, those it may not.
    modules: &'static [&'static str],
    except: bool,
    why: &'static str,
}

const fn never_in(
    modules: &'static [&'static str],
    words: &'static [&'static str],
    why: &'static str,
) -> Rule {
    Rule { words, modules, except: true, why }
}

const fn only_in(
    modules: &'static [&'static str],
    words: &'static [&'static str],
    why: &'static str,
) -> Rule {
    Rule { words, modules, except: false, why }
}

const RULES: &[Rule] = &[
    never_in(PURE, &["async", "await", "tokio", "tokio_stream"], "the core is plain functions"),
    never_in(PURE, &["tonic", "prost", "prost_types"], "the core knows no wire type"),
    never_in(
        PURE,
        &["SystemTime", "Instant", "Timestamp", "Zoned"],
        "the core reads no clock and knows civil dates only",
    ),
    never_in(PURE, &["tracing"], "the core does not log"),
    never_in(PURE, &["serde", "Serialize", "Deserialize"], "the core derives no format"),
    never_in(ORDERED, &["HashMap", "HashSet"], "what is derived by replay has an order"),
    only_in(&["wire", "server", "cli"], &["pb"], "generated types stay at the wire"),
    only_in(&["server", "cli"], &["tonic"], "only the counter speaks gRPC"),
];

impl Rule {
    fn forbids(&self, source: &Source, word: &str) -> bool {
        self.words.contains(&word) && self.modules.contains(&source.module()) == self.except
    }
}

/// What a file does that its module may not, one sentence each.
fn violations(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let module = source.module();
    let mut note = |line: usize, what: String| {
        found.push(format!("{}:{line}: {what}", source.path));
    };
    if !matches!(module, "lib" | "bin") {
        match TABLE.iter().find(|(name, _)| *name == module) {
            None => note(1, format!("module `{module}` is missing in the table")),
            Some((_, may_use)) => {
                for (line, used) in source.used_under("crate") {
                    if used != module && !may_use.contains(&used.as_str()) {
                        note(line, format!("`{module}` may not use `{used}`"));
                    }
                }
                for line in source.escapes() {
                    note(line, "other modules are named from `crate::`".to_owned());
                }
            }
        }
    }
    for word in source.words() {
        for rule in RULES.iter().filter(|rule| rule.forbids(source, &word.text)) {
            note(word.line, format!("`{}` in `{module}`: {}", word.text, rule.why));
        }
    }
    if PURE.contains(&module) {
        for (line, used) in source.used_under("std") {
            if ["fs", "env", "net", "process", "thread", "*"].contains(&used.as_str()) {
                note(line, format!("`std::{used}` in `{module}`: the core does no I/O"));
            }
        }
    }
    if !source.path.starts_with("src/store/sled/") {
        for (line, used) in source.used_under("sled") {
            let ours = ["Restore", "SledStore", "StoreOptions", "verify"];
            if source.path != "src/store/mod.rs" || !ours.contains(&used.as_str()) {
                note(line, format!("`sled::{used}`: sled is named only under src/store/sled"));
            }
        }
    }
    found
}

/// Every label of both forms that is long enough to be told from prose.
fn official_labels() -> BTreeSet<&'static str> {
    let mut labels: BTreeSet<&str> = FORMS.iter().flat_map(form_labels).collect();
    labels.extend(SECTION_TITLES);
    labels.insert(REPORT_TITLE);
    labels.extend(CHANNEL_LABELS.iter().map(|(_, label)| label));
    labels.extend(REMEDY_KIND_LABELS.iter().flat_map(|(_, path)| path.iter()));
    let bare: Vec<_> = labels.iter().map(|label| without_number(label)).collect();
    labels.extend(bare);
    labels.retain(|label| label.chars().count() >= 4);
    labels
}

/// A label without the number before it: `（一）`, `1.`, `一、`.
fn without_number(label: &str) -> &str {
    let (number, rest) = label.split_once(['）', '.', '、']).unwrap_or(("", label));
    if number.trim_start_matches('（').chars().count() == 1 { rest } else { label }
}

fn form_labels(form: &'static Form) -> Vec<&'static str> {
    let mut labels = vec![form.notice, form.applications.corner];
    for block in form.proactive.blocks {
        labels.extend([block.caption, block.label_header]);
        labels.extend(block.headers);
        labels.extend(block.rows.iter().map(|row| row.label));
    }
    labels.extend(form.applications.columns.iter().flat_map(|column| column.path));
    labels.extend(form.applications.rows.iter().flat_map(|row| row.path));
    labels.extend(form.remedies.columns.iter().flat_map(|column| column.path));
    labels.extend(form.relations.iter().map(|relation| relation.statement));
    labels
}

/// Official labels that stand in a file's text literals.
fn labels_in(source: &Source, labels: &BTreeSet<&str>) -> Vec<String> {
    let mut found = Vec::new();
    for (line, literal) in &source.literals {
        for label in labels.iter().filter(|label| stands_in(label, literal)) {
            found.push(format!("{}:{line}: official label {label}", source.path));
        }
    }
    found
}

/// Whether a label stands in a text. One of four characters is a word of the law too (行政复议) and
/// counts only where it stands alone.
fn stands_in(label: &str, text: &str) -> bool {
    if label.chars().count() > 4 {
        return text.contains(label);
    }
    text.split(|c: char| !('\u{4e00}'..='\u{9fff}').contains(&c)).any(|part| part == label)
}

#[track_caller]
fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn every_module_uses_only_what_the_table_allows() {
    let found: Vec<_> = sources().iter().flat_map(violations).collect();
    assert_none(&found);
}

#[test]
fn official_labels_stand_in_the_catalogue_only() {
    let labels = official_labels();
    assert!(labels.len() > 60, "{labels:?}");
    let found: Vec<_> = sources()
        .iter()
        .filter(|source| source.path != "src/statistics/catalogue.rs")
        .flat_map(|source| labels_in(source, &labels))
        .collect();
    assert_none(&found);
}

#[test]
fn the_table_names_every_module_and_uses_only_those_before() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lib = std::fs::read_to_string(root.join("src/lib.rs")).unwrap();
    let declared: Vec<_> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(declared, TABLE.map(|(module, _)| module));
    for (index, (module, may_use)) in TABLE.iter().enumerate().filter(|(_, (m, _))| *m != "cli") {
        let before: Vec<_> = TABLE[..index].iter().map(|(module, _)| *module).collect();
        assert!(may_use.iter().all(|used| before.contains(used)), "{module}");
    }
}

#[test]
fn the_architecture_document_has_this_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(root.join("docs/ARCHITECTURE.md")).unwrap();
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let mut rows = Vec::<(Vec<String>, BTreeSet<String>, String)>::new();
    for row in document.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [modules, _, may_use] = cells[..] else { panic!("not three cells: {row}") };
        rows.push((quoted(modules), quoted(may_use).into_iter().collect(), may_use.to_owned()));
    }
    for (module, may_use) in TABLE {
        let row = rows.iter().find(|(modules, ..)| modules.iter().any(|name| name == module));
        let (_, named, cell) = row.unwrap_or_else(|| panic!("no row for {module}"));
        if !cell.starts_with("all") {
            assert_eq!(*named, may_use.iter().map(|&m| m.to_owned()).collect(), "{module}");
        }
    }
}

#[test]
fn planted_violations_are_found() {
    let cases = [
        ("src/domain/id.rs", "use crate::store::StreamId;", "1: `domain` may not use `store`"),
        (
            "src/ledger/plan.rs",
            "use crate::{\n    domain::AgencyId,\n    projection::{self, Page},\n};",
            "3: `ledger` may not use `projection`",
        ),
        ("src/clock.rs", "\nuse super::store;", "2: other modules are named from `crate::`"),
        ("src/render/csv.rs", "use super::super::store;", "1: other modules are named from"),
        ("src/wire/date.rs", "pub(in crate::cli) fn f() {}", "1: `wire` may not use `cli`"),
        ("src/console.rs", "", "1: module `console` is missing in the table"),
        ("src/domain/id.rs", "async fn f() {}", "1: `async` in `domain`"),
        ("src/render/html.rs", "use std::{collections::BTreeMap, fs};", "1: `std::fs`"),
        ("src/statistics/fold.rs", "use std::collections::HashMap;", "1: `HashMap`"),
        ("src/statistics/table.rs", "#[derive(serde::Serialize)] struct S;", "1: `serde`"),
        ("src/integrity.rs", "fn f() { tracing::info!(\"x\") }", "1: `tracing`"),
        ("src/projection/page.rs", "use crate::wire::pb::v1;", "1: `pb` in `projection`"),
        ("src/store/memory.rs", "use sled::Db;", "1: `sled::Db`"),
        ("src/cli/serve.rs", "fn f() { ::sled::open(\"x\"); }", "1: `sled::open`"),
    ];
    for (path, text, expected) in cases {
        let found = violations(&Source::of(path, text));
        let expected = format!("{path}:{expected}");
        assert!(found.iter().any(|found| found.starts_with(&expected)), "{text}: {found:?}");
    }
}

#[test]
fn a_planted_label_is_found() {
    let text = "// 属于国家秘密\nconst A: &str = \"因属于国家秘密\";\nconst B: &str = \"行政复议法\";\n\
                const C: &str = \"先行政复议\"; const D: &str = \"<th>行政复议\";\n\
                #[cfg(test)]\nmod tests { const E: &str = \"属于国家秘密\"; }";
    let found = labels_in(&Source::of("src/render/html.rs", text), &official_labels());
    let expected = ["2: official label 属于国家秘密", "4: official label 行政复议"];
    assert_eq!(found, expected.map(|found| format!("src/render/html.rs:{found}")));
}

#[test]
fn what_is_allowed_is_not_complained_of() {
    let cases = [
        ("src/domain/id.rs", "use crate::domain::LegalDate; // crate::store"),
        ("src/domain/id.rs", "#[cfg(test)]\nmod tests { use crate::store::StreamId; }"),
        ("src/domain/application/decide.rs", "use super::super::LegalDate;"),
        ("src/domain/id.rs", "fn f() -> &'static str { \"crate::store tokio\" }"),
        ("src/store/sled/door.rs", "fn f(db: &sled::Db) {}"),
        ("src/store/mod.rs", "pub use self::{memory::MemoryStore, sled::SledStore};"),
        ("src/server/run.rs", "use crate::{clock::Clock, wire::pb::v1 as pb};"),
    ];
    for (path, text) in cases {
        assert_none(&violations(&Source::of(path, text)));
    }
}
