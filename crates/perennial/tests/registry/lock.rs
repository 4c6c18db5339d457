//! Locks.

use crate::support::*;
use perennial::prelude::*;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::sync::oneshot;

/// A process that takes a lock, says so, and keeps it until it is told otherwise.
fn holder(reg: &Reg, name: &str) -> (Pid, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let (reg, name) = (reg.clone(), key(name));
    let (has, has_it) = oneshot::channel();
    let (release, released) = oneshot::channel();
    let pid = process::spawn(|_: Inbox<()>| async move {
        let locked = reg.lock(name).await.unwrap();
        has.send(()).unwrap();
        let _ = released.await;
        drop(locked);
    });
    (pid, has_it, release)
}

#[perennial::test(paused)]
async fn r45_a_lock_is_held_by_one_at_a_time_first_come_first_served() {
    let reg = start(Keys::Unique, 1).await;
    let inside = Arc::new(AtomicUsize::new(0));
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut ends = Vec::new();
    for n in 0..10 {
        let (reg, inside, order) = (reg.clone(), inside.clone(), order.clone());
        let (_, end) = process::spawn_monitor(|_: Inbox<()>| async move {
            // Some come while others wait, and some when the first are gone.
            perennial::time::sleep(Duration::from_millis(700 * n)).await;
            let _locked = reg.lock(key("a")).await.unwrap();
            assert_eq!(inside.fetch_add(1, SeqCst), 0);
            perennial::time::sleep(Duration::from_secs(1)).await;
            inside.fetch_sub(1, SeqCst);
            order.lock().unwrap().push(n);
        });
        ends.push(end);
    }
    for end in ends {
        assert!(end.await.reason.is_normal());
    }
    assert_eq!(*order.lock().unwrap(), (0..10).collect::<Vec<_>>());
}

#[perennial::test]
async fn r45_locks_of_different_keys_and_rows_have_nothing_to_do_with_each_other() {
    let reg = start(Keys::Unique, 1).await;
    let p = proc().await;
    let _a = reg.lock(key("a")).await.unwrap();
    let _b = reg.lock(key("b")).await.unwrap();
    register(&p, &reg, "a", 1).await;
    assert_eq!(reg.count(), Ok(1));
}

#[perennial::test]
async fn r45_a_lock_is_free_when_its_holder_is_killed() {
    let reg = start(Keys::Unique, 1).await;
    let (first, has, _keep) = holder(&reg, "a");
    has.await.unwrap();
    let (_, has, _keep_too) = holder(&reg, "a");
    kill(first).await;
    has.await.unwrap();
}

#[perennial::test]
async fn r45_a_lock_is_free_when_its_holder_panics() {
    let reg = start(Keys::Unique, 1).await;
    let its = reg.clone();
    let (_, end) = process::spawn_monitor(|_: Inbox<()>| async move {
        let _locked = its.lock(key("a")).await.unwrap();
        panic!("as it should");
    });
    assert!(matches!(end.await.reason, ExitReason::Panic(_)));
    drop(reg.lock(key("a")).await.unwrap());
}

#[perennial::test]
async fn r46_a_waiter_that_gives_up_or_is_killed_leaves_the_queue() {
    let reg = start(Keys::Unique, 1).await;
    let (_, has, release) = holder(&reg, "a");
    has.await.unwrap();
    let gave_up = perennial::time::timeout(Duration::from_millis(10), reg.lock(key("a"))).await;
    assert!(gave_up.is_err());
    let (waiter, mut never, _keep) = holder(&reg, "a");
    kill(waiter).await;
    assert!(never.try_recv().is_err());
    release.send(()).unwrap();
    let (_, has, _keep_too) = holder(&reg, "a");
    has.await.unwrap();
}
