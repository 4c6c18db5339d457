//! Rows of a registry, the end of their owners, and the end of the registry.

use crate::orders::{all, in_many_orders, meanwhile};
use perennial::{
    prelude::*,
    process::Monitor,
    registry::{Options, RegisterError, RegistryError},
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

static REGISTRY: RegistryName<&'static str, u32> = RegistryName::new("registry");

async fn start() -> Pid {
    REGISTRY.start_link(Options { partitions: 1, ..Options::default() }).await.unwrap()
}

/// A process that registers `key`, and goes on until it is ended.
fn owner(registered: impl FnOnce(Result<(), RegisterError>) + Send + 'static) -> (Pid, Monitor) {
    process::spawn_monitor(move |_: Inbox<()>| async move {
        registered(REGISTRY.register("key", 1));
        std::future::pending::<()>().await;
    })
}

#[test]
fn a_key_is_free_when_the_end_of_its_owner_is_known() {
    in_many_orders(|| async {
        start().await;
        let (first, ended) = owner(|registered| assert_eq!(registered, Ok(())));
        let kill = meanwhile(async move { process::kill(first) });
        let next = meanwhile(async move {
            let reason = ended.await.reason;
            assert_eq!(reason, ExitReason::Killed);
            assert_eq!(REGISTRY.lookup("key").unwrap(), []);
            assert_eq!(REGISTRY.register("key", 2), Ok(()));
        });
        let look = meanwhile(async move {
            for (pid, value) in REGISTRY.lookup("key").unwrap() {
                assert!((pid, value) == (first, 1) || pid != first && value == 2);
            }
        });
        all([look, kill, next]).await;
        assert_eq!(REGISTRY.count(), Ok(0));
    });
}

#[test]
fn of_two_registrations_of_a_key_one_is_in_force_and_the_other_knows_whose() {
    in_many_orders(|| async {
        start().await;
        let in_force = Arc::new(AtomicUsize::new(0));
        let register = || {
            let in_force = in_force.clone();
            owner(move |registered| match registered {
                Ok(()) => {
                    in_force.fetch_add(1, Ordering::SeqCst);
                }
                Err(RegisterError::AlreadyRegistered(_)) => {}
                Err(error) => panic!("{error}"),
            })
        };
        let (first, second) = (register(), register());
        let kill = meanwhile(async move { process::kill(first.0) });
        all([kill]).await;
        first.1.await;
        Node::current().settled().await;
        let rows = REGISTRY.lookup("key").unwrap();
        match rows[..] {
            [(pid, _)] => assert_eq!(pid, second.0),
            // The second one came too early.
            [] => assert_eq!(in_force.load(Ordering::SeqCst), 1),
            _ => panic!("{rows:?}"),
        }
        assert_eq!(REGISTRY.count(), Ok(rows.len()));
        assert_eq!(REGISTRY.keys(second.0).unwrap().len(), rows.len());
        process::kill(second.0);
        second.1.await;
        assert_eq!(REGISTRY.count(), Ok(0));
    });
}

#[test]
fn the_end_of_a_registry_ends_those_whose_registration_is_in_force() {
    in_many_orders(|| async {
        let registry = start().await;
        let process = || {
            process::spawn_monitor(|_: Inbox<()>| async {
                match REGISTRY.register("key", 1) {
                    // It is told of the end.
                    Ok(()) => std::future::pending().await,
                    // It is not, and goes on.
                    Err(RegisterError::Registry(RegistryError::Unknown(_))) => ExitReason::other("unknown"),
                    Err(RegisterError::AlreadyRegistered(_)) => ExitReason::other("taken"),
                    Err(error) => panic!("{error}"),
                }
            })
        };
        let (first, second) = (process(), process());
        let kill = meanwhile(async move { process::kill(registry) });
        all([kill]).await;
        for (_, ended) in [first, second] {
            let reason = ended.await.reason;
            let expected = [ExitReason::Killed, ExitReason::other("unknown"), ExitReason::other("taken")];
            assert!(expected.contains(&reason), "{reason}");
        }
    });
}

#[test]
fn an_owner_that_takes_its_row_back_while_it_is_killed_leaves_none() {
    in_many_orders(|| async {
        start().await;
        let (pid, ended) = process::spawn_monitor(|_: Inbox<()>| async {
            REGISTRY.register("key", 1).unwrap();
            REGISTRY.register("other", 1).unwrap();
            REGISTRY.update_value(&"key", |value| value + 1).unwrap();
            REGISTRY.unregister(&"key").unwrap();
        });
        all([meanwhile(async move { process::kill(pid) })]).await;
        ended.await;
        assert_eq!(REGISTRY.count(), Ok(0));
    });
}
