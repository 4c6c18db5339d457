//! `?` in a callback: how an error becomes the end of its server.

use crate::puppet::{Ask, Puppet, puppet};
use perennial::{gen_server::Replied, prelude::*};
use std::{error::Error, fmt, io};

/// The reason with which a server ends whose callback returns that.
async fn reason_after(fails: impl FnOnce() -> Reply<()> + Send + 'static) -> ExitReason {
    let (server, _log) = puppet().await;
    let call = server.call(Ask(move |_: &mut Puppet, _: &mut Cx<Puppet>| fails()));
    match call.await {
        Err(CallError::Exit(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[derive(Debug)]
struct Broken(io::Error);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is broken")
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[perennial::test]
async fn an_error_ends_the_server_and_keeps_its_source() {
    let reason = reason_after(|| {
        Err(Broken(io::Error::other("disk")))?;
        reply(())
    })
    .await;
    assert!(!reason.is_clean());
    let ExitReason::Error(error) = &reason else { panic!("{reason}") };
    assert_eq!(error.to_string(), "it is broken");
    assert_eq!(error.source().unwrap().to_string(), "disk");
    assert_eq!(CallError::Exit(reason.clone()).source().unwrap().to_string(), "it is broken");
}

/// As `anyhow::Error`: no [`Error`] itself, but made into a box of one.
struct Anyhow(Box<dyn Error + Send + Sync>);

impl From<Anyhow> for Box<dyn Error + Send + Sync> {
    fn from(error: Anyhow) -> Self {
        error.0
    }
}

#[perennial::test]
async fn boxed_errors_end_the_server_by_or_exit() {
    let reason = reason_after(|| {
        Err::<(), _>(Anyhow("no such user".into())).or_exit()?;
        reply(())
    })
    .await;
    assert_eq!(reason.to_string(), "no such user");
    assert!(matches!(reason, ExitReason::Error(_)));
}

/// Calls another server, which ends with `reason` instead of replying.
struct CallOne {
    server: ServerRef<Puppet>,
    ends_with: ExitReason,
}

impl HandleCall<CallOne> for Puppet {
    type Reply = ();
    async fn handle_call(&mut self, call: CallOne, _: &mut Cx<Self>) -> Reply<()> {
        let CallOne { server, ends_with } = call;
        server.call(Ask(move |_: &mut Puppet, _: &mut Cx<Puppet>| stop::<Replied<()>>(ends_with))).await?;
        reply(())
    }
}

/// How a server ends that has called one that ended with `reason`.
async fn after_a_call_to_one_that_ended(reason: ExitReason) -> ExitReason {
    let (caller, _log) = puppet().await;
    let (server, _other_log) = puppet().await;
    match caller.call(CallOne { server, ends_with: reason }).await {
        Err(CallError::Exit(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[perennial::test]
async fn a_failed_call_to_a_server_that_shut_down_is_a_shutdown() {
    for reason in [ExitReason::Shutdown, ExitReason::shutdown_with("tidy")] {
        let ended = after_a_call_to_one_that_ended(reason).await;
        assert_eq!(ended, ExitReason::shutdown_with("call failed"));
        assert!(!Restart::Transient.applies(&ended));
    }
}

#[perennial::test]
async fn a_failed_call_to_any_other_server_is_an_error() {
    for reason in [ExitReason::Normal, ExitReason::other("boom")] {
        let ended = after_a_call_to_one_that_ended(reason.clone()).await;
        let ExitReason::Error(error) = &ended else { panic!("{ended}") };
        assert_eq!(error.downcast_ref(), Some(&CallError::Exit(reason)));
        assert!(Restart::Transient.applies(&ended));
    }
}

#[perennial::test]
async fn a_reason_is_returned_as_it_is() {
    let given = ExitReason::other(7_u8);
    let returned = given.clone();
    assert_eq!(reason_after(move || Err(returned)).await, given);
}
