//! Why a deadline is what it is: ordered steps that add up to it. Facts only; sentences are made in
//! `render`.

use super::{
    ActKind, BeyondLedger, Consulted, Deadline, Disregarded, Facts, Length, Pause, PeriodKind,
    Receipt, Standing, StartBasis,
};
use crate::domain::{
    LegalDate,
    calendar::{Calendar, DayOff, NoticeOccasion},
};

/// Why a deadline is what it is.
///
/// The stretches [`Step::Counted`], [`Step::Paused`] and [`Step::PutOff`] follow one another without
/// a gap from the start of the period that counts to its end. Without a postponement, the working
/// days counted and paused add up to the number of the working day, after the start, on which the
/// period ends; the days counted are those that the law allows and the extension grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Which period.
    pub period: PeriodKind,
    /// What happened and what follows from it, in order.
    pub steps: Vec<Step>,
    /// What would change it.
    pub changes: Vec<Change>,
}

/// A step of an explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The application was received in law, by this rule.
    Received(Receipt),
    /// The act that starts a period other than that for the reply.
    Started(LegalDate),
    /// The applicant was asked to correct.
    CorrectionRequested {
        /// The day of the notice.
        notice_date: LegalDate,
        /// The last day of the time set, if one was set.
        correct_by: Option<LegalDate>,
    },
    /// The applicant was told of a fee.
    FeeNotified {
        /// The day of the notice.
        notice_date: LegalDate,
        /// The last day to pay.
        pay_by: LegalDate,
    },
    /// The applicant was asked on that day for the reasons of an excessive number; the period goes on.
    ReasonsRequested(LegalDate),
    /// The reasons were received on that day; the period goes on.
    ReasonsReceived(LegalDate),
    /// The period is counted afresh from the day after.
    Restarted {
        /// The day of the act.
        date: LegalDate,
        /// The act.
        because: StartBasis,
    },
    /// The law allows so much, by the article of [`PeriodKind::law`].
    Allowed {
        /// Which period.
        period: PeriodKind,
        /// How much.
        length: Length,
    },
    /// The period was extended.
    Extended {
        /// The day of the notice.
        notice_date: LegalDate,
        /// By how many working days, as the notice says.
        stated: u16,
    },
    /// What the extensions add up to, at most 20 working days in all.
    ExtendedBy(u16),
    /// Days that count.
    Counted(Stretch),
    /// Days that do not count, because opinions were asked for.
    Paused {
        /// The days.
        stretch: Stretch,
        /// What was asked, in the order of sending.
        by: Vec<PausedBy>,
    },
    /// The reply was put off: these days are added.
    PutOff {
        /// The days added.
        stretch: Stretch,
    },
    /// The last day is not worked: the period ends on the next that is.
    Moved {
        /// The last day as counted.
        nominal_date: LegalDate,
        /// The days passed over, with the notices that made them so.
        days_off: Vec<DayOff>,
    },
    /// An act that has no effect on the due date.
    Disregarded(Disregarded),
    /// Nothing runs: the application waits for the applicant.
    Waiting(Standing),
    /// The last day on which the act is in time.
    Due {
        /// The day.
        date: LegalDate,
        /// Whether a notice that is still to come may move it.
        is_provisional: bool,
    },
}

/// Consecutive days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The day before the first.
    pub after: LegalDate,
    /// The last.
    pub until: LegalDate,
    /// How many of them are worked.
    pub working_days: u16,
    /// Those that are not, with the notices that made them so.
    pub days_off: Vec<DayOff>,
    /// Weekend days that are worked, with the notices that made them so.
    pub weekends_worked: Vec<(LegalDate, NoticeOccasion)>,
}

/// A letter because of which days do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PausedBy {
    /// The day on which it was sent.
    pub sent_date: LegalDate,
    /// Who was asked.
    pub consulted: Consulted,
    /// The day on which the opinion arrived, if it has.
    pub answer_date: Option<LegalDate>,
    /// The last day of the time that the law gives, if it gives one.
    pub limit_date: Option<LegalDate>,
}

