//! Deadlines and their explanations.

use super::{Fields, application::application_id, calendar, page_size};
use crate::{
    domain::{
        AgencyId, ApplicationId, LegalDate,
        calendar::Calendar,
        deadline::{
            Assessment, Change, Disregarded, Explanation, Facts, Finding, Length, Standing, Step,
            Stretch,
        },
        timeliness::{Promptness, Timeliness},
    },
    projection::{
        DeadlineEntry, DeadlinePlace, DeadlineUpdate, Selection, UpdateBatch, UpdateCause, WatchOf,
    },
    render::{explanation_in_chinese, explanation_in_english},
    server::refused::Refused,
    store::GlobalPosition,
    wire::{
        Coded, civil_date,
        pb::{event::v1::CivilDate, v1 as pb},
    },
};

/// The most working days within which deadlines are listed.
const MOST_WORKING_DAYS: i32 = 1000;

/// Which deadline is asked for.
pub(crate) struct DeadlineOf {
    pub(crate) agency_id: AgencyId,
    pub(crate) application_id: ApplicationId,
    pub(crate) known_date: Option<LegalDate>,
    pub(crate) as_of: Option<GlobalPosition>,
}

/// Which page of deadlines is asked for.
pub(crate) struct DeadlinePage {
    pub(crate) agency_id: AgencyId,
    pub(crate) subtree: bool,
    pub(crate) selection: Selection,
    pub(crate) after: Option<DeadlinePlace>,
    pub(crate) size: usize,
}

/// The deadline that a request asks for.
pub(crate) fn deadline_of(
    agency_id: &str,
    id: &str,
    known_date: Option<CivilDate>,
    as_of_position: u64,
) -> Result<DeadlineOf, Refused> {
    let mut fields = Fields::default();
    let agency_id = fields.id("agency_id", agency_id, AgencyId::parse);
    let id = application_id(&mut fields, id);
    let known_date = fields.optional_date("known_date", known_date);
    let as_of = Some(as_of_position).filter(|at| *at > 0).map(GlobalPosition::new);
    let whole = agency_id.zip(id);
    let (agency_id, application_id) = fields.finish(whole)?;
    Ok(DeadlineOf { agency_id, application_id, known_date, as_of })
}

/// The page that a request asks for.
pub(crate) fn page(request: &pb::ListDeadlinesRequest) -> Result<DeadlinePage, Refused> {
    let mut fields = Fields::default();
    let size = page_size(&mut fields, request.page_size);
    let agency_id = fields.id("agency_id", &request.agency_id, AgencyId::parse);
    let token = request.page_token.as_str();
    let after = if token.is_empty() { None } else { DeadlinePlace::parse(token) };
    if after.is_none() && !token.is_empty() {
        fields.fault("page_token", format!("{token:?} is not what a page named as its end"));
    }
    let selection = selection(&mut fields, request);
    let whole = (|| Some((agency_id?, selection?, size?)))();
    let (agency_id, selection, size) = fields.finish(whole)?;
    Ok(DeadlinePage { agency_id, subtree: request.include_subtree, selection, after, size })
}

/// What a request asks to watch, today.
pub(crate) fn watch(
    request: &pb::WatchDeadlinesRequest,
    today: LegalDate,
) -> Result<WatchOf, Refused> {
    let mut fields = Fields::default();
    let agency_id = fields.id("agency_id", &request.agency_id, AgencyId::parse);
    let told_on = fields.optional_date("after_date", request.after_date);
    if told_on.is_some_and(|told_on| told_on > today) {
        fields.fault("after_date", format!("is after today, {today}"));
    }
    if told_on.is_some() && request.after_position == 0 {
        fields.fault("after_date", "belongs with after_position only");
    }
    let agency_id = fields.finish(agency_id)?;
    Ok(WatchOf {
        agency_id,
        subtree: request.include_subtree,
        after: GlobalPosition::new(request.after_position),
        told_on: told_on.unwrap_or(today),
    })
}

/// A batch of a watch.
pub(crate) fn watched(batch: &UpdateBatch) -> pb::WatchDeadlinesResponse {
    pb::WatchDeadlinesResponse {
        updates: batch.updates.iter().map(update).collect(),
        position: batch.position.get(),
        asked_date: day(batch.today),
    }
}

fn update(update: &DeadlineUpdate) -> pb::DeadlineUpdate {
    let DeadlineUpdate { cause, position, before, after } = update;
    let told = after.as_ref().or(before.as_ref());
    pb::DeadlineUpdate {
        agency_id: told.map(|entry| entry.agency_id.to_string()).unwrap_or_default(),
        application_id: told.map(|entry| entry.application_id.to_string()).unwrap_or_default(),
        cause: cause_code(*cause),
        position: position.get(),
        before: before.as_ref().map(listed),
        after: after.as_ref().map(listed),
    }
}

