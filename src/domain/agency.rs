//! Agencies (行政机关): to which other agency each reports in which year, and which one takes over
//! what is open when it is merged, renamed, split or abolished.

use std::collections::{BTreeMap, BTreeSet};

use super::{AgencyId, ApplicationId, Body, CaseId, LegalDate, Refusal, ShortText, application};

/// An act upon an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Register it.
    Register(Register),
    /// Place it under another agency from a year on.
    Reparent(Reparent),
    /// Hand it over to others from a year on.
    Succeed(Succession),
}

/// Register an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// Its official name (机关名称).
    pub name: ShortText,
    /// How the public reaches it: address, telephone, postcode, in one line; may be empty.
    pub contact: ShortText,
    /// The agency it reports to, if any.
    pub parent: Option<AgencyId>,
    /// The first calendar year in which it reports so.
    pub from_year: i16,
}

/// Place an agency under another, or under none, from a year on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reparent {
    /// The agency it will report to; `None` for none.
    pub parent: Option<AgencyId>,
    /// The first calendar year in which it reports so.
    pub from_year: i16,
}

/// Who takes over an agency that is merged, renamed, split or abolished (机构合并、更名、分设、撤销).
///
/// From the first day of a year on the successor counts what was open at the agency, and everything
/// that happens to it; the years before stay the agency's own. Ids do not change: acts upon what the
/// agency registered go on in its own register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// The agency that takes over, and under which those come that reported to this one.
    pub successor: AgencyId,
    /// The first calendar year in which it does; its first day is the day of the change.
    pub from_year: i16,
    /// What others take over, when an agency is split; everything else goes to the successor.
    pub handovers: BTreeMap<AgencyId, Handover>,
}

/// What one of several successors takes over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handover {
    /// Applications of the agency's own register, with the cases about them.
    pub applications: BTreeSet<ApplicationId>,
    /// Cases of its register.
    pub cases: BTreeSet<CaseId>,
}

/// A fact about an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was registered.
    Registered(Register),
    /// It was placed under another agency.
    Reparented(Reparent),
    /// It was handed over to others.
    Succeeded(Succession),
}

/// A registered agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    /// Its official name.
    pub name: ShortText,
    /// How the public reaches it; may be empty.
    pub contact: ShortText,
    /// From which year on it reports to whom, in the order of the years.
    pub parents: BTreeMap<i16, Option<AgencyId>>,
    /// Who takes over from it, if it does not go on for ever.
    pub succession: Option<Succession>,
}

impl Agency {
    /// The agency to which this one reports in a calendar year, if to any.
    #[must_use]
    pub fn parent_in(&self, year: i16) -> Option<&AgencyId> {
        self.parents.range(..=year).next_back().and_then(|(_, parent)| parent.as_ref())
    }

    /// The succession, if in a calendar year there is one.
    #[must_use]
    pub fn succession_in(&self, year: i16) -> Option<&Succession> {
        self.succession.as_ref().filter(|succession| succession.from_year <= year)
    }
}

impl Succession {
    /// Every agency that takes something over.
    pub fn successors(&self) -> impl Iterator<Item = &AgencyId> {
        std::iter::once(&self.successor).chain(self.handovers.keys())
    }

    /// Who takes an application over other than the successor.
    #[must_use]
    pub fn taker_of_application(&self, id: &str) -> Option<&AgencyId> {
        let takes = |handover: &Handover| handover.applications.contains(id);
        self.handovers.iter().find(|(_, handover)| takes(handover)).map(|(taker, _)| taker)
    }

    /// Who takes a case over other than the successor: who it was named to, or else who takes the
    /// application that it is about.
    #[must_use]
    pub fn taker_of_case(&self, id: &str, about: Option<&ApplicationId>) -> Option<&AgencyId> {
        let takes = |handover: &Handover| handover.cases.contains(id);
        let named = self.handovers.iter().find(|(_, handover)| takes(handover));
        named
            .map(|(taker, _)| taker)
            .or_else(|| about.and_then(|about| self.taker_of_application(about.as_str())))
    }

