//! The period for the reply: where it starts, what is not counted, when it ends.

use super::{Consultation, Consulted, Facts, PeriodKind};
use crate::domain::{LegalDate, calendar::Calendar, vocabulary::vocabulary};

vocabulary! {
    /// What a second notice to correct does; the Regulation knows one only (一次性告知), and says
    /// nothing of another.
    pub enum RepeatedCorrection {
        /// Nothing: the period goes on as if it had not been sent. Notices of one day are one.
        Ignored = "ignored",
        /// As the first: the period is counted afresh from the second correction.
        Restarts = "restarts",
    }
}

vocabulary! {
    /// What a fee notice does; 国办函〔2020〕109号 Art. 6 was not read in full.
    pub enum Payment {
        /// The period is counted afresh from the day after the payment.
        Restarts = "restarts",
        /// Nothing: the period goes on.
        Ignored = "ignored",
    }
}

/// The rules that are not settled in law, as settings; the default is what is recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// What a second notice to correct does.
    pub repeated_correction: RepeatedCorrection,
    /// What a fee notice does.
    pub payment: Payment,
}

impl Default for Policy {
    fn default() -> Self {
        Self { repeated_correction: RepeatedCorrection::Ignored, payment: Payment::Restarts }
    }
}

vocabulary! {
    /// The act from which the period is counted.
    pub enum StartBasis {
        /// The receipt of the application.
        Receipt = "receipt",
        /// The receipt of the corrected application (收到补正的申请之日): Article 33.
        Correction = "correction",
        /// The payment of the fee.
        Payment = "payment",
    }
}

/// Where the period starts: on the day after this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Start {
    /// The day of the act; not counted.
    pub date: LegalDate,
    /// The act.
    pub basis: StartBasis,
}

/// A stretch of days that are not counted (不计算在期限内), of one consultation or of several that
/// overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// The day on which the first letter was sent, or the period's start if that is later; still
    /// counted.
    pub after: LegalDate,
    /// The day on which the last opinion arrived, or the last limit ended; not counted.
    pub until: LegalDate,
    /// Which of [`Facts::consultations`], by their place there.
    pub consultations: Vec<usize>,
    /// Whether the end is that of today only: an agency without a limit has not answered.
    pub is_open: bool,
}

vocabulary! {
    /// Why an act has no effect on the due date.
    pub enum Disregard {
        /// The period had ended before it.
        TooLate = "too_late",
        /// The period was counted afresh after it.
        Superseded = "superseded",
        /// It was not the first, and the policy lets only the first take effect.
        Repeated = "repeated",
        /// The reply had been put off to a fixed day, which it does not move.
        PutOff = "put_off",
        /// The application had ended before it.
        Concluded = "concluded",
    }
}

vocabulary! {
    /// An act that can move the due date.
    pub enum ActKind {
        /// A notice to correct (补正告知).
        CorrectionNotice = "correction_notice",
        /// A letter asking for an opinion (征求意见).
        Consultation = "consultation",
        /// An extension (延期).
        Extension = "extension",
        /// A fee notice (收费通知).
        FeeNotice = "fee_notice",
        /// A notice that the reply is put off (延迟答复).
        Postponement = "postponement",
    }
}

/// An act that has no effect on the due date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disregarded {
    /// The day of the act.
    pub date: LegalDate,
    /// Which act.
    pub act: ActKind,
    /// Why.
    pub because: Disregard,
}

/// What an application waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The agency: the period runs.
    Running,
    /// An opinion; the day by which it is due, if there is one.
    AwaitingOpinion(Option<LegalDate>),
    /// The applicant's correction; the day by which it is due, if one was set.
    AwaitingCorrection(Option<LegalDate>),
    /// The applicant's payment; the day by which it is due.
    AwaitingPayment(LegalDate),
    /// Nothing any more.
    Concluded,
}

/// A deadline that lies beyond the years that the ledger can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the deadline lies beyond the year 2100, the last that the ledger holds")]
pub struct BeyondLedger;

