//! Callers that wait for a server which ends, or which has dropped them.

use crate::{
    exit_reason::CallError,
    process::{bonds::Settle, fate::Phase, flags::UNSETTLED, panics, state::Process},
};
use std::mem;

impl Process {
    /// Has the end of this process settle a caller; at once, if it is past that.
    pub(crate) fn list_caller(&self, key: usize, caller: Box<dyn Settle>) {
        let mut state = self.lock();
        if state.fate.phase() < Phase::Told {
            state.bonds().callers.insert(key, caller);
            return;
        }
        let reason = self.fixed_reason(&state);
        drop(state);
        settle(caller, CallError::Exit(reason));
    }

    /// The caller is settled otherwise.
    pub(crate) fn unlist_caller(&self, key: usize) {
        let caller = self.lock().bonds_if_any_mut().and_then(|bonds| bonds.callers.remove(&key));
        drop(caller);
    }

    /// A caller was dropped without a reply. By the server itself, in a callback: then it depends on how that
    /// callback ends which error the caller gets. By others, or after the end: it is told at once.
    pub(crate) fn drop_caller(&self, by_itself: bool, caller: Box<dyn Settle>) {
        let mut state = self.lock();
        let error = match state.fate.phase() {
            Phase::Alive if !by_itself => CallError::NoReply,
            Phase::Alive | Phase::Dying => {
                state.bonds().unsettled.push(caller);
                self.set_flag(UNSETTLED);
                return;
            }
            _ => CallError::Exit(self.fixed_reason(&state)),
        };
        drop(state);
        settle(caller, error);
    }

    /// The callback is over and the server goes on: who was dropped in it gets no reply.
    #[inline]
    pub(crate) fn settle_dropped_callers(&self) {
        if self.has_flag(UNSETTLED) {
            self.settle_unsettled();
        }
    }

    #[cold]
    fn settle_unsettled(&self) {
        self.clear_flag(UNSETTLED);
        let unsettled = mem::take(&mut self.lock().bonds().unsettled);
        unsettled.into_iter().for_each(|caller| settle(caller, CallError::NoReply));
    }
}

/// Tells a caller, whose waker or recipient may panic: the others are told too, and it is no panic of the server.
fn settle(caller: Box<dyn Settle>, error: CallError) {
    panics::call_quietly(|| caller.settle(error));
}
