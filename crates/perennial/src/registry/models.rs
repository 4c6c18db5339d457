//! Every order of what happens to the rows of a registry: see [`process::models`](crate::process::models).

use crate::{
    exit_reason::ExitReason,
    process::{
        holdings::Held,
        models::{Puppet, in_every_order, node},
        node::Node,
        signal::Signal,
    },
    registry::{
        by_key::Refused,
        options::Options,
        table::{Closing, Table},
    },
};
use loom::thread::{self, JoinHandle};
use std::{num::NonZeroU64, sync::Arc};

type Rows = Arc<Table<&'static str, u32>>;

/// A registry, the process that it ends with, and one who may register.
fn registry(node: &Node) -> (Rows, Puppet, Puppet) {
    let process = Puppet::new(node);
    let options = Options { partitions: 1, ..Options::default() };
    let table = Table::new(process.process.process(), "registry".into(), options);
    process.process.process().hold(Held::new(Arc::new(Closing(table.clone())), NonZeroU64::MIN));
    (table, process, Puppet::new(node))
}

/// As [`registry`], and that one has registered.
fn registered() -> (Rows, Puppet, Puppet) {
    let (table, registry, owner) = registry(&node());
    assert!(table.register(owner.process.process(), "key", 1).is_ok());
    (table, registry, owner)
}

/// Gives its row another value.
fn replace(table: &Rows, owner: &Puppet) -> JoinHandle<bool> {
    let (table, old) = (table.clone(), table.at_of("key", owner.pid())[0].clone());
    thread::spawn(move || table.replace(&"key", &old, 2))
}

fn register(table: &Rows, owner: &Puppet) -> JoinHandle<Result<(), Refused>> {
    let (table, owner) = (table.clone(), owner.process.clone());
    thread::spawn(move || table.register(owner.process(), "key", 1))
}

#[test]
fn a_row_that_is_registered_while_its_owner_ends_is_gone_afterwards() {
    in_every_order(|| {
        let (table, _registry, owner) = registry(&node());
        let registered = register(&table, &owner);
        owner.end(ExitReason::Normal);
        assert!(matches!(registered.join().unwrap(), Ok(()) | Err(Refused::Ended)));
        assert_eq!(table.len(), 0);
        assert!(table.keys_of(owner.pid()).is_empty());
    });
}

#[test]
fn an_owner_is_told_of_the_end_of_the_registry_exactly_if_its_registration_was_in_force() {
    in_every_order(|| {
        let (table, registry, owner) = registry(&node());
        let registered = register(&table, &owner);
        registry.end(ExitReason::Killed);
        let told = match registered.join().unwrap() {
            Ok(()) => Some(ExitReason::Killed),
            Err(Refused::Closed) => None,
            Err(_) => panic!("nobody else has the key"),
        };
        assert_eq!(owner.doom(), told);
        assert_eq!(table.len(), 0);
        assert!(table.keys_of(owner.pid()).is_empty() && owner.holds_nothing());
    });
}

#[test]
fn a_registration_meets_the_ends_of_its_owner_and_of_the_registry() {
    in_every_order(|| {
        let (table, registry, owner) = registry(&node());
        let registered = register(&table, &owner);
        let ending = registry.clone();
        let end = thread::spawn(move || ending.end(ExitReason::Killed));
        owner.end(ExitReason::Normal);
        let registered = registered.join().unwrap();
        end.join().unwrap();
        assert!(matches!(registered, Ok(()) | Err(Refused::Ended | Refused::Closed)));
        assert_eq!(table.len(), 0);
        assert!(table.keys_of(owner.pid()).is_empty());
    });
}

#[test]
fn of_two_who_want_the_key_of_one_that_ends_at_most_one_gets_it() {
    in_every_order(|| {
        let node = node();
        let (table, _registry, holder) = registry(&node);
        let [a, b] = std::array::from_fn(|_| Puppet::new(&node));
        assert!(table.register(holder.process.process(), "key", 1).is_ok());
        let (first, second) = (register(&table, &a), register(&table, &b));
        holder.end(ExitReason::Normal);
        let has = table.holder("key");
        assert_ne!(has, Some(holder.pid()));
        let registered = [(a, first.join().unwrap()), (b, second.join().unwrap())];
        let has = table.holder("key");
        for (owner, registered) in &registered {
            let pid = owner.pid();
            match registered {
                Ok(()) => assert_eq!(has, Some(pid)),
                Err(Refused::Taken(by)) => assert!(*by == holder.pid() || Some(*by) == has),
                Err(_) => panic!("nobody else ends"),
            }
            // It is tied to the registry exactly while it has a row.
            assert_eq!(table.keys_of(pid).len(), usize::from(registered.is_ok()));
            assert_eq!(owner.holds_nothing(), registered.is_err());
        }
        assert_eq!(has.is_some(), registered.iter().any(|(_, registered)| registered.is_ok()));
        assert_eq!(table.len(), usize::from(has.is_some()));
        assert!(table.keys_of(holder.pid()).is_empty());
    });
}

