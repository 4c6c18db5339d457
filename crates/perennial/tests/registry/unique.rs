//! Unique keys.

use crate::support::*;
use perennial::{
    prelude::*,
    registry::{Options, RegisterError},
};

tests! { Unique:
    r10_a_taken_key_gives_the_holder
    r16_a_key_may_be_borrowed
    r13_a_refused_registration_leaves_nothing_behind
    r14_the_same_key_twice_is_refused_and_the_old_value_stays
    r18_update_value_of_ones_own_key
    r18_a_panic_in_update_value_leaves_the_value
    r18_update_value_tells_its_loss_when_the_key_was_given_up_meanwhile
}

async fn r16_a_key_may_be_borrowed(reg: Reg) {
    let p = proc().await;
    for name in ["a", "b"] {
        register(&p, &reg, name, 1).await;
    }
    run(&p, move || {
        assert_eq!(reg.update_value("a", |value| value + 1), Ok(Some((2, 1))));
        reg.unregister("a").unwrap();
        reg.unregister_match("b", |value| *value == 1).unwrap();
        assert_eq!(reg.count(), Ok(0));
    })
    .await;
}

async fn r10_a_taken_key_gives_the_holder(reg: Reg) {
    let (p, q) = (proc().await, proc().await);
    register(&p, &reg, "a", 1).await;
    let its = reg.clone();
    let refused = run(&q, move || its.register(key("a"), 2)).await;
    assert_eq!(refused, Err(RegisterError::AlreadyRegistered(p.pid())));
    assert_eq!(reg.lookup("a").unwrap(), [(p.pid(), 1)]);
}

async fn r13_a_refused_registration_leaves_nothing_behind(reg: Reg) {
    let (p, q) = (trapping().await, proc().await);
    register(&p, &reg, "a", 1).await;
    let its = reg.clone();
    run(&q, move || its.register(key("a"), 2)).await.unwrap_err();
    assert!(reg.keys(q.pid()).unwrap().is_empty());
    assert_eq!(reg.count(), Ok(1));
    // It is not tied to the registry either.
    kill(pid_of(&reg)).await;
    assert!(run(&q, || true).await);
}

async fn r14_the_same_key_twice_is_refused_and_the_old_value_stays(reg: Reg) {
    let p = proc().await;
    register(&p, &reg, "a", 1).await;
    let its = reg.clone();
    let refused = run(&p, move || its.register(key("a"), 2)).await;
    assert_eq!(refused, Err(RegisterError::AlreadyRegistered(p.pid())));
    assert_eq!(reg.values("a", p.pid()).unwrap(), [1]);
    assert_eq!(reg.keys(p.pid()).unwrap(), ["a"]);
}

async fn r18_update_value_of_ones_own_key(reg: Reg) {
    let (p, q) = (proc().await, proc().await);
    register(&p, &reg, "a", 1).await;
    register(&p, &reg, "b", 1).await;
    let update = |name: &str| {
        let (reg, key) = (reg.clone(), key(name));
        move || reg.update_value(&key, |value| value + 10)
    };
    assert_eq!(run(&p, update("a")).await, Ok(Some((11, 1))));
    assert_eq!(run(&p, update("a")).await, Ok(Some((21, 11))));
    assert_eq!(run(&q, update("a")).await, Ok(None));
    assert_eq!(run(&p, update("none")).await, Ok(None));
    assert_eq!(reg.lookup("a").unwrap(), [(p.pid(), 21)]);
    assert_eq!(reg.values("a", p.pid()).unwrap(), [21]);
    assert_eq!(reg.keys(p.pid()).unwrap(), ["a", "b"]);
    // The new row goes as the old one would have.
    kill(p.pid()).await;
    assert_eq!(reg.count(), Ok(0));
}

async fn r18_a_panic_in_update_value_leaves_the_value(reg: Reg) {
    let p = proc().await;
    register(&p, &reg, "a", 1).await;
    let its = reg.clone();
    run(&p, move || {
        let update = || its.update_value(&key("a"), |_| panic!("no"));
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(update)).unwrap_err();
    })
    .await;
    assert_eq!(reg.lookup("a").unwrap(), [(p.pid(), 1)]);
}

async fn r18_update_value_tells_its_loss_when_the_key_was_given_up_meanwhile(reg: Reg) {
    let p = proc().await;
    register(&p, &reg, "a", 1).await;
    let its = reg.clone();
    let updated = run(&p, move || {
        its.update_value(&key("a"), |value| {
            its.unregister(&key("a")).unwrap();
            *value
        })
    });
    assert_eq!(updated.await, Ok(None));
    assert_eq!(reg.count(), Ok(0));
}

#[derive(PartialEq, Eq, Hash)]
struct Pair<'a>(&'a str, u32);

impl perennial::registry::Equivalent<(String, u32)> for Pair<'_> {
    fn equivalent(&self, key: &(String, u32)) -> bool {
        self.0 == key.0 && self.1 == key.1
    }
}

#[perennial::test]
async fn a_key_is_looked_up_by_what_is_equivalent() {
    let reg = RegistryName::<(String, u32)>::new("pairs");
    reg.start_link(Options::default()).await.unwrap();
    let p = proc().await;
    let its = reg.clone();
    run(&p, move || its.register((key("x"), 1), ())).await.unwrap();
    assert_eq!(reg.lookup(&Pair("x", 1)).unwrap(), [(p.pid(), ())]);
    assert_eq!(reg.lookup(&Pair("x", 2)).unwrap(), []);
}
