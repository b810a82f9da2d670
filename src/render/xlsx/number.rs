//! Figures as a spreadsheet can hold them.

use rust_xlsxwriter::{ColNum, Format, RowNum, Worksheet, XlsxError};

use super::super::cells;
use crate::statistics::{CellRef, Tables};

/// How many digits a spreadsheet keeps of a number.
const DIGITS_KEPT: usize = 15;

/// A figure in a sheet.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Figure {
    /// The cell is blank.
    Blank,
    /// A number, and how many decimals it has.
    Number { value: f64, decimals: usize },
    /// More digits than a spreadsheet keeps: as text, so that none is lost.
    Text(String),
}

impl Figure {
    /// What stands in a cell of the form.
    pub(super) fn of(tables: &Tables, cell: CellRef) -> Self {
        let Some(printed) = cells::printed(tables, cell) else { return Self::Blank };
        let digits = printed.bytes().filter(u8::is_ascii_digit).count();
        let decimals = printed.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        match printed.parse() {
            // What a spreadsheet keeps, the nearest floating-point number tells apart.
            Ok(value) if digits <= DIGITS_KEPT => Self::Number { value, decimals },
            Ok(_) | Err(_) => Self::Text(printed),
        }
    }

    /// Writes it.
    pub(super) fn write(
        &self,
        sheet: &mut Worksheet,
        row: RowNum,
        column: ColNum,
        format: &Format,
    ) -> Result<(), XlsxError> {
        match self {
            Self::Blank => sheet.write_blank(row, column, format)?,
            Self::Number { value, decimals: 0 } => sheet.write_number_with_format(
                row,
                column,
                *value,
                &format.clone().set_num_format("0"),
            )?,
            Self::Number { value, decimals } => {
                let format = format.clone().set_num_format(format!("0.{}", "0".repeat(*decimals)));
                sheet.write_number_with_format(row, column, *value, &format)?
            }
            Self::Text(text) => sheet.write_string_with_format(row, column, text, format)?,
        };
        Ok(())
    }
}
