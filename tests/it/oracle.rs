//! An independent oracle for the two tables that are counted: applications (T3) and remedies (T4).
//!
//! It is written from the law reference alone and shares no code and no types with the crate.
//! It does not replay events: it takes a list of finished or open cases, and for every cell of the
//! form it goes through the whole list once and counts the cases that the cell's definition covers.
//! Slow, and meant to be checked by eye.
//!
//! The definitions, for the report of year Y (the statistical period is the calendar year):
//!
//! | cell | counts the cases that were |
//! | --- | --- |
//! | `new_received` | received in Y |
//! | `carried_in` | received before Y and not concluded before Y |
//! | a result row | concluded in Y with that disposition |
//! | `result_total` | concluded in Y |
//! | `carried_out` | received by the end of Y and not concluded by the end of Y |
//! | `….upheld`, `….corrected`, `….other` | concluded in Y with that result |
//! | `….pending` | filed by the end of Y and not concluded by the end of Y |
//! | `….total` | concluded in Y or pending at its end |
//!
//! An entry that was declared void is no application, and is in no row of any year. Of an application
//! that was taken up again only the last conclusion is one. Notices, letters, extensions, fees and
//! decisions made anew put a case into no other row: they move clocks.
//!
//! Two settings change what is a conclusion: see [`counted_as`].
//!
//! A total column or row is counted on its own and not added up from its parts, so that the sums the
//! form demands are a test of the oracle too.

use std::collections::BTreeMap;

/// A civil date as year, month, day; tuples of this shape compare in calendar order.
type Date = (i16, i8, i8);

/// The 21 dispositions (办理结果) of the 2021 form, in the order of its rows.
pub(crate) const LEAVES: [&str; 21] = [
    "granted",
    "partial",
    "not_disclosed.state_secret",
    "not_disclosed.prohibited_by_law",
    "not_disclosed.security_stability",
    "not_disclosed.third_party_rights",
    "not_disclosed.internal_affairs",
    "not_disclosed.process_information",
    "not_disclosed.enforcement_file",
    "not_disclosed.administrative_inquiry",
    "unable.not_held",
    "unable.requires_creation",
    "unable.unclear_after_correction",
    "not_processed.petition_complaint",
    "not_processed.duplicate",
    "not_processed.publication",
    "not_processed.excessive",
    "not_processed.confirm_or_reissue",
    "other.correction_overdue",
    "other.fee_overdue",
    "other.misc",
];

/// The six kinds of applicant (申请人情况), in the order of the form's columns.
pub(crate) const KINDS: [&str; 6] = [
    "natural_person",
    "commercial_enterprise",
    "research_institution",
    "public_welfare_org",
    "legal_service_org",
    "other_org",
];

/// The three blocks of the remedies table, in the order of its columns.
const REMEDY_KINDS: [&str; 3] = ["review", "suit_direct", "suit_after_review"];

/// The three results with which a remedy is concluded, in the order of the columns.
const REMEDY_RESULTS: [&str; 3] = ["upheld", "corrected", "other"];

/// One application for government information (政府信息公开申请).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Case {
    /// The kind of applicant: one of [`KINDS`].
    pub(crate) kind: &'static str,
    /// The day the agency received it (收到申请之日).
    pub(crate) received: (i16, i8, i8),
    /// The day it was concluded and its disposition, one of [`LEAVES`]; `None` while it is open.
    pub(crate) concluded: Option<((i16, i8, i8), &'static str)>,
    /// Whether the entry was declared void (登记作废): then there is no such application.
    pub(crate) voided: bool,
}

/// One administrative review (行政复议) or lawsuit (行政诉讼).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remedy {
    /// `review`, `suit_direct` or `suit_after_review`.
    pub(crate) kind: &'static str,
    /// The day it was filed.
    pub(crate) filed: (i16, i8, i8),
    /// The day it was concluded and its result: `upheld`, `corrected` or `other`.
    pub(crate) concluded: Option<((i16, i8, i8), &'static str)>,
}

