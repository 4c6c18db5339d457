//! Code of users never runs while the table is locked, but for `Eq` and `Clone` of keys; and its panics do no harm.

use crate::support::*;
use perennial::{prelude::*, registry::Options};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

/// A value whose clone and drop use the registry.
struct Curious(Arc<AtomicUsize>);
const CURIOUS: RegistryName<u8, Curious> = RegistryName::new("curious");

impl Curious {
    fn look(&self) {
        let _ = CURIOUS.count();
        let _ = CURIOUS.dispatch(&1, |_| ());
        let _ = CURIOUS.put_meta("seen", 1_u8);
        self.0.fetch_add(1, SeqCst);
    }
}
impl Clone for Curious {
    fn clone(&self) -> Self {
        self.look();
        Self(self.0.clone())
    }
}
impl Drop for Curious {
    fn drop(&mut self) {
        self.look();
    }
}

#[perennial::test]
async fn values_are_cloned_and_dropped_without_a_lock() {
    for keys in [Keys::Unique, Keys::Duplicate] {
        let registry =
            CURIOUS.start_link(Options { keys, partitions: 1, ..Options::default() }).await.unwrap();
        let (p, q, r) = (proc().await, proc().await, trapping().await);
        let looks = Arc::new(AtomicUsize::new(0));
        for server in [&p, &q, &r] {
            let looks = looks.clone();
            // With unique keys the second one is refused and its value dropped.
            let _ = run(server, move || CURIOUS.register(1, Curious(looks))).await;
        }
        drop(CURIOUS.lookup(&1).unwrap());
        run(&p, || CURIOUS.unregister_match(&1, |value| (value.look(), false).1)).await.unwrap();
        if keys == Keys::Unique {
            let updated =
                run(&p, || CURIOUS.update_value(&1, |value| value.clone()).map(|new| new.is_some()));
            assert_eq!(updated.await, Ok(true));
        }
        CURIOUS.select(|_, _, value| Some(value.clone())).unwrap();
        run(&p, || CURIOUS.unregister(&1)).await.unwrap();
        kill(q.pid()).await;
        kill(registry).await;
        // Whatever was left has been dropped with the registry.
        assert_eq!(Arc::strong_count(&looks), 1);
    }
}

#[perennial::test]
async fn metadata_is_dropped_without_a_lock() {
    CURIOUS.start_link(Options::default()).await.unwrap();
    let looks = Arc::new(AtomicUsize::new(0));
    CURIOUS.put_meta("a", Curious(looks.clone())).unwrap();
    CURIOUS.put_meta("a", 1_u8).unwrap();
    assert_eq!(looks.load(SeqCst), 1);
}

/// A value that panics when it is dropped.
#[derive(Clone)]
struct Bad;
impl Drop for Bad {
    fn drop(&mut self) {
        panic!("in drop");
    }
}

#[perennial::test]
async fn a_value_that_panics_in_drop_does_not_stop_the_others_from_going() {
    let reg = RegistryName::<u8, Bad>::new("bad");
    reg.start_link(Options::default()).await.unwrap();
    let p = proc().await;
    let its = reg.clone();
    run(&p, move || (0..5).for_each(|key| its.register(key, Bad).unwrap())).await;
    kill(p.pid()).await;
    assert_eq!(reg.count(), Ok(0));
    let p = proc().await;
    let its = reg.clone();
    run(&p, move || (0..5).for_each(|key| its.register(key, Bad).unwrap())).await;
    let down = process::monitor(p.pid());
    kill(reg.name().pid_now().unwrap()).await;
    assert_eq!(down.await.reason, ExitReason::Killed);
}

