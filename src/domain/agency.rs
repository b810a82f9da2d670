//! Agencies (行政机关), and to which other agency each reports in which year.

use std::collections::BTreeMap;

use super::{AgencyId, Refusal, ShortText};

/// An act upon an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Register it.
    Register(Register),
    /// Place it under another agency from a year on.
    Reparent(Reparent),
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

/// A fact about an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was registered.
    Registered(Register),
    /// It was placed under another agency.
    Reparented(Reparent),
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
}

impl Agency {
    /// The agency to which this one reports in a calendar year, if to any.
    #[must_use]
    pub fn parent_in(&self, year: i16) -> Option<&AgencyId> {
        self.parents.range(..=year).next_back().and_then(|(_, parent)| parent.as_ref())
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
        }
    }

    fn field(&self) -> &'static str {
        match self {
            Self::NotRegistered(_) | Self::AlreadyRegistered { .. } => "agency_id",
            Self::UnknownParent(_) | Self::Cycle { .. } => "parent_id",
            Self::NameMissing => "name",
            Self::YearOutOfRange(_) => "from_year",
        }
    }

    fn is_not_found(&self) -> bool {
        matches!(self, Self::NotRegistered(_) | Self::UnknownParent(_))
    }
}

/// What a decision on an agency needs to know of the others.
pub trait Directory {
    /// The agency with this id, if it is registered.
    fn agency(&self, id: &AgencyId) -> Option<&Agency>;
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
        (None, Command::Reparent(_)) => Err(Rejection::NotRegistered(id.clone())),
        (Some(agency), Command::Reparent(reparent)) => {
            check_parent(directory, id, reparent.parent.as_ref(), reparent.from_year)?;
            if agency.parents.get(&reparent.from_year) == Some(&reparent.parent) {
                return Ok(Vec::new());
            }
            Ok(vec![Event::Reparented(reparent)])
        }
    }
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
    if !(super::LegalDate::FIRST_YEAR..=super::LegalDate::LAST_YEAR).contains(&from_year) {
        return Err(Rejection::YearOutOfRange(i32::from(from_year)));
    }
    let Some(parent) = parent else { return Ok(()) };
    if parent != id && directory.agency(parent).is_none() {
        return Err(Rejection::UnknownParent(parent.clone()));
    }
    let mut years = from_year..=super::LegalDate::LAST_YEAR;
    match years.find(|&year| stands_above(directory, id, parent, year)) {
        Some(year) => Err(Rejection::Cycle { agency: id.clone(), parent: parent.clone(), year }),
        None => Ok(()),
    }
}

/// Whether `id` is `below` or stands above it in `year`, as the directory has it.
fn stands_above(directory: &impl Directory, id: &AgencyId, below: &AgencyId, year: i16) -> bool {
    let mut at = Some(below);
    while let Some(agency) = at {
        if agency == id {
            return true;
        }
        at = directory.agency(agency).and_then(|agency| agency.parent_in(year));
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
        }),
        (None, Event::Reparented(_)) => None,
        (Some(agency), Event::Registered(_)) => Some(agency),
        (Some(mut agency), Event::Reparented(reparent)) => {
            agency.parents.retain(|&year, _| year < reparent.from_year);
            agency.parents.insert(reparent.from_year, reparent.parent.clone());
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
}
