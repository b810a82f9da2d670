//! Tables on pages: how wide columns are, how high rows, and where a table is broken.
//!
//! It knows lines of text by their number and height only, so that it can be tried without fonts.

/// Lengths below this are rounding.
const HAIR: f32 = 0.01;

/// A table whose cells are set, ready to be cut into pages; lengths in points.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Grid {
    /// The left edge of each column, and the right edge of the last.
    pub(super) edges: Vec<f32>,
    /// How many of the rows are the header.
    pub(super) header: usize,
    /// The rows, header rows first.
    pub(super) rows: Vec<Row>,
    pub(super) cells: Vec<GridCell>,
    /// The height of a line.
    pub(super) leading: f32,
    /// What is left free above and below the lines of a cell.
    pub(super) padding: f32,
}

/// A row of a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    pub(super) height: f32,
    /// Whether it labels the rows below and must not be the last on a page.
    pub(super) keeps_with_next: bool,
}

/// A cell in the grid.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GridCell {
    pub(super) row: usize,
    pub(super) end_row: usize,
    pub(super) column: usize,
    pub(super) end_column: usize,
    /// How many lines of text it holds.
    pub(super) lines: usize,
}

/// The part of a table that stands on one page.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fragment {
    pub(super) height: f32,
    pub(super) parts: Vec<Part>,
}

/// The part of a cell that stands on one page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    /// The place of the cell among the grid's.
    pub(super) cell: usize,
    /// From the top of the fragment.
    pub(super) top: f32,
    pub(super) height: f32,
    /// Which of the cell's lines it shows.
    pub(super) lines: std::ops::Range<usize>,
    /// Whether they stand on an earlier page too.
    pub(super) is_repeated: bool,
}

/// Widths of columns that share a width in these proportions, none narrower than it needs; `None`
/// if they need more than there is.
pub(super) fn column_widths(shares: &[usize], needed: &[f32], width: f32) -> Option<Vec<f32>> {
    if needed.iter().sum::<f32>() > width + HAIR {
        return None;
    }
    let share = |share: usize| f32::from(u16::try_from(share.max(1)).unwrap_or(u16::MAX));
    let mut widths = vec![None; shares.len()];
    // Each round gives those that need more than their share what they need.
    loop {
        let fixed: f32 = widths.iter().flatten().sum();
        let open = shares.iter().zip(&widths).filter(|(_, width)| width.is_none());
        let parts: f32 = open.map(|(&of, _)| share(of)).sum();
        let unit = (width - fixed) / parts;
        let mut settled = true;
        for ((&of, &need), width) in shares.iter().zip(needed).zip(&mut widths) {
            if width.is_none() && need > share(of) * unit + HAIR {
                *width = Some(need);
                settled = false;
            }
        }
        if settled {
            let given = shares.iter().zip(&widths);
            return Some(given.map(|(&of, width)| width.unwrap_or(share(of) * unit)).collect());
        }
    }
}

impl Grid {
    /// The height of so many lines in a cell.
    fn cell_height(&self, lines: usize) -> f32 {
        let lines = f32::from(u16::try_from(lines).unwrap_or(u16::MAX));
        lines * self.leading + 2.0 * self.padding
    }

    /// How many lines go into a height.
    fn lines_in(&self, height: f32) -> usize {
        let mut lines = 0_usize;
        while self.cell_height(lines.saturating_add(1)) <= height + HAIR {
            lines = lines.saturating_add(1);
        }
        lines
    }

    /// Makes every row as high as its cells need: first those of a single row, then the last row
    /// of each that covers several.
    pub(super) fn fit_rows(&mut self) {
        let mut cells: Vec<(usize, usize, f32)> = (self.cells.iter())
            .map(|cell| (cell.row, cell.end_row, self.cell_height(cell.lines.max(1))))
            .collect();
        cells.sort_by_key(|(row, end, _)| (end.saturating_sub(*row), *row));
        for (row, end, needed) in cells {
            let lacking = needed - self.height_of(row, end);
            if lacking > HAIR
                && let Some(last) = self.rows.get_mut(end.saturating_sub(1))
            {
                last.height += lacking;
            }
        }
    }

    fn height_of(&self, row: usize, end: usize) -> f32 {
        let rows = self.rows.get(row..end).unwrap_or_default();
        rows.iter().map(|row| row.height).sum()
    }

    /// The height of the whole table.
    pub(super) fn height(&self) -> f32 {
        self.height_of(0, self.rows.len())
    }

