//! Roll-ups, coverage, and findings of several agencies.

use super::{
    Fields, page_size, page_start,
    report::{self, finding},
    year::report_year,
};
use crate::{
    domain::{AgencyId, ReportYear},
    projection::{
        AsOf, CoverageEntry, FindingPlace, FindingsOf, MemberFinding, Part, RollUp, RollUpOf,
    },
    server::refused::Refused,
    statistics::{
        Compared, Coverage, Measure, Reporting, TableId, Tables,
        catalogue::{Form, Severity, form_for},
    },
    store::GlobalPosition,
    wire::pb::v1 as pb,
};

/// A page of a roll-up that is asked for.
pub(crate) struct RollUpPage {
    pub(crate) of: RollUpOf,
    pub(crate) as_of: AsOf,
    size: usize,
    after: Option<String>,
}

pub(crate) fn roll_up_page(request: pb::GetRollUpRequest) -> Result<RollUpPage, Refused> {
    let (of, as_of) = report::selector(request.selector)?;
    let mut fields = Fields::default();
    let size = page_size(&mut fields, request.page_size);
    let size = fields.finish(size)?;
    let of = RollUpOf { agency_id: of.agency_id, year: of.year, form: of.form };
    Ok(RollUpPage { of, as_of, size, after: page_start(&request.page_token).map(str::to_owned) })
}

pub(crate) fn roll_up(
    found: &RollUp,
    page: &RollUpPage,
    position: GlobalPosition,
) -> pb::GetRollUpResponse {
    let form = found.sum.tables.form();
    let id = page.of.agency_id.as_str();
    let name = found.agency.name.as_str();
    let outliers = found.outliers.iter().filter_map(|outlier| {
        let (id, ..) = found.children.get(outlier.place)?;
        Some(pb::RollUpOutlier {
            agency_id: id.to_string(),
            measure: outlier.measure.key().to_owned(),
            value: outlier.value,
            median: outlier.median,
        })
    });
    let outliers = outliers.collect();
    let is_after = |id: &AgencyId| page.after.as_deref().is_none_or(|after| id.as_str() > after);
    let mut children = found.children.iter().filter(|(id, ..)| is_after(id)).peekable();
    let shown: Vec<_> = children
        .by_ref()
        .take(page.size)
        .map(|(id, agency, each)| part(id.as_str(), agency.name.as_str(), each))
        .collect();
    let last = shown.last().map(|part| part.agency_id.clone());
    pb::GetRollUpResponse {
        form: form.id.to_owned(),
        as_of_position: position.get(),
        cells: form.cells().map(|cell| form.cell_name(cell)).collect(),
        own: Some(part(id, name, &found.own)),
        sum: Some(part(id, name, &found.sum)),
        outliers,
        next_page_token: last.filter(|_| children.peek().is_some()).unwrap_or_default(),
        children: shown,
    }
}

fn part(id: &str, name: &str, part: &Part) -> pb::RollUpPart {
    pb::RollUpPart {
        agency_id: id.to_owned(),
        agency_name: name.to_owned(),
        values: part.tables.cells().map(|(_, value)| pb::CellValue { value }).collect(),
        comparison: Some(comparison(&part.compared)),
        coverage: Some(coverage_count(&part.coverage)),
    }
}

fn comparison(compared: &Compared) -> pb::Comparison {
    pb::Comparison {
        new_received: compared.new_received,
        concluded: compared.concluded,
        granted_permille: compared.figure(Measure::GrantedPermille),
        late_permille: compared.figure(Measure::LatePermille),
        median_working_days: compared.figure(Measure::MedianWorkingDays),
        change_permille: compared.figure(Measure::ChangePermille),
    }
}

fn coverage_count(coverage: &Coverage) -> pb::CoverageCount {
    pb::CoverageCount {
        reported_agencies: coverage.count(Reporting::Reported),
        nil_agencies: coverage.count(Reporting::Nil),
        incomplete_agencies: coverage.count(Reporting::Incomplete),
        missing_agencies: coverage.count(Reporting::Missing),
    }
}

/// A page of coverage that is asked for.
pub(crate) struct CoveragePage {
    pub(crate) agency_id: AgencyId,
    pub(crate) year: ReportYear,
    pub(crate) only: Option<Reporting>,
    pub(crate) size: usize,
    pub(crate) after: Option<String>,
}

