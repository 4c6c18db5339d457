//! Names, and the end of who has one.

use super::{Puppet, in_every_order, node};
use crate::{
    exit_reason::ExitReason,
    process::{
        block::Public,
        found::{self, NotFound},
        names::{RegisterError, Text},
    },
};
use loom::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};
use std::sync::Arc;

#[test]
fn a_name_that_is_registered_while_its_process_ends_is_free_afterwards() {
    in_every_order(|| {
        let node = node();
        let me = Puppet::new(&node);
        let named = me.clone();
        let register = thread::spawn({
            let node = node.clone();
            move || node.0.names.register("name".into(), &named.process)
        });
        me.end(ExitReason::Normal);
        let registered = register.join().unwrap();
        assert!(matches!(registered, Ok(()) | Err(RegisterError::NoProc)));
        assert!(node.0.names.get("name").is_none());
        assert!(me.holds_nothing());
    });
}

#[test]
fn of_two_who_want_the_name_of_one_that_ends_at_most_one_gets_it() {
    in_every_order(|| {
        let node = node();
        let [holder, a, b] = std::array::from_fn(|_| Puppet::new(&node));
        node.0.names.register("name".into(), &holder.process).unwrap();
        let register = |puppet: &Puppet| {
            let (node, puppet) = (node.clone(), puppet.clone());
            thread::spawn(move || node.0.names.register("name".into(), &puppet.process))
        };
        let (first, second) = (register(&a), register(&b));
        holder.end(ExitReason::Normal);
        let has = node.0.names.get("name").map(|process| process.process().pid());
        // When the holder has ended it does not have it any more.
        assert_ne!(has, Some(holder.pid()));
        let registered = [(a.pid(), first.join().unwrap()), (b.pid(), second.join().unwrap())];
        let has = node.0.names.get("name").map(|process| process.process().pid());
        for (pid, registered) in &registered {
            match registered {
                Ok(()) => assert_eq!(has, Some(*pid)),
                Err(RegisterError::Taken(by)) => assert!(*by == holder.pid() || Some(*by) == has),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(has.is_some(), registered.iter().any(|(_, registered)| registered.is_ok()));
    });
}

#[test]
fn one_that_ends_does_not_take_the_name_from_who_got_it_meanwhile() {
    in_every_order(|| {
        let node = node();
        let (holder, next) = (Puppet::new(&node), Puppet::new(&node));
        node.0.names.register("name".into(), &holder.process).unwrap();
        let hand_over = thread::spawn({
            let (node, next) = (node.clone(), next.clone());
            move || {
                node.0.names.unregister("name");
                node.0.names.register("name".into(), &next.process).unwrap();
            }
        });
        holder.end(ExitReason::Normal);
        hand_over.join().unwrap();
        assert_eq!(node.0.names.get("name").map(|process| process.process().pid()), Some(next.pid()));
        assert!(holder.holds_nothing());
    });
}

#[test]
fn what_was_noted_of_a_name_is_not_believed_when_the_name_has_been_given_up() {
    struct Shown;
    impl Public for Shown {}
    in_every_order(|| {
        let node = node();
        let holder = Puppet::new(&node);
        assert!(holder.process.process().rare().public.set(Arc::new(Shown)).is_ok());
        node.0.names.register("name".into(), &holder.process).unwrap();
        let given_up = Arc::new(AtomicBool::new(false));
        let finds = thread::spawn({
            let (node, given_up) = (node.clone(), given_up.clone());
            move || {
                let _entered = node.enter();
                for _ in 0..2 {
                    let gone = given_up.load(Ordering::Acquire);
                    let found = found::find::<Shown>(&Text::Static("name"));
                    assert!(matches!(found, Ok(_) | Err(NotFound::Nobody)));
                    assert!(!gone || found.is_err());
                }
            }
        });
        node.0.names.unregister("name");
        given_up.store(true, Ordering::Release);
        finds.join().unwrap();
    });
}
