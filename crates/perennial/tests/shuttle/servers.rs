//! Calls and names of a server, and its end.

use crate::orders::{A, Echo, Fail, Worker, all, in_many_orders, meanwhile};
use perennial::{prelude::*, process::Monitor};
use std::sync::{Arc, Mutex};

fn call(server: ServerRef<Worker>, ends: fn(&ExitReason) -> bool) -> Monitor {
    meanwhile(async move {
        match server.call(Echo(7)).await {
            Ok(7) | Err(CallError::NoProc) => {}
            Err(CallError::Exit(reason)) if ends(&reason) => {}
            other => panic!("{other:?}"),
        }
    })
}

#[test]
fn every_caller_gets_a_reply_or_the_reason_of_the_end() {
    in_many_orders(|| async {
        let server: ServerRef<Worker> = Worker::start_link(None).await.unwrap().server().unwrap();
        let ended = process::monitor(server.pid());
        let ends = |reason: &ExitReason| {
            *reason == ExitReason::other("fail") || *reason == ExitReason::Killed || reason.is_normal()
        };
        let (pid, other, third) = (server.pid(), server.clone(), server.clone());
        let kill = meanwhile(async move { process::kill(pid) });
        let fail = meanwhile(async move { other.cast(Fail).unwrap() });
        let stop = meanwhile(async move {
            let _ = third.stop(ExitReason::Normal).await;
        });
        all([call(server.clone(), ends), kill, call(server, ends), fail, stop]).await;
        assert!(ends(&ended.await.reason));
    });
}

#[test]
fn of_two_servers_that_want_one_name_one_has_it_and_the_other_is_told() {
    in_many_orders(|| async {
        let start = || {
            meanwhile(async {
                match Worker::start_link(Some(A)).await {
                    Ok(pid) => {
                        A.cast(Fail).unwrap();
                        // It is linked, and fails.
                        process::unlink(pid);
                        let ended = process::monitor(pid).await.reason;
                        assert!([ExitReason::NoProc, ExitReason::other("fail")].contains(&ended), "{ended}");
                    }
                    Err(StartError::AlreadyStarted(_)) => {}
                    Err(error) => panic!("{error:?}"),
                }
            })
        };
        // The link may be faster than the unlink.
        for ended in [start(), start(), start()] {
            let reason = ended.await.reason;
            assert!(reason.is_normal() || reason == ExitReason::other("fail"), "{reason}");
        }
        Node::current().settled().await;
        assert_eq!(A.pid_now(), None);
    });
}

/// Keeps one caller, whom another process answers.
struct Keeper(Arc<Mutex<Option<Caller<u32>>>>);
struct Keep;

impl GenServer for Keeper {
    type Args = Arc<Mutex<Option<Caller<u32>>>>;
    async fn init(kept: Self::Args, _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self(kept))
    }
}
impl HandleCallFrom<Keep> for Keeper {
    type Reply = u32;
    async fn handle_call_from(&mut self, _: Keep, from: Caller<u32>, _: &mut Cx<Self>) -> NoReply {
        *self.0.lock().unwrap() = Some(from);
        noreply()
    }
}

#[test]
fn a_caller_that_is_kept_elsewhere_is_answered_once() {
    for replies in [true, false] {
        in_many_orders(move || async move {
            let kept = Arc::new(Mutex::new(None));
            let pid = gen_server::start::<Keeper>(kept.clone(), ()).await.unwrap();
            let server: ServerRef<Keeper> = pid.server().unwrap();
            let call = meanwhile(async move {
                let answer = server.call(Keep).await;
                let ok = match &answer {
                    Ok(8) => replies,
                    Err(CallError::NoReply) => !replies,
                    Err(CallError::Exit(ExitReason::Killed) | CallError::NoProc) => true,
                    _ => false,
                };
                assert!(ok, "{answer:?}");
            });
            let answer = meanwhile(async move {
                let caller = kept.lock().unwrap().take();
                match caller {
                    Some(caller) if replies => caller.reply(8),
                    other => drop(other),
                }
            });
            let kill = meanwhile(async move { process::kill(pid) });
            all([answer, call, kill]).await;
        });
    }
}
