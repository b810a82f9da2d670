//! `disclosure narrative`.

use std::path::Path;

use serde_json::json;

use super::{
    Failure, Outcome, Output,
    args::NarrativeAct,
    client::{Run, connect},
};
use crate::{
    domain::narrative::Section,
    wire::{
        Coded,
        pb::v1::{self as pb, narrative_service_client::NarrativeServiceClient},
    },
};

pub(super) async fn run(
    server: &str,
    act: NarrativeAct,
    output: Output,
) -> Result<Outcome, Failure> {
    let NarrativeAct::Set { agency, year, section, file } = act;
    let text = read(&file)?;
    let mut client = NarrativeServiceClient::new(connect(server).await?);
    let write = Some(Run::new("narrative").write());
    let request = request(write, agency, year, section.0, text);
    let receipt = client.set_section(request).await?.into_inner().receipt.unwrap_or_default();
    let state = if receipt.unchanged { "reads so already" } else { "written" };
    output.summary(
        format_args!("{} {state}, position {}", section.0, receipt.position),
        &json!({
            "section": section.0.key(),
            "position": receipt.position,
            "unchanged": receipt.unchanged,
        }),
    );
    Ok(Outcome::Done)
}

/// The request that writes a section.
pub(super) fn request(
    write: Option<pb::WriteOptions>,
    agency_id: String,
    year: i32,
    section: Section,
    text: String,
) -> pb::SetSectionRequest {
    pb::SetSectionRequest { write, agency_id, year, section: section.code(), text }
}

fn read(path: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::faults(format!("{} is not UTF-8 text", path.display())))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}
