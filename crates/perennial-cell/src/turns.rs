//! A process as others see it: a mailbox, and a value that whoever has its turn may use. That is the body of the process,
//! polled by a worker or by a caller.
//!
//! ```text
//!            notify                begin                  end
//!   0 ─────────────────> NOTIFIED ───────> RUNNING ──────────────────> 0
//!   0 ───── send ──────> 1, 2, .. ───────> RUNNING
//!   RESERVED ────────────────────────────> RUNNING                          (claim: the first turn)
//!   0 ──────────────────────────────────> RUNNING                          (try_begin)
//!                            NOTIFIED ──> RUNNING | QUEUED                 (begin_early: somebody is still to call begin)
//!                     notify, send: RUNNING | NOTIFIED ── end ──> NOTIFIED  (whoever ended it schedules it)
//!                                                      ── done ─> DONE
//! ```
//!
//! A message and its wake-up are one step: the [word](crate::word) has the address of the letter that came last, from
//! where the others are linked, and the flags. The begin of a turn takes the letters. *Notified* is one whose `NOTIFIED` is
//! set, or whose count of messages is not zero.
//!
//! # Invariants
//!
//! 1. There is at most one [`Turn`] at a time: `RUNNING` is set by whoever makes one, in one atomic step from a
//!    state without it, and cleared when that turn ends. Only through a turn does one reach the value, and the letters that
//!    turns have taken.
//! 2. Of those who notify, one is told to schedule: the one whose step made it notified while nobody ran, or the one
//!    who ended a turn and found it so. It calls `begin`, once. Until then `try_begin` fails.
//!    `QUEUED` says that the turn it was told to take has begun early, and that it has not called `begin` since. Nobody
//!    else is told to schedule meanwhile: what it was notified of before that `begin` is looked at by the turn of that.
//!    Of one with nothing but `QUEUED` set nobody is to have a turn, and `try_begin` makes one.
//!    Somebody who was not told may call `begin`, too, and has the turn if there is to be one. The worst is that `QUEUED` is
//!    cleared too soon, so that another one is told to schedule: whoever comes then and finds nothing goes away.
//! 3. After `DONE` there is no turn any more.
//! 4. It is born `RESERVED`: nobody has a turn before whoever made it has claimed the first.
//! 5. The word owns the letter that its address leads to, and those that hang on it: whoever replaces the address by none
//!    owns them from then on. Once the mailbox is closed, none is put there.
//!
//! 6. While `KEPT` is set, one counted reference to the owner is left to the word: whoever set it has not dropped that, and
//!    whoever clears it has it. So what is scheduled is counted by whoever is told to do so, without changing the count.
//!
//! There is no ABA problem: a sender never reads through the address that it replaces, it only stores it as `next`.
//!
//! # Order of events
//!
//! A sender writes (a letter, a flag), then notifies. A turn reads. Either the read comes after the write, or the
//! notification comes before the end of the turn, which then sees it, or after, and then the sender is told to
//! schedule: all of them are changes of one word, hence in one order. Nothing is slept over.
//!
//! Letters come out as they went into the word. One that is put behind those that a turn has taken comes before all that
//! come into the word after that.
//!
//! # Counting
//!
//! The messages in the word are counted there, and those for which that has no room beside it. Whoever has the turn and
//! takes them adds what the word counted to a sum. While that, or the counting of one that the word had no room for, is
//! under way, one who asks sees too few; at all other times it is exact.
//!
//! In the activity of a clock, one is counted for each turn that was claimed, scheduled or tried, and for each time that
//! somebody made it notified. That is given back by the end of the turn for which it was, or by the turn that has taken
//! all there was before there had to be another one.
//!
//! A *reader* is one who waits for what senders write, but is not polled with the owner: in another task, or in a set
//! of futures that polls only those that were woken. It stores its waker, sets `READER`, then reads. The next turn
//! sees the flag and wakes it. Either `READER` comes before the begin of that turn, or the reader's read comes after
//! it and with that after the write.

