//! How a state machine ends.

use crate::puppet::{B, Puppet, S, ask, event, go, puppet, puppet_with, script};
use perennial::{
    gen_state_machine::{
        EventCx, GenStateMachine, HandleCallEvent, HandleEvent, StateMachine, Transition, keep_state,
        stop_and_reply,
    },
    prelude::*,
    time,
};
use std::time::Duration;

rules! {
    async fn stop_and_reply_replies_before_terminate() {
        let (machine, log) = puppet().await;
        let call = ask("ask", |_, _, from, _, _| stop_and_reply(ExitReason::Normal, from, "bye"));
        let calling = tokio::spawn(machine.call(call));
        assert_eq!(calling.await.unwrap(), Ok("bye"));
        assert_eq!(log.take().await, ["ask A", "terminate normal A"]);
    }

    async fn stop_and_reply_replies_also_if_terminate_never_returns() {
        let pid = Endless::start_link(()).await.unwrap();
        let machine = pid.server::<StateMachine<Endless>>().unwrap();
        assert_eq!(machine.call(Bye).await, Ok("bye"));
        process::kill(pid);
    }

    async fn terminate_sees_the_state_in_which_a_callback_stopped() {
        let (machine, log) = puppet().await;
        machine.cast(go("go", B)).unwrap();
        machine.cast(event("end", |_, _, _, _| stop(ExitReason::Shutdown))).unwrap();
        assert_eq!(log.take().await, ["go A", "enter A B", "end B", "terminate shutdown B"]);
    }

    async fn a_machine_stops_after_what_came_before() {
        let (machine, log) = puppet().await;
        machine.cast(go("go", B)).unwrap();
        machine.stop(ExitReason::Normal).await.unwrap();
        assert_eq!(log.take().await, ["go A", "enter A B", "terminate normal B"]);
    }

    async fn the_exit_of_the_parent_ends_a_machine_that_traps_and_any_other_is_an_event() {
        let (script, log) = script(|_, cx| {
            cx.trap_exit();
            Ok(())
        });
        let parent = process::spawn(|mut inbox: Inbox<()>| async move {
            Puppet::start_link(script).await.expect("it starts");
            inbox.receive().await;
        });
        assert_eq!(log.take().await, ["enter A A"]);
        process::exit(parent, ExitReason::Shutdown);
        assert_eq!(log.take().await, ["terminate shutdown A"]);

        let (machine, log) = puppet_with(|_, cx| {
            cx.trap_exit();
            Ok(())
        })
        .await;
        process::exit(machine.pid(), ExitReason::other("boom"));
        assert_eq!(log.take().await, ["enter A A", "exit \"boom\" A"]);
    }

    async fn the_end_of_a_monitored_process_is_an_event() {
        let other = process::spawn(|mut inbox: Inbox<()>| async move { inbox.receive().await });
        let (_machine, log) = puppet_with(move |_, cx| {
            cx.monitor(other);
            cx.postpone(event("early", |_, _, _, _| stop(ExitReason::Normal)));
            Ok(())
        })
        .await;
        process::kill(other);
        assert_eq!(log.take().await, ["enter A A", "down killed A"]);
    }

    async fn a_machine_that_inserts_events_for_ever_can_be_killed() {
        let (machine, _log) = puppet().await;
        let ended = process::monitor(machine.pid());
        machine.cast(Forever).unwrap();
        process::kill(machine.pid());
        assert_eq!(ended.await.reason, ExitReason::Killed);
    }
}

/// An event that inserts itself again.
struct Forever;

impl HandleEvent<Forever> for Puppet {
    async fn handle_event(&mut self, _: Forever, _: &S, cx: &mut EventCx<'_, Self>) -> Transition<S> {
        cx.next_event(Forever);
        keep_state()
    }
}

/// A machine whose `terminate` never returns.
struct Endless;
struct Bye;

impl GenStateMachine for Endless {
    type Args = ();
    type State = ();
    async fn init(_: (), _: &mut EventCx<'_, Self>) -> Result<((), Self), InitError> {
        Ok(((), Self))
    }
    async fn terminate(
        &mut self,
        _: &ExitReason,
        _: &(),
        _: &mut Cx<StateMachine<Self>>,
    ) -> Result<(), ExitReason> {
        time::sleep(Duration::from_secs(3600)).await;
        std::future::pending().await
    }
}

impl HandleCallEvent<Bye> for Endless {
    type Reply = &'static str;
    async fn handle_call_event(
        &mut self,
        _: Bye,
        from: Caller<&'static str>,
        _: &(),
        _: &mut EventCx<'_, Self>,
    ) -> Transition<()> {
        stop_and_reply(ExitReason::Normal, from, "bye")
    }
}
