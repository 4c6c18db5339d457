//! Joining, leaving, and looking.

use crate::support::*;
use perennial::{
    node::Time,
    pg::{JoinError, LeaveError, Scope, ScopeError},
    prelude::*,
};

rules! {
    pg2_a_member_is_found
    pg2_joins_count_and_each_needs_a_leave
    pg2_several_join_at_once
    pg2_a_process_of_another_node_does_not_join
    pg2_who_has_ended_joins_and_leaves_at_once
    pg3_to_leave_a_group_one_is_not_in_is_an_error
    pg3_of_several_those_who_are_there_leave
    pg4_groups_with_members_are_listed
    pg4_an_unknown_scope_or_group_has_nobody
    pg1_scopes_have_nothing_to_do_with_each_other
    pg1_a_scope_starts_once
    pg1_a_scope_has_groups_of_one_type
}

async fn pg2_a_member_is_found(rooms: Rooms) {
    let (p, q) = (idle(), idle());
    rooms.join(room("a"), p).unwrap();
    rooms.join(room("a"), q).unwrap();
    rooms.join(room("b"), q).unwrap();
    assert_eq!(sorted(rooms.members("a")), [p, q]);
    assert_eq!(rooms.members("b"), [q]);
    assert_eq!(rooms.local_members(&room("b")), [q]);
}

async fn pg2_joins_count_and_each_needs_a_leave(rooms: Rooms) {
    let (p, q) = (idle(), idle());
    for pid in [p, q, p] {
        rooms.join(room("a"), pid).unwrap();
    }
    assert_eq!(sorted(rooms.members("a")), [p, p, q]);
    rooms.leave("a", p).unwrap();
    assert_eq!(sorted(rooms.members("a")), [p, q]);
    rooms.leave("a", p).unwrap();
    assert_eq!(rooms.leave("a", p), Err(LeaveError::NotJoined));
    assert_eq!(rooms.members("a"), [q]);
}

async fn pg2_several_join_at_once(rooms: Rooms) {
    let (p, q) = (idle(), idle());
    rooms.join_all(room("a"), [p, q, p]).unwrap();
    assert_eq!(sorted(rooms.members("a")), [p, p, q]);
    rooms.join_all(room("b"), []).unwrap();
    assert_eq!(rooms.which_groups(), ["a"]);
}

async fn pg2_a_process_of_another_node_does_not_join(rooms: Rooms) {
    let elsewhere = {
        let _entered = Node::new(Time::Real).enter();
        idle()
    };
    let here = idle();
    assert_eq!(rooms.join_all(room("a"), [here, elsewhere]), Err(JoinError::NotLocal(elsewhere)));
    assert_eq!(rooms.members("a"), []);
}

async fn pg2_who_has_ended_joins_and_leaves_at_once(rooms: Rooms) {
    let (p, dead) = (idle(), idle());
    kill(dead).await;
    let watcher = watcher().await;
    let (monitor, _) = rooms.monitor_scope(&watcher.recipient()).unwrap();
    rooms.join(room("a"), dead).unwrap();
    assert_eq!(rooms.which_groups(), Vec::<String>::new());
    rooms.join_all(room("a"), [dead, p]).unwrap();
    assert_eq!(rooms.members("a"), [p]);
    assert_eq!(told(&watcher, monitor).await, [joined("a", [p])]);
}

async fn pg3_to_leave_a_group_one_is_not_in_is_an_error(rooms: Rooms) {
    let (p, q) = (idle(), idle());
    assert_eq!(rooms.leave("a", p), Err(LeaveError::NotJoined));
    rooms.join(room("a"), q).unwrap();
    assert_eq!(rooms.leave("a", p), Err(LeaveError::NotJoined));
    assert_eq!(rooms.leave("b", q), Err(LeaveError::NotJoined));
    assert_eq!(rooms.leave_all("a", []), Err(LeaveError::NotJoined));
    assert_eq!(rooms.members("a"), [q]);
}

async fn pg3_of_several_those_who_are_there_leave(rooms: Rooms) {
    let (p, q, r) = (idle(), idle(), idle());
    rooms.join_all(room("a"), [p, q, q]).unwrap();
    let watcher = watcher().await;
    let (monitor, _) = rooms.monitor(room("a"), &watcher.recipient()).unwrap();
    assert_eq!(rooms.leave_all("a", [p, p, r, q]), Ok(()));
    assert_eq!(rooms.members("a"), [q]);
    assert_eq!(rooms.leave_all("a", [p, r]), Err(LeaveError::NotJoined));
    assert_eq!(told(&watcher, monitor).await, [left("a", [p, q])]);
}

async fn pg4_groups_with_members_are_listed(rooms: Rooms) {
    let p = idle();
    let watcher = watcher().await;
    rooms.monitor(room("watched"), &watcher.recipient()).unwrap();
    let names: Vec<String> = (0..50).map(|n| format!("room {n:02}")).collect();
    for name in &names {
        rooms.join(name.clone(), p).unwrap();
    }
    assert_eq!(sorted(rooms.which_groups()), names);
    for name in &names[1..] {
        rooms.leave(name, p).unwrap();
    }
    assert_eq!(rooms.which_groups(), ["room 00"]);
}

async fn pg4_an_unknown_scope_or_group_has_nobody(rooms: Rooms) {
    assert_eq!(rooms.members("a"), []);
    let unknown = Rooms::from(room("unknown"));
    assert_eq!(unknown.members("a"), []);
    assert_eq!(unknown.local_members("a"), []);
    assert_eq!(unknown.which_groups(), Vec::<String>::new());
    let error = ScopeError::Unknown("unknown".into());
    assert_eq!(unknown.join(room("a"), idle()), Err(JoinError::Scope(error.clone())));
    assert_eq!(unknown.leave("a", idle()), Err(LeaveError::Scope(error.clone())));
    let watcher = watcher().await;
    assert_eq!(unknown.monitor(room("a"), &watcher.recipient()), Err(error.clone()));
    assert_eq!(unknown.monitor_scope(&watcher.recipient()), Err(error));
}

async fn pg1_scopes_have_nothing_to_do_with_each_other(rooms: Rooms) {
    let default = Rooms::default();
    assert_eq!(default.as_str(), "pg");
    default.start_link().await.unwrap();
    let p = idle();
    rooms.join(room("a"), p).unwrap();
    default.join(room("b"), p).unwrap();
    assert_eq!((rooms.which_groups(), default.which_groups()), (vec![room("a")], vec![room("b")]));
    assert_eq!(default.leave("a", p), Err(LeaveError::NotJoined));
}

async fn pg1_a_scope_starts_once(rooms: Rooms) {
    let pid = rooms.name().pid_now().unwrap();
    assert_eq!(rooms.start_link().await, Err(StartError::AlreadyStarted(pid)));
    assert_eq!(Scope::<u8>::new("s").start_link().await, Err(StartError::AlreadyStarted(pid)));
}

async fn pg1_a_scope_has_groups_of_one_type(rooms: Rooms) {
    rooms.join(room("a"), idle()).unwrap();
    let other = Scope::<u8>::new("s");
    let wrong = ScopeError::WrongType("s".into());
    assert_eq!(other.join(1, idle()), Err(JoinError::Scope(wrong.clone())));
    assert_eq!(other.which_groups(), Vec::<u8>::new());

    process::register("process", idle()).unwrap();
    let process = ScopeError::WrongType("process".into());
    assert_eq!(Scope::<u8>::new("process").leave(&1, idle()), Err(LeaveError::Scope(process)));
}
