//! The cross-checks (勾稽关系): every relation of the catalogue, evaluated as data.
//!
//! A blank that is not a total counts as zero and is mentioned once; a relation whose total is
//! blank cannot be assessed and says so; a relation with the year before is passed over where that
//! year, or a figure, is not at hand. No relation is known here by name.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    catalogue::{
        CellKind, CheckId, Column, ColumnSource, Form, ProactiveBlock, ProactiveRow, Relation, Row,
        RowSource, SECTION_TITLES, Scope, Severity, Side, Term,
    },
    finding::Finding,
    labels::{innermost, without_number},
    money::format_wan_yuan,
    table::{CellRef, TableId, Tables, Value},
};
use crate::domain::ReportYear;

/// Checks tables as they were printed, with those of the year before if they are at hand.
#[must_use]
pub fn check(tables: &Tables, previous: Option<&Tables>) -> Vec<Finding> {
    check_except(tables, previous, &Except::default())
}

/// Checks tables derived from the log for a year. A blank in table two was not declared: one
/// warning names them all, and none if the form is not the year's own, whose figures were declared.
#[must_use]
pub fn check_derived(tables: &Tables, year: ReportYear, previous: Option<&Tables>) -> Vec<Finding> {
    let undeclared = tables
        .cells()
        .filter(|(cell, value)| cell.table() == TableId::Proactive && value.is_none())
        .map(|(cell, _)| (cell, Blank::Undeclared));
    let except = Except { tables: BTreeSet::new(), blanks: undeclared.collect() };
    let own_form = tables.form().is_for(year);
    let undeclared = own_form.then(|| undeclared_figures(tables.form(), &except)).flatten();
    undeclared.into_iter().chain(check_except(tables, previous, &except)).collect()
}

/// A relation at one of the places over which it is repeated, spelt out in the cells of one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpeltOut {
    /// Over which cells the relation is repeated.
    pub scope: Scope,
    /// What the relation says, in a clerk's words.
    pub statement: &'static str,
    /// The cell that a breach is reported at.
    pub place: CellRef,
    /// The left side.
    pub left: Vec<Operand>,
    /// The right side.
    pub right: Vec<Operand>,
}

/// A cell on one side of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operand {
    /// The cell.
    pub cell: CellRef,
    /// Whether it is taken away instead of added.
    pub negative: bool,
}

/// Every relation of a form that lies within one year, at every place over which it is repeated.
#[must_use]
pub fn relations_within_year(form: &Form) -> Vec<SpeltOut> {
    let at = |relation: &'static Relation, place: Place| {
        let side = |side| {
            let operand = |term: Term| {
                let cell = place.cell(form, term.key).filter(|_| !term.previous_year)?;
                Some(Operand { cell, negative: term.negative })
            };
            terms(form, side).into_iter().map(operand).collect::<Option<Vec<_>>>()
        };
        Some(SpeltOut {
            scope: relation.scope,
            statement: relation.statement,
            place: place.cell(form, relation.place)?,
            left: side(relation.left)?,
            right: side(relation.right)?,
        })
    };
    form.relations
        .iter()
        .flat_map(|relation| {
            places(form, relation.scope).filter_map(move |place| at(relation, place))
        })
        .collect()
}

/// What a check knows beforehand and does not report.
#[derive(Debug, Default)]
pub(super) struct Except {
    /// Tables that are not there: neither their cells nor their relations are checked.
    pub(super) tables: BTreeSet<TableId>,
    /// Blanks that have their finding already.
    pub(super) blanks: BTreeMap<CellRef, Blank>,
}

/// How a blank that has its finding already takes part in relations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    /// As any other blank.
    Unreadable,
    /// Not at all: a relation with it is passed over.
    Undeclared,
}

