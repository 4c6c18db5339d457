//! Exit signals at a server, and what its parent's end does.

use crate::puppet::{Ask, Puppet, Seen, Told, barrier, hold, parent_and_puppet, puppet, reason_of};
use perennial::{prelude::*, process};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Wake, Waker},
};
use tokio::sync::oneshot;

fn boom() -> ExitReason {
    ExitReason::other("boom")
}

#[perennial::test]
async fn the_end_of_the_parent_ends_a_trapping_server_also_with_normal() {
    for reason in [ExitReason::Normal, ExitReason::Shutdown, boom()] {
        let (parent, server, log) = parent_and_puppet(true).await;
        let ended = process::monitor(server.pid());
        parent.send(Told::End(reason.clone())).ok().unwrap();
        assert_eq!(ended.await.reason, reason);
        // `handle_info` was not asked.
        assert_eq!(log.rest().await, [Seen::Terminate(reason)]);
    }
}

#[perennial::test]
async fn a_signal_of_the_parent_ends_a_trapping_server_also_with_normal() {
    let (parent, server, log) = parent_and_puppet(true).await;
    let ended = process::monitor(server.pid());
    parent.send(Told::Send(ExitReason::Normal)).ok().unwrap();
    assert_eq!(ended.await.reason, ExitReason::Normal);
    assert_eq!(log.rest().await, [Seen::Terminate(ExitReason::Normal)]);
}

#[perennial::test]
async fn a_server_that_does_not_trap_survives_the_normal_end_of_its_parent() {
    let (parent, server, log) = parent_and_puppet(false).await;
    parent.send(Told::End(ExitReason::Normal)).ok().unwrap();
    reason_of(parent.pid()).await;
    barrier(&server).await;
    assert_eq!(process::links(server.pid()), []);
    assert!(log.is_empty());
}

#[perennial::test]
async fn an_exit_of_another_process_goes_to_handle_info() {
    let (_parent, server, mut log) = parent_and_puppet(true).await;
    for reason in [ExitReason::Normal, boom()] {
        let sender = process::spawn({
            let (pid, reason) = (server.pid(), reason.clone());
            move |_: Inbox<()>| async move { process::exit(pid, reason) }
        });
        assert_eq!(log.next().await, Seen::Exit(sender, reason));
    }
    barrier(&server).await;
}

#[perennial::test]
async fn the_end_of_a_linked_child_goes_to_handle_info() {
    let (_parent, server, mut log) = parent_and_puppet(true).await;
    let spawn = Ask(|_: &mut Puppet, _: &mut Cx<Puppet>| {
        reply(process::spawn_link(|_: Inbox<()>| async { ExitReason::other("boom") }))
    });
    let child = server.call(spawn).await.unwrap();
    assert_eq!(log.next().await, Seen::Exit(child, boom()));
    barrier(&server).await;
}

#[perennial::test]
async fn a_server_whose_handler_waits_is_ended_by_an_untrapped_exit_at_once() {
    let (server, log) = puppet().await;
    let ended = process::monitor(server.pid());
    let _held = hold(&server).await;
    process::exit(server.pid(), ExitReason::Shutdown);
    assert_eq!(ended.await.reason, ExitReason::Shutdown);
    assert_eq!(log.rest().await, []);
}

#[perennial::test]
async fn a_trapped_exit_waits_until_the_handler_is_done() {
    let (parent, server, log) = parent_and_puppet(true).await;
    let ended = process::monitor(server.pid());
    let held = hold(&server).await;
    server.cast(1_u32).unwrap();
    parent.send(Told::Send(ExitReason::Shutdown)).ok().unwrap();
    while process::info(server.pid()).unwrap().mailbox_len < 2 {
        tokio::task::yield_now().await;
    }
    drop(held);
    assert_eq!(ended.await.reason, ExitReason::Shutdown);
    assert_eq!(log.rest().await, [Seen::Cast(1), Seen::Terminate(ExitReason::Shutdown)]);
}

/// A cast that takes forever, unless the server is asked to end.
struct Long {
    begun: oneshot::Sender<()>,
}

