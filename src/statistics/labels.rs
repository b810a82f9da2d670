//! What stands in the cells of a register: permanent keys, or official labels as people write them.
//!
//! Official labels come from the catalogue; both sides are compared without spaces, brackets,
//! quotation marks, commas and leading numbers. A label may be preceded by those it stands under
//! (`法人或其他组织/商业企业`). What could mean two things is not guessed.

use super::catalogue::{
    CHANNEL_LABELS, ColumnSource, FORMS, Form, Path, REMEDY_KIND_LABELS, RemedySource, Row,
    RowSource,
};
use crate::domain::{
    ApplicantKind, Channel, Disposition, Other,
    remedy::{RemedyKind, RemedyResult},
};

/// What registers write for two long labels of the form.
const ABBREVIATIONS: [(&str, Disposition); 6] = [
    ("逾期不补正", Disposition::Other(Other::CorrectionOverdue)),
    ("逾期未补正", Disposition::Other(Other::CorrectionOverdue)),
    ("申请人无正当理由逾期不补正", Disposition::Other(Other::CorrectionOverdue)),
    ("逾期不缴费", Disposition::Other(Other::FeeOverdue)),
    ("逾期未缴费", Disposition::Other(Other::FeeOverdue)),
    ("申请人逾期未按收费通知要求缴纳费用", Disposition::Other(Other::FeeOverdue)),
];

/// Reads a kind of applicant.
#[must_use]
pub fn applicant_kind(text: &str) -> Option<ApplicantKind> {
    ApplicantKind::from_key(text.trim()).or_else(|| find(text, applicant_kinds()))
}

/// Reads a result. Until 2020 the form had one row （六）其他处理, which is read as
/// [`Other::Misc`]; since 2021 it has three, and the heading alone does not say which.
#[must_use]
pub fn disposition(text: &str, conclusion_year: i16) -> Option<Disposition> {
    Disposition::from_key(text.trim())
        .or_else(|| undivided(text, conclusion_year))
        .or_else(|| find(text, dispositions()))
        .or_else(|| {
            find(
                text,
                ABBREVIATIONS.iter().map(|(label, value)| (std::slice::from_ref(label), *value)),
            )
        })
}

/// Reads a channel.
#[must_use]
pub fn channel(text: &str) -> Option<Channel> {
    let given = squeezed(without_number(text.trim()));
    let says = |label: &str| given == squeezed(label) || given == squeezed(split_note(label).0);
    Channel::from_key(text.trim())
        .or_else(|| CHANNEL_LABELS.iter().find(|(_, label)| says(label)).map(|&(value, _)| value))
}

/// Reads a kind of remedy.
#[must_use]
pub fn remedy_kind(text: &str) -> Option<RemedyKind> {
    RemedyKind::from_key(text.trim()).or_else(|| find(text, remedy_kinds()))
}

/// Reads the result of a remedy.
#[must_use]
pub fn remedy_result(text: &str) -> Option<RemedyResult> {
    RemedyResult::from_key(text.trim()).or_else(|| find(text, remedy_results()))
}

/// Every kind of applicant that is accepted, for an error message.
#[must_use]
pub fn expected_applicant_kind() -> String {
    expected(applicant_kinds().map(|(path, kind)| (kind.key(), innermost(path))))
}

/// Every result that is accepted for a year, for an error message.
#[must_use]
pub fn expected_disposition(conclusion_year: i16) -> String {
    let undivided = form_of(conclusion_year)
        .into_iter()
        .flat_map(|form| form.applications.rows)
        .filter(|row| undivided_result(row).is_some())
        .map(|row| (row.key, innermost(row.path)));
    expected(dispositions().map(|(path, result)| (result.key(), innermost(path))).chain(undivided))
}

/// Every channel that is accepted, for an error message.
#[must_use]
pub fn expected_channel() -> String {
    expected(CHANNEL_LABELS.iter().map(|&(channel, label)| (channel.key(), label)))
}

/// Every kind of remedy that is accepted, for an error message.
#[must_use]
pub fn expected_remedy_kind() -> String {
    expected(remedy_kinds().map(|(path, kind)| (kind.key(), innermost(path))))
}