/// Checks tables but for what is known beforehand.
pub(super) fn check_except(
    tables: &Tables,
    previous: Option<&Tables>,
    except: &Except,
) -> Vec<Finding> {
    let form = tables.form();
    let is_there = |table| !except.tables.contains(&table);
    let values = tables
        .cells()
        .filter(|(cell, _)| is_there(cell.table()))
        .filter_map(|(cell, value)| check_value(form, cell, value, except));
    let relations = form
        .relations
        .iter()
        .flat_map(|relation| places(form, relation.scope).map(move |place| (relation, place)))
        .filter(|(_, place)| is_there(place.table()))
        .filter_map(|(relation, place)| {
            Assessment::new(relation, place, tables, previous, except)?.finding(form)
        });
    values.chain(relations).collect()
}

fn undeclared_figures(form: &Form, except: &Except) -> Option<Finding> {
    let cells: Vec<String> = except.blanks.keys().map(|&cell| form.cell_name(cell)).collect();
    if cells.is_empty() {
        return None;
    }
    let places: Vec<String> = except.blanks.keys().map(|&cell| whereabouts(form, cell)).collect();
    let [_, table_title, ..] = SECTION_TITLES;
    let message = format!(
        "{}尚有 {} 项数字未填报，报告中为空白：{}",
        without_number(table_title),
        places.len(),
        first_few(&places, "；")
    );
    let table = TableId::Proactive.key();
    Some(Finding { cells, ..Finding::at(CheckId::UNDECLARED, Severity::Warning, table, message) })
}

/// Whether a cell holds what a cell of its kind may hold.
fn check_value(form: &Form, cell: CellRef, value: Value, except: &Except) -> Option<Finding> {
    let kind = form.cell_kind(cell);
    match (value, kind) {
        (None, _) if form.is_total(cell) || except.blanks.contains_key(&cell) => None,
        (None, _) => Some(blank_leaf(form, cell)),
        (Some(..0), CellKind::Count | CellKind::Amount) => Some(negative(form, cell, value, kind)),
        (Some(_), CellKind::Count | CellKind::Amount | CellKind::Change) => None,
    }
}

fn blank_leaf(form: &Form, cell: CellRef) -> Finding {
    let message = format!("此格空白，按 0 计算（{}）", whereabouts(form, cell));
    Finding::at(CheckId::NONNEG_INT, Severity::Warning, form.cell_name(cell), message)
}

fn negative(form: &Form, cell: CellRef, value: Value, kind: CellKind) -> Finding {
    let found = value.map(|value| print(value.into(), kind));
    let message = format!(
        "此格为负数 {}，应不小于 0（{}）",
        found.as_deref().unwrap_or_default(),
        whereabouts(form, cell)
    );
    let finding = Finding::at(CheckId::NONNEG_INT, Severity::Error, form.cell_name(cell), message);
    Finding { left: found, ..finding }
}

/// The first few of a list, so that a sentence stays one; the finding's cells name them all.
fn first_few(all: &[String], separator: &str) -> String {
    const FEW: usize = 3;
    let first = all.get(..FEW).unwrap_or(all).join(separator);
    if all.len() > FEW { format!("{first}等 {} 格", all.len()) } else { first }
}

/// The printed labels and the name of a cell.
fn whereabouts(form: &Form, cell: CellRef) -> String {
    format!("{}，{}", form.cell_label(cell), form.cell_name(cell))
}

