//! The values of rows.

use std::{any::Any, ops::Deref, sync::Arc};

/// A value, which its row shares with those who have found it: so no lock is held while it is cloned, shown to a closure
/// or dropped. That of rows which have none takes no memory.
pub(super) struct Value<V>(Option<Arc<V>>);

/// The value of rows that have none.
pub(super) fn no_value<V: 'static>() -> Option<&'static V> {
    let none: &'static dyn Any = &();
    none.downcast_ref()
}

impl<V: 'static> Value<V> {
    pub(super) fn new(value: V) -> Self {
        Self(no_value::<V>().is_none().then(|| Arc::new(value)))
    }
}

impl<V: 'static> Deref for Value<V> {
    type Target = V;

    fn deref(&self) -> &V {
        match &self.0 {
            Some(value) => value,
            None => no_value().expect("each value is kept but that one"),
        }
    }
}

impl<V> Clone for Value<V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_what_it_was_made_of() {
        assert_eq!((*Value::new(7), *Value::new("text")), (7, "text"));
        let none = Value::new(());
        assert!(none.0.is_none());
        assert_eq!(*none.clone(), ());
    }
}
