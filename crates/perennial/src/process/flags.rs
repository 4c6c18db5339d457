//! What is asked often of a process, in one word that is read without its lock.

use crate::{
    exit_reason::ExitReason,
    process::{
        events::{EventId, EventKind},
        fate::Phase,
        signal::Signal,
        state::{Process, State},
    },
};
use std::sync::atomic::Ordering;

/// A deadly signal has arrived.
const DOOMED: u16 = 1;
/// Busy time is measured.
const OBSERVED: u16 = 2;
/// What is to be looked at before and after a poll.
const ATTENTION: u16 = DOOMED | OBSERVED;
/// `Bonds::unsettled` may hold something.
pub(super) const UNSETTLED: u16 = 4;
/// The parent has asked a process that traps exits to end; the request lies in the mailbox.
pub(super) const ASKED_TO_END: u16 = 8;
/// It has started: `init` has succeeded.
pub(super) const STARTED: u16 = 16;
/// One who started it waits to be told so: `Bonds::starter`.
pub(super) const AWAITED: u16 = 32;
/// A callback has stopped it, and it does the last thing that it does itself.
const STOPPING: u16 = 64;
/// The phase is not `Alive` any more. Set under the lock, with the phase.
const ENDING: u16 = 128;
/// Messages are not handled as usual, because it is suspended or something is recorded of it.
const WATCHED: u16 = 256;
/// Exit signals come as messages. Set under the lock, with `Bonds::trap`.
const TRAPS: u16 = 512;

impl Process {
    pub(super) fn has_flag(&self, flag: u16) -> bool {
        // Acquire: pairs with `set_flag`; what the flag says is there is read after this.
        let flags = match cfg!(perennial_loom) {
            false => self.flags.load(Ordering::Acquire),
            // As it is the last one that is read there: loom does not see that one turn is ordered before the next.
            true => self.flags.fetch_or(0, Ordering::AcqRel),
        };
        flags & flag != 0
    }

    /// Returns the flags as they were.
    pub(super) fn set_flag(&self, flag: u16) -> u16 {
        self.flags.fetch_or(flag, Ordering::AcqRel)
    }

    pub(super) fn clear_flag(&self, flag: u16) {
        self.flags.fetch_and(!flag, Ordering::AcqRel);
    }

    /// Whether there is anything to be done before or after a poll: it is doomed or observed.
    pub(crate) fn needs_attention(&self) -> bool {
        self.has_flag(ATTENTION)
    }

    pub(crate) fn is_doomed(&self) -> bool {
        self.has_flag(DOOMED)
    }

    pub(crate) fn is_observed(&self) -> bool {
        self.has_flag(OBSERVED)
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.has_flag(STOPPING)
    }

    pub(crate) fn set_stopping(&self) {
        self.set_flag(STOPPING);
    }

    /// Has the busy time of this process measured.
    pub(crate) fn observe(&self) {
        self.set_flag(OBSERVED);
    }

    pub(crate) fn unobserve(&self) {
        self.clear_flag(OBSERVED);
    }

    /// Sets the deadly signal that the process is to die of; the first one counts.
    pub(crate) fn doom(&self, state: &mut State, reason: ExitReason, signal: EventId) {
        if state.is_alive() && !state.has_reason() {
            self.set_reason(state, reason);
            state.fate.set_signal(signal);
            self.set_flag(DOOMED);
            self.tell_finders(state);
        }
    }

    /// Ends the process by nobody's signal: the runtime is over.
    pub(crate) fn doom_now(&self, reason: ExitReason) {
        // A queue may have it still.
        if self.is_ending() {
            return;
        }
        let signal =
            EventKind::Signal { from: self.pid(), signal: Signal::Kill.into(), reason: reason.clone() };
        let event = self.node.events.emit(|| self.now(), None, self.pid(), || signal);
        self.doom(&mut self.lock(), reason, event);
    }

    /// Alive: not ending, and no deadly signal has arrived. Takes no lock, so it may be asked under any.
    pub(crate) fn is_alive(&self) -> bool {
        !self.has_flag(DOOMED | ENDING)
    }

    /// Whether its reason is fixed.
    pub(crate) fn is_ending(&self) -> bool {
        self.has_flag(ENDING)
    }

    /// Its reason is fixed: from now on it is not alive. Before all other last acts.
    pub(crate) fn set_ending(&self, state: &mut State) {
        state.fate.set_phase(Phase::Dying);
        self.set_flag(ENDING);
        self.tell_finders(state);
    }

    /// Whether exit signals come as messages, for one who has its turn. Others ask its [`State`].
    pub(super) fn traps(&self) -> bool {
        self.has_flag(TRAPS)
    }

    pub(super) fn set_traps(&self, traps: bool) {
        self.set_or_clear(TRAPS, traps);
    }

    /// Whether each message is to go through the mailbox, because it is suspended or something is recorded of it.
    pub(crate) fn is_watched(&self) -> bool {
        self.has_flag(WATCHED)
    }

    pub(crate) fn set_watched(&self, watched: bool) {
        self.set_or_clear(WATCHED, watched);
    }

    fn set_or_clear(&self, flag: u16, set: bool) {
        match set {
            true => drop(self.set_flag(flag)),
            false => self.clear_flag(flag),
        }
    }
}
