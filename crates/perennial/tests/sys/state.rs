//! `get_state`, `with_state`, `replace_state`, `change_state`.

use crate::{
    puppet::{Puppet, hold, puppet},
    support::{Numbers, SECOND, numbers},
};
use perennial::{
    prelude::*,
    process,
    sys::{self, StateError},
    time,
};
use std::sync::{Arc, Mutex};

rules! {
    async fn a_cast_and_then_get_state_is_a_barrier() {
        let server = numbers().await;
        for n in 1..=3_u32 {
            server.cast(n).unwrap();
        }
        assert_eq!(sys::get_state(&server).await, Ok(Numbers(vec![1, 2, 3])));
    }

    async fn get_state_works_on_a_suspended_server() {
        let server = numbers().await;
        sys::suspend(&server).await.unwrap();
        server.cast(1_u32).unwrap();
        assert_eq!(sys::get_state(&server).await, Ok(Numbers(vec![])));
    }

    async fn get_state_on_a_busy_server_times_out_after_five_seconds() {
        let (server, _log) = puppet().await;
        let _let_go = hold(&server).await;
        let before = Node::current().now();
        let asked = sys::with_state(&server, |_| ()).await;
        assert_eq!(asked, Err(StateError::Call(CallError::Timeout)));
        assert_eq!(Node::current().now() - before, 5 * SECOND);
    }

    async fn get_state_on_a_busy_server_waits_as_long_as_it_is_told() {
        let (server, _log) = puppet().await;
        let let_go = hold(&server).await;
        let asked = tokio::spawn(sys::with_state(&server, |_| ()).timeout(None));
        time::sleep(100 * SECOND).await;
        drop(let_go);
        assert_eq!(asked.await.unwrap(), Ok(()));
    }

    async fn get_state_does_nothing_until_it_is_polled() {
        let (server, _log) = puppet().await;
        let ran = Arc::new(Mutex::new(0));
        let run = |n| {
            let ran = ran.clone();
            sys::with_state(&server, move |_| *ran.lock().unwrap() += n)
        };
        drop(run(1));
        run(10).await.unwrap();
        assert_eq!(*ran.lock().unwrap(), 10);
    }

    async fn a_function_that_panics_in_get_state_is_an_error_and_the_server_lives() {
        let server = numbers().await;
        server.cast(0_u32).unwrap();
        let failed = sys::get_state(&server).await;
        let Err(StateError::CallbackFailed(ExitReason::Panic(panic))) = &failed else {
            panic!("{failed:?}");
        };
        assert_eq!(panic.message(), "no zero is copied");
        assert_eq!(sys::with_state(&server, |numbers| numbers.0.len()).await, Ok(1));
    }

    async fn replace_state_returns_the_state_before() {
        let server = numbers().await;
        server.cast(1_u32).unwrap();
        let replaced = sys::replace_state(&server, |old| Numbers(vec![old.0[0] + 1]));
        assert_eq!(replaced.await, Ok(Numbers(vec![1])));
        assert_eq!(sys::get_state(&server).await, Ok(Numbers(vec![2])));
    }

    async fn replace_state_works_on_a_suspended_server() {
        let server = numbers().await;
        sys::suspend(&server).await.unwrap();
        server.cast(2_u32).unwrap();
        sys::replace_state(&server, |_| Numbers(vec![1])).await.unwrap();
        assert_eq!(sys::get_state(&server).await, Ok(Numbers(vec![1])));
        sys::resume(&server).await.unwrap();
        assert_eq!(sys::get_state(&server).await, Ok(Numbers(vec![1, 2])));
    }

    async fn a_function_that_panics_in_replace_state_leaves_the_old_state() {
        let server = numbers().await;
        server.cast(1_u32).unwrap();
        let failed = sys::replace_state(&server, |_| panic!("no")).await;
        assert!(matches!(failed, Err(StateError::CallbackFailed(ExitReason::Panic(_)))), "{failed:?}");
        let failed = sys::replace_state(&server, |_| process::exit_self(ExitReason::Shutdown)).await;
        assert_eq!(failed, Err(StateError::CallbackFailed(ExitReason::Shutdown)));
        assert_eq!(sys::get_state(&server).await, Ok(Numbers(vec![1])));
    }

    async fn change_state_changes_it_in_place() {
        let server = numbers().await;
        let changed = sys::change_state(&server, |numbers| {
            numbers.0.push(1);
            numbers.0.len()
        });
        assert_eq!(changed.await, Ok(1));
        assert_eq!(sys::get_state(&server).await, Ok(Numbers(vec![1])));
    }

    async fn a_function_that_panics_in_change_state_ends_the_server() {
        let server = numbers().await;
        let ended = process::monitor(server.pid());
        let failed = sys::change_state(&server, |_| panic!("no")).await;
        let Err(CallError::Exit(reason)) = failed else { panic!("{failed:?}") };
        assert!(matches!(reason, ExitReason::Panic(_)));
        assert_eq!(ended.await.reason, reason);
    }

    async fn nobody_is_noproc() {
        const NOBODY: Name<Numbers> = Name::new("nobody");
        let noproc = StateError::Call(CallError::NoProc);
        assert_eq!(sys::get_state(&NOBODY).await, Err(noproc.clone()));
        let server = numbers().await;
        server.stop(ExitReason::Normal).await.unwrap();
        assert_eq!(sys::get_state(&server).await, Err(noproc));
        assert_eq!(sys::suspend(&server).await, Err(CallError::NoProc));
    }

    async fn a_server_that_ends_before_it_answers_says_why() {
        let (server, _log) = puppet().await;
        let _let_go = hold(&server).await;
        let asked = tokio::spawn(sys::with_state(&server, |_| ()));
        Node::current().settled().await;
        process::kill(server.pid());
        let killed = StateError::Call(CallError::Exit(ExitReason::Killed));
        assert_eq!(asked.await.unwrap(), Err(killed));
    }

    async fn a_server_cannot_ask_itself() {
        let (server, _log) = puppet().await;
        let asked = Arc::new(Mutex::new(None));
        let set = asked.clone();
        server.cast(AskMyself(set)).unwrap();
        sys::suspend(&server).await.unwrap();
        assert_eq!(*asked.lock().unwrap(), Some(Err(CallError::CallingSelf)));
    }
}

struct AskMyself(Arc<Mutex<Option<Result<(), CallError>>>>);

impl HandleCast<AskMyself> for Puppet {
    async fn handle_cast(&mut self, AskMyself(set): AskMyself, cx: &mut Cx<Self>) -> NoReply {
        let asked = sys::suspend(cx.me()).await;
        *set.lock().unwrap() = Some(asked);
        noreply()
    }
}
