//! `log`, `statistics`, `trace`, `install`, `remove`, `no_debug`, and the option `debug` of a start.

use crate::support::{
    All, AllFrom, Bye, Continues, Fail, Ignored, Numbers, SECOND, boom, numbers, numbers_with,
};
use perennial::{
    gen_server::{DebugOptions, Options},
    prelude::*,
    sys::{self, Event, MessageKind},
    time,
};
use std::{
    ops::ControlFlow::{self, Break, Continue},
    sync::{Arc, Mutex},
};

fn cast(message: &'static str) -> Event {
    got(MessageKind::Cast, message, None)
}

/// An event that has no public constructor, as a function is shown it.
fn got(kind: MessageKind, message: &'static str, from: Option<Pid>) -> Event {
    Event::In { kind, message, from }
}

fn called<M>() -> Event {
    got(MessageKind::Call, std::any::type_name::<M>(), None)
}

fn sent<R>() -> Event {
    Event::Out { reply: std::any::type_name::<R>(), to: None }
}

/// Waits until all that was sent is handled. A reply is sent before the event that says so.
async fn handled(server: &ServerRef<Numbers>) {
    sys::get_state(server).await.unwrap();
}

/// Events that were seen, each with how many numbers the server had.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(Event, usize)>>>);

impl Seen {
    fn see(&self, event: &Event, numbers: &Numbers) {
        self.0.lock().unwrap().push((event.clone(), numbers.0.len()));
    }

    fn function(
        &self,
        then: ControlFlow<()>,
    ) -> impl FnMut(&Event, &Numbers) -> ControlFlow<()> + Send + 'static {
        let this = self.clone();
        move |event, numbers| {
            this.see(event, numbers);
            then
        }
    }

    fn take(&self) -> Vec<(Event, usize)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

