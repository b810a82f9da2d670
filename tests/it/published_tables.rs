//! Published reports with their arithmetic errors and blanks, checked by the built binary.
#![cfg(test)]
use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::support::run;

/// A finding, or what an expectation says of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    severity: String,
    id: String,
    place: String,
}

/// What must be found, and whether further warnings are permitted.
struct Expectation {
    lines: Vec<Line>,
    further_warnings: bool,
}

impl Expectation {
    fn read(text: &str) -> Self {
        let mut expectation = Self { lines: Vec::new(), further_warnings: false };
        for line in text.lines() {
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["warning", "..."] => expectation.further_warnings = true,
                [severity, id, place] => expectation.lines.push(Line {
                    severity: severity.to_owned(),
                    id: id.to_owned(),
                    place: place.to_owned(),
                }),
                _ => panic!("{line:?} is not an expectation"),
            }
        }
        expectation
    }

    /// Whether findings are what is expected: each line met, and nothing besides.
    #[track_caller]
    fn check(&self, file: &str, findings: &[Line]) {
        let meets = |expected: &Line, found: &Line| {
            let place = match expected.place.strip_suffix('*') {
                Some(start) => found.place.starts_with(start),
                None => found.place == expected.place,
            };
            place && found.severity == expected.severity && found.id == expected.id
        };
        for expected in &self.lines {
            let met = findings.iter().filter(|found| meets(expected, found)).count();
            let starred = expected.place.ends_with('*');
            assert!(
                met == 1 || starred && met > 1,
                "{file}: {expected:?} met {met} times\n{findings:#?}"
            );
        }
        for found in findings {
            let expected = self.lines.iter().any(|expected| meets(expected, found));
            let permitted = self.further_warnings && found.severity == "warning";
            assert!(expected || permitted, "{file}: {found:?} is not expected");
        }
    }
}

#[track_caller]
fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap_or_else(|| panic!("{member} of {object}"))
}

/// Checks one published report against the expectation beside it.
fn check(report: &Path) {
    let file = report.to_str().unwrap();
    let expectation = fs::read_to_string(report.with_extension("expect")).unwrap();
    let ran = run(&["check", "--published", file]);
    let mut findings = Vec::new();
    for object in ran.objects() {
        let line = |member| text(&object, member).to_owned();
        findings.push(Line { severity: line("severity"), id: line("id"), place: line("where") });
        assert!(!text(&object, "message").is_empty());
        check_sides(file, &object);
    }
    Expectation::read(&expectation).check(file, &findings);
    let any_error = findings.iter().any(|finding| finding.severity == "error");
    assert_eq!(ran.code, Some(i32::from(any_error)), "{file}");
    assert_eq!(ran.stderr, "", "{file}");
}

/// A relation that does not hold names its cell, both sides and the difference between them.
#[track_caller]
fn check_sides(file: &str, finding: &Value) {
    let relation = ["T3.", "T4."].iter().any(|start| text(finding, "id").starts_with(start));
    if text(finding, "severity") != "error" || !relation {
        return;
    }
    let [left, right, difference] = ["left", "right", "difference"]
        .map(|side| finding[side].as_f64().unwrap_or_else(|| panic!("{file}: {side}: {finding}")));
    assert!((left - right - difference).abs() < 1e-9, "{file}: {finding}");
    let cells = finding["cells"].as_array().unwrap();
    assert!(cells.contains(&finding["where"]), "{file}: {finding}");
}

fn reports() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixtures = fs::read_dir(root.join("tests/fixtures/published")).unwrap();
    let mut reports: Vec<_> = fixtures
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    reports.push(root.join("examples/shanghai-office-2019/published.json"));
    reports.sort();
    reports
}

#[test]
fn every_fault_of_a_published_report_is_found_and_no_other() {
    let reports = reports();
    assert!(reports.len() >= 12, "{reports:?}");
    for report in reports {
        check(&report);
    }
}

/// The cells of a report that take part in a relation of table three or four.
#[test]
fn a_count_changed_by_one_breaks_a_check_that_names_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let valid = fs::read_to_string(root.join("tests/fixtures/published/valid.json")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mutated.json");
    for cell in [
        "applications.new_received.natural_person",
        "applications.granted.natural_person",
        "applications.other.other_org",
        "applications.result_total.total",
        "applications.carried_out.legal_service_org",
        "remedies.review.pending",
        "remedies.suit_after_review.total",
    ] {
        let mut report: Value = serde_json::from_str(&valid).unwrap();
        let keys: Vec<_> = cell.split('.').collect();
        let table = &mut report["tables"][keys[0]];
        let slot = match keys[0] {
            "applications" => &mut table[keys[1..keys.len() - 1].join(".")][keys[keys.len() - 1]],
            _ => &mut table[keys[1..].join(".")],
        };
        *slot = Value::from(slot.as_i64().unwrap() + 1);
        fs::write(&path, report.to_string()).unwrap();
        let ran = run(&["check", "--published", path.to_str().unwrap()]).ended(1);
        let named = ran.objects().iter().any(|finding| {
            let cells = finding["cells"].as_array().unwrap();
            text(finding, "severity") == "error" && cells.contains(&Value::from(cell))
        });
        assert!(named, "{cell}: {}", ran.stdout);
    }
}

#[test]
fn what_is_no_published_report_is_refused_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("report.json");
    let file = path.to_str().unwrap();
    for (bytes, says) in [
        (&b"not json"[..], ""),
        (b"[]", ""),
        (b"{}", ""),
        (b"\xff\xfe", "UTF-8"),
        (br#"{"agency":"a","year":2020,"form":"2020","tables":{}}"#, "2020"),
        (br#"{"agency":"a","year":2018,"form":"2019","tables":{}}"#, "2018"),
    ] {
        fs::write(&path, bytes).unwrap();
        let ran = run(&["check", "--published", file]).ended(1);
        assert_eq!(ran.stdout, "");
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(file) && ran.stderr.contains(says), "{}", ran.stderr);
        let json = run(&["--json", "check", "--published", file]).ended(1);
        let [error] = &json.error_objects()[..] else { panic!("{json:?}") };
        assert_eq!(error["error"]["exit_code"], 1);
    }
    let missing = run(&["check", "--published", "no-such-file.json"]).ended(3);
    assert!(missing.stderr.contains("no-such-file.json"), "{}", missing.stderr);
}
