//! Monitors of groups and of scopes.

use crate::support::*;
use perennial::{pg::GroupEvent, prelude::*};
use std::collections::HashMap;

rules! {
    pg6_a_monitor_of_a_group_tells_who_is_there_and_then_who_comes_and_goes
    pg6_a_monitor_of_the_scope_tells_of_all_groups
    pg6_one_who_ends_leaves_once_for_each_join
    pg6_who_was_told_of_a_down_was_told_of_the_leave_before
    pg6_demonitor_ends_the_messages
    pg6_monitors_of_one_process_are_independent
    pg6_a_monitor_is_of_one_scope
    pg6_a_monitor_goes_with_its_process
    pg6_who_has_ended_monitors_nothing
    pg6_a_member_that_monitors_is_told_of_the_others
}

async fn pg6_a_monitor_of_a_group_tells_who_is_there_and_then_who_comes_and_goes(rooms: Rooms) {
    let (p, q, watcher) = (idle(), idle(), watcher().await);
    rooms.join_all(room("a"), [p, p]).unwrap();
    let (monitor, members) = rooms.monitor(room("a"), &watcher.recipient()).unwrap();
    assert_eq!(members, [p, p]);
    rooms.join(room("b"), q).unwrap();
    rooms.join_all(room("a"), [q, p, q]).unwrap();
    rooms.leave("a", p).unwrap();
    rooms.leave("b", q).unwrap();
    assert_eq!(told(&watcher, monitor).await, [joined("a", [q, p, q]), left("a", [p])]);

    // Of a group that is not there yet, and that comes and goes.
    let (monitor, members) = rooms.monitor(room("c"), &watcher.recipient()).unwrap();
    assert_eq!(members, []);
    for _ in 0..2 {
        rooms.join(room("c"), p).unwrap();
        rooms.leave("c", p).unwrap();
        assert_eq!(told(&watcher, monitor).await, [joined("c", [p]), left("c", [p])]);
    }
}

async fn pg6_a_monitor_of_the_scope_tells_of_all_groups(rooms: Rooms) {
    let (p, q, watcher) = (idle(), idle(), watcher().await);
    rooms.join_all(room("a"), [p, p]).unwrap();
    rooms.join(room("b"), q).unwrap();
    let (monitor, groups) = rooms.monitor_scope(&watcher.recipient()).unwrap();
    assert_eq!(groups, HashMap::from([(room("a"), vec![p, p]), (room("b"), vec![q])]));
    rooms.join(room("c"), p).unwrap();
    rooms.leave("b", q).unwrap();
    rooms.leave("c", p).unwrap();
    let all = [joined("c", [p]), left("b", [q]), left("c", [p])];
    assert_eq!(told(&watcher, monitor).await, all);
}

async fn pg6_one_who_ends_leaves_once_for_each_join(rooms: Rooms) {
    let (p, q, watcher) = (idle(), idle(), watcher().await);
    rooms.join_all(room("a"), [p, q, p]).unwrap();
    let (monitor, _) = rooms.monitor_scope(&watcher.recipient()).unwrap();
    kill(p).await;
    assert_eq!(told(&watcher, monitor).await, [left("a", [p]), left("a", [p])]);
}

