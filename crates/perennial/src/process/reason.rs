//! Why a process ends, or is to end.

use crate::{
    exit_reason::ExitReason,
    process::{block::State, events::EventId},
};

/// A reason in a byte: most have nothing to tell.
#[derive(Clone, Copy, Default)]
pub(super) enum Brief {
    #[default]
    None,
    Normal,
    Shutdown,
    Killed,
    NoProc,
    Told,
}

impl State {
    /// The reason of one that is ending or has ended.
    pub(super) fn fixed_reason(&self) -> ExitReason {
        self.reason().expect("it is fixed by the first step from `Alive`")
    }

    /// That of the deadly signal that has arrived, or else its own.
    pub(crate) fn reason(&self) -> Option<ExitReason> {
        match self.brief {
            Brief::None => None,
            Brief::Normal => Some(ExitReason::Normal),
            Brief::Shutdown => Some(ExitReason::Shutdown),
            Brief::Killed => Some(ExitReason::Killed),
            Brief::NoProc => Some(ExitReason::NoProc),
            Brief::Told => self.told.as_deref().cloned(),
        }
    }

    pub(super) fn has_reason(&self) -> bool {
        !matches!(self.brief, Brief::None)
    }

    /// There is none yet, or that of a signal, which stays.
    pub(crate) fn set_reason(&mut self, reason: ExitReason) {
        self.brief = match reason {
            ExitReason::Normal => Brief::Normal,
            ExitReason::Shutdown => Brief::Shutdown,
            ExitReason::Killed => Brief::Killed,
            ExitReason::NoProc => Brief::NoProc,
            reason => {
                self.told = Some(Box::new(reason));
                Brief::Told
            }
        };
    }

    /// The deadly signal.
    pub(crate) fn signal(&self) -> Option<EventId> {
        EventId::from_bits(self.signal)
    }
}