/// Every result of a remedy that is accepted, for an error message.
#[must_use]
pub fn expected_remedy_result() -> String {
    expected(remedy_results().map(|(path, result)| (result.key(), innermost(path))))
}

/// The label of a result on the newest form that has a row of its own for it.
pub(super) fn disposition_label(disposition: Disposition) -> &'static str {
    dispositions()
        .find(|&(_, value)| value == disposition)
        .map_or(disposition.key(), |(path, _)| innermost(path))
}

/// What a clerk calls a result: its label without the number before it and the note after it.
#[must_use]
pub fn disposition_word(disposition: Disposition) -> &'static str {
    split_note(without_number(disposition_label(disposition))).0
}

/// The label of a kind of applicant.
#[must_use]
pub fn applicant_kind_label(kind: ApplicantKind) -> &'static str {
    applicant_kinds()
        .find(|&(_, value)| value == kind)
        .map_or(kind.key(), |(path, _)| innermost(path))
}

/// The label of the result of a remedy.
#[must_use]
pub fn remedy_result_label(result: RemedyResult) -> &'static str {
    remedy_results()
        .find(|&(_, value)| value == result)
        .map_or(result.key(), |(path, _)| innermost(path))
}

/// The label of a kind of remedy.
#[must_use]
pub fn remedy_kind_label(kind: RemedyKind) -> &'static str {
    remedy_kinds().find(|&(_, value)| value == kind).map_or(kind.key(), |(path, _)| innermost(path))
}

/// The innermost label of a path.
#[must_use]
pub fn innermost(path: &[&'static str]) -> &'static str {
    path.last().copied().unwrap_or_default()
}

/// A label as it is said: without the number before it and the note in brackets after it.
#[must_use]
pub fn spoken(label: &str) -> &str {
    split_note(without_number(label)).0
}

/// A label without the number before it: `（七）`, `1.`, `一、` and the like.
pub(super) fn without_number(label: &str) -> &str {
    let is_numeral =
        |c: char| matches!(c, '0'..='9' | '０'..='９') || "一二三四五六七八九十".contains(c);
    let bracketed = label.strip_prefix(['(', '（']);
    let inner = bracketed.unwrap_or(label);
    let after = inner.trim_start_matches(is_numeral);
    if after.len() == inner.len() {
        return label;
    }
    let marks: &[char] = if bracketed.is_some() {
        &[')', '）']
    } else {
        &['.', '．', '、', ',', '，', ')', '）']
    };
    after.strip_prefix(marks).unwrap_or(label)
}

fn applicant_kinds() -> impl Iterator<Item = (Path, ApplicantKind)> {
    newest_form().applications.columns.iter().filter_map(|column| match column.source {
        ColumnSource::Kind(kind) => Some((column.path, kind)),
        ColumnSource::Total => None,
    })
}

/// The rows that count one result each, of the newest form first.
fn dispositions() -> impl Iterator<Item = (Path, Disposition)> {
    newest_form().applications.rows.iter().filter_map(|row| match results(row) {
        [result] => Some((row.path, *result)),
        _ => None,
    })
}

fn remedy_kinds() -> impl Iterator<Item = (Path, RemedyKind)> {
    REMEDY_KIND_LABELS.iter().map(|&(kind, path)| (path, kind))
}

fn remedy_results() -> impl Iterator<Item = (Path, RemedyResult)> {
    let first_kind = RemedyKind::ALL.first().copied();
    newest_form()
        .remedies
        .columns
        .iter()
        .filter(move |column| Some(column.kind) == first_kind)
        .filter_map(|column| match column.source {
            RemedySource::Result(result) => Some((column.path, result)),
            RemedySource::Pending | RemedySource::Total => None,
        })
}

fn newest_form() -> &'static Form {
    let [.., newest] = &FORMS;
    newest
}

/// The form of a year; before the first, the first.
fn form_of(year: i16) -> Option<&'static Form> {
    FORMS.iter().rfind(|form| form.first_year <= year).or(FORMS.first())
}

