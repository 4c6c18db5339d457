//! `suspend` and `resume`.

use crate::{
    puppet::{Hold, Puppet, Seen, Tell, puppet, puppet_with},
    support::{All, Numbers, SECOND, numbers, numbers_with},
};
use futures_util::poll;
use perennial::{
    gen_server::{CastError, Options},
    prelude::*,
    process, sys, time,
};
use tokio::sync::oneshot;

rules! {
    async fn what_was_sent_before_a_suspend_is_handled_before() {
        let server = numbers().await;
        server.cast(1_u32).unwrap();
        sys::suspend(&server).await.unwrap();
        assert_eq!(sys::get_state(&server).await, Ok(Numbers(vec![1])));
    }

    async fn what_comes_while_suspended_is_handled_in_order_after_resume() {
        let server = numbers().await;
        sys::suspend(&server).await.unwrap();
        server.cast(1_u32).unwrap();
        server.send(2_u32);
        let call = tokio::spawn(server.call(All));
        Node::current().settled().await;
        server.cast(3_u32).unwrap();
        assert_eq!(sys::get_state(&server).await, Ok(Numbers(vec![])));
        assert_eq!(process::info(server.pid()).unwrap().mailbox_len, 4);
        sys::resume(&server).await.unwrap();
        server.cast(4_u32).unwrap();
        assert_eq!(call.await.unwrap(), Ok(vec![1, 2]));
        assert_eq!(sys::get_state(&server).await, Ok(Numbers(vec![1, 2, 3, 4])));
        assert_eq!(process::info(server.pid()).unwrap().mailbox_len, 0);
    }

    async fn to_suspend_twice_is_to_suspend_once() {
        let server = numbers().await;
        assert_eq!(sys::suspend(&server).await, Ok(()));
        assert_eq!(sys::suspend(&server).await, Ok(()));
        server.cast(1_u32).unwrap();
        assert_eq!(sys::resume(&server).await, Ok(()));
        assert_eq!(sys::get_state(&server).await, Ok(Numbers(vec![1])));
    }

    async fn to_resume_one_that_is_not_suspended_does_nothing() {
        let server = numbers().await;
        assert_eq!(sys::resume(&server).await, Ok(()));
        assert_eq!(server.call(All).await, Ok(vec![]));
    }

    async fn what_waits_comes_before_a_second_suspend() {
        let server = numbers().await;
        sys::suspend(&server).await.unwrap();
        server.cast(1_u32).unwrap();
        let both = tokio::join!(sys::resume(&server), sys::suspend(&server));
        assert_eq!(both, (Ok(()), Ok(())));
        server.cast(2_u32).unwrap();
        assert_eq!(sys::get_state(&server).await, Ok(Numbers(vec![1])));
        sys::resume(&server).await.unwrap();
        assert_eq!(sys::get_state(&server).await, Ok(Numbers(vec![1, 2])));
    }

    async fn a_call_to_a_suspended_server_times_out_and_is_served_late() {
        let server = numbers().await;
        sys::suspend(&server).await.unwrap();
        assert_eq!(server.call(All).await, Err(CallError::Timeout));
        sys::statistics_on(&server).await.unwrap();
        sys::resume(&server).await.unwrap();
        assert_eq!(server.call(All).await, Ok(vec![]));
        assert_eq!(sys::statistics(&server).await.unwrap().unwrap().messages_in, 2);
    }

    async fn a_bounded_mailbox_fills_while_suspended() {
        let server = numbers_with(Options::default().mailbox(2)).await;
        sys::suspend(&server).await.unwrap();
        server.cast(1_u32).unwrap();
        server.cast(2_u32).unwrap();
        sys::get_state(&server).await.unwrap();
        assert_eq!(server.cast(3_u32), Err(CastError::Full(3)));
        sys::resume(&server).await.unwrap();
        server.cast_wait(4_u32).await;
        assert_eq!(sys::get_state(&server).await, Ok(Numbers(vec![1, 2, 4])));
    }

    async fn a_system_message_starts_the_time_out_anew() {
        let (server, mut log) = puppet_with(|cx| {
            cx.timeout(2 * SECOND);
            Ok(())
        })
        .await;
        time::sleep(SECOND).await;
        sys::with_state(&server, |_| ()).await.unwrap();
        let asked = Node::current().now();
        assert_eq!(log.next().await, Seen::Timeout);
        assert_eq!(Node::current().now() - asked, 2 * SECOND);
        time::sleep(10 * SECOND).await;
        assert!(log.is_empty());
    }

    async fn a_time_out_does_not_run_while_suspended_and_begins_anew_after() {
        let (server, mut log) = puppet_with(|cx| {
            cx.timeout(2 * SECOND);
            Ok(())
        })
        .await;
        sys::suspend(&server).await.unwrap();
        time::sleep(10 * SECOND).await;
        assert!(log.is_empty());
        sys::resume(&server).await.unwrap();
        let resumed = Node::current().now();
        assert_eq!(log.next().await, Seen::Timeout);
        assert_eq!(Node::current().now() - resumed, 2 * SECOND);
    }

    async fn what_waits_cancels_the_time_out_after_resume() {
        let (server, mut log) = puppet_with(|cx| {
            cx.timeout(2 * SECOND);
            Ok(())
        })
        .await;
        sys::suspend(&server).await.unwrap();
        server.cast(1_u32).unwrap();
        sys::resume(&server).await.unwrap();
        assert_eq!(log.next().await, Seen::Cast(1));
        time::sleep(10 * SECOND).await;
        assert!(log.is_empty());
    }

    async fn a_continue_comes_before_a_suspend() {
        let (server, mut log) = puppet().await;
        server
            .cast(Tell(|_: &mut Puppet, cx: &mut Cx<Puppet>| {
                cx.continue_with(1_u32);
                noreply()
            }))
            .unwrap();
        sys::suspend(&server).await.unwrap();
        assert_eq!(log.next().await, Seen::Continue(1));
    }

    async fn timers_send_while_suspended_and_their_messages_wait() {
        let (server, mut log) = puppet_with(|cx| {
            cx.send_after(SECOND, 1_u32);
            Ok(())
        })
        .await;
        sys::suspend(&server).await.unwrap();
        time::sleep(2 * SECOND).await;
        assert!(log.is_empty());
        sys::resume(&server).await.unwrap();
        assert_eq!(log.next().await, Seen::Info(1));
    }

    /// The requests lie behind what had been taken out of the mailbox before the server was suspended.
    async fn a_request_that_came_before_a_suspend_was_handled_is_served() {
        let (server, mut log) = puppet().await;
        let (held, is_held) = oneshot::channel();
        let (let_go, until) = oneshot::channel();
        server.cast(Hold { held, until }).unwrap();
        let mut suspend = sys::suspend(&server);
        assert!(poll!(&mut suspend).is_pending());
        server.cast(1_u32).unwrap();
        is_held.await.unwrap();
        let mut resume = sys::resume(&server);
        assert!(poll!(&mut resume).is_pending());
        drop(let_go);
        assert_eq!((suspend.await, resume.await), (Ok(()), Ok(())));
        assert_eq!(log.next().await, Seen::Cast(1));
    }

    async fn a_flood_does_not_keep_a_suspended_server_from_its_requests() {
        let server = numbers().await;
        sys::suspend(&server).await.unwrap();
        for n in 1..=10_000_u32 {
            server.cast(n).unwrap();
        }
        assert_eq!(sys::get_state(&server).await, Ok(Numbers(vec![])));
        sys::resume(&server).await.unwrap();
        let got = sys::with_state(&server, |numbers| numbers.0.is_sorted() && numbers.0.len() == 10_000);
        assert_eq!(got.await, Ok(true));
    }
}
