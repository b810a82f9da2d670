//! How long one report takes in every format, and how much memory.
//!
//! ```text
//! cargo bench --bench render
//! ```
//!
//! The report is that of `examples/luoyang-2020`: its narrative, and a number in every cell. Fonts are
//! parsed once, before. Each format is rendered until half a second has gone by, and the median counts;
//! memory is how far the resident set rises above what it was before.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]
#![expect(clippy::arithmetic_side_effects, reason = "a benchmark that overflows stops")]
#![expect(clippy::indexing_slicing, reason = "a benchmark that overflows stops")]

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use disclosure_ledger::{
    domain::{
        LongText, ReportYear,
        application::CountingPolicy,
        narrative::{Section, Sections},
    },
    render::{Fonts, Format, Report, render},
    statistics::{Background, Tables, catalogue::form_for},
};

const FOR: Duration = Duration::from_millis(500);
const FEWEST: usize = 11;

/// What the program allocates with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let before = resident();
    let start = Instant::now();
    let fonts = Fonts::vendored().unwrap();
    let parsed = start.elapsed();
    println!("fonts parsed, ms                {:>10.2}", milliseconds(parsed));
    println!("fonts, MB                       {:>10.1}", megabytes(resident() - before));
    let report = report();
    println!("format   bytes   first, ms   p50, ms   p99, ms   memory, MB");
    for &format in Format::ALL {
        let before = resident();
        forget_peak();
        let start = Instant::now();
        let bytes = render(&report, format, &fonts).unwrap().len();
        let first = start.elapsed();
        let memory = (peak() - before).max(0.0);
        let mut times = Vec::new();
        let begin = Instant::now();
        while begin.elapsed() < FOR || times.len() < FEWEST {
            let start = Instant::now();
            assert_eq!(render(&report, format, &fonts).unwrap().len(), bytes, "the same bytes");
            times.push(start.elapsed());
        }
        times.sort();
        println!(
            "{:<6} {:>7} {:>11.3} {:>9.3} {:>9.3} {:>12.1}",
            format.key(),
            bytes,
            milliseconds(first),
            milliseconds(times[times.len() / 2]),
            milliseconds(times[times.len() * 99 / 100]),
            megabytes(memory),
        );
    }
}

fn report() -> Report {
    let year = ReportYear::new(2020).unwrap();
    let mut tables = Tables::blank(form_for(year));
    let cells: Vec<_> = tables.form().cells().collect();
    for (number, cell) in (0..).zip(cells) {
        tables.set(cell, Some(number * 7919 % 1000));
    }
    let written = |file: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/luoyang-2020");
        LongText::parse(&fs::read_to_string(folder.join(file)).unwrap()).unwrap()
    };
    Report {
        agency_id: "luoyang-justice".to_owned(),
        agency_name: "洛阳市司法局".to_owned(),
        contact: "河南省洛阳市，邮编 471000".to_owned(),
        year,
        tables,
        sections: Sections::from([
            (Section::Overview, written("s1_overview.md")),
            (Section::Problems, written("s5_problems.md")),
            (Section::Other, written("s6_other.md")),
        ]),
        findings: Vec::new(),
        as_of_position: 27,
        background: Background::default(),
        policy: CountingPolicy::default(),
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn megabytes(bytes: f64) -> f64 {
    bytes / 1e6
}

fn resident() -> f64 {
    status("VmRSS:")
}

fn peak() -> f64 {
    status("VmHWM:")
}

/// Has the kernel take the peak from now on.
fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

fn status(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) * 1024.0
}
