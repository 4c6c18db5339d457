//! Registries and processes to try things with.

use perennial::{
    gen_server,
    prelude::*,
    registry::{Options, RegistryEvent, RegistryName},
};

/// The registry of a test.
pub(crate) type Reg = RegistryName<String, i64>;

pub(crate) fn named(name: &str) -> Reg {
    RegistryName::from(name.to_owned())
}

/// Starts a registry called `r`.
pub(crate) async fn start(keys: Keys, partitions: usize) -> Reg {
    start_with(Options { keys, partitions, ..Options::default() }).await
}

pub(crate) async fn start_with(options: Options<String, i64>) -> Reg {
    let reg = named("r");
    reg.start_link(options).await.unwrap();
    reg
}

pub(crate) fn key(key: &str) -> String {
    key.to_owned()
}

/// A process that does what it is told and remembers what it gets.
#[derive(Default)]
pub(crate) struct P {
    exits: Vec<Exit>,
    events: Vec<RegistryEvent<String, i64>>,
}

/// Told in a `call`: runs a function in the process.
pub(crate) struct Run<R>(pub(crate) Box<dyn FnOnce() -> R + Send>);
/// Asks for the exit signals it got.
pub(crate) struct Exits;
/// Asks for the events it got, and forgets them.
pub(crate) struct Events;

/// Cast to it, it does nothing.
#[derive(Debug, PartialEq)]
pub(crate) struct Nothing;

impl GenServer for P {
    type Args = bool;
    async fn init(trap: bool, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        cx.set_trap_exit(trap);
        Ok(Self::default())
    }
}
impl<R: Send + 'static> HandleCall<Run<R>> for P {
    type Reply = R;
    async fn handle_call(&mut self, Run(run): Run<R>, _: &mut Cx<Self>) -> Reply<R> {
        reply(run())
    }
}
impl HandleCast<Nothing> for P {
    async fn handle_cast(&mut self, _: Nothing, _: &mut Cx<Self>) -> NoReply {
        noreply()
    }
}
impl HandleCall<Exits> for P {
    type Reply = Vec<(Pid, ExitReason)>;
    async fn handle_call(&mut self, _: Exits, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        reply(self.exits.iter().map(|exit| (exit.from, exit.reason.clone())).collect())
    }
}
impl HandleCall<Events> for P {
    type Reply = Vec<RegistryEvent<String, i64>>;
    async fn handle_call(&mut self, _: Events, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        reply(std::mem::take(&mut self.events))
    }
}
impl HandleInfo<Exit> for P {
    async fn handle_info(&mut self, exit: Exit, _: &mut Cx<Self>) -> NoReply {
        self.exits.push(exit);
        noreply()
    }
}
impl HandleInfo<RegistryEvent<String, i64>> for P {
    async fn handle_info(&mut self, event: RegistryEvent<String, i64>, _: &mut Cx<Self>) -> NoReply {
        self.events.push(event);
        noreply()
    }
}

/// A process that is linked to nobody.
pub(crate) async fn proc() -> ServerRef<P> {
    gen_server::start::<P>(false, ()).await.unwrap().server().unwrap()
}

/// One that traps exits.
pub(crate) async fn trapping() -> ServerRef<P> {
    gen_server::start::<P>(true, ()).await.unwrap().server().unwrap()
}

/// Runs a function in a process.
pub(crate) async fn run<R: Send + 'static>(p: &ServerRef<P>, f: impl FnOnce() -> R + Send + 'static) -> R {
    p.call(Run(Box::new(f))).await.unwrap()
}

/// Registers a process.
pub(crate) async fn register(p: &ServerRef<P>, reg: &Reg, key: &str, value: i64) {
    let (reg, key) = (reg.clone(), key.to_owned());
    run(p, move || reg.register(key, value)).await.unwrap();
}

/// Unregisters a process.
pub(crate) async fn unregister(p: &ServerRef<P>, reg: &Reg, key: &str) {
    let (reg, key) = (reg.clone(), key.to_owned());
    run(p, move || reg.unregister(&key)).await.unwrap();
}

/// Kills a process and waits for its `Down`.
pub(crate) async fn kill(pid: Pid) {
    let down = process::monitor(pid);
    process::kill(pid);
    assert_eq!(down.await.reason, ExitReason::Killed);
}

/// The pid of the process of a registry.
pub(crate) fn pid_of(reg: &Reg) -> Pid {
    reg.name().pid_now().unwrap()
}

/// Makes tests of the functions with these names, for registries with one shard and with eight.
macro_rules! tests {
    ($keys:ident: $($name:ident)*) => {
        mod one_shard {
            $(#[perennial::test] async fn $name() {
                super::$name($crate::support::start(perennial::registry::Keys::$keys, 1).await).await;
            })*
        }
        mod eight_shards {
            $(#[perennial::test] async fn $name() {
                super::$name($crate::support::start(perennial::registry::Keys::$keys, 8).await).await;
            })*
        }
    };
}

/// The same for unique keys and for duplicate ones.
macro_rules! both_tests {
    ($($name:ident)*) => {
        mod unique {
            use super::*;
            tests!(Unique: $($name)*);
        }
        mod duplicate {
            use super::*;
            tests!(Duplicate: $($name)*);
        }
    };
}
