//! Rows of registers as the acts they stand for.

use std::collections::BTreeMap;

use super::{
    Fault, Row, Source, SourceKind,
    cells::{self, DATE},
    sheet::{Columns, Line, Sheet},
};
use crate::{
    domain::{ApplicationId, CaseId, ReportYear, ShortText, remedy::RemedyKind},
    statistics::{catalogue::form_for, labels},
    wire::{
        Coded,
        pb::{
            event::v1::{CivilDate, Figure},
            v1::{self as pb, record_rows_request::Command},
        },
    },
};

const APPLICATIONS: Columns = Columns {
    required: &["application_id", "applicant_kind", "receipt_date"],
    optional: &["conclusion_date", "disposition", "channel", "document_no"],
};

const REMEDIES: Columns = Columns {
    required: &["case_id", "kind", "filed_date"],
    optional: &["concluded_date", "result", "application_id"],
};

const PROACTIVE: Columns = Columns { required: &["year", "cell", "value"], optional: &[] };

const ID: &str = "1 to 128 bytes of printable text";
const DOCUMENT_NO: &str = "at most 256 bytes of printable text";

/// What a source says, and what is wrong with it.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) rows: Vec<Row>,
    pub(super) rows_seen: usize,
    pub(super) faults: Vec<Fault>,
}

/// Reads a source.
pub(super) fn read(source: &Source, agency_id: &str) -> Reading {
    let columns = match source.kind {
        SourceKind::Applications => APPLICATIONS,
        SourceKind::Remedies => REMEDIES,
        SourceKind::Proactive => PROACTIVE,
    };
    let sheet = Sheet::read(&source.name, &source.bytes, columns);
    let Sheet { lines, rows_seen, mut faults } = sheet;
    let mut rows = Vec::new();
    let mut take = |line: u64, acts: Result<Vec<Command>, Vec<Fault>>| match acts {
        Ok(acts) => rows.push(Row { file: source.name.clone(), line, acts }),
        Err(found) => faults.extend(found),
    };
    match source.kind {
        SourceKind::Applications => {
            for line in lines {
                take(line.number(), application(line));
            }
        }
        SourceKind::Remedies => {
            for line in lines {
                take(line.number(), remedy(line));
            }
        }
        SourceKind::Proactive => {
            let mut declared = Declared::default();
            for line in lines {
                declared.read(line, &mut faults);
            }
            for (line, acts) in declared.into_acts(agency_id) {
                rows.push(Row { file: source.name.clone(), line, acts: vec![acts] });
            }
        }
    }
    Reading { rows, rows_seen, faults }
}

fn application(mut line: Line<'_>) -> Result<Vec<Command>, Vec<Fault>> {
    let id = line.required("application_id", ID, |text| ApplicationId::parse(text).ok());
    let expected = labels::expected_applicant_kind();
    let kind = line.required("applicant_kind", &expected, labels::applicant_kind);
    let received = line.required("receipt_date", DATE, cells::date);
    let channel = line.optional("channel", &labels::expected_channel(), labels::channel);
    let document_no = line.text("document_no").to_owned();
    line.optional("document_no", DOCUMENT_NO, |text| ShortText::parse(text).ok());
    let conclusion = conclusion(&mut line, received);
    let acts = (|| {
        let application_id = id?.to_string();
        let receive = pb::ReceiveApplicationRequest {
            application_id: application_id.clone(),
            applicant_kind: kind?.code(),
            receipt_date: Some(received?),
            channel: Coded::code_of(channel),
            still_open: conclusion.is_none(),
            ..Default::default()
        };
        let decide = conclusion.map(|(date, disposition)| pb::DecideApplicationRequest {
            application_id,
            disposition,
            decision_date: Some(date),
            document_no,
            ..Default::default()
        });
        let acts =
            [Some(Command::ReceiveApplication(receive)), decide.map(Command::DecideApplication)];
        Some(acts.into_iter().flatten().collect())
    })();
    line.finish(acts)
}

