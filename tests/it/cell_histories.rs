//! Every cell explained, over random registers: the list is as long as the cell says, in order, for
//! both forms and every year, own and of a subtree, now and as of then; and the event named of an
//! entry is the one that put it there.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails, which is what is wanted"
)]

use std::{collections::BTreeSet, sync::Arc};

use disclosure_ledger::{
    clock::FixedClock,
    domain::{
        AgencyId, LegalDate, ReportYear, ShortText, agency,
        application::{self, EntryVoided},
        proactive::FiguresDeclared,
    },
    ledger::{self, Entry, Ledger, WriteMeta, request_key},
    projection::{
        ApplicationFilter, AsOf, CellEntry, CellOf, CellPlace, CellSubject, Projection, Register,
        StatementOf, deciding_events,
    },
    statistics::{
        TableId,
        catalogue::{FORMS, form_for},
    },
    store::{EventStore, GlobalPosition, MemoryStore},
};

use crate::support::{History, Random, at};

const SEEDS: std::ops::Range<u64> = 3_000_000..3_000_002;
const YEARS: std::ops::RangeInclusive<i32> = 2019..=2023;

struct Office {
    store: Arc<MemoryStore>,
    ledger: Ledger,
    projection: Projection,
    requests: usize,
}

fn id(text: &str) -> AgencyId {
    AgencyId::parse(text).unwrap()
}

impl Office {
    async fn open() -> Self {
        let store = Arc::new(MemoryStore::new(Arc::new(FixedClock::new(at(0)))));
        let ledger = Ledger::new(store.clone());
        let projection = Projection::start(store.clone()).await.unwrap();
        let mut office = Self { store, ledger, projection, requests: 0 };
        for (agency, parent) in [("city", None), ("east", Some("city")), ("west", Some("city"))] {
            let register = agency::Register {
                name: ShortText::parse("某局").unwrap(),
                contact: ShortText::default(),
                parent: parent.map(id),
                from_year: 2008,
            };
            office.act(agency, ledger::Act::Agency(agency::Command::Register(register))).await;
        }
        // From 2021 on it reports to nobody, and its cells are its own.
        let leave = agency::Reparent { parent: None, from_year: 2021 };
        office.act("west", ledger::Act::Agency(agency::Command::Reparent(leave))).await;
        office
    }

    async fn act(&mut self, agency: &str, act: ledger::Act) {
        self.requests += 1;
        let request_key = request_key(&id(agency), &format!("of the office {}", self.requests));
        let actor = ShortText::parse("clerk").unwrap();
        let fingerprint = request_key;
        let meta = WriteMeta { request_key, fingerprint, expected_version: None, actor };
        self.ledger.record(&Entry::new(id(agency), act, meta).unwrap()).await.unwrap();
    }

    /// In 2025 a new agency succeeds one of the three, but for what another takes over.
    async fn split(&mut self) {
        let register = agency::Register {
            name: ShortText::parse("新局").unwrap(),
            contact: ShortText::default(),
            parent: Some(id("city")),
            from_year: 2008,
        };
        self.act("new", ledger::Act::Agency(agency::Command::Register(register))).await;
        let every_other = |register: &Register| {
            let book = register.book(&id("east")).unwrap();
            let applications = book.applications(&ApplicationFilter::default(), None, 1000);
            let cases = book.remedies(None, false, None, 1000);
            let applications = applications.items.into_iter().map(|(id, _)| id);
            agency::Handover {
                applications: applications.step_by(2).collect(),
                cases: cases.items.into_iter().map(|(id, _)| id).step_by(2).collect(),
            }
        };
        let handover = self.projection.ask(AsOf::Now, every_other).await.unwrap().0;
        let succession = agency::Succession {
            successor: id("new"),
            from_year: 2025,
            handovers: [(id("west"), handover)].into(),
        };
        self.act("east", ledger::Act::Agency(agency::Command::Succeed(succession))).await;
    }

    /// Random histories of three agencies, mixed, with figures declared and declared anew between.
    async fn record(&mut self, random: &mut Random, applications: usize) {
        let mut waiting: Vec<_> = ["city", "east", "west"]
            .into_iter()
            .map(|agency| {
                (agency, History::random(random, applications).acts.into_iter().enumerate())
            })
            .collect();
        while !waiting.is_empty() {
            let place = random.below(waiting.len());
            let (agency, acts) = &mut waiting[place];
            let agency = *agency;
            let Some((number, act)) = acts.next() else {
                drop(waiting.swap_remove(place));
                continue;
            };
            self.ledger.record(&act.entry(&id(agency), number)).await.unwrap();
            if random.percent(8) {
                let year = year(2019 + i32::try_from(random.below(5)).unwrap());
                let cells: Vec<_> = form_for(year).proactive_cells().map(|it| it.key).collect();
                let key = random.of(&cells).to_owned();
                let value = i64::try_from(random.below(3)).unwrap();
                let figures = [(key, value)].into();
                self.act(agency, ledger::Act::Figures(FiguresDeclared { year, figures })).await;
            }
        }
    }
}

