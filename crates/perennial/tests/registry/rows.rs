//! What is the same for unique and for duplicate keys.

use crate::support::*;
use perennial::{prelude::*, registry::Options};
use std::sync::{Arc, Mutex};

both_tests! {
    r10_a_process_registers_itself_and_is_found
    r15_keys_are_told_apart_by_all_their_parts
    r16_unregister_removes_own_rows_and_never_fails
    r16_what_is_registered_and_unregistered_in_turn_is_among_the_keys_while_it_is_there
    r17_unregister_match_removes_what_a_function_accepts
    r19_metadata_is_put_read_and_deleted
    r31_keys_of_any_process_in_order
    r32_values_of_one_process_under_one_key
    r33_dispatch_runs_in_the_caller_and_never_for_nobody
    r33_a_panic_in_dispatch_goes_to_the_caller
    r35_matching_is_by_a_function
    r36_selecting_is_by_a_function
    r37_count_is_of_rows
}

async fn r10_a_process_registers_itself_and_is_found(reg: Reg) {
    let p = proc().await;
    assert_eq!(reg.lookup("a").unwrap(), []);
    register(&p, &reg, "a", 1).await;
    assert_eq!(reg.lookup("a").unwrap(), [(p.pid(), 1)]);
    assert_eq!(reg.lookup(&key("a")).unwrap(), [(p.pid(), 1)]);
    assert_eq!(reg.lookup("b").unwrap(), []);
}

async fn r15_keys_are_told_apart_by_all_their_parts(_: Reg) {
    let other = RegistryName::<(u8, &str)>::new("other");
    other.start_link(Options::default()).await.unwrap();
    let p = proc().await;
    run(&p, || RegistryName::<(u8, &str)>::new("other").register((1, "a"), ())).await.unwrap();
    assert_eq!(other.lookup(&(1, "a")).unwrap(), [(p.pid(), ())]);
    assert_eq!(other.lookup(&(2, "a")).unwrap(), []);
    assert_eq!(other.lookup(&(1, "b")).unwrap(), []);
}

async fn r16_unregister_removes_own_rows_and_never_fails(reg: Reg) {
    let (p, q) = (proc().await, proc().await);
    register(&p, &reg, "a", 1).await;
    register(&p, &reg, "b", 2).await;
    unregister(&q, &reg, "a").await;
    assert_eq!(reg.count(), Ok(2));
    unregister(&p, &reg, "a").await;
    unregister(&p, &reg, "a").await;
    assert_eq!(reg.lookup("a").unwrap(), []);
    assert_eq!(reg.keys(p.pid()).unwrap(), ["b"]);
    register(&q, &reg, "a", 3).await;
    assert_eq!(reg.lookup("a").unwrap(), [(q.pid(), 3)]);
}

/// In two registries, beside a row that stays and without one.
async fn r16_what_is_registered_and_unregistered_in_turn_is_among_the_keys_while_it_is_there(reg: Reg) {
    let other = named("other");
    other.start_link(Options::default()).await.unwrap();
    let p = proc().await;
    for stays in [false, true] {
        let beside: &[&str] = if stays { &["stays"] } else { &[] };
        if stays {
            register(&p, &reg, "stays", 0).await;
        }
        for name in ["a", "b", "b", "a"] {
            register(&p, &reg, name, 1).await;
            register(&p, &other, name, 2).await;
            assert_eq!(reg.keys(p.pid()).unwrap(), [beside, &[name]].concat());
            assert_eq!(other.keys(p.pid()).unwrap(), [name]);
            unregister(&p, &reg, name).await;
            assert_eq!(reg.keys(p.pid()).unwrap(), *beside);
            assert_eq!(other.keys(p.pid()).unwrap(), [name]);
            unregister(&p, &other, name).await;
            assert_eq!(other.keys(p.pid()).unwrap(), [""; 0]);
        }
    }
    kill(p.pid()).await;
    assert_eq!((reg.count(), other.count()), (Ok(0), Ok(0)));
}

