//! A request that was sent, and whose answer is asked for later.

use crate::{
    clock::Clock,
    exit_reason::CallError,
    gen_server::{Deadline, reply_cell::Answer},
    pid::Pid,
    process::{Recipient, time},
};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// A request that was sent by [`send_request`](super::Address::send_request), and will be answered with an `R`.
///
/// It gives one answer, once: the reply, or why there is none. There are five ways to it:
///
/// | | waits | without an answer in time |
/// |---|---|---|
/// | [`check`](Self::check) | no | the request stays |
/// | [`wait`](Self::wait) | until a deadline | the request stays, and can be asked again |
/// | [`receive`](Self::receive) | until a deadline | the request is abandoned |
/// | `.await` | as long as it takes | |
/// | [`send_to`](Self::send_to) | no: the answer comes as a message | |
///
/// To drop it is to abandon the request: it is still served, and the reply vanishes. Of several, the first that is
/// answered is found with [`RequestIds`](super::RequestIds).
///
/// # Panics
///
/// As a future, if it is polled after it has given its answer.
///
/// # When not to use it
///
/// To send and wait at once: that is a [`call`](super::Address::call), which has a limit. A server that waits in a
/// callback, by either, handles nothing meanwhile; it has the answer [sent](Self::send_to) to itself.
///
/// # OTP
///
/// `gen_server:request_id()`. Differs: an answer is never in the mailbox unless it is asked for there. So one that
/// comes late disturbs nobody.
#[doc(alias = "gen_server:send_request/2")]
#[must_use = "the request is abandoned when this is dropped"]
pub struct RequestId<R: Send + 'static> {
    answer: Answer<R>,
    clock: Arc<Clock>,
    server: Option<Pid>,
}

/// The answer of a request, with the label under which the request was kept.
///
/// # OTP
///
/// `{Response, Label, _}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response<L, R> {
    /// What the request was labelled with.
    pub label: L,
    /// The reply, or why there is none.
    pub result: Result<R, CallError>,
}

