//! Tables derived from the log against an independent computation from the finished cases.
//!
//! Five hundred random registers over 2018 to 2023, recorded act by act with corrections and late
//! entries; every cell of both counted tables, on both forms, for every report year.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails, which is what is wanted"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use disclosure_ledger::{
    clock::FixedClock,
    domain::{
        AgencyId, ApplicationId, Body, ReportYear, ShortText, agency,
        application::{self, ConclusionBasis, CountingPolicy, ReworkPolicy},
    },
    ledger::{self, Entry, Ledger, Mode, WriteMeta, request_key},
    projection::{AsOf, Projection, StatementOf},
    statistics::{
        Tables,
        catalogue::{FORMS, Severity, form_for},
    },
    store::MemoryStore,
    wire::{event_type, pb::v1 as pb},
};

use crate::{
    oracle,
    support::{Act, Date, History, Random, TestServer, at},
};

const YEARS: std::ops::RangeInclusive<i16> = 2019..=2023;
/// How many histories go to the ledger directly, and how many through the public services.
const BY_LEDGER: u64 = 440;
const BY_RPC: u64 = 60;
/// How many histories are counted under every policy.
const BY_POLICY: u64 = 150;

/// The counted cells of a form in a year, as the oracle has them.
fn expected(form: &str, year: i16, history: &History) -> BTreeMap<String, Option<i64>> {
    expected_under(CountingPolicy::default(), form, year, history)
}

/// The same under a policy.
fn expected_under(
    policy: CountingPolicy,
    form: &str,
    year: i16,
    history: &History,
) -> BTreeMap<String, Option<i64>> {
    let (basis, rework) = (policy.conclusion_basis.key(), policy.rework_policy.key());
    let cases: Vec<_> = history
        .applications
        .iter()
        .zip(&history.endings)
        .map(|(case, ending)| oracle::counted_as(basis, rework, case, ending))
        .collect();
    let applications = oracle::applications(form, year, &cases);
    let remedies = oracle::remedies(year, &history.remedies);
    let applications = applications
        .into_iter()
        .map(|((row, column), value)| (format!("applications.{row}.{column}"), Some(value)));
    let remedies =
        remedies.into_iter().map(|(column, value)| (format!("remedies.{column}"), Some(value)));
    applications.chain(remedies).collect()
}

/// The counted cells of derived tables.
fn counted(cells: BTreeMap<String, Option<i64>>) -> BTreeMap<String, Option<i64>> {
    cells.into_iter().filter(|(cell, _)| !cell.starts_with("proactive.")).collect()
}

fn by_name(tables: &Tables) -> BTreeMap<String, Option<i64>> {
    tables.cells().map(|(cell, value)| (tables.form().cell_name(cell), value)).collect()
}

/// What a set of histories has reached.
#[derive(Debug, Default)]
struct Reached {
    leaves: BTreeSet<&'static str>,
    kinds: BTreeSet<&'static str>,
    remedies: BTreeSet<(&'static str, Option<&'static str>)>,
    across: usize,
    acts: [usize; 10],
    /// Which steps of the procedure.
    steps: BTreeSet<&'static str>,
}

impl Reached {
    fn note(&mut self, history: &History) {
        let in_reports = |(year, ..): Date| YEARS.contains(&year);
        for case in &history.applications {
            if in_reports(case.received) {
                self.kinds.insert(case.kind);
            }
            if let Some((on, leaf)) = case.concluded {
                if in_reports(on) {
                    self.leaves.insert(leaf);
                }
                self.across += usize::from(case.received.0 <= 2020 && on.0 >= 2021);
            }
        }
        for case in &history.remedies {
            self.remedies.insert((case.kind, case.concluded.map(|(_, result)| result)));
        }
        for act in &history.acts {
            let place = match act {
                Act::Receive { .. } => 0,
                Act::Decide { .. } => 1,
                Act::Withdraw { .. } => 2,
                Act::Correct { .. } => 3,
                Act::File { .. } => 4,
                Act::Conclude { .. } => 5,
                Act::Lapse { .. } => 6,
                Act::Proceed { step, .. } => {
                    let id = ApplicationId::parse("A").unwrap();
                    let event = application::Event::Proceeding(step.clone());
                    self.steps.insert(event_type(&Body::Application(id, event)));
                    7
                }
                Act::Reopen { .. } => 8,
                Act::Void { .. } => 9,
            };
            self.acts[place] += 1;
        }
    }

