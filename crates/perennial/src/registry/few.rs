//! Lists that mostly have one entry.

use std::{
    iter,
    ops::{Deref, DerefMut},
    option, slice, vec,
};

/// A list that takes no memory of its own for one entry, as it mostly has.
#[derive(Clone, Debug, Default)]
pub(crate) enum Few<T> {
    #[default]
    None,
    One(T),
    Many(Vec<T>),
}

impl<T> Few<T> {
    /// Keeps those that `keep` accepts.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        match self {
            Self::One(one) if !keep(one) => *self = Self::None,
            Self::One(_) | Self::None => {}
            Self::Many(many) => many.retain(keep),
        }
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::None => &[],
            Self::One(one) => slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::None => &mut [],
            Self::One(one) => slice::from_mut(one),
            Self::Many(many) => many,
        }
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        let mut entries = entries.into_iter();
        let Some(first) = entries.next() else { return Self::None };
        match entries.next() {
            None => Self::One(first),
            Some(second) => Self::Many([first, second].into_iter().chain(entries).collect()),
        }
    }
}

impl<T> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        let (one, many) = match self {
            Self::None => (None, Vec::new()),
            Self::One(one) => (Some(one), Vec::new()),
            Self::Many(many) => (None, many),
        };
        one.into_iter().chain(many)
    }
}

pub(crate) type IntoIter<T> = iter::Chain<option::IntoIter<T>, vec::IntoIter<T>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_list_of_any_length() {
        for length in 0..4 {
            let all: Vec<_> = (0..length).collect();
            let few: Few<_> = all.iter().copied().collect();
            assert_eq!(*few, *all);
            assert_eq!(few.clone().into_iter().collect::<Vec<_>>(), all);
            let (mut odd, mut odd_of_all) = (few, all);
            odd.retain(|it| it % 2 == 1);
            odd_of_all.retain(|it| it % 2 == 1);
            assert_eq!(*odd, *odd_of_all);
        }
    }
}
