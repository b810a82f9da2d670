//! References to cells in a written section: where they stand, and how they are read.
//!
//! ```text
//! reference  = "{{" expression *( "|" format ) "}}"
//! expression = cell *( ( "+" / "-" ) cell )
//! cell       = name [ "@previous" ]        ; name as in the contract, e.g. applications.granted.total
//! format     = "chinese" / unit / "percent of" expression / "change"
//! ```
//!
//! What stands in code, or after a backslash, is no reference.

use std::{fmt, ops::Range};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

use crate::statistics::{
    CellRef,
    catalogue::{CellKind, FORMS, Form},
};

/// The words that may follow a count.
pub(super) const COUNT_UNITS: [&str; 9] = ["件", "项", "条", "份", "个", "起", "宗", "次", "例"];

/// The word that may follow an amount.
pub(super) const AMOUNT_UNIT: &str = "万元";

/// How a reference begins and ends.
const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// What follows a cell of the year before.
const PREVIOUS: &str = "@previous";

/// How many cells an expression may have.
const TERM_LIMIT: usize = 32;

/// How many faults are told at once.
const FAULT_LIMIT: usize = 20;

/// A reference that cannot be read, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The character of the line at which the reference begins, from 1.
    pub column: usize,
    /// What is wrong, and what was expected.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

/// The references of a text that cannot be read, or that name a cell of no edition of the form; at
/// most the first twenty.
#[must_use]
pub fn faults(text: &str) -> Vec<Fault> {
    let fault = |found: Found<'_>| {
        let Found { line, column, read, .. } = found;
        read.err().map(|why| Fault { line, column, what: why.to_string() })
    };
    find(text).into_iter().filter_map(fault).take(FAULT_LIMIT).collect()
}

/// Why a reference cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It names a cell that no edition of the form has.
    Cell(String),
    /// It does not follow the grammar.
    Grammar(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cell(name) => f.write_str(&unknown_cell(name)),
            Self::Grammar(what) => f.write_str(what),
        }
    }
}

impl From<String> for Unreadable {
    fn from(what: String) -> Self {
        Self::Grammar(what)
    }
}

/// A reference found in a text.
#[derive(Debug)]
pub(super) struct Found<'a> {
    /// Where it stands, its braces included.
    pub(super) range: Range<usize>,
    /// What stands there.
    pub(super) source: &'a str,
    /// The line, from 1.
    pub(super) line: usize,
    /// The character of the line, from 1.
    pub(super) column: usize,
    /// What it says, or why it cannot be read.
    pub(super) read: Result<Reference, Unreadable>,
}

/// What a reference says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) expression: Expression,
    pub(super) style: Style,
    /// What follows the number; may be empty.
    pub(super) unit: &'static str,
}

/// How the number is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Style {
    /// In plain digits.
    Digits,
    /// In Chinese numerals.
    Chinese,
    /// As a share of another number.
    PercentOf(Expression),
    /// As an increase or decrease against the year before.
    Change,
}

/// A sum of cells of one kind; never without any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expression {
    pub(super) terms: Vec<Term>,
    pub(super) kind: CellKind,
}

/// A cell in a sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// The cell's name, which at least one edition of the form has.
    pub(super) name: String,
    /// Whether it is taken away instead of added.
    pub(super) negative: bool,
    /// Whether it is taken from the table of the year before.
    pub(super) previous_year: bool,
}

/// Every reference of a Markdown text, in order.
pub(super) fn find(text: &str) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    if !text.contains(OPEN) {
        return found;
    }
    let code = code_in(text);
    let mut place = Place { line: 1, column: 1, at: 0 };
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(|rest| rest.find(OPEN)) {
        let start = from.saturating_add(start);
        let inside = start.saturating_add(OPEN.len());
        from = inside;
        if is_escaped(text, start) || stands_in(&code, start) {
            continue;
        }
        let line = text.get(inside..).unwrap_or_default().lines().next().unwrap_or_default();
        let (length, read) = if let Some((content, _)) = line.split_once(CLOSE) {
            (content.len().saturating_add(CLOSE.len()), read(content))
        } else {
            let what = format!("the reference is not closed: expected {CLOSE} on this line");
            (line.len(), Err(what.into()))
        };
        let end = inside.saturating_add(length);
        from = end;
        place.advance(text, start);
        let source = text.get(start..end).unwrap_or_default();
        found.push(Found {
            range: start..end,
            source,
            line: place.line,
            column: place.column,
            read,
        });
    }
    found
}

