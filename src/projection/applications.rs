//! One agency's applications, packed.
//!
//! | bytes | for each application |
//! |------:|----------------------|
//! | 8 | what lists and tables need of it, and the length of its id |
//! | its length | the id |
//! | 5.7 to 11.4 | the slot in the lookup: 5 bytes, of which 7/16 to 7/8 are used |
//! | 4 | its place in the order of ids, once a list was asked for |
//! | 12 | each step of its procedure that moves a clock; and 9 to 18 once if there is any |
//! | 8 | its place in the list by due date while it is open, once that was asked for |
//!
//! The first two lie together and grow by an eighth at a time, so that at most that much is spare.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use hashbrown::HashTable;

use super::{
    ApplicationEntry, Page,
    id_hashing::IdHashing,
    steps::{Step, Steps},
};
use crate::{
    domain::{ApplicantKind, ApplicationId, Channel, Disposition, LegalDate},
    statistics::ApplicationFact,
};

/// Why an application could not be taken in: 4 GiB are the most that an agency's can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the agency's applications take more than 4 GiB")]
pub struct TooManyApplications;

/// The applications of an agency by id.
#[derive(Debug, Default)]
pub(super) struct Applications {
    /// One record after another: [`Packed`], then the id.
    records: Vec<u8>,
    /// Where records begin.
    places: HashTable<u32>,
    hasher: IdHashing,
    /// The steps that move clocks, of those that have any.
    steps: Steps,
    order: Mutex<Order>,
}

/// The places in the order of their ids, as far as a list last needed them.
#[derive(Debug, Default)]
struct Order {
    places: Vec<u32>,
    /// Up to where the records are in it.
    up_to: usize,
}

