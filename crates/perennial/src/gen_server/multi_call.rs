//! One request to several servers.

use crate::{
    exit_reason::CallError,
    gen_server::{Address, CallTo, Deadline, RequestIds, Response},
    process::{block::ProcRef, current},
};
use std::time::Duration;

/// What became of a [`multi_call`], in the order of the servers.
///
/// # OTP
///
/// `{Replies, BadNodes}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiCall<A, R> {
    /// Who replied, and what.
    pub replies: Vec<(A, R)>,
    /// Who did not, and why.
    pub bad: Vec<(A, CallError)>,
}

/// Sends a request to several servers at once, and waits until each has answered, or until a deadline for all.
///
/// All are asked when the future is first polled. It is ready as soon as the last one has answered; one that is not
/// there does not hold up the others. A server that is named twice is asked twice.
///
/// The errors in [`bad`](MultiCall::bad) are those of [`call`](Address::call). A reply that comes after the deadline goes
/// nowhere.
///
/// # Cancel safety
///
/// Dropped before it is first polled, it does nothing. After that the requests are served and the replies dropped.
///
/// # Examples
///
/// ```
/// # use perennial::prelude::*;
/// # use std::time::Duration;
/// # #[derive(GenServer)] struct Cache(usize);
/// # #[derive(Clone)] struct Size;
/// # impl HandleCall<Size> for Cache {
/// #     type Reply = usize;
/// #     async fn handle_call(&mut self, _: Size, _: &mut Cx<Self>) -> Reply<usize> { reply(self.0) }
/// # }
/// const CACHES: [Name<Cache>; 3] = [Name::new("north"), Name::new("south"), Name::new("west")];
///
/// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// gen_server::start_link(Cache(3), CACHES[0].clone()).await?;
/// gen_server::start_link(Cache(4), CACHES[1].clone()).await?;
/// let sizes = gen_server::multi_call(CACHES, Size, Duration::from_secs(1)).await;
/// assert_eq!(sizes.replies.iter().map(|(_, size)| size).sum::<usize>(), 7);
/// assert_eq!(sizes.bad, [(CACHES[2].clone(), CallError::NoProc)]);
/// # Ok(()) }
/// ```
///
/// # OTP
///
/// `gen_server:multi_call/4`. Differs: it goes to several servers of one node, not to one name on several nodes; who is
/// bad says why. It needs no process in between to keep late replies away.
#[doc(alias = "gen_server:multi_call/4")]
#[doc(alias = "GenServer.multi_call/4")]
pub async fn multi_call<A, M>(
    servers: impl IntoIterator<Item = A>,
    request: M,
    deadline: impl Into<Deadline>,
) -> MultiCall<A, M::Reply>
where
    A: Address,
    M: CallTo<A::Server> + Clone,
{
    let servers: Vec<A> = servers.into_iter().collect();
    let mut asked = RequestIds::new();
    let mut answers: Vec<Result<M::Reply, CallError>> = Vec::with_capacity(servers.len());
    for (n, server) in servers.iter().enumerate() {
        if is_asking(server) {
            answers.push(Err(CallError::CallingSelf));
            continue;
        }
        asked.add(server.send_request(request.clone()), n);
        // Until it has answered.
        answers.push(Err(CallError::Timeout));
    }
    // One deadline for all, however often it is waited.
    let now = asked.clock().map_or(Duration::ZERO, |clock| clock.now());
    let deadline = deadline.into().fixed(now);
    while let Ok(Response { label, result }) = asked.receive(deadline).await {
        answers[label] = result;
    }
    let mut outcome = MultiCall { replies: Vec::new(), bad: Vec::new() };
    for (server, answer) in servers.into_iter().zip(answers) {
        match answer {
            Ok(reply) => outcome.replies.push((server, reply)),
            Err(error) => outcome.bad.push((server, error)),
        }
    }
    outcome
}

/// Whether a server is the one that asks, and so would wait for itself.
fn is_asking(server: &impl Address) -> bool {
    server.resolve().is_ok_and(|server| {
        let process: ProcRef = server.0;
        current::waits_for(process.process())
    })
}