    /// Refuses what an agency that is handed over can no longer do: receive an application on or
    /// after the day of the change, or write anything of a report for a year from then on.
    ///
    /// # Errors
    ///
    /// When the event is such a one; the refusal names the successor.
    pub fn check(&self, id: &AgencyId, body: &Body) -> Result<(), Rejection> {
        let received = |date: LegalDate, field| Some((date.year(), field));
        let found = match body {
            Body::Application(_, application::Event::Received(event)) => {
                received(event.receipt_date, "receipt_date")
            }
            Body::Application(_, application::Event::EntryCorrected(event)) => {
                event.receipt_date.and_then(|date| received(date, "correction.receipt_date"))
            }
            Body::Figures(declared) => Some((declared.year.get(), "year")),
            Body::Section(set) => Some((set.year.get(), "year")),
            Body::Publication(event) => Some((event.about().0.get(), "year")),
            Body::Application(..) | Body::Agency(_) | Body::Remedy(..) | Body::Notice(_) => None,
        };
        match found {
            Some((year, field)) if year >= self.from_year => Err(self.refusal(id, field)),
            Some(_) | None => Ok(()),
        }
    }

    /// The refusal of what an agency can no longer do, at a field of the command.
    #[must_use]
    pub fn refusal(&self, id: &AgencyId, field: &'static str) -> Rejection {
        Rejection::Succeeded {
            agency: id.clone(),
            successor: self.successor.clone(),
            from_year: self.from_year,
            field,
        }
    }
}

/// Why an act upon an agency is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No such agency.
    #[error("no agency {0} is registered")]
    NotRegistered(AgencyId),
    /// The parent is not registered.
    #[error("no agency {0} is registered that could be the parent")]
    UnknownParent(AgencyId),
    /// It was already registered, and the command says otherwise.
    #[error(
        "already registered as {recorded} under {recorded_parent}; the command says {stated} under {stated_parent}"
    )]
    AlreadyRegistered {
        /// The name on record.
        recorded: String,
        /// The parent on record.
        recorded_parent: String,
        /// The name stated.
        stated: String,
        /// The parent stated.
        stated_parent: String,
    },
    /// An agency without a name.
    #[error("an agency needs a name")]
    NameMissing,
    /// A year the ledger does not hold.
    #[error("the year {0} lies outside 2008 to 2100")]
    YearOutOfRange(i32),
    /// The agency would come to stand above itself.
    #[error("{agency} would stand above itself: {parent} already reports to it in {year}")]
    Cycle {
        /// The agency.
        agency: AgencyId,
        /// The parent stated.
        parent: AgencyId,
        /// The first year in which it would.
        year: i16,
    },
    /// The parent no longer exists in the year from which on it would be the parent.
    #[error("{parent} is succeeded by {successor} from {year} on; name that agency")]
    ParentSucceeded {
        /// The parent stated.
        parent: AgencyId,
        /// Its successor.
        successor: AgencyId,
        /// From when on.
        year: i16,
    },
    /// The agency no longer exists in the year of the act.
    #[error("{agency} is succeeded by {successor} from {from_year} on; turn to that agency")]
    Succeeded {
        /// The agency.
        agency: AgencyId,
        /// Its successor.
        successor: AgencyId,
        /// From when on.
        from_year: i16,
        /// The field that names the day or the year.
        field: &'static str,
    },
    /// The successor is not registered.
    #[error("no agency {0} is registered that could succeed")]
    UnknownSuccessor(AgencyId),
    /// It is succeeded already, and the command says otherwise.
    #[error(
        "{agency} is recorded as succeeded by {recorded} from {from_year} on, with what it hands \
         over; the command says otherwise"
    )]
    AlreadySucceeded {
        /// The agency.
        agency: AgencyId,
        /// The successor on record.
        recorded: AgencyId,
        /// From when on.
        from_year: i16,
    },
    /// The successor no longer exists in the year of the change.
    #[error("{successor} is itself succeeded by {by} from {year} on; name that agency")]
    SuccessorSucceeded {
        /// The successor stated.
        successor: AgencyId,
        /// Who succeeds it.
        by: AgencyId,
        /// From when on.
        year: i16,
    },
    /// The agency would take over from itself.
    #[error("{successor} hands over to {agency}, at once or by way of others")]
    SuccessionCycle {
        /// The agency.
        agency: AgencyId,
        /// The successor stated.
        successor: AgencyId,
    },
    /// The successor stands below the agency, and would come to stand below itself.
    #[error("{successor} stands below {agency} in {year}; place it elsewhere first")]
    SuccessorBelow {
        /// The agency.
        agency: AgencyId,
        /// The successor stated.
        successor: AgencyId,
        /// The first year in which it does.
        year: i16,
    },
    /// An application or a case that two agencies would take over.
    #[error("{0} is handed over twice")]
    HandedOverTwice(String),
    /// A year in which nothing could be counted at the agency before.
    #[error("an agency can be succeeded from {} on at the earliest", LegalDate::FIRST_YEAR + 1)]
    SuccessionTooEarly,
}

