//! Written sections with their references filled from the tables.
//!
//! What takes the place of a reference is digits, Chinese numerals and the fixed words of this
//! file: nothing that a caller wrote can come in through a number.

use std::{collections::BTreeMap, ops::Range};

use super::{
    FINDING_LIMIT,
    numeral::{digits_in_chinese, in_chinese},
    reference::{Expression, Found, Reference, Style, find},
};
use crate::{
    domain::{
        LongText,
        narrative::{Section, Sections},
    },
    statistics::{
        Finding, Tables,
        catalogue::{CellKind, CheckId, FORMS, Severity, section_title},
        format_wan_yuan,
    },
};

/// Stands where a cell is blank.
const BLANK: &str = "（未填报）";
/// Stands where the form has no such cell.
const NOT_ON_FORM: &str = "（本格式无此项）";
/// Stands where there is no year before to take a number from.
const NO_PREVIOUS_YEAR: &str = "（无上年数据）";
/// Stands where a share or a change has nothing to be measured by.
const NOT_COMPARABLE: &str = "（无法计算）";

/// A section with its references filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilledSection {
    /// The text as it is printed.
    pub text: String,
    /// Every reference, in the order of the text.
    pub references: Vec<Filled>,
    /// What there is to say of them.
    pub findings: Vec<Finding>,
}

/// A reference, and what stands in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The reference as it is written.
    pub reference: String,
    /// The line at which it stands, from 1.
    pub line: usize,
    /// The character of the line at which it begins, from 1.
    pub column: usize,
    /// What is printed for it.
    pub text: String,
}

/// The sections of a year with their references filled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilledNarrative {
    /// The sections as they are printed.
    pub sections: Sections,
    /// The references of each section that has any, in the order of its text.
    pub references: BTreeMap<Section, Vec<Filled>>,
    /// What there is to say of them.
    pub findings: Vec<Finding>,
}

/// Fills the references of a year's sections; see [`fill`].
#[must_use]
pub fn fill_sections(
    written: &Sections,
    tables: &Tables,
    previous: Option<&Tables>,
) -> FilledNarrative {
    let mut narrative = FilledNarrative::default();
    for (&section, text) in written {
        let filled = fill(section, text.as_str(), tables, previous);
        narrative.findings.extend(filled.findings);
        // Numbers in words can make a text longer than a section may be; then it stays as written.
        let printed = LongText::parse(&filled.text);
        narrative.findings.extend(printed.is_err().then(|| too_long(section)));
        narrative.sections.insert(section, printed.unwrap_or_else(|_| text.clone()));
        if !filled.references.is_empty() {
            narrative.references.insert(section, filled.references);
        }
    }
    narrative
}

fn too_long(section: Section) -> Finding {
    let message = format!(
        "“{}”填入数字以后超过篇幅上限，报告中照原样印出引用，请缩短文字",
        section_title(section)
    );
    let finding = Finding::at(CheckId::TEXT_REFERENCE, Severity::Warning, section.key(), message);
    Finding { cells: Vec::new(), ..finding }
}

/// Fills the references of a section from the tables of its year and, where it asks for them, of
/// the year before. A reference that cannot be read stays as it is written.
#[must_use]
pub fn fill(
    section: Section,
    text: &str,
    tables: &Tables,
    previous: Option<&Tables>,
) -> FilledSection {
    let source = Source { tables, previous };
    let mut filled =
        FilledSection { text: String::new(), references: Vec::new(), findings: Vec::new() };
    let mut printed_to = 0;
    for found in find(text) {
        let (printed, fault) = match &found.read {
            Ok(reference) => match source.print(reference) {
                Ok(printed) => (printed, None),
                Err(gap) => (gap.printed().to_owned(), Some(gap)),
            },
            Err(_) => (found.source.to_owned(), Some(Gap::Unreadable)),
        };
        let told = fault.filter(|_| filled.findings.len() < FINDING_LIMIT);
        filled.findings.extend(told.map(|gap| gap.finding(section, &found, tables)));
        filled.text.push_str(between(text, printed_to, &found.range));
        filled.text.push_str(&printed);
        printed_to = found.range.end;
        let Found { source, line, column, .. } = found;
        filled.references.push(Filled {
            reference: source.to_owned(),
            line,
            column,
            text: printed,
        });
    }
    filled.text.push_str(text.get(printed_to..).unwrap_or_default());
    filled
}