/// The deadline for the reply to one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// What the application waits for.
    pub standing: Standing,
    /// Where the period that counts starts; earlier ones have no effect any more.
    pub start: Start,
    /// The last day on which the reply is in time; `None` while nothing runs because the applicant
    /// has to correct or to pay.
    pub due_date: Option<LegalDate>,
    /// Whether a notice of working days that is still to come may move it.
    pub is_provisional: bool,
    /// By how many working days it is extended: those granted, at most 20 in all.
    pub extension: u16,
    /// What is not counted, in order; stretches do not overlap.
    pub pauses: Vec<Pause>,
    /// The day fixed by a postponement, if one counts.
    pub postponed_until: Option<LegalDate>,
    /// What has no effect, in order of dates.
    pub disregarded: Vec<Disregarded>,
}

/// How many working days the reply may take at first.
const REPLY: u16 = 20;
/// How many working days an extension may add in all.
const EXTENSION: u16 = 20;

/// Derives the deadline for the reply (答复期限): 20 working days (Art. 33), counted afresh from a
/// correction (Art. 33) or a payment, without the time that opinions take (Art. 33), extended by at
/// most 20 working days in all (Art. 33), or put off to a fixed day (Art. 35).
///
/// The time that an opinion takes is counted in working days after the day of the letter, up to and
/// including the day on which the opinion arrives or its own limit ends, whichever is first. Days
/// that several opinions take are counted once. A letter or an extension after the due date has no
/// effect, and an extension lasts as long as the period that it extends.
///
/// `today` matters only while an agency without a limit has not answered: the due date is then that
/// which an answer today would give.
///
/// # Errors
///
/// When the due date lies beyond the years that the ledger can hold.
pub fn reply_deadline(
    facts: &Facts,
    policy: Policy,
    calendar: &Calendar,
    today: LegalDate,
) -> Result<Deadline, BeyondLedger> {
    let mut disregarded = Vec::new();
    let start = start(facts, policy, &mut disregarded);
    let held = held(facts, policy, start, calendar)?;
    let today = facts.conclusion.map_or(today, |conclusion| conclusion.date);
    let pauses = pauses(facts, start, calendar, today, &mut disregarded)?;
    let mut run = Run::new(start, calendar, disregarded)?;
    run.walk(facts, pauses)?;
    run.postpone(facts);
    Ok(run.finish(facts, held, today))
}

impl Deadline {
    /// How many working days the period has: 20 and the extension.
    #[must_use]
    pub fn allowance(&self) -> u16 {
        REPLY.saturating_add(self.extension)
    }

    /// How many working days were taken up to and including a day, those not counted left out.
    #[must_use]
    pub fn taken(&self, calendar: &Calendar, day: LegalDate) -> u16 {
        let between = |first, last| calendar.working_days_between(first, last).max(0);
        let paused: i32 = self
            .pauses
            .iter()
            .map(|pause| between(pause.after, pause.until.min(day)))
            .fold(0, i32::saturating_add);
        let taken = between(self.start.date, day).saturating_sub(paused);
        u16::try_from(taken).unwrap_or(0)
    }

    /// How many working days are left after a day; negative by as many as it is overdue. `None`
    /// while there is no due date.
    #[must_use]
    pub fn remaining(&self, calendar: &Calendar, day: LegalDate) -> Option<i32> {
        let due_date = self.due_date?;
        if self.postponed_until.is_some() {
            return Some(calendar.working_days_between(day, due_date));
        }
        let allowance = i32::from(self.allowance());
        Some(allowance.saturating_sub(i32::from(self.taken(calendar, day))))
    }

    /// Whether the due date has passed on a day.
    #[must_use]
    pub fn is_overdue(&self, day: LegalDate) -> bool {
        self.due_date.is_some_and(|due_date| day > due_date)
    }
}

