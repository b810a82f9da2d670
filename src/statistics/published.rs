//! Reads a published report from its JSON shape, as tolerantly as tables are printed.
//!
//! What cannot be a report at all is an error; what is wrong in one place is a finding at that
//! place, and reading goes on. Files are read elsewhere.

use std::{collections::BTreeSet, fmt};

use serde_json::{Map, Value as Json};

use super::{
    catalogue::{CellKind, CheckId, FORMS, Form, Severity, form_by_id, form_for},
    cross_check::{Blank, Except, check_except},
    finding::Finding,
    money::parse_wan_yuan,
    narrative::check_typed,
    table::{CellRef, TableId, Tables, Value},
};
use crate::domain::{
    LongText, ReportYear, YearWithoutForm,
    narrative::{Section, Sections},
};

/// A published report, as far as its tables go.
#[derive(Debug)]
pub struct Published {
    /// The agency, as the report names it.
    pub agency: String,
    /// The report year.
    pub year: ReportYear,
    /// The form that the report says it is on.
    pub form: &'static Form,
    /// Its tables; a table that it does not have is blank.
    pub tables: Tables,
    /// Its written sections, as far as it has them.
    pub sections: Sections,
    /// What was found in reading: cells that no form has, and values that no cell can hold.
    pub findings: Vec<Finding>,
    except: Except,
}

/// Why a text is not a published report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishedError {
    /// The text is not JSON.
    #[error("the text is not JSON: {0}")]
    NotJson(String),
    /// The text is not CSV with the columns of a report.
    #[error("the text is not CSV with columns cell and value: {0}")]
    NotCsv(String),
    /// A required member is missing.
    #[error("{path} is missing: expected {expected}")]
    Missing {
        /// Where, as a JSON path.
        path: &'static str,
        /// What was expected there.
        expected: &'static str,
    },
    /// A member is of another kind.
    #[error("{path} is {found}: expected {expected}")]
    Unexpected {
        /// Where, as a JSON path.
        path: &'static str,
        /// What stands there.
        found: String,
        /// What was expected there.
        expected: &'static str,
    },
    /// No form is known for the year.
    #[error("$.year: {0}")]
    Year(YearWithoutForm),
    /// The form is not known.
    #[error("$.form is {found}: expected one of {expected}")]
    UnknownForm {
        /// The id found.
        found: String,
        /// The ids known.
        expected: String,
    },
}

/// Reads a published report.
///
/// # Errors
///
/// When the text is not JSON, or lacks agency, year, form or tables.
pub fn read_published(text: &str) -> Result<Published, PublishedError> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let report: Json =
        serde_json::from_str(text).map_err(|error| PublishedError::NotJson(error.to_string()))?;
    let Json::Object(report) = report else {
        return Err(unexpected("$", &report, "an object with agency, year, form and tables"));
    };
    let agency = agency(&report)?;
    let year = year(&report)?;
    let form = form(&report)?;
    let printed = tables(&report)?;
    let mut reading = Reading::new(form);
    if !form.is_for(year) {
        reading.wrong_form(year);
    }
    reading.tables(printed);
    reading.sections(report.get("sections"));
    let Reading { tables, sections, findings, except, .. } = reading;
    Ok(Published { agency, year, form, tables, sections, findings, except })
}

/// Reads the cells of a published report from CSV with the columns `cell` and `value`, on the form of
/// its year.
///
/// # Errors
///
/// When the text is not CSV, or lacks one of the columns.
pub fn read_published_csv(
    text: &str,
    agency: &str,
    year: ReportYear,
) -> Result<Published, PublishedError> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let not_csv = |error: csv::Error| PublishedError::NotCsv(error.to_string());
    let mut sheet = csv::Reader::from_reader(text.as_bytes());
    let header = sheet.headers().map_err(not_csv)?.clone();
    let place = |name: &str| {
        let place = header.iter().position(|column| column.trim() == name);
        place.ok_or_else(|| PublishedError::NotCsv(format!("there is no column {name}")))
    };
    let (cell, value) = (place("cell")?, place("value")?);
    let form = form_for(year);
    let mut reading = Reading::new(form);
    for row in sheet.records() {
        let row = row.map_err(not_csv)?;
        let field = |place| row.get(place).unwrap_or_default().trim();
        reading.line(field(cell), &Json::String(field(value).to_owned()));
    }
    let Reading { tables, sections, findings, except, .. } = reading;
    Ok(Published { agency: agency.to_owned(), year, form, tables, sections, findings, except })
}

