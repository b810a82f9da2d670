//! What a supervising office checks beyond a report's own relations: a total against the sum of its
//! parts, and whether a report came in time.

use jiff::civil::Date;

use super::{
    catalogue::{CheckId, Form, Severity},
    cross_check::{print, whereabouts},
    finding::Finding,
    table::{CellRef, Tables},
};
use crate::domain::{LegalDate, ReportYear};

/// Compares the published total of an agency with the sum of its parts: the agency's own figures and
/// those of everybody below it, each once. A published total that holds its parts already is never
/// added to anything; it is only compared.
///
/// Both have to be on the same form. A blank on either side counts as zero.
#[must_use]
pub fn check_sum(published: &Tables, sum: &Tables) -> Vec<Finding> {
    let form = published.form();
    let differs = |cell: CellRef| {
        let (left, right) = (published.get(cell).unwrap_or(0), sum.get(cell).unwrap_or(0));
        (left != right).then(|| sum_broken(form, cell, left, right))
    };
    form.cells().filter_map(differs).collect()
}

fn sum_broken(form: &Form, cell: CellRef, left: i64, right: i64) -> Finding {
    let kind = form.cell_kind(cell);
    let difference = i128::from(left).saturating_sub(right.into());
    let (left, right) = (print(left.into(), kind), print(right.into(), kind));
    let message = format!(
        "汇总报告公布数 {left} ≠ 本级与各下级之和 {right}，相差 {}（{}）",
        print(difference.saturating_abs(), kind),
        whereabouts(form, cell)
    );
    Finding {
        left: Some(left),
        right: Some(right),
        difference: Some(print(difference, kind)),
        ..Finding::at(CheckId::SUM, Severity::Error, form.cell_name(cell), message)
    }
}

/// By which day of the year after, month and day, a report is to be submitted and published
/// (报送、公布期限). The law's days are 31 January for an agency's own report, and 31 March for that of
/// a government with everybody below it (Article 49); local notices set earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportDates {
    /// By when an agency submits its own report to the office above it.
    pub submit: (i8, i8),
    /// By when it publishes it.
    pub publish: (i8, i8),
    /// By when a report with everybody below is published.
    pub publish_total: (i8, i8),
}

impl Default for ReportDates {
    fn default() -> Self {
        Self { submit: (1, 31), publish: (1, 31), publish_total: (3, 31) }
    }
}

/// What is to be done with a report by a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportDuty {
    /// Submit it (报送).
    Submit,
    /// Publish it (公布).
    Publish,
    /// Publish that with everybody below (公布汇总).
    PublishTotal,
}

impl ReportDates {
    /// The last day for a duty of a year's report; `None` if the policy names a day that there is
    /// not. Nothing moves it off a weekend or a holiday.
    #[must_use]
    pub fn due(&self, duty: ReportDuty, year: ReportYear) -> Option<Date> {
        let (month, day) = match duty {
            ReportDuty::Submit => self.submit,
            ReportDuty::Publish => self.publish,
            ReportDuty::PublishTotal => self.publish_total,
        };
        Date::new(year.get().saturating_add(1), month, day).ok()
    }