async fn pg6_who_was_told_of_a_down_was_told_of_the_leave_before(rooms: Rooms) {
    struct Both(Vec<&'static str>);
    impl GenServer for Both {
        type Args = (Rooms, Pid);
        async fn init((rooms, pid): Self::Args, cx: &mut Cx<Self>) -> Result<Self, InitError> {
            cx.monitor(pid);
            rooms.monitor(room("a"), &cx.recipient()).expect("it runs");
            Ok(Self(Vec::new()))
        }
    }
    impl HandleInfo<GroupEvent<String>> for Both {
        async fn handle_info(&mut self, event: GroupEvent<String>, _: &mut Cx<Self>) -> NoReply {
            self.0.push(if matches!(event, GroupEvent::Leave { .. }) { "leave" } else { "join" });
            noreply()
        }
    }
    impl HandleInfo<Down> for Both {
        async fn handle_info(&mut self, _: Down, _: &mut Cx<Self>) -> NoReply {
            self.0.push("down");
            noreply()
        }
    }
    impl HandleCall<Take> for Both {
        type Reply = Vec<&'static str>;
        async fn handle_call(&mut self, _: Take, _: &mut Cx<Self>) -> Reply<Self::Reply> {
            reply(self.0.clone())
        }
    }
    let p = idle();
    rooms.join(room("a"), p).unwrap();
    let both = gen_server::start::<Both>((rooms, p), ()).await.unwrap().server::<Both>().unwrap();
    kill(p).await;
    Node::current().settled().await;
    assert_eq!(both.call(Take).await.unwrap(), ["leave", "down"]);
}

async fn pg6_demonitor_ends_the_messages(rooms: Rooms) {
    let (p, watcher) = (idle(), watcher().await);
    let (of_group, _) = rooms.monitor(room("a"), &watcher.recipient()).unwrap();
    rooms.join(room("a"), p).unwrap();
    assert!(rooms.demonitor(of_group));
    assert!(!rooms.demonitor(of_group));
    rooms.leave("a", p).unwrap();
    assert_eq!(told(&watcher, of_group).await, [joined("a", [p])]);

    let (of_scope, _) = rooms.monitor_scope(&watcher.recipient()).unwrap();
    assert!(rooms.demonitor(of_scope));
    assert!(!rooms.demonitor(of_scope));
    rooms.join(room("a"), p).unwrap();
    assert_eq!(told(&watcher, of_scope).await, []);
}

async fn pg6_monitors_of_one_process_are_independent(rooms: Rooms) {
    let (p, watcher) = (idle(), watcher().await);
    let (first, _) = rooms.monitor(room("a"), &watcher.recipient()).unwrap();
    let (second, _) = rooms.monitor(room("a"), &watcher.recipient()).unwrap();
    let (scope, _) = rooms.monitor_scope(&watcher.recipient()).unwrap();
    rooms.join(room("a"), p).unwrap();
    let mut all = watcher.call(Take).await.unwrap();
    assert!(all.iter().all(|(_, told)| *told == joined("a", [p])));
    for monitor in [first, second, scope] {
        all.remove(all.iter().position(|(from, _)| *from == monitor).unwrap());
    }
    assert!(all.is_empty());
    assert!(rooms.demonitor(first));
    rooms.leave("a", p).unwrap();
    let left: Vec<_> = watcher.call(Take).await.unwrap().into_iter().map(|(from, _)| from).collect();
    assert!(left.len() == 2 && left.contains(&second) && left.contains(&scope));
}

async fn pg6_a_monitor_goes_with_its_process(rooms: Rooms) {
    let watcher = watcher().await;
    let (of_group, _) = rooms.monitor(room("a"), &watcher.recipient()).unwrap();
    let (of_scope, _) = rooms.monitor_scope(&watcher.recipient()).unwrap();
    kill(watcher.pid()).await;
    assert!(!rooms.demonitor(of_group));
    assert!(!rooms.demonitor(of_scope));
    rooms.join(room("a"), idle()).unwrap();
}

async fn pg6_who_has_ended_monitors_nothing(rooms: Rooms) {
    let (p, watcher) = (idle(), watcher().await);
    let to = watcher.recipient();
    kill(watcher.pid()).await;
    rooms.join(room("a"), p).unwrap();
    let (monitor, members) = rooms.monitor(room("a"), &to).unwrap();
    assert_eq!(members, [p]);
    assert!(!rooms.demonitor(monitor));
    let (monitor, groups) = rooms.monitor_scope(&to).unwrap();
    assert_eq!(groups, HashMap::from([(room("a"), vec![p])]));
    assert!(!rooms.demonitor(monitor));
}

async fn pg6_a_member_that_monitors_is_told_of_the_others(rooms: Rooms) {
    let (p, watcher) = (idle(), watcher().await);
    let (monitor, _) = rooms.monitor(room("a"), &watcher.recipient()).unwrap();
    rooms.join_all(room("a"), [watcher.pid(), p]).unwrap();
    rooms.leave("a", p).unwrap();
    rooms.leave("a", watcher.pid()).unwrap();
    let all = [joined("a", [watcher.pid(), p]), left("a", [p]), left("a", [watcher.pid()])];
    assert_eq!(told(&watcher, monitor).await, all);
    rooms.join(room("a"), watcher.pid()).unwrap();
    kill(watcher.pid()).await;
    assert_eq!(rooms.members("a"), []);
}

async fn pg6_a_monitor_is_of_one_scope(rooms: Rooms) {
    let (other, watcher) = (start("other").await, watcher().await);
    let (one, _) = rooms.monitor(room("a"), &watcher.recipient()).unwrap();
    let (two, _) = other.monitor_scope(&watcher.recipient()).unwrap();
    assert_ne!(one, two);
    assert!(!rooms.demonitor(two) && !other.demonitor(one));
    assert!(rooms.demonitor(one) && other.demonitor(two));
    assert!(!rooms.demonitor(one) && !other.demonitor(two));
}
