//! Starting: names, the outcomes of `init`, the limit of its time.

use crate::puppet::{Puppet, Seen, barrier, puppet_with, reason_of, script};
use perennial::{
    gen_server::Options,
    node::{EventKind, Node},
    prelude::*,
    process, time,
};
use std::time::Duration;
use tokio::sync::oneshot;

const NAME: Name<Puppet> = Name::new("puppet");

fn boom() -> ExitReason {
    ExitReason::other("boom")
}

#[perennial::test]
async fn start_link_links_with_the_parent() {
    let (tell, told) = oneshot::channel();
    let (script, _log) = script(|_| Ok(()));
    let parent = process::spawn(|mut inbox: Inbox<()>| async move {
        let pid = Puppet::start_link(script).await.expect("it starts");
        tell.send(pid).expect("the test waits");
        inbox.receive().await;
    });
    let pid = told.await.unwrap();
    assert_eq!(process::links(pid), [parent]);
    assert_eq!(process::info(pid).unwrap().parent, Some(parent));
    let ended = process::monitor(pid);
    process::exit(parent, boom());
    assert_eq!(ended.await.reason, boom());
}

#[perennial::test]
async fn start_links_nobody_and_has_no_parent() {
    let (tell, told) = oneshot::channel();
    let (script, _log) = script(|cx| {
        assert_eq!(cx.parent(), None);
        Ok(())
    });
    let starter = process::spawn(|_: Inbox<()>| async move {
        let pid = gen_server::start::<Puppet>(script, ()).await.expect("it starts");
        tell.send(pid).expect("the test waits");
    });
    let pid = told.await.unwrap();
    reason_of(starter).await;
    assert_eq!(process::links(pid), []);
    barrier(&pid.server().unwrap()).await;
}

#[perennial::test]
async fn who_starts_a_server_may_have_it_returned() {
    let (first, _log) = script(|_| Ok(()));
    let server = gen_server::start_ref::<Puppet>(first, NAME).await.unwrap();
    assert_eq!(NAME.whereis(), Some(server.clone()));
    assert_eq!(process::links(server.pid()), []);
    let (second, _log) = script(|_| Ok(()));
    let taken = gen_server::start_ref::<Puppet>(second, NAME).await;
    assert_eq!(taken, Err(StartError::AlreadyStarted(server.pid())));

    let (third, _log) = script(|_| Ok(()));
    let parent = process::spawn(|_: Inbox<()>| async move {
        let linked = gen_server::start_link_ref::<Puppet>(third, ()).await.unwrap();
        assert_eq!(process::links(linked.pid()), Vec::from_iter(process::current()));
        barrier(&linked).await;
    });
    assert_eq!(reason_of(parent).await, ExitReason::Normal);
}

#[perennial::test]
async fn start_monitor_monitors_from_the_start() {
    let (first, _log) = script(|_| Ok(()));
    let (server, ended) = gen_server::start_monitor::<Puppet>(first, ()).await.unwrap();
    assert_eq!(process::info(server.pid()).unwrap().monitored_by, 1);
    server.stop(ExitReason::Shutdown).await.unwrap();
    assert_eq!(ended.await.reason, ExitReason::Shutdown);

    let (fails, _log) = script(|_| Err(InitError::Stop(boom())));
    let failed = gen_server::start_monitor::<Puppet>(fails, ()).await;
    assert_eq!(failed.unwrap_err(), StartError::Exit(boom()));
}

#[perennial::test(paused)]
async fn start_monitor_that_fails_gives_the_plain_error_when_the_process_is_gone() {
    let before = Node::current().count_processes();
    let (ignores, _log) = script(|_| Err(InitError::Ignore));
    let ignored = gen_server::start_monitor::<Puppet>(ignores, NAME).await;
    assert_eq!(ignored.unwrap_err(), StartError::Ignore);
    assert_eq!((NAME.pid_now(), Node::current().count_processes()), (None, before));

    let (first, _log) = script(|_| Ok(()));
    let (server, _ended) = gen_server::start_monitor::<Puppet>(first, NAME).await.unwrap();
    let (second, _log) = script(|_| Ok(()));
    let taken = gen_server::start_monitor::<Puppet>(second, NAME).await;
    assert_eq!(taken.unwrap_err(), StartError::AlreadyStarted(server.pid()));
    assert_eq!(Node::current().count_processes(), before + 1);
}

