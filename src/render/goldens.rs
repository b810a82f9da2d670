//! Every format of two reports against the files in `tests/fixtures/reports/`.
//!
//! After a wanted change, `cargo test rewrite_the_golden_reports -- --ignored` writes them anew;
//! look at the difference before committing it.

use std::{fs, path::PathBuf};

use super::{Fonts, Format, Report, compose, render, samples, text};

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reports")
}

/// Every golden file by name, with what it ought to hold.
fn goldens() -> Vec<(String, Vec<u8>)> {
    let reports = [("luoyang-2020", samples::luoyang()), ("small-2025", samples::small())];
    reports.iter().flat_map(|(name, report)| files(name, report)).collect()
}

fn files(name: &str, report: &Report) -> Vec<(String, Vec<u8>)> {
    let fonts = Fonts::vendored().unwrap();
    // The bytes of a PDF are those of the release of the library that writes it.
    let formats = Format::ALL.iter().filter(|&&format| format != Format::Pdf).map(|&format| {
        (format!("{name}.{}", format.extension()), render(report, format, &fonts).unwrap())
    });
    let narrow = [80].map(|columns| {
        (format!("{name}.{columns}.txt"), text(&compose(report), columns).into_bytes())
    });
    formats.chain(narrow).collect()
}

#[test]
fn reports_come_out_as_the_golden_files_have_them() {
    for (name, bytes) in goldens() {
        let golden = fs::read(directory().join(&name)).unwrap();
        assert!(golden == bytes, "{name} differs from the golden file");
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(goldens(), goldens());
}

#[test]
#[ignore = "writes the golden files"]
fn rewrite_the_golden_reports() {
    fs::create_dir_all(directory()).unwrap();
    for (name, bytes) in goldens() {
        fs::write(directory().join(name), bytes).unwrap();
    }
}
