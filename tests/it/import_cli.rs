//! The built binary from end to end: registers imported, reports fetched, faults named.
#![cfg(test)]
use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    oracle::{KINDS, LEAVES},
    support::{Ran, ServeProcess, run, run_refused_serve},
};

const LUOYANG: &str = "examples/luoyang-2020";
const SHANGHAI: &str = "examples/shanghai-office-2019";

/// Luoyang Justice Bureau 2020, as `domain.md` A.1 prints it.
const A1_APPLICATIONS: &str = "
    new_received,1,0,0,0,0,0,1
    carried_in,0,0,0,0,0,0,0
    granted,1,0,0,0,0,0,1
    result_total,1,0,0,0,0,0,1
    carried_out,0,0,0,0,0,0,0";
const A1_REMEDIES: &str = "";
const A1_PROACTIVE: &str = "
    art20_1.regulations,made,0,disclosed,0,total_disclosed,0
    art20_1.normative_documents,made,0,disclosed,0,total_disclosed,0
    art20_5.licences,prev_items,2,change,0,decisions,856
    art20_5.other_services,prev_items,26,change,0,decisions,1483
    art20_6.penalties,prev_items,50,change,0,decisions,0
    art20_6.coercions,prev_items,0,change,0,decisions,0
    art20_8.fees,prev_items,0,change,0
    art20_9.procurement,projects,0,amount_wan_yuan,0";

/// Shanghai General Office 2019, as `domain.md` A.2 prints it.
const A2_APPLICATIONS: &str = "
    new_received,821,35,0,0,2,1,859
    carried_in,18,0,0,0,0,0,18
    granted,258,12,0,0,1,1,272
    partial,3,0,0,0,0,0,3
    not_disclosed.state_secret,14,0,0,0,0,0,14
    not_disclosed.internal_affairs,5,0,0,0,0,0,5
    not_disclosed.process_information,3,1,0,0,0,0,4
    not_disclosed.administrative_inquiry,10,2,0,0,0,0,12
    unable.not_held,252,12,0,0,1,0,265
    unable.requires_creation,44,3,0,0,0,0,47
    unable.unclear_after_correction,25,0,0,0,0,0,25
    not_processed.petition_complaint,148,1,0,0,0,0,149
    not_processed.duplicate,5,4,0,0,0,0,9
    result_total,767,35,0,0,2,1,805
    carried_out,72,0,0,0,0,0,72";
const A2_REMEDIES: &str = "review,5,0,0,2,7\nsuit_direct,8,0,0,1,9";

/// A server of its own on an empty ledger, and a place for files.
struct Office {
    server: ServeProcess,
    dir: TempDir,
}

impl Office {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = ServeProcess::start(&dir.path().join("log"));
        let office = Self { server, dir };
        office.run(&["agency", "register", "--id", "a", "--name", "某市司法局"]).ended(0);
        office
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.server.run(arguments)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn report(&self, year: &str) -> Value {
        let ran = self.run(&["report", "--agency", "a", "--year", year, "--format", "json"]);
        serde_json::from_str(&ran.ended(0).stdout).unwrap()
    }

    fn head(&self) -> u64 {
        self.report("2020")["as_of_position"].as_u64().unwrap()
    }

    /// Imports one file of applications from memory, with `--json`.
    fn import(&self, bytes: impl AsRef<[u8]>, options: &[&str]) -> Ran {
        let path = self.file("applications.csv", bytes);
        let mut arguments = vec!["--json", "import", "--agency", "a", "--applications", &path];
        arguments.extend(options);
        self.run(&arguments)
    }

    fn import_example(&self, example: &str, options: &[&str]) -> Ran {
        let file = |name: &str| format!("{example}/{name}.csv");
        let (applications, remedies) = (file("applications"), file("remedies"));
        let proactive = file("proactive");
        let mut arguments = vec!["--json", "import", "--agency", "a"];
        arguments.extend(["--applications", &applications, "--remedies", &remedies]);
        if example == LUOYANG {
            arguments.extend(["--proactive", &proactive]);
        }
        arguments.extend(options);
        self.run(&arguments)
    }
}

/// Rows, recorded, unchanged and faults of an import's summary.
#[track_caller]
fn summary(ran: &Ran) -> [u64; 4] {
    let object = ran.object();
    ["rows", "recorded", "unchanged", "faults"].map(|member| object[member].as_u64().unwrap())
}

/// The rows of the form of 2019: its leaves, one row for all others, and the four that frame them.
fn rows_of_2019() -> Vec<&'static str> {
    let leaves = LEAVES.into_iter().filter(|leaf| !leaf.starts_with("other."));
    let frame = ["new_received", "carried_in", "other", "result_total", "carried_out"];
    leaves.chain(frame).collect()
}

