//! One agency's applications, packed.
//!
//! | bytes | for each application |
//! |------:|----------------------|
//! | 12 | what lists and tables need of it, and where its id stands |
//! | its length | the id |
//! | 5.7 to 11.4 | the slot in the lookup: 5 bytes, of which 7/16 to 7/8 are used |
//! | 4 | its place in the order of ids, once a list was asked for |
//!
//! The first two grow by an eighth at a time, so that at most that much is spare.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

use hashbrown::HashTable;

use super::{ApplicationEntry, Page};
use crate::{
    domain::{ApplicantKind, ApplicationId, Channel, Disposition, LegalDate},
    statistics::ApplicationFact,
};

/// Why an application could not be taken in: 4 GiB of ids are the most that an agency can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ids of the agency's applications take more than 4 GiB")]
pub struct TooManyApplications;

/// The applications of an agency by id.
#[derive(Debug, Default)]
pub(super) struct Applications {
    entries: Vec<Packed>,
    ids: String,
    places: HashTable<u32>,
    hasher: RandomState,
    /// The places in the order of their ids, as far as a list last needed them.
    order: Mutex<Vec<u32>>,
}

impl Clone for Applications {
    /// The order is left to be found again.
    fn clone(&self) -> Self {
        Self {
            entries: self.entries.clone(),
            ids: self.ids.clone(),
            places: self.places.clone(),
            hasher: self.hasher.clone(),
            order: Mutex::default(),
        }
    }
}

/// Where an application stands, or will stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    hash: u64,
    at: Option<u32>,
}

static DISPOSITIONS: LazyLock<Vec<Disposition>> = LazyLock::new(|| Disposition::all().collect());

/// An application in 12 bytes.
#[derive(Debug, Clone, Copy)]
struct Packed {
    id_at: u32,
    id_len: u8,
    kind: u8,
    /// One more than the index; 0 for none.
    channel: u8,
    /// One more than the index; 0 while it is open.
    disposition: u8,
    receipt: Day,
    conclusion: Day,
}

/// A legal date in 16 bits: seven for the years since the first, four for the month, five for the
/// day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Day(u16);

