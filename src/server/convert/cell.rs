//! Which cell is asked for, and what is told of it.

use super::{Fields, event::timestamp, page_size, report::selector};
use crate::{
    domain::{LegalDate, ReportYear},
    projection::{
        AsOf, CellEntry, CellExplanation, CellOf, CellPlace, CellSubject, DecidingEvent, NearMiss,
    },
    server::refused::Refused,
    statistics::{
        BlankReason, CellRef, Rule, Sentence, Tables,
        catalogue::{Form, form_for},
    },
    store::GlobalPosition,
    wire::{
        Coded, civil_date,
        pb::v1::{self as pb, cell_entry::Subject},
    },
};

/// What a request asks for.
pub(crate) struct CellAsked {
    pub(crate) of: CellOf,
    pub(crate) form: &'static Form,
    pub(crate) as_of: AsOf,
    pub(crate) after: Option<CellPlace>,
    pub(crate) size: usize,
}

pub(crate) fn asked(request: pb::ExplainCellRequest) -> Result<CellAsked, Refused> {
    let pb::ExplainCellRequest { selector: report, cell, page_size: size, page_token } = request;
    let (report, as_of) = selector(report)?;
    let form = report.form.unwrap_or_else(|| form_for(report.year));
    let mut fields = Fields::default();
    let cell = fields.id("cell", &cell, |name| {
        form.find_cell(name).ok_or_else(|| {
            let near = form.nearest_cells(name).join(", ");
            format!("{name:?} is not a cell of the {} form; the nearest are {near}", form.id)
        })
    });
    let size = page_size(&mut fields, size);
    let after = fields.optional_id("page_token", &page_token, |token| {
        CellPlace::parse(token)
            .ok_or_else(|| format!("{token:?} is not what a page named as its end"))
    });
    let (cell, size) = fields.finish(cell.zip(size))?;
    Ok(CellAsked { of: CellOf { report, cell }, form, as_of, after, size })
}

pub(crate) fn explanation(
    asked: &CellAsked,
    explained: CellExplanation,
    position: GlobalPosition,
) -> pb::CellExplanation {
    let CellAsked { of, form, .. } = asked;
    let CellExplanation { value, rule, blank, near_misses } = explained;
    let Rule { sentence, source } = rule;
    pb::CellExplanation {
        cell: form.cell_name(of.cell),
        form: form.id.to_owned(),
        label: form.cell_label(of.cell),
        value,
        as_of_position: position.get(),
        rule: Some(pb::CellRule {
            chinese: sentence.chinese,
            english: sentence.english,
            chinese_source: source.chinese,
            english_source: source.english,
        }),
        blank: blank.map(|reason| blank_cell(form, of.cell, reason, of.report.year)),
        near_misses: near_misses.iter().map(near_miss).collect(),
    }
}

/// Why the cells of derived tables are blank, one for each that is.
pub(crate) fn blanks(tables: &Tables, year: ReportYear) -> Vec<pb::BlankCell> {
    let form = tables.form();
    let blank = tables.cells().filter(|(_, value)| value.is_none());
    blank
        .filter_map(|(cell, _)| {
            let reason = BlankReason::of(form, cell, year)?;
            Some(blank_cell(form, cell, reason, year))
        })
        .collect()
}

fn blank_cell(form: &Form, cell: CellRef, reason: BlankReason, year: ReportYear) -> pb::BlankCell {
    let Sentence { chinese, english } = reason.sentence(year);
    pb::BlankCell { cell: form.cell_name(cell), reason: reason.key().to_owned(), chinese, english }
}

fn near_miss(miss: &NearMiss) -> pb::CellNearMiss {
    let Sentence { chinese, english } = miss.reason.sentence();
    pb::CellNearMiss {
        entry: Some(entry(&miss.entry, None)),
        reason: miss.reason.key().to_owned(),
        chinese,
        english,
    }
}

/// Something in a cell, with the event that put it there.
pub(crate) fn entry(entry: &CellEntry, decided: Option<&DecidingEvent>) -> pb::CellEntry {
    let date = |date: LegalDate| Some(civil_date(date.date()));
    let subject = match &entry.subject {
        CellSubject::Application(id, found) => Subject::Application(pb::CellApplication {
            application_id: id.to_string(),
            applicant_kind: found.fact.kind.code(),
            receipt_date: date(found.fact.receipt_date),
            conclusion_date: found.fact.conclusion.and_then(|(concluded, _)| date(concluded)),
            disposition: Coded::code_of(found.fact.conclusion.map(|(_, disposition)| disposition)),
        }),
        CellSubject::Remedy(id, found) => Subject::Remedy(pb::CellRemedy {
            case_id: id.to_string(),
            kind: found.fact.kind.code(),
            filing_date: date(found.fact.filing_date),
            conclusion_date: found.fact.conclusion.and_then(|(concluded, _)| date(concluded)),
            result: Coded::code_of(found.fact.conclusion.map(|(_, result)| result)),
            application_id: found
                .application_id
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        }),
        CellSubject::Figure(year, value) => {
            Subject::Figure(pb::CellFigure { year: year.get().into(), value: *value })
        }
    };
    pb::CellEntry {
        agency_id: entry.agency_id.to_string(),
        subject: Some(subject),
        deciding_event: decided.map(deciding_event),
    }
}

fn deciding_event(decided: &DecidingEvent) -> pb::DecidingEvent {
    let DecidingEvent { recorded, event } = decided;
    pb::DecidingEvent {
        position: recorded.position.get(),
        event_type: recorded.event_type.clone(),
        effective_date: Some(civil_date(event.body.effective_date())),
        record_time: Some(timestamp(recorded.record_time)),
        actor: event.actor.as_str().to_owned(),
    }
}
