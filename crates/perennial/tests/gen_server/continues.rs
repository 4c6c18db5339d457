//! `continue_with`: right after the callback, before any message.

use crate::puppet::{Ask, Puppet, Seen, Tell, barrier, puppet, puppet_with};
use perennial::{prelude::*, process};
use std::time::Duration;

#[perennial::test]
async fn a_continue_of_init_runs_before_any_message() {
    let (_server, mut log) = puppet_with(|cx| {
        // A message that is there before the first continue is even asked for.
        cx.me().send(9_u32);
        cx.continue_with(1_u32);
        cx.continue_with(2_u32);
        Ok(())
    })
    .await;
    for expected in [Seen::Continue(1), Seen::Continue(2), Seen::Info(9)] {
        assert_eq!(log.next().await, expected);
    }
}

#[perennial::test]
async fn the_starter_is_told_before_the_continue_runs() {
    let (script, mut log) = crate::puppet::script(|cx| {
        cx.continue_with(0_u32);
        Ok(())
    });
    // A continue with 0 stops the server, which is no failure of the start.
    let pid = gen_server::start::<Puppet>(script, ()).await.unwrap();
    assert_eq!(log.next().await, Seen::Continue(0));
    assert!(process::monitor(pid).await.reason != ExitReason::Normal);
}

#[perennial::test]
async fn a_continue_runs_after_the_reply_and_before_the_next_message() {
    let (server, mut log) = puppet().await;
    let ask = Ask(|_: &mut Puppet, cx: &mut Cx<Puppet>| {
        cx.me().send(9_u32);
        cx.continue_with(1_u32);
        reply(())
    });
    server.call(ask).await.unwrap();
    assert_eq!(log.next().await, Seen::Continue(1));
    assert_eq!(log.next().await, Seen::Info(9));
}

/// Continues with one less, down to 1.
struct Down(u32);

impl HandleContinue<Down> for Puppet {
    async fn handle_continue(&mut self, Down(n): Down, cx: &mut Cx<Self>) -> NoReply {
        self.sees(Seen::Continue(n));
        if n > 1 {
            cx.continue_with(Down(n - 1));
        }
        noreply()
    }
}

#[perennial::test]
async fn continues_chain_in_order_with_no_message_between() {
    let (_server, mut log) = puppet_with(|cx| {
        cx.me().send(9_u32);
        cx.continue_with(Down(3));
        Ok(())
    })
    .await;
    for expected in [Seen::Continue(3), Seen::Continue(2), Seen::Continue(1), Seen::Info(9)] {
        assert_eq!(log.next().await, expected);
    }
}

#[perennial::test]
async fn a_continue_is_dropped_if_the_callback_stops() {
    let (server, log) = puppet().await;
    let both = Tell(|_: &mut Puppet, cx: &mut Cx<Puppet>| {
        cx.continue_with(1_u32);
        stop(ExitReason::Normal)
    });
    server.cast(both).unwrap();
    assert_eq!(log.rest().await, [Seen::Terminate(ExitReason::Normal)]);
}

#[perennial::test]
async fn continues_after_one_that_stops_are_dropped() {
    let (server, log) = puppet().await;
    let many = Tell(|_: &mut Puppet, cx: &mut Cx<Puppet>| {
        [1_u32, 0, 2].into_iter().for_each(|n| cx.continue_with(n));
        noreply()
    });
    server.cast(many).unwrap();
    let expected = [Seen::Continue(1), Seen::Continue(0), Seen::Terminate(ExitReason::Shutdown)];
    assert_eq!(log.rest().await, expected);
}

#[perennial::test(paused)]
async fn a_time_out_asked_for_with_a_continue_counts_from_after_it() {
    let (_server, mut log) = puppet_with(|cx| {
        cx.timeout(Duration::from_secs(1));
        cx.continue_with(1_u32);
        Ok(())
    })
    .await;
    assert_eq!(log.next().await, Seen::Continue(1));
    assert_eq!(log.next().await, Seen::Timeout);
}

/// Continues for ever.
struct Forever;

impl HandleContinue<Forever> for Puppet {
    async fn handle_continue(&mut self, _: Forever, cx: &mut Cx<Self>) -> NoReply {
        cx.continue_with(Forever);
        noreply()
    }
}

#[perennial::test(flavor = "multi_thread", workers = 2)]
async fn a_server_that_continues_for_ever_starves_nobody_and_can_be_killed() {
    let (server, _log) = puppet_with(|cx| {
        cx.continue_with(Forever);
        Ok(())
    })
    .await;
    let ended = process::monitor(server.pid());
    let (other, _other_log) = puppet().await;
    barrier(&other).await;
    process::kill(server.pid());
    assert_eq!(ended.await.reason, ExitReason::Killed);
}
