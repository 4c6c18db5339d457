//! A reference that holds while a function runs: which process is being polled.

use std::{cell::Cell, fmt};

/// A place for a reference, for a local of a thread.
///
/// # Invariants
///
/// 1. What is in it was put there by a call of [`set`](Self::set) that has not returned, from a reference that outlives
///    that call.
pub struct Scoped<T: ?Sized + 'static>(Cell<Option<*const T>>);

impl<T: ?Sized + 'static> Scoped<T> {
    /// With nothing in it.
    pub const fn new() -> Self {
        Self(Cell::new(None))
    }

    /// Has `value` be in it while `f` runs; what was in it before is so again afterwards, also after a panic.
    pub fn set<R>(&self, value: &T, f: impl FnOnce() -> R) -> R {
        struct Restore<'a, T: ?Sized + 'static>(&'a Scoped<T>, Option<*const T>);
        impl<T: ?Sized + 'static> Drop for Restore<'_, T> {
            fn drop(&mut self) {
                self.0.0.set(self.1);
            }
        }
        let _restore = Restore(self, self.0.replace(Some(value)));
        f()
    }

    /// Uses what is in it.
    pub fn with<R>(&self, f: impl FnOnce(Option<&T>) -> R) -> R {
        // SAFETY: the call of `set` that put it there goes on until `f` has returned, as this place is not `Sync`: all of
        // it happens on one stack, and calls return in reverse order (invariant 1).
        f(self.0.get().map(|value| unsafe { &*value }))
    }
}

impl<T: ?Sized + 'static> Default for Scoped<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: ?Sized + 'static> fmt::Debug for Scoped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped").field("is_set", &self.0.get().is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn seen(place: &Scoped<str>) -> Option<String> {
        place.with(|text| text.map(str::to_owned))
    }

    #[test]
    fn what_was_there_before_is_so_again_also_after_a_panic() {
        let place = Scoped::<str>::new();
        assert_eq!(seen(&place), None);
        let outer = String::from("outer");
        place.set(&outer, || {
            let inner = String::from("inner");
            assert_eq!(place.set(&inner, || seen(&place)).as_deref(), Some("inner"));
            drop(inner);
            assert_eq!(seen(&place).as_deref(), Some("outer"));
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                let lost = String::from("lost");
                place.set(&lost, || panic!("in it"))
            }));
            assert!(panicked.is_err());
            assert_eq!(seen(&place).as_deref(), Some("outer"));
        });
        drop(outer);
        assert_eq!(seen(&place), None);
    }

    #[test]
    fn one_who_uses_it_may_put_another_one_there_meanwhile() {
        let place = Scoped::<str>::new();
        place.set("outer", || {
            place.with(|outer| {
                place.set("inner", || assert_eq!(seen(&place).as_deref(), Some("inner")));
                assert_eq!(outer, Some("outer"));
            });
        });
    }
}
