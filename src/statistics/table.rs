//! The three tables of one agency-year, cell by cell.

use super::{
    catalogue::{CellKind, ColumnSource, Form, ProactiveBlock, RemedySource, RowSource},
    money::format_wan_yuan,
};

/// The value of a cell; `None` is a blank: not derivable, not declared or not printed. Amounts are
/// in fen.
pub type Value = Option<i64>;

/// One of the three tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TableId {
    /// Table two: proactive disclosure (主动公开政府信息情况).
    Proactive,
    /// Table three: applications (收到和处理政府信息公开申请情况).
    Applications,
    /// Table four: reconsideration and litigation (行政复议、行政诉讼情况).
    Remedies,
}

impl TableId {
    /// Every table, in the order of the form.
    pub const ALL: [Self; 3] = [Self::Proactive, Self::Applications, Self::Remedies];

    /// The permanent key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Proactive => "proactive",
            Self::Applications => "applications",
            Self::Remedies => "remedies",
        }
    }
}

/// The place of a cell on a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CellRef {
    /// Table two: the place of the cell in [`Form::proactive_cells`].
    Proactive(usize),
    /// Table three.
    Applications {
        /// The place of the row.
        row: usize,
        /// The place of the column.
        column: usize,
    },
    /// Table four: the place of the column.
    Remedies(usize),
}

impl CellRef {
    /// The table that the cell is in.
    #[must_use]
    pub const fn table(self) -> TableId {
        match self {
            Self::Proactive(_) => TableId::Proactive,
            Self::Applications { .. } => TableId::Applications,
            Self::Remedies(_) => TableId::Remedies,
        }
    }
}

/// The three tables of a report, on one edition of the form. Every cell of the form is there.
#[derive(Debug, Clone)]
pub struct Tables {
    form: &'static Form,
    proactive: Vec<Value>,
    applications: Vec<Vec<Value>>,
    remedies: Vec<Value>,
}

impl PartialEq for Tables {
    fn eq(&self, other: &Self) -> bool {
        self.form.id == other.form.id
            && self.proactive == other.proactive
            && self.applications == other.applications
            && self.remedies == other.remedies
    }
}

impl Eq for Tables {}

impl Tables {
    /// Tables of which every cell is blank.
    #[must_use]
    pub fn blank(form: &'static Form) -> Self {
        let applications = &form.applications;
        Self {
            form,
            proactive: vec![None; form.proactive_cells().count()],
            applications: vec![vec![None; applications.columns.len()]; applications.rows.len()],
            remedies: vec![None; form.remedies.columns.len()],
        }
    }

    /// The form that the tables are on.
    #[must_use]
    pub const fn form(&self) -> &'static Form {
        self.form
    }

    /// The value of a cell; blank where the form has no such place.
    #[must_use]
    pub fn get(&self, cell: CellRef) -> Value {
        match cell {
            CellRef::Proactive(place) => self.proactive.get(place).copied().flatten(),
            CellRef::Applications { row, column } => {
                self.applications.get(row).and_then(|row| row.get(column)).copied().flatten()
            }
            CellRef::Remedies(place) => self.remedies.get(place).copied().flatten(),
        }
    }

    /// Sets the value of a cell; nothing where the form has no such place.
    pub fn set(&mut self, cell: CellRef, value: Value) {
        let slot = match cell {
            CellRef::Proactive(place) => self.proactive.get_mut(place),
            CellRef::Applications { row, column } => {
                self.applications.get_mut(row).and_then(|row| row.get_mut(column))
            }
            CellRef::Remedies(place) => self.remedies.get_mut(place),
        };
        if let Some(slot) = slot {
            *slot = value;
        }
    }

    /// Every cell with its value, table by table, row by row.
    pub fn cells(&self) -> impl Iterator<Item = (CellRef, Value)> + '_ {
        self.form.cells().map(|cell| (cell, self.get(cell)))
    }
}

impl Form {
    /// Every cell of the form, table by table, row by row.
    pub fn cells(&self) -> impl Iterator<Item = CellRef> + use<> {
        let columns = self.applications.columns.len();
        let rows = self.applications.rows.len();
        (0..self.proactive_cells().count())
            .map(CellRef::Proactive)
            .chain((0..rows).flat_map(move |row| {
                (0..columns).map(move |column| CellRef::Applications { row, column })
            }))
            .chain((0..self.remedies.columns.len()).map(CellRef::Remedies))
    }

    /// The permanent name of a cell: table, then keys, dotted.
    #[must_use]
    pub fn cell_name(&self, cell: CellRef) -> String {
        match cell {
            CellRef::Proactive(place) => {
                let key = self.proactive_cells().nth(place).map_or("?", |cell| cell.key);
                format!("proactive.{key}")
            }
            CellRef::Applications { row, column } => {
                let row = self.applications.rows.get(row).map_or("?", |row| row.key);
                let column = self.applications.columns.get(column).map_or("?", |column| column.key);
                format!("applications.{row}.{column}")
            }
            CellRef::Remedies(place) => {
                let key = self.remedies.columns.get(place).map_or("?", |column| column.key);
                format!("remedies.{key}")
            }
        }
    }

