//! What a generator sees of the system: who lives, what it is, and whose child.

use super::Model;
use super::static_sup::ChildState;
use super::world::{Body, Id, TEST};
use crate::value::Value;

/// A process with a label.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its label.
    pub label: String,
    /// What it is.
    pub role: Role,
    /// Whether it lives.
    pub alive: bool,
    /// How many supervisors there are above it.
    pub depth: usize,
    /// Whether it, or anybody below it, has a name, local or in a registry.
    pub named: bool,
    /// The ids of the children it has specifications of, or the labels of those it runs.
    pub children: Vec<Value>,
}

/// What a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The test server.
    Server,
    /// A bare process.
    Bare,
    /// A supervisor whose children have ids.
    Static,
    /// A supervisor whose children have none.
    Dynamic,
}

impl Model {
    /// Everybody there was, in the order of their starts.
    pub fn members(&self) -> Vec<Member> {
        let processes = self.world.processes.iter().enumerate();
        processes
            .filter_map(|(id, process)| {
                let role = match &process.body {
                    Body::Server { .. } => Role::Server,
                    Body::Bare => Role::Bare,
                    Body::Static(_) => Role::Static,
                    Body::Dynamic(it) if !it.tasks => Role::Dynamic,
                    _ => return None,
                };
                Some(Member {
                    label: process.label.clone()?,
                    role,
                    alive: process.ended.is_none(),
                    depth: self.depth(id),
                    named: self.is_named(id),
                    children: self.children_of(id),
                })
            })
            .collect()
    }

    fn depth(&self, mut id: Id) -> usize {
        let mut depth = 0;
        while let Some(parent) = self.world.processes[id].parent.filter(|parent| *parent != TEST) {
            depth += 1;
            id = parent;
        }
        depth
    }

    fn is_named(&self, id: Id) -> bool {
        let process = &self.world.processes[id];
        process.name.is_some()
            || self.world.tables.values().any(|table| !table.keys(id).is_empty())
            || self
                .world
                .processes
                .iter()
                .enumerate()
                .any(|(below, it)| it.parent == Some(id) && self.is_named(below))
    }

    fn children_of(&self, id: Id) -> Vec<Value> {
        match &self.world.processes[id].body {
            Body::Static(it) => it.children.iter().map(|child| child.spec.id.clone()).collect(),
            Body::Dynamic(it) => it
                .children
                .keys()
                .filter_map(|id| self.world.processes[*id].label.clone())
                .map(Value::from)
                .collect(),
            _ => Vec::new(),
        }
    }

    /// How many children of the supervisor are to be started again and could not be yet.
    pub fn restarting(&self) -> usize {
        let of = |body: &Body| match body {
            Body::Static(it) => it.children.iter().filter(|it| it.state == ChildState::Restarting).count(),
            Body::Dynamic(it) => it.children.values().filter(|it| it.restarting).count(),
            _ => 0,
        };
        self.world.processes.iter().filter(|it| it.ended.is_none()).map(|it| of(&it.body)).sum()
    }
}
