//! `disclosure record`: acts as JSON, recorded in their order, refused by line and field.
#![cfg(test)]

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Ran, ServeProcess};

const RECEIVED: &str = r#"{"receive_application":{"application_id":"7","applicant_kind":"APPLICANT_KIND_NATURAL_PERSON","receipt_date":"2025-03-03"}}"#;
const CONSULTED: &str = r#"{"consultThirdParty":{"applicationId":"7","consultation":1,"sentDate":{"year":2025,"month":3,"day":10}}}"#;
const ANSWERED: &str = r#"{"register_third_party_opinion":{"application_id":"7","consultation":1,"opinion":"THIRD_PARTY_OPINION_CONSENTS","answer_date":"2025-03-26"}}"#;
/// A number of working days that no notice can state.
const OVERLONG: &str =
    r#"{"extend_deadline":{"application_id":"7","notice_date":"2025-03-27","working_days":1000}}"#;
/// An act upon an application of which nothing is recorded.
const UNKNOWN: &str =
    r#"{"extend_deadline":{"application_id":"8","notice_date":"2025-03-27","working_days":20}}"#;

/// A server with one agency, and a place for a file.
struct Office {
    server: ServeProcess,
    dir: TempDir,
}

impl Office {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = ServeProcess::start(&dir.path().join("log"));
        server.run(&["agency", "register", "--id", "a", "--name", "某市司法局"]).ended(0);
        Self { server, dir }
    }

    fn path(&self) -> String {
        self.dir.path().join("acts.jsonl").to_str().unwrap().to_owned()
    }

    fn record(&self, lines: &[&str], options: &[&str]) -> Ran {
        fs::write(self.path(), lines.join("\n")).unwrap();
        let path = self.path();
        self.server.run(&[&["record", "--agency", "a", &path], options].concat())
    }

    /// When the reply to the one application is due; `None` if there is no such application.
    fn due(&self) -> Option<String> {
        let ask = ["explain", "--agency", "a", "--application", "7", "--json"];
        let ran = self.server.run(&[&ask[..], &["--known", "2025-03-26"]].concat());
        if ran.code != Some(0) {
            return None;
        }
        ran.object()["deadline"]["due_date"].as_str().map(ToOwned::to_owned)
    }
}

/// Acts, recorded, unchanged and faults of a summary.
#[track_caller]
fn summary(ran: &Ran) -> [u64; 4] {
    let object = ran.object();
    ["acts", "recorded", "unchanged", "faults"].map(|member| object[member].as_u64().unwrap())
}

#[test]
fn acts_are_recorded_in_the_order_of_their_lines() {
    let office = Office::open();
    let ran = office.record(&[RECEIVED, "", CONSULTED, ANSWERED], &[]).ended(0);
    assert_eq!(
        ran.stdout,
        "3 acts read, 3 events recorded, 0 acts were recorded already, 0 faults\n"
    );
    assert_eq!(office.due().as_deref(), Some("2025-04-17"));
}

#[test]
fn the_same_line_sent_twice_is_recorded_once() {
    let office = Office::open();
    let once = office.record(&[RECEIVED, CONSULTED, CONSULTED], &["--json"]).ended(0);
    assert_eq!(summary(&once), [3, 2, 1, 0]);
    // Another way of writing the same, in another order of members.
    let again = r#"{ "consult_third_party": {"sent_date": "2025-03-10", "consultation": 1, "application_id": "7", "agency_id": "a"} }"#;
    let twice = office.record(&[RECEIVED, again, ANSWERED], &["--json"]).ended(0);
    assert_eq!(summary(&twice), [3, 1, 2, 0]);
    let position = |ran: Ran| ran.ended(0).object()["position"].as_u64().unwrap();
    let ask = ["explain", "--agency", "a", "--application", "7", "--json"];
    let before = position(office.server.run(&ask));
    let thrice = office.record(&[RECEIVED, CONSULTED, ANSWERED], &["--json"]).ended(0);
    assert_eq!(summary(&thrice), [3, 0, 3, 0]);
    assert_eq!(position(office.server.run(&ask)), before);
}

