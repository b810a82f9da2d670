//! What is published, taken in or submitted, and what is told of it.

use jiff::civil::Date;

use super::{Fields, entry, event::instant, event::timestamp, year::report_year};
use crate::{
    domain::{
        AgencyId, LegalDate, ReportYear, ShortText, State,
        narrative::Sections,
        publication::{self, Command, Edition, FindingKept, Scope, Submit, Version},
    },
    ledger::{Act, Entry, Recorded},
    projection::{AsOf, DatedCause, Difference, ReportReadingOf, StatementOf, sentence},
    render::Format,
    server::{refused::Refused, report_service},
    statistics::{Finding, catalogue::form_for},
    store::GlobalPosition,
    wire::{
        Coded, civil_date, difference_cause, document_digest,
        pb::{event::v1 as events, v1 as pb},
    },
};

/// The formats of which documents are kept unless others are asked for, as far as there are such:
/// what is filed, what is shown, and what programs read.
const KEPT: [&str; 4] = ["json", "html", "docx", "pdf"];

/// What a request asks to publish.
pub(crate) struct Asked {
    pub(crate) of: StatementOf,
    pub(crate) as_of: AsOf,
    pub(crate) publication_date: LegalDate,
    pub(crate) submission_date: Option<LegalDate>,
    pub(crate) formats: Vec<Format>,
    pub(crate) error_acceptance: ShortText,
    pub(crate) reasons: Vec<ShortText>,
}

/// Which report a request names: agency, year and scope.
pub(crate) fn about(
    fields: &mut Fields,
    agency_id: &str,
    year: i32,
    scope: i32,
) -> Option<StatementOf> {
    let agency_id = fields.id("agency_id", agency_id, AgencyId::parse);
    let year = report_year(fields, year);
    let scope: Option<Scope> = fields.optional_value("scope", scope);
    let subtree = scope.is_some_and(Scope::is_subtree);
    Some(StatementOf { agency_id: agency_id?, year: year?, subtree, form: None })
}

/// What a request asks to publish; today is the day of publication unless it names another.
pub(crate) fn asked(request: &pb::PublishReportRequest, today: Date) -> Result<Asked, Refused> {
    let mut fields = Fields::default();
    let of = about(&mut fields, &request.agency_id, request.year, request.scope);
    let publication_date = match request.publication_date {
        None => fields.take("publication_date", LegalDate::new(today)),
        Some(_) => fields.date("publication_date", request.publication_date),
    };
    let submission_date = fields.optional_date("submission_date", request.submission_date);
    let formats = formats(&mut fields, &request.formats);
    let error_acceptance = fields.short("error_acceptance", &request.error_acceptance);
    let reasons = reasons(&mut fields, &request.reasons);
    let as_of = match request.position {
        0 => AsOf::Now,
        position => AsOf::Position(GlobalPosition::new(position)),
    };
    let whole = (|| {
        Some(Asked {
            of: of?,
            as_of,
            publication_date: publication_date?,
            submission_date,
            formats: formats?,
            error_acceptance: error_acceptance?,
            reasons: reasons?,
        })
    })();
    fields.finish(whole)
}

