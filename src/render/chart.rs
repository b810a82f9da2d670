//! Charts as data: what is drawn beside the tables, and the same said in a sentence and as a table.
//!
//! A chart repeats figures and adds none; where there is nothing to show there is no chart. How it
//! looks is the business of [`super::drawing`], the same in every format that draws. Names of what
//! the form counts come from the catalogue.

use std::cmp::Ordering;

use super::{
    Report,
    document::{Cell, Role, Scope, Table},
};
use crate::{
    domain::{
        deadline::PeriodKind,
        timeliness::{Promptness, Timeliness},
    },
    statistics::{
        CellRef, Flow, Tables,
        catalogue::{Column, ColumnSource, Row, RowSource},
        labels,
    },
};

/// The heading of the annex in which charts stand, after the six sections.
pub const CHARTS_TITLE: &str = "附：统计图表";

/// The unit of every value.
const UNIT: &str = "件";

/// How many working days a bar of the histogram stands for.
const DAYS_PER_BAR: u16 = 5;

/// A chart: values by category, in one series or in several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// The permanent key, unique within a report.
    pub key: &'static str,
    /// What it shows.
    pub kind: ChartKind,
    /// The title.
    pub title: String,
    /// What the categories are.
    pub category_axis: String,
    /// What the values are, with their unit.
    pub value_axis: String,
    /// The names of the categories, in order.
    pub categories: Vec<String>,
    /// The series, at least one; each has a value for every category.
    pub series: Vec<Series>,
    /// Lines between categories that mean something, in order.
    pub marks: Vec<Mark>,
    /// The same in one sentence.
    pub summary: String,
}

/// What a chart shows, and so how its values are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartKind {
    /// Values that stand side by side, as of one year after another.
    Amounts,
    /// The parts of a whole: each is printed with its share.
    Shares,
    /// How many there are in each of a row of ranges of equal width, but for the last, which has no
    /// upper end.
    Histogram,
}

/// The values of one thing, by category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// What it is.
    pub name: String,
    /// The values, whole and never negative, one for each category.
    pub values: Vec<i64>,
}

/// A line between two categories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// After how many categories it stands.
    pub after: usize,
    /// What it means.
    pub label: String,
}

impl Chart {
    /// The values as they are printed, series by series.
    #[must_use]
    pub fn printed(&self) -> Vec<Vec<String>> {
        let printed = |series: &Series| {
            let whole = sum(&series.values);
            series.values.iter().map(|&value| self.printed_value(value, whole)).collect()
        };
        self.series.iter().map(printed).collect()
    }

    fn printed_value(&self, value: i64, whole: i64) -> String {
        match self.kind {
            ChartKind::Shares => format!("{value}（{}）", share(value, whole)),
            ChartKind::Amounts | ChartKind::Histogram => value.to_string(),
        }
    }

    /// The same as a table: a row for each category, a column for each series, and the shares of a
    /// whole in a column of their own.
    #[must_use]
    pub fn table(&self) -> Table {
        let column = |text: &str| Cell::new(text, Role::Header(Scope::Column));
        let mut header = vec![column(&self.category_axis)];
        for series in &self.series {
            header.push(column(&format!("{}（{UNIT}）", series.name)));
            if self.kind == ChartKind::Shares {
                header.push(column("占比"));
            }
        }
        let columns = header.len().max(1);
        let body = (self.categories.iter().enumerate())
            .map(|(place, category)| self.row(place, category))
            .collect();
        Table {
            key: "",
            caption: self.title.clone(),
            widths: vec![100_usize.checked_div(columns).unwrap_or(100); columns],
            header: vec![header],
            body,
        }
    }

    fn row(&self, place: usize, category: &str) -> Vec<Cell> {
        let mut row = vec![Cell::new(category, Role::Header(Scope::Row))];
        for series in &self.series {
            let value = series.values.get(place).copied().unwrap_or(0);
            row.push(Cell::new(value.to_string(), Role::Label));
            if self.kind == ChartKind::Shares {
                row.push(Cell::new(share(value, sum(&series.values)), Role::Label));
            }
        }
        row
    }

