//! Links, and the end of one side or of both.

use super::{Message, Puppet, in_every_order, node};
use crate::{
    exit_reason::ExitReason,
    process::{
        links::{connect, connect_child, signal_orphan, unlink_from},
        node::Node,
        signal::Signal,
    },
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
fn a_link_that_both_sides_make_is_known_to_both_or_to_none() {
    in_every_order(|| {
        let node = node();
        let (a, b) = (Puppet::trapping(&node), Puppet::new(&node));
        let (mine, theirs) = (a.clone(), b.clone());
        let one = thread::spawn(move || mine.link(theirs.pid()).is_ok());
        let (mine, theirs) = (b.clone(), a.clone());
        let two = thread::spawn(move || {
            let linked = mine.link(theirs.pid()).is_ok();
            mine.end(ExitReason::Shutdown);
            linked
        });
        let _ = one.join().unwrap();
        assert!(two.join().unwrap());
        // `b` links before it ends. `a` may link anew when it has been told; then it is refused.
        let told = a.take();
        assert!(matches!(&told[..], [Message::Exit(exit)] if exit.reason == ExitReason::Shutdown));
        assert!(a.holds_nothing() && b.holds_nothing());
    });
}

#[test]
fn a_link_with_one_that_ends_is_there_until_that_tells() {
    in_every_order(|| {
        let node = node();
        let (me, other) = (Puppet::new(&node), Puppet::new(&node));
        assert!(me.link(other.pid()).is_ok());
        let (linking, pid) = (me.clone(), other.pid());
        let again = thread::spawn(move || linking.link(pid).is_ok() || linking.doom().is_some());
        other.end(ExitReason::Shutdown);
        assert!(again.join().unwrap(), "there was no link, and nothing was told");
        assert_eq!(me.doom(), Some(ExitReason::Shutdown));
        assert!(me.holds_nothing() && other.holds_nothing());
    });
}

#[test]
fn two_linked_processes_that_both_end_have_a_reason_each_and_no_link() {
    in_every_order(|| {
        let node = node();
        let (a, b) = (Puppet::new(&node), Puppet::new(&node));
        assert!(connect(a.process.process(), b.process.process()));
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
        assert!(connect(me.process.process(), other.process.process()));
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

/// `parent` makes the parent: its links with children lie among its others, or not.
pub(crate) fn a_child_that_is_spawned_while_its_parent_ends(parent: fn(&Node) -> Puppet) {
    in_every_order(move || {
        let node = node();
        let parent = parent(&node);
        let ending = parent.clone();
        // It is killed, and given up.
        let end = thread::spawn(move || {
            ending.signal(Signal::Kill, ExitReason::Killed);
            ending.end(ExitReason::Killed);
        });
        let child = Puppet::child_of(&node, Some(&parent));
        if !connect_child(parent.process.process(), child.process.process(), false) {
            signal_orphan(&child.process, parent.process.process());
        }
        end.join().unwrap();
        assert_eq!(child.doom(), Some(ExitReason::Killed));
        assert!(child.holds_nothing() && parent.holds_nothing());
    });
}

#[test]
fn a_child_that_is_spawned_while_its_parent_ends_ends_too() {
    a_child_that_is_spawned_while_its_parent_ends(Puppet::trapping);
}

pub(crate) fn a_child_that_is_given_up_before_it_runs(parent: fn(&Node) -> Puppet) {
    in_every_order(move || {
        let node = node();
        let parent = parent(&node);
        let child = Puppet::child_of(&node, Some(&parent));
        let given_up = child.clone();
        let end = thread::spawn(move || given_up.give_up());
        assert!(connect_child(parent.process.process(), child.process.process(), false));
        end.join().unwrap();
        assert!(parent.take().len() <= 1);
        assert!(child.holds_nothing() && parent.holds_nothing());
    });
}

#[test]
fn a_child_that_is_given_up_before_it_runs_leaves_no_link() {
    a_child_that_is_given_up_before_it_runs(Puppet::trapping);
}

#[test]
fn a_link_that_one_makes_while_the_other_removes_it_is_known_to_both_or_to_none() {
    in_every_order(|| {
        let node = node();
        let (a, b) = (Puppet::new(&node), Puppet::new(&node));
        let (linking, peer) = (a.clone(), b.pid());
        let link = thread::spawn(move || linking.link(peer).is_ok());
        unlink_from(&b.process, a.pid());
        assert!(link.join().unwrap());
        assert_eq!(a.holds_nothing(), b.holds_nothing());
    });
}
