//! How long it takes to derive every open application's deadline anew after a notice of working
//! days, and to list those of a province.
//!
//! ```text
//! cargo bench --bench deadlines -- 1000000
//! ```
//!
//! Synthetic and always the same: received over two years, one in ten corrected, one in five with an
//! opinion asked for, one in twenty extended. One thread for the deadlines alone, all for the lists;
//! three times, and the best counts. The lists are of 3,000 agencies under 31 provinces, and of a
//! first page of 100; the median of many. What they take of memory is the difference in the register's
//! footprint.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::arithmetic_side_effects, reason = "a benchmark that overflows stops")]

use std::{error::Error, time::Instant};

use disclosure_ledger::{
    domain::{
        AgencyId, ApplicantKind, ApplicationId, Body, Event, LegalDate, ShortText, agency,
        application::{
            self, CorrectionReceived, CorrectionRequested, DeadlineExtended, Opinion,
            OpinionReceived, OpinionRequested, Proceeding, Received, ThirdPartyOpinion,
        },
        calendar::{Arrangement, DateRange, Notice, Notices, Scope},
        deadline::{
            Consultation, Consulted, CorrectionRequest, Extension, Facts, Policy, Receipt, explain,
            reply_deadline,
        },
    },
    projection::{DeadlinesOf, Register, Selection},
    store::GlobalPosition,
    wire::Narrow,
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
    lists(&facts, today)
}

const AGENCIES: usize = 3_000;
const PROVINCES: usize = 31;
const PAGE: usize = 100;