/// The acts that start the period, and which of them is the last.
fn start(facts: &Facts, policy: Policy, disregarded: &mut Vec<Disregarded>) -> Start {
    let mut start = Start { date: facts.receipt.date, basis: StartBasis::Receipt };
    let first = first_correction(facts);
    for request in &facts.corrections {
        let because = if !facts.is_open_on(request.notice_date) {
            Some(Disregard::Concluded)
        } else if has_effect(policy, first, request.notice_date) {
            None
        } else {
            Some(Disregard::Repeated)
        };
        if let Some(because) = because {
            let act = ActKind::CorrectionNotice;
            disregarded.push(Disregarded { date: request.notice_date, act, because });
        } else if let Some(date) = request.corrected_date.filter(|day| facts.is_open_on(*day)) {
            start = start.max(Start { date, basis: StartBasis::Correction });
        }
    }
    for fee in &facts.fees {
        if !facts.is_open_on(fee.notice_date) {
            let (date, act) = (fee.notice_date, ActKind::FeeNotice);
            disregarded.push(Disregarded { date, act, because: Disregard::Concluded });
        } else if policy.payment == Payment::Restarts
            && let Some(date) = fee.payment_date.filter(|day| facts.is_open_on(*day))
        {
            start = start.max(Start { date, basis: StartBasis::Payment });
        }
    }
    start
}

fn first_correction(facts: &Facts) -> Option<LegalDate> {
    facts.corrections.iter().map(|request| request.notice_date).min()
}

fn has_effect(policy: Policy, first: Option<LegalDate>, notice_date: LegalDate) -> bool {
    match policy.repeated_correction {
        RepeatedCorrection::Restarts => true,
        RepeatedCorrection::Ignored => Some(notice_date) == first,
    }
}

/// What the applicant has to do before anything runs again.
fn held(
    facts: &Facts,
    policy: Policy,
    start: Start,
    calendar: &Calendar,
) -> Result<Option<Standing>, BeyondLedger> {
    let first = first_correction(facts);
    let waiting = facts.corrections.iter().filter(|request| {
        request.corrected_date.is_none()
            && request.notice_date >= start.date
            && has_effect(policy, first, request.notice_date)
            && facts.is_open_on(request.notice_date)
    });
    if let Some(request) = waiting.max() {
        return Ok(Some(Standing::AwaitingCorrection(request.correct_by)));
    }
    let unpaid = facts.fees.iter().filter(|fee| {
        policy.payment == Payment::Restarts
            && fee.payment_date.is_none()
            && fee.notice_date >= start.date
            && facts.is_open_on(fee.notice_date)
    });
    let Some(fee) = unpaid.max() else { return Ok(None) };
    Ok(Some(Standing::AwaitingPayment(fee.pay_by(calendar)?)))
}

impl super::FeeNotice {
    /// The last day on which the payment is in time: 20 working days after the notice was received.
    pub(super) fn pay_by(&self, calendar: &Calendar) -> Result<LegalDate, BeyondLedger> {
        let received = self.delivery_date.unwrap_or(self.notice_date);
        PeriodKind::FeePayment.due(received, calendar).map(|due| due.due_date).ok_or(BeyondLedger)
    }
}

impl Consulted {
    /// The period that the law gives for the answer; none to an agency that did not make the
    /// information.
    #[must_use]
    pub const fn period(self) -> Option<PeriodKind> {
        match self {
            Self::ThirdParty => Some(PeriodKind::ThirdParty),
            Self::CoAgency => Some(PeriodKind::CoAgency),
            Self::OtherAgency => None,
        }
    }
}

impl Consultation {
    /// The last day of the time that the law gives for the answer; `None` if it gives none.
    ///
    /// # Errors
    ///
    /// When it lies beyond the years that the ledger can hold.
    pub fn limit(&self, calendar: &Calendar) -> Result<Option<LegalDate>, BeyondLedger> {
        let Some(period) = self.consulted.period() else { return Ok(None) };
        let received = self.delivery_date.unwrap_or(self.sent_date);
        match period.due(received, calendar) {
            Some(due) => Ok(Some(due.due_date)),
            None => Err(BeyondLedger),
        }
    }
}