async fn r17_unregister_match_removes_what_a_function_accepts(reg: Reg) {
    let p = proc().await;
    register(&p, &reg, "a", 1).await;
    let by = |limit| {
        let reg = reg.clone();
        move || reg.unregister_match(&key("a"), |value| *value > limit)
    };
    run(&p, by(1)).await.unwrap();
    assert_eq!(reg.count(), Ok(1));
    run(&p, by(0)).await.unwrap();
    assert_eq!(reg.count(), Ok(0));
    assert!(reg.keys(p.pid()).unwrap().is_empty());
}

async fn r19_metadata_is_put_read_and_deleted(reg: Reg) {
    assert_eq!(reg.meta::<u8>("m"), Ok(None));
    reg.put_meta("m", 1_u8).unwrap();
    assert_eq!(reg.meta::<u8>("m"), Ok(Some(1)));
    assert_eq!(reg.meta::<u16>("m"), Ok(None));
    reg.put_meta("m", "x").unwrap();
    assert_eq!(reg.meta::<&str>("m"), Ok(Some("x")));
    reg.delete_meta("m").unwrap();
    reg.delete_meta("m").unwrap();
    assert_eq!(reg.meta::<&str>("m"), Ok(None));
}

async fn r31_keys_of_any_process_in_order(reg: Reg) {
    let (p, q) = (proc().await, proc().await);
    let keys: Vec<_> = (0..20).map(|n| format!("k{n}")).collect();
    for key in &keys {
        register(&p, &reg, key, 0).await;
    }
    register(&q, &reg, "q", 0).await;
    assert_eq!(reg.keys(p.pid()).unwrap(), keys);
    assert_eq!(reg.keys(q.pid()).unwrap(), ["q"]);
    for key in &keys[..10] {
        unregister(&p, &reg, key).await;
    }
    assert_eq!(reg.keys(p.pid()).unwrap(), keys[10..]);
}

async fn r32_values_of_one_process_under_one_key(reg: Reg) {
    let (p, q) = (proc().await, proc().await);
    register(&p, &reg, "a", 1).await;
    register(&p, &reg, "b", 2).await;
    assert_eq!(reg.values("a", p.pid()).unwrap(), [1]);
    assert!(reg.values("a", q.pid()).unwrap().is_empty());
    assert!(reg.values("c", p.pid()).unwrap().is_empty());
}

async fn r33_dispatch_runs_in_the_caller_and_never_for_nobody(reg: Reg) {
    let p = proc().await;
    reg.dispatch("a", |_| panic!("there is nobody")).unwrap();
    register(&p, &reg, "a", 7).await;
    let me = std::thread::current().id();
    let mut got = Vec::new();
    reg.dispatch("a", |entries| {
        assert_eq!(std::thread::current().id(), me);
        got.extend(entries.iter().map(|(pid, value)| (*pid, **value)));
    })
    .unwrap();
    assert_eq!(got, [(p.pid(), 7)]);
}

async fn r33_a_panic_in_dispatch_goes_to_the_caller(reg: Reg) {
    let (p, q) = (proc().await, proc().await);
    register(&p, &reg, "a", 7).await;
    let down = process::monitor(q.pid());
    let its = reg.clone();
    let call = q.call(Run(Box::new(move || its.dispatch("a", |_| panic!("no")).unwrap()))).await;
    assert!(matches!(call, Err(CallError::Exit(ExitReason::Panic(_)))));
    assert!(matches!(down.await.reason, ExitReason::Panic(_)));
    assert_eq!(reg.lookup("a").unwrap(), [(p.pid(), 7)]);
}

async fn r35_matching_is_by_a_function(reg: Reg) {
    let p = proc().await;
    register(&p, &reg, "a", 7).await;
    assert_eq!(reg.count_match("a", |value| *value > 6), Ok(1));
    assert_eq!(reg.count_match("a", |value| *value > 7), Ok(0));
    assert_eq!(reg.count_match("b", |_| true), Ok(0));
}

async fn r36_selecting_is_by_a_function(reg: Reg) {
    let p = proc().await;
    for n in 0..100 {
        register(&p, &reg, &n.to_string(), n).await;
    }
    let mut picked =
        reg.select(|key, pid, value| (*value >= 98).then(|| (key.clone(), pid, *value))).unwrap();
    picked.sort();
    assert_eq!(picked, [(key("98"), p.pid(), 98), (key("99"), p.pid(), 99)]);
    assert_eq!(reg.count_select(|key, _, _| key.len() == 1), Ok(10));
}

