//! `disclosure explain-cell`.

use serde_json::{Value, json};

use super::{
    Failure, Outcome, Output, args::ExplainCellOptions, calendar::date, client::connect,
    progress::Progress, report::as_of,
};
use crate::{
    domain::{
        ApplicantKind, Disposition,
        remedy::{RemedyKind, RemedyResult},
    },
    statistics::{
        catalogue::{CellKind, form_by_id},
        format_wan_yuan,
        labels::{applicant_kind_label, disposition_word, remedy_kind_label, remedy_result_label},
    },
    wire::{
        Coded,
        pb::v1::{
            self as pb, cell_entry::Subject, explain_cell_response::Part,
            statistics_service_client::StatisticsServiceClient,
        },
    },
};

/// How many entries come in one message.
const PAGE: i32 = 1000;

pub(super) async fn run(
    server: &str,
    options: ExplainCellOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let ExplainCellOptions { agency, year, cell, subtree, form, as_of: then } = options;
    let selector = pb::ReportSelector {
        agency_id: agency,
        year,
        subtree,
        form: form.unwrap_or_default(),
        as_of: then.as_deref().map(as_of).transpose()?,
    };
    let request = pb::ExplainCellRequest {
        selector: Some(selector),
        cell,
        page_size: PAGE,
        page_token: String::new(),
    };
    let mut client = StatisticsServiceClient::new(connect(server).await?);
    let mut parts = client.explain_cell(request).await?.into_inner();
    let mut list = List { amounts: false, progress: None, listed: 0 };
    while let Some(message) = parts.message().await? {
        match message.part {
            Some(Part::Explanation(explanation)) => list.begin(&explanation, year, output),
            Some(Part::Page(page)) => list.page(&page, output),
            None => {}
        }
    }
    if let Some(progress) = list.progress {
        progress.finish();
    }
    Ok(Outcome::Done)
}

/// A list as it comes in.
struct List {
    /// Whether its figures are amounts of money.
    amounts: bool,
    /// How far it has come; only if it is known how long it is.
    progress: Option<Progress>,
    listed: u64,
}

impl List {
    fn begin(&mut self, explanation: &pb::CellExplanation, year: i32, output: Output) {
        let form = form_by_id(&explanation.form);
        let cell = form.and_then(|form| Some(form.cell_kind(form.find_cell(&explanation.cell)?)));
        self.amounts = cell == Some(CellKind::Amount);
        if output.json {
            output.line(explanation_object(explanation));
            return;
        }
        let value = explanation.value.map_or("空白".to_owned(), |value| self.figure(value));
        output.line(format_args!("{year}年度{}：{value}", explanation.label));
        if let Some(rule) = &explanation.rule {
            output.line(format_args!("规则：{}", rule.chinese));
            output.line(format_args!("依据：{}", rule.chinese_source));
        }
        if let Some(blank) = &explanation.blank {
            output.line(format_args!("空白原因：{}", blank.chinese));
        }
        if !explanation.near_misses.is_empty() {
            output.line("未计入而相近的：");
        }
        for miss in &explanation.near_misses {
            let entry = miss.entry.as_ref().map(|entry| self.line(entry)).unwrap_or_default();
            output.line(format_args!("{entry}\t{}", miss.chinese));
        }
        let length = explanation.value.and_then(|value| u64::try_from(value).ok());
        let is_counted = cell == Some(CellKind::Count);
        self.progress = length.filter(|_| is_counted).map(|length| Progress::new(length, output));
    }

    fn page(&mut self, page: &pb::CellPage, output: Output) {
        for entry in &page.entries {
            if output.json {
                output.line(object(entry));
            } else {
                output.line(self.line(entry));
            }
        }
        self.listed = self.listed.saturating_add(page.entries.len() as u64);
        if let Some(progress) = &mut self.progress {
            progress.reach(self.listed, output);
        }
    }

    fn figure(&self, value: i64) -> String {
        if self.amounts { format!("{}万元", format_wan_yuan(value)) } else { value.to_string() }
    }

    /// Agency, application or case, what it is, its dates, and the event that put it there.
    fn line(&self, entry: &pb::CellEntry) -> String {
        let what = match &entry.subject {
            Some(Subject::Application(application)) => {
                let kind = ApplicantKind::from_code(application.applicant_kind).ok().flatten();
                let result = Disposition::from_code(application.disposition).ok().flatten();
                format!(
                    "{}\t{}\t收到{}\t{}",
                    application.application_id,
                    kind.map(applicant_kind_label).unwrap_or_default(),
                    date(application.receipt_date).unwrap_or_default(),
                    ended("办结", date(application.conclusion_date), result.map(disposition_word)),
                )
            }
            Some(Subject::Remedy(case)) => {
                let kind = RemedyKind::from_code(case.kind).ok().flatten();
                let result = RemedyResult::from_code(case.result).ok().flatten();
                format!(
                    "{}\t{}\t提出{}\t{}",
                    case.case_id,
                    kind.map(remedy_kind_label).unwrap_or_default(),
                    date(case.filing_date).unwrap_or_default(),
                    ended("审结", date(case.conclusion_date), result.map(remedy_result_label)),
                )
            }
            Some(Subject::Figure(figure)) => {
                format!("{}年度\t申报{}", figure.year, self.figure(figure.value))
            }
            None => String::new(),
        };
        let event = entry.deciding_event.as_ref().map(deciding).unwrap_or_default();
        format!("{}\t{what}{event}", entry.agency_id)
    }
}

