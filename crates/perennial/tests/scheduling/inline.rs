//! Calls that are handled on their caller's stack.

use crate::support::{Run, Runner, inside, is_inside, is_run_by_its_caller, runner, runner_with, watched};
use futures_util::{future::join, poll};
use perennial::{
    gen_server::Options,
    node::{Node, Time},
    prelude::*,
    process, time,
};
use std::{
    future::{Future, pending},
    pin::{Pin, pin},
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::oneshot,
};

const SECOND: Duration = Duration::from_secs(1);

type Ready<T> = std::future::Ready<T>;

/// Whether it is handled on the caller's stack.
fn whether_inside() -> Run<impl FnOnce() -> Ready<bool> + Send + 'static> {
    Run(|| std::future::ready(is_inside()))
}

/// How a handler fails.
#[derive(Clone, Copy, Debug)]
enum Fail {
    Panic,
    Exit,
    Kill,
}

rules! {
    async fn an_idle_server_is_run_by_its_caller() {
        let server = runner().await;
        assert!(is_run_by_its_caller(&server).await);
        // From a process too, and from a plain task.
        let (tell, told) = oneshot::channel();
        let called = server.clone();
        process::spawn(|_: Inbox<()>| async move { tell.send(is_run_by_its_caller(&called).await).unwrap() });
        assert!(told.await.unwrap());
        Node::current().settled().await;
        let task = tokio::spawn(Node::current().counted(async move { is_run_by_its_caller(&server).await }));
        assert!(task.await.unwrap());
    }

    async fn a_server_may_say_that_callers_are_not_to_run_it() {
        let server = runner_with(Options::default().inline(None)).await;
        assert!(!is_run_by_its_caller(&server).await);
    }

    async fn a_node_may_say_that_callers_are_to_run_nobody() {
        let server = runner().await;
        Node::current().set_inline_calls(false);
        assert!(!is_run_by_its_caller(&server).await);
        Node::current().set_inline_calls(true);
        Node::current().settled().await;
        assert!(is_run_by_its_caller(&server).await);
    }

    async fn a_thread_that_may_block_does_not_run_the_server() {
        let server = runner().await;
        let hold = Node::current().hold();
        let called = tokio::task::spawn_blocking(move || inside(|| server.blocking_call(whether_inside())));
        assert_eq!(called.await.unwrap(), Ok(false));
        drop(hold);
    }

    async fn what_waits_in_the_mailbox_comes_before_the_call() {
        let server = runner().await;
        let order = Arc::new(Mutex::new(Vec::new()));
        for n in 0..10 {
            let order = order.clone();
            server.cast(Run(move || async move { order.lock().unwrap().push(n) })).unwrap();
        }
        let seen = server.call(Run(move || async move { order.lock().unwrap().clone() })).await;
        assert_eq!(seen, Ok((0..10).collect()));
    }

    async fn a_server_that_is_to_be_polled_anyway_is_run_by_its_caller() {
        let server = runner().await;
        let inside_too = Arc::new(Mutex::new(None));
        let seen = inside_too.clone();
        // Nobody polls it before we wait, on one thread at least.
        let handled = watched(async {
            server.cast(Run(move || async move { *seen.lock().unwrap() = Some(is_inside()) })).unwrap();
            server.call(whether_inside()).await
        });
        let called_inside = handled.await.unwrap();
        let cast_inside = inside_too.lock().unwrap().unwrap();
        if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
            assert!(called_inside && cast_inside);
        }
    }

    async fn a_server_that_calls_itself_is_told_so() {
        let server = runner().await;
        let me = server.clone();
        let called = watched(server.call(Run(move || async move {
            (is_inside(), me.call(whether_inside()).await)
        })));
        assert_eq!(called.await, Ok((true, Err(CallError::CallingSelf))));
    }

    async fn two_servers_that_call_each_other_wait_until_the_time_is_over() {
        let (one, two) = (runner().await, runner().await);
        let back = one.clone();
        let called = one.call(Run(move || async move {
            let calls_back = Run(move || async move { back.call_timeout(whether_inside(), Some(SECOND)).await });
            two.call(calls_back).await
        }));
        assert_eq!(called.await, Ok(Ok(Err(CallError::Timeout))));
        assert_eq!(Node::current().now(), SECOND);
        // What came too late is served, and the server goes on.
        assert!(one.call(whether_inside()).await.is_ok());
    }

    async fn a_call_that_is_dropped_leaves_its_handler_to_the_server() {
        let server = runner().await;
        let (go, gone) = oneshot::channel::<u32>();
        let (tell, told) = oneshot::channel();
        {
            let call = server.call(Run(move || async move {
                assert!(is_inside());
                tell.send(gone.await).unwrap();
            }));
            let mut call = pin!(watched(call));
            assert!(poll!(call.as_mut()).is_pending());
        }
        go.send(7).unwrap();
        assert_eq!(told.await.unwrap(), Ok(7));
        assert!(server.call(whether_inside()).await.is_ok());
    }

    async fn a_call_that_was_begun_by_its_caller_ends_when_its_time_is_over() {
        let server = runner().await;
        let slow = Run(|| async {
            let inside = is_inside();
            time::sleep(10 * SECOND).await;
            inside
        });
        assert_eq!(watched(server.call_timeout(slow, Some(SECOND))).await, Err(CallError::Timeout));
        assert_eq!(Node::current().now(), SECOND);
        // Nobody has sleep dropped: the next one waits for the rest.
        assert_eq!(server.call_timeout(whether_inside(), None).await, Ok(false));
        assert_eq!(Node::current().now(), 10 * SECOND);
    }

    async fn the_server_is_the_current_process_and_its_caller_afterwards() {
        let (outer, inner) = (runner().await, runner().await);
        let pids = (outer.pid(), inner.pid());
        assert_eq!(process::current(), None);
        let seen = watched(outer.call(Run(move || async move {
            let before = process::current();
            let called = inner.call(Run(|| async { (is_inside(), process::current()) })).await;
            (before, called, process::current())
        })));
        assert_eq!(seen.await, Ok((Some(pids.0), Ok((true, Some(pids.1))), Some(pids.0))));
        assert_eq!(process::current(), None);
    }

    async fn the_node_of_the_server_is_the_current_one_and_that_of_its_caller_afterwards() {
        let here = runner().await;
        let other = Node::new(Time::Paused);
        let there = {
            let _entered = other.enter();
            gen_server::start::<Runner>(Runner, ())
        };
        let there = there.await.unwrap().server::<Runner>().unwrap();
        other.settled().await;
        let seen = watched(here.call(Run(move || async move {
            let lists_me = || Node::current().processes().contains(&process::current().unwrap());
            let called = there.call(Run(move || async move { (is_inside(), lists_me()) })).await;
            (called, lists_me())
        })));
        assert_eq!(seen.await, Ok((Ok((true, true)), true)));
    }

    async fn a_server_that_fails_on_its_callers_stack_harms_nobody_else() {
        for end in [Fail::Panic, Fail::Exit, Fail::Kill] {
            let server = runner().await;
            let fails = Run(move || async move {
                assert!(is_inside());
                match end {
                    Fail::Panic => panic!("on purpose"),
                    Fail::Exit => process::exit_self(ExitReason::Shutdown),
                    Fail::Kill => process::kill(process::current().unwrap()),
                }
                pending::<()>().await;
            });
            let (tell, told) = oneshot::channel();
            let caller = process::spawn(move |_: Inbox<()>| async move {
                tell.send(watched(server.call(fails)).await).unwrap();
                pending::<()>().await;
            });
            match (told.await.unwrap(), end) {
                (Err(CallError::Exit(ExitReason::Panic(_))), Fail::Panic) => {}
                (Err(CallError::Exit(ExitReason::Shutdown)), Fail::Exit) => {}
                (Err(CallError::Exit(ExitReason::Killed)), Fail::Kill) => {}
                (other, _) => panic!("{end:?}: {other:?}"),
            }
            assert!(process::is_alive(caller));
            process::kill(caller);
        }
    }

    async fn a_caller_that_is_killed_by_the_server_it_runs_ends_after_that() {
        let server = runner().await;
        let (tell, told) = oneshot::channel();
        let (caller, ended) = process::spawn_monitor(|_: Inbox<()>| async move {
            let me = process::current().unwrap();
            let called = watched(server.call(Run(move || async move {
                process::kill(me);
                tell.send(is_inside()).unwrap();
            })));
            called.await.unwrap();
            pending::<()>().await;
        });
        assert!(told.await.unwrap());
        assert_eq!(ended.await.reason, ExitReason::Killed);
        assert!(!process::is_alive(caller));
    }
}

