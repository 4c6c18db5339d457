//! Names of servers that are keys of a registry.

use crate::support::*;
use perennial::{
    dynamic_supervisor::DynamicSupervisor,
    gen_server::{Register, Registered},
    node::{Node, Time},
    prelude::*,
    registry::{Options, RegistryError},
    supervisor::Supervisor,
};

/// A server that does not start if it is told so.
struct Init;

impl GenServer for Init {
    type Args = Result<(), InitError>;
    async fn init(outcome: Self::Args, _: &mut Cx<Self>) -> Result<Self, InitError> {
        outcome.map(|()| Self)
    }
}

tests! { Unique:
    r40_a_server_is_started_and_called_by_its_key
    r40_the_value_given_in_via_is_stored
    r40_a_server_is_registered_where_it_runs
    r40_a_key_registered_by_hand_is_found_and_blocks_a_start
    r40_a_failed_init_leaves_the_key_free
    r41_whereis_and_lookup_leave_out_the_dying
    r41_what_one_who_is_to_die_registers_is_not_found
    r42_a_call_to_nobody_is_no_proc_and_a_cast_is_ok
    r40_a_server_of_another_type_is_a_wrong_server
}

async fn r40_a_server_is_started_and_called_by_its_key(reg: Reg) {
    let via = reg.via::<P>(key("a"));
    let pid = gen_server::start::<P>(false, via.clone()).await.unwrap();
    assert_eq!(via.pid_now(), Some(pid));
    assert_eq!(via.call(Run(Box::new(process::current))).await, Ok(Some(pid)));
    assert_eq!(reg.lookup("a").unwrap(), [(pid, 0)]);
    let again = gen_server::start::<P>(false, via.clone()).await;
    assert_eq!(again, Err(StartError::AlreadyStarted(pid)));
    via.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(via.pid_now(), None);
}

async fn r40_the_value_given_in_via_is_stored(reg: Reg) {
    let via = reg.via_value::<P>(key("a"), 7);
    let pid = gen_server::start::<P>(false, via.clone()).await.unwrap();
    assert_eq!(reg.lookup("a").unwrap(), [(pid, 7)]);
    assert_eq!(via.pid_now(), Some(pid));
    assert_eq!(gen_server::start::<P>(false, via).await, Err(StartError::AlreadyStarted(pid)));
}

async fn r40_a_server_is_registered_where_it_runs(reg: Reg) {
    let (p, elsewhere) = (proc().await, Node::new(Time::Paused));
    let pid = p.pid();
    let register = move || {
        let _entered = elsewhere.enter();
        assert_eq!(reg.lookup("a"), Err(RegistryError::Unknown("r".into())));
        assert_eq!(reg.via::<P>(key("a")).register(&p), Registered::Yes);
        reg
    };
    let reg = std::thread::spawn(register).join().unwrap();
    assert_eq!(reg.lookup("a").unwrap(), [(pid, 0)]);
}

async fn r40_a_key_registered_by_hand_is_found_and_blocks_a_start(reg: Reg) {
    let (p, via) = (proc().await, reg.via::<P>(key("a")));
    register(&p, &reg, "a", 1).await;
    assert_eq!(via.pid_now(), Some(p.pid()));
    let refused = gen_server::start::<P>(false, via.clone()).await;
    assert_eq!(refused, Err(StartError::AlreadyStarted(p.pid())));
    unregister(&p, &reg, "a").await;
    let pid = gen_server::start::<P>(false, via.clone()).await.unwrap();
    assert_eq!(via.pid_now(), Some(pid));
}

async fn r40_a_failed_init_leaves_the_key_free(reg: Reg) {
    let via = || reg.via::<Init>(key("a"));
    let no = ExitReason::other("no");
    let outcome = gen_server::start::<Init>(Err(InitError::Stop(no.clone())), via()).await;
    assert_eq!(outcome, Err(StartError::Exit(no)));
    assert_eq!(reg.count(), Ok(0));
    let ignored = gen_server::start::<Init>(Err(InitError::Ignore), via()).await;
    assert_eq!(ignored, Err(StartError::Ignore));
    assert_eq!(reg.count(), Ok(0));
    let pid = gen_server::start::<Init>(Ok(()), via()).await.unwrap();
    assert_eq!(via().pid_now(), Some(pid));
}

async fn r41_whereis_and_lookup_leave_out_the_dying(reg: Reg) {
    let pid = gen_server::start::<P>(false, reg.via::<P>(key("a"))).await.unwrap();
    // On this runtime nobody runs before we wait, so it has its signal and not yet carried it out.
    process::kill(pid);
    assert_eq!(reg.via::<P>(key("a")).pid_now(), None);
    assert_eq!(reg.lookup("a").unwrap(), []);
    reg.dispatch("a", |_| panic!("there is nobody")).unwrap();
    let next = gen_server::start::<P>(false, reg.via::<P>(key("a"))).await.unwrap();
    process::monitor(pid).await;
    assert_eq!(reg.via::<P>(key("a")).pid_now(), Some(next));
    assert_eq!(reg.count(), Ok(1));
}