fn between<'a>(text: &'a str, from: usize, range: &Range<usize>) -> &'a str {
    text.get(from..range.start).unwrap_or_default()
}

/// Where numbers come from.
struct Source<'a> {
    tables: &'a Tables,
    previous: Option<&'a Tables>,
}

/// Why there is no number to print.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Gap {
    /// The reference cannot be read; recorded before references were, or by another release.
    Unreadable,
    /// A cell is blank.
    Blank(String),
    /// A cell that the form does not have.
    NotOnForm(String),
    /// There is no year before with a form.
    NoPreviousYear,
    /// Nothing to measure a share or a change by.
    NotComparable,
}

impl Source<'_> {
    fn print(&self, reference: &Reference) -> Result<String, Gap> {
        let Reference { expression, style, unit } = reference;
        let value = self.value(expression, false)?;
        Ok(match style {
            Style::Digits => format!("{}{unit}", digits(value, expression.kind)),
            Style::Chinese => format!("{}{unit}", chinese(value, expression.kind)),
            Style::PercentOf(whole) => {
                let whole = self.value(whole, false)?;
                let tenths = tenths_of_percent(value.into(), whole.into())?;
                format!("{}%", with_one_decimal(tenths))
            }
            Style::Change => change(value, self.value(expression, true)?)?,
        })
    }

    /// The value of a sum, or of the same sum a year before.
    fn value(&self, expression: &Expression, year_before: bool) -> Result<i64, Gap> {
        let mut sum = 0_i64;
        for term in &expression.terms {
            let is_previous = term.previous_year || year_before;
            let source = if is_previous { self.previous } else { Some(self.tables) };
            let tables = source.ok_or(Gap::NoPreviousYear)?;
            let name = || format!("{}{}", term.name, if is_previous { "@previous" } else { "" });
            let cell = term.on(tables.form()).ok_or_else(|| Gap::NotOnForm(name()))?;
            let value = tables.get(cell).ok_or_else(|| Gap::Blank(name()))?;
            let added = if term.negative { sum.checked_sub(value) } else { sum.checked_add(value) };
            sum = added.ok_or(Gap::NotComparable)?;
        }
        Ok(sum)
    }
}

fn digits(value: i64, kind: CellKind) -> String {
    match kind {
        CellKind::Count | CellKind::Change => value.to_string(),
        CellKind::Amount => format_wan_yuan(value),
    }
}

fn chinese(value: i64, kind: CellKind) -> String {
    match kind {
        CellKind::Count | CellKind::Change => in_chinese(value),
        CellKind::Amount => {
            let printed = format_wan_yuan(value);
            let (whole, decimals) = printed.split_once('.').unwrap_or((&printed, ""));
            let sign = if whole.starts_with('-') { "负" } else { "" };
            let whole = whole.trim_start_matches('-').parse().unwrap_or(i64::MAX);
            let decimals = digits_in_chinese(decimals);
            let point = if decimals.is_empty() { "" } else { "点" };
            format!("{sign}{}{point}{decimals}", in_chinese(whole))
        }
    }
}

/// A share in tenths of a percent, the half rounded away from zero.
fn tenths_of_percent(part: i128, whole: i128) -> Result<i128, Gap> {
    if whole <= 0 {
        return Err(Gap::NotComparable);
    }
    // Both are of 64 bits: nothing here comes near the bound.
    let doubled = part.unsigned_abs().saturating_mul(2_000).saturating_add(whole.unsigned_abs());
    let tenths = doubled.checked_div(whole.unsigned_abs().saturating_mul(2)).unwrap_or(0);
    let tenths = i128::try_from(tenths).unwrap_or(i128::MAX);
    Ok(if part < 0 { tenths.saturating_neg() } else { tenths })
}

fn with_one_decimal(tenths: i128) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    let tenths = tenths.unsigned_abs();
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}