/// A row of the year's form that counts several results, and what it stands for.
fn undivided(text: &str, year: i16) -> Option<Disposition> {
    let rows = form_of(year)?.applications.rows;
    let named = |row: &&Row| row.key == text.trim() || names(text, row.path);
    rows.iter().filter(named).find_map(undivided_result)
}

/// What a row that counts several results stands for, if that is settled.
fn undivided_result(row: &Row) -> Option<Disposition> {
    let misc = Disposition::Other(Other::Misc);
    match results(row) {
        [] | [_] => None,
        several => several.contains(&misc).then_some(misc),
    }
}

fn results(row: &Row) -> &'static [Disposition] {
    match row.source {
        RowSource::Result(results) => results,
        RowSource::Received
        | RowSource::CarriedIn
        | RowSource::ResultTotal
        | RowSource::CarriedOut => &[],
    }
}

fn find<'a, T>(text: &str, mut labels: impl Iterator<Item = (&'a [&'static str], T)>) -> Option<T> {
    labels.find(|(path, _)| names(text, path)).map(|(_, value)| value)
}

/// Whether a text is the innermost label of a path, or ends a path of labels with it.
fn names(text: &str, path: &[&str]) -> bool {
    let given = text
        .split(['/', '／', '>', '＞', '→', '-', '－', '—'])
        .map(str::trim)
        .filter(|segment| !segment.is_empty());
    let given: Vec<&str> = given.collect();
    !given.is_empty()
        && given.len() <= path.len()
        && given.iter().rev().zip(path.iter().rev()).all(|(given, label)| is_label(given, label))
}

/// A note in brackets may be left out or shortened where the label has one, but not added.
fn is_label(given: &str, label: &str) -> bool {
    let (given, label) = (without_number(given), without_number(label));
    let (bare, note) = split_note(label);
    squeezed(given) == squeezed(label) || (note && squeezed(split_note(given).0) == squeezed(bare))
}

/// A text without the note in brackets at its end, and whether it had one.
fn split_note(text: &str) -> (&str, bool) {
    let noted = text.ends_with([')', '）']);
    match text.split_once(['(', '（']) {
        Some((before, _)) if noted && !before.is_empty() => (before, true),
        Some(_) | None => (text, false),
    }
}

/// A text without what people write differently.
fn squeezed(text: &str) -> String {
    const IGNORED: &str = "()（）[]［］【】〔〕“”‘’\"'「」『』，、,。；;";
    text.chars().filter(|&c| !c.is_whitespace() && !IGNORED.contains(c)).collect()
}

