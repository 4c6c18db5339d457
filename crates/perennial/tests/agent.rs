//! The A rows: agents.

use perennial::{
    agent::Init,
    gen_server::{CALL_TIMEOUT, CastError, Options},
    prelude::*,
    registry,
    time::sleep,
};
use std::{future, io, mem, time::Duration};
use tokio::sync::oneshot;

const COUNTER: Name<Agent<i64>> = Name::new("counter");

/// Makes tests of the functions with these names, for one thread and for two.
macro_rules! tests {
    ($($name:ident)*) => {
        mod one_thread {
            $(#[perennial::test(paused)] async fn $name() { super::$name().await; })*
        }
        mod two_threads {
            $(#[perennial::test(paused, flavor = "multi_thread", workers = 2)] async fn $name() { super::$name().await; })*
        }
    };
}

tests! {
    a1_the_state_is_what_the_first_function_makes_in_the_agent
    a1_a_first_function_that_panics_fails_the_start
    a1_a_first_function_may_wait_fail_or_ignore
    a1_a_first_function_that_takes_too_long_is_killed
    a1_a_name_is_taken_before_the_first_function_runs
    a1_an_agent_is_found_by_a_key_of_a_registry
    a1_a_linked_agent_ends_with_its_starter_and_another_does_not
    a1_an_agent_that_is_restarted_begins_anew
    a1_agents_under_one_supervisor_have_ids_of_their_own
    a2_a_closure_runs_in_the_agent_and_its_result_is_the_reply
    a2_closures_run_in_the_order_in_which_they_were_sent
    a2_a_call_waits_for_five_seconds_or_as_long_as_it_says
    a2_a_closure_whose_caller_has_left_runs_all_the_same
    a2_a_closure_that_waits_keeps_the_others_waiting
    a2_an_agent_that_calls_itself_is_told_so
    a4_a_cast_is_ok_also_to_nobody
    a4_a_cast_to_a_full_mailbox_gives_the_closure_back
    a5_a_closure_that_panics_ends_the_agent_and_its_caller_gets_the_reason
    a5_a_closure_that_exits_ends_the_agent_with_that_reason
    a5_a_kill_drops_the_closure_that_waits
}

fn is_panic(error: &CallError) -> bool {
    matches!(error, CallError::Exit(ExitReason::Panic(_)))
}

fn me() -> Pid {
    process::current().expect("an agent is a process")
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What a process that traps exits, and does this, is sent of exits.
async fn exit_of<T: Send + 'static>(start: impl Future<Output = T> + Send + 'static) -> (T, ExitReason) {
    let (tell, told) = oneshot::channel();
    process::spawn(|mut inbox: Inbox<Exit>| async move {
        inbox.trap_exit(true);
        let value = start.await;
        // An error says that the test has failed.
        let _ = tell.send((value, inbox.receive().await.reason));
    });
    told.await.unwrap()
}

async fn a1_the_state_is_what_the_first_function_makes_in_the_agent() {
    let agent = Agent::start_link(me, ()).await.unwrap();
    assert_eq!(Agent::get(&agent, |made_in| *made_in).await, Ok(agent.pid()));
}

async fn a1_a_first_function_that_panics_fails_the_start() {
    let fail = || -> i64 { panic!("no state") };
    let failed = Agent::start(fail, COUNTER).await;
    assert!(matches!(failed, Err(StartError::Exit(ExitReason::Panic(_)))), "{failed:?}");
    assert_eq!(COUNTER.whereis(), None);
    let (failed, exit) = exit_of(Agent::start_link(fail, COUNTER)).await;
    assert_eq!(failed, Err(StartError::Exit(exit)));
}

async fn a1_a_first_function_may_wait_fail_or_ignore() {
    let slow = Init::future(|| async {
        sleep(seconds(60)).await;
        Ok(1)
    });
    Agent::start(slow, COUNTER).await.unwrap();
    assert_eq!(Agent::get(&COUNTER, |n| *n).await, Ok(1));
    COUNTER.stop(ExitReason::Normal).await.unwrap();

    let fails = Init::future(|| async { Ok(Err::<i64, _>(io::Error::other("disk"))?) });
    let failed = Agent::start(fails, COUNTER).await;
    assert!(matches!(failed, Err(StartError::Exit(ExitReason::Error(_)))), "{failed:?}");

    let ignores = Init::future(|| async { Err::<i64, _>(InitError::Ignore) });
    assert_eq!(Agent::start(ignores, COUNTER).await, Err(StartError::Ignore));
    assert_eq!(COUNTER.whereis(), None);
}

async fn a1_a_first_function_that_takes_too_long_is_killed() {
    let never = || Init::<i64>::future(future::pending);
    let options = Options::default().timeout(seconds(1));
    let linked = Agent::start_link_with(never(), COUNTER, options).await;
    assert_eq!(linked, Err(StartError::Timeout));
    let unlinked = Agent::start_unlinked_with(never(), COUNTER, options).await;
    assert_eq!(unlinked, Err(StartError::Timeout));
    assert_eq!(Node::current().now(), seconds(2));
    assert_eq!(COUNTER.whereis(), None);
}

async fn a1_a_name_is_taken_before_the_first_function_runs() {
    let name: Name<Agent<bool>> = Name::new("counter");
    let agent =
        Agent::start(|| process::whereis("counter") == process::current(), name.clone()).await.unwrap();
    assert_eq!(Agent::get(&name, |had_its_name| *had_its_name).await, Ok(true));
    assert_eq!(Agent::start(|| false, name).await, Err(StartError::AlreadyStarted(agent.pid())));
    // A name knows what the state is.
    assert_eq!(Agent::get(&COUNTER, |n| *n).await, Err(CallError::WrongServer));
}

async fn a1_an_agent_is_found_by_a_key_of_a_registry() {
    static AGENTS: RegistryName<u8> = RegistryName::new("agents");
    AGENTS.start_link(registry::Options::default()).await.unwrap();
    let via = AGENTS.via::<Agent<i64>>(1);
    let agent = Agent::start_link(|| 0, via.clone()).await.unwrap();
    assert_eq!(Agent::start_link(|| 0, via.clone()).await, Err(StartError::AlreadyStarted(agent.pid())));
    assert_eq!(Agent::update(&via, |n| *n += 1).await, Ok(()));
    assert_eq!(Agent::get(&via, |n| *n).await, Ok(1));
    let spec = Agent::child_spec(|| 0, via.clone());
    assert_eq!(spec.id, ChildId::of::<Agent<i64>>(&via));
}

async fn a1_a_linked_agent_ends_with_its_starter_and_another_does_not() {
    let (tell, told) = oneshot::channel();
    let starter = process::spawn(|_: Inbox<()>| async {
        let linked = Agent::start_link(|| 0, ()).await.unwrap();
        let unlinked = Agent::start(|| 0, ()).await.unwrap();
        tell.send((linked, unlinked)).unwrap();
        future::pending::<()>().await;
    });
    let (linked, unlinked) = told.await.unwrap();
    assert_eq!(process::links(starter), [linked.pid()]);
    let down = process::monitor(linked.pid());
    process::exit(starter, ExitReason::other("gone"));
    assert_eq!(down.await.reason, ExitReason::other("gone"));
    assert_eq!(Agent::get(&unlinked, |n| *n).await, Ok(0));
}

async fn a1_an_agent_that_is_restarted_begins_anew() {
    let children = [Agent::child_spec(|| 1, COUNTER)];
    Supervisor::start_link(children, Strategy::OneForOne).await.unwrap();
    Agent::update(&COUNTER, |n| *n = 7).await.unwrap();
    Agent::cast(&COUNTER, |_| panic!("boom")).unwrap();
    Node::current().settled().await;
    assert_eq!(Agent::get(&COUNTER, |n| *n).await, Ok(1));
}

async fn a1_agents_under_one_supervisor_have_ids_of_their_own() {
    let other: Name<Agent<i64>> = Name::new("other");
    let children = [Agent::child_spec(|| 1, COUNTER), Agent::child_spec(|| 2, other.clone())];
    Supervisor::start_link(children, Strategy::OneForOne).await.unwrap();
    assert_eq!(Agent::get(&COUNTER, |n| *n).await, Ok(1));
    assert_eq!(Agent::get(&other, |n| *n).await, Ok(2));
}

async fn a2_a_closure_runs_in_the_agent_and_its_result_is_the_reply() {
    let agent = Agent::start(|| 1, COUNTER).await.unwrap();
    let here = agent.pid();
    assert_eq!(Agent::get(&COUNTER, |n| (n + 1, me())).await, Ok((2, here)));
    assert_eq!(Agent::update(&COUNTER, |n| *n += 1).await, Ok(()));
    assert_eq!(Agent::get_and_update(&agent, |n| (mem::replace(n, 10), me())).await, Ok((2, here)));
    Agent::cast(&agent, |n| *n += 1).unwrap();
    assert_eq!(Agent::get(&COUNTER, |n| *n).await, Ok(11));
    assert_eq!(COUNTER.stop(ExitReason::Normal).await, Ok(()));
    assert_eq!(COUNTER.whereis(), None);
}

async fn a2_closures_run_in_the_order_in_which_they_were_sent() {
    let agent = Agent::start(Vec::new, ()).await.unwrap();
    for n in 0..10 {
        Agent::cast(&agent, move |seen| seen.push(n)).unwrap();
    }
    Agent::update(&agent, |seen| seen.push(10)).await.unwrap();
    assert_eq!(Agent::get(&agent, Vec::clone).await, Ok((0..=10).collect()));
}

/// Has the agent wait for so long, and does not wait for it.
async fn occupy(agent: &ServerRef<Agent<i64>>, time: Duration) {
    let wait = Agent::get_and_update_async(agent, move |_| Box::pin(sleep(time)), Some(Duration::ZERO));
    assert_eq!(wait.await, Err(CallError::Timeout));
}

async fn a2_a_call_waits_for_five_seconds_or_as_long_as_it_says() {
    let agent = Agent::start(|| 1, ()).await.unwrap();
    let (limit, late) = (Some(seconds(1)), Err(CallError::Timeout));
    occupy(&agent, seconds(9)).await;
    assert_eq!(Agent::get(&agent, |n| *n).await, late);
    assert_eq!(Node::current().now(), CALL_TIMEOUT);
    assert_eq!(Agent::get_timeout(&agent, |n| *n, limit).await, late);
    assert_eq!(Agent::get_and_update_timeout(&agent, |n| *n, limit).await, late);
    assert_eq!(Agent::update_timeout(&agent, |n| *n += 1, limit).await, Err(CallError::Timeout));
    assert_eq!(Node::current().now(), seconds(8));
    assert_eq!(Agent::get_timeout(&agent, |n| *n, None).await, Ok(2));
    assert_eq!(Node::current().now(), seconds(9));
}

async fn a2_a_closure_whose_caller_has_left_runs_all_the_same() {
    let agent = Agent::start(|| 0, ()).await.unwrap();
    drop(Agent::update(&agent, |n| *n += 1));
    // Never polled, it was never sent.
    assert_eq!(Agent::get(&agent, |n| *n).await, Ok(0));
    occupy(&agent, seconds(1)).await;
    let late = Agent::update_timeout(&agent, |n| *n += 1, Some(Duration::ZERO));
    assert_eq!(late.await, Err(CallError::Timeout));
    assert_eq!(Agent::get(&agent, |n| *n).await, Ok(1));
}

async fn a2_a_closure_that_waits_keeps_the_others_waiting() {
    let agent = Agent::start(|| vec![0], ()).await.unwrap();
    let slow = Agent::get_and_update_async(
        &agent,
        |seen| {
            Box::pin(async {
                sleep(seconds(3)).await;
                seen.push(1);
                seen.len()
            })
        },
        None,
    );
    let then = Agent::get(&agent, Vec::clone);
    assert_eq!(tokio::join!(slow, then), (Ok(2), Ok(vec![0, 1])));
    assert_eq!(Node::current().now(), seconds(3));
}

async fn a2_an_agent_that_calls_itself_is_told_so() {
    Agent::start(|| 0, COUNTER).await.unwrap();
    let itself = Agent::get_and_update_async(&COUNTER, |_| Box::pin(Agent::get(&COUNTER, |n| *n)), None);
    assert_eq!(itself.await, Ok(Err(CallError::CallingSelf)));
}

async fn a4_a_cast_is_ok_also_to_nobody() {
    assert!(Agent::cast(&COUNTER, |n| *n += 1).is_ok());
    let agent = Agent::start(|| 0, ()).await.unwrap();
    agent.stop(ExitReason::Normal).await.unwrap();
    assert!(Agent::cast(&agent, |n| *n += 1).is_ok());
    assert_eq!(Agent::get(&agent, |n| *n).await, Err(CallError::NoProc));
}

async fn a4_a_cast_to_a_full_mailbox_gives_the_closure_back() {
    let agent = Agent::start_unlinked_with(|| 0, (), Options::default().mailbox(1)).await.unwrap();
    occupy(&agent, seconds(1)).await;
    Agent::cast(&agent, |n| *n += 1).unwrap();
    let Err(CastError::Full(change)) = Agent::cast(&agent, |n| *n += 10) else { panic!("it is full") };
    assert_eq!(Agent::update(&agent, change).await, Ok(()));
    assert_eq!(Agent::get(&agent, |n| *n).await, Ok(11));
}

async fn a5_a_closure_that_panics_ends_the_agent_and_its_caller_gets_the_reason() {
    let (error, exit) = exit_of(async {
        Agent::start_link(|| 0, COUNTER).await.unwrap();
        Agent::update(&COUNTER, |_| panic!("boom")).await.unwrap_err()
    })
    .await;
    assert!(is_panic(&error), "{error:?}");
    assert_eq!(error, CallError::Exit(exit));
    assert_eq!(COUNTER.whereis(), None);

    Agent::start(|| 0, COUNTER).await.unwrap();
    let waits = Agent::get_and_update_async(
        &COUNTER,
        |_| {
            Box::pin(async {
                sleep(seconds(1)).await;
                panic!("boom")
            })
        },
        None,
    );
    // One who waits behind it hears it too.
    let (first, second): (Result<(), _>, _) = tokio::join!(waits, Agent::get(&COUNTER, |n| *n));
    assert!(is_panic(&first.unwrap_err()) && is_panic(&second.unwrap_err()));
}

async fn a5_a_closure_that_exits_ends_the_agent_with_that_reason() {
    for reason in [ExitReason::Normal, ExitReason::shutdown_with(1), ExitReason::other("r")] {
        Agent::start(|| 0, COUNTER).await.unwrap();
        let exits = reason.clone();
        let asked = Agent::update(&COUNTER, |_| process::exit_self(exits)).await;
        assert_eq!(asked, Err(CallError::Exit(reason)));
        assert_eq!(COUNTER.whereis(), None);
    }
}

async fn a5_a_kill_drops_the_closure_that_waits() {
    let (held, dropped) = oneshot::channel::<()>();
    let agent = Agent::start(|| 0, ()).await.unwrap();
    let hang = Agent::get_and_update_async(
        &agent,
        |_| {
            Box::pin(async {
                let _held = held;
                future::pending::<()>().await;
            })
        },
        Some(Duration::ZERO),
    );
    assert_eq!(hang.await, Err(CallError::Timeout));
    let down = process::monitor(agent.pid());
    process::kill(agent.pid());
    assert_eq!(down.await.reason, ExitReason::Killed);
    assert!(dropped.await.is_err());
}