impl Refusal for Rejection {
    fn reason(&self) -> &'static str {
        match self {
            Self::NotRegistered(_) => "AGENCY_NOT_FOUND",
            Self::UnknownParent(_) => "PARENT_NOT_FOUND",
            Self::AlreadyRegistered { .. } => "AGENCY_ALREADY_REGISTERED",
            Self::NameMissing => "AGENCY_NAME_MISSING",
            Self::YearOutOfRange(_) => "YEAR_OUT_OF_RANGE",
            Self::Cycle { .. } => "AGENCY_CYCLE",
            Self::ParentSucceeded { .. } => "PARENT_SUCCEEDED",
            Self::Succeeded { .. } => "AGENCY_SUCCEEDED",
            Self::UnknownSuccessor(_) => "SUCCESSOR_NOT_FOUND",
            Self::AlreadySucceeded { .. } => "AGENCY_ALREADY_SUCCEEDED",
            Self::SuccessorSucceeded { .. } => "SUCCESSOR_SUCCEEDED",
            Self::SuccessionCycle { .. } => "SUCCESSION_CYCLE",
            Self::SuccessorBelow { .. } => "SUCCESSOR_BELOW",
            Self::HandedOverTwice(_) => "HANDED_OVER_TWICE",
            Self::SuccessionTooEarly => "SUCCESSION_TOO_EARLY",
        }
    }

    fn field(&self) -> &'static str {
        match self {
            Self::NotRegistered(_)
            | Self::AlreadyRegistered { .. }
            | Self::AlreadySucceeded { .. } => "agency_id",
            Self::UnknownParent(_) | Self::Cycle { .. } | Self::ParentSucceeded { .. } => {
                "parent_id"
            }
            Self::NameMissing => "name",
            Self::YearOutOfRange(_) | Self::SuccessionTooEarly => "from_year",
            Self::UnknownSuccessor(_)
            | Self::SuccessorSucceeded { .. }
            | Self::SuccessionCycle { .. }
            | Self::SuccessorBelow { .. } => "successor_id",
            Self::HandedOverTwice(_) => "handovers",
            Self::Succeeded { field, .. } => field,
        }
    }

    fn is_not_found(&self) -> bool {
        matches!(self, Self::NotRegistered(_) | Self::UnknownParent(_) | Self::UnknownSuccessor(_))
    }
}

/// What a decision on an agency needs to know of the others.
pub trait Directory {
    /// The agency with this id, if it is registered.
    fn agency(&self, id: &AgencyId) -> Option<&Agency>;