fn formats(fields: &mut Fields, asked: &[i32]) -> Option<Vec<Format>> {
    if asked.is_empty() {
        return Some(KEPT.iter().filter_map(|key| Format::from_key(key)).collect());
    }
    let mut formats = vec![Format::Json];
    for (place, &code) in asked.iter().enumerate() {
        let format = report_service::format(fields, &format!("formats[{place}]"), code)?;
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    Some(formats)
}

fn reasons(fields: &mut Fields, reasons: &[String]) -> Option<Vec<ShortText>> {
    let short = |(place, text): (usize, &String)| fields.short(&format!("reasons[{place}]"), text);
    reasons.iter().enumerate().map(short).collect()
}

/// What a check found, to be kept.
pub(crate) fn kept(finding: &Finding) -> FindingKept {
    FindingKept {
        id: finding.id.0.into(),
        severity: finding.severity.key().into(),
        place: finding.place.as_str().into(),
        message: finding.message.as_str().into(),
    }
}

/// The entry that publishes what was drawn up.
pub(crate) fn publish(
    request: pb::PublishReportRequest,
    drawn_up: publication::Publish,
) -> Result<Entry, Refused> {
    let command = Command::Publish(Box::new(drawn_up));
    entry(request, |_, _| Some(Act::Publication(Box::new(command))))
}

/// The entry that takes in what was read.
pub(crate) fn take(
    request: pb::TakePublishedReportRequest,
    read: publication::Take,
) -> Result<Entry, Refused> {
    entry(request, |_, _| Some(Act::Publication(Box::new(Command::Take(Box::new(read))))))
}

/// What a request says of a report published elsewhere, besides the report.
pub(crate) struct Taking {
    pub(crate) of: StatementOf,
    pub(crate) publication_date: LegalDate,
    pub(crate) source: ShortText,
    pub(crate) reasons: Vec<ShortText>,
}

pub(crate) fn taking(request: &pb::TakePublishedReportRequest) -> Result<Taking, Refused> {
    let mut fields = Fields::default();
    let of = about(&mut fields, &request.agency_id, request.year, request.scope);
    let publication_date = fields.date("publication_date", request.publication_date);
    let source = fields.id("source", &request.source, ShortText::parse);
    let reasons = reasons(&mut fields, &request.reasons);
    if request.document.is_none() {
        fields.fault("document", "is required");
    }
    let whole = (|| {
        Some(Taking {
            of: of?,
            publication_date: publication_date?,
            source: source?,
            reasons: reasons?,
        })
    })();
    fields.finish(whole)
}

/// The entry that records a submission.
pub(crate) fn submit(request: pb::RecordSubmissionRequest) -> Result<Entry, Refused> {
    entry(request, |request, fields| {
        let year = report_year(fields, request.year);
        let scope = fields.optional_value("scope", request.scope).unwrap_or(Scope::Own);
        let submission_date = fields.date("submission_date", request.submission_date);
        let recipient = fields.short("recipient", &request.recipient);
        let submit = Submit {
            year: year?,
            scope,
            version: Some(request.version).filter(|version| *version > 0),
            submission_date: submission_date?,
            recipient: recipient?,
        };
        Some(Act::Publication(Box::new(Command::Submit(submit))))
    })
}

/// Which reading a request means.
pub(crate) fn reading(
    fields: &mut Fields,
    field: &str,
    reading: Option<pb::ReportReading>,
) -> Option<ReportReadingOf> {
    let Some(reading) = reading else {
        fields.fault(field, "is required");
        return None;
    };
    match reading.reading {
        None => Some(ReportReadingOf::AsOf(AsOf::Now)),
        Some(pb::report_reading::Reading::Version(version)) => {
            Some(ReportReadingOf::Version(version))
        }
        Some(pb::report_reading::Reading::Position(position)) => {
            Some(ReportReadingOf::AsOf(AsOf::Position(GlobalPosition::new(position))))
        }
        Some(pb::report_reading::Reading::RecordTime(time)) => {
            let field = format!("{field}.record_time");
            let instant = fields.take(&field, instant(&time).ok_or("is not an instant"));
            Some(ReportReadingOf::AsOf(AsOf::Time(instant?)))
        }
    }
}

/// The latest version, as an entry left it.
pub(crate) fn latest(entry: &Entry, recorded: &Recorded) -> Option<pb::Publication> {
    let Act::Publication(command) = &entry.act else { return None };
    let State::Publications(publications) = &*recorded.state else { return None };
    let (year, scope) = command.about();
    Some(message(entry.agency_id(), year, scope, publications.latest()?))
}

/// A version, as the wire carries it.
pub(crate) fn message(
    agency_id: &str,
    year: ReportYear,
    scope: Scope,
    version: &Version,
) -> pb::Publication {
    let submission = version.submission.as_ref();
    let texts = |texts: &[ShortText]| texts.iter().map(|text| text.as_str().to_owned()).collect();
    let common = pb::Publication {
        agency_id: agency_id.to_owned(),
        year: year.get().into(),
        scope: scope.code(),
        version: version.number(),
        form: version.form().to_owned(),
        publication_date: Some(civil_date(version.publication_date().date())),
        submission_date: submission.map(|said| civil_date(said.submission_date.date())),
        recipient: submission.map(|said| said.recipient.as_str().to_owned()).unwrap_or_default(),
        documents: version.documents().iter().map(document_digest).collect(),
        reasons: texts(version.reasons()),
        ..Default::default()
    };
    match &version.edition {
        Edition::Taken(taken) => {
            pb::Publication { source: taken.source.as_str().to_owned(), ..common }
        }
        Edition::Published(published) => pb::Publication {
            position: published.position,
            root_position: published.root_position,
            root: published.root.to_vec().into(),
            policy: published
                .policy
                .iter()
                .map(|(name, value)| events::PolicySetting {
                    name: name.to_string(),
                    value: value.to_string(),
                })
                .collect(),
            error_acceptance: published.error_acceptance.as_str().to_owned(),
            findings: published
                .findings
                .iter()
                .map(|found| events::PublishedFinding {
                    id: found.id.to_string(),
                    severity: found.severity.to_string(),
                    place: found.place.to_string(),
                    message: found.message.to_string(),
                })
                .collect(),
            causes: published.causes.iter().map(difference_cause).collect(),
            ..common
        },
    }
}

/// Sections, as the wire carries them.
pub(crate) fn sections(sections: &Sections) -> Vec<events::PublishedSection> {
    sections
        .iter()
        .map(|(section, text)| events::PublishedSection {
            section: section.code(),
            text: text.as_str().to_owned(),
        })
        .collect()
}

/// How two readings of a year's report differ, as the wire carries it.
pub(crate) fn difference(year: ReportYear, difference: &Difference) -> pb::ReportDifference {
    let form = form_for(year);
    let label =
        |cell: &str| form.find_cell(cell).map(|place| form.cell_label(place)).unwrap_or_default();
    let cause = |found: &DatedCause| pb::Cause {
        cause: Some(difference_cause(&found.cause)),
        record_time: found.record_times.iter().copied().map(timestamp).collect(),
        message: sentence(form, found),
    };
    let position = |position: Option<GlobalPosition>| position.map_or(0, GlobalPosition::get);
    pb::ReportDifference {
        from_position: position(difference.from),
        to_position: position(difference.to),
        cells: difference
            .cells
            .iter()
            .map(|change| pb::CellChange {
                cell: change.cell.to_string(),
                before: change.before,
                after: change.after,
                delta: change.delta(),
                label: label(&change.cell),
            })
            .collect(),
        sections: difference
            .sections
            .iter()
            .map(|change| pb::SectionChange {
                section: change.section.code(),
                before: change.before.as_str().to_owned(),
                after: change.after.as_str().to_owned(),
            })
            .collect(),
        causes: difference.causes.iter().map(cause).collect(),
    }
}