/// What would change a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A notice of working days for the time after this day, which no notice settles yet; `None` if
    /// no day is settled.
    CalendarNotice(Option<LegalDate>),
    /// The opinion, if it arrives before this day.
    EarlierOpinion(LegalDate),
    /// Every further day without an opinion that has no limit in law.
    LaterOpinion,
    /// The corrected application: the period is counted afresh.
    Correction,
    /// The payment: the period is counted afresh.
    Payment,
    /// An extension by at most so many working days, of which the applicant is told by this day.
    Extension {
        /// How many working days are left to extend by.
        at_most: u16,
        /// The last day for the notice.
        by: LegalDate,
    },
    /// A notice to correct, by this day.
    CorrectionNotice(LegalDate),
}

impl Explanation {
    /// The last day on which the act is in time; `None` while nothing runs.
    #[must_use]
    pub fn due_date(&self) -> Option<LegalDate> {
        let due_date = |step: &Step| {
            if let Step::Due { date, .. } = step { Some(*date) } else { None }
        };
        self.steps.iter().find_map(due_date)
    }
}

impl Stretch {
    fn of(calendar: &Calendar, after: LegalDate, until: LegalDate) -> Self {
        let worked = calendar.working_days_between(after, until);
        Self {
            after,
            until,
            working_days: u16::try_from(worked).unwrap_or(0),
            days_off: calendar.days_off(after, until),
            weekends_worked: calendar.weekends_worked(after, until),
        }
    }
}

/// Explains the deadline for a reply, which [`super::reply_deadline`] derived from the same facts
/// and calendar.
///
/// # Errors
///
/// When a limit lies beyond the years that the ledger can hold.
pub fn explain(
    facts: &Facts,
    deadline: &Deadline,
    calendar: &Calendar,
    today: LegalDate,
) -> Result<Explanation, BeyondLedger> {
    let mut steps = vec![Step::Received(facts.receipt)];
    acts_of_the_applicant(facts, deadline, calendar, &mut steps)?;
    if let Some(due_date) = deadline.due_date {
        extensions(facts, deadline, &mut steps);
        stretches(facts, deadline, calendar, due_date, &mut steps)?;
        steps.extend(deadline.disregarded.iter().copied().map(Step::Disregarded));
        let is_provisional = deadline.is_provisional;
        steps.push(Step::Due { date: due_date, is_provisional });
    } else {
        steps.extend(deadline.disregarded.iter().copied().map(Step::Disregarded));
        steps.push(Step::Waiting(deadline.standing));
    }
    let changes = changes(facts, deadline, calendar, today);
    Ok(Explanation { period: PeriodKind::Reply, steps, changes })
}

/// Explains a period other than that for the reply. `None` if the agency sets it, or if it ends
/// beyond the years that the ledger can hold.
#[must_use]
pub fn explain_period(
    period: PeriodKind,
    start: LegalDate,
    calendar: &Calendar,
) -> Option<Explanation> {
    let due = period.due(start, calendar)?;
    let length = period.law().0;
    let mut steps = vec![Step::Started(start), Step::Allowed { period, length }];
    steps.push(Step::Counted(Stretch::of(calendar, start, due.nominal_date)));
    if due.due_date != due.nominal_date {
        let before = due.nominal_date.plus_days(-1)?;
        let days_off = calendar.days_off(before, due.due_date);
        steps.push(Step::Moved { nominal_date: due.nominal_date, days_off });
    }
    steps.push(Step::Due { date: due.due_date, is_provisional: due.is_provisional });
    let open = due.is_provisional.then(|| Change::CalendarNotice(calendar.covered_until()));
    Some(Explanation { period, steps, changes: open.into_iter().collect() })
}

