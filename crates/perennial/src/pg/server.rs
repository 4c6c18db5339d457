//! The process of a scope. It owns the name and the table, and does nothing.

use crate::{
    child_spec::StartResult,
    gen_server::{self, Cx, GenServer, HandleInfo, InitError, NoReply, noreply},
    pg::{
        Scope,
        table::{Closing, Table},
    },
    process::{Exit, holdings::Held},
    registry::Key,
};
use std::{fmt, marker::PhantomData, num::NonZeroU64, sync::Arc};

/// The process of a scope; started by [`Scope::child_spec`] or [`Scope::start_link`].
///
/// It traps exits: of those that are linked to it only its parent ends it. It takes no messages.
pub struct Pg<G>(PhantomData<fn() -> G>);

impl<G: Key> GenServer for Pg<G> {
    type Args = Scope<G>;

    async fn init(_: Scope<G>, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        cx.trap_exit();
        let table = Arc::new(Table::<G>::new());
        let process = cx.own();
        // If not, it has been given up meanwhile, and nobody would close the table.
        if process.hold(Held::new(Arc::new(Closing(table.clone())), NonZeroU64::MIN)) {
            // Last: from now on the scope is there for others. Nobody else sets this.
            let _ = process.rare().public.set(table);
        }
        Ok(Self(PhantomData))
    }

    async fn start_link(scope: Scope<G>) -> StartResult {
        let name = scope.name().clone();
        gen_server::start_link::<Self>(scope, name).await
    }
}

#[diagnostic::do_not_recommend]
impl<G: Key> HandleInfo<Exit> for Pg<G> {
    async fn handle_info(&mut self, _: Exit, _: &mut Cx<Self>) -> NoReply {
        noreply()
    }
}

impl<G> fmt::Debug for Pg<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pg")
    }
}