    /// The height of the header and the first rows that stand together.
    pub(super) fn least_height(&self) -> f32 {
        self.height_of(0, self.group_end(self.header))
    }

    fn header_height(&self) -> f32 {
        self.height_of(0, self.header)
    }

    /// The end of the rows from this one on that stand together.
    fn group_end(&self, row: usize) -> usize {
        let kept = self.rows.iter().skip(row).take_while(|row| row.keeps_with_next).count();
        row.saturating_add(kept).saturating_add(1).min(self.rows.len())
    }

    /// Cuts the table into pages: so much room on the first, so much on each other.
    pub(super) fn paginate(self, first_room: f32, room: f32) -> Vec<Fragment> {
        let mut cut = Cutter {
            taken: vec![0; self.cells.len()],
            repeats_header: self.header_height() <= room / 2.0,
            grid: self,
            room,
            left: first_room,
            bands: Vec::new(),
            fragments: Vec::new(),
        };
        cut.run();
        cut.fragments
    }
}

/// A row, or a part of it, on the page being filled.
#[derive(Debug, Clone, Copy)]
struct Band {
    row: usize,
    top: f32,
    height: f32,
    /// Whether the row ends here.
    is_end: bool,
    is_repeated: bool,
}

struct Cutter {
    grid: Grid,
    /// How many lines of each cell stand on pages that are done.
    taken: Vec<usize>,
    repeats_header: bool,
    room: f32,
    left: f32,
    bands: Vec<Band>,
    fragments: Vec<Fragment>,
}

impl Cutter {
    fn run(&mut self) {
        for row in 0..self.grid.header {
            self.put_row(row);
        }
        let mut row = self.grid.header;
        while row < self.grid.rows.len() {
            let end = self.grid.group_end(row);
            let height = self.grid.height_of(row, end);
            let has_rows = self.bands.iter().any(|band| band.row >= self.grid.header);
            if height > self.left + HAIR && (has_rows || self.left < self.room - HAIR) {
                let fits_a_page = height <= self.fresh_room() + HAIR;
                if has_rows || (self.fragments.is_empty() && fits_a_page) {
                    self.turn(row);
                }
            }
            for row in row..end {
                self.put_row(row);
            }
            row = end;
        }
        self.close(self.grid.rows.len());
    }

    /// The room for rows on a fresh page.
    fn fresh_room(&self) -> f32 {
        if self.repeats_header { self.room - self.grid.header_height() } else { self.room }
    }

    fn put_row(&mut self, row: usize) {
        loop {
            let height = self.grid.height_of(row, row.saturating_add(1));
            if height <= self.left + HAIR {
                self.put(Band { row, top: 0.0, height, is_end: true, is_repeated: false });
                return;
            }
            let has_rows = self.bands.iter().any(|band| !band.is_repeated);
            let least = self.grid.cell_height(1);
            if has_rows && (height <= self.fresh_room() + HAIR || self.left < least) {
                self.turn(row);
            } else if self.left < least {
                // Not even a line goes on a page: it stands out at the bottom.
                self.put(Band { row, top: 0.0, height, is_end: true, is_repeated: false });
                return;
            } else {
                // A row higher than a page goes on on the next.
                let part = self.grid.cell_height(self.grid.lines_in(self.left));
                self.put(Band { row, top: 0.0, height: part, is_end: false, is_repeated: false });
                if let Some(row) = self.grid.rows.get_mut(row) {
                    row.height = (row.height - part).max(least);
                }
                self.turn(row);
            }
        }
    }

    fn put(&mut self, band: Band) {
        let top = self.bands.iter().map(|band| band.height).fold(0.0, |sum, height| sum + height);
        self.bands.push(Band { top, ..band });
        self.left -= band.height;
    }

    /// Ends the page and begins the next, with the header again.
    fn turn(&mut self, next: usize) {
        self.close(next);
        self.left = self.room;
        if self.repeats_header {
            for row in 0..self.grid.header.min(next) {
                let height = self.grid.height_of(row, row.saturating_add(1));
                self.put(Band { row, top: 0.0, height, is_end: true, is_repeated: true });
            }
        }
    }

    /// Says what of each cell stands on the page that is full.
    fn close(&mut self, next: usize) {
        let bands = std::mem::take(&mut self.bands);
        let mut parts = Vec::new();
        for index in 0..self.grid.cells.len() {
            for is_repeated in [true, false] {
                parts.extend(self.part(index, is_repeated, &bands, next));
            }
        }
        let height = bands.iter().map(|band| band.height).sum();
        self.fragments.push(Fragment { height, parts });
    }

