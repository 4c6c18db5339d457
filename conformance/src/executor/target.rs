//! Whom an operation is for.

use perennial::pid::Pid;
use perennial::process;

use super::lab::{Kind, Lab, TEST};
use crate::scenario::Target;

/// Returns the process at `target`, dead or alive, and what it is; none if nobody is there.
pub(crate) fn find(target: &Target, lab: &Lab) -> Option<(Pid, Kind)> {
    match target {
        Target::Test => lab.find(TEST),
        Target::Label(label) => lab.find(label),
        Target::Base(base) => lab.latest(base),
        Target::Name(name) => {
            let pid = process::whereis(name)?;
            lab.find(&lab.label(pid)?)
        }
        Target::Via { .. } | Target::Partition { .. } => {
            lab.trouble(format!("not supported yet: the target {target:?}"));
            None
        }
    }
}

/// The process at `target`, dead or alive.
pub(crate) fn pid(target: &Target, lab: &Lab) -> Option<Pid> {
    find(target, lab).map(|(pid, _)| pid)
}
