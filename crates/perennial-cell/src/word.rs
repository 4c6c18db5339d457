//! The word of a process: what waits for it, and who is to do something about that. What becomes of it is a function of
//! what it was.
//!
//! ```text
//!  63      56 55      48 47                                             0
//! +----------+----------+------------------------------------------------+
//! |  flags   | messages |  address of the letter that came last, 0, or 1  |
//! +----------+----------+------------------------------------------------+
//! ```
//!
//! An address has 48 bits at most, unless a program asks for more, or its allocator keeps a [tag](crate::tag) in the upper
//! ones. One that has more is refused where a letter is written.

use crate::tag::ADDRESS;

/// How a process stands. See [`Turns`](crate::Turns) for what the flags mean together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) u64);

/// No letter has this address: no more come.
const CLOSED: u64 = 1;
/// One of the messages that came since the last turn began.
const MESSAGE: u64 = 1 << 48;
const MESSAGES: u64 = LENT - MESSAGE;

/// The value is lent: the begin of a turn leaves the letters where others find them.
pub(crate) const LENT: u64 = 1 << 56;
/// The word keeps one of the counted references to its owner, for who is told to schedule that.
pub(crate) const KEPT: u64 = 1 << 57;
/// There is to be a turn, and somebody has been told to take it.
pub(crate) const NOTIFIED: u64 = 1 << 58;
/// Whoever has been told to take a turn will find that it was taken early, unless there is to be another one by then.
pub(crate) const QUEUED: u64 = 1 << 59;
/// The first turn was not claimed yet.
pub(crate) const RESERVED: u64 = 1 << 60;
/// There will be no turn any more.
pub(crate) const DONE: u64 = 1 << 61;
/// Somebody waits with a waker of its own.
pub(crate) const READER: u64 = 1 << 62;
/// There is a turn.
pub(crate) const RUNNING: u64 = 1 << 63;

/// These say nothing about a turn.
const ASIDE: u64 = READER | QUEUED | KEPT | LENT | ADDRESS;

/// So many messages for one who is only scheduled are a flood: who sends them may do so for long before it lets anybody
/// else run. It is noticed once, by the one that is the next.
const FLOOD: u64 = 64 * MESSAGE;

/// Who reads the letters of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Who has its turn: the begin of one takes them, unless the value is [lent](crate::Lending).
    InTurns,
    /// Whoever is there. A turn leaves them where they are.
    Anywhere,
}

/// What one finds who notifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nobody was told before, and nobody has the turn.
    Idle,
    /// Nobody was told before; somebody has the turn, or is to come, and will see it.
    Busy,
    /// Somebody was told before.
    Notified,
    /// As before; and many messages wait.
    Flooded,
}

impl Word {
    pub(crate) const NEW: Self = Self(RESERVED);

    pub(crate) fn has(self, flag: u64) -> bool {
        self.0 & flag != 0
    }

    pub(crate) fn with(self, flag: u64) -> Self {
        Self(self.0 | flag)
    }

    pub(crate) fn without(self, flag: u64) -> Self {
        Self(self.0 & !flag)
    }

    /// How many messages came since the last turn began, as far as they are counted here.
    pub(crate) fn messages(self) -> u64 {
        (self.0 & MESSAGES) / MESSAGE
    }

    /// Whether no more messages are counted here.
    pub(crate) fn is_full(self) -> bool {
        self.0 & MESSAGES == MESSAGES
    }

    /// Whether there is to be a turn.
    pub(crate) fn is_notified(self) -> bool {
        self.0 & (NOTIFIED | MESSAGES) != 0
    }

    /// Whether nobody has a turn and nobody is to have one.
    pub(crate) fn is_idle(self) -> bool {
        self.0 & !ASIDE == 0
    }

    pub(crate) fn is_closed(self) -> bool {
        self.0 & ADDRESS == CLOSED
    }

    /// Where the letter lies that came last; 0 if none waits.
    pub(crate) fn letters(self) -> usize {
        if self.is_closed() { 0 } else { (self.0 & ADDRESS) as usize }
    }

    /// Without the letters.
    pub(crate) fn take(self) -> Self {
        if self.is_closed() { self } else { Self(self.0 & !ADDRESS) }
    }

    /// As [`take`](Self::take), by one who has the turn: they are not to bring about another one.
    pub(crate) fn take_in_turn(self) -> Self {
        Self(self.take().0 & !MESSAGES)
    }

    /// Without letters, for ever.
    pub(crate) fn close(self) -> Self {
        Self((self.0 & !ADDRESS) | CLOSED)
    }

    /// What one finds who has just notified.
    pub(crate) fn found(self) -> Found {
        if self.is_notified() || self.has(DONE) {
            if self.0 & !ASIDE == FLOOD { Found::Flooded } else { Found::Notified }
        } else if self.has(RUNNING | RESERVED | QUEUED) {
            Found::Busy
        } else {
            Found::Idle
        }
    }

    /// Whether one can begin the turn that was scheduled.
    pub(crate) fn can_begin(self) -> bool {
        !self.has(DONE | RUNNING | RESERVED) && self.is_notified()
    }

    /// Whether the begin of a turn takes the letters.
    pub(crate) fn is_read_by_turn(self, reading: Reading) -> bool {
        reading == Reading::InTurns && !self.has(LENT)
    }