impl Applications {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, id: &str) -> Option<ApplicationEntry> {
        self.at(self.find(id))
    }

    /// Looks an application up, known or not.
    pub(super) fn find(&self, id: &str) -> Place {
        let hash = self.hasher.hash_one(id);
        let at = self.places.find(hash, |&at| self.id(at) == id).copied();
        Place { hash, at }
    }

    /// The application at a place.
    pub(super) fn at(&self, place: Place) -> Option<ApplicationEntry> {
        Some(self.packed(place.at?)?.entry())
    }

    /// Puts an application at the place that was found for its id, which is valid.
    pub(super) fn put(
        &mut self,
        place: Place,
        id: &str,
        entry: &ApplicationEntry,
    ) -> Result<(), TooManyApplications> {
        let Some(at) = place.at else { return self.add(place.hash, id, entry) };
        if let Some(packed) = self.entries.get_mut(at as usize) {
            *packed = Packed { id_at: packed.id_at, id_len: packed.id_len, ..Packed::of(entry) };
        }
        Ok(())
    }

    fn add(
        &mut self,
        hash: u64,
        id: &str,
        entry: &ApplicationEntry,
    ) -> Result<(), TooManyApplications> {
        // Whatever has an id takes at least a byte of them, so that places fit if ids do.
        let id_at = u32::try_from(self.ids.len()).map_err(|_| TooManyApplications)?;
        let at = u32::try_from(self.entries.len()).map_err(|_| TooManyApplications)?;
        let id_len = u8::try_from(id.len()).map_err(|_| TooManyApplications)?;
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(an_eighth(self.entries.len()));
        }
        if self.ids.capacity().saturating_sub(self.ids.len()) < id.len() {
            self.ids.reserve_exact(an_eighth(self.ids.len()).max(id.len()));
        }
        self.entries.push(Packed { id_at, id_len, ..Packed::of(entry) });
        self.ids.push_str(id);
        let Self { entries, ids, places, hasher, .. } = self;
        places.insert_unique(hash, at, |&at| hasher.hash_one(id_in(entries, ids, at)));
        Ok(())
    }

    /// A page of the applications after an id.
    pub(super) fn page(
        &self,
        admits: impl Fn(&ApplicationEntry) -> bool,
        after: Option<&str>,
        size: usize,
    ) -> Page<(ApplicationId, ApplicationEntry)> {
        let order = self.in_order();
        let first = order.partition_point(|&at| after.is_some_and(|after| self.id(at) <= after));
        let items = order
            .iter()
            .skip(first)
            .filter_map(|&at| Some((at, self.packed(at)?.entry())))
            .filter(|(_, entry)| admits(entry))
            .map(|(at, entry)| {
                let id = ApplicationId::parse(self.id(at)).expect("it was valid when it came in");
                (id.to_string(), (id, entry))
            });
        Page::take(items, size)
    }

    /// The places in the order of their ids. What came since the last list is sorted in; mostly it
    /// just follows.
    fn in_order(&self) -> MutexGuard<'_, Vec<u32>> {
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, all) = (order.len(), self.entries.len());
        if known == all {
            return order;
        }
        if order.capacity() < all {
            order.reserve_exact(all.saturating_sub(known).max(an_eighth(known)));
        }
        // Places fit in 32 bits; `add` saw to that.
        order.extend((0..=u32::MAX).take(all).skip(known));
        let by_id = |a: &u32, b: &u32| self.id(*a).cmp(self.id(*b));
        if let Some(new) = order.get_mut(known..) {
            new.sort_by(by_id);
        }
        let seam = known.checked_sub(1).and_then(|last| order.get(last)).zip(order.get(known));
        if seam.is_some_and(|(last, first)| self.id(*last) > self.id(*first)) {
            // Two runs, which a stable sort finds and merges.
            order.sort_by(by_id);
        }
        order
    }

    fn packed(&self, at: u32) -> Option<&Packed> {
        self.entries.get(at as usize)
    }

    fn id(&self, at: u32) -> &str {
        id_in(&self.entries, &self.ids, at)
    }

    /// The bytes that it has taken from the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let order = self.order.lock().unwrap_or_else(PoisonError::into_inner).capacity();
        [
            self.entries.capacity().saturating_mul(size_of::<Packed>()),
            self.ids.capacity(),
            self.places.allocation_size(),
            order.saturating_mul(size_of::<u32>()),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}

/// Equal applications under equal ids, whatever the order in which they came.
impl PartialEq for Applications {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && (0..=u32::MAX)
                .take(self.len())
                .all(|at| self.packed(at).map(Packed::entry) == other.get(self.id(at)))
    }
}

impl Eq for Applications {}

fn id_in<'a>(entries: &[Packed], ids: &'a str, at: u32) -> &'a str {
    let id = entries.get(at as usize).and_then(|packed| {
        let start = packed.id_at as usize;
        ids.get(start..start.saturating_add(packed.id_len.into()))
    });
    debug_assert!(id.is_some(), "every place has an id");
    id.unwrap_or_default()
}

/// By how much to grow what has `len` elements.
fn an_eighth(len: usize) -> usize {
    (len / 8).max(4)
}

impl Packed {
    /// Without an id.
    fn of(entry: &ApplicationEntry) -> Self {
        let ApplicationFact { kind, receipt_date, conclusion } = entry.fact;
        Self {
            id_at: 0,
            id_len: 0,
            kind: code(kind.index()),
            channel: entry.channel.map_or(0, |channel| code(channel.index().saturating_add(1))),
            disposition: conclusion.map_or(0, |(_, found)| code(found.index().saturating_add(1))),
            receipt: Day::of(receipt_date),
            conclusion: conclusion.map_or(Day::default(), |(date, _)| Day::of(date)),
        }
    }

    fn entry(&self) -> ApplicationEntry {
        let place = |code: u8| usize::from(code).checked_sub(1);
        let disposition =
            place(self.disposition).and_then(|place| DISPOSITIONS.get(place).copied());
        let kind = ApplicantKind::ALL.get(usize::from(self.kind)).copied();
        ApplicationEntry {
            fact: ApplicationFact {
                kind: kind.expect("packed from the index of a kind"),
                receipt_date: self.receipt.date(),
                conclusion: disposition.map(|found| (self.conclusion.date(), found)),
            },
            channel: place(self.channel).and_then(|place| Channel::ALL.get(place).copied()),
        }
    }
}

