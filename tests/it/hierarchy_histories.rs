//! Random trees of agencies that are moved, merged and split, with random registers: every cell of
//! every agency and every subtree, in every year, against an independent count of the cases.
#![cfg(test)]

use std::{collections::BTreeMap, sync::Arc};

use disclosure_ledger::{
    clock::FixedClock,
    domain::{
        AgencyId, ApplicationId, CaseId, ReportYear, ShortText,
        agency::{Command, Handover, Register, Reparent, Succession},
    },
    ledger::{self, Entry, Ledger, RecordError, WriteMeta, request_key},
    projection::{AsOf, Projection, QueryError, RollUpOf, StatementOf},
    statistics::{
        Tables,
        catalogue::{Severity, form_for},
    },
    store::{EventStore, MemoryStore},
};

use crate::{
    oracle,
    support::{Act, History, Random, at},
};

const YEARS: std::ops::RangeInclusive<i16> = 2019..=2023;
const SEEDS: u64 = 120;

/// Who takes over from an agency, as the test has it: from when on, the successor, and of which
/// applications and cases another one.
#[derive(Debug, Clone)]
struct Gone {
    from_year: i16,
    successor: usize,
    applications: BTreeMap<usize, usize>,
    cases: BTreeMap<usize, usize>,
}

/// One application or case, and whose register it is in.
struct Kept<T> {
    agency: usize,
    id: usize,
    /// The application that a case is about.
    about: Option<usize>,
    case: T,
}

/// A country in the making, and what is known of it without the ledger.
#[derive(Default)]
struct Country {
    /// From which year on each reports to whom.
    parents: Vec<BTreeMap<i16, Option<usize>>>,
    gone: BTreeMap<usize, Gone>,
    applications: Vec<Kept<oracle::Case>>,
    remedies: Vec<Kept<oracle::Remedy>>,
    acts: usize,
}

impl Country {
    fn agencies(&self) -> std::ops::Range<usize> {
        0..self.parents.len()
    }

    fn exists(&self, agency: usize, year: i16) -> bool {
        self.gone.get(&agency).is_none_or(|gone| gone.from_year > year)
    }

    /// Who stands where an agency stood.
    fn standing_for(&self, mut agency: usize, year: i16) -> usize {
        while let Some(gone) = self.gone.get(&agency).filter(|gone| gone.from_year <= year) {
            agency = gone.successor;
        }
        agency
    }

    fn parent(&self, agency: usize, year: i16) -> Option<usize> {
        let (_, parent) = self.parents[agency].range(..=year).next_back()?;
        parent.map(|parent| self.standing_for(parent, year))
    }

    fn is_within(&self, agency: usize, top: usize, year: i16) -> bool {
        let mut at = Some(agency);
        while let Some(agency) = at {
            if agency == top {
                return true;
            }
            at = self.parent(agency, year);
        }
        false
    }

    /// Who counts, in a year, what an agency registered.
    fn holder(&self, agency: usize, year: i16, taker: impl Fn(&Gone) -> Option<usize>) -> usize {
        match self.gone.get(&agency).filter(|gone| gone.from_year <= year) {
            None => agency,
            Some(gone) => self.standing_for(taker(gone).unwrap_or(gone.successor), year),
        }
    }

    /// What the cases of some agencies come to in a year, as the oracle has it.
    fn expected(
        &self,
        year: i16,
        is_member: impl Fn(usize) -> bool,
    ) -> BTreeMap<String, Option<i64>> {
        let form = form_for(ReportYear::new(year.into()).unwrap()).id;
        let applications = self.applications.iter().filter(|kept| {
            is_member(
                self.holder(kept.agency, year, |gone| gone.applications.get(&kept.id).copied()),
            )
        });
        let remedies = self.remedies.iter().filter(|kept| {
            is_member(self.holder(kept.agency, year, |gone| {
                let about = kept.about.and_then(|about| gone.applications.get(&about));
                gone.cases.get(&kept.id).or(about).copied()
            }))
        });
        let applications: Vec<_> = applications.map(|kept| kept.case).collect();
        let remedies: Vec<_> = remedies.map(|kept| kept.case).collect();
        let applications = oracle::applications(form, year, &applications);
        let applications = applications
            .into_iter()
            .map(|((row, column), value)| (format!("applications.{row}.{column}"), Some(value)));
        let remedies = oracle::remedies(year, &remedies).into_iter();
        applications
            .chain(remedies.map(|(column, n)| (format!("remedies.{column}"), Some(n))))
            .collect()
    }
}

fn agency_id(agency: usize) -> AgencyId {
    AgencyId::parse(&format!("agency-{agency}")).unwrap()
}

fn counted(tables: &Tables) -> BTreeMap<String, Option<i64>> {
    let named = tables.cells().map(|(cell, value)| (tables.form().cell_name(cell), value));
    named.filter(|(cell, _)| !cell.starts_with("proactive.")).collect()
}

