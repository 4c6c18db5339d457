//! Every order of a start, a stop, and the ends of child and supervisor: see
//! [`process::models`](crate::process::models).
//!
//! A thread that starts or stops does the steps that a client does, on real processes. Who handles the end of a child does
//! what the supervisor's loop does: it takes an `Exit` out of the mailbox, and asks what that means.

use crate::{
    child_spec::{ChildSpec, Restart},
    dynamic_supervisor::{
        children::Child,
        shared::{Ended, Over, Refused, Shared, Stop},
    },
    exit_reason::ExitReason,
    process::{
        Exit,
        current::Spawned,
        links::connect_child,
        models::{self, Message, Puppet, in_every_order, node},
        node::Node,
    },
};
use loom::thread;
use std::sync::Arc;

/// A supervisor, and what it shares with its clients.
fn supervisor(node: &Node) -> (Puppet, Arc<Shared>) {
    let shared = Arc::new(Shared::new(Some(1)));
    (Puppet::trapping(node).with_public(shared.clone()), shared)
}

fn parent(node: &Node) -> Puppet {
    supervisor(node).0
}

fn row(restart: Restart) -> Child {
    Child::new(&ChildSpec { restart, ..ChildSpec::task("child", || async {}) })
}

/// Makes a child, and notes and links it before it runs.
fn spawn(node: &Node, supervisor: &Puppet) -> (Puppet, Spawned) {
    let child = Puppet::child_of(node, Some(supervisor));
    let mut spawned = Spawned::default();
    spawned.push(child.pid());
    assert!(connect_child(supervisor.process.process(), child.process.process(), true));
    (child, spawned)
}

/// A child that has started.
fn start(node: &Node, supervisor: &Puppet, shared: &Shared, restart: Restart) -> Puppet {
    assert!(shared.admit().is_ok());
    let (child, spawned) = spawn(node, supervisor);
    assert!(matches!(shared.started(&spawned, Some((child.pid(), row(restart)))), Over::Child(None)));
    child
}

/// How often a child was forgotten because of what lies in the supervisor's mailbox.
fn handle(supervisor: &Puppet, shared: &Shared) -> usize {
    let exits = supervisor.take().into_iter().filter_map(|message| match message {
        Message::Exit(exit) => Some(exit),
        Message::Down(_) => None,
    });
    exits.map(|exit| handle_exit(shared, &exit)).sum()
}

fn handle_exit(shared: &Shared, exit: &Exit) -> usize {
    usize::from(matches!(shared.ended(exit), Ended::Forgotten(_)))
}

/// Of one place it was given back exactly once.
fn has_one_place(shared: &Shared) -> bool {
    shared.admit().is_ok() && matches!(shared.admit(), Err(Refused::MaxChildren))
}

#[test]
fn a_child_that_ends_while_its_start_ends_is_forgotten_once() {
    in_every_order(|| {
        let node = node();
        let (supervisor, shared) = supervisor(&node);
        assert!(shared.admit().is_ok());
        let (child, spawned) = spawn(&node, &supervisor);
        let pid = child.pid();
        let end = thread::spawn({
            let (supervisor, shared) = (supervisor.clone(), shared.clone());
            move || {
                child.end(ExitReason::Normal);
                handle(&supervisor, &shared)
            }
        });
        let Over::Child(early) = shared.started(&spawned, Some((pid, row(Restart::Temporary)))) else {
            panic!("nobody stops the supervisor")
        };
        let forgotten = end.join().unwrap() + early.map_or(0, |exit| handle_exit(&shared, &exit));
        assert_eq!((forgotten, shared.counts().specs, shared.starting()), (1, 0, 0));
        assert!(has_one_place(&shared));
    });
}

#[test]
fn what_is_started_while_the_supervisor_stops_is_taken_or_killed() {
    in_every_order(|| {
        let node = node();
        let (supervisor, shared) = supervisor(&node);
        let close = thread::spawn({
            let shared = shared.clone();
            move || shared.close()
        });
        // Before the first step of that thread: that one who comes later is not let in is no matter of order.
        assert!(shared.admit().is_ok());
        let (child, spawned) = spawn(&node, &supervisor);
        let over = shared.started(&spawned, Some((child.pid(), row(Restart::Temporary))));
        let taken = close.join().unwrap();
        assert_eq!((shared.counts().specs, shared.starting()), (0, 0));
        let was_taken = taken.iter().any(|(pid, _)| *pid == child.pid());
        let was_killed = child.doom() == Some(ExitReason::Killed);
        assert!(was_taken != was_killed);
        assert!(was_taken || matches!(over, Over::Closed));
    });
}

#[test]
fn a_child_that_ends_while_it_is_stopped_gives_one_place_back() {
    in_every_order(|| {
        let node = node();
        let (supervisor, shared) = supervisor(&node);
        let child = start(&node, &supervisor, &shared, Restart::Permanent);
        let pid = child.pid();
        let end = thread::spawn({
            let (supervisor, shared) = (supervisor.clone(), shared.clone());
            move || {
                child.end(ExitReason::Normal);
                assert_eq!(handle(&supervisor, &shared), 0);
            }
        });
        match shared.begin_stop(pid) {
            Stop::By(_) => assert!(shared.remove(pid).is_some()),
            // It ended before, and its restart is given up.
            Stop::Forgotten(_) => {}
            Stop::NotFound => panic!("nobody else removes it"),
        }
        end.join().unwrap();
        assert_eq!(shared.counts().specs, 0);
        assert!(has_one_place(&shared));
    });
}

#[test]
fn of_a_child_that_is_stopped_while_it_is_restarted_the_new_one_stays_or_is_unwanted() {
    in_every_order(|| {
        let node = node();
        let (supervisor, shared) = supervisor(&node);
        let child = start(&node, &supervisor, &shared, Restart::Permanent);
        let old = child.pid();
        child.end(ExitReason::Normal);
        assert_eq!(handle(&supervisor, &shared), 0);
        let (new, spawned) = spawn(&node, &supervisor);
        let stop = thread::spawn({
            let shared = shared.clone();
            move || matches!(shared.begin_stop(old), Stop::Forgotten(_))
        });
        let unwanted = match shared.restarted(&spawned, old, Some(new.pid())) {
            Over::Child(None) => false,
            Over::Unwanted => true,
            _ => panic!("nobody stops the supervisor, and the new child runs"),
        };
        assert_eq!(stop.join().unwrap(), unwanted);
        assert_eq!((shared.counts().specs, shared.starting()), (usize::from(!unwanted), 0));
        assert_eq!(shared.admit().is_ok(), unwanted);
    });
}

#[test]
fn a_child_that_is_spawned_while_its_supervisor_ends_ends_too() {
    models::links::a_child_that_is_spawned_while_its_parent_ends(parent);
}

#[test]
fn a_child_that_is_given_up_before_it_runs_leaves_no_link_with_its_supervisor() {
    models::links::a_child_that_is_given_up_before_it_runs(parent);
}

#[test]
fn a_child_and_its_supervisor_that_both_end_have_no_link() {
    in_every_order(|| {
        let node = node();
        let parent = parent(&node);
        let child = Puppet::child_of(&node, Some(&parent));
        assert!(connect_child(parent.process.process(), child.process.process(), false));
        let ending = child.clone();
        let end = thread::spawn(move || ending.end(ExitReason::Shutdown));
        parent.end(ExitReason::Killed);
        end.join().unwrap();
        assert!(child.holds_nothing() && parent.holds_nothing());
    });
}
