//! A CSV file as rows of named cells.

use crate::cli::intake::{Fault, quoted};

/// The columns that a file may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    /// Those that it must have.
    pub(super) required: &'static [&'static str],
    /// Those that it may have besides.
    pub(super) optional: &'static [&'static str],
}

/// One row of a file.
#[derive(Debug)]
pub(super) struct Line<'a> {
    file: &'a str,
    number: u64,
    cells: Vec<(&'static str, String)>,
    faults: Vec<Fault>,
}

/// The rows of a file, as far as it is a table at all.
#[derive(Debug)]
pub(super) struct Sheet<'a> {
    /// The rows whose cells are text.
    pub(super) lines: Vec<Line<'a>>,
    /// How many rows there are.
    pub(super) rows_seen: usize,
    /// What is wrong with the file or its rows as such.
    pub(super) faults: Vec<Fault>,
}

impl<'a> Sheet<'a> {
    /// Reads a file with a header row.
    pub(super) fn read(file: &'a str, bytes: &[u8], columns: Columns) -> Self {
        let mut sheet = Self { lines: Vec::new(), rows_seen: 0, faults: Vec::new() };
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let header = match reader.byte_headers() {
            Ok(header) => header.clone(),
            Err(error) => {
                sheet.fault(file, 1, "", "", &format!("a header row ({error})"));
                return sheet;
            }
        };
        let Some(header) = sheet.header(file, &header, columns) else { return sheet };
        let mut lines = LineCount { bytes, counted: 0, line: 1 };
        for record in reader.into_byte_records() {
            sheet.rows_seen = sheet.rows_seen.saturating_add(1);
            match record {
                Ok(record) => sheet.row(file, lines.of(record.position()), &header, &record),
                Err(error) => {
                    let line = lines.of(error.position());
                    sheet.fault(file, line, "", "", &format!("a row of CSV ({error})"));
                }
            }
        }
        sheet
    }

    fn fault(&mut self, file: &str, line: u64, column: &str, found: &str, expected: &str) {
        self.faults.push(fault(file, line, column, found, expected));
    }

    /// The known column of each place; `None` if the header names an unknown one or lacks one.
    fn header(
        &mut self,
        file: &str,
        header: &csv::ByteRecord,
        columns: Columns,
    ) -> Option<Vec<&'static str>> {
        let known = || columns.required.iter().chain(columns.optional).copied();
        let mut places: Vec<&'static str> = Vec::new();
        for name in header {
            let name = String::from_utf8_lossy(name);
            match known().find(|column| *column == name.trim()) {
                Some(column) if places.contains(&column) => {
                    self.fault(file, 1, column, column, "each column once");
                }
                Some(column) => places.push(column),
                None => {
                    let expected =
                        format!("one of the columns {}", known().collect::<Vec<_>>().join(", "));
                    self.fault(file, 1, &quoted(&name), &name, &expected);
                }
            }
        }
        for column in columns.required.iter().filter(|column| !places.contains(column)) {
            self.fault(file, 1, column, "", &format!("a column {column} in the header"));
        }
        self.faults.is_empty().then_some(places)
    }

    fn row(
        &mut self,
        file: &'a str,
        number: u64,
        header: &[&'static str],
        record: &csv::ByteRecord,
    ) {
        if record.len() != header.len() {
            let (found, expected) = (
                format!("{} cells", record.len()),
                format!("{} cells, as the header has", header.len()),
            );
            self.fault(file, number, "", &found, &expected);
            return;
        }
        let mut line = Line { file, number, cells: Vec::new(), faults: Vec::new() };
        for (&column, cell) in header.iter().zip(record) {
            let Ok(text) = std::str::from_utf8(cell) else {
                let found = String::from_utf8_lossy(cell);
                self.fault(file, number, column, &found, "text in UTF-8");
                return;
            };
            line.cells.push((column, text.trim().to_owned()));
        }
        if line.cells.iter().any(|(_, text)| !text.is_empty()) {
            self.lines.push(line);
        }
    }
}

/// Tells on which line of a file a row begins. Blank lines before it are not part of it.
struct LineCount<'a> {
    bytes: &'a [u8],
    counted: usize,
    line: u64,
}