#[perennial::test(paused)]
async fn start_monitor_may_have_a_limit() {
    struct Slow;
    impl GenServer for Slow {
        type Args = ();
        async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
            std::future::pending().await
        }
    }
    let before = Node::current().count_processes();
    let limit = Options::default().timeout(Duration::from_secs(1));
    let late = gen_server::start_monitor_with::<Slow>((), (), limit).await;
    assert_eq!(late.unwrap_err(), StartError::Timeout);
    assert_eq!(Node::current().count_processes(), before);
}

#[perennial::test]
async fn a_server_has_its_name_before_init_runs() {
    let (script, _log) = script(|cx| {
        assert_eq!(NAME.pid_now(), Some(cx.pid()));
        Ok(())
    });
    let pid = gen_server::start(script, NAME).await.unwrap();
    assert_eq!(NAME.whereis().map(|server| server.pid()), Some(pid));
    assert_eq!(process::whereis("puppet"), Some(pid));
}

#[perennial::test]
async fn a_taken_name_is_already_started_before_anything_is_spawned() {
    let (first, _log) = script(|_| Ok(()));
    let pid = gen_server::start(first, NAME).await.unwrap();
    let mut events = Node::current().events();
    let (second, _log) = script(|_| unreachable!("its name is taken"));
    assert_eq!(gen_server::start(second, NAME).await, Err(StartError::AlreadyStarted(pid)));
    while let Some(event) = events.try_next().unwrap() {
        assert!(!matches!(event.kind, EventKind::Start { .. }));
    }
}

#[perennial::test]
async fn the_race_for_a_name_is_settled_in_the_process() {
    let (one, _log) = script(|_| Ok(()));
    let (other, _other_log) = script(|_| Ok(()));
    // On one thread both find the name free before either process runs.
    let (one, other) = tokio::join!(gen_server::start(one, NAME), gen_server::start(other, NAME));
    let pid = one.unwrap();
    assert_eq!(other, Err(StartError::AlreadyStarted(pid)));
    assert_eq!(NAME.pid_now(), Some(pid));
}

#[perennial::test]
async fn a_name_can_be_made_at_run_time_and_may_be_none() {
    let name: Name<Puppet> = Name::from(format!("puppet {}", 7));
    let (first, _log) = script(|_| Ok(()));
    let pid = gen_server::start(first, Some(name.clone())).await.unwrap();
    assert_eq!(name.pid_now(), Some(pid));
    let (second, _log) = script(|_| Ok(()));
    gen_server::start(second, None::<Name<Puppet>>).await.unwrap();
    assert_eq!(Node::current().registered(), ["puppet 7".into()]);
}

#[perennial::test]
async fn init_that_stops_fails_the_start_and_frees_the_name() {
    let (script, log) = script(|_| Err(InitError::Stop(boom())));
    let mut events = Node::current().events();
    assert_eq!(gen_server::start(script, NAME).await, Err(StartError::Exit(boom())));
    // The process is gone by now, not only dying.
    let mut reasons = Vec::new();
    while let Some(event) = events.try_next().unwrap() {
        if let EventKind::Exit { reason } = event.kind {
            assert!(!Node::current().processes().contains(&event.pid));
            reasons.push(reason);
        }
    }
    assert_eq!(reasons, [boom()]);
    assert_eq!(process::whereis("puppet"), None);
    assert_eq!(log.rest().await, []);
}

/// Starts a linked puppet from a process; gives what the start returned, and how the process ended.
async fn linked_start(init: InitError) -> (Option<StartResult>, ExitReason) {
    let (tell, mut told) = oneshot::channel();
    let (script, _log) = script(|_| Err(init));
    let starter = process::spawn(|_: Inbox<()>| async move {
        let result = Puppet::start_link(script).await;
        // A process that is doomed is not polled again.
        tokio::task::yield_now().await;
        tell.send(result).expect("the test waits");
    });
    let reason = reason_of(starter).await;
    (told.try_recv().ok(), reason)
}

#[perennial::test]
async fn init_that_stops_ends_a_linked_caller() {
    assert_eq!(linked_start(InitError::Stop(boom())).await, (None, boom()));
}

#[perennial::test]
async fn init_that_fails_with_error_spares_a_linked_caller() {
    let survived = (Some(Err(StartError::Exit(boom()))), ExitReason::Normal);
    assert_eq!(linked_start(InitError::Error(boom())).await, survived);
}

#[perennial::test]
async fn init_that_ignores_ends_normally_and_spares_a_linked_caller() {
    let survived = (Some(Err(StartError::Ignore)), ExitReason::Normal);
    assert_eq!(linked_start(InitError::Ignore).await, survived);

    let (script, log) = script(|_| Err(InitError::Ignore));
    assert_eq!(gen_server::start(script, NAME).await, Err(StartError::Ignore));
    assert_eq!(process::whereis("puppet"), None);
    assert_eq!(log.rest().await, []);
}

