//! Ways to reach a server, and what can be sent there.

use crate::{
    exit_reason::{CallError, ExitReason},
    gen_server::{
        CallTo, CastTo, GenServer, InfoTo, RequestId, ServerRef,
        call::{self, Inline, call},
        message::Stop,
        reply_cell::Answer,
    },
    pid::Pid,
    process::{block::ProcRef, current, monitors, node::Node, room::NoRoom, time},
};
use std::{fmt, future::Future, time::Duration};

/// How long [`call`](Address::call) waits, unless the server [says otherwise](GenServer::CALL_TIMEOUT).
pub const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a cast was not taken: only a server with a bounded mailbox refuses one.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CastError<M> {
    /// The mailbox is full; gives the message back.
    Full(M),
}

impl<M> fmt::Debug for CastError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Full(..)")
    }
}

impl<M> fmt::Display for CastError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mailbox is full")
    }
}

impl<M> std::error::Error for CastError<M> {}

/// Anything that leads to a server: a [`ServerRef`], a [`Name`](super::Name), a [`Via`](crate::registry::Via).
///
/// A name is resolved at each send, so it survives the restart of the server. Users may write their own.
///
/// # OTP
///
/// `gen_server:server_ref()`; implementing it is what a `:via` callback module does.
pub trait Address: Sync {
    /// The type of the server.
    type Server: GenServer;

    /// The server that is there now.
    ///
    /// # Errors
    ///
    /// [`CallError::NoProc`] if nobody is, [`CallError::WrongServer`] if it is a server of another type.
    fn resolve(&self) -> Result<ServerRef<Self::Server>, CallError>;

