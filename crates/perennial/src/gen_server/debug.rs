//! What a server is told to record of what it does.

use crate::{exit_reason::ExitReason, pid::Pid, process::panics};
use std::{collections::VecDeque, fmt, mem, ops::ControlFlow, time::Duration};

/// Something that a server does, as the debug options of [`sys`](crate::sys) are told of it. Messages and replies are
/// shown by the names of their types.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// It begins to handle a message.
    In {
        /// How the message came.
        kind: MessageKind,
        /// The type of the message.
        message: &'static str,
        /// The process that called, if it was a call of a process.
        from: Option<Pid>,
    },
    /// It begins to handle what a callback left with [`continue_with`](super::Cx::continue_with).
    Continue {
        /// The type of the message.
        message: &'static str,
    },
    /// It has handled a call, and has replied.
    Out {
        /// The type of the reply.
        reply: &'static str,
        /// The process that gets it, if it is one.
        to: Option<Pid>,
    },
    /// It has handled a message, without a reply.
    NoReply,
    /// It is about to end.
    Terminate {
        /// Why.
        reason: ExitReason,
    },
}

/// How a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// As a call.
    Call,
    /// As a cast.
    Cast,
    /// As neither.
    Info,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In { kind: MessageKind::Call, message, from: Some(from) } => {
                write!(f, "got call {message} from {from}")
            }
            Self::In { kind: MessageKind::Call, message, from: None } => write!(f, "got call {message}"),
            Self::In { kind: MessageKind::Cast, message, .. } => write!(f, "got cast {message}"),
            Self::In { kind: MessageKind::Info, message, .. } => write!(f, "got {message}"),
            Self::Continue { message } => write!(f, "continues with {message}"),
            Self::Out { reply, to: Some(to) } => write!(f, "sent {reply} to {to}"),
            Self::Out { reply, to: None } => write!(f, "sent {reply}"),
            Self::NoReply => f.write_str("handled it"),
            Self::Terminate { reason } => write!(f, "terminates: {reason}"),
        }
    }
}

/// What has been counted of a server since its statistics were switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// When they were switched on, by the clock of the node: [`Node::now`](crate::node::Node::now).
    pub start_time: Duration,
    /// When they were asked for.
    pub current_time: Duration,
    /// Messages that it began to handle.
    pub messages_in: u64,
    /// Replies that it sent from the callback that got the call.
    pub messages_out: u64,
}

/// What a server is to record. Off at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DebugOptions {
    /// Whether each event goes to `tracing`.
    pub trace: bool,
    /// How many of the last events are kept.
    pub log: Option<usize>,
    /// Whether messages are counted.
    pub statistics: bool,
}

impl DebugOptions {
    pub(crate) const OFF: Self = Self { trace: false, log: None, statistics: false };

    /// With each event as an event of `tracing`, at level info, with the target `perennial::sys`.
    #[must_use]
    pub fn trace(mut self) -> Self {
        self.trace = true;
        self
    }

    /// With the last `events` events kept.
    #[must_use]
    pub fn log(mut self, events: usize) -> Self {
        self.log = Some(events);
        self
    }

    /// With messages counted.
    #[must_use]
    pub fn statistics(mut self) -> Self {
        self.statistics = true;
        self
    }
}

/// A user's function that is told of each event, until it breaks.
pub(crate) type Function<S> = Box<dyn FnMut(&Event, &S) -> ControlFlow<()> + Send>;

/// The debug options of a running server, with what they have recorded.
pub(crate) struct Debug<S> {
    pub(crate) trace: bool,
    pub(crate) log: Option<Log>,
    pub(crate) statistics: Option<Counts>,
    pub(crate) installed: Vec<(String, Function<S>)>,
}

/// The last events.
pub(crate) struct Log {
    limit: usize,
    events: VecDeque<Event>,
}

pub(crate) struct Counts {
    since: Duration,
    messages_in: u64,
    messages_out: u64,
}

impl<S> Default for Debug<S> {
    fn default() -> Self {
        Self { trace: false, log: None, statistics: None, installed: Vec::new() }
    }
}

impl<S> Debug<S> {
    pub(crate) fn new(options: DebugOptions, now: Duration) -> Self {
        let mut this = Self { trace: options.trace, ..Self::default() };
        if let Some(limit) = options.log {
            this.log(limit);
        }
        if options.statistics {
            this.count(now);
        }
        this
    }

