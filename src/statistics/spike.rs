//! Figures that jumped against the year before.

use super::{
    catalogue::{CellKind, CheckId, ColumnSource, Form, Severity},
    finding::Finding,
    money::format_wan_yuan,
    table::{CellRef, Tables},
};

/// How many times the other of two years' figures the larger may be, without a word.
pub const SPIKE_RATIO: i64 = 5;

/// The least of two counts (件) that are compared; small ones jump by themselves.
pub const SPIKE_LEAST_COUNT: i64 = 10;

/// The least of two amounts that are compared, in fen: 10 万元.
pub const SPIKE_LEAST_AMOUNT: i64 = 10_000_000;

/// Mentions every total of table three and four and every figure of table two that is more than
/// [`SPIKE_RATIO`] times as large as the year before, or as small, where both are large enough.
#[must_use]
pub fn check_spikes(tables: &Tables, previous: &Tables) -> Vec<Finding> {
    let form = tables.form();
    let found = |cell| {
        let kind = form.cell_kind(cell);
        let least = match kind {
            CellKind::Count => SPIKE_LEAST_COUNT,
            CellKind::Amount => SPIKE_LEAST_AMOUNT,
            CellKind::Change => return None,
        };
        let name = form.cell_name(cell);
        let before = previous.get(previous.form().find_cell(&name)?)?;
        let now = tables.get(cell)?;
        let (less, more) = (now.min(before), now.max(before));
        let jumped = less >= least && less.saturating_mul(SPIKE_RATIO) < more;
        jumped.then(|| finding(form, cell, name, now, before))
    };
    form.cells().filter(|&cell| is_compared(form, cell)).filter_map(found).collect()
}

/// Whether a cell is compared from year to year: of tables three and four the totals only.
fn is_compared(form: &Form, cell: CellRef) -> bool {
    match cell {
        CellRef::Proactive(_) => true,
        CellRef::Applications { column, .. } => {
            let column = form.applications.columns.get(column);
            column.is_some_and(|column| column.source == ColumnSource::Total)
        }
        CellRef::Remedies(_) => form.is_total(cell),
    }
}

fn finding(form: &Form, cell: CellRef, name: String, now: i64, before: i64) -> Finding {
    let print = |value: i64| match form.cell_kind(cell) {
        CellKind::Amount => format!("{} 万元", format_wan_yuan(value)),
        CellKind::Count | CellKind::Change => value.to_string(),
    };
    let how = if now > before {
        format!("超过上年度的 {SPIKE_RATIO} 倍")
    } else {
        format!("不到上年度的 {SPIKE_RATIO} 分之一")
    };
    let message = format!(
        "本年 {}，上年度 {}，{how}，请核对是否属实（{}，{name}）",
        print(now),
        print(before),
        form.cell_label(cell)
    );
    let plain = |value: i64| match form.cell_kind(cell) {
        CellKind::Amount => format_wan_yuan(value),
        CellKind::Count | CellKind::Change => value.to_string(),
    };
    Finding {
        cells: vec![name.clone(), format!("{name}@previous")],
        left: Some(plain(now)),
        right: Some(plain(before)),
        difference: Some(plain(now.saturating_sub(before))),
        ..Finding::at(CheckId::SPIKE, Severity::Info, name, message)
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::*;

    fn years(name: &str, before: i64, now: i64) -> Vec<Finding> {
        let tables = golden::shanghai_2019();
        let cell = tables.form().find_cell(name).unwrap();
        let of = |value| {
            let mut tables = tables.clone();
            tables.set(cell, Some(value));
            tables
        };
        check_spikes(&of(now), &of(before))
    }

    #[test]
    fn what_jumped_is_mentioned_once_at_its_total() {
        let total = "applications.new_received.total";
        for (before, now, jumped) in [
            (10, 50, false),
            (10, 51, true),
            (51, 10, true),
            (50, 10, false),
            (9, 5_000, false),
            (0, 5_000, false),
            (100, 100, false),
        ] {
            let found = years(total, before, now);
            assert_eq!(found.len(), usize::from(jumped), "{before} {now}");
        }
        let [finding] = &years(total, 100, 859)[..] else { panic!() };
        assert_eq!((finding.id, finding.severity), (CheckId::SPIKE, Severity::Info));
        assert_eq!(
            finding.message,
            "本年 859，上年度 100，超过上年度的 5 倍，请核对是否属实\
             （行「一、本年新收政府信息公开申请数量」列「申请人情况／总计」，applications.new_received.total）"
        );
        assert_eq!(years("remedies.review.total", 51, 10).len(), 1);
        assert_eq!(years("remedies.review.upheld", 51, 10), []);
        assert_eq!(years("applications.granted.natural_person", 51, 10), []);
    }

    #[test]
    fn amounts_are_compared_from_ten_wan_yuan() {
        let amount = "proactive.art20_9.procurement.amount_wan_yuan";
        assert_eq!(years(amount, 9_999_999, 900_000_000), []);
        let [finding] = &years(amount, 10_000_000, 60_000_000)[..] else { panic!() };
        assert!(finding.message.contains("本年 60 万元，上年度 10 万元"), "{}", finding.message);
        assert_eq!(years("proactive.art20_6.penalties.change", 10, 900), []);
    }
}