/// A register of the country, one agency above the provinces, and the lists that it gives.
fn lists(facts: &[Facts], today: LegalDate) -> Result<(), Box<dyn Error>> {
    let mut log = Log::default();
    let country = AgencyId::parse("cn")?;
    log.register(&country, None)?;
    let mut agencies = Vec::new();
    for number in 0..AGENCIES {
        let id = AgencyId::parse(&format!("agency-{number:05}"))?;
        let parent = match number.checked_sub(PROVINCES) {
            None => country.clone(),
            Some(_) => AgencyId::parse(&format!("agency-{:05}", number % PROVINCES))?,
        };
        log.register(&id, Some(parent))?;
        agencies.push(id);
    }
    for (number, facts) in facts.iter().enumerate() {
        let agency_id = agencies.get(number % AGENCIES).ok_or("no agency")?;
        log.application(agency_id, number, facts)?;
    }
    let footprint = log.register.footprint();
    println!(
        "a register of {} open applications  {:.1} bytes each",
        footprint.applications,
        per(footprint.bytes, footprint.applications)
    );
    let page = |register: &Register, agency_id: &AgencyId, selection| {
        let of = DeadlinesOf { agency_id, subtree: true, selection, today };
        let start = Instant::now();
        let page = register.deadlines(of, None, PAGE);
        (start.elapsed().as_secs_f64() * 1e3, page.map_or(0, |page| page.items.len()))
    };
    let province = agencies.first().ok_or("no agency")?;
    let mut anew = f64::MAX;
    println!("the country's overdue, first asked   {:8.1} ms", {
        page(&log.register, &country, Selection::Overdue).0
    });
    for round in 0..ROUNDS {
        log.notice(round)?;
        anew = anew.min(page(&log.register, &country, Selection::Overdue).0);
    }
    println!("the same after a notice              {anew:8.1} ms");
    for (what, agency_id) in [("a province's", province), ("the country's", &country)] {
        for selection in [Selection::Overdue, Selection::Due(5), Selection::Waiting] {
            let mut times: Vec<_> =
                (0..200).map(|_| page(&log.register, agency_id, selection)).collect();
            times.sort_by(|(a, _), (b, _)| a.total_cmp(b));
            let (median, items) = times.get(100).copied().unwrap_or_default();
            println!("{what} {selection:?}, {items} items, warm   {median:8.3} ms");
        }
    }
    let mut times = Vec::new();
    for number in 0..200 {
        let agency_id = agencies.get(number * PROVINCES % AGENCIES).ok_or("no agency")?;
        let received = facts.get(number).ok_or("no facts")?;
        log.application(agency_id, facts.len() + number, received)?;
        times.push(page(&log.register, province, Selection::Overdue).0);
    }
    times.sort_by(f64::total_cmp);
    let median = times.get(100).copied().unwrap_or_default();
    println!("a province's Overdue, one changed    {median:8.3} ms");
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
fn per(bytes: usize, number: usize) -> f64 {
    bytes as f64 / number as f64
}

/// A register that events are folded into one by one.
#[derive(Default)]
struct Log {
    register: Register,
    position: u64,
}

impl Log {
    fn fold(&mut self, agency_id: Option<AgencyId>, body: Body) -> Result<(), Box<dyn Error>> {
        self.position += 1;
        let event = Narrow::Whole(Box::new(Event { agency_id, actor: ShortText::default(), body }));
        let version = "1".parse().map_err(|_| "not a version")?;
        Ok(self.register.fold(&event, GlobalPosition::new(self.position), version)?)
    }

    fn register(&mut self, id: &AgencyId, parent: Option<AgencyId>) -> Result<(), Box<dyn Error>> {
        let (name, contact) = (ShortText::parse("某局")?, ShortText::default());
        let registered = agency::Register { name, contact, parent, from_year: 2008 };
        self.fold(Some(id.clone()), Body::Agency(agency::Event::Registered(registered)))
    }

    fn application(
        &mut self,
        agency_id: &AgencyId,
        number: usize,
        facts: &Facts,
    ) -> Result<(), Box<dyn Error>> {
        let id = ApplicationId::parse(&format!("2025-{number:07}"))?;
        let mut events = vec![application::Event::Received(Received {
            applicant_kind: ApplicantKind::NaturalPerson,
            receipt_date: facts.receipt.date,
            channel: None,
            applicant_ref: ShortText::default(),
            arrival: None,
        })];
        events.extend(steps(facts).into_iter().map(application::Event::Proceeding));
        for event in events {
            self.fold(Some(agency_id.clone()), Body::Application(id.clone(), event))?;
        }
        Ok(())
    }

    /// A made-up notice that makes a day of next year free.
    fn notice(&mut self, round: usize) -> Result<(), Box<dyn Error>> {
        let day = LegalDate::new(date(2026, 12, 1))?;
        let day = day.plus_days(i32::try_from(round)?).ok_or("a day beyond the ledger")?;
        let occasion = ShortText::parse("临时放假")?;
        let days_off = vec![DateRange { first: day, last: day }];
        let notice = Notice {
            number: ShortText::parse(&format!("临时{round}号"))?,
            title: ShortText::parse("临时放假的通知")?,
            scope: Scope::National,
            gazetted_date: LegalDate::new(date(2026, 11, 24))?,
            known_date: LegalDate::new(date(2026, 11, 24))?,
            supersedes: None,
            settles: None,
            arrangements: vec![Arrangement { occasion, days_off, days_worked: Vec::new() }],
        };
        self.fold(None, Body::Notice(Box::new(notice)))
    }
}

/// The steps that make such facts.
fn steps(facts: &Facts) -> Vec<Proceeding> {
    let explanation = ShortText::default;
    let mut steps = Vec::new();
    for request in &facts.corrections {
        steps.push(Proceeding::CorrectionRequested(CorrectionRequested {
            notice_date: request.notice_date,
            due_date: request.correct_by,
            explanation: explanation(),
        }));
        let received =
            request.corrected_date.map(|corrected_date| CorrectionReceived { corrected_date });
        steps.extend(received.map(Proceeding::CorrectionReceived));
    }
    for asked in &facts.consultations {
        steps.push(Proceeding::OpinionRequested(OpinionRequested {
            number: 1,
            consulted: asked.consulted,
            sent_date: asked.sent_date,
            delivery_date: asked.delivery_date,
        }));
        let answer = asked.answer_date.map(|answer_date| OpinionReceived {
            number: 1,
            opinion: Opinion::ThirdParty(ThirdPartyOpinion::Consents),
            answer_date,
        });
        steps.extend(answer.map(Proceeding::OpinionReceived));
    }
    steps.extend(facts.extensions.iter().map(|extension| {
        Proceeding::DeadlineExtended(DeadlineExtended {
            notice_date: extension.notice_date,
            working_days: extension.working_days,
            explanation: explanation(),
        })
    }));
    steps
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
