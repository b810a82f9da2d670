//! Why a cell counts what it counts, why a fact is not in it, and why it is blank: sentences in
//! Chinese for clerks and in English for programmers.
//!
//! Official labels come from the catalogue; what stands here are the articles and the rules of
//! counting, for any edition.

use super::{
    catalogue::{
        ColumnSource, Form, Path, REMEDY_KIND_LABELS, RemedyColumn, RemedySource, RowSource,
        form_for,
    },
    labels::{
        applicant_kind_label, disposition_word, innermost, remedy_result_label, without_number,
    },
    table::CellRef,
};
use crate::domain::{
    ApplicantKind, Disposition, NotDisclosed, NotProcessed, Other, ReportYear, Unable,
    remedy::RemedyResult,
};

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// For clerks.
    pub chinese: String,
    /// For programmers.
    pub english: String,
}

/// The rule by which a cell is filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What is counted.
    pub sentence: Sentence,
    /// Where that is laid down: the row and column of the form, and the articles.
    pub source: Sentence,
}

/// Articles of the Regulation (《政府信息公开条例》), as both languages cite them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Articles {
    chinese: &'static str,
    english: &'static str,
}

const fn articles(chinese: &'static str, english: &'static str) -> Articles {
    Articles { chinese, english }
}

/// What the annual report has to contain, item by item.
const OF_PROACTIVE: Articles = articles("第五十条第一款第（一）项", "Art. 50(1)(1)");
const OF_APPLICATIONS: Articles = articles("第五十条第一款第（二）项", "Art. 50(1)(2)");
const OF_REMEDIES: Articles = articles("第五十条第一款第（三）项", "Art. 50(1)(3)");
/// The receipt date.
const OF_RECEIPT: Articles = articles("第三十一条", "Art. 31");

/// The articles that a result rests on; the assignment follows from their wording. None names the
/// last of those not processed.
const fn articles_of(disposition: Disposition) -> Option<Articles> {
    Some(match disposition {
        Disposition::Granted => articles("第三十六条第（一）项、第（二）项", "Art. 36(1), 36(2)"),
        Disposition::Partial => articles("第三十七条", "Art. 37"),
        Disposition::NotDisclosed(ground) => match ground {
            NotDisclosed::StateSecret
            | NotDisclosed::ProhibitedByLaw
            | NotDisclosed::SecurityStability => {
                articles("第十四条、第三十六条第（三）项", "Art. 14, 36(3)")
            }
            NotDisclosed::ThirdPartyRights => {
                articles("第十五条、第三十二条、第三十六条第（三）项", "Art. 15, 32, 36(3)")
            }
            NotDisclosed::InternalAffairs => {
                articles("第十六条第一款、第三十六条第（三）项", "Art. 16(1), 36(3)")
            }
            NotDisclosed::ProcessInformation | NotDisclosed::EnforcementFile => {
                articles("第十六条第二款、第三十六条第（三）项", "Art. 16(2), 36(3)")
            }
            NotDisclosed::AdministrativeInquiry => articles("第三十六条第（七）项", "Art. 36(7)"),
        },
        Disposition::Unable(ground) => match ground {
            Unable::NotHeld => articles("第三十六条第（四）项、第（五）项", "Art. 36(4), 36(5)"),
            Unable::RequiresCreation => articles("第三十八条", "Art. 38"),
            Unable::UnclearAfterCorrection => articles("第三十条", "Art. 30"),
        },
        Disposition::NotProcessed(ground) => match ground {
            NotProcessed::PetitionComplaint => articles("第三十九条第一款", "Art. 39(1)"),
            NotProcessed::Duplicate => articles("第三十六条第（六）项", "Art. 36(6)"),
            NotProcessed::Publication => articles("第三十九条第二款", "Art. 39(2)"),
            NotProcessed::Excessive => articles("第三十五条", "Art. 35"),
            NotProcessed::ConfirmOrReissue => return None,
        },
        Disposition::Other(ground) => match ground {
            Other::CorrectionOverdue => articles("第三十条", "Art. 30"),
            Other::FeeOverdue => articles("第四十二条", "Art. 42"),
            Other::Misc => return None,
        },
    })
}

