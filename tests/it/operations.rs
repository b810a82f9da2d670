//! What an operator does with a log, by the binary as its users run it: backing up, restoring,
//! exporting, taking over, verifying.
#![cfg(test)]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Ran, ServeProcess, run};

/// A directory of a test's own, in which things have names.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the binary; what begins with `@` names something here.
    fn run(&self, line: &str) -> Ran {
        let arguments = self.arguments(line);
        run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn ask(&self, server: &ServeProcess, line: &str) -> Ran {
        let arguments = self.arguments(line);
        server.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn arguments(&self, line: &str) -> Vec<String> {
        let place = |word: &str| match word.strip_prefix('@') {
            Some(name) => self.path(name).to_str().unwrap().to_owned(),
            None => word.to_owned(),
        };
        line.split(' ').map(place).collect()
    }
}

fn generate(place: &Place, server: &ServeProcess, year: i32) {
    let line = format!("generate --year {year} --agencies 3 --applications 40");
    place.ask(server, &line).ended(0);
}

fn events_and_root(object: &Value) -> (u64, String) {
    (object["events"].as_u64().unwrap(), object["root"].as_str().unwrap().to_owned())
}

/// What the log holds, apart from how it is laid out on the disk.
fn exported(place: &Place, data: &str) -> String {
    place.run(&format!("export --data {data} --output @exported")).ended(0);
    fs::read_to_string(place.path("exported")).unwrap()
}

#[test]
fn a_log_is_backed_up_while_it_is_served_and_restored_as_it_was() {
    let place = Place::new();
    let server = ServeProcess::start(&place.path("log"));
    generate(&place, &server, 2023);
    let first = place.ask(&server, "--json backup --to @backup").ended(0).object();
    assert_eq!(first["added"], first["events"]);
    generate(&place, &server, 2024);
    let second = place.ask(&server, "--json backup --to @backup").ended(0).object();
    assert_eq!(
        second["added"].as_u64(),
        Some(events_and_root(&second).0 - events_and_root(&first).0)
    );
    let verified = place.ask(&server, "--json verify").ended(0).object();
    assert_eq!(
        (events_and_root(&verified), &verified["faults"]),
        (events_and_root(&second), &0.into())
    );
    assert_eq!(server.terminate(), Some(0));

    let verified = place.run("--json verify --backup @backup").ended(0).object();
    assert_eq!(events_and_root(&verified), events_and_root(&second));
    let restored = place.run("--json restore --from @backup --data @restored").ended(0).object();
    assert_eq!(events_and_root(&restored), events_and_root(&second));
    let offline = place.run("--json verify --data @restored").ended(0).object();
    assert_eq!(offline, restored);
    let offline = place.run("--json backup --data @log --to @offline").ended(0).object();
    assert_eq!(events_and_root(&offline), events_and_root(&second));
    assert!(exported(&place, "@restored") == exported(&place, "@log"));

    let server = ServeProcess::start(&place.path("restored"));
    generate(&place, &server, 2025);
    let third = place.ask(&server, "--json backup --to @backup").ended(0).object();
    assert!(events_and_root(&third).0 > events_and_root(&second).0);
}

#[test]
fn an_export_is_taken_over_to_the_same_log() {
    let place = Place::new();
    let server = ServeProcess::start(&place.path("log"));
    generate(&place, &server, 2024);
    let told = place.ask(&server, "--json export --output @log.jsonl").ended(0).object();
    let streamed = place.ask(&server, "export").ended(0).stdout;
    assert_eq!(server.terminate(), Some(0));
    let text = fs::read_to_string(place.path("log.jsonl")).unwrap();
    assert!(streamed == text);
    assert_eq!(told["unreadable"], 0);

    let taken = place.run("--json import-log --from @log.jsonl --data @taken").ended(0).object();
    assert_eq!(events_and_root(&taken), events_and_root(&told));
    assert!(exported(&place, "@taken") == text);
    place.run("backup --data @log --to @b1").ended(0);
    place.run("backup --data @taken --to @b2").ended(0);
    for name in ["BACKUP", "00000000000000000001.frames"] {
        assert!(
            fs::read(place.path("b1").join(name)).unwrap()
                == fs::read(place.path("b2").join(name)).unwrap()
        );
    }
    check_in_python(&place.path("log.jsonl"), &told);
}

/// A second program, written from the documentation alone, finds the same.
fn check_in_python(path: &Path, told: &Value) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/read_export.py");
    let read = match Command::new("python3").arg(script).arg(path).output() {
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => {
            // Seen although the test passes.
            let skipped = "skipped: python3 is missing, so nobody else has read the export";
            writeln!(std::io::stderr(), "{skipped}").unwrap();
            return;
        }
        read => read.unwrap(),
    };
    let (events, root) = events_and_root(told);
    let said = String::from_utf8_lossy(&read.stdout);
    assert_eq!(
        said.trim(),
        format!("{events} {root}"),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
}

/// The page on the format, and the example in it.
fn format_page() -> (String, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/export-format.md");
    let page = fs::read_to_string(path).unwrap();
    let example = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap().to_owned();
    (page, example)
}

#[test]
fn the_example_of_the_format_is_an_export() {
    let place = Place::new();
    let (_, example) = format_page();
    fs::write(place.path("example.jsonl"), &example).unwrap();
    let taken =
        place.run("--json import-log --from @example.jsonl --data @taken").ended(0).object();
    assert_eq!(exported(&place, "@taken"), example);
    check_in_python(&place.path("example.jsonl"), &taken);
}

#[test]
fn the_page_on_the_format_explains_every_member_and_no_other() {
    let (page, example) = format_page();
    let lines: Vec<Value> =
        example.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let members = |line: &Value| line.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let shown: Vec<_> =
        [0, 1, lines.len() - 1].iter().flat_map(|at| members(&lines[*at])).collect();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    assert_eq!(rows.map(|(member, _)| member.to_owned()).collect::<Vec<_>>(), shown);
}

#[test]
fn an_export_that_is_not_as_it_was_written_is_refused_by_line_and_leaves_no_ledger() {
    let (_, example) = format_page();
    let lines: Vec<&str> = example.lines().collect();
    let text = |lines: &[&str]| lines.join("\n") + "\n";
    let cases: Vec<(String, &str)> = vec![
        (String::new(), "line 1: expected the first line of a disclosure-ledger export"),
        ("hello\n".to_owned(), "line 1: expected the first line"),
        (example.replace("\"version\":1,\"log_id\"", "\"version\":2,\"log_id\""), "line 1: version 2 is later"),
        (text(&lines[..4]), "line 5: the end line is missing"),
        (example.trim_end().to_owned(), "line 5: it has no end"),
        (example[..example.len() / 2].to_owned(), "it has no end"),
        (text(&[lines[0], lines[1], lines[3], lines[4]]), "line 3: position: expected 2, not 3"),
        (text(&[lines[0], lines[1], lines[3], lines[2], lines[4]]), "line 3: position: expected 2, not 3"),
        (text(&[lines[0], lines[1], lines[4]]), "line 3: the end line counts 3 events, there are 1"),
        (example.replace("\"events\":3,\"root\":\"aa", "\"events\":3,\"root\":\"ab"), "line 5: root: is aa29"),
        (format!("{example}{{}}\n"), "line 6: there is something after the end line"),
        (example.replace(".159269Z", ".159268Z"), "line 3: leaf: is"),
        (example.replace("CgFhEggy", "CgFhEggz"), "line 3: leaf: is"),
        (example.replace("\"payload\":\"CgFh", "\"payload\":\"*gFh"), "line 2: payload: "),
        (example.replace("\"record_time\":\"2026-11-24T02:56:18.138953Z\"", "\"record_time\":\"soon\""), "line 2: record_time: expected a time such as"),
        (example.replace("\"key\":\"c5", "\"key\":\"C\""), "line 2: "),
        (example.replace("\"key\":\"c5", "\"key\":\"zz"), "line 2: request: expected key and fingerprint"),
        (example.replace("\"stream\":\"agency-a\"", "\"stream\":\"\""), "line 2: stream: stream name must be"),
        (example.replace("\"leaf\":\"87", "\"leaves\":\"87"), "line 2: unknown field `leaves`"),
        (example.replace("\"version\":1,\"previous\":0,\"event_type\":\"disclosure.event.v1.AgencyRegistered\"", "\"version\":0,\"previous\":0,\"event_type\":\"\""), "line 2: version: stream version must be"),
        (example.replace("\"position\":1,\"frame\":1", "\"position\":1,\"frame\":0"), "line 2: frame: expected 1, not 0"),
    ];
    for (text, reason) in cases {
        let place = Place::new();
        fs::write(place.path("bad.jsonl"), &text).unwrap();
        let refused = place.run("--json import-log --from @bad.jsonl --data @taken").ended(1);
        let [error] = &refused.error_objects()[..] else { panic!("{refused:#?}") };
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(reason), "{reason}: {message}");
        assert!(!place.path("taken/LEDGER").exists(), "{reason}");
        fs::write(place.path("good.jsonl"), &example).unwrap();
        place.run("import-log --from @good.jsonl --data @taken").ended(0);
    }
}

