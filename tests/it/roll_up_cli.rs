//! `disclosure rollup`, `check --subtree`, `agency succeed` and `report --below`, by the built binary.
#![cfg(test)]

use std::fs;

use serde_json::Value;

use crate::support::{Ran, ServeProcess};

/// A server of its own with a city over two counties; applications at one of them.
struct City {
    dir: tempfile::TempDir,
    server: ServeProcess,
}

impl City {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = ServeProcess::start(&dir.path().join("data"));
        let city = Self { dir, server };
        for (id, parent) in [("city", ""), ("east", "city"), ("west", "city")] {
            let name = format!("{id} 政府");
            let mut register = vec!["agency", "register", "--id", id, "--name", &name];
            if !parent.is_empty() {
                register.extend(["--parent", parent]);
            }
            city.run(&register).ended(0);
        }
        let rows = "application_id,applicant_kind,receipt_date,conclusion_date,disposition\n\
                    1,natural_person,2021-12-01,2021-12-20,granted\n\
                    2,natural_person,2021-12-02,,\n\
                    3,natural_person,2021-12-03,,\n";
        let file = city.file("applications.csv");
        fs::write(&file, rows).unwrap();
        city.run(&["import", "--agency", "east", "--applications", &file]).ended(0);
        city
    }

    fn file(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.server.run(arguments)
    }
}

#[test]
fn a_city_is_rolled_up_before_and_after_a_split() {
    let city = City::open();
    let rollup = ["rollup", "--agency", "city", "--year"];
    let ran = city.run(&[&rollup[..], &["2021"]].concat()).ended(0);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("city 政府　2021 年度汇总"), "{ran:#?}");
    let row = |name: &str| {
        let line = lines.iter().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().rev().take(11).collect::<Vec<_>>()
    };
    // From the right: who reported, change, median, late, granted, suits, reviews, carried out,
    // concluded, carried in, received.
    assert_eq!(row("east"), ["0/1", "—", "13", "0.0%", "100.0%", "0", "0", "2", "1", "0", "3"]);
    assert_eq!(row("合计"), ["0/3", "—", "13", "0.0%", "100.0%", "0", "0", "2", "1", "0", "3"]);
    assert!(
        ran.stdout.contains("已报送 0 个，零报告 0 个，未报全 1 个，未报送 2 个。"),
        "{ran:#?}"
    );

    let missing = city.run(&[
        "--json",
        "rollup",
        "--agency",
        "city",
        "--year",
        "2021",
        "--coverage",
        "missing",
    ]);
    let missing = missing.ended(0).objects();
    let ids: Vec<_> = missing.iter().map(|item| item["agency"].as_str().unwrap()).collect();
    assert_eq!(ids, ["city", "west"]);

    city.run(&["agency", "register", "--id", "south", "--name", "南区", "--parent", "city"])
        .ended(0);
    let split = ["agency", "succeed", "--id", "east", "--successor", "west", "--from-year", "2022"];
    city.run(&[&split[..], &["--application", "south3"]].concat()).ended(2);
    city.run(&[&split[..], &["--application", "south=3"]].concat()).ended(0);
    let again = city.run(&[&split[..], &["--application", "south=3"]].concat()).ended(0);
    assert!(again.stdout.contains("recorded so already"), "{again:?}");
    let found =
        city.run(&["--json", "rollup", "--agency", "city", "--year", "2022"]).ended(0).object();
    let carried = |part: &Value| part["cells"]["applications.carried_in.total"].clone();
    let children: Vec<_> = found["children"]
        .as_array()
        .unwrap()
        .iter()
        .map(|child| format!("{} {}", child["agency"].as_str().unwrap(), carried(child)))
        .collect();
    assert_eq!(children, ["south 1", "west 1"]);
    assert_eq!(carried(&found["sum"]), 2);
    let gone =
        city.run(&["report", "--agency", "east", "--year", "2022", "--format", "json"]).ended(2);
    assert!(gone.stderr.contains("succeeded by west from 2022 on"), "{gone:?}");
}

