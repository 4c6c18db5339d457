//! When `terminate` runs, and what stops a server.

use crate::puppet::{
    Ask, Puppet, Seen, Tell, Told, barrier, hold, keep, parent_and_puppet, puppet, reason_of, script,
};
use futures_util::poll;
use perennial::{gen_server::Replied, prelude::*, process};
use std::{pin::pin, time::Duration};

fn boom() -> ExitReason {
    ExitReason::other("boom")
}

#[perennial::test]
async fn terminate_runs_when_a_callback_stops() {
    let (server, log) = puppet().await;
    server.cast(Tell(|_: &mut Puppet, _: &mut Cx<Puppet>| stop(boom()))).unwrap();
    assert_eq!(log.rest().await, [Seen::Terminate(boom())]);
    assert_eq!(reason_of(server.pid()).await, ExitReason::NoProc);
}

#[perennial::test]
async fn terminate_runs_when_a_callback_panics() {
    let (server, log) = puppet().await;
    let ended = process::monitor(server.pid());
    server.cast(Tell(|_: &mut Puppet, _: &mut Cx<Puppet>| panic!("no {}", 7))).unwrap();
    let reason = ended.await.reason;
    let ExitReason::Panic(report) = &reason else { panic!("{reason}") };
    assert_eq!(report.message(), "no 7");
    assert_eq!(log.rest().await, [Seen::Terminate(reason.clone())]);
}

#[perennial::test]
async fn terminate_runs_when_the_parent_of_a_trapping_server_ends() {
    let (parent, server, log) = parent_and_puppet(true).await;
    let ended = process::monitor(server.pid());
    parent.send(Told::End(ExitReason::Shutdown)).ok().unwrap();
    assert_eq!(ended.await.reason, ExitReason::Shutdown);
    assert_eq!(log.rest().await, [Seen::Terminate(ExitReason::Shutdown)]);
}

#[perennial::test]
async fn terminate_runs_at_stop() {
    let (server, log) = puppet().await;
    assert_eq!(server.stop(boom()).await, Ok(()));
    assert_eq!(log.rest().await, [Seen::Terminate(boom())]);
}

#[perennial::test]
async fn terminate_does_not_run_at_a_kill() {
    for trap in [false, true] {
        let (_parent, server, log) = parent_and_puppet(trap).await;
        let ended = process::monitor(server.pid());
        process::kill(server.pid());
        assert_eq!(ended.await.reason, ExitReason::Killed);
        assert_eq!(log.rest().await, []);
    }
}

#[perennial::test]
async fn a_server_that_kills_itself_handles_no_more_in_the_same_poll() {
    let (server, log) = puppet().await;
    server
        .cast(Tell(|_: &mut Puppet, cx: &mut Cx<Puppet>| {
            cx.me().cast(1_u32)?;
            process::kill(cx.pid());
            noreply()
        }))
        .unwrap();
    assert_eq!(log.rest().await, []);
}

#[perennial::test]
async fn terminate_does_not_run_at_an_exit_signal_that_is_not_trapped() {
    let (parent, server, log) = parent_and_puppet(false).await;
    let ended = process::monitor(server.pid());
    parent.send(Told::Send(ExitReason::Shutdown)).ok().unwrap();
    assert_eq!(ended.await.reason, ExitReason::Shutdown);
    assert_eq!(log.rest().await, []);
}

#[perennial::test]
async fn terminate_does_not_run_when_init_fails() {
    let failures: [fn() -> Result<(), InitError>; 4] = [
        || Err(InitError::Stop(boom())),
        || Err(InitError::Error(boom())),
        || Err(InitError::Ignore),
        || panic!("in init"),
    ];
    for failure in failures {
        let (script, log) = script(move |_| failure());
        gen_server::start::<Puppet>(script, ()).await.unwrap_err();
        assert_eq!(log.rest().await, []);
    }
}

#[perennial::test]
async fn terminate_runs_when_a_handler_exits_from_within() {
    let (server, log) = puppet().await;
    let call = server.call(Ask(|_: &mut Puppet, _: &mut Cx<Puppet>| -> Reply<()> {
        fn deep_down() -> ! {
            process::exit_self(ExitReason::Normal)
        }
        deep_down()
    }));
    assert_eq!(call.await, Err(CallError::Exit(ExitReason::Normal)));
    assert_eq!(log.rest().await, [Seen::Terminate(ExitReason::Normal)]);
}