impl Form {
    /// The rule by which a cell is filled in a year; nothing where the form has no such place.
    #[must_use]
    pub fn rule(&self, cell: CellRef, year: ReportYear) -> Option<Rule> {
        let (sentence, articles) = match cell {
            CellRef::Proactive(place) => {
                self.proactive_cells().nth(place)?;
                (declared(year), vec![OF_PROACTIVE])
            }
            CellRef::Applications { row, column } => {
                let row = self.applications.rows.get(row)?;
                let column = self.applications.columns.get(column)?;
                let (counted, articles) = counted(row.source, row.path, row.key, year);
                let (kind_zh, kind_en) = match column.source {
                    ColumnSource::Kind(kind) => (
                        format!("，申请人为「{}」", innermost(column.path)),
                        format!(", from applicants of the kind {kind}"),
                    ),
                    ColumnSource::Total => {
                        ("，各类申请人合计".to_owned(), ", from applicants of any kind".to_owned())
                    }
                };
                let sentence = Sentence {
                    chinese: format!("{}{kind_zh}，每件计一次。", counted.chinese),
                    english: format!("{}{kind_en}, each counted once.", counted.english),
                };
                (sentence, articles)
            }
            CellRef::Remedies(place) => {
                let column = self.remedies.columns.get(place)?;
                (cases(column, year), vec![OF_REMEDIES])
            }
        };
        let [zh, en] = [|it: &Articles| it.chinese, |it: &Articles| it.english]
            .map(|of| articles.iter().map(of).collect::<Vec<_>>());
        let source = Sentence {
            chinese: format!(
                "{}附件{}；《政府信息公开条例》{}",
                self.notice,
                self.cell_label(cell),
                zh.join("，")
            ),
            english: format!(
                "{} of the form of {}; Regulation on Open Government Information, {}",
                self.cell_name(cell),
                self.id,
                en.join("; ")
            ),
        };
        Some(Rule { sentence, source })
    }
}

fn declared(year: ReportYear) -> Sentence {
    Sentence {
        chinese: format!(
            "行政机关为{year}年度申报的数字；汇总时为各机关申报数字之和，无人申报的留空。"
        ),
        english: format!(
            "What the agency declared for {year}; of a subtree the sum of what was declared, and \
             blank where nobody declared."
        ),
    }
}

/// Which applications a row counts, and the articles that it rests on.
fn counted(
    source: RowSource,
    path: Path,
    key: &str,
    year: ReportYear,
) -> (Sentence, Vec<Articles>) {
    let (chinese, english, own) = match source {
        RowSource::Received => (
            format!("收到申请之日在{year}年内的申请"),
            format!("Applications with a receipt date in {year}"),
            vec![OF_RECEIPT],
        ),
        RowSource::CarriedIn => {
            let before = year.get().saturating_sub(1);
            (
                format!("{before}年12月31日以前收到、当日尚未办结的申请"),
                format!("Applications received by the end of {before} and open then"),
                vec![],
            )
        }
        RowSource::CarriedOut => (
            format!("{year}年12月31日以前收到、当日尚未办结的申请"),
            format!("Applications received by the end of {year} and open then"),
            vec![],
        ),
        RowSource::Result(results) => (
            format!(
                "{year}年内办结（以送达、交邮之日为准，未登记的以作出之日为准）、结果为「{}」的申请",
                without_number(innermost(path))
            ),
            format!("Applications concluded in {year} (served or posted) with the result {key}"),
            results.iter().copied().filter_map(articles_of).collect(),
        ),
        RowSource::ResultTotal => (
            format!("{year}年内办结的申请，不论结果"),
            format!("Applications concluded in {year} with any result"),
            vec![],
        ),
    };
    let articles = [OF_APPLICATIONS].into_iter().chain(own).collect();
    (Sentence { chinese, english }, articles)
}

