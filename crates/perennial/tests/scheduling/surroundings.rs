//! What a callback may use: the runtime's I/O, timers, tasks and threads; and other runtimes around it.

use crate::support::{Run, idle_runner, is_run_by_its_caller, node_on, runner};
use perennial::{node::Node, prelude::*, process};
use std::{
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Builder,
    sync::oneshot,
};

/// Uses everything that tokio has.
async fn use_tokio() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut got = Vec::new();
        stream.read_to_end(&mut got).await.unwrap();
        got
    });
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(server.await.unwrap(), b"hello");
    tokio::time::sleep(Duration::from_millis(1)).await;
    let never = std::future::pending::<()>();
    assert!(tokio::time::timeout(Duration::from_millis(1), never).await.is_err());
    assert_eq!(tokio::task::spawn_blocking(|| 7).await.unwrap(), 7);
    tokio::task::yield_now().await;
}

/// Uses tokio in each of its callbacks, and says so.
struct User(Arc<Mutex<Vec<&'static str>>>);

impl User {
    async fn uses(&self, callback: &'static str) {
        use_tokio().await;
        self.0.lock().unwrap().push(callback);
    }
}

struct Call;
struct Cast;
struct Info;

impl GenServer for User {
    type Args = Arc<Mutex<Vec<&'static str>>>;
    async fn init(used: Self::Args, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        let user = Self(used);
        user.uses("init").await;
        cx.continue_with(Info);
        Ok(user)
    }
    async fn terminate(&mut self, _: &ExitReason, _: &mut Cx<Self>) -> Result<(), ExitReason> {
        self.uses("terminate").await;
        Ok(())
    }
}
impl HandleContinue<Info> for User {
    async fn handle_continue(&mut self, Info: Info, _: &mut Cx<Self>) -> NoReply {
        self.uses("continue").await;
        noreply()
    }
}
impl HandleCall<Call> for User {
    type Reply = ();
    async fn handle_call(&mut self, Call: Call, _: &mut Cx<Self>) -> Reply<()> {
        self.uses("call").await;
        reply(())
    }
}
impl HandleCast<Cast> for User {
    async fn handle_cast(&mut self, Cast: Cast, _: &mut Cx<Self>) -> NoReply {
        self.uses("cast").await;
        noreply()
    }
}
impl HandleInfo<Info> for User {
    async fn handle_info(&mut self, Info: Info, _: &mut Cx<Self>) -> NoReply {
        self.uses("info").await;
        noreply()
    }
}

rules! {
    async fn tokio_works_in_every_callback() {
        // What tokio waits for is not counted, and the calls would be over at once.
        let _hold = Node::current().hold();
        let used = Arc::new(Mutex::new(Vec::new()));
        let pid = gen_server::start::<User>(used.clone(), ()).await.unwrap();
        let user = pid.server::<User>().unwrap();
        user.cast(Cast).unwrap();
        user.send(Info);
        user.call(Call).await.unwrap();
        // And one that is idle when it is called.
        user.call(Call).await.unwrap();
        user.stop(ExitReason::Normal).await.unwrap();
        let used = used.lock().unwrap().clone();
        assert_eq!(used, ["init", "continue", "cast", "info", "call", "call", "terminate"]);
    }

    async fn a_plain_task_and_a_thread_may_wait_for_a_server_in_one_runtime() {
        let server = runner().await;
        let _hold = Node::current().hold();
        let called = server.clone();
        let task = tokio::spawn(async move { called.call(Run(|| async { 1 })).await });
        let thread = tokio::task::spawn_blocking(move || server.blocking_call(Run(|| async { 2 })));
        assert_eq!((task.await.unwrap(), thread.await.unwrap()), (Ok(1), Ok(2)));
    }
}

#[perennial::test(flavor = "multi_thread", workers = 2)]
async fn a_callback_may_block_in_place() {
    let (blocks, other) = (runner().await, runner().await);
    let called = blocks.call(Run(move || async move {
        let (tell, told) = std::sync::mpsc::channel();
        other.cast(Run(move || async move { tell.send(7).unwrap() })).unwrap();
        tokio::task::block_in_place(|| told.recv_timeout(Duration::from_secs(10)))
    }));
    assert_eq!(called.await, Ok(Ok(7)));
}

#[test]
fn a_process_may_block_in_place_where_there_is_one_worker() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _node = node_on(&runtime);
    runtime.block_on(async {
        let other = runner().await;
        let (say, said) = oneshot::channel();
        process::spawn(|_: Inbox<()>| async move {
            let (tell, told) = std::sync::mpsc::channel();
            other.cast(Run(move || async move { tell.send(7).unwrap() })).unwrap();
            let told = tokio::task::block_in_place(|| told.recv_timeout(Duration::from_secs(10)));
            say.send(told).unwrap();
        });
        assert_eq!(said.await, Ok(Ok(7)));
    });
}

#[test]
fn a_callback_may_run_another_runtime_in_a_thread_whose_processes_go_their_own_way() {
    for workers in [0, 2] {
        let runtime = match workers {
            0 => Builder::new_current_thread().enable_all().build(),
            workers => Builder::new_multi_thread().worker_threads(workers).enable_all().build(),
        };
        let runtime = runtime.unwrap();
        let _node = node_on(&runtime);
        runtime.block_on(async {
            let server = runner().await;
            let inner = server.call(Run(|| async {
                let inner = thread::spawn(|| {
                    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
                    let _node = node_on(&runtime);
                    runtime.block_on(async {
                        let server = runner().await;
                        server.call(Run(|| async { process::current() })).await == Ok(Some(server.pid()))
                    })
                });
                inner.join().unwrap()
            }));
            assert_eq!(inner.await, Ok(true));
        });
    }
}

#[test]
fn a_server_of_another_runtime_is_not_run_by_its_caller() {
    let [(_here, here), (_there, there)] = [(), ()].map(|()| {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        (node_on(&runtime), runtime)
    });
    let server = there.block_on(idle_runner());
    assert!(!here.block_on(is_run_by_its_caller(&server)));
    let (tell, told) = oneshot::channel();
    here.block_on(async move {
        process::spawn(|_: Inbox<()>| async move {
            tell.send(is_run_by_its_caller(&server).await).unwrap();
        });
        assert!(!told.await.unwrap());
    });
}

#[test]
fn time_that_is_paused_by_tokio_moves_on_when_all_processes_wait() {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let _node = node_on(&runtime);
    runtime.block_on(async {
        let began = tokio::time::Instant::now();
        let server = runner().await;
        let slept =
            server.call_timeout(Run(|| async { tokio::time::sleep(Duration::from_secs(3600)).await }), None);
        assert_eq!(slept.await, Ok(()));
        assert!(began.elapsed() >= Duration::from_secs(3600));
    });
}