impl Clone for Applications {
    /// The order is left to be found again.
    fn clone(&self) -> Self {
        Self {
            records: self.records.clone(),
            places: self.places.clone(),
            hasher: self.hasher,
            steps: self.steps.clone(),
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

/// The bit of the kind that says that there are steps.
const HAS_STEPS: u8 = 0x20;

/// The bit of the kind that says that the application was withdrawn.
const WITHDRAWN: u8 = 0x40;

/// The bit of the kind that says that the entry is void.
const VOIDED: u8 = 0x80;

/// How a record begins: the length of the id; kind; one more than the index of the channel, 0 for
/// none; one more than that of the disposition, 0 while it is open; receipt and conclusion as
/// [`Day`]s.
type Packed = [u8; 8];

/// A legal date in 16 bits: seven for the years since the first, four for the month, five for the
/// day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Day(u16);

impl Applications {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn get(&self, id: &str) -> Option<ApplicationEntry> {
        self.at(self.find(id))
    }

    /// Looks an application up, known or not.
    pub(super) fn find(&self, id: &str) -> Place {
        let hash = self.hasher.hash(id.as_bytes());
        let at = self.places.find(hash, |&at| id_in(&self.records, at) == id.as_bytes()).copied();
        Place { hash, at }
    }

    /// The application at a place.
    pub(super) fn at(&self, place: Place) -> Option<ApplicationEntry> {
        Some(unpacked(self.packed(place.at?)?))
    }

    /// The application whose record begins there.
    pub(super) fn entry_at(&self, at: u32) -> Option<ApplicationEntry> {
        self.packed(at).map(unpacked)
    }

    /// Where the record at a place begins, if there is one.
    pub(super) const fn start_of(place: Place) -> Option<u32> {
        place.at
    }

    /// Adds a step to the application whose record begins there.
    pub(super) fn add_step(&mut self, at: u32, step: Step) -> Result<(), TooManyApplications> {
        let known = self.records.get_mut(at as usize..).and_then(<[u8]>::first_chunk_mut);
        if let Some::<&mut Packed>([_, kind, ..]) = known {
            *kind |= HAS_STEPS;
        }
        self.steps.push(at, step)
    }

    /// The steps of the application whose record begins there, in the order of recording.
    pub(super) fn steps_at(&self, at: u32) -> Vec<Step> {
        match self.packed(at) {
            Some([_, kind, ..]) if kind & HAS_STEPS != 0 => self.steps.of(at),
            _ => Vec::new(),
        }
    }

    /// The id of the application whose record begins there.
    pub(super) fn id_at(&self, at: u32) -> &str {
        str::from_utf8(id_in(&self.records, at)).unwrap_or_default()
    }

    /// Where records begin from a place on, at which one does, in the order in which they came.
    pub(super) fn places_after(&self, from: u32) -> impl Iterator<Item = u32> {
        self.places_from(from as usize)
    }

    /// Where the records of open applications begin, in the order in which they came.
    pub(super) fn open(&self) -> impl Iterator<Item = u32> {
        let is_open = |at: &u32| {
            let packed = self.packed(*at);
            packed
                .is_some_and(|[_, kind, _, disposition, ..]| disposition == 0 && kind & VOIDED == 0)
        };
        self.places_from(0).filter(is_open)
    }

    /// Where the records of concluded applications begin, in the order in which they came.
    pub(super) fn concluded(&self) -> impl Iterator<Item = u32> {
        let is_concluded = |at: &u32| {
            let packed = self.packed(*at);
            packed
                .is_some_and(|[_, kind, _, disposition, ..]| disposition != 0 && kind & VOIDED == 0)
        };
        self.places_from(0).filter(is_concluded)
    }

    /// Puts an application at the place that was found for its id, which is valid, and says where
    /// its record begins.
    pub(super) fn put(
        &mut self,
        place: Place,
        id: &str,
        entry: &ApplicationEntry,
    ) -> Result<u32, TooManyApplications> {
        let id_len = u8::try_from(id.len()).map_err(|_| TooManyApplications)?;
        let packed = packed(entry, id_len);
        let Some(at) = place.at else { return self.add(place.hash, id, packed) };
        let known = self.records.get_mut(at as usize..).and_then(<[u8]>::first_chunk_mut);
        if let Some::<&mut Packed>(known) = known {
            let [_, kind_before, ..] = *known;
            *known = packed;
            let [_, kind, ..] = known;
            *kind |= kind_before & HAS_STEPS;
        }
        Ok(at)
    }

    fn add(&mut self, hash: u64, id: &str, packed: Packed) -> Result<u32, TooManyApplications> {
        let Self { records, places, hasher, .. } = self;
        let at = u32::try_from(records.len()).map_err(|_| TooManyApplications)?;
        let needed = packed.len().saturating_add(id.len());
        if records.capacity().saturating_sub(records.len()) < needed {
            records.reserve_exact(an_eighth(records.len()).max(needed));
        }
        records.extend_from_slice(&packed);
        records.extend_from_slice(id.as_bytes());
        places.insert_unique(hash, at, |&at| hasher.hash(id_in(records, at)));
        Ok(at)
    }

    /// A page of the applications after an id.
    pub(super) fn page(
        &self,
        admits: impl Fn(&str, &ApplicationEntry) -> bool,
        after: Option<&str>,
        size: usize,
    ) -> Page<(ApplicationId, ApplicationEntry)> {
        let order = self.in_order();
        let after = after.map(str::as_bytes);
        let first = order
            .places
            .partition_point(|&at| after.is_some_and(|after| id_in(&self.records, at) <= after));
        let items = order
            .places
            .iter()
            .skip(first)
            .filter_map(|&at| Some((at, unpacked(self.packed(at)?))))
            .filter(|(at, entry)| admits(self.id_at(*at), entry))
            .map(|(at, entry)| {
                let id = str::from_utf8(id_in(&self.records, at)).ok();
                let id = id.and_then(|id| ApplicationId::parse(id).ok());
                let id = id.expect("it was valid when it came in");
                (id.to_string(), (id, entry))
            });
        Page::take(items, size)
    }

    /// The places in the order of their ids. What came since the last list is sorted in; mostly it
    /// just follows.
    fn in_order(&self) -> MutexGuard<'_, Order> {
        let mut guard = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let Order { places, up_to } = &mut *guard;
        let (known, all) = (places.len(), self.len());
        if known == all {
            return guard;
        }
        if places.capacity() < all {
            places.reserve_exact(all.saturating_sub(known).max(an_eighth(known)));
        }
        places.extend(self.places_from(*up_to));
        *up_to = self.records.len();
        let by_id = |a: &u32, b: &u32| id_in(&self.records, *a).cmp(id_in(&self.records, *b));
        if let Some(new) = places.get_mut(known..) {
            new.sort_by(by_id);
        }
        let seam = known.checked_sub(1).and_then(|last| places.get(last)).zip(places.get(known));
        if seam.is_some_and(|(last, first)| by_id(last, first).is_gt()) {
            // Two runs, which a stable sort finds and merges.
            places.sort_by(by_id);
        }
        guard
    }

    /// Where records begin, in the order in which they came.
    fn places_from(&self, start: usize) -> impl Iterator<Item = u32> {
        // `add` saw to it that places fit in 32 bits.
        let first = u32::try_from(start).ok().filter(|_| start < self.records.len());
        std::iter::successors(first, |&at| {
            let (packed, id) = (self.packed(at)?, id_in(&self.records, at));
            let next = (at as usize).saturating_add(packed.len()).saturating_add(id.len());
            u32::try_from(next).ok().filter(|_| next < self.records.len())
        })
    }

    fn packed(&self, at: u32) -> Option<Packed> {
        self.records.get(at as usize..)?.first_chunk().copied()
    }

    /// The bytes that it has taken from the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let order = self.order.lock().unwrap_or_else(PoisonError::into_inner).places.capacity();
        self.records
            .capacity()
            .saturating_add(self.places.allocation_size())
            .saturating_add(self.steps.heap_bytes())
            .saturating_add(order.saturating_mul(size_of::<u32>()))
    }
}

/// Equal applications under equal ids, whatever the order in which they came.
impl PartialEq for Applications {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.places_from(0).all(|at| {
                let id = str::from_utf8(id_in(&self.records, at)).unwrap_or_default();
                let there = other.find(id);
                self.packed(at).map(unpacked) == other.at(there)
                    && there.at.is_some_and(|there| self.steps_at(at) == other.steps_at(there))
            })
    }
}

