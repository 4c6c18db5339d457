//! Values that lie side by side and never move, each at a number.

use std::mem;

/// How many places the first segment has. Each has twice as many as the one before.
const FIRST: usize = 4;

/// No further place is free.
const NONE: u32 = u32::MAX;

/// A slab: who puts in many values, one after the other, writes one line of memory after the other. When it grows nothing is
/// moved, and what it has in reserve was never touched.
///
/// The place that became free last is taken next.
#[derive(Debug)]
pub(super) struct Slab<T> {
    /// All are full but the last one. None grows beyond the size that it was made with.
    segments: Vec<Vec<Place<T>>>,
    /// The first free place of those that were taken before. Each of them knows the next.
    free: u32,
}

#[derive(Debug)]
enum Place<T> {
    Taken(T),
    Free { next: u32 },
}

impl<T> Slab<T> {
    pub(super) const fn new() -> Self {
        Self { segments: Vec::new(), free: NONE }
    }

    /// Puts a value in; returns its number.
    ///
    /// # Panics
    ///
    /// If there are as many as there are numbers.
    pub(super) fn insert(&mut self, value: T) -> u32 {
        let number = self.free;
        if number == NONE {
            return self.push(value);
        }
        let place = self.place(number);
        // Not taken out first: what lies there may be large.
        let Place::Free { next } = *place else { unreachable!("what is in the list is free") };
        *place = Place::Taken(value);
        self.free = next;
        number
    }

    /// Takes out the value with this number, which is there.
    pub(super) fn remove(&mut self, number: u32) -> T {
        let next = mem::replace(&mut self.free, number);
        match mem::replace(self.place(number), Place::Free { next }) {
            Place::Taken(value) => value,
            Place::Free { .. } => unreachable!("the value is there"),
        }
    }

    /// The value with this number, which is there.
    pub(super) fn get(&self, number: u32) -> &T {
        let (segment, index) = split(number);
        match &self.segments[segment][index] {
            Place::Taken(value) => value,
            Place::Free { .. } => unreachable!("the value is there"),
        }
    }

    /// As [`get`](Self::get), to be changed.
    pub(super) fn get_mut(&mut self, number: u32) -> &mut T {
        match self.place(number) {
            Place::Taken(value) => value,
            Place::Free { .. } => unreachable!("the value is there"),
        }
    }

    /// All values, by their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.segments.iter().flatten().filter_map(|place| match place {
            Place::Taken(value) => Some(value),
            Place::Free { .. } => None,
        })
    }

    /// All values, by their numbers.
    pub(super) fn into_values(self) -> impl Iterator<Item = T> {
        self.segments.into_iter().flatten().filter_map(|place| match place {
            Place::Taken(value) => Some(value),
            Place::Free { .. } => None,
        })
    }

    fn place(&mut self, number: u32) -> &mut Place<T> {
        let (segment, index) = split(number);
        &mut self.segments[segment][index]
    }

    /// Puts a value behind all others.
    fn push(&mut self, value: T) -> u32 {
        let last = self.segments.len().wrapping_sub(1);
        if self.segments.last().is_none_or(|segment| segment.len() == FIRST << last) {
            self.segments.push(Vec::with_capacity(FIRST << self.segments.len()));
        }
        let last = self.segments.len() - 1;
        let segment = &mut self.segments[last];
        let number = u32::try_from(FIRST * ((1 << last) - 1) + segment.len()).ok();
        let number = number.filter(|number| *number != NONE).expect("fewer than 2^32 values");
        segment.push(Place::Taken(value));
        number
    }
}

/// The segment of a place, and where it is there. As if there were one more segment before the first, of the same size: then
/// each begins at a power of two.
#[inline]
fn split(number: u32) -> (usize, usize) {
    let number = number as usize + FIRST;
    let begin = number.ilog2();
    ((begin - FIRST.ilog2()) as usize, number ^ (1 << begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_a_place_of_its_own() {
        let all = (0..5).flat_map(|segment| (0..FIRST << segment).map(move |index| (segment, index)));
        assert!((0..).map(split).take(FIRST * 31).eq(all));
    }

    #[test]
    fn a_value_stays_where_it_is_and_its_place_is_taken_again() {
        let mut slab = Slab::new();
        let numbers: Vec<u32> = (0..100).map(|value| slab.insert(value)).collect();
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
        let places: Vec<_> = numbers.iter().map(|number| std::ptr::from_ref(slab.get(*number))).collect();
        for number in [7, 0, 99] {
            assert_eq!(slab.remove(number), number);
        }
        *slab.get_mut(50) = 1000;
        assert_eq!(slab.iter().count(), 97);
        assert_eq!([1, 2, 3, 4].map(|value| slab.insert(value)), [99, 0, 7, 100]);
        let again: Vec<_> = numbers.iter().map(|number| std::ptr::from_ref(slab.get(*number))).collect();
        assert_eq!((places == again, *slab.get(50), *slab.get(7)), (true, 1000, 3));
        assert_eq!(slab.into_values().count(), 101);
    }
}
