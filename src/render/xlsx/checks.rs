//! The relations of the form as live formulas: ✓ where one holds, or else the difference.
//!
//! What is repeated over columns stands below the table, what is repeated over rows to its right;
//! neither is printed. The formulas say what `statistics::check` says: a blank counts as zero, a
//! relation whose total is blank cannot be assessed.

use rust_xlsxwriter::{
    Color, ConditionalFormatCell, ConditionalFormatCellRule, Format, FormatAlign, Formula,
    Worksheet, XlsxError,
    utility::{cell_range, row_col_to_cell},
};

use super::{
    super::document::Table,
    layout,
    number::Figure,
    tables::{Page, Places, Range},
};
use crate::statistics::{
    CellRef, Operand, SpeltOut, Tables,
    catalogue::{CellKind, Scope},
    format_wan_yuan, relations_within_year,
};

/// The result of a relation that holds.
const HOLDS: &str = "✓";

const NOT_ASSESSABLE: &str = "空白，无法核对";
const TOO_LONG: &str = "数字过长，请另行核对";
const LEGEND: &str =
    "勾稽关系核对：✓ 为相符，否则为“等于”前后之差。改动表中数字，结果随之改变；打印时不出现。";

/// How wide the checks to the right of a table are, in digits.
const WIDTH: usize = 16;

/// Writes the checks of a table around it.
pub(super) fn write(
    page: &mut Page<'_>,
    table: &Table,
    places: &Places,
    tables: &Tables,
) -> Result<(), XlsxError> {
    let relations: Vec<SpeltOut> = relations_within_year(tables.form())
        .into_iter()
        .filter(|relation| places.contains_key(&relation.place))
        .collect();
    if relations.is_empty() {
        return Ok(());
    }
    page.take_row()?;
    page.line(LEGEND, &layout::aside())?;
    // A column apart from the table.
    let mut right = page.columns.saturating_add(1);
    let alike = |one: &SpeltOut, other: &SpeltOut| {
        (one.scope, one.statement) == (other.scope, other.statement)
    };
    for group in relations.chunk_by(alike) {
        let Some(SpeltOut { scope, statement, .. }) = group.first() else { continue };
        let beside = *scope == Scope::EachRow;
        let row = if beside {
            header(page.sheet, table, right, statement, places)?;
            None
        } else {
            page.line(statement, &layout::aside())?;
            Some(page.take_row()?)
        };
        for relation in group {
            let Some(&place) = places.get(&relation.place) else { continue };
            let range = if let Some(row) = row {
                Range { row, last_row: row, ..place }
            } else {
                let column = layout::column(right)?;
                Range { column, last_column: column, ..place }
            };
            one(page.sheet, range, &Check::new(relation, places, tables))?;
        }
        right = right.saturating_add(usize::from(beside));
    }
    Ok(())
}

/// The statement above the checks to the right of a table.
fn header(
    sheet: &mut Worksheet,
    table: &Table,
    column: usize,
    statement: &str,
    places: &Places,
) -> Result<(), XlsxError> {
    let column = layout::column(column)?;
    sheet.set_column_width(column, layout::extent(WIDTH))?;
    let Some(body) = places.values().map(|place| place.row).min() else { return Ok(()) };
    let last_row = body.saturating_sub(1);
    let row = body.saturating_sub(layout::row(table.header.len().max(1))?);
    let range = Range { row, column, last_row, last_column: column };
    range.text(sheet, statement, &layout::aside().set_align(FormatAlign::Center))
}

fn one(sheet: &mut Worksheet, range: Range, check: &Check) -> Result<(), XlsxError> {
    let format = layout::aside().set_align(FormatAlign::Center);
    let Range { row, column, last_row, last_column } = range;
    range.merge(sheet, &format)?;
    match check {
        Check::Formula { formula, result } => {
            let formula = Formula::new(formula.as_str()).set_result(result.as_str());
            sheet.write_formula_with_format(row, column, formula, &format)?;
        }
        Check::Text(text) => {
            sheet.write_string_with_format(row, column, *text, &format)?;
        }
    }
    let red = Format::new().set_font_color(Color::Red).set_bold();
    let broken = ConditionalFormatCell::new()
        .set_rule(ConditionalFormatCellRule::NotEqualTo(HOLDS))
        .set_format(red);
    sheet.add_conditional_format(row, column, last_row, last_column, &broken)?;
    Ok(())
}

