//! What the articles say: every period, how long it is and where it stands in the law.

use crate::domain::{LegalDate, calendar::Calendar, vocabulary::vocabulary};

vocabulary! {
    /// A period fixed by law (法定期限). Each starts on the day after the act named; that act's own
    /// day is not counted, and the last day is.
    pub enum PeriodKind {
        /// To ask the applicant to correct an unclear application (补正告知): after the receipt.
        CorrectionNotice = "correction_notice",
        /// For the applicant to correct it (补正期限): after the notice; the agency sets it.
        ApplicantCorrection = "applicant_correction",
        /// To reply (答复期限): after the receipt, or after the corrected application or the fee came
        /// in.
        Reply = "reply",
        /// Added to the period for the reply (延长答复期限): in all.
        Extension = "extension",
        /// For a third party to answer (征求第三方意见): after it received the letter.
        ThirdParty = "third_party",
        /// For an agency that made the information jointly to answer (征求其他机关意见): after it
        /// received the letter.
        CoAgency = "co_agency",
        /// By which a reply to a reasonable but excessive number of applications may be put off
        /// (延迟答复): the agency sets it.
        ExcessiveDelay = "excessive_delay",
        /// To pay the fee (缴费期限): after the notice was received.
        FeePayment = "fee_payment",
        /// To publish on one's own initiative (主动公开): after the information was made or changed.
        ProactivePublication = "proactive_publish",
        /// To apply for reconsideration (申请行政复议): after the act became known.
        ReviewFiling = "review_filing",
        /// To decide a reconsideration (复议决定): after it was accepted.
        ReviewDecision = "review_decision",
        /// To decide a reconsideration in the simplified procedure (简易程序).
        ReviewDecisionSimplified = "review_decision_simplified",
        /// Added to the period for deciding a reconsideration (延长复议期限): once, after that period.
        ReviewExtension = "review_extension",
        /// To sue over a reconsideration (复议后起诉): after its decision was received.
        SuitAfterReviewFiling = "suit_after_review_filing",
        /// To sue without reconsideration (直接起诉): after the act became known.
        SuitDirectFiling = "suit_direct_filing",
        /// To judge in first instance (一审审限): after the case was registered.
        FirstInstance = "first_instance",
    }
}

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// So many working days (工作日). It ends on a working day of itself.
    WorkingDays(u16),
    /// So many calendar days (日); ends on the next working day if the last is not worked.
    Days(u16),
    /// So many months (月); ends on the next working day if the last day is not worked.
    Months(u8),
    /// A reasonable time, set by the agency (合理期限).
    SetByAgency,
}

/// A law that fixes periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// 《中华人民共和国政府信息公开条例》 (国务院令第711号).
    Regulation,
    /// 《政府信息公开信息处理费管理办法》 (国办函〔2020〕109号).
    FeeMeasures,
    /// 《中华人民共和国行政复议法》 (2023).
    ReconsiderationAct,
    /// 《中华人民共和国行政诉讼法》.
    LitigationAct,
}

/// An article of a law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Article {
    /// The law.
    pub law: Law,
    /// The number of the article.
    pub number: u8,
}

/// The end of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The last day on which the act is in time.
    pub due_date: LegalDate,
    /// The day on which the period would end if it were worked; differs only for periods in
    /// calendar days and months.
    pub nominal_date: LegalDate,
    /// Whether a notice that is still to come may move it.
    pub is_provisional: bool,
}

impl PeriodKind {
    /// How long the period is, and the article that says so.
    ///
    /// The articles of the two procedural acts are given from general knowledge.
    #[must_use]
    pub const fn law(self) -> (Length, Article) {
        use Law::{FeeMeasures, LitigationAct, ReconsiderationAct, Regulation};
        use Length::{Days, Months, SetByAgency, WorkingDays};
        let (length, law, number) = match self {
            Self::CorrectionNotice => (WorkingDays(7), Regulation, 30),
            Self::ApplicantCorrection => (SetByAgency, Regulation, 30),
            Self::Reply | Self::Extension => (WorkingDays(20), Regulation, 33),
            Self::ThirdParty => (WorkingDays(15), Regulation, 32),
            Self::CoAgency => (WorkingDays(15), Regulation, 34),
            Self::ExcessiveDelay => (SetByAgency, Regulation, 35),
            Self::FeePayment => (WorkingDays(20), FeeMeasures, 6),
            Self::ProactivePublication => (WorkingDays(20), Regulation, 26),
            Self::ReviewFiling => (Days(60), ReconsiderationAct, 20),
            Self::ReviewDecision => (Days(60), ReconsiderationAct, 62),
            Self::ReviewDecisionSimplified | Self::ReviewExtension => {
                (Days(30), ReconsiderationAct, 62)
            }
            Self::SuitAfterReviewFiling => (Days(15), LitigationAct, 45),
            Self::SuitDirectFiling => (Months(6), LitigationAct, 46),
            Self::FirstInstance => (Months(6), LitigationAct, 81),
        };
        (length, Article { law, number })
    }

    /// How many working days the period has; `None` if it is not counted in working days.
    #[must_use]
    pub const fn working_days(self) -> Option<u16> {
        match self.law().0 {
            Length::WorkingDays(days) => Some(days),
            Length::Days(_) | Length::Months(_) | Length::SetByAgency => None,
        }
    }

    /// When the period ends that an act on this day starts; `None` if the agency sets it, or if it
    /// ends beyond the years that the ledger can hold.
    #[must_use]
    pub fn due(self, start: LegalDate, calendar: &Calendar) -> Option<Due> {
        let nominal_date = match self.law().0 {
            Length::WorkingDays(days) => {
                let due_date = calendar.add_working_days(start, days)?;
                let is_provisional = !calendar.is_settled(start, due_date);
                return Some(Due { due_date, nominal_date: due_date, is_provisional });
            }
            Length::Days(days) => start.plus_days(i32::from(days))?,
            Length::Months(months) => start.plus_months(i32::from(months))?,
            Length::SetByAgency => return None,
        };
        let due_date = calendar.on_or_after(nominal_date)?;
        let is_provisional = !calendar.is_settled(nominal_date, due_date);
        Some(Due { due_date, nominal_date, is_provisional })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::Notices;

    const CASES: &str = include_str!("../../../tests/fixtures/calendar/periods.txt");

    #[test]
    fn the_periods_end_as_published_or_counted_by_hand() {
        let calendar = Notices::built_in().calendar();
        let day = |text: &str| LegalDate::new(text.parse().unwrap()).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for line in CASES.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let words: Vec<_> = line.split_whitespace().collect();
            let [key, start, nominal, due, rest @ ..] = &words[..] else { panic!("{line}") };
            let kind = PeriodKind::from_key(key).unwrap();
            let expected = Due {
                due_date: day(due),
                nominal_date: day(nominal),
                is_provisional: rest == ["provisional"],
            };
            assert_eq!(kind.due(day(start), &calendar), Some(expected), "{line}");
            seen.insert(kind);
        }
        for &kind in PeriodKind::ALL {
            let by_agency = kind.law().0 == Length::SetByAgency;
            assert_eq!(seen.contains(&kind), !by_agency, "{kind}");
            assert_eq!(kind.due(day("2025-03-03"), &calendar).is_none(), by_agency);
        }
    }
}
