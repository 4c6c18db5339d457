//! Calls: their limit, and replies.

use crate::puppet::{B, ask, event, go, puppet};
use perennial::{gen_state_machine::keep_state, prelude::*, time};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

rules! {
    async fn a_call_waits_as_long_as_it_takes() {
        let (machine, _log) = puppet().await;
        let kept = ask("ask", |_, ask, from, state, cx| {
            if state == B {
                from.reply("at last");
            } else {
                cx.postpone_call(ask, from);
            }
            keep_state()
        });
        let calling = tokio::spawn(machine.call(kept));
        time::sleep(HOUR).await;
        machine.cast(go("go", B)).unwrap();
        assert_eq!(calling.await.unwrap(), Ok("at last"));
    }

    async fn a_call_with_a_limit_gives_up_and_the_late_reply_vanishes() {
        let (machine, log) = puppet().await;
        let postponed = ask("ask", |_, ask, from, state, cx| {
            if state == B {
                from.reply("late");
            } else {
                cx.postpone_call(ask, from);
            }
            keep_state()
        });
        let limited = machine.call_timeout(postponed, Some(Duration::from_secs(1)));
        assert_eq!(limited.await, Err(CallError::Timeout));
        machine.cast(go("go", B)).unwrap();
        assert_eq!(log.take().await, ["ask A", "go A", "enter A B", "ask B"]);
    }

    async fn a_caller_that_is_dropped_is_told_so() {
        let (machine, _log) = puppet().await;
        let dropped = ask("ask", |_, _, _, _, _| keep_state());
        assert_eq!(machine.call(dropped).await, Err(CallError::NoReply));
    }

    async fn a_machine_cannot_call_itself() {
        let (machine, log) = puppet().await;
        machine.cast(event("go", |_, _, _, cx| {
            let me = cx.me().clone();
            let call = me.call(ask("ask", |_, _, _, _, _| keep_state()));
            let result = futures_util::FutureExt::now_or_never(call);
            assert_eq!(result, Some(Err(CallError::CallingSelf)));
            keep_state()
        })).unwrap();
        assert_eq!(log.take().await, ["go A"]);
    }
}
