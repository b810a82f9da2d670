//! How ids are hashed: quickly, since a replay does little else, and under a secret, so that nobody
//! can choose ids that meet in one place.

use std::hash::{BuildHasher, RandomState};

/// Hashes ids by a multiplication for every eight bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct IdHashing([u64; 2]);

impl Default for IdHashing {
    fn default() -> Self {
        let secret = RandomState::new();
        Self([secret.hash_one(0), secret.hash_one(1)])
    }
}

impl IdHashing {
    pub(super) fn hash(&self, id: &[u8]) -> u64 {
        let Self([first, second]) = *self;
        let (words, rest) = id.as_chunks();
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
        let words = words.iter().chain([&last]).map(|word| u64::from_le_bytes(*word));
        let state = words.fold(first ^ id.len() as u64, |state, word| folded(state ^ word, second));
        folded(state, first)
    }
}

/// Both halves of a product, which together depend on every bit of both factors.
fn folded(a: u64, b: u64) -> u64 {
    let product = u128::from(a).wrapping_mul(u128::from(b));
    let both = (product >> 64) ^ (product & u128::from(u64::MAX));
    u64::try_from(both).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_that_differ_a_little_have_hashes_that_differ_in_every_part() {
        let hashing = IdHashing::default();
        let hashes: Vec<u64> =
            (0..10_000).map(|n| hashing.hash(format!("2024-{n:07}").as_bytes())).collect();
        assert_eq!(
            hashes,
            (0..10_000)
                .map(|n| hashing.hash(format!("2024-{n:07}").as_bytes()))
                .collect::<Vec<_>>()
        );
        // 10,000 balls into 65,536 bins leave some 9,270 taken.
        for shift in [0, 16, 32, 48] {
            let taken: HashSet<u64> = hashes.iter().map(|hash| (hash >> shift) & 0xffff).collect();
            assert!((9_000..9_500).contains(&taken.len()), "{} from bit {shift}", taken.len());
        }
        assert_ne!(hashing.hash(b"a"), hashing.hash(b"a\0"));
        assert_ne!(hashing.hash(b"a"), IdHashing::default().hash(b"a"));
    }
}