fn year(year: i32) -> ReportYear {
    ReportYear::new(year).unwrap()
}

/// The whole list of a cell, in pages of a size.
fn listed(register: &Register, of: &CellOf, size: usize) -> Vec<CellEntry> {
    let mut entries = Vec::new();
    let mut after: Option<CellPlace> = None;
    loop {
        let page = register.cell_entries(of, after.as_ref(), size).unwrap();
        assert!(page.items.len() <= size);
        entries.extend(page.items);
        match page.next_after {
            Some(token) => after = CellPlace::parse(&token),
            None => return entries,
        }
        assert!(after.is_some(), "a page names a place as its end");
    }
}

/// What the list of a cell comes to.
fn sum(of: &CellOf, entries: &[CellEntry]) -> Option<i64> {
    if of.cell.table() != TableId::Proactive {
        return i64::try_from(entries.len()).ok();
    }
    let figure = |entry: &CellEntry| match entry.subject {
        CellSubject::Figure(_, value) => value,
        _ => panic!("{entry:?} is not a figure"),
    };
    (!entries.is_empty()).then(|| entries.iter().map(figure).sum())
}

/// Checks every cell of a report, and gives the lists that are not empty.
fn check(
    register: &Register,
    report: &StatementOf,
    size: usize,
    near: &mut BTreeSet<&'static str>,
) -> Vec<(CellOf, Vec<CellEntry>)> {
    let tables = register.statement(report).unwrap().tables;
    let mut lists = Vec::new();
    for (cell, value) in tables.cells() {
        let of = CellOf { report: report.clone(), cell };
        let said = format!("{} of {report:?}", tables.form().cell_name(cell));
        let explained = register.explain_cell(&of).unwrap();
        assert_eq!(explained.value, value, "{said}");
        assert_eq!(explained.blank.is_some(), value.is_none(), "{said}");
        let entries = listed(register, &of, size);
        assert_eq!(sum(&of, &entries), value, "{said}");
        let places: Vec<_> =
            entries.iter().map(|entry| (entry.agency_id.clone(), entry.id())).collect();
        assert!(places.is_sorted_by(|a, b| a < b), "{said}: {places:?}");
        assert!(explained.near_misses.len() <= 12, "{said}");
        near.extend(explained.near_misses.iter().map(|miss| miss.reason.key()));
        for miss in &explained.near_misses {
            assert!(!entries.contains(&miss.entry), "{said}: {miss:?}");
        }
        let is_empty = value.is_none_or(|value| value == 0);
        assert!(is_empty || explained.near_misses.is_empty(), "{said}");
        if !entries.is_empty() {
            lists.push((of, entries));
        }
    }
    lists
}

#[tokio::test]
async fn a_list_is_as_long_as_its_cell_says_whenever_and_of_whomever() {
    let (mut near, mut lists, mut taken_over) = (BTreeSet::new(), 0_usize, 0_usize);
    for seed in SEEDS {
        let mut random = Random::new(seed);
        let mut office = Office::open().await;
        office.record(&mut random, 14).await;
        let head = office.store.head().get();
        office.split().await;
        let then = 4 + random.below(usize::try_from(head).unwrap() - 4);
        let then = AsOf::Position(GlobalPosition::new(u64::try_from(then).unwrap()));
        let everyone =
            StatementOf { agency_id: id("city"), year: year(2019), subtree: true, form: None };
        for as_of in [AsOf::Now, then] {
            let mut reading = office.projection.reading(as_of, &everyone).await.unwrap();
            let position = reading.position();
            let register = office.projection.ask_at(&mut reading, Register::clone).await.unwrap();
            assert_eq!(register.position(), position);
            let mut found = Vec::new();
            let both = |of| FORMS.iter().map(move |form| (of, form));
            for (number, form) in YEARS.chain([2025]).flat_map(both) {
                let agencies = match (number, as_of) {
                    (2025, AsOf::Now) => {
                        &[("city", true), ("city", false), ("new", false), ("west", false)][..]
                    }
                    (2025, _) => &[],
                    _ => &[("city", true), ("city", false), ("east", false), ("west", true)],
                };
                for &(agency, subtree) in agencies {
                    let report = StatementOf {
                        agency_id: id(agency),
                        year: year(number),
                        subtree,
                        form: Some(form),
                    };
                    found.extend(check(&register, &report, 1 + random.below(7), &mut near));
                }
            }
            lists += found.len();
            taken_over += check_deciding(&office, &found, position, &mut random).await;
        }
    }
    assert!(lists > 1_000 && taken_over > 0, "{lists}, {taken_over}");
    let reasons = [
        "begun_in_another_year",
        "concluded_in_another_year",
        "declared_for_another_year",
        "other_applicant",
        "other_kind",
        "other_result",
        "still_open",
        "voided",
    ];
    assert_eq!(near, BTreeSet::from(reasons));
}

