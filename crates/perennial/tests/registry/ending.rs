//! The end of a registrant, and the end of a registry.

use crate::support::*;
use perennial::{
    node::{EventKind, Node},
    prelude::*,
    registry::{Entries, Options, RegisterError, RegistryError},
    supervisor::{Strategy, Supervisor},
};
use std::sync::{Arc, Mutex};

both_tests! {
    r43_rows_go_before_down_is_told
    r43_rows_go_before_an_exit_signal_is_told
    r43_rows_go_with_a_normal_end_too
    one_that_ends_by_itself_is_not_shown_while_its_state_is_dropped
    r43_only_rows_of_the_one_that_ended_go
    r12_registering_right_after_down_succeeds
    r31_a_dead_process_has_no_keys_and_no_values
    r44_registrants_end_with_a_registry_that_is_killed
    r44_a_registrant_that_traps_gets_a_message
    r44_a_registry_that_stops_shuts_its_registrants_down
    r44_a_process_is_tied_only_while_it_has_rows
    r44_a_registrant_with_many_rows_is_told_once
    r44_who_is_linked_and_registered_is_told_once
    r44_links_do_not_show_the_registry
    r44_a_new_registry_starts_empty_and_old_owners_do_not_touch_it
    r10_who_is_among_its_last_acts_cannot_register
    a_value_goes_with_its_owner
    a_registry_that_ended_leaves_nothing_with_those_who_were_registered
}

async fn r43_rows_go_before_down_is_told(reg: Reg) {
    for n in 0..50 {
        let p = proc().await;
        register(&p, &reg, "a", n).await;
        register(&p, &reg, "b", n).await;
        let down = process::monitor(p.pid());
        process::kill(p.pid());
        down.await;
        assert_eq!(reg.count(), Ok(0));
        assert!(reg.keys(p.pid()).unwrap().is_empty());
    }
}

async fn r43_rows_go_before_an_exit_signal_is_told(reg: Reg) {
    let found = Arc::new(Mutex::new(None));
    let (its, tell) = (reg.clone(), found.clone());
    let (_, end) = process::spawn_monitor(|mut inbox: Inbox<Exit>| async move {
        inbox.trap_exit(true);
        let registrant = its.clone();
        process::spawn_link(|_: Inbox<()>| async move { registrant.register(key("a"), 1).unwrap() });
        inbox.receive().await;
        *tell.lock().unwrap() = Some(its.lookup("a").unwrap());
    });
    assert!(end.await.reason.is_normal());
    assert_eq!(found.lock().unwrap().take(), Some(Entries::default()));
}

async fn r43_rows_go_with_a_normal_end_too(reg: Reg) {
    let p = proc().await;
    register(&p, &reg, "a", 1).await;
    p.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(reg.count(), Ok(0));
}

/// Registers itself, and looks for itself when it is dropped.
#[derive(GenServer)]
struct Looks(Reg, Arc<Mutex<Option<Entries<i64>>>>);

struct Register;

impl HandleCast<Register> for Looks {
    async fn handle_cast(&mut self, Register: Register, _: &mut Cx<Self>) -> NoReply {
        self.0.register(key("a"), 1).unwrap();
        noreply()
    }
}

impl Drop for Looks {
    fn drop(&mut self) {
        *self.1.lock().unwrap() = Some(self.0.lookup("a").unwrap());
    }
}

async fn one_that_ends_by_itself_is_not_shown_while_its_state_is_dropped(reg: Reg) {
    let found = Arc::new(Mutex::new(None));
    let server =
        Looks::start_link(Looks(reg.clone(), found.clone())).await.unwrap().server::<Looks>().unwrap();
    server.cast(Register).unwrap();
    server.stop(ExitReason::Normal).await.unwrap();
    // Its row is still there by then, and is not its own any more.
    assert_eq!(found.lock().unwrap().take(), Some(Entries::default()));
}

async fn r43_only_rows_of_the_one_that_ended_go(reg: Reg) {
    let (p, q) = (proc().await, proc().await);
    register(&p, &reg, "a", 1).await;
    register(&p, &reg, "b", 2).await;
    register(&q, &reg, "c", 3).await;
    kill(p.pid()).await;
    assert_eq!(reg.count(), Ok(1));
    assert_eq!(reg.lookup("a").unwrap(), []);
    assert_eq!(reg.lookup("c").unwrap(), [(q.pid(), 3)]);
    register(&q, &reg, "a", 4).await;
    assert_eq!(reg.lookup("a").unwrap(), [(q.pid(), 4)]);
}

async fn r12_registering_right_after_down_succeeds(reg: Reg) {
    for n in 0..50 {
        let (p, q) = (proc().await, proc().await);
        register(&p, &reg, "a", n).await;
        kill(p.pid()).await;
        register(&q, &reg, "a", n).await;
        assert_eq!(reg.lookup("a").unwrap(), [(q.pid(), n)]);
        kill(q.pid()).await;
    }
}