    /// The printed labels of a cell, from the outermost to the innermost.
    #[must_use]
    pub fn cell_label(&self, cell: CellRef) -> String {
        match cell {
            CellRef::Proactive(place) => {
                format!("「{}」", self.proactive_label(place).unwrap_or_default())
            }
            CellRef::Applications { row, column } => {
                let row = self.applications.rows.get(row).map_or(&[][..], |row| row.path);
                let columns = self.applications.columns;
                let column = columns.get(column).map_or(&[][..], |column| column.path);
                format!("行「{}」列「{}」", row.join("／"), column.join("／"))
            }
            CellRef::Remedies(place) => {
                let path = self.remedies.columns.get(place).map_or(&[][..], |column| column.path);
                format!("列「{}」", path.join("／"))
            }
        }
    }

    fn proactive_label(&self, place: usize) -> Option<String> {
        let rows = |block: &'static ProactiveBlock| block.rows.iter().map(move |row| (block, row));
        self.proactive
            .blocks
            .iter()
            .flat_map(rows)
            .flat_map(|(block, row)| block.headers.iter().map(move |header| (block, row, header)))
            .nth(place)
            .map(|(block, row, header)| format!("{}／{}／{header}", block.caption, row.label))
    }

    /// What a cell holds.
    #[must_use]
    pub fn cell_kind(&self, cell: CellRef) -> CellKind {
        match cell {
            CellRef::Proactive(place) => {
                self.proactive_cells().nth(place).map_or(CellKind::Count, |cell| cell.kind)
            }
            CellRef::Applications { .. } | CellRef::Remedies(_) => CellKind::Count,
        }
    }

    /// A value as it is printed in a cell: plain digits, amounts in 万元.
    #[must_use]
    pub fn printed(&self, cell: CellRef, value: i64) -> String {
        match self.cell_kind(cell) {
            CellKind::Count | CellKind::Change => value.to_string(),
            CellKind::Amount => format_wan_yuan(value),
        }
    }

    /// Whether a cell is a sum of others on the form (总计), so that a blank in it is not a zero.
    #[must_use]
    pub fn is_total(&self, cell: CellRef) -> bool {
        match cell {
            CellRef::Proactive(_) => false,
            CellRef::Applications { row, column } => {
                let row = self.applications.rows.get(row);
                let column = self.applications.columns.get(column);
                row.is_some_and(|row| row.source == RowSource::ResultTotal)
                    || column.is_some_and(|column| column.source == ColumnSource::Total)
            }
            CellRef::Remedies(place) => (self.remedies.columns.get(place))
                .is_some_and(|column| column.source == RemedySource::Total),
        }
    }

    /// The cell with this permanent name: the reverse of [`Form::cell_name`].
    #[must_use]
    pub fn find_cell(&self, name: &str) -> Option<CellRef> {
        let (table, key) = name.split_once('.')?;
        match TableId::ALL.into_iter().find(|id| id.key() == table)? {
            TableId::Proactive => self.find_proactive(key),
            TableId::Applications => {
                let (row, column) = key.rsplit_once('.')?;
                self.find_application(row, column)
            }
            TableId::Remedies => self.find_remedy(key),
        }
    }

    /// The cell of table two with this key.
    #[must_use]
    pub fn find_proactive(&self, key: &str) -> Option<CellRef> {
        self.proactive_cells().position(|cell| cell.key == key).map(CellRef::Proactive)
    }

    /// The cell of table three with these keys.
    #[must_use]
    pub fn find_application(&self, row: &str, column: &str) -> Option<CellRef> {
        let row = self.applications.rows.iter().position(|candidate| candidate.key == row)?;
        let columns = self.applications.columns;
        let column = columns.iter().position(|candidate| candidate.key == column)?;
        Some(CellRef::Applications { row, column })
    }

    /// The cell of table four with this key.
    #[must_use]
    pub fn find_remedy(&self, key: &str) -> Option<CellRef> {
        self.remedies.columns.iter().position(|column| column.key == key).map(CellRef::Remedies)
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::FORMS;
    use super::*;

    #[test]
    fn a_cell_is_found_by_the_keys_in_its_name() {
        for form in &FORMS {
            let mut tables = Tables::blank(form);
            for (value, cell) in (1..).zip(form.cells()) {
                tables.set(cell, Some(value));
                let name = form.cell_name(cell);
                assert_eq!(form.find_cell(&name), Some(cell), "{name}");
                assert_eq!(form.find_cell(&format!("{name}.x")), None);
                assert_eq!(tables.get(cell), Some(value));
            }
            assert_eq!(tables.cells().count(), form.cells().count());
        }
    }

    #[test]
    fn a_cell_is_labelled_as_it_is_printed() {
        let [_, form] = &FORMS;
        let label = |cell: Option<CellRef>| form.cell_label(cell.unwrap());
        assert_eq!(
            label(form.find_proactive("art20_1.normative_documents.repealed")),
            "「第二十条第（一）项／行政规范性文件／本年废止件数」"
        );
        assert_eq!(
            label(form.find_application("unable.not_held", "legal_service_org")),
            "行「三、本年度办理结果／（四）无法提供／1.本机关不掌握相关政府信息」\
             列「申请人情况／法人或其他组织／法律服务机构」"
        );
        assert_eq!(
            label(form.find_remedy("suit_direct.total")),
            "列「行政诉讼／未经复议直接起诉／总计」"
        );
    }
}