use crate::{
    Activity, Turn,
    batch::Batch,
    incoming::{Sent, Taken},
    letter::{Erase, Letter},
    sync::{Ordering, UnsafeCell},
    word::{Found, KEPT, QUEUED, READER, RESERVED, RUNNING, Reading, Word},
};
use std::{fmt, ptr, sync::Arc};

/// A mailbox, a value, and the right to use that, which one thread at a time has. Beside them, what all share.
///
/// In this order: what is shared lies between what senders write and what whoever has the turn uses all the time. If it
/// is large, they are not in the same line of the cache, for which a flood and a server on two cores would fight.
#[repr(C)]
pub struct Turns<D: ?Sized, T, C = ()> {
    pub(crate) sent: Sent<D>,
    shared: C,
    pub(crate) taken: Taken<D>,
    pub(crate) value: UnsafeCell<T>,
}

// SAFETY: the value, and the letters that were taken, are reached through a `Turn` only, of which there is one at a time
// (invariant 1), and the word orders one after the other: each begin acquires what `end` released. So they only move
// between threads, for which `Send` is enough. Letters have values that were `Send` (bound of `send`), and have one owner
// (invariant 5). What is shared is `Sync`.
unsafe impl<D: ?Sized + Send, T: Send, C: Sync> Sync for Turns<D, T, C> {}

/// What is to be done about a notification.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "who is told to schedule must do so"]
pub enum Notified<R> {
    /// To be scheduled by the one who notified: somebody is to call [`Turns::begin`], or [`Turns::use_scheduled`] with this
    /// reference.
    Schedule(R),
    /// It is scheduled, but many messages wait for that: somebody else than who sends them is to see to it.
    Flooded {
        /// As below.
        quiet: bool,
    },
    /// Others will see to it. `quiet` if nothing moves now.
    Known {
        /// The count that was taken back was the last: look whether all is quiet.
        quiet: bool,
    },
}

/// How a turn ended.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "who is told to schedule must do so"]
pub struct Ended<A> {
    /// Whether it was notified meanwhile: to be scheduled by the one who ended it.
    pub again: A,
    /// The count that was given back was the last: look whether all is quiet.
    pub quiet: bool,
}

/// The message that could not be sent: the mailbox is closed.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed<M> {
    /// What was to be sent.
    pub message: M,
    /// The count that was taken back was the last: look whether all is quiet.
    pub quiet: bool,
}

impl<D: ?Sized, T, C> Turns<D, T, C> {
    /// Whoever makes it may [claim](Self::claim) the first turn; nobody else has one before. That turn is counted in
    /// `activity` from now on.
    #[inline]
    pub fn new(shared: C, value: T, activity: impl FnOnce(&C) -> Option<&Activity>) -> Self {
        if let Some(activity) = activity(&shared) {
            activity.enter();
        }
        Self { sent: Sent::new(), shared, taken: Taken::new(), value: UnsafeCell::new(value) }
    }

    /// What all share.
    #[inline]
    pub fn shared(&self) -> &C {
        &self.shared
    }

