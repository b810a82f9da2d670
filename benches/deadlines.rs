//! How long it takes to derive every open application's deadline anew after a notice of working
//! days.
//!
//! ```text
//! cargo bench --bench deadlines -- 1000000
//! ```
//!
//! Synthetic and always the same: received over two years, one in ten corrected, one in five with an
//! opinion asked for, one in twenty extended. One thread; three times, and the best counts.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{error::Error, time::Instant};

use disclosure_ledger::domain::{
    LegalDate,
    calendar::Notices,
    deadline::{
        Consultation, Consulted, CorrectionRequest, Extension, Facts, Policy, Receipt, explain,
        reply_deadline,
    },
};
use jiff::civil::date;

const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let cases = arguments.find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let first = LegalDate::new(date(2024, 11, 1))?;
    let today = LegalDate::new(date(2026, 11, 24))?;
    let facts = (0..cases).map(|number| facts(first, number)).collect::<Option<Vec<_>>>();
    let facts = facts.ok_or("a day beyond the ledger")?;
    let mut best = [f64::MAX; 3];
    let mut overdue = 0_usize;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let calendar = Notices::built_in().calendar();
        best[0] = best[0].min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        overdue = 0;
        for facts in &facts {
            let deadline = reply_deadline(facts, Policy::default(), &calendar, today)?;
            overdue = overdue.saturating_add(usize::from(deadline.is_overdue(today)));
        }
        best[1] = best[1].min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        for facts in facts.iter().take(cases / 100) {
            let deadline = reply_deadline(facts, Policy::default(), &calendar, today)?;
            explain(facts, &deadline, &calendar, today)?;
        }
        best[2] = best[2].min(start.elapsed().as_secs_f64());
    }
    println!("calendar from its notices   {:8.3} ms", best[0] * 1e3);
    println!("{cases} deadlines          {:8.3} s, {overdue} of them overdue", best[1]);
    println!("{} explanations        {:8.3} s", cases / 100, best[2]);
    Ok(())
}

fn facts(first: LegalDate, number: usize) -> Option<Facts> {
    let received = first.plus_days(i32::try_from(number % 730).ok()?)?;
    let after = |days| received.plus_days(days);
    let mut facts = Facts::new(Receipt::stated(received));
    if number.is_multiple_of(10) {
        facts.corrections.push(CorrectionRequest {
            notice_date: after(6)?,
            correct_by: after(20),
            corrected_date: after(14),
        });
    }
    if number.is_multiple_of(5) {
        facts.consultations.push(Consultation {
            sent_date: after(16)?,
            consulted: Consulted::ThirdParty,
            delivery_date: after(18),
            answer_date: after(25),
        });
    }
    if number.is_multiple_of(20) {
        facts.extensions.push(Extension { notice_date: after(27)?, working_days: 20 });
    }
    Some(facts)
}