fn cause_code(cause: UpdateCause) -> i32 {
    match cause {
        UpdateCause::Standing => pb::DeadlineUpdateCause::Standing,
        UpdateCause::Act => pb::DeadlineUpdateCause::Act,
        UpdateCause::Notice => pb::DeadlineUpdateCause::Notice,
        UpdateCause::Tree => pb::DeadlineUpdateCause::Tree,
        UpdateCause::Day => pb::DeadlineUpdateCause::Day,
    }
    .into()
}

fn selection(fields: &mut Fields, request: &pb::ListDeadlinesRequest) -> Option<Selection> {
    let within = request.within_working_days;
    let Ok(selection) = pb::DeadlineSelection::try_from(request.selection) else {
        fields.fault("selection", format!("{} is not a value of the list", request.selection));
        return None;
    };
    if selection != pb::DeadlineSelection::Due && within != 0 {
        fields.fault("within_working_days", "belongs with DEADLINE_SELECTION_DUE only");
        return None;
    }
    match selection {
        pb::DeadlineSelection::Unspecified => Some(Selection::All),
        pb::DeadlineSelection::Overdue => Some(Selection::Overdue),
        pb::DeadlineSelection::Waiting => Some(Selection::Waiting),
        pb::DeadlineSelection::Due => {
            let days = u16::try_from(within).ok().filter(|_| within <= MOST_WORKING_DAYS);
            if days.is_none() {
                let what = format!("{within} is not a number from 0 to {MOST_WORKING_DAYS}");
                fields.fault("within_working_days", what);
            }
            days.map(Selection::Due)
        }
    }
}

/// The deadline of an open application in a list.
pub(crate) fn listed(entry: &DeadlineEntry) -> pb::Deadline {
    let (agency_id, id) = (&entry.agency_id, &entry.application_id);
    match &entry.assessment {
        Some(assessment) => deadline(agency_id, id, &entry.facts, assessment),
        None => of_application(agency_id, id, &entry.facts, pb::DeadlineState::Running.into()),
    }
}

/// A deadline.
pub(crate) fn deadline(
    agency_id: &AgencyId,
    id: &ApplicationId,
    facts: &Facts,
    assessment: &Assessment,
) -> pb::Deadline {
    let Assessment { deadline, state, remaining, taken } = assessment;
    pb::Deadline {
        start_date: day(deadline.start.date),
        start: deadline.start.basis.code(),
        due_date: deadline.due_date.and_then(day),
        is_provisional: deadline.is_provisional,
        remaining_working_days: *remaining,
        allowed_working_days: deadline.allowance().into(),
        extended_working_days: deadline.extension.into(),
        awaited_date: deadline.standing.awaited().and_then(day),
        taken_working_days: taken.map(i32::from),
        ..of_application(agency_id, id, facts, state.code())
    }
}

fn of_application(
    agency_id: &AgencyId,
    id: &ApplicationId,
    facts: &Facts,
    state: i32,
) -> pb::Deadline {
    pb::Deadline {
        agency_id: agency_id.to_string(),
        application_id: id.to_string(),
        state,
        receipt_date: day(facts.receipt.date),
        conclusion_date: facts.conclusion.and_then(|end| day(end.date)),
        ..Default::default()
    }
}

/// The rule that gives the receipt date.
pub(crate) fn receipt_rule(facts: &Facts) -> i32 {
    facts.receipt.rule.code()
}

pub(crate) fn finding(finding: &Finding) -> pb::DeadlineFinding {
    pb::DeadlineFinding {
        id: finding.id.key().to_owned(),
        act_date: day(finding.date),
        limit_date: finding.limit_date.and_then(day),
        working_days: finding.working_days.map(i32::from),
    }
}

/// The steps of an explanation and what would change it, each with its sentences.
pub(crate) fn explanation(
    explanation: &Explanation,
    calendar: &Calendar,
) -> (Vec<pb::DeadlineStep>, Vec<pb::DeadlineChange>) {
    let chinese = explanation_in_chinese(explanation);
    let mut sentences = chinese.into_iter().zip(explanation_in_english(explanation));
    let steps = explanation.steps.iter().zip(sentences.by_ref());
    let steps = steps
        .map(|(said, (chinese, english))| pb::DeadlineStep {
            chinese,
            english,
            ..step(said, calendar)
        })
        .collect();
    let changes = explanation.changes.iter().zip(sentences);
    let changes = changes
        .map(|(said, (chinese, english))| pb::DeadlineChange { chinese, english, ..change(*said) })
        .collect();
    (steps, changes)
}

