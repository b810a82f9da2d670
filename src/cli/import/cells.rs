//! Cells of registers that are neither identifiers nor labels.

use jiff::civil::Date;

use crate::{
    domain::LegalDate,
    statistics::{catalogue::CellKind, parse_wan_yuan},
    wire::{civil_date, pb::event::v1::CivilDate},
};

/// What a date cell must hold.
pub(in crate::cli) const DATE: &str = "a date of the calendar, 2008 to 2100, such as 2020-03-02";

/// A date as registers write it: `2020-03-02`, `2020/3/2`, `2020.3.2` or `2020年3月2日`.
pub(in crate::cli) fn date(text: &str) -> Option<CivilDate> {
    let text = text.strip_suffix('日').unwrap_or(text);
    let (year, rest) = text.split_once(['-', '/', '.', '年'])?;
    let (month, day) = rest.split_once(['-', '/', '.', '月'])?;
    let number = |text: &str, longest: usize| {
        let digits =
            (1..=longest).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<i16>().ok()).flatten()
    };
    let (month, day) = (number(month, 2)?, number(day, 2)?);
    let date = Date::new(number(year, 4)?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    LegalDate::new(date.ok()?).ok().map(|date| civil_date(date.date()))
}

/// What a cell of table two must hold.
pub(super) const fn expected_value(kind: CellKind) -> &'static str {
    match kind {
        CellKind::Count => "a whole number, not negative",
        CellKind::Change => "a whole number, negative for a decrease",
        CellKind::Amount => "an amount in 万元 with up to 6 decimals, not negative",
    }
}

/// A value of table two as reports write it; `/` and `-` mean that there is none, which counts 0.
pub(super) fn value(text: &str, kind: CellKind) -> Option<i64> {
    if matches!(text, "/" | "-") {
        return Some(0);
    }
    let plain = without_separators(text)?;
    let value = match kind {
        CellKind::Count | CellKind::Change => whole(&plain)?,
        CellKind::Amount => parse_wan_yuan(&plain)?,
    };
    (value >= 0 || kind == CellKind::Change).then_some(value)
}

fn whole(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if all_digits { text.parse().ok() } else { None }
}

/// The text without thousands separators, which stand after every third digit or not at all.
fn without_separators(text: &str) -> Option<String> {
    let (whole, decimals) = text
        .split_once('.')
        .map_or((text, ""), |(whole, _)| (whole, text.get(whole.len()..).unwrap_or_default()));
    let mut groups = whole.split(',').rev();
    let last = groups.clone().count().saturating_sub(1);
    let regular = last == 0 || groups.by_ref().take(last).all(|group| group.len() == 3);
    regular.then(|| format!("{}{decimals}", whole.replace(',', "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_registers_write_them() {
        for text in ["2020-03-02", "2020/3/2", "2020.03.2", "2020年3月2日"] {
            let read = date(text).unwrap();
            assert_eq!((read.year, read.month, read.day), (2020, 3, 2), "{text}");
        }
        for text in
            ["2020-02-30", "2020-13-01", "20-3-2", "2020-3", "2007-12-31", "x-1-1", "2020-+3-2"]
        {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn values_are_read_as_reports_write_them() {
        let count = |text| value(text, CellKind::Count);
        assert_eq!([count("1,483"), count("0"), count("/")], [Some(1483), Some(0), Some(0)]);
        assert_eq!(value("-8", CellKind::Change), Some(-8));
        assert_eq!(value("59,237.2449", CellKind::Amount), Some(59_237_244_900));
        for text in ["-8", "1.5", "1,48", "12,3456", "一", "", "99999999999999999999"] {
            assert_eq!(count(text), None, "{text}");
        }
    }
}