/// The stretches that are not counted, merged and in order.
fn pauses(
    facts: &Facts,
    start: Start,
    calendar: &Calendar,
    today: LegalDate,
    disregarded: &mut Vec<Disregarded>,
) -> Result<Vec<Pause>, BeyondLedger> {
    let mut pauses = Vec::new();
    for (index, consultation) in facts.consultations.iter().enumerate() {
        let limit = consultation.limit(calendar)?;
        let ends = consultation.answer_date.into_iter().chain(limit);
        let is_open = consultation.answer_date.is_none() && limit.is_none();
        let until = ends.min().unwrap_or(today).max(consultation.sent_date);
        let because = if !facts.is_open_on(consultation.sent_date) {
            Disregard::Concluded
        } else if until <= start.date && !is_open {
            Disregard::Superseded
        } else {
            let after = consultation.sent_date.max(start.date);
            let until = until.max(after);
            pauses.push(Pause { after, until, consultations: vec![index], is_open });
            continue;
        };
        let act = ActKind::Consultation;
        disregarded.push(Disregarded { date: consultation.sent_date, act, because });
    }
    Ok(merged(pauses))
}

/// Stretches that overlap or touch, as one.
fn merged(mut pauses: Vec<Pause>) -> Vec<Pause> {
    pauses.sort_by_key(|pause| (pause.after, pause.until, pause.is_open));
    let mut merged: Vec<Pause> = Vec::with_capacity(pauses.len());
    for pause in pauses {
        match merged.last_mut() {
            Some(last) if pause.after <= last.until => {
                last.until = last.until.max(pause.until);
                last.is_open |= pause.is_open;
                last.consultations.extend(pause.consultations);
            }
            _ => merged.push(pause),
        }
    }
    merged
}

/// The period as it grows, act by act.
struct Run<'a> {
    calendar: &'a Calendar,
    start: Start,
    /// Working days from the start to the due date: those allowed and those not counted.
    total: u16,
    due_date: LegalDate,
    extension: u16,
    pauses: Vec<Pause>,
    postponed_until: Option<LegalDate>,
    disregarded: Vec<Disregarded>,
}

impl<'a> Run<'a> {
    fn new(
        start: Start,
        calendar: &'a Calendar,
        disregarded: Vec<Disregarded>,
    ) -> Result<Self, BeyondLedger> {
        let due_date = calendar.add_working_days(start.date, REPLY).ok_or(BeyondLedger)?;
        Ok(Self {
            calendar,
            start,
            total: REPLY,
            due_date,
            extension: 0,
            pauses: Vec::new(),
            postponed_until: None,
            disregarded,
        })
    }

    fn add(&mut self, working_days: u16) -> Result<(), BeyondLedger> {
        self.total = self.total.saturating_add(working_days);
        let due_date = self.calendar.add_working_days(self.start.date, self.total);
        self.due_date = due_date.ok_or(BeyondLedger)?;
        Ok(())
    }

    /// Takes pauses and extensions in the order of their dates: each counts if it comes no later
    /// than the due date as it is by then.
    fn walk(&mut self, facts: &Facts, pauses: Vec<Pause>) -> Result<(), BeyondLedger> {
        let mut extensions: Vec<_> = facts.extensions.iter().collect();
        extensions.sort_unstable();
        let mut extensions = extensions.into_iter().peekable();
        for pause in pauses {
            while let Some(extension) = extensions.next_if(|next| next.notice_date <= pause.after) {
                self.extend(facts, *extension)?;
            }
            self.pause(facts, pause)?;
        }
        extensions.try_for_each(|extension| self.extend(facts, *extension))
    }

    fn extend(&mut self, facts: &Facts, extension: super::Extension) -> Result<(), BeyondLedger> {
        let date = extension.notice_date;
        if let Some(because) = self.objection(facts, date) {
            let act = ActKind::Extension;
            self.disregarded.push(Disregarded { date, act, because });
            return Ok(());
        }
        let left = EXTENSION.saturating_sub(self.extension);
        let granted = extension.working_days.min(left);
        self.extension = self.extension.saturating_add(granted);
        self.add(granted)
    }

