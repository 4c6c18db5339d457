//! Starts: `init`, names, supervisors.

use crate::puppet::{Puppet, event, puppet_with, script};
use perennial::{
    gen_state_machine::{
        EventCx, GenStateMachine, HandleCallEvent, HandleEvent, StateMachine, Transition, keep_state,
        next_state,
    },
    prelude::*,
};

async fn start_failing(with: InitError) -> (Result<Pid, StartError>, Vec<String>) {
    let (script, log) = script(|_, cx| {
        cx.next_event("never");
        Err(with)
    });
    (gen_server::start::<StateMachine<Puppet>>(script, ()).await, log.take().await)
}

rules! {
    async fn init_that_ignores_or_stops_fails_the_start_and_no_state_is_entered() {
        let ignored = start_failing(InitError::Ignore).await;
        assert_eq!(ignored, (Err(StartError::Ignore), vec![]));
        let boom = || ExitReason::other("boom");
        let stopped = start_failing(InitError::Stop(boom())).await;
        assert_eq!(stopped, (Err(StartError::Exit(boom())), vec![]));
        let failed = start_failing(InitError::Error(boom())).await;
        assert_eq!(failed, (Err(StartError::Exit(boom())), vec![]));
    }

    async fn a_stop_in_the_first_enter_call_is_no_failure_of_the_start() {
        let (script, log) = script(|puppet, _| {
            puppet.on_enter(crate::puppet::A, |_, _| stop(ExitReason::Shutdown));
            Ok(())
        });
        gen_server::start::<StateMachine<Puppet>>(script, ()).await.unwrap();
        assert_eq!(log.take().await, ["enter A A", "terminate shutdown A"]);
    }

    async fn the_first_state_is_entered_before_any_message() {
        let (_machine, log) = puppet_with(|_, cx| {
            cx.me().cast("mail").unwrap();
            Ok(())
        })
        .await;
        assert_eq!(log.take().await, ["enter A A", "mail A"]);
    }

    async fn what_init_postpones_comes_when_the_state_changes() {
        let (machine, log) = puppet_with(|_, cx| {
            cx.postpone("early");
            Ok(())
        })
        .await;
        machine.cast(event("go", |_, _, _, _| next_state(crate::puppet::B))).unwrap();
        assert_eq!(log.take().await, ["enter A A", "go A", "enter A B", "early B"]);
    }

    async fn casts_messages_and_time_outs_of_one_type_have_one_handler() {
        let (machine, log) = puppet_with(|_, _| Ok(())).await;
        machine.cast("cast").unwrap();
        machine.send("sent");
        machine.recipient::<&'static str>().send("received").unwrap();
        assert_eq!(log.take().await, ["enter A A", "cast A", "sent A", "received A"]);
    }

    async fn a_machine_is_supervised_and_named_as_any_server_and_restarts_in_its_first_state() {
        const SWITCH: Name<StateMachine<Switch>> = Name::new("switch");
        Supervisor::start_link([Switch::child_spec_as((), SWITCH)], Strategy::OneForOne).await.unwrap();
        SWITCH.cast(Flip).unwrap();
        assert_eq!(SWITCH.call(IsOn).await, Ok(true));
        let first = SWITCH.whereis().unwrap().pid();
        process::kill(first);
        Node::current().settled().await;
        assert_ne!(SWITCH.whereis().unwrap().pid(), first);
        assert_eq!(SWITCH.call(IsOn).await, Ok(false));
    }

    async fn a_machine_starts_linked_and_without_a_name_by_default() {
        let pid = Switch::start_link(()).await.unwrap();
        assert_eq!(pid.server::<StateMachine<Switch>>().unwrap().call(IsOn).await, Ok(false));
        assert_eq!(Switch::child_spec(()).kind, ChildType::Worker);
    }
}

/// A machine whose states are just two values, and that has no enter call.
struct Switch;
struct Flip;
struct IsOn;

impl GenStateMachine for Switch {
    type Args = ();
    type State = bool;
    async fn init(_: (), _: &mut EventCx<'_, Self>) -> Result<(bool, Self), InitError> {
        Ok((false, Self))
    }
}

impl HandleEvent<Flip> for Switch {
    async fn handle_event(&mut self, _: Flip, on: &bool, _: &mut EventCx<'_, Self>) -> Transition<bool> {
        next_state(!on)
    }
}

impl HandleCallEvent<IsOn> for Switch {
    type Reply = bool;
    async fn handle_call_event(
        &mut self,
        _: IsOn,
        from: Caller<bool>,
        on: &bool,
        _: &mut EventCx<'_, Self>,
    ) -> Transition<bool> {
        from.reply(*on);
        keep_state()
    }
}
