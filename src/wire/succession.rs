//! Successions of agencies as recorded bytes, and back.

use super::{
    codec::{DecodeError, calendar_year},
    pb::event::v1 as pb,
};
use crate::domain::{
    AgencyId, ApplicationId, CaseId,
    agency::{Handover, Succession},
};

pub(super) fn encode_succession(succession: &Succession) -> pb::AgencySucceeded {
    pb::AgencySucceeded {
        successor_id: succession.successor.to_string(),
        from_year: succession.from_year.into(),
        handovers: handovers(succession),
    }
}

/// What others take over, in the order of their ids.
#[must_use]
pub fn handovers(succession: &Succession) -> Vec<pb::AgencyHandover> {
    let handover = |(taker, handover): (&AgencyId, &Handover)| pb::AgencyHandover {
        agency_id: taker.to_string(),
        application_ids: handover.applications.iter().map(ToString::to_string).collect(),
        case_ids: handover.cases.iter().map(ToString::to_string).collect(),
    };
    succession.handovers.iter().map(handover).collect()
}

pub(super) fn decode_succession(
    succeeded: &pb::AgencySucceeded,
) -> Result<Succession, DecodeError> {
    let handover = |handover: &pb::AgencyHandover| {
        let applications = handover.application_ids.iter();
        let cases = handover.case_ids.iter();
        let taken = Handover {
            applications: applications
                .map(|id| ApplicationId::parse(id))
                .collect::<Result<_, _>>()?,
            cases: cases.map(|id| CaseId::parse(id)).collect::<Result<_, _>>()?,
        };
        Ok::<_, DecodeError>((AgencyId::parse(&handover.agency_id)?, taken))
    };
    Ok(Succession {
        successor: AgencyId::parse(&succeeded.successor_id)?,
        from_year: calendar_year(succeeded.from_year)?,
        handovers: succeeded.handovers.iter().map(handover).collect::<Result<_, _>>()?,
    })
}
