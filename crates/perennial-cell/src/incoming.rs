//! The mailbox of a process in two parts: what senders write, and what whoever has its turn has taken.

use crate::{
    Activity,
    batch::Batch,
    letter::{Erase, Header, Letter, Opened},
    sync::{AtomicU64, Ordering, UnsafeCell},
    tag,
    word::{NOTIFIED, Word},
};
use std::{
    fmt,
    marker::PhantomData,
    ptr::{self, NonNull},
};

/// The word of a process: what senders write. Its invariants are those of [`Turns`](crate::Turns).
pub(crate) struct Sent<D: ?Sized> {
    pub(crate) word: AtomicU64,
    /// How many messages came when the word was full.
    beyond: AtomicU64,
    /// The letters in the word.
    _letters: PhantomData<Box<D>>,
}

/// What turns have made of it.
pub(crate) struct Taken<D: ?Sized> {
    /// How many messages turns have cleared. Written by turns only.
    cleared: AtomicU64,
    /// What turns have taken, and nobody has read. Reached through a turn only.
    letters: UnsafeCell<Batch<D>>,
}

impl<D: ?Sized> Taken<D> {
    pub(crate) fn new() -> Self {
        Self { cleared: AtomicU64::new(0), letters: UnsafeCell::new(Batch::new()) }
    }

    pub(crate) fn cleared(&self) -> u64 {
        // Acquire: what is cleared from now on is not counted twice, as this is read first.
        self.cleared.load(Ordering::Acquire)
    }
}

impl<D: ?Sized> Sent<D> {
    pub(crate) fn new() -> Self {
        Self { word: AtomicU64::new(Word::NEW.0), beyond: AtomicU64::new(0), _letters: PhantomData }
    }

    #[inline]
    pub(crate) fn load(&self, order: Ordering) -> Word {
        Word(self.word.load(order))
    }

    /// Changes the word, if it is to be. Returns what it was; as an error, if it was left alone.
    ///
    /// AcqRel: who changes it sees what those did who have changed it before, and shows what it has done.
    #[inline]
    pub(crate) fn change(&self, mut next: impl FnMut(Word) -> Option<Word>) -> Result<Word, Word> {
        let mut word = self.load(Ordering::Relaxed);
        while let Some(next) = next(word) {
            let (old, new) = (word.0, next.0);
            match self.word.compare_exchange_weak(old, new, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Ok(word),
                Err(now) => word = Word(now),
            }
        }
        Err(word)
    }

    /// Puts a letter behind all that came before; the word as it was. An error if the mailbox is closed.
    ///
    /// # Safety
    ///
    /// The letter was [written](Letter::write) for this, and is owned by the caller: no more if this succeeds.
    #[inline]
    pub(crate) unsafe fn push(&self, letter: NonNull<Header<D>>) -> Result<Word, Word> {
        let address = tag::without(letter.as_ptr().addr());
        let pushed = self.change(|word| {
            let next = word.send(address)?;
            // SAFETY: it was not published, so it is still the caller's alone.
            unsafe { (*letter.as_ptr()).next = newest(word) };
            Some(next)
        });
        if let Ok(before) = pushed
            && before.is_full()
        {
            self.beyond.fetch_add(1, Ordering::Relaxed);
        }
        pushed
    }

    /// Takes the letters out of the word by a step that removes them.
    pub(crate) fn take_by(&self, next: impl FnMut(Word) -> Option<Word>) -> Batch<D> {
        let mut batch = Batch::new();
        if let Ok(before) = self.change(next) {
            // SAFETY: taken out of the word, hence owned by us.
            unsafe { append(&mut batch, before) };
        }
        batch
    }

    /// How many messages were sent, but for those that turns have cleared.
    pub(crate) fn messages(&self) -> u64 {
        self.beyond.load(Ordering::Relaxed) + self.load(Ordering::Acquire).messages()
    }
}

/// The letter that came last; null if none waits.
#[inline]
fn newest<D: ?Sized>(word: Word) -> *mut Header<D> {
    // It was exposed where the letter was written.
    ptr::with_exposed_provenance_mut(tag::with(word.letters()))
}