/// What else is known of how an application ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Ending {
    /// The day of the decision (作出决定之日), where that of posting or service is stated apart.
    pub(crate) decided: Option<(i16, i8, i8)>,
    /// The dispositions to which the decision was changed or that it was given anew, with their days.
    pub(crate) redone: Vec<((i16, i8, i8), &'static str)>,
}

/// The case as two settings have it counted, neither of which is settled in law.
///
/// With `basis` `"decision"`, a case is concluded on the day of the decision; with `"service"`, on the
/// day of posting or service. With `rework` `"replace_if_same_year"`, its disposition is the latest to
/// which the decision was changed in the year in which it is concluded; with `"keep_first"`, the first.
///
/// # Panics
///
/// If a setting is unknown.
#[must_use]
pub(crate) fn counted_as(basis: &str, rework: &str, case: &Case, ending: &Ending) -> Case {
    let Some((on, first)) = case.concluded else { return *case };
    let on = match basis {
        "service" => on,
        // A case is not concluded before it is received.
        "decision" => ending.decided.unwrap_or(on).max(case.received),
        _ => panic!("unknown basis: {basis}"),
    };
    let leaf = match rework {
        "keep_first" => first,
        "replace_if_same_year" => {
            let mut latest = ((0, 0, 0), first);
            for &(day, leaf) in &ending.redone {
                if in_year(on.0, day) && day >= latest.0 {
                    latest = (day, leaf);
                }
            }
            latest.1
        }
        _ => panic!("unknown rework: {rework}"),
    };
    Case { concluded: Some((on, leaf)), ..*case }
}

/// Counts every cell of the applications table (T3) of `form`, `"2019"` or `"2021"`, for `year`.
///
/// The key is the row id and the column id; the column `total` and the row `result_total` are there.
///
/// # Panics
///
/// If the form, a kind or a disposition is unknown, or a case is concluded before it is received.
#[must_use]
pub(crate) fn applications(
    form: &str,
    year: i16,
    cases: &[Case],
) -> BTreeMap<(String, String), i64> {
    for case in cases {
        assert!(KINDS.contains(&case.kind), "unknown kind of applicant: {case:?}");
        if let Some((date, leaf)) = case.concluded {
            assert!(LEAVES.contains(&leaf), "unknown disposition: {case:?}");
            assert!(date >= case.received, "concluded before receipt: {case:?}");
        }
    }

    let mut table = BTreeMap::new();
    for row in rows(form) {
        for column in KINDS.into_iter().chain(["total"]) {
            let count = cases
                .iter()
                .filter(|case| !case.voided)
                .filter(|case| column == "total" || case.kind == column)
                .filter(|case| in_row(form, row, year, case))
                .map(|_| 1)
                .sum();
            table.insert((row.to_owned(), column.to_owned()), count);
        }
    }
    table
}

/// Counts the 15 columns of the remedies table (T4) for `year`; both forms have the same.
///
/// # Panics
///
/// If a kind or a result is unknown, or a remedy is concluded before it is filed.
#[must_use]
pub(crate) fn remedies(year: i16, cases: &[Remedy]) -> BTreeMap<String, i64> {
    for case in cases {
        assert!(REMEDY_KINDS.contains(&case.kind), "unknown kind of remedy: {case:?}");
        if let Some((date, result)) = case.concluded {
            assert!(REMEDY_RESULTS.contains(&result), "unknown result: {case:?}");
            assert!(date >= case.filed, "concluded before filing: {case:?}");
        }
    }

    let mut table = BTreeMap::new();
    for kind in REMEDY_KINDS {
        for column in REMEDY_RESULTS.into_iter().chain(["pending", "total"]) {
            let count = cases
                .iter()
                .filter(|case| case.kind == kind)
                .filter(|case| in_remedy_column(column, year, case))
                .map(|_| 1)
                .sum();
            table.insert(format!("{kind}.{column}"), count);
        }
    }
    table
}

