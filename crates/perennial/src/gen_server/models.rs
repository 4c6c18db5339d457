//! Every order of a reply, the end of the callback, and the end of the server: see
//! [`process::models`](crate::process::models).

use crate::{
    exit_reason::{CallError, ExitReason},
    gen_server::{
        Caller,
        reply_cell::{Answer, ReplyCell},
    },
    process::models::{Puppet, in_every_order, node},
};
use loom::thread;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

fn call(server: &Puppet) -> (Caller<u8>, Answer<u8>, ReplyCell<u8>) {
    let (caller, answer) = Caller::new(server.process.clone());
    let cell = caller.cell();
    (caller, answer, cell)
}

fn answer(mut answer: Answer<u8>) -> Result<u8, CallError> {
    match Pin::new(&mut answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("nobody answers"),
    }
}

fn lists_nobody(server: &Puppet) -> bool {
    server.process.process().lock().bonds_if_any().is_none_or(|bonds| bonds.callers.is_empty())
}

#[test]
fn a_caller_that_is_kept_is_answered_once_when_the_server_ends() {
    for replies in [true, false] {
        in_every_order(move || {
            let server = Puppet::new(&node());
            let (mut caller, waiting, cell) = call(&server);
            // The callback has ended.
            drop(caller.answering());
            let elsewhere = thread::spawn(move || if replies { caller.reply(1) } else { drop(caller) });
            server.end(ExitReason::Killed);
            elsewhere.join().unwrap();
            match answer(waiting) {
                Ok(1) => assert!(replies),
                Err(CallError::NoReply) => assert!(!replies),
                Err(CallError::Exit(reason)) => assert_eq!(reason, ExitReason::Killed),
                other => panic!("{other:?}"),
            }
            assert!(lists_nobody(&server));
            assert!(cell.is_last());
        });
    }
}

#[test]
fn a_caller_that_is_used_while_its_callback_ends_is_not_listed_afterwards() {
    for replies in [true, false] {
        in_every_order(move || {
            let server = Puppet::new(&node());
            let (mut caller, waiting, cell) = call(&server);
            let callback = caller.answering();
            let elsewhere = thread::spawn(move || if replies { caller.reply(1) } else { drop(caller) });
            drop(callback);
            elsewhere.join().unwrap();
            assert_eq!(answer(waiting), if replies { Ok(1) } else { Err(CallError::NoReply) });
            assert!(lists_nobody(&server));
            assert!(cell.is_last());
        });
    }
}

#[test]
fn one_who_stops_waiting_is_forgotten_when_the_reply_or_the_end_comes() {
    in_every_order(|| {
        let server = Puppet::new(&node());
        let (mut caller, waiting, cell) = call(&server);
        drop(caller.answering());
        let gone = thread::spawn(move || drop(waiting));
        let elsewhere = thread::spawn(move || caller.reply(1));
        server.end(ExitReason::Killed);
        gone.join().unwrap();
        elsewhere.join().unwrap();
        assert!(lists_nobody(&server));
        assert!(cell.is_last());
    });
}
