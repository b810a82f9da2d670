//! `disclosure record`: acts as JSON, one a line, into the log in their order.
//!
//! A line is the command of a `disclosure.v1.RecordRowsRequest` in the JSON form of protocol
//! buffers. What is the same on every line may be left out of it: the agency, and the request id,
//! which follows from what the line says, so that the same act sent twice is recorded once.

mod act;

use std::{io::Read, path::Path};

use super::{
    Failure, Outcome, Output,
    args::RecordOptions,
    client::connect,
    intake::{self, Fault, Row, Tally, Wish, Wording},
};

const WORDING: Wording = Wording { rows: "acts", place: "field", unreadable: "INVALID_FIELD" };

pub(super) async fn run(
    server: &str,
    options: RecordOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let RecordOptions { agency, file, dry_run, keep_going } = options;
    let wish = Wish { dry_run, keep_going };
    let (name, bytes) = read(&file)?;
    let (mut tally, rows) = acts(&name, &bytes, &agency)?;
    let channel = connect(server).await?;
    let address = |_: &mut _| {};
    intake::deliver(channel, rows, wish.mode(), address, |path| path, (&mut tally, output)).await?;
    tally.faults.sort_by_key(|fault| fault.line);
    Ok(intake::tell(&tally, wish, WORDING, output))
}

/// What a file is called in messages, and what it holds.
fn read(file: &Path) -> Result<(String, Vec<u8>), Failure> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut bytes);
        let name = "standard input".to_owned();
        return read
            .map(|_| (name, bytes))
            .map_err(|error| Failure::file("read", Path::new("standard input"), &error));
    }
    let bytes = std::fs::read(file).map_err(|error| Failure::file("read", file, &error))?;
    Ok((file.display().to_string(), bytes))
}

/// The acts of a file, addressed to an agency; and the tally of what was read, with what is wrong.
fn acts(name: &str, bytes: &[u8], agency: &str) -> Result<(Tally, Vec<Row>), Failure> {
    let reader = act::Reader::new(agency)?;
    let (mut tally, mut rows) = (Tally::default(), Vec::new());
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    for (line, text) in (1_u64..).zip(bytes.split(|byte| *byte == b'\n')) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        tally.rows = tally.rows.saturating_add(1);
        match reader.read(text) {
            Ok(act) => rows.push(Row { file: name.to_owned(), line, acts: vec![act] }),
            Err(faults) => tally.faults.extend(faults.into_iter().map(|fault| {
                let act::Fault { path, found, expected } = fault;
                Fault::unreadable((name, line), &path, &found, &expected)
            })),
        }
    }
    Ok((tally, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_as_an_editor_does_and_blank_ones_are_no_acts() {
        let text = "\u{feff}\r\n{}\r\n \n{\"accept_correction\":{\"application_id\":\"7\"}}";
        let (tally, rows) = acts("f.jsonl", text.as_bytes(), "a").unwrap();
        assert_eq!(tally.rows, 2);
        assert_eq!(tally.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [2]);
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [4]);
    }
}