/// Reads and checks a published report: what was found in reading, then the cross-checks.
///
/// # Errors
///
/// When the text is not a published report.
pub fn check_published(text: &str) -> Result<Vec<Finding>, PublishedError> {
    let mut published = read_published(text)?;
    let checked = published.check(None);
    published.findings.extend(checked);
    Ok(published.findings)
}

impl Published {
    /// Checks the tables, with those of the year before if they are at hand, and the numbers in the
    /// sections. A table that the report does not have is passed over; a value that could not be read
    /// is a blank, which was already found in reading.
    #[must_use]
    pub fn check(&self, previous: Option<&Tables>) -> Vec<Finding> {
        let tables = &self.tables;
        let typed = check_typed(&self.sections, tables, self.year, &self.except.tables);
        check_except(tables, previous, &self.except).into_iter().chain(typed).collect()
    }
}

fn agency(report: &Map<String, Json>) -> Result<String, PublishedError> {
    let (path, expected) = ("$.agency", "the agency's id or name as a text");
    let value = member(report, "agency", path, expected)?;
    match value.as_str().map(str::trim) {
        Some(agency) if !agency.is_empty() => Ok(agency.to_owned()),
        Some(_) | None => Err(unexpected(path, value, expected)),
    }
}

fn year(report: &Map<String, Json>) -> Result<ReportYear, PublishedError> {
    let (path, expected) = ("$.year", "the report year as a whole number");
    let value = member(report, "year", path, expected)?;
    let year = scalar(value).and_then(|text| text.parse().ok());
    let year = year.ok_or_else(|| unexpected(path, value, expected))?;
    ReportYear::new(year).map_err(PublishedError::Year)
}

fn form(report: &Map<String, Json>) -> Result<&'static Form, PublishedError> {
    let (path, expected) = ("$.form", "the id of a form, such as \"2021\"");
    let value = member(report, "form", path, expected)?;
    let id = scalar(value).ok_or_else(|| unexpected(path, value, expected))?;
    form_by_id(&id).ok_or_else(|| PublishedError::UnknownForm {
        found: Excerpt(value).to_string(),
        expected: FORMS.each_ref().map(|form| form.id).join(", "),
    })
}

fn tables(report: &Map<String, Json>) -> Result<&Map<String, Json>, PublishedError> {
    let (path, expected) = ("$.tables", "an object with proactive, applications and remedies");
    let value = member(report, "tables", path, expected)?;
    value.as_object().ok_or_else(|| unexpected(path, value, expected))
}

fn member<'a>(
    report: &'a Map<String, Json>,
    key: &str,
    path: &'static str,
    expected: &'static str,
) -> Result<&'a Json, PublishedError> {
    match report.get(key) {
        None | Some(Json::Null) => Err(PublishedError::Missing { path, expected }),
        Some(value) => Ok(value),
    }
}

fn unexpected(path: &'static str, found: &Json, expected: &'static str) -> PublishedError {
    PublishedError::Unexpected { path, found: Excerpt(found).to_string(), expected }
}

