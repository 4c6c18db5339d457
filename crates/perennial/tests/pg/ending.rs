//! The end of a member, and the end of a scope.

use crate::support::*;
use perennial::{
    pg::{JoinError, Scope, ScopeError},
    prelude::*,
    supervisor::{Strategy, Supervisor},
};
use std::{
    hash::{Hash, Hasher},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

rules! {
    pg5_one_who_ended_is_nowhere_when_its_down_arrives
    pg5_one_who_ended_is_nowhere_when_its_exit_arrives
    pg5_a_normal_end_and_a_panic_leave_too
    pg5_the_end_of_one_touches_nobody_elses_membership
    pg8_groups_and_monitors_are_lost_with_the_scope_and_members_live
    pg8_names_that_panic_in_drop_do_not_stop_the_others_from_going
    pg8_under_a_supervisor_members_join_again
    pg8_what_was_in_the_old_scope_does_not_touch_the_new_one
    pg9_the_scope_minds_no_exit_signals
    pg5_an_end_looks_at_its_own_groups_only
    a_group_name_goes_with_its_last_member
}

async fn pg5_one_who_ended_is_nowhere_when_its_down_arrives(rooms: Rooms) {
    for _ in 0..50 {
        let p = idle();
        rooms.join_all(room("a"), [p, p]).unwrap();
        rooms.join(room("b"), p).unwrap();
        kill(p).await;
        assert_eq!(rooms.members("a"), []);
        assert_eq!(rooms.which_groups(), Vec::<String>::new());
    }
}

async fn pg5_one_who_ended_is_nowhere_when_its_exit_arrives(rooms: Rooms) {
    let found = Arc::new(Mutex::new(None));
    let tell = found.clone();
    let (_, end) = process::spawn_monitor(|mut inbox: Inbox<Exit>| async move {
        inbox.trap_exit(true);
        let its = rooms.clone();
        process::spawn_link(|inbox: Inbox<()>| async move { its.join(room("a"), inbox.pid()).unwrap() });
        inbox.receive().await;
        *tell.lock().unwrap() = Some(rooms.members("a"));
    });
    assert!(end.await.reason.is_normal());
    assert_eq!(found.lock().unwrap().take(), Some(Vec::new()));
}

async fn pg5_a_normal_end_and_a_panic_leave_too(rooms: Rooms) {
    for panics in [false, true] {
        let its = rooms.clone();
        let (_, end) = process::spawn_monitor(|inbox: Inbox<()>| async move {
            its.join(room("a"), inbox.pid()).unwrap();
            assert_eq!(its.members("a"), [inbox.pid()]);
            assert!(!panics, "as it should");
        });
        assert_eq!(end.await.reason.is_normal(), !panics);
        assert_eq!(rooms.members("a"), []);
    }
}

async fn pg5_the_end_of_one_touches_nobody_elses_membership(rooms: Rooms) {
    let (p, q) = (idle(), idle());
    for name in ["a", "b"] {
        rooms.join_all(room(name), [p, q, p]).unwrap();
    }
    rooms.join(room("c"), q).unwrap();
    kill(p).await;
    assert_eq!(sorted(rooms.which_groups()), ["a", "b", "c"]);
    for name in ["a", "b", "c"] {
        assert_eq!(rooms.members(name), [q]);
    }
}

async fn pg8_groups_and_monitors_are_lost_with_the_scope_and_members_live(rooms: Rooms) {
    let (p, watcher) = (idle(), watcher().await);
    rooms.join(room("a"), p).unwrap();
    let (monitor, _) = rooms.monitor(room("a"), &watcher.recipient()).unwrap();
    rooms.name().stop(ExitReason::Shutdown).await.unwrap();
    assert_eq!(rooms.members("a"), []);
    assert_eq!(rooms.join(room("a"), p), Err(JoinError::Scope(ScopeError::Unknown("s".into()))));
    assert!(!rooms.demonitor(monitor));
    assert!(process::is_alive(p) && process::is_alive(watcher.pid()));

    rooms.start_link().await.unwrap();
    assert_eq!(rooms.members("a"), []);
    assert!(!rooms.demonitor(monitor));
    rooms.join(room("a"), p).unwrap();
    assert_eq!(rooms.members("a"), [p]);
    assert_eq!(told(&watcher, monitor).await, []);
}

async fn pg8_names_that_panic_in_drop_do_not_stop_the_others_from_going(_: Rooms) {
    /// Panics in its drop when it is told to.
    #[derive(Clone, Debug)]
    struct Bad(u8, Arc<AtomicBool>);
    impl Drop for Bad {
        fn drop(&mut self) {
            assert!(!self.1.load(SeqCst), "in drop");
        }
    }
    impl PartialEq for Bad {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
    impl Eq for Bad {}
    impl Hash for Bad {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }
    let scope = Scope::<Bad>::from(room("bad"));
    scope.start_link().await.unwrap();
    let (panics, p) = (Arc::new(AtomicBool::new(false)), idle());
    (0..20).for_each(|group| scope.join(Bad(group, panics.clone()), p).unwrap());
    panics.store(true, SeqCst);
    kill(scope.name().pid_now().unwrap()).await;
    panics.store(false, SeqCst);
    // One that was not dropped would keep it.
    assert_eq!(Arc::strong_count(&panics), 1);
    assert!(process::is_alive(p));
}

async fn pg8_under_a_supervisor_members_join_again(_: Rooms) {
    struct Guest;
    impl GenServer for Guest {
        type Args = Rooms;
        async fn init(rooms: Rooms, cx: &mut Cx<Self>) -> Result<Self, InitError> {
            rooms.join(room("a"), cx.pid())?;
            Ok(Self)
        }
    }
    let rooms = Rooms::from(room("supervised"));
    let children = [rooms.child_spec(), Guest::child_spec(rooms.clone())];
    Supervisor::start_link(children, Strategy::RestForOne).await.unwrap();
    let before = rooms.members("a");
    kill(rooms.name().pid_now().unwrap()).await;
    Node::current().settled().await;
    let after = rooms.members("a");
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before, after);
}

async fn pg8_what_was_in_the_old_scope_does_not_touch_the_new_one(rooms: Rooms) {
    let (p, q, watcher) = (idle(), idle(), watcher().await);
    rooms.join_all(room("a"), [p, q]).unwrap();
    rooms.monitor_scope(&watcher.recipient()).unwrap();
    kill(rooms.name().pid_now().unwrap()).await;
    rooms.start_link().await.unwrap();
    rooms.join(room("a"), q).unwrap();
    kill(p).await;
    kill(watcher.pid()).await;
    assert_eq!(rooms.members("a"), [q]);
    kill(q).await;
    assert_eq!(rooms.members("a"), []);
}

async fn pg9_the_scope_minds_no_exit_signals(rooms: Rooms) {
    let p = idle();
    rooms.join(room("a"), p).unwrap();
    process::exit(rooms.name().pid_now().unwrap(), ExitReason::other("boom"));
    Node::current().settled().await;
    assert_eq!(rooms.members("a"), [p]);
}

/// A name that counts how often it is compared and hashed.
#[derive(Clone)]
struct Counted(u32, Arc<AtomicUsize>);
impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        self.1.fetch_add(1, SeqCst);
        self.0 == other.0
    }
}
impl Eq for Counted {}
impl Hash for Counted {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.1.fetch_add(1, SeqCst);
        self.0.hash(hasher);
    }
}