/// A place in a text, found by walking on.
struct Place {
    line: usize,
    column: usize,
    at: usize,
}

impl Place {
    fn advance(&mut self, text: &str, to: usize) {
        for c in text.get(self.at..to).unwrap_or_default().chars() {
            if c == '\n' {
                self.line = self.line.saturating_add(1);
                self.column = 1;
            } else {
                self.column = self.column.saturating_add(1);
            }
        }
        self.at = to;
    }
}

/// Whether an odd number of backslashes stands before a place.
fn is_escaped(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let without = before.trim_end_matches('\\');
    before.len().saturating_sub(without.len()) % 2 == 1
}

/// Where code stands in a Markdown text, in order. An indented line is a paragraph in a Chinese
/// text, and no code.
fn code_in(text: &str) -> Vec<Range<usize>> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
        .into_offset_iter()
        .filter_map(|(event, range)| match event {
            Event::Code(_) | Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => Some(range),
            Event::Start(_)
            | Event::End(_)
            | Event::Text(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::FootnoteReference(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::Rule
            | Event::TaskListMarker(_) => None,
        })
        .collect()
}

fn stands_in(ranges: &[Range<usize>], at: usize) -> bool {
    let after = ranges.partition_point(|range| range.start <= at);
    after.checked_sub(1).and_then(|last| ranges.get(last)).is_some_and(|range| range.contains(&at))
}

/// Reads what stands between the braces.
fn read(content: &str) -> Result<Reference, Unreadable> {
    let mut parts = content.split('|');
    let expression = expression(parts.next().unwrap_or_default())?;
    let mut reference = Reference { expression, style: Style::Digits, unit: "" };
    for format in parts {
        reference.take_format(format.trim())?;
    }
    Ok(reference)
}

impl Reference {
    fn take_format(&mut self, format: &str) -> Result<(), Unreadable> {
        let styled = self.style != Style::Digits;
        let relative = matches!(self.style, Style::PercentOf(_) | Style::Change);
        let has_unit = !self.unit.is_empty();
        let units = units(self.expression.kind);
        if let Some(unit) = units.iter().find(|unit| **unit == format)
            && !has_unit
            && !relative
        {
            self.unit = unit;
            return Ok(());
        }
        let of = format.strip_prefix("percent").map(str::trim_start);
        let of = of.and_then(|rest| rest.strip_prefix("of")).filter(|of| of.starts_with(' '));
        self.style = match (format, of) {
            ("chinese", _) if !styled => Style::Chinese,
            ("change", _) if !styled && !has_unit => {
                if self.expression.terms.iter().any(|term| term.previous_year) {
                    return Err(format!(
                        "change compares with the year before by itself: expected cells without \
                         {PREVIOUS}"
                    )
                    .into());
                }
                Style::Change
            }
            (_, Some(of)) if !styled && !has_unit => {
                let of = expression(of)?;
                if of.kind != self.expression.kind {
                    return Err("a share of cells of another kind: expected counts with counts, \
                                amounts with amounts"
                        .to_owned()
                        .into());
                }
                Style::PercentOf(of)
            }
            _ => return Err(self.unknown_format(format).into()),
        };
        Ok(())
    }

    fn unknown_format(&self, format: &str) -> String {
        format!(
            "the format {format:?} is unknown, or cannot follow the one before: expected chinese, \
             {}, percent of CELL or change",
            units(self.expression.kind).join(", ")
        )
    }
}

/// The words that may follow a number of a kind.
const fn units(kind: CellKind) -> &'static [&'static str] {
    match kind {
        CellKind::Count | CellKind::Change => &COUNT_UNITS,
        CellKind::Amount => &[AMOUNT_UNIT],
    }
}

