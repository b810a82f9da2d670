//! Every format of two reports against the files in `tests/fixtures/reports/`.
//!
//! After a wanted change, `cargo test rewrite_the_golden_reports -- --ignored` writes them anew;
//! look at the difference before committing it.

use std::{fs, path::PathBuf};

use super::{Fonts, Format, Report, compose, parts, render, samples, text};

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
    let formats = Format::ALL.iter().filter(|&&format| format != Format::Pdf).flat_map(|&format| {
        let bytes = render(report, format, &fonts).unwrap();
        parts_of(format!("{name}.{}", format.extension()), format, bytes)
    });
    let narrow = [80].map(|columns| {
        (format!("{name}.{columns}.txt"), text(&compose(report), columns).into_bytes())
    });
    formats.chain(narrow).collect()
}

/// A document as it is; what packs several parts part by part, in a folder of its name.
fn parts_of(name: String, format: Format, bytes: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    if !matches!(format, Format::Docx | Format::Xlsx) {
        return vec![(name, bytes)];
    }
    let part = |(part, text): (String, String)| (format!("{name}/{part}"), text.into_bytes());
    parts::unzip(&bytes).into_iter().map(part).collect()
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
    let fonts = Fonts::vendored().unwrap();
    for report in samples::all() {
        for &format in Format::ALL {
            // What holds a character that no font has is refused, the same every time.
            let bytes = || render(&report, format, &fonts);
            assert!(bytes() == bytes(), "{format:?}");
            assert!(bytes().is_ok() || format == Format::Pdf, "{format:?}");
        }
    }
}

#[test]
#[ignore = "writes the golden files"]
fn rewrite_the_golden_reports() {
    for (name, bytes) in goldens() {
        let path = directory().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}
