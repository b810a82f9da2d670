//! The layout of label cells: which begin where, and how far they reach.
//!
//! Spans are not written down anywhere; they follow from the label paths of the catalogue. What a
//! cell looks like is for the renderers.

use super::catalogue::{Applications, Path, Remedies};

/// A label cell and how far it reaches from the place at which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelCell {
    /// The printed text.
    pub text: &'static str,
    /// How many grid columns it spans.
    pub columns: usize,
    /// How many grid rows it spans.
    pub rows: usize,
}

/// The label cells of table three that begin at each data row, from left to right.
#[must_use]
pub fn row_labels(applications: &Applications) -> Vec<Vec<LabelCell>> {
    let paths: Vec<Path> = applications.rows.iter().map(|row| row.path).collect();
    let mut rows = vec![Vec::new(); paths.len()];
    for label in placed(&paths, applications.label_columns) {
        if let Some(row) = rows.get_mut(label.item) {
            row.push(LabelCell { text: label.text, columns: label.levels, rows: label.items });
        }
    }
    rows
}

/// The header cells over columns with these paths, that begin in each header row, from left to
/// right.
#[must_use]
pub fn header(paths: &[Path], header_rows: usize) -> Vec<Vec<LabelCell>> {
    let mut rows = vec![Vec::new(); header_rows];
    for label in placed(paths, header_rows) {
        if let Some(row) = rows.get_mut(label.level) {
            row.push(LabelCell { text: label.text, columns: label.items, rows: label.levels });
        }
    }
    rows
}

/// The header cells of table three; the first is the corner above the row labels.
#[must_use]
pub fn applications_header(applications: &Applications) -> Vec<Vec<LabelCell>> {
    let paths: Vec<Path> = applications.columns.iter().map(|column| column.path).collect();
    let mut rows = header(&paths, applications.header_rows);
    if let Some(first) = rows.first_mut() {
        let corner = LabelCell {
            text: applications.corner,
            columns: applications.label_columns,
            rows: applications.header_rows,
        };
        first.insert(0, corner);
    }
    rows
}

/// The header cells of table four.
#[must_use]
pub fn remedies_header(remedies: &Remedies) -> Vec<Vec<LabelCell>> {
    let paths: Vec<Path> = remedies.columns.iter().map(|column| column.path).collect();
    header(&paths, remedies.header_rows)
}

/// A label at the item (row or column) and level at which it begins.
struct Placed {
    text: &'static str,
    item: usize,
    level: usize,
    items: usize,
    levels: usize,
}

/// The labels of a run of paths, item by item, from the outermost level inwards.
fn placed(paths: &[Path], depth: usize) -> Vec<Placed> {
    let mut labels = Vec::new();
    let mut before: Path = &[];
    for (item, &path) in paths.iter().enumerate() {
        for (level, &text) in path.iter().enumerate() {
            let reach = level.saturating_add(1);
            let innermost = reach == path.len();
            if !innermost && shares(before, path, reach) {
                continue;
            }
            let following = paths.iter().skip(item).take_while(|next| shares(next, path, reach));
            labels.push(Placed {
                text,
                item,
                level,
                items: if innermost { 1 } else { following.count() },
                levels: if innermost { depth.saturating_sub(level) } else { 1 },
            });
        }
        before = path;
    }
    labels
}