/// A year or an id, written as a number or as a text.
fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.trim().to_owned()),
        Json::Number(number) => Some(number.to_string()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// Tables while they are being read.
struct Reading {
    form: &'static Form,
    tables: Tables,
    sections: Sections,
    findings: Vec<Finding>,
    except: Except,
}

impl Reading {
    fn new(form: &'static Form) -> Self {
        let except = Except { tables: BTreeSet::from(TableId::ALL), ..Except::default() };
        let (tables, sections) = (Tables::blank(form), Sections::new());
        Self { form, tables, sections, findings: Vec::new(), except }
    }

    fn wrong_form(&mut self, year: ReportYear) {
        let message = format!(
            "{year} 年度报告应使用 {} 年版格式（{}），此报告用的是 {} 年版格式（form）",
            form_for(year).id,
            form_for(year).notice,
            self.form.id
        );
        self.fault(CheckId::FORMAT_VERSION, "form", message);
    }

    fn tables(&mut self, printed: &Map<String, Json>) {
        for (key, table) in printed {
            match (TableId::ALL.into_iter().find(|id| id.key() == key), table.as_object()) {
                (Some(id), Some(cells)) => {
                    self.except.tables.remove(&id);
                    self.table(id, cells);
                }
                (Some(_), None) if table.is_null() => {}
                (Some(id), None) => self.no_object(id.key(), table),
                (None, _) => self.unknown("表", key, |_| false),
            }
        }
    }

    /// Takes the written sections; a report may have none, and others than this reads.
    fn sections(&mut self, printed: Option<&Json>) {
        let Some(printed) = printed.filter(|printed| !printed.is_null()) else { return };
        let Some(printed) = printed.as_object() else {
            return self.no_object("sections", printed);
        };
        for (key, text) in printed {
            let Some(section) = Section::from_key(key).filter(|_| !text.is_null()) else {
                continue;
            };
            if let Some(Ok(text)) = text.as_str().map(LongText::parse) {
                self.sections.insert(section, text);
                continue;
            }
            let place = format!("sections.{key}");
            let message = format!(
                "{place} 为 {}，应为不超过 {} 字节、不含控制字符的文字",
                Excerpt(text),
                LongText::LIMIT
            );
            self.fault(CheckId::FORMAT_VERSION, &place, message);
        }
    }

    fn table(&mut self, id: TableId, printed: &Map<String, Json>) {
        for (key, value) in printed {
            match id {
                TableId::Proactive => {
                    self.cell(id, key, value, |form| form.find_proactive(key));
                }
                TableId::Applications => self.row(key, value),
                TableId::Remedies => self.cell(id, key, value, |form| form.find_remedy(key)),
            }
        }
    }

    /// A cell by its whole name.
    fn line(&mut self, name: &str, printed: &Json) {
        let (table, key) = name.split_once('.').unwrap_or((name, ""));
        let Some(id) = TableId::ALL.into_iter().find(|id| id.key() == table) else {
            return self.unknown("格", name, |_| false);
        };
        self.except.tables.remove(&id);
        match id {
            TableId::Proactive => self.cell(id, key, printed, |form| form.find_proactive(key)),
            TableId::Applications => {
                let (row, column) = key.rsplit_once('.').unwrap_or((key, ""));
                self.cell(id, key, printed, |form| form.find_application(row, column));
            }
            TableId::Remedies => self.cell(id, key, printed, |form| form.find_remedy(key)),
        }
    }

    fn row(&mut self, key: &str, printed: &Json) {
        let place = format!("{}.{key}", TableId::Applications.key());
        let has_row = |form: &Form| form.applications.rows.iter().any(|row| row.key == key);
        if !has_row(self.form) {
            return self.unknown("行", &place, has_row);
        }
        match printed {
            Json::Null => {}
            Json::Object(cells) => {
                for (column, value) in cells {
                    let column_of = |form: &Form| form.find_application(key, column);
                    self.cell(TableId::Applications, &format!("{key}.{column}"), value, column_of);
                }
            }
            Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                self.no_object(&place, printed);
            }
        }
    }

    fn cell(
        &mut self,
        table: TableId,
        key: &str,
        printed: &Json,
        find: impl Fn(&Form) -> Option<CellRef>,
    ) {
        let Some(cell) = find(self.form) else {
            let place = format!("{}.{key}", table.key());
            return self.unknown("格", &place, |form| find(form).is_some());
        };
        match read_value(self.form.cell_kind(cell), printed) {
            Ok(value) => self.tables.set(cell, value),
            Err(expected) => self.unreadable(cell, printed, expected),
        }
    }

    fn unreadable(&mut self, cell: CellRef, printed: &Json, expected: &str) {
        let (name, label) = (self.form.cell_name(cell), self.form.cell_label(cell));
        let message = format!("此格为 {}，应为{expected}（{label}，{name}）", Excerpt(printed));
        self.except.blanks.insert(cell, Blank::Unreadable);
        self.fault(CheckId::NONNEG_INT, &name, message);
    }

    fn unknown(&mut self, what: &str, place: &str, has: impl Fn(&Form) -> bool) {
        let shown = clipped(place);
        let known = FORMS.iter().find(|form| has(form));
        let hint = known.map_or_else(String::new, |form| format!("，{} 年版格式才有", form.id));
        let message = format!("{shown} 不是 {} 年版格式的{what}{hint}", self.form.id);
        self.fault(CheckId::FORMAT_VERSION, &shown, message);
    }

    fn no_object(&mut self, place: &str, found: &Json) {
        let message = format!("{place} 为 {}，应为对象（键：值）", Excerpt(found));
        self.fault(CheckId::FORMAT_VERSION, place, message);
    }

    fn fault(&mut self, id: CheckId, place: &str, message: String) {
        self.findings.push(Finding::at(id, Severity::Error, place, message));
    }
}