/// The printed rows with 0 in every other cell of table three and four.
fn expected(applications: &str, remedies: &str) -> BTreeMap<String, i64> {
    let columns = || KINDS.into_iter().chain(["total"]);
    let ends = ["upheld", "corrected", "other", "pending", "total"];
    let mut cells = BTreeMap::new();
    for row in rows_of_2019() {
        cells.extend(columns().map(|column| (format!("applications.{row}.{column}"), 0)));
    }
    for block in ["review", "suit_direct", "suit_after_review"] {
        cells.extend(ends.map(|column| (format!("remedies.{block}.{column}"), 0)));
    }
    for line in applications.split_whitespace() {
        let (row, values) = line.split_once(',').unwrap();
        for (column, value) in columns().zip(values.split(',')) {
            cells.insert(format!("applications.{row}.{column}"), value.parse().unwrap());
        }
    }
    for line in remedies.split_whitespace() {
        let (block, values) = line.split_once(',').unwrap();
        for (column, value) in ends.into_iter().zip(values.split(',')) {
            cells.insert(format!("remedies.{block}.{column}"), value.parse().unwrap());
        }
    }
    cells
}

/// Every counted cell of a report in JSON.
fn counted(report: &Value) -> BTreeMap<String, i64> {
    let mut cells = BTreeMap::new();
    for (row, columns) in report["tables"]["applications"].as_object().unwrap() {
        for (column, value) in columns.as_object().unwrap() {
            cells.insert(format!("applications.{row}.{column}"), value.as_i64().unwrap());
        }
    }
    for (column, value) in report["tables"]["remedies"].as_object().unwrap() {
        cells.insert(format!("remedies.{column}"), value.as_i64().unwrap());
    }
    cells
}

#[track_caller]
fn check_a1(report: &Value) {
    assert_eq!(counted(report), expected(A1_APPLICATIONS, A1_REMEDIES));
    let mut proactive = BTreeMap::new();
    for line in A1_PROACTIVE.split_whitespace() {
        let parts: Vec<_> = line.split(',').collect();
        for pair in parts[1..].chunks(2) {
            let value: i64 = pair[1].parse().unwrap();
            proactive.insert(format!("{}.{}", parts[0], pair[0]), Value::from(value));
        }
    }
    let found: BTreeMap<_, _> = report["tables"]["proactive"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(cell, value)| (cell.clone(), value.clone()))
        .collect();
    assert_eq!(found, proactive);
    assert_eq!(report["form"], "2019");
}

#[test]
fn the_luoyang_year_comes_back_as_it_was_published() {
    let office = Office::open();
    let ran = office.import_example(LUOYANG, &[]).ended(0);
    assert_eq!(summary(&ran), [23, 3, 0, 0]);
    check_a1(&office.report("2020"));
    let check = office.run(&["check", "--agency", "a", "--year", "2020"]).ended(0);
    assert!(check.objects().iter().all(|finding| finding["severity"] != "error"));
    assert_eq!(summary(&office.import_example(LUOYANG, &[]).ended(0)), [23, 0, 3, 0]);
}

#[test]
fn the_shanghai_year_comes_back_as_it_was_published() {
    let office = Office::open();
    let dry = office.import_example(SHANGHAI, &["--dry-run"]).ended(0);
    let [rows, events, unchanged, faults] = summary(&dry);
    assert_eq!((rows, unchanged, faults), (877 + 16, 0, 0));
    assert_eq!((office.head(), &dry.object()["dry_run"]), (1, &Value::Bool(true)));
    let ran = office.import_example(SHANGHAI, &[]).ended(0);
    assert_eq!(summary(&ran), [rows, events, 0, 0]);
    assert_eq!(events, 877 + 805 + 16 + 13);
    let report = office.report("2019");
    assert_eq!(counted(&report), expected(A2_APPLICATIONS, A2_REMEDIES));
    assert!(report["tables"]["proactive"].as_object().unwrap().values().all(Value::is_null));

    let head = office.head();
    assert_eq!(summary(&office.import_example(SHANGHAI, &[]).ended(0)), [rows, 0, events, 0]);
    assert_eq!(office.head(), head);
}

