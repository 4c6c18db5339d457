//! Nodes: their end, the end of their runtime, and two of them side by side.

use crate::support::{Probe, idle};
use perennial::{
    exit_reason::ExitReason,
    node::{Node, Time},
    pid::Pid,
    process::{self, Exit, Inbox},
    time,
};
use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::runtime::{Builder, Runtime};

fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_current_thread().enable_all().build().unwrap(),
        Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap(),
    ]
}

fn node_on(runtime: &Runtime, time: Time) -> Node {
    let _guard = runtime.enter();
    let node = Node::new(time);
    node.bind_to_runtime();
    node
}

#[test]
fn a_dropped_runtime_ends_its_processes() {
    for runtime in runtimes() {
        let node = node_on(&runtime, Time::Real);
        let value = Arc::new(());
        let kept = value.clone();
        let (pid, ended) = runtime.block_on(async {
            let pid = process::spawn(move |_: Inbox<()>| async move {
                let _kept = kept;
                process::spawn_link(|_: Inbox<()>| pending::<()>());
                pending::<()>().await;
            });
            process::register("held", pid).unwrap();
            (pid, process::monitor(pid))
        });
        drop(runtime);
        let down = Builder::new_current_thread().build().unwrap().block_on(ended);
        assert_eq!((down.pid, down.reason), (Some(pid), ExitReason::Killed));
        assert_eq!(Arc::strong_count(&value), 1);
        assert_eq!(node.count_processes(), 0);
        assert!(node.registered().is_empty());
        assert!(!process::is_alive(pid));
    }
}

#[test]
fn a_spawn_on_a_dropped_runtime_ends_at_once() {
    for runtime in runtimes() {
        let node = node_on(&runtime, Time::Paused);
        drop(runtime);
        let _entered = node.enter();
        let pid = idle();
        assert!(!process::is_alive(pid));
        assert_eq!(node.count_processes(), 0);
    }
}

#[test]
fn nothing_holds_a_node_whose_runtime_is_gone() {
    struct Value(Arc<()>);
    for time in [Time::Real, Time::Paused] {
        for runtime in runtimes() {
            let value = Arc::new(());
            let node = node_on(&runtime, time);
            let hold = node.hold();
            runtime.block_on(async {
                for _ in 0..10 {
                    let another = value.clone();
                    let value = Value(value.clone());
                    let to = process::spawn_receiver(|inbox: Inbox<Value>| async move {
                        inbox.send_after(Duration::from_secs(3600), Value(value.0.clone()));
                        let _value = value;
                        time::sleep(Duration::from_secs(3600)).await;
                    });
                    assert!(to.send(Value(another.clone())).is_ok());
                    process::register(format!("{}", to.pid()), to.pid()).unwrap();
                }
            });
            drop(node);
            drop(runtime);
            drop(hold);
            assert_eq!(Arc::strong_count(&value), 1, "{time:?}");
        }
    }
}

#[test]
fn a_node_goes_with_its_last_process() {
    for runtime in runtimes() {
        let node = node_on(&runtime, Time::Real);
        let pid = runtime.block_on(async { idle() });
        drop(node);
        // The process keeps it.
        assert!(process::is_alive(pid));
        runtime.block_on(async {
            let ended = process::monitor(pid);
            process::kill(pid);
            ended.await;
        });
        assert!(!process::is_alive(pid));
    }
}

#[test]
fn two_nodes_do_not_collide() {
    let threads = [1, 2].map(|number: u32| {
        std::thread::spawn(move || {
            perennial::runtime::run_test(perennial::runtime::TestOptions::default().paused(), async move {
                let pid = idle();
                process::register("same name", pid).unwrap();
                time::sleep(Duration::from_secs(number.into())).await;
                assert_eq!(process::whereis("same name"), Some(pid));
                assert_eq!(Node::current().count_processes(), 1);
                assert_eq!(Node::current().now(), Duration::from_secs(number.into()));
                pid
            })
        })
    });
    let [one, two] = threads.map(|thread| thread.join().unwrap());
    assert_ne!(one, two);
}

#[test]
fn processes_of_two_nodes_may_be_linked_and_monitored() {
    for runtime in runtimes() {
        let (one, two) = (node_on(&runtime, Time::Real), node_on(&runtime, Time::Paused));
        runtime.block_on(async {
            let far = {
                let _entered = one.enter();
                idle()
            };
            assert_eq!(Node::current().count_processes(), 0, "the one that was bound last");
            let mut near = Probe::trapping().await;
            near.run(move |inbox| {
                process::link(far).unwrap();
                inbox.monitor(far)
            })
            .await;
            let near_pid = near.pid();
            assert_eq!(process::links(far), [near_pid]);
            process::exit(far, ExitReason::Shutdown);
            assert_eq!(near.down().await.reason, ExitReason::Shutdown);
            assert_eq!(near.exit().await.from, far);
            assert_eq!(two.count_processes(), 1);
        });
    }
}