/// One of the places over which a relation is repeated.
#[derive(Clone, Copy)]
enum Place {
    Column(&'static Column),
    Row(&'static Row),
    Proactive,
    Remedies,
}

fn places(form: &Form, scope: Scope) -> Box<dyn Iterator<Item = Place>> {
    match scope {
        Scope::EachColumn => Box::new(form.applications.columns.iter().map(Place::Column)),
        Scope::EachRow => Box::new(form.applications.rows.iter().map(Place::Row)),
        Scope::Proactive => Box::new(std::iter::once(Place::Proactive)),
        Scope::Remedies => Box::new(std::iter::once(Place::Remedies)),
    }
}

impl Place {
    const fn table(self) -> TableId {
        match self {
            Self::Column(_) | Self::Row(_) => TableId::Applications,
            Self::Proactive => TableId::Proactive,
            Self::Remedies => TableId::Remedies,
        }
    }

    /// The cell that a key means here, if the form has it.
    fn cell(self, form: &Form, key: &str) -> Option<CellRef> {
        match self {
            Self::Column(column) => form.find_application(key, column.key),
            Self::Row(row) => form.find_application(row.key, key),
            Self::Proactive => form.find_proactive(key),
            Self::Remedies => form.find_remedy(key),
        }
    }

    /// The name of the cell that a key means here, whether or not a form has it.
    fn name(self, key: &str) -> String {
        match self {
            Self::Column(column) => format!("applications.{key}.{}", column.key),
            Self::Row(row) => format!("applications.{}.{key}", row.key),
            Self::Proactive => format!("proactive.{key}"),
            Self::Remedies => format!("remedies.{key}"),
        }
    }

    /// The innermost printed label of a key here, without its number.
    fn label(self, form: &Form, key: &str) -> Option<&'static str> {
        let label = match self {
            Self::Column(_) => {
                innermost(form.applications.rows.iter().find(|r| r.key == key)?.path)
            }
            Self::Row(_) => {
                innermost(form.applications.columns.iter().find(|c| c.key == key)?.path)
            }
            Self::Proactive => form.proactive.blocks.iter().find_map(|block| header(block, key))?,
            Self::Remedies => innermost(form.remedies.columns.iter().find(|c| c.key == key)?.path),
        };
        Some(without_number(label))
    }
}

/// The header over the cell of table two with this key, if it is in this block.
fn header(block: &ProactiveBlock, key: &str) -> Option<&'static str> {
    let place = |row: &ProactiveRow| row.cells.iter().position(|cell| cell.key == key);
    block.headers.get(block.rows.iter().find_map(place)?).copied()
}

/// The terms of a side, spelt out for a form.
fn terms(form: &Form, side: Side) -> Vec<Term> {
    let term = |key| Term { key, negative: false, previous_year: false };
    match side {
        Side::Terms(terms) => terms.to_vec(),
        Side::EveryResult => form
            .applications
            .rows
            .iter()
            .filter(|row| matches!(row.source, RowSource::Result(_)))
            .map(|row| term(row.key))
            .collect(),
        Side::EveryKind => form
            .applications
            .columns
            .iter()
            .filter(|column| matches!(column.source, ColumnSource::Kind(_)))
            .map(|column| term(column.key))
            .collect(),
    }
}

/// A term of a relation at one place, and what stands in its cell.
struct Part {
    term: Term,
    place: Place,
    content: Content,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Value(i64),
    /// A blank that counts as zero.
    BlankLeaf,
    /// A blank total, or no such cell on the form.
    NoTotal,
    /// A figure that nobody declared.
    Undeclared,
}

impl Part {
    fn new(
        term: Term,
        place: Place,
        tables: &Tables,
        previous: Option<&Tables>,
        except: &Except,
    ) -> Self {
        let source = if term.previous_year { previous } else { Some(tables) };
        let cell = source.and_then(|tables| Some((tables, place.cell(tables.form(), term.key)?)));
        let content = match cell.map(|(tables, cell)| (tables, cell, tables.get(cell))) {
            Some((_, _, Some(value))) => Content::Value(value),
            Some((_, cell, None)) if except.blanks.get(&cell) == Some(&Blank::Undeclared) => {
                Content::Undeclared
            }
            Some((tables, cell, None)) if !tables.form().is_total(cell) => Content::BlankLeaf,
            Some((_, _, None)) | None => Content::NoTotal,
        };
        Self { term, place, content }
    }

    fn name(&self) -> String {
        let name = self.place.name(self.term.key);
        if self.term.previous_year { name + "@previous" } else { name }
    }