#[test]
fn other_content_for_a_logged_row_is_an_error_that_names_both() {
    let office = Office::open();
    office.import_example(LUOYANG, &[]).ended(0);
    let head = office.head();
    let header = "application_id,applicant_kind,receipt_date,conclusion_date,disposition,channel\n";
    for (row, column, both) in [
        (
            "2020-001,natural_person,2020-06-08,2020-06-22,partial,internet",
            "disposition",
            ["granted", "partial"],
        ),
        (
            "2020-001,natural_person,2020-06-08,,,internet",
            "conclusion_date",
            ["concluded on 2020-06-22 as granted", "still open"],
        ),
        (
            "2020-001,natural_person,2020-06-08,2020-06-23,granted,internet",
            "disposition",
            ["2020-06-22", "2020-06-23"],
        ),
        (
            "2020-001,natural_person,2020-06-09,2020-06-22,granted,internet",
            "application_id",
            ["2020-06-08", "2020-06-09"],
        ),
        (
            "2020-001,other_org,2020-06-08,2020-06-22,granted,internet",
            "application_id",
            ["natural_person", "other_org"],
        ),
        (
            "2020-001,natural_person,2020-06-08,2020-06-22,granted,fax",
            "application_id",
            ["internet", "fax"],
        ),
    ] {
        let good = "2020-002,natural_person,2020-07-01,,,\n";
        let ran = office.import(format!("{header}{good}{row}\n"), &[]).ended(1);
        let [fault] = &ran.error_objects()[..] else { panic!("{ran:#?}") };
        assert_eq!((&fault["line"], &fault["column"]), (&3.into(), &column.into()), "{fault}");
        let message = fault["message"].as_str().unwrap();
        assert!(both.iter().all(|content| message.contains(content)), "{message}");
        assert_eq!(summary(&ran), [2, 0, 0, 1]);
        assert_eq!(office.head(), head, "{row}");
    }
}

#[test]
fn cells_may_hold_the_official_labels() {
    let office = Office::open();
    let applications = office.file(
        "applications.csv",
        "application_id,applicant_kind,receipt_date,conclusion_date,disposition,channel\n\
         〔2021〕1号,自然人,2021年3月2日,2021/3/20,予以公开,网络\n\
         〔2021〕2号,商业企业,2021.3.2,2021-03-20,属于国家秘密,当面\n\
         〔2021〕3号,法律服务机构,2021-03-02,2021-03-20,本机关不掌握相关政府信息,传真\n\
         〔2021〕4号,其他,2021-03-02,2021-03-20,重复申请,\n",
    );
    let remedies = office.file(
        "remedies.csv",
        "case_id,kind,filed_date,concluded_date,result\n\
         1,行政复议,2021-04-01,2021-05-01,结果维持\n\
         2,复议后起诉,2021-06-01,,\n",
    );
    let arguments = ["--applications", &applications, "--remedies", &remedies];
    let mut all = vec!["--json", "import", "--agency", "a"];
    all.extend(arguments);
    assert_eq!(summary(&office.run(&all).ended(0)), [6, 11, 0, 0]);
    let cells = counted(&office.report("2021"));
    for cell in [
        "applications.granted.natural_person",
        "applications.not_disclosed.state_secret.commercial_enterprise",
        "applications.unable.not_held.legal_service_org",
        "applications.not_processed.duplicate.other_org",
        "remedies.review.upheld",
        "remedies.suit_after_review.pending",
    ] {
        assert_eq!(cells[cell], 1, "{cell}");
    }
}

/// One bad file: its bytes, and line, column, found and expected of each fault in order.
type Bad<'a> = (Vec<u8>, Vec<(u64, &'a str, &'a str, &'a str)>);

