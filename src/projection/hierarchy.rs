//! Who counts what in which year: the tree of a calendar year, and the registers that each agency
//! in it holds.
//!
//! An agency holds its own register, and from the year of a succession on those of the agencies
//! that it succeeded, or of a split one the part that it took over. So in every year every
//! application and every case is held by exactly one agency, whatever was merged and split.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{AgencyBook, QueryError, Register};
use crate::{
    domain::{
        AgencyId, ApplicationId, CaseId, LegalDate,
        agency::{Agency, Directory, Succession},
        calendar::Calendar,
    },
    statistics::Tally,
};

/// A register, or a part of one, that an agency holds in a year.
#[derive(Debug, Clone)]
pub(super) struct Holding<'a> {
    /// The agency whose register it is, which need not be the one that holds it.
    pub(super) id: &'a AgencyId,
    pub(super) book: &'a AgencyBook,
    part: Part<'a>,
}

/// How much of a register.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part<'a> {
    Whole,
    /// What these took over from it; `None` stands for the successor, who took everything else.
    Of(BTreeSet<Option<&'a AgencyId>>),
}

impl Directory for Register {
    fn agency(&self, id: &AgencyId) -> Option<&Agency> {
        Some(&self.books.get(id)?.agency()?.value)
    }
}

impl Register {
    /// The calendar in force for an agency, which stands under others as it does in a calendar year;
    /// as it was known on a day, or as it is known now. Asked for again it costs next to nothing.
    #[must_use]
    pub fn calendar_of(
        &self,
        id: &AgencyId,
        year: i16,
        known_on: Option<LegalDate>,
    ) -> Arc<Calendar> {
        self.calendar().calendar_of(&self.lineage(id, year), known_on)
    }

    /// The agencies from the root of the tree, as it is in a calendar year, down to this one; or to
    /// its successor, if it has one by then.
    #[must_use]
    pub fn lineage(&self, id: &AgencyId, year: i16) -> Vec<AgencyId> {
        let id = self.standing_for(id, year);
        let mut upwards = vec![id.clone()];
        let mut at = self.parent_of(id, year);
        while let Some(parent) = at.filter(|parent| !upwards.contains(parent)) {
            upwards.push(parent.clone());
            at = self.parent_of(parent, year);
        }
        upwards.reverse();
        upwards
    }

    /// The book of an agency that there is in a calendar year.
    ///
    /// # Errors
    ///
    /// When the agency is not registered, or was succeeded by then.
    pub(super) fn book_in<'a>(
        &'a self,
        id: &AgencyId,
        year: i16,
    ) -> Result<(&'a AgencyId, &'a AgencyBook), QueryError> {
        let found = self.books.get_key_value(id).filter(|(_, book)| book.agency().is_some());
        let (id, book) = found.ok_or_else(|| QueryError::UnknownAgency(id.clone()))?;
        match book.succession_in(year) {
            Some(gone) => Err(QueryError::Succeeded(gone.refusal(id, "year"))),
            None => Ok((id, book)),
        }
    }

    /// What the agency holds in a calendar year, alone or with every agency below it; by id.
    ///
    /// # Errors
    ///
    /// When the agency is not registered, or was succeeded by then.
    pub(super) fn asked_for<'a>(
        &'a self,
        id: &AgencyId,
        subtree: bool,
        year: i16,
    ) -> Result<Vec<Holding<'a>>, QueryError> {
        let (id, _) = self.book_in(id, year)?;
        let members = if subtree { self.tree_of(year).members(id) } else { vec![id] };
        Ok(self.held_by(members, year))
    }

    /// What some agencies, which there are in a calendar year, hold in it together; by id.
    pub(super) fn held_by<'a>(&'a self, members: Vec<&'a AgencyId>, year: i16) -> Vec<Holding<'a>> {
        let mut held: BTreeMap<&AgencyId, Part<'_>> = BTreeMap::new();
        let mut wanted = members.clone();
        let mut followed: BTreeSet<&AgencyId> = members.iter().copied().collect();
        held.extend(members.into_iter().map(|id| (id, Part::Whole)));
        while let Some(taker) = wanted.pop() {
            for id in self.takers.get(taker).into_iter().flatten() {
                let Some(succession) = self.books.get(id).and_then(|b| b.succession_in(year))
                else {
                    continue;
                };
                let takes_rest = succession.successor == *taker;
                let part = held.entry(id).or_insert_with(|| Part::Of(BTreeSet::new()));
                if let Part::Of(takers) = part {
                    let named = succession.handovers.get_key_value(taker).map(|(id, _)| Some(id));
                    takers.extend(named);
                    if takes_rest {
                        takers.insert(None);
                    }
                    if takers.len() > succession.handovers.len() {
                        *part = Part::Whole;
                    }
                }
                // What it took over itself went to its successor, and nothing of that elsewhere.
                if takes_rest && followed.insert(id) {
                    wanted.push(id);
                }
            }
        }
        let holding = |(id, part)| Some(Holding { id, book: self.books.get(id)?, part });
        held.into_iter().filter_map(holding).collect()
    }

    /// The agency and everybody from whom, in whatever year, it takes over.
    pub(super) fn taken_over(&self, id: &AgencyId) -> BTreeSet<AgencyId> {
        let mut found = BTreeSet::new();
        let mut wanted = vec![id];
        while let Some(id) = wanted.pop() {
            if found.insert(id.clone()) {
                wanted.extend(self.takers.get(id).into_iter().flatten());
            }
        }
        found
    }

    /// The tree of a calendar year.
    pub(super) fn tree_of(&self, year: i16) -> Tree<'_> {
        let mut below: BTreeMap<&AgencyId, Vec<&AgencyId>> = BTreeMap::new();
        for (id, book) in &self.books {
            if book.agency().is_some()
                && book.succession_in(year).is_none()
                && let Some(parent) = self.parent_of(id, year)
            {
                below.entry(parent).or_default().push(id);
            }
        }
        Tree { below }
    }
}