    /// Uses the server that is there now, where no reference to it has to be kept.
    ///
    /// To be implemented by what has a reference already; else it [resolves](Self::resolve).
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve); then `f` is not called.
    fn with_server<R>(&self, f: impl FnOnce(&ServerRef<Self::Server>) -> R) -> Result<R, CallError> {
        self.resolve().map(|server| f(&server))
    }

    /// The server that is there now, if there is one and it is alive.
    #[doc(alias = "whereis/1")]
    fn whereis(&self) -> Option<ServerRef<Self::Server>> {
        self.resolve().ok().filter(|server| server.0.process.is_alive())
    }

    /// Sends a request and waits for the reply, for 5 s, or what [`CALL_TIMEOUT`](GenServer::CALL_TIMEOUT) of the server
    /// says.
    ///
    /// A name is resolved here, the request is sent when the future is first polled. The future borrows nothing: it
    /// can be joined with others, and spawned.
    ///
    /// # Errors
    ///
    /// * [`CallError::NoProc`], [`CallError::WrongServer`], [`CallError::CallingSelf`]: nothing was sent.
    /// * [`CallError::Exit`]: the server ended before it replied; carries its reason, also if that is `Normal`.
    /// * [`CallError::NoReply`]: the server dropped the caller.
    /// * [`CallError::Timeout`]: no reply in time; it may still be served, and its reply goes nowhere.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is first polled, it does nothing. After that the request is served and the reply dropped.
    ///
    /// # OTP
    ///
    /// `gen_server:call/2`. Differs: what exits there is an `Err` here; `?` in a callback makes it an exit.
    #[doc(alias = "gen_server:call/2")]
    fn call<M: CallTo<Self::Server>>(
        &self,
        request: M,
    ) -> impl Future<Output = Result<M::Reply, CallError>> + Send + use<Self, M> {
        self.call_timeout(request, Self::Server::CALL_TIMEOUT)
    }

    /// As [`call`](Self::call), with another limit, or with none.
    #[doc(alias = "gen_server:call/3")]
    fn call_timeout<M: CallTo<Self::Server>>(
        &self,
        request: M,
        timeout: Option<Duration>,
    ) -> impl Future<Output = Result<M::Reply, CallError>> + Send + use<Self, M> {
        call(self.resolve(), request, timeout, Inline::Yes)
    }

    /// Sends a request now, and returns what its answer is asked by.
    ///
    /// A `call` sends when it is first polled; this has sent when it returns, so what is sent to the same server
    /// afterwards comes after it. If there is nobody to send to, the [`RequestId`] says so when it is asked. Unlike
    /// `call`, a server may send itself a request, as long as it does not wait for the answer in the callback.
    ///
    /// # Examples
    ///
    /// ```
    /// # use perennial::prelude::*;
    /// # #[derive(GenServer)] struct Adder(u64);
    /// # struct Add(u64);
    /// # impl HandleCall<Add> for Adder {
    /// #     type Reply = u64;
    /// #     async fn handle_call(&mut self, Add(n): Add, _: &mut Cx<Self>) -> Reply<u64> { self.0 += n; reply(self.0) }
    /// # }
    /// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let adder = Adder::start_link(Adder(0)).await?.server::<Adder>().unwrap();
    /// let one = adder.send_request(Add(1));
    /// let two = adder.send_request(Add(2));
    /// // Both are on their way. They may be awaited in any order, or not at all.
    /// assert_eq!(two.await?, 3);
    /// assert_eq!(one.await?, 1);
    /// # Ok(()) }
    /// ```
    ///
    /// # OTP
    ///
    /// `gen_server:send_request/2`. Differs: the answer is no message; see [`RequestId::send_to`].
    #[doc(alias = "gen_server:send_request/2")]
    fn send_request<M: CallTo<Self::Server>>(&self, request: M) -> RequestId<M::Reply> {
        match self.resolve() {
            Ok(server) => {
                let clock = server.0.process.node.clock.clone();
                let answer = call::submit(&server, request, current::pid()).unwrap_or_else(Answer::failed);
                RequestId::new(answer, clock, Some(server.pid()))
            }
            Err(error) => RequestId::new(Answer::failed(error), Node::current().0.clock.clone(), None),
        }
    }

    /// As [`call`](Self::call), from a thread that may block: outside of the runtime, or in `spawn_blocking`.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Panics
    ///
    /// If called from a process or a plain task, whose runtime it would block.
    #[track_caller]
    fn blocking_call<M: CallTo<Self::Server>>(&self, request: M) -> Result<M::Reply, CallError> {
        call::blocking(self.resolve(), request, Self::Server::CALL_TIMEOUT)
    }

    /// Sends a message that has no reply. Nobody is told if there is no such server.
    ///
    /// # Errors
    ///
    /// [`CastError::Full`] only if the server has a bounded mailbox. `Ok` does not say that it will be handled.
    #[doc(alias = "gen_server:cast/2")]
    fn cast<M: CastTo<Self::Server>>(&self, message: M) -> Result<(), CastError<M>> {
        let sent = self.with_server(|server| match server.try_room() {
            Ok(room) => {
                message.send_to(server, room);
                Ok(())
            }
            Err(NoRoom) => Err(CastError::Full(message)),
        });
        // As in OTP, one who is not there does not mind.
        sent.unwrap_or(Ok(()))
    }

    /// As [`cast`](Self::cast), but waits for room if the server has a [bounded](super::Options::mailbox) mailbox that
    /// is full. Who waits first gets room first. Returns at once if the server is not bounded, or not there.
    ///
    /// A server that waits for room in its own mailbox waits for ever: it makes room by handling what lies there.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped while it waits, it sends nothing, and its place in the queue is given up.
    fn cast_wait<M: CastTo<Self::Server>>(
        &self,
        message: M,
    ) -> impl Future<Output = ()> + Send + use<Self, M> {
        let server = self.resolve();
        async move {
            if let Ok(server) = server {
                let room = server.room().await;
                message.send_to(&server, room);
            }
        }
    }

    /// Sends a message to `handle_info`. Nobody is told if there is no such server.
    #[doc(alias = "erlang:send/2")]
    fn send<M: InfoTo<Self::Server>>(&self, message: M) {
        // As in OTP, one who is not there does not mind.
        let _sent = self.with_server(|server| message.send_to(server));
    }

    /// Stops the server: it handles what came before, `terminate` runs, and it ends with `reason`. Waits for that.
    ///
    /// # Errors
    ///
    /// [`CallError::Exit`] if it ended with another reason; [`CallError::NoProc`], [`CallError::CallingSelf`].
    #[doc(alias = "gen_server:stop/3")]
    fn stop(&self, reason: ExitReason) -> impl Future<Output = Result<(), CallError>> + Send + use<Self> {
        self.stop_timeout(reason, None)
    }

    /// As [`stop`](Self::stop), but waits no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// As [`stop`](Self::stop), and [`CallError::Timeout`]; the server still ends when it gets there.
    #[doc(alias = "gen_server:stop/3")]
    fn stop_timeout(
        &self,
        reason: ExitReason,
        timeout: Option<Duration>,
    ) -> impl Future<Output = Result<(), CallError>> + Send + use<Self> {
        let server = self.resolve();
        async move {
            let server = server?;
            let process: ProcRef = server.0.clone();
            if current::waits_for(process.process()) {
                return Err(CallError::CallingSelf);
            }
            let down = monitors::monitor(server.pid());
            // An error says that it is ending already; then its reason tells.
            let _ = server.send(Stop(reason.clone()));
            let clock = server.0.process.node.clock.clone();
            let down = match timeout {
                None => down.await,
                Some(timeout) => time::timeout_on(&clock, timeout, down).await.ok_or(CallError::Timeout)?,
            };
            match down.reason {
                ExitReason::NoProc => Err(CallError::NoProc),
                ended if ended == reason => Ok(()),
                ended => Err(CallError::Exit(ended)),
            }
        }
    }

    /// The pid of the server that is there now.
    fn pid_now(&self) -> Option<Pid> {
        self.whereis().map(|server| server.pid())
    }
}

impl<A: Address> Address for &A {
    type Server = A::Server;
    fn resolve(&self) -> Result<ServerRef<A::Server>, CallError> {
        (**self).resolve()
    }
    fn with_server<R>(&self, f: impl FnOnce(&ServerRef<A::Server>) -> R) -> Result<R, CallError> {
        (**self).with_server(f)
    }
}
