//! Which partition serves a key: a pure function of the key and the number of partitions.

use foldhash::quality::FixedState;
use std::hash::{BuildHasher, Hash, Hasher};

/// What is left of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The absolute value of a key that is an integer.
    Integer(u128),
    /// The hash of any other key.
    Hash(u64),
}

impl Route {
    pub(super) fn of(key: &impl Hash) -> Self {
        let mut seen = Seen::Nothing;
        key.hash(&mut seen);
        match seen {
            Seen::Integer(value) => Self::Integer(value),
            // Always with the same seed: there is one answer for a key, wherever it is asked for.
            Seen::Nothing | Seen::Other => Self::Hash(FixedState::default().hash_one(key)),
        }
    }

    /// The number of the partition; none if there are none.
    pub(super) fn partition(self, partitions: usize) -> Option<usize> {
        let value = match self {
            Self::Integer(value) => value,
            Self::Hash(hash) => hash.into(),
        };
        let partition = value.checked_rem(partitions as u128)?;
        Some(usize::try_from(partition).expect("it is less than a usize"))
    }
}

/// A hasher that only tells whether it is given one integer and nothing else.
#[derive(Clone, Copy)]
enum Seen {
    Nothing,
    /// The absolute value of an integer.
    Integer(u128),
    Other,
}

impl Seen {
    fn integer(&mut self, absolute: u128) {
        *self = match self {
            Self::Nothing => Self::Integer(absolute),
            Self::Integer(_) | Self::Other => Self::Other,
        };
    }
}

macro_rules! integers {
    ($($write:ident($value:ident: $integer:ident) $absolute:expr;)*) => {$(
        fn $write(&mut self, $value: $integer) {
            self.integer($absolute);
        }
    )*};
}

impl Hasher for Seen {
    integers! {
        write_u8(value: u8) value.into();
        write_u16(value: u16) value.into();
        write_u32(value: u32) value.into();
        write_u64(value: u64) value.into();
        write_u128(value: u128) value;
        write_usize(value: usize) value as u128;
        write_i8(value: i8) value.unsigned_abs().into();
        write_i16(value: i16) value.unsigned_abs().into();
        write_i32(value: i32) value.unsigned_abs().into();
        write_i64(value: i64) value.unsigned_abs().into();
        write_i128(value: i128) value.unsigned_abs();
        write_isize(value: isize) value.unsigned_abs() as u128;
    }

    fn write(&mut self, _: &[u8]) {
        *self = Self::Other;
    }

    fn finish(&self) -> u64 {
        unreachable!("nobody asks for it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_of_any_type_is_routed_by_the_remainder_of_its_absolute_value() {
        #[derive(Hash)]
        struct UserId(u64);
        let table = [
            (Route::of(&0_u8), 0),
            (Route::of(&1_u16), 1),
            (Route::of(&2_u32), 2),
            (Route::of(&3_u64), 0),
            (Route::of(&4_u128), 1),
            (Route::of(&5_usize), 2),
            (Route::of(&-1_i8), 1),
            (Route::of(&-2_i16), 2),
            (Route::of(&-3_i32), 0),
            (Route::of(&100_i64), 1),
            (Route::of(&i64::MIN), 2),
            (Route::of(&-301_i128), 1),
            (Route::of(&-2_isize), 2),
            (Route::of(&&&7), 1),
            (Route::of(&UserId(8)), 2),
        ];
        for (route, partition) in table {
            assert!(matches!(route, Route::Integer(_)), "{route:?}");
            assert_eq!(route.partition(3), Some(partition), "{route:?}");
        }
    }

    #[test]
    fn any_other_key_is_routed_by_its_hash() {
        assert_eq!(Route::of(&"a"), Route::of(&String::from("a")));
        for route in
            [Route::of(&"a"), Route::of(&(1, 2)), Route::of(&[1]), Route::of(&Some(1)), Route::of(&())]
        {
            assert!(matches!(route, Route::Hash(_)), "{route:?}");
        }
    }

    #[test]
    fn keys_are_spread_over_all_partitions_and_none_is_outside() {
        for partitions in 1..20 {
            let mut served = vec![0; partitions];
            for key in 0..100 * partitions {
                served[Route::of(&format!("key {key}")).partition(partitions).unwrap()] += 1;
            }
            assert!(served.iter().all(|count| (40..200).contains(count)), "{served:?}");
        }
        assert_eq!(Route::of(&1).partition(0), None);
        assert_eq!(Route::of(&"a").partition(0), None);
    }
}