    fn label(&self, form: &Form) -> &'static str {
        self.place.label(form, self.term.key).unwrap_or(self.term.key)
    }

    fn amount(&self) -> i128 {
        let value = match self.content {
            Content::Value(value) => i128::from(value),
            Content::BlankLeaf | Content::NoTotal | Content::Undeclared => 0,
        };
        if self.term.negative { value.saturating_neg() } else { value }
    }
}

/// A relation at one place, with every cell read.
struct Assessment {
    relation: &'static Relation,
    place: Place,
    left: Vec<Part>,
    right: Vec<Part>,
}

impl Assessment {
    /// Reads the cells; `None` if the relation is to be passed over.
    fn new(
        relation: &'static Relation,
        place: Place,
        tables: &Tables,
        previous: Option<&Tables>,
        except: &Except,
    ) -> Option<Self> {
        let read = |side| {
            terms(tables.form(), side)
                .into_iter()
                .map(|term| Part::new(term, place, tables, previous, except))
                .collect::<Vec<_>>()
        };
        let assessment =
            Self { relation, place, left: read(relation.left), right: read(relation.right) };
        let any = |test: fn(&Part) -> bool| assessment.parts().any(test);
        let looks_back = any(|part| part.term.previous_year);
        let blank = any(|part| !matches!(part.content, Content::Value(_)));
        let undeclared = any(|part| part.content == Content::Undeclared);
        if undeclared || (looks_back && blank) { None } else { Some(assessment) }
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.left.iter().chain(&self.right)
    }

    /// What there is to say; nothing if the relation holds.
    fn finding(&self, form: &Form) -> Option<Finding> {
        let missing: Vec<&Part> =
            self.parts().filter(|part| part.content == Content::NoTotal).collect();
        if !missing.is_empty() {
            return Some(self.not_assessable(form, &missing));
        }
        let (left, right) = (sum(&self.left), sum(&self.right));
        (left != right).then(|| self.broken(form, left, right))
    }

    fn not_assessable(&self, form: &Form, missing: &[&Part]) -> Finding {
        let missing: Vec<String> =
            missing.iter().map(|part| format!("{}（{}）", part.label(form), part.name())).collect();
        let message = format!(
            "{}空白，无法核对：{}（{}）",
            first_few(&missing, "、"),
            self.relation.statement,
            self.whereabouts(form)
        );
        self.report(Severity::Warning, message)
    }

    fn broken(&self, form: &Form, left: i128, right: i128) -> Finding {
        let cell = self.place.cell(form, self.relation.place);
        let kind = cell.map_or(CellKind::Count, |cell| form.cell_kind(cell));
        let difference = left.saturating_sub(right);
        let message = format!(
            "{} {} ≠ {} {}，相差 {}：{}（{}）",
            describe(form, self.relation.left, &self.left),
            print(left, kind),
            describe(form, self.relation.right, &self.right),
            print(right, kind),
            print(difference.saturating_abs(), kind),
            self.relation.statement,
            self.whereabouts(form)
        );
        Finding {
            left: Some(print(left, kind)),
            right: Some(print(right, kind)),
            difference: Some(print(difference, kind)),
            ..self.report(self.relation.severity, message)
        }
    }

    fn report(&self, severity: Severity, message: String) -> Finding {
        Finding {
            cells: self.parts().map(Part::name).collect(),
            ..Finding::at(self.relation.id, severity, self.name(), message)
        }
    }

    fn name(&self) -> String {
        self.place.name(self.relation.place)
    }

    /// The printed labels and the name of the cell at which a finding stands.
    fn whereabouts(&self, form: &Form) -> String {
        match self.place.cell(form, self.relation.place) {
            Some(cell) => whereabouts(form, cell),
            None => self.name(),
        }
    }
}

/// Sixty-four-bit values, a few dozen at most: the sum cannot reach the bound.
fn sum(parts: &[Part]) -> i128 {
    parts.iter().map(Part::amount).fold(0, i128::saturating_add)
}

/// A side in a clerk's words.
fn describe(form: &Form, side: Side, parts: &[Part]) -> String {
    match side {
        Side::EveryResult | Side::EveryKind => "各项之和".to_owned(),
        Side::Terms(_) => {
            parts.iter().enumerate().map(|(place, part)| named(form, place, part)).collect()
        }
    }
}

