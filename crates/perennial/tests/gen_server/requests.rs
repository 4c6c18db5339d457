//! Requests whose answers are asked for later, one by one or together.

use crate::puppet::{Ask, AskFrom, Puppet, Seen, Tell, barrier, hold, keep, puppet, reason_of};
use futures_util::{FutureExt, poll};
use perennial::{
    gen_server::{Deadline, Replied, RequestId, RequestIds, Response, Unanswered},
    prelude::*,
    time,
};
use std::{
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::sync::oneshot;

const SECOND: Duration = Duration::from_secs(1);

/// A cast that answers the caller that has waited longest.
fn answer(n: u32) -> Tell<impl FnOnce(&mut Puppet, &mut Cx<Puppet>) -> NoReply + Send + 'static> {
    Tell(move |puppet: &mut Puppet, _: &mut Cx<Puppet>| {
        puppet.callers.remove(0).reply(n);
        noreply()
    })
}

/// A call that is answered at once.
fn echo(n: u32) -> Ask<impl FnOnce(&mut Puppet, &mut Cx<Puppet>) -> Reply<u32> + Send + 'static> {
    Ask(move |_: &mut Puppet, _: &mut Cx<Puppet>| reply(n))
}

type Responses<L> = Vec<Response<L, u32>>;

/// A process that takes responses, and gives them to the test.
fn taker<L: Send + 'static>(count: usize) -> (Recipient<Response<L, u32>>, oneshot::Receiver<Responses<L>>) {
    let (tell, told) = oneshot::channel();
    let taker = process::spawn_receiver(move |mut inbox: Inbox<Response<L, u32>>| async move {
        let mut responses = Vec::new();
        while responses.len() < count {
            responses.push(inbox.receive().await);
        }
        // An error says that the test looks no more.
        let _ = tell.send(responses);
        std::future::pending::<()>().await;
    });
    (taker, told)
}