fn bad_applications() -> Vec<Bad<'static>> {
    let file = |rows: &str| {
        let header = "application_id,applicant_kind,receipt_date,conclusion_date,disposition\n";
        [header, rows].concat().into_bytes()
    };
    let long = "长".repeat(10 << 20 >> 1);
    vec![
        (
            vec![],
            vec![
                (1, "application_id", "", "in the header"),
                (1, "applicant_kind", "", "in the header"),
                (1, "receipt_date", "", "in the header"),
            ],
        ),
        (
            b"application_id,applicant_kind,receipt_date,remark\n1,natural_person,2020-03-02,x\n"
                .to_vec(),
            vec![(1, "remark", "remark", "one of the columns")],
        ),
        (
            b"application_id,receipt_date\n1,2020-03-02\n".to_vec(),
            vec![(1, "applicant_kind", "", "in the header")],
        ),
        (
            b"application_id,applicant_kind,receipt_date,receipt_date\n".to_vec(),
            vec![(1, "receipt_date", "receipt_date", "each column once")],
        ),
        (
            file(
                "1,natural_person,2020-02-30,,\n2,natural_person,2020-03-02,2020-13-01,granted\n3,natural_person,2007-12-31,,\n4,natural_person,2101-01-01,,\n5,natural_person,yesterday,,\n",
            ),
            vec![
                (2, "receipt_date", "2020-02-30", "a date of the calendar"),
                (3, "conclusion_date", "2020-13-01", "a date of the calendar"),
                (4, "receipt_date", "2007-12-31", "2008 to 2100"),
                (5, "receipt_date", "2101-01-01", "2008 to 2100"),
                (6, "receipt_date", "yesterday", "such as 2020-03-02"),
            ],
        ),
        (
            file("1,个人,2020-03-02,2020-03-20,同意\n"),
            vec![
                (2, "applicant_kind", "个人", "natural_person"),
                (2, "disposition", "同意", "granted"),
            ],
        ),
        (
            file(",natural_person,2020-03-02,,\n2,,2020-03-02,,\n3,natural_person,,,\n"),
            vec![
                (2, "application_id", "", "printable text"),
                (3, "applicant_kind", "", "natural_person"),
                (4, "receipt_date", "", "a date"),
            ],
        ),
        (
            file(
                "1,natural_person,2020-03-02,2020-03-20,\n2,natural_person,2020-03-02,,granted\n3,natural_person,2020-03-02,2020-03-01,granted\n",
            ),
            vec![
                (2, "disposition", "", "both or neither"),
                (3, "conclusion_date", "", "both or neither"),
                (4, "conclusion_date", "2020-03-01", "not before the receipt on 2020-03-02"),
            ],
        ),
        (
            file("1,natural_person\n2,natural_person,2020-03-02,,,,\n"),
            vec![(2, "", "2 cells", "5 cells"), (3, "", "7 cells", "5 cells")],
        ),
        (
            file(&format!("{long},natural_person,2020-03-02,,\n")),
            vec![(2, "application_id", "长长", "1 to 128 bytes")],
        ),
        (
            [
                file(""),
                b"1,\xd7\xd4\xc8\xbb\xc8\xcb,2020-03-02,,\n2,natural_person,2020-02-30,,\n"
                    .to_vec(),
            ]
            .concat(),
            vec![
                (2, "applicant_kind", "\u{fffd}", "UTF-8"),
                (3, "receipt_date", "2020-02-30", "a date"),
            ],
        ),
        // The line on which a row begins, whatever stands before it.
        (
            file("\"1\n\n\",natural_person,2020-03-02,,\n2,natural_person,2020-02-30,,\n"),
            vec![(5, "receipt_date", "2020-02-30", "a date")],
        ),
        (
            file("\n\n1,natural_person,2020-02-30,,\n\n2,natural_person,2020-02-31,,\n"),
            vec![
                (4, "receipt_date", "2020-02-30", "a date"),
                (6, "receipt_date", "2020-02-31", "a date"),
            ],
        ),
        (
            file("1,natural_person,2020-02-30,,\n2,natural_person,2020-02-31,,\n")
                .iter()
                .flat_map(|&byte| if byte == b'\n' { vec![b'\r', byte] } else { vec![byte] })
                .collect(),
            vec![
                (2, "receipt_date", "2020-02-30", "a date"),
                (3, "receipt_date", "2020-02-31", "a date"),
            ],
        ),
    ]
}

#[test]
fn every_bad_row_is_named_and_nothing_is_recorded() {
    let office = Office::open();
    for (bytes, expected) in bad_applications() {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
        for options in [&[][..], &["--dry-run"]] {
            let ran = office.import(&bytes, options).ended(1);
            let faults = ran.error_objects();
            let named: Vec<_> = faults
                .iter()
                .map(|fault| (fault["line"].as_u64().unwrap(), fault["column"].as_str().unwrap()))
                .collect();
            let wanted: Vec<_> =
                expected.iter().map(|&(line, column, ..)| (line, column)).collect();
            assert_eq!(named, wanted, "{shown}: {faults:#?}");
            for (fault, (_, _, found, hint)) in faults.iter().zip(&expected) {
                let text = |member: &str| fault[member].as_str().unwrap_or_default();
                assert!(text("found").starts_with(found), "{fault}");
                assert_eq!(text("found").is_empty(), found.is_empty(), "{fault}");
                assert!(text("expected").contains(hint), "{fault}");
                assert!(text("file").ends_with("applications.csv"), "{fault}");
                assert!(text("message").len() < 1500, "{fault}");
            }
            let [_, recorded, _, count] = summary(&ran);
            assert_eq!((recorded, count), (0, u64::try_from(expected.len()).unwrap()));
        }
        assert_eq!(office.head(), 1, "{shown}");
    }
}

