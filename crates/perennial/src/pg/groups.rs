//! The groups of a scope, in shards, with their members and those who watch them.
//!
//! # Invariants
//!
//! 1. A group is here while it has a member or is watched by itself.
//! 2. A change and the messages about it go under one lock, as do the start of a watch and the look at the members. So
//!    who follows the messages from what it saw first always has the members of a group, in the end.
//! 3. Under a lock run the `Eq` of group names, before anything is changed, and sends, which push and notify. What is
//!    taken out, and what could not be sent, is returned, to be dropped without it.

use crate::{
    pg::{
        group::{Group, Listing, Member, Watch, Watches},
        monitor::GroupEvent,
    },
    pid::Pid,
    registry::{key_hash::KeyHash, rows::HasId},
    sync::{RwLock, RwLockReadGuard, RwLockWriteGuard},
};
use hashbrown::{HashTable, hash_table::Entry};
use std::{
    mem,
    sync::{Arc, PoisonError},
};

pub(super) struct Groups<G>(Box<[RwLock<Shard<G>>]>);

struct Shard<G> {
    groups: HashTable<Group<G>>,
    /// Those who watch the whole scope.
    watches: Watches<G>,
    /// Set when the scope has ended: nobody joins and watches any more.
    closed: bool,
}

/// The scope has ended.
pub(super) struct Closed;

/// What is to be dropped without the lock.
pub(super) struct Dropped<G> {
    _group: Option<Group<G>>,
    _unsent: Vec<GroupEvent<G>>,
}

