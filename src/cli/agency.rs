//! `disclosure agency`.

use serde_json::json;
use tonic::transport::Channel;

use super::{
    Failure, Outcome, Output,
    args::AgencyAct,
    client::{Run, connect},
};
use crate::wire::pb::v1::{self as pb, agency_service_client::AgencyServiceClient};

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
        AgencyAct::List => list(&mut client, output).await?,
    }
    Ok(Outcome::Done)
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
