//! State enter calls.

use crate::puppet::{A, B, ask, event, go, puppet, puppet_with};
use perennial::{
    gen_state_machine::{keep_state, next_state, repeat_state},
    prelude::*,
};
use std::time::Duration;

rules! {
    async fn the_first_state_is_entered_from_itself() {
        let (_machine, log) = puppet_with(|_, _| Ok(())).await;
        assert_eq!(log.take().await, ["enter A A"]);
    }

    async fn a_state_is_entered_when_it_changes_and_when_it_is_repeated() {
        let (machine, log) = puppet().await;
        machine.cast(go("equal", A)).unwrap();
        machine.cast(go("change", B)).unwrap();
        machine.cast(event("repeat", |_, _, _, _| repeat_state())).unwrap();
        machine.cast(event("keep", |_, _, _, _| keep_state())).unwrap();
        let all = ["equal A", "change A", "enter A B", "repeat B", "enter B B", "keep B"];
        assert_eq!(log.take().await, all);
    }

    async fn a_reply_is_sent_before_the_state_is_entered() {
        let (machine, log) = puppet().await;
        let call = ask("ask", |puppet, _, from, _, _| {
            from.reply("sent");
            puppet.on_enter(B, |_, _| stop(ExitReason::Shutdown));
            next_state(B)
        });
        assert_eq!(machine.call(call).await, Ok("sent"));
        assert_eq!(log.take().await, ["ask A", "enter A B", "terminate shutdown B"]);
    }

    async fn an_enter_call_can_answer_one_who_was_kept() {
        let (machine, log) = puppet().await;
        let call = ask("ask", |puppet, _, from, _, _| {
            puppet.callers.push(from);
            puppet.on_enter(B, |puppet, _| {
                puppet.callers.pop().expect("it was kept").reply("entered");
                Ok(())
            });
            next_state(B)
        });
        assert_eq!(machine.call(call).await, Ok("entered"));
        assert_eq!(log.take().await, ["ask A", "enter A B"]);
    }

    async fn time_outs_of_an_enter_call_come_after_those_of_the_callback_and_replace_them() {
        let (machine, log) = puppet().await;
        let go = event("go", |puppet, _, _, cx| {
            puppet.on_enter(B, |_, cx| {
                cx.state_timeout(Duration::ZERO, "of enter");
                Ok(())
            });
            cx.state_timeout(Duration::ZERO, "of the callback");
            cx.timeout("name", Duration::ZERO, "named");
            cx.next_event("i1");
            next_state(B)
        });
        machine.cast(go).unwrap();
        assert_eq!(log.take().await, ["go A", "enter A B", "i1 B", "named B", "of enter B"]);
    }

    async fn a_stop_in_an_enter_call_terminates_in_the_new_state_and_a_panic_in_the_old() {
        let (machine, log) = puppet().await;
        let ended = process::monitor(machine.pid());
        let stops = event("go", |puppet, _, _, _| {
            puppet.on_enter(B, |_, _| stop(ExitReason::Shutdown));
            next_state(B)
        });
        machine.cast(stops).unwrap();
        assert_eq!(ended.await.reason, ExitReason::Shutdown);
        assert_eq!(log.take().await, ["go A", "enter A B", "terminate shutdown B"]);

        let (machine, log) = puppet().await;
        let exits = event("go", |puppet, _, _, _| {
            puppet.on_enter(B, |_, _| process::exit_self(ExitReason::Shutdown));
            next_state(B)
        });
        machine.cast(exits).unwrap();
        assert_eq!(log.take().await, ["go A", "enter A B", "terminate shutdown A"]);
    }
}