#[test]
fn a_row_that_is_taken_back_while_its_owner_ends_is_gone_and_its_successor_is_not() {
    in_every_order(|| {
        let node = node();
        let (table, _registry, owner) = registry(&node);
        let next = Puppet::new(&node);
        assert!(table.register(owner.process.process(), "key", 1).is_ok());
        let rows = table.at_of("key", owner.pid());
        let unregister = thread::spawn({
            let (table, ending, next) = (table.clone(), owner.process.clone(), next.process.clone());
            move || {
                table.remove(&"key", &rows, ending.process());
                table.register(next.process(), "key", 2)
            }
        });
        owner.end(ExitReason::Normal);
        assert!(unregister.join().unwrap().is_ok());
        assert_eq!(table.holder("key"), Some(next.pid()));
        assert_eq!(table.len(), 1);
        assert!(table.keys_of(owner.pid()).is_empty());
    });
}

#[test]
fn a_row_that_is_taken_back_while_the_registry_ends_tells_nobody_or_before() {
    in_every_order(|| {
        let (table, registry, owner) = registered();
        let rows = table.at_of("key", owner.pid());
        let unregister = thread::spawn({
            let (table, owner) = (table.clone(), owner.process.clone());
            move || table.remove(&"key", &rows, owner.process())
        });
        registry.end(ExitReason::Normal);
        unregister.join().unwrap();
        assert!([None, Some(ExitReason::Shutdown)].contains(&owner.doom()));
        assert_eq!(table.len(), 0);
        owner.process.process().let_go_of_last();
        assert!(table.keys_of(owner.pid()).is_empty() && owner.holds_nothing());
    });
}

#[test]
fn a_value_that_is_replaced_while_its_owner_ends_is_gone_afterwards() {
    in_every_order(|| {
        let (table, _registry, owner) = registered();
        let replaced = replace(&table, &owner);
        owner.end(ExitReason::Normal);
        replaced.join().unwrap();
        assert_eq!(table.len(), 0);
        assert!(table.keys_of(owner.pid()).is_empty());
    });
}

#[test]
fn who_has_sent_a_deadly_signal_finds_no_row_of_the_one_who_dies_of_it() {
    in_every_order(|| {
        let (table, _registry, owner) = registry(&node());
        let registered = register(&table, &owner);
        let found = || table.living_at("key", |pid, _| pid).len();
        owner.signal(Signal::Kill, ExitReason::Killed);
        assert_eq!(found(), 0);
        // It has not ended yet.
        assert!(registered.join().unwrap().is_ok());
        assert_eq!((table.len(), found()), (1, 0));
        owner.end(ExitReason::Killed);
        assert_eq!(table.len(), 0);
    });
}

#[test]
fn nor_one_whose_value_is_replaced_meanwhile() {
    in_every_order(|| {
        let (table, _registry, owner) = registered();
        let replaced = replace(&table, &owner);
        let found = || table.living_at("key", |pid, _| pid).len();
        owner.signal(Signal::Kill, ExitReason::Killed);
        assert_eq!(found(), 0);
        assert!(replaced.join().unwrap());
        assert_eq!(found(), 0);
        owner.end(ExitReason::Killed);
        assert_eq!(table.len(), 0);
        assert!(owner.holds_nothing());
    });
}

#[test]
fn nor_one_that_is_registered_again_meanwhile() {
    in_every_order(|| {
        let (table, _registry, owner) = registered();
        let again = thread::spawn({
            let (table, owner) = (table.clone(), owner.process.clone());
            move || {
                table.unregister(&"key", owner.process());
                // The word that says that it is alive is there from the first time, and stays as the signal leaves it.
                table.register(owner.process(), "key", 2)
            }
        });
        let found = || table.living_at("key", |pid, _| pid).len();
        owner.signal(Signal::Kill, ExitReason::Killed);
        assert_eq!(found(), 0);
        assert!(again.join().unwrap().is_ok());
        assert_eq!((table.len(), found()), (1, 0));
        owner.end(ExitReason::Killed);
        assert_eq!(table.len(), 0);
        assert!(owner.holds_nothing());
    });
}

#[test]
fn a_row_of_one_that_has_ended_is_not_taken_for_one_of_who_has_its_slot_now() {
    in_every_order(|| {
        let node = node();
        let (table, _registry, old) = registry(&node);
        assert!(table.register(old.process.process(), "key", 1).is_ok());
        let pid = old.pid();
        let looks = thread::spawn({
            let table = table.clone();
            move || {
                let found = [table.holder("key"), table.holder("key")];
                // Once it is known to be ending, it is not found any more.
                assert!(found[0].is_some() || found[1].is_none());
                assert!(found.into_iter().flatten().all(|found| found == pid));
            }
        });
        old.end(ExitReason::Normal);
        let new = Puppet::new(&node);
        assert_eq!(new.pid().slot, pid.slot);
        assert!(table.register(new.process.process(), "other", 2).is_ok());
        assert_eq!((table.holder("key"), table.holder("other")), (None, Some(new.pid())));
        looks.join().unwrap();
    });
}