async fn act(
    ledger: &Ledger,
    country: &mut Country,
    agency: usize,
    command: Command,
) -> Result<(), RecordError> {
    country.acts += 1;
    let id = agency_id(agency);
    let request_key = request_key(&id, &format!("act-{}", country.acts));
    let meta = WriteMeta {
        request_key,
        fingerprint: request_key,
        expected_version: None,
        actor: ShortText::default(),
    };
    let entry = Entry::new(id, ledger::Act::Agency(command), meta).unwrap();
    ledger.record(&entry).await.map(|_| ())
}

/// Places an agency elsewhere, or hands it over, if that can be; whether it was handed over.
async fn reorganise(ledger: &Ledger, country: &mut Country, random: &mut Random) -> bool {
    let agency = random.below(country.parents.len());
    let other = random.below(country.parents.len());
    let from_year = 2019 + i16::try_from(random.below(5)).unwrap();
    if random.percent(50) {
        let parent = random.percent(80).then_some(other);
        let reparent = Reparent { parent: parent.map(agency_id), from_year };
        if act(ledger, country, agency, Command::Reparent(reparent)).await.is_ok() {
            let parents = &mut country.parents[agency];
            parents.retain(|&year, _| year < from_year);
            parents.insert(from_year, parent);
        }
        return false;
    }
    let mut gone =
        Gone { from_year, successor: other, applications: BTreeMap::new(), cases: BTreeMap::new() };
    if random.percent(60) {
        let takers = [random.below(country.parents.len()), random.below(country.parents.len())];
        let some = |random: &mut Random| random.percent(40).then(|| random.of(&takers));
        let named = |kept: &Kept<oracle::Case>| (kept.agency == agency).then_some(kept.id);
        for id in country.applications.iter().filter_map(named) {
            gone.applications.extend(some(random).map(|taker| (id, taker)));
        }
        let named = |kept: &Kept<oracle::Remedy>| (kept.agency == agency).then_some(kept.id);
        for id in country.remedies.iter().filter_map(named) {
            gone.cases.extend(some(random).map(|taker| (id, taker)));
        }
    }
    let mut handovers: BTreeMap<AgencyId, Handover> = BTreeMap::new();
    for (id, taker) in &gone.applications {
        let handover = handovers.entry(agency_id(*taker)).or_default();
        handover.applications.insert(ApplicationId::parse(&format!("A{id:03}")).unwrap());
    }
    for (id, taker) in &gone.cases {
        let handover = handovers.entry(agency_id(*taker)).or_default();
        handover.cases.insert(CaseId::parse(&format!("R{id:03}")).unwrap());
    }
    let succession = Succession { successor: agency_id(other), from_year, handovers };
    let done = act(ledger, country, agency, Command::Succeed(succession)).await.is_ok();
    if done {
        country.gone.insert(agency, gone);
    }
    done
}

/// Records an agency's history; what a succeeded agency can no longer receive is left out.
async fn record(ledger: &Ledger, country: &mut Country, agency: usize, random: &mut Random) {
    let id = agency_id(agency);
    let history = History::random(random, 8);
    let mut left_out = Vec::new();
    let mut about = BTreeMap::new();
    for (place, act) in (0..).zip(&history.acts) {
        if let Act::File { id, about: application, .. } = act {
            about.insert(*id, *application);
        }
        if left_out.contains(&act.subject()) {
            continue;
        }
        match ledger.record(&act.entry(&id, place)).await {
            Ok(_) => {}
            Err(RecordError::Agency(refusal)) => {
                assert!(refusal.to_string().contains("is succeeded by"), "{refusal}");
                assert!(country.gone.contains_key(&agency), "{act:?}");
                left_out.push(act.subject());
                // An application that is there already ends as an error of entry.
                if !matches!(act, Act::Receive { .. }) {
                    let (_, id_of) = act.subject();
                    let void = Act::Void { id: id_of, on: (2024, 6, 30) };
                    ledger.record(&void.entry(&id, 1_000_000 + place)).await.unwrap();
                }
            }
            Err(other) => panic!("{act:?}: {other}"),
        }
    }
    for (id, case) in (0..).zip(history.applications) {
        if !left_out.contains(&('A', id)) {
            country.applications.push(Kept { agency, id, about: None, case });
        }
    }
    for (id, case) in (0..).zip(history.remedies) {
        let about = about.get(&id).copied().flatten();
        country.remedies.push(Kept { agency, id, about, case });
    }
}

