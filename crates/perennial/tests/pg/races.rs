//! Many at once, on real threads.

use crate::support::*;
use perennial::{
    pg::{GroupEvent, MonitorRef},
    prelude::*,
};
use std::{collections::HashMap, thread};

/// Follows a scope from its first look on.
#[derive(Default)]
struct Mirror {
    groups: HashMap<String, Vec<Pid>>,
}

impl GenServer for Mirror {
    type Args = ();
    async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self::default())
    }
}

/// Begins to follow.
struct Follow(Rooms);
impl HandleCall<Follow> for Mirror {
    type Reply = MonitorRef;
    async fn handle_call(&mut self, Follow(rooms): Follow, cx: &mut Cx<Self>) -> Reply<MonitorRef> {
        let (monitor, groups) = rooms.monitor_scope(&cx.recipient()).expect("it runs");
        self.groups = groups;
        reply(monitor)
    }
}

impl HandleInfo<GroupEvent<String>> for Mirror {
    async fn handle_info(&mut self, event: GroupEvent<String>, _: &mut Cx<Self>) -> NoReply {
        match event {
            GroupEvent::Join { group, pids, .. } => {
                self.groups.entry((*group).clone()).or_default().extend(pids);
            }
            GroupEvent::Leave { group, pids, .. } => {
                let members = self.groups.get_mut(&*group).expect("who leaves was there");
                for pid in pids {
                    let index = members.iter().position(|it| *it == pid).expect("who leaves was there");
                    members.swap_remove(index);
                }
                if members.is_empty() {
                    self.groups.remove(&*group);
                }
            }
        }
        noreply()
    }
}

/// What it takes the groups to be.
struct Groups;
impl HandleCall<Groups> for Mirror {
    type Reply = HashMap<String, Vec<Pid>>;
    async fn handle_call(&mut self, _: Groups, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        reply(self.groups.iter().map(|(name, pids)| (name.clone(), sorted(pids.clone()))).collect())
    }
}

#[perennial::test(flavor = "multi_thread", workers = 2)]
async fn pg7_who_follows_the_messages_knows_the_members() {
    let rooms = start("s").await;
    let mut mirrors = Vec::new();
    let pids: Vec<Pid> = (0..40).map(|_| idle()).collect();
    let threads: Vec<_> = (0..3_usize)
        .map(|seed| {
            let (rooms, pids, node) = (rooms.clone(), pids.clone(), Node::current());
            thread::spawn(move || {
                let _entered = node.enter();
                let mut random = seed * 7 + 1;
                for step in 0..400 {
                    random = random
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    let (name, pid) = (format!("{}", (random >> 33) % 5), pids[(random >> 40) % pids.len()]);
                    match (random >> 20) % 8 {
                        0..4 => rooms.join(name, pid).unwrap(),
                        4 => rooms.join_all(name, [pid, pids[step % pids.len()], pid]).unwrap(),
                        // It may not be there.
                        _ => drop(rooms.leave(&name, pid)),
                    }
                    if step % 100 == 99 {
                        process::kill(pid);
                    }
                }
            })
        })
        .collect();
    for _ in 0..3 {
        let mirror = gen_server::start::<Mirror>((), ()).await.unwrap().server::<Mirror>().unwrap();
        mirror.call(Follow(rooms.clone())).await.unwrap();
        mirrors.push(mirror);
    }
    tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| thread.join().unwrap()))
        .await
        .unwrap();
    for pid in &pids[..20] {
        let down = process::monitor(*pid);
        process::kill(*pid);
        down.await;
    }
    // Those that were killed by a thread too: then nobody joins or leaves any more.
    for pid in &pids[20..] {
        if !process::is_alive(*pid) {
            process::monitor(*pid).await;
        }
    }
    let names = rooms.which_groups();
    let groups: HashMap<_, _> =
        names.into_iter().map(|name| (name.clone(), sorted(rooms.members(&name)))).collect();
    for mirror in mirrors {
        assert_eq!(mirror.call(Groups).await.unwrap(), groups);
    }
}

#[perennial::test(flavor = "multi_thread", workers = 2)]
async fn pg5_who_joins_while_it_dies_is_not_left_behind() {
    let rooms = start("s").await;
    for _ in 0..200 {
        let p = idle();
        let down = process::monitor(p);
        let (its, node) = (rooms.clone(), Node::current());
        let joins = thread::spawn(move || {
            let _entered = node.enter();
            for _ in 0..20 {
                its.join(room("a"), p).unwrap();
            }
        });
        process::kill(p);
        down.await;
        assert_eq!(rooms.members("a"), []);
        tokio::task::spawn_blocking(|| joins.join().unwrap()).await.unwrap();
        assert_eq!(rooms.members("a"), []);
    }
}

#[perennial::test(flavor = "multi_thread", workers = 2)]
async fn pg8_who_joins_while_the_scope_ends_is_in_the_old_one_or_refused() {
    let p = idle();
    for _ in 0..50 {
        let rooms = start("s").await;
        let (its, node) = (rooms.clone(), Node::current());
        let joins = thread::spawn(move || {
            let _entered = node.enter();
            while its.join(room("a"), p).is_ok() {}
        });
        kill(rooms.name().pid_now().unwrap()).await;
        tokio::task::spawn_blocking(|| joins.join().unwrap()).await.unwrap();
        assert_eq!(rooms.members("a"), []);
    }
    kill(p).await;
}