#[perennial::test]
async fn a_server_is_alive_while_it_terminates() {
    let (server, _log) = puppet().await;
    let look = Ask(|puppet: &mut Puppet, _: &mut Cx<Puppet>| {
        puppet.on_terminate = Box::new(|cx| match process::is_alive(cx.pid()) {
            true => Err(ExitReason::other("alive")),
            false => Ok(()),
        });
        reply(())
    });
    server.call(look).await.unwrap();
    let stopped = server.stop(ExitReason::Normal).await;
    assert_eq!(stopped, Err(CallError::Exit(ExitReason::other("alive"))));
    assert!(!process::is_alive(server.pid()));
}

#[perennial::test]
async fn terminate_sees_the_state_as_a_callback_that_panicked_left_it() {
    let (server, _log) = puppet().await;
    let ended = process::monitor(server.pid());
    let half = Tell(|puppet: &mut Puppet, _: &mut Cx<Puppet>| -> NoReply {
        puppet.on_terminate = Box::new(|_| Err(ExitReason::other("left half done")));
        panic!("in the middle");
    });
    server.cast(half).unwrap();
    assert_eq!(ended.await.reason, ExitReason::other("left half done"));
}

#[perennial::test]
async fn an_error_of_terminate_replaces_the_reason() {
    let (server, _log) = puppet().await;
    let refuse = Ask(|puppet: &mut Puppet, _: &mut Cx<Puppet>| {
        puppet.on_terminate = Box::new(|_| Err(ExitReason::other("not so fast")));
        reply(())
    });
    server.call(refuse).await.unwrap();
    let stopped = server.stop(ExitReason::Normal).await;
    assert_eq!(stopped, Err(CallError::Exit(ExitReason::other("not so fast"))));
}

#[perennial::test]
async fn a_panic_of_terminate_replaces_the_reason() {
    let (server, _log) = puppet().await;
    let panics = Ask(|puppet: &mut Puppet, _: &mut Cx<Puppet>| {
        puppet.on_terminate = Box::new(|_| panic!("in terminate"));
        reply(())
    });
    server.call(panics).await.unwrap();
    let Err(CallError::Exit(ExitReason::Panic(report))) = server.stop(ExitReason::Normal).await else {
        panic!("it panics")
    };
    assert_eq!(report.message(), "in terminate");
}

#[perennial::test]
async fn stop_reply_terminates_before_it_replies_and_the_name_is_free_by_then() {
    const NAME: Name<Puppet> = Name::new("puppet");
    let (script, mut log) = script(|_| Ok(()));
    gen_server::start(script, NAME).await.unwrap();
    let bye = Ask(|_: &mut Puppet, _: &mut Cx<Puppet>| stop_reply(boom(), "bye"));
    assert_eq!(NAME.call(bye).await, Ok("bye"));
    assert_eq!(NAME.whereis(), None);
    assert_eq!(process::whereis("puppet"), None);
    assert_eq!(log.next().await, Seen::Terminate(boom()));
}

#[perennial::test]
async fn stop_reply_replies_also_if_terminate_fails() {
    let (server, _log) = puppet().await;
    let ended = process::monitor(server.pid());
    let call = server.call(Ask(|puppet: &mut Puppet, _: &mut Cx<Puppet>| {
        puppet.on_terminate = Box::new(|_| Err(boom()));
        stop_reply(ExitReason::Normal, 1)
    }));
    assert_eq!(call.await, Ok(1));
    assert_eq!(ended.await.reason, boom());
}

#[perennial::test]
async fn stop_reply_does_not_reply_if_the_server_is_killed_in_terminate() {
    let (server, _log) = puppet().await;
    let call = server.call(Ask(|puppet: &mut Puppet, _: &mut Cx<Puppet>| {
        puppet.on_terminate = Box::new(|cx| {
            process::kill(cx.pid());
            Ok(())
        });
        stop_reply(ExitReason::Normal, 1)
    }));
    assert_eq!(call.await, Err(CallError::Exit(ExitReason::Killed)));
}

