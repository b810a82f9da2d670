//! What a cell is called and how its value is printed, the same in every format.

use crate::statistics::{
    CellRef, Tables,
    catalogue::{Form, Path},
};

/// Stands between the labels of a path.
const SEPARATOR: &str = " / ";

/// The value as it is printed: plain digits, amounts in 万元; `None` where the cell is blank.
pub(super) fn printed(tables: &Tables, cell: CellRef) -> Option<String> {
    tables.get(cell).map(|value| tables.form().printed(cell, value))
}

/// The printed labels of a cell from the outermost to the innermost, row before column.
pub(super) fn label(form: &Form, cell: CellRef) -> String {
    let path: Vec<&str> = match cell {
        CellRef::Proactive(place) => proactive_paths(form).nth(place).map_or(vec![], Vec::from),
        CellRef::Applications { row, column } => {
            let row = form.applications.rows.get(row).map_or(NO_PATH, |row| row.path);
            let column =
                form.applications.columns.get(column).map_or(NO_PATH, |column| column.path);
            [row, column].concat()
        }
        CellRef::Remedies(place) => {
            form.remedies.columns.get(place).map_or(NO_PATH, |column| column.path).to_vec()
        }
    };
    path.join(SEPARATOR)
}

const NO_PATH: Path = &[];

fn proactive_paths(form: &Form) -> impl Iterator<Item = [&'static str; 3]> {
    form.proactive.blocks.iter().flat_map(|block| {
        block.rows.iter().flat_map(move |row| {
            row.cells
                .iter()
                .zip(block.headers)
                .map(|(_, header)| [block.caption, row.label, header])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::catalogue::FORMS;

    #[test]
    fn a_cell_is_called_by_its_labels() {
        let [_, form] = &FORMS;
        let called = |cell: Option<CellRef>| label(form, cell.unwrap());
        assert_eq!(
            called(form.find_proactive("art20_8.fees.amount_wan_yuan")),
            "第二十条第（八）项 / 行政事业性收费 / 本年收费金额（单位：万元）"
        );
        assert_eq!(
            called(form.find_application("not_disclosed.state_secret", "other_org")),
            "三、本年度办理结果 / （三）不予公开 / 1.属于国家秘密 / 申请人情况 / 法人或其他组织 / 其他"
        );
        assert_eq!(
            called(form.find_remedy("suit_direct.upheld")),
            "行政诉讼 / 未经复议直接起诉 / 结果维持"
        );
    }
}
