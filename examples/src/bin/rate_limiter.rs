//! A rate limiter as a server: a bucket of tokens, a timer that refills it, and callers who wait for their turn.
//!
//! ```sh
//! cargo run -p perennial-examples --bin rate_limiter
//! ```
//!
//! Two things to see. A call may be answered later: `HandleCallFrom` gets the `Caller`, keeps it in a queue, and
//! replies when a token comes in; the server goes on meanwhile. And time: the timer is a message to the server itself
//! and runs only while the bucket is not full. The tests have a clock that stands still while anything can run, so
//! they check times to the nanosecond and do not wait.
#![forbid(unsafe_code)]

use perennial::prelude::*;
use std::{collections::VecDeque, time::Duration};

const LIMITER: Name<RateLimiter> = Name::new("rate limiter");

/// So many at once, then one every `period`.
#[derive(Clone, Copy)]
struct Limits {
    burst: u32,
    period: Duration,
}

struct RateLimiter {
    limits: Limits,
    tokens: u32,
    waiting: VecDeque<Caller<()>>,
    timer_runs: bool,
}

/// Waits for a token, and takes it.
struct Acquire;
/// The timer: time for one more token.
struct Refill;

impl RateLimiter {
    fn start_timer(&mut self, cx: &Cx<Self>) {
        if !self.timer_runs {
            self.timer_runs = true;
            cx.send_after(self.limits.period, Refill);
        }
    }
}

impl GenServer for RateLimiter {
    type Args = Limits;

    async fn start_link(limits: Limits) -> StartResult {
        gen_server::start_link(limits, LIMITER).await
    }

    async fn init(limits: Limits, _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self { limits, tokens: limits.burst, waiting: VecDeque::new(), timer_runs: false })
    }
}

impl HandleCallFrom<Acquire> for RateLimiter {
    type Reply = ();

    async fn handle_call_from(&mut self, _: Acquire, from: Caller<()>, cx: &mut Cx<Self>) -> NoReply {
        if self.tokens > 0 {
            self.tokens -= 1;
            from.reply(());
        } else {
            self.waiting.push_back(from);
        }
        self.start_timer(cx);
        noreply()
    }
}

impl HandleInfo<Refill> for RateLimiter {
    async fn handle_info(&mut self, _: Refill, cx: &mut Cx<Self>) -> NoReply {
        self.timer_runs = false;
        match self.waiting.pop_front() {
            Some(first) => first.reply(()),
            None => self.tokens += 1,
        }
        if self.tokens < self.limits.burst {
            self.start_timer(cx);
        }
        noreply()
    }
}

async fn start(burst: u32, period: Duration) -> StartResult {
    Supervisor::start_link([RateLimiter::child_spec(Limits { burst, period })], Strategy::OneForOne).await
}

#[perennial::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    start(3, Duration::from_millis(200)).await?;
    for request in 1..=6 {
        // Whoever might have to wait for long gives its own limit, or none.
        LIMITER.call_timeout(Acquire, None).await?;
        println!("{:>4} ms: request {request}", Node::current().now().as_millis());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_secs(60);

    async fn times_of(requests: usize) -> Vec<u64> {
        let mut times = Vec::new();
        for _ in 0..requests {
            LIMITER.call_timeout(Acquire, None).await.unwrap();
            times.push(Node::current().now().as_secs());
        }
        times
    }

    #[perennial::test(paused)]
    async fn a_burst_at_once_then_one_every_period() {
        start(3, PERIOD).await.unwrap();
        assert_eq!(times_of(6).await, [0, 0, 0, 60, 120, 180]);
    }

    #[perennial::test(paused)]
    async fn a_bucket_holds_no_more_than_the_burst() {
        start(2, PERIOD).await.unwrap();
        times_of(2).await;
        perennial::time::sleep(10 * PERIOD).await;
        assert_eq!(times_of(3).await, [600, 600, 660]);
    }

    #[test]
    fn the_program_runs_to_its_end() {
        main().unwrap();
    }
}