    #[track_caller]
    fn check(&self) {
        assert_eq!(self.leaves.len(), 21, "every disposition: {self:?}");
        assert_eq!(self.kinds.len(), 6, "every kind of applicant: {self:?}");
        assert_eq!(self.remedies.len(), 12, "every remedy, pending and with each result: {self:?}");
        assert!(self.across > 20, "across the change of form: {self:?}");
        assert!(self.acts.iter().all(|&acts| acts > 20), "every act: {self:?}");
        assert_eq!(self.steps.len(), 13, "every step of the procedure: {self:?}");
    }
}

fn registered(agency_id: &AgencyId) -> Entry {
    let request_key = request_key(agency_id, "register");
    let register = agency::Register {
        name: ShortText::parse("某局").unwrap(),
        contact: ShortText::default(),
        parent: None,
        from_year: 2008,
    };
    let meta = WriteMeta {
        request_key,
        fingerprint: request_key,
        expected_version: None,
        actor: ShortText::default(),
    };
    let act = ledger::Act::Agency(agency::Command::Register(register));
    Entry::new(agency_id.clone(), act, meta).unwrap()
}

/// Records a history in units of random size and mode.
async fn record(ledger: &Ledger, agency_id: &AgencyId, history: &History, random: &mut Random) {
    ledger.record(&registered(agency_id)).await.unwrap();
    let entries: Vec<_> =
        (0..).zip(&history.acts).map(|(place, act)| act.entry(agency_id, place)).collect();
    let mut rest = &entries[..];
    while !rest.is_empty() {
        let (unit, after) = rest.split_at(rest.len().min(1 + random.below(6)));
        let mode = random.of(&[Mode::Each, Mode::AllOrNothing]);
        for outcome in ledger.record_all(unit, mode).await {
            outcome.unwrap();
        }
        rest = after;
    }
}

#[tokio::test]
async fn tables_agree_with_the_oracle_in_every_cell() {
    let store = Arc::new(MemoryStore::new(Arc::new(FixedClock::new(at(0)))));
    let ledger = Ledger::new(store.clone());
    let projection = Projection::start(store).await.unwrap();
    let mut reached = Reached::default();
    for seed in 0..BY_LEDGER {
        let mut random = Random::new(seed);
        let history = History::random(&mut random, 30);
        let agency_id = AgencyId::parse(&format!("agency-{seed}")).unwrap();
        record(&ledger, &agency_id, &history, &mut random).await;
        for (year, form) in YEARS.flat_map(|year| FORMS.iter().map(move |form| (year, form))) {
            let report_year = ReportYear::new(year.into()).unwrap();
            let of = StatementOf {
                agency_id: agency_id.clone(),
                year: report_year,
                subtree: false,
                form: Some(form),
            };
            let asked = projection.ask(AsOf::Now, |register| register.statement(&of)).await;
            let statement = asked.unwrap().0.unwrap();
            assert_eq!(
                counted(by_name(&statement.tables)),
                expected(form.id, year, &history),
                "seed {seed}, year {year}, form {}",
                form.id
            );
            if form.id == form_for(report_year).id {
                let errors = statement.findings.iter();
                let errors: Vec<_> =
                    errors.filter(|finding| finding.severity == Severity::Error).collect();
                assert!(errors.is_empty(), "seed {seed}, year {year}: {errors:?}");
            }
        }
        reached.note(&history);
    }
    reached.check();
}

