//! `disclosure deadlines`, `disclosure explain` and `disclosure timeliness`.

use serde_json::{Value, json};

use super::{
    Failure, Outcome, Output,
    args::{DeadlinesOptions, ExplainOptions, YearOptions},
    calendar::{date, named_day},
    client::connect,
};
use crate::{
    domain::deadline::{DeadlineState, ReceiptRule, StartBasis},
    wire::{
        Coded, civil_date,
        pb::v1::{self as pb, deadline_service_client::DeadlineServiceClient},
    },
};

pub(super) async fn run(
    server: &str,
    options: DeadlinesOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    if options.watch {
        return watch(server, options, output).await;
    }
    let DeadlinesOptions { agency, subtree, overdue, within, waiting, .. } = options;
    let selection = match within {
        Some(_) => pb::DeadlineSelection::Due,
        None if overdue => pb::DeadlineSelection::Overdue,
        None if waiting => pb::DeadlineSelection::Waiting,
        None => pb::DeadlineSelection::Unspecified,
    };
    let mut client = DeadlineServiceClient::new(connect(server).await?);
    let mut page_token = String::new();
    loop {
        let request = pb::ListDeadlinesRequest {
            page_size: 1000,
            page_token,
            agency_id: agency.clone(),
            include_subtree: subtree,
            selection: selection.into(),
            within_working_days: within.map_or(0, i32::from),
        };
        let page = client.list_deadlines(request).await?.into_inner();
        for deadline in &page.deadlines {
            output.summary(line(deadline), &object(deadline));
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(Outcome::Done);
        }
    }
}

/// Prints updates as they come.
async fn watch(
    server: &str,
    options: DeadlinesOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let request = pb::WatchDeadlinesRequest {
        agency_id: options.agency,
        include_subtree: options.subtree,
        after_position: options.after.unwrap_or(0),
        after_date: None,
    };
    let mut client = DeadlineServiceClient::new(connect(server).await?);
    let mut told = client.watch_deadlines(request).await?.into_inner();
    while let Some(message) = told.message().await? {
        for update in &message.updates {
            let cause = key(update.cause().as_str_name(), "DEADLINE_UPDATE_CAUSE_");
            let object = json!({
                "position": update.position,
                "date": date(message.asked_date),
                "cause": cause,
                "agency": update.agency_id,
                "application": update.application_id,
                "before": update.before.as_ref().map(object),
                "after": update.after.as_ref().map(object),
            });
            output.summary(update_line(update, &cause), &object);
        }
    }
    Ok(Outcome::Done)
}

/// Position, cause, agency, application; how it was and how it is, state and due date each.
fn update_line(update: &pb::DeadlineUpdate, cause: &str) -> String {
    let stands = |deadline: &Option<pb::Deadline>| match deadline {
        Some(found) => {
            let due = date(found.due_date).unwrap_or_default();
            format!("{} {due}", state(found)).trim_end().to_owned()
        }
        None => "-".to_owned(),
    };
    let pb::DeadlineUpdate { position, agency_id, application_id, before, after, .. } = update;
    let (before, after) = (stands(before), stands(after));
    format!("{position}\t{cause}\t{agency_id}\t{application_id}\t{before}\t{after}")
}

/// Due date, working days left, state, agency, application.
fn line(deadline: &pb::Deadline) -> String {
    let due = date(deadline.due_date).unwrap_or_default();
    let left = deadline.remaining_working_days.map(|left| left.to_string()).unwrap_or_default();
    let provisional = if deadline.is_provisional { "\tprovisional" } else { "" };
    let pb::Deadline { agency_id, application_id, .. } = deadline;
    format!("{due}\t{left}\t{}\t{agency_id}\t{application_id}{provisional}", state(deadline))
}

fn state(deadline: &pb::Deadline) -> &'static str {
    DeadlineState::from_code(deadline.state).ok().flatten().map_or("", DeadlineState::key)
}

fn object(deadline: &pb::Deadline) -> Value {
    let start = StartBasis::from_code(deadline.start).ok().flatten();
    json!({
        "agency": deadline.agency_id,
        "application": deadline.application_id,
        "state": state(deadline),
        "receipt_date": date(deadline.receipt_date),
        "start_date": date(deadline.start_date),
        "start": start.map(StartBasis::key),
        "due_date": date(deadline.due_date),
        "provisional": deadline.is_provisional,
        "remaining_working_days": deadline.remaining_working_days,
        "allowed_working_days": deadline.allowed_working_days,
        "extended_working_days": deadline.extended_working_days,
        "awaited_date": date(deadline.awaited_date),
        "conclusion_date": date(deadline.conclusion_date),
        "taken_working_days": deadline.taken_working_days,
    })
}

