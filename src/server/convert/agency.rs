//! Agencies.

use super::{Fields, entry, receipt, write};
use crate::{
    domain::{
        AgencyId, LegalDate, State,
        agency::{Agency, Command, Register, Reparent},
    },
    ledger::{Act, Entry, Recorded},
    server::refused::Refused,
    wire::pb::v1 as pb,
};

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
        | State::Calendar(_) => None,
    };
    let version = write::version(recorded);
    (agency.map(|agency| message(id, agency, version)), Some(receipt(recorded)))
}
