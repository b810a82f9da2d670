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
fn tour() -> String {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, tour) = readme.split_once("## Five-minute tour").unwrap();
    let (tour, _) = tour.split_once("\n## ").unwrap();
    let mut script = String::from("set -e\n");
    for block in tour.split("```sh\n").skip(1) {
        let (commands, _) = block.split_once("```").unwrap();
        for line in commands.lines() {
            // The test has built the program already, and gives the server a port of its own.
            if line.starts_with("cargo ") || line.starts_with("export PATH") {
                continue;
            }
            match line.strip_prefix("disclosure serve ") {
                Some(rest) => {
                    let rest = rest.trim_end_matches(" &");
                    script += &format!("disclosure serve {rest} --listen 127.0.0.1:0 > served &\n");
                    script += "until grep -q serving served; do :; done\n";
                    script += "server=$(sed 's/serving on \\([^,]*\\),.*/\\1/' served)\n";
                }
                None => script += &format!("{line}\n"),
            }
        }
    }
    script
        .replace("disclosure agency", "disclosure --server $server agency")
        .replace("disclosure import", "disclosure --server $server import")
        .replace("disclosure narrative", "disclosure --server $server narrative")
        .replace("disclosure check --agency", "disclosure --server $server check --agency")
        .replace("disclosure report", "disclosure --server $server report")
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
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let run = Command::new("bash")
        .arg("-c")
        .arg(tour())
        .env("PATH", path)
        .current_dir(directory.path())
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}\n{err}\n{}", tour());
    assert!(out.contains("1711 events recorded"), "{out}");
    for file in ["report.html", "report.json", "then.md", "other-form.csv"] {
        assert!(fs::metadata(directory.path().join(file)).unwrap().len() > 1000, "{file}");
    }
}