pub(super) async fn explain(
    server: &str,
    options: ExplainOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let ExplainOptions { agency, application, known } = options;
    let mut client = DeadlineServiceClient::new(connect(server).await?);
    let known_date = known.map(civil_date);
    let request = pb::ExplainDeadlineRequest {
        agency_id: agency.clone(),
        application_id: application.clone(),
        known_date,
        as_of_position: 0,
    };
    let explained = client.explain_deadline(request).await?.into_inner();
    if !output.json {
        for step in &explained.steps {
            output.line(&step.chinese);
        }
        for change in &explained.changes {
            output.line(&change.chinese);
        }
        return Ok(Outcome::Done);
    }
    let request = pb::GetDeadlineRequest {
        agency_id: agency,
        application_id: application,
        known_date,
        as_of_position: explained.position,
    };
    let found = client.get_deadline(request).await?.into_inner();
    output.line(explanation(&explained, &found));
    Ok(Outcome::Done)
}

fn explanation(explained: &pb::ExplainDeadlineResponse, found: &pb::GetDeadlineResponse) -> Value {
    let rule = ReceiptRule::from_code(found.receipt_rule).ok().flatten();
    let deadline = explained.deadline.as_ref().map(object);
    json!({
        "deadline": deadline,
        "receipt_rule": rule.map(ReceiptRule::key),
        "steps": explained.steps.iter().map(step).collect::<Vec<_>>(),
        "changes": explained.changes.iter().map(change).collect::<Vec<_>>(),
        "findings": found.findings.iter().map(finding).collect::<Vec<_>>(),
        "asked_date": date(explained.asked_date),
        "known_date": date(explained.known_date),
        "position": explained.position,
    })
}

fn step(step: &pb::DeadlineStep) -> Value {
    let days = |days: &[pb::CalendarDay]| days.iter().map(named_day).collect::<Vec<_>>();
    json!({
        "kind": key(step.kind().as_str_name(), "DEADLINE_STEP_KIND_"),
        "date": date(step.step_date),
        "after_date": date(step.after_date),
        "limit_date": date(step.limit_date),
        "working_days": step.working_days,
        "days_off": days(&step.days_off),
        "weekends_worked": days(&step.weekends_worked),
        "key": step.key,
        "chinese": step.chinese,
        "english": step.english,
    })
}

fn change(change: &pb::DeadlineChange) -> Value {
    json!({
        "kind": key(change.kind().as_str_name(), "DEADLINE_CHANGE_KIND_"),
        "date": date(change.change_date),
        "working_days": change.working_days,
        "chinese": change.chinese,
        "english": change.english,
    })
}

pub(super) async fn timeliness(
    server: &str,
    options: YearOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let YearOptions { agency, year, subtree } = options;
    let request =
        pb::GetTimelinessRequest { agency_id: agency.clone(), year, include_subtree: subtree };
    let mut client = DeadlineServiceClient::new(connect(server).await?);
    let found = client.get_timeliness(request).await?.into_inner();
    let pb::GetTimelinessResponse { replies, prompt_replies, extended_replies, .. } = found;
    let late = found.late_replies;
    if output.json {
        let taken = |count: &pb::TimelinessCount| json!([count.working_days, count.replies]);
        output.line(json!({
            "agency": agency,
            "year": year,
            "subtree": subtree,
            "replies": replies,
            "prompt": prompt_replies,
            "extended": extended_replies,
            "late": late,
            "median_working_days": found.median_working_days,
            "ninetieth_working_days": found.ninetieth_working_days,
            "counts": found.counts.iter().map(taken).collect::<Vec<_>>(),
        }));
        return Ok(Outcome::Done);
    }
    output.line(format_args!(
        "答复{replies}件：按期{prompt_replies}件，延期内{extended_replies}件，逾期{late}件。"
    ));
    if let (Some(median), Some(ninetieth)) =
        (found.median_working_days, found.ninetieth_working_days)
    {
        output.line(format_args!(
            "用时中位数{median}个工作日，九成的答复不超过{ninetieth}个工作日。"
        ));
    }
    Ok(Outcome::Done)
}

fn finding(finding: &pb::DeadlineFinding) -> Value {
    json!({
        "id": finding.id,
        "date": date(finding.act_date),
        "limit_date": date(finding.limit_date),
        "working_days": finding.working_days,
    })
}

/// The key of a value that the wire alone names.
fn key(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_ascii_lowercase()
}
