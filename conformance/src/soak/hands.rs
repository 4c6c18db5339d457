//! Processes and threads that do random things to whomever they find.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use perennial::prelude::*;
use perennial::supervisor::ChildState;

use super::tree::{ALL, CROWD, FRAGILE, REST, ROWS, TOPICS, child, id};
use super::worker::{Add, Bond, End, Get, Later, Tick, Watch, Worker};

/// What the hands of a round share.
#[derive(Debug)]
pub(super) struct Shared {
    /// They are to end.
    pub(super) done: AtomicBool,
    /// How many operations there were.
    pub(super) operations: AtomicU64,
    /// Whom nobody ends.
    pub(super) anchor: Pid,
    /// Neither this one.
    pub(super) root: Pid,
}

/// What a hand receives, and the anchor.
#[derive(Debug)]
pub(super) enum Note {
    /// Of a timer.
    Number,
    /// Of a link.
    Exit,
    /// Of a monitor.
    Down,
}

impl From<Exit> for Note {
    fn from(_: Exit) -> Self {
        Self::Exit
    }
}

impl From<Down> for Note {
    fn from(_: Down) -> Self {
        Self::Down
    }
}

/// A small generator; its choices need not be good, only many.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

impl Shared {
    /// Somebody who may be ended.
    fn victim(&self, dice: &mut Dice) -> Option<Pid> {
        let mut all = Node::current().processes();
        let me = process::current();
        all.retain(|pid| *pid != self.anchor && *pid != self.root && Some(*pid) != me);
        let at = usize::try_from(dice.below(all.len().max(1) as u64)).ok()?;
        all.get(at).copied()
    }

    fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }
}

/// The body of a process that does random things until it is killed, or all are done.
pub(super) async fn process(mut inbox: Inbox<Note>, shared: Arc<Shared>, seed: u64) {
    let mut dice = Dice::new(seed);
    inbox.trap_exit(true);
    while !shared.is_done() {
        act(&inbox, &shared, &mut dice).await;
        shared.operations.fetch_add(1, Ordering::Relaxed);
        while inbox.try_receive().is_some() {}
        tokio::task::yield_now().await;
    }
}

async fn act(inbox: &Inbox<Note>, shared: &Shared, dice: &mut Dice) {
    let Some(victim) = shared.victim(dice) else { return };
    let key = dice.below(250);
    let millis = Duration::from_millis(dice.below(30));
    let worker = victim.server::<Worker>();
    // Everything here may fail: whoever it is for may have ended, or may not be what is asked for.
    match dice.below(20) {
        0 => drop(process::link(victim)),
        1 => process::unlink(victim),
        2 => drop(inbox.monitor(victim)),
        3 => drop(inbox.demonitor(inbox.monitor(victim))),
        4 => drop(process::monitor(victim)),
        5 => drop(inbox.send_after(millis, Note::Number)),
        6 => drop(inbox.send_after(millis, Note::Number).cancel()),
        7 => drop(process::register(format!("hand {}", key % 10), inbox.pid())),
        8 => drop(process::unregister(&format!("hand {}", key % 10))),
        9 => drop(ROWS.register(key, key)),
        10 => drop(ROWS.unregister(&key)),
        11 => drop(TOPICS.register(key % 7, key)),
        12 => {
            let restart = [Restart::Permanent, Restart::Transient, Restart::Temporary]
                [usize::from(key.is_multiple_of(3))];
            drop(DynamicSupervisor::start_child(&CROWD, child(key, restart)).await);
        }
        13 => drop(DynamicSupervisor::start_child(&FRAGILE, child(key, Restart::Permanent)).await),
        14 => drop(DynamicSupervisor::terminate_child(&CROWD, victim).await),
        15 => on_static(dice, key).await,
        16 => {
            if let Some(worker) = worker {
                drop(worker.call_timeout(Get, Some(millis)).await);
                drop(worker.call_timeout(Later, Some(millis)).await);
            }
        }
        17 => {
            if let Some(worker) = worker {
                let other = shared.victim(dice).unwrap_or(victim);
                drop(worker.cast(Watch(other)));
                drop(worker.cast(Watch(shared.anchor)));
                drop(worker.cast(Bond(if key.is_multiple_of(2) { shared.anchor } else { other })));
            }
        }
        18 => {
            if let Some(worker) = worker {
                worker.recipient::<Tick>().send_after(millis, Tick);
                drop(worker.cast(Add(key)));
            }
        }
        _ => drop(process::link(shared.anchor)),
    }
}

async fn on_static(dice: &mut Dice, key: u64) {
    let sup = if key.is_multiple_of(2) { ALL } else { REST };
    let key = 300 + dice.below(20);
    match dice.below(5) {
        0 => drop(Supervisor::terminate_child(&sup, &id(key)).await),
        1 => drop(Supervisor::restart_child(&sup, &id(key)).await),
        2 => drop(Supervisor::delete_child(&sup, &id(key)).await),
        3 => drop(Supervisor::start_child(&sup, child(key, Restart::Transient)).await),
        _ => {
            let children = Supervisor::which_children(&sup).await.unwrap_or_default();
            for child in children {
                if let ChildState::Running(pid) = child.state {
                    process::is_alive(pid);
                }
            }
        }
    }
}

/// The body of a thread outside of the runtime: it ends others.
pub(super) fn thread(node: &Node, shared: &Shared, seed: u64) {
    let _here = node.enter();
    let mut dice = Dice::new(seed);
    while !shared.is_done() {
        shared.operations.fetch_add(1, Ordering::Relaxed);
        if let Some(victim) = shared.victim(&mut dice) {
            end(victim, &mut dice);
        }
        // Those who are ended need a moment to come back.
        thread::sleep(Duration::from_micros(200));
    }
}

fn end(victim: Pid, dice: &mut Dice) {
    let worker = victim.server::<Worker>();
    match (dice.below(12), worker) {
        // A supervisor or registry takes many with it: now and then.
        (_, None) if dice.below(20) > 0 => {
            process::info(victim);
            process::is_alive(victim);
        }
        (0..3, _) => process::kill(victim),
        (3, _) => process::exit(victim, ExitReason::Shutdown),
        (4, _) => process::exit(victim, ExitReason::other("boom")),
        (5, _) => process::exit(victim, ExitReason::Normal),
        (6, Some(worker)) => drop(worker.cast(End::Panic)),
        (7, Some(worker)) => drop(worker.cast(End::Fail)),
        (8, Some(worker)) => drop(worker.cast(End::Stop)),
        (9, Some(worker)) => drop(worker.blocking_call(Get)),
        (10, Some(worker)) => drop(worker.recipient::<Tick>().send_after(Duration::from_millis(5), Tick)),
        _ => drop(process::whereis("crowd")),
    }
}
