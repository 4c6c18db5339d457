//! The signals that ask a program to end, counted from the moment somebody listens.

use tokio::sync::watch;

/// A signal of the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signal {
    pub(crate) name: &'static str,
    /// The status of a program that such a signal ends, as shells have it.
    pub(crate) status: i32,
}

const INTERRUPT: Signal = Signal { name: "SIGINT", status: 130 };
#[cfg(all(unix, feature = "signal"))]
const TERMINATE: Signal = Signal { name: "SIGTERM", status: 143 };

/// How many signals have come, and the last of them.
type Seen = (u64, Signal);

/// Signals that have come and will come. None is lost between two who wait.
#[derive(Clone, Debug)]
pub(crate) struct Signals(watch::Receiver<Seen>);

impl Signals {
    /// Listens from now on, in a plain task that goes with the last of these.
    #[cfg(feature = "signal")]
    pub(crate) fn listen() -> Self {
        let (tell, signals) = watch::channel((0, INTERRUPT));
        let mut source = Source::open();
        tokio::spawn(async move {
            loop {
                let signal = tokio::select! {
                    signal = source.next() => signal,
                    () = tell.closed() => return,
                };
                tell.send_modify(|(count, last)| {
                    *count += 1;
                    *last = signal;
                });
            }
        });
        Self(signals)
    }

    /// Cannot listen.
    #[cfg(not(feature = "signal"))]
    pub(crate) fn listen() -> Self {
        Self::none()
    }

    /// Hears of none.
    pub(crate) fn none() -> Self {
        Self(watch::channel((0, INTERRUPT)).1)
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.borrow().0
    }

    /// Waits until more than `count` have come; gives the last.
    pub(crate) async fn more_than(mut self, count: u64) -> Signal {
        let seen = self.0.wait_for(|(seen, _)| *seen > count).await.map(|seen| seen.1);
        match seen {
            Ok(signal) => signal,
            // There is no source.
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(all(unix, feature = "signal"))]
struct Source {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(all(unix, feature = "signal"))]
impl Source {
    fn open() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let open = |kind| signal(kind).expect("these two signals can be listened to");
        Self { interrupt: open(SignalKind::interrupt()), terminate: open(SignalKind::terminate()) }
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => INTERRUPT,
            _ = self.terminate.recv() => TERMINATE,
        }
    }
}

#[cfg(all(not(unix), feature = "signal"))]
struct Source;

#[cfg(all(not(unix), feature = "signal"))]
impl Source {
    fn open() -> Self {
        Self
    }

    async fn next(&mut self) -> Signal {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(target: "perennial", %error, "cannot listen to Ctrl-C");
            std::future::pending::<()>().await;
        }
        INTERRUPT
    }
}