rules! {
    async fn a_request_is_sent_at_once_and_not_when_it_is_awaited() {
        let (server, mut log) = puppet().await;
        let request = server.send_request(Ask(|puppet: &mut Puppet, _: &mut Cx<Puppet>| {
            puppet.sees(Seen::Info(1));
            reply(7)
        }));
        server.cast(2_u32).unwrap();
        assert_eq!(request.server(), Some(server.pid()));
        assert_eq!(log.next().await, Seen::Info(1));
        assert_eq!(log.next().await, Seen::Cast(2));
        assert_eq!(request.await, Ok(7));
    }

    async fn requests_are_awaited_in_any_order() {
        let (server, _log) = puppet().await;
        let (one, two) = (server.send_request(echo(1)), server.send_request(echo(2)));
        assert_eq!(two.await, Ok(2));
        assert_eq!(one.await, Ok(1));
    }

    async fn wait_keeps_the_request_when_the_time_is_over() {
        let (server, _log) = puppet().await;
        let mut request = server.send_request(keep());
        let before = Node::current().now();
        assert_eq!(request.wait(SECOND).await, None);
        assert_eq!(request.wait(2 * SECOND).await, None);
        assert_eq!(Node::current().now() - before, 3 * SECOND);
        server.cast(answer(5)).unwrap();
        assert_eq!(request.wait(SECOND).await, Some(Ok(5)));
    }

    async fn after_the_answer_there_is_no_other_and_nobody_waits_for_one() {
        let (server, _log) = puppet().await;
        let mut request = server.send_request(echo(5));
        assert_eq!(request.wait(None).await, Some(Ok(5)));
        assert_eq!(request.wait(None).await, None);
        assert_eq!(request.check(), None);
        assert_eq!(request.receive(None).await, Err(CallError::NoReply));
        assert_eq!(Node::current().now(), Duration::ZERO);
    }

    async fn a_request_that_is_polled_after_its_answer_panics() {
        let (server, _log) = puppet().await;
        let mut request = server.send_request(echo(5));
        assert_eq!((&mut request).await, Ok(5));
        assert!(AssertUnwindSafe(request).catch_unwind().await.is_err());
    }

    async fn wait_that_is_dropped_keeps_the_request() {
        let (server, _log) = puppet().await;
        let mut request = server.send_request(keep());
        {
            let mut waiting = pin!(request.wait(SECOND));
            assert!(poll!(waiting.as_mut()).is_pending());
        }
        server.cast(answer(5)).unwrap();
        assert_eq!(request.await, Ok(5));
    }

    async fn check_does_not_wait_and_gives_an_answer_once() {
        let (server, _log) = puppet().await;
        let mut request = server.send_request(keep());
        barrier(&server).await;
        assert_eq!(request.check(), None);
        server.cast(answer(5)).unwrap();
        barrier(&server).await;
        assert_eq!(request.check(), Some(Ok(5)));
        assert_eq!(request.check(), None);
    }

    async fn receive_abandons_the_request_when_the_time_is_over() {
        let (server, _log) = puppet().await;
        let request = server.send_request(keep());
        assert_eq!(request.receive(SECOND).await, Err(CallError::Timeout));
        assert_eq!(Node::current().now(), SECOND);
        // The late reply goes nowhere, and what is asked later does not see it.
        server.cast(answer(1)).unwrap();
        assert_eq!(server.send_request(echo(2)).receive(SECOND).await, Ok(2));
    }

    async fn an_answer_that_is_there_at_the_time_out_wins() {
        let (server, _log) = puppet().await;
        let request = server.send_request(keep());
        let mut received = pin!(request.receive(SECOND));
        assert!(poll!(received.as_mut()).is_pending());
        time::sleep(2 * SECOND).await;
        server.cast(answer(5)).unwrap();
        barrier(&server).await;
        assert_eq!(received.await, Ok(5));
    }

    async fn a_deadline_in_absolute_time_is_the_same_however_often_one_waits() {
        let (server, _log) = puppet().await;
        let deadline = Deadline::At(Node::current().now() + 3 * SECOND);
        let mut request = server.send_request(keep());
        assert_eq!(request.wait(SECOND).await, None);
        assert_eq!(request.wait(deadline).await, None);
        assert_eq!(Node::current().now(), 3 * SECOND);
        assert_eq!(request.wait(deadline).await, None);
        assert_eq!(request.receive(deadline).await, Err(CallError::Timeout));
        assert_eq!(Node::current().now(), 3 * SECOND);
    }

    async fn a_request_to_nobody_says_so_when_it_is_asked() {
        const NOBODY: Name<Puppet> = Name::new("nobody");
        let mut request = NOBODY.send_request(keep());
        assert_eq!(request.server(), None);
        assert_eq!(request.check(), Some(Err(CallError::NoProc)));
        assert_eq!(NOBODY.send_request(keep()).receive(SECOND).await, Err(CallError::NoProc));

        let (server, _log) = puppet().await;
        server.stop(ExitReason::Normal).await.unwrap();
        assert_eq!(server.send_request(keep()).await, Err(CallError::NoProc));
        assert_eq!(Node::current().now(), Duration::ZERO);
    }

    async fn a_request_to_a_server_of_another_type_says_so() {
        let pid = process::spawn(|_: Inbox<()>| std::future::pending::<()>());
        process::register("other", pid).unwrap();
        let request = Name::<Puppet>::new("other").send_request(keep());
        assert_eq!(request.await, Err(CallError::WrongServer));
    }

    async fn a_request_is_answered_with_the_reason_if_the_server_ends() {
        for reason in [ExitReason::Normal, ExitReason::Shutdown] {
            let (server, _log) = puppet().await;
            let ends = reason.clone();
            let ask = Ask(move |_: &mut Puppet, _: &mut Cx<Puppet>| stop::<Replied<()>>(ends));
            let request = server.send_request(ask);
            assert_eq!(request.await, Err(CallError::Exit(reason)));
        }
        let (server, _log) = puppet().await;
        let (mut kept, waits) = (server.send_request(keep()), server.send_request(keep()));
        barrier(&server).await;
        process::kill(server.pid());
        assert_eq!(waits.await, Err(CallError::Exit(ExitReason::Killed)));
        assert_eq!(kept.wait(None).await, Some(Err(CallError::Exit(ExitReason::Killed))));
    }

    async fn a_request_whose_caller_is_dropped_gets_no_reply() {
        let (server, _log) = puppet().await;
        let request = server.send_request(AskFrom(|_: &mut Puppet, from, _: &mut Cx<Puppet>| {
            drop(from);
            noreply()
        }));
        assert_eq!(request.await, Err(CallError::NoReply));
    }

    async fn a_request_that_is_dropped_is_served_and_its_reply_vanishes() {
        let (server, mut log) = puppet().await;
        let value = Arc::new(());
        let sent = value.clone();
        drop(server.send_request(Ask(move |puppet: &mut Puppet, _: &mut Cx<Puppet>| {
            puppet.sees(Seen::Info(1));
            reply(sent)
        })));
        assert_eq!(log.next().await, Seen::Info(1));
        barrier(&server).await;
        assert_eq!(Arc::strong_count(&value), 1);
    }

    async fn an_answer_is_sent_as_a_message() {
        let (server, _log) = puppet().await;
        let (taker, told) = taker(2);
        server.send_request(keep()).send_to(&taker, "kept");
        let mut there = server.send_request(echo(1));
        barrier(&server).await;
        there.send_to(&taker, "there");
        server.cast(answer(2)).unwrap();
        let response = |label, n| Response { label, result: Ok(n) };
        assert_eq!(told.await.unwrap(), [response("there", 1), response("kept", 2)]);

        there = server.send_request(echo(3));
        assert_eq!((&mut there).await, Ok(3));
        // It was given: nothing is sent, and nothing panics.
        there.send_to(&taker, "again");
    }

    async fn why_there_is_no_reply_is_sent_as_a_message_too() {
        let (server, _log) = puppet().await;
        let (taker, told) = taker(3);
        Name::<Puppet>::new("nobody").send_request(keep()).send_to(&taker, 0);
        let drops = AskFrom(|_: &mut Puppet, from, _: &mut Cx<Puppet>| {
            drop(from);
            noreply()
        });
        server.send_request(drops).send_to(&taker, 1);
        server.send_request(keep()).send_to(&taker, 2);
        barrier(&server).await;
        process::kill(server.pid());
        let errors = [CallError::NoProc, CallError::NoReply, CallError::Exit(ExitReason::Killed)];
        let results: Vec<_> = told.await.unwrap().into_iter().map(|it| it.result.unwrap_err()).collect();
        assert_eq!(results, errors);
    }

    async fn an_answer_to_one_who_has_ended_goes_nowhere() {
        let (server, _log) = puppet().await;
        let (taker, _told) = taker::<Weak<()>>(1);
        let label = Arc::new(());
        server.send_request(keep()).send_to(&taker, Arc::downgrade(&label));
        let ended = process::monitor(taker.pid());
        process::kill(taker.pid());
        ended.await;
        server.cast(answer(1)).unwrap();
        barrier(&server).await;
        assert_eq!(Arc::weak_count(&label), 0);
    }

    async fn a_server_asks_itself_and_gets_the_answer_as_a_message() {
        let (server, mut log) = puppet().await;
        server.cast(Tell(|_: &mut Puppet, cx: &mut Cx<Puppet>| {
            let request = cx.me().send_request(echo(7));
            request.send_to(&cx.recipient(), 1_u8);
            noreply()
        })).unwrap();
        assert_eq!(log.next().await, Seen::Info(7));
    }

    async fn the_first_of_several_that_is_answered_is_found() {
        let mut servers = Vec::new();
        let mut asked = RequestIds::new();
        for n in 0..100_u32 {
            let (server, _log) = puppet().await;
            asked.add(server.send_request(keep()), n);
            servers.push(server);
        }
        assert_eq!(asked.len(), 100);
        assert_eq!(asked.check(), None);
        for n in [70, 3, 99] {
            servers[n as usize].cast(answer(n + 1000)).unwrap();
            assert_eq!(asked.wait(None).await, Ok(Response { label: n, result: Ok(n + 1000) }));
        }
        assert_eq!(asked.len(), 97);
        servers[5].cast(answer(1)).unwrap();
        barrier(&servers[5]).await;
        assert_eq!(asked.check(), Some(Response { label: 5, result: Ok(1) }));
        assert_eq!(asked.check(), None);
        let mut left: Vec<_> = asked.iter().map(|(id, label)| (*label, id.server().unwrap())).collect();
        left.sort_unstable();
        assert_eq!(left.len(), 96);
        assert!(left.iter().all(|(n, pid)| servers[*n as usize].pid() == *pid));
    }

    async fn without_requests_there_is_nothing_to_wait_for() {
        let mut asked = RequestIds::<(), ()>::new();
        assert!(asked.is_empty());
        assert_eq!(asked.wait(None).await, Err(Unanswered::NoRequest));
        assert_eq!(asked.receive(SECOND).await, Err(Unanswered::NoRequest));
        assert_eq!(asked.check(), None);
        assert_eq!(Node::current().now(), Duration::ZERO);
    }

    async fn several_requests_end_each_with_its_own_answer() {
        let (server, _log) = puppet().await;
        let (dies, _log) = puppet().await;
        let mut asked = RequestIds::new();
        asked.add(server.send_request(keep()), 'a');
        asked.add(dies.send_request(keep()), 'b');
        asked.add(Name::<Puppet>::new("nobody").send_request(keep()), 'c');
        process::kill(dies.pid());
        reason_of(dies.pid()).await;
        let mut results = Vec::new();
        while let Ok(response) = asked.wait(SECOND).await {
            results.push((response.label, response.result.unwrap_err()));
        }
        results.sort_by_key(|(label, _)| *label);
        assert_eq!(results, [('b', CallError::Exit(ExitReason::Killed)), ('c', CallError::NoProc)]);
        assert_eq!(asked.len(), 1);
        server.cast(answer(1)).unwrap();
        assert_eq!(asked.wait(SECOND).await, Ok(Response { label: 'a', result: Ok(1) }));
    }

    async fn wait_for_several_keeps_them_and_receive_abandons_them() {
        let (server, _log) = puppet().await;
        let mut asked = RequestIds::new();
        asked.add(server.send_request(keep()), 1);
        asked.add(server.send_request(keep()), 1);
        assert_eq!(asked.wait(SECOND).await, Err(Unanswered::Timeout));
        assert_eq!(asked.len(), 2);
        assert_eq!(asked.receive(SECOND).await, Err(Unanswered::Timeout));
        assert_eq!(Node::current().now(), 2 * SECOND);
        assert_eq!(asked.receive(SECOND).await, Err(Unanswered::NoRequest));
        for n in 0..2 {
            server.cast(answer(n)).unwrap();
        }
        barrier(&server).await;
    }

    async fn one_deadline_in_absolute_time_serves_several_waits() {
        let (server, _log) = puppet().await;
        let mut asked = RequestIds::new();
        for label in 0..3 {
            asked.add(server.send_request(keep()), label);
        }
        let deadline = Deadline::At(Node::current().now() + 3 * SECOND);
        for label in 0..2 {
            time::sleep(SECOND).await;
            server.cast(answer(9)).unwrap();
            assert_eq!(asked.receive(deadline).await.map(|response| response.label), Ok(label));
        }
        assert_eq!(asked.receive(deadline).await, Err(Unanswered::Timeout));
        assert_eq!(Node::current().now(), 3 * SECOND);
    }

    async fn a_held_server_answers_when_it_goes_on() {
        let (server, _log) = puppet().await;
        let let_go = hold(&server).await;
        let mut request: RequestId<u32> = server.send_request(echo(1));
        assert_eq!(request.wait(10 * SECOND).await, None);
        drop(let_go);
        assert_eq!(request.wait(None).await, Some(Ok(1)));
    }
}