/// # Safety
///
/// The letters of `word` were taken out of it by the caller.
#[inline]
unsafe fn append<D: ?Sized>(batch: &mut Batch<D>, word: Word) {
    if let Some(newest) = NonNull::new(newest(word)) {
        // SAFETY: by the contract; each letter leads to the one that came before.
        unsafe { batch.append(newest) }
    }
}

/// What was sent, for whoever has the turn.
pub struct Incoming<'a, D: ?Sized> {
    sent: &'a Sent<D>,
    taken: &'a Taken<D>,
    _turn: PhantomData<&'a mut ()>,
}

impl<'a, D: ?Sized> Incoming<'a, D> {
    /// # Safety
    ///
    /// The caller has the turn as long as this lives, and makes no other one meanwhile.
    #[inline]
    pub(crate) unsafe fn new(sent: &'a Sent<D>, taken: &'a Taken<D>) -> Self {
        Self { sent, taken, _turn: PhantomData }
    }

    #[inline]
    fn with_taken<R>(&mut self, f: impl FnOnce(&mut Batch<D>) -> R) -> R {
        self.taken.letters.with_mut(|taken| {
            // SAFETY: by the contract of `new` this is the only reference. No `f` comes back here.
            f(unsafe { &mut *taken })
        })
    }

    /// Takes over what was taken out of the word by the step that found `before` there.
    ///
    /// # Safety
    ///
    /// The caller has made that step.
    #[inline]
    pub(crate) unsafe fn take_over(&mut self, before: Word) {
        self.count_messages(before.messages());
        // SAFETY: by the contract.
        self.with_taken(|taken| unsafe { append(taken, before) });
    }

    /// Counts messages that are in the word no more, or were never there.
    #[inline]
    pub(crate) fn count_messages(&mut self, messages: u64) {
        if !cfg!(perennial_no_slots) {
            // Only turns write it, so this needs no read-modify-write. Release: see `messages`.
            let cleared = self.taken.cleared.load(Ordering::Relaxed);
            self.taken.cleared.store(cleared + messages, Ordering::Release);
        }
    }

    /// Whether there is nothing to read.
    #[inline]
    pub fn is_empty(&mut self) -> bool {
        self.with_taken(|taken| taken.is_empty()) && self.sent.load(Ordering::Relaxed).letters() == 0
    }

    /// Sees to it that [`next`](Iterator::next) finds what was sent until now, unless there are earlier ones to be read.
    /// `activity` is that in which notifications are counted.
    #[inline]
    pub fn refill<'b>(&mut self, activity: impl FnOnce() -> Option<&'b Activity>) {
        if self.with_taken(|taken| !taken.is_empty()) {
            return;
        }
        let next = |word: Word| (word.letters() != 0).then(|| word.take_in_turn());
        let Ok(before) = self.sent.change(next) else { return };
        // SAFETY: that was the step.
        unsafe { self.take_over(before) };
        // They were to have a turn of their own, and were counted for that.
        if before.messages() > 0
            && !before.has(NOTIFIED)
            && let Some(activity) = activity()
        {
            let quiet = activity.leave();
            debug_assert!(!quiet, "this turn is counted");
        }
    }

    /// Puts a message behind those that turns have taken, and counts it.
    pub fn put<M: Send>(&mut self, message: M)
    where
        D: Erase<M>,
    {
        let letter = Letter::<D, M>::write(message);
        self.count_messages(1);
        // SAFETY: it was just written, and is owned by nobody else; it leads to no other.
        self.with_taken(|taken| unsafe { taken.append(letter) });
    }

    /// Drops what turns have taken and nobody has read.
    pub fn clear(&mut self) {
        let taken = self.with_taken(std::mem::take);
        drop(taken);
    }
}

impl<D: ?Sized> Iterator for Incoming<'_, D> {
    type Item = Opened<D>;

    /// The next of those that turns have taken.
    #[inline]
    fn next(&mut self) -> Option<Opened<D>> {
        self.with_taken(Batch::next)
    }
}

impl<D: ?Sized> fmt::Debug for Incoming<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Incoming(..)")
    }
}
