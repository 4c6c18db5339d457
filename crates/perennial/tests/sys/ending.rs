//! How a suspended server ends.

use crate::{
    puppet::{Seen, Told, parent_and_puppet, puppet},
    support::{All, SECOND, boom, numbers},
};
use perennial::{prelude::*, process, sys, time};

rules! {
    async fn a_suspended_server_is_stopped() {
        let (server, log) = puppet().await;
        sys::suspend(&server).await.unwrap();
        server.cast(1_u32).unwrap();
        assert_eq!(server.stop(ExitReason::Normal).await, Ok(()));
        assert_eq!(log.rest().await, [Seen::Terminate(ExitReason::Normal)]);
    }

    async fn terminate_answers_and_the_server_ends_with_the_reason() {
        for suspended in [false, true] {
            let (server, log) = puppet().await;
            if suspended {
                sys::suspend(&server).await.unwrap();
            }
            let ended = process::monitor(server.pid());
            assert_eq!(sys::terminate(&server, boom()).await, Ok(()));
            assert_eq!(ended.await.reason, boom());
            assert_eq!(log.rest().await, [Seen::Terminate(boom())]);
        }
    }

    async fn terminate_handles_what_came_before() {
        let (server, log) = puppet().await;
        server.cast(1_u32).unwrap();
        assert_eq!(sys::terminate(&server, ExitReason::Normal).await, Ok(()));
        assert_eq!(log.rest().await, [Seen::Cast(1), Seen::Terminate(ExitReason::Normal)]);
    }

    async fn the_end_of_the_parent_ends_a_suspended_server_that_traps() {
        let (parent, server, log) = parent_and_puppet(true).await;
        sys::suspend(&server).await.unwrap();
        server.cast(1_u32).unwrap();
        let ended = process::monitor(server.pid());
        parent.send(Told::End(ExitReason::Shutdown)).ok().unwrap();
        assert_eq!(ended.await.reason, ExitReason::Shutdown);
        assert_eq!(log.rest().await, [Seen::Terminate(ExitReason::Shutdown)]);
    }

    async fn the_end_of_the_parent_ends_a_suspended_server_that_does_not_trap() {
        let (parent, server, log) = parent_and_puppet(false).await;
        sys::suspend(&server).await.unwrap();
        let ended = process::monitor(server.pid());
        parent.send(Told::End(ExitReason::Shutdown)).ok().unwrap();
        assert_eq!(ended.await.reason, ExitReason::Shutdown);
        assert_eq!(log.rest().await, []);
    }

    async fn an_exit_of_another_waits_at_a_suspended_server_that_traps() {
        let (_parent, server, mut log) = parent_and_puppet(true).await;
        sys::suspend(&server).await.unwrap();
        let pid = server.pid();
        let sender = process::spawn(move |_: Inbox<()>| async move { process::exit(pid, boom()) });
        process::monitor(sender).await;
        sys::with_state(&server, |_| ()).await.unwrap();
        assert!(log.is_empty());
        sys::resume(&server).await.unwrap();
        assert_eq!(log.next().await, Seen::Exit(sender, boom()));
    }

    async fn a_kill_ends_a_suspended_server() {
        let (server, log) = puppet().await;
        sys::suspend(&server).await.unwrap();
        let ended = process::monitor(server.pid());
        process::kill(server.pid());
        assert_eq!(ended.await.reason, ExitReason::Killed);
        assert_eq!(log.rest().await, []);
    }

    async fn callers_that_wait_at_a_suspended_server_hear_its_reason() {
        let server = numbers().await;
        sys::suspend(&server).await.unwrap();
        let call = tokio::spawn(server.call_timeout(All, None));
        Node::current().settled().await;
        server.stop(ExitReason::Shutdown).await.unwrap();
        assert_eq!(call.await.unwrap(), Err(CallError::Exit(ExitReason::Shutdown)));
    }

    async fn messages_whose_drop_panics_do_no_harm_when_a_suspended_server_ends() {
        struct Bad;
        impl Drop for Bad {
            fn drop(&mut self) {
                panic!("in drop");
            }
        }
        impl HandleCast<Bad> for crate::support::Numbers {
            async fn handle_cast(&mut self, _: Bad, _: &mut Cx<Self>) -> NoReply {
                noreply()
            }
        }
        let server = numbers().await;
        sys::suspend(&server).await.unwrap();
        for _ in 0..3 {
            server.cast(Bad).unwrap();
        }
        assert_eq!(server.stop(ExitReason::Normal).await, Ok(()));
    }

    async fn a_supervisor_restarts_a_server_that_ended_suspended_and_it_serves() {
        use crate::support::Numbers;
        const NUMBERS: Name<Numbers> = Name::new("numbers");
        Supervisor::start_link([Numbers::child_spec_as(vec![], NUMBERS)], Strategy::OneForOne).await.unwrap();
        sys::suspend(&NUMBERS).await.unwrap();
        sys::terminate(&NUMBERS, boom()).await.unwrap();
        time::sleep(SECOND).await;
        assert_eq!(NUMBERS.call(All).await, Ok(vec![]));
    }
}
