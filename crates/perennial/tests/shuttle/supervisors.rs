//! A static supervisor, its children, and those who do something to them.

use crate::orders::{A, B, Echo, Fail, Worker, all, child, in_many_orders, meanwhile};
use perennial::{
    prelude::*,
    process::Monitor,
    supervisor::{ChildState, Options, RestartChildError, TerminateChildError},
};

const TOP: Name<Supervisor> = Name::new("top");

/// Starts a supervisor of `a` and `b`; returns who tells of its end.
async fn start(strategy: Strategy, max_restarts: u32) -> Monitor {
    let options = Options { name: Some(TOP), strategy, max_restarts, ..Options::default() };
    let children = [child(A, Restart::Permanent), child(B, Restart::Permanent)];
    let top = Supervisor::start_link(children, options).await.unwrap();
    process::monitor(top)
}

fn crash(name: Name<Worker>) -> Monitor {
    meanwhile(async move { name.cast(Fail).unwrap() })
}

fn kill(name: Name<Worker>) -> Monitor {
    meanwhile(async move {
        if let Some(pid) = name.pid_now() {
            process::kill(pid);
        }
    })
}

/// Stops the supervisor; it may have given up before.
fn stop_top() -> Monitor {
    meanwhile(async {
        let stopped = TOP.stop(ExitReason::Shutdown).await;
        let ok = [Ok(()), Err(CallError::NoProc), Err(CallError::Exit(ExitReason::Shutdown))];
        assert!(ok.contains(&stopped), "{stopped:?}");
    })
}

async fn run_both() {
    let children = Supervisor::which_children(&TOP).await.unwrap();
    assert_eq!(children.len(), 2);
    for child in children {
        let ChildState::Running(pid) = child.state else { panic!("{child:?}") };
        assert!(process::is_alive(pid));
    }
}

#[test]
fn children_that_crash_while_their_supervisor_is_stopped() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        in_many_orders(move || async move {
            let top = start(strategy, 10).await;
            all([crash(A), stop_top(), crash(B)]).await;
            assert_eq!(top.await.reason, ExitReason::Shutdown);
            // Its children have ended before it, so their names are free.
            assert!(process::whereis("a").is_none() && process::whereis("b").is_none());
        });
    }
}

#[test]
fn children_that_crash_at_the_same_time_are_all_back() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        in_many_orders(move || async move {
            let _top = start(strategy, 10).await;
            all([crash(A), kill(B), crash(B)]).await;
            Node::current().settled().await;
            run_both().await;
        });
    }
}

#[test]
fn a_supervisor_that_gives_up_while_it_is_stopped_ends_once_with_all_its_children() {
    in_many_orders(|| async {
        let top = start(Strategy::OneForOne, 1).await;
        all([crash(A), crash(B), stop_top(), kill(A)]).await;
        assert_eq!(top.await.reason, ExitReason::Shutdown);
        assert!(process::whereis("a").is_none() && process::whereis("b").is_none());
    });
}

#[test]
fn a_child_that_is_terminated_while_it_crashes_stays_down_until_it_is_restarted() {
    in_many_orders(|| async {
        let _top = start(Strategy::OneForOne, 10).await;
        let terminate = meanwhile(async {
            Supervisor::terminate_child(&TOP, "a").await.unwrap();
            assert_eq!(process::whereis("a"), None);
            let a = Supervisor::restart_child(&TOP, "a").await.unwrap();
            assert_ne!(process::whereis("a").unwrap_or(a), TOP.pid_now().unwrap());
        });
        all([kill(A), terminate, crash(A)]).await;
        Node::current().settled().await;
        run_both().await;
    });
}

#[test]
fn two_who_terminate_and_restart_one_child_both_get_an_answer() {
    in_many_orders(|| async {
        let _top = start(Strategy::OneForOne, 10).await;
        let again = || {
            meanwhile(async {
                let terminated = Supervisor::terminate_child(&TOP, "a").await;
                assert_eq!(terminated, Ok::<_, TerminateChildError>(()));
                match Supervisor::restart_child(&TOP, "a").await {
                    Ok(_) | Err(RestartChildError::Running | RestartChildError::Restarting) => {}
                    Err(error) => panic!("{error}"),
                }
            })
        };
        all([again(), crash(A), again()]).await;
        Node::current().settled().await;
    });
}

#[test]
fn a_supervisor_that_is_killed_takes_its_children_with_it() {
    in_many_orders(|| async {
        let top = start(Strategy::OneForOne, 10).await;
        let pid = TOP.pid_now().unwrap();
        all([crash(A), meanwhile(async move { process::kill(pid) }), crash(B)]).await;
        assert_eq!(top.await.reason, ExitReason::Killed);
        Node::current().settled().await;
        assert_eq!(Node::current().count_processes(), 0);
    });
}

#[test]
fn who_calls_a_child_that_is_restarted_gets_an_answer() {
    in_many_orders(|| async {
        let _top = start(Strategy::OneForAll, 10).await;
        let call = meanwhile(async {
            match A.call(Echo(7)).await {
                Ok(7) | Err(CallError::NoProc | CallError::Exit(_)) => {}
                other => panic!("{other:?}"),
            }
        });
        all([crash(B), call, crash(A)]).await;
    });
}