/// One log, counted under every policy, by a projection that follows it and by one that replays it.
#[tokio::test]
async fn tables_agree_with_the_oracle_under_every_policy() {
    let store = Arc::new(MemoryStore::new(Arc::new(FixedClock::new(at(0)))));
    let ledger = Ledger::new(store.clone());
    let policies: Vec<_> = ReworkPolicy::ALL
        .iter()
        .flat_map(|&rework_policy| {
            let of = move |&conclusion_basis| CountingPolicy { rework_policy, conclusion_basis };
            ConclusionBasis::ALL.iter().map(of)
        })
        .collect();
    let mut following = Vec::new();
    for &policy in &policies {
        following.push(Projection::start_under(policy, store.clone()).await.unwrap());
    }
    let mut histories = Vec::new();
    for seed in 0..BY_POLICY {
        let mut random = Random::new(2_000_000 + seed);
        let history = History::random(&mut random, 30);
        let agency_id = AgencyId::parse(&format!("agency-{seed}")).unwrap();
        record(&ledger, &agency_id, &history, &mut random).await;
        histories.push((agency_id, history));
    }
    let mut different = vec![0; policies.len()];
    for ((place, &policy), following) in policies.iter().enumerate().zip(&following) {
        let replayed = Projection::start_under(policy, store.clone()).await.unwrap();
        assert_eq!((following.policy(), replayed.policy()), (policy, policy));
        for ((agency_id, history), year) in
            histories.iter().flat_map(|history| YEARS.map(move |year| (history, year)))
        {
            let (report_year, subtree) = (ReportYear::new(year.into()).unwrap(), false);
            let agency_id = agency_id.clone();
            let of = StatementOf { agency_id, year: report_year, subtree, form: None };
            let form = form_for(report_year).id;
            let expected = expected_under(policy, form, year, history);
            for projection in [following, &replayed] {
                let (found, _) = projection.statement(AsOf::Now, &of).await.unwrap();
                let cells = counted(by_name(&found.tables));
                assert_eq!(cells, expected, "{policy:?}, {}, {year}", of.agency_id);
                assert_eq!(found.policy, policy);
                let mut errors = found.findings.iter().filter(|f| f.severity == Severity::Error);
                assert_eq!(errors.next(), None, "{policy:?}, {}, {year}", of.agency_id);
            }
            let plain = expected_under(CountingPolicy::default(), form, year, history);
            different[place] += usize::from(plain != expected);
        }
    }
    let [plain, others @ ..] = &different[..] else { panic!("there are policies") };
    assert_eq!(*plain, 0, "the default comes first");
    assert!(others.iter().all(|&tables| tables > 5), "each policy matters: {different:?}");
}

#[tokio::test]
async fn tables_agree_with_the_oracle_when_recorded_through_the_services() {
    let server = TestServer::start().await;
    let mut reached = Reached::default();
    for seed in 0..BY_RPC {
        let seed = 1_000_000 + seed;
        let mut random = Random::new(seed);
        let history = History::random(&mut random, 30);
        let agency_id = format!("agency-{seed}");
        server.register(&agency_id, "").await;
        let requests = history.acts.iter().map(|act| act.request(&agency_id)).collect();
        let mode = random.of(&[
            pb::IntakeMode::Unspecified,
            pb::IntakeMode::Each,
            pb::IntakeMode::AllOrNothing,
        ]);
        if mode == pb::IntakeMode::Unspecified {
            server.given(requests).await;
        } else {
            for answer in server.rows(mode, requests).await.unwrap() {
                let refusal = matches!(
                    answer.result,
                    Some(pb::record_rows_response::Result::Refusal(_)) | None
                );
                assert!(!refusal, "seed {seed}: {answer:?}");
            }
        }
        for (year, form) in YEARS.flat_map(|year| ["2019", "2021"].map(|form| (year, form))) {
            let selector = pb::ReportSelector {
                agency_id: agency_id.clone(),
                year: year.into(),
                form: form.to_owned(),
                ..Default::default()
            };
            assert_eq!(
                counted(server.tables(selector).await),
                expected(form, year, &history),
                "seed {seed}, year {year}, form {form}"
            );
        }
        reached.note(&history);
    }
    reached.check();
}
