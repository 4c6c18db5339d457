//! `cx.timeout`, and timers that send.

use crate::puppet::{Ask, Puppet, Seen, Tell, barrier, puppet, puppet_with};
use perennial::{node::Node, prelude::*, process, time};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[perennial::test(paused)]
async fn a_time_out_comes_when_no_message_does() {
    let (_server, mut log) = puppet_with(|cx| {
        cx.timeout(SECOND);
        Ok(())
    })
    .await;
    assert_eq!(log.next().await, Seen::Timeout);
    assert!(Node::current().now() >= SECOND);
    // Once, not again and again.
    time::sleep(10 * SECOND).await;
    assert!(log.is_empty());
}

#[perennial::test(paused)]
async fn a_message_cancels_the_time_out() {
    let (server, mut log) = puppet_with(|cx| {
        cx.timeout(2 * SECOND);
        Ok(())
    })
    .await;
    time::sleep(SECOND).await;
    server.cast(1_u32).unwrap();
    assert_eq!(log.next().await, Seen::Cast(1));
    time::sleep(10 * SECOND).await;
    assert!(log.is_empty());
}

#[perennial::test(paused)]
async fn a_time_out_of_zero_loses_to_a_queued_message() {
    let (_server, mut log) = puppet_with(|cx| {
        cx.me().send(1_u32);
        cx.timeout(Duration::ZERO);
        Ok(())
    })
    .await;
    assert_eq!(log.next().await, Seen::Info(1));
    time::sleep(SECOND).await;
    assert!(log.is_empty());
}

#[perennial::test(paused)]
async fn a_time_out_of_zero_comes_at_once_if_nothing_is_queued() {
    let (server, mut log) = puppet().await;
    server
        .cast(Tell(|_: &mut Puppet, cx: &mut Cx<Puppet>| {
            cx.timeout(Duration::ZERO);
            noreply()
        }))
        .unwrap();
    assert_eq!(log.next().await, Seen::Timeout);
}

#[perennial::test(paused)]
async fn a_time_out_is_dropped_if_the_callback_stops() {
    let (server, log) = puppet().await;
    let both = Tell(|_: &mut Puppet, cx: &mut Cx<Puppet>| {
        cx.timeout(Duration::ZERO);
        stop(ExitReason::Normal)
    });
    server.cast(both).unwrap();
    assert_eq!(log.rest().await, [Seen::Terminate(ExitReason::Normal)]);
}

#[perennial::test(paused)]
async fn a_delayed_message_comes_when_it_is_due_unless_it_is_cancelled() {
    let (server, mut log) = puppet().await;
    let set = Ask(|_: &mut Puppet, cx: &mut Cx<Puppet>| {
        let cancelled = cx.send_after(SECOND, 1_u32);
        let stays = cx.send_after(2 * SECOND, 2_u32);
        reply((cancelled.cancel(), stays))
    });
    let (left, stays) = server.call(set).await.unwrap();
    assert_eq!(left, Some(SECOND));
    assert_eq!(log.next().await, Seen::Info(2));
    assert_eq!(stays.cancel(), None);
}

#[perennial::test(paused)]
async fn a_timer_goes_with_its_server() {
    let (server, log) = puppet().await;
    let set = Ask(|_: &mut Puppet, cx: &mut Cx<Puppet>| reply(cx.send_after(SECOND, 1_u32)));
    let timer = server.call(set).await.unwrap();
    server.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(timer.read(), None);
    assert_eq!(log.rest().await, [Seen::Terminate(ExitReason::Normal)]);
}

#[perennial::test(paused)]
async fn an_interval_sends_again_and_again_until_it_is_cancelled() {
    let (server, mut log) = puppet().await;
    let set = Ask(|_: &mut Puppet, cx: &mut Cx<Puppet>| reply(cx.send_interval(SECOND, 7_u32)));
    let timer = server.call(set).await.unwrap();
    let begun = Node::current().now();
    for n in 1..=3_u32 {
        assert_eq!(log.next().await, Seen::Info(7));
        assert!(Node::current().now() - begun >= n * SECOND);
    }
    timer.cancel();
    barrier(&server).await;
    while !log.is_empty() {
        log.next().await;
    }
    time::sleep(10 * SECOND).await;
    assert!(log.is_empty());
}

#[perennial::test(paused)]
async fn a_server_that_ends_keeps_no_interval() {
    let (server, log) = puppet().await;
    let set = Ask(|_: &mut Puppet, cx: &mut Cx<Puppet>| reply(cx.send_interval(SECOND, 7_u32)));
    server.call(set).await.unwrap();
    process::kill(server.pid());
    assert!(!log.rest().await.contains(&Seen::Timeout));
    // Would never be settled if a timer were set again and again.
    Node::current().settled().await;
}