#[perennial::test]
async fn init_that_panics_fails_the_start_with_the_panic() {
    let (script, log) = script(|_| panic!("in init"));
    let Err(StartError::Exit(ExitReason::Panic(report))) = gen_server::start(script, NAME).await else {
        panic!("it fails")
    };
    assert_eq!(report.message(), "in init");
    assert!(report.location().unwrap().contains("starting.rs"));
    assert_eq!(process::whereis("puppet"), None);
    assert_eq!(log.rest().await, []);
}

#[perennial::test]
async fn init_that_exits_fails_the_start_with_the_reason() {
    let (script, _log) = script(|_| process::exit_self(boom()));
    assert_eq!(gen_server::start::<Puppet>(script, ()).await, Err(StartError::Exit(boom())));
}

#[perennial::test]
async fn an_error_in_init_is_the_reason() {
    let (script, _log) = script(|_| Err(std::io::Error::other("disk").into()));
    let failed = gen_server::start::<Puppet>(script, ()).await.unwrap_err();
    assert_eq!(failed.to_string(), "it ended before it was up: disk");
    assert!(std::error::Error::source(&failed).unwrap().is::<std::io::Error>());
}

struct Slow;
impl GenServer for Slow {
    type Args = oneshot::Sender<()>;
    async fn init(_alive: Self::Args, _: &mut Cx<Self>) -> Result<Self, InitError> {
        std::future::pending().await
    }
}

#[perennial::test(paused)]
async fn init_that_takes_too_long_is_killed_and_spares_a_linked_caller() {
    let (alive, gone) = oneshot::channel();
    let (tell, told) = oneshot::channel();
    let limit = Duration::from_secs(1);
    let starter = process::spawn(|_: Inbox<()>| async move {
        let name: Name<Slow> = Name::new("slow");
        let options = Options::default().timeout(limit);
        let before = Node::current().now();
        let result = gen_server::start_link_with(alive, name, options).await;
        tokio::task::yield_now().await;
        tell.send((result, Node::current().now() - before)).expect("the test waits");
    });
    assert_eq!(told.await.unwrap(), (Err(StartError::Timeout), limit));
    // Its arguments were dropped with it, and the name is free.
    assert!(gone.await.is_err());
    assert_eq!(process::whereis("slow"), None);
    assert!(matches!(reason_of(starter).await, ExitReason::Normal | ExitReason::NoProc));
}

#[perennial::test(paused)]
async fn init_may_take_as_long_as_it_likes_without_a_limit() {
    struct AnHour;
    impl GenServer for AnHour {
        type Args = ();
        async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
            time::sleep(Duration::from_secs(3600)).await;
            Ok(Self)
        }
    }
    let pid = gen_server::start::<AnHour>((), ()).await.unwrap();
    assert!(process::is_alive(pid));
}

#[perennial::test]
async fn a_start_that_is_dropped_goes_on() {
    let (script, _log) = script(|_| Ok(()));
    Node::current().set_inline_calls(false);
    {
        let mut start = std::pin::pin!(gen_server::start(script, NAME));
        assert!(futures_util::poll!(start.as_mut()).is_pending());
    }
    while NAME.whereis().is_none() {
        tokio::task::yield_now().await;
    }
    barrier(&NAME.whereis().unwrap()).await;
}

#[perennial::test]
async fn the_child_spec_has_the_server_as_id_and_start_link_as_start() {
    struct Plain;
    impl GenServer for Plain {
        type Args = u8;
        async fn init(_: u8, _: &mut Cx<Self>) -> Result<Self, InitError> {
            Ok(Self)
        }
    }
    let spec = ChildSpec { restart: Restart::Transient, ..Plain::child_spec(1) };
    let id = format!("{:?}", spec.id);
    assert!(id.contains("Plain") && id.contains("start_link"), "{id}");
    assert_eq!((spec.restart, spec.kind), (Restart::Transient, ChildType::Worker));
    assert_eq!(spec.shutdown, Shutdown::Timeout(Duration::from_secs(5)));
}

#[perennial::test]
async fn a_pid_knows_its_server_while_it_lives() {
    let (server, mut log) = puppet_with(|_| Ok(())).await;
    let pid = server.pid();
    assert_eq!(pid.server::<Puppet>(), Some(server.clone()));
    server.cast(1_u32).unwrap();
    assert_eq!(log.next().await, Seen::Cast(1));
    server.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(pid.server::<Puppet>(), None);
}
