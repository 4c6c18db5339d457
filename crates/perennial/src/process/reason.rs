//! Why a process ends, or is to end.

use crate::{
    exit_reason::ExitReason,
    process::{
        fate::Brief,
        state::{Process, State},
    },
};

/// With the state, as it is under the lock.
impl Process {
    /// The reason of one that is ending or has ended.
    pub(super) fn fixed_reason(&self, state: &State) -> ExitReason {
        self.reason_in(state).expect("it is fixed by the first step from `Alive`")
    }

    /// That of the deadly signal that has arrived, or else its own.
    pub(super) fn reason_in(&self, state: &State) -> Option<ExitReason> {
        match state.fate.brief() {
            Brief::None => None,
            Brief::Normal => Some(ExitReason::Normal),
            Brief::Shutdown => Some(ExitReason::Shutdown),
            Brief::Killed => Some(ExitReason::Killed),
            Brief::NoProc => Some(ExitReason::NoProc),
            Brief::Told => self.rare().told.get().cloned(),
        }
    }

    /// There is none yet, or that of a signal, which stays.
    pub(super) fn set_reason(&self, state: &mut State, reason: ExitReason) {
        state.fate.set_brief(match reason {
            ExitReason::Normal => Brief::Normal,
            ExitReason::Shutdown => Brief::Shutdown,
            ExitReason::Killed => Brief::Killed,
            ExitReason::NoProc => Brief::NoProc,
            reason => {
                // None is there: it is set once, as it stays.
                let _ = self.rare().told.set(reason);
                Brief::Told
            }
        });
    }
}

impl State {
    pub(super) fn has_reason(&self) -> bool {
        self.fate.brief() != Brief::None
    }
}