fn step(step: &Step, calendar: &Calendar) -> pb::DeadlineStep {
    use pb::DeadlineStepKind as Kind;
    let at = |kind: Kind, date: Option<LegalDate>| pb::DeadlineStep {
        kind: kind.into(),
        step_date: date.and_then(day),
        ..Default::default()
    };
    let over = |kind, days: &Stretch| stretch(at(kind, Some(days.until)), days, calendar);
    match step {
        Step::Received(receipt) => {
            let key = receipt.rule.key().to_owned();
            pb::DeadlineStep { key, ..at(Kind::Received, Some(receipt.date)) }
        }
        Step::Started(date) => at(Kind::Received, Some(*date)),
        Step::CorrectionRequested { notice_date, correct_by } => pb::DeadlineStep {
            limit_date: correct_by.and_then(day),
            ..at(Kind::CorrectionRequested, Some(*notice_date))
        },
        Step::FeeNotified { notice_date, pay_by } => pb::DeadlineStep {
            limit_date: day(*pay_by),
            ..at(Kind::FeeNotified, Some(*notice_date))
        },
        Step::ReasonsRequested(date) => at(Kind::ReasonsRequested, Some(*date)),
        Step::ReasonsReceived(date) => at(Kind::ReasonsReceived, Some(*date)),
        Step::Restarted { date, because } => {
            let key = because.key().to_owned();
            pb::DeadlineStep { key, ..at(Kind::Restarted, Some(*date)) }
        }
        Step::Allowed { period, length } => {
            let working_days = match length {
                Length::WorkingDays(days) => i32::from(*days),
                Length::Days(_) | Length::Months(_) | Length::SetByAgency => 0,
            };
            let key = period.key().to_owned();
            pb::DeadlineStep { key, working_days, ..at(Kind::Allowed, None) }
        }
        Step::Extended { notice_date, stated } => pb::DeadlineStep {
            working_days: i32::from(*stated),
            ..at(Kind::Extended, Some(*notice_date))
        },
        Step::ExtendedBy(days) => {
            pb::DeadlineStep { working_days: i32::from(*days), ..at(Kind::ExtendedBy, None) }
        }
        Step::Counted(days) => over(Kind::Counted, days),
        Step::Paused { stretch: days, .. } => over(Kind::Paused, days),
        Step::PutOff { stretch: days } => over(Kind::PutOff, days),
        Step::Moved { nominal_date, days_off } => pb::DeadlineStep {
            days_off: days_off.iter().map(|off| calendar::day(calendar, off.date)).collect(),
            ..at(Kind::Counted, Some(*nominal_date))
        },
        Step::Disregarded(Disregarded { date, act, because }) => pb::DeadlineStep {
            key: format!("{act}.{because}"),
            ..at(Kind::Disregarded, Some(*date))
        },
        Step::Waiting(standing) => pb::DeadlineStep {
            key: standing_key(*standing).to_owned(),
            limit_date: standing.awaited().and_then(day),
            ..at(Kind::Waiting, None)
        },
        Step::Due { date, .. } => at(Kind::Due, Some(*date)),
    }
}

const fn standing_key(standing: Standing) -> &'static str {
    match standing {
        Standing::AwaitingCorrection(_) => "correction",
        Standing::AwaitingPayment(_) => "payment",
        Standing::AwaitingOpinion(_) => "opinion",
        Standing::Running | Standing::Concluded => "",
    }
}

fn stretch(step: pb::DeadlineStep, days: &Stretch, calendar: &Calendar) -> pb::DeadlineStep {
    let off = days.days_off.iter().map(|off| calendar::day(calendar, off.date));
    let worked = days.weekends_worked.iter().map(|(day, _)| calendar::day(calendar, *day));
    pb::DeadlineStep {
        after_date: day(days.after),
        working_days: days.working_days.into(),
        days_off: off.collect(),
        weekends_worked: worked.collect(),
        ..step
    }
}

fn change(change: Change) -> pb::DeadlineChange {
    use pb::DeadlineChangeKind as Kind;
    let (kind, date, working_days) = match change {
        Change::CalendarNotice(after) => (Kind::CalendarNotice, after, 0),
        Change::EarlierOpinion(before) => (Kind::EarlierOpinion, Some(before), 0),
        Change::LaterOpinion => (Kind::LaterOpinion, None, 0),
        Change::Correction => (Kind::Correction, None, 0),
        Change::Payment => (Kind::Payment, None, 0),
        Change::Extension { at_most, by } => (Kind::Extension, Some(by), at_most),
        Change::CorrectionNotice(by) => (Kind::CorrectionNotice, Some(by), 0),
    };
    pb::DeadlineChange {
        kind: kind.into(),
        change_date: date.and_then(day),
        working_days: working_days.into(),
        ..Default::default()
    }
}

pub(crate) fn timeliness(
    found: &Timeliness,
    position: GlobalPosition,
) -> pb::GetTimelinessResponse {
    let counts = found.by_working_days().map(|(working_days, replies)| pb::TimelinessCount {
        working_days: working_days.into(),
        replies,
    });
    pb::GetTimelinessResponse {
        replies: found.replies(),
        prompt_replies: found.count(Promptness::InTime),
        extended_replies: found.count(Promptness::Extended),
        late_replies: found.count(Promptness::Late),
        median_working_days: found.median().map(i32::from),
        ninetieth_working_days: found.percentile(90).map(i32::from),
        counts: counts.collect(),
        position: position.get(),
    }
}

/// A date as the wire carries it.
#[expect(clippy::unnecessary_wraps, reason = "fields of messages are optional")]
pub(crate) fn day(date: LegalDate) -> Option<CivilDate> {
    Some(civil_date(date.date()))
}