#[test]
fn bad_rows_of_the_other_registers_are_named() {
    let office = Office::open();
    for (flag, text, expected) in [
        (
            "--remedies",
            "case_id,kind,filed_date,concluded_date,result\n1,appeal,2020-03-02,,\n2,review,2020-02-30,,\n3,review,2020-03-02,2020-03-01,upheld\n4,review,2020-03-02,2020-04-01,won\n5,review,2020-03-02,2020-04-01,\n",
            vec![
                (2, "kind"),
                (3, "filed_date"),
                (4, "concluded_date"),
                (5, "result"),
                (6, "result"),
            ],
        ),
        (
            "--proactive",
            "year,cell,value\n2018,art20_6.penalties.decisions,1\n2021,art20_1.regulations.made,1\n2021,art20_6.penalties.decisions,-1\n2021,art20_6.penalties.decisions,1.5\n2021,art20_6.coercions.decisions,1\n2021,art20_6.coercions.decisions,2\n2021,art20_8.fees.amount_wan_yuan,1.1234567\n",
            vec![(2, "year"), (3, "cell"), (4, "value"), (5, "value"), (7, "value"), (8, "value")],
        ),
    ] {
        let path = office.file("register.csv", text);
        let ran = office.run(&["--json", "import", "--agency", "a", flag, &path]).ended(1);
        let faults = ran.error_objects();
        let named: Vec<_> = faults
            .iter()
            .map(|fault| (fault["line"].as_u64().unwrap(), fault["column"].as_str().unwrap()))
            .collect();
        assert_eq!(named, expected, "{faults:#?}");
        assert_eq!(office.head(), 1);
    }
}

#[test]
fn one_id_twice_in_a_file_is_one_row_or_an_error() {
    let office = Office::open();
    let header = "application_id,applicant_kind,receipt_date,conclusion_date,disposition\n";
    let row = "1,natural_person,2020-03-02,2020-03-20,granted\n";
    let other = "1,natural_person,2020-03-02,2020-03-20,partial\n";
    let good = "2,natural_person,2020-03-02,,\n";
    let ran = office.import([header, row, good, other].concat(), &[]).ended(1);
    let [fault] = &ran.error_objects()[..] else { panic!("{ran:#?}") };
    let message = fault["message"].as_str().unwrap();
    assert_eq!(fault["line"], 4);
    assert!(message.contains("granted") && message.contains("partial"), "{message}");
    assert_eq!(office.head(), 1);
    let ran = office.import([header, row, good, row].concat(), &[]).ended(0);
    assert_eq!(summary(&ran), [3, 3, 2, 0]);
    assert_eq!(office.head(), 4);
}

#[test]
fn good_rows_are_recorded_when_told_to_keep_going() {
    let office = Office::open();
    let file = "application_id,applicant_kind,receipt_date,conclusion_date,disposition\n\
                1,natural_person,2020-03-02,2020-03-20,granted\n\
                2,natural_person,2020-02-30,,\n\
                3,natural_person,2020-03-02,,\n";
    let ran = office.import(file, &["--keep-going", "--dry-run"]).ended(1);
    assert_eq!((summary(&ran), office.head()), ([3, 3, 0, 1], 1));
    let ran = office.import(file, &["--keep-going"]).ended(1);
    assert_eq!((summary(&ran), office.head()), ([3, 3, 0, 1], 4));
    assert_eq!(ran.error_objects().len(), 1);
    let ran = office.import(file, &["--keep-going"]).ended(1);
    assert_eq!((summary(&ran), office.head()), ([3, 0, 3, 1], 4));
}

#[test]
fn files_as_spreadsheets_write_them_are_read() {
    let office = Office::open();
    let rows = "\u{feff}receipt_date,application_id,applicant_kind,document_no\r\n\
                2020-03-02,\"1,甲\",natural_person,\r\n\
                \r\n\
                ,,,\r\n\
                2020-03-03,\"\"\"2\"\"\",natural_person,\r\n\
                2020-03-04,3,natural_person,";
    assert_eq!(summary(&office.import(rows, &[]).ended(0))[1..], [3, 0, 0]);
    assert_eq!(counted(&office.report("2020"))["applications.new_received.total"], 3);
    // A cell is a line: a quoted line break within it is refused.
    let broken = "application_id,applicant_kind,receipt_date\n\"4\n5\",natural_person,2020-03-02\n";
    let ran = office.import(broken, &[]).ended(1);
    let [fault] = &ran.error_objects()[..] else { panic!("{ran:#?}") };
    assert_eq!((&fault["line"], &fault["column"]), (&2.into(), &"application_id".into()));
    assert_eq!(
        summary(&office.import("application_id,applicant_kind,receipt_date\n", &[]).ended(0)),
        [0; 4]
    );
}

