//! The turn of a process, as whoever has it uses it. Its invariants are those of [`Turns`].

use crate::{
    Activity, Turns,
    incoming::Incoming,
    sync::Ordering,
    turns::Ended,
    word::{KEPT, READER, RUNNING, Word},
};
use std::{fmt, ptr, sync::Arc};

/// The right to use the value, until it is [ended](Turn::end).
#[must_use = "a turn that is not ended lasts for ever"]
pub struct Turn<'a, D: ?Sized, T, C = ()> {
    pub(crate) owner: &'a Turns<D, T, C>,
    pub(crate) reader: bool,
}

impl<'a, D: ?Sized, T, C> Turn<'a, D, T, C> {
    /// Uses the value.
    pub fn with<R>(&mut self, f: impl FnOnce(&mut T) -> R) -> R
    where
        T: Unpin,
    {
        self.owner.value.with_mut(|value| {
            // SAFETY: this turn is the only one (invariant 1), and it is borrowed mutably, so this is the only
            // reference to the value while `f` runs.
            f(unsafe { &mut *value })
        })
    }

    /// Where the value is. Whoever uses that has to see to it that there is no other reference.
    pub(crate) fn place(&self) -> *mut T {
        self.owner.value.with_mut(|value| value)
    }

    pub(crate) fn turns(&self) -> &'a Turns<D, T, C> {
        self.owner
    }

    /// What was sent.
    #[inline]
    pub fn incoming(&mut self) -> Incoming<'_, D> {
        // SAFETY: this turn is the only one (invariant 1), and is borrowed mutably as long as that lives.
        unsafe { Incoming::new(&self.owner.sent, &self.owner.taken) }
    }

    /// Whether one waits who is to be woken if there is something to read.
    pub fn has_reader(&self) -> bool {
        self.reader
    }

    /// The reader is about to be woken. One that sets itself from here on is not forgotten.
    pub fn forget_reader(&self) {
        self.owner.sent.word.fetch_and(!READER, Ordering::AcqRel);
    }

    /// The turn is over.
    #[inline]
    pub fn end(self, activity: Option<&Activity>) -> Ended<bool> {
        // AcqRel: releases the value to the next turn; acquires what a sender wrote that has just notified.
        let before = Word(self.owner.sent.word.fetch_and(!RUNNING, Ordering::AcqRel));
        Ended { again: before.is_to_be_scheduled(), quiet: activity.is_some_and(Activity::leave) }
    }

    /// The turn is over, and was the last. Returns true if nothing moves now.
    ///
    /// # Panics
    ///
    /// If it is the turn of another one.
    pub fn done<K: AsRef<Turns<D, T, C>>>(self, me: &Arc<K>, activity: Option<&Activity>) -> bool {
        assert!(ptr::eq(self.owner, Turns::of(me)), "it is its turn");
        let before = self.owner.sent.change(|word| Some(word.done())).unwrap_or_else(|word| word);
        if before.has(KEPT) {
            // SAFETY: the step has taken it.
            drop(unsafe { Turns::<D, T, C>::kept(me) });
        }
        let Some(activity) = activity else { return false };
        // Race: a notification that came during this turn was counted, and there will be no turn for it.
        let late = before.is_notified() && activity.leave();
        let quiet = activity.leave();
        late || quiet
    }
}

impl<D: ?Sized, T, C> fmt::Debug for Turn<'_, D, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turn(..)")
    }
}
