//! What is irregular in the handling of one application: recorded as it happened, and named.

use super::{
    ActKind, Arrival, BeyondLedger, Conclusion, ConclusionKind, Consultation, Deadline, Disregard,
    Facts, PeriodKind, Policy, reply_deadline,
};
use crate::domain::{LegalDate, calendar::Calendar, vocabulary::vocabulary};

vocabulary! {
    /// A permanent name of something irregular.
    pub enum FindingId {
        /// A letter not signed for was confirmed after the day of its arrival (Art. 31: 当日).
        ConfirmationLate = "DEADLINE.CONFIRMATION_LATE",
        /// The notice to correct came after 7 working days (Art. 30).
        CorrectionNoticeLate = "DEADLINE.CORRECTION_NOTICE_LATE",
        /// A second notice to correct; the law knows one only (Art. 30: 一次性).
        CorrectionNoticeRepeated = "DEADLINE.CORRECTION_NOTICE_REPEATED",
        /// The correction came after the time that the notice set.
        CorrectionLate = "DEADLINE.CORRECTION_LATE",
        /// Opinions were asked for when the period had ended.
        ConsultationLate = "DEADLINE.CONSULTATION_LATE",
        /// Opinions were asked for when the application had ended.
        ConsultationAfterConclusion = "DEADLINE.CONSULTATION_AFTER_CONCLUSION",
        /// An opinion arrived after the time that the law gives for it (Arts. 32, 34).
        OpinionLate = "DEADLINE.OPINION_LATE",
        /// The extensions of a period add up to more than 20 working days (Art. 33).
        ExtensionOverLimit = "DEADLINE.EXTENSION_OVER_LIMIT",
        /// A second extension of the same period.
        ExtensionRepeated = "DEADLINE.EXTENSION_REPEATED",
        /// The applicant was told of an extension when the period had ended.
        ExtensionLate = "DEADLINE.EXTENSION_LATE",
        /// The fee notice came when the period for the reply had ended.
        FeeNoticeLate = "DEADLINE.FEE_NOTICE_LATE",
        /// The fee was paid after 20 working days.
        PaymentLate = "DEADLINE.PAYMENT_LATE",
        /// The reply was put off when the period had ended.
        PostponementLate = "DEADLINE.POSTPONEMENT_LATE",
        /// The application was closed for want of a correction or of payment before the time to
        /// correct or to pay had ended.
        LapsedEarly = "DEADLINE.LAPSED_EARLY",
        /// The reply came after the due date (Art. 33).
        ReplyLate = "DEADLINE.REPLY_LATE",
        /// There is no reply, and the due date has passed.
        ReplyOverdue = "DEADLINE.REPLY_OVERDUE",
    }
}

/// Something irregular.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The day of the act; for an overdue reply the day of the question.
    pub date: LegalDate,
    /// What it is.
    pub id: FindingId,
    /// The last day on which the act would have been in time, where there is one.
    pub limit_date: Option<LegalDate>,
    /// By how many working days the act is late, or how many an extension has; where it applies.
    pub working_days: Option<u16>,
}

/// What is irregular, in the order of dates. `deadline` is what [`super::reply_deadline`] derived
/// from the same facts and calendar.
///
/// # Errors
///
/// When a limit lies beyond the years that the ledger can hold.
pub fn findings(
    facts: &Facts,
    policy: Policy,
    deadline: &Deadline,
    calendar: &Calendar,
    today: LegalDate,
) -> Result<Vec<Finding>, BeyondLedger> {
    let mut found = Found { calendar, findings: Vec::new() };
    found.corrections(facts)?;
    for consultation in &facts.consultations {
        found.opinion(consultation)?;
    }
    found.extensions(facts, deadline);
    found.fees(facts, policy)?;
    found.disregarded(deadline);
    match facts.conclusion {
        Some(conclusion) => found.conclusion(facts, deadline, conclusion)?,
        None if deadline.is_overdue(today) => {
            found.late(FindingId::ReplyOverdue, today, deadline.due_date);
        }
        None => {}
    }
    found.findings.sort_unstable();
    Ok(found.findings)
}

/// What is irregular in the receipt: a letter that was confirmed later than on the day of its
/// arrival.
#[must_use]
pub fn receipt_finding(arrival: &Arrival, calendar: &Calendar) -> Option<Finding> {
    let mut found = Found { calendar, findings: Vec::new() };
    let limit = arrival.confirmed_late()?;
    found.late(FindingId::ConfirmationLate, arrival.confirmation_date?, Some(limit));
    found.findings.pop()
}

struct Found<'a> {
    calendar: &'a Calendar,
    findings: Vec<Finding>,
}