/// The rows of a form that hold figures: 23 in the form of 2019, 25 in that of 2021.
fn rows(form: &str) -> Vec<&'static str> {
    let mut rows = vec!["new_received", "carried_in"];
    match form {
        "2019" => {
            rows.extend(LEAVES.into_iter().filter(|leaf| !leaf.starts_with("other.")));
            rows.push("other");
        }
        "2021" => rows.extend(LEAVES),
        _ => panic!("unknown form: {form}"),
    }
    rows.extend(["result_total", "carried_out"]);
    rows
}

/// Whether a case is one of those that a row of the form counts.
fn in_row(form: &str, row: &str, year: i16, case: &Case) -> bool {
    let received_before_the_year = case.received < first_day(year);
    let received_in_the_year = in_year(year, case.received);
    let received_by_year_end = case.received <= last_day(year);

    let concluded_before_the_year = case.concluded.is_some_and(|(date, _)| date < first_day(year));
    let concluded_in_the_year = case.concluded.is_some_and(|(date, _)| in_year(year, date));
    let concluded_by_year_end = case.concluded.is_some_and(|(date, _)| date <= last_day(year));

    match row {
        "new_received" => received_in_the_year,
        "carried_in" => received_before_the_year && !concluded_before_the_year,
        "result_total" => concluded_in_the_year,
        "carried_out" => received_by_year_end && !concluded_by_year_end,
        _ => {
            concluded_in_the_year
                && case.concluded.is_some_and(|(_, leaf)| row_of(form, leaf) == row)
        }
    }
}

/// The result row that a disposition belongs to; the form of 2019 has one row for all three others.
fn row_of<'a>(form: &str, leaf: &'a str) -> &'a str {
    if form == "2019" && leaf.starts_with("other.") { "other" } else { leaf }
}

/// Whether a remedy is one of those that a column of its block counts.
fn in_remedy_column(column: &str, year: i16, case: &Remedy) -> bool {
    let filed_by_year_end = case.filed <= last_day(year);
    let concluded_in_the_year = case.concluded.is_some_and(|(date, _)| in_year(year, date));
    let concluded_by_year_end = case.concluded.is_some_and(|(date, _)| date <= last_day(year));
    let pending = filed_by_year_end && !concluded_by_year_end;

    match column {
        "pending" => pending,
        "total" => concluded_in_the_year || pending,
        _ => concluded_in_the_year && case.concluded.is_some_and(|(_, result)| result == column),
    }
}

fn in_year(year: i16, date: Date) -> bool {
    first_day(year) <= date && date <= last_day(year)
}

fn first_day(year: i16) -> Date {
    (year, 1, 1)
}

