//! Which report is asked for, and what is told of it.

use super::{Fields, event::instant, year::report_year};
use crate::{
    domain::{AgencyId, LegalDate, application::CountingPolicy},
    projection::{AsOf, Rehearsal, StatementOf, Supposed, Supposition},
    server::refused::Refused,
    statistics::{
        Finding, Tables,
        catalogue::{FORMS, Severity, form_by_id},
    },
    store::GlobalPosition,
    wire::{
        Coded, civil_date,
        pb::{
            event::v1 as events,
            v1::{self as pb, report_selector},
        },
    },
};

/// The report that a selector means, and up to when.
pub(crate) fn selector(
    selector: Option<pb::ReportSelector>,
) -> Result<(StatementOf, AsOf), Refused> {
    let mut fields = Fields::default();
    let Some(selector) = selector else {
        fields.fault("selector", "is required");
        return fields.finish(None);
    };
    let agency_id = fields.id("agency_id", &selector.agency_id, AgencyId::parse);
    let year = report_year(&mut fields, selector.year);
    let form = match selector.form.as_str() {
        "" => None,
        id => {
            let known: Vec<_> = FORMS.iter().map(|form| form.id).collect();
            let unknown = || format!("{id:?} is not one of the forms {}", known.join(", "));
            fields.take("form", form_by_id(id).ok_or_else(unknown))
        }
    };
    let as_of = match selector.as_of {
        None => Some(AsOf::Now),
        Some(report_selector::AsOf::AsOfPosition(position)) => {
            Some(AsOf::Position(GlobalPosition::new(position)))
        }
        Some(report_selector::AsOf::AsOfTime(time)) => {
            fields.take("as_of_time", instant(&time).ok_or("is not an instant")).map(AsOf::Time)
        }
    };
    let whole = (|| {
        let of =
            StatementOf { agency_id: agency_id?, year: year?, subtree: selector.subtree, form };
        Some((of, as_of?))
    })();
    fields.finish(whole).map_err(|refused| refused.under("selector"))
}

pub(crate) fn cells(tables: &Tables) -> Vec<pb::TableCell> {
    tables
        .cells()
        .map(|(cell, value)| pb::TableCell { cell: tables.form().cell_name(cell), value })
        .collect()
}

/// Which year is to be rehearsed, and what is supposed.
pub(crate) fn rehearsal(
    request: &pb::RehearseYearRequest,
    today: LegalDate,
) -> Result<(StatementOf, Supposition), Refused> {
    let mut fields = Fields::default();
    let agency_id = fields.id("agency_id", &request.agency_id, AgencyId::parse);
    let year = report_year(&mut fields, request.year);
    if year.is_some_and(|year| year.get() < today.year()) {
        fields.fault("year", format!("{} is over: today is {today}", request.year));
    }
    let result = fields.optional_value("supposed_disposition", request.supposed_disposition);
    let supposition = match request.supposition() {
        pb::YearEndSupposition::Unspecified => {
            fields.fault("supposition", "is required");
            None
        }
        pb::YearEndSupposition::Nothing => {
            if request.supposed_disposition != 0 {
                let what = "belongs with YEAR_END_SUPPOSITION_EVERYTHING_DUE only";
                fields.fault("supposed_disposition", what);
            }
            Some(Supposition::Nothing)
        }
        pb::YearEndSupposition::EverythingDue => Some(Supposition::EverythingDue(result)),
    };
    let subtree = request.include_subtree;
    let whole = (|| {
        let of = StatementOf { agency_id: agency_id?, year: year?, subtree, form: None };
        Some((of, supposition?))
    })();
    fields.finish(whole)
}

/// The tables of a rehearsal.
pub(crate) fn rehearsed(
    rehearsal: Rehearsal,
    today: LegalDate,
    position: GlobalPosition,
) -> pb::RehearseYearResponse {
    let Rehearsal { statement, supposed, rows } = rehearsal;
    let Supposed { concluded, provisional, awaiting_applicant, due_later, left_open } = supposed;
    pb::RehearseYearResponse {
        form: statement.tables.form().id.to_owned(),
        as_of_position: position.get(),
        asked_date: Some(civil_date(today.date())),
        cells: cells(&statement.tables),
        findings: statement.findings.into_iter().map(finding).collect(),
        supposed_rows: rows.into_iter().map(str::to_owned).collect(),
        supposed: Some(pb::SupposedApplications {
            concluded,
            provisional,
            awaiting_applicant,
            due_later,
            left_open,
        }),
    }
}

pub(crate) fn policy(policy: CountingPolicy) -> events::CountingPolicy {
    events::CountingPolicy {
        rework_policy: policy.rework_policy.code(),
        conclusion_basis: policy.conclusion_basis.code(),
    }
}

pub(crate) fn finding(finding: Finding) -> pb::Finding {
    let severity = match finding.severity {
        Severity::Error => pb::Severity::Error,
        Severity::Warning => pb::Severity::Warning,
        Severity::Info => pb::Severity::Info,
    };
    pb::Finding {
        id: finding.id.0.to_owned(),
        severity: severity.into(),
        place: finding.place,
        cells: finding.cells,
        left: finding.left.unwrap_or_default(),
        right: finding.right.unwrap_or_default(),
        difference: finding.difference.unwrap_or_default(),
        message: finding.message,
    }
}
