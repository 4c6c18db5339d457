//! Starting what a child specification describes.

use perennial::gen_server::{self, Name as LocalName, Options};

use super::lab::Lab;
use super::probe::{Probe, ProbeArgs};
use crate::mapping;
use crate::observation::Outcome;
use crate::scenario::{ChildSpec, ChildStart, Name, Wait};

/// Whether a process is started with a link to the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linked {
    Yes,
    No,
}

/// Starts a test server from the current process.
pub(crate) async fn start_server(
    child: &ChildSpec,
    linked: Linked,
    init_timeout: Option<Wait>,
    lab: &Lab,
) -> Outcome {
    let ChildStart::Server(spec) = &child.start else {
        lab.trouble(format!("only a server can be started by itself, not {:?}", child.start));
        return mapping::raised();
    };
    let args = ProbeArgs::new(&child.base, spec, lab);
    let name = match &child.name {
        None => None,
        Some(Name::Local(name)) => Some(LocalName::<Probe>::from(name.clone())),
        Some(Name::Via { .. }) => {
            lab.trouble("not supported yet: names in a registry");
            None
        }
    };
    let result = match (init_timeout.and_then(Wait::limit), linked) {
        (None, Linked::Yes) => gen_server::start_link::<Probe>(args, name).await,
        (None, Linked::No) => gen_server::start::<Probe>(args, name).await,
        (Some(limit), Linked::Yes) => {
            gen_server::start_link_with::<Probe>(args, name, Options::default().timeout(limit)).await
        }
        (Some(limit), Linked::No) => {
            gen_server::start_unlinked_with::<Probe>(args, name, Options::default().timeout(limit)).await
        }
    };
    mapping::started(&result, lab)
}
