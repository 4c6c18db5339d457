//! Calls, casts and infos from the side of the client.

use crate::puppet::{Ask, AskFrom, Puppet, Seen, Tell, barrier, hold, keep, puppet, reason_of};
use futures_util::poll;
use perennial::{
    gen_server::{CastError, Registered},
    node::Node,
    prelude::*,
    process, time,
};
use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::Duration,
};

#[perennial::test]
async fn messages_of_one_sender_are_handled_in_order() {
    let (server, mut log) = puppet().await;
    server.cast(1_u32).unwrap();
    server.send(2_u32);
    server.cast(3_u32).unwrap();
    let seen = server.call(Ask(|_: &mut Puppet, _: &mut Cx<Puppet>| reply("called"))).await;
    assert_eq!(seen, Ok("called"));
    for expected in [Seen::Cast(1), Seen::Info(2), Seen::Cast(3)] {
        assert_eq!(log.next().await, expected);
    }
    assert!(log.is_empty());
}

#[perennial::test]
async fn a_call_is_answered_later() {
    let (server, _log) = puppet().await;
    let call = tokio::spawn({
        let server = server.clone();
        async move { server.call(keep()).await }
    });
    let answer = |puppet: &mut Puppet, _: &mut Cx<Puppet>| match puppet.callers.pop() {
        Some(from) => {
            from.reply(7);
            reply(true)
        }
        None => reply(false),
    };
    // The other task may not have called yet.
    while !server.call(Ask(answer)).await.unwrap() {
        tokio::task::yield_now().await;
    }
    assert_eq!(call.await.unwrap(), Ok(7));
}

/// On a real clock, whose deadlines lie in lists: the look that the first call needed comes after an hour.
#[perennial::test]
async fn a_short_limit_is_kept_after_a_long_one() {
    let (server, _log) = puppet().await;
    let mut long = pin!(server.call_timeout(keep(), Some(Duration::from_secs(3600))));
    assert!(poll!(long.as_mut()).is_pending());
    let answer = |puppet: &mut Puppet, _: &mut Cx<Puppet>| {
        puppet.callers.pop().unwrap().reply(7);
        reply(())
    };
    server.call(Ask(answer)).await.unwrap();
    assert_eq!(long.await, Ok(7));
    let short = server.call_timeout(keep(), Some(Duration::from_millis(20)));
    assert_eq!(short.await, Err(CallError::Timeout));
}

#[perennial::test]
async fn a_call_is_answered_by_another_process() {
    let (server, _log) = puppet().await;
    let pass_on = AskFrom(|_: &mut Puppet, from: Caller<u32>, _: &mut Cx<Puppet>| {
        process::spawn(|_: Inbox<()>| async move { from.reply(8) });
        noreply()
    });
    assert_eq!(server.call(pass_on).await, Ok(8));
}

#[perennial::test(paused)]
async fn a_call_times_out_after_five_seconds_and_the_late_reply_vanishes() {
    let (server, _log) = puppet().await;
    let before = Node::current().now();
    assert_eq!(server.call(keep()).await, Err(CallError::Timeout));
    assert_eq!(Node::current().now() - before, Duration::from_secs(5));

    // Replying to one who has gone is no failure, and no later call sees that reply.
    let late = Tell(|puppet: &mut Puppet, _: &mut Cx<Puppet>| {
        puppet.callers.pop().expect("it was kept").reply(1);
        noreply()
    });
    server.cast(late).unwrap();
    let call = server.call(Ask(|_: &mut Puppet, _: &mut Cx<Puppet>| reply(2)));
    assert_eq!(call.await, Ok(2));
}

#[perennial::test(paused)]
async fn a_call_without_a_limit_waits() {
    let (server, _log) = puppet().await;
    let call = pin!(server.call_timeout(keep(), None));
    let mut call = call;
    assert!(poll!(call.as_mut()).is_pending());
    time::sleep(Duration::from_secs(3600)).await;
    let answer = Tell(|puppet: &mut Puppet, _: &mut Cx<Puppet>| {
        puppet.callers.pop().expect("it was kept").reply(3);
        noreply()
    });
    server.cast(answer).unwrap();
    assert_eq!(call.await, Ok(3));
}

#[perennial::test(paused)]
async fn a_server_says_how_long_a_call_waits() {
    struct Patient(Vec<Caller<()>>);
    impl GenServer for Patient {
        type Args = ();
        const CALL_TIMEOUT: Option<Duration> = Some(Duration::from_secs(3600));
        async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
            Ok(Self(Vec::new()))
        }
    }
    impl HandleCallFrom<()> for Patient {
        type Reply = ();
        async fn handle_call_from(&mut self, _: (), from: Caller<()>, _: &mut Cx<Self>) -> NoReply {
            self.0.push(from);
            noreply()
        }
    }
    let server = gen_server::start::<Patient>((), ()).await.unwrap().server::<Patient>().unwrap();
    let begun = Node::current().now();
    assert_eq!(server.call(()).await, Err(CallError::Timeout));
    assert_eq!(Node::current().now() - begun, Duration::from_secs(3600));
}

