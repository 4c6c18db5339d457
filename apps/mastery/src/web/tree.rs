//! The processes as they are now, as a tree: who was started by whom.
//!
//! Nobody is asked: what is shown is in slots that an observer may read, so a process that hangs is shown like any other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use perennial::node::Node;
use perennial::pid::Pid;
use perennial::process::{self, Info};

use super::app::App;

/// Siblings that are shown; the others are counted.
const SHOWN: usize = 12;
/// How deep the tree is shown; real ones have five levels.
const DEPTH: usize = 16;
/// For how long what was seen is shown again: with 100 000 processes a look takes a moment.
const FRESH: Duration = Duration::from_secs(1);

/// All processes of a node.
#[derive(Debug)]
pub(super) struct Tree {
    /// How many there are.
    pub(super) processes: usize,
    /// Those that nobody started who still lives.
    pub(super) roots: Vec<Branch>,
}

/// A process and those it has started.
#[derive(Debug, Template)]
#[template(path = "branch.html")]
pub(super) struct Branch {
    pid: String,
    /// Its name or label, or the type of what runs in it.
    title: String,
    kind: String,
    mailbox: u64,
    children: Vec<Branch>,
    /// How many more children there are.
    hidden: usize,
}

/// The tree, at most a second old.
pub(super) fn now(app: &App) -> Arc<Tree> {
    let mut seen = app.tree.lock().expect("looking does not panic");
    match &*seen {
        Some((at, tree)) if app.node.now().saturating_sub(*at) < FRESH => tree.clone(),
        _ => {
            let tree = Arc::new(Tree::of(&app.node));
            *seen = Some((app.node.now(), tree.clone()));
            tree
        }
    }
}

impl Tree {
    fn of(node: &Node) -> Self {
        let infos: Vec<Info> = node.processes().into_iter().filter_map(process::info).collect();
        let pids: std::collections::HashSet<Pid> = infos.iter().map(|info| info.pid).collect();
        let mut by_parent: HashMap<Option<Pid>, Vec<&Info>> = HashMap::new();
        for info in &infos {
            // One whose parent has ended stands at the top, and is not lost.
            by_parent.entry(info.parent.filter(|parent| pids.contains(parent))).or_default().push(info);
        }
        by_parent.values_mut().for_each(|siblings| siblings.sort_by_key(|info| info.pid));
        let (roots, _) = branches(&by_parent, None, 0);
        Self { processes: infos.len(), roots }
    }
}

/// The branches below a process, and how many more there are.
fn branches(
    by_parent: &HashMap<Option<Pid>, Vec<&Info>>,
    parent: Option<Pid>,
    depth: usize,
) -> (Vec<Branch>, usize) {
    let Some(siblings) = by_parent.get(&parent) else { return (Vec::new(), 0) };
    let shown = if depth < DEPTH { SHOWN } else { 0 };
    let branch = |info: &&Info| {
        let (children, hidden) = branches(by_parent, Some(info.pid), depth + 1);
        let kind = short(info.behaviour);
        Branch {
            pid: info.pid.to_string(),
            title: info.name.as_deref().or(info.label.as_deref()).unwrap_or(kind).to_owned(),
            kind: kind.to_owned(),
            mailbox: info.mailbox_len,
            children,
            hidden,
        }
    };
    (siblings.iter().take(shown).map(branch).collect(), siblings.len().saturating_sub(shown))
}

/// The last word of a type's name: `QuizSession` of `mastery::boundary::session::QuizSession`; of a function's future, the
/// function.
pub(crate) fn short(behaviour: &str) -> &str {
    let path = behaviour.split('<').next().unwrap_or_default();
    let words = path.split("::").filter(|word| !word.starts_with('{'));
    words.last().unwrap_or("process")
}

#[cfg(test)]
mod tests {
    use perennial::process::Inbox;

    use super::*;

    #[test]
    fn types_are_shown_by_their_last_word() {
        for (behaviour, shown) in [
            ("mastery::boundary::session::QuizSession", "QuizSession"),
            ("a::b::run::{{closure}}", "run"),
            ("a::Server<b::C>", "Server"),
        ] {
            assert_eq!(short(behaviour), shown);
        }
    }

    #[perennial::test]
    async fn children_hang_below_their_parent_and_many_are_counted() {
        let parent = process::spawn(|_: Inbox<()>| async {
            for n in 0..20 {
                process::spawn_link(move |_: Inbox<()>| async move {
                    process::set_label(format!("<b>{n}"));
                    std::future::pending::<()>().await;
                });
            }
            std::future::pending::<()>().await;
        });
        let node = Node::current();
        while node.count_processes() < 21 || process::info(parent).is_none() {
            tokio::task::yield_now().await;
        }
        tokio::task::yield_now().await;
        let tree = Tree::of(&node);
        assert_eq!((tree.processes, tree.roots.len()), (21, 1));
        assert_eq!((tree.roots[0].children.len(), tree.roots[0].hidden), (SHOWN, 20 - SHOWN));
        let html = tree.roots[0].render().unwrap();
        assert!(html.contains("&#60;b&#62;0") && !html.contains("<b>"), "{html}");
    }
}