async fn r41_what_one_who_is_to_die_registers_is_not_found(reg: Reg) {
    let (its, p) = (reg.clone(), proc().await);
    register(&p, &reg, "a", 1).await;
    let doomed = move || {
        process::kill(process::current().unwrap());
        its.register(key("b"), 2).unwrap();
        let updated = its.update_value(&key("a"), |value| value + 1).unwrap();
        (updated, ["a", "b"].map(|key| its.lookup(key).unwrap().len()), its.count())
    };
    let down = process::monitor(p.pid());
    // It runs until it waits, and is found no more.
    assert_eq!(run(&p, doomed).await, (Some((2, 1)), [0, 0], Ok(2)));
    assert_eq!(down.await.reason, ExitReason::Killed);
    assert_eq!(reg.count(), Ok(0));
}

async fn r42_a_call_to_nobody_is_no_proc_and_a_cast_is_ok(reg: Reg) {
    let via = reg.via::<P>(key("a"));
    assert_eq!(via.call(Exits).await, Err(CallError::NoProc));
    assert_eq!(via.stop(ExitReason::Normal).await, Err(CallError::NoProc));
    assert!(via.whereis().is_none());
    assert_eq!(via.cast(Nothing), Ok(()));
    let unknown = named("nope").via::<P>(key("a"));
    assert_eq!(unknown.call(Exits).await, Err(CallError::NoProc));
    assert_eq!(unknown.cast(Nothing), Ok(()));
    assert!(unknown.whereis().is_none());
}

async fn r40_a_server_of_another_type_is_a_wrong_server(reg: Reg) {
    gen_server::start::<Init>(Ok(()), reg.via::<Init>(key("a"))).await.unwrap();
    assert_eq!(reg.via::<P>(key("a")).call(Exits).await, Err(CallError::WrongServer));
    let other: RegistryName<u8> = RegistryName::new("r");
    assert_eq!(other.via::<P>(1).call(Exits).await, Err(CallError::WrongServer));
}

#[perennial::test]
async fn r40_duplicate_keys_are_no_names() {
    let reg = start(Keys::Duplicate, 1).await;
    let p = proc().await;
    register(&p, &reg, "a", 1).await;
    let outcome = gen_server::start::<P>(false, reg.via::<P>(key("a"))).await;
    let Err(StartError::Exit(reason)) = outcome else { panic!("{outcome:?}") };
    assert!(reason.to_string().contains("registry `r` has duplicate keys"), "{reason}");
    assert_eq!(reg.via::<P>(key("a")).call(Exits).await, Err(CallError::NoProc));
    assert_eq!(reg.count(), Ok(1));
}

#[perennial::test]
async fn r8_a_start_by_a_key_of_an_unknown_registry_fails_and_says_which() {
    let outcome = gen_server::start::<P>(false, named("nope").via::<P>(key("a"))).await;
    let Err(StartError::Exit(ExitReason::Error(error))) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.to_string(), "registry `nope` is not running");
    let error = error.downcast_ref::<perennial::registry::RegisterError>();
    let unknown = RegistryError::Unknown("nope".into());
    assert_eq!(error, Some(&perennial::registry::RegisterError::Registry(unknown)));
}

/// A child under a key of the registry `sessions`.
fn child(name: &str, restart: Restart) -> ChildSpec {
    let sessions = RegistryName::<String>::new("sessions");
    let start = move |name: String| gen_server::start_link::<P>(false, sessions.via::<P>(name));
    ChildSpec { id: name.into(), restart, ..ChildSpec::worker(start, key(name)) }
}

#[perennial::test]
async fn r40_after_a_restart_the_key_leads_to_the_next_one() {
    let sessions = RegistryName::<String>::new("sessions");
    sessions.start_link(Options::default()).await.unwrap();
    let sup = Supervisor::start_link([child("a", Restart::Permanent)], Strategy::OneForOne).await.unwrap();
    let sup = sup.server::<Supervisor>().unwrap();
    let via = sessions.via::<P>(key("a"));
    let first = via.pid_now().unwrap();
    kill(first).await;
    let second = loop {
        match via.pid_now() {
            Some(pid) => break pid,
            None => tokio::task::yield_now().await,
        }
    };
    assert_ne!(first, second);
    Supervisor::terminate_child(&sup, "a").await.unwrap();
    assert_eq!(via.pid_now(), None);
    assert_eq!(sessions.count(), Ok(0));
}

#[perennial::test]
async fn r40_children_of_a_dynamic_supervisor_are_named_once() {
    let sessions = RegistryName::<String>::new("sessions");
    sessions.start_link(Options::default()).await.unwrap();
    let sup = DynamicSupervisor::start_link(perennial::dynamic_supervisor::Options::default()).await.unwrap();
    let sup = sup.server::<DynamicSupervisor>().unwrap();
    let a = DynamicSupervisor::start_child(&sup, child("a", Restart::Temporary)).await.unwrap();
    DynamicSupervisor::start_child(&sup, child("b", Restart::Temporary)).await.unwrap();
    let again = DynamicSupervisor::start_child(&sup, child("a", Restart::Temporary)).await;
    assert!(format!("{again:?}").contains(&format!("AlreadyStarted({a})")), "{again:?}");
    assert_eq!(sessions.count(), Ok(2));
    sup.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(sessions.count(), Ok(0));
}