#[perennial::test(paused)]
async fn a_reply_that_is_there_at_the_time_out_wins() {
    let (server, _log) = puppet().await;
    let second = Duration::from_secs(1);
    let mut call = pin!(server.call_timeout(keep(), Some(second)));
    assert!(poll!(call.as_mut()).is_pending());
    let answer = Ask(|puppet: &mut Puppet, _: &mut Cx<Puppet>| {
        puppet.callers.pop().expect("it was kept").reply(4);
        reply(())
    });
    // Both happen before the caller looks: the reply, and the end of its time.
    time::sleep(2 * second).await;
    server.call(answer).await.unwrap();
    assert_eq!(poll!(call.as_mut()), Poll::Ready(Ok(4)));
}

#[perennial::test]
async fn a_caller_gets_the_reason_also_normal() {
    for reason in [ExitReason::Normal, ExitReason::Shutdown, ExitReason::other("boom")] {
        let (server, _log) = puppet().await;
        let ends_with = reason.clone();
        let call = server
            .call(Ask(move |_: &mut Puppet, _: &mut Cx<Puppet>| stop::<gen_server::Replied<()>>(ends_with)));
        assert_eq!(call.await, Err(CallError::Exit(reason)));
    }
}

#[perennial::test]
async fn a_caller_gets_the_reason_also_killed() {
    let (server, _log) = puppet().await;
    let _held = hold(&server).await;
    let mut call = pin!(server.call(keep()));
    assert!(poll!(call.as_mut()).is_pending());
    process::kill(server.pid());
    assert_eq!(call.await, Err(CallError::Exit(ExitReason::Killed)));
}

#[perennial::test]
async fn a_server_cannot_call_itself() {
    struct CallSelf;
    impl HandleCall<CallSelf> for Puppet {
        type Reply = (Result<(), CallError>, Result<(), CallError>);
        async fn handle_call(&mut self, _: CallSelf, cx: &mut Cx<Self>) -> Reply<Self::Reply> {
            let me = cx.me().clone();
            let called = me.call(Ask(|_: &mut Puppet, _: &mut Cx<Puppet>| reply(()))).await;
            reply((called, me.stop(ExitReason::Normal).await))
        }
    }
    let (server, _log) = puppet().await;
    let myself = Err(CallError::CallingSelf);
    assert_eq!(server.call(CallSelf).await, Ok((myself.clone(), myself)));
}

#[perennial::test]
async fn calls_to_a_const_are_joined_and_spawned() {
    const NAME: Name<Puppet> = Name::new("puppet");
    let (script, _log) = crate::puppet::script(|_| Ok(()));
    gen_server::start(script, NAME).await.unwrap();
    let one = || Ask(|_: &mut Puppet, _: &mut Cx<Puppet>| reply(1));
    let both = tokio::join!(NAME.call(one()), NAME.call(one()));
    assert_eq!(both, (Ok(1), Ok(1)));
    let spawned = tokio::spawn(NAME.call(one()));
    assert_eq!(spawned.await.unwrap(), Ok(1));
    let stopped = tokio::spawn(NAME.stop(ExitReason::Normal));
    assert_eq!(stopped.await.unwrap(), Ok(()));
}

#[perennial::test]
async fn the_dead_are_called_with_no_proc_and_cast_to_with_ok() {
    const NOBODY: Name<Puppet> = Name::new("nobody");
    assert_eq!(NOBODY.call(keep()).await, Err(CallError::NoProc));
    assert_eq!(NOBODY.cast(1_u32), Ok::<(), CastError<u32>>(()));
    NOBODY.send(1_u32);
    assert_eq!(NOBODY.whereis(), None);

    let (server, _log) = puppet().await;
    server.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(server.call(keep()).await, Err(CallError::NoProc));
    assert_eq!(server.cast(1_u32), Ok(()));
    server.send(1_u32);
    assert_eq!(server.whereis(), None);
}