fn cases(column: &RemedyColumn, year: ReportYear) -> Sentence {
    let block = REMEDY_KIND_LABELS.iter().find(|(kind, _)| *kind == column.kind);
    let block = block.map(|(_, path)| path.join("／")).unwrap_or_default();
    let kind = column.kind;
    let (chinese, english) = match column.source {
        RemedySource::Result(result) => (
            format!("{year}年内审结、属于「{}」", innermost(column.path)),
            format!("concluded in {year} with the result {result}"),
        ),
        RemedySource::Pending => (
            format!("{year}年12月31日以前提出、当日尚未审结"),
            format!("filed by the end of {year} and pending then"),
        ),
        RemedySource::Total => (
            format!("{year}年内审结和{year}年12月31日尚未审结"),
            format!("concluded in {year}, or pending at its end"),
        ),
    };
    Sentence {
        chinese: format!("{chinese}的「{block}」案件，每件计一次。"),
        english: format!("Cases of the kind {kind} {english}, each counted once."),
    }
}

/// Why an application or a case is not in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Miss {
    /// Another kind of applicant.
    OtherApplicant(ApplicantKind),
    /// Concluded in another year.
    ConcludedInYear(i16),
    /// Concluded in the year, with another result.
    OtherResult(Disposition),
    /// The case was concluded with another result.
    OtherRemedyResult(RemedyResult),
    /// A case of another kind.
    OtherRemedyKind,
    /// Not concluded.
    StillOpen,
    /// Received, or filed, in another year.
    BegunInYear(i16),
    /// The entry is void.
    Voided,
    /// Declared for another year.
    DeclaredForYear(i16),
}

impl Miss {
    /// The permanent key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::OtherApplicant(_) => "other_applicant",
            Self::ConcludedInYear(_) => "concluded_in_another_year",
            Self::OtherResult(_) | Self::OtherRemedyResult(_) => "other_result",
            Self::OtherRemedyKind => "other_kind",
            Self::StillOpen => "still_open",
            Self::BegunInYear(_) => "begun_in_another_year",
            Self::Voided => "voided",
            Self::DeclaredForYear(_) => "declared_for_another_year",
        }
    }

    /// The reason as a sentence.
    #[must_use]
    pub fn sentence(self) -> Sentence {
        let (chinese, english) = match self {
            Self::OtherApplicant(kind) => (
                format!("申请人属于「{}」。", applicant_kind_label(kind)),
                format!("The applicant is of the kind {kind}."),
            ),
            Self::ConcludedInYear(year) => {
                (format!("于{year}年办结。"), format!("It was concluded in {year}."))
            }
            Self::OtherResult(result) => (
                format!("结果为「{}」。", disposition_word(result)),
                format!("Its result is {result}."),
            ),
            Self::OtherRemedyResult(result) => (
                format!("案件属于「{}」。", remedy_result_label(result)),
                format!("The result of the case is {result}."),
            ),
            Self::OtherRemedyKind => {
                ("案件属于另一类。".to_owned(), "The case is of another kind.".to_owned())
            }
            Self::StillOpen => ("尚未办结。".to_owned(), "It is still open.".to_owned()),
            Self::BegunInYear(year) => (
                format!("于{year}年收到（提出）。"),
                format!("It was received, or filed, in {year}."),
            ),
            Self::Voided => ("登记已作废。".to_owned(), "Its entry is void.".to_owned()),
            Self::DeclaredForYear(year) => {
                (format!("为{year}年度申报。"), format!("It was declared for {year}."))
            }
        };
        Sentence { chinese, english }
    }
}

/// Why a cell of a derived table is blank: no count ever is, only declared figures can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlankReason {
    /// The form of the year has the cell, and nobody declared it.
    NotDeclared,
    /// The form of the year has no such cell, so that nobody could declare it; nor can it be worked
    /// out from the cells which that form has.
    NotOnFormOfYear,
}

