//! The hash of a key, as it is kept.

use foldhash::quality::RandomState;
use std::hash::{BuildHasher, Hash};

/// Half of what the hasher of a table makes of a key: so it fits beside a pointer. Taken before any lock, as it runs code
/// of a user, and kept, so that no key is looked at while a table grows.
///
/// Half must be a good hash, too. The faster hasher of the same crate is not enough: of numbers that follow each other it lays
/// those of a shard into few buckets.
///
/// Two keys in four thousand million are alike in it. `Eq` tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyHash(u32);

impl KeyHash {
    pub(crate) const ZERO: Self = Self(0);

    #[expect(clippy::cast_possible_truncation, reason = "half of it")]
    pub(crate) fn of(hasher: &RandomState, key: &(impl Hash + ?Sized)) -> Self {
        Self(hasher.hash_one(key) as u32)
    }

    /// As a process notes it, which knows no hashes.
    pub(crate) fn to_bits(self) -> u32 {
        self.0
    }

    pub(crate) fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// As a hash table wants it: the lowest bits choose the bucket, and the highest tell entries apart.
    pub(crate) fn spread(self) -> u64 {
        // An odd number, so that nothing is lost: 2^64 divided by the golden ratio.
        u64::from(self.0).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    /// One of so many shards; by the highest bits. Those that choose a bucket do not depend on them, and those that tell
    /// entries apart depend on all others too: so neither are alike in all of a shard.
    pub(crate) fn shard(self, shards: usize) -> usize {
        // Less than `shards`, as a hash is less than 2^32; without a division.
        ((u64::from(self.0) * shards as u64) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, iter};

    /// The same each time: hashes as good ones are, by the generator "xorshift32".
    fn good_ones() -> impl Iterator<Item = KeyHash> + Clone {
        let next = |x: &u32| {
            let x = x ^ x << 13;
            let x = x ^ x >> 17;
            Some(x ^ x << 5)
        };
        iter::successors(Some(1), next).map(KeyHash)
    }

    fn shards_get_alike_many_and_their_keys_differ_in_the_other_bits(
        hashes: impl Iterator<Item = KeyHash> + Clone,
    ) {
        for shards in [1, 3, 8, 512] {
            let mut counts = vec![0; shards];
            let (mut lowest, mut highest) = (BTreeSet::new(), BTreeSet::new());
            for hash in hashes.clone().take(4000 * shards) {
                counts[hash.shard(shards)] += 1;
                if hash.shard(shards) == 0 {
                    lowest.insert(hash.spread() & 0x7F);
                    highest.insert(hash.spread() >> 57);
                }
            }
            assert!(counts.iter().all(|count| (3000..5000).contains(count)), "{counts:?}");
            assert_eq!((lowest.len(), highest.len()), (128, 128));
        }
    }

    #[test]
    fn good_hashes_are_spread() {
        shards_get_alike_many_and_their_keys_differ_in_the_other_bits(good_ones());
    }

    #[test]
    fn keys_that_are_much_alike_are_spread() {
        let hasher = &RandomState::default();
        let numbers = (0_u64..).map(|number| KeyHash::of(hasher, &number));
        let powers = (0_u64..).map(|number| KeyHash::of(hasher, &(number << 32)));
        let texts = (0..).map(|number| KeyHash::of(hasher, &("title", format!("user{number}@example.org"))));
        shards_get_alike_many_and_their_keys_differ_in_the_other_bits(numbers);
        shards_get_alike_many_and_their_keys_differ_in_the_other_bits(powers);
        shards_get_alike_many_and_their_keys_differ_in_the_other_bits(texts);
    }
}