/// Reads a sum of cells.
pub(super) fn expression(text: &str) -> Result<Expression, Unreadable> {
    let mut terms = Vec::new();
    let mut sum_kind = None;
    let mut rest = text.trim();
    let mut negative = false;
    loop {
        let end = rest.find(['+', '-']).unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (term, kind) = term(name.trim(), negative)?;
        if *sum_kind.get_or_insert(kind) != kind {
            return Err(
                "a sum of cells of different kinds: expected counts only, changes only or \
                        amounts only"
                    .to_owned()
                    .into(),
            );
        }
        terms.push(term);
        if terms.len() > TERM_LIMIT {
            return Err(format!("more than {TERM_LIMIT} cells: expected a shorter sum").into());
        }
        let Some(sign) = after.chars().next() else {
            return Ok(Expression { terms, kind });
        };
        negative = sign == '-';
        rest = after.get(sign.len_utf8()..).unwrap_or_default();
    }
}

fn term(text: &str, negative: bool) -> Result<(Term, CellKind), Unreadable> {
    let (name, previous_year) = match text.strip_suffix(PREVIOUS) {
        Some(name) => (name.trim_end(), true),
        None => (text, false),
    };
    let known = FORMS.iter().find_map(|form| Some((form, form.find_cell(name)?)));
    let (form, cell) = known.ok_or_else(|| Unreadable::Cell(name.to_owned()))?;
    let term = Term { name: name.to_owned(), negative, previous_year };
    Ok((term, form.cell_kind(cell)))
}

/// What is wrong with a name that no cell has: the first part that fits nowhere, and what fits.
fn unknown_cell(name: &str) -> String {
    if name.is_empty() {
        return "a cell is missing: expected a name such as applications.new_received.total"
            .to_owned();
    }
    if let Some((name, what)) = name.split_once('@') {
        return format!("{what:?} cannot follow {name:?}: expected {PREVIOUS}");
    }
    let every = || FORMS.iter().flat_map(|form| form.cells().map(|cell| form.cell_name(cell)));
    // The longest beginning of the name, part by part, that some cell's name has too.
    let mut known = "";
    for (at, _) in name.match_indices('.') {
        let beginning = name.get(..=at).unwrap_or_default();
        if every().any(|cell| cell.starts_with(beginning)) {
            known = beginning;
        }
    }
    let mut next: Vec<String> = Vec::new();
    for cell in every() {
        let part = cell.strip_prefix(known).and_then(|rest| rest.split('.').next());
        if let Some(part) = part.filter(|part| !next.iter().any(|known| known == part)) {
            next.push(part.to_owned());
        }
    }
    let shown: String = name.chars().take(80).collect();
    format!("{shown:?} is a cell of no edition of the form: expected {known}({})", next.join(" | "))
}

