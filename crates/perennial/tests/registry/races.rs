//! Races, on more than one thread.

use crate::support::*;
use perennial::{
    prelude::*,
    registry::{Options, RegisterError},
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

#[perennial::test(flavor = "multi_thread", workers = 4)]
async fn r10_of_a_thousand_that_race_for_a_key_one_gets_it() {
    for partitions in [1, 8] {
        let reg = named(&format!("r{partitions}"));
        reg.start_link(Options { partitions, ..Options::default() }).await.unwrap();
        let winners = Arc::new(Mutex::new(Vec::new()));
        let ready = Arc::new(tokio::sync::Barrier::new(1000));
        let done = Arc::new(tokio::sync::Barrier::new(1001));
        let ends: Vec<_> = (0..1000)
            .map(|n| {
                let (reg, winners) = (reg.clone(), winners.clone());
                let (ready, done) = (ready.clone(), done.clone());
                let body = |inbox: Inbox<()>| async move {
                    ready.wait().await;
                    match reg.register(key("a"), n) {
                        Ok(()) => winners.lock().unwrap().push((inbox.pid(), n)),
                        Err(RegisterError::AlreadyRegistered(holder)) => assert_ne!(holder, inbox.pid()),
                        Err(error) => panic!("{error}"),
                    }
                    done.wait().await;
                    std::future::pending::<()>().await;
                };
                process::spawn_monitor(body)
            })
            .collect();
        done.wait().await;
        let winners = winners.lock().unwrap().clone();
        assert_eq!(winners.len(), 1);
        assert_eq!(reg.lookup("a").unwrap(), winners);
        assert_eq!(reg.count(), Ok(1));
        ends.iter().for_each(|(pid, _)| process::kill(*pid));
        for (_, end) in ends {
            end.await;
        }
        assert_eq!(reg.count(), Ok(0));
    }
}

#[perennial::test(flavor = "multi_thread", workers = 4)]
async fn r12_who_registers_while_the_holder_dies_gets_the_key_for_good() {
    let reg = start(Keys::Unique, 8).await;
    for n in 0..500 {
        let (holder, next) = (proc().await, proc().await);
        register(&holder, &reg, "a", n).await;
        let its = reg.clone();
        let registers = tokio::spawn(async move {
            let pid = next.pid();
            run(&next, move || {
                let mut refused = 0;
                while let Err(error) = its.register(key("a"), -n) {
                    assert!(matches!(error, RegisterError::AlreadyRegistered(_)), "{error}");
                    refused += 1;
                    assert!(refused < 1_000_000, "the dead keep the key");
                    std::thread::yield_now();
                }
            })
            .await;
            pid
        });
        kill(holder.pid()).await;
        let next = registers.await.unwrap();
        // The last acts of the old holder have not touched it.
        assert_eq!(reg.lookup("a").unwrap(), [(next, -n)]);
        assert_eq!(reg.keys(next).unwrap(), ["a"]);
        kill(next).await;
        assert_eq!(reg.count(), Ok(0));
    }
}

#[perennial::test(flavor = "multi_thread", workers = 4)]
async fn r44_registering_while_the_registry_is_killed_is_in_force_or_refused() {
    for round in 0..50 {
        let reg = start(if round % 2 == 0 { Keys::Unique } else { Keys::Duplicate }, 8).await;
        let registered = Arc::new(Mutex::new(Vec::new()));
        let refused = Arc::new(Mutex::new(Vec::new()));
        let begun = Arc::new(AtomicUsize::new(0));
        let ends: Vec<_> = (0..100)
            .map(|n| {
                let reg = reg.clone();
                let (registered, refused, begun) = (registered.clone(), refused.clone(), begun.clone());
                process::spawn_monitor(|inbox: Inbox<()>| async move {
                    begun.fetch_add(1, SeqCst);
                    match reg.register(n.to_string(), n) {
                        Ok(()) => registered.lock().unwrap().push(inbox.pid()),
                        Err(RegisterError::Registry(_)) => refused.lock().unwrap().push(inbox.pid()),
                        Err(error) => panic!("{error}"),
                    }
                    std::future::pending::<()>().await;
                })
            })
            .collect();
        while begun.load(SeqCst) < round * 2 {
            std::hint::spin_loop();
        }
        kill(pid_of(&reg)).await;
        while registered.lock().unwrap().len() + refused.lock().unwrap().len() < 100 {
            tokio::task::yield_now().await;
        }
        let (registered, refused) = (registered.lock().unwrap().clone(), refused.lock().unwrap().clone());
        for (pid, end) in ends {
            if registered.contains(&pid) {
                assert_eq!(end.await.reason, ExitReason::Killed);
            }
        }
        assert!(refused.iter().all(|pid| process::is_alive(*pid)));
    }
}

/// A key that ends the registry while its hash is asked for, when it is told to.
#[derive(Clone)]
struct Deadly(Arc<AtomicBool>);
const DEADLY: RegistryName<Deadly> = RegistryName::new("deadly");

impl PartialEq for Deadly {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
impl Eq for Deadly {}
impl std::hash::Hash for Deadly {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {
        if self.0.load(SeqCst) {
            let registry = DEADLY.name().pid_now().unwrap();
            // From a thread of its own: woken from here, the registry would wait for this worker. Its `Down` comes when
            // its rows are released.
            let end = std::thread::spawn(move || {
                let down = process::monitor(registry);
                process::kill(registry);
                tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(down)
            });
            end.join().unwrap();
        }
    }
}

#[perennial::test(flavor = "multi_thread", workers = 4)]
async fn r44_a_registration_that_comes_after_the_end_of_the_registry_is_refused() {
    for keys in [Keys::Unique, Keys::Duplicate] {
        DEADLY.start_link(Options { keys, ..Options::default() }).await.unwrap();
        let p = proc().await;
        let key = Deadly(Arc::new(AtomicBool::new(true)));
        let refused = run(&p, move || DEADLY.register(key, ())).await;
        assert!(matches!(refused, Err(RegisterError::Registry(_))), "{refused:?}");
        assert!(run(&p, || true).await);
    }
}

#[perennial::test(flavor = "multi_thread", workers = 4)]
async fn r43_a_late_release_leaves_the_successors_row() {
    let reg = start(Keys::Unique, 1).await;
    let (holder, next) = (proc().await, proc().await);
    register(&holder, &reg, "a", 1).await;
    // The holder cannot be interrupted: it is killed, so it does not keep the key, and its last acts come late.
    let (busy, go) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (is_busy, may_go) = (busy.clone(), go.clone());
    let its = reg.clone();
    let busy_call = {
        let holder = holder.clone();
        tokio::spawn(async move {
            let work = move || {
                is_busy.store(true, SeqCst);
                while !may_go.load(SeqCst) {
                    std::thread::yield_now();
                }
                // It is not alive any more, and somebody else is.
                its.register(key("a"), 3).unwrap_err();
                its.unregister(&key("a")).unwrap();
            };
            holder.call(Run(Box::new(work))).await
        })
    };
    while !busy.load(SeqCst) {
        tokio::task::yield_now().await;
    }
    let down = process::monitor(holder.pid());
    process::kill(holder.pid());
    register(&next, &reg, "a", 2).await;
    go.store(true, SeqCst);
    assert_eq!(down.await.reason, ExitReason::Killed);
    let _ = busy_call.await.unwrap();
    assert_eq!(reg.lookup("a").unwrap(), [(next.pid(), 2)]);
    assert_eq!(reg.count(), Ok(1));
}

#[perennial::test(flavor = "multi_thread", workers = 4)]
async fn many_come_and_go_and_nothing_is_left() {
    for keys in [Keys::Unique, Keys::Duplicate] {
        let reg = named(&format!("{keys:?}"));
        reg.start_link(Options { keys, partitions: 8, ..Options::default() }).await.unwrap();
        let ends: Vec<_> = (0..2000_i64)
            .map(|n| {
                let reg = reg.clone();
                process::spawn_monitor(move |_: Inbox<()>| async move {
                    for step in 0..5 {
                        let _ = reg.register(((n * 7 + step) % 50).to_string(), n);
                        tokio::task::yield_now().await;
                    }
                    let _ = reg.unregister(&(n % 50).to_string());
                    if n % 3 == 0 {
                        process::exit_self(ExitReason::Shutdown);
                    }
                })
            })
            .collect();
        ends.iter().step_by(5).for_each(|(pid, _)| process::kill(*pid));
        for (_, end) in ends {
            end.await;
        }
        assert_eq!(reg.count(), Ok(0));
        assert_eq!(reg.count_select(|_, _, _| true), Ok(0));
    }
}
