//! `disclosure narrative`.

use std::{fmt, path::Path};

use serde_json::{Value, json};
use tonic::transport::Channel;

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
    let client = NarrativeServiceClient::new(connect(server).await?);
    match act {
        NarrativeAct::Set { agency, year, section, file } => {
            set(client, agency, year, section.0, &file, output).await
        }
        NarrativeAct::Show { agency, year, filled } => {
            show(client, agency, year, filled, output).await
        }
    }
}

/// Writes a section, and says what its references stand for.
async fn set(
    mut client: NarrativeServiceClient<Channel>,
    agency_id: String,
    year: i32,
    section: Section,
    file: &Path,
    output: Output,
) -> Result<Outcome, Failure> {
    let text = read(file)?;
    let write = Some(Run::new("narrative").write());
    let request = request(write, agency_id.clone(), year, section, text);
    let receipt = client.set_section(request).await?.into_inner().receipt.unwrap_or_default();
    let request = pb::GetNarrativeRequest { agency_id, year, filled: true };
    let sections = client.get_narrative(request).await?.into_inner().sections;
    let written = sections.into_iter().find(|written| written.section == section.code());
    let references = written.map(|written| written.references).unwrap_or_default();
    let state = if receipt.unchanged { "reads so already" } else { "written" };
    output.summary(
        format_args!("{section} {state}, position {}{}", receipt.position, Preview(&references)),
        &json!({
            "section": section.key(),
            "position": receipt.position,
            "unchanged": receipt.unchanged,
            "references": references.iter().map(reference_json).collect::<Vec<_>>(),
        }),
    );
    Ok(Outcome::Done)
}

/// Prints the sections of a year, each under a line with its key; as JSON, an object a section.
async fn show(
    mut client: NarrativeServiceClient<Channel>,
    agency_id: String,
    year: i32,
    filled: bool,
    output: Output,
) -> Result<Outcome, Failure> {
    let request = pb::GetNarrativeRequest { agency_id, year, filled };
    for written in client.get_narrative(request).await?.into_inner().sections {
        let section = Section::from_code(written.section).ok().flatten();
        let key = section.map_or("?", Section::key);
        output.summary(
            format_args!("[{key}]\n{}\n", written.text.trim_end()),
            &json!({
                "section": key,
                "text": written.text,
                "references": written.references.iter().map(reference_json).collect::<Vec<_>>(),
            }),
        );
    }
    Ok(Outcome::Done)
}

/// What references stand for now, a line each.
struct Preview<'a>(&'a [pb::FilledReference]);

impl fmt::Display for Preview<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|reference| {
            let pb::FilledReference { reference, line, column, filled } = reference;
            write!(f, "\n  {line}:{column}  {reference}  {filled}")
        })
    }
}

fn reference_json(reference: &pb::FilledReference) -> Value {
    let pb::FilledReference { reference, line, column, filled } = reference;
    json!({ "reference": reference, "line": line, "column": column, "filled": filled })
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
