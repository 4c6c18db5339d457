//! Scopes, and processes to put into groups.

use perennial::{
    gen_server,
    pg::{GroupEvent, MonitorRef, Scope},
    prelude::*,
};
use std::fmt::{self, Debug};

pub(crate) type Rooms = Scope<String>;

/// Runs each function as two tests, with a scope called `s`.
macro_rules! rules {
    ($($name:ident)*) => {
        mod one_thread {
            $(#[perennial::test(paused)]
            async fn $name() {
                super::$name($crate::support::start("s").await).await;
            })*
        }

        mod two_threads {
            $(#[perennial::test(paused, flavor = "multi_thread", workers = 2)]
            async fn $name() {
                super::$name($crate::support::start("s").await).await;
            })*
        }
    };
}

/// Starts a scope that is linked to nobody.
pub(crate) async fn start(name: &str) -> Rooms {
    let scope = Rooms::from(name.to_owned());
    scope.start_link().await.unwrap();
    scope
}

pub(crate) fn room(name: &str) -> String {
    name.to_owned()
}

/// A process that waits for ever.
pub(crate) fn idle() -> Pid {
    process::spawn(|_: Inbox<()>| std::future::pending::<()>())
}

/// Kills a process and waits for its `Down`.
pub(crate) async fn kill(pid: Pid) {
    let down = process::monitor(pid);
    process::kill(pid);
    assert_eq!(down.await.reason, ExitReason::Killed);
}

pub(crate) fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort();
    all
}

/// An event without its monitor.
#[derive(PartialEq, Eq)]
pub(crate) struct Told(pub(crate) &'static str, pub(crate) String, pub(crate) Vec<Pid>);

impl Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.0, self.1, self.2)
    }
}

pub(crate) fn joined<const N: usize>(group: &str, pids: [Pid; N]) -> Told {
    Told("join", room(group), pids.to_vec())
}

pub(crate) fn left<const N: usize>(group: &str, pids: [Pid; N]) -> Told {
    Told("leave", room(group), pids.to_vec())
}

/// A process that remembers what it is told.
#[derive(Default)]
pub(crate) struct Watcher(Vec<(MonitorRef, Told)>);

/// Asks for what it was told, and has it forget that.
pub(crate) struct Take;

impl GenServer for Watcher {
    type Args = ();
    async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self::default())
    }
}
impl HandleInfo<GroupEvent<String>> for Watcher {
    async fn handle_info(&mut self, event: GroupEvent<String>, _: &mut Cx<Self>) -> NoReply {
        self.0.push(match event {
            GroupEvent::Join { monitor, group, pids } => (monitor, Told("join", (*group).clone(), pids)),
            GroupEvent::Leave { monitor, group, pids } => (monitor, Told("leave", (*group).clone(), pids)),
        });
        noreply()
    }
}
impl HandleCall<Take> for Watcher {
    type Reply = Vec<(MonitorRef, Told)>;
    async fn handle_call(&mut self, _: Take, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        reply(std::mem::take(&mut self.0))
    }
}

pub(crate) async fn watcher() -> ServerRef<Watcher> {
    gen_server::start::<Watcher>((), ()).await.unwrap().server().unwrap()
}

/// What a watcher was told by one monitor, which is the only one it has.
pub(crate) async fn told(watcher: &ServerRef<Watcher>, monitor: MonitorRef) -> Vec<Told> {
    let told = watcher.call(Take).await.unwrap();
    assert!(told.iter().all(|(from, _)| *from == monitor));
    told.into_iter().map(|(_, told)| told).collect()
}
