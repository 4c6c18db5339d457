//! Servers are reached from anywhere: plain tasks, threads, other nodes.

use crate::puppet::{Ask, Puppet, puppet, script};
use perennial::{
    node::{Node, Time},
    prelude::*,
    process,
};
use std::thread;
use tokio::sync::oneshot;

const NAME: Name<Puppet> = Name::new("puppet");

fn pid_of_handler() -> Ask<impl FnOnce(&mut Puppet, &mut Cx<Puppet>) -> Reply<Option<Pid>> + Send + 'static> {
    Ask(|_: &mut Puppet, _: &mut Cx<Puppet>| reply(process::current()))
}

#[perennial::test]
async fn a_plain_task_calls_by_name() {
    let (script, _log) = script(|_| Ok(()));
    let pid = gen_server::start(script, NAME).await.unwrap();
    let called = tokio::spawn(async {
        assert_eq!(process::current(), None);
        NAME.call(pid_of_handler()).await
    });
    assert_eq!(called.await.unwrap(), Ok(Some(pid)));
}

#[perennial::test]
async fn a_thread_calls_and_is_blocked_meanwhile() {
    let (server, _log) = puppet().await;
    let (tell, told) = oneshot::channel();
    let pid = server.pid();
    let thread = thread::spawn(move || {
        tell.send(server.blocking_call(pid_of_handler())).expect("the test waits");
    });
    assert_eq!(told.await.unwrap(), Ok(Some(pid)));
    thread.join().unwrap();
}

#[perennial::test]
async fn a_thread_that_may_block_calls() {
    let (server, _log) = puppet().await;
    let pid = server.pid();
    let called = tokio::task::spawn_blocking(move || server.blocking_call(pid_of_handler()));
    assert_eq!(called.await.unwrap(), Ok(Some(pid)));
}

#[perennial::test]
async fn a_thread_in_a_node_calls_by_name() {
    let (script, _log) = script(|_| Ok(()));
    let pid = gen_server::start(script, NAME).await.unwrap();
    let node = Node::current();
    let (tell, told) = oneshot::channel();
    let thread = thread::spawn(move || {
        let _entered = node.enter();
        tell.send(NAME.blocking_call(pid_of_handler())).expect("the test waits");
    });
    assert_eq!(told.await.unwrap(), Ok(Some(pid)));
    thread.join().unwrap();
}

#[perennial::test]
async fn a_blocking_call_in_a_plain_task_panics_instead_of_blocking_the_runtime() {
    let (server, _log) = puppet().await;
    let task = tokio::spawn(async move { server.blocking_call(pid_of_handler()) });
    assert!(task.await.unwrap_err().is_panic());
}

#[perennial::test]
async fn a_blocking_call_in_a_process_panics_instead_of_blocking_the_runtime() {
    let (server, _log) = puppet().await;
    let (pid, ended) = process::spawn_monitor(|_: Inbox<()>| async move {
        let _ = server.blocking_call(pid_of_handler());
    });
    let reason = ended.await.reason;
    assert!(matches!(reason, ExitReason::Panic(_)), "{pid}: {reason}");
}

#[perennial::test]
async fn names_of_two_nodes_do_not_meet() {
    let (here, _log) = script(|_| Ok(()));
    let here = gen_server::start(here, NAME).await.unwrap();
    let other = Node::new(Time::Real);
    let (there, _log) = script(|_| Ok(()));
    let (tell, told) = oneshot::channel();
    {
        let _entered = other.enter();
        process::spawn(|_: Inbox<()>| async move {
            let there = gen_server::start(there, NAME).await;
            tell.send((there, NAME.pid_now())).expect("the test waits");
        });
    }
    let (there, resolved) = told.await.unwrap();
    let there = there.unwrap();
    assert_ne!(here, there);
    assert_eq!(resolved, Some(there));
    assert_eq!(NAME.pid_now(), Some(here));
    // A pid and a reference work from any node.
    let server = there.server::<Puppet>().unwrap();
    assert_eq!(server.call(pid_of_handler()).await, Ok(Some(there)));
}