    /// Whether there is anything to show.
    fn says_something(&self) -> bool {
        self.series.iter().any(|series| series.values.iter().any(|&value| value > 0))
    }
}

/// The charts of a report, in order; none for which there is nothing to show.
pub(super) fn charts(report: &Report) -> Vec<Chart> {
    let all = [by_year(report), outcomes(report), applicants(report)];
    let all = all.into_iter().chain(timeliness(report)).flatten();
    all.filter(Chart::says_something).collect()
}

// Applications by year.

/// What is counted of a year: its name and where it is found.
type Measure = (&'static str, fn(Flow) -> i64);

fn by_year(report: &Report) -> Option<Chart> {
    let own = own_flow(&report.tables)?;
    let earlier = report.background.earlier.iter().map(|(&year, &flow)| (year, flow));
    let years: Vec<(i16, Flow)> = earlier.chain([(report.year.get(), own)]).collect();
    let measures: [Measure; 4] = [
        ("新收", |flow| flow.new_received),
        ("上年结转", |flow| flow.carried_in),
        ("办结", |flow| flow.concluded),
        ("结转下年", |flow| flow.carried_out),
    ];
    let series = measures.map(|(name, measure)| Series {
        name: name.to_owned(),
        values: years.iter().map(|&(_, flow)| measure(flow)).collect(),
    });
    let said = listed(
        measures.iter().map(|(name, measure)| format!("{name}{}{UNIT}", measure(own))),
        "、",
    );
    let change = match years.first() {
        Some(&(first, then)) if first != report.year.get() => {
            let (then, now) = (then.new_received, own.new_received);
            match now.cmp(&then) {
                Ordering::Less => format!("；新收由{first}年的{then}{UNIT}减至{now}{UNIT}"),
                Ordering::Equal => format!("；新收与{first}年持平"),
                Ordering::Greater => format!("；新收由{first}年的{then}{UNIT}增至{now}{UNIT}"),
            }
        }
        Some(_) | None => String::new(),
    };
    Some(Chart {
        key: "applications_by_year",
        kind: ChartKind::Amounts,
        title: "历年申请办理情况".to_owned(),
        category_axis: "年份".to_owned(),
        value_axis: format!("申请数量（{UNIT}）"),
        categories: years.iter().map(|(year, _)| format!("{year}年")).collect(),
        series: series.into(),
        marks: Vec::new(),
        summary: format!("{}年申请{said}{change}。", report.year),
    })
}

/// What happened in the report's own year, as its table three has it; `None` where a cell is blank.
fn own_flow(tables: &Tables) -> Option<Flow> {
    let total = |source: RowSource| {
        let row = tables.form().applications.rows.iter().position(|row| row.source == source)?;
        tables.get(CellRef::Applications { row, column: total_column(tables)? })
    };
    Some(Flow {
        new_received: total(RowSource::Received)?,
        carried_in: total(RowSource::CarriedIn)?,
        concluded: total(RowSource::ResultTotal)?,
        carried_out: total(RowSource::CarriedOut)?,
    })
}

fn total_column(tables: &Tables) -> Option<usize> {
    let is_total = |column: &Column| column.source == ColumnSource::Total;
    tables.form().applications.columns.iter().position(is_total)
}

// The parts of table three.

fn outcomes(report: &Report) -> Option<Chart> {
    let tables = &report.tables;
    let column = total_column(tables)?;
    let results = tables.form().applications.rows.iter().enumerate();
    let results: Vec<(usize, &Row)> =
        results.filter(|(_, row)| matches!(row.source, RowSource::Result(_))).collect();
    // Rows of one group share the label under the common one.
    let parts = results.chunk_by(|(_, one), (_, other)| group(one) == group(other)).map(|rows| {
        let values = rows.iter().map(|&(row, _)| tables.get(CellRef::Applications { row, column }));
        let name = rows.first().map_or("", |(_, row)| group(row));
        Some((labels::spoken(name).to_owned(), sum(&values.collect::<Option<Vec<i64>>>()?)))
    });
    let parts = parts.collect::<Option<Vec<_>>>()?;
    Some(shares(Parts {
        key: "outcomes",
        title: format!("{}年办理结果构成", report.year),
        category_axis: "办理结果",
        series: "办结",
        whole: format!("{}年共办结申请", report.year),
        named: parts,
    }))
}

/// The label of the group to which a result row belongs, or of the row itself if it stands alone.
fn group(row: &Row) -> &'static str {
    row.path.get(1).copied().unwrap_or_else(|| labels::innermost(row.path))
}

