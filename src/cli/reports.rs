//! `disclosure report --below`: the reports of an agency and everybody below it, into a directory.
//!
//! Each document is written under another name, renamed when it is whole, and then noted in a
//! manifest with its digest. A run that was broken off is taken up by running it again: what the
//! manifest notes and the directory holds, byte for byte, is kept. An agency whose report cannot be
//! rendered is named, and the others go on.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tonic::transport::Channel;

use super::{
    Failure, Outcome, Output,
    args::{FormatName, ReportOptions},
    client::connect,
    progress::Progress,
    report::{Document, fetch_document},
};
use crate::wire::pb::v1::{self as pb, agency_service_client::AgencyServiceClient};

/// The name of the manifest in the directory: one JSON object a line.
const MANIFEST: &str = "manifest.jsonl";

/// What a run did.
#[derive(Debug, Default)]
struct Tally {
    written: u64,
    kept: u64,
    failed: u64,
}

pub(super) async fn run(
    server: &str,
    below: String,
    options: ReportOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let ReportOptions { year, form, format: formats, output: directory, .. } = options;
    let Some(directory) = directory else {
        return Err(Failure::usage("--below needs --output, a directory"));
    };
    let channel = connect(server).await?;
    let agencies = agencies(channel.clone(), &below, year).await?;
    fs::create_dir_all(&directory).map_err(|error| Failure::file("create", &directory, &error))?;
    let mut manifest = Manifest::open(&directory)?;
    let documents = agencies.len().saturating_mul(formats.len());
    let mut progress = Progress::new(u64::try_from(documents).unwrap_or(u64::MAX), output);
    let mut tally = Tally::default();
    for agency_id in agencies {
        for &format in &formats {
            let selector = pb::ReportSelector {
                agency_id: agency_id.clone(),
                year,
                form: form.clone().unwrap_or_default(),
                ..Default::default()
            };
            let wanted = Wanted { selector, format };
            if manifest.holds(&wanted) {
                tally.kept = tally.kept.saturating_add(1);
            } else {
                let selector = wanted.selector.clone();
                let written = match fetch_document(channel.clone(), selector, format.0).await {
                    Ok(document) => manifest.write(&wanted, &document),
                    // Without a server, none of the others can be rendered either.
                    Err(failure) if failure.is_unreachable() => return Err(failure),
                    Err(failure) => Err(failure),
                };
                match written {
                    Ok(()) => tally.written = tally.written.saturating_add(1),
                    Err(failure) => {
                        tally.failed = tally.failed.saturating_add(1);
                        progress.hide();
                        tell(output, &agency_id, format, &failure);
                    }
                }
            }
            progress.advance(output);
        }
    }
    progress.finish();
    let Tally { written, kept, failed } = tally;
    let place = directory.display().to_string();
    output.summary(
        format_args!("wrote {written}, kept {kept} that were there, {failed} failed, in {place}"),
        &json!({ "written": written, "kept": kept, "failed": failed, "directory": place }),
    );
    Ok(if failed == 0 { Outcome::Done } else { Outcome::Faults })
}

/// Says which report failed, and why.
fn tell(output: Output, agency_id: &str, format: FormatName, failure: &Failure) {
    let format = format.0.key();
    if output.json {
        let mut object = failure.json();
        if let Value::Object(members) = &mut object {
            members.insert("agency".to_owned(), agency_id.into());
            members.insert("format".to_owned(), format.into());
        }
        output.note(object);
    } else {
        output.note(format_args!("error: {agency_id} {format}: {}", failure.sentence()));
    }
}

/// The agency and everybody below it in a year, by id.
async fn agencies(channel: Channel, top: &str, year: i32) -> Result<Vec<String>, Failure> {
    let mut client = AgencyServiceClient::new(channel);
    let request = pb::GetAgencyRequest { agency_id: top.to_owned() };
    client.get_agency(request).await?;
    let mut found = vec![top.to_owned()];
    let mut wanted = found.clone();
    while let Some(parent_id) = wanted.pop() {
        let mut page_token = String::new();
        loop {
            let request = pb::ListAgenciesRequest {
                page_size: 1000,
                page_token,
                parent_id: parent_id.clone(),
                year,
            };
            let page = client.list_agencies(request).await?.into_inner();
            let ids: Vec<_> = page.agencies.into_iter().map(|agency| agency.agency_id).collect();
            found.extend(ids.iter().cloned());
            wanted.extend(ids);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// A document that the directory is to hold.
struct Wanted {
    selector: pb::ReportSelector,
    format: FormatName,
}

impl Wanted {
    /// Its name in the directory.
    fn file_name(&self) -> String {
        let pb::ReportSelector { agency_id, year, form, .. } = &self.selector;
        let form = if form.is_empty() { String::new() } else { format!("-form{form}") };
        format!("{agency_id}-{year}{form}.{}", self.format.0.extension())
    }
}

/// What the directory holds, as far as it was written to the end.
struct Manifest {
    directory: PathBuf,
    file: File,
    /// The digest of each document.
    digests: BTreeMap<String, String>,
}

impl Manifest {
    fn open(directory: &Path) -> Result<Self, Failure> {
        let path = directory.join(MANIFEST);
        let lines = match fs::read_to_string(&path) {
            Ok(lines) => lines,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Failure::file("read", &path, &error)),
        };
        // A line that a broken run left unfinished says nothing.
        let noted = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let text = |line: &Value, member| line.get(member)?.as_str().map(str::to_owned);
        let digests = noted.filter_map(|line| Some((text(&line, "file")?, text(&line, "sha256")?)));
        let digests = digests.collect();
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let mut file = file.map_err(|error| Failure::file("open", &path, &error))?;
        if !lines.is_empty() && !lines.ends_with('\n') {
            file.write_all(b"\n").map_err(|error| Failure::file("write", &path, &error))?;
        }
        Ok(Self { directory: directory.to_owned(), file, digests })
    }

    /// Whether a document is there and whole.
    fn holds(&self, wanted: &Wanted) -> bool {
        let name = wanted.file_name();
        let Some(noted) = self.digests.get(&name) else { return false };
        fs::read(self.directory.join(name)).is_ok_and(|bytes| digest(&bytes) == *noted)
    }

    fn write(&mut self, wanted: &Wanted, document: &Document) -> Result<(), Failure> {
        let name = wanted.file_name();
        let path = self.directory.join(&name);
        let partial = self.directory.join(format!(".{name}.partial"));
        fs::write(&partial, &document.bytes)
            .map_err(|error| Failure::file("write", &partial, &error))?;
        if let Err(error) = fs::rename(&partial, &path) {
            // Whether or not it can be taken away, what stands in the way is what matters.
            drop(fs::remove_file(&partial));
            return Err(Failure::file("write", &path, &error));
        }
        let line = json!({
            "file": name,
            "agency": wanted.selector.agency_id,
            "year": wanted.selector.year,
            "format": wanted.format.0.key(),
            "sha256": digest(&document.bytes),
            "bytes": document.bytes.len(),
            "position": document.position,
        });
        writeln!(self.file, "{line}")
            .map_err(|error| Failure::file("write", &self.directory.join(MANIFEST), &error))
    }
}

fn digest(bytes: &[u8]) -> String {
    format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(bytes)))
}
