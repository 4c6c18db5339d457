//! Monitors, and the end of the monitored.

use super::{Message, Puppet, in_every_order, node};
use crate::{
    exit_reason::ExitReason,
    process::{self, signal::Signal},
};
use loom::thread;
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

#[test]
fn a_monitor_of_one_that_ends_fires_once() {
    in_every_order(|| {
        let node = node();
        let (me, other) = (Puppet::new(&node), Puppet::new(&node));
        let (watching, watched) = (me.clone(), other.clone());
        let watch = thread::spawn(move || watching.monitor(&watched));
        other.end(ExitReason::Shutdown);
        let monitor = watch.join().unwrap();
        let messages = me.take();
        let [Message::Down(down)] = &messages[..] else { panic!("{messages:?}") };
        assert_eq!(down.monitor, monitor);
        assert!([ExitReason::Shutdown, ExitReason::NoProc].contains(&down.reason));
        assert!(me.holds_nothing() && other.holds_nothing());
    });
}

#[test]
fn a_monitor_that_is_removed_has_fired_or_never_does() {
    in_every_order(|| {
        let node = node();
        let (me, other) = (Puppet::new(&node), Puppet::new(&node));
        let monitor = me.monitor(&other);
        let mine = me.clone();
        let remove = thread::spawn(move || {
            let removed = process::monitors::demonitor(&mine.process, monitor);
            (removed, mine.take().len())
        });
        other.end(ExitReason::Shutdown);
        let (removed, fired) = remove.join().unwrap();
        assert_eq!(fired, usize::from(!removed));
        assert!(me.take().is_empty());
        assert!(me.holds_nothing() && other.holds_nothing());
    });
}

#[test]
fn a_monitored_and_its_watcher_that_both_end_leave_nothing() {
    in_every_order(|| {
        let node = node();
        let (me, other) = (Puppet::new(&node), Puppet::new(&node));
        me.monitor(&other);
        let mine = me.clone();
        let end = thread::spawn(move || mine.end(ExitReason::Normal));
        other.end(ExitReason::Shutdown);
        end.join().unwrap();
        assert!(me.holds_nothing() && other.holds_nothing());
    });
}

#[test]
fn a_future_that_monitors_is_ready_after_the_end_and_leaves_nothing_when_it_is_dropped() {
    in_every_order(|| {
        let node = node();
        let (dropped, kept) = (Puppet::new(&node), Puppet::new(&node));
        let (first, second) = (dropped.pid(), kept.pid());
        let watch = thread::spawn(move || {
            drop(process::monitor(first));
            process::monitor(second)
        });
        kept.end(ExitReason::Shutdown);
        let monitor = pin!(watch.join().unwrap());
        let Poll::Ready(down) = monitor.poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("it waits")
        };
        assert!([ExitReason::Shutdown, ExitReason::NoProc].contains(&down.reason));
        assert!(dropped.holds_nothing() && kept.holds_nothing());
    });
}

#[test]
fn one_that_is_given_up_while_it_monitors_is_not_kept_by_the_monitored() {
    in_every_order(|| {
        let node = node();
        let (me, other) = (Puppet::new(&node), Puppet::new(&node));
        let (watching, watched) = (me.clone(), other.clone());
        let watch = thread::spawn(move || watching.monitor(&watched));
        me.signal(Signal::Kill, ExitReason::Killed);
        me.end(ExitReason::Killed);
        watch.join().unwrap();
        assert!(me.holds_nothing() && other.holds_nothing());
    });
}