impl<G: Send + Sync + 'static> Groups<G> {
    pub(super) fn new(shards: usize) -> Self {
        Self((0..shards).map(|_| RwLock::default()).collect())
    }

    /// The name of a group, as it is kept here.
    pub(super) fn name(&self, hash: KeyHash, is: impl Fn(&G) -> bool) -> Option<Arc<G>> {
        let shard = self.read(hash);
        shard.groups.find(hash.spread(), same(hash, is)).map(|group| group.name.clone())
    }

    /// Puts members into one group, except for those that have ended.
    pub(super) fn join(
        &self,
        hash: KeyHash,
        name: &Arc<G>,
        members: &[Arc<Member<G>>],
    ) -> Result<Dropped<G>, Closed>
    where
        G: Eq,
    {
        let mut shard = self.write(hash);
        let Shard { groups, watches, closed } = &mut *shard;
        if *closed {
            return Err(Closed);
        }
        let entry = entry(groups, hash, name);
        // Lock order: shard, then process. The last acts come to the shard without the process's lock.
        let living: Vec<_> = members.iter().filter(|row| row.hold()).collect();
        if living.is_empty() {
            return Ok(Dropped::nothing());
        }
        let group = entry.or_insert_with(|| Group::new(hash, name.clone())).into_mut();
        for member in &living {
            group.members.add((*member).clone());
        }
        let pids: Vec<Pid> = living.iter().map(|row| row.pid()).collect();
        let unsent =
            group.tell(watches, |monitor, group| GroupEvent::Join { monitor, group, pids: pids.clone() });
        Ok(Dropped { _group: None, _unsent: unsent })
    }

    /// Takes one membership of each of these processes out of a group, where there is one.
    pub(super) fn leave(
        &self,
        hash: KeyHash,
        is: impl Fn(&G) -> bool,
        pids: &[Pid],
    ) -> (Vec<Arc<Member<G>>>, Dropped<G>) {
        let mut shard = self.write(hash);
        let Shard { groups, watches, .. } = &mut *shard;
        let Ok(mut entry) = groups.find_entry(hash.spread(), same(hash, is)) else {
            return (Vec::new(), Dropped::nothing());
        };
        let group = entry.get_mut();
        let left: Vec<_> = pids.iter().filter_map(|pid| group.members.remove_last_of(*pid)).collect();
        if left.is_empty() {
            return (left, Dropped::nothing());
        }
        let unsent = group.tell_left(watches, &left);
        let group = group.is_over().then(|| entry.remove().0);
        (left, Dropped { _group: group, _unsent: unsent })
    }

    /// Takes out one membership of one that has ended, if it is there.
    pub(super) fn remove(&self, member: &Member<G>) -> Dropped<G> {
        let mut shard = self.write(member.hash);
        let Shard { groups, watches, .. } = &mut *shard;
        // By id, so no user's `Eq` runs.
        let has = |group: &Group<G>| group.hash == member.hash && group.members.has(member.id());
        let Ok(mut entry) = groups.find_entry(member.hash.spread(), has) else { return Dropped::nothing() };
        let group = entry.get_mut();
        let left = group.members.remove(member.id());
        let unsent = group.tell_left(watches, left.as_slice());
        let group = group.is_over().then(|| entry.remove().0);
        Dropped { _group: group, _unsent: unsent }
    }

    /// Begins to watch one group, whose members it has now.
    pub(super) fn watch(&self, name: &Arc<G>, watch: &Arc<Watch<G>>) -> Result<Vec<Pid>, Closed>
    where
        G: Eq,
    {
        let mut shard = self.write(watch.hash);
        if shard.closed {
            return Err(Closed);
        }
        let entry = entry(&mut shard.groups, watch.hash, name);
        if !watch.hold() {
            return Ok(match entry {
                Entry::Occupied(group) => group.get().pids(),
                Entry::Vacant(_) => Vec::new(),
            });
        }
        let group = entry.or_insert_with(|| Group::new(watch.hash, name.clone())).into_mut();
        group.watches.add(watch.clone());
        Ok(group.pids())
    }

    /// Begins to watch all groups, whose members they have now; shard by shard, each at one moment.
    pub(super) fn watch_all(&self, watch: &Arc<Watch<G>>) -> Result<Listing<G>, Closed> {
        let mut all = Vec::new();
        // Before it is in the first shard. One that has ended holds nothing.
        watch.hold();
        for shard in &self.0 {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            if shard.closed {
                return Err(Closed);
            }
            // Race: one that ends, or ends the watch, lets go of it first, and comes to this lock after. So it finds this
            // one, or we see that it is not held.
            if watch.owner.process().held(watch.held_id()).is_some() {
                shard.watches.add(watch.clone());
            }
            all.extend(shard.living().map(|group| (group.name.clone(), group.pids())));
        }
        Ok(all)
    }

    /// Ends a watch; false if it is not there.
    pub(super) fn unwatch(&self, watch: &Watch<G>) -> bool {
        if watch.value.all {
            let removed: Vec<_> = self
                .0
                .iter()
                .filter_map(|shard| {
                    shard.write().unwrap_or_else(PoisonError::into_inner).watches.remove(watch.id())
                })
                .collect();
            return !removed.is_empty();
        };
        let mut shard = self.write(watch.hash);
        let has = |group: &Group<G>| group.hash == watch.hash && group.watches.has(watch.id());
        let Ok(mut entry) = shard.groups.find_entry(watch.hash.spread(), has) else { return false };
        let removed = entry.get_mut().watches.remove(watch.id());
        let group = entry.get().is_over().then(|| entry.remove().0);
        drop(shard);
        drop(group);
        removed.is_some()
    }

    /// The members of a group.
    pub(super) fn members(&self, hash: KeyHash, is: impl Fn(&G) -> bool) -> Vec<Pid> {
        self.read(hash).groups.find(hash.spread(), same(hash, is)).map_or(Vec::new(), Group::pids)
    }

    /// The names of all groups with members, shard by shard.
    pub(super) fn all(&self) -> Vec<Arc<G>> {
        let mut all = Vec::new();
        for shard in &self.0 {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            all.extend(shard.living().map(|group| group.name.clone()));
        }
        all
    }

    /// Takes everything out, which its owners hold no longer, and lets nothing in any more. What was there is to be dropped
    /// one by one, as names are a user's.
    pub(super) fn close(&self) -> impl Iterator<Item = (Option<Group<G>>, Option<Watches<G>>)> + use<G> {
        let close = |shard: &RwLock<Shard<G>>| {
            let shard = {
                let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
                mem::replace(&mut *shard, Shard { closed: true, ..Shard::default() })
            };
            let watches =
                shard.groups.iter().flat_map(|group| group.watches.iter()).chain(shard.watches.iter());
            // They are in the shard still, so none is dropped here.
            watches.for_each(|watch| drop(watch.let_go()));
            let members = shard.groups.iter().flat_map(|group| group.members.iter());
            members.for_each(|member| drop(member.let_go()));
            shard
        };
        let shards: Vec<_> = self.0.iter().map(close).collect();
        shards.into_iter().flat_map(|Shard { groups, watches, .. }| {
            groups.into_iter().map(|group| (Some(group), None)).chain([(None, Some(watches))])
        })
    }

    fn shard(&self, hash: KeyHash) -> &RwLock<Shard<G>> {
        &self.0[hash.shard(self.0.len())]
    }

    fn read(&self, hash: KeyHash) -> RwLockReadGuard<'_, Shard<G>> {
        self.shard(hash).read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, hash: KeyHash) -> RwLockWriteGuard<'_, Shard<G>> {
        self.shard(hash).write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<G> Shard<G> {
    /// The groups that have members.
    fn living(&self) -> impl Iterator<Item = &Group<G>> {
        self.groups.iter().filter(|group| !group.members.is_empty())
    }
}

impl<G> Default for Shard<G> {
    fn default() -> Self {
        Self { groups: HashTable::new(), watches: Watches::default(), closed: false }
    }
}

impl<G> Dropped<G> {
    fn nothing() -> Self {
        Self { _group: None, _unsent: Vec::new() }
    }
}

/// Tells a group by its name.
fn same<G>(hash: KeyHash, is: impl Fn(&G) -> bool) -> impl Fn(&Group<G>) -> bool {
    move |group| group.hash == hash && is(&group.name)
}

/// The place of the group of this name.
fn entry<'a, G: Eq>(
    groups: &'a mut HashTable<Group<G>>,
    hash: KeyHash,
    name: &Arc<G>,
) -> Entry<'a, Group<G>> {
    groups.entry(hash.spread(), same(hash, |it| *it == **name), |group| group.hash.spread())
}