    /// Takes the first turn. None if that was done before.
    pub fn claim(&self) -> Option<Turn<'_, D, T, C>> {
        let claimed =
            self.sent.change(|word| word.has(RESERVED).then(|| word.without(RESERVED).with(RUNNING)));
        // What was sent stands until it ends.
        claimed.ok().map(|_| Turn { owner: self, reader: false })
    }

    /// Sees to it that there is a turn after this.
    ///
    /// It is counted in `activity` until the end of that turn.
    pub fn notify<K: AsRef<Self>>(me: &Arc<K>, activity: Option<&Activity>) -> Notified<Arc<K>> {
        if let Some(activity) = activity {
            activity.enter();
        }
        // This releases what the sender wrote to the begin of the next turn.
        let notified = Self::of(me).sent.change(|word| Some(word.notify()));
        Self::notified(me, notified.unwrap_or_else(|word| word), activity)
    }

    /// Puts a message behind all that came before, and sees to it that there is a turn after this.
    ///
    /// It is counted in `activity` as a [notification](Self::notify) is.
    ///
    /// # Errors
    ///
    /// [`Closed`] gives the message back when the mailbox was closed.
    #[inline]
    pub fn send<K: AsRef<Self>, M: Send>(
        me: &Arc<K>,
        message: M,
        activity: Option<&Activity>,
    ) -> Result<Notified<Arc<K>>, Closed<M>>
    where
        D: Erase<M>,
    {
        let sent = &Self::of(me).sent;
        // Relaxed: only a hint; the step below decides, and the mailbox is not opened again (invariant 5).
        if sent.load(Ordering::Relaxed).is_closed() {
            return Err(Closed { message, quiet: false });
        }
        let letter = Letter::<D, M>::write(message);
        // Counted before the letter can be seen; taken back if somebody else's notification stands already.
        if let Some(activity) = activity {
            activity.enter();
        }
        // SAFETY: it was just written, and is owned by nobody else.
        match unsafe { sent.push(letter) } {
            Ok(before) => Ok(Self::notified(me, before, activity)),
            Err(_) => {
                let quiet = activity.is_some_and(Activity::leave);
                // SAFETY: it was not published, so it is still ours alone; it is not used after this.
                Err(Closed { message: unsafe { Letter::<D, M>::unwrite(letter) }, quiet })
            }
        }
    }

    /// What one is told who has counted a notification, and then found this word.
    #[inline]
    fn notified<K: AsRef<Self>>(me: &Arc<K>, before: Word, activity: Option<&Activity>) -> Notified<Arc<K>> {
        let taken_back = || activity.is_some_and(Activity::leave);
        match before.found() {
            // SAFETY: the step that found this has taken what was kept (invariant 6).
            Found::Idle if before.has(KEPT) => Notified::Schedule(unsafe { Self::kept(me) }),
            Found::Idle => Notified::Schedule(me.clone()),
            // Race: the turn that runs may be about to end; it sees the mark then, see the order of events. One who was
            // told to schedule may be about to begin: either that sees the mark and takes the turn, or it has cleared
            // `QUEUED`.
            Found::Busy => Notified::Known { quiet: false },
            Found::Notified => Notified::Known { quiet: taken_back() },
            Found::Flooded => Notified::Flooded { quiet: taken_back() },
        }
    }

    /// The turns of a process.
    #[inline]
    pub(crate) fn of<K: AsRef<Self>>(me: &Arc<K>) -> &Self {
        let (turns, place) = ((**me).as_ref(), (&raw const **me).addr());
        // So there is one counted place for these turns, and what is kept is a reference to that.
        let inside = place..=place + size_of::<K>() - size_of::<Self>();
        assert!(inside.contains(&(&raw const *turns).addr()), "the turns of a process lie in its own memory");
        turns
    }

    /// The reference that the word has kept.
    ///
    /// # Safety
    ///
    /// The caller has made a step that cleared `KEPT`, and calls this once. `me` was given to [`of`](Self::of).
    #[inline]
    pub(crate) unsafe fn kept<K>(me: &Arc<K>) -> Arc<K> {
        // SAFETY: it was left without being uncounted (invariant 6), and is a reference to the same place as `me`.
        unsafe { Arc::from_raw(Arc::as_ptr(me)) }
    }

    /// How many messages were sent until now.
    pub fn messages(&self) -> u64 {
        let cleared = self.taken.cleared();
        cleared + self.sent.messages()
    }

    /// Takes the turn that was scheduled. None if it has ended for good meanwhile, or was taken early.
    #[inline]
    pub fn begin(&self, reading: Reading) -> Option<Turn<'_, D, T, C>> {
        self.begin_scheduled(0, reading)
    }

    /// As [`begin`](Self::begin), and uses the turn, which is over when that gives it back. The reference is kept then, for
    /// the one who is told to schedule next: so nobody counts it twice.
    ///
    /// # Panics
    ///
    /// If another turn is given back.
    #[inline]
    pub fn use_scheduled<K: AsRef<Self>>(
        me: Arc<K>,
        reading: Reading,
        use_turn: impl for<'a> FnOnce(&'a Arc<K>, Turn<'a, D, T, C>) -> Option<Turn<'a, D, T, C>>,
        activity: Option<&Activity>,
    ) -> Ended<Option<Arc<K>>> {
        let turns = ptr::from_ref(Self::of(&me));
        // SAFETY: `me` has it.
        let used = unsafe { &*turns }.begin(reading).and_then(|turn| use_turn(&me, turn));
        let Some(Turn { owner, .. }) = used else { return Ended { again: None, quiet: false } };
        assert!(ptr::eq(owner, turns), "it is the turn that was begun");
        // From here on it is borrowed from nobody: it lasts as long as this reference, which is not dropped.
        let me = Arc::into_raw(me);
        // SAFETY: until the step is made, `me` has it. After that nobody here looks at it.
        let before = unsafe { &*turns }.sent.change(|word| Some(word.end_and_keep()));
        let before = before.unwrap_or_else(|word| word);
        let again = if before.is_to_be_scheduled() {
            // SAFETY: it was not left.
            Some(unsafe { Arc::from_raw(me) })
        } else {
            if before.has(KEPT) {
                // SAFETY: another one was there already, and this one was not left.
                drop(unsafe { Arc::from_raw(me) });
            }
            None
        };
        Ended { again, quiet: activity.is_some_and(Activity::leave) }
    }

    /// Takes a turn that somebody else was told to take, and has not begun. None if there is none.
    pub fn begin_early(&self, reading: Reading) -> Option<Turn<'_, D, T, C>> {
        self.begin_scheduled(QUEUED, reading)
    }

    /// Begins a turn that was scheduled, for the one who was told so, or early: then with `queued` set.
    #[inline]
    fn begin_scheduled(&self, queued: u64, reading: Reading) -> Option<Turn<'_, D, T, C>> {
        let next = |word: Word| Some(word.begin(queued, reading)).filter(|next| *next != word);
        // Acquire: what the last turn left, and what senders wrote before they notified.
        let before = self.sent.change(next).ok().filter(|before| before.can_begin())?;
        let mut turn = Turn { owner: self, reader: before.has(READER) };
        match before.is_read_by_turn(reading) {
            // SAFETY: by the step that was made just now.
            true => unsafe { turn.incoming().take_over(before) },
            false => turn.incoming().count_messages(before.messages()),
        }
        Some(turn)
    }

    /// Whether nobody has a turn and nobody is to have one: then all that was sent before has been looked at.
    pub fn is_idle(&self) -> bool {
        // Acquire: what the last turn left.
        self.sent.load(Ordering::Acquire).is_idle()
    }

    /// Whether somebody has a turn.
    pub fn is_running(&self) -> bool {
        self.sent.load(Ordering::Relaxed).has(RUNNING)
    }

    /// Takes a turn if nobody has one and nobody is to have one. Whoever calls this has counted it in the activity
    /// that the turn's end will be given.
    pub fn try_begin(&self) -> Option<Turn<'_, D, T, C>> {
        // Acquire: what the last turn left.
        let before = self.sent.change(|word| word.is_idle().then(|| word.with(RUNNING))).ok()?;
        Some(Turn { owner: self, reader: before.has(READER) })
    }

    /// The next turn is to [wake a reader](Turn::has_reader). To be called before the read that may find nothing.
    pub fn set_reader(&self) {
        // AcqRel: see the order of events.
        self.sent.word.fetch_or(READER, Ordering::AcqRel);
    }

    /// Whether letters wait that no turn has taken.
    pub fn has_letters(&self) -> bool {
        // Acquire: as `take`, for one who looks before it takes.
        self.sent.load(Ordering::Acquire).letters() != 0
    }

    /// Takes the letters that wait, oldest first, and leaves it notified of them: for a [reader](Reading::Anywhere).
    pub fn take(&self) -> Batch<D> {
        self.sent.take_by(|word| (word.letters() != 0).then(|| word.take()))
    }

    /// Closes the mailbox for good and takes what was left there.
    pub fn close(&self) -> Batch<D> {
        self.sent.take_by(|word| (!word.is_closed()).then(|| word.close()))
    }
}

impl<D: ?Sized, T, C> Drop for Turns<D, T, C> {
    fn drop(&mut self) {
        drop(self.close());
    }
}

impl<D: ?Sized, T, C> fmt::Debug for Turns<D, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").field("word", &self.sent.load(Ordering::Relaxed)).finish_non_exhaustive()
    }
}