/// Notices to correct, to pay and to give reasons and what followed them, in the order of dates.
fn acts_of_the_applicant(
    facts: &Facts,
    deadline: &Deadline,
    calendar: &Calendar,
    steps: &mut Vec<Step>,
) -> Result<(), BeyondLedger> {
    let has_effect = |date, act| {
        let mut disregarded = deadline.disregarded.iter();
        !disregarded.any(|disregarded| (disregarded.date, disregarded.act) == (date, act))
    };
    let mut acts = Vec::new();
    let (mut corrections, mut fees) = (facts.corrections.clone(), facts.fees.clone());
    let mut reasons = facts.reasons.clone();
    corrections.sort_unstable();
    fees.sort_unstable();
    reasons.sort_unstable();
    for request in corrections {
        let notice_date = request.notice_date;
        if has_effect(notice_date, ActKind::CorrectionNotice) {
            let correct_by = request.correct_by;
            acts.push((notice_date, 0, Step::CorrectionRequested { notice_date, correct_by }));
            if let Some(date) = request.corrected_date.filter(|day| facts.is_open_on(*day)) {
                let because = StartBasis::Correction;
                acts.push((date, 1, Step::Restarted { date, because }));
            }
        }
    }
    for fee in fees {
        let notice_date = fee.notice_date;
        if has_effect(notice_date, ActKind::FeeNotice) {
            let pay_by = fee.pay_by(calendar)?;
            acts.push((notice_date, 0, Step::FeeNotified { notice_date, pay_by }));
            if let Some(date) = fee.payment_date.filter(|day| facts.is_open_on(*day)) {
                acts.push((date, 1, Step::Restarted { date, because: StartBasis::Payment }));
            }
        }
    }
    for notice in reasons {
        let answer = notice.answer_date.map(|date| (date, 1, Step::ReasonsReceived(date)));
        let asked = (notice.notice_date, 0, Step::ReasonsRequested(notice.notice_date));
        acts.extend(Some(asked).into_iter().chain(answer).filter(|act| facts.is_open_on(act.0)));
    }
    acts.sort_by_key(|(date, rank, _)| (*date, *rank));
    steps.extend(acts.into_iter().map(|(.., step)| step));
    Ok(())
}

fn extensions(facts: &Facts, deadline: &Deadline, steps: &mut Vec<Step>) {
    let period = PeriodKind::Reply;
    steps.push(Step::Allowed { period, length: period.law().0 });
    let refused = |date| {
        let mut disregarded = deadline.disregarded.iter();
        disregarded.any(|found| (found.date, found.act) == (date, ActKind::Extension))
    };
    let mut counted: Vec<_> =
        facts.extensions.iter().filter(|extension| !refused(extension.notice_date)).collect();
    counted.sort_unstable();
    for extension in counted {
        let (notice_date, stated) = (extension.notice_date, extension.working_days);
        steps.push(Step::Extended { notice_date, stated });
    }
    if deadline.extension > 0 {
        steps.push(Step::ExtendedBy(deadline.extension));
    }
}

/// The days of the period, from its start to its end.
fn stretches(
    facts: &Facts,
    deadline: &Deadline,
    calendar: &Calendar,
    due_date: LegalDate,
    steps: &mut Vec<Step>,
) -> Result<(), BeyondLedger> {
    let mut after = deadline.start.date;
    for pause in &deadline.pauses {
        if pause.after > after {
            steps.push(Step::Counted(Stretch::of(calendar, after, pause.after)));
        }
        let stretch = Stretch::of(calendar, pause.after, pause.until);
        steps.push(Step::Paused { stretch, by: paused_by(facts, pause, calendar)? });
        after = pause.until;
    }
    let paused: u16 =
        deadline.pauses.iter().fold(0, |sum, pause| sum.saturating_add(pause.len(calendar)));
    let total = deadline.allowance().saturating_add(paused);
    let counted_until =
        calendar.add_working_days(deadline.start.date, total).ok_or(BeyondLedger)?;
    if counted_until > after {
        steps.push(Step::Counted(Stretch::of(calendar, after, counted_until)));
        after = counted_until;
    }
    if due_date > after && deadline.postponed_until.is_some() {
        steps.push(Step::PutOff { stretch: Stretch::of(calendar, after, due_date) });
    }
    Ok(())
}

impl Pause {
    /// How many working days are not counted.
    #[must_use]
    pub fn len(&self, calendar: &Calendar) -> u16 {
        let worked = calendar.working_days_between(self.after, self.until);
        u16::try_from(worked).unwrap_or(0)
    }
}