#[test]
fn nodes_that_are_entered_are_left_in_order() {
    let [runtime, _] = runtimes();
    let (one, two) = (node_on(&runtime, Time::Real), node_on(&runtime, Time::Real));
    let spawn_in = |node: &Node| {
        let before = node.count_processes();
        let _pid = idle();
        node.count_processes() - before
    };
    let first = one.enter();
    let second = two.enter();
    assert_eq!(spawn_in(&two), 1);
    drop(second);
    assert_eq!(spawn_in(&one), 1);
    drop(first);
}

#[test]
fn what_is_dropped_with_an_entered_node_may_ask_for_the_current_one() {
    struct Ask(Arc<Mutex<bool>>);
    impl Drop for Ask {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = process::whereis("anybody").is_none();
        }
    }
    let asked = Arc::new(Mutex::new(false));
    let [runtime, _] = runtimes();
    let outer = node_on(&runtime, Time::Real);
    let _outer = outer.enter();
    let node = node_on(&runtime, Time::Real);
    let entered = node.enter();
    let ask = Ask(asked.clone());
    let sleeper = node.counted(async move {
        let _ask = ask;
        time::sleep(Duration::from_secs(1)).await;
    });
    drop(sleeper);
    assert!(*asked.lock().unwrap());
    drop(node);
    drop(entered);
}

#[perennial::test(paused)]
async fn the_end_of_a_node_stops_the_youngest_first() {
    let node = Node::current();
    // So that slots are used again, in another order than at first.
    for _ in 0..1000 {
        crate::support::dead().await;
    }
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut old = idle();
    for n in 0..10 {
        let order = order.clone();
        process::spawn(move |mut inbox: Inbox<Exit>| async move {
            inbox.trap_exit(true);
            inbox.receive().await;
            order.lock().unwrap().push(n);
        });
        // One that was there before gives its slot back.
        process::kill(old);
        process::monitor(old).await;
        node.settled().await;
        for _ in 0..30 {
            old = crate::support::dead().await;
        }
        old = if n % 2 == 0 { idle() } else { old };
    }
    node.stop(Duration::from_secs(1)).await;
    assert_eq!(*order.lock().unwrap(), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(node.count_processes(), 0);
}

#[perennial::test(paused)]
async fn the_end_of_a_node_is_patient_and_then_kills() {
    let node = Node::current();
    let stubborn = process::spawn(|inbox: Inbox<Exit>| async move {
        inbox.trap_exit(true);
        pending::<()>().await;
    });
    let ended = process::monitor(stubborn);
    node.settled().await;
    node.stop(Duration::from_secs(7)).await;
    assert_eq!(ended.await.reason, ExitReason::Killed);
    assert_eq!(node.now(), Duration::from_secs(7));
}

#[perennial::test(paused)]
async fn one_may_stop_the_node_that_one_runs_on() {
    let (_, ended) = process::spawn_monitor(|_: Inbox<()>| async {
        idle();
        Node::current().stop(Duration::from_secs(1)).await;
        assert_eq!(Node::current().count_processes(), 1);
    });
    assert_eq!(ended.await.reason, ExitReason::Normal);
}

#[perennial::test(paused)]
async fn what_the_stopped_spawn_is_stopped_too() {
    struct Again(u32);
    impl Drop for Again {
        fn drop(&mut self) {
            if self.0 > 0 {
                let again = Again(self.0 - 1);
                process::spawn(|_: Inbox<()>| async move {
                    let _again = again;
                    pending::<()>().await;
                });
            }
        }
    }
    process::spawn(|_: Inbox<()>| async {
        let _again = Again(5);
        pending::<()>().await;
    });
    let node = Node::current();
    node.settled().await;
    node.stop(Duration::from_secs(1)).await;
    assert_eq!(node.count_processes(), 0);
}

#[test]
fn a_test_leaves_nothing() {
    let mut pids = Vec::<Pid>::new();
    for multi_thread in [false, true] {
        let mut options = perennial::runtime::TestOptions::default();
        if multi_thread {
            options = options.multi_thread(2);
        }
        pids.push(perennial::runtime::run_test(options, async { idle() }));
        let failed = std::panic::catch_unwind(|| {
            perennial::runtime::run_test(options.paused(), async {
                idle();
                panic!("on purpose");
            });
        });
        assert!(failed.is_err());
    }
    assert!(pids.into_iter().all(|pid| process::info(pid).is_none()));
}

#[perennial::test]
async fn a_test_may_return_a_result() -> Result<(), std::num::ParseIntError> {
    let seven: u32 = "7".parse()?;
    assert_eq!(seven, 7);
    Ok(())
}

#[perennial::test(flavor = "current_thread")]
#[should_panic(expected = "on purpose")]
async fn a_test_keeps_its_attributes() {
    panic!("on purpose");
}

#[test]
fn main_returns_what_its_body_returns() {
    let result = perennial::runtime::run_main(async { "x".parse::<u32>() });
    assert!(result.is_err());
}