/// Before the event named of an entry it is not in the cell, with it it is, and from then on. Gives
/// how many of those looked at were taken over from another agency.
async fn check_deciding(
    office: &Office,
    lists: &[(CellOf, Vec<CellEntry>)],
    up_to: GlobalPosition,
    random: &mut Random,
) -> usize {
    for (of, entries) in lists {
        let store = office.store.as_ref();
        let decided =
            deciding_events(store, of, entries, up_to, office.projection.policy()).await.unwrap();
        assert_eq!(decided.len(), entries.len());
        for (entry, event) in entries.iter().zip(&decided) {
            assert!(event.recorded.position <= up_to, "{entry:?}");
            assert_eq!(event.event.agency_id.as_ref(), Some(&entry.agency_id));
        }
    }
    let mut taken_over = 0_usize;
    for _ in 0..40 {
        let (of, entries) = random.of(&lists.iter().collect::<Vec<_>>());
        let place = random.below(entries.len());
        let entry = &entries[place];
        // What was taken over came with the succession, and is listed with its own event.
        if of.report.year == year(2025) {
            taken_over += usize::from(entry.agency_id == id("east"));
            continue;
        }
        let decided =
            deciding_events(office.store.as_ref(), of, entries, up_to, office.projection.policy())
                .await
                .unwrap();
        let at = decided[place].recorded.position;
        let is_in = |position: GlobalPosition| async move {
            let as_of = AsOf::Position(position);
            let found = |register: &Register| match register.cell_entries(of, None, 1000) {
                Ok(page) => page
                    .items
                    .iter()
                    .any(|found| found.agency_id == entry.agency_id && found.id() == entry.id()),
                Err(_) => false,
            };
            office.projection.ask(as_of, found).await.unwrap().0
        };
        let before = is_in(GlobalPosition::new(at.get() - 1)).await;
        // A figure declared anew was there before.
        assert!(!before || of.cell.table() == TableId::Proactive, "{entry:?} before {at}");
        for position in [at.get(), at.get().midpoint(up_to.get()), up_to.get()] {
            assert!(is_in(GlobalPosition::new(position)).await, "{entry:?} at {position}");
        }
    }
    taken_over
}

#[tokio::test]
async fn all_pages_are_of_one_moment_while_others_record() {
    let mut random = Random::new(4_000_000);
    let mut office = Office::open().await;
    office.record(&mut random, 60).await;
    let report = StatementOf { agency_id: id("city"), year: year(2020), subtree: true, form: None };
    let cell = form_for(report.year).find_application("result_total", "total").unwrap();
    let of = CellOf { report, cell };
    let list = |register: &Register| listed(register, &of, 1000);
    let whole = office.projection.ask(AsOf::Now, list).await.unwrap().0;
    assert!(whole.len() > 4, "{whole:?}");
    let mut reading = office.projection.reading(AsOf::Now, &of.report).await.unwrap();
    let (mut entries, mut after) = (Vec::new(), None::<CellPlace>);
    loop {
        let page = |register: &Register| register.cell_entries(&of, after.as_ref(), 2).unwrap();
        let page = office.projection.ask_at(&mut reading, page).await.unwrap();
        entries.extend(page.items);
        let Some(token) = page.next_after else { break };
        after = CellPlace::parse(&token);
        if entries.len() > 2 {
            continue;
        }
        // All that is in the list is taken out of it after its first page.
        for entry in &whole {
            let CellSubject::Application(application_id, _) = &entry.subject else { panic!() };
            let void = EntryVoided {
                void_date: LegalDate::new(jiff::civil::date(2024, 7, 1)).unwrap(),
                explanation: ShortText::parse("重复登记").unwrap(),
            };
            let command = application::Command::VoidEntry(void);
            let act = ledger::Act::Application(application_id.clone(), command);
            office.act(entry.agency_id.as_str(), act).await;
        }
    }
    assert_eq!(entries, whole);
    let now = |register: &Register| register.explain_cell(&of).unwrap().value;
    assert_eq!(office.projection.ask(AsOf::Now, now).await.unwrap().0, Some(0));
}
