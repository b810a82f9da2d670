//! Remedies.

use super::{Fields, entry, receipt, write};
use crate::{
    domain::{
        AgencyId, ApplicationId, CaseId, State,
        remedy::{Command, Conclude, File, Remedy, RemedyKind},
    },
    ledger::{Act, Entry, Recorded},
    projection::RemedyEntry,
    server::refused::Refused,
    wire::{Coded, civil_date, pb::v1 as pb},
};

const REVIEW: &[RemedyKind] = &[RemedyKind::Review];
const SUITS: &[RemedyKind] = &[RemedyKind::SuitDirect, RemedyKind::SuitAfterReview];

pub(crate) fn file_reconsideration(
    request: pb::FileReconsiderationRequest,
) -> Result<Entry, Refused> {
    entry(request, |request, fields| {
        let id = case_id(fields, &request.case_id);
        let filing_date = fields.date("filing_date", request.filing_date);
        let about = about(fields, &request.application_id);
        let file =
            File { kind: RemedyKind::Review, filing_date: filing_date?, application_id: about };
        Some(Act::Remedy(id?, Command::File(file)))
    })
}

pub(crate) fn file_litigation(request: pb::FileLitigationRequest) -> Result<Entry, Refused> {
    entry(request, |request, fields| {
        let id = case_id(fields, &request.case_id);
        let kind = match pb::LitigationRoute::try_from(request.route) {
            Ok(pb::LitigationRoute::Direct) => Some(RemedyKind::SuitDirect),
            Ok(pb::LitigationRoute::AfterReview) => Some(RemedyKind::SuitAfterReview),
            Ok(pb::LitigationRoute::Unspecified) => {
                fields.fault("route", "is required, and is unspecified");
                None
            }
            Err(unknown) => fields.take("route", Err(unknown)),
        };
        let filing_date = fields.date("filing_date", request.filing_date);
        let about = about(fields, &request.application_id);
        let file = File { kind: kind?, filing_date: filing_date?, application_id: about };
        Some(Act::Remedy(id?, Command::File(file)))
    })
}

macro_rules! conclude {
    ($name:ident, $request:ident, $kinds:expr) => {
        pub(crate) fn $name(request: pb::$request) -> Result<Entry, Refused> {
            entry(request, |request, fields| {
                let id = case_id(fields, &request.case_id);
                let result = fields.value("result", request.result);
                let conclusion_date = fields.date("conclusion_date", request.conclusion_date);
                let document_no = fields.short("document_no", &request.document_no);
                let conclude = Conclude {
                    kinds: $kinds,
                    result: result?,
                    conclusion_date: conclusion_date?,
                    document_no: document_no?,
                };
                Some(Act::Remedy(id?, Command::Conclude(conclude)))
            })
        }
    };
}

conclude!(conclude_reconsideration, ConcludeReconsiderationRequest, REVIEW);
conclude!(conclude_litigation, ConcludeLitigationRequest, SUITS);

pub(crate) fn case_id(fields: &mut Fields, text: &str) -> Option<CaseId> {
    fields.id("case_id", text, CaseId::parse)
}

fn about(fields: &mut Fields, application_id: &str) -> Option<ApplicationId> {
    fields.optional_id("application_id", application_id, ApplicationId::parse)
}

/// A case with all that is recorded of it.
pub(crate) fn message(
    agency_id: &str,
    id: &CaseId,
    remedy: &Remedy,
    version: String,
) -> pb::Remedy {
    let conclusion = remedy.conclusion.as_ref();
    pb::Remedy {
        agency_id: agency_id.to_owned(),
        case_id: id.to_string(),
        kind: remedy.kind.code(),
        filing_date: Some(civil_date(remedy.filing_date.date())),
        application_id: about_text(remedy.application_id.as_ref()),
        result: Coded::code_of(conclusion.map(|conclusion| conclusion.result)),
        conclusion_date: conclusion.map(|conclusion| civil_date(conclusion.conclusion_date.date())),
        document_no: conclusion
            .map(|conclusion| conclusion.document_no.as_str().to_owned())
            .unwrap_or_default(),
        version,
    }
}

/// A case as a list shows it.
pub(crate) fn summary(agency_id: &AgencyId, id: &CaseId, entry: &RemedyEntry) -> pb::Remedy {
    let conclusion = entry.fact.conclusion;
    pb::Remedy {
        agency_id: agency_id.to_string(),
        case_id: id.to_string(),
        kind: entry.fact.kind.code(),
        filing_date: Some(civil_date(entry.fact.filing_date.date())),
        application_id: about_text(entry.application_id.as_ref()),
        result: Coded::code_of(conclusion.map(|(_, result)| result)),
        conclusion_date: conclusion.map(|(date, _)| civil_date(date.date())),
        ..pb::Remedy::default()
    }
}

fn about_text(id: Option<&ApplicationId>) -> String {
    id.map(ToString::to_string).unwrap_or_default()
}

/// The case as an act left it, and what was recorded.
pub(crate) fn answer(
    entry: &Entry,
    recorded: &Recorded,
) -> (Option<pb::Remedy>, Option<pb::WriteReceipt>) {
    let remedy = match (&entry.act, &*recorded.state) {
        (Act::Remedy(id, _), State::Remedy(Some(remedy))) => {
            Some(message(entry.agency_id(), id, remedy, write::version(recorded)))
        }
        _ => None,
    };
    (remedy, Some(receipt(recorded)))
}
