//! What a library is measured through: the trait that every Rust peer implements with its own idiomatic actors.

use crate::measure::Elapsed;
use std::{future::Future, time::Duration};

/// Which runtime the peer should run on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rt {
    /// Two worker threads.
    Multi,
    /// One thread.
    Current,
}

impl Rt {
    pub fn name(self) -> &'static str {
        match self {
            Rt::Multi => "mt",
            Rt::Current => "ct",
        }
    }
}

/// A registry key: two strings, as `{title, email}` would be in Elixir.
/// `joined` is for peers whose registry takes only strings; it is made
/// outside the timed section.
#[derive(Clone, Debug)]
pub struct Key {
    pub title: String,
    pub email: String,
    pub joined: String,
}

impl Key {
    pub fn nth(i: usize) -> Self {
        let title = format!("room-{}", i % 1000);
        let email = format!("user{i}@example.org");
        let joined = format!("{title}|{email}");
        Key { title, email, joined }
    }
}

/// Receives the address of every new incarnation of a supervised child.
pub type Births<H> = tokio::sync::mpsc::UnboundedSender<H>;

/// What a peer provides. A "server" holds a `u64`: a cast adds to it, a call
/// adds to it and answers the new value.
pub trait Peer: Sized + Send + Sync + 'static {
    const NAME: &'static str;
    /// Address of a server.
    type Handle: Clone + Send + Sync + 'static;
    /// Address of a (dynamic) supervisor.
    type Sup: Clone + Send + Sync + 'static;
    /// Workloads the peer has no equivalent for, with the reason.
    const NA: &'static [(&'static str, &'static str)] = &[];

    /// Why children started by `sup_child` cannot be terminated one by one.
    const NO_TERMINATE: Option<&'static str> = None;

    /// Runs `main` as a process of the peer, on a fresh runtime.
    fn run<F: Future<Output = ()> + Send + 'static>(rt: Rt, main: F);

    /// Runs `work` as a process of its own; the result resolves when it ended.
    fn client<F: Future<Output = ()> + Send + 'static>(index: usize, work: F) -> impl Future<Output = ()> + Send;

    /// Starts server number `index`.
    fn start(index: usize) -> impl Future<Output = Self::Handle> + Send;
    fn call(server: &Self::Handle, value: u64) -> impl Future<Output = u64> + Send;
    fn cast(server: &Self::Handle, value: u64) -> impl Future<Output = ()> + Send;
    /// A server for the cast workloads; differs where the peer's default
    /// mailbox is bounded.
    fn start_unbounded(index: usize) -> impl Future<Output = Self::Handle> + Send {
        Self::start(index)
    }
    /// Asks the server to stop normally, without waiting.
    fn stop(server: &Self::Handle) -> impl Future<Output = ()> + Send;

    /// Passes one token `hops` times around a ring of `actors` actors;
    /// resolves with the time from the first hop to the last.
    fn ring(actors: usize, hops: u64) -> impl Future<Output = Elapsed> + Send;

    /// Starts a server registered under `key`.
    fn start_registered(_index: usize, _key: &Key) -> impl Future<Output = Self::Handle> + Send {
        not_there()
    }
    /// Looks `key` up; whether it was there.
    fn lookup(_key: &Key) -> impl Future<Output = bool> + Send {
        not_there()
    }
    /// Registers `server` under `key`, then unregisters it.
    fn churn(_key: &Key, _server: &Self::Handle) -> impl Future<Output = ()> + Send {
        not_there()
    }

    /// Starts a supervisor that can be given children.
    fn sup_start() -> impl Future<Output = Self::Sup> + Send {
        not_there()
    }
    /// Starts a child under `sup`, registered under `key` when there is one;
    /// resolves when the child has run its init.
    fn sup_child(_sup: &Self::Sup, _index: usize, _key: Option<&Key>) -> impl Future<Output = Self::Handle> + Send {
        not_there()
    }
    /// Terminates one child and waits for it.
    fn sup_terminate(_sup: &Self::Sup, _key: &Key, _child: &Self::Handle) -> impl Future<Output = ()> + Send {
        not_there()
    }
    /// Stops the supervisor in an orderly way; resolves when it is gone.
    fn sup_shutdown(_sup: &Self::Sup) -> impl Future<Output = ()> + Send {
        not_there()
    }

    /// Starts a supervisor with one permanent child that reports each of its
    /// incarnations to `births`.
    fn restartable(_births: Births<Self::Handle>) -> impl Future<Output = Self::Sup> + Send {
        not_there()
    }
    /// Makes the server panic.
    fn crash(_server: &Self::Handle) -> impl Future<Output = ()> + Send {
        not_there()
    }
}

