//! A compact map from keys that are spread evenly to positions: sorted entries with gaps.
//!
//! A table has 256 shards by the first byte of the key, which is stored nowhere else. Entries are
//! `E` bytes, of which the first `K` are the rest of the key and the last five the position. The
//! first four say where in its shard an entry would lie, and it lies there or a little after, with
//! all entries in the order of their keys. A shard is at most [`FULLEST`] % full and at least
//! [`EMPTIEST`] % after it grew, whatever the number of entries; it grows by itself, so growing
//! never takes long, nor much memory at once.
//!
//! Every shard has a lock of its own, so that whoever looks up seldom waits for whoever adds. A
//! clone shares every shard until one of the two changes it; it is of one moment only if nobody
//! adds meanwhile.

use std::{
    io::{self, Read, Write},
    mem,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use super::GlobalPosition;

const SHARDS: usize = 256;
const POSITION_LEN: usize = 5;

/// The last position that an entry can hold.
pub(super) const MAX_POSITION: GlobalPosition = GlobalPosition::new((1 << 40) - 1);

/// How many of a hundred places are taken when a shard grows.
const FULLEST: usize = 88;

/// How many of a hundred places are taken when it has grown.
const EMPTIEST: usize = 78;

/// The free slots that a shard has at its end.
const MARGIN: usize = 16;

/// How many entries are read at a time.
const ENTRIES_AT_ONCE: usize = 4096;

#[derive(Debug)]
pub(super) struct Table<const E: usize, const K: usize> {
    shards: Vec<RwLock<Arc<Shard<E, K>>>>,
}

/// A key: the byte that says which shard, and the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<const K: usize> {
    pub(super) shard: u8,
    pub(super) rest: [u8; K],
}

impl<const K: usize> Key<K> {
    /// The key that these bytes begin with; what they lack is zero.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut key = Self { shard: bytes.first().copied().unwrap_or(0), rest: [0; K] };
        let rest = bytes.get(1..).unwrap_or_default();
        key.rest.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
        key
    }
}

impl<const E: usize, const K: usize> Default for Table<E, K> {
    fn default() -> Self {
        let empty = Arc::new(Shard { slots: Vec::new(), homes: 0, len: 0 });
        Self::of(vec![empty; SHARDS])
    }
}

impl<const E: usize, const K: usize> Clone for Table<E, K> {
    fn clone(&self) -> Self {
        Self::of(self.shards().map(|shard| Arc::clone(&shard)))
    }
}

/// The bytes of a position in an entry.
pub(super) fn position_bytes(position: GlobalPosition) -> [u8; POSITION_LEN] {
    *position.get().to_be_bytes().last_chunk().unwrap_or(&[0; POSITION_LEN])
}

/// The position that an entry ends with.
pub(super) fn position_of(entry: &[u8]) -> GlobalPosition {
    let bytes: &[u8; POSITION_LEN] = entry.last_chunk().unwrap_or(&[0; POSITION_LEN]);
    let number = bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte));
    GlobalPosition::new(number)
}

impl<const E: usize, const K: usize> Table<E, K> {
    fn of(shards: impl IntoIterator<Item = Arc<Shard<E, K>>>) -> Self {
        Self { shards: shards.into_iter().map(RwLock::new).collect() }
    }

    /// The number of entries.
    pub(super) fn len(&self) -> usize {
        self.shards().map(|shard| shard.len).sum()
    }

    /// The memory that the entries take, gaps included.
    pub(super) fn bytes(&self) -> usize {
        self.shards().map(|shard| shard.slots.capacity().saturating_mul(E)).sum()
    }

    /// The first entry with a key.
    pub(super) fn get(&self, key: &Key<K>) -> Option<[u8; E]> {
        self.look_up(key, |entries| entries.next().copied())
    }

    /// Every entry with a key.
    pub(super) fn all(&self, key: &Key<K>) -> Vec<[u8; E]> {
        self.look_up(key, |entries| entries.copied().collect())
    }

    fn look_up<A>(
        &self,
        key: &Key<K>,
        answer: impl FnOnce(&mut dyn Iterator<Item = &[u8; E]>) -> A,
    ) -> A {
        let shard = self.shards.get(usize::from(key.shard)).map(held);
        let from = shard.as_ref().and_then(|shard| shard.slots.get(shard.seek(&key.rest)..));
        let of_key = |entry: &&[u8; E]| !is_free(*entry) && *rest_of(entry) == key.rest;
        answer(&mut from.unwrap_or_default().iter().take_while(of_key))
    }