/// The answer of [`a_server_asks_itself_and_gets_the_answer_as_a_message`].
impl HandleInfo<Response<u8, u32>> for Puppet {
    async fn handle_info(&mut self, response: Response<u8, u32>, _: &mut Cx<Self>) -> NoReply {
        self.sees(Seen::Info(response.result.expect("it was answered")));
        noreply()
    }
}

/// Answers from another thread.
struct Elsewhere(u32);

impl HandleCallFrom<Elsewhere> for Puppet {
    type Reply = u32;
    async fn handle_call_from(&mut self, ask: Elsewhere, from: Caller<u32>, _: &mut Cx<Self>) -> NoReply {
        tokio::task::spawn_blocking(move || from.reply(ask.0));
        noreply()
    }
}

#[perennial::test(flavor = "multi_thread", workers = 2)]
async fn answers_from_other_threads_come_once_each() {
    const MANY: u32 = 1000;
    let (server, _log) = puppet().await;
    let (taker, told) = taker(MANY as usize);
    let mut asked = RequestIds::new();
    for n in 0..MANY {
        asked.add(server.send_request(Elsewhere(n)), n);
        // Some are answered before this, some after.
        server.send_request(Elsewhere(n)).send_to(&taker, n);
    }
    let mut answers = Vec::new();
    while let Ok(response) = asked.wait(None).await {
        assert_eq!(response.result, Ok(response.label));
        answers.push(response.label);
    }
    let mut sent: Vec<u32> =
        told.await.unwrap().into_iter().map(|response| response.result.unwrap()).collect();
    for all in [&mut answers, &mut sent] {
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..MANY));
    }
}
