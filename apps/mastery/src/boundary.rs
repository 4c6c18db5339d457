//! The processes around the domain.
//!
//! ```text
//! mastery
//!   store         persistence, group commit                                permanent
//!   catalog       the quizzes                                              permanent
//!   registries    sessions: unique by (run, student); runs: duplicate keys
//!   proctor       opens and closes runs at their time                      permanent
//!   runs          DynamicSupervisor
//!     run:<id>    Supervisor, rest_for_one                                 temporary
//!       run       open/closed, roster, live board                          transient
//!       sessions  DynamicSupervisor
//!         session one for each student at work                             temporary
//! ```
//!
//! What somebody sends can end one process: the session it was sent to, which is temporary. So nothing that many share
//! runs out of restarts, and recovery is lazy: the next request finds no process, starts one, and that
//! rebuilds itself from the store. The same goes for a run.

pub mod catalog;
pub mod env;
pub mod group_commit;
pub mod names;
pub mod proctor;
pub mod run;
pub mod session;
pub mod store;

use std::sync::Arc;

use perennial::dynamic_supervisor;
use perennial::prelude::*;
use perennial::registry::{Keys, Options};

use self::env::Env;

/// The children of the service's root supervisor, in start order.
pub fn children(env: &Arc<Env>) -> Vec<ChildSpec> {
    let by_quiz = Options { keys: Keys::Duplicate, ..Options::default() };
    vec![
        ChildSpec { id: "store".into(), ..store::StoreServer::child_spec(env.clone()) },
        ChildSpec { id: "catalog".into(), ..catalog::Catalog::child_spec(env.clone()) },
        names::SESSIONS.child_spec(),
        names::LIVE_RUNS.child_spec_with(by_quiz),
        ChildSpec { id: "proctor".into(), ..proctor::Proctor::child_spec(env.clone()) },
        ChildSpec {
            id: "runs".into(),
            ..DynamicSupervisor::child_spec(dynamic_supervisor::Options::from(names::RUNS))
        },
    ]
}