#[test]
fn one_bad_line_keeps_all_from_being_recorded_and_every_fault_is_named() {
    let office = Office::open();
    let misspelt = CONSULTED.replace("sentDate", "sendDate");
    let ran = office.record(&[RECEIVED, &misspelt, "{", UNKNOWN], &[]).ended(1);
    assert_eq!(
        ran.stdout,
        "4 acts read, 3 faults; nothing was recorded (--keep-going records the good acts)\n"
    );
    let path = office.path();
    let expected = [
        format!(
            "{path}:2: consult_third_party.sendDate: found \"sendDate\", expected one of write, \
             agency_id, application_id, consultation, sent_date, delivery_date"
        ),
        format!(
            "{path}:3: found \"{{\", expected one JSON object (EOF while parsing an object at \
             column 1)"
        ),
        format!("{path}:4: extend_deadline.application_id: "),
    ];
    let said: Vec<_> = ran.stderr.lines().collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(said[..2], expected[..2]);
    assert!(said[2].starts_with(&expected[2]), "{said:?}");
    assert_eq!(office.due(), None);
}

#[test]
fn a_line_that_the_server_refuses_is_named_by_the_path_of_its_field() {
    let office = Office::open();
    let ran = office.record(&[RECEIVED, OVERLONG], &["--json"]).ended(1);
    assert_eq!(summary(&ran), [2, 0, 0, 1]);
    let [fault] = &ran.error_objects()[..] else { panic!("{ran:?}") };
    assert_eq!(fault["line"], 2);
    assert_eq!(fault["field"], "extend_deadline.working_days");
    assert_eq!(fault["reason"], "INVALID_FIELD");
    assert_eq!(fault["found"], Value::Null);
    assert_eq!(office.due(), None);
}

#[test]
fn the_good_acts_are_recorded_when_told_to_keep_going() {
    let office = Office::open();
    let lines = [RECEIVED, UNKNOWN, CONSULTED, "[]", ANSWERED];
    let ran = office.record(&lines, &["--keep-going", "--json"]).ended(1);
    assert_eq!(summary(&ran), [5, 3, 0, 2]);
    let faults = ran.error_objects();
    assert_eq!(faults.iter().map(|fault| &fault["line"]).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(faults[0]["reason"], "APPLICATION_NOT_FOUND");
    assert_eq!(faults[1]["found"], "[]");
    assert_eq!(office.due().as_deref(), Some("2025-04-17"));
}

#[test]
fn a_dry_run_judges_each_act_upon_those_before_it_and_records_nothing() {
    let office = Office::open();
    let ran = office.record(&[RECEIVED, CONSULTED, ANSWERED], &["--dry-run"]).ended(0);
    assert_eq!(
        ran.stdout,
        "3 acts read, 3 events would be recorded, 0 acts are recorded already, 0 faults; nothing \
         was recorded\n"
    );
    assert_eq!(office.due(), None);
    let ran = office.record(&[RECEIVED, UNKNOWN], &["--dry-run", "--json"]).ended(1);
    assert_eq!(summary(&ran)[3], 1);
}

#[test]
fn what_cannot_be_read_is_no_fault_of_its_lines() {
    let office = Office::open();
    office.server.run(&["record", "--agency", "a", "no-such-file"]).ended(3);
    office.server.run(&["record", "--agency", "a"]).ended(2);
    let ran = office.record(&[&RECEIVED.replace("{\"app", "{\"agency_id\":\"b\",\"app")], &[]);
    let expected =
        "receive_application.agency_id: found \"b\", expected \"a\", the --agency, or nothing\n";
    assert!(ran.ended(1).stderr.ends_with(expected));
    let nothing = office.server.run(&["record", "--agency", "a", "-"]).ended(0);
    assert!(nothing.stdout.starts_with("0 acts read"), "{nothing:?}");
}