fn applicants(report: &Report) -> Option<Chart> {
    let tables = &report.tables;
    let layout = &tables.form().applications;
    let row = layout.rows.iter().position(|row| row.source == RowSource::Received)?;
    let columns = layout.columns.iter().enumerate();
    let kinds = columns.filter(|(_, column)| matches!(column.source, ColumnSource::Kind(_)));
    let parts = kinds.map(|(place, column)| {
        let value = tables.get(CellRef::Applications { row, column: place })?;
        Some((labels::innermost(column.path).to_owned(), value))
    });
    let parts = parts.collect::<Option<Vec<_>>>()?;
    Some(shares(Parts {
        key: "applicants",
        title: format!("{}年新收申请的申请人构成", report.year),
        category_axis: "申请人",
        series: "新收",
        whole: format!("{}年新收申请", report.year),
        named: parts,
    }))
}

// Timeliness.

fn timeliness(report: &Report) -> [Option<Chart>; 2] {
    let found = &report.background.timeliness;
    [Some(promptness(report, found)), histogram(report, found)]
}

fn promptness(report: &Report, found: &Timeliness) -> Chart {
    let named = |promptness: &Promptness| {
        let name = match promptness {
            Promptness::InTime => "按期答复",
            Promptness::Extended => "延期答复",
            Promptness::Late => "逾期答复",
        };
        (name.to_owned(), i64::try_from(found.count(*promptness)).unwrap_or(i64::MAX))
    };
    shares(Parts {
        key: "promptness",
        title: format!("{}年答复是否及时", report.year),
        category_axis: "答复",
        series: "答复",
        whole: format!("{}年共答复申请", report.year),
        named: Promptness::ALL.iter().map(named).collect(),
    })
}

fn histogram(report: &Report, found: &Timeliness) -> Option<Chart> {
    let reply = PeriodKind::Reply.working_days()?;
    let longest = reply.saturating_add(PeriodKind::Extension.working_days()?);
    let bars = longest.div_ceil(DAYS_PER_BAR);
    let mut counts = vec![0_i64; usize::from(bars).saturating_add(1)];
    for (days, replies) in found.by_working_days() {
        let bar = days.saturating_sub(1).checked_div(DAYS_PER_BAR).unwrap_or(0).min(bars);
        if let Some(count) = counts.get_mut(usize::from(bar)) {
            *count = count.saturating_add(i64::try_from(replies).unwrap_or(i64::MAX));
        }
    }
    let range = |bar: u16| {
        let before = bar.saturating_mul(DAYS_PER_BAR);
        match bar {
            0 => format!("{DAYS_PER_BAR}日以内"),
            bar if bar == bars => format!("超过{before}日"),
            _ => format!("{}–{}日", before.saturating_add(1), before.saturating_add(DAYS_PER_BAR)),
        }
    };
    let mark = |days: u16, label: &str| Mark {
        after: usize::from(days.div_ceil(DAYS_PER_BAR)),
        label: format!("{days}个工作日：{label}"),
    };
    let (half, most) = (found.median()?, found.percentile(90)?);
    let slowest = found.by_working_days().last().map(|(days, _)| days)?;
    Some(Chart {
        key: "working_days",
        kind: ChartKind::Histogram,
        title: format!("{}年答复所用工作日", report.year),
        category_axis: "工作日".to_owned(),
        value_axis: format!("答复数量（{UNIT}）"),
        categories: (0..=bars).map(range).collect(),
        series: vec![Series { name: "答复".to_owned(), values: counts }],
        marks: vec![mark(reply, "答复期限"), mark(longest, "最长延期")],
        summary: format!(
            "{}年共答复申请{}{UNIT}，半数在{half}个工作日以内，九成在{most}个工作日以内，\
             最长用{slowest}个工作日。",
            report.year,
            found.replies()
        ),
    })
}

