//! `postpone`: again when the state has changed, in the original order, before what is newer.

use crate::puppet::{A, B, C, ask, event, go, postponed_in, puppet};
use perennial::{
    gen_state_machine::{keep_state, next_state, repeat_state},
    prelude::*,
};

rules! {
    async fn what_is_postponed_comes_after_a_change_of_state_in_its_order() {
        let (machine, log) = puppet().await;
        for tag in ["p1", "p2", "p3"] {
            machine.cast(postponed_in(&[A], tag)).unwrap();
        }
        machine.cast("keep").unwrap();
        machine.cast(go("go", B)).unwrap();
        machine.cast("newer").unwrap();
        let all = ["p1 A", "p2 A", "p3 A", "keep A", "go A", "enter A B", "p1 B", "p2 B", "p3 B", "newer B"];
        assert_eq!(log.take().await, all);
        // Once.
        machine.cast(go("back", A)).unwrap();
        assert_eq!(log.take().await, ["back B", "enter B A"]);
    }

    async fn postponed_events_come_after_inserted_ones_and_before_zero_time_outs() {
        let (machine, log) = puppet().await;
        machine.cast(postponed_in(&[A], "p1")).unwrap();
        machine.cast(postponed_in(&[A], "p2")).unwrap();
        let go = event("go", |_, _, _, cx| {
            cx.me().cast("mail").unwrap();
            cx.state_timeout(std::time::Duration::ZERO, "state");
            cx.next_event("i1");
            cx.next_event("i2");
            next_state(B)
        });
        machine.cast(go).unwrap();
        let all = ["p1 A", "p2 A", "go A", "enter A B", "i1 B", "i2 B", "p1 B", "p2 B", "state B", "mail B"];
        assert_eq!(log.take().await, all);
    }

    async fn a_state_that_is_set_to_an_equal_one_has_not_changed() {
        let (machine, log) = puppet().await;
        machine.cast(postponed_in(&[A], "p1")).unwrap();
        machine.cast(go("same", A)).unwrap();
        assert_eq!(log.take().await, ["p1 A", "same A"]);
        machine.cast(go("go", B)).unwrap();
        assert_eq!(log.take().await, ["go A", "enter A B", "p1 B"]);
    }

    async fn a_state_that_is_repeated_has_not_changed() {
        let (machine, log) = puppet().await;
        machine.cast(postponed_in(&[A], "p1")).unwrap();
        machine.cast(event("repeat", |_, _, _, _| repeat_state())).unwrap();
        assert_eq!(log.take().await, ["p1 A", "repeat A", "enter A A"]);
    }

    async fn an_event_that_is_postponed_by_the_callback_that_changes_the_state_comes_at_once() {
        let (machine, log) = puppet().await;
        machine.cast(postponed_in(&[A], "before")).unwrap();
        let both = event("both", |_, event, state, cx| {
            if state == A {
                cx.postpone(event);
            }
            next_state(B)
        });
        machine.cast(both).unwrap();
        assert_eq!(log.take().await, ["before A", "both A", "enter A B", "before B", "both B"]);
    }

    async fn a_replayed_event_is_postponed_again_before_those_that_were_behind_it() {
        let (machine, log) = puppet().await;
        machine.cast(postponed_in(&[A, B], "p1")).unwrap();
        let p2 = event("p2", |_, event, state, cx| match state {
            A => {
                cx.postpone(event);
                keep_state()
            }
            B => next_state(C),
            C => keep_state(),
        });
        machine.cast(p2).unwrap();
        machine.cast(postponed_in(&[A, B], "p3")).unwrap();
        machine.cast(go("go", B)).unwrap();
        let all = ["p1 A", "p2 A", "p3 A", "go A", "enter A B", "p1 B", "p2 B", "enter B C", "p1 C", "p3 C"];
        assert_eq!(log.take().await, all);
    }

    async fn a_replayed_event_that_changes_the_state_and_is_postponed_comes_before_the_others() {
        let (machine, log) = puppet().await;
        for tag in ["p1", "p2"] {
            let on = event(tag, |_, event, state, cx| match state {
                A => {
                    cx.postpone(event);
                    keep_state()
                }
                B => {
                    cx.postpone(event);
                    next_state(C)
                }
                C => keep_state(),
            });
            machine.cast(on).unwrap();
        }
        machine.cast(go("go", B)).unwrap();
        let all = ["p1 A", "p2 A", "go A", "enter A B", "p1 B", "enter B C", "p1 C", "p2 C"];
        assert_eq!(log.take().await, all);
    }

    async fn an_inserted_event_can_be_postponed_and_comes_before_those_inserted_after_it() {
        let (machine, log) = puppet().await;
        let all = event("go", |_, _, _, cx| {
            cx.next_event(postponed_in(&[A], "i1"));
            cx.next_event(go("i2", B));
            cx.next_event("i3");
            keep_state()
        });
        machine.cast(all).unwrap();
        assert_eq!(log.take().await, ["go A", "i1 A", "i2 A", "enter A B", "i1 B", "i3 B"]);
    }

    async fn a_postponed_call_is_answered_when_it_comes_again() {
        let (machine, log) = puppet().await;
        let call = ask("ask", |_, ask, from, state, cx| {
            if state == A {
                cx.postpone_call(ask, from);
            } else {
                from.reply("later");
            }
            keep_state()
        });
        let calling = tokio::spawn(machine.call(call));
        assert_eq!(log.take().await, ["ask A"]);
        machine.cast(go("go", B)).unwrap();
        assert_eq!(calling.await.unwrap(), Ok("later"));
        assert_eq!(log.take().await, ["go A", "enter A B", "ask B"]);
    }

    async fn one_who_waits_for_a_postponed_call_gets_the_reason_when_the_machine_ends() {
        let (machine, log) = puppet().await;
        let call = ask("ask", |_, ask, from, _, cx| {
            cx.postpone_call(ask, from);
            keep_state()
        });
        let calling = tokio::spawn(machine.call(call));
        assert_eq!(log.take().await, ["ask A"]);
        machine.cast(event("end", |_, _, _, _| stop(ExitReason::Shutdown))).unwrap();
        assert_eq!(calling.await.unwrap(), Err(CallError::Exit(ExitReason::Shutdown)));
        assert_eq!(log.take().await, ["end A", "terminate shutdown A"]);
    }
}
