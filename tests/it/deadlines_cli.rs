//! `disclosure deadlines`, `explain`, `timeliness` and `fees`, for clerks and for programs.
#![cfg(test)]

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use crate::support::ServeProcess;

const REGISTER: &str = "application_id,applicant_kind,receipt_date,conclusion_date,disposition
1,natural_person,2020-01-20,,
2,natural_person,2020-01-20,2020-02-26,granted
3,natural_person,2020-01-06,,
";

/// A server with two agencies and the same register for each.
fn office() -> (ServeProcess, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let server = ServeProcess::start(&dir.path().join("log"));
    let file = dir.path().join("applications.csv");
    fs::write(&file, REGISTER).unwrap();
    let file = file.to_str().unwrap();
    server.run(&["agency", "register", "--id", "sh", "--name", "上海"]).ended(0);
    let below = ["agency", "register", "--id", "sh-a", "--name", "甲", "--parent", "sh"];
    server.run(&below).ended(0);
    for agency in ["sh", "sh-a"] {
        server.run(&["import", "--agency", agency, "--applications", file]).ended(0);
    }
    (server, dir)
}

#[test]
fn open_applications_are_listed_by_due_date() {
    let (server, _dir) = office();
    let columns = |rest: &[&str]| {
        let arguments = [&["deadlines", "--agency", "sh"], rest].concat();
        let lines = server.run(&arguments).ended(0).stdout;
        let kept = |line: &str| {
            let columns: Vec<_> = line.split('\t').collect();
            [columns[0], columns[2], columns[3], columns[4]].join(" ")
        };
        lines.lines().map(kept).collect::<Vec<_>>()
    };
    let own = ["2020-02-10 overdue sh 3", "2020-02-25 overdue sh 1"];
    assert_eq!(columns(&[]), own);
    assert_eq!(columns(&["--overdue"]), own);
    assert_eq!(
        columns(&["--overdue", "--subtree"]),
        [own[0], "2020-02-10 overdue sh-a 3", own[1], "2020-02-25 overdue sh-a 1"]
    );
    assert_eq!(columns(&["--within", "5"]), [""; 0]);
    assert_eq!(columns(&["--waiting"]), [""; 0]);
    let objects = server.run(&["deadlines", "--agency", "sh", "--json"]).ended(0).objects();
    assert_eq!(objects.len(), 2);
    assert_eq!(objects[1]["application"], "1");
    assert_eq!(objects[1]["due_date"], "2020-02-25");
    assert!(objects[1]["remaining_working_days"].as_i64().unwrap() < -1000, "{objects:?}");
}

#[test]
fn the_spring_festival_of_2020_is_explained_in_chinese() {
    let (server, _dir) = office();
    let explain = ["explain", "--agency", "sh", "--application", "1"];
    let now = server.run(&explain).ended(0).stdout;
    for sentence in [
        "2020年1月20日收到申请（以登记的日期为收到申请之日，条例第三十一条），当日不计入期限。\n",
        "国办发明电〔2020〕1号",
        "期限届满之日为2020年2月25日。\n",
    ] {
        assert!(now.contains(sentence), "{now}");
    }
    let then = server.run(&[&explain[..], &["--known", "2020-01-20"]].concat()).ended(0).stdout;
    assert!(then.contains("期限届满之日为2020年2月21日。\n"), "{then}");
    assert!(!then.contains("国办发明电〔2020〕1号"), "{then}");

    let object = server
        .run(&["explain", "--agency", "sh", "--application", "2", "--json"])
        .ended(0)
        .object();
    assert_eq!(object["deadline"]["state"], "late");
    assert_eq!(object["deadline"]["taken_working_days"], 21);
    assert_eq!(object["receipt_rule"], "stated");
    assert_eq!(object["known_date"], "2020-02-26");
    assert_eq!(
        object["findings"],
        json!([{
            "id": "DEADLINE.REPLY_LATE",
            "date": "2020-02-26",
            "limit_date": "2020-02-25",
            "working_days": 1,
        }])
    );
    let steps = object["steps"].as_array().unwrap();
    let kinds: Vec<_> = steps.iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["received", "allowed", "counted", "due"]);
    assert_eq!(steps[2]["days_off"][0]["occasion"], "春节");
}

#[test]
fn how_long_replies_took_is_said_of_an_agency_and_of_those_below_it() {
    let (server, _dir) = office();
    let ask = ["timeliness", "--agency", "sh", "--year", "2020"];
    assert_eq!(
        server.run(&ask).ended(0).stdout,
        "答复1件：按期0件，延期内0件，逾期1件。\n\
         用时中位数21个工作日，九成的答复不超过21个工作日。\n"
    );
    let all = server.run(&[&ask[..], &["--subtree", "--json"]].concat()).ended(0).object();
    assert_eq!(
        all,
        json!({
            "agency": "sh", "year": 2020, "subtree": true,
            "replies": 2, "prompt": 0, "extended": 0, "late": 2,
            "median_working_days": 21, "ninetieth_working_days": 21, "counts": [[21, 2]],
        })
    );
    let none = ["timeliness", "--agency", "sh", "--year", "2019"];
    let none = server.run(&none).ended(0).stdout;
    assert_eq!(none, "答复0件：按期0件，延期内0件，逾期0件。\n");
}

#[test]
fn a_year_without_fees_has_a_sentence_too() {
    let (server, _dir) = office();
    let of = |year| server.run(&["fees", "--agency", "sh", "--year", year]).ended(0).stdout;
    assert_eq!(of("2023"), "2023年，未发出收费通知，未实际收取信息处理费。\n");
    assert_eq!(of("2020"), "当年没有信息处理费。\n");
    let fees = ["fees", "--agency", "sh", "--year", "2023", "--subtree", "--json"];
    let object = server.run(&fees).ended(0).object();
    assert_eq!((&object["noticed_fen"], &object["paid_fen"]), (&json!(0), &json!(0)));
}

#[test]
fn what_cannot_be_answered_is_said_in_one_sentence() {
    let (server, _dir) = office();
    for (arguments, part) in [
        (&["deadlines", "--agency", "bj"][..], "no agency bj is registered"),
        (&["deadlines", "--agency", "sh", "--within", "1001"], "within_working_days"),
        (&["explain", "--agency", "sh", "--application", "9"], "no such application 9"),
        (&["timeliness", "--agency", "sh", "--year", "2000"], "year"),
    ] {
        let ran = server.run(arguments).ended(2);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        assert!(ran.stderr.contains(part), "{ran:?}");
    }
    server.run(&["deadlines", "--agency", "sh", "--overdue", "--waiting"]).ended(2);
}