#[test]
fn the_findings_of_a_subtree_are_told_with_their_agency() {
    let city = City::open();
    let check = ["check", "--agency", "city", "--year", "2021"];
    let found = city.run(&[&check[..], &["--subtree"]].concat()).ended(0).objects();
    let told: Vec<_> = found
        .iter()
        .map(|f| format!("{} {}", f["id"].as_str().unwrap(), f["agency"].as_str().unwrap()))
        .collect();
    assert_eq!(told, ["T2.UNDECLARED city", "T2.UNDECLARED east", "T2.UNDECLARED west"]);
    let errors = [&check[..], &["--subtree", "--severity", "error"]].concat();
    assert_eq!(city.run(&errors).ended(0).objects(), [] as [Value; 0]);
    let other = [&check[..], &["--subtree", "--id", "T3.CARRY"]].concat();
    assert_eq!(city.run(&other).ended(0).objects(), [] as [Value; 0]);
    assert_eq!(city.run(&check).ended(0).objects().len(), 1);

    // A total that counts one application too many.
    let published = city.file("published.json");
    let total = ["report", "--agency", "city", "--year", "2021", "--subtree", "--format", "json"];
    city.run(&[&total[..], &["--output", &published]].concat()).ended(0);
    let compare = ["rollup", "--agency", "city", "--year", "2021", "--published", &published];
    assert_eq!(city.run(&compare).ended(0).stdout, "");
    let text = fs::read_to_string(&published).unwrap();
    let mut report: Value = serde_json::from_str(&text).unwrap();
    report["tables"]["applications"]["granted"]["total"] = 2.into();
    fs::write(&published, report.to_string()).unwrap();
    let found = city.run(&compare).ended(1).object();
    assert_eq!(found["id"], "AGG.SUM");
    assert_eq!(found["where"], "applications.granted.total");
    assert_eq!((&found["left"], &found["right"]), (&2.into(), &1.into()));
}

#[test]
fn a_batch_goes_on_after_a_fault_and_is_taken_up_where_it_ended() {
    let city = City::open();
    let reports = city.file("reports");
    let batch = [
        "report", "--below", "city", "--year", "2021", "--format", "json", "--format", "md",
        "--output", &reports,
    ];
    // Something stands in the way of one report; the others are written.
    let blocked = city.dir.path().join("reports/east-2021.md");
    fs::create_dir_all(blocked.join("x")).unwrap();
    let ran = city.run(&batch).ended(1);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
    assert!(ran.stderr.starts_with("error: east md: "), "{ran:#?}");
    assert!(ran.stdout.starts_with("wrote 5, kept 0 that were there, 1 failed"), "{ran:#?}");
    fs::remove_dir_all(&blocked).unwrap();

    // One file is damaged, the manifest ends in the middle of a line.
    let damaged = city.dir.path().join("reports/west-2021.json");
    let whole = fs::read(&damaged).unwrap();
    fs::write(&damaged, &whole[..100]).unwrap();
    let manifest = city.dir.path().join("reports/manifest.jsonl");
    let text = fs::read_to_string(&manifest).unwrap();
    assert_eq!(text.lines().count(), 5);
    fs::write(&manifest, format!("{text}{{\"file\":\"ea")).unwrap();
    let summary = city.run(&[&["--json"], &batch[..]].concat()).ended(0).object();
    assert_eq!(
        (&summary["written"], &summary["kept"], &summary["failed"]),
        (&2.into(), &4.into(), &0.into())
    );
    assert_eq!(fs::read(&damaged).unwrap(), whole);
    let summary = city.run(&[&["--json"], &batch[..]].concat()).ended(0).object();
    assert_eq!((&summary["written"], &summary["kept"]), (&0.into(), &6.into()));

    // What was written is what a single report is, and the manifest says so.
    for agency in ["city", "east", "west"] {
        for format in ["json", "md"] {
            let single = city.file("single");
            let report = ["report", "--agency", agency, "--year", "2021", "--format", format];
            city.run(&[&report[..], &["--output", &single]].concat()).ended(0);
            let name = format!("{agency}-2021.{format}");
            assert_eq!(
                fs::read(city.file("reports") + "/" + &name).unwrap(),
                fs::read(single).unwrap()
            );
            let text = fs::read_to_string(&manifest).unwrap();
            assert!(
                text.lines().any(|line| line.contains(&format!("\"file\":\"{name}\""))),
                "{text}"
            );
        }
    }
    let names = fs::read_dir(city.file("reports")).unwrap();
    assert_eq!(names.count(), 7, "nothing unfinished is left");

    for wrong in [
        vec!["report", "--below", "city", "--year", "2021", "--format", "json"],
        vec![
            "report", "--below", "ghost", "--year", "2021", "--format", "json", "--output",
            &reports,
        ],
        vec![
            "report", "--agency", "city", "--below", "city", "--year", "2021", "--format", "json",
            "--output", &reports,
        ],
        vec!["report", "--agency", "city", "--year", "2021", "--format", "json", "--format", "md"],
        vec!["report", "--year", "2021", "--format", "json"],
    ] {
        city.run(&wrong).ended(2);
    }
}
