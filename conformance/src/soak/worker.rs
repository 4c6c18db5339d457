//! The server that everybody kills.

use std::panic;
use std::time::Duration;

use perennial::pid::Ref;
use perennial::prelude::*;

use super::Crash;
use super::tree::{ROWS, TOPICS};

/// What a worker is started with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Args {
    /// Under which key it registers.
    pub(super) key: u64,
    /// Whether it traps exits.
    pub(super) trap: bool,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Worker {
    sum: u64,
    watched: Vec<Ref>,
    waiting: Vec<Caller<u64>>,
}

/// Asks for the sum.
pub(super) struct Get;

/// Asks for the sum after the next tick, or never: whoever ends first.
pub(super) struct Later;

/// Adds to the sum.
pub(super) struct Add(pub(super) u64);

/// Ends the worker.
pub(super) enum End {
    Panic,
    Fail,
    Stop,
}

/// Monitors a process, and the one before no more.
pub(super) struct Watch(pub(super) Pid);

/// Links to a process.
pub(super) struct Bond(pub(super) Pid);

/// What timers send.
#[derive(Clone)]
pub(super) struct Tick;

impl GenServer for Worker {
    type Args = Args;

    async fn init(Args { key, trap }: Args, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        if trap {
            cx.trap_exit();
        }
        // The key may be taken, and the registry may be dead: both happen all the time here.
        let _ = ROWS.register(key, key);
        let _ = TOPICS.register(key % 7, key);
        cx.send_after(Duration::from_millis(key % 20), Tick);
        if key.is_multiple_of(5) {
            cx.send_interval(Duration::from_millis(3), Tick);
        }
        match key % 97 {
            0 => Err(InitError::Ignore),
            1 => Err(ExitReason::other("no"))?,
            _ => Ok(Self { sum: 0, watched: Vec::new(), waiting: Vec::new() }),
        }
    }

    async fn terminate(&mut self, _: &ExitReason, _: &mut Cx<Self>) -> Result<(), ExitReason> {
        // An odd one in seven is still at work when it is to end.
        if self.sum % 7 == 1 {
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

impl HandleCall<Get> for Worker {
    type Reply = u64;

    async fn handle_call(&mut self, _: Get, _: &mut Cx<Self>) -> Reply<u64> {
        reply(self.sum)
    }
}

impl HandleCallFrom<Later> for Worker {
    type Reply = u64;

    async fn handle_call_from(&mut self, _: Later, from: Caller<u64>, _: &mut Cx<Self>) -> NoReply {
        self.waiting.push(from);
        noreply()
    }
}

impl HandleCast<Add> for Worker {
    async fn handle_cast(&mut self, Add(n): Add, _: &mut Cx<Self>) -> NoReply {
        self.sum += n;
        noreply()
    }
}

impl HandleCast<End> for Worker {
    async fn handle_cast(&mut self, end: End, _: &mut Cx<Self>) -> NoReply {
        match end {
            End::Panic => panic::panic_any(Crash),
            End::Fail => Err(ExitReason::other("failed")),
            End::Stop => Err(ExitReason::Normal),
        }
    }
}

impl HandleCast<Watch> for Worker {
    async fn handle_cast(&mut self, Watch(pid): Watch, cx: &mut Cx<Self>) -> NoReply {
        self.watched.push(cx.monitor(pid));
        if self.watched.len() > 3 {
            cx.demonitor(self.watched.remove(0));
        }
        noreply()
    }
}

impl HandleCast<Bond> for Worker {
    async fn handle_cast(&mut self, Bond(pid): Bond, _: &mut Cx<Self>) -> NoReply {
        // It may have ended.
        let _ = process::link(pid);
        noreply()
    }
}

impl HandleInfo<Tick> for Worker {
    async fn handle_info(&mut self, _: Tick, _: &mut Cx<Self>) -> NoReply {
        self.sum += 1;
        for caller in self.waiting.drain(..) {
            caller.reply(self.sum);
        }
        noreply()
    }
}

impl HandleInfo<Exit> for Worker {
    async fn handle_info(&mut self, exit: Exit, _: &mut Cx<Self>) -> NoReply {
        if exit.reason == ExitReason::Shutdown { Err(exit.reason) } else { noreply() }
    }
}

impl HandleInfo<Down> for Worker {
    async fn handle_info(&mut self, _: Down, _: &mut Cx<Self>) -> NoReply {
        noreply()
    }
}