/// Reads a value as it may be printed in a cell; what was expected, if it is anything else.
fn read_value(kind: CellKind, printed: &Json) -> Result<Value, &'static str> {
    let expected = match kind {
        CellKind::Count => "不小于 0 的整数",
        CellKind::Change => "整数",
        CellKind::Amount => "以万元为单位、小数不超过六位的金额",
    };
    let number = match printed {
        Json::Null => return Ok(None),
        Json::Number(number) => number.to_string(),
        Json::String(text) => match text.trim() {
            "" => return Ok(None),
            "/" | "／" | "-" | "－" | "—" | "——" => return Ok(Some(0)),
            text => without_separators(text).ok_or(expected)?,
        },
        Json::Bool(_) | Json::Array(_) | Json::Object(_) => return Err(expected),
    };
    let value = match kind {
        CellKind::Amount => parse_wan_yuan(&number),
        CellKind::Count => whole(&number),
        CellKind::Change => whole(number.strip_prefix('+').unwrap_or(&number)),
    };
    value.map(Some).ok_or(expected)
}

/// A whole number, also one that a spreadsheet wrote with a fraction of zero.
fn whole(number: &str) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let nothing = !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0');
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if nothing && is_number { whole.parse().ok() } else { None }
}

/// A number without the separators between its thousands; nothing if they stand elsewhere.
fn without_separators(text: &str) -> Option<String> {
    let text = text.replace('，', ",").replace(['－', '−'], "-");
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text.as_str(), None),
    };
    let digits = whole.trim_start_matches(['-', '+']);
    let sign = whole.strip_suffix(digits).unwrap_or_default();
    let mut groups = digits.split(',');
    let first = groups.next().unwrap_or_default();
    let rest: Vec<&str> = groups.collect();
    let grouped = rest.is_empty()
        || ((1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3));
    let fraction = fraction.map_or_else(String::new, |fraction| format!(".{fraction}"));
    grouped.then(|| format!("{sign}{first}{}{fraction}", rest.concat()))
}

/// A JSON value as an error message shows it: short, whatever it is.
struct Excerpt<'a>(&'a Json);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => value.fmt(f),
            Json::Number(number) => f.write_str(&clipped(&number.to_string())),
            Json::String(text) => write!(f, "{:?}", clipped(text)),
            Json::Array(_) => f.write_str("[…]"),
            Json::Object(_) => f.write_str("{…}"),
        }
    }
}

/// How much of a foreign text a message shows, in characters.
const EXCERPT: usize = 60;