fn last_day(year: i16) -> Date {
    (year, 12, 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures by row (or block) as the reference prints them: an id, then one number per column.
    fn parse(text: &str) -> Vec<(&str, Vec<i64>)> {
        text.split_whitespace()
            .map(|line| {
                let mut parts = line.split(',');
                let id = parts.next().expect("a line starts with an id");
                (id, parts.map(|figure| figure.parse().expect("a figure")).collect())
            })
            .collect()
    }

    /// The whole table: the printed rows, and zero in every other cell of the form.
    #[track_caller]
    fn check(form: &str, year: i16, cases: &[Case], printed: &str) {
        let mut expected = BTreeMap::new();
        for row in rows(form) {
            for column in KINDS.into_iter().chain(["total"]) {
                expected.insert((row.to_owned(), column.to_owned()), 0);
            }
        }
        for (row, figures) in parse(printed) {
            assert_eq!(figures.len(), 7, "row {row}");
            for (column, figure) in KINDS.into_iter().chain(["total"]).zip(figures) {
                let cell = expected.insert((row.to_owned(), column.to_owned()), figure);
                assert!(cell.is_some(), "row {row} is in the form");
            }
        }
        let table = applications(form, year, cases);
        assert_eq!(table, expected);
        check_sums(form, &table);
    }

    /// The three relations that a single year's applications table must satisfy.
    #[track_caller]
    fn check_sums(form: &str, table: &BTreeMap<(String, String), i64>) {
        let cell = |row: &str, column: &str| {
            *table.get(&(row.to_owned(), column.to_owned())).expect("every cell is there")
        };
        for column in KINDS.into_iter().chain(["total"]) {
            let sides = [["new_received", "carried_in"], ["result_total", "carried_out"]];
            let [left, right]: [i64; 2] =
                sides.map(|rows| rows.map(|row| cell(row, column)).iter().sum());
            assert_eq!(left, right, "T3.BALANCE {column}");
            let results = rows(form).into_iter().filter(|row| {
                !["new_received", "carried_in", "result_total", "carried_out"].contains(row)
            });
            let sum: i64 = results.map(|row| cell(row, column)).sum();
            assert_eq!(cell("result_total", column), sum, "T3.RESULT_SUM {column}");
        }
        for row in rows(form) {
            let sum: i64 = KINDS.into_iter().map(|kind| cell(row, kind)).sum();
            assert_eq!(cell(row, "total"), sum, "T3.ROW_SUM {row}");
        }
    }

    #[track_caller]
    fn check_remedies(year: i16, cases: &[Remedy], printed: &str) {
        let mut expected = BTreeMap::new();
        for (block, figures) in parse(printed) {
            let columns = ["upheld", "corrected", "other", "pending", "total"];
            assert_eq!(figures.len(), columns.len(), "block {block}");
            for (column, figure) in columns.into_iter().zip(figures) {
                expected.insert(format!("{block}.{column}"), figure);
            }
        }
        assert_eq!(remedies(year, cases), expected);
    }

    /// `count` applications, alike in everything.
    fn several(count: usize, case: Case) -> Vec<Case> {
        vec![case; count]
    }

    fn concluded(kind: &'static str, received: Date, date: Date, leaf: &'static str) -> Case {
        Case { kind, received, concluded: Some((date, leaf)), voided: false }
    }

    fn open(kind: &'static str, received: Date) -> Case {
        Case { kind, received, concluded: None, voided: false }
    }

    #[test]
    fn a1_luoyang_justice_bureau_2020() {
        let cases = [concluded("natural_person", (2020, 6, 8), (2020, 6, 22), "granted")];
        check(
            "2019",
            2020,
            &cases,
            "new_received,1,0,0,0,0,0,1
             carried_in,0,0,0,0,0,0,0
             granted,1,0,0,0,0,0,1
             result_total,1,0,0,0,0,0,1
             carried_out,0,0,0,0,0,0,0",
        );
        check_remedies(
            2020,
            &[],
            "review,0,0,0,0,0 suit_direct,0,0,0,0,0 suit_after_review,0,0,0,0,0",
        );
    }

    #[test]
    fn a2_shanghai_general_office_2019_applications() {
        let spring = (2019, 3, 11);
        let autumn = (2019, 9, 23);
        let mut cases = Vec::new();
        for (kind, leaf, count) in [
            ("natural_person", "granted", 240),
            ("natural_person", "partial", 3),
            ("natural_person", "not_disclosed.state_secret", 14),
            ("natural_person", "not_disclosed.internal_affairs", 5),
            ("natural_person", "not_disclosed.process_information", 3),
            ("natural_person", "not_disclosed.administrative_inquiry", 10),
            ("natural_person", "unable.not_held", 252),
            ("natural_person", "unable.requires_creation", 44),
            ("natural_person", "unable.unclear_after_correction", 25),
            ("natural_person", "not_processed.petition_complaint", 148),
            ("natural_person", "not_processed.duplicate", 5),
            ("commercial_enterprise", "granted", 12),
            ("commercial_enterprise", "not_disclosed.process_information", 1),
            ("commercial_enterprise", "not_disclosed.administrative_inquiry", 2),
            ("commercial_enterprise", "unable.not_held", 12),
            ("commercial_enterprise", "unable.requires_creation", 3),
            ("commercial_enterprise", "not_processed.petition_complaint", 1),
            ("commercial_enterprise", "not_processed.duplicate", 4),
            ("legal_service_org", "granted", 1),
            ("legal_service_org", "unable.not_held", 1),
            ("other_org", "granted", 1),
        ] {
            cases.extend(several(count, concluded(kind, spring, autumn, leaf)));
        }
        // The 18 brought forward from 2018, and the 72 still open when 2019 ended.
        cases.extend(several(
            18,
            concluded("natural_person", (2018, 12, 31), (2019, 1, 1), "granted"),
        ));
        cases.extend(several(71, open("natural_person", (2019, 12, 31))));
        cases.push(concluded("natural_person", (2019, 12, 20), (2020, 1, 2), "partial"));

        check(
            "2019",
            2019,
            &cases,
            "new_received,821,35,0,0,2,1,859
             carried_in,18,0,0,0,0,0,18
             granted,258,12,0,0,1,1,272
             partial,3,0,0,0,0,0,3
             not_disclosed.state_secret,14,0,0,0,0,0,14
             not_disclosed.internal_affairs,5,0,0,0,0,0,5
             not_disclosed.process_information,3,1,0,0,0,0,4
             not_disclosed.administrative_inquiry,10,2,0,0,0,0,12
             unable.not_held,252,12,0,0,1,0,265
             unable.requires_creation,44,3,0,0,0,0,47
             unable.unclear_after_correction,25,0,0,0,0,0,25
             not_processed.petition_complaint,148,1,0,0,0,0,149
             not_processed.duplicate,5,4,0,0,0,0,9
             result_total,767,35,0,0,2,1,805
             carried_out,72,0,0,0,0,0,72",
        );
    }

    #[test]
    fn a2_shanghai_general_office_2019_remedies() {
        let mut cases = Vec::new();
        let upheld = Some(((2019, 8, 1), "upheld"));
        for (kind, count, concluded) in [
            ("review", 5, upheld),
            ("review", 2, None),
            ("suit_direct", 8, upheld),
            ("suit_direct", 1, Some(((2020, 3, 2), "corrected"))),
        ] {
            cases.extend(vec![Remedy { kind, filed: (2019, 6, 3), concluded }; count]);
        }
        check_remedies(
            2019,
            &cases,
            "review,5,0,0,2,7 suit_direct,8,0,0,1,9 suit_after_review,0,0,0,0,0",
        );
    }

    #[test]
    fn one_year_hands_over_to_the_next() {
        let cases = [
            concluded("other_org", (2020, 1, 1), (2020, 12, 31), "unable.not_held"),
            concluded("other_org", (2020, 12, 31), (2021, 1, 1), "not_processed.excessive"),
            concluded("research_institution", (2020, 12, 30), (2022, 1, 4), "partial"),
            open("public_welfare_org", (2021, 12, 31)),
            open("natural_person", (2022, 1, 1)),
        ];
        check(
            "2019",
            2020,
            &cases,
            "new_received,0,0,1,0,0,2,3
             unable.not_held,0,0,0,0,0,1,1
             result_total,0,0,0,0,0,1,1
             carried_out,0,0,1,0,0,1,2",
        );
        check(
            "2021",
            2021,
            &cases,
            "new_received,0,0,0,1,0,0,1
             carried_in,0,0,1,0,0,1,2
             not_processed.excessive,0,0,0,0,0,1,1
             result_total,0,0,0,0,0,1,1
             carried_out,0,0,1,1,0,0,2",
        );
    }

    #[test]
    fn what_was_declared_void_is_in_no_row_of_any_year() {
        let granted = concluded("natural_person", (2020, 12, 30), (2021, 1, 4), "granted");
        let void = |case| Case { voided: true, ..case };
        let cases = [void(granted), void(open("other_org", (2020, 5, 6)))];
        for year in 2020..=2022 {
            assert!(applications("2021", year, &cases).values().all(|&count| count == 0));
        }
    }

    #[test]
    fn the_settings_say_when_and_as_what_a_case_is_concluded() {
        let case = concluded("other_org", (2021, 11, 1), (2022, 1, 5), "granted");
        let ending = Ending {
            decided: Some((2021, 12, 30)),
            redone: vec![((2022, 6, 1), "partial"), ((2023, 1, 9), "unable.not_held")],
        };
        let counted = |basis, rework| counted_as(basis, rework, &case, &ending).concluded.unwrap();
        assert_eq!(counted("service", "keep_first"), ((2022, 1, 5), "granted"));
        assert_eq!(counted("service", "replace_if_same_year"), ((2022, 1, 5), "partial"));
        assert_eq!(counted("decision", "keep_first"), ((2021, 12, 30), "granted"));
        assert_eq!(counted("decision", "replace_if_same_year"), ((2021, 12, 30), "granted"));
    }

    #[test]
    fn the_form_of_2019_adds_up_what_that_of_2021_tells_apart() {
        let cases = [
            concluded("natural_person", (2021, 2, 1), (2021, 3, 1), "other.correction_overdue"),
            concluded("natural_person", (2021, 2, 1), (2021, 3, 1), "other.fee_overdue"),
            concluded("legal_service_org", (2021, 2, 1), (2021, 3, 1), "other.misc"),
        ];
        check(
            "2019",
            2021,
            &cases,
            "new_received,2,0,0,0,1,0,3
             other,2,0,0,0,1,0,3
             result_total,2,0,0,0,1,0,3",
        );
        check(
            "2021",
            2021,
            &cases,
            "new_received,2,0,0,0,1,0,3
             other.correction_overdue,1,0,0,0,0,0,1
             other.fee_overdue,1,0,0,0,0,0,1
             other.misc,0,0,0,0,1,0,1
             result_total,2,0,0,0,1,0,3",
        );
    }

    #[test]
    fn every_disposition_has_its_own_row_in_the_form_of_2021() {
        for leaf in LEAVES {
            let cases = [concluded("natural_person", (2023, 5, 4), (2023, 5, 5), leaf)];
            let table = applications("2021", 2023, &cases);
            assert_eq!(table.get(&(leaf.to_owned(), "natural_person".to_owned())), Some(&1));
            check_sums("2021", &table);
        }
    }

    #[test]
    fn the_forms_have_23_and_25_rows_of_7_cells() {
        assert_eq!(applications("2019", 2020, &[]).len(), 23 * 7);
        assert_eq!(applications("2021", 2021, &[]).len(), 25 * 7);
        assert_eq!(remedies(2021, &[]).len(), 15);
    }

    #[test]
    fn a_remedy_pending_at_year_end_is_counted_again_when_it_is_concluded() {
        let cases = [
            Remedy {
                kind: "suit_after_review",
                filed: (2021, 12, 31),
                concluded: Some(((2023, 1, 1), "other")),
            },
            Remedy { kind: "suit_after_review", filed: (2024, 1, 1), concluded: None },
        ];
        let none = "review,0,0,0,0,0 suit_direct,0,0,0,0,0";
        for (year, figures) in [
            (2020, "0,0,0,0,0"),
            (2021, "0,0,0,1,1"),
            (2022, "0,0,0,1,1"),
            (2023, "0,0,1,0,1"),
            (2024, "0,0,0,1,1"),
        ] {
            check_remedies(year, &cases, &format!("{none} suit_after_review,{figures}"));
        }
    }
}