/// What a peer has no counterpart for.
async fn not_there<T>() -> T {
    unreachable!("the workloads that need it are in the peer's `NA`, and are not run")
}

/// The token's start value, rounded so that it reaches 0 at the last actor.
pub fn ring_hops(actors: usize, hops: u64) -> u64 {
    let actors = actors as u64;
    hops / actors * actors + actors - 1
}

/// What is measured of Perennial only, against plain tokio. A workload that tokio has no counterpart for is in its
/// [`Peer::NA`].
pub trait Extended: Peer {
    /// How a server is found by its key, made once and used for many calls.
    type Via: Clone + Send + Sync + 'static;
    /// Address of a server with a bounded mailbox.
    type Bounded: Clone + Send + Sync + 'static;

    /// Starts a server that its callers never run themselves.
    fn start_queued() -> impl Future<Output = Self::Handle> + Send {
        Self::start(0)
    }
    /// A call that gives up after 5 s.
    fn call_timeout(server: &Self::Handle, value: u64) -> impl Future<Output = u64> + Send;
    /// A call whose handler gives way once before it answers.
    fn call_yielding(server: &Self::Handle, value: u64) -> impl Future<Output = u64> + Send;
    /// A call whose handler calls [`compute`](crate::measure::compute) first.
    fn call_computing(server: &Self::Handle, rounds: u64) -> impl Future<Output = u64> + Send;

    /// Starts the server that `call_name` reaches.
    fn start_named() -> impl Future<Output = ()> + Send;
    fn call_name(value: u64) -> impl Future<Output = u64> + Send;
    fn via(key: &Key) -> Self::Via;
    fn call_via(via: &Self::Via, value: u64) -> impl Future<Output = u64> + Send;

    /// A cast that waits for room if the mailbox is bounded, which by default it is not.
    fn cast_wait(server: &Self::Handle, value: u64) -> impl Future<Output = ()> + Send;
    fn start_bounded(limit: usize) -> impl Future<Output = Self::Bounded> + Send;
    fn cast_bounded(server: &Self::Bounded, value: u64) -> impl Future<Output = ()> + Send;
    fn call_bounded(server: &Self::Bounded, value: u64) -> impl Future<Output = u64> + Send;

    /// Starts a child whose init takes as long as `delay`; see [`InitDelay`].
    fn sup_slow_child(sup: &Self::Sup, delay: InitDelay) -> impl Future<Output = ()> + Send;

    /// One process monitors all `servers`, stops them, and is told of each.
    fn monitors(servers: Vec<Self::Handle>) -> impl Future<Output = SetAndFired> + Send;
    /// One process links itself to all `servers`, stops them, and is told of each.
    fn links(_servers: Vec<Self::Handle>) -> impl Future<Output = SetAndFired> + Send {
        not_there()
    }

    /// Who listens to the events of the system.
    type Listener: Send;
    fn listen() -> impl Future<Output = Self::Listener> + Send;
    /// Returns when nobody listens any more.
    fn unlisten(listener: Self::Listener) -> impl Future<Output = ()> + Send;
}

/// How long a slow `init` takes, and whether its thread can do something else meanwhile.
#[derive(Clone, Copy)]
pub enum InitDelay {
    /// It awaits.
    Waits(Duration),
    /// It blocks its thread.
    Blocks(Duration),
}

impl InitDelay {
    pub async fn pass(self) {
        match self {
            Self::Waits(delay) => tokio::time::sleep(delay).await,
            Self::Blocks(delay) => std::thread::sleep(delay),
        }
    }
}

/// What it took to set links or monitors, and from stopping the first server to being told of the last.
pub struct SetAndFired {
    pub set: Elapsed,
    pub fired: Elapsed,
}
