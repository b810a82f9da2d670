//! `disclosure calendar`: notices recorded from a file, listed, and the days that they make.
#![cfg(test)]

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Ran, ServeProcess};

const OF_2027: &str = "
    notice   国办发明电〔2026〕8号   # made up
    title    国务院办公厅关于2027年部分节假日安排的通知
    gazetted 2026-11-10
    known    2026-11-12
    settles  2026-12-01..2027-11-30
    元旦     off 2027-01-01..2027-01-03 work 2026-12-27
    春节     off 2027-02-06..2027-02-12 work 2027-02-14";
const OF_A_REGION: &str = "
    notice   新政办明电〔2027〕1号
    title    关于2027年肉孜节放假的通知
    scope    xinjiang
    gazetted 2027-02-20
    known    2027-02-22
    肉孜节   off 2027-03-10";

struct Office {
    server: ServeProcess,
    dir: TempDir,
}

impl Office {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { server: ServeProcess::start(&dir.path().join("log")), dir }
    }

    fn record(&self, text: &str, rest: &[&str]) -> Ran {
        let file = self.dir.path().join("notices.txt");
        fs::write(&file, text).unwrap();
        self.server.run(&[&["calendar", "record", file.to_str().unwrap()], rest].concat())
    }

    fn days(&self, from: &str, to: &str, rest: &[&str]) -> String {
        let arguments = ["calendar", "days", "--from", from, "--to", to];
        self.server.run(&[&arguments[..], rest].concat()).ended(0).stdout
    }
}

#[test]
fn notices_of_a_file_are_recorded_once_and_move_the_calendar() {
    let office = Office::open();
    office.server.run(&["agency", "register", "--id", "xinjiang", "--name", "新疆"]).ended(0);
    let before = office.days("2026-12-26", "2026-12-27", &[]);
    assert_eq!(
        before,
        "2026-12-26\toff\tweekend\tprovisional\n2026-12-27\toff\tweekend\tprovisional\n\
         0 working days; the notices leave nothing open until 2026-11-30\n"
    );
    let both = format!("{OF_2027}\n{OF_A_REGION}");
    let first = office.record(&both, &[]).ended(0).stdout;
    assert_eq!(
        first,
        "recorded 国办发明电〔2026〕8号 国务院办公厅关于2027年部分节假日安排的通知 at position 2\n\
         recorded 新政办明电〔2027〕1号 关于2027年肉孜节放假的通知 at position 3\n"
    );
    let again = office.record(&both, &["--json"]).ended(0).objects();
    assert_eq!(
        again,
        [
            json!({ "number": "国办发明电〔2026〕8号", "position": 3, "unchanged": true }),
            json!({ "number": "新政办明电〔2027〕1号", "position": 3, "unchanged": true }),
        ]
    );
    let built_in = include_str!("../../src/domain/calendar/notices.txt");
    let built_in = office.record(built_in, &["--json"]).ended(0).objects();
    assert_eq!(built_in.len(), 10);
    assert!(built_in.iter().all(|said| said["unchanged"] == true), "{built_in:?}");

    let after = office.days("2026-12-26", "2026-12-27", &[]);
    assert_eq!(
        after,
        "2026-12-26\toff\tweekend\n2026-12-27\twork\t国办发明电〔2026〕8号 元旦\n\
         1 working days; the notices leave nothing open until 2027-11-30\n"
    );
    assert_eq!(office.days("2026-12-26", "2026-12-27", &["--known", "2026-11-11"]), before);
    let day = |rest: &[&str]| office.days("2027-03-10", "2027-03-10", rest);
    assert!(day(&[]).starts_with("2027-03-10\twork\tweekday\n"));
    assert!(
        day(&["--agency", "xinjiang"])
            .starts_with("2027-03-10\toff\t新政办明电〔2027〕1号 肉孜节\n")
    );
}