/// Whether two paths stand under the same label at their first levels; the innermost label of a
/// path is nobody else's.
fn shares(one: Path, other: Path, levels: usize) -> bool {
    one.len() > levels && other.len() > levels && one.get(..levels) == other.get(..levels)
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::FORMS;
    use super::*;

    fn shapes(rows: &[Vec<LabelCell>]) -> Vec<Vec<(&'static str, usize, usize)>> {
        let shape = |cell: &LabelCell| (cell.text, cell.columns, cell.rows);
        rows.iter().map(|row| row.iter().map(shape).collect()).collect()
    }

    /// Every place of the grid is covered by exactly one cell.
    #[track_caller]
    fn assert_tiles(rows: &[Vec<LabelCell>], columns: usize) {
        let mut grid = vec![vec![false; columns]; rows.len()];
        for (row, cells) in rows.iter().enumerate() {
            for cell in cells {
                let column = grid[row].iter().position(|covered| !covered).expect("no room left");
                assert!(cell.columns > 0 && cell.rows > 0, "{cell:?}");
                for line in &mut grid[row..row + cell.rows] {
                    for covered in &mut line[column..column + cell.columns] {
                        assert!(!*covered, "{cell:?} overlaps");
                        *covered = true;
                    }
                }
            }
        }
        assert!(grid.iter().flatten().all(|covered| *covered), "a hole in {grid:?}");
    }

    #[test]
    fn the_row_labels_of_table_three_have_the_official_spans() {
        for (form, results, other) in [(&FORMS[0], 20, None), (&FORMS[1], 22, Some(3))] {
            let labels = shapes(&row_labels(&form.applications));
            assert_eq!(labels[0], [("一、本年新收政府信息公开申请数量", 3, 1)]);
            assert_eq!(labels[1], [("二、上年结转政府信息公开申请数量", 3, 1)]);
            assert_eq!(labels[2], [("三、本年度办理结果", 1, results), ("（一）予以公开", 2, 1)]);
            assert_eq!(labels[3].len(), 1);
            assert_eq!((labels[3][0].1, labels[3][0].2), (2, 1));
            assert_eq!(labels[4], [("（三）不予公开", 1, 8), ("1.属于国家秘密", 1, 1)]);
            assert_eq!(labels[5], [("2.其他法律行政法规禁止公开", 1, 1)]);
            assert_eq!(labels[12][0], ("（四）无法提供", 1, 3));
            assert_eq!(labels[15][0], ("（五）不予处理", 1, 5));
            let sixth =
                other.map_or(("（六）其他处理", 2, 1), |rows| ("（六）其他处理", 1, rows));
            assert_eq!(labels[20][0], sixth);
            let [.., total, last] = labels.as_slice() else { panic!("too few rows") };
            assert_eq!(total, &[("（七）总计", 2, 1)]);
            assert_eq!(last, &[("四、结转下年度继续办理", 3, 1)]);
        }
    }

    #[test]
    fn the_header_of_table_three_has_the_official_spans() {
        for form in &FORMS {
            let [first, second, third] = &shapes(&applications_header(&form.applications))[..]
            else {
                panic!("three header rows")
            };
            assert_eq!(first, &[(form.applications.corner, 3, 3), ("申请人情况", 7, 1)]);
            assert_eq!(second, &[("自然人", 1, 2), ("法人或其他组织", 5, 1), ("总计", 1, 2)]);
            let names = ["商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他"];
            assert_eq!(third, &names.map(|name| (name, 1, 1)));
        }
    }

    #[test]
    fn the_header_of_table_four_has_the_official_spans() {
        let results = ["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"];
        for form in &FORMS {
            let [first, second, third] = &shapes(&remedies_header(&form.remedies))[..] else {
                panic!("three header rows")
            };
            assert_eq!(first, &[("行政复议", 5, 1), ("行政诉讼", 10, 1)]);
            let suits = [("未经复议直接起诉", 5, 1), ("复议后起诉", 5, 1)];
            assert_eq!(second, &[&results.map(|text| (text, 1, 2))[..], &suits].concat());
            assert_eq!(third, &results.map(|text| (text, 1, 1)).repeat(2));
        }
    }

    #[test]
    fn every_table_tiles_its_grid() {
        for form in &FORMS {
            let applications = &form.applications;
            let (labels, data) = (applications.label_columns, applications.columns.len());
            assert_tiles(&row_labels(applications), labels);
            assert_tiles(&applications_header(applications), labels + data);
            assert_tiles(&remedies_header(&form.remedies), form.remedies.columns.len());
        }
    }
}