#[perennial::test]
async fn a_name_of_a_server_of_another_type_is_the_wrong_server() {
    struct Other;
    impl GenServer for Other {
        type Args = ();
        async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
            Ok(Self)
        }
    }
    let pid = gen_server::start::<Other>((), Name::new("taken")).await.unwrap();
    let name: Name<Puppet> = Name::new("taken");
    assert_eq!(name.call(keep()).await, Err(CallError::WrongServer));
    assert_eq!(name.stop(ExitReason::Normal).await, Err(CallError::WrongServer));
    assert_eq!(name.cast(1_u32), Ok(()));
    assert_eq!(pid.server::<Puppet>(), None);
    assert!(process::is_alive(pid));
}

#[perennial::test]
async fn a_call_that_is_dropped_before_its_first_poll_does_nothing() {
    let (server, log) = puppet().await;
    drop(server.call(Ask(|puppet: &mut Puppet, _: &mut Cx<Puppet>| {
        puppet.sees(Seen::Cast(1));
        reply(())
    })));
    barrier(&server).await;
    assert!(log.is_empty());
}

#[perennial::test]
async fn a_call_that_is_dropped_after_its_first_poll_is_served() {
    let (server, mut log) = puppet().await;
    Node::current().set_inline_calls(false);
    {
        let mut call = pin!(server.call(Ask(|puppet: &mut Puppet, _: &mut Cx<Puppet>| {
            puppet.sees(Seen::Cast(1));
            reply(())
        })));
        assert!(poll!(call.as_mut()).is_pending());
    }
    assert_eq!(log.next().await, Seen::Cast(1));
}

#[perennial::test]
async fn many_calls_leave_nothing() {
    let (server, _log) = puppet().await;
    let value = Arc::new(());
    for _ in 0..100_000 {
        let sent = value.clone();
        server.call(Ask(move |_: &mut Puppet, _: &mut Cx<Puppet>| reply(sent))).await.unwrap();
    }
    assert_eq!(Arc::strong_count(&value), 1);
    let info = process::info(server.pid()).unwrap();
    assert_eq!((info.mailbox_len, info.messages), (0, 100_000));
    assert_eq!(info.monitored_by, 0);
}

#[perennial::test]
async fn a_reply_is_found_at_once_however_long_the_mailbox() {
    let (caller, _log) = puppet().await;
    let (server, _other_log) = puppet().await;
    struct CallThe(ServerRef<Puppet>);
    impl HandleCall<CallThe> for Puppet {
        type Reply = u64;
        async fn handle_call(&mut self, CallThe(server): CallThe, cx: &mut Cx<Self>) -> Reply<u64> {
            let me = cx.me().clone();
            (0..10_000_u32).for_each(|n| me.send(n));
            let answer = server.call(Ask(|_: &mut Puppet, _: &mut Cx<Puppet>| reply(5_u64))).await?;
            assert_eq!(process::info(cx.pid()).expect("it lives").mailbox_len, 10_000);
            reply(answer)
        }
    }
    assert_eq!(caller.call(CallThe(server)).await, Ok(5));
}

#[perennial::test]
async fn a_flooded_server_does_not_starve_others() {
    let (flooded, _log) = puppet().await;
    let (other, _other_log) = puppet().await;
    let handled = Arc::new(AtomicU32::new(0));
    for _ in 0..10_000 {
        let handled = handled.clone();
        let count = move |_: &mut Puppet, _: &mut Cx<Puppet>| {
            handled.fetch_add(1, Ordering::Relaxed);
            noreply()
        };
        flooded.cast(Tell(count)).unwrap();
    }
    barrier(&other).await;
    assert!(handled.load(Ordering::Relaxed) < 10_000);
    barrier(&flooded).await;
    assert_eq!(handled.load(Ordering::Relaxed), 10_000);
}

/// An address of a user's own: whoever was put there.
struct Slot(std::sync::Mutex<Option<ServerRef<Puppet>>>);

impl Address for Slot {
    type Server = Puppet;
    fn resolve(&self) -> Result<ServerRef<Puppet>, CallError> {
        self.0.lock().unwrap().clone().ok_or(CallError::NoProc)
    }
}

impl gen_server::Register<Puppet> for &'static Slot {
    fn register(&self, server: &ServerRef<Puppet>) -> Registered {
        *self.0.lock().unwrap() = Some(server.clone());
        Registered::Yes
    }
    fn holder(&self) -> Option<Pid> {
        self.whereis().map(|server| server.pid())
    }
}

#[perennial::test]
async fn users_write_addresses_of_their_own() {
    static SLOT: Slot = Slot(std::sync::Mutex::new(None));
    assert_eq!(SLOT.call(keep()).await, Err(CallError::NoProc));
    let (script, _log) = crate::puppet::script(|_| Ok(()));
    let pid = gen_server::start(script, &SLOT).await.unwrap();
    assert_eq!(SLOT.pid_now(), Some(pid));
    SLOT.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(reason_of(pid).await, ExitReason::NoProc);
}