/// The day and the result of an application's conclusion; `None` while it is open, or after a
/// complaint.
fn conclusion(line: &mut Line<'_>, received: Option<CivilDate>) -> Option<(CivilDate, i32)> {
    let date = line.optional("conclusion_date", DATE, cells::date);
    not_before(line, ("conclusion_date", date), ("receipt", received));
    let year = date.map_or(i16::MAX, |date| i16::try_from(date.year).unwrap_or(i16::MAX));
    let disposition = line.optional("disposition", &labels::expected_disposition(year), |text| {
        labels::disposition(text, year)
    });
    both_or_neither(line, "conclusion_date", "disposition");
    Some((date?, disposition?.code()))
}

/// Complains of an end that comes before its beginning.
fn not_before(
    line: &mut Line<'_>,
    (column, end): (&'static str, Option<CivilDate>),
    (beginning, began): (&str, Option<CivilDate>),
) {
    let order = |date: CivilDate| (date.year, date.month, date.day);
    if let (Some(end), Some(began)) = (end, began)
        && order(end) < order(began)
    {
        let CivilDate { year, month, day } = began;
        let expected = format!("a day not before the {beginning} on {year:04}-{month:02}-{day:02}");
        line.complain(column, &expected);
    }
}

/// Complains of the one of two cells that is blank while the other is not.
fn both_or_neither(line: &mut Line<'_>, first: &'static str, second: &'static str) {
    for (blank, filled) in [(first, second), (second, first)] {
        if line.text(blank).is_empty() && !line.text(filled).is_empty() {
            line.complain(blank, &format!("a value, since {filled} has one; both or neither"));
        }
    }
}

fn remedy(mut line: Line<'_>) -> Result<Vec<Command>, Vec<Fault>> {
    let id = line.required("case_id", ID, |text| CaseId::parse(text).ok());
    let kind = line.required("kind", &labels::expected_remedy_kind(), labels::remedy_kind);
    let filed = line.required("filed_date", DATE, cells::date);
    let about = line.text("application_id").to_owned();
    line.optional("application_id", ID, |text| ApplicationId::parse(text).ok());
    let concluded = line.optional("concluded_date", DATE, cells::date);
    not_before(&mut line, ("concluded_date", concluded), ("filing", filed));
    let result = line.optional("result", &labels::expected_remedy_result(), labels::remedy_result);
    both_or_neither(&mut line, "concluded_date", "result");
    let acts = (|| {
        let (case_id, kind) = (id?.to_string(), kind?);
        let file = file(kind, case_id.clone(), filed?, about);
        let conclude = concluded
            .zip(result)
            .map(|(date, result)| conclude(kind, case_id, date, result.code()));
        Some([Some(file), conclude].into_iter().flatten().collect())
    })();
    line.finish(acts)
}

fn file(kind: RemedyKind, case_id: String, date: CivilDate, application_id: String) -> Command {
    let filing_date = Some(date);
    let route = match kind {
        RemedyKind::Review => {
            return Command::FileReconsideration(pb::FileReconsiderationRequest {
                case_id,
                filing_date,
                application_id,
                ..Default::default()
            });
        }
        RemedyKind::SuitDirect => pb::LitigationRoute::Direct,
        RemedyKind::SuitAfterReview => pb::LitigationRoute::AfterReview,
    };
    Command::FileLitigation(pb::FileLitigationRequest {
        case_id,
        route: route.into(),
        filing_date,
        application_id,
        ..Default::default()
    })
}

fn conclude(kind: RemedyKind, case_id: String, date: CivilDate, result: i32) -> Command {
    let conclusion_date = Some(date);
    match kind {
        RemedyKind::Review => {
            Command::ConcludeReconsideration(pb::ConcludeReconsiderationRequest {
                case_id,
                result,
                conclusion_date,
                ..Default::default()
            })
        }
        RemedyKind::SuitDirect | RemedyKind::SuitAfterReview => {
            Command::ConcludeLitigation(pb::ConcludeLitigationRequest {
                case_id,
                result,
                conclusion_date,
                ..Default::default()
            })
        }
    }
}

/// The figures of a file, by year and cell, with the line each stands on.
#[derive(Debug, Default)]
struct Declared(BTreeMap<ReportYear, BTreeMap<&'static str, (u64, i64)>>);

impl Declared {
    fn read(&mut self, mut line: Line<'_>, faults: &mut Vec<Fault>) {
        let year = line.required("year", "a report year from 2019", |text| {
            ReportYear::new(text.parse().ok()?).ok()
        });
        let cell = year.and_then(|year| {
            let form = form_for(year);
            let expected = format!("a cell of table two on the {} form", form.id);
            line.required("cell", &expected, |text| form.proactive_cell(text))
        });
        let value = cell.and_then(|cell| {
            let expected = cells::expected_value(cell.kind);
            line.required("value", expected, |text| cells::value(text, cell.kind))
        });
        let figure = (|| Some((year?, cell?.key, value?)))();
        if let Some((year, key, value)) = figure {
            let before = self.0.get(&year).and_then(|cells| cells.get(key)).copied();
            match before {
                Some((at, other)) if other != value => {
                    line.complain("value", &format!("the same as on line {at}, or one of the two"));
                }
                Some(_) | None => {
                    let figures = self.0.entry(year).or_default();
                    figures.entry(key).or_insert((line.number(), value));
                }
            }
        }
        if let Err(found) = line.finish(figure) {
            faults.extend(found);
        }
    }

    /// One declaration per year, at the first line that speaks of it.
    fn into_acts(self, agency_id: &str) -> Vec<(u64, Command)> {
        let act = |(year, cells): (ReportYear, BTreeMap<&str, (u64, i64)>)| {
            let line = cells.values().map(|(line, _)| *line).min().unwrap_or_default();
            let figures = cells
                .into_iter()
                .map(|(cell, (_, value))| Figure { cell: cell.to_owned(), value })
                .collect();
            let request = pb::DeclareFiguresRequest {
                agency_id: agency_id.to_owned(),
                year: year.get().into(),
                figures,
                ..Default::default()
            };
            (line, Command::DeclareFigures(request))
        };
        self.0.into_iter().map(act).collect()
    }
}

/// Says in whose register an act is to be written, and how.
pub(super) fn address(command: &mut Command, agency_id: &str, write: Option<pb::WriteOptions>) {
    macro_rules! address {
        ($request:expr) => {{
            $request.write = write;
            agency_id.clone_into(&mut $request.agency_id);
        }};
    }
    match command {
        Command::ReceiveApplication(request) => address!(request),
        Command::DecideApplication(request) => address!(request),
        Command::WithdrawApplication(request) => address!(request),
        Command::CorrectApplicationEntry(request) => address!(request),
        Command::FileReconsideration(request) => address!(request),
        Command::ConcludeReconsideration(request) => address!(request),
        Command::FileLitigation(request) => address!(request),
        Command::ConcludeLitigation(request) => address!(request),
        Command::DeclareFigures(request) => address!(request),
        Command::RequestCorrection(request) => address!(request),
        Command::AcceptCorrection(request) => address!(request),
        Command::ConsultThirdParty(request) => address!(request),
        Command::RegisterThirdPartyOpinion(request) => address!(request),
        Command::ConsultAgency(request) => address!(request),
        Command::RegisterAgencyOpinion(request) => address!(request),
        Command::ExtendDeadline(request) => address!(request),
        Command::RequestReasons(request) => address!(request),
        Command::AcceptReasons(request) => address!(request),
        Command::PostponeReply(request) => address!(request),
        Command::NotifyFee(request) => address!(request),
        Command::RegisterFeePayment(request) => address!(request),
        Command::LapseApplication(request) => address!(request),
        Command::AmendDecision(request) => address!(request),
        Command::ReopenApplication(request) => address!(request),
        Command::VoidApplicationEntry(request) => address!(request),
    }
}
