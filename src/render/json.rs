//! The report for programs: every cell of its form, the narrative and the findings.
//!
//! Written by hand from the keys of the catalogue. A blank is `null`, never 0; counts are whole
//! numbers, amounts exact decimal numbers in 万元. The order of members is fixed.

use std::fmt::Write;

use super::{Report, cells};
use crate::{
    domain::{application::CountingPolicy, narrative::Section},
    statistics::{CellRef, Finding},
};

/// The report in JSON, indented.
#[must_use]
pub fn json(report: &Report) -> String {
    let mut out = String::new();
    tree(report).write(&mut out, Layout::Indented(0));
    out.push('\n');
    out
}

/// A finding in JSON, on one line without a line end.
#[must_use]
pub fn finding_json(finding: &Finding) -> String {
    let mut out = String::new();
    of_finding(finding).write(&mut out, Layout::OneLine);
    out
}

/// A JSON value.
enum Json {
    Null,
    /// A number, as it is written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

fn tree(report: &Report) -> Json {
    Json::Object(vec![
        ("agency", text(&report.agency_id)),
        ("agency_name", text(&report.agency_name)),
        ("year", Json::Number(report.year.to_string())),
        ("form", text(report.tables.form().id)),
        ("as_of_position", Json::Number(report.as_of_position.to_string())),
        ("tables", tables(report)),
        ("sections", sections(report)),
        ("findings", Json::List(report.findings.iter().map(of_finding).collect())),
        ("policy", policy(report.policy)),
    ])
}

/// The settings under which applications were counted.
fn policy(policy: CountingPolicy) -> Json {
    let CountingPolicy { rework_policy, conclusion_basis } = policy;
    Json::Object(vec![
        ("rework_policy", text(rework_policy.key())),
        ("conclusion_basis", text(conclusion_basis.key())),
    ])
}

fn tables(report: &Report) -> Json {
    let form = report.tables.form();
    let value = |cell| cells::printed(&report.tables, cell).map_or(Json::Null, Json::Number);
    let proactive = (0..).zip(form.proactive_cells());
    let rows = (0..).zip(form.applications.rows);
    let row = |row| {
        let columns = (0..).zip(form.applications.columns);
        let cell = |column| value(CellRef::Applications { row, column });
        Json::Object(columns.map(|(place, column)| (column.key, cell(place))).collect())
    };
    let remedies = (0..).zip(form.remedies.columns);
    let value = &value;
    Json::Object(vec![
        (
            "proactive",
            Json::Object(
                proactive
                    .map(|(place, cell)| (cell.key, value(CellRef::Proactive(place))))
                    .collect(),
            ),
        ),
        ("applications", Json::Object(rows.map(|(place, each)| (each.key, row(place))).collect())),
        (
            "remedies",
            Json::Object(
                remedies.map(|(place, each)| (each.key, value(CellRef::Remedies(place)))).collect(),
            ),
        ),
    ])
}

fn sections(report: &Report) -> Json {
    let section = |&section: &Section| {
        let written = report.sections.get(&section);
        (section.key(), written.map_or(Json::Null, |written| text(written.as_str())))
    };
    Json::Object(Section::ALL.iter().map(section).collect())
}

fn of_finding(finding: &Finding) -> Json {
    Json::Object(vec![
        ("id", text(finding.id.0)),
        ("severity", text(finding.severity.key())),
        ("where", text(&finding.place)),
        ("left", side(finding.left.as_deref())),
        ("right", side(finding.right.as_deref())),
        ("difference", side(finding.difference.as_deref())),
        ("message", text(&finding.message)),
        ("cells", Json::List(finding.cells.iter().map(|cell| text(cell)).collect())),
    ])
}

fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

/// A side of a finding: a number where it is written like one.
fn side(value: Option<&str>) -> Json {
    match value {
        Some(value) if is_number(value) => Json::Number(value.to_owned()),
        Some(value) => text(value),
        None => Json::Null,
    }
}

/// Whether a text is a JSON number without an exponent.
fn is_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    digits(whole) && digits(decimals) && (whole == "0" || !whole.starts_with('0'))
}

/// How a value is laid out.
#[derive(Clone, Copy)]
enum Layout {
    OneLine,
    /// With every member on its own line, so many levels deep.
    Indented(usize),
}

impl Layout {
    fn deeper(self) -> Self {
        match self {
            Self::OneLine => self,
            Self::Indented(level) => Self::Indented(level.saturating_add(1)),
        }
    }