impl BlankReason {
    /// The permanent key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::NotDeclared => "not_declared",
            Self::NotOnFormOfYear => "not_on_form_of_year",
        }
    }

    /// Why a cell of a form is blank in the tables of a year; nothing for a cell that is counted,
    /// which never is.
    #[must_use]
    pub fn of(form: &Form, cell: CellRef, year: ReportYear) -> Option<Self> {
        let CellRef::Proactive(place) = cell else { return None };
        let key = form.proactive_cells().nth(place)?.key;
        let could_be_declared = form_for(year).proactive_cell(key).is_some();
        Some(if could_be_declared { Self::NotDeclared } else { Self::NotOnFormOfYear })
    }

    /// The reason as a sentence.
    #[must_use]
    pub fn sentence(self, year: ReportYear) -> Sentence {
        let form = form_for(year);
        match self {
            Self::NotDeclared => Sentence {
                chinese: format!("{year}年度尚未申报此项数字。"),
                english: format!("Nobody has declared this figure for {year}."),
            },
            Self::NotOnFormOfYear => Sentence {
                chinese: format!(
                    "{year}年度适用的格式（{}）没有此项，也不能由该格式的其他数字得出。",
                    form.notice
                ),
                english: format!(
                    "The form for {year} (that of {}) has no such figure, nor does it follow from \
                     those which it has.",
                    form.id
                ),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::catalogue::FORMS;
    use super::*;

    fn year(year: i32) -> ReportYear {
        ReportYear::new(year).unwrap()
    }

    fn rule(form: &Form, cell: Option<CellRef>, of: i32) -> Rule {
        form.rule(cell.unwrap(), year(of)).unwrap()
    }

    #[test]
    fn a_rule_is_one_sentence_in_each_language_with_its_source() {
        let [first, second] = &FORMS;
        let Rule { sentence, source } =
            rule(second, second.find_application("unable.not_held", "legal_service_org"), 2024);
        assert_eq!(
            sentence.chinese,
            "2024年内办结（以送达、交邮之日为准，未登记的以作出之日为准）、\
             结果为「本机关不掌握相关政府信息」的申请，申请人为「法律服务机构」，每件计一次。"
        );
        assert_eq!(
            sentence.english,
            "Applications concluded in 2024 (served or posted) with the result unable.not_held, \
             from applicants of the kind legal_service_org, each counted once."
        );
        assert_eq!(
            source.chinese,
            "国办公开办函〔2021〕30号附件行「三、本年度办理结果／（四）无法提供／\
             1.本机关不掌握相关政府信息」列「申请人情况／法人或其他组织／法律服务机构」；\
             《政府信息公开条例》第五十条第一款第（二）项，第三十六条第（四）项、第（五）项"
        );
        assert_eq!(
            source.english,
            "applications.unable.not_held.legal_service_org of the form of 2021; Regulation on \
             Open Government Information, Art. 50(1)(2); Art. 36(4), 36(5)"
        );
        let other = rule(first, first.find_application("other", "total"), 2020);
        assert!(other.source.english.ends_with("Art. 50(1)(2); Art. 30; Art. 42"), "{other:?}");
        let pending = rule(second, second.find_remedy("suit_direct.pending"), 2024);
        assert_eq!(
            pending.sentence.chinese,
            "2024年12月31日以前提出、当日尚未审结的「行政诉讼／未经复议直接起诉」案件，每件计一次。"
        );
    }

    #[test]
    fn every_cell_has_a_rule_and_no_two_cells_of_a_form_the_same() {
        for form in &FORMS {
            let counted = |cell: &CellRef| !matches!(cell, CellRef::Proactive(_));
            let cells: Vec<_> = form.cells().filter(counted).collect();
            let rules: BTreeSet<_> =
                cells.iter().map(|cell| rule(form, Some(*cell), 2022).sentence.chinese).collect();
            assert_eq!(rules.len(), cells.len());
            assert_eq!(form.rule(CellRef::Remedies(99), year(2022)), None);
        }
    }

    #[test]
    fn a_blank_says_whether_it_was_not_declared_or_could_not_be() {
        let [first, second] = &FORMS;
        let of = |form: &Form, key, of| {
            BlankReason::of(form, form.find_proactive(key).unwrap(), year(of))
        };
        let (not_declared, not_there) =
            (Some(BlankReason::NotDeclared), Some(BlankReason::NotOnFormOfYear));
        assert_eq!(of(second, "art20_8.fees.amount_wan_yuan", 2021), not_declared);
        assert_eq!(of(second, "art20_8.fees.amount_wan_yuan", 2020), not_there);
        assert_eq!(of(first, "art20_9.procurement.projects", 2021), not_there);
        assert_eq!(of(first, "art20_5.licences.decisions", 2021), not_declared);
        assert_eq!(BlankReason::of(first, CellRef::Remedies(0), year(2021)), None);
        let chinese = BlankReason::NotOnFormOfYear.sentence(year(2020)).chinese;
        assert!(chinese.contains(first.notice) && !chinese.contains(second.notice), "{chinese}");
    }
}