    /// The agency that stands where this one stood, in a calendar year: itself, unless it was
    /// succeeded by then.
    fn standing_for<'a>(&'a self, id: &'a AgencyId, year: i16) -> &'a AgencyId {
        let mut passed: Vec<&AgencyId> = Vec::new();
        let mut at = id;
        while let Some(next) = self.agency(at).and_then(|agency| agency.succession_in(year)) {
            // What is recorded has no cycle; what could be read from elsewhere might.
            if passed.contains(&at) {
                return id;
            }
            passed.push(at);
            at = &next.successor;
        }
        at
    }

    /// The agency to which this one reports in a calendar year, or the one that succeeded that.
    fn parent_of<'a>(&'a self, id: &'a AgencyId, year: i16) -> Option<&'a AgencyId> {
        let parent = self.agency(id)?.parent_in(year)?;
        Some(self.standing_for(parent, year))
    }
}

/// Decides on a command about the agency `id`.
///
/// # Errors
///
/// When the command contradicts what is recorded of it or of the agencies above it.
pub fn decide(
    directory: &impl Directory,
    id: &AgencyId,
    command: Command,
) -> Result<Vec<Event>, Rejection> {
    match (directory.agency(id), command) {
        (None, Command::Register(register)) => {
            if register.name.is_empty() {
                return Err(Rejection::NameMissing);
            }
            check_parent(directory, id, register.parent.as_ref(), register.from_year)?;
            Ok(vec![Event::Registered(register)])
        }
        (Some(agency), Command::Register(register)) => register_again(agency, &register),
        (None, Command::Reparent(_) | Command::Succeed(_)) => {
            Err(Rejection::NotRegistered(id.clone()))
        }
        (Some(agency), Command::Reparent(reparent)) => {
            check_parent(directory, id, reparent.parent.as_ref(), reparent.from_year)?;
            if agency.parents.get(&reparent.from_year) == Some(&reparent.parent) {
                return Ok(Vec::new());
            }
            if let Some(gone) = agency.succession_in(reparent.from_year) {
                return Err(gone.refusal(id, "from_year"));
            }
            Ok(vec![Event::Reparented(reparent)])
        }
        (Some(agency), Command::Succeed(succession)) => match &agency.succession {
            Some(recorded) if *recorded == succession => Ok(Vec::new()),
            Some(recorded) => Err(Rejection::AlreadySucceeded {
                agency: id.clone(),
                recorded: recorded.successor.clone(),
                from_year: recorded.from_year,
            }),
            None => {
                check_succession(directory, id, &succession)?;
                Ok(vec![Event::Succeeded(succession)])
            }
        },
    }
}

fn check_succession(
    directory: &impl Directory,
    id: &AgencyId,
    succession: &Succession,
) -> Result<(), Rejection> {
    let Succession { successor, from_year, handovers } = succession;
    check_year(*from_year)?;
    if *from_year == LegalDate::FIRST_YEAR {
        return Err(Rejection::SuccessionTooEarly);
    }
    for taker in succession.successors() {
        let cycle = || Rejection::SuccessionCycle { agency: id.clone(), successor: taker.clone() };
        if taker == id {
            return Err(cycle());
        }
        let found = directory.agency(taker);
        let found = found.ok_or_else(|| Rejection::UnknownSuccessor(taker.clone()))?;
        if let Some(gone) = found.succession_in(*from_year) {
            return Err(Rejection::SuccessorSucceeded {
                successor: taker.clone(),
                by: gone.successor.clone(),
                year: gone.from_year,
            });
        }
        if hands_over_to(directory, taker, id) {
            return Err(cycle());
        }
    }
    let mut years = *from_year..=LegalDate::LAST_YEAR;
    if let Some(year) = years.find(|&year| stands_above(directory, id, successor, year)) {
        let (agency, successor) = (id.clone(), successor.clone());
        return Err(Rejection::SuccessorBelow { agency, successor, year });
    }
    let (mut applications, mut cases) = (BTreeSet::new(), BTreeSet::new());
    for handover in handovers.values() {
        let twice = handover.applications.iter().find(|id| !applications.insert(*id));
        let twice = twice.map(ToString::to_string).or_else(|| {
            handover.cases.iter().find(|id| !cases.insert(*id)).map(ToString::to_string)
        });
        if let Some(twice) = twice {
            return Err(Rejection::HandedOverTwice(twice));
        }
    }
    Ok(())
}

