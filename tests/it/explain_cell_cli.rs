//! `disclosure explain-cell`, for clerks and for programs.
#![cfg(test)]

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use crate::support::ServeProcess;

const REGISTER: &str = "application_id,applicant_kind,receipt_date,conclusion_date,disposition
1,natural_person,2021-12-01,2021-12-20,granted
2,legal_service_org,2021-12-05,2022-01-04,partial
3,natural_person,2021-12-06,,
";
const FIGURES: &str = "year,cell,value
2021,art20_8.fees.amount_wan_yuan,1.5
";

/// A server with two agencies and the same register for each.
fn office() -> (ServeProcess, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let server = ServeProcess::start(&dir.path().join("log"));
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (register, figures) = (file("r.csv", REGISTER), file("f.csv", FIGURES));
    server.run(&["agency", "register", "--id", "sh", "--name", "上海"]).ended(0);
    let below = ["agency", "register", "--id", "sh-a", "--name", "甲", "--parent", "sh"];
    server.run(&below).ended(0);
    for agency in ["sh", "sh-a"] {
        let files = ["--applications", &register, "--proactive", &figures];
        server.run(&[&["import", "--agency", agency][..], &files].concat()).ended(0);
    }
    (server, dir)
}

fn explain<'a>(cell: &'a str, year: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let first = ["explain-cell", "--agency", "sh", "--year", year, "--cell", cell];
    first.into_iter().chain(rest.iter().copied()).collect()
}

#[test]
fn a_cell_is_explained_to_a_clerk_line_by_line() {
    let (server, _dir) = office();
    let said = server.run(&explain("applications.granted.total", "2021", &["--subtree"])).ended(0);
    let lines: Vec<_> = said.stdout.lines().collect();
    let [cell, rule, source, first, second] = lines[..] else { panic!("{lines:#?}") };
    assert_eq!(cell, "2021年度行「三、本年度办理结果／（一）予以公开」列「申请人情况／总计」：2");
    assert!(rule.starts_with("规则：2021年内办结"), "{rule}");
    assert!(source.starts_with("依据：国办公开办函〔2021〕30号"), "{source}");
    for (line, agency) in [(first, "sh"), (second, "sh-a")] {
        let start = format!(
            "{agency}\t1\t自然人\t收到2021-12-01\t办结2021-12-20\t予以公开\t作出处理2021-12-20\t第"
        );
        assert!(line.starts_with(&start), "{line}");
    }
    let zero = server.run(&explain("applications.partial.total", "2021", &[])).ended(0).stdout;
    assert!(zero.contains("列「申请人情况／总计」：0\n"), "{zero}");
    let near = "sh\t2\t法律服务机构\t收到2021-12-05\t办结2022-01-04\t部分公开\t于2022年办结。\n";
    assert!(zero.contains(near), "{zero}");
    let open = "sh\t3\t自然人\t收到2021-12-06\t尚未办结\t\t尚未办结。\n";
    assert!(zero.contains(open), "{zero}");
    let amount = "proactive.art20_8.fees.amount_wan_yuan";
    let amount = server.run(&explain(amount, "2021", &["--subtree"])).ended(0).stdout;
    assert!(
        amount.contains("：3万元\n") && amount.contains("sh-a\t2021年度\t申报1.5万元\t"),
        "{amount}"
    );
    let blank = server.run(&explain("proactive.art20_5.licences.decisions", "2021", &[])).ended(0);
    assert!(blank.stdout.contains("：空白\n"), "{}", blank.stdout);
    assert!(blank.stdout.contains("空白原因：2021年度尚未申报此项数字。\n"), "{}", blank.stdout);
}

#[test]
fn a_program_gets_one_object_a_line() {
    let (server, _dir) = office();
    let arguments = explain("applications.other.total", "2021", &["--form", "2019", "--json"]);
    let objects = server.run(&arguments).ended(0).objects();
    assert_eq!(objects.len(), 1);
    assert_eq!((&objects[0]["value"], &objects[0]["form"]), (&json!(0), &json!("2019")));
    let carried = explain("applications.carried_out.total", "2021", &["--json"]);
    let objects = server.run(&carried).ended(0).objects();
    assert_eq!(objects[0]["value"], 2);
    assert_eq!(objects.len(), 3);
    let listed: Vec<_> = objects[1..].iter().map(|entry| &entry["application"]).collect();
    assert_eq!(listed, ["2", "3"]);
    assert_eq!(objects[2]["event"]["event_type"], "disclosure.event.v1.ApplicationReceived");
    assert_eq!(objects[1]["disposition"], "partial");
    // As of before it was decided, it was open all the same.
    let position = objects[1]["event"]["position"].to_string();
    let then = [&carried[..], &["--as-of", &position]].concat();
    let then = server.run(&then).ended(0).objects();
    assert_eq!(then[1]["disposition"], json!(null));
}

#[test]
fn a_cell_that_is_not_known_is_a_usage_error_with_the_nearest_names() {
    let (server, _dir) = office();
    let ran = server.run(&explain("applications.grantd.total", "2021", &[])).ended(2);
    let said = "\"applications.grantd.total\" is not a cell of the 2021 form; the nearest are \
                applications.granted.total, ";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let ran = server.run(&explain("applications.granted.total", "2018", &[])).ended(2);
    assert!(ran.stderr.contains("selector.year"), "{}", ran.stderr);
}