#[perennial::test]
async fn a_stop_without_a_reply_gives_the_caller_the_reason() {
    let (server, log) = puppet().await;
    let call =
        server.call(Ask(|_: &mut Puppet, _: &mut Cx<Puppet>| stop::<Replied<()>>(ExitReason::Shutdown)));
    assert_eq!(call.await, Err(CallError::Exit(ExitReason::Shutdown)));
    assert_eq!(log.rest().await, [Seen::Terminate(ExitReason::Shutdown)]);
}

#[perennial::test]
async fn stop_handles_what_came_before() {
    let (server, log) = puppet().await;
    let held = hold(&server).await;
    server.cast(1_u32).unwrap();
    let mut stopping = pin!(server.stop(ExitReason::Normal));
    assert!(poll!(stopping.as_mut()).is_pending());
    server.cast(2_u32).unwrap();
    drop(held);
    assert_eq!(stopping.await, Ok(()));
    assert_eq!(log.rest().await, [Seen::Cast(1), Seen::Terminate(ExitReason::Normal)]);
}

#[perennial::test]
async fn stop_fails_if_the_server_ends_with_another_reason() {
    let (server, _log) = puppet().await;
    let _held = hold(&server).await;
    let mut stopping = pin!(server.stop(ExitReason::Normal));
    assert!(poll!(stopping.as_mut()).is_pending());
    process::kill(server.pid());
    assert_eq!(stopping.await, Err(CallError::Exit(ExitReason::Killed)));
    assert_eq!(server.stop(ExitReason::Normal).await, Err(CallError::NoProc));
}

#[perennial::test(paused)]
async fn stop_with_a_limit_gives_up_waiting_and_the_server_still_ends() {
    let (server, _log) = puppet().await;
    let ended = process::monitor(server.pid());
    let held = hold(&server).await;
    let stopped = server.stop_timeout(boom(), Some(Duration::from_secs(1))).await;
    assert_eq!(stopped, Err(CallError::Timeout));
    drop(held);
    assert_eq!(ended.await.reason, boom());
}

#[perennial::test]
async fn a_stop_with_an_abnormal_reason_reaches_links() {
    let (parent, server, _log) = parent_and_puppet(false).await;
    let (other, other_log) = puppet().await;
    let ended = process::monitor(other.pid());
    let link = server.pid();
    other
        .call(Ask(move |_: &mut Puppet, _: &mut Cx<Puppet>| reply(process::link(link))))
        .await
        .unwrap()
        .unwrap();
    server.stop(boom()).await.unwrap();
    assert_eq!(ended.await.reason, boom());
    assert_eq!(other_log.rest().await, []);
    // The parent traps exits.
    assert!(process::is_alive(parent.pid()));
}

#[perennial::test]
async fn the_state_is_dropped_before_anybody_hears_of_the_end() {
    let (server, log) = puppet().await;
    let mut call = pin!(server.call(keep()));
    assert!(poll!(call.as_mut()).is_pending());
    let call_two = server.call(Ask(|_: &mut Puppet, _: &mut Cx<Puppet>| stop::<Replied<()>>(boom())));
    assert_eq!(call_two.await, Err(CallError::Exit(boom())));
    // The log of a puppet ends when its state is dropped; nothing is awaited here.
    let rest = poll!(pin!(log.rest()));
    assert_eq!(rest, std::task::Poll::Ready(vec![Seen::Terminate(boom())]));
    assert_eq!(call.await, Err(CallError::Exit(boom())));
}

#[perennial::test]
async fn a_panic_in_a_drop_of_the_state_leaves_the_reason() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }
    impl GenServer for Bad {
        type Args = ();
        async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
            Ok(Self)
        }
    }
    let pid = gen_server::start::<Bad>((), ()).await.unwrap();
    assert_eq!(pid.server::<Bad>().unwrap().stop(ExitReason::Shutdown).await, Ok(()));
}

#[perennial::test]
async fn a_name_is_free_when_the_end_is_known_and_the_next_server_gets_it() {
    const NAME: Name<Puppet> = Name::new("puppet");
    for _ in 0..100 {
        let (script, _log) = script(|_| Ok(()));
        let pid = gen_server::start(script, NAME).await.unwrap();
        let ended = process::monitor(pid);
        process::kill(pid);
        ended.await;
    }
    let (server, _log) = puppet().await;
    barrier(&server).await;
}
