//! What is declared and written for a year: figures and narrative.

use std::collections::BTreeMap;

use super::{Fields, entry};
use crate::{
    domain::{
        LongText, ReportYear, State,
        narrative::{Section, SectionSet, Sections},
        proactive::{Figures, FiguresDeclared},
    },
    ledger::{Act, Entry, Recorded},
    server::refused::Refused,
    statistics::{
        catalogue::{CellKind, Form, form_for},
        narrative,
    },
    wire::{
        Coded,
        pb::{event::v1::Figure, v1 as pb},
    },
};

pub(crate) fn declare(request: pb::DeclareFiguresRequest) -> Result<Entry, Refused> {
    entry(request, |request, fields| {
        let year = report_year(fields, request.year)?;
        let figures = figures(fields, form_for(year), &request.figures)?;
        Some(Act::Figures(FiguresDeclared { year, figures }))
    })
}

fn figures(fields: &mut Fields, form: &Form, declared: &[Figure]) -> Option<Figures> {
    if declared.is_empty() {
        fields.fault("figures", "is required: at least one figure");
        return None;
    }
    let mut figures = Figures::new();
    for (place, figure) in declared.iter().enumerate() {
        let at = |part: &str| format!("figures[{place}].{part}");
        match form.proactive_cell(&figure.cell) {
            None => fields.fault(
                &at("cell"),
                format!("{:?} is not a cell of table two on the {} form", figure.cell, form.id),
            ),
            Some(cell) if cell.kind != CellKind::Change && figure.value < 0 => {
                fields.fault(&at("value"), format!("{} is negative", figure.value));
            }
            Some(_) if figures.contains_key(&figure.cell) => {
                fields.fault(&at("cell"), format!("{:?} is declared twice", figure.cell));
            }
            Some(_) => {
                figures.insert(figure.cell.clone(), figure.value);
            }
        }
    }
    Some(figures)
}

pub(crate) fn set_section(request: pb::SetSectionRequest) -> Result<Entry, Refused> {
    entry(request, |request, fields| {
        let year = report_year(fields, request.year);
        let section = fields.value("section", request.section);
        let text = fields.id("text", &request.text, LongText::parse);
        let faults = text.as_ref().map(|text| narrative::faults(text.as_str()));
        faults.into_iter().flatten().for_each(|fault| fields.fault("text", fault));
        Some(Act::Section(SectionSet { year: year?, section: section?, text: text? }))
    })
}

pub(crate) fn report_year(fields: &mut Fields, year: i32) -> Option<ReportYear> {
    fields.take("year", ReportYear::new(year))
}

pub(crate) fn figures_message(
    agency_id: &str,
    year: ReportYear,
    figures: &Figures,
    version: String,
) -> pb::ProactiveFigures {
    pb::ProactiveFigures {
        agency_id: agency_id.to_owned(),
        year: year.get().into(),
        figures: figures
            .iter()
            .map(|(cell, &value)| Figure { cell: cell.clone(), value })
            .collect(),
        version,
    }
}

/// The figures as a declaration left them.
pub(crate) fn declared(entry: &Entry, recorded: &Recorded) -> Option<pb::ProactiveFigures> {
    match (&entry.act, &*recorded.state) {
        (Act::Figures(declared), State::Figures(figures)) => Some(figures_message(
            entry.agency_id(),
            declared.year,
            figures,
            super::write::version(recorded),
        )),
        _ => None,
    }
}

/// Sections, and the references of those that were filled.
pub(crate) fn sections_message(
    sections: &Sections,
    references: &BTreeMap<Section, Vec<narrative::Filled>>,
) -> Vec<pb::NarrativeSection> {
    let filled = |section| references.get(section).into_iter().flatten().map(filled_reference);
    sections
        .iter()
        .map(|(section, text)| pb::NarrativeSection {
            section: section.code(),
            text: text.as_str().to_owned(),
            references: filled(section).collect(),
        })
        .collect()
}

fn filled_reference(filled: &narrative::Filled) -> pb::FilledReference {
    let place = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    pb::FilledReference {
        reference: filled.reference.clone(),
        line: place(filled.line),
        column: place(filled.column),
        filled: filled.text.clone(),
    }
}
