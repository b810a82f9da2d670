//! The arithmetic of tamper evidence: leaves, and the Merkle tree of RFC 6962 over them.
//!
//! Pure: it reads no file and knows no event. The tree is kept as its frontier, the roots of the
//! perfect subtrees from the largest to the smallest, which is all that appending needs.

use std::fmt;

use sha2::{Digest, Sha256};

/// A SHA-256 value; shows itself in lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Reads 64 digits of lower-case hexadecimal; `None` if they are not that.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let (pairs, odd) = text.as_bytes().as_chunks::<2>();
        let digit = |byte: u8| char::from(byte).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
        let byte = |[high, low]: &[u8; 2]| {
            u8::try_from(digit(*high)?.checked_mul(16)?.checked_add(digit(*low)?)?).ok()
        };
        let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
        Some(Self(bytes.filter(|_| odd.is_empty())?.try_into().ok()?))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The leaf of one record: SHA-256 of a zero byte and the record.
#[must_use]
pub fn leaf_hash(record: &[u8]) -> Hash {
    leaf_hash_of(&[record])
}

/// The leaf of a record given in parts, as if they were one.
#[must_use]
pub fn leaf_hash_of(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new_with_prefix([0]);
    for part in parts {
        hasher.update(part);
    }
    Hash(hasher.finalize().into())
}

fn node_hash(left: Hash, right: Hash) -> Hash {
    let mut hasher = Sha256::new_with_prefix([1]);
    hasher.update(left.0);
    hasher.update(right.0);
    Hash(hasher.finalize().into())
}

/// A Merkle tree that can only grow, kept as the roots of its perfect subtrees.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    len: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// A tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of leaves.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no leaf yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends a leaf: every perfect subtree it completes is folded into one.
    pub fn append(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.len.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(left, hash);
            }
        }
        self.peaks.push(hash);
        self.len = self.len.saturating_add(1);
    }

    /// The root of the tree; of the empty tree, SHA-256 of nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        let folded = self.peaks.iter().rev().copied().reduce(|right, left| node_hash(left, right));
        folded.unwrap_or_else(|| Hash(Sha256::digest([]).into()))
    }

    /// The length (little-endian) and the subtree roots, largest first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let peaks = self.peaks.iter().flat_map(|peak| peak.0);
        self.len.to_le_bytes().into_iter().chain(peaks).collect()
    }

    /// Reads what [`Frontier::to_bytes`] wrote; `None` if it is not that.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (len, rest) = bytes.split_first_chunk()?;
        let len = u64::from_le_bytes(*len);
        let (peaks, odd) = rest.as_chunks::<32>();
        let peaks: Vec<Hash> = peaks.iter().copied().map(Hash).collect();
        let whole = odd.is_empty() && u32::try_from(peaks.len()) == Ok(len.count_ones());
        whole.then_some(Self { len, peaks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash(Sha256::digest([]).into()),
            [leaf] => *leaf,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node_hash(naive(&leaves[..split]), naive(&leaves[split..]))
            }
        }
    }

    #[test]
    fn a_hash_is_read_back_from_what_it_shows() {
        let hash = leaf_hash(b"x");
        assert_eq!(Hash::from_hex(&hash.to_string()), Some(hash));
        for bad in ["", "zz", &hash.to_string().to_uppercase(), &format!("{hash}0")] {
            assert_eq!(Hash::from_hex(bad), None);
        }
    }

    #[test]
    fn the_roots_are_those_of_certificate_transparency() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len() / 2)
                .map(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap())
                .collect()
        };
        let inputs = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Frontier::new();
        assert_eq!(
            tree.root().to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        for (input, root) in inputs.iter().zip(roots) {
            tree.append(leaf_hash(&hex(input)));
            assert_eq!(tree.root().to_string(), root);
        }
    }

    #[test]
    fn the_frontier_agrees_with_the_recursive_definition_and_survives_its_bytes() {
        let mut tree = Frontier::new();
        let mut leaves = Vec::new();
        for n in 0_u32..200 {
            assert_eq!(tree.root(), naive(&leaves));
            assert_eq!(Frontier::from_bytes(&tree.to_bytes()).unwrap(), tree);
            leaves.push(leaf_hash(&n.to_le_bytes()));
            tree.append(*leaves.last().unwrap());
        }
        assert_eq!(tree.len(), 200);
        assert_eq!(Frontier::from_bytes(&tree.to_bytes()[1..]), None);
    }
}
