//! `disclosure generate`: a made-up national year into the log, to try out and to measure.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use super::{
    Failure, Outcome, Output,
    args::GenerateOptions,
    client::{Run, connect},
    progress::Progress,
};
use crate::{
    domain::AgencyId,
    synthetic::{MadeUp, Plan},
    wire::{
        Coded, civil_date,
        pb::v1::{
            self as pb, agency_service_client::AgencyServiceClient,
            intake_service_client::IntakeServiceClient, record_rows_request::Command,
            record_rows_response::Result as RowResult,
        },
    },
};

pub(super) async fn run(
    server: &str,
    options: GenerateOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let GenerateOptions { year, agencies, applications, seed } = options;
    let plan = Plan { year, agencies, applications, seed };
    let channel = connect(server).await?;
    let ids = register(channel.clone(), plan).await?;
    let recorded = record(channel, plan, ids, output).await?;
    output.summary(
        format_args!(
            "{agencies} agencies, {applications} applications, {recorded} events recorded"
        ),
        &serde_json::json!({
            "agencies": agencies, "applications": applications, "recorded": recorded,
        }),
    );
    Ok(Outcome::Done)
}

async fn register(channel: Channel, plan: Plan) -> Result<Vec<AgencyId>, Failure> {
    let agencies = plan.agencies().map_err(|error| Failure::usage(error.to_string()))?;
    let mut client = AgencyServiceClient::new(channel);
    let mut run = Run::new("generate");
    let mut ids: Vec<AgencyId> = Vec::new();
    for (id, above) in agencies {
        let parent = above.and_then(|above| ids.get(above));
        let request = pb::RegisterAgencyRequest {
            write: Some(run.write()),
            agency_id: id.to_string(),
            name: format!("示例机关{}", ids.len()),
            parent_id: parent.map(ToString::to_string).unwrap_or_default(),
            ..pb::RegisterAgencyRequest::default()
        };
        client.register_agency(request).await?;
        ids.push(id);
    }
    Ok(ids)
}

async fn record(
    channel: Channel,
    plan: Plan,
    ids: Vec<AgencyId>,
    output: Output,
) -> Result<u64, Failure> {
    let mut progress = Progress::new(plan.applications as u64, output);
    let (send, rows) = mpsc::channel(1024);
    tokio::spawn(feed(plan, Arc::from(ids), send));
    let mut client = IntakeServiceClient::new(channel);
    let mut results = client.record_rows(ReceiverStream::new(rows)).await?.into_inner();
    let (mut recorded, mut told) = (0_u64, None);
    while let Some(response) = results.message().await? {
        match response.result {
            Some(RowResult::Refusal(refusal)) => return Err(Failure::faults(refusal.message)),
            Some(RowResult::Receipt(receipt)) if !receipt.unchanged => {
                recorded = recorded.saturating_add(1);
            }
            Some(RowResult::Receipt(_)) | None => {}
        }
        if told != Some(response.row) {
            told = Some(response.row);
            progress.advance(output);
        }
    }
    progress.finish();
    Ok(recorded)
}

async fn feed(plan: Plan, ids: Arc<[AgencyId]>, send: mpsc::Sender<pb::RecordRowsRequest>) {
    let mut run = Run::new("generate");
    for (row, made) in (0..).zip(plan.applications()) {
        for command in commands(&made, &ids, &mut run) {
            let mode = pb::IntakeMode::Each.into();
            let request = pb::RecordRowsRequest { mode, row, command: Some(command) };
            if send.send(request).await.is_err() {
                // The server broke off; its answer says why.
                return;
            }
        }
    }
}

/// The acts that an application stands for.
fn commands(made: &MadeUp, ids: &[AgencyId], run: &mut Run) -> Vec<Command> {
    let agency_id = ids.get(made.agency).map(ToString::to_string).unwrap_or_default();
    let application_id = made.id.to_string();
    let receive = pb::ReceiveApplicationRequest {
        write: Some(run.write()),
        agency_id: agency_id.clone(),
        application_id: application_id.clone(),
        applicant_kind: made.applicant_kind.code(),
        receipt_date: Some(civil_date(made.receipt_date.date())),
        channel: made.channel.code(),
        ..Default::default()
    };
    let mut commands = vec![Command::ReceiveApplication(receive)];
    commands.extend(made.conclusion.map(|(date, disposition)| {
        Command::DecideApplication(pb::DecideApplicationRequest {
            write: Some(run.write()),
            agency_id,
            document_no: format!("示例公开〔{}〕{application_id}号", date.year()),
            application_id,
            disposition: disposition.code(),
            decision_date: Some(civil_date(date.date())),
            ..Default::default()
        })
    }));
    commands
}