/// Whether an agency hands anything over to another, in whatever year and by way of whomever.
fn hands_over_to(directory: &impl Directory, from: &AgencyId, to: &AgencyId) -> bool {
    let mut seen = BTreeSet::new();
    let mut wanted = vec![from];
    while let Some(at) = wanted.pop() {
        let succession = directory.agency(at).and_then(|agency| agency.succession.as_ref());
        for taker in succession.into_iter().flat_map(Succession::successors) {
            if taker == to {
                return true;
            }
            if seen.insert(taker) {
                wanted.push(taker);
            }
        }
    }
    false
}

fn register_again(agency: &Agency, register: &Register) -> Result<Vec<Event>, Rejection> {
    let recorded = agency.parents.first_key_value().and_then(|(_, parent)| parent.as_ref());
    let other_contact = !register.contact.is_empty() && register.contact != agency.contact;
    if agency.name == register.name && recorded == register.parent.as_ref() && !other_contact {
        return Ok(Vec::new());
    }
    let under = |parent: Option<&AgencyId>| {
        let parent = parent.map_or_else(|| "no other agency".to_owned(), ToString::to_string);
        if other_contact { format!("{parent} with another contact") } else { parent }
    };
    Err(Rejection::AlreadyRegistered {
        recorded: agency.name.as_str().to_owned(),
        recorded_parent: under(recorded),
        stated: register.name.as_str().to_owned(),
        stated_parent: under(register.parent.as_ref()),
    })
}

fn check_parent(
    directory: &impl Directory,
    id: &AgencyId,
    parent: Option<&AgencyId>,
    from_year: i16,
) -> Result<(), Rejection> {
    check_year(from_year)?;
    let Some(parent) = parent else { return Ok(()) };
    if parent != id && directory.agency(parent).is_none() {
        return Err(Rejection::UnknownParent(parent.clone()));
    }
    if let Some(gone) = directory.agency(parent).and_then(|found| found.succession_in(from_year)) {
        return Err(Rejection::ParentSucceeded {
            parent: parent.clone(),
            successor: gone.successor.clone(),
            year: gone.from_year,
        });
    }
    let mut years = from_year..=LegalDate::LAST_YEAR;
    match years.find(|&year| stands_above(directory, id, parent, year)) {
        Some(year) => Err(Rejection::Cycle { agency: id.clone(), parent: parent.clone(), year }),
        None => Ok(()),
    }
}

fn check_year(year: i16) -> Result<(), Rejection> {
    if (LegalDate::FIRST_YEAR..=LegalDate::LAST_YEAR).contains(&year) {
        Ok(())
    } else {
        Err(Rejection::YearOutOfRange(i32::from(year)))
    }
}

/// Whether `id` is `below`, or whoever succeeded that, or stands above it in `year`, as the
/// directory has it.
fn stands_above(directory: &impl Directory, id: &AgencyId, below: &AgencyId, year: i16) -> bool {
    let mut at = Some(directory.standing_for(below, year));
    while let Some(agency) = at {
        if agency == id {
            return true;
        }
        at = directory.parent_of(agency, year);
    }
    false
}

