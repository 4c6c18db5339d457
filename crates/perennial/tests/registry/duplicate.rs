//! Duplicate keys.

use crate::support::*;
use perennial::{prelude::*, registry::Options};
use std::{
    hash::{Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

tests! { Duplicate:
    r15_duplicates_are_rows_of_their_own
    r15_many_processes_under_one_key
    r16_unregister_removes_all_own_rows_under_the_key
    r17_unregister_match_leaves_other_rows_and_those_of_others
    r18_update_value_needs_unique_keys
    r33_dispatch_calls_once_with_all_who_live
    r7_rows_of_one_process_are_together_and_in_order
}

async fn r15_duplicates_are_rows_of_their_own(reg: Reg) {
    let p = proc().await;
    for value in [1, 2, 1] {
        register(&p, &reg, "a", value).await;
    }
    register(&p, &reg, "b", 3).await;
    assert_eq!(reg.count(), Ok(4));
    assert_eq!(reg.keys(p.pid()).unwrap(), ["a", "a", "a", "b"]);
    assert_eq!(reg.values("a", p.pid()).unwrap(), [1, 2, 1]);
    assert_eq!(reg.lookup("a").unwrap(), [1, 2, 1].map(|value| (p.pid(), value)));
    assert_eq!(reg.count_match("a", |value| *value == 1), Ok(2));
}

async fn r15_many_processes_under_one_key(reg: Reg) {
    let mut all = Vec::new();
    for n in 0..50 {
        let p = proc().await;
        register(&p, &reg, "a", n).await;
        all.push((p, n));
    }
    let mut found = reg.lookup("a").unwrap();
    found.sort_by_key(|(_, value)| *value);
    assert_eq!(found, all.iter().map(|(p, n)| (p.pid(), *n)).collect::<Vec<_>>());
    for (p, _) in all.drain(..49) {
        kill(p.pid()).await;
    }
    assert_eq!(reg.lookup("a").unwrap(), [(all[0].0.pid(), 49)]);
    assert_eq!(reg.count(), Ok(1));
}

async fn r16_unregister_removes_all_own_rows_under_the_key(reg: Reg) {
    let (p, q) = (proc().await, proc().await);
    for value in 0..3 {
        register(&p, &reg, "a", value).await;
        register(&q, &reg, "a", value).await;
    }
    unregister(&p, &reg, "a").await;
    assert_eq!(reg.values("a", q.pid()).unwrap(), [0, 1, 2]);
    assert!(reg.keys(p.pid()).unwrap().is_empty());
    assert_eq!(reg.count(), Ok(3));
}

async fn r17_unregister_match_leaves_other_rows_and_those_of_others(reg: Reg) {
    let (p, q) = (proc().await, proc().await);
    register(&q, &reg, "a", 2).await;
    for value in [1, 2, 2] {
        register(&p, &reg, "a", value).await;
    }
    let its = reg.clone();
    run(&p, move || its.unregister_match(&key("a"), |value| *value == 2)).await.unwrap();
    assert_eq!(reg.values("a", p.pid()).unwrap(), [1]);
    assert_eq!(reg.values("a", q.pid()).unwrap(), [2]);
    assert_eq!(reg.keys(p.pid()).unwrap(), ["a"]);
}

async fn r18_update_value_needs_unique_keys(reg: Reg) {
    let p = proc().await;
    let its = reg.clone();
    let call = p.call(Run(Box::new(move || its.update_value(&key("a"), |value| *value)))).await;
    let Err(CallError::Exit(ExitReason::Panic(report))) = call else { panic!("{call:?}") };
    assert!(report.message().contains("registry `r` has duplicate keys"), "{report}");
}

async fn r33_dispatch_calls_once_with_all_who_live(reg: Reg) {
    let (p, q, r) = (proc().await, proc().await, proc().await);
    for (n, p) in [&p, &q, &r].into_iter().enumerate() {
        register(p, &reg, "a", n as i64).await;
    }
    kill(q.pid()).await;
    let mut calls = Vec::new();
    reg.dispatch("a", |all| calls.push(all.iter().map(|(_, value)| **value).collect::<Vec<_>>())).unwrap();
    calls.iter_mut().for_each(|values| values.sort_unstable());
    assert_eq!(calls, [[0, 2]]);
}

async fn r7_rows_of_one_process_are_together_and_in_order(reg: Reg) {
    let (p, q) = (proc().await, proc().await);
    for n in 0..20 {
        register(&p, &reg, "a", n).await;
        register(&q, &reg, "a", -n).await;
    }
    let rows = reg.lookup("a").unwrap();
    let (first, second) = rows.split_at(20);
    let (of_p, of_q) = if first[0].0 == p.pid() { (first, second) } else { (second, first) };
    assert_eq!(of_p, (0..20).map(|n| (p.pid(), n)).collect::<Vec<_>>());
    assert_eq!(of_q, (0..20).map(|n| (q.pid(), -n)).collect::<Vec<_>>());
}

/// A key that counts how often it is compared and hashed.
#[derive(Clone)]
struct Counted(u8, Arc<AtomicUsize>);
impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        self.1.fetch_add(1, SeqCst);
        self.0 == other.0
    }
}
impl Eq for Counted {}
impl Hash for Counted {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.1.fetch_add(1, SeqCst);
        self.0.hash(hasher);
    }
}

#[perennial::test]
async fn r7_many_subscribers_under_few_keys_are_neither_scanned_for_a_look_nor_at_an_end() {
    const TOPICS: RegistryName<Counted> = RegistryName::new("topics");
    TOPICS.start_link(Options { keys: Keys::Duplicate, ..Options::default() }).await.unwrap();
    let looks = Arc::new(AtomicUsize::new(0));
    let mut subscribers = Vec::new();
    for _ in 0..1000 {
        let (p, looks) = (proc().await, looks.clone());
        run(&p, move || (0..3).for_each(|n| TOPICS.register(Counted(n, looks.clone()), ()).unwrap())).await;
        subscribers.push(p);
    }
    looks.store(0, SeqCst);
    assert_eq!(TOPICS.lookup(&Counted(1, looks.clone())).unwrap().len(), 1000);
    // Its hash, and one comparison with the key, however many have it.
    assert_eq!(looks.swap(0, SeqCst), 2);
    for p in &subscribers[..500] {
        kill(p.pid()).await;
    }
    // Its rows are found by themselves.
    assert_eq!(looks.load(SeqCst), 0);
    assert_eq!(TOPICS.count(), Ok(1500));
}