fn expected<'a>(values: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let values: Vec<String> =
        values.map(|(key, label)| format!("{key} ({})", without_number(label))).collect();
    values.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{NotDisclosed, NotProcessed, Unable};

    #[test]
    fn every_key_and_every_official_label_is_read() {
        for (path, kind) in applicant_kinds() {
            for text in [kind.key().to_owned(), path.join("/"), innermost(path).to_owned()] {
                assert_eq!(applicant_kind(&text), Some(kind), "{text}");
            }
        }
        for (path, result) in dispositions() {
            for text in [result.key().to_owned(), path.join("／"), innermost(path).to_owned()] {
                assert_eq!(disposition(&text, 2021), Some(result), "{text}");
                assert_eq!(disposition(&text, 2019), Some(result), "{text}");
            }
        }
        for &(value, label) in &CHANNEL_LABELS {
            assert_eq!((channel(value.key()), channel(label)), (Some(value), Some(value)));
        }
        for (path, kind) in remedy_kinds() {
            for text in [kind.key().to_owned(), path.join(">"), innermost(path).to_owned()] {
                assert_eq!(remedy_kind(&text), Some(kind), "{text}");
            }
        }
        for (path, result) in remedy_results() {
            for text in [result.key().to_owned(), innermost(path).to_owned()] {
                assert_eq!(remedy_result(&text), Some(result), "{text}");
            }
        }
        assert_eq!(dispositions().count(), Disposition::COUNT);
    }

    #[test]
    fn labels_are_read_as_people_write_them() {
        let secret = Disposition::NotDisclosed(NotDisclosed::StateSecret);
        let security = Disposition::NotDisclosed(NotDisclosed::SecurityStability);
        for (text, result) in [
            ("1. 属于国家秘密", secret),
            ("（三）不予公开 / 1．属于国家秘密", secret),
            ("(三)不予公开-属于国家秘密", secret),
            ("\u{3000}予以公开 ", Disposition::Granted),
            ("（一）予以公开", Disposition::Granted),
            ("部分公开", Disposition::Partial),
            ("(二) 部分公开(区分处理的,只计这一情形,不计其他情形)", Disposition::Partial),
            ("部分公开（区分处理的…）", Disposition::Partial),
            ("危及\"三安全一稳定\"", security),
            ("3.危及三安全一稳定", security),
            ("本机关不掌握相关政府信息", Disposition::Unable(Unable::NotHeld)),
            ("重复申请", Disposition::NotProcessed(NotProcessed::Duplicate)),
            ("1.逾期不补正", Disposition::Other(Other::CorrectionOverdue)),
            ("逾期不缴费", Disposition::Other(Other::FeeOverdue)),
            (
                "申请人无正当理由逾期不补正，行政机关不再处理其政府信息公开申请",
                Disposition::Other(Other::CorrectionOverdue),
            ),
            ("3.其他", Disposition::Other(Other::Misc)),
            ("其他处理/其他", Disposition::Other(Other::Misc)),
        ] {
            assert_eq!(disposition(text, 2023), Some(result), "{text}");
        }
        assert_eq!(
            applicant_kind("法人或其他组织/商业企业"),
            Some(ApplicantKind::CommercialEnterprise)
        );
        assert_eq!(applicant_kind("法人或其他组织／其他"), Some(ApplicantKind::OtherOrg));
        assert_eq!(channel("邮寄(签收)"), Some(Channel::RegisteredMail));
        assert_eq!(channel("邮寄"), Some(Channel::RegisteredMail));
        assert_eq!(remedy_kind("行政诉讼/复议后起诉"), Some(RemedyKind::SuitAfterReview));
    }

    #[test]
    fn the_undivided_row_means_misc_until_2020_and_nothing_since() {
        for text in ["other", "其他处理", "（六）其他处理", "三、本年度办理结果/（六）其他处理"]
        {
            assert_eq!(disposition(text, 2018), Some(Disposition::Other(Other::Misc)), "{text}");
            assert_eq!(disposition(text, 2020), Some(Disposition::Other(Other::Misc)), "{text}");
            assert_eq!(disposition(text, 2021), None, "{text}");
        }
        assert!(expected_disposition(2020).ends_with("other (其他处理)"));
        assert!(expected_disposition(2021).ends_with("other.misc (其他)"));
    }

    #[test]
    fn what_is_ambiguous_or_unknown_is_not_guessed() {
        for text in
            ["", " ", "/", "不予公开", "予以公开（部分）", "总计", "result_total", "1.", "国家秘密"]
        {
            assert_eq!(disposition(text, 2021), None, "{text}");
        }
        for text in ["", "法人或其他组织", "总计", "申请人情况", "自然人/其他"] {
            assert_eq!(applicant_kind(text), None, "{text}");
        }
        assert_eq!(channel("邮寄（平常信函）"), None);
        assert_eq!(remedy_kind("行政诉讼"), None);
        assert_eq!(remedy_result("尚未审结"), None);
        assert_eq!(remedy_result("总计"), None);
    }

    #[test]
    fn an_error_message_lists_keys_with_labels() {
        assert_eq!(
            expected_remedy_kind(),
            "review (行政复议), suit_direct (未经复议直接起诉), suit_after_review (复议后起诉)"
        );
        assert_eq!(
            expected_remedy_result(),
            "upheld (结果维持), corrected (结果纠正), other (其他结果)"
        );
        assert!(expected_applicant_kind().starts_with("natural_person (自然人), "));
        assert!(expected_channel().contains("registered_mail (邮寄（签收）)"));
    }
}
