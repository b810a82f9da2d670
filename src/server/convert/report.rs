//! Which report is asked for, and what is told of it.

use super::{Fields, event::instant, year::report_year};
use crate::{
    domain::{AgencyId, application::CountingPolicy},
    projection::{AsOf, StatementOf},
    server::refused::Refused,
    statistics::{
        Finding, Tables,
        catalogue::{FORMS, Severity, form_by_id},
    },
    store::GlobalPosition,
    wire::{
        Coded,
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
