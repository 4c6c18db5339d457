//! Futures in memory that is used again, small enough for miri.

#![cfg(not(loom))]

use perennial_cell::{Pooled, PooledFuture};
use std::{
    future::{Future, pending, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    thread,
};

/// Polls once.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_pooled_future_runs_and_drops_what_it_holds() {
    let held = Arc::new(());
    let of_any_size = |size: usize| {
        let held = held.clone();
        let bytes = vec![0_u8; size];
        PooledFuture::new(async move {
            let waits: PooledFuture<'_, ()> = PooledFuture::new(pending());
            let _held = held;
            waits.await;
            bytes.len()
        })
    };
    for size in [0, 100, 5000] {
        let mut future = pin!(of_any_size(size));
        assert!(poll(future.as_mut()).is_pending());
    }
    assert_eq!(Arc::strong_count(&held), 1);
    // Larger than what is kept, aligned to more than what is kept, and without a size.
    #[repr(align(64))]
    struct Wide([u8; 4096]);
    let wide = Wide([7; 4096]);
    assert_eq!(poll(pin!(PooledFuture::new(async move { usize::from(wide.0[1]) }))), Poll::Ready(7));
    assert_eq!(poll(pin!(PooledFuture::new(ready(())))), Poll::Ready(()));
    // By another thread than made it.
    let there = PooledFuture::new(async { 1 });
    assert_eq!(thread::spawn(move || poll(pin!(there))).join().unwrap(), Poll::Ready(1));
}

#[test]
fn a_future_that_panics_when_it_is_dropped_leaves_its_block_for_the_next() {
    struct Panics<'a>(&'a Arc<()>);
    impl Drop for Panics<'_> {
        fn drop(&mut self) {
            assert!(Arc::strong_count(self.0) == 0, "in drop");
        }
    }
    let (held, address) = (Arc::new(()), Arc::new(()));
    let panics = |held: Arc<()>| {
        let address = &address;
        Pooled::new(async move {
            let _held = held;
            let _panics = Panics(address);
            pending::<()>().await;
        })
    };
    for _ in 0..3 {
        let mut future = panics(held.clone());
        assert!(poll(Pin::new(&mut future)).is_pending());
        assert!(catch_unwind(AssertUnwindSafe(|| drop(future))).is_err());
        assert_eq!(Arc::strong_count(&held), 1, "what else it holds is dropped, once");
    }
}