/// A key whose comparison panics when it is told to.
#[derive(Clone, Debug)]
struct Touchy(u8, Arc<AtomicBool>);
impl PartialEq for Touchy {
    fn eq(&self, other: &Self) -> bool {
        assert!(!self.1.load(SeqCst), "do not compare me");
        self.0 == other.0
    }
}
impl Eq for Touchy {}
impl std::hash::Hash for Touchy {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

#[perennial::test]
async fn a_comparison_that_panics_leaves_the_registry_as_it_was() {
    type Reg = RegistryName<Touchy>;
    let compare: [fn(&Reg, &Touchy); 4] = [
        |reg, key| reg.register(key.clone(), ()).unwrap(),
        |reg, key| reg.unregister(key).unwrap(),
        |reg, key| reg.unregister_match(key, |()| true).unwrap(),
        |reg, key| drop(reg.lookup(key)),
    ];
    for keys in [Keys::Unique, Keys::Duplicate] {
        let reg = Reg::new("touchy");
        let registry = reg.start_link(Options { keys, partitions: 1, ..Options::default() }).await.unwrap();
        let touchy = Arc::new(AtomicBool::new(false));
        let key = |number| Touchy(number, touchy.clone());
        let (p, q) = (proc().await, proc().await);
        for number in 0..10 {
            let (its, own) = (reg.clone(), key(number));
            run(&p, move || its.register(own, ())).await.unwrap();
        }
        for (number, compare) in (0..).zip(compare) {
            touchy.store(true, SeqCst);
            for who in [&p, &q] {
                let (its, own) = (reg.clone(), key(number));
                let compares = AssertUnwindSafe(move || compare(&its, &own));
                assert!(run(who, || catch_unwind(compares).is_err()).await);
            }
            touchy.store(false, SeqCst);
            assert_eq!(reg.lookup(&key(number)).unwrap(), [(p.pid(), ())]);
        }
        assert_eq!(reg.keys(p.pid()).unwrap(), (0..10).map(key).collect::<Vec<_>>());
        assert!(reg.keys(q.pid()).unwrap().is_empty());
        kill(p.pid()).await;
        assert_eq!(reg.count(), Ok(0));
        kill(registry).await;
    }
}

/// A key whose clone panics when it is told to.
#[derive(PartialEq, Eq, Hash)]
struct Precious(u8);
static PRECIOUS: AtomicBool = AtomicBool::new(false);
impl Clone for Precious {
    fn clone(&self) -> Self {
        assert!(!PRECIOUS.load(SeqCst), "do not clone me");
        Self(self.0)
    }
}

#[perennial::test]
async fn a_clone_of_a_key_that_panics_leaves_the_registry_as_it_was() {
    for keys in [Keys::Unique, Keys::Duplicate] {
        let reg = RegistryName::<Precious>::new("precious");
        reg.start_link(Options { keys, partitions: 1, ..Options::default() }).await.unwrap();
        let p = proc().await;
        for number in 0..3 {
            let its = reg.clone();
            run(&p, move || its.register(Precious(number), ())).await.unwrap();
        }
        PRECIOUS.store(true, SeqCst);
        for look in [0, 1] {
            let (its, pid, q) = (reg.clone(), p.pid(), proc().await);
            let looks = move || match look {
                0 => drop(its.keys(pid)),
                _ => drop(its.select(|_, _, ()| Some(()))),
            };
            let call = q.call(Run(Box::new(looks))).await;
            assert!(matches!(call, Err(CallError::Exit(ExitReason::Panic(_)))), "{call:?}");
        }
        PRECIOUS.store(false, SeqCst);
        assert_eq!(reg.keys(p.pid()).unwrap().len(), 3);
        kill(p.pid()).await;
        assert_eq!(reg.count(), Ok(0));
        kill(reg.name().pid_now().unwrap()).await;
    }
}

/// A key whose hash uses other registries.
#[derive(Clone, PartialEq, Eq)]
struct Nosy(u8);
impl std::hash::Hash for Nosy {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        for name in ["r", "q"] {
            assert!(matches!(named(name).lookup("a").as_deref(), Ok([(_, 7)])));
        }
        self.0.hash(state);
    }
}

#[perennial::test]
async fn a_hash_of_a_key_may_use_registries() {
    let (p, nosy) = (proc().await, RegistryName::<Nosy>::new("nosy"));
    nosy.start_link(Options::default()).await.unwrap();
    for name in ["r", "q"] {
        let reg = named(name);
        reg.start_link(Options::default()).await.unwrap();
        register(&p, &reg, "a", 7).await;
    }
    for _ in 0..3 {
        let its = nosy.clone();
        run(&p, move || its.register(Nosy(1), ())).await.unwrap();
        assert_eq!(nosy.lookup(&Nosy(1)).unwrap(), [(p.pid(), ())]);
        let its = nosy.clone();
        run(&p, move || its.unregister(&Nosy(1))).await.unwrap();
    }
}
