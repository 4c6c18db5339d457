//! Registries that are not there, or are others.

use crate::support::*;
use perennial::{
    node::{Node, Time},
    prelude::*,
    registry::{Listener, Meta, Options, RegisterError, RegistryError},
};
use std::sync::Arc;
use tokio::runtime::Builder;

#[perennial::test]
async fn r8_an_unknown_registry_is_a_value() {
    let (reg, p) = (named("nope"), proc().await);
    let unknown = RegistryError::Unknown("nope".into());
    assert_eq!(unknown.to_string(), "registry `nope` is not running");
    let its = reg.clone();
    let refused = run(&p, move || its.register(key("a"), 1)).await;
    assert_eq!(refused, Err(RegisterError::Registry(unknown.clone())));
    let its = reg.clone();
    assert_eq!(run(&p, move || its.unregister(&key("a"))).await, Err(unknown.clone()));
    let its = reg.clone();
    assert_eq!(run(&p, move || its.update_value(&key("a"), |v| *v)).await, Err(unknown.clone()));
    assert_eq!(reg.lookup("a"), Err(unknown.clone()));
    assert_eq!(reg.dispatch("a", |_| ()), Err(unknown.clone()));
    assert_eq!(reg.keys(p.pid()), Err(unknown.clone()));
    assert_eq!(reg.values("a", p.pid()), Err(unknown.clone()));
    assert_eq!(reg.count(), Err(unknown.clone()));
    assert_eq!(reg.count_match("a", |_| true), Err(unknown.clone()));
    assert_eq!(reg.select(|_, _, _| Some(())), Err(unknown.clone()));
    assert_eq!(reg.count_select(|_, _, _| true), Err(unknown.clone()));
    assert_eq!(reg.meta::<u8>("m"), Err(unknown.clone()));
    assert_eq!(reg.put_meta("m", 1_u8), Err(unknown.clone()));
    assert_eq!(reg.delete_meta("m"), Err(unknown.clone()));
    assert_eq!(reg.lock(key("a")).await.unwrap_err(), unknown);
}

#[perennial::test]
async fn r1_a_second_registry_of_one_name_does_not_start_whatever_its_types() {
    let reg = start(Keys::Unique, 1).await;
    let taken = Err(StartError::AlreadyStarted(pid_of(&reg)));
    assert_eq!(reg.start_link(Options::default()).await, taken);
    let other: RegistryName<u8> = RegistryName::new("r");
    assert_eq!(other.start_link(Options::default()).await, taken);
    let wrong = RegistryError::WrongType("r".into());
    assert_eq!(other.count(), Err(wrong.clone()));
    let p = proc().await;
    assert_eq!(run(&p, move || other.register(1, ())).await, Err(RegisterError::Registry(wrong)));
    assert_eq!(reg.count(), Ok(0));
}

#[perennial::test]
async fn a_name_of_another_process_is_no_registry() {
    gen_server::start::<P>(false, Name::new("r")).await.unwrap();
    assert_eq!(named("r").count(), Err(RegistryError::WrongType("r".into())));
}

#[perennial::test]
async fn registries_are_separate() {
    let (r, q) = (named("r"), named("q"));
    r.start_link(Options::default()).await.unwrap();
    q.start_link(Options::default()).await.unwrap();
    let p = trapping().await;
    register(&p, &r, "k", 1).await;
    register(&p, &q, "k", 2).await;
    assert_eq!(r.lookup("k").unwrap(), [(p.pid(), 1)]);
    assert_eq!(q.lookup("k").unwrap(), [(p.pid(), 2)]);
    unregister(&p, &r, "k").await;
    assert_eq!(q.lookup("k").unwrap(), [(p.pid(), 2)]);
    q.name().stop(ExitReason::Normal).await.unwrap();
    assert_eq!(q.count(), Err(RegistryError::Unknown("q".into())));
    assert_eq!(r.lookup("k").unwrap(), []);
}

#[perennial::test]
async fn r47_one_name_is_another_registry_on_another_node() {
    let reg = start(Keys::Unique, 1).await;
    let p = proc().await;
    register(&p, &reg, "a", 1).await;
    let other = Node::new(Time::Real);
    let _entered = other.enter();
    assert_eq!(reg.count(), Err(RegistryError::Unknown("r".into())));
}

/// As many names have been given and taken on each of them, so that does not tell them apart.
#[perennial::test]
async fn r47_who_goes_from_node_to_node_finds_the_registry_of_each() {
    let start = || async { start(Keys::Unique, 1).await };
    let reg = start().await;
    let other = Node::new(Time::Real);
    let (tell, told) = tokio::sync::oneshot::channel();
    {
        let _entered = other.enter();
        process::spawn(move |_: Inbox<()>| async move {
            start().await.register("a".to_owned(), 1).unwrap();
            tell.send(()).unwrap();
            std::future::pending::<()>().await;
        });
    }
    told.await.unwrap();
    for _ in 0..3 {
        assert_eq!(reg.count(), Ok(0));
        let _entered = other.enter();
        assert_eq!(reg.count(), Ok(1));
    }
}

/// Who is never there.
struct Nobody(#[expect(dead_code, reason = "it counts")] Arc<()>);
impl Address for Nobody {
    type Server = P;
    fn resolve(&self) -> Result<ServerRef<P>, CallError> {
        Err(CallError::NoProc)
    }
}

#[perennial::test]
async fn who_has_used_a_registry_keeps_nothing_of_it_when_it_has_ended() {
    let (kept, told) = (Arc::new(()), Arc::new(()));
    let options = || Options {
        meta: Meta::default().with("kept", kept.clone()),
        listeners: vec![Listener::at(Nobody(told.clone()))],
        ..Options::default()
    };
    let reg = start_with(options()).await;
    for _ in 0..3 {
        // Found anew, and then again.
        assert_eq!([1, 2].map(|_| reg.lookup("a").unwrap().len()), [0, 0]);
        kill(pid_of(&reg)).await;
        assert_eq!((Arc::strong_count(&kept), Arc::strong_count(&told)), (1, 1));
        assert_eq!(reg.count(), Err(RegistryError::Unknown("r".into())));
        reg.start_link(options()).await.unwrap();
    }
}

#[perennial::test]
async fn registries_of_other_types_take_turns_under_one_name() {
    let (words, numbers) = (named("r"), RegistryName::<u8>::new("r"));
    let wrong = RegistryError::WrongType("r".into());
    for _ in 0..3 {
        words.start_link(Options::default()).await.unwrap();
        assert_eq!((words.count(), numbers.count()), (Ok(0), Err(wrong.clone())));
        assert_eq!(words.count(), Ok(0));
        kill(pid_of(&words)).await;
        let pid = numbers.start_link(Options::default()).await.unwrap();
        assert_eq!((words.count(), numbers.count()), (Err(wrong.clone()), Ok(0)));
        kill(pid).await;
    }
}

#[test]
fn nor_does_it_when_the_runtime_has_ended() {
    for runtime in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let (kept, runtime) = (Arc::new(()), { runtime }.enable_all().build().unwrap());
        let meta = Meta::default().with("kept", kept.clone());
        runtime.block_on(async {
            let node = Node::new(Time::Real);
            let _entered = node.enter();
            let reg = start_with(Options { meta, ..Options::default() }).await;
            let p = proc().await;
            register(&p, &reg, "a", 1).await;
            assert_eq!([1, 2].map(|_| reg.lookup("a").unwrap().len()), [1, 1]);
        });
        drop(runtime);
        assert_eq!(Arc::strong_count(&kept), 1);
    }
}