/// The state after one more event; `None` before registration.
#[must_use]
pub fn evolve(state: Option<Agency>, event: &Event) -> Option<Agency> {
    match (state, event) {
        (None, Event::Registered(register)) => Some(Agency {
            name: register.name.clone(),
            contact: register.contact.clone(),
            parents: BTreeMap::from([(register.from_year, register.parent.clone())]),
            succession: None,
        }),
        (None, Event::Reparented(_) | Event::Succeeded(_)) => None,
        (Some(agency), Event::Registered(_)) => Some(agency),
        (Some(mut agency), Event::Reparented(reparent)) => {
            agency.parents.retain(|&year, _| year < reparent.from_year);
            agency.parents.insert(reparent.from_year, reparent.parent.clone());
            Some(agency)
        }
        (Some(mut agency), Event::Succeeded(succession)) => {
            agency.succession.get_or_insert_with(|| succession.clone());
            Some(agency)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Agencies(BTreeMap<AgencyId, Agency>);

    impl Directory for Agencies {
        fn agency(&self, id: &AgencyId) -> Option<&Agency> {
            self.0.get(id)
        }
    }

    impl Agencies {
        fn try_apply(&mut self, id: &str, command: Command) -> Result<usize, &'static str> {
            let id = agency_id(id);
            let events = decide(self, &id, command).map_err(|rejection| rejection.reason())?;
            for event in &events {
                if let Some(next) = evolve(self.0.remove(&id), event) {
                    self.0.insert(id.clone(), next);
                }
            }
            Ok(events.len())
        }
    }

    fn agency_id(text: &str) -> AgencyId {
        AgencyId::parse(text).unwrap()
    }

    fn register(parent: Option<&str>) -> Command {
        Command::Register(Register {
            name: ShortText::parse("局").unwrap(),
            contact: ShortText::default(),
            parent: parent.map(agency_id),
            from_year: 2008,
        })
    }

    fn reparent(parent: Option<&str>, from_year: i16) -> Command {
        Command::Reparent(Reparent { parent: parent.map(agency_id), from_year })
    }

    fn succeed(successor: &str, from_year: i16) -> Command {
        split(successor, from_year, &[])
    }

    fn split(successor: &str, from_year: i16, others: &[(&str, &[&str])]) -> Command {
        let handover = |applications: &[&str]| Handover {
            applications: applications.iter().map(|id| ApplicationId::parse(id).unwrap()).collect(),
            cases: BTreeSet::new(),
        };
        Command::Succeed(Succession {
            successor: agency_id(successor),
            from_year,
            handovers: others.iter().map(|(id, named)| (agency_id(id), handover(named))).collect(),
        })
    }

    #[test]
    fn an_agency_changes_its_parent_from_a_year_on() {
        let mut agencies = Agencies::default();
        for id in ["old", "new"] {
            agencies.try_apply(id, register(None)).unwrap();
        }
        agencies.try_apply("office", register(Some("old"))).unwrap();
        assert_eq!(agencies.try_apply("office", reparent(Some("new"), 2022)), Ok(1));
        let office = &agencies.0["office"];
        assert_eq!(office.parent_in(2021), Some(&agency_id("old")));
        assert_eq!(office.parent_in(2022), Some(&agency_id("new")));
        assert_eq!(agencies.try_apply("office", reparent(Some("new"), 2022)), Ok(0));
    }

    #[test]
    fn contradictions_are_refused_by_name() {
        let mut agencies = Agencies::default();
        agencies.try_apply("city", register(None)).unwrap();
        agencies.try_apply("office", register(Some("city"))).unwrap();
        let cases = [
            ("ghost", reparent(None, 2020), "AGENCY_NOT_FOUND"),
            ("county", register(Some("ghost")), "PARENT_NOT_FOUND"),
            ("office", register(None), "AGENCY_ALREADY_REGISTERED"),
            ("city", reparent(Some("office"), 2020), "AGENCY_CYCLE"),
            ("city", reparent(Some("city"), 2020), "AGENCY_CYCLE"),
            ("city", reparent(None, 1999), "YEAR_OUT_OF_RANGE"),
        ];
        for (id, command, reason) in cases {
            assert_eq!(agencies.try_apply(id, command), Err(reason));
        }
        assert_eq!(agencies.try_apply("office", register(Some("city"))), Ok(0));
    }

    #[test]
    fn who_stands_for_whom_follows_the_years() {
        let mut agencies = Agencies::default();
        for id in ["a", "b", "c"] {
            agencies.try_apply(id, register(None)).unwrap();
        }
        agencies.try_apply("office", register(Some("a"))).unwrap();
        assert_eq!(agencies.try_apply("a", succeed("b", 2022)), Ok(1));
        assert_eq!(agencies.try_apply("a", succeed("b", 2022)), Ok(0), "said again");
        assert_eq!(agencies.try_apply("b", succeed("c", 2024)), Ok(1));
        let (a, office) = (agency_id("a"), agency_id("office"));
        for (year, expected) in [(2021, "a"), (2022, "b"), (2023, "b"), (2024, "c")] {
            assert_eq!(agencies.standing_for(&a, year).as_str(), expected, "{year}");
            assert_eq!(agencies.parent_of(&office, year).unwrap().as_str(), expected, "{year}");
        }
    }

    #[test]
    fn a_succession_that_cannot_be_is_refused_by_name() {
        let mut agencies = Agencies::default();
        for id in ["a", "b", "c", "d"] {
            agencies.try_apply(id, register(None)).unwrap();
        }
        agencies.try_apply("office", register(Some("d"))).unwrap();
        agencies.try_apply("a", split("b", 2022, &[("c", &["1"])])).unwrap();
        let cases = [
            ("ghost", succeed("a", 2022), "AGENCY_NOT_FOUND"),
            ("a", succeed("c", 2022), "AGENCY_ALREADY_SUCCEEDED"),
            ("a", succeed("b", 2023), "AGENCY_ALREADY_SUCCEEDED"),
            ("a", succeed("b", 2022), "AGENCY_ALREADY_SUCCEEDED"),
            ("d", succeed("ghost", 2022), "SUCCESSOR_NOT_FOUND"),
            ("d", split("b", 2022, &[("ghost", &[])]), "SUCCESSOR_NOT_FOUND"),
            ("d", succeed("d", 2022), "SUCCESSION_CYCLE"),
            ("d", succeed("a", 2022), "SUCCESSOR_SUCCEEDED"),
            ("d", succeed("office", 2022), "SUCCESSOR_BELOW"),
            ("b", succeed("a", 2021), "SUCCESSION_CYCLE"),
            ("c", succeed("a", 2021), "SUCCESSION_CYCLE"),
            ("c", split("b", 2021, &[("a", &[])]), "SUCCESSION_CYCLE"),
            ("d", split("b", 2022, &[("a", &[])]), "SUCCESSOR_SUCCEEDED"),
            ("d", split("b", 2022, &[("c", &["1"]), ("office", &["1"])]), "HANDED_OVER_TWICE"),
            ("d", succeed("b", 2008), "SUCCESSION_TOO_EARLY"),
            ("d", succeed("b", 2101), "YEAR_OUT_OF_RANGE"),
            ("d", reparent(Some("a"), 2022), "PARENT_SUCCEEDED"),
            ("a", reparent(Some("d"), 2022), "AGENCY_SUCCEEDED"),
            // What reported to `a` came under `b`.
            ("b", reparent(Some("a"), 2020), "AGENCY_CYCLE"),
        ];
        for (id, command, reason) in cases {
            let said = format!("{id} {command:?}");
            assert_eq!(agencies.try_apply(id, command), Err(reason), "{said}");
        }
        // Before the change it may still be moved, and be a parent.
        assert_eq!(agencies.try_apply("a", reparent(Some("d"), 2020)), Ok(1));
        assert_eq!(agencies.try_apply("d", succeed("a", 2021)), Err("SUCCESSOR_BELOW"));
    }
}