#[test]
fn the_list_says_all_that_is_on_record() {
    let office = Office::open();
    office.record(OF_2027, &[]).ended(0);
    let lines = office.server.run(&["calendar", "notices"]).ended(0).stdout;
    assert_eq!(lines.lines().count(), 11);
    let last = "国办发明电〔2026〕8号\t2026-11-10\t\t国务院办公厅关于2027年部分节假日安排的通知\t";
    assert_eq!(lines.lines().last(), Some(last));
    let objects = office.server.run(&["calendar", "notices", "--json"]).ended(0).objects();
    assert_eq!(
        objects[10],
        json!({
            "number": "国办发明电〔2026〕8号",
            "title": "国务院办公厅关于2027年部分节假日安排的通知",
            "agency": "",
            "gazetted_date": "2026-11-10",
            "known_date": "2026-11-12",
            "supersedes": "",
            "settles": ["2026-12-01", "2027-11-30"],
            "arrangements": [
                {
                    "occasion": "元旦",
                    "days_off": [["2027-01-01", "2027-01-03"]],
                    "days_worked": ["2026-12-27"],
                },
                {
                    "occasion": "春节",
                    "days_off": [["2027-02-06", "2027-02-12"]],
                    "days_worked": ["2027-02-14"],
                },
            ],
            "built_in": false,
            "position": 1,
            "replaced": false,
        })
    );
    let known = ["calendar", "notices", "--known", "2020-01-26"];
    assert_eq!(office.server.run(&known).ended(0).stdout.lines().count(), 3);
    let days = ["calendar", "days", "--from", "2026-10-08", "--to", "2026-10-10", "--json"];
    let objects = office.server.run(&days).ended(0).objects();
    assert_eq!(objects[2]["occasion"], "国庆节");
    assert_eq!(objects[3], json!({ "working_days": 3, "covered_until_date": "2027-11-30" }));
}

#[test]
fn what_cannot_be_is_refused_in_one_sentence() {
    let office = Office::open();
    office.record(OF_2027, &[]).ended(0);
    let other = OF_2027.replace("02-12", "02-11");
    for (text, code, parts) in [
        (other.as_str(), 2, ["is recorded with arrangements 元旦", "the request says 元旦"]),
        (OF_A_REGION, 2, ["no agency xinjiang is registered", "error: "]),
        (
            "元旦 off 2027-01-01",
            1,
            ["line 1: expected a line that begins with notice", "notices.txt"],
        ),
        ("# nothing", 1, ["holds no notice", "notices.txt"]),
    ] {
        let ran = office.record(text, &[]).ended(code);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        for part in parts {
            assert!(ran.stderr.contains(part), "{ran:?}");
        }
        let [error] = &office.record(text, &["--json"]).ended(code).error_objects()[..] else {
            panic!("not one error")
        };
        assert_eq!(error["error"]["exit_code"], code);
    }
    let nowhere = ["calendar", "record", "no-such-file.txt"];
    office.server.run(&nowhere).ended(3);
    for days in [["--from", "2026-02-30"], ["--from", "soon"]] {
        let arguments = [&["calendar", "days"], &days[..], &["--to", "2026-03-01"]].concat();
        office.server.run(&arguments).ended(2);
    }
    let backwards = ["calendar", "days", "--from", "2026-03-02", "--to", "2026-03-01"];
    let ran = office.server.run(&backwards).ended(2);
    assert!(ran.stderr.contains("last_date: 2026-03-01 lies before 2026-03-02"), "{ran:?}");
}

#[test]
fn working_days_are_counted_on_from_a_day() {
    let office = Office::open();
    let add = ["calendar", "add", "--after", "2020-01-20", "--days", "20"];
    let now = office.server.run(&add).ended(0).stdout;
    let mut lines = now.lines();
    assert_eq!(lines.next(), Some("2020-02-25"));
    assert_eq!(lines.next(), Some("2020-01-24\toff\t国办发明电〔2019〕16号 春节"));
    assert!(now.contains("2020-01-31\toff\t国办发明电〔2020〕1号 春节\n"), "{now}");
    assert!(!now.contains("\twork\t"), "{now}");
    let then = [&add[..], &["--known", "2020-01-20", "--json"]].concat();
    let then = office.server.run(&then).ended(0).object();
    assert_eq!(then["date"], "2020-02-21");
    assert_eq!(then["weekends_worked"][0]["date"], "2020-02-01");
    let none = ["calendar", "add", "--after", "2020-01-20", "--days", "0"];
    let refused = office.server.run(&none).ended(2);
    assert!(refused.stderr.contains("working_days"), "{refused:?}");
}
