//! What becomes of a caller whose `Caller` is dropped, or whose server ends.

use crate::puppet::{Ask, AskFrom, Puppet, Tell, barrier, keep, puppet};
use futures_util::poll;
use perennial::{prelude::*, process};
use std::{
    future::Future,
    pin::pin,
    sync::{Arc, mpsc},
    task::{Context, Wake, Waker},
};
use tokio::sync::oneshot;

#[perennial::test]
async fn a_caller_dropped_by_a_living_server_gets_no_reply() {
    let (server, _log) = puppet().await;
    let forget = AskFrom(|_: &mut Puppet, _: Caller<u32>, _: &mut Cx<Puppet>| noreply());
    assert_eq!(server.call_timeout(forget, None).await, Err(CallError::NoReply));
    barrier(&server).await;
}

#[perennial::test]
async fn a_caller_that_was_kept_and_then_dropped_gets_no_reply() {
    let (server, _log) = puppet().await;
    let mut call = pin!(server.call_timeout(keep(), None));
    assert!(poll!(call.as_mut()).is_pending());
    let forget = Tell(|puppet: &mut Puppet, _: &mut Cx<Puppet>| {
        puppet.callers.clear();
        noreply()
    });
    server.cast(forget).unwrap();
    assert_eq!(call.await, Err(CallError::NoReply));
}

#[perennial::test]
async fn a_caller_dropped_by_another_process_gets_no_reply() {
    let (server, _log) = puppet().await;
    let pass_on = AskFrom(|_: &mut Puppet, from: Caller<u32>, _: &mut Cx<Puppet>| {
        process::spawn(|_: Inbox<()>| async move { drop(from) });
        noreply()
    });
    assert_eq!(server.call_timeout(pass_on, None).await, Err(CallError::NoReply));
    barrier(&server).await;
}

#[perennial::test]
async fn a_caller_dropped_in_a_callback_that_stops_gets_the_reason() {
    let (server, _log) = puppet().await;
    let forget_and_stop =
        AskFrom(|_: &mut Puppet, _: Caller<u32>, _: &mut Cx<Puppet>| stop(ExitReason::other("boom")));
    let boom = Err(CallError::Exit(ExitReason::other("boom")));
    assert_eq!(server.call_timeout(forget_and_stop, None).await, boom);
}

#[perennial::test]
async fn a_kept_caller_of_a_server_that_ends_gets_the_reason() {
    let (server, _log) = puppet().await;
    let mut call = pin!(server.call_timeout(keep(), None));
    assert!(poll!(call.as_mut()).is_pending());
    server.stop(ExitReason::Shutdown).await.unwrap();
    assert_eq!(call.await, Err(CallError::Exit(ExitReason::Shutdown)));
}

#[perennial::test]
async fn a_caller_held_elsewhere_gets_the_reason_when_the_server_ends() {
    let (server, _log) = puppet().await;
    let (elsewhere, held) = mpsc::channel();
    let pass_on = AskFrom(move |_: &mut Puppet, from: Caller<u32>, _: &mut Cx<Puppet>| {
        elsewhere.send(from).expect("the test lives");
        noreply()
    });
    let mut call = pin!(server.call_timeout(pass_on, None));
    assert!(poll!(call.as_mut()).is_pending());
    server.stop(ExitReason::Shutdown).await.unwrap();
    assert_eq!(call.await, Err(CallError::Exit(ExitReason::Shutdown)));
    // Whoever has it may still reply; nobody hears it.
    held.recv().unwrap().reply(1);
}

#[perennial::test]
async fn a_caller_held_elsewhere_gets_the_reason_when_the_callback_panics() {
    let (server, _log) = puppet().await;
    let (elsewhere, held) = mpsc::channel();
    let pass_on = AskFrom(move |_: &mut Puppet, from: Caller<u32>, _: &mut Cx<Puppet>| -> NoReply {
        elsewhere.send(from).expect("the test lives");
        panic!("after the caller was passed on");
    });
    let answer = server.call_timeout(pass_on, None).await;
    assert!(matches!(answer, Err(CallError::Exit(ExitReason::Panic(_)))), "{answer:?}");
    drop(held);
}

#[perennial::test]
async fn a_caller_held_elsewhere_gets_the_reason_when_the_callback_is_killed() {
    struct PassOn {
        to: mpsc::Sender<Caller<u32>>,
        passed: oneshot::Sender<()>,
    }
    impl HandleCallFrom<PassOn> for Puppet {
        type Reply = u32;
        async fn handle_call_from(
            &mut self,
            message: PassOn,
            from: Caller<u32>,
            _: &mut Cx<Self>,
        ) -> NoReply {
            message.to.send(from).expect("the test lives");
            message.passed.send(()).expect("the test waits");
            std::future::pending().await
        }
    }
    let (server, _log) = puppet().await;
    let (to, held) = mpsc::channel();
    let (passed, was_passed) = oneshot::channel();
    let mut call = pin!(server.call_timeout(PassOn { to, passed }, None));
    assert!(poll!(call.as_mut()).is_pending());
    was_passed.await.unwrap();
    process::kill(server.pid());
    assert_eq!(call.await, Err(CallError::Exit(ExitReason::Killed)));
    drop(held);
}

#[perennial::test]
async fn who_waits_in_the_mailbox_of_a_server_that_ends_gets_the_reason() {
    let (server, _log) = puppet().await;
    let held = crate::puppet::hold(&server).await;
    let stop_it = Tell(|_: &mut Puppet, _: &mut Cx<Puppet>| stop(ExitReason::other("boom")));
    server.cast(stop_it).unwrap();
    let mut call = pin!(server.call_timeout(keep(), None));
    assert!(poll!(call.as_mut()).is_pending());
    drop(held);
    assert_eq!(call.await, Err(CallError::Exit(ExitReason::other("boom"))));
}

#[perennial::test]
async fn a_caller_knows_who_called() {
    let (server, _log) = puppet().await;
    let who = || {
        AskFrom(|_: &mut Puppet, from: Caller<u32>, _: &mut Cx<Puppet>| {
            let is_process = from.pid().is_some();
            from.reply(u32::from(is_process));
            noreply()
        })
    };
    let task = tokio::spawn({
        let server = server.clone();
        async move { server.call(who()).await }
    });
    assert_eq!(task.await.unwrap(), Ok(0));
    let (tell, told) = oneshot::channel();
    process::spawn(|_: Inbox<()>| async move {
        tell.send(server.call(who()).await).expect("the test waits");
    });
    assert_eq!(told.await.unwrap(), Ok(1));
}

#[perennial::test]
async fn a_caller_whose_waker_panics_harms_neither_the_server_nor_other_callers() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("in wake");
        }
    }
    let (server, _log) = puppet().await;
    let mut bad = pin!(server.call(keep()));
    let waker = Waker::from(Arc::new(Panics));
    assert!(bad.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let mut good = pin!(server.call(keep()));
    assert!(poll!(good.as_mut()).is_pending());
    let drops_both = |puppet: &mut Puppet, _: &mut Cx<Puppet>| {
        puppet.callers.clear();
        reply(())
    };
    assert_eq!(server.call(Ask(drops_both)).await, Ok(()));
    assert_eq!(good.await, Err(CallError::NoReply));
    assert_eq!(server.call(Ask(|_: &mut Puppet, _: &mut Cx<Puppet>| reply(()))).await, Ok(()));
}
