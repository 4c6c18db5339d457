//! Listeners.

use crate::support::*;
use perennial::{
    prelude::*,
    registry::{Listener, Options, RegistryEvent},
};

fn registered(name: &str, pid: Pid, value: i64) -> RegistryEvent<String, i64> {
    RegistryEvent::Register { registry: "r".into(), key: key(name), pid, value }
}

fn unregistered(name: &str, pid: Pid) -> RegistryEvent<String, i64> {
    RegistryEvent::Unregister { registry: "r".into(), key: key(name), pid }
}

async fn start_told(keys: Keys, listener: &ServerRef<P>) -> Reg {
    let listeners = vec![listener.recipient().into()];
    start_with(Options { keys, listeners, ..Options::default() }).await
}

#[perennial::test]
async fn r20_a_listener_hears_of_register_and_unregister_and_not_of_a_crash() {
    let (li, p) = (proc().await, proc().await);
    let reg = start_told(Keys::Unique, &li).await;
    register(&p, &reg, "a", 1).await;
    register(&p, &reg, "b", 2).await;
    unregister(&p, &reg, "a").await;
    kill(p.pid()).await;
    let told = [registered("a", p.pid(), 1), registered("b", p.pid(), 2), unregistered("a", p.pid())];
    assert_eq!(li.call(Events).await.unwrap(), told);
}

#[perennial::test]
async fn r16_a_listener_hears_of_unregister_even_if_there_was_nothing() {
    let (li, p) = (proc().await, proc().await);
    let reg = start_told(Keys::Unique, &li).await;
    unregister(&p, &reg, "none").await;
    run(&p, move || (reg.unregister("borrowed"), reg.unregister_match("too", |_| true))).await.0.unwrap();
    let told = ["none", "borrowed", "too"].map(|name| unregistered(name, p.pid()));
    assert_eq!(li.call(Events).await.unwrap(), told);
}

#[perennial::test]
async fn r17_a_listener_hears_of_unregister_match_only_if_all_went() {
    let (li, p) = (proc().await, proc().await);
    let reg = start_told(Keys::Duplicate, &li).await;
    register(&p, &reg, "a", 1).await;
    register(&p, &reg, "a", 2).await;
    li.call(Events).await.unwrap();
    let by = |limit| {
        let reg = reg.clone();
        move || reg.unregister_match(&key("a"), |value| *value > limit)
    };
    run(&p, by(1)).await.unwrap();
    run(&p, by(1)).await.unwrap();
    assert_eq!(li.call(Events).await.unwrap(), []);
    run(&p, by(0)).await.unwrap();
    run(&p, by(0)).await.unwrap();
    assert_eq!(li.call(Events).await.unwrap(), [unregistered("a", p.pid()), unregistered("a", p.pid())]);
}

#[perennial::test]
async fn r18_a_listener_does_not_hear_of_update_value() {
    let (li, p) = (proc().await, proc().await);
    let reg = start_told(Keys::Unique, &li).await;
    register(&p, &reg, "a", 1).await;
    li.call(Events).await.unwrap();
    run(&p, move || reg.update_value(&key("a"), |value| value + 1)).await.unwrap();
    assert_eq!(li.call(Events).await.unwrap(), []);
}

#[perennial::test]
async fn r10_a_listener_does_not_hear_of_a_refused_registration() {
    let (li, p, q) = (proc().await, proc().await, proc().await);
    let reg = start_told(Keys::Unique, &li).await;
    register(&p, &reg, "a", 1).await;
    li.call(Events).await.unwrap();
    run(&q, move || reg.register(key("a"), 1)).await.unwrap_err();
    assert_eq!(li.call(Events).await.unwrap(), []);
}

#[perennial::test]
async fn r3_a_listener_by_name_is_whoever_has_it_at_the_time() {
    const LISTENER: Name<P> = Name::new("listener");
    let listeners = vec![Listener::at(LISTENER)];
    let reg = start_with(Options { listeners, ..Options::default() }).await;
    let p = proc().await;
    // Nobody minds that there is none yet.
    register(&p, &reg, "a", 1).await;
    let li = gen_server::start::<P>(false, LISTENER).await.unwrap().server::<P>().unwrap();
    register(&p, &reg, "b", 2).await;
    assert_eq!(li.call(Events).await.unwrap(), [registered("b", p.pid(), 2)]);
}
