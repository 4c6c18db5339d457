//! The process table, and a slot that is used again.

use super::{Puppet, in_every_order, node};
use crate::exit_reason::ExitReason;
use loom::thread;

#[test]
fn an_old_pid_never_finds_the_process_that_has_its_slot_now() {
    in_every_order(|| {
        let node = node();
        let old = Puppet::new(&node);
        let pid = old.pid();
        let look = thread::spawn({
            let node = node.clone();
            move || {
                let found = [node.process(pid), node.process(pid)];
                // Once gone, it does not come back.
                assert!(found[0].is_some() || found[1].is_none());
                found.into_iter().flatten().for_each(|process| assert_eq!(process.process().pid(), pid));
            }
        });
        old.end(ExitReason::Normal);
        let new = Puppet::new(&node);
        assert_eq!((new.pid().slot, new.pid().serial), (pid.slot, pid.serial + 1));
        assert!(node.process(new.pid()).is_some());
        look.join().unwrap();
        assert_eq!(node.count_processes(), 1);
    });
}

#[test]
fn of_one_that_is_removed_twice_the_slot_is_free_once() {
    in_every_order(|| {
        let node = node();
        let old = Puppet::new(&node);
        let pid = old.pid();
        let remove = thread::spawn({
            let node = node.clone();
            move || node.0.table.remove(pid)
        });
        node.0.table.remove(pid);
        remove.join().unwrap();
        assert_eq!(node.count_processes(), 0);
        let first = node.0.table.reserve();
        let second = node.0.table.reserve();
        assert_eq!(first, pid.slot);
        assert_ne!(second, pid.slot);
    });
}