async fn pg5_an_end_looks_at_its_own_groups_only(_: Rooms) {
    let groups = Scope::<Counted>::new("counted");
    groups.start_link().await.unwrap();
    let (looks, stays, ends) = (Arc::new(AtomicUsize::new(0)), idle(), idle());
    for n in 0..1000 {
        groups.join(Counted(n, looks.clone()), stays).unwrap();
    }
    for n in [7, 500] {
        groups.join_all(Counted(n, looks.clone()), [ends, stays]).unwrap();
    }
    looks.store(0, SeqCst);
    kill(ends).await;
    // Its memberships are found by themselves.
    assert_eq!(looks.swap(0, SeqCst), 0);
    assert_eq!(groups.members(&Counted(7, looks.clone())), [stays, stays]);
    // The hash, and one comparison.
    assert_eq!(looks.load(SeqCst), 2);
}

async fn a_group_name_goes_with_its_last_member(_: Rooms) {
    let names = Scope::<Arc<str>>::new("names");
    names.start_link().await.unwrap();
    let (p, name) = (idle(), Arc::<str>::from("a"));
    names.join(name.clone(), p).unwrap();
    names.join(name.clone(), p).unwrap();
    // However many have joined, the name is kept once.
    assert_eq!(Arc::strong_count(&name), 2);
    names.leave(&name, p).unwrap();
    assert_eq!(Arc::strong_count(&name), 2);
    kill(p).await;
    assert_eq!(Arc::strong_count(&name), 1);
}