    /// What there is to say on a day of a duty that was done on a day, or not yet: late is an error;
    /// not yet due, once the year is over, a reminder.
    #[must_use]
    pub fn check(
        &self,
        duty: ReportDuty,
        year: ReportYear,
        done: Option<LegalDate>,
        today: LegalDate,
    ) -> Option<Finding> {
        let due = self.due(duty, year)?;
        let (place, what) = match duty {
            ReportDuty::Submit => ("submission_date", "年度报告应报送"),
            ReportDuty::Publish => ("publication_date", "年度报告应公布"),
            ReportDuty::PublishTotal => ("publication_date", "汇总年度报告应公布"),
        };
        let date = done.unwrap_or(today).date();
        let (id, severity, message) = if date > due {
            let how = match done {
                Some(done) => format!("实际为 {done}"),
                None => format!("截至 {today} 尚无记录"),
            };
            (CheckId::LATE, Severity::Error, format!("{year} {what}，期限 {due}，{how}"))
        } else if done.is_none() && today.year() > year.get() {
            let message = format!("{year} {what}，期限 {due}，尚无记录");
            (CheckId::DUE, Severity::Info, message)
        } else {
            return None;
        };
        let said = Finding::at(id, severity, place, message);
        Some(Finding {
            left: done.map(|done| done.to_string()),
            right: Some(due.to_string()),
            ..said
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::*;

    fn set(tables: &mut Tables, row: &str, column: &str, value: i64) {
        let cell = tables.form().find_application(row, column).unwrap();
        tables.set(cell, Some(value));
    }

    #[test]
    fn a_total_that_is_not_the_sum_of_its_parts_is_an_error_in_each_cell() {
        let sum = golden::shanghai_2019();
        assert_eq!(check_sum(&sum, &sum), []);
        let mut published = sum.clone();
        set(&mut published, "granted", "natural_person", 257);
        set(&mut published, "granted", "total", 273);
        let found = check_sum(&published, &sum);
        let told: Vec<_> = found
            .iter()
            .map(|f| (f.id.0, f.severity, f.place.as_str(), f.difference.as_deref().unwrap()))
            .collect();
        assert_eq!(
            told,
            [
                ("AGG.SUM", Severity::Error, "applications.granted.natural_person", "-1"),
                ("AGG.SUM", Severity::Error, "applications.granted.total", "1"),
            ]
        );
        assert!(found[1].message.contains("公布数 273 ≠ 本级与各下级之和 272，相差 1"));
    }

    #[test]
    fn a_report_is_late_from_the_day_after_the_last() {
        let year = ReportYear::new(2023).unwrap();
        let day = |text: &str| LegalDate::new(text.parse().unwrap()).unwrap();
        let local = ReportDates { submit: (1, 26), publish: (1, 28), publish_total: (2, 20) };
        let told = |dates: &ReportDates, duty, done: Option<&str>, today: &str| {
            let found = dates.check(duty, year, done.map(day), day(today));
            found.map_or_else(String::new, |found| {
                format!("{} {}", found.id.0, found.severity.key())
            })
        };
        let (law, late, due) = (ReportDates::default(), "PUBLISH.LATE error", "PUBLISH.DUE info");
        let cases = [
            (&law, ReportDuty::Publish, None, "2023-12-31", ""),
            (&law, ReportDuty::Publish, None, "2024-01-01", due),
            (&law, ReportDuty::Publish, None, "2024-01-31", due),
            (&law, ReportDuty::Publish, None, "2024-02-01", late),
            (&law, ReportDuty::Publish, Some("2024-01-31"), "2026-02-01", ""),
            (&law, ReportDuty::Publish, Some("2024-02-01"), "2026-02-01", late),
            (&law, ReportDuty::PublishTotal, Some("2024-03-31"), "2026-02-01", ""),
            (&law, ReportDuty::PublishTotal, None, "2024-04-01", late),
            (&local, ReportDuty::Submit, None, "2024-01-27", late),
            (&local, ReportDuty::Publish, None, "2024-01-28", due),
            (&local, ReportDuty::PublishTotal, Some("2024-02-21"), "2024-02-21", late),
        ];
        for (dates, duty, done, today, expected) in cases {
            assert_eq!(told(dates, duty, done, today), expected, "{duty:?} {done:?} on {today}");
        }
        let found =
            law.check(ReportDuty::Publish, year, Some(day("2024-02-01")), day("2024-02-02"));
        let message = found.unwrap().message;
        assert_eq!(message, "2023 年度报告应公布，期限 2024-01-31，实际为 2024-02-01");
        let nowhere = ReportDates { publish: (2, 30), ..law };
        assert_eq!(nowhere.due(ReportDuty::Publish, year), None);
    }
}