fn paused_by(
    facts: &Facts,
    pause: &Pause,
    calendar: &Calendar,
) -> Result<Vec<PausedBy>, BeyondLedger> {
    let asked = pause.consultations.iter().filter_map(|index| facts.consultations.get(*index));
    let mut by = asked
        .map(|consultation| {
            Ok(PausedBy {
                sent_date: consultation.sent_date,
                consulted: consultation.consulted,
                answer_date: consultation.answer_date,
                limit_date: consultation.limit(calendar)?,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    by.sort_unstable();
    Ok(by)
}

fn changes(
    facts: &Facts,
    deadline: &Deadline,
    calendar: &Calendar,
    today: LegalDate,
) -> Vec<Change> {
    let mut changes = Vec::new();
    if deadline.is_provisional {
        changes.push(Change::CalendarNotice(calendar.covered_until()));
    }
    match deadline.standing {
        Standing::Concluded => return changes,
        Standing::AwaitingCorrection(_) => changes.push(Change::Correction),
        Standing::AwaitingPayment(_) => changes.push(Change::Payment),
        Standing::AwaitingOpinion(Some(until)) => changes.push(Change::EarlierOpinion(until)),
        Standing::AwaitingOpinion(None) => changes.push(Change::LaterOpinion),
        Standing::Running => {}
    }
    let Some(by) = deadline.due_date.filter(|due_date| today <= *due_date) else { return changes };
    let at_most = PeriodKind::Extension.working_days().unwrap_or(0);
    let at_most = at_most.saturating_sub(deadline.extension);
    if at_most > 0 && deadline.postponed_until.is_none() {
        changes.push(Change::Extension { at_most, by });
    }
    let notice = PeriodKind::CorrectionNotice.due(facts.receipt.date, calendar);
    if let Some(due) = notice.filter(|due| today <= due.due_date)
        && facts.corrections.is_empty()
    {
        changes.push(Change::CorrectionNotice(due.due_date));
    }
    changes
}

#[cfg(test)]
#[expect(clippy::wildcard_enum_match_arm, reason = "a test looks for some of the steps")]
mod tests {
    use std::{collections::BTreeSet, sync::LazyLock};

    use proptest::prelude::*;

    use super::{
        super::{
            Consultation, CorrectionRequest, Deadline, Extension, FeeNotice, Policy, Postponement,
            ReasonsNotice, findings, reply_deadline,
            script::{Case, cases, day},
        },
        *,
    };
    use crate::domain::calendar::Notices;

    const HISTORIES: &str = include_str!("../../../tests/fixtures/calendar/histories.txt");

    /// The days that are worked, set apart from the calendar's own tables: looked at one by one.
    fn worked(calendar: &Calendar) -> BTreeSet<LegalDate> {
        let days = crate::domain::calendar::DateRange {
            first: day("2018-01-01"),
            last: day("2029-12-31"),
        };
        days.days().filter(|day| calendar.is_working_day(*day)).collect()
    }

    /// Walks the steps day by day and gives the day on which the allowance is used up, or on which
    /// the reply was put off to; what does not follow on is refused.
    fn replayed(
        explanation: &Explanation,
        start: LegalDate,
        worked: &BTreeSet<LegalDate>,
    ) -> Option<LegalDate> {
        let (mut at, mut allowed, mut used, mut last) = (start, 0, 0, None);
        let mut walk = |stretch: &Stretch| {
            assert_eq!(stretch.after, at, "{explanation:#?}");
            let (mut days, mut off) = (0, Vec::new());
            while at < stretch.until {
                at = at.plus_days(1).unwrap();
                if worked.contains(&at) {
                    days += 1;
                    last = Some(at);
                } else {
                    off.push(at);
                }
            }
            assert_eq!(days, stretch.working_days);
            assert_eq!(off, stretch.days_off.iter().map(|day| day.date).collect::<Vec<_>>());
            days
        };
        for step in &explanation.steps {
            match step {
                Step::Allowed { length: Length::WorkingDays(days), .. }
                | Step::ExtendedBy(days) => allowed += days,
                Step::Counted(stretch) => used += walk(stretch),
                Step::Paused { stretch, .. } | Step::PutOff { stretch } => {
                    walk(stretch);
                }
                Step::Waiting(_) => return None,
                _ => {}
            }
        }
        assert_eq!(used, allowed, "{explanation:#?}");
        last
    }

    #[track_caller]
    fn adds_up(facts: &Facts, deadline: &Deadline, calendar: &Calendar, today: LegalDate) {
        let explanation = explain(facts, deadline, calendar, today).unwrap();
        assert_eq!(explanation.due_date(), deadline.due_date);
        if deadline.postponed_until.is_none() {
            let replayed = replayed(&explanation, deadline.start.date, &worked(calendar));
            assert_eq!(replayed, deadline.due_date, "{explanation:#?}");
        }
    }

    fn case(name: &str) -> Case {
        cases(HISTORIES).into_iter().find(|case| case.name.starts_with(name)).unwrap()
    }

    #[test]
    fn every_history_adds_up() {
        for case in cases(HISTORIES) {
            adds_up(&case.facts, &case.deadline(), &case.calendar, case.today);
        }
    }

    #[test]
    fn the_notice_that_prolonged_a_festival_is_named() {
        let off = |name: &str| {
            let steps = case(name).explanation().steps;
            let counted = steps.into_iter().find_map(|step| match step {
                Step::Counted(stretch) => Some(stretch),
                _ => None,
            });
            let off = counted.unwrap().days_off;
            let by = |date: &str| {
                off.iter().find(|off| off.date == day(date)).map(|off| off.by.clone().unwrap())
            };
            ["2020-01-31", "2020-02-01", "2020-01-30"].map(|date| {
                by(date).map(|by| (by.number.as_str().to_owned(), by.occasion.as_str().to_owned()))
            })
        };
        let named = |number: &str| Some((number.to_owned(), "春节".to_owned()));
        let (annual, extending) = (named("国办发明电〔2019〕16号"), named("国办发明电〔2020〕1号"));
        assert_eq!(off("the Spring Festival of 2020, as known"), [None, None, annual.clone()]);
        assert_eq!(
            off("the Spring Festival of 2020, after"),
            [extending.clone(), extending, annual]
        );
    }

    #[test]
    fn what_would_change_it_is_named() {
        let changes = |name: &str| case(name).explanation().changes;
        let extension = |at_most, by| Change::Extension { at_most, by: day(by) };
        assert_eq!(
            changes("received and nothing more"),
            [extension(20, "2025-03-31"), Change::CorrectionNotice(day("2025-03-12"))]
        );
        assert_eq!(
            changes("a third party that does not answer"),
            [Change::EarlierOpinion(day("2025-03-31")), extension(20, "2025-04-22")]
        );
        assert_eq!(changes("asked to correct"), [Change::Correction]);
        assert_eq!(changes("a fee notified"), [Change::Payment]);
        assert_eq!(changes("more than twenty"), []);
        assert_eq!(changes("on the due date"), []);
        assert_eq!(
            changes("beyond what the notices settle"),
            [
                Change::CalendarNotice(Some(day("2026-11-30"))),
                extension(20, "2026-12-18"),
                Change::CorrectionNotice(day("2026-12-01")),
            ]
        );
    }

    #[test]
    fn a_period_that_ends_on_a_day_off_says_which_days_it_passed_over() {
        let calendar = Notices::built_in().calendar();
        let explanation =
            explain_period(PeriodKind::ReviewFiling, day("2025-08-06"), &calendar).unwrap();
        let moved = explanation.steps.iter().find_map(|step| match step {
            Step::Moved { nominal_date, days_off } => Some((*nominal_date, days_off)),
            _ => None,
        });
        let (nominal_date, days_off) = moved.unwrap();
        assert_eq!(nominal_date, day("2025-10-05"));
        let off: Vec<_> = days_off.iter().map(|off| off.date.date().day()).collect();
        assert_eq!(off, [5, 6, 7, 8]);
        assert_eq!(explanation.due_date(), Some(day("2025-10-09")));
        for &period in PeriodKind::ALL {
            if let Some(explanation) = explain_period(period, day("2025-03-03"), &calendar)
                && period.working_days().is_some()
            {
                let replayed = replayed(&explanation, day("2025-03-03"), &worked(&calendar));
                assert_eq!(replayed, explanation.due_date(), "{period}");
            }
        }
    }

    static CALENDAR: LazyLock<Calendar> = LazyLock::new(|| Notices::built_in().calendar());

    fn date(days: std::ops::Range<i32>) -> impl Strategy<Value = LegalDate> {
        days.prop_map(|days| day("2024-01-01").plus_days(days).unwrap())
    }

    fn act() -> impl Strategy<Value = LegalDate> {
        date(0..120)
    }

    prop_compose! {
        fn consultation()(
            sent_date in act(),
            consulted in 0..Consulted::ALL.len(),
            delivered in proptest::option::of(0..9_i32),
            answered in proptest::option::of(0..60_i32),
        ) -> Consultation {
            let after = |days: Option<i32>| days.map(|days| sent_date.plus_days(days).unwrap());
            Consultation {
                sent_date,
                consulted: Consulted::ALL[consulted],
                delivery_date: after(delivered),
                answer_date: after(answered),
            }
        }
    }

    prop_compose! {
        fn facts()(
            receipt in date(0..20),
            consultations in proptest::collection::vec(consultation(), 0..5),
            corrections in proptest::collection::vec(
                (act(), proptest::option::of(0..40_i32), proptest::option::of(0..40_i32)), 0..3),
            extensions in proptest::collection::vec((act(), 0..40_u16), 0..3),
            fees in proptest::collection::vec((act(), proptest::option::of(0..40_i32)), 0..2),
            reasons in proptest::collection::vec((act(), proptest::option::of(0..40_i32)), 0..3),
            postponed in proptest::option::of((act(), act())),
            replied in proptest::option::of(act()),
        ) -> Facts {
            let mut facts = Facts::new(Receipt::stated(receipt));
            let after = |date: LegalDate, days: Option<i32>| days.and_then(|d| date.plus_days(d));
            facts.consultations = consultations;
            facts.corrections = corrections
                .into_iter()
                .map(|(notice_date, by, corrected)| CorrectionRequest {
                    notice_date,
                    correct_by: after(notice_date, by),
                    corrected_date: after(notice_date, corrected),
                })
                .collect();
            facts.extensions = extensions
                .into_iter()
                .map(|(notice_date, working_days)| Extension { notice_date, working_days })
                .collect();
            facts.fees = fees
                .into_iter()
                .map(|(notice_date, paid)| FeeNotice {
                    notice_date,
                    delivery_date: None,
                    payment_date: after(notice_date, paid),
                })
                .collect();
            facts.reasons = reasons
                .into_iter()
                .map(|(notice_date, answered)| ReasonsNotice {
                    notice_date,
                    answer_date: after(notice_date, answered),
                })
                .collect();
            facts.postponements = postponed
                .into_iter()
                .map(|(notice_date, until)| Postponement { notice_date, until })
                .collect();
            facts.conclusion = replied.map(|date| super::super::Conclusion {
                kind: super::super::ConclusionKind::Replied,
                date,
            });
            facts
        }
    }

    proptest! {
        #[test]
        fn an_explanation_adds_up_to_the_due_date(facts in facts(), today in date(0..200)) {
            let calendar = &*CALENDAR;
            let policy = Policy::default();
            let deadline = reply_deadline(&facts, policy, calendar, today).unwrap();
            adds_up(&facts, &deadline, calendar, today);
            findings(&facts, policy, &deadline, calendar, today).unwrap();
            if let (Some(due), None) = (deadline.due_date, deadline.postponed_until) {
                let allowance = i32::from(deadline.allowance());
                prop_assert_eq!(i32::from(deadline.taken(calendar, due)), allowance);
                prop_assert_eq!(deadline.remaining(calendar, due), Some(0));
            }
        }

        #[test]
        fn the_order_in_which_acts_are_listed_is_irrelevant(
            facts in facts(),
            today in date(0..200),
            turn in 0..5_usize,
        ) {
            let calendar = &*CALENDAR;
            let derived = |facts: &Facts| {
                let mut deadline =
                    reply_deadline(facts, Policy::default(), calendar, today).unwrap();
                let found =
                    findings(facts, Policy::default(), &deadline, calendar, today).unwrap();
                let explained = explain(facts, &deadline, calendar, today).unwrap();
                // The places in the list are those of the list.
                deadline.pauses.iter_mut().for_each(|pause| pause.consultations.sort_unstable());
                let places: usize =
                    deadline.pauses.iter().map(|pause| pause.consultations.len()).sum();
                deadline.pauses.iter_mut().for_each(|pause| pause.consultations.clear());
                (deadline, places, found, explained)
            };
            let mut turned = facts.clone();
            turned.consultations.reverse();
            let places = turned.consultations.len().max(1);
            turned.consultations.rotate_left(turn % places);
            turned.corrections.reverse();
            turned.extensions.reverse();
            turned.fees.reverse();
            turned.reasons.reverse();
            prop_assert_eq!(derived(&facts), derived(&turned));
        }

        #[test]
        fn an_opinion_never_brings_the_due_date_forward(
            mut facts in facts(),
            more in consultation(),
            today in date(0..200),
        ) {
            let calendar = &*CALENDAR;
            let due = |facts: &Facts| {
                reply_deadline(facts, Policy::default(), calendar, today).unwrap().due_date
            };
            let before = due(&facts);
            facts.consultations.push(more);
            let after = due(&facts);
            prop_assert_eq!(before.is_some(), after.is_some());
            prop_assert!(before <= after);
        }
    }
}
