//! The documents say what is so.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use disclosure_ledger::statistics::catalogue::FORMS;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of every file below a directory.
fn texts_below(directory: &Path, texts: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts_below(&path, texts);
        } else {
            texts.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_identifier_in_the_glossary_exists() {
    let mut sources = String::new();
    texts_below(&root().join("src"), &mut sources);
    texts_below(&root().join("proto"), &mut sources);
    let cells: BTreeSet<String> = FORMS
        .iter()
        .flat_map(|form| form.cells().map(|cell| form.cell_name(cell)))
        .filter_map(|name| Some(name.split_once('.')?.1.to_owned()))
        .collect();
    let glossary = fs::read_to_string(root().join("docs/GLOSSARY.md")).unwrap();
    let identifiers: Vec<&str> = glossary.split('`').skip(1).step_by(2).collect();
    assert!(identifiers.len() > 150, "the glossary has lost its identifiers");
    let missing: Vec<_> = identifiers
        .into_iter()
        .filter(|id| !sources.contains(*id) && !cells.contains(*id))
        .collect();
    assert!(missing.is_empty(), "in the glossary, but nowhere else: {missing:?}");
}

#[test]
fn every_key_of_the_catalogue_is_in_the_glossary() {
    let glossary = fs::read_to_string(root().join("docs/GLOSSARY.md")).unwrap();
    for form in &FORMS {
        let rows = form.applications.rows.iter().map(|row| row.key);
        let columns = form.applications.columns.iter().map(|column| column.key);
        let remedies = form.remedies.columns.iter().map(|column| column.key);
        let figures = form.proactive_cells().map(|cell| cell.key);
        for key in rows.chain(columns).chain(remedies).chain(figures) {
            let (stem, last) = key.rsplit_once('.').unwrap_or(("", key));
            let whole = format!("`{key}`");
            let split = glossary.contains(stem) && glossary.contains(&format!(".{last}`"));
            assert!(glossary.contains(&whole) || split, "{key} of the {} form", form.id);
        }
    }
}

/// The commands of the tour, as one script.
///
/// The program is built already, and the server is given a port of its own.
fn tour(program: &Path) -> String {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, tour) = readme.split_once("## Five-minute tour").unwrap();
    let (tour, _) = tour.split_once("\n## ").unwrap();
    let blocks = tour.split("```sh\n").skip(1).filter_map(|block| Some(block.split_once("```")?.0));
    let path = format!("set -e\nexport PATH=\"{}:$PATH\"", program.display());
    let mut lines = vec![path];
    for line in blocks.flat_map(str::lines) {
        if line.starts_with("cargo ") || line.starts_with("export PATH") {
            continue;
        }
        if let Some(serve) = line.strip_suffix(" &") {
            lines.push(format!("{serve} --listen 127.0.0.1:0 > served &"));
            lines.push("until grep -q serving served; do :; done".to_owned());
            lines.push("server=$(sed 's/serving on \\([^,]*\\),.*/\\1/' served)".to_owned());
        } else if let Some(call) = line.strip_prefix("disclosure ")
            && !call.contains("--data ")
        {
            lines.push(format!("disclosure --server $server {call}"));
        } else {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n")
}

#[test]
fn the_tour_of_the_readme_runs() {
    let directory = tempfile::tempdir().unwrap();
    let linked = Command::new("cp")
        .args(["-r", root().join("examples").to_str().unwrap(), "."])
        .current_dir(directory.path())
        .status()
        .unwrap();
    assert!(linked.success());
    let program = Path::new(env!("CARGO_BIN_EXE_disclosure")).parent().unwrap();
    let run = Command::new("bash")
        .arg("-c")
        .arg(tour(program))
        .current_dir(directory.path())
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}\n{err}\n{}", tour(program));
    assert!(out.contains("1711 events recorded"), "{out}");
    for file in ["report.html", "report.json", "report.pdf", "then.md", "other-form.csv"] {
        assert!(fs::metadata(directory.path().join(file)).unwrap().len() > 1000, "{file}");
    }
}