fn clipped(text: &str) -> String {
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Tables in the JSON shape of a published report; amounts in whole 万元.
    fn to_json(tables: &Tables, year: i32) -> Json {
        let form = tables.form();
        let mut printed = Map::new();
        for (cell, value) in tables.cells() {
            let name = form.cell_name(cell);
            let (table, key) = name.split_once('.').unwrap();
            let table = printed.entry(table).or_insert_with(|| Json::Object(Map::new()));
            match cell {
                CellRef::Applications { .. } => {
                    let (row, column) = key.rsplit_once('.').unwrap();
                    let rows = table.as_object_mut().unwrap();
                    let row = rows.entry(row).or_insert_with(|| Json::Object(Map::new()));
                    row[column] = json!(value);
                }
                CellRef::Proactive(_) | CellRef::Remedies(_) => table[key] = json!(value),
            }
        }
        json!({"agency": "lyssfj", "year": year, "form": form.id, "tables": printed})
    }

    /// The Luoyang report for 2020, put out of shape.
    fn luoyang(change: impl FnOnce(&mut Json)) -> String {
        let mut report = to_json(&golden::luoyang_2020(), 2020);
        change(&mut report);
        report.to_string()
    }

    fn ids(findings: &[Finding]) -> Vec<(&'static str, &'static str, &str)> {
        findings.iter().map(|f| (f.id.0, f.severity.key(), f.place.as_str())).collect()
    }

    #[track_caller]
    fn found(text: &str) -> Vec<Finding> {
        check_published(text).unwrap()
    }

    #[test]
    fn what_was_printed_is_what_is_read() {
        let text = luoyang(|_| {});
        let published = read_published(&format!("\u{FEFF}{text}")).unwrap();
        assert_eq!(published.tables, golden::luoyang_2020());
        assert_eq!((published.agency.as_str(), published.year.get()), ("lyssfj", 2020));
        assert_eq!(check_published(&text), Ok(vec![]));
    }

    #[test]
    fn values_are_read_as_people_print_them() {
        let text = luoyang(|report| {
            report["year"] = json!("2020");
            report["form"] = json!(2019);
            let tables = &mut report["tables"];
            tables["proactive"]["art20_5.other_services.decisions"] = json!(" 1,483\u{3000}");
            tables["proactive"]["art20_5.licences.change"] = json!("－8");
            tables["proactive"]["art20_6.penalties.change"] = json!("+1,200");
            tables["proactive"]["art20_1.regulations.made"] = json!("/");
            tables["proactive"]["art20_1.regulations.disclosed"] = json!("-");
            tables["proactive"]["art20_9.procurement.amount_wan_yuan"] = json!("59,237.2449");
            tables["applications"]["granted"]["total"] = json!(1.0);
        });
        let published = read_published(&text).unwrap();
        assert_eq!(published.findings, []);
        assert_eq!(published.check(None), []);
        let value = |key| published.tables.get(published.form.find_proactive(key).unwrap());
        assert_eq!(value("art20_5.other_services.decisions"), Some(1483));
        assert_eq!(value("art20_5.licences.change"), Some(-8));
        assert_eq!(value("art20_6.penalties.change"), Some(1200));
        assert_eq!(value("art20_1.regulations.made"), Some(0));
        assert_eq!(value("art20_9.procurement.amount_wan_yuan"), Some(59_237_244_900));
    }

    #[test]
    fn amounts_are_exact_and_nothing_else_is_an_amount() {
        let read = |value: &str| {
            let value: Json = serde_json::from_str(value).unwrap();
            read_value(CellKind::Amount, &value)
        };
        assert_eq!(read("59237.2449"), Ok(Some(59_237_244_900)));
        assert_eq!(read("0.1"), Ok(Some(100_000)));
        assert_eq!(read("\"0.000001\""), Ok(Some(1)));
        for bad in ["1e3", "0.0000001", "\"1万元\"", "true", "[1]", "99999999999999999999"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        for bad in
            ["1.5", "\"1.5\"", "1e3", "\"件\"", "\"1,48\"", "\",148\"", "\"+1\"", "\"--1\"", "{}"]
        {
            let value: Json = serde_json::from_str(bad).unwrap();
            assert!(read_value(CellKind::Count, &value).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_fraction_or_a_text_is_found_once_at_its_cell() {
        for bad in [json!(1.5), json!("一件"), json!(true), json!([0])] {
            let text = luoyang(|report| {
                report["tables"]["applications"]["partial"]["natural_person"] = bad.clone();
            });
            let findings = found(&text);
            assert_eq!(
                ids(&findings),
                [("ALL.NONNEG_INT", "error", "applications.partial.natural_person")]
            );
            assert!(findings[0].message.contains("不小于 0 的整数"), "{}", findings[0].message);
        }
    }

    #[test]
    fn a_blank_is_a_zero_with_a_warning_and_a_blank_total_is_not_assessed() {
        let text = luoyang(|report| {
            let applications = &mut report["tables"]["applications"];
            applications["partial"]["natural_person"] = Json::Null;
            applications["partial"].as_object_mut().unwrap().remove("other_org");
            applications["granted"]["total"] = json!("");
        });
        assert_eq!(
            ids(&found(&text)),
            [
                ("ALL.NONNEG_INT", "warning", "applications.partial.natural_person"),
                ("ALL.NONNEG_INT", "warning", "applications.partial.other_org"),
                ("T3.RESULT_SUM", "warning", "applications.result_total.total"),
                ("T3.ROW_SUM", "warning", "applications.granted.total"),
            ]
        );
    }

    #[test]
    fn a_table_that_is_missing_altogether_is_passed_over() {
        let text = luoyang(|report| {
            report["tables"].as_object_mut().unwrap().remove("proactive");
            report["tables"]["remedies"] = Json::Null;
            report["tables"]["applications"]["carried_out"]["total"] = json!(1);
        });
        let findings = found(&text);
        assert_eq!(
            ids(&findings),
            [
                ("T3.BALANCE", "error", "applications.carried_out.total"),
                ("T3.ROW_SUM", "error", "applications.carried_out.total"),
            ]
        );
    }

    #[test]
    fn the_numbers_in_the_sections_are_compared_with_the_tables_that_are_there() {
        let said = |sections: Json, remedies: bool| {
            let text = luoyang(|report| {
                report["sections"] = sections;
                if !remedies {
                    report["tables"].as_object_mut().unwrap().remove("remedies");
                }
            });
            ids(&found(&text)).into_iter().map(|(id, ..)| id).collect::<Vec<_>>()
        };
        let text = "收到政府信息公开申请2件，行政复议3件。";
        assert_eq!(said(json!({"s1_overview": text}), true), ["TEXT.T3", "TEXT.T4"]);
        assert_eq!(said(json!({"s6_other": text}), false), ["TEXT.T3"]);
        let right =
            json!({"s1_overview": "收到政府信息公开申请1件。", "s5_problems": null, "s2": 1});
        assert_eq!(said(right, true), Vec::<&str>::new());
        for (sections, place) in [
            (json!([]), "sections"),
            (json!({"s5_problems": 5}), "sections.s5_problems"),
            (json!({"s5_problems": "a\u{0}"}), "sections.s5_problems"),
        ] {
            let text = luoyang(|report| report["sections"] = sections);
            assert_eq!(ids(&found(&text)), [("FORMAT.VERSION", "error", place)]);
        }
    }

    #[test]
    fn what_is_not_on_the_form_is_named() {
        let text = luoyang(|report| {
            let tables = &mut report["tables"];
            tables["other"] = json!({});
            tables["proactive"]["art20_1.regulations.issued"] = json!(1);
            tables["applications"]["other.misc"] = json!({"total": 0});
            tables["applications"]["granted"]["subtotal"] = json!(0);
            tables["remedies"]["review.settled"] = json!(0);
        });
        let findings = found(&text);
        let mut places: Vec<_> = ids(&findings);
        places.sort_unstable();
        assert_eq!(
            places,
            [
                ("FORMAT.VERSION", "error", "applications.granted.subtotal"),
                ("FORMAT.VERSION", "error", "applications.other.misc"),
                ("FORMAT.VERSION", "error", "other"),
                ("FORMAT.VERSION", "error", "proactive.art20_1.regulations.issued"),
                ("FORMAT.VERSION", "error", "remedies.review.settled"),
            ]
        );
        let row = findings.iter().find(|f| f.place == "applications.other.misc").unwrap();
        assert_eq!(
            row.message,
            "applications.other.misc 不是 2019 年版格式的行，2021 年版格式才有"
        );
    }

    #[test]
    fn the_form_of_another_year_is_an_error() {
        let text = luoyang(|report| report["year"] = json!(2021));
        assert_eq!(ids(&found(&text)), [("FORMAT.VERSION", "error", "form")]);
    }

    #[test]
    fn what_is_no_report_is_refused_in_one_sentence() {
        let without = |key: &str| {
            luoyang(|report| {
                report.as_object_mut().unwrap().remove(key);
            })
        };
        for (text, sentence) in [
            ("[]".to_owned(), "$ is […]: expected an object with agency, year, form and tables"),
            (without("agency"), "$.agency is missing: expected the agency's id or name as a text"),
            (without("year"), "$.year is missing: expected the report year as a whole number"),
            (without("form"), "$.form is missing: expected the id of a form, such as \"2021\""),
            (
                without("tables"),
                "$.tables is missing: expected an object with proactive, applications and remedies",
            ),
            (
                luoyang(|report| report["year"] = json!(2018)),
                "$.year: no official form existed for 2018: the first is for the year 2019",
            ),
            (
                luoyang(|report| report["year"] = json!(2020.5)),
                "$.year is 2020.5: expected the report year as a whole number",
            ),
            (
                luoyang(|report| report["form"] = json!("2020")),
                "$.form is \"2020\": expected one of 2019, 2021",
            ),
        ] {
            assert_eq!(check_published(&text).unwrap_err().to_string(), sentence);
        }
        let error = check_published("{\"agency\":").unwrap_err();
        assert!(matches!(error, PublishedError::NotJson(_)), "{error}");
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let keys = ["granted", "total", "natural_person", "review.total", "other", ""];
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            prop::sample::select(vec!["1e999", "-0", "0.0000000001", "123456789012345678901234"])
                .prop_map(|number| serde_json::from_str(number).unwrap()),
            ".{0,8}".prop_map(Json::from),
            "[-+0-9,.，/ ]{0,12}".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 24, 6, move |inner| {
            let key = prop::sample::select(keys.to_vec()).prop_map(str::to_owned);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map(key, inner, 0..4)
                    .prop_map(|members| Json::Object(members.into_iter().collect())),
            ]
        })
    }

    /// Replaces the value at a walk through the tree.
    fn plant(tree: &mut Json, walk: &[prop::sample::Index], graft: Json) {
        let Some((step, rest)) = walk.split_first() else {
            *tree = graft;
            return;
        };
        match tree {
            Json::Object(members) if !members.is_empty() => {
                let place = step.index(members.len());
                plant(members.values_mut().nth(place).unwrap(), rest, graft);
            }
            Json::Null
            | Json::Bool(_)
            | Json::Number(_)
            | Json::String(_)
            | Json::Array(_)
            | Json::Object(_) => *tree = graft,
        }
    }

    proptest! {
        #[test]
        fn no_json_makes_the_reader_panic(
            walk in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
            graft in any_json(),
            form in 0usize..2,
        ) {
            let tables = golden::zeros(&FORMS[form]);
            let mut report = to_json(&tables, 2020);
            plant(&mut report, &walk, graft);
            let _ = check_published(&report.to_string());
        }

        #[test]
        fn no_text_makes_the_reader_panic(
            cut in any::<prop::sample::Index>(),
            insert in ".{0,6}",
            remove in 0usize..4,
        ) {
            let text = luoyang(|_| {});
            let mut letters: Vec<char> = text.chars().collect();
            let from = cut.index(letters.len());
            let to = (from + remove).min(letters.len());
            letters.splice(from..to, insert.chars());
            let _ = check_published(&letters.into_iter().collect::<String>());
        }
    }
}