    fn line_end(self) -> String {
        match self {
            Self::OneLine => String::new(),
            Self::Indented(level) => format!("\n{}", "  ".repeat(level)),
        }
    }

    const fn colon(self) -> &'static str {
        match self {
            Self::OneLine => ":",
            Self::Indented(_) => ": ",
        }
    }
}

impl Json {
    fn write(&self, out: &mut String, layout: Layout) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Number(number) => out.push_str(number),
            Self::Text(text) => push_string(out, text),
            Self::List(values) => {
                let members = values.iter().map(|value| (None, value));
                write_members(out, layout, ['[', ']'], members);
            }
            Self::Object(members) => {
                let members = members.iter().map(|(key, value)| (Some(*key), value));
                write_members(out, layout, ['{', '}'], members);
            }
        }
    }
}

fn write_members<'a>(
    out: &mut String,
    layout: Layout,
    [open, close]: [char; 2],
    members: impl ExactSizeIterator<Item = (Option<&'static str>, &'a Json)>,
) {
    let is_empty = members.len() == 0;
    out.push(open);
    for (place, (key, value)) in members.enumerate() {
        if place > 0 {
            out.push(',');
        }
        out.push_str(&layout.deeper().line_end());
        if let Some(key) = key {
            push_string(out, key);
            out.push_str(layout.colon());
        }
        value.write(out, layout.deeper());
    }
    if !is_empty {
        out.push_str(&layout.line_end());
    }
    out.push(close);
}

fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_escaped(c) => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Whether a character would be obeyed rather than shown where the text is looked at. All of them
/// have four hexadecimal digits.
fn is_escaped(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        render::samples,
        statistics::catalogue::{CheckId, Severity},
    };
    use serde_json::Value;

    fn number(value: &Value) -> Option<String> {
        value.as_number().map(ToString::to_string)
    }

    #[test]
    fn every_cell_reads_back() {
        for report in samples::all() {
            let parsed: Value = serde_json::from_str(&json(&report)).unwrap();
            let form = report.tables.form();
            for (cell, _) in report.tables.cells() {
                let name = form.cell_name(cell);
                let (table, key) = name.split_once('.').unwrap();
                let table = &parsed["tables"][table];
                let found = match cell {
                    CellRef::Applications { .. } => {
                        let (row, column) = key.rsplit_once('.').unwrap();
                        table[row].get(column)
                    }
                    CellRef::Proactive(_) | CellRef::Remedies(_) => table.get(key),
                };
                assert_eq!(number(found.unwrap()), cells::printed(&report.tables, cell), "{name}");
            }
        }
    }

    #[test]
    fn every_text_reads_back() {
        let report = samples::hostile();
        let parsed: Value = serde_json::from_str(&json(&report)).unwrap();
        for &section in Section::ALL {
            let written = report.sections.get(&section).map(crate::domain::LongText::as_str);
            assert_eq!(parsed["sections"][section.key()].as_str(), written);
        }
        assert_eq!(parsed["agency_name"].as_str(), Some(report.agency_name.as_str()));
        let every_control: String = (0..0xA0).filter_map(char::from_u32).collect();
        let mut out = String::new();
        text(&every_control).write(&mut out, Layout::OneLine);
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), every_control);
    }

    #[test]
    fn a_finding_is_one_line() {
        let finding = Finding {
            id: CheckId("T3.CARRY"),
            severity: Severity::Error,
            place: "applications.carried_in.total".to_owned(),
            cells: vec!["applications.carried_in.total".to_owned()],
            left: Some("0.5".to_owned()),
            right: Some("第一\n".to_owned()),
            difference: None,
            message: "\u{202E}".to_owned(),
        };
        assert_eq!(
            finding_json(&finding),
            r#"{"id":"T3.CARRY","severity":"error","where":"applications.carried_in.total","left":0.5,"right":"第一\n","difference":null,"message":"\u202e","cells":["applications.carried_in.total"]}"#
        );
    }

    #[test]
    fn only_what_is_written_like_a_number_is_one() {
        for number in ["0", "-8", "0.000001", "1484"] {
            assert!(is_number(number), "{number}");
        }
        for other in ["", "-", "01", "1,483", "1.", ".5", "1e3", "+1", "2020-01-01", "1.2.3"] {
            assert!(!is_number(other), "{other}");
        }
    }
}