    /// One comes to begin the turn that was scheduled: with `queued` early, without as the one who was told to. The turn
    /// has begun if it [can](Self::can_begin).
    pub(crate) fn begin(self, queued: u64, reading: Reading) -> Self {
        if !self.can_begin() {
            // It was taken early. From here on others are told to schedule again.
            return Self((self.0 & !QUEUED) | (self.0 & queued));
        }
        let left = if self.is_read_by_turn(reading) { self.take() } else { self };
        Self((left.0 & (READER | KEPT | LENT | ADDRESS)) | RUNNING | queued)
    }

    /// The turn is over, and was the last.
    pub(crate) fn done(self) -> Self {
        Self((self.0 & ADDRESS) | DONE)
    }

    /// Whether who ends a turn is to schedule the next: nobody else is to come.
    pub(crate) fn is_to_be_scheduled(self) -> bool {
        self.is_notified() && !self.has(QUEUED)
    }

    /// The turn is over. If nobody is to be told to schedule, who ends it leaves a reference.
    pub(crate) fn end_and_keep(self) -> Self {
        self.without(RUNNING).with(if self.is_to_be_scheduled() { 0 } else { KEPT })
    }

    /// With one letter more, which leads to those that were there; who is told to schedule because of that takes what is
    /// kept. None if the mailbox is closed.
    pub(crate) fn send(self, letter: usize) -> Option<Self> {
        let one = if self.is_full() { 0 } else { MESSAGE };
        let sent = Self(((self.0 & !ADDRESS) + one) | letter as u64);
        (!self.is_closed()).then(|| sent.without(self.taken_by_finder()))
    }

    /// Notified. Who is told to schedule because of that takes what is kept.
    pub(crate) fn notify(self) -> Self {
        self.with(NOTIFIED).without(self.taken_by_finder())
    }

    fn taken_by_finder(self) -> u64 {
        if self.found() == Found::Idle { KEPT } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: usize = 0x7f00_1234_5670;

    #[test]
    fn what_one_finds_who_notifies() {
        let one = Word(0).send(LETTER).unwrap();
        for (word, found) in [
            (Word(0), Found::Idle),
            (Word(READER), Found::Idle),
            (Word(RUNNING), Found::Busy),
            (Word(QUEUED), Found::Busy),
            (Word(RESERVED), Found::Busy),
            (Word(DONE), Found::Notified),
            (Word(NOTIFIED), Found::Notified),
            (Word(RUNNING | NOTIFIED), Found::Notified),
            (one, Found::Notified),
            (one.take(), Found::Notified),
            (one.take_in_turn(), Found::Idle),
        ] {
            assert_eq!(word.found(), found, "{word:x?}");
        }
    }

    #[test]
    fn a_flood_is_found_once_if_nobody_runs() {
        let flooded = |flags: u64| {
            let mut word = Word(flags);
            (0..1_000)
                .filter(|_| {
                    let found = word.found();
                    word = word.send(LETTER).unwrap();
                    found == Found::Flooded
                })
                .count()
        };
        assert_eq!([0, READER, RUNNING, NOTIFIED].map(flooded), [1, 1, 0, 0]);
    }

    #[test]
    fn who_is_the_first_to_begin_has_the_turn_and_the_letters() {
        let waits = Word(READER).send(LETTER).unwrap();
        let [early, told, left, lent] = [
            waits.begin(QUEUED, Reading::InTurns),
            waits.begin(0, Reading::InTurns),
            waits.begin(0, Reading::Anywhere),
            waits.with(LENT).begin(0, Reading::InTurns),
        ];
        assert_eq!(lent, left.with(LENT));
        assert_eq!(early, Word(READER | RUNNING | QUEUED));
        assert_eq!(told, Word(READER | RUNNING));
        assert_eq!(left, Word(READER | RUNNING | LETTER as u64));
        // Who was told comes later, and nobody is to come any more.
        assert!(!early.can_begin());
        assert_eq!(early.begin(0, Reading::InTurns), told);
        assert_eq!(early.begin(QUEUED, Reading::InTurns), early);
        assert_eq!(Word(NOTIFIED).close().begin(0, Reading::InTurns), Word(RUNNING).close());
    }

    #[test]
    fn messages_are_counted_up_to_a_bound_and_flags_are_left_alone() {
        let mut word = Word(RUNNING | QUEUED);
        for n in 0..2_000 {
            assert_eq!((word.messages(), word.is_full()), (n.min(255), n >= 255));
            word = word.send(LETTER + n as usize * 16).unwrap();
        }
        assert_eq!(word.letters(), LETTER + 1_999 * 16);
        assert_eq!(word.take_in_turn(), Word(RUNNING | QUEUED));
    }

    #[test]
    fn a_mailbox_that_is_closed_stays_so() {
        let closed = Word(0).send(LETTER).unwrap().close();
        assert_eq!((closed.send(LETTER), closed.letters(), closed.messages()), (None, 0, 1));
        for word in [closed.take(), closed.take_in_turn(), closed.done(), closed.begin(0, Reading::InTurns)] {
            assert!(word.is_closed());
        }
        assert!(closed.take_in_turn().is_idle());
    }
}
