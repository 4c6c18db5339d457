//! Event, state and named time-outs.

use crate::puppet::{A, B, Log, Machine, Puppet, S, event, go, postponed_in, puppet, puppet_with};
use perennial::{
    gen_state_machine::{EventCx, HandleEvent, Transition, keep_state, next_state, repeat_state},
    prelude::*,
    time,
};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const ZERO: Duration = Duration::ZERO;

/// A puppet whose state, event and named time-outs run for a second.
async fn with_all_running() -> (Machine, Log) {
    let (machine, log) = puppet().await;
    let set = event("set", |_, _, _, cx| {
        cx.state_timeout(SECOND, "state");
        cx.timeout("name", SECOND, "named");
        cx.timeout(("name", 2), SECOND, "two");
        cx.event_timeout(SECOND, "event");
        keep_state()
    });
    machine.cast(set).unwrap();
    assert_eq!(log.take().await, ["set A"]);
    (machine, log)
}

rules! {
    async fn a_time_out_comes_when_it_is_due_and_once() {
        let (machine, log) = puppet().await;
        let begun = Node::current().now();
        let set = event("set", |_, _, _, cx| {
            cx.event_timeout(SECOND, "event");
            cx.state_timeout(2 * SECOND, "state");
            cx.timeout(7, 3 * SECOND, "named");
            keep_state()
        });
        machine.cast(set).unwrap();
        assert_eq!(log.take().await, ["set A"]);
        for (seconds, expected) in [(1, "event A"), (2, "state A"), (3, "named A")] {
            time::sleep((begun + seconds * SECOND).saturating_sub(Node::current().now())).await;
            assert_eq!(log.take().await, [expected]);
        }
        time::sleep(10 * SECOND).await;
        assert!(log.take().await.is_empty());
    }

    async fn any_event_cancels_the_event_time_out_and_no_other() {
        let (machine, log) = with_all_running().await;
        machine.cast("any").unwrap();
        time::sleep(2 * SECOND).await;
        assert_eq!(log.take().await, ["any A", "state A", "named A", "two A"]);
    }

    async fn an_inserted_event_cancels_the_event_time_out() {
        let (machine, log) = puppet().await;
        let set = event("set", |_, _, _, cx| {
            cx.event_timeout(SECOND, "event");
            cx.next_event("inserted");
            keep_state()
        });
        machine.cast(set).unwrap();
        time::sleep(2 * SECOND).await;
        assert_eq!(log.take().await, ["set A", "inserted A"]);
    }

    async fn a_change_of_state_cancels_the_state_time_out_and_named_ones_survive() {
        let (machine, log) = with_all_running().await;
        machine.cast(go("go", B)).unwrap();
        time::sleep(2 * SECOND).await;
        assert_eq!(log.take().await, ["go A", "enter A B", "named B", "two B"]);
    }

    async fn a_state_that_is_repeated_or_equal_keeps_its_state_time_out() {
        for again in [event("again", |_, _, _, _| repeat_state()), go("again", A)] {
            let (machine, log) = with_all_running().await;
            machine.cast(again).unwrap();
            time::sleep(2 * SECOND).await;
            let seen = log.take().await;
            assert_eq!(seen.first().unwrap(), "again A");
            assert!(seen.ends_with(&["state A".into(), "named A".into(), "two A".into()]), "{seen:?}");
        }
    }

    async fn a_state_time_out_set_with_the_change_is_that_of_the_new_state() {
        let (machine, log) = puppet().await;
        let set = event("set", |_, _, _, cx| {
            cx.state_timeout(SECOND, "state");
            next_state(B)
        });
        machine.cast(set).unwrap();
        time::sleep(2 * SECOND).await;
        assert_eq!(log.take().await, ["set A", "enter A B", "state B"]);
    }

    async fn one_that_is_set_again_starts_again() {
        let (machine, log) = with_all_running().await;
        time::sleep(SECOND / 2).await;
        let again = event("again", |_, _, _, cx| {
            cx.state_timeout(SECOND, "state again");
            cx.timeout("name", SECOND, "named again");
            keep_state()
        });
        machine.cast(again).unwrap();
        time::sleep(SECOND * 3 / 4).await;
        assert_eq!(log.take().await, ["again A", "two A"]);
        time::sleep(SECOND / 2).await;
        assert_eq!(log.take().await, ["state again A", "named again A"]);
    }

    async fn one_that_is_cancelled_does_not_come() {
        let (machine, log) = with_all_running().await;
        let cancel = event("cancel", |_, _, _, cx| {
            cx.cancel_timeout("name");
            cx.cancel_timeout("nobody");
            cx.cancel_state_timeout();
            keep_state()
        });
        machine.cast(cancel).unwrap();
        time::sleep(2 * SECOND).await;
        assert_eq!(log.take().await, ["cancel A", "two A"]);
    }

    async fn one_that_is_updated_comes_when_it_was_due_and_at_once_if_none_runs() {
        let (machine, log) = with_all_running().await;
        time::sleep(SECOND / 2).await;
        let update = event("update", |_, _, _, cx| {
            cx.update_state_timeout("new");
            cx.update_timeout("none", "at once");
            keep_state()
        });
        machine.cast(update).unwrap();
        assert_eq!(log.take().await, ["update A", "at once A"]);
        time::sleep(SECOND * 3 / 4).await;
        assert_eq!(log.take().await, ["new A", "named A", "two A"]);
    }

    async fn an_update_with_a_change_of_state_comes_at_once() {
        let (machine, log) = with_all_running().await;
        let update = event("update", |_, _, _, cx| {
            cx.update_state_timeout("new");
            next_state(B)
        });
        machine.cast(update).unwrap();
        assert_eq!(log.take().await, ["update A", "enter A B", "new B"]);
    }

    async fn an_update_of_one_of_zero_keeps_its_place() {
        let (machine, log) = puppet().await;
        let set = event("set", |_, _, _, cx| {
            cx.state_timeout(ZERO, "state");
            cx.timeout("name", ZERO, "named");
            cx.next_event(event("update", |_, _, _, cx| {
                cx.update_state_timeout("new");
                keep_state()
            }));
            keep_state()
        });
        machine.cast(set).unwrap();
        assert_eq!(log.take().await, ["set A", "update A", "new A", "named A"]);
    }

    async fn zero_time_outs_come_before_the_mailbox_in_their_order() {
        let (machine, log) = puppet().await;
        let set = event("set", |_, _, _, cx| {
            cx.me().cast("mail").unwrap();
            cx.event_timeout(ZERO, "event");
            cx.state_timeout(ZERO, "state");
            cx.timeout("name", ZERO, "named");
            keep_state()
        });
        machine.cast(set).unwrap();
        assert_eq!(log.take().await, ["set A", "event A", "state A", "named A", "mail A"]);
    }

    async fn another_zero_time_out_cancels_the_event_time_out_behind_it() {
        let (machine, log) = puppet().await;
        let set = event("set", |_, _, _, cx| {
            cx.me().cast("mail").unwrap();
            cx.timeout("name", ZERO, "named");
            cx.state_timeout(ZERO, "state");
            cx.event_timeout(ZERO, "event");
            keep_state()
        });
        machine.cast(set).unwrap();
        assert_eq!(log.take().await, ["set A", "named A", "state A", "mail A"]);
    }

    async fn zero_time_outs_come_after_inserted_events_which_cancel_that_of_an_event() {
        let (machine, log) = puppet().await;
        let set = event("set", |_, _, _, cx| {
            cx.me().cast("mail").unwrap();
            cx.timeout("name", ZERO, "named");
            cx.state_timeout(ZERO, "state");
            cx.event_timeout(ZERO, "event");
            cx.next_event("i1");
            cx.next_event("i2");
            next_state(B)
        });
        machine.cast(set).unwrap();
        let all = ["set A", "enter A B", "i1 B", "i2 B", "named B", "state B", "mail B"];
        assert_eq!(log.take().await, all);
    }

    async fn of_several_for_one_kind_the_last_counts_and_has_its_place() {
        let (machine, log) = puppet().await;
        let set = event("set", |_, _, _, cx| {
            cx.state_timeout(ZERO, "first");
            cx.timeout("name", ZERO, "named");
            cx.state_timeout(ZERO, "last");
            keep_state()
        });
        machine.cast(set).unwrap();
        assert_eq!(log.take().await, ["set A", "named A", "last A"]);
    }

    async fn a_change_of_state_cancels_a_state_time_out_of_zero() {
        let (machine, log) = puppet().await;
        let set = event("set", |_, _, _, cx| {
            cx.state_timeout(ZERO, "state");
            cx.timeout("name", ZERO, "named");
            cx.next_event(go("go", B));
            keep_state()
        });
        machine.cast(set).unwrap();
        assert_eq!(log.take().await, ["set A", "go A", "enter A B", "named B"]);
    }

    async fn one_of_zero_that_is_set_again_comes_at_its_new_time() {
        let (machine, log) = puppet().await;
        // OTP 25 delivers the second one as a message that nobody knows.
        for (again, now) in [(ZERO, &["set A", "again A", "named A", "new A"][..]), (SECOND, &["set A", "again A", "named A"])] {
            let set = event("set", move |_, _, _, cx| {
                cx.state_timeout(ZERO, "state");
                cx.timeout("name", ZERO, "named");
                cx.next_event(event("again", move |_, _, _, cx| {
                    cx.state_timeout(again, "new");
                    keep_state()
                }));
                keep_state()
            });
            machine.cast(set).unwrap();
            assert_eq!(log.take().await, now);
        }
        time::sleep(SECOND).await;
        assert_eq!(log.take().await, ["new A"]);
    }

    async fn a_time_out_that_has_fired_is_dropped_if_what_came_before_changes_the_state() {
        for (to, expected) in [(A, vec!["slow A", "state A"]), (B, vec!["slow A", "enter A B"])] {
            let (machine, log) = puppet().await;
            let set = event("set", |_, _, _, cx| {
                cx.state_timeout(SECOND, "state");
                keep_state()
            });
            machine.cast(set).unwrap();
            assert_eq!(log.take().await, ["set A"]);
            machine.cast(Slow(to)).unwrap();
            time::sleep(3 * SECOND).await;
            assert_eq!(log.take().await, expected);
        }
    }

    async fn a_time_out_that_was_fired_late_is_no_event() {
        let (machine, log) = puppet().await;
        let set = event("set", |_, _, _, cx| {
            cx.state_timeout(SECOND, "state");
            keep_state()
        });
        machine.cast(set).unwrap();
        machine.cast(Slow(B)).unwrap();
        // Behind the fired time-out in the mailbox; sets an event time-out that a stale one must not cancel.
        time::sleep(SECOND / 2).await;
        machine.cast(event("idle", |_, _, _, cx| {
            cx.event_timeout(SECOND, "event");
            keep_state()
        })).unwrap();
        time::sleep(5 * SECOND).await;
        assert_eq!(log.take().await, ["set A", "slow A", "enter A B", "idle B", "event B"]);
    }

    async fn a_message_that_came_before_the_time_out_is_handled_before_it() {
        let (machine, log) = puppet().await;
        let set = event("set", |_, _, _, cx| {
            cx.state_timeout(SECOND, "state");
            keep_state()
        });
        machine.cast(set).unwrap();
        machine.cast(Slow(A)).unwrap();
        machine.cast("before").unwrap();
        time::sleep(3 * SECOND / 2).await;
        machine.cast("after").unwrap();
        time::sleep(3 * SECOND).await;
        assert_eq!(log.take().await, ["set A", "slow A", "before A", "state A", "after A"]);
    }

    async fn a_time_out_can_be_postponed() {
        let (machine, log) = puppet().await;
        let set = event("set", |_, _, _, cx| {
            cx.state_timeout(SECOND, postponed_in(&[A], "state"));
            keep_state()
        });
        machine.cast(set).unwrap();
        time::sleep(2 * SECOND).await;
        machine.cast(go("go", B)).unwrap();
        assert_eq!(log.take().await, ["set A", "state A", "go A", "enter A B", "state B"]);
    }

    async fn time_outs_of_init_begin_when_the_state_is_entered() {
        let (_machine, log) = puppet_with(|_, cx| {
            cx.me().cast("mail").unwrap();
            cx.state_timeout(ZERO, "state");
            cx.event_timeout(ZERO, "event");
            cx.timeout("name", ZERO, "named");
            cx.next_event("i1");
            cx.next_event("i2");
            Ok(())
        })
        .await;
        let all = ["enter A A", "i1 A", "i2 A", "state A", "named A", "mail A"];
        assert_eq!(log.take().await, all);
    }

    async fn a_machine_that_ends_keeps_no_timer() {
        let (machine, log) = with_all_running().await;
        machine.stop(ExitReason::Normal).await.unwrap();
        time::sleep(2 * SECOND).await;
        assert_eq!(log.take().await, ["terminate normal A"]);
    }
}

/// An event whose handler takes two seconds, and goes to a state.
struct Slow(S);

impl HandleEvent<Slow> for Puppet {
    async fn handle_event(&mut self, Slow(to): Slow, state: &S, _: &mut EventCx<'_, Self>) -> Transition<S> {
        self.log.add(format!("slow {state:?}"));
        time::sleep(2 * SECOND).await;
        next_state(to)
    }
}