/// An increase or decrease against the year before, in words.
fn change(now: i64, before: i64) -> Result<String, Gap> {
    if now == before {
        return Ok("持平".to_owned());
    }
    let direction = if now > before { "增长" } else { "下降" };
    let difference = i128::from(now).abs_diff(i128::from(before));
    let difference = i128::try_from(difference).unwrap_or(i128::MAX);
    Ok(match tenths_of_percent(difference, before.into())? {
        0 => format!("{direction}不足 0.1%"),
        tenths => format!("{direction} {}%", with_one_decimal(tenths)),
    })
}

impl Gap {
    const fn printed(&self) -> &'static str {
        match self {
            // What cannot be read is printed as it is written.
            Self::Unreadable => "",
            Self::Blank(_) => BLANK,
            Self::NotOnForm(_) => NOT_ON_FORM,
            Self::NoPreviousYear => NO_PREVIOUS_YEAR,
            Self::NotComparable => NOT_COMPARABLE,
        }
    }

    fn finding(&self, section: Section, found: &Found<'_>, tables: &Tables) -> Finding {
        let Found { line, column, .. } = found;
        let source = clipped(found.source);
        let shown = self.printed();
        let why = match self {
            Self::Unreadable => "无法识别，报告中照原样印出，请改正写法".to_owned(),
            Self::Blank(name) => {
                format!("没有数字：{}尚为空白，报告中印作{shown}，请先填报", named(name, tables))
            }
            Self::NotOnForm(name) => not_on_form(name, tables, shown),
            Self::NoPreviousYear => {
                format!("要用上年度数字，而上年度没有统一格式的报告，报告中印作{shown}，请改写")
            }
            Self::NotComparable => {
                format!("算不出百分比：用来比较的数字为零或者为负，报告中印作{shown}，请改写")
            }
        };
        let message = format!(
            "“{}”第 {line} 行第 {column} 个字处的引用 {source} {why}",
            section_title(section)
        );
        let cells = match self {
            Self::Blank(name) | Self::NotOnForm(name) => vec![name.clone()],
            Self::Unreadable | Self::NoPreviousYear | Self::NotComparable => Vec::new(),
        };
        let place = section.key();
        Finding { cells, ..Finding::at(CheckId::TEXT_REFERENCE, Severity::Warning, place, message) }
    }
}

/// A reference as a finding shows it: short, whatever it is.
fn clipped(source: &str) -> String {
    const LONGEST: usize = 160;
    match source.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", source.get(..end).unwrap_or_default()),
        None => source.to_owned(),
    }
}

/// A cell in a clerk's words.
fn named(name: &str, tables: &Tables) -> String {
    let (year, key) = match name.strip_suffix("@previous") {
        Some(key) => ("上年度报告的", key),
        None => ("", name),
    };
    // The year before may have had another form.
    let forms = [tables.form()].into_iter().chain(&FORMS);
    let label = forms.into_iter().find_map(|form| Some(form.cell_label(form.find_cell(key)?)));
    format!("{year}{}", label.unwrap_or_else(|| key.to_owned()))
}