#[test]
fn commands_that_cannot_be_say_so_with_their_exit_code() {
    let place = Place::new();
    let server = ServeProcess::start(&place.path("log"));
    generate(&place, &server, 2024);
    place.ask(&server, "backup --to @backup").ended(0);
    fs::create_dir(place.path("photos")).unwrap();
    fs::write(place.path("photos/a.jpg"), "x").unwrap();
    let in_use = |line| (3, line, "is in use by process");
    let offline = [
        (2, "backup --to @photos --data @log", "is neither empty nor a backup"),
        (2, "backup --to @new --data @nothing", "there is no ledger in"),
        in_use("backup --to @new --data @log"),
        in_use("verify --data @log"),
        in_use("export --data @log"),
        (2, "restore --from @photos --data @new", "is neither empty nor a backup"),
        (3, "restore --from @nothing --data @new", "cannot read"),
        (2, "restore --from @backup --data @log", "is not empty; nothing is ever restored over"),
        (2, "restore --from @backup --data @photos", "is not empty"),
        (2, "import-log --from @photos/a.jpg --data @photos", "is not empty"),
        (3, "import-log --from @nothing --data @new", "cannot read"),
        (2, "verify --data @log --backup @backup", "cannot be used with"),
        (2, "verify --data @log --server http://127.0.0.1:1", "not both"),
        (2, "backup --data @log --to @new --server http://127.0.0.1:1", "not both"),
        (3, "backup --to @new --server http://127.0.0.1:1", "cannot reach the server"),
        (3, "verify --server http://127.0.0.1:1", "cannot reach the server"),
        (2, "backup", "required arguments were not provided"),
        (2, "restore --from @backup", "required arguments were not provided"),
    ];
    // A file that begins as an export does, for the case that asks about the directory.
    fs::write(place.path("photos/a.jpg"), format_page().1).unwrap();
    for (code, line, reason) in offline {
        let refused = place.run(&format!("--json {line}")).ended(code);
        let [error] = &refused.error_objects()[..] else { panic!("{line}: {refused:#?}") };
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(reason), "{line}: {message}");
        assert_eq!(error["error"]["exit_code"], code, "{line}");
    }
    assert_eq!(fs::read_dir(place.path("photos")).unwrap().count(), 1);

    // A log that ends before the backup, and another log.
    assert_eq!(server.terminate(), Some(0));
    let other = ServeProcess::start(&place.path("other"));
    let shorter = place.ask(&other, "backup --to @backup").ended(2);
    assert!(shorter.stderr.contains("the log ends at position 0, before"), "{shorter:#?}");
    generate(&place, &other, 2024);
    generate(&place, &other, 2025);
    let another = place.ask(&other, "backup --to @backup").ended(2);
    let known = ["is of log", "no frame of the log ends at"];
    assert!(known.iter().any(|known| another.stderr.contains(known)), "{another:#?}");
}

#[test]
fn a_running_server_tells_the_faults_of_its_log() {
    let place = Place::new();
    let server = ServeProcess::start(&place.path("log"));
    generate(&place, &server, 2024);
    let segment = place.path("log/journal/00000000000000000001.seg");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[3000] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let found = place.ask(&server, "--json verify").ended(1).objects();
    assert_eq!(found[0]["part"], "journal");
    assert_eq!(found.last().unwrap()["faults"], found.len() - 1);
    // The backup takes what sled has, which is whole.
    place.ask(&server, "backup --to @backup").ended(0);
    generate(&place, &server, 2025);
    place.run("verify --backup @backup").ended(0);
}
