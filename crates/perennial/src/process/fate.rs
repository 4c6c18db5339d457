//! How far a process has come on its way to its end, and why, in one word: each process has this.
//!
//! ```text
//!  63         62           61   59 58   56 55                                    0
//! +--+----------------+-----------+-------+---------------------------------------+
//! |  | parent's child | why, brief | phase |  the event of the deadly signal, or 0 |
//! +--+----------------+-----------+-------+---------------------------------------+
//! ```

use crate::process::events::EventId;

/// See the fields of the word. Under the lock of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fate(u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Alive,
    /// The reason is fixed.
    Dying,
    /// Callers that wait, monitors and links have been taken, to be told: too late for new ones.
    Told,
    Gone,
}

/// A reason in three bits: most have nothing to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brief {
    None,
    Normal,
    Shutdown,
    Killed,
    NoProc,
    Told,
}

/// A program that draws one each nanosecond has these for two years.
const EVENTS: u64 = (1 << PHASE) - 1;
const PHASE: u32 = 56;
const BRIEF: u32 = 59;
const THREE_BITS: u64 = 0b111;
const CHILD: u64 = 1 << 62;

impl Fate {
    /// Of one that lives, and is linked with its parent if it has one.
    pub(super) fn new(has_parent: bool) -> Self {
        Self(if has_parent { CHILD } else { 0 })
    }

    pub(super) fn phase(self) -> Phase {
        match self.three_bits(PHASE) {
            0 => Phase::Alive,
            1 => Phase::Dying,
            2 => Phase::Told,
            _ => Phase::Gone,
        }
    }

    pub(super) fn set_phase(&mut self, phase: Phase) {
        self.set_three_bits(PHASE, phase as u64);
    }

    pub(super) fn brief(self) -> Brief {
        match self.three_bits(BRIEF) {
            0 => Brief::None,
            1 => Brief::Normal,
            2 => Brief::Shutdown,
            3 => Brief::Killed,
            4 => Brief::NoProc,
            _ => Brief::Told,
        }
    }

    pub(super) fn set_brief(&mut self, brief: Brief) {
        self.set_three_bits(BRIEF, brief as u64);
    }

    /// The event of the deadly signal.
    pub(super) fn signal(self) -> Option<EventId> {
        EventId::from_bits(self.0 & EVENTS)
    }

    pub(super) fn set_signal(&mut self, signal: EventId) {
        self.0 = (self.0 & !EVENTS) | (EventId::to_bits(Some(signal)) & EVENTS);
    }

    /// Whether it is linked with its parent.
    pub(super) fn is_child(self) -> bool {
        self.0 & CHILD != 0
    }

    /// Returns whether it was linked with its parent before.
    pub(super) fn set_child(&mut self, is_child: bool) -> bool {
        let before = self.is_child();
        self.0 = if is_child { self.0 | CHILD } else { self.0 & !CHILD };
        before
    }

    fn three_bits(self, at: u32) -> u64 {
        (self.0 >> at) & THREE_BITS
    }

    fn set_three_bits(&mut self, at: u32, bits: u64) {
        self.0 = (self.0 & !(THREE_BITS << at)) | (bits << at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_the_word_do_not_touch_each_other() {
        let signals = [1, EVENTS].map(|bits| EventId::from_bits(bits).unwrap());
        let phases = [Phase::Alive, Phase::Dying, Phase::Told, Phase::Gone];
        let briefs = [Brief::None, Brief::Normal, Brief::Shutdown, Brief::Killed, Brief::NoProc, Brief::Told];
        let mut fate = Fate::new(true);
        assert_eq!((fate.phase(), fate.brief(), fate.signal()), (Phase::Alive, Brief::None, None));
        for signal in signals {
            fate.set_signal(signal);
            for phase in phases {
                fate.set_phase(phase);
                for brief in briefs {
                    fate.set_brief(brief);
                    for child in [false, true] {
                        assert_eq!(fate.set_child(child), !child);
                        assert_eq!((fate.phase(), fate.brief()), (phase, brief));
                        assert_eq!((fate.signal(), fate.is_child()), (Some(signal), child));
                    }
                }
            }
        }
        assert!(!Fate::new(false).is_child());
    }
}
