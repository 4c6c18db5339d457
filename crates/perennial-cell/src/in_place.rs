//! A counted value that is made where it is to lie.

use std::{mem::MaybeUninit, sync::Arc};

/// As `Arc::new(make())`, but the memory is there before the value. So a large one is not made elsewhere first, and then
/// copied, which waits for all that was written there.
#[inline(always)]
pub fn arc_in_place<T>(make: impl FnOnce() -> T) -> Arc<T> {
    let place = Arc::<T>::new_uninit();
    let value = Arc::as_ptr(&place).cast_mut();
    // SAFETY: nobody else knows the place, which has room for a `T`. If `make` panics it is freed as it is.
    unsafe { value.write(MaybeUninit::new(make())) };
    // SAFETY: it was just written.
    unsafe { place.assume_init() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn a_value_is_made_once_and_dropped_once() {
        let (inside, mut made) = (Arc::new(()), 0);
        let value = arc_in_place(|| {
            made += 1;
            (inside.clone(), [7_u64; 40])
        });
        let other = value.clone();
        assert_eq!((value.1[39], made, Arc::strong_count(&value)), (7, 1, 2));
        drop(value);
        assert_eq!(Arc::strong_count(&inside), 2);
        drop(other);
        assert_eq!(Arc::strong_count(&inside), 1);
    }

    #[test]
    fn nothing_is_dropped_that_was_not_made() {
        let inside = Arc::new(());
        let fails = || -> (Arc<()>, Box<u64>) {
            let _goes = inside.clone();
            panic!("it cannot be made")
        };
        assert!(catch_unwind(AssertUnwindSafe(|| arc_in_place(fails))).is_err());
        assert_eq!(Arc::strong_count(&inside), 1);
    }
}