    fn part(
        &mut self,
        index: usize,
        is_repeated: bool,
        bands: &[Band],
        next: usize,
    ) -> Option<Part> {
        let cell = self.grid.cells.get(index)?.clone();
        let of_cell = |band: &&Band| {
            band.is_repeated == is_repeated && (cell.row..cell.end_row).contains(&band.row)
        };
        let own: Vec<_> = bands.iter().filter(of_cell).collect();
        let (first, last) = (own.first()?, own.last()?);
        let height: f32 = own.iter().map(|band| band.height).sum();
        let fits = self.grid.lines_in(height);
        let part =
            |lines, is_repeated| Part { cell: index, top: first.top, height, lines, is_repeated };
        if is_repeated {
            return Some(part(0..cell.lines, true));
        }
        let taken = self.taken.get(index).copied().unwrap_or_default();
        if taken == cell.lines && taken > 0 {
            // Its text is told already; where there is room it is told again.
            let again = if fits >= cell.lines { 0..cell.lines } else { 0..0 };
            return Some(part(again, true));
        }
        let lines_left = cell.lines.saturating_sub(taken);
        let ends = last.is_end && last.row.saturating_add(1) == cell.end_row;
        let covers_rows = cell.end_row.saturating_sub(cell.row) > 1;
        let after = self.grid.height_of(next.max(cell.row), cell.end_row);
        let shown = if ends || lines_left <= fits {
            lines_left
        } else if covers_rows && self.grid.cell_height(lines_left) <= after + HAIR {
            0
        } else {
            fits
        };
        let end = taken.saturating_add(shown);
        if let Some(taken) = self.taken.get_mut(index) {
            *taken = end;
        }
        // What is still to come must find room below.
        let lacking = self.grid.cell_height(cell.lines.saturating_sub(end)) - after;
        if !ends
            && end < cell.lines
            && lacking > HAIR
            && let Some(row) = self.grid.rows.get_mut(cell.end_row.saturating_sub(1))
        {
            row.height += lacking;
        }
        Some(part(taken..end, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grid of rows written as cells `lines` or `lines×rows`; each line is 10 points high.
    fn grid(header: usize, rows: &[&str]) -> Grid {
        let columns = rows[0].split_whitespace().count();
        let mut free = vec![0; columns];
        let mut cells = Vec::new();
        for (row, text) in rows.iter().enumerate() {
            for cell in text.split_whitespace() {
                let column = free.iter().position(|&free| free <= row).unwrap();
                let (lines, span) = cell.split_once('×').unwrap_or((cell, "1"));
                let end_row = row + span.parse::<usize>().unwrap();
                free[column] = end_row;
                let lines = lines.parse().unwrap();
                cells.push(GridCell { row, end_row, column, end_column: column + 1, lines });
            }
        }
        let row = Row { height: 0.0, keeps_with_next: false };
        let edges = vec![0.0; columns + 1];
        let rows = vec![row; rows.len()];
        let mut grid = Grid { edges, header, rows, cells, leading: 10.0, padding: 0.0 };
        grid.fit_rows();
        grid
    }

    /// Each page as its height and its parts: cell, top, height, lines, `*` where told again.
    fn shown(fragments: &[Fragment]) -> Vec<String> {
        let part = |part: &Part| {
            let again = if part.is_repeated { "*" } else { "" };
            let Part { cell, top, height, lines, .. } = part;
            format!("{cell}@{top}+{height}:{}..{}{again}", lines.start, lines.end)
        };
        let page = |page: &Fragment| {
            let parts: Vec<_> = page.parts.iter().map(part).collect();
            format!("{} | {}", page.height, parts.join(" "))
        };
        fragments.iter().map(page).collect()
    }

    #[test]
    fn columns_share_the_width_and_none_is_too_narrow() {
        assert_eq!(column_widths(&[1, 3], &[0.0, 0.0], 100.0).unwrap(), [25.0, 75.0]);
        assert_eq!(column_widths(&[1, 3], &[40.0, 0.0], 100.0).unwrap(), [40.0, 60.0]);
        assert_eq!(
            column_widths(&[1, 1, 2], &[40.0, 28.0, 0.0], 100.0).unwrap(),
            [40.0, 28.0, 32.0]
        );
        assert_eq!(column_widths(&[1, 3], &[60.0, 50.0], 100.0), None);
    }

    #[test]
    fn what_spans_rows_makes_the_last_of_them_higher() {
        let grid = grid(0, &["4×2 1", "1"]);
        let heights: Vec<_> = grid.rows.iter().map(|row| row.height).collect();
        assert_eq!(heights, [10.0, 30.0]);
    }

    #[test]
    fn header_rows_come_again_on_every_page() {
        let pages = grid(1, &["1", "1", "1", "1", "1"]).paginate(30.0, 30.0);
        assert_eq!(
            shown(&pages),
            [
                "30 | 0@0+10:0..1 1@10+10:0..1 2@20+10:0..1",
                "30 | 0@0+10:0..1* 3@10+10:0..1 4@20+10:0..1",
            ]
        );
    }

    #[test]
    fn a_row_that_fits_on_a_page_is_not_split() {
        let pages = grid(0, &["1", "3", "1"]).paginate(30.0, 30.0);
        assert_eq!(shown(&pages), ["10 | 0@0+10:0..1", "30 | 1@0+30:0..3", "10 | 2@0+10:0..1"]);
    }

    #[test]
    fn a_row_higher_than_a_page_goes_on_line_by_line() {
        let pages = grid(1, &["1 1", "5 2", "1 1"]).paginate(30.0, 30.0);
        assert_eq!(
            shown(&pages),
            [
                "30 | 0@0+10:0..1 1@0+10:0..1 2@10+20:0..2 3@10+20:0..2",
                "30 | 0@0+10:0..1* 1@0+10:0..1* 2@10+20:2..4 3@10+20:0..2*",
                "30 | 0@0+10:0..1* 1@0+10:0..1* 2@10+10:4..5 3@10+10:0..0* 4@20+10:0..1 5@20+10:0..1",
            ]
        );
    }

    #[test]
    fn a_label_of_many_rows_goes_on_on_the_next_page_and_is_told_again() {
        let pages = grid(0, &["1×4 1", "1", "1", "1"]).paginate(20.0, 20.0);
        assert_eq!(
            shown(&pages),
            [
                "20 | 0@0+20:0..1 1@0+10:0..1 2@10+10:0..1",
                "20 | 0@0+20:0..1* 3@0+10:0..1 4@10+10:0..1",
            ]
        );
    }

    #[test]
    fn a_label_too_long_for_its_part_of_a_page_stands_whole_on_the_next_or_is_told_in_parts() {
        let whole = grid(0, &["2×3 1", "1", "1"]).paginate(10.0, 30.0);
        assert_eq!(
            shown(&whole),
            ["10 | 0@0+10:0..0 1@0+10:0..1", "20 | 0@0+20:0..2 2@0+10:0..1 3@10+10:0..1"]
        );
        let parts = grid(0, &["4×4 1", "1", "1", "1"]).paginate(20.0, 20.0);
        assert_eq!(
            shown(&parts),
            [
                "20 | 0@0+20:0..2 1@0+10:0..1 2@10+10:0..1",
                "20 | 0@0+20:2..4 3@0+10:0..1 4@10+10:0..1",
            ]
        );
    }

    #[test]
    fn a_row_that_labels_the_next_is_not_the_last_on_a_page() {
        let mut grid = grid(0, &["1", "1", "1"]);
        grid.rows[1].keeps_with_next = true;
        assert_eq!(
            shown(&grid.paginate(20.0, 20.0)),
            ["10 | 0@0+10:0..1", "20 | 1@0+10:0..1 2@10+10:0..1"]
        );
    }

    #[test]
    fn no_line_of_any_cell_is_lost_or_told_twice() {
        for room in 1..9_u16 {
            let rows = ["2 1 1", "3×3 1 4", "1 1×2", "7", "1×2 9 2×2", "1", "30 1 2"];
            let grid = grid(1, &rows);
            let expected: Vec<usize> = grid.cells.iter().map(|cell| cell.lines).collect();
            let mut told = vec![Vec::new(); expected.len()];
            let room = f32::from(room) * 10.0 + 5.0;
            for page in grid.paginate(room, room) {
                for part in page.parts.iter().filter(|part| !part.is_repeated) {
                    told[part.cell].extend(part.lines.clone());
                    let lines = f32::from(u16::try_from(part.lines.len()).unwrap());
                    assert!(lines * 10.0 <= part.height + HAIR, "{part:?}");
                }
            }
            for (told, expected) in told.iter().zip(expected) {
                assert_eq!(*told, (0..expected).collect::<Vec<_>>(), "{room}");
            }
        }
    }
}