impl LineCount<'_> {
    /// The line of a position; positions come in their order.
    fn of(&mut self, position: Option<&csv::Position>) -> u64 {
        let start = position.and_then(|at| usize::try_from(at.byte()).ok()).unwrap_or(0);
        let rest = self.bytes.get(self.counted..).unwrap_or_default();
        for (place, byte) in (self.counted..).zip(rest) {
            if place >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line = self.line.saturating_add(u64::from(*byte == b'\n'));
            self.counted = place.saturating_add(1);
        }
        self.line
    }
}

impl Line<'_> {
    /// The line number on which the row begins.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// A cell; empty if the file has no such column.
    pub(super) fn text(&self, column: &str) -> &str {
        self.cells.iter().find(|(name, _)| *name == column).map_or("", |(_, text)| text)
    }

    /// A cell that must not be empty, read by `read`.
    pub(super) fn required<T>(
        &mut self,
        column: &'static str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = match self.text(column) {
            "" => None,
            text => read(text),
        };
        if value.is_none() {
            self.complain(column, expected);
        }
        value
    }

    /// A cell that may be empty, read by `read` if it is not. `None` also after a complaint.
    pub(super) fn optional<T>(
        &mut self,
        column: &'static str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        if self.text(column).is_empty() { None } else { self.required(column, expected, read) }
    }

    /// Notes that a cell is not what was expected.
    pub(super) fn complain(&mut self, column: &'static str, expected: &str) {
        let fault = fault(self.file, self.number, column, self.text(column), expected);
        self.faults.push(fault);
    }

    /// What the row says, or every fault in it.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Vec<Fault>> {
        match value {
            Some(value) if self.faults.is_empty() => Ok(value),
            Some(_) | None => Err(self.faults),
        }
    }
}

fn fault(file: &str, line: u64, column: &str, found: &str, expected: &str) -> Fault {
    Fault::unreadable((file, line), column, found, expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: Columns = Columns { required: &["id", "date"], optional: &["note"] };

    fn faults(bytes: &[u8]) -> Vec<String> {
        let sheet = Sheet::read("f.csv", bytes, COLUMNS);
        sheet.faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_table_with_a_byte_order_mark_is_read() {
        let sheet =
            Sheet::read("f.csv", "\u{feff}date,id\r\n 1 ,甲\r\n\r\n,\n".as_bytes(), COLUMNS);
        assert_eq!(sheet.lines.len(), 1);
        assert_eq!(sheet.lines[0].text("id"), "甲");
        assert_eq!(sheet.lines[0].text("date"), "1");
        assert_eq!(sheet.lines[0].text("note"), "");
    }

    #[test]
    fn what_is_no_table_is_named_with_line_and_column() {
        assert_eq!(
            faults(b"id,date,extra\n1,2,3\n"),
            ["f.csv:1: extra: found \"extra\", expected one of the columns id, date, note"]
        );
        assert_eq!(
            faults(b"id\n1\n"),
            ["f.csv:1: date: found nothing, expected a column date in the header"]
        );
        assert_eq!(
            faults(b"id,date\n1,2\n1\n"),
            ["f.csv:3: found \"1 cells\", expected 2 cells, as the header has"]
        );
        assert_eq!(
            faults(b"id,date\n\xc9\xea,2\n"),
            ["f.csv:2: id: found \"\u{fffd}\u{fffd}\", expected text in UTF-8"]
        );
        assert_eq!(faults(b"").len(), 2);
    }

    #[test]
    fn a_row_stands_on_the_line_on_which_it_begins() {
        let text = b"id,date\r\n\r\n\n1,\"a\nb\"\r\n2,c\r\n\r\n3,d\n4\n";
        let sheet = Sheet::read("f.csv", text, COLUMNS);
        assert_eq!(sheet.lines.iter().map(Line::number).collect::<Vec<_>>(), [4, 6, 8]);
        assert_eq!(sheet.faults[0].line, 9);
    }

    #[test]
    fn a_long_cell_is_quoted_in_part() {
        let mut sheet = Sheet::read("f.csv", b"id,date\n1,x\n", COLUMNS);
        let mut line = sheet.lines.remove(0);
        line.cells = vec![("id", "长".repeat(100))];
        line.complain("id", "less");
        let [fault] = &line.faults[..] else { panic!() };
        assert!(fault.to_string().len() < 200, "{fault}");
    }
}
