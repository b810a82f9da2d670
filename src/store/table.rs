//! A compact map from keys that are spread evenly to positions: sorted entries with gaps.
//!
//! Entries are `E` bytes, of which the first `K` are the key and the last five the position. A
//! table has 256 shards by the first byte of the key; the next four say where in its shard an
//! entry would lie, and it lies there or a little after, with all entries in the order of their
//! keys. A shard is at most 85 % full and grows by a quarter, so an entry takes `E` / 0.85 to
//! `E` / 0.68 bytes, whatever the number of entries, and growing never takes long.
//!
//! A clone shares every shard until one of the two changes it.

use std::{mem, sync::Arc};

use super::GlobalPosition;

const SHARDS: usize = 256;
const POSITION_LEN: usize = 5;

/// The last position that an entry can hold.
pub(super) const MAX_POSITION: GlobalPosition = GlobalPosition::new((1 << 40) - 1);

/// The free slots that a shard has at its end.
const MARGIN: usize = 16;

#[derive(Debug, Clone)]
pub(super) struct Table<const E: usize, const K: usize> {
    shards: Vec<Arc<Shard<E, K>>>,
}

impl<const E: usize, const K: usize> Default for Table<E, K> {
    fn default() -> Self {
        let empty = Arc::new(Shard { slots: Vec::new(), homes: 0, len: 0 });
        Self { shards: vec![empty; SHARDS] }
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
    /// The number of entries.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len).sum()
    }

    /// The memory that the entries take, gaps included.
    pub(super) fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.slots.capacity().saturating_mul(E)).sum()
    }

    /// The entries with a key.
    pub(super) fn get(&self, key: &[u8; K]) -> impl Iterator<Item = &[u8; E]> {
        let shard = self.shards.get(shard_of(key));
        let (shard, at) = shard.map_or((&[][..], 0), |shard| (&shard.slots[..], shard.seek(key)));
        let from = shard.get(at..).unwrap_or_default();
        from.iter().take_while(move |entry| !is_free(*entry) && key_of::<E, K>(entry) == key)
    }

    /// Puts an entry in the place of one with the same key, or adds it.
    pub(super) fn put(&mut self, entry: &[u8; E]) {
        if let Some(shard) = self.shard_mut(entry) {
            let at = shard.seek(key_of::<E, K>(entry));
            match shard.slots.get_mut(at) {
                Some(slot) if !is_free(slot) && slot.starts_with(key_of::<E, K>(entry)) => {
                    *slot = *entry;
                }
                Some(_) | None => shard.add(entry),
            }
        }
    }

    /// Adds an entry, even if there is one with the same key.
    pub(super) fn add(&mut self, entry: &[u8; E]) {
        if let Some(shard) = self.shard_mut(entry) {
            shard.add(entry);
        }
    }

    /// Every entry, in the order of their keys.
    pub(super) fn entries(&self) -> impl Iterator<Item = &[u8; E]> {
        self.shards.iter().flat_map(|shard| shard.slots.iter().filter(|entry| !is_free(*entry)))
    }

    /// A table of entries that are in the order of their keys; `None` if they are not.
    pub(super) fn from_sorted(entries: &[[u8; E]]) -> Option<Self> {
        let mut table = Self::default();
        let mut rest = entries;
        for (n, shard) in table.shards.iter_mut().enumerate() {
            let len = rest.partition_point(|entry| shard_of(entry) <= n);
            let (own, after) = rest.split_at_checked(len)?;
            let sorted = own.is_sorted_by_key(key_of::<E, K>);
            if !sorted || own.iter().any(|entry| is_free(entry) || shard_of(entry) != n) {
                return None;
            }
            *shard = Arc::new(Shard::laid_out(own.iter(), own.len()));
            rest = after;
        }
        rest.is_empty().then_some(table)
    }

    fn shard_mut(&mut self, entry: &[u8; E]) -> Option<&mut Shard<E, K>> {
        self.shards.get_mut(shard_of(entry)).map(Arc::make_mut)
    }
}

