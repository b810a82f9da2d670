//! `disclosure agency`.

use std::collections::BTreeMap;

use serde_json::json;
use tonic::transport::Channel;

use super::{
    Failure, Outcome, Output,
    args::AgencyAct,
    client::{Run, connect},
};
use crate::wire::pb::{
    event::v1::AgencyHandover,
    v1::{self as pb, agency_service_client::AgencyServiceClient},
};

pub(super) async fn run(server: &str, act: AgencyAct, output: Output) -> Result<Outcome, Failure> {
    let mut client = AgencyServiceClient::new(connect(server).await?);
    let mut run = Run::new("agency");
    match act {
        AgencyAct::Register { id, name, parent, from_year, contact } => {
            let request = pb::RegisterAgencyRequest {
                write: Some(run.write()),
                agency_id: id,
                name,
                parent_id: parent.unwrap_or_default(),
                from_year: from_year.unwrap_or_default(),
                contact: contact.unwrap_or_default(),
            };
            let answer = client.register_agency(request).await?.into_inner();
            tell(output, "registered", answer.agency, answer.receipt);
        }
        AgencyAct::Reparent { id, parent, from_year } => {
            let request = pb::ReparentAgencyRequest {
                write: Some(run.write()),
                agency_id: id,
                parent_id: parent.unwrap_or_default(),
                from_year,
            };
            let answer = client.reparent_agency(request).await?.into_inner();
            tell(output, "placed", answer.agency, answer.receipt);
        }
        AgencyAct::Succeed { id, successor, from_year, application, case } => {
            let request = pb::SucceedAgencyRequest {
                write: Some(run.write()),
                agency_id: id,
                successor_id: successor,
                from_year,
                handovers: handovers(&application, &case)?,
            };
            let answer = client.succeed_agency(request).await?.into_inner();
            tell(output, "handed over", answer.agency, answer.receipt);
        }
        AgencyAct::List => list(&mut client, output).await?,
    }
    Ok(Outcome::Done)
}

/// What others take over, by agency.
fn handovers(applications: &[String], cases: &[String]) -> Result<Vec<AgencyHandover>, Failure> {
    let mut handovers: BTreeMap<String, AgencyHandover> = BTreeMap::new();
    let named = applications.iter().map(|text| (text, true));
    for (text, is_application) in named.chain(cases.iter().map(|text| (text, false))) {
        let Some((agency_id, id)) = text.split_once('=') else {
            let example = "an agency and what it takes over, such as b=2021-001";
            return Err(Failure::usage(format!("{text:?} is not {example}")));
        };
        let handover = handovers.entry(agency_id.to_owned()).or_default();
        agency_id.clone_into(&mut handover.agency_id);
        let ids =
            if is_application { &mut handover.application_ids } else { &mut handover.case_ids };
        ids.push(id.to_owned());
    }
    Ok(handovers.into_values().collect())
}

fn tell(output: Output, verb: &str, agency: Option<pb::Agency>, receipt: Option<pb::WriteReceipt>) {
    let pb::Agency { agency_id, name, .. } = agency.unwrap_or_default();
    let pb::WriteReceipt { position, unchanged, .. } = receipt.unwrap_or_default();
    let sentence = if unchanged {
        format!("{agency_id} {name} is recorded so already, at position {position}")
    } else {
        format!("{verb} {agency_id} {name} at position {position}")
    };
    output.summary(
        sentence,
        &json!({ "agency": agency_id, "position": position, "unchanged": unchanged }),
    );
}

async fn list(client: &mut AgencyServiceClient<Channel>, output: Output) -> Result<(), Failure> {
    let mut page_token = String::new();
    loop {
        let request = pb::ListAgenciesRequest { page_size: 1000, page_token, ..Default::default() };
        let page = client.list_agencies(request).await?.into_inner();
        for agency in page.agencies {
            let parent = agency.parents.last().map(|parent| parent.parent_id.clone());
            let parent = parent.unwrap_or_default();
            output.summary(
                format_args!("{}\t{}\t{parent}", agency.agency_id, agency.name),
                &json!({ "agency": agency.agency_id, "name": agency.name, "parent": parent }),
            );
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(());
        }
    }
}
