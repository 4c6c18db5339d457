//! The supervision tree as text. Nobody is asked: it is read from what each process shows of itself.

use std::collections::HashMap;
use std::fmt::Write;

use perennial::node::Node;
use perennial::prelude::*;
use perennial::process::Info;

use crate::web::tree::short;

/// Siblings that are shown; the others are counted.
const SHOWN: usize = 12;

/// The processes below and including `root`, one a line, indented: name, pid, kind.
pub fn outline(node: &Node, root: Pid) -> String {
    let infos: Vec<Info> = node.processes().into_iter().filter_map(process::info).collect();
    let mut children: HashMap<Pid, Vec<&Info>> = HashMap::new();
    for info in &infos {
        if let Some(parent) = info.parent {
            children.entry(parent).or_default().push(info);
        }
    }
    children.values_mut().for_each(|siblings| siblings.sort_by_key(|info| info.pid));
    let mut text = String::new();
    if let Some(root) = infos.iter().find(|info| info.pid == root) {
        write_branch(&mut text, &children, root, 0);
    }
    text
}

fn write_branch(text: &mut String, children: &HashMap<Pid, Vec<&Info>>, info: &Info, depth: usize) {
    let kind = short(info.behaviour);
    let name = info.name.as_deref().or(info.label.as_deref()).unwrap_or(kind);
    let indented = format!("{:1$}{name}", "", 2 * depth);
    // Writing to a string does not fail.
    let _ = writeln!(text, "{indented:<32} {:<10} {kind}", info.pid.to_string());
    let below = children.get(&info.pid).map_or(&[][..], Vec::as_slice);
    below.iter().take(SHOWN).for_each(|child| write_branch(text, children, child, depth + 1));
    if below.len() > SHOWN {
        let _ = writeln!(text, "{:1$}.. and {2} more", "", 2 * depth + 2, below.len() - SHOWN);
    }
}