impl HandleCast<Long> for Puppet {
    async fn handle_cast(&mut self, Long { begun }: Long, cx: &mut Cx<Self>) -> NoReply {
        begun.send(()).expect("the test waits");
        tokio::select! {
            () = cx.shutdown_requested() => self.sees(Seen::Info(1)),
            () = std::future::pending() => {}
        }
        noreply()
    }
}

#[perennial::test]
async fn a_long_handler_hears_that_the_parent_asks_it_to_end() {
    let (parent, server, log) = parent_and_puppet(true).await;
    let ended = process::monitor(server.pid());
    let (begun, has_begun) = oneshot::channel();
    server.cast(Long { begun }).unwrap();
    has_begun.await.unwrap();
    parent.send(Told::Send(ExitReason::Shutdown)).ok().unwrap();
    assert_eq!(ended.await.reason, ExitReason::Shutdown);
    assert_eq!(log.rest().await, [Seen::Info(1), Seen::Terminate(ExitReason::Shutdown)]);
}

/// Spawns a plain task that waits until the server is asked to end.
fn helper(tell: oneshot::Sender<()>) -> Ask<impl FnOnce(&mut Puppet, &mut Cx<Puppet>) -> Reply<()> + Send> {
    Ask(move |_: &mut Puppet, cx: &mut Cx<Puppet>| {
        let asked = cx.shutdown_requested();
        tokio::spawn(async move {
            asked.await;
            tell.send(())
        });
        reply(())
    })
}

#[perennial::test]
async fn a_helper_task_hears_that_its_server_is_asked_to_end_or_ends() {
    let (parent, server, log) = parent_and_puppet(true).await;
    let (tell, told) = oneshot::channel();
    server.call(helper(tell)).await.unwrap();
    let held = hold(&server).await;
    parent.send(Told::Send(ExitReason::Shutdown)).ok().unwrap();
    told.await.unwrap();
    drop(held);
    assert_eq!(log.rest().await, [Seen::Terminate(ExitReason::Shutdown)]);

    let (server, _log) = puppet().await;
    let (tell, told) = oneshot::channel();
    server.call(helper(tell)).await.unwrap();
    // The task waits by now.
    tokio::task::yield_now().await;
    process::kill(server.pid());
    told.await.unwrap();
}

type Asked = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The future that waits until the server is asked to end.
fn asked() -> Ask<impl FnOnce(&mut Puppet, &mut Cx<Puppet>) -> Reply<Asked>> {
    Ask(|_: &mut Puppet, cx: &mut Cx<Puppet>| reply(Box::pin(cx.shutdown_requested()) as _))
}

#[perennial::test]
async fn a_helper_that_panics_when_it_is_woken_harms_neither_the_server_nor_who_asks_or_is_told() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("in wake");
        }
    }
    let waker = Waker::from(Arc::new(Panics));
    for is_asked in [true, false] {
        let (parent, server, _log) = parent_and_puppet(true).await;
        let mut asked = server.call(asked()).await.unwrap();
        assert!(asked.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let (ended, parent_ended) = (process::monitor(server.pid()), process::monitor(parent.pid()));
        let reason = if is_asked {
            parent.send(Told::Send(ExitReason::Shutdown)).ok().unwrap();
            ExitReason::Shutdown
        } else {
            process::kill(server.pid());
            ExitReason::Killed
        };
        assert_eq!(ended.await.reason, reason);
        parent.send(Told::End(boom())).ok().unwrap();
        assert_eq!(parent_ended.await.reason, boom());
    }
}

#[perennial::test]
async fn trapping_can_be_switched() {
    let (_parent, server, _log) = parent_and_puppet(true).await;
    let switch = |trap| Ask(move |_: &mut Puppet, cx: &mut Cx<Puppet>| reply(cx.set_trap_exit(trap)));
    assert_eq!(server.call(switch(false)).await, Ok(true));
    assert_eq!(server.call(switch(true)).await, Ok(false));
    assert!(process::info(server.pid()).unwrap().trap_exit);
}