async fn r31_a_dead_process_has_no_keys_and_no_values(reg: Reg) {
    let p = proc().await;
    register(&p, &reg, "a", 1).await;
    kill(p.pid()).await;
    assert!(reg.keys(p.pid()).unwrap().is_empty());
    assert!(reg.values("a", p.pid()).unwrap().is_empty());
}

async fn r44_registrants_end_with_a_registry_that_is_killed(reg: Reg) {
    let (p, q) = (proc().await, proc().await);
    register(&p, &reg, "a", 1).await;
    register(&q, &reg, "b", 1).await;
    let (p_down, q_down) = (process::monitor(p.pid()), process::monitor(q.pid()));
    kill(pid_of(&reg)).await;
    assert_eq!(p_down.await.reason, ExitReason::Killed);
    assert_eq!(q_down.await.reason, ExitReason::Killed);
}

async fn r44_a_registrant_that_traps_gets_a_message(reg: Reg) {
    let p = trapping().await;
    register(&p, &reg, "a", 1).await;
    let registry = pid_of(&reg);
    reg.name().stop(ExitReason::Shutdown).await.unwrap();
    assert_eq!(p.call(Exits).await.unwrap(), [(registry, ExitReason::Shutdown)]);
}

async fn r44_a_registry_that_stops_shuts_its_registrants_down(reg: Reg) {
    let (p, q) = (proc().await, trapping().await);
    register(&p, &reg, "a", 1).await;
    register(&q, &reg, "b", 1).await;
    let (registry, down) = (pid_of(&reg), process::monitor(p.pid()));
    reg.name().stop(ExitReason::Normal).await.unwrap();
    assert_eq!(down.await.reason, ExitReason::Shutdown);
    assert_eq!(q.call(Exits).await.unwrap(), [(registry, ExitReason::Shutdown)]);
    assert_eq!(reg.count(), Err(RegistryError::Unknown("r".into())));
}

async fn r44_a_process_is_tied_only_while_it_has_rows(reg: Reg) {
    let p = proc().await;
    for name in ["a", "b"] {
        register(&p, &reg, name, 1).await;
    }
    for name in ["a", "b"] {
        unregister(&p, &reg, name).await;
    }
    kill(pid_of(&reg)).await;
    assert!(run(&p, || true).await);
}

async fn r44_a_registrant_with_many_rows_is_told_once(reg: Reg) {
    let p = trapping().await;
    for n in 0..20 {
        register(&p, &reg, &n.to_string(), n).await;
    }
    unregister(&p, &reg, "0").await;
    let registry = pid_of(&reg);
    kill(registry).await;
    assert_eq!(p.call(Exits).await.unwrap(), [(registry, ExitReason::Killed)]);
}

async fn r44_who_is_linked_and_registered_is_told_once(reg: Reg) {
    let p = trapping().await;
    let registry = pid_of(&reg);
    register(&p, &reg, "a", 1).await;
    run(&p, move || process::link(registry)).await.unwrap();
    kill(registry).await;
    assert_eq!(p.call(Exits).await.unwrap(), [(registry, ExitReason::Killed)]);
}

async fn r44_links_do_not_show_the_registry(reg: Reg) {
    let p = proc().await;
    register(&p, &reg, "a", 1).await;
    assert!(process::links(p.pid()).is_empty());
    assert!(process::links(pid_of(&reg)).is_empty());
}

async fn r44_a_new_registry_starts_empty_and_old_owners_do_not_touch_it(reg: Reg) {
    let (p, q) = (trapping().await, proc().await);
    register(&p, &reg, "a", 1).await;
    kill(pid_of(&reg)).await;
    reg.start_link(Options { keys: Keys::Duplicate, ..Options::default() }).await.unwrap();
    assert_eq!(reg.count(), Ok(0));
    assert!(reg.keys(p.pid()).unwrap().is_empty());
    register(&q, &reg, "a", 2).await;
    register(&p, &reg, "b", 3).await;
    unregister(&p, &reg, "b").await;
    kill(p.pid()).await;
    assert_eq!(reg.lookup("a").unwrap(), [(q.pid(), 2)]);
}

/// Registers when it is dropped, and remembers how that went.
struct RegistersLate(Reg, Arc<Mutex<Vec<Result<(), RegisterError>>>>);

impl Drop for RegistersLate {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0.register(key("late"), 1));
    }
}

async fn r10_who_is_among_its_last_acts_cannot_register(reg: Reg) {
    let outcome = Arc::new(Mutex::new(Vec::new()));
    let late = RegistersLate(reg.clone(), outcome.clone());
    let (pid, end) = process::spawn_monitor(|_: Inbox<()>| async move {
        let _late = late;
        std::future::pending::<()>().await;
    });
    process::kill(pid);
    end.await;
    assert_eq!(*outcome.lock().unwrap(), [Err(RegisterError::NoProc)]);
    assert_eq!(reg.count(), Ok(0));
    assert!(reg.keys(pid).unwrap().is_empty());
}