impl<R: Send + 'static> RequestId<R> {
    pub(crate) fn new(answer: Answer<R>, clock: Arc<Clock>, server: Option<Pid>) -> Self {
        Self { answer, clock, server }
    }

    /// Whom it was sent to; none if nobody was there.
    pub fn server(&self) -> Option<Pid> {
        self.server
    }

    /// The answer, if it is there; none if it is not, or was given before.
    ///
    /// # OTP
    ///
    /// `gen_server:check_response/2`. Differs: there is no message to check; asking twice gives one answer.
    #[doc(alias = "gen_server:check_response/2")]
    pub fn check(&mut self) -> Option<Result<R, CallError>> {
        self.answer.look()
    }

    /// Waits for the answer until a deadline; none if it does not come in time: then it can be asked for again. None
    /// at once if it was given before.
    ///
    /// The answer says why there is no reply as [`call`](super::Address::call) does, except that it is never `Timeout`.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: an answer is taken only when the future is ready.
    ///
    /// # Examples
    ///
    /// ```
    /// # use perennial::prelude::*;
    /// # use std::time::Duration;
    /// # #[derive(GenServer)] struct Slow;
    /// # struct Work;
    /// # impl HandleCall<Work> for Slow {
    /// #     type Reply = &'static str;
    /// #     async fn handle_call(&mut self, _: Work, _: &mut Cx<Self>) -> Reply<&'static str> {
    /// #         perennial::time::sleep(Duration::from_millis(25)).await;
    /// #         reply("done")
    /// #     }
    /// # }
    /// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let slow = Slow::start_link(Slow).await?.server::<Slow>().unwrap();
    /// let mut work = slow.send_request(Work);
    /// let done = loop {
    ///     match work.wait(Duration::from_millis(10)).await {
    ///         Some(answer) => break answer?,
    ///         None => println!("still at it"),
    ///     }
    /// };
    /// assert_eq!(done, "done");
    /// # Ok(()) }
    /// ```
    ///
    /// # OTP
    ///
    /// `gen_server:wait_response/2`.
    #[doc(alias = "gen_server:wait_response/2")]
    pub async fn wait(&mut self, deadline: impl Into<Deadline>) -> Option<Result<R, CallError>> {
        let left = deadline.into().left(self.clock.now());
        if self.answer.is_over() {
            return None;
        }
        match left {
            Some(left) => time::timeout_on(&self.clock, left, &mut self.answer).await,
            None => Some((&mut self.answer).await),
        }
    }

    /// Waits for the answer until a deadline; the request is abandoned if it does not come in time.
    ///
    /// # Errors
    ///
    /// As [`call`](super::Address::call). [`CallError::NoReply`] too if the answer was given before.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the request.
    ///
    /// # OTP
    ///
    /// `gen_server:receive_response/2`.
    #[doc(alias = "gen_server:receive_response/2")]
    pub async fn receive(self, deadline: impl Into<Deadline>) -> Result<R, CallError> {
        if self.answer.is_over() {
            return Err(CallError::NoReply);
        }
        let left = deadline.into().left(self.clock.now());
        self.answer.within(&self.clock, left).await
    }

    /// Has the answer sent to a process, as a [`Response`] with this label; at once if it is there. Not at all if it
    /// was given before.
    ///
    /// This is how a server asks others without waiting for them: with its own
    /// [`recipient`](super::Cx::recipient) and a [`HandleInfo`](super::HandleInfo). There is no deadline: a server that
    /// wants one sets a timer.
    ///
    /// # Examples
    ///
    /// ```
    /// # use perennial::{gen_server::Response, prelude::*};
    /// # #[derive(GenServer)] struct Price(u32);
    /// # struct Ask;
    /// # impl HandleCall<Ask> for Price {
    /// #     type Reply = u32;
    /// #     async fn handle_call(&mut self, _: Ask, _: &mut Cx<Self>) -> Reply<u32> { reply(self.0) }
    /// # }
    /// struct Shop {
    ///     prices: Vec<ServerRef<Price>>,
    ///     waiting: Option<Caller<u32>>,
    /// }
    /// # impl GenServer for Shop {
    /// #     type Args = Vec<ServerRef<Price>>;
    /// #     async fn init(prices: Self::Args, _: &mut Cx<Self>) -> Result<Self, InitError> {
    /// #         Ok(Self { prices, waiting: None })
    /// #     }
    /// # }
    /// struct Cheapest;
    ///
    /// impl HandleCallFrom<Cheapest> for Shop {
    ///     type Reply = u32;
    ///     async fn handle_call_from(&mut self, _: Cheapest, from: Caller<u32>, cx: &mut Cx<Self>) -> NoReply {
    ///         self.waiting = Some(from);
    ///         for (n, price) in self.prices.iter().enumerate() {
    ///             price.send_request(Ask).send_to(&cx.recipient(), n);
    ///         }
    ///         noreply()
    ///     }
    /// }
    /// impl HandleInfo<Response<usize, u32>> for Shop {
    ///     async fn handle_info(&mut self, response: Response<usize, u32>, _: &mut Cx<Self>) -> NoReply {
    ///         // Here the first answer is as good as any.
    ///         if let (Ok(price), Some(from)) = (response.result, self.waiting.take()) {
    ///             from.reply(price);
    ///         }
    ///         noreply()
    ///     }
    /// }
    /// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let price = Price::start_link(Price(7)).await?.server::<Price>().unwrap();
    /// # let shop = Shop::start_link(vec![price]).await?.server::<Shop>().unwrap();
    /// assert_eq!(shop.call(Cheapest).await?, 7);
    /// # Ok(()) }
    /// ```
    ///
    /// # OTP
    ///
    /// What `gen_server:send_request/2` does with every answer, and `check_response/2` recognizes.
    pub fn send_to<L: Send + 'static>(self, to: &Recipient<Response<L, R>>, label: L) {
        let to = to.clone();
        self.answer.pass_on(move |result| {
            // An error says that it has ended.
            let _ = to.send(Response { label, result });
        });
    }

    /// The clock by which its server, and so its deadlines, go.
    pub(crate) fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }
}

impl<R: Send + 'static> Future for RequestId<R> {
    type Output = Result<R, CallError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(!self.answer.is_over(), "the answer of this request was given before");
        Pin::new(&mut self.answer).poll(cx)
    }
}

impl<R: Send + 'static> fmt::Debug for RequestId<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.server {
            Some(server) => write!(f, "RequestId({server})"),
            None => f.write_str("RequestId(nobody)"),
        }
    }
}
