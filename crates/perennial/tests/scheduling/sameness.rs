//! Calls that are run by their callers, and calls that go through the queue, have the same results.

use perennial::{
    gen_server::Options,
    node::{Node, Time},
    prelude::*,
    process, time,
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

const SECOND: Duration = Duration::from_secs(1);

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }
}

/// A server that does a bit of everything.
struct Everything {
    log: Log,
    kept: Vec<Caller<u32>>,
    sum: u32,
}

impl GenServer for Everything {
    type Args = Log;
    async fn init(log: Log, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        cx.trap_exit();
        log.add("init");
        Ok(Self { log, kept: Vec::new(), sum: 0 })
    }
    async fn terminate(&mut self, reason: &ExitReason, _: &mut Cx<Self>) -> Result<(), ExitReason> {
        self.log.add(format!("terminate: {reason}"));
        Ok(())
    }
}

struct Add(u32);
struct Sum;
struct Slow(u64);
struct Keep;
struct Answer(u32);
struct Ask(ServerRef<Everything>);
struct Continue;
struct Idle;
struct Fail;
struct Ignore;
struct End(ExitReason);
struct StartLinked;

impl HandleCast<Add> for Everything {
    async fn handle_cast(&mut self, Add(n): Add, _: &mut Cx<Self>) -> NoReply {
        self.sum += n;
        self.log.add(format!("add {n}"));
        noreply()
    }
}
impl HandleCall<Sum> for Everything {
    type Reply = u32;
    async fn handle_call(&mut self, Sum: Sum, _: &mut Cx<Self>) -> Reply<u32> {
        self.log.add("sum");
        reply(self.sum)
    }
}
impl HandleCall<Slow> for Everything {
    type Reply = Duration;
    async fn handle_call(&mut self, Slow(seconds): Slow, _: &mut Cx<Self>) -> Reply<Duration> {
        time::sleep(Duration::from_secs(seconds)).await;
        self.log.add(format!("slept {seconds}"));
        reply(Node::current().now())
    }
}
impl HandleCallFrom<Keep> for Everything {
    type Reply = u32;
    async fn handle_call_from(&mut self, Keep: Keep, from: Caller<u32>, _: &mut Cx<Self>) -> NoReply {
        self.kept.push(from);
        self.log.add("kept");
        noreply()
    }
}
impl HandleCast<Answer> for Everything {
    async fn handle_cast(&mut self, Answer(n): Answer, _: &mut Cx<Self>) -> NoReply {
        self.kept.drain(..).for_each(|caller| caller.reply(n));
        noreply()
    }
}
impl HandleCall<Ask> for Everything {
    type Reply = Result<u32, CallError>;
    async fn handle_call(&mut self, Ask(other): Ask, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        reply(other.call(Sum).await)
    }
}
impl HandleCall<Continue> for Everything {
    type Reply = ();
    async fn handle_call(&mut self, Continue: Continue, cx: &mut Cx<Self>) -> Reply<()> {
        cx.continue_with(Idle);
        reply(())
    }
}
impl HandleContinue<Idle> for Everything {
    async fn handle_continue(&mut self, Idle: Idle, cx: &mut Cx<Self>) -> NoReply {
        self.log.add("continued");
        cx.timeout(SECOND);
        noreply()
    }
}
impl HandleInfo<Timeout> for Everything {
    async fn handle_info(&mut self, _: Timeout, _: &mut Cx<Self>) -> NoReply {
        self.log.add(format!("idle until {:?}", Node::current().now()));
        noreply()
    }
}
impl HandleCall<Fail> for Everything {
    type Reply = ();
    async fn handle_call(&mut self, Fail: Fail, _: &mut Cx<Self>) -> Reply<()> {
        panic!("on purpose")
    }
}
impl HandleCallFrom<Ignore> for Everything {
    type Reply = ();
    async fn handle_call_from(&mut self, Ignore: Ignore, from: Caller<()>, _: &mut Cx<Self>) -> NoReply {
        drop(from);
        noreply()
    }
}
impl HandleCall<End> for Everything {
    type Reply = u32;
    async fn handle_call(&mut self, End(reason): End, _: &mut Cx<Self>) -> Reply<u32> {
        stop_reply(reason, self.sum)
    }
}
impl HandleCall<StartLinked> for Everything {
    type Reply = ();
    async fn handle_call(&mut self, StartLinked: StartLinked, _: &mut Cx<Self>) -> Reply<()> {
        process::spawn_link(|_: Inbox<()>| async { process::exit_self(ExitReason::Shutdown) });
        reply(())
    }
}
impl HandleInfo<Exit> for Everything {
    async fn handle_info(&mut self, exit: Exit, _: &mut Cx<Self>) -> NoReply {
        self.log.add(format!("exit: {}", exit.reason));
        noreply()
    }
}

