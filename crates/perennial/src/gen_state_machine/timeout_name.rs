//! The name of a time-out: any value.

use std::{
    any::Any,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

/// A value of any type as the name of a time-out. Two are equal if their types and values are.
#[derive(Clone)]
pub(crate) struct TimeoutName(Arc<dyn Name>);

impl TimeoutName {
    pub(crate) fn new(name: impl Eq + Hash + Send + Sync + 'static) -> Self {
        Self(Arc::new(name))
    }
}

trait Name: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn equals(&self, other: &dyn Any) -> bool;
    fn hash_value(&self) -> u64;
}

impl<T: Eq + Hash + Send + Sync + 'static> Name for T {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref().is_some_and(|other| self == other)
    }
    fn hash_value(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

impl PartialEq for TimeoutName {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(other.0.as_any())
    }
}

impl Eq for TimeoutName {}

impl Hash for TimeoutName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash_value().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_equal_by_type_and_value() {
        let names = [
            TimeoutName::new("a"),
            TimeoutName::new("a"),
            TimeoutName::new("b"),
            TimeoutName::new(1_u8),
            TimeoutName::new(1_u16),
            TimeoutName::new(("a", 1_u8)),
        ];
        assert_eq!(names.into_iter().collect::<HashSet<_>>().len(), 5);
    }
}