impl Term {
    /// The cell on a form, if the form has it.
    pub(super) fn on(&self, form: &Form) -> Option<CellRef> {
        form.find_cell(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        faults(text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_written_by_the_grammar_is_read() {
        for text in [
            "",
            "没有引用",
            "{{applications.new_received.total}}",
            "{{ applications.not_disclosed.state_secret.natural_person }}",
            "{{applications.new_received.total|件}}",
            "{{applications.new_received.total | chinese | 件}}",
            "{{applications.new_received.total|件|chinese}}",
            "{{remedies.review.total+remedies.suit_direct.total - remedies.review.pending@previous}}",
            "{{applications.granted.total|percent of applications.result_total.total}}",
            "{{applications.granted.total|percent of applications.granted.total@previous}}",
            "{{applications.new_received.total|change}}",
            "{{proactive.art20_8.fees.amount_wan_yuan|万元}}",
            // Of either edition.
            "{{applications.other.total}}{{applications.other.misc.total}}",
        ] {
            assert_eq!(said(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn every_cell_of_every_form_can_be_named() {
        for form in &FORMS {
            for cell in form.cells() {
                let text = format!("{{{{{}@previous}}}}", form.cell_name(cell));
                assert_eq!(faults(&text), [], "{text}");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        let cases = [
            (
                "甲\n收到{{}}件",
                "line 2, column 3: a cell is missing: expected a name such as applications.new_received.total",
            ),
            (
                "{{applications.new_received.total",
                "line 1, column 1: the reference is not closed: expected }} on this line",
            ),
            (
                "{{applications.new_received\n.total}}",
                "line 1, column 1: the reference is not closed: expected }} on this line",
            ),
            (
                "{{tables.x}}",
                "line 1, column 1: \"tables.x\" is a cell of no edition of the form: expected (proactive | applications | remedies)",
            ),
            (
                "{{applications.granted.sum}}",
                "line 1, column 1: \"applications.granted.sum\" is a cell of no edition of the form: expected applications.granted.(natural_person | commercial_enterprise | research_institution | public_welfare_org | legal_service_org | other_org | total)",
            ),
            (
                "{{remedies.review.won}}",
                "line 1, column 1: \"remedies.review.won\" is a cell of no edition of the form: expected remedies.review.(upheld | corrected | other | pending | total)",
            ),
            (
                "{{remedies.review.total@last}}",
                "line 1, column 1: \"last\" cannot follow \"remedies.review.total\": expected @previous",
            ),
            (
                "{{remedies.review.total + }}",
                "line 1, column 1: a cell is missing: expected a name such as applications.new_received.total",
            ),
            (
                "{{remedies.review.total|change|件}}",
                "line 1, column 1: the format \"件\" is unknown, or cannot follow the one before: expected chinese, 件, 项, 条, 份, 个, 起, 宗, 次, 例, percent of CELL or change",
            ),
            (
                "{{remedies.review.total|万元}}",
                "line 1, column 1: the format \"万元\" is unknown, or cannot follow the one before: expected chinese, 件, 项, 条, 份, 个, 起, 宗, 次, 例, percent of CELL or change",
            ),
            (
                "{{remedies.review.total@previous|change}}",
                "line 1, column 1: change compares with the year before by itself: expected cells without @previous",
            ),
            (
                "{{remedies.review.total|percent of proactive.art20_8.fees.amount_wan_yuan}}",
                "line 1, column 1: a share of cells of another kind: expected counts with counts, amounts with amounts",
            ),
            (
                "{{remedies.review.total+proactive.art20_8.fees.amount_wan_yuan}}",
                "line 1, column 1: a sum of cells of different kinds: expected counts only, changes only or amounts only",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(said(text), [expected], "{text}");
        }
        let long = vec!["remedies.review.total"; 33].join("+");
        assert_eq!(said(&format!("{{{{{long}}}}}")).len(), 1);
        assert_eq!(said("{{a}}\n{{b}}").len(), 2);
    }

    #[test]
    fn what_is_code_or_escaped_is_no_reference() {
        for text in [
            "`{{x}}` 和 ``{{x}}``",
            "```\n{{x}}\n```",
            "~~~\n{{x}}\n~~~\n",
            "\\{{x}}",
            "> `{{x}}`",
            "|a|b|\n|-|-|\n|`{{x}}`|b|",
        ] {
            assert_eq!(said(text), Vec::<String>::new(), "{text}");
        }
        for text in ["\\\\{{x}}", "`a` {{x}} `b`", "    {{x}}", "<b>{{x}}</b>", "|a|\n|-|\n|{{x}}|"]
        {
            assert_eq!(said(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn every_text_is_taken_without_harm() {
        for text in [
            "{{",
            "}}",
            "{{{{",
            "}}{{",
            "{{{x}}}",
            "\\{{{x}}}",
            "{{|}}",
            "{{||}}",
            "{{@}}",
            "{{-}}",
            "{{a|percent of}}",
            "{{a|percentof b}}",
            "{\u{0}{",
            "{{\u{4e00}+}}",
        ] {
            let _ = said(text);
        }
        assert_eq!(said(&"{{x}}".repeat(1_000)).len(), FAULT_LIMIT);
        assert_eq!(said(&"{{".repeat(100_000)).len(), 1);
    }
}
