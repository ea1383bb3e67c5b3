use sha2::{Digest, Sha256};

/// The Merkle tree of RFC 9162, section 2.1, reduced to what appending and computing the root need: the roots of its
/// full subtrees, at most one for each binary digit of its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// Largest first.
    full: Vec<[u8; 32]>,
}

impl Tree {
    /// The number of entries.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends an entry.
    pub fn push(&mut self, entry: &[u8]) {
        let mut hash: [u8; 32] = Sha256::new().chain_update([0]).chain_update(entry).finalize().into();
        // Each carried binary digit joins two full subtrees of the same height.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.full.pop() {
                hash = node(&left, &hash);
            }
        }
        self.full.push(hash);
        self.size += 1;
    }

    /// The root. For an empty tree, SHA-256 of no bytes.
    pub fn root(&self) -> [u8; 32] {
        let smallest_first = self.full.iter().rev().copied();
        smallest_first.reduce(|right, left| node(&left, &right)).unwrap_or_else(|| Sha256::digest([]).into())
    }
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::Hex;

    /// The definition of the RFC: split the tree at the largest power of two below its size.
    fn defined(entries: &[Vec<u8>]) -> [u8; 32] {
        match entries {
            [] => Sha256::digest([]).into(),
            [entry] => Sha256::new().chain_update([0]).chain_update(entry).finalize().into(),
            _ => {
                let (left, right) = entries.split_at(entries.len().next_power_of_two() / 2);
                node(&defined(left), &defined(right))
            }
        }
    }

    /// The test entries and roots of the Certificate Transparency implementations.
    #[test]
    fn the_roots_of_certificate_transparency() {
        let entries: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
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
        let mut tree = Tree::default();
        for (entry, root) in entries.iter().zip(roots) {
            tree.push(entry);
            assert_eq!(Hex(&tree.root()).to_string(), root, "{} entries", tree.size());
        }
    }

    proptest! {
        #[test]
        fn appending_gives_the_tree_of_the_definition(
            entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..8), 0..70),
        ) {
            let mut tree = Tree::default();
            entries.iter().for_each(|entry| tree.push(entry));
            prop_assert_eq!(tree.root(), defined(&entries));
            prop_assert_eq!(tree.size(), entries.len() as u64);
        }
    }
}