    /// Puts an entry in the place of one with the same key, or adds it.
    pub(super) fn put(&self, shard: u8, entry: &[u8; E]) {
        self.change(shard, |shard| {
            let key: &[u8; K] = rest_of(entry);
            let at = shard.seek(key);
            match shard.slots.get_mut(at) {
                Some(slot) if !is_free(slot) && slot.starts_with(key) => *slot = *entry,
                Some(_) | None => shard.add(entry),
            }
        });
    }

    /// Adds an entry, even if there is one with the same key.
    pub(super) fn add(&self, shard: u8, entry: &[u8; E]) {
        self.change(shard, |shard| shard.add(entry));
    }

    /// Writes every entry, in bytes that [`Table::read_from`] reads.
    pub(super) fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        for shard in self.shards() {
            out.write_all(&(shard.len as u64).to_le_bytes())?;
            shard.entries().try_for_each(|entry| out.write_all(entry))?;
        }
        Ok(())
    }

    /// Reads what [`Table::write_to`] wrote; an error if it is not that.
    pub(super) fn read_from(bytes: &mut impl Read) -> io::Result<Self> {
        let (mut shards, mut entries) = (Vec::with_capacity(SHARDS), Vec::new());
        for _ in 0..SHARDS {
            let mut len = [0; 8];
            bytes.read_exact(&mut len)?;
            let len = usize::try_from(u64::from_le_bytes(len)).map_err(io::Error::other)?;
            entries.clear();
            while entries.len() < len {
                // The length may be wrong, so memory is taken for what has really been read.
                let known = entries.len();
                entries.resize(known.saturating_add(ENTRIES_AT_ONCE).min(len), [0; E]);
                let new = entries.get_mut(known..).unwrap_or_default();
                bytes.read_exact(new.as_flattened_mut())?;
            }
            let in_order = entries.is_sorted_by_key(rest_of::<E, K>);
            if !in_order || entries.iter().any(|entry| is_free(entry)) {
                return Err(io::ErrorKind::InvalidData.into());
            }
            shards.push(Arc::new(Shard::laid_out(entries.iter(), entries.len())));
        }
        Ok(Self::of(shards))
    }

    /// One shard after another, each as it is when its turn comes.
    fn shards(&self) -> impl Iterator<Item = RwLockReadGuard<'_, Arc<Shard<E, K>>>> {
        self.shards.iter().map(held)
    }

    fn change(&self, shard: u8, change: impl FnOnce(&mut Shard<E, K>)) {
        if let Some(shard) = self.shards.get(usize::from(shard)) {
            change(Arc::make_mut(&mut shard.write().unwrap_or_else(PoisonError::into_inner)));
        }
    }
}