async fn r37_count_is_of_rows(reg: Reg) {
    let p = proc().await;
    assert_eq!(reg.count(), Ok(0));
    for n in 1..=100 {
        register(&p, &reg, &n.to_string(), n).await;
    }
    assert_eq!(reg.count(), Ok(100));
    unregister(&p, &reg, "1").await;
    assert_eq!(reg.count(), Ok(99));
    kill(p.pid()).await;
    assert_eq!(reg.count(), Ok(0));
}

/// Keys that all have the same hash.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SameHash(u8);

impl std::hash::Hash for SameHash {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

#[perennial::test]
async fn r15_keys_of_one_hash_are_told_apart() {
    const SAME: RegistryName<SameHash, u8> = RegistryName::new("same");
    for keys in [Keys::Unique, Keys::Duplicate] {
        let registry = SAME.start_link(Options { keys, ..Options::default() }).await.unwrap();
        let (p, q) = (trapping().await, trapping().await);
        run(&p, || (0..20).for_each(|n| SAME.register(SameHash(n), n).unwrap())).await;
        run(&q, || (20..40).for_each(|n| SAME.register(SameHash(n), n).unwrap())).await;
        run(&p, || (0..20).step_by(2).for_each(|n| SAME.unregister(&SameHash(n)).unwrap())).await;
        for n in 0..40 {
            let expected = match n {
                0..20 if n % 2 == 0 => vec![],
                0..20 => vec![(p.pid(), n)],
                _ => vec![(q.pid(), n)],
            };
            assert_eq!(SAME.lookup(&SameHash(n)).unwrap(), expected);
        }
        kill(p.pid()).await;
        assert_eq!(SAME.count(), Ok(20));
        assert_eq!(SAME.keys(q.pid()).unwrap(), (20..40).map(SameHash).collect::<Vec<_>>());
        kill(registry).await;
    }
}

#[perennial::test]
async fn r4_metadata_may_be_given_at_the_start() {
    let meta = perennial::registry::Meta::default().with("a", 1_u8).with("b", key("x"));
    let reg = start_with(Options { meta, ..Options::default() }).await;
    assert_eq!(reg.meta("a"), Ok(Some(1_u8)));
    assert_eq!(reg.meta("b"), Ok(Some(key("x"))));
}

#[perennial::test]
async fn r2_no_partition_counts_as_one() {
    let reg = start(Keys::Unique, 0).await;
    let p = proc().await;
    register(&p, &reg, "a", 1).await;
    assert_eq!(reg.count(), Ok(1));
}

#[perennial::test]
async fn r10_only_a_process_registers() {
    let reg = start(Keys::Unique, 1).await;
    let outcome = std::panic::catch_unwind(|| reg.register(key("a"), 1));
    let panic = outcome.unwrap_err();
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    assert_eq!(text, Some("only a process can register; this code runs in none"));
    assert_eq!(reg.count(), Ok(0));
}

#[perennial::test]
async fn a_recipient_as_value_makes_dispatch_a_publish_and_subscribe() {
    let topics = RegistryName::<&str, Recipient<u32>>::new("topics");
    topics.start_link(Options { keys: Keys::Duplicate, ..Options::default() }).await.unwrap();
    let got = Arc::new(Mutex::new(Vec::new()));
    let mut ends = Vec::new();
    for n in 0..3 {
        let (topics, got) = (topics.clone(), got.clone());
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        let (_, end) = process::spawn_monitor(|mut inbox: Inbox<u32>| async move {
            topics.register("news", inbox.recipient()).unwrap();
            ready.send(()).unwrap();
            let news = inbox.receive().await;
            got.lock().unwrap().push((n, news));
        });
        is_ready.await.unwrap();
        ends.push(end);
    }
    topics.dispatch("news", |all| all.iter().for_each(|(_, to)| to.send(5).unwrap())).unwrap();
    for end in ends {
        assert!(end.await.reason.is_normal());
    }
    got.lock().unwrap().sort_unstable();
    assert_eq!(*got.lock().unwrap(), [(0, 5), (1, 5), (2, 5)]);
}