#[test]
fn faults_are_one_line_of_text_each() {
    let office = Office::open();
    let path = office
        .file("f.csv", "application_id,applicant_kind,receipt_date\n1,natural_person,2020-02-30\n");
    let ran = office.run(&["import", "--agency", "a", "--applications", &path]).ended(1);
    let expected = format!(
        "{path}:2: receipt_date: found \"2020-02-30\", expected a date of the calendar, 2008 to 2100, such as 2020-03-02\n"
    );
    assert_eq!(ran.stderr, expected);
    assert!(ran.stdout.contains("nothing was recorded"), "{}", ran.stdout);
}

#[test]
fn a_section_is_shown_in_every_written_format() {
    let office = Office::open();
    let text = office.file("s.md", "\u{feff}本年度共公开**七**条。\n\n- 甲\n- 乙\n");
    let set =
        ["narrative", "set", "--agency", "a", "--year", "2020", "--section", "s5_problems", &text];
    office.run(&set).ended(0);
    office.run(&set).ended(0);
    assert_eq!(office.head(), 2);
    for format in ["md", "html"] {
        let output = office.dir.path().join(format);
        let output = output.to_str().unwrap();
        let ran = office.run(&[
            "report", "--agency", "a", "--year", "2020", "--format", format, "--output", output,
        ]);
        assert_eq!(ran.ended(0).stdout, "");
        let document = fs::read_to_string(output).unwrap();
        for phrase in ["本年度共公开", "甲", "乙", "某市司法局"] {
            assert!(document.contains(phrase), "{format}: {phrase}");
        }
    }
    let counted = office.file(
        "s.md",
        "`{{x}}`\n\n新收{{applications.new_received.total|件}}，复议{{remedies.review.total|chinese}}件。\n",
    );
    let set =
        ["narrative", "set", "--agency", "a", "--year", "2020", "--section", "s6_other", &counted];
    assert_eq!(
        office.run(&set).ended(0).stdout,
        "s6_other written, position 3\n  3:3  {{applications.new_received.total|件}}  0件\n  \
         3:43  {{remedies.review.total|chinese}}  零\n"
    );
    let show = ["narrative", "show", "--agency", "a", "--year", "2020"];
    let shown = office.run(&show).ended(0).stdout;
    assert!(shown.starts_with("[s5_problems]\n本年度共公开**七**条。\n\n- 甲"), "{shown}");
    assert!(shown.contains("[s6_other]\n`{{x}}`\n\n新收{{applications."), "{shown}");
    let shown = office.run(&[&show[..], &["--filled"]].concat()).ended(0).stdout;
    assert!(shown.ends_with("`{{x}}`\n\n新收0件，复议零件。\n\n"), "{shown}");
    let counted = office.file("s.md", "第一行\n{{applications.sum}}");
    let refused = office.run(&[&set[..8], &[counted.as_str()]].concat()).ended(2);
    assert!(refused.stderr.contains("text: line 2, column 1: "), "{}", refused.stderr);
    let bytes = office.file("s.md", b"\xd7\xd4");
    assert!(
        office
            .run(&[
                "narrative",
                "set",
                "--agency",
                "a",
                "--year",
                "2020",
                "--section",
                "s6_other",
                &bytes
            ])
            .ended(1)
            .stderr
            .contains("UTF-8")
    );
}

#[test]
fn the_demo_shows_the_luoyang_year() {
    let dir = tempfile::tempdir().unwrap();
    let html = dir.path().join("demo.html");
    let demo = run(&["demo", "--output", html.to_str().unwrap()]).ended(0);
    assert!(demo.stdout.contains(html.to_str().unwrap()), "{}", demo.stdout);

    // The same acts in the same order by hand: the same report in every format.
    let server = ServeProcess::start(&dir.path().join("log"));
    server
        .run(&["agency", "register", "--id", "luoyang-justice", "--name", "洛阳市司法局"])
        .ended(0);
    let file = |name: &str| format!("{LUOYANG}/{name}");
    let [applications, remedies, proactive] =
        ["applications.csv", "remedies.csv", "proactive.csv"].map(file);
    server
        .run(&[
            "import",
            "--agency",
            "luoyang-justice",
            "--applications",
            &applications,
            "--remedies",
            &remedies,
            "--proactive",
            &proactive,
        ])
        .ended(0);
    for section in ["s1_overview", "s5_problems", "s6_other"] {
        let text = file(&format!("{section}.md"));
        server
            .run(&[
                "narrative",
                "set",
                "--agency",
                "luoyang-justice",
                "--year",
                "2020",
                "--section",
                section,
                &text,
            ])
            .ended(0);
    }
    let report = |format: &str| {
        server
            .run(&["report", "--agency", "luoyang-justice", "--year", "2020", "--format", format])
            .ended(0)
            .stdout
    };
    check_a1(&serde_json::from_str(&report("json")).unwrap());
    assert!(fs::read_to_string(&html).unwrap() == report("html"), "the demo's HTML is that report");
    assert!(demo.stdout.starts_with(&report("txt")), "{}", demo.stdout);
}