/// The place in a list of the law, the longest of which has 21.
fn code(place: usize) -> u8 {
    debug_assert!(place < 32, "the lists of the law are short");
    u8::try_from(place).unwrap_or(u8::MAX)
}

impl Day {
    fn of(date: LegalDate) -> Self {
        let date = date.date();
        let years = date.year().saturating_sub(LegalDate::FIRST_YEAR).unsigned_abs();
        let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
        Self((years << 9) | (u16::from(month) << 5) | u16::from(day))
    }

    fn date(self) -> LegalDate {
        let year = LegalDate::FIRST_YEAR.saturating_add_unsigned(self.0 >> 9);
        let part = |bits: u16| i8::try_from(bits).ok();
        part((self.0 >> 5) & 0xf)
            .zip(part(self.0 & 0x1f))
            .and_then(|(month, day)| jiff::civil::Date::new(year, month, day).ok())
            .and_then(|date| LegalDate::new(date).ok())
            .expect("packed from a legal date")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::wire::samples::any_date;

    fn any_entry() -> impl Strategy<Value = ApplicationEntry> {
        let dispositions: Vec<_> = Disposition::all().collect();
        let conclusion = prop::option::of((any_date(), prop::sample::select(dispositions)));
        let kind = prop::sample::select(ApplicantKind::ALL);
        let channel = prop::option::of(prop::sample::select(Channel::ALL));
        (kind, any_date(), conclusion, channel).prop_map(
            |(kind, receipt_date, conclusion, channel)| ApplicationEntry {
                fact: ApplicationFact { kind, receipt_date, conclusion },
                channel,
            },
        )
    }

    fn put(applications: &mut Applications, id: &str, entry: &ApplicationEntry) {
        applications.put(applications.find(id), id, entry).unwrap();
    }

    #[test]
    fn every_legal_date_is_kept() {
        let mut date = jiff::civil::date(2008, 1, 1);
        while let Ok(day) = LegalDate::new(date) {
            assert_eq!(Day::of(day).date(), day);
            date = date.tomorrow().unwrap();
        }
    }

    #[test]
    fn an_application_takes_as_many_bytes_as_promised() {
        assert_eq!(size_of::<Packed>(), 12);
        let date = LegalDate::new(jiff::civil::date(2024, 5, 6)).unwrap();
        let fact = ApplicationFact {
            kind: ApplicantKind::NaturalPerson,
            receipt_date: date,
            conclusion: None,
        };
        let entry = ApplicationEntry { fact, channel: None };
        let mut applications = Applications::default();
        for number in 1..=200_000_usize {
            put(&mut applications, &format!("2024-{number:06}"), &entry);
            if number >= 1_000 && number.is_multiple_of(997) {
                // 12 and 11 with an eighth to spare, and the lookup at its emptiest.
                let promised = number * 23 * 9 / 8 + number * 80 / 7 + 256;
                assert!(applications.heap_bytes() <= promised, "at {number}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_table_is_a_map_in_the_order_of_ids(
            steps in prop::collection::vec(("[a-c洛]{1,3}", any_entry(), any::<bool>()), 0..80),
            after in prop::option::of("[a-c洛]{1,3}"),
            size in 1_usize..20,
        ) {
            let (mut table, mut map) = (Applications::default(), BTreeMap::new());
            for (id, entry, list) in steps {
                put(&mut table, &id, &entry);
                map.insert(id, entry);
                if !list {
                    continue;
                }
                let admits = |entry: &ApplicationEntry| entry.channel.is_none();
                let page = table.page(admits, after.as_deref(), size);
                let mut expected: Vec<_> = map
                    .iter()
                    .filter(|(id, entry)| Some(*id) > after.as_ref() && admits(entry))
                    .map(|(id, entry)| (ApplicationId::parse(id).unwrap(), *entry))
                    .collect();
                let more = expected.len() > size;
                expected.truncate(size);
                prop_assert_eq!(page.next_after.is_some(), more);
                prop_assert_eq!(page.items, expected);
            }
            let mut backwards = Applications::default();
            for (id, entry) in map.iter().rev() {
                prop_assert_eq!(table.get(id), Some(*entry));
                prop_assert_ne!(&table, &backwards);
                put(&mut backwards, id, entry);
            }
            prop_assert_eq!(table.get("d"), None);
            prop_assert_eq!(table, backwards);
        }
    }
}
