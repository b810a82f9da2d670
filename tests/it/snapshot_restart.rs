//! Stop the server, or kill it, and start it again: what was acknowledged is there, and every report
//! comes out byte for byte the same.
#![cfg(test)]

use std::path::Path;

use crate::support::{Ran, ServeProcess};

const FORMATS: [&str; 5] = ["json", "csv", "md", "html", "txt"];

fn import(server: &ServeProcess) -> Ran {
    let [applications, remedies] = ["applications", "remedies"]
        .map(|name| format!("examples/shanghai-office-2019/{name}.csv"));
    let files = ["--applications", &applications, "--remedies", &remedies];
    server.run(&[&["import", "--agency", "a"], &files[..]].concat()).ended(0)
}

fn year(server: &ServeProcess) {
    server.run(&["agency", "register", "--id", "a", "--name", "上海市政府办公厅"]).ended(0);
    import(server);
    let text = "examples/luoyang-2020/s1_overview.md";
    let set = ["narrative", "set", "--agency", "a", "--year", "2019", "--section", "s1_overview"];
    server.run(&[&set[..], &[text]].concat()).ended(0);
}

/// Every report of two years, in every format.
fn reports(server: &ServeProcess) -> Vec<String> {
    let report = |year: &str, format: &str, rest: &[&str]| {
        let arguments = ["report", "--agency", "a", "--year", year, "--format", format];
        server.run(&[&arguments[..], rest].concat()).ended(0).stdout
    };
    let mut reports = Vec::new();
    for format in FORMATS {
        for year in ["2019", "2020"] {
            reports.push(report(year, format, &[]));
        }
        reports.push(report("2019", format, &["--form", "2021", "--as-of", "500", "--subtree"]));
    }
    reports
}

fn check(stop: impl Fn(ServeProcess)) {
    let dir = tempfile::tempdir().unwrap();
    let data: &Path = &dir.path().join("log");
    let server = ServeProcess::start(data);
    year(&server);
    let before = reports(&server);
    stop(server);
    for _ in 0..2 {
        let server = ServeProcess::start(data);
        assert!(reports(&server) == before, "the same bytes");
        let again = import(&server);
        assert!(again.stdout.contains(" 0 events recorded"), "{}", again.stdout);
        assert!(reports(&server) == before, "the same bytes after a second import");
        stop(server);
    }
}

#[test]
fn a_server_that_was_told_to_stop_starts_again_with_the_same_reports() {
    check(|server| assert_eq!(server.terminate(), Some(0)));
}

#[test]
fn a_server_that_was_killed_starts_again_with_the_same_reports() {
    check(ServeProcess::kill);
}