#[tokio::test]
async fn every_application_is_in_exactly_one_table_whatever_is_merged_and_split() {
    let (mut mergers, mut splits, mut left_out, mut moved) = (0, 0, 0, 0);
    for seed in 0..SEEDS {
        let mut random = Random::new(7_000_000 + seed);
        let store = Arc::new(MemoryStore::new(Arc::new(FixedClock::new(at(0)))));
        let ledger = Ledger::new(store.clone());
        let projection = Projection::start(store.clone()).await.unwrap();
        let mut country = Country::default();
        for agency in 0..3 + random.below(6) {
            let parent = (agency > 0 && random.percent(85)).then(|| random.below(agency));
            let register = Register {
                name: ShortText::parse("某局").unwrap(),
                contact: ShortText::default(),
                parent: parent.map(agency_id),
                from_year: 2008,
            };
            act(&ledger, &mut country, agency, Command::Register(register)).await.unwrap();
            country.parents.push(BTreeMap::from([(2008, parent)]));
        }
        for agency in country.agencies() {
            record(&ledger, &mut country, agency, &mut random).await;
            if random.percent(60) {
                reorganise(&ledger, &mut country, &mut random).await;
            }
        }
        for _ in 0..random.below(5) {
            reorganise(&ledger, &mut country, &mut random).await;
        }
        mergers += country.gone.len();
        splits += country.gone.values().filter(|gone| !gone.applications.is_empty()).count();
        moved += country.parents.iter().filter(|parents| parents.len() > 1).count();
        left_out += usize::from(country.applications.iter().any(|kept| kept.case.voided));
        check(&projection, store.as_ref(), &country, seed).await;
    }
    let reached = [mergers, splits, left_out, moved];
    assert!(reached.iter().all(|&number| number > 20), "{reached:?}");
}

/// Own figures and each child's add up to the sum, and are what the agencies below hold.
async fn check_roll_up(projection: &Projection, country: &Country, agency: usize, year: i16) {
    let of = RollUpOf {
        agency_id: agency_id(agency),
        year: ReportYear::new(year.into()).unwrap(),
        form: None,
    };
    let (found, _) = projection.ask(AsOf::Now, |register| register.roll_up(&of)).await.unwrap();
    let found = found.unwrap();
    let is_below = |member| country.is_within(member, agency, year);
    let sum = counted(&found.sum.tables);
    assert_eq!(sum, country.expected(year, is_below), "year {year}, agency {agency}");
    let mut added = counted(&found.own.tables);
    let mut agencies = found.own.coverage.agencies();
    for (_, _, child) in &found.children {
        agencies += child.coverage.agencies();
        for (cell, value) in counted(&child.tables) {
            let slot = added.get_mut(&cell).unwrap();
            *slot = Some(slot.unwrap() + value.unwrap());
        }
    }
    assert_eq!(added, sum, "year {year}, agency {agency}");
    let below = country.agencies().filter(|&member| country.exists(member, year));
    let below = below.filter(|&member| is_below(member)).count();
    assert_eq!(agencies, u64::try_from(below).unwrap(), "each agency is covered once");
    assert_eq!(found.sum.coverage.agencies(), agencies);
}

async fn check(projection: &Projection, store: &dyn EventStore, country: &Country, seed: u64) {
    for year in YEARS {
        let mut sum: BTreeMap<String, i64> = BTreeMap::new();
        for agency in country.agencies() {
            for subtree in [false, true] {
                let said = format!("seed {seed}, year {year}, agency {agency}, subtree {subtree}");
                let of = StatementOf {
                    agency_id: agency_id(agency),
                    year: ReportYear::new(year.into()).unwrap(),
                    subtree,
                    form: None,
                };
                let now = projection.statement(AsOf::Now, &of).await;
                if !country.exists(agency, year) {
                    assert!(matches!(now, Err(QueryError::Succeeded(_))), "{said}: {now:?}");
                    continue;
                }
                let (now, position) = now.unwrap();
                let expected = country.expected(year, |member| {
                    member == agency || (subtree && country.is_within(member, agency, year))
                });
                assert_eq!(counted(&now.tables), expected, "{said}");
                let errors: Vec<_> =
                    now.findings.iter().filter(|f| f.severity == Severity::Error).collect();
                assert!(errors.is_empty(), "{said}: {errors:?}");
                if !subtree {
                    for (cell, value) in counted(&now.tables) {
                        *sum.entry(cell).or_default() += value.unwrap();
                    }
                }
                if seed.is_multiple_of(8) {
                    let then = projection.statement(AsOf::Position(store.head()), &of).await;
                    assert_eq!((now, position), then.unwrap(), "{said}");
                }
            }
        }
        for agency in country.agencies().filter(|&agency| country.exists(agency, year)) {
            check_roll_up(projection, country, agency, year).await;
        }
        let whole = country.expected(year, |_| true);
        let sum: BTreeMap<_, _> = sum.into_iter().map(|(cell, n)| (cell, Some(n))).collect();
        assert_eq!(sum, whole, "seed {seed}, year {year}: each counted once");
    }
}
