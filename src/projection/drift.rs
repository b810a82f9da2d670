//! Drift: what a published report says otherwise than the register now does, as findings.

use jiff::tz::Offset;

use super::{AsOf, DatedCause, Projection, QueryError, ReportReading, Statement, StatementOf};
use crate::{
    domain::publication::{Cause, CauseEvent, CauseKind},
    statistics::{
        Finding,
        catalogue::{CheckId, Form, Severity},
        changes,
    },
    store::GlobalPosition,
};

impl Projection {
    /// Draws up a statement, with a finding for each cause that makes the latest version published
    /// of it differ from the register.
    ///
    /// # Errors
    ///
    /// As [`Projection::statement`].
    pub async fn reviewed(
        &self,
        as_of: AsOf,
        of: &StatementOf,
    ) -> Result<(Statement, GlobalPosition), QueryError> {
        let (mut statement, position) = self.statement(as_of, of).await?;
        let drift = self.drift(of, &statement, position).await?;
        statement.findings.extend(drift);
        Ok((statement, position))
    }

    async fn drift(
        &self,
        of: &StatementOf,
        statement: &Statement,
        position: GlobalPosition,
    ) -> Result<Vec<Finding>, QueryError> {
        let form = statement.tables.form();
        let is_comparable = |published: &&super::PublishedReport| {
            // What was taken in as given need not follow from the register.
            published.position.is_some() && published.tables.form().id == form.id
        };
        let Some(published) = statement.published.as_ref().filter(is_comparable) else {
            return Ok(Vec::new());
        };
        let says_the_same = changes(&published.tables, &statement.tables).is_empty()
            && published.sections.as_ref() == Some(&statement.sections);
        if says_the_same {
            return Ok(Vec::new());
        }
        let now = ReportReading::of_statement(statement.clone(), position);
        let then = published.clone().reading();
        let difference = self.difference(of, &then, &now).await?;
        let since = format!("第 {} 版（{} 公布）", published.version, published.publication_date);
        let finding = |found: &DatedCause| {
            let message = format!("报告{since}之后有变动：{}", sentence(form, found));
            let place = match &*found.cause.subject {
                "" => found.cause.kind.key(),
                subject => subject,
            };
            let cells = found.cause.moves.keys().map(ToString::to_string).collect();
            let finding = Finding::at(CheckId::DRIFT, Severity::Warning, place, message);
            Finding { cells, ..finding }
        };
        Ok(difference.causes.iter().map(finding).collect())
    }
}

/// What a cause is, in one Chinese sentence.
#[must_use]
pub fn sentence(form: &Form, found: &DatedCause) -> String {
    let DatedCause { cause, record_times } = found;
    let Cause { kind, agency_id, subject, moves, events } = cause;
    let what = match kind {
        CauseKind::Application => format!("{agency_id} 的申请 {subject}"),
        CauseKind::Case => format!("{agency_id} 的案件 {subject}"),
        CauseKind::Figure => format!("{agency_id} 申报的主动公开数字 {subject}"),
        CauseKind::Section => format!("文字部分 {subject}"),
        CauseKind::Membership => format!("{agency_id} 的隶属关系"),
        CauseKind::Policy => "统计口径".to_owned(),
        CauseKind::Given => "系统外年报所载数字与登记不一致".to_owned(),
    };
    let when = |(event, time): (&CauseEvent, &jiff::Timestamp)| {
        let recorded = Offset::constant(8).to_datetime(*time).date();
        let (name, date, position) = (in_chinese(&event.name), event.date, event.position);
        format!("{name}（生效 {date}，登记 {recorded}，序号 {position}）")
    };
    let events: Vec<_> = events.iter().zip(record_times).map(when).collect();
    let events =
        if events.is_empty() { String::new() } else { format!("，{}", events.join("、")) };
    let named = |cell: &str, delta: &i64| {
        let Some(place) = form.find_cell(cell) else { return format!("{cell} {delta:+}") };
        let sign = if *delta > 0 { "+" } else { "" };
        format!("{} {sign}{}", form.cell_label(place), form.printed(place, *delta))
    };
    let moved: Vec<_> = moves.iter().take(FEW).map(|(cell, delta)| named(cell, delta)).collect();
    let more = if moves.len() > FEW { format!("等 {} 格", moves.len()) } else { String::new() };
    let moved =
        if moved.is_empty() { String::new() } else { format!("；{}{more}", moved.join("，")) };
    format!("{what}{events}{moved}")
}

/// How many cells a sentence names.
const FEW: usize = 3;

/// What happened, in Chinese, by the name of its event.
fn in_chinese(name: &str) -> &str {
    match name {
        "ApplicationReceived" => "收到申请",
        "ApplicationDecided" => "作出处理",
        "ApplicationWithdrawn" => "申请人撤回",
        "ApplicationEntryCorrected" => "登记更正",
        "ApplicationReopened" => "恢复办理",
        "ApplicationEntryVoided" => "登记作废",
        "DecisionAmended" => "处理决定变更",
        "RemedyFiled" => "案件提起",
        "RemedyConcluded" => "案件审结",
        "ProactiveFiguresDeclared" => "数字申报",
        "NarrativeSectionSet" => "文字改写",
        "AgencyRegistered" => "机关登记",
        "AgencyReparented" => "隶属关系调整",
        other => other,
    }
}