    fn pause(&mut self, facts: &Facts, pause: Pause) -> Result<(), BeyondLedger> {
        if pause.after > self.due_date {
            for consultation in
                pause.consultations.iter().filter_map(|i| facts.consultations.get(*i))
            {
                let (date, act) = (consultation.sent_date, ActKind::Consultation);
                let because = self.too_late(facts, date);
                self.disregarded.push(Disregarded { date, act, because });
            }
            return Ok(());
        }
        let excluded = self.calendar.working_days_between(pause.after, pause.until);
        self.pauses.push(pause);
        self.add(u16::try_from(excluded).unwrap_or(0))
    }

    fn postpone(&mut self, facts: &Facts) {
        for postponement in &facts.postponements {
            let date = postponement.notice_date;
            if let Some(because) = self.objection(facts, date) {
                let act = ActKind::Postponement;
                self.disregarded.push(Disregarded { date, act, because });
            } else if postponement.until > self.due_date {
                let until = self.postponed_until.max(Some(postponement.until));
                self.postponed_until = until;
            }
        }
    }

    /// Why an act on a day has no effect on the due date, if it has none.
    fn objection(&self, facts: &Facts, day: LegalDate) -> Option<Disregard> {
        if !facts.is_open_on(day) {
            Some(Disregard::Concluded)
        } else if day < self.start.date {
            Some(Disregard::Superseded)
        } else {
            (day > self.due_date).then(|| self.too_late(facts, day))
        }
    }

    /// Why an act after the due date has no effect on it.
    fn too_late(&self, facts: &Facts, day: LegalDate) -> Disregard {
        let is_put_off = facts.postponements.iter().any(|postponement| {
            (self.start.date..=self.due_date).contains(&postponement.notice_date)
                && (postponement.notice_date..=postponement.until).contains(&day)
        });
        if is_put_off { Disregard::PutOff } else { Disregard::TooLate }
    }

    fn finish(mut self, facts: &Facts, held: Option<Standing>, today: LegalDate) -> Deadline {
        self.disregarded.sort_unstable();
        let due_date = self.postponed_until.unwrap_or(self.due_date);
        let opinion = self.pauses.iter().find(|pause| {
            let unanswered = |index: &usize| {
                let consultation = facts.consultations.get(*index);
                consultation.is_some_and(|consultation| consultation.answer_date.is_none())
            };
            let is_running = pause.is_open || (pause.after <= today && today < pause.until);
            is_running && pause.consultations.iter().any(unanswered)
        });
        let standing = match (facts.conclusion, held, opinion) {
            (Some(_), ..) => Standing::Concluded,
            (None, Some(held), _) => held,
            (None, None, Some(pause)) => {
                Standing::AwaitingOpinion((!pause.is_open).then_some(pause.until))
            }
            (None, None, None) => Standing::Running,
        };
        Deadline {
            standing,
            start: self.start,
            due_date: held.is_none().then_some(due_date),
            is_provisional: held.is_none() && !self.calendar.is_settled(self.start.date, due_date),
            extension: self.extension,
            pauses: self.pauses,
            postponed_until: self.postponed_until,
            disregarded: self.disregarded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::cases;

    const HISTORIES: &str = include_str!("../../../tests/fixtures/calendar/histories.txt");

    #[test]
    fn what_follows_from_each_history_is_as_written() {
        let cases = cases(HISTORIES);
        assert_eq!(cases.len(), 43);
        let wrong: Vec<_> = cases
            .iter()
            .filter(|case| case.found() != case.expected)
            .map(|case| format!("{}\n= {}", case.name, case.found().join("\n= ")))
            .collect();
        assert!(wrong.is_empty(), "found otherwise:\n\n{}", wrong.join("\n\n"));
    }
}