#[test]
fn a_check_ends_by_what_it_found() {
    let office = Office::open();
    let ran = office.run(&["check", "--agency", "a", "--year", "2020"]).ended(0);
    let undeclared = ran.objects();
    assert_eq!((undeclared.len(), &undeclared[0]["id"]), (1, &"T2.UNDECLARED".into()));
    office.run(&["check", "--agency", "a", "--year", "2018"]).ended(2);
    office.run(&["check", "--agency", "ghost", "--year", "2020"]).ended(2);
    office.run(&["check"]).ended(2);
    office.run(&["check", "--agency", "a"]).ended(2);
    office.run(&["check", "--agency", "a", "--year", "2020", "--published", "x"]).ended(2);
}

#[test]
fn a_year_without_a_form_is_refused_clearly() {
    let office = Office::open();
    for year in ["2018", "2007", "2101"] {
        let ran =
            office.run(&["report", "--agency", "a", "--year", year, "--format", "json"]).ended(2);
        assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1), "{ran:?}");
        assert!(ran.stderr.contains(year), "{}", ran.stderr);
    }
    let ran =
        office.run(&["report", "--agency", "a", "--year", "2018", "--format", "html"]).ended(2);
    assert!(ran.stderr.contains("no official form existed for 2018"), "{}", ran.stderr);
}

#[test]
fn what_is_typed_wrongly_is_refused_as_usage() {
    let office = Office::open();
    let report =
        |rest: &[&'static str]| [&["report", "--agency", "a", "--year", "2020"], rest].concat();
    for arguments in [
        vec![],
        vec!["no-such-command"],
        vec!["import", "--agency", "a"],
        vec!["agency", "register", "--id", "x"],
        vec!["agency", "register", "--id", "洛阳", "--name", "x"],
        vec!["agency", "register", "--id", "x", "--name", "x", "--parent", "ghost"],
        vec!["agency", "reparent", "--id", "ghost", "--from-year", "2020"],
        vec![
            "narrative",
            "set",
            "--agency",
            "a",
            "--year",
            "2020",
            "--section",
            "s2",
            "Cargo.toml",
        ],
        vec![
            "narrative",
            "set",
            "--agency",
            "a",
            "--year",
            "2018",
            "--section",
            "s1_overview",
            "Cargo.toml",
        ],
        report(&["--format", "doc"]),
        report(&["--format", "json", "--form", "2020"]),
        report(&["--format", "json", "--as-of", "yesterday"]),
        report(&["--format", "json", "--as-of", "1000"]),
        vec!["report", "--agency", "ghost", "--year", "2020", "--format", "json"],
        vec!["serve", "--listen", "nowhere"],
        vec!["serve", "--config", "Cargo.toml"],
    ] {
        let ran = office.run(&arguments).ended(2);
        assert!(!ran.stderr.is_empty() && ran.stdout.is_empty(), "{arguments:?}: {ran:?}");
        let mut with_json = vec!["--json"];
        with_json.extend(&arguments);
        let ran = office.run(&with_json).ended(2);
        // Without a command the help is what is wanted.
        if !arguments.is_empty() {
            let [error] = &ran.error_objects()[..] else { panic!("{arguments:?}: {ran:?}") };
            assert_eq!(error["error"]["exit_code"], 2, "{error}");
            assert!(!error["error"]["message"].as_str().unwrap().is_empty());
        }
    }
    assert_eq!(office.head(), 1);
    // An agency that is not registered is a fault of every row.
    let ran = office
        .run(&[
            "--json",
            "import",
            "--agency",
            "ghost",
            "--applications",
            &format!("{LUOYANG}/applications.csv"),
        ])
        .ended(1);
    assert!(
        ran.error_objects().iter().all(|fault| fault["reason"] == "AGENCY_NOT_FOUND"),
        "{ran:?}"
    );
}

#[test]
fn a_server_that_is_not_there_ends_every_command_with_three() {
    // Bound and never listened to: nobody answers there, and nobody else is given the port.
    let port = tokio::net::TcpSocket::new_v4().unwrap();
    port.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = port.local_addr().unwrap();
    let url = format!("http://{address}");
    let applications = format!("{LUOYANG}/applications.csv");
    for arguments in [
        vec!["agency", "register", "--id", "a", "--name", "a"],
        vec!["agency", "reparent", "--id", "a", "--from-year", "2020"],
        vec!["agency", "list"],
        vec!["import", "--agency", "a", "--applications", &applications],
        vec![
            "narrative",
            "set",
            "--agency",
            "a",
            "--year",
            "2020",
            "--section",
            "s1_overview",
            "Cargo.toml",
        ],
        vec!["report", "--agency", "a", "--year", "2020", "--format", "json"],
        vec!["check", "--agency", "a", "--year", "2020"],
    ] {
        let ran = run(&[&["--server", &url], &arguments[..]].concat()).ended(3);
        assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1), "{ran:?}");
        assert!(ran.stderr.contains(&url), "{}", ran.stderr);
        let ran = run(&[&["--json", "--server", &url], &arguments[..]].concat()).ended(3);
        assert_eq!(ran.error_objects()[0]["error"]["exit_code"], 3);
    }
    let import = ["import", "--agency", "a", "--applications", "no-such-file.csv"];
    assert!(run(&import).ended(3).stderr.contains("no-such-file.csv"));
}

