//! A dynamic supervisor, and those who start and end children under it.

use crate::orders::{A, B, Fail, Worker, all, child, in_many_orders, meanwhile};
use perennial::{
    dynamic_supervisor::{Options, StartChildError, TerminateChildError},
    prelude::*,
    process::Monitor,
};

const SUP: Name<DynamicSupervisor> = Name::new("sup");

async fn start() -> Pid {
    let options = Options { name: Some(SUP), max_restarts: 10, ..Options::default() };
    DynamicSupervisor::start_link(options).await.unwrap()
}

/// A start, which may find the name taken, or the supervisor at its end. Of a child that is restarted one only has the
/// name: the others would use up all restarts in the attempt to get it.
fn start_child(name: Name<Worker>, restart: Restart) -> Monitor {
    meanwhile(async move {
        match DynamicSupervisor::start_child(&SUP, child(name, restart)).await {
            Ok(_) | Err(StartChildError::Call(CallError::NoProc | CallError::Exit(_))) => {}
            Err(StartChildError::Start(StartError::Exit(ExitReason::Shutdown | ExitReason::Killed))) => {}
            Err(error) => assert!(error.already_started().is_some(), "{error:?}"),
        }
    })
}

fn terminate() -> Monitor {
    meanwhile(async {
        if let Some(pid) = A.pid_now() {
            match DynamicSupervisor::terminate_child(&SUP, pid).await {
                Ok(()) => assert!(!process::is_alive(pid)),
                // It has ended before, or its start was not over yet.
                Err(TerminateChildError::NotFound) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    })
}

fn crash() -> Monitor {
    meanwhile(async { A.cast(Fail).unwrap() })
}

/// What the supervisor counts is what there is.
async fn counts_are_right() {
    Node::current().settled().await;
    let counts = DynamicSupervisor::count_children(&SUP).await.unwrap();
    let children = DynamicSupervisor::which_children(&SUP).await.unwrap();
    assert_eq!(counts.active, children.len());
    assert_eq!(counts.active, [A, B].iter().filter(|name| name.pid_now().is_some()).count());
    assert_eq!(Node::current().count_processes(), 1 + counts.active);
}

#[test]
fn a_child_that_is_started_terminated_and_crashes_at_once() {
    for restart in [Restart::Temporary, Restart::Permanent] {
        in_many_orders(move || async move {
            start().await;
            let other = if restart == Restart::Temporary { A } else { B };
            let starts = [start_child(A, restart), start_child(other, restart)];
            all(starts.into_iter().chain([terminate(), crash(), terminate()])).await;
            counts_are_right().await;
        });
    }
}

#[test]
fn starts_under_a_supervisor_that_is_stopped_leave_nothing() {
    in_many_orders(|| async {
        let sup = process::monitor(start().await);
        let stop = meanwhile(async { SUP.stop(ExitReason::Shutdown).await.unwrap() });
        let start_child = |name| start_child(name, Restart::Permanent);
        all([start_child(A), stop, crash(), start_child(B)]).await;
        assert_eq!(sup.await.reason, ExitReason::Shutdown);
        Node::current().settled().await;
        assert_eq!(Node::current().count_processes(), 0);
    });
}

#[test]
fn starts_under_a_supervisor_that_is_killed_leave_nothing() {
    in_many_orders(|| async {
        let pid = start().await;
        let kill = meanwhile(async move { process::kill(pid) });
        let start_child = |name| start_child(name, Restart::Permanent);
        all([start_child(A), kill, crash(), start_child(B)]).await;
        Node::current().settled().await;
        assert_eq!(Node::current().count_processes(), 0);
    });
}

#[test]
fn a_client_that_is_killed_does_not_cancel_its_start() {
    in_many_orders(|| async {
        start().await;
        let client = process::spawn(|_: Inbox<()>| async {
            let _ = DynamicSupervisor::start_child(&SUP, child(A, Restart::Temporary)).await;
        });
        let ended = process::monitor(client);
        all([meanwhile(async move { process::kill(client) }), start_child(A, Restart::Temporary)]).await;
        ended.await;
        counts_are_right().await;
        assert!(A.pid_now().is_some());
    });
}

#[test]
fn get_or_start_gives_both_the_same_living_child() {
    in_many_orders(|| async {
        start().await;
        let get = || {
            meanwhile(async {
                let spec = child(A, Restart::Temporary);
                DynamicSupervisor::start_child_or_lookup(&SUP, spec).await.unwrap();
            })
        };
        all([get(), crash(), get()]).await;
        counts_are_right().await;
    });
}

#[test]
fn a_supervisor_that_gives_up_while_children_start_leaves_nothing() {
    in_many_orders(|| async {
        let options = Options { name: Some(SUP), max_restarts: 0, ..Options::default() };
        let sup = process::monitor(DynamicSupervisor::start_link(options).await.unwrap());
        DynamicSupervisor::start_child(&SUP, child(A, Restart::Permanent)).await.unwrap();
        all([start_child(B, Restart::Temporary), crash()]).await;
        assert_eq!(sup.await.reason, ExitReason::Shutdown);
        Node::current().settled().await;
        assert_eq!(Node::current().count_processes(), 0);
    });
}