fn shard_of(key: &[u8]) -> usize {
    key.first().copied().map_or(0, usize::from)
}

fn key_of<const E: usize, const K: usize>(entry: &[u8; E]) -> &[u8; K] {
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
        let homes = len.saturating_add(1).saturating_mul(147).div_ceil(100);
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

    fn home(&self, key: &[u8]) -> usize {
        let fraction =
            key.get(1..5).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
        let scaled = u64::from(fraction.unwrap_or(0)).saturating_mul(self.homes as u64) >> 32;
        usize::try_from(scaled).unwrap_or(0)
    }

    /// The first slot from the key's home on that is free or has no smaller key.
    fn seek(&self, key: &[u8; K]) -> usize {
        let home = self.home(key);
        let from = self.slots.get(home..).unwrap_or_default();
        let before = |entry: &&[u8; E]| !is_free(*entry) && key_of::<E, K>(entry) < key;
        home.saturating_add(from.iter().take_while(before).count())
    }

    fn add(&mut self, entry: &[u8; E]) {
        if self.len.saturating_mul(100) >= self.homes.saturating_mul(85) {
            let slots = mem::take(&mut self.slots);
            let kept = slots.iter().filter(|entry| !is_free(*entry));
            *self = Self::laid_out(kept, self.len);
        }
        let at = self.seek(key_of::<E, K>(entry));
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

    type Small = Table<11, 6>;

    fn entry(key: [u8; 6], position: u64) -> [u8; 11] {
        let bytes = [&key[..], &position_bytes(GlobalPosition::new(position))].concat();
        bytes.try_into().unwrap()
    }

    proptest! {
        #[test]
        fn a_table_is_a_map(
            puts in prop::collection::vec((any::<[u8; 2]>(), 1..1_u64 << 40), 0..400),
        ) {
            let (mut table, mut map) = (Small::default(), BTreeMap::new());
            for ([a, b], position) in puts {
                // Crowded on purpose: all in two shards, and near one another.
                let key = [a % 2, 0, a, b % 16, 0, 0];
                table.put(&entry(key, position));
                map.insert(key, position);
            }
            prop_assert_eq!(table.len(), map.len());
            for (key, position) in &map {
                let found: Vec<_> = table.get(key).map(|e| position_of(e).get()).collect();
                prop_assert_eq!(found, [*position]);
            }
            prop_assert_eq!(table.get(&[9; 6]).count(), 0);
            let entries: Vec<_> = table.entries().copied().collect();
            let expected: Vec<_> = map.iter().map(|(key, at)| entry(*key, *at)).collect();
            prop_assert_eq!(&entries, &expected);
            let again = Small::from_sorted(&entries).unwrap();
            prop_assert!(again.entries().eq(expected.iter()));
        }
    }

    #[test]
    fn entries_with_one_key_stand_side_by_side() {
        let mut table = Small::default();
        (1..=40).for_each(|n| table.add(&entry([7; 6], n)));
        let mut found: Vec<_> = table.get(&[7; 6]).map(|e| position_of(e).get()).collect();
        found.sort_unstable();
        assert_eq!(found, (1..=40).collect::<Vec<_>>());
        assert!(Small::from_sorted(&[entry([8; 6], 1), entry([7; 6], 1)]).is_none());
    }

    #[test]
    fn an_entry_takes_at_most_half_as_much_again() {
        let mut table = Table::<25, 16>::default();
        for n in 0..200_000_u64 {
            let hash: [u8; 32] = Sha256::digest(n.to_le_bytes()).into();
            let mut entry = [0; 25];
            entry[..16].copy_from_slice(&hash[..16]);
            entry[20..].copy_from_slice(&position_bytes(GlobalPosition::new(n + 1)));
            table.put(&entry);
            if n > 50_000 && n % 1_000 == 0 {
                assert!(table.bytes() as u64 / n <= 40, "{} for {n}", table.bytes());
            }
        }
        assert_eq!(table.len(), 200_000);
    }
}
