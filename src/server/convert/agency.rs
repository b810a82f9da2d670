//! Agencies.

use std::collections::BTreeMap;

use super::{Fields, entry, receipt, write};
use crate::{
    domain::{
        AgencyId, ApplicationId, CaseId, LegalDate, State,
        agency::{Agency, Command, Handover, Register, Reparent, Succession},
    },
    ledger::{Act, Entry, Recorded},
    server::refused::Refused,
    wire::{
        handovers,
        pb::{event::v1::AgencyHandover, v1 as pb},
    },
};

/// How many applications and cases one succession names at most.
const MOST_HANDED_OVER: usize = 5000;

pub(crate) fn register(request: pb::RegisterAgencyRequest) -> Result<Entry, Refused> {
    entry(request, |request, fields| {
        let name = fields.id("name", &request.name, crate::domain::ShortText::parse);
        let contact = fields.short("contact", &request.contact);
        let parent = fields.optional_id("parent_id", &request.parent_id, AgencyId::parse);
        let from_year = match request.from_year {
            0 => Some(LegalDate::FIRST_YEAR),
            year => calendar_year(fields, "from_year", year),
        };
        let register = Register { name: name?, contact: contact?, parent, from_year: from_year? };
        Some(Act::Agency(Command::Register(register)))
    })
}

pub(crate) fn reparent(request: pb::ReparentAgencyRequest) -> Result<Entry, Refused> {
    entry(request, |request, fields| {
        let parent = fields.optional_id("parent_id", &request.parent_id, AgencyId::parse);
        let from_year = calendar_year(fields, "from_year", request.from_year);
        let reparent = Reparent { parent, from_year: from_year? };
        Some(Act::Agency(Command::Reparent(reparent)))
    })
}

pub(crate) fn succeed(request: pb::SucceedAgencyRequest) -> Result<Entry, Refused> {
    entry(request, |request, fields| {
        let successor = fields.id("successor_id", &request.successor_id, AgencyId::parse);
        let from_year = calendar_year(fields, "from_year", request.from_year);
        let handovers = read_handovers(fields, &request.handovers);
        let (successor, from_year) = successor.zip(from_year)?;
        let succession = Succession { successor, from_year, handovers };
        Some(Act::Agency(Command::Succeed(succession)))
    })
}

fn read_handovers(fields: &mut Fields, stated: &[AgencyHandover]) -> BTreeMap<AgencyId, Handover> {
    let named = stated.iter().map(|each| (each.application_ids.len(), each.case_ids.len()));
    let named = named.fold(0_usize, |sum, (a, c)| sum.saturating_add(a).saturating_add(c));
    if named > MOST_HANDED_OVER {
        fields
            .fault("handovers", format!("name {named}, and at most {MOST_HANDED_OVER} are taken"));
    }
    let mut handovers = BTreeMap::new();
    for (place, each) in stated.iter().enumerate() {
        let at = |part: &str| format!("handovers[{place}].{part}");
        let mut handover = Handover::default();
        for (number, id) in each.application_ids.iter().enumerate() {
            let field = at(&format!("application_ids[{number}]"));
            handover.applications.extend(fields.id(&field, id, ApplicationId::parse));
        }
        for (number, id) in each.case_ids.iter().enumerate() {
            let field = at(&format!("case_ids[{number}]"));
            handover.cases.extend(fields.id(&field, id, CaseId::parse));
        }
        if each.application_ids.is_empty() && each.case_ids.is_empty() {
            fields.fault(&at("application_ids"), "is required, or case_ids");
        }
        let taker = fields.id(&at("agency_id"), &each.agency_id, AgencyId::parse);
        if let Some(taker) = taker
            && handovers.insert(taker, handover).is_some()
        {
            fields.fault(&at("agency_id"), format!("{:?} is named twice", each.agency_id));
        }
    }
    handovers
}

/// A calendar year that the ledger can hold.
pub(crate) fn calendar_year(fields: &mut Fields, field: &str, year: i32) -> Option<i16> {
    let years = LegalDate::FIRST_YEAR..=LegalDate::LAST_YEAR;
    let found = i16::try_from(year).ok().filter(|year| years.contains(year));
    if found.is_none() {
        fields.fault(field, format!("{year} is not a year from 2008 to 2100"));
    }
    found
}

pub(crate) fn message(id: &str, agency: &Agency, version: String) -> pb::Agency {
    pb::Agency {
        agency_id: id.to_owned(),
        name: agency.name.as_str().to_owned(),
        contact: agency.contact.as_str().to_owned(),
        parents: agency
            .parents
            .iter()
            .map(|(&from_year, parent)| pb::AgencyParent {
                from_year: from_year.into(),
                parent_id: parent.as_ref().map(ToString::to_string).unwrap_or_default(),
            })
            .collect(),
        version,
        succession: agency.succession.as_ref().map(|succession| pb::AgencySuccession {
            successor_id: succession.successor.to_string(),
            from_year: succession.from_year.into(),
            handovers: handovers(succession),
        }),
    }
}

/// The agency as an act left it, and what was recorded.
pub(crate) fn answer(
    id: &str,
    recorded: &Recorded,
) -> (Option<pb::Agency>, Option<pb::WriteReceipt>) {
    let agency = match &*recorded.state {
        State::Agency(agency) => agency.as_ref(),
        State::Application(_)
        | State::Remedy(_)
        | State::Figures(_)
        | State::Narrative(_)
        | State::Publications(_)
        | State::Calendar(_) => None,
    };
    let version = write::version(recorded);
    (agency.map(|agency| message(id, agency, version)), Some(receipt(recorded)))
}
