//! Exit signals, the return of the body, and last acts that two threads want to do.

use super::{Message, Puppet, in_every_order, node};
use crate::{exit_reason::ExitReason, process::signal::Signal};
use loom::thread;
use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake, Waker},
};

/// The reasons with which a watcher and a linked process that traps were told of the end.
fn told(watcher: &Puppet) -> (ExitReason, ExitReason) {
    let mut messages = watcher.take();
    let (Some(Message::Exit(exit)), Some(Message::Down(down))) = (messages.pop(), messages.pop()) else {
        panic!("monitors first, then links")
    };
    assert!(messages.is_empty());
    (exit.reason, down.reason)
}

#[test]
fn the_first_of_two_signals_and_a_return_is_the_reason_for_all() {
    in_every_order(|| {
        let node = node();
        let (me, watcher) = (Puppet::new(&node), Puppet::trapping(&node));
        assert!(watcher.link(me.pid()).is_ok());
        watcher.monitor(&me);
        let killed = me.clone();
        let kill = thread::spawn(move || killed.signal(Signal::Kill, ExitReason::Killed));
        let asked = me.clone();
        let exit = thread::spawn(move || asked.signal(Signal::Exit, ExitReason::Shutdown));
        me.end(ExitReason::Normal);
        kill.join().unwrap();
        exit.join().unwrap();
        let (exit, down) = told(&watcher);
        assert_eq!(exit, down);
        assert_eq!(Some(&exit), me.process.process().reason().as_ref());
        assert!([ExitReason::Normal, ExitReason::Killed, ExitReason::Shutdown].contains(&exit));
    });
}

#[test]
fn last_acts_are_done_by_one_of_two_threads() {
    in_every_order(|| {
        let node = node();
        let (me, watcher) = (Puppet::new(&node), Puppet::trapping(&node));
        assert!(watcher.link(me.pid()).is_ok());
        watcher.monitor(&me);
        // It is given up while its poll returns at last.
        let stuck = me.clone();
        let give_up = thread::spawn(move || stuck.give_up());
        me.end(ExitReason::Normal);
        give_up.join().unwrap();
        let (exit, down) = told(&watcher);
        assert_eq!(exit, down);
        assert!(node.process(me.pid()).is_none() && me.holds_nothing());
    });
}

#[test]
fn who_starts_to_trap_while_a_signal_comes_gets_it_in_one_way() {
    in_every_order(|| {
        let node = node();
        let me = Puppet::new(&node);
        let sent = me.clone();
        let exit = thread::spawn(move || sent.signal(Signal::Exit, ExitReason::Shutdown));
        me.process.process().set_trap(Some(me.block.clone()));
        exit.join().unwrap();
        assert_eq!(me.take().len(), usize::from(me.doom().is_none()));
    });
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn one_who_waits_to_be_asked_to_end_is_told() {
    for ends in [false, true] {
        in_every_order(move || {
            let node = node();
            let me = Puppet::new(&node);
            let other = me.clone();
            let ask = thread::spawn(move || {
                if ends { other.end(ExitReason::Normal) } else { other.process.process().ask_to_end() }
            });
            let woken = Arc::new(Woken(AtomicBool::new(false)));
            let waker = Waker::from(woken.clone());
            let mut cx = Context::from_waker(&waker);
            let mut asked = pin!(me.process.process().asked_to_end());
            let first = asked.as_mut().poll(&mut cx);
            ask.join().unwrap();
            if first.is_pending() {
                assert!(woken.0.load(Ordering::SeqCst));
                assert!(asked.as_mut().poll(&mut cx).is_ready());
            }
        });
    }
}
