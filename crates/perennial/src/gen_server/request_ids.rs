//! Requests that are waited for together.

use crate::{
    clock::Clock,
    exit_reason::CallError,
    gen_server::{Deadline, RequestId, Response},
    process::time,
};
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// Requests that were sent and are waited for together, each with a label.
///
/// The first that is answered is found without a look at the others. It leaves the collection as it is given.
///
/// ```
/// # use perennial::prelude::*;
/// use perennial::gen_server::{Deadline, RequestIds, Unanswered};
/// # use std::time::Duration;
/// # #[derive(GenServer)] struct Price(u32);
/// # struct Ask;
/// # impl HandleCall<Ask> for Price {
/// #     type Reply = u32;
/// #     async fn handle_call(&mut self, _: Ask, _: &mut Cx<Self>) -> Reply<u32> { reply(self.0) }
/// # }
/// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut shops = Vec::new();
/// # for n in 1..=3 {
/// #     shops.push((format!("shop {n}"), Price::start_link(Price(n)).await?.server::<Price>().unwrap()));
/// # }
/// let mut asked = RequestIds::new();
/// for (name, shop) in &shops {
///     asked.add(shop.send_request(Ask), name);
/// }
/// // Half a second for all of them.
/// let deadline = Deadline::At(Node::current().now() + Duration::from_millis(500));
/// let mut offers = Vec::new();
/// loop {
///     match asked.receive(deadline).await {
///         Ok(response) => offers.push((response.result?, response.label)),
///         Err(Unanswered::NoRequest | Unanswered::Timeout) => break,
///     }
/// }
/// assert_eq!(offers.iter().min(), Some(&(1, &"shop 1".to_owned())));
/// # Ok(()) }
/// ```
///
/// # When not to use it
///
/// For requests with replies of different types: a [`RequestId`] is a future, and goes with any way to wait for several
/// futures. For one request to several servers there is [`multi_call`](super::multi_call).
///
/// # OTP
///
/// `gen_server:request_id_collection()`. Differs: it is changed in place; what was answered always leaves it, as with
/// `Delete = true`, for that costs nothing here; and its replies have one type.
#[doc(alias = "gen_server:reqids_new/0")]
#[must_use = "the requests are abandoned when this is dropped"]
pub struct RequestIds<L, R: Send + 'static>(FuturesUnordered<Labelled<L, R>>);

/// Why no request of a collection gave an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// There is no request in the collection.
    NoRequest,
    /// None was answered in time.
    Timeout,
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRequest => "no request waits for an answer",
            Self::Timeout => "no answer in time",
        })
    }
}

impl std::error::Error for Unanswered {}

impl<L, R: Send + 'static> RequestIds<L, R> {
    /// An empty collection.
    #[doc(alias = "gen_server:reqids_new/0")]
    pub fn new() -> Self {
        Self(FuturesUnordered::new())
    }

    /// Adds a request. Labels need not differ.
    #[doc(alias = "gen_server:reqids_add/3")]
    pub fn add(&mut self, id: RequestId<R>, label: L) {
        self.0.push(Labelled { id, label: Some(label) });
    }

    /// How many requests have not given their answer.
    #[doc(alias = "gen_server:reqids_size/1")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The requests with their labels, in no order.
    #[doc(alias = "gen_server:reqids_to_list/1")]
    pub fn iter(&self) -> impl Iterator<Item = (&RequestId<R>, &L)> {
        // A label is taken with the answer, and then the request is here no more.
        self.0.iter().filter_map(|request| Some((&request.id, request.label.as_ref()?)))
    }

    /// An answer that is there, without waiting; none if there is none.
    ///
    /// # OTP
    ///
    /// `gen_server:check_response/3`. Differs: there is no message to check.
    #[doc(alias = "gen_server:check_response/3")]
    pub fn check(&mut self) -> Option<Response<L, R>> {
        self.0.next().now_or_never().flatten()
    }

    /// Waits until a request is answered, or until a deadline.
    ///
    /// # Errors
    ///
    /// * [`Unanswered::NoRequest`], at once.
    /// * [`Unanswered::Timeout`]: all requests stay, and can be waited for again.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: an answer is taken only when the future is ready.
    #[doc(alias = "gen_server:wait_response/3")]
    pub async fn wait(&mut self, deadline: impl Into<Deadline>) -> Result<Response<L, R>, Unanswered> {
        let deadline = deadline.into();
        let clock = self.clock().ok_or(Unanswered::NoRequest)?;
        let answered = async { self.0.next().await.ok_or(Unanswered::NoRequest) };
        match deadline.left(clock.now()) {
            Some(left) => time::timeout_on(&clock, left, answered).await.unwrap_or(Err(Unanswered::Timeout)),
            None => answered.await,
        }
    }

    /// As [`wait`](Self::wait), but when the time is over all requests are abandoned, and the collection is empty.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait), but for what a time-out leaves.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: only the time-out abandons requests.
    #[doc(alias = "gen_server:receive_response/3")]
    pub async fn receive(&mut self, deadline: impl Into<Deadline>) -> Result<Response<L, R>, Unanswered> {
        let answer = self.wait(deadline).await;
        if answer.is_err() {
            self.0.clear();
        }
        answer
    }

    /// The clock by which its deadlines go: that of the servers that were asked.
    pub(crate) fn clock(&self) -> Option<Arc<Clock>> {
        self.0.iter().next().map(|request| request.id.clock().clone())
    }
}

/// A request in a collection. Its label is there until it is ready.
struct Labelled<L, R: Send + 'static> {
    id: RequestId<R>,
    label: Option<L>,
}

impl<L, R: Send + 'static> Unpin for Labelled<L, R> {}

impl<L, R: Send + 'static> Future for Labelled<L, R> {
    type Output = Response<L, R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<L, R>> {
        let result: Poll<Result<R, CallError>> = Pin::new(&mut self.id).poll(cx);
        result.map(|result| {
            let label = self.label.take().expect("it is ready once");
            Response { label, result }
        })
    }
}

impl<L, R: Send + 'static> Default for RequestIds<L, R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<L: fmt::Debug, R: Send + 'static> fmt::Debug for RequestIds<L, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(id, label)| (label, id))).finish()
    }
}