fn ended(word: &str, on: Option<String>, result: Option<&str>) -> String {
    match on {
        Some(on) => format!("{word}{on}\t{}", result.unwrap_or_default()),
        None => format!("尚未{word}\t"),
    }
}

fn deciding(event: &pb::DecidingEvent) -> String {
    let name = word(&event.event_type);
    let on = date(event.effective_date).unwrap_or_default();
    let recorded = recorded(event).unwrap_or_default();
    format!("\t{name}{on}\t第{}号记录（{recorded}登记）", event.position)
}

fn recorded(event: &pb::DecidingEvent) -> Option<String> {
    let time = event.record_time?;
    Some(jiff::Timestamp::new(time.seconds, time.nanos).ok()?.to_string())
}

/// What a clerk calls an event that puts something into a cell.
fn word(event_type: &str) -> &str {
    let name = event_type.rsplit_once('.').map_or(event_type, |(_, name)| name);
    match name {
        "ApplicationReceived" => "收到申请",
        "ApplicationDecided" => "作出处理",
        "ApplicationWithdrawn" => "撤回申请",
        "ApplicationEntryCorrected" => "登记更正",
        "ApplicationReopened" => "恢复办理",
        "RemedyFiled" => "提出",
        "RemedyConcluded" => "审结",
        "ProactiveFiguresDeclared" => "申报",
        other => other,
    }
}

fn explanation_object(explanation: &pb::CellExplanation) -> Value {
    let rule = explanation.rule.as_ref();
    let rule = rule.map(|rule| {
        json!({
            "chinese": rule.chinese,
            "english": rule.english,
            "chinese_source": rule.chinese_source,
            "english_source": rule.english_source,
        })
    });
    let blank = explanation.blank.as_ref();
    let blank = blank.map(|blank| {
        json!({ "reason": blank.reason, "chinese": blank.chinese, "english": blank.english })
    });
    let near_miss = |miss: &pb::CellNearMiss| {
        json!({
            "entry": miss.entry.as_ref().map(object),
            "reason": miss.reason,
            "chinese": miss.chinese,
            "english": miss.english,
        })
    };
    json!({
        "cell": explanation.cell,
        "form": explanation.form,
        "label": explanation.label,
        "value": explanation.value,
        "as_of_position": explanation.as_of_position,
        "rule": rule,
        "blank": blank,
        "near_misses": explanation.near_misses.iter().map(near_miss).collect::<Vec<_>>(),
    })
}

fn object(entry: &pb::CellEntry) -> Value {
    let mut object = match &entry.subject {
        Some(Subject::Application(application)) => {
            let kind = ApplicantKind::from_code(application.applicant_kind).ok().flatten();
            let result = Disposition::from_code(application.disposition).ok().flatten();
            json!({
                "application": application.application_id,
                "applicant_kind": kind.map(ApplicantKind::key),
                "receipt_date": date(application.receipt_date),
                "conclusion_date": date(application.conclusion_date),
                "disposition": result.map(Disposition::key),
            })
        }
        Some(Subject::Remedy(case)) => {
            let kind = RemedyKind::from_code(case.kind).ok().flatten();
            let result = RemedyResult::from_code(case.result).ok().flatten();
            let about = Some(&case.application_id).filter(|id| !id.is_empty());
            json!({
                "case": case.case_id,
                "kind": kind.map(RemedyKind::key),
                "filing_date": date(case.filing_date),
                "conclusion_date": date(case.conclusion_date),
                "result": result.map(RemedyResult::key),
                "about": about,
            })
        }
        Some(Subject::Figure(figure)) => json!({ "year": figure.year, "value": figure.value }),
        None => json!({}),
    };
    let event = entry.deciding_event.as_ref().map(|event| {
        json!({
            "position": event.position,
            "event_type": event.event_type,
            "effective_date": date(event.effective_date),
            "record_time": recorded(event),
            "actor": event.actor,
        })
    });
    if let Some(fields) = object.as_object_mut() {
        fields.insert("agency".to_owned(), json!(entry.agency_id));
        fields.insert("event".to_owned(), json!(event));
    }
    object
}
