//! The primitives on which the order of things depends: of `std`, or of a checker that tries other orders.
//!
//! * `--cfg perennial_loom`: loom, which tries every order of a small model. Not `--cfg loom`, to which tokio listens.
//! * `--cfg shuttle`: shuttle, which tries many orders of a whole tree, see `tests/shuttle`.
//!
//! `Arc` is always that of `std`. So is what is only counted, and what is locked for one access and guards nothing
//! else: there is nothing to see in between.

#[cfg(perennial_loom)]
pub(crate) use self::lazy_thread_local as thread_local;
#[cfg(perennial_loom)]
pub(crate) use loom::sync::{
    Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
    atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, fence},
};
#[cfg(not(any(perennial_loom, shuttle)))]
pub(crate) use perennial_cell::SpinLock;
#[cfg(shuttle)]
pub(crate) use shuttle::{
    sync::{
        Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, fence},
    },
    thread_local,
};
#[cfg(not(any(perennial_loom, shuttle)))]
pub(crate) use std::{
    sync::{
        Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, fence},
    },
    thread_local,
};

/// For those who use a mutex of theirs while they have it: checkers see who waits for a mutex.
#[cfg(any(perennial_loom, shuttle))]
pub(crate) struct SpinLock<T>(Mutex<T>);

#[cfg(any(perennial_loom, shuttle))]
impl<T> SpinLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// That of loom, which knows no `const` values.
#[cfg(perennial_loom)]
macro_rules! lazy_thread_local {
    ($($(#[$attribute:meta])* static $name:ident: $type:ty = const { $value:expr };)*) => {
        loom::thread_local! { $($(#[$attribute])* static $name: $type = $value;)* }
    };
}
#[cfg(perennial_loom)]
pub(crate) use lazy_thread_local;

/// What threads write, in a line of the cache by itself: who only reads what would lie beside it is not disturbed.
#[repr(align(64))]
#[derive(Debug, Default)]
pub(crate) struct Line<T>(pub(crate) T);
