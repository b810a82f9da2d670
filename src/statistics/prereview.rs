//! Suits that should have been reconsiderations first (复议前置).

use jiff::civil::{Date, date};

use super::{
    catalogue::{CheckId, Severity},
    finding::Finding,
    fold::RemedyFact,
    labels,
};
use crate::domain::{Disposition, remedy::RemedyKind};

/// The day from which a refusal to disclose must go to reconsideration before it can be sued over.
///
/// 行政复议法 (2023) Art. 23(1)(4), in force on this day: 申请政府信息公开，行政机关不予公开. 法释〔2025〕8号
/// Art. 1(2) reads it as refusals under Articles 14, 15 and 16 of the Regulation; what could not be
/// provided or was not processed can still be sued over directly.
pub const PREREVIEW_FROM: Date = date(2024, 1, 1);

/// A case together with how the application it is about was concluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrereviewCase<'a> {
    /// The case.
    pub case_id: &'a str,
    /// What is known of it.
    pub remedy: RemedyFact,
    /// The application that it is about.
    pub application_id: &'a str,
    /// The result of that application.
    pub disposition: Disposition,
}

/// Warns of every direct suit, filed since [`PREREVIEW_FROM`], over a refusal that had to go to
/// reconsideration first.
pub fn prereview<'a>(cases: impl IntoIterator<Item = PrereviewCase<'a>>) -> Vec<Finding> {
    cases.into_iter().filter(skipped_review).map(|case| finding(&case)).collect()
}

fn skipped_review(case: &PrereviewCase<'_>) -> bool {
    let direct = match case.remedy.kind {
        RemedyKind::SuitDirect => true,
        RemedyKind::Review | RemedyKind::SuitAfterReview => false,
    };
    direct
        && case.remedy.filing_date.date() >= PREREVIEW_FROM
        && case.disposition.requires_review_first()
}

fn finding(case: &PrereviewCase<'_>) -> Finding {
    let PrereviewCase { case_id, remedy, application_id, disposition } = case;
    let message = format!(
        "案件 {case_id} 于 {} {}，所涉申请 {application_id} 的办理结果为「{}」，\
         依照行政复议法第二十三条第一款第四项和法释〔2025〕8号第一条应当先申请行政复议，请核对案件类别",
        remedy.filing_date,
        labels::remedy_kind_label(remedy.kind),
        labels::disposition_label(*disposition),
    );
    Finding {
        cells: Vec::new(),
        ..Finding::at(CheckId::PREREVIEW, Severity::Warning, *case_id, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{LegalDate, NotDisclosed, NotProcessed};

    fn case(kind: RemedyKind, on: &str, disposition: Disposition) -> PrereviewCase<'static> {
        let filing_date = LegalDate::new(on.parse().unwrap()).unwrap();
        PrereviewCase {
            case_id: "S-1",
            remedy: RemedyFact { kind, filing_date, conclusion: None },
            application_id: "A-7",
            disposition,
        }
    }

    #[test]
    fn only_a_direct_suit_since_2024_over_a_refusal_is_warned_of() {
        use RemedyKind::{Review, SuitAfterReview, SuitDirect};
        let secret = Disposition::NotDisclosed(NotDisclosed::StateSecret);
        let inquiry = Disposition::NotDisclosed(NotDisclosed::AdministrativeInquiry);
        let duplicate = Disposition::NotProcessed(NotProcessed::Duplicate);
        for (case, warned) in [
            (case(SuitDirect, "2024-01-01", secret), true),
            (case(SuitDirect, "2023-12-31", secret), false),
            (case(SuitAfterReview, "2024-01-01", secret), false),
            (case(Review, "2024-01-01", secret), false),
            (case(SuitDirect, "2025-06-01", inquiry), false),
            (case(SuitDirect, "2025-06-01", duplicate), false),
        ] {
            let findings = prereview([case]);
            assert_eq!(findings.len(), usize::from(warned), "{case:?}");
            for finding in findings {
                assert_eq!((finding.id, finding.severity), (CheckId::PREREVIEW, Severity::Warning));
                assert_eq!(finding.place, "S-1");
                assert!(finding.message.contains("1.属于国家秘密"), "{}", finding.message);
                assert!(finding.message.contains("A-7"), "{}", finding.message);
            }
        }
    }
}