fn not_on_form(name: &str, tables: &Tables, shown: &str) -> String {
    let key = name.strip_suffix("@previous").unwrap_or(name);
    let which = if key == name {
        format!("本报告所用的 {} 年版格式", tables.form().id)
    } else {
        "上年度报告所用的格式".to_owned()
    };
    let has = FORMS.iter().find(|form| form.find_cell(key).is_some());
    let has = has.map_or_else(String::new, |form| format!("（{} 年版格式才有）", form.id));
    format!("所指的 {key} 不在{which}上{has}，报告中印作{shown}，请改写")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::golden;
    use proptest::prelude::*;

    fn luoyang_after(change: impl FnOnce(&mut Tables)) -> Tables {
        let mut tables = golden::luoyang_2020();
        change(&mut tables);
        tables
    }

    fn set(tables: &mut Tables, name: &str, value: Option<i64>) {
        let cell = tables.form().find_cell(name).unwrap();
        tables.set(cell, value);
    }

    /// What the 2019 figures of Shanghai print for a text, with made-up ones of the year before.
    fn printed(text: &str) -> FilledSection {
        let previous = luoyang_after(|tables| {
            set(tables, "applications.new_received.total", Some(764));
            set(tables, "applications.granted.total", Some(280));
            set(tables, "applications.partial.total", Some(3));
            set(tables, "remedies.review.total", Some(0));
        });
        let mut tables = golden::shanghai_2019();
        set(&mut tables, "proactive.art20_9.procurement.amount_wan_yuan", Some(59_237_244_900));
        fill(Section::Overview, text, &tables, Some(&previous))
    }

    #[test]
    fn references_are_filled_from_the_tables() {
        for (text, expected) in [
            ("没有引用 \\{{x}} `{{y}}`", "没有引用 \\{{x}} `{{y}}`"),
            ("收到{{applications.new_received.total}}件。", "收到859件。"),
            ("收到{{ applications.new_received.total | 件 }}。", "收到859件。"),
            ("{{applications.new_received.total|chinese|件}}", "八百五十九件"),
            ("{{applications.new_received.total + applications.carried_in.total}}", "877"),
            (
                "{{applications.result_total.total-applications.not_processed.duplicate.total}}",
                "796",
            ),
            ("{{applications.new_received.total@previous}}", "764"),
            ("{{applications.new_received.total|change}}", "增长 12.4%"),
            ("{{applications.granted.total|change}}", "下降 2.9%"),
            ("{{applications.partial.total|change}}", "持平"),
            ("{{applications.granted.total|percent of applications.result_total.total}}", "33.8%"),
            (
                "{{applications.granted.total|percent of applications.granted.total@previous}}",
                "97.1%",
            ),
            ("{{proactive.art20_9.procurement.amount_wan_yuan|万元}}", "59237.2449万元"),
            (
                "{{proactive.art20_9.procurement.amount_wan_yuan|chinese|万元}}",
                "五万九千二百三十七点二四四九万元",
            ),
            ("|a|\n|-|\n|{{applications.partial.total|件}}|", "|a|\n|-|\n|3件|"),
        ] {
            let filled = printed(text);
            assert_eq!(filled.text, expected, "{text}");
            assert_eq!(filled.findings, [], "{text}");
        }
        let filled = printed("甲\n乙{{remedies.review.total|件}}{{remedies.review.upheld}}");
        let reference = |reference: &str, column, text: &str| Filled {
            reference: reference.to_owned(),
            line: 2,
            column,
            text: text.to_owned(),
        };
        assert_eq!(
            filled.references,
            [
                reference("{{remedies.review.total|件}}", 2, "7件"),
                reference("{{remedies.review.upheld}}", 29, "5")
            ]
        );
    }

    #[test]
    fn what_has_no_number_is_shown_and_found() {
        for (text, expected, says) in [
            (
                "{{proactive.art20_1.regulations.made}}",
                "（未填报）",
                "“一、总体情况”第 1 行第 1 个字处的引用 {{proactive.art20_1.regulations.made}} \
                 没有数字：「第二十条第（一）项／规章／本年新制作数量」尚为空白，\
                 报告中印作（未填报），请先填报",
            ),
            (
                "甲{{applications.other.misc.total}}",
                "甲（本格式无此项）",
                "“一、总体情况”第 1 行第 2 个字处的引用 {{applications.other.misc.total}} \
                 所指的 applications.other.misc.total 不在本报告所用的 2019 年版格式上\
                 （2021 年版格式才有），报告中印作（本格式无此项），请改写",
            ),
            (
                "{{remedies.review.total|change}}",
                "（无法计算）",
                "“一、总体情况”第 1 行第 1 个字处的引用 {{remedies.review.total|change}} \
                 算不出百分比：用来比较的数字为零或者为负，报告中印作（无法计算），请改写",
            ),
            (
                "{{recorded before}}",
                "{{recorded before}}",
                "“一、总体情况”第 1 行第 1 个字处的引用 {{recorded before}} \
                 无法识别，报告中照原样印出，请改正写法",
            ),
        ] {
            let filled = printed(text);
            assert_eq!(filled.text, expected);
            let [finding] = &filled.findings[..] else { panic!("{filled:?}") };
            assert_eq!(finding.message, says);
            assert_eq!((finding.id, finding.severity.key()), (CheckId::TEXT_REFERENCE, "warning"));
            assert_eq!(finding.place, "s1_overview");
        }
        let first_year = |text| fill(Section::Other, text, &golden::shanghai_2019(), None);
        let filled = first_year("{{remedies.review.total@previous}}");
        assert_eq!((filled.text.as_str(), filled.findings.len()), (NO_PREVIOUS_YEAR, 1));
        // 0 is a number.
        assert_eq!(first_year("{{remedies.suit_direct.other}}").text, "0");
    }

    #[test]
    fn there_are_no_more_findings_than_a_person_reads() {
        let filled = printed(&"{{recorded before}}{{applications.other.misc.total}}".repeat(200));
        assert_eq!((filled.references.len(), filled.findings.len()), (400, FINDING_LIMIT));
        let long = printed(&format!("{{{{{}}}}}", "长".repeat(10_000)));
        assert!(long.findings[0].message.chars().count() < 300, "{}", long.findings[0].message);
    }

    #[test]
    fn percentages_round_the_half_up_in_whole_numbers() {
        let percent = |part, whole| tenths_of_percent(part, whole).map(with_one_decimal);
        assert_eq!(percent(1, 3).unwrap(), "33.3");
        assert_eq!(percent(2, 3).unwrap(), "66.7");
        assert_eq!(percent(1, 2_000).unwrap(), "0.1");
        assert_eq!(percent(1, 2_001).unwrap(), "0.0");
        assert_eq!(percent(-1, 2_000).unwrap(), "-0.1");
        assert_eq!(percent(0, 5).unwrap(), "0.0");
        assert_eq!(percent(i64::MAX.into(), 1).unwrap(), "922337203685477580700.0");
        assert_eq!(percent(1, 0), Err(Gap::NotComparable));
        assert_eq!(change(10_001, 10_000).unwrap(), "增长不足 0.1%");
        assert_eq!(change(0, 10).unwrap(), "下降 100.0%");
        assert_eq!(change(0, 0).unwrap(), "持平");
        assert_eq!(change(1, 0), Err(Gap::NotComparable));
    }

    #[test]
    fn a_section_that_grows_too_long_stays_as_written() {
        let reference = "{{remedies.review.total|chinese|件}}";
        let mut tables = golden::shanghai_2019();
        set(&mut tables, "remedies.review.total", Some(i64::MIN));
        let text = reference.repeat(LongText::LIMIT / reference.len());
        let written = Sections::from([(Section::Other, LongText::parse(&text).unwrap())]);
        let filled = fill_sections(&written, &tables, None);
        assert_eq!(filled.sections, written);
        assert!(filled.findings[0].message.contains("篇幅"), "{:?}", filled.findings);
    }

    proptest! {
        #[test]
        fn a_number_is_filled_as_digits_and_fixed_words_only(
            value in any::<i64>(),
            before in any::<i64>(),
            format in prop::sample::select(vec!["", "|件", "|chinese", "|change",
                "|percent of applications.granted.total@previous"]),
        ) {
            let mut tables = golden::shanghai_2019();
            let mut previous = tables.clone();
            set(&mut tables, "applications.granted.total", Some(value));
            set(&mut previous, "applications.granted.total", Some(before));
            let text = format!("{{{{applications.granted.total{format}}}}}");
            let filled = fill(Section::Other, &text, &tables, Some(&previous)).text;
            let allowed = "-.%件零一二三四五六七八九十百千万亿负增长下降持平不足（无法计算）";
            prop_assert!(
                filled.chars().all(|c| c == ' ' || c.is_ascii_digit() || allowed.contains(c)),
                "{filled}"
            );
        }

        #[test]
        fn no_text_makes_the_filling_panic(text in "[{}|.@+\\-` \\\\\n a件]{0,40}") {
            let filled = printed(&text);
            prop_assert_eq!(filled.references.len(), find(&text).len());
        }
    }
}
