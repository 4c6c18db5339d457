//! Links, and the end of one side or of both.

use super::{Puppet, in_every_order, node};
use crate::{
    exit_reason::ExitReason,
    process::links::{connect, unlink_from},
};
use loom::thread;

#[test]
fn a_link_with_one_that_ends_is_refused_or_tells() {
    in_every_order(|| {
        let node = node();
        let (me, other) = (Puppet::new(&node), Puppet::new(&node));
        let (linking, pid) = (me.clone(), other.pid());
        let link = thread::spawn(move || linking.link(pid).is_ok());
        other.end(ExitReason::Killed);
        let linked = link.join().unwrap();
        assert_eq!(me.doom(), linked.then_some(ExitReason::Killed));
        assert!(me.holds_nothing() && other.holds_nothing());
    });
}

#[test]
fn two_linked_processes_that_both_end_have_a_reason_each_and_no_link() {
    in_every_order(|| {
        let node = node();
        let (a, b) = (Puppet::new(&node), Puppet::new(&node));
        assert!(connect(&a.process, &b.process));
        let other = b.clone();
        let end = thread::spawn(move || other.end(ExitReason::Shutdown));
        a.end(ExitReason::other("a"));
        end.join().unwrap();
        let [first, second] = [&a, &b].map(|it| it.process.process().reason().unwrap());
        assert!(first == ExitReason::other("a") || first == ExitReason::Shutdown);
        assert!(second == ExitReason::Shutdown || second == ExitReason::other("a"));
        assert!((&first, &second) != (&ExitReason::Shutdown, &ExitReason::other("a")));
        assert!(a.holds_nothing() && b.holds_nothing());
    });
}

#[test]
fn after_unlink_has_returned_nothing_comes() {
    in_every_order(|| {
        let node = node();
        let (me, other) = (Puppet::trapping(&node), Puppet::new(&node));
        assert!(connect(&me.process, &other.process));
        let (mine, theirs) = (me.clone(), other.pid());
        let unlink = thread::spawn(move || {
            unlink_from(&mine.process, theirs);
            mine.take().len()
        });
        other.end(ExitReason::Shutdown);
        let told_before = unlink.join().unwrap();
        assert!(told_before <= 1);
        assert!(me.take().is_empty());
        assert!(me.holds_nothing() && other.holds_nothing());
    });
}