async fn a_value_goes_with_its_owner(_: Reg) {
    let reg = RegistryName::<u8, Arc<()>>::new("values");
    reg.start_link(Options::default()).await.unwrap();
    let value = Arc::new(());
    let p = proc().await;
    let (its, given) = (reg.clone(), value.clone());
    run(&p, move || its.register(1, given)).await.unwrap();
    assert_eq!(Arc::strong_count(&value), 2);
    let its = reg.clone();
    run(&p, move || its.update_value(&1, |_| Arc::new(())).map(drop)).await.unwrap();
    assert_eq!(Arc::strong_count(&value), 1);
    let (its, given) = (reg.clone(), value.clone());
    run(&p, move || its.register(2, given)).await.unwrap();
    kill(p.pid()).await;
    assert_eq!(Arc::strong_count(&value), 1);
    let p = trapping().await;
    let (its, given) = (reg.clone(), value.clone());
    run(&p, move || its.register(1, given)).await.unwrap();
    kill(reg.name().pid_now().unwrap()).await;
    assert_eq!(Arc::strong_count(&value), 1);
}

async fn a_registry_that_ended_leaves_nothing_with_those_who_were_registered(reg: Reg) {
    let (p, q) = (trapping().await, trapping().await);
    let kept = Arc::new(());
    reg.put_meta("kept", kept.clone()).unwrap();
    register(&p, &reg, "a", 1).await;
    register(&q, &reg, "b", 2).await;
    unregister(&q, &reg, "b").await;
    kill(pid_of(&reg)).await;
    // The process itself is dropped after it has told of its end.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(Arc::strong_count(&kept), 1);
    assert!(process::is_alive(p.pid()) && process::is_alive(q.pid()));
}

#[perennial::test]
async fn r44_with_rest_for_one_all_are_started_again() {
    const SESSIONS: RegistryName<String> = RegistryName::new("sessions");
    let start = |()| gen_server::start_link::<P>(false, SESSIONS.via::<P>(key("a")));
    let children = [SESSIONS.child_spec(), ChildSpec::worker(start, ())];
    Supervisor::start_link(children, Strategy::RestForOne).await.unwrap();
    let first = SESSIONS.via::<P>(key("a")).pid_now().unwrap();
    let down = process::monitor(first);
    process::kill(SESSIONS.name().pid_now().unwrap());
    down.await;
    let second = loop {
        match SESSIONS.via::<P>(key("a")).pid_now() {
            Some(pid) => break pid,
            None => tokio::task::yield_now().await,
        }
    };
    assert_ne!(first, second);
}

/// If a registrant came first, its supervisor could use up all its restarts before it learns that there is no registry.
#[perennial::test]
async fn r44_the_supervisor_of_a_registry_hears_of_its_end_before_its_registrants_do() {
    const SESSIONS: RegistryName<String> = RegistryName::new("sessions");
    let start = |()| gen_server::start_link::<P>(false, SESSIONS.via::<P>(key("a")));
    let children = [SESSIONS.child_spec(), ChildSpec::worker(start, ())];
    let supervisor = Supervisor::start_link(children, Strategy::RestForOne).await.unwrap();
    let registrant = SESSIONS.via::<P>(key("a")).pid_now().unwrap();
    let registry = SESSIONS.name().pid_now().unwrap();
    let mut events = Node::current().events();
    SESSIONS.name().stop(ExitReason::Normal).await.unwrap();
    let mut told = Vec::new();
    while told.len() < 2 {
        let event = events.next().await.unwrap();
        if matches!(event.kind, EventKind::Signal { from, .. } if from == registry) {
            told.push(event.pid);
        }
    }
    assert_eq!(told, [supervisor, registrant]);
}

#[perennial::test]
async fn a_registry_ends_with_its_parent_and_with_nobody_else() {
    let reg = named("r");
    let its = reg.clone();
    let (parent, up) = (Arc::new(Mutex::new(None)), Arc::new(tokio::sync::Notify::new()));
    let (tell, is_up) = (parent.clone(), up.clone());
    process::spawn(|mut inbox: Inbox<()>| async move {
        *tell.lock().unwrap() = Some((inbox.pid(), its.start_link(Options::default()).await.unwrap()));
        is_up.notify_one();
        inbox.receive().await;
    });
    up.notified().await;
    let (parent, registry) = parent.lock().unwrap().unwrap();
    let p = proc().await;
    run(&p, move || process::link(registry)).await.unwrap();
    kill(p.pid()).await;
    assert_eq!(reg.count(), Ok(0));
    let down = process::monitor(registry);
    process::exit(parent, ExitReason::Shutdown);
    assert_eq!(down.await.reason, ExitReason::Shutdown);
}