/// A shard as it is now.
fn held<T>(shard: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

/// The key of an entry but for its first byte.
fn rest_of<const E: usize, const K: usize>(entry: &[u8; E]) -> &[u8; K] {
    entry.first_chunk().unwrap_or(&[0; K])
}

/// Whether a slot holds no entry: no event has position 0.
fn is_free(entry: &[u8]) -> bool {
    position_of(entry) == GlobalPosition::START
}

#[derive(Debug, Clone)]
struct Shard<const E: usize, const K: usize> {
    slots: Vec<[u8; E]>,
    /// How many of the slots are where an entry may want to lie.
    homes: usize,
    len: usize,
}

impl<const E: usize, const K: usize> Shard<E, K> {
    /// A shard of entries in order, with room for one more at least.
    fn laid_out<'a>(entries: impl Iterator<Item = &'a [u8; E]>, len: usize) -> Self {
        let homes = len.saturating_add(1).saturating_mul(100).div_ceil(EMPTIEST);
        let mut slots = Vec::with_capacity(homes.saturating_add(MARGIN));
        let mut shard = Self { slots: Vec::new(), homes, len };
        for entry in entries {
            let home = shard.home(entry);
            if slots.len() < home {
                slots.resize(home, [0; E]);
            }
            slots.push(*entry);
        }
        if slots.len() < homes.saturating_add(MARGIN) {
            slots.resize(homes.saturating_add(MARGIN), [0; E]);
        }
        shard.slots = slots;
        shard
    }

    fn entries(&self) -> impl Iterator<Item = &[u8; E]> {
        self.slots.iter().filter(|entry| !is_free(*entry))
    }

    fn home(&self, key: &[u8]) -> usize {
        let fraction = key.get(..4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
        let scaled = u64::from(fraction.unwrap_or(0)).saturating_mul(self.homes as u64) >> 32;
        usize::try_from(scaled).unwrap_or(0)
    }

    /// The first slot from the key's home on that is free or has no smaller key.
    fn seek(&self, key: &[u8; K]) -> usize {
        let home = self.home(key);
        let from = self.slots.get(home..).unwrap_or_default();
        let before = |entry: &&[u8; E]| !is_free(*entry) && rest_of(entry) < key;
        home.saturating_add(from.iter().take_while(before).count())
    }

    fn add(&mut self, entry: &[u8; E]) {
        if self.len.saturating_mul(100) >= self.homes.saturating_mul(FULLEST) {
            let slots = mem::take(&mut self.slots);
            let kept = slots.iter().filter(|entry| !is_free(*entry));
            *self = Self::laid_out(kept, self.len);
        }
        let at = self.seek(rest_of(entry));
        let from = self.slots.get(at..).unwrap_or_default();
        let taken = from.iter().take_while(|entry| !is_free(*entry)).count();
        let free = at.saturating_add(taken);
        if free >= self.slots.len() {
            self.slots.reserve_exact(MARGIN);
            self.slots.resize(free.saturating_add(MARGIN), [0; E]);
        }
        if let Some(moved) = self.slots.get_mut(at..=free) {
            moved.rotate_right(1);
            moved.iter_mut().take(1).for_each(|slot| *slot = *entry);
        }
        self.len = self.len.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;

    type Small = Table<10, 5>;

    fn entry(key: [u8; 6], position: u64) -> [u8; 10] {
        let bytes = [&key[1..], &position_bytes(GlobalPosition::new(position))].concat();
        bytes.try_into().unwrap()
    }

    fn written<const E: usize, const K: usize>(table: &Table<E, K>) -> Vec<u8> {
        let mut bytes = Vec::new();
        table.write_to(&mut bytes).unwrap();
        bytes
    }

    proptest! {
        #[test]
        fn a_table_is_a_map(
            puts in prop::collection::vec((any::<[u8; 2]>(), 1..1_u64 << 40), 0..400),
        ) {
            let (table, mut map) = (Small::default(), BTreeMap::new());
            for ([a, b], position) in puts {
                // Crowded on purpose: all in two shards, and near one another.
                let key = [a % 2, 0, a, b % 16, 0, 0];
                table.put(key[0], &entry(key, position));
                map.insert(key, position);
            }
            prop_assert_eq!(table.len(), map.len());
            for (key, position) in &map {
                let all = table.all(&Key::of(key));
                prop_assert_eq!(&all, &[entry(*key, *position)]);
                prop_assert_eq!(table.get(&Key::of(key)), Some(all[0]));
            }
            prop_assert!(table.all(&Key::of(&[9; 6])).is_empty());
            let mut expected = Vec::new();
            for shard in 0..=u8::MAX {
                let own = map.iter().filter(|(key, _)| key[0] == shard);
                let own: Vec<_> = own.map(|(key, at)| entry(*key, *at)).collect();
                expected.extend((own.len() as u64).to_le_bytes());
                expected.extend(own.concat());
            }
            let bytes = written(&table);
            prop_assert_eq!(&bytes, &expected);
            let again = Small::read_from(&mut &bytes[..]).unwrap();
            prop_assert_eq!(&written(&again), &bytes);
            prop_assert!(Small::read_from(&mut &bytes[..bytes.len() - 1]).is_err());
        }
    }

    #[test]
    fn entries_with_one_key_stand_side_by_side() {
        let table = Small::default();
        (1..=40).for_each(|n| table.add(7, &entry([7; 6], n)));
        let key = Key::of(&[7; 6]);
        let all = table.all(&key);
        let mut found: Vec<_> = all.iter().map(|e| position_of(e).get()).collect();
        found.sort_unstable();
        assert_eq!(found, (1..=40).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_out_of_order_or_free_or_too_many_is_not_read() {
        let (low, high, free) = (entry([0; 6], 1), entry([9; 6], 1), entry([5; 6], 0));
        for (entries, len, expected) in [
            ([low, high], 2, true),
            ([high, low], 2, false),
            ([low, free], 2, false),
            ([low, high], u64::MAX, false),
        ] {
            let mut bytes = [&len.to_le_bytes()[..], &entries.concat()].concat();
            bytes.extend([0; 8 * 255]);
            assert_eq!(Small::read_from(&mut &bytes[..]).is_ok(), expected, "{len}");
        }
    }

    #[test]
    fn an_entry_takes_at_most_a_third_more() {
        let table = Table::<17, 11>::default();
        for n in 0..200_000_u64 {
            let hash: [u8; 32] = Sha256::digest(n.to_le_bytes()).into();
            let mut entry = [0; 17];
            entry[..11].copy_from_slice(&hash[1..12]);
            entry[12..].copy_from_slice(&position_bytes(GlobalPosition::new(n + 1)));
            table.put(hash[0], &entry);
            if n > 50_000 && n % 1_000 == 0 {
                // 17 / 0.78, and a few for the margins.
                assert!(table.bytes() as u64 / n <= 23, "{} for {n}", table.bytes());
            }
        }
        assert_eq!(table.len(), 200_000);
    }
}