async fn server(log: &Log, options: Options) -> ServerRef<Everything> {
    let pid = gen_server::start_unlinked_with::<Everything>(log.clone(), (), options).await.unwrap();
    pid.server().unwrap()
}

/// Talks to servers as one who waits for each answer, so that there is one order of what happens.
async fn talk(options: Options) -> Vec<String> {
    let log = Log::default();
    let (one, two) = (server(&log, options).await, server(&log, options).await);
    for n in 1..=10 {
        one.cast(Add(n)).unwrap();
        log.add(format!("{:?}", one.call(Sum).await));
    }
    log.add(format!("{:?}", two.call(Ask(one.clone())).await));
    log.add(format!("{:?}", one.call(Ask(one.clone())).await));
    log.add(format!("{:?}", one.call_timeout(Slow(3), Some(SECOND)).await));
    log.add(format!("{:?}", one.call(Slow(1)).await.map(|_| ())));
    let kept = one.send_request(Keep);
    one.call(Sum).await.unwrap();
    one.cast(Answer(7)).unwrap();
    log.add(format!("{:?}", kept.await));
    log.add(format!("{:?}", one.call(Ignore).await));
    // What follows from a call comes before or after its reply is seen.
    let started = one.call(StartLinked).await;
    Node::current().settled().await;
    log.add(format!("{started:?}"));
    let continued = one.call(Continue).await;
    Node::current().settled().await;
    log.add(format!("{continued:?}"));
    time::sleep(2 * SECOND).await;
    let kept = two.send_request(Keep);
    log.add(format!("{:?}", two.call(Fail).await.map_err(|error| error.to_string())));
    log.add(format!("{:?}", kept.await.map_err(|error| error.to_string())));
    log.add(format!("{:?}", two.call(Sum).await));
    log.add(format!("{:?}", one.call(End(ExitReason::Shutdown)).await));
    log.add(format!("{:?}", one.call(Sum).await));
    log.add(format!("{:?}", Node::current().now()));
    std::mem::take(&mut *log.0.lock().unwrap())
}

rules! {
    async fn calls_have_the_same_results_whoever_runs_the_server() {
        let begin = Node::current().now();
        let modes = [(true, Options::default()), (true, Options::default().inline(Some(Duration::MAX))),
            (true, Options::default().inline(None)), (false, Options::default())];
        let mut talks = Vec::new();
        for (inline, options) in modes {
            // Each on a node of its own, whose clock begins at zero.
            let node = Node::new(Time::Paused);
            node.set_inline_calls(inline);
            let (tell, told) = tokio::sync::oneshot::channel();
            {
                let _entered = node.enter();
                process::spawn(move |_: Inbox<()>| async move { tell.send(talk(options).await).unwrap() });
            }
            talks.push(told.await.unwrap());
        }
        assert_eq!(begin, Node::current().now());
        assert!(talks[0].len() > 40);
        for other in &talks[1..] {
            assert_eq!(&talks[0], other);
        }
    }

    async fn a_state_is_dropped_and_a_name_free_when_the_caller_hears_of_the_end() {
        for inline in [true, false] {
            Node::current().set_inline_calls(inline);
            const NAME: Name<Everything> = Name::new("everything");
            let log = Log::default();
            gen_server::start::<Everything>(log.clone(), NAME).await.unwrap();
            Node::current().settled().await;
            assert_eq!(NAME.call(End(ExitReason::Normal)).await, Ok(0));
            assert_eq!(NAME.pid_now(), None);
            assert_eq!(Arc::strong_count(&log.0), 1);
        }
    }
}