impl Found<'_> {
    /// Notes an act after its limit.
    fn late(&mut self, id: FindingId, date: LegalDate, limit_date: Option<LegalDate>) {
        if limit_date.is_none_or(|limit| date > limit) {
            let by = limit_date.map(|limit| self.calendar.working_days_between(limit, date));
            let working_days = by.map(|days| u16::try_from(days).unwrap_or(0));
            self.findings.push(Finding { date, id, limit_date, working_days });
        }
    }

    fn corrections(&mut self, facts: &Facts) -> Result<(), BeyondLedger> {
        let mut requests = facts.corrections.clone();
        requests.sort_unstable();
        for (index, request) in requests.iter().enumerate() {
            if index == 0 {
                let due = PeriodKind::CorrectionNotice.due(facts.receipt.date, self.calendar);
                let limit = due.ok_or(BeyondLedger)?.due_date;
                let id = FindingId::CorrectionNoticeLate;
                self.late(id, request.notice_date, Some(limit));
            } else {
                self.late(FindingId::CorrectionNoticeRepeated, request.notice_date, None);
            }
            if let (Some(date), Some(_)) = (request.corrected_date, request.correct_by) {
                self.late(FindingId::CorrectionLate, date, request.correct_by);
            }
        }
        Ok(())
    }

    fn opinion(&mut self, consultation: &Consultation) -> Result<(), BeyondLedger> {
        if let (Some(date), Some(limit)) =
            (consultation.answer_date, consultation.limit(self.calendar)?)
        {
            self.late(FindingId::OpinionLate, date, Some(limit));
        }
        Ok(())
    }

    /// The extensions of the period that counts; those of a period before it are past.
    fn extensions(&mut self, facts: &Facts, deadline: &Deadline) {
        let mut extensions: Vec<_> = facts
            .extensions
            .iter()
            .filter(|extension| extension.notice_date >= deadline.start.date)
            .collect();
        extensions.sort_unstable();
        let mut sum = 0_u16;
        let limit = PeriodKind::Extension.working_days().unwrap_or(0);
        for (index, extension) in extensions.into_iter().enumerate() {
            let within = sum <= limit;
            sum = sum.saturating_add(extension.working_days);
            let date = extension.notice_date;
            if index > 0 {
                self.late(FindingId::ExtensionRepeated, date, None);
            }
            if within && sum > limit {
                let (id, working_days) = (FindingId::ExtensionOverLimit, Some(sum));
                self.findings.push(Finding { date, id, limit_date: None, working_days });
            }
        }
    }

    fn fees(&mut self, facts: &Facts, policy: Policy) -> Result<(), BeyondLedger> {
        for fee in &facts.fees {
            if let Some(date) = fee.payment_date {
                self.late(FindingId::PaymentLate, date, Some(fee.pay_by(self.calendar)?));
            }
            let (before, date) = (facts.before(fee.notice_date), fee.notice_date);
            let deadline = reply_deadline(&before, policy, self.calendar, date)?;
            if let Some(due_date) = deadline.due_date {
                self.late(FindingId::FeeNoticeLate, date, Some(due_date));
            }
        }
        Ok(())
    }

    fn disregarded(&mut self, deadline: &Deadline) {
        for disregarded in &deadline.disregarded {
            let id = match (disregarded.act, disregarded.because) {
                (ActKind::Consultation, Disregard::TooLate) => FindingId::ConsultationLate,
                (ActKind::Consultation, Disregard::Concluded) => {
                    FindingId::ConsultationAfterConclusion
                }
                (ActKind::Extension, Disregard::TooLate | Disregard::Concluded) => {
                    FindingId::ExtensionLate
                }
                (ActKind::Postponement, Disregard::TooLate | Disregard::Concluded) => {
                    FindingId::PostponementLate
                }
                (
                    ActKind::Consultation
                    | ActKind::Extension
                    | ActKind::Postponement
                    | ActKind::CorrectionNotice
                    | ActKind::FeeNotice,
                    _,
                ) => continue,
            };
            self.late(id, disregarded.date, None);
        }
    }

    fn conclusion(
        &mut self,
        facts: &Facts,
        deadline: &Deadline,
        conclusion: Conclusion,
    ) -> Result<(), BeyondLedger> {
        let by = match conclusion.kind {
            ConclusionKind::Replied => {
                if let Some(due_date) = deadline.due_date {
                    self.late(FindingId::ReplyLate, conclusion.date, Some(due_date));
                }
                return Ok(());
            }
            ConclusionKind::Withdrawn => return Ok(()),
            ConclusionKind::CorrectionLapsed => {
                facts.corrections.iter().filter_map(|request| request.correct_by).max()
            }
            ConclusionKind::FeeLapsed => match facts.fees.iter().max() {
                Some(fee) => Some(fee.pay_by(self.calendar)?),
                None => None,
            },
        };
        if let Some(limit) = by.filter(|limit| conclusion.date <= *limit) {
            let (date, id) = (conclusion.date, FindingId::LapsedEarly);
            self.findings.push(Finding { date, id, limit_date: Some(limit), working_days: None });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::script::day, *};
    use crate::domain::{Channel, calendar::Notices};

    #[test]
    fn a_letter_confirmed_late_is_named() {
        let calendar = Notices::built_in().calendar();
        let mut arrival = Arrival {
            channel: Channel::OrdinaryMail,
            is_misaddressed: false,
            submission_date: None,
            arrival_date: Some(day("2025-03-03")),
            confirmation_date: Some(day("2025-03-07")),
        };
        let expected = Finding {
            date: day("2025-03-07"),
            id: FindingId::ConfirmationLate,
            limit_date: Some(day("2025-03-03")),
            working_days: Some(4),
        };
        assert_eq!(receipt_finding(&arrival, &calendar), Some(expected));
        arrival.channel = Channel::Internet;
        assert_eq!(receipt_finding(&arrival, &calendar), None);
    }
}
