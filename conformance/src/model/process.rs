//! How a process takes a signal, and how it ends.

use super::Outside;
use super::world::{Body, Id, Known, Signal, World};
use crate::observation::Message;
use crate::reason::Reason;

impl World {
    /// Has every signal arrive, and those that follow from them.
    pub(super) fn settle(&mut self) -> Known<()> {
        while let Some(signal) = self.signals.pop_front() {
            match signal {
                Signal::Exit { to, from, reason } if self.is_alive(to) => {
                    self.receive_exit(to, from, reason)?;
                }
                Signal::TryStatic { to, id } if self.is_alive(to) => self.static_tries_again(to, &id)?,
                Signal::TryDynamic { to, was } if self.is_alive(to) => self.dynamic_tries_again(to, was)?,
                // The dead take nothing.
                Signal::Exit { .. } | Signal::TryStatic { .. } | Signal::TryDynamic { .. } => {}
            }
        }
        Ok(())
    }

    /// An exit signal that is no kill reaches a process that lives.
    fn receive_exit(&mut self, to: Id, from: Id, reason: Reason) -> Known<()> {
        let process = &self.processes[to];
        let from_parent = process.parent == Some(from);
        match &process.body {
            Body::Static(_) | Body::Dynamic(_) if from_parent => self.stop_supervisor(to, reason),
            Body::Static(it) => {
                let child = it.child_running(from);
                self.of_the_dead(child.is_some(), from)?;
                child.map_or(Ok(()), |child| self.static_child_ended(to, child, &reason))
            }
            Body::Dynamic(it) => {
                let is_child = it.children.contains_key(&from);
                self.of_the_dead(is_child, from)?;
                if is_child { self.dynamic_child_ended(to, from, &reason) } else { Ok(()) }
            }
            Body::Registry => Err(Outside("an exit signal to a registry".into())),
            Body::Server { spec, .. } if process.traps => {
                if from_parent {
                    return self.terminate(to, reason);
                }
                if spec.on_exit.is_some() {
                    return Err(Outside("on_exit".into()));
                }
                self.note_exit(to, from, reason)
            }
            Body::Task(action) if process.traps && action.on_exit.is_some() => Err(Outside("on_exit".into())),
            _ if process.traps => self.note_exit(to, from, reason),
            _ if reason == Reason::Normal => Ok(()),
            Body::Test => Err(Outside("test ends".into())),
            _ => self.die(to, reason),
        }
    }

    /// A supervisor takes the signal of a child for its end, whoever lives.
    fn of_the_dead(&self, is_child: bool, from: Id) -> Known<()> {
        if is_child && self.is_alive(from) {
            return Err(Outside("a living child sends its supervisor an exit signal".into()));
        }
        Ok(())
    }

    fn note_exit(&mut self, to: Id, from: Id, reason: Reason) -> Known<()> {
        match self.processes[from].label.clone() {
            Some(label) => self.note(to, Message::Exit(label, reason)),
            None => Ok(()),
        }
    }

    /// The process is gone: its names first, then its monitors, then its links.
    pub(super) fn die(&mut self, id: Id, reason: Reason) -> Known<()> {
        if let Body::Registry = self.processes[id].body {
            return Err(Outside("a registry ends".into()));
        }
        let process = &mut self.processes[id];
        process.ended = Some(reason.clone());
        process.name = None;
        let (watchers, links) = (std::mem::take(&mut process.watchers), std::mem::take(&mut process.links));
        self.tables.values_mut().for_each(|table| table.forget(id));
        self.note_end(id, reason.clone());
        for watcher in watchers {
            if self.is_alive(watcher.by) {
                let (monitor, object) = (watcher.monitor, watcher.object);
                self.note(watcher.by, Message::Down { monitor, object, reason: reason.clone() })?;
            }
        }
        for peer in links {
            self.processes[peer].links.remove(&id);
            self.signals.push_back(Signal::Exit { to: peer, from: id, reason: reason.clone() });
        }
        Ok(())
    }
}
