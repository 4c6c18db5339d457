//! A turn against what comes from others: signals, messages, the end of the runtime.
//!
//! What is scheduled is run by whoever calls [`run_all`], as workers would do it.

use super::{Message, Puppet, in_every_order, node};
use crate::{
    exit_reason::ExitReason,
    process::{inline, node::Node, run, signal::Signal},
};
use loom::thread;
use std::{
    future::{Future, pending, poll_fn},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

/// Gives a process something to run, and has it polled.
fn begin(me: &Puppet, future: impl Future<Output = ExitReason> + Send + 'static) {
    let mut turn = me.block.turns.claim().expect("nobody polls it");
    turn.with(|body| *body = Some(Box::pin(future)));
    me.block.notify();
    run::give_back(&me.block, turn);
}

/// Polls what is scheduled until nothing is.
fn run_all(node: &Node) {
    while let Some(process) = node.0.scheduler.next(0, 0) {
        if let Some(again) = process.run() {
            node.0.scheduler.schedule_or_end(again);
        }
    }
}

/// A body that counts the messages it gets.
fn counts(me: &Puppet, read: &Arc<AtomicUsize>) -> impl Future<Output = ExitReason> + Send + use<> {
    let (block, read) = (me.block.clone(), read.clone());
    poll_fn(move |_| {
        read.fetch_add(block.turns.take().count(), Ordering::SeqCst);
        Poll::Pending
    })
}

fn is_gone_with(node: &Node, me: &Puppet, reason: &ExitReason) -> bool {
    me.process.process().reason().as_ref() == Some(reason) && node.process(me.pid()).is_none()
}

#[test]
fn a_kill_ends_the_poll_that_runs_or_has_another_one_made() {
    in_every_order(|| {
        let node = node();
        let me = Puppet::new(&node);
        begin(&me, pending());
        let killed = me.clone();
        let kill = thread::spawn(move || killed.signal(Signal::Kill, ExitReason::Killed));
        run_all(&node);
        kill.join().unwrap();
        run_all(&node);
        assert!(is_gone_with(&node, &me, &ExitReason::Killed));
    });
}

#[test]
fn a_kill_meets_a_caller_that_runs_the_process_itself() {
    in_every_order(|| {
        let node = node();
        let me = Puppet::new(&node);
        begin(&me, pending());
        run_all(&node);
        let killed = me.clone();
        let kill = thread::spawn(move || killed.signal(Signal::Kill, ExitReason::Killed));
        if let Some(turn) = inline::take_turn(&me.block) {
            run::run_turn(&me.block, turn);
        }
        kill.join().unwrap();
        run_all(&node);
        assert!(is_gone_with(&node, &me, &ExitReason::Killed));
    });
}

#[test]
fn a_message_that_comes_while_a_turn_ends_is_read() {
    in_every_order(|| {
        let node = node();
        let (me, other) = (Puppet::new(&node), Puppet::new(&node));
        let read = Arc::new(AtomicUsize::new(0));
        me.monitor(&other);
        begin(&me, counts(&me, &read));
        let end = thread::spawn(move || other.end(ExitReason::Shutdown));
        run_all(&node);
        end.join().unwrap();
        run_all(&node);
        assert_eq!(read.load(Ordering::SeqCst), 1);
        // What it runs holds it.
        me.signal(Signal::Kill, ExitReason::Killed);
        run_all(&node);
        assert!(is_gone_with(&node, &me, &ExitReason::Killed));
    });
}

#[test]
fn a_process_whose_body_returns_while_it_is_notified_ends_once() {
    in_every_order(|| {
        let node = node();
        let (me, other, watcher) = (Puppet::new(&node), Puppet::new(&node), Puppet::new(&node));
        me.monitor(&other);
        watcher.monitor(&me);
        begin(&me, async { ExitReason::Normal });
        let end = thread::spawn(move || other.end(ExitReason::Shutdown));
        run_all(&node);
        end.join().unwrap();
        run_all(&node);
        assert!(is_gone_with(&node, &me, &ExitReason::Normal));
        let told = watcher.take();
        assert!(matches!(&told[..], [Message::Down(down)] if down.reason == ExitReason::Normal));
    });
}

#[test]
fn the_end_of_the_runtime_ends_a_process_once_also_if_it_is_being_polled() {
    in_every_order(|| {
        let node = node();
        let (me, watcher) = (Puppet::new(&node), Puppet::new(&node));
        watcher.monitor(&me);
        begin(&me, pending());
        let left = me.process.clone();
        let over = thread::spawn(move || left.abandon());
        run_all(&node);
        over.join().unwrap();
        // Its notification, if it was polled at that moment: the worker that drops last takes it.
        run_all(&node);
        assert!(is_gone_with(&node, &me, &ExitReason::Killed));
        let told = watcher.take();
        assert!(matches!(&told[..], [Message::Down(down)] if down.reason == ExitReason::Killed));
    });
}

#[test]
fn a_process_that_is_woken_as_the_runtime_ends_ends_too_and_is_in_no_queue() {
    in_every_order(|| {
        let node = node();
        let (me, watcher) = (Puppet::new(&node), Puppet::new(&node));
        watcher.monitor(&me);
        begin(&me, pending());
        let over = thread::spawn({
            let node = node.clone();
            move || node.0.scheduler.end_all()
        });
        run_all(&node);
        // By a thread that is no worker, and takes nothing out of a queue any more.
        me.block.notify();
        over.join().unwrap();
        assert!(is_gone_with(&node, &me, &ExitReason::Killed));
        let told = watcher.take();
        // None if the watcher was ended first.
        assert!(
            told.is_empty()
                || matches!(&told[..], [Message::Down(down)] if down.reason == ExitReason::Killed)
        );
        assert!(node.0.scheduler.next(0, 0).is_none());
    });
}
