//! `next_event`: before all that waits.

use crate::puppet::{B, Puppet, S, ask, event, puppet};
use perennial::{
    gen_state_machine::{EventCx, HandleEvent, Transition, keep_state, next_state},
    prelude::*,
};

rules! {
    async fn inserted_events_come_in_their_order_before_the_mailbox() {
        let (machine, log) = puppet().await;
        let go = event("go", |_, _, _, cx| {
            cx.me().cast("mail").unwrap();
            cx.next_event("i1");
            cx.next_event("i2");
            next_state(B)
        });
        machine.cast(go).unwrap();
        assert_eq!(log.take().await, ["go A", "enter A B", "i1 B", "i2 B", "mail B"]);
    }

    async fn events_inserted_by_an_inserted_one_come_before_its_successors() {
        let (machine, log) = puppet().await;
        let go = event("go", |_, _, _, cx| {
            cx.next_event(event("i1", |_, _, _, cx| {
                cx.next_event("i11");
                cx.next_event("i12");
                keep_state()
            }));
            cx.next_event("i2");
            keep_state()
        });
        machine.cast(go).unwrap();
        assert_eq!(log.take().await, ["go A", "i1 A", "i11 A", "i12 A", "i2 A"]);
    }

    async fn a_call_can_be_inserted() {
        let (machine, log) = puppet().await;
        let call = ask("ask", |_, ask, from, state, cx| {
            if state == B {
                from.reply("of B");
                return keep_state();
            }
            cx.next_call(ask, from);
            next_state(B)
        });
        assert_eq!(machine.call(call).await, Ok("of B"));
        assert_eq!(log.take().await, ["ask A", "enter A B", "ask B"]);
    }

    async fn what_was_inserted_is_dropped_if_the_machine_stops() {
        let (machine, log) = puppet().await;
        let go = event("go", |_, _, _, cx| {
            cx.next_event(event("i1", |_, _, _, cx| {
                cx.next_event("i11");
                stop(ExitReason::Normal)
            }));
            cx.next_event("i2");
            keep_state()
        });
        machine.cast(go).unwrap();
        assert_eq!(log.take().await, ["go A", "i1 A", "terminate normal A"]);
    }

    async fn a_caller_dropped_by_an_event_is_told_before_the_inserted_ones_run() {
        let (machine, log) = puppet().await;
        let call = ask("ask", |_, _, from, _, cx| {
            drop(from);
            cx.next_event(Wait);
            keep_state()
        });
        assert_eq!(machine.call(call).await, Err(CallError::NoReply));
        assert_eq!(log.take().await, ["ask A"]);
    }
}

/// An event whose handler never returns.
struct Wait;

impl HandleEvent<Wait> for Puppet {
    async fn handle_event(&mut self, _: Wait, _: &S, _: &mut EventCx<'_, Self>) -> Transition<S> {
        std::future::pending().await
    }
}