// Shares.

struct Parts {
    key: &'static str,
    title: String,
    category_axis: &'static str,
    series: &'static str,
    /// How the sentence begins, up to the number of all.
    whole: String,
    named: Vec<(String, i64)>,
}

fn shares(of: Parts) -> Chart {
    let (categories, values): (Vec<_>, Vec<_>) = of.named.into_iter().unzip();
    let whole = sum(&values);
    let said = categories.iter().zip(&values).filter(|&(_, &value)| value > 0);
    let said = said.map(|(name, &value)| format!("{name}{value}{UNIT}（{}）", share(value, whole)));
    Chart {
        key: of.key,
        kind: ChartKind::Shares,
        title: of.title,
        category_axis: of.category_axis.to_owned(),
        value_axis: format!("数量（{UNIT}）及占比"),
        summary: format!("{}{whole}{UNIT}：{}。", of.whole, listed(said, "、")),
        categories,
        series: vec![Series { name: of.series.to_owned(), values }],
        marks: Vec::new(),
    }
}

/// A share in per cent with one decimal, rounded half up: `33.3%`.
fn share(value: i64, whole: i64) -> String {
    let (value, whole) = (i128::from(value), i128::from(whole));
    let rounded = value.saturating_mul(2000).saturating_add(whole);
    let tenths = rounded.checked_div(whole.saturating_mul(2)).unwrap_or(0);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

fn sum(values: &[i64]) -> i64 {
    values.iter().fold(0, |sum, value| sum.saturating_add(*value))
}

fn listed(parts: impl Iterator<Item = String>, separator: &str) -> String {
    parts.collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{ReportYear, timeliness::Reply},
        render::samples,
        statistics::{Background, Tables, catalogue::form_for},
    };

    fn found<'a>(charts: &'a [Chart], key: &str) -> &'a Chart {
        charts.iter().find(|chart| chart.key == key).unwrap()
    }

    fn keys(report: &Report) -> Vec<&'static str> {
        charts(report).iter().map(|chart| chart.key).collect()
    }

    /// A report in which every result row of every kind of applicant counts one.
    fn ones(of: i32) -> Report {
        let year = ReportYear::new(of).unwrap();
        let mut tables = Tables::blank(form_for(year));
        for cell in tables.form().cells() {
            tables.set(cell, Some(1));
        }
        Report { year, tables, background: Background::default(), ..samples::small() }
    }

    #[test]
    fn a_report_has_the_charts_for_which_there_is_something_to_show() {
        let all = ["applications_by_year", "outcomes", "applicants", "promptness", "working_days"];
        assert_eq!(keys(&samples::small()), all);
        assert_eq!(keys(&samples::luoyang()), all[..3]);
        assert!(keys(&samples::hostile()).is_empty());
        let mut nothing = samples::luoyang();
        for cell in nothing.tables.form().cells() {
            nothing.tables.set(cell, Some(0));
        }
        assert!(keys(&nothing).is_empty());
    }

    #[test]
    fn a_blank_cell_is_not_drawn_as_a_zero() {
        let mut report = samples::luoyang();
        let form = report.tables.form();
        report.tables.set(form.find_application("partial", "total").unwrap(), None);
        assert_eq!(keys(&report), ["applications_by_year", "applicants"]);
        report.tables.set(form.find_application("carried_in", "total").unwrap(), None);
        report.tables.set(form.find_application("new_received", "other_org").unwrap(), None);
        assert!(keys(&report).is_empty());
    }

    #[test]
    fn outcomes_are_the_groups_of_either_form() {
        for (year, other) in [(2020, 1), (2021, 3)] {
            let charts = charts(&ones(year));
            let outcomes = found(&charts, "outcomes");
            let names = ["予以公开", "部分公开", "不予公开", "无法提供", "不予处理", "其他处理"];
            assert_eq!(outcomes.categories, names);
            assert_eq!(outcomes.series.first().unwrap().values, [1, 1, 8, 3, 5, other]);
        }
    }

    #[test]
    fn the_report_s_own_year_is_as_its_table_has_it() {
        let report = samples::small();
        let charts = charts(&report);
        let by_year = found(&charts, "applications_by_year");
        assert_eq!(by_year.categories, ["2021年", "2022年", "2023年", "2024年", "2025年"]);
        let form = report.tables.form();
        for (series, row) in
            by_year.series.iter().zip(["new_received", "carried_in", "result_total", "carried_out"])
        {
            let cell = form.find_application(row, "total").unwrap();
            assert_eq!(series.values.last().copied(), report.tables.get(cell), "{}", series.name);
        }
        assert_eq!(
            by_year.series.first().unwrap().values[..4],
            [0, 0, 11_400_000, 2],
            "{by_year:?}"
        );
        assert!(by_year.summary.ends_with("；新收由2021年的0件增至6件。"), "{}", by_year.summary);
    }

    #[test]
    fn working_days_are_counted_in_ranges_up_to_the_longest_extension() {
        let mut report = samples::luoyang();
        for working_days in [0, 1, 5, 6, 20, 21, 40, 41, 300] {
            report
                .background
                .timeliness
                .record(Reply { working_days, promptness: Promptness::Late });
        }
        let charts = charts(&report);
        let histogram = found(&charts, "working_days");
        let counted: Vec<_> = (histogram.categories.iter().map(String::as_str))
            .zip(histogram.series.first().unwrap().values.iter().copied())
            .collect();
        assert_eq!(
            counted,
            [
                ("5日以内", 3),
                ("6–10日", 1),
                ("11–15日", 0),
                ("16–20日", 1),
                ("21–25日", 1),
                ("26–30日", 0),
                ("31–35日", 0),
                ("36–40日", 1),
                ("超过40日", 2),
            ]
        );
        assert_eq!(histogram.marks.iter().map(|mark| mark.after).collect::<Vec<_>>(), [4, 8]);
        assert_eq!(
            histogram.summary,
            "2020年共答复申请9件，半数在20个工作日以内，九成在300个工作日以内，最长用300个工作日。"
        );
    }

    #[test]
    fn a_share_is_rounded_to_one_decimal() {
        let shares = [(1, 3), (2, 3), (1, 2000), (1, 2001), (0, 5), (5, 5), (0, 0)]
            .map(|(value, whole)| share(value, whole));
        assert_eq!(shares, ["33.3%", "66.7%", "0.1%", "0.0%", "0.0%", "100.0%", "0.0%"]);
        assert_eq!(share(i64::MAX, i64::MAX), "100.0%");
    }

    #[test]
    fn the_table_of_a_chart_holds_what_the_chart_shows() {
        for report in samples::all() {
            for chart in charts(&report) {
                let table = chart.table();
                assert_eq!(table.body.len(), chart.categories.len());
                for (place, row) in table.body.iter().enumerate() {
                    let cells: Vec<_> = row.iter().map(|cell| cell.text.as_str()).collect();
                    let values = chart.series.iter().map(|series| series.values[place].to_string());
                    assert!(values.into_iter().all(|value| cells[1..].contains(&value.as_str())));
                    assert_eq!(cells.len(), table.header[0].len());
                }
            }
        }
    }

    #[test]
    fn the_sentence_of_a_chart_of_shares_names_every_part() {
        let charts = charts(&ones(2021));
        assert_eq!(
            found(&charts, "outcomes").summary,
            "2021年共办结申请21件：予以公开1件（4.8%）、部分公开1件（4.8%）、不予公开8件（38.1%）、\
             无法提供3件（14.3%）、不予处理5件（23.8%）、其他处理3件（14.3%）。"
        );
    }
}