fn named(form: &Form, place: usize, part: &Part) -> String {
    let sign = match (place, part.term.negative) {
        (0, false) => "",
        (_, false) => "＋",
        (_, true) => "－",
    };
    let year = if part.term.previous_year { "上年度" } else { "" };
    format!("{sign}{year}{}", part.label(form))
}

/// A value as it stands in a table.
fn print(value: i128, kind: CellKind) -> String {
    match (kind, i64::try_from(value)) {
        (CellKind::Amount, Ok(fen)) => format_wan_yuan(fen),
        (CellKind::Amount | CellKind::Count | CellKind::Change, _) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{catalogue::FORMS, golden};
    use super::*;

    fn ids(findings: &[Finding]) -> Vec<(&'static str, Severity, &str)> {
        findings.iter().map(|f| (f.id.0, f.severity, f.place.as_str())).collect()
    }

    fn set(tables: &mut Tables, row: &str, column: &str, value: Value) {
        let cell = tables.form().find_application(row, column).unwrap();
        tables.set(cell, value);
    }

    #[test]
    fn published_tables_that_hold_raise_nothing() {
        assert_eq!(check(&golden::luoyang_2020(), None), []);
        let shanghai = check(&golden::shanghai_2019(), None);
        let blank_figure = |f: &Finding| f.place.starts_with("proactive.");
        assert!(shanghai.iter().all(blank_figure), "table two was not transcribed: {shanghai:?}");
    }

    #[test]
    fn a_broken_relation_names_cells_both_sides_and_difference() {
        let mut tables = golden::shanghai_2019();
        set(&mut tables, "granted", "natural_person", Some(257));
        let findings = check(&tables, None);
        let broken: Vec<_> = findings.iter().filter(|f| f.severity == Severity::Error).collect();
        let [result_sum, row_sum] = broken[..] else { panic!("{broken:?}") };
        assert_eq!(result_sum.id.0, "T3.RESULT_SUM");
        assert_eq!(result_sum.place, "applications.result_total.natural_person");
        assert_eq!(result_sum.left.as_deref(), Some("767"));
        assert_eq!(result_sum.right.as_deref(), Some("766"));
        assert_eq!(result_sum.difference.as_deref(), Some("1"));
        assert_eq!(
            result_sum.message,
            "总计 767 ≠ 各项之和 766，相差 1：本年度办理结果总计等于各项结果之和\
             （行「三、本年度办理结果／（七）总计」列「申请人情况／自然人」，\
             applications.result_total.natural_person）"
        );
        let cells = [("granted", true), ("result_total", true), ("carried_in", false)];
        for (row, takes_part) in cells {
            let name = format!("applications.{row}.natural_person");
            assert_eq!(result_sum.cells.contains(&name), takes_part, "{name}");
        }
        assert_eq!(
            (row_sum.id.0, row_sum.place.as_str()),
            ("T3.ROW_SUM", "applications.granted.total")
        );
    }

    #[test]
    fn a_balance_names_its_terms() {
        let mut tables = golden::luoyang_2020();
        set(&mut tables, "carried_out", "natural_person", Some(1));
        let findings = check(&tables, None);
        let balance = findings.iter().find(|f| f.id.0 == "T3.BALANCE").unwrap();
        assert_eq!(balance.difference.as_deref(), Some("-1"));
        assert!(
            balance.message.starts_with(
                "本年新收政府信息公开申请数量＋上年结转政府信息公开申请数量 1 ≠ \
                 总计＋结转下年度继续办理 2，相差 1："
            ),
            "{}",
            balance.message
        );
    }

    #[test]
    fn a_blank_leaf_counts_as_zero_and_is_mentioned_once() {
        let mut tables = golden::luoyang_2020();
        set(&mut tables, "partial", "other_org", None);
        assert_eq!(
            ids(&check(&tables, None)),
            [("ALL.NONNEG_INT", Severity::Warning, "applications.partial.other_org")]
        );
    }

    #[test]
    fn a_blank_total_leaves_its_relations_unassessed() {
        let mut tables = golden::luoyang_2020();
        set(&mut tables, "result_total", "natural_person", None);
        let review_total = tables.form().find_remedy("review.total").unwrap();
        tables.set(review_total, None);
        assert_eq!(
            ids(&check(&tables, None)),
            [
                ("T3.BALANCE", Severity::Warning, "applications.carried_out.natural_person"),
                ("T3.RESULT_SUM", Severity::Warning, "applications.result_total.natural_person"),
                ("T3.ROW_SUM", Severity::Warning, "applications.result_total.total"),
                ("T4.SUM", Severity::Warning, "remedies.review.total"),
            ]
        );
    }

    #[test]
    fn a_negative_number_is_an_error_except_in_a_change() {
        let mut tables = golden::luoyang_2020();
        let form = tables.form();
        tables.set(form.find_proactive("art20_5.licences.change").unwrap(), Some(-8));
        assert_eq!(check(&tables, None), []);
        tables.set(form.find_proactive("art20_9.procurement.amount_wan_yuan").unwrap(), Some(-1));
        let findings = check(&tables, None);
        assert_eq!(
            ids(&findings),
            [("ALL.NONNEG_INT", Severity::Error, "proactive.art20_9.procurement.amount_wan_yuan")]
        );
        assert!(findings[0].message.contains("-0.000001"), "{}", findings[0].message);
    }

    #[test]
    fn sums_beyond_sixty_four_bits_are_exact() {
        let mut tables = golden::luoyang_2020();
        for column in tables.form().applications.columns {
            set(&mut tables, "partial", column.key, Some(i64::MAX));
        }
        let findings = check(&tables, None);
        let row = findings.iter().find(|f| f.place == "applications.partial.total").unwrap();
        assert_eq!(row.right, Some((i128::from(i64::MAX) * 6).to_string()));
        assert_eq!(row.difference, Some((i128::from(i64::MAX) * -5).to_string()));
    }

    #[test]
    fn the_carry_crosses_the_change_of_form() {
        let [first, second] = &FORMS;
        let (mut previous, mut tables) = (golden::zeros(first), golden::zeros(second));
        for column in ["natural_person", "total"] {
            set(&mut previous, "new_received", column, Some(3));
            set(&mut previous, "carried_out", column, Some(3));
            set(&mut tables, "carried_in", column, Some(3));
            set(&mut tables, "carried_out", column, Some(3));
        }
        assert_eq!(check(&tables, Some(&previous)), []);
        set(&mut previous, "carried_out", "natural_person", Some(4));
        let findings = check(&tables, Some(&previous));
        assert_eq!(
            ids(&findings),
            [("T3.CARRY", Severity::Error, "applications.carried_in.natural_person")]
        );
        assert_eq!(
            findings[0].cells,
            [
                "applications.carried_in.natural_person",
                "applications.carried_out.natural_person@previous"
            ]
        );
        assert!(
            findings[0]
                .message
                .starts_with("上年结转政府信息公开申请数量 3 ≠ 上年度结转下年度继续办理 4"),
            "{}",
            findings[0].message
        );
        set(&mut previous, "carried_out", "natural_person", None);
        assert_eq!(check(&tables, Some(&previous)), []);
    }

    #[test]
    fn the_stock_is_compared_only_where_the_form_before_has_it() {
        let [first, second] = &FORMS;
        let mut tables = golden::zeros(second);
        tables.set(second.find_proactive("art20_1.regulations.in_force").unwrap(), Some(12));
        assert_eq!(check(&tables, Some(&golden::zeros(first))), []);
        let findings = check(&tables, Some(&golden::zeros(second)));
        assert_eq!(
            ids(&findings),
            [("T2.STOCK", Severity::Warning, "proactive.art20_1.regulations.in_force")]
        );
        assert!(
            findings[0].message.starts_with(
                "现行有效件数 12 ≠ 上年度现行有效件数＋本年制发件数－本年废止件数 0，相差 12："
            ),
            "{}",
            findings[0].message
        );
    }

    #[test]
    fn undeclared_figures_give_one_warning_on_the_form_of_the_year_and_none_on_another() {
        let [first, second] = &FORMS;
        let year = ReportYear::new(2021).unwrap();
        let mut tables = golden::zeros(second);
        assert_eq!(check_derived(&tables, year, None), []);
        let blank = second.find_proactive("art20_8.fees.amount_wan_yuan").unwrap();
        tables.set(blank, None);
        tables.set(second.find_proactive("art20_1.regulations.in_force").unwrap(), None);
        let findings = check_derived(&tables, year, Some(&golden::zeros(second)));
        assert_eq!(ids(&findings), [("T2.UNDECLARED", Severity::Warning, "proactive")]);
        assert_eq!(
            findings[0].cells,
            ["proactive.art20_1.regulations.in_force", "proactive.art20_8.fees.amount_wan_yuan"]
        );
        let mut other = golden::zeros(first);
        for (place, _) in first.proactive_cells().enumerate() {
            other.set(CellRef::Proactive(place), None);
        }
        assert_eq!(check_derived(&other, year, None), []);
    }

    /// Tables of two years in a row that hold together, every cell of a relation above zero.
    fn consistent(form: &'static Form) -> (Tables, Tables) {
        let (mut previous, mut tables) = (golden::zeros(form), golden::zeros(form));
        golden::fill_consistently(&mut previous, 5, 7);
        golden::fill_consistently(&mut tables, 7, 4);
        for (place, cell) in form.proactive_cells().enumerate() {
            let value = match cell.key.rsplit('.').next() {
                Some("prev_items") => (50, 47),
                Some("change") => (-3, 4),
                Some("in_force") => (100, 102),
                Some("issued") => (9, 5),
                _ => (6, 3),
            };
            previous.set(CellRef::Proactive(place), Some(value.0));
            tables.set(CellRef::Proactive(place), Some(value.1));
        }
        (previous, tables)
    }

    /// Every cell that takes part in a relation of the form.
    fn participants(form: &'static Form) -> BTreeSet<String> {
        let (previous, tables) = consistent(form);
        let except = Except::default();
        form.relations
            .iter()
            .flat_map(|relation| places(form, relation.scope).map(move |place| (relation, place)))
            .filter_map(|(relation, place)| {
                Assessment::new(relation, place, &tables, Some(&previous), &except)
            })
            .flat_map(|assessment| assessment.parts().map(Part::name).collect::<Vec<_>>())
            .collect()
    }

    fn find(form: &Form, name: &str) -> CellRef {
        form.cells().find(|cell| form.cell_name(*cell) == name).unwrap()
    }

    #[test]
    fn every_cell_of_a_relation_that_is_off_by_one_is_named_by_a_check() {
        for form in &FORMS {
            let (previous, tables) = consistent(form);
            assert_eq!(check(&tables, Some(&previous)), [], "form {}", form.id);
            let names = participants(form);
            assert!(names.len() > 190, "{}", names.len());
            for name in &names {
                for off in [-1, 1] {
                    let (mut previous, mut tables) = (previous.clone(), tables.clone());
                    let (changed, key) = match name.strip_suffix("@previous") {
                        Some(key) => (&mut previous, key),
                        None => (&mut tables, name.as_str()),
                    };
                    let cell = find(form, key);
                    changed.set(cell, changed.get(cell).map(|value| value + off));
                    let findings = check(&tables, Some(&previous));
                    assert!(!findings.is_empty(), "{name} off by {off} goes unnoticed");
                    for finding in findings {
                        assert!(finding.cells.contains(name), "{name}: {finding:?}");
                        assert!(finding.left != finding.right);
                    }
                }
            }
        }
    }
}