/// What stands in the place of one relation.
enum Check {
    /// A formula, and what it comes to.
    Formula { formula: String, result: String },
    /// Why there is no formula.
    Text(&'static str),
}

impl Check {
    fn new(relation: &SpeltOut, places: &Places, tables: &Tables) -> Self {
        let operands = || relation.left.iter().chain(&relation.right);
        let is_text =
            |operand: &Operand| matches!(Figure::of(tables, operand.cell), Figure::Text(_));
        if operands().any(is_text) {
            return Self::Text(TOO_LONG);
        }
        let form = tables.form();
        let totals: Vec<CellRef> =
            operands().map(|operand| operand.cell).filter(|&cell| form.is_total(cell)).collect();
        let is_amount = form.cell_kind(relation.place) == CellKind::Amount;
        let formula = formula(relation, &totals, places, is_amount);
        let difference = sum(&relation.left, tables).saturating_sub(sum(&relation.right, tables));
        let result = if totals.iter().any(|&total| tables.get(total).is_none()) {
            NOT_ASSESSABLE.to_owned()
        } else if difference == 0 {
            HOLDS.to_owned()
        } else {
            printed(difference, is_amount)
        };
        Self::Formula { formula, result }
    }
}

fn formula(relation: &SpeltOut, totals: &[CellRef], places: &Places, is_amount: bool) -> String {
    let (left, right) = (side(&relation.left, places), side(&relation.right, places));
    let taken = if right.contains(['+', '-']) { format!("({right})") } else { right.clone() };
    let difference = format!("{left}-{taken}");
    let holds = if is_amount {
        // Sums of decimal fractions miss by the last binary digit.
        let difference = format!("ROUND({difference},6)");
        format!("IF({difference}=0,\"{HOLDS}\",{difference})")
    } else {
        format!("IF({left}={right},\"{HOLDS}\",{difference})")
    };
    if totals.is_empty() {
        return format!("={holds}");
    }
    let ranges = ranges(totals, places).join(",");
    format!("=IF(COUNT({ranges})<{},\"{NOT_ASSESSABLE}\",{holds})", totals.len())
}

/// One side as an expression.
fn side(operands: &[Operand], places: &Places) -> String {
    let cells = |negative| -> Vec<CellRef> {
        let of_sign = operands.iter().filter(|operand| operand.negative == negative);
        of_sign.map(|operand| operand.cell).collect()
    };
    let added = cells(false);
    let sum = match added.as_slice() {
        [] => "0".to_owned(),
        [_] | [_, _] => {
            added.iter().map(|&cell| reference(cell, places)).collect::<Vec<_>>().join("+")
        }
        [..] => format!("SUM({})", ranges(&added, places).join(",")),
    };
    let taken = cells(true).into_iter().map(|cell| reference(cell, places));
    taken.fold(sum, |sum, taken| sum + "-" + &taken)
}

/// A cell of the sheet by its name.
fn reference(cell: CellRef, places: &Places) -> String {
    places.get(&cell).map_or_else(String::new, |place| row_col_to_cell(place.row, place.column))
}

/// Cells as ranges, as few as their order allows.
fn ranges(cells: &[CellRef], places: &Places) -> Vec<String> {
    let places: Vec<Range> = cells.iter().filter_map(|cell| places.get(cell)).copied().collect();
    places
        .chunk_by(|one, next| {
            let below = (one.last_row.saturating_add(1), one.column) == (next.row, next.column);
            let beside = (one.row, one.last_column.saturating_add(1)) == (next.row, next.column);
            below || beside
        })
        .flat_map(straight)
        .collect()
}

/// A run of neighbours as ranges: one if it does not turn, else cell by cell.
fn straight(run: &[Range]) -> Vec<String> {
    let [first, .., last] = run else {
        return run.iter().map(|place| row_col_to_cell(place.row, place.column)).collect();
    };
    if first.row == last.row || first.column == last.column {
        vec![cell_range(first.row, first.column, last.row, last.column)]
    } else {
        run.iter().map(|place| row_col_to_cell(place.row, place.column)).collect()
    }
}

/// Sixty-four-bit values, a few dozen at most: the sum cannot reach the bound.
fn sum(operands: &[Operand], tables: &Tables) -> i128 {
    operands.iter().fold(0, |sum, operand| {
        let value = i128::from(tables.get(operand.cell).unwrap_or(0));
        if operand.negative { sum.saturating_sub(value) } else { sum.saturating_add(value) }
    })
}

fn printed(difference: i128, is_amount: bool) -> String {
    match i64::try_from(difference) {
        Ok(fen) if is_amount => format_wan_yuan(fen),
        Ok(_) | Err(_) => difference.to_string(),
    }
}