/// `disclosure serve` on a directory that cannot be served: one sentence, and exit code 3.
#[track_caller]
fn check_refused_data(data: &Path, says: &str) {
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let ran = run_refused_serve(&serve).ended(3);
    assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1), "{ran:?}");
    assert!(ran.stderr.contains(says), "{}", ran.stderr);
    let json = run_refused_serve(&[&["--json"], &serve[..]].concat()).ended(3);
    let [error] = &json.error_objects()[..] else { panic!("{json:?}") };
    assert!(error["error"]["message"].as_str().unwrap().contains(says), "{error}");
}

#[test]
fn a_data_directory_that_is_not_ours_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_owned();
    fs::write(data.join("letters.txt"), "dear").unwrap();
    check_refused_data(&data, "neither empty nor a ledger");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "nothing was put into it");
    let file = data.join("letters.txt");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", file.to_str().unwrap()];
    assert_eq!(run_refused_serve(&serve).ended(3).stderr.lines().count(), 1);
}

#[test]
fn a_data_directory_in_use_or_of_a_newer_release_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("log");
    let server = ServeProcess::start(&data);
    check_refused_data(&data, "in use by");
    server.run(&["agency", "register", "--id", "a", "--name", "a"]).ended(0);
    assert_eq!(server.terminate(), Some(0));
    let control = data.join("LEDGER");
    let text = fs::read_to_string(&control).unwrap();
    assert!(text.contains("format 1"), "{text}");
    fs::write(&control, text.replace("format 1", "format 2")).unwrap();
    check_refused_data(&data, "format 2");
}

#[test]
#[cfg(unix)]
fn a_data_directory_that_cannot_be_written_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("log");
    ServeProcess::start(&data).terminate();
    let set_mode = |mode| fs::set_permissions(&data, fs::Permissions::from_mode(mode)).unwrap();
    set_mode(0o555);
    if fs::write(data.join("probe"), "").is_ok() {
        #[expect(clippy::print_stderr, reason = "a test that tests nothing says so")]
        {
            eprintln!("skipped: this user may write into a read-only directory");
        }
        return;
    }
    check_refused_data(&data, "cannot be written to");
    set_mode(0o755);
}

#[test]
fn agencies_are_registered_placed_and_listed() {
    let office = Office::open();
    office
        .run(&[
            "agency",
            "register",
            "--id",
            "b",
            "--name",
            "县局",
            "--parent",
            "a",
            "--contact",
            "电话",
        ])
        .ended(0);
    let again = office
        .run(&["--json", "agency", "register", "--id", "b", "--name", "县局", "--parent", "a"])
        .ended(0);
    assert_eq!(
        (&again.object()["unchanged"], &again.object()["position"]),
        (&true.into(), &2.into())
    );
    office.run(&["agency", "register", "--id", "b", "--name", "别的"]).ended(2);
    let list = office.run(&["--json", "agency", "list"]).ended(0).objects();
    let shown: Vec<_> = list
        .iter()
        .map(|agency| {
            [&agency["agency"], &agency["name"], &agency["parent"]]
                .map(|text| text.as_str().unwrap())
        })
        .collect();
    assert_eq!(shown, [["a", "某市司法局", ""], ["b", "县局", "a"]]);
    office.run(&["agency", "reparent", "--id", "b", "--from-year", "2022"]).ended(0);
    assert_eq!(office.head(), 3);
}
