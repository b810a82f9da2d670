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

/// What is printed between two blocks of a tour.
const BLOCK_ENDS: &str = "-- end of a block --";

/// A tour of a document: its blocks of commands, and after each the lines that it must print.
struct Tour<'a>(Vec<(&'a str, Vec<&'a str>)>);

impl<'a> Tour<'a> {
    /// The blocks of a Markdown text that are `sh`, each with those after it that are `text`.
    fn read(document: &'a str) -> Self {
        let mut blocks: Vec<(&str, Vec<&str>)> = Vec::new();
        let fenced = document.split("\n```").skip(1).step_by(2);
        for block in fenced {
            let (kind, body) = block.split_once('\n').unwrap();
            match kind {
                "sh" => blocks.push((body, Vec::new())),
                "text" => blocks.last_mut().unwrap().1.extend(body.lines()),
                other => panic!("a tour has no blocks of {other:?}"),
            }
        }
        Self(blocks)
    }

    /// The commands as one script.
    ///
    /// The program is built already, and the server is given a port of its own.
    fn script(&self) -> String {
        let program = Path::new(env!("CARGO_BIN_EXE_disclosure")).parent().unwrap();
        let mut lines = vec![
            "set -e".to_owned(),
            "trap 'for job in $(jobs -p); do kill $job; done' EXIT".to_owned(),
            format!("export PATH=\"{}:$PATH\"", program.display()),
        ];
        for (block, _) in &self.0 {
            lines.extend(block.lines().flat_map(commands));
            lines.push(format!("echo '{BLOCK_ENDS}'"));
        }
        lines.join("\n")
    }

    /// Runs the commands in a directory of their own, which must print what the document says.
    #[track_caller]
    fn run(&self, directory: &Path) -> String {
        let linked = Command::new("cp")
            .args(["-r", root().join("examples").to_str().unwrap(), "."])
            .current_dir(directory)
            .status()
            .unwrap();
        assert!(linked.success());
        let script = self.script();
        let run =
            Command::new("bash").arg("-c").arg(&script).current_dir(directory).output().unwrap();
        let out = String::from_utf8(run.stdout).unwrap();
        let err = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{out}\n{err}\n{script}");
        let printed: Vec<_> = out.split(BLOCK_ENDS).collect();
        assert_eq!(printed.len(), self.0.len() + 1, "{out}");
        for ((block, expected), printed) in self.0.iter().zip(printed) {
            for line in expected {
                let found = printed.lines().any(|printed| printed == *line);
                assert!(found, "{block}\nprinted\n{printed}\nwithout the line\n{line}");
            }
        }
        out
    }
}

/// What a line of a tour is in its script.
fn commands(line: &str) -> Vec<String> {
    if line.starts_with("cargo ") || line.starts_with("export PATH") {
        return Vec::new();
    }
    if let Some(serve) = line.strip_suffix(" &") {
        return vec![
            format!("{serve} --listen 127.0.0.1:0 > served &"),
            "until grep -q serving served; do :; done".to_owned(),
            "server=$(sed 's/serving on \\([^,]*\\),.*/\\1/' served)".to_owned(),
        ];
    }
    match line.strip_prefix("disclosure ") {
        Some(call) if !call.contains("--data ") => {
            vec![format!("disclosure --server $server {call}")]
        }
        Some(_) | None => vec![line.to_owned()],
    }
}

#[test]
fn the_tour_of_the_readme_runs() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, tour) = readme.split_once("## Five-minute tour").unwrap();
    let (tour, _) = tour.split_once("\n## ").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let out = Tour::read(tour).run(directory.path());
    assert!(out.contains("1711 events recorded"), "{out}");
    for file in ["report.html", "report.json", "report.pdf", "then.md", "other-form.csv"] {
        assert!(fs::metadata(directory.path().join(file)).unwrap().len() > 1000, "{file}");
    }
}

#[test]
fn every_guide_runs_and_prints_what_it_says() {
    let mut guides = 0;
    for entry in fs::read_dir(root().join("docs/guides")).unwrap() {
        let guide = fs::read_to_string(entry.unwrap().path()).unwrap();
        let tour = Tour::read(&guide);
        assert!(tour.0.iter().any(|(_, expected)| !expected.is_empty()), "it promises nothing");
        let directory = tempfile::tempdir().unwrap();
        tour.run(directory.path());
        guides += 1;
    }
    assert!(guides > 0, "there are no guides");
}
