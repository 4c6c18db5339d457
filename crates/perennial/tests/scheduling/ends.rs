//! The end of a runtime, whatever its processes do at that moment.

use crate::support::{Run, idle_runner, node_on, runner};
use futures_util::future::join_all;
use perennial::{prelude::*, process};
use std::{
    future::{Future, pending},
    pin::pin,
    sync::mpsc,
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};
use tokio::runtime::{Builder, Runtime};

fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_current_thread().enable_all().build().unwrap(),
        Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap(),
    ]
}

/// Whatever the monitors say, from a runtime that is still there.
fn reasons(monitors: Vec<process::Monitor>) -> Vec<ExitReason> {
    let downs = Builder::new_current_thread().build().unwrap().block_on(join_all(monitors));
    downs.into_iter().map(|down| down.reason).collect()
}

/// Servers that call each other for ever, and processes that yield, spawn, or wait for ever.
async fn bustle() -> Vec<process::Monitor> {
    let mut all = Vec::new();
    for _ in 0..10 {
        let server = runner().await;
        all.push(server.pid());
        for caller in 0..3_usize {
            let server = server.clone();
            all.push(process::spawn(move |_: Inbox<()>| async move {
                loop {
                    let wait = Run(move || async move {
                        for _ in 0..caller {
                            tokio::task::yield_now().await;
                        }
                    });
                    if server.call(wait).await.is_err() {
                        pending::<()>().await;
                    }
                    process::spawn(|_: Inbox<()>| async {});
                }
            }));
        }
        all.push(process::spawn(|_: Inbox<()>| pending::<()>()));
    }
    all.into_iter().map(process::monitor).collect()
}

#[test]
fn the_end_of_a_runtime_ends_all_processes_whatever_they_do() {
    for round in 0..20 {
        for runtime in runtimes() {
            let node = node_on(&runtime);
            let monitors = runtime.block_on(bustle());
            if round % 2 == 0 {
                drop(runtime);
            } else {
                runtime.shutdown_timeout(Duration::from_secs(60));
            }
            assert!(reasons(monitors).iter().all(|reason| *reason == ExitReason::Killed));
            assert_eq!(node.count_processes(), 0);
        }
    }
}

#[test]
fn a_process_that_blocks_its_thread_ends_when_it_lets_go_after_the_end_of_the_runtime() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let node = node_on(&runtime);
    let (go, gone) = mpsc::channel::<()>();
    let (held, is_held) = mpsc::channel();
    let mut monitors = runtime.block_on(async {
        let waits = process::spawn(|_: Inbox<()>| pending::<()>());
        let blocks = process::spawn(move |_: Inbox<()>| async move {
            // Another one waits for this worker.
            let behind = process::spawn(|_: Inbox<()>| pending::<()>());
            held.send(process::monitor(behind)).unwrap();
            // An error says that the test lets go.
            let _ = gone.recv();
            pending::<()>().await;
        });
        vec![process::monitor(waits), process::monitor(blocks)]
    });
    monitors.push(is_held.recv().unwrap());
    // Does not wait for the thread that is blocked.
    runtime.shutdown_background();
    drop(go);
    assert_eq!(reasons(monitors), [const { ExitReason::Killed }; 3]);
    while node.count_processes() > 0 {
        thread::yield_now();
    }
}

#[test]
fn a_server_that_is_run_by_a_call_while_the_runtime_ends_is_ended_afterwards() {
    for runtime in runtimes() {
        let node = node_on(&runtime);
        let (entered, is_entered) = mpsc::channel();
        let (go, gone) = mpsc::channel::<()>();
        let (server, monitor) = runtime.block_on(async {
            let server = idle_runner().await;
            let monitor = process::monitor(server.pid());
            (server, monitor)
        });
        // A thread that has the runtime at hand, but is none of its workers.
        let handle = runtime.handle().clone();
        let caller = thread::spawn(move || {
            let _guard = handle.enter();
            let call = server.call(Run(move || async move {
                entered.send(()).unwrap();
                let _ = gone.recv();
                pending::<()>().await;
            }));
            let mut call = pin!(call);
            loop {
                // Polled by hand: to block on it would take another runtime.
                if let Poll::Ready(result) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    return result;
                }
                thread::yield_now();
            }
        });
        if is_entered.recv_timeout(Duration::from_secs(10)).is_err() {
            panic!("the call was not begun");
        }
        runtime.shutdown_background();
        drop(go);
        assert_eq!(caller.join().unwrap(), Err(CallError::Exit(ExitReason::Killed)));
        assert_eq!(reasons(vec![monitor]), [ExitReason::Killed]);
        assert_eq!(node.count_processes(), 0);
    }
}