impl Eq for Applications {}

/// The id of the record at a place.
fn id_in(records: &[u8], at: u32) -> &[u8] {
    let record = records.get(at as usize..).and_then(<[u8]>::split_first_chunk);
    let id = record.and_then(|([id_len, ..], rest): (&Packed, _)| rest.get(..usize::from(*id_len)));
    debug_assert!(id.is_some(), "every place has an id");
    id.unwrap_or_default()
}

/// By how much to grow what has `len` elements.
pub(super) fn an_eighth(len: usize) -> usize {
    (len / 8).max(4)
}

fn packed(entry: &ApplicationEntry, id_len: u8) -> Packed {
    let ApplicationFact { kind, receipt_date, conclusion } = entry.fact;
    let flag = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
    let flags = flag(entry.is_voided, VOIDED) | flag(entry.is_withdrawal, WITHDRAWN);
    let kind = code(kind.index()) | flags;
    let channel = entry.channel.map_or(0, |channel| code(channel.index().saturating_add(1)));
    let disposition = conclusion.map_or(0, |(_, found)| code(found.index().saturating_add(1)));
    let [a, b] = Day::of(receipt_date).0.to_le_bytes();
    let [c, d] = conclusion.map_or(Day::default(), |(date, _)| Day::of(date)).0.to_le_bytes();
    [id_len, kind, channel, disposition, a, b, c, d]
}

fn unpacked(packed: Packed) -> ApplicationEntry {
    let [_, kind, channel, disposition, a, b, c, d] = packed;
    let (receipt, conclusion) = (Day(u16::from_le_bytes([a, b])), Day(u16::from_le_bytes([c, d])));
    let place = |code: u8| usize::from(code).checked_sub(1);
    let disposition = place(disposition).and_then(|place| DISPOSITIONS.get(place).copied());
    let (is_voided, is_withdrawal) = (kind & VOIDED != 0, kind & WITHDRAWN != 0);
    let kind =
        ApplicantKind::ALL.get(usize::from(kind & !(VOIDED | WITHDRAWN | HAS_STEPS))).copied();
    ApplicationEntry {
        fact: ApplicationFact {
            kind: kind.expect("packed from the index of a kind"),
            receipt_date: receipt.date(),
            conclusion: disposition.map(|found| (conclusion.date(), found)),
        },
        channel: place(channel).and_then(|place| Channel::ALL.get(place).copied()),
        is_voided,
        is_withdrawal,
    }
}

/// The place in a list of the law, the longest of which has 21.
fn code(place: usize) -> u8 {
    debug_assert!(place < 32, "the lists of the law are short");
    u8::try_from(place).unwrap_or(u8::MAX)
}

impl Day {
    pub(super) fn of(date: LegalDate) -> Self {
        let date = date.date();
        let years = date.year().saturating_sub(LegalDate::FIRST_YEAR).unsigned_abs();
        let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
        Self((years << 9) | (u16::from(month) << 5) | u16::from(day))
    }

    pub(super) fn date(self) -> LegalDate {
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
        (kind, any_date(), conclusion, channel, any::<(bool, bool)>()).prop_map(
            |(kind, receipt_date, conclusion, channel, (is_voided, is_withdrawal))| {
                ApplicationEntry {
                    fact: ApplicationFact { kind, receipt_date, conclusion },
                    channel,
                    is_voided,
                    is_withdrawal,
                }
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
        let date = LegalDate::new(jiff::civil::date(2024, 5, 6)).unwrap();
        let fact = ApplicationFact {
            kind: ApplicantKind::NaturalPerson,
            receipt_date: date,
            conclusion: None,
        };
        let (is_voided, is_withdrawal) = (false, false);
        let entry = ApplicationEntry { fact, channel: None, is_voided, is_withdrawal };
        let mut applications = Applications::default();
        for number in 1..=200_000_usize {
            put(&mut applications, &format!("2024-{number:06}"), &entry);
            if number >= 1_000 && number.is_multiple_of(997) {
                // 8 and 11 with an eighth to spare, and the lookup at its emptiest.
                let promised = number * 19 * 9 / 8 + number * 80 / 7 + 256;
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
                let page = table.page(|_, entry| admits(entry), after.as_deref(), size);
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