pub(crate) fn coverage_page(request: &pb::ListCoverageRequest) -> Result<CoveragePage, Refused> {
    let mut fields = Fields::default();
    let agency_id = fields.id("agency_id", &request.agency_id, AgencyId::parse);
    let year = report_year(&mut fields, request.year);
    let only = match pb::Reporting::try_from(request.reporting) {
        Ok(pb::Reporting::Unspecified) => None,
        Ok(pb::Reporting::Reported) => Some(Reporting::Reported),
        Ok(pb::Reporting::Nil) => Some(Reporting::Nil),
        Ok(pb::Reporting::Incomplete) => Some(Reporting::Incomplete),
        Ok(pb::Reporting::Missing) => Some(Reporting::Missing),
        Err(unknown) => fields.take("reporting", Err(unknown)),
    };
    let size = page_size(&mut fields, request.page_size);
    let after = page_start(&request.page_token).map(str::to_owned);
    let whole =
        (|| Some(CoveragePage { agency_id: agency_id?, year: year?, only, size: size?, after }))();
    fields.finish(whole)
}

pub(crate) fn coverage_item(entry: CoverageEntry) -> pb::CoverageItem {
    let reporting = match entry.reporting {
        Reporting::Reported => pb::Reporting::Reported,
        Reporting::Nil => pb::Reporting::Nil,
        Reporting::Incomplete => pb::Reporting::Incomplete,
        Reporting::Missing => pb::Reporting::Missing,
    };
    pb::CoverageItem {
        agency_id: entry.agency_id.to_string(),
        agency_name: entry.agency.name.as_str().to_owned(),
        parent_id: entry.parent.map(|parent| parent.to_string()).unwrap_or_default(),
        reporting: reporting.into(),
    }
}

/// The agency, the year, and the tables that it published.
pub(crate) fn published_total(
    request: &pb::CheckTotalRequest,
) -> Result<(AgencyId, ReportYear, Tables), Refused> {
    let mut fields = Fields::default();
    let agency_id = fields.id("agency_id", &request.agency_id, AgencyId::parse);
    let year = report_year(&mut fields, request.year);
    let tables = year.map(|year| published(&mut fields, form_for(year), &request.cells));
    let whole = (|| Some((agency_id?, year?, tables?)))();
    fields.finish(whole)
}

fn published(fields: &mut Fields, form: &'static Form, cells: &[pb::TableCell]) -> Tables {
    let mut tables = Tables::blank(form);
    if cells.is_empty() {
        fields.fault("cells", "is required: at least one cell");
    }
    for (place, stated) in cells.iter().enumerate() {
        let (table, key) = stated.cell.split_once('.').unwrap_or_default();
        let cell = match TableId::ALL.into_iter().find(|id| id.key() == table) {
            Some(TableId::Proactive) => form.find_proactive(key),
            Some(TableId::Applications) => {
                key.rsplit_once('.').and_then(|(row, column)| form.find_application(row, column))
            }
            Some(TableId::Remedies) => form.find_remedy(key),
            None => None,
        };
        let at = || format!("cells[{place}].cell");
        match cell {
            None => fields
                .fault(&at(), format!("{:?} is not a cell of the {} form", stated.cell, form.id)),
            Some(cell) if tables.get(cell).is_some() => {
                fields.fault(&at(), format!("{:?} is stated twice", stated.cell));
            }
            Some(cell) => tables.set(cell, stated.value),
        }
    }
    tables
}

/// A page of findings that is asked for.
pub(crate) struct FindingsPage {
    pub(crate) of: FindingsOf,
    pub(crate) size: usize,
    pub(crate) after: Option<FindingPlace>,
}

pub(crate) fn findings_page(
    request: pb::ListReportFindingsRequest,
) -> Result<FindingsPage, Refused> {
    let mut fields = Fields::default();
    let agency_id = fields.id("agency_id", &request.agency_id, AgencyId::parse);
    let year = report_year(&mut fields, request.year);
    let mut severities = Vec::new();
    for (place, code) in request.severities.iter().enumerate() {
        let known = match pb::Severity::try_from(*code) {
            Ok(pb::Severity::Error) => Ok(Severity::Error),
            Ok(pb::Severity::Warning) => Ok(Severity::Warning),
            Ok(pb::Severity::Info) => Ok(Severity::Info),
            Ok(pb::Severity::Unspecified) => Err("is unspecified".to_owned()),
            Err(unknown) => Err(unknown.to_string()),
        };
        severities.extend(fields.take(&format!("severities[{place}]"), known));
    }
    let size = page_size(&mut fields, request.page_size);
    let after = page_start(&request.page_token).and_then(|token| {
        let place = FindingPlace::parse(token).ok_or("is not what a page named as its end");
        fields.take("page_token", place)
    });
    let whole = (|| {
        let of = FindingsOf {
            agency_id: agency_id?,
            year: year?,
            subtree: request.include_subtree,
            severities,
            checks: request.check_ids,
        };
        Some(FindingsPage { of, size: size?, after })
    })();
    fields.finish(whole)
}

pub(crate) fn member_finding(found: MemberFinding) -> pb::ReportFinding {
    pb::ReportFinding {
        agency_id: found.agency_id.to_string(),
        agency_name: found.agency_name.as_str().to_owned(),
        finding: Some(finding(found.finding)),
    }
}
