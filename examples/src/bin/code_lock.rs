//! A door with a code lock as a state machine: states, time-outs, and events that wait for the right state.
//!
//! ```sh
//! cargo run -p perennial-examples --bin code_lock
//! ```
//!
//! The right code opens the door, and it locks itself again after a while: a state time-out. Digits that are followed
//! by no other digit for a while are forgotten: a time-out with a name, which other events do not cancel. Digits that
//! are typed while the door is open, and those who want to pass while it is locked, are postponed: they wait until the
//! state changes, and come again. No handler keeps a list of them.
#![forbid(unsafe_code)]

use perennial::{prelude::*, time};
use std::time::Duration;

const DOOR: Name<StateMachine<CodeLock>> = Name::new("door");
const FORGET_AFTER: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Options {
    code: &'static str,
    open_for: Duration,
}

struct CodeLock {
    options: Options,
    typed: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Locked,
    Open,
}

/// A digit is typed.
struct Button(char);
/// Somebody wants to pass, and waits until the door is open.
struct Pass;
/// How it is now.
struct Look;

/// The time-outs.
struct Relock;
struct Forget;

impl GenStateMachine for CodeLock {
    type Args = Options;
    type State = State;

    async fn init(options: Options, _: &mut EventCx<'_, Self>) -> Result<(State, Self), InitError> {
        Ok((State::Locked, Self { options, typed: String::new() }))
    }

    async fn enter(
        &mut self,
        _: &State,
        state: &State,
        cx: &mut EnterCx<'_, Self>,
    ) -> Result<(), ExitReason> {
        println!("door: {state:?}");
        match state {
            State::Locked => self.typed.clear(),
            State::Open => cx.state_timeout(self.options.open_for, Relock),
        }
        Ok(())
    }
}

impl HandleEvent<Button> for CodeLock {
    async fn handle_event(
        &mut self,
        button: Button,
        state: &State,
        cx: &mut EventCx<'_, Self>,
    ) -> Transition<State> {
        match state {
            State::Open => {
                cx.postpone(button);
                keep_state()
            }
            State::Locked => {
                self.typed.push(button.0);
                if self.typed.ends_with(self.options.code) {
                    return next_state(State::Open);
                }
                cx.timeout("forget", FORGET_AFTER, Forget);
                keep_state()
            }
        }
    }
}

impl HandleCallEvent<Pass> for CodeLock {
    type Reply = ();

    async fn handle_call_event(
        &mut self,
        pass: Pass,
        from: Caller<()>,
        state: &State,
        cx: &mut EventCx<'_, Self>,
    ) -> Transition<State> {
        match state {
            State::Open => from.reply(()),
            State::Locked => cx.postpone_call(pass, from),
        }
        keep_state()
    }
}

impl HandleCallEvent<Look> for CodeLock {
    type Reply = State;

    async fn handle_call_event(
        &mut self,
        _: Look,
        from: Caller<State>,
        state: &State,
        _: &mut EventCx<'_, Self>,
    ) -> Transition<State> {
        from.reply(*state);
        keep_state()
    }
}

impl HandleEvent<Relock> for CodeLock {
    async fn handle_event(&mut self, _: Relock, _: &State, _: &mut EventCx<'_, Self>) -> Transition<State> {
        next_state(State::Locked)
    }
}

impl HandleEvent<Forget> for CodeLock {
    async fn handle_event(&mut self, _: Forget, _: &State, _: &mut EventCx<'_, Self>) -> Transition<State> {
        self.typed.clear();
        keep_state()
    }
}

fn press(digits: &str) {
    for digit in digits.chars() {
        DOOR.cast(Button(digit)).expect("its mailbox has no bound");
    }
}

async fn start(open_for: Duration) -> StartResult {
    let options = Options { code: "42", open_for };
    Supervisor::start_link([CodeLock::child_spec_as(options, DOOR)], Strategy::OneForOne).await
}

#[perennial::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let open_for = Duration::from_millis(100);
    start(open_for).await?;
    // The visitor comes first, and waits.
    let (passed, ()) = tokio::join!(DOOR.call(Pass), async { press("1742") });
    println!("visitor: {passed:?}");
    time::sleep(2 * open_for).await;
    println!("it is {:?} again", DOOR.call(Look).await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Duration = Duration::from_secs(10);
    const SECOND: Duration = Duration::from_secs(1);

    #[perennial::test(paused)]
    async fn the_code_opens_the_door_for_ten_seconds() {
        start(TEN).await.unwrap();
        press("4");
        assert_eq!(DOOR.call(Look).await, Ok(State::Locked));
        press("442");
        assert_eq!(DOOR.call(Look).await, Ok(State::Open));
        time::sleep(TEN - SECOND).await;
        assert_eq!(DOOR.call(Look).await, Ok(State::Open));
        time::sleep(2 * SECOND).await;
        assert_eq!(DOOR.call(Look).await, Ok(State::Locked));
    }

    #[perennial::test(paused)]
    async fn digits_are_forgotten_when_nothing_follows() {
        start(TEN).await.unwrap();
        press("4");
        time::sleep(4 * SECOND).await;
        assert_eq!(DOOR.call(Look).await, Ok(State::Locked));
        time::sleep(2 * SECOND).await;
        press("2");
        assert_eq!(DOOR.call(Look).await, Ok(State::Locked));
    }

    #[perennial::test(paused)]
    async fn what_is_typed_at_an_open_door_counts_when_it_is_locked_again() {
        start(TEN).await.unwrap();
        press("4242");
        time::sleep(TEN + SECOND).await;
        // Opened by the second half, when the first time was over.
        assert_eq!(DOOR.call(Look).await, Ok(State::Open));
        time::sleep(TEN).await;
        assert_eq!(DOOR.call(Look).await, Ok(State::Locked));
    }

    #[perennial::test(paused)]
    async fn who_wants_to_pass_waits_for_the_door_however_long() {
        start(TEN).await.unwrap();
        let visitor = tokio::spawn(DOOR.call(Pass));
        time::sleep(3600 * SECOND).await;
        assert!(!visitor.is_finished());
        press("42");
        assert_eq!(visitor.await.unwrap(), Ok(()));
    }

    #[test]
    fn the_program_runs_to_its_end() {
        main().unwrap();
    }
}
