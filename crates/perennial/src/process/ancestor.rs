//! Who started a process, who started that one, and so on.

use crate::{pid::Pid, process::state::Process};
use std::sync::Arc;

/// A process's parents, grandparents and so on, or a task's callers; of very many generations only the nearest. All
/// children of a process share one.
#[derive(Debug)]
pub(crate) struct Ancestor {
    pub(crate) pid: Pid,
    pub(crate) next: Option<Arc<Ancestor>>,
    generation: usize,
}

/// How many generations are remembered at most; half of them when there are more. A chain of processes each of which
/// starts the next would else grow for ever, and its drop would need a stack as deep.
const GENERATIONS: usize = 512;

impl Ancestor {
    /// The ancestors of a child of `parent`.
    pub(crate) fn of_child(parent: &Process) -> Arc<Self> {
        let made = || Self::before(parent.pid(), parent.ancestors.as_ref());
        parent.rare().as_ancestor.get_or_init(made).clone()
    }

    /// The callers of a task that `caller` asks for.
    pub(crate) fn of_task(caller: &Process) -> Arc<Self> {
        Self::before(caller.pid(), caller.callers())
    }

    /// `pid`, and then those known before.
    fn before(pid: Pid, known: Option<&Arc<Self>>) -> Arc<Self> {
        let push = |next: Option<Arc<Self>>, pid| {
            let generation = next.as_ref().map_or(1, |next| next.generation + 1);
            Some(Arc::new(Self { pid, next, generation }))
        };
        let kept = match known {
            Some(ancestors) if ancestors.generation >= GENERATIONS => {
                let nearest: Vec<_> = Self::pids(known).take(GENERATIONS / 2).collect();
                nearest.into_iter().rev().fold(None, push)
            }
            _ => known.cloned(),
        };
        push(kept, pid).expect("it was pushed")
    }

    /// From the parent on.
    pub(crate) fn pids(first: Option<&Arc<Self>>) -> impl Iterator<Item = Pid> {
        std::iter::successors(first, |ancestor| ancestor.next.as_ref()).map(|ancestor| ancestor.pid)
    }
}