/// Computes for longer than a caller is to be held up.
fn busy() -> Run<impl FnOnce() -> Ready<()> + Send + 'static> {
    Run(|| {
        let began = Instant::now();
        while began.elapsed() < Duration::from_micros(200) {
            std::hint::spin_loop();
        }
        std::future::ready(())
    })
}

/// Two who block their threads until the other one is there too.
#[derive(Clone, Default)]
struct Meeting(Arc<(Mutex<u32>, Condvar)>);

impl Meeting {
    /// Whether the other one came, at last.
    fn meet(&self) -> bool {
        let (there, came) = &*self.0;
        let mut there = there.lock().unwrap();
        *there += 1;
        came.notify_all();
        let (there, _) = came.wait_timeout_while(there, 10 * SECOND, |there| *there < 2).unwrap();
        *there == 2
    }
}

async fn two_busy_servers_run_side_by_side() {
    let options = Options::default();
    let (one, two) = (runner_with(options).await, runner_with(options).await);
    one.call(busy()).await.unwrap();
    two.call(busy()).await.unwrap();
    assert!(!is_run_by_its_caller(&one).await && !is_run_by_its_caller(&two).await);
    let meeting = Meeting::default();
    let meet = |server: &ServerRef<Runner>| -> Pin<Box<dyn Future<Output = _> + Send>> {
        let meeting = meeting.clone();
        Box::pin(server.call_timeout(Run(move || async move { meeting.meet() }), None))
    };
    assert_eq!(join(meet(&one), meet(&two)).await, (Ok(true), Ok(true)));
}

#[perennial::test(paused, flavor = "multi_thread", workers = 2)]
async fn a_server_that_computes_for_long_is_left_to_the_workers() {
    two_busy_servers_run_side_by_side().await;
}

#[perennial::test(paused, flavor = "multi_thread", workers = 2)]
async fn a_server_that_computes_for_long_is_left_to_the_workers_by_a_process_too() {
    let (_, ended) = process::spawn_monitor(|_: Inbox<()>| two_busy_servers_run_side_by_side());
    assert_eq!(ended.await.reason, ExitReason::Normal);
}
