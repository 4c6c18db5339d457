//! What a process and the one that started it tell each other: that it has started, and that it is to end.

use crate::process::{
    bonds::Started,
    fate::Phase,
    flags::{ASKED_TO_END, AWAITED, STARTED},
    panics,
    state::Process,
};
use std::pin::pin;
use tokio::sync::oneshot;

impl Process {
    /// The start has succeeded: whoever waits for it goes on.
    #[inline]
    pub(crate) fn started(&self) {
        // Race: one who starts to wait now has either set `AWAITED` before, and is told, or finds `STARTED`.
        if self.set_flag(STARTED) & AWAITED != 0 {
            let starter = self.lock().bonds_if_any_mut().and_then(|bonds| bonds.starter.take());
            if let Some(starter) = starter {
                starter(Started::Running);
            }
        }
    }

    /// The start has failed: who waits for it is told how, once the process is gone.
    pub(crate) fn start_failed(&self, outcome: Started) {
        self.lock().bonds().outcome = Some(outcome);
    }

    /// How the start ended; or, if it has not, where that is told.
    pub(crate) fn start_ended(&self) -> Result<Started, oneshot::Receiver<Started>> {
        if self.has_flag(STARTED) {
            return Ok(Started::Running);
        }
        let mut state = self.lock();
        if state.fate.phase() == Phase::Gone {
            let outcome = state.bonds_if_any_mut().and_then(|bonds| bonds.outcome.take());
            return Ok(outcome.unwrap_or_else(|| Started::Exit(self.fixed_reason(&state))));
        }
        let (tell, told) = oneshot::channel();
        // An error says that nobody waits any more.
        state.bonds().starter = Some(Box::new(move |outcome| drop(tell.send(outcome))));
        if self.set_flag(AWAITED) & STARTED == 0 {
            return Err(told);
        }
        // Race: see `started`. It has not seen that somebody waits.
        let starter = state.bonds().starter.take();
        drop(state);
        drop(starter);
        Ok(Started::Running)
    }

    /// The parent has asked this process, which traps exits, to end.
    pub(crate) fn ask_to_end(&self) {
        // First, so that one who misses the call sees it.
        self.set_flag(ASKED_TO_END);
        let waiting = self.lock().bonds_if_any().and_then(|bonds| bonds.asked_to_end.clone());
        if let Some(waiting) = waiting {
            panics::call_quietly(|| waiting.notify_waiters());
        }
    }

    /// Waits until the process is asked to end by its parent, or ends.
    pub(crate) async fn asked_to_end(&self) {
        let waiting = {
            let mut state = self.lock();
            if !state.is_alive() {
                return;
            }
            state.bonds().asked_to_end.get_or_insert_default().clone()
        };
        let mut told = pin!(waiting.notified());
        told.as_mut().enable();
        // Race: it may have been asked before we were ready to be told. One that ends from now on tells us.
        if !self.has_flag(ASKED_TO_END) && self.lock().is_alive() {
            told.await;
        }
    }
}