    pub(crate) fn options(&self) -> DebugOptions {
        DebugOptions {
            trace: self.trace,
            log: self.log.as_ref().map(|log| log.limit),
            statistics: self.statistics.is_some(),
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.trace || self.log.is_some() || self.statistics.is_some() || !self.installed.is_empty()
    }

    /// Keeps the last `limit` events. What was kept before counts too.
    pub(crate) fn log(&mut self, limit: usize) {
        let log = self.log.get_or_insert_with(|| Log { limit, events: VecDeque::new() });
        log.limit = limit;
        log.trim();
    }

    /// The events kept, the oldest first.
    pub(crate) fn logged(&self) -> Vec<Event> {
        self.log.as_ref().map(|log| log.events.iter().cloned().collect()).unwrap_or_default()
    }

    /// Counts messages. If that is so already, it goes on.
    pub(crate) fn count(&mut self, now: Duration) {
        self.statistics.get_or_insert(Counts { since: now, messages_in: 0, messages_out: 0 });
    }

    pub(crate) fn counted(&self, now: Duration) -> Option<Statistics> {
        self.statistics.as_ref().map(|counts| Statistics {
            start_time: counts.since,
            current_time: now,
            messages_in: counts.messages_in,
            messages_out: counts.messages_out,
        })
    }

    /// Tells all options of an event. A function that breaks, or panics, is removed.
    pub(crate) fn handle(&mut self, event: &Event, server: &S, me: Pid) {
        if let Some(counts) = &mut self.statistics {
            match event {
                Event::In { .. } => counts.messages_in += 1,
                Event::Out { .. } => counts.messages_out += 1,
                _ => {}
            }
        }
        if let Some(log) = &mut self.log {
            log.events.push_back(event.clone());
            log.trim();
        }
        if self.trace {
            panics::call_quietly(|| tracing::info!(target: "perennial::sys", pid = %me, "{event}"));
        }
        for mut entry in mem::take(&mut self.installed) {
            match panics::catch(|| entry.1(event, server)) {
                Ok(ControlFlow::Continue(())) => self.installed.push(entry),
                Ok(ControlFlow::Break(())) | Err(_) => panics::drop_quietly(entry),
            }
        }
    }
}

impl Log {
    fn trim(&mut self) {
        while self.events.len() > self.limit {
            self.events.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_events() {
        let pid = Pid { node: 0, slot: 1, serial: 2, creation: 0 };
        let reason = ExitReason::Shutdown;
        let got = |kind, from| Event::In { kind, message: "M", from };
        let table = [
            (got(MessageKind::Call, Some(pid)), format!("got call M from {pid}"), (1, 0)),
            (got(MessageKind::Call, None), "got call M".to_owned(), (1, 0)),
            (got(MessageKind::Cast, None), "got cast M".to_owned(), (1, 0)),
            (got(MessageKind::Info, None), "got M".to_owned(), (1, 0)),
            (Event::Out { reply: "R", to: Some(pid) }, format!("sent R to {pid}"), (0, 1)),
            (Event::Out { reply: "R", to: None }, "sent R".to_owned(), (0, 1)),
            (Event::Continue { message: "M" }, "continues with M".to_owned(), (0, 0)),
            (Event::NoReply, "handled it".to_owned(), (0, 0)),
            (Event::Terminate { reason }, "terminates: shutdown".to_owned(), (0, 0)),
        ];
        for (event, text, counted) in table {
            let mut debug = Debug::new(DebugOptions::default().statistics().log(1), Duration::ZERO);
            debug.handle(&event, &(), pid);
            let statistics = debug.counted(Duration::ZERO).unwrap();
            assert_eq!(event.to_string(), text);
            assert_eq!((statistics.messages_in, statistics.messages_out), counted, "{event:?}");
            assert_eq!(debug.logged(), [event]);
        }
    }

    #[test]
    fn a_log_of_nothing_keeps_nothing() {
        let mut debug = Debug::new(DebugOptions::default().log(0), Duration::ZERO);
        debug.handle(&Event::NoReply, &(), Pid { node: 0, slot: 1, serial: 2, creation: 0 });
        assert!(debug.is_on() && debug.logged().is_empty());
    }
}