rules! {
    async fn each_message_is_an_event_before_and_after() {
        let server = numbers().await;
        sys::log_on(&server, 100).await.unwrap();
        server.cast(1_u32).unwrap();
        server.send(2_u32);
        server.call(All).await.unwrap();
        server.call(AllFrom).await.unwrap();
        assert_eq!(server.call(Ignored).await, Err(CallError::NoReply));
        server.call(Continues).await.unwrap();
        let expected = [
            cast("u32"),
            Event::NoReply,
            got(MessageKind::Info, "u32", None),
            Event::NoReply,
            called::<All>(),
            sent::<Vec<u32>>(),
            called::<AllFrom>(),
            sent::<Vec<u32>>(),
            called::<Ignored>(),
            Event::NoReply,
            called::<Continues>(),
            sent::<()>(),
            Event::Continue { message: "u32" },
            Event::NoReply,
        ];
        assert_eq!(sys::log(&server).await.unwrap(), expected);
    }

    async fn an_event_of_a_call_says_which_process_called() {
        let server = numbers().await;
        sys::log_on(&server, 2).await.unwrap();
        let caller = process::spawn({
            let server = server.clone();
            move |_: Inbox<()>| async move { drop(server.call(All).await) }
        });
        process::monitor(caller).await;
        let expected = [
            got(MessageKind::Call, std::any::type_name::<All>(), Some(caller)),
            Event::Out { reply: std::any::type_name::<Vec<u32>>(), to: Some(caller) },
        ];
        assert_eq!(sys::log(&server).await.unwrap(), expected);
    }

    async fn the_log_keeps_the_last_events_the_oldest_first() {
        let server = numbers().await;
        assert_eq!(sys::log(&server).await, Ok(vec![]));
        sys::log_on(&server, 3).await.unwrap();
        for n in [1_u32, 2] {
            server.cast(n).unwrap();
        }
        assert_eq!(sys::log(&server).await.unwrap(), [Event::NoReply, cast("u32"), Event::NoReply]);
        // What is kept stays when more, or fewer, are to be.
        sys::log_on(&server, 10).await.unwrap();
        assert_eq!(sys::log(&server).await.unwrap().len(), 3);
        sys::log_on(&server, 1).await.unwrap();
        assert_eq!(sys::log(&server).await.unwrap(), [Event::NoReply]);
        sys::log_off(&server).await.unwrap();
        server.cast(3_u32).unwrap();
        assert_eq!(sys::log(&server).await, Ok(vec![]));
    }

    async fn system_messages_are_no_events_and_what_waits_is_none_yet() {
        let server = numbers().await;
        sys::log_on(&server, 10).await.unwrap();
        sys::suspend(&server).await.unwrap();
        server.cast(1_u32).unwrap();
        assert_eq!(sys::log(&server).await, Ok(vec![]));
        sys::resume(&server).await.unwrap();
        assert_eq!(sys::log(&server).await.unwrap(), [cast("u32"), Event::NoReply]);
    }

    async fn statistics_count_messages_and_replies_since_they_were_switched_on() {
        let server = numbers().await;
        assert_eq!(sys::statistics(&server).await, Ok(None));
        server.cast(1_u32).unwrap();
        sys::statistics_on(&server).await.unwrap();
        let start = Node::current().now();
        for _ in 0..3 {
            server.call(All).await.unwrap();
        }
        server.cast(1_u32).unwrap();
        time::sleep(SECOND).await;
        // Once more changes nothing.
        sys::statistics_on(&server).await.unwrap();
        let statistics = sys::statistics(&server).await.unwrap().unwrap();
        assert_eq!((statistics.messages_in, statistics.messages_out), (4, 3));
        assert_eq!((statistics.start_time, statistics.current_time), (start, start + SECOND));
        sys::statistics_off(&server).await.unwrap();
        assert_eq!(sys::statistics(&server).await, Ok(None));
    }

    async fn an_installed_function_is_told_of_events_and_sees_the_state() {
        let server = numbers().await;
        let seen = Seen::default();
        sys::install(&server, "see", seen.function(Continue(()))).await.unwrap();
        server.cast(1_u32).unwrap();
        sys::remove(&server, "see").await.unwrap();
        server.cast(2_u32).unwrap();
        sys::get_state(&server).await.unwrap();
        assert_eq!(seen.take(), [(cast("u32"), 0), (Event::NoReply, 1)]);
    }

    async fn a_second_function_of_one_name_is_ignored() {
        let server = numbers().await;
        let (first, second) = (Seen::default(), Seen::default());
        sys::install(&server, "see", first.function(Continue(()))).await.unwrap();
        sys::install(&server, "see", second.function(Continue(()))).await.unwrap();
        server.call(All).await.unwrap();
        handled(&server).await;
        assert_eq!((first.take().len(), second.take().len()), (2, 0));
    }

    async fn to_remove_a_function_that_is_not_there_does_nothing() {
        let server = numbers().await;
        assert_eq!(sys::remove(&server, "nobody").await, Ok(()));
    }

    async fn a_function_that_breaks_is_removed() {
        let server = numbers().await;
        let seen = Seen::default();
        sys::install(&server, "once", seen.function(Break(()))).await.unwrap();
        server.call(All).await.unwrap();
        server.call(All).await.unwrap();
        handled(&server).await;
        assert_eq!(seen.take().len(), 1);
        assert_eq!(sys::get_status(&server).await.unwrap().installed, [""; 0]);
    }

    async fn a_function_that_panics_is_removed_and_the_server_lives() {
        let server = numbers().await;
        let seen = Seen::default();
        sys::install(&server, "bad", |_, _: &Numbers| panic!("bad")).await.unwrap();
        sys::install(&server, "good", seen.function(Continue(()))).await.unwrap();
        assert_eq!(server.call(All).await, Ok(vec![]));
        handled(&server).await;
        assert_eq!(seen.take().len(), 2);
        assert_eq!(sys::get_status(&server).await.unwrap().installed, ["good"]);
    }

    async fn no_debug_removes_everything() {
        let server = numbers().await;
        let seen = Seen::default();
        sys::install(&server, "see", seen.function(Continue(()))).await.unwrap();
        sys::log_on(&server, 10).await.unwrap();
        sys::statistics_on(&server).await.unwrap();
        sys::trace_on(&server).await.unwrap();
        sys::no_debug(&server).await.unwrap();
        server.call(All).await.unwrap();
        let status = sys::get_status(&server).await.unwrap();
        assert_eq!((status.debug, status.installed.len(), status.log.len()), (DebugOptions::default(), 0, 0));
        assert_eq!(sys::statistics(&server).await, Ok(None));
        assert_eq!(seen.take(), []);
    }

    async fn no_debug_does_not_resume() {
        let server = numbers().await;
        sys::suspend(&server).await.unwrap();
        sys::no_debug(&server).await.unwrap();
        server.cast(1_u32).unwrap();
        assert_eq!(sys::get_state(&server).await, Ok(Numbers(vec![])));
    }

    async fn a_server_can_be_started_with_debug_options() {
        let options = Options::default().debug(DebugOptions::default().log(2).statistics());
        let server = numbers_with(options).await;
        server.call(All).await.unwrap();
        assert_eq!(sys::log(&server).await.unwrap(), [called::<All>(), sent::<Vec<u32>>()]);
        assert_eq!(sys::statistics(&server).await.unwrap().unwrap().messages_in, 1);
    }

    async fn the_end_is_an_event() {
        let seen = Seen::default();
        let server = numbers().await;
        sys::install(&server, "see", seen.function(Continue(()))).await.unwrap();
        server.cast(Fail).unwrap();
        process::monitor(server.pid()).await;
        let fail = cast(std::any::type_name::<Fail>());
        assert_eq!(seen.take(), [(fail, 0), (Event::Terminate { reason: boom() }, 0)]);

        let server = numbers().await;
        sys::install(&server, "see", seen.function(Continue(()))).await.unwrap();
        server.call(Bye).await.unwrap();
        let reason = ExitReason::Normal;
        assert_eq!(seen.take(), [(called::<Bye>(), 0), (Event::Terminate { reason }, 0)]);

        let server = numbers().await;
        sys::install(&server, "see", seen.function(Continue(()))).await.unwrap();
        server.stop(ExitReason::Shutdown).await.unwrap();
        assert_eq!(seen.take(), [(Event::Terminate { reason: ExitReason::Shutdown }, 0)]);
    }
}
