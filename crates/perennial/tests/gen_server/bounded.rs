//! Mailboxes with a bound: `cast` is refused, `cast_wait` waits.

use crate::puppet::{Ask, Hold, Log, Puppet, Seen, Tell, barrier, hold, puppet, script};
use futures_util::poll;
use perennial::{
    gen_server::{CastError, Options},
    prelude::*,
    process,
};
use std::pin::pin;
use tokio::sync::oneshot;

async fn bounded(limit: usize) -> (ServerRef<Puppet>, Log) {
    let (script, log) = script(|_| Ok(()));
    let options = Options::default().mailbox(limit);
    let pid = gen_server::start_unlinked_with::<Puppet>(script, (), options).await.expect("it starts");
    (pid.server().expect("it is a puppet"), log)
}

#[perennial::test]
async fn a_full_mailbox_gives_the_cast_back() {
    let (server, mut log) = bounded(2).await;
    let held = hold(&server).await;
    assert_eq!(server.cast(1_u32), Ok(()));
    assert_eq!(server.cast(2_u32), Ok(()));
    assert_eq!(server.cast(3_u32), Err(CastError::Full(3)));
    drop(held);
    assert_eq!(log.next().await, Seen::Cast(1));
    assert_eq!(log.next().await, Seen::Cast(2));
    barrier(&server).await;
    assert_eq!(server.cast(4_u32), Ok(()));
    assert_eq!(log.next().await, Seen::Cast(4));
}

#[perennial::test]
async fn cast_wait_waits_for_room_and_the_first_comes_first() {
    let (server, mut log) = bounded(1).await;
    let held = hold(&server).await;
    server.cast_wait(1_u32).await;
    let mut second = pin!(server.cast_wait(2_u32));
    let mut third = pin!(server.cast_wait(3_u32));
    assert!(poll!(second.as_mut()).is_pending());
    assert!(poll!(third.as_mut()).is_pending());
    // One who does not wait does not overtake those who do.
    assert_eq!(server.cast(4_u32), Err(CastError::Full(4)));
    drop(held);
    tokio::join!(third, second);
    for n in 1..=3 {
        assert_eq!(log.next().await, Seen::Cast(n));
    }
}

/// Room is given back for several casts at once; not when a handler waits.
#[perennial::test]
async fn a_handler_may_wait_for_one_who_waits_for_room() {
    let (server, mut log) = bounded(16).await;
    let first = hold(&server).await;
    let (held, is_held) = oneshot::channel();
    let (let_go, until) = oneshot::channel();
    server.cast(Hold { held, until }).unwrap();
    (1..=15_u32).for_each(|n| server.cast(n).unwrap());
    let mut waits = pin!(server.cast_wait(16_u32));
    assert!(poll!(waits.as_mut()).is_pending());
    drop(first);
    is_held.await.unwrap();
    Node::current().settled().await;
    assert!(poll!(waits).is_ready());
    assert_eq!(server.cast(17_u32), Err(CastError::Full(17)));
    drop(let_go);
    for n in 1..=16 {
        assert_eq!(log.next().await, Seen::Cast(n));
    }
}

/// Also while it handles some, and has not said so to those who wait.
#[perennial::test]
async fn a_mailbox_is_full_only_when_it_is() {
    let (server, _log) = bounded(16).await;
    let held = hold(&server).await;
    let (told, counts) = std::sync::mpsc::channel();
    for _ in 0..16 {
        let (me, told) = (server.clone(), told.clone());
        let fill = move |_: &mut Puppet, _: &mut Cx<Puppet>| {
            let room = std::iter::from_fn(|| me.cast(0_u32).ok()).count();
            told.send(room).unwrap();
            noreply()
        };
        server.cast(Tell(fill)).unwrap();
    }
    assert_eq!(server.cast(0_u32), Err(CastError::Full(0)));
    drop(held);
    barrier(&server).await;
    assert!(counts.try_iter().eq([1; 16]));
}

#[perennial::test]
async fn a_fast_sender_is_held_back() {
    let (server, mut log) = bounded(10).await;
    for n in 0..1000_u32 {
        server.cast_wait(n).await;
        assert!(process::info(server.pid()).unwrap().mailbox_len <= 10);
    }
    for n in 0..1000 {
        assert_eq!(log.next().await, Seen::Cast(n));
    }
}

#[perennial::test]
async fn calls_and_infos_are_not_bounded_and_take_no_room() {
    let (server, mut log) = bounded(1).await;
    let held = hold(&server).await;
    (1..=3_u32).for_each(|n| server.send(n));
    let mut call = pin!(server.call(Ask(|_: &mut Puppet, _: &mut Cx<Puppet>| reply(1))));
    assert!(poll!(call.as_mut()).is_pending());
    assert_eq!(server.cast(4_u32), Ok(()));
    drop(held);
    assert_eq!(call.await, Ok(1));
    for expected in [Seen::Info(1), Seen::Info(2), Seen::Info(3), Seen::Cast(4)] {
        assert_eq!(log.next().await, expected);
    }
}

#[perennial::test]
async fn without_a_bound_cast_wait_does_not_wait() {
    let (server, _log) = puppet().await;
    let _held = hold(&server).await;
    for n in 0..1000_u32 {
        assert!(poll!(pin!(server.cast_wait(n))).is_ready());
    }
}

#[perennial::test]
async fn who_waits_for_room_goes_on_when_the_server_ends() {
    let (server, _log) = bounded(1).await;
    let _held = hold(&server).await;
    server.cast(1_u32).unwrap();
    let mut waits = pin!(server.cast_wait(2_u32));
    assert!(poll!(waits.as_mut()).is_pending());
    process::kill(server.pid());
    waits.await;
    process::monitor(server.pid()).await;
    assert_eq!(server.cast(3_u32), Ok(()));
    server.cast_wait(4_u32).await;
    Name::<Puppet>::new("nobody").cast_wait(5_u32).await;
}

#[perennial::test]
async fn a_cast_that_is_dropped_while_it_waits_sends_nothing_and_takes_no_room() {
    let (server, mut log) = bounded(1).await;
    let held = hold(&server).await;
    server.cast(1_u32).unwrap();
    {
        let mut dropped = pin!(server.cast_wait(2_u32));
        assert!(poll!(dropped.as_mut()).is_pending());
    }
    drop(held);
    server.cast_wait(3_u32).await;
    assert_eq!(log.next().await, Seen::Cast(1));
    assert_eq!(log.next().await, Seen::Cast(3));
}

#[test]
#[should_panic(expected = "takes none")]
fn a_bound_of_zero_is_a_mistake() {
    let _ = Options::default().mailbox(0);
}