/// Which agency stands below which in a year; those that were succeeded by then are not in it.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    below: BTreeMap<&'a AgencyId, Vec<&'a AgencyId>>,
}

impl<'a> Tree<'a> {
    /// The agencies directly below one, by id.
    pub(super) fn children(&self, id: &AgencyId) -> &[&'a AgencyId] {
        self.below.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// The agency and every one below it, each once.
    pub(super) fn members(&self, id: &'a AgencyId) -> Vec<&'a AgencyId> {
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        let mut wanted = vec![id];
        while let Some(id) = wanted.pop() {
            // What is recorded has no cycle; what could be read from elsewhere might.
            if seen.insert(id) {
                found.push(id);
                wanted.extend(self.children(id));
            }
        }
        found
    }
}

impl<'a> Holding<'a> {
    /// Whether two times the same is held of the same registers.
    pub(super) fn are_the_same(some: &[Self], others: &[Self]) -> bool {
        some.len() == others.len()
            && some.iter().zip(others).all(|(one, other)| one.is_the_same(Some(other)))
    }

    /// Whether the same is held of the same register.
    pub(super) fn is_the_same(&self, other: Option<&Self>) -> bool {
        other.is_some_and(|other| (self.id, &self.part) == (other.id, &other.part))
    }

    /// The same part of the same register, as another book has it.
    pub(super) fn in_book<'b>(&'b self, book: &'b AgencyBook) -> Holding<'b> {
        Holding { id: self.id, book, part: self.part.clone() }
    }

    /// Whether all of the register is held.
    pub(super) fn is_whole(&self) -> bool {
        self.part == Part::Whole
    }

    /// Whether the holder is the successor of the agency, or the agency itself.
    pub(super) fn is_successors(&self) -> bool {
        match &self.part {
            Part::Whole => true,
            Part::Of(takers) => takers.contains(&None),
        }
    }

    /// Whether an application of the register is held.
    pub(super) fn has_application(&self, id: &str) -> bool {
        self.admits(|succession| succession.taker_of_application(id))
    }

    /// Whether a case of the register is held.
    pub(super) fn has_case(&self, id: &CaseId, about: Option<&ApplicationId>) -> bool {
        self.admits(|succession| succession.taker_of_case(id.as_str(), about))
    }

    fn admits(&self, taker: impl FnOnce(&'a Succession) -> Option<&'a AgencyId>) -> bool {
        match &self.part {
            Part::Whole => true,
            Part::Of(takers) => takers.contains(&self.book.succession_in(i16::MAX).and_then(taker)),
        }
    }

    /// The counts of what is held.
    pub(super) fn tally(&self) -> Cow<'a, Tally> {
        let Part::Of(takers) = &self.part else { return Cow::Borrowed(self.book.tally()) };
        let mut tally = Tally::default();
        if takers.contains(&None) {
            tally.add(self.book.tally());
            for handed in self.book.handed_over().values() {
                tally.subtract(handed);
            }
        }
        for (taker, handed) in self.book.handed_over() {
            if takers.contains(&Some(taker)) {
                tally.add(handed);
            }
        }
        Cow::Owned(tally)
    }
}
