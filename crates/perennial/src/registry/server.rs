//! The process of a registry. It owns the name and the table, and does nothing.

use crate::{
    child_spec::StartResult,
    gen_server::{self, Cx, GenServer, HandleInfo, InitError, NoReply, noreply},
    process::{Exit, holdings::Held},
    registry::{
        Key, RegistryName,
        options::Options,
        table::{Closing, Table},
    },
};
use std::{fmt, marker::PhantomData, num::NonZeroU64, sync::Arc};

/// The process of a registry; started by [`RegistryName::child_spec`] or [`RegistryName::start_link`].
///
/// It traps exits: of those that are linked to it only its parent ends it. It takes no messages.
pub struct Registry<K, V = ()>(PhantomData<fn() -> (K, V)>);

impl<K: Key, V: Send + Sync + 'static> GenServer for Registry<K, V> {
    type Args = (RegistryName<K, V>, Options<K, V>);

    async fn init((name, options): Self::Args, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        cx.trap_exit();
        let process = cx.own();
        let table = Table::new(process, name.as_str().into(), options);
        // If not, it has been given up meanwhile, and nobody would close the table.
        if process.hold(Held::new(Arc::new(Closing(table.clone())), NonZeroU64::MIN)) {
            // Last: from now on the registry is there for others. Nobody else sets this.
            let _ = process.rare().public.set(table);
        }
        Ok(Self(PhantomData))
    }

    async fn start_link((name, options): Self::Args) -> StartResult {
        let own = name.name().clone();
        gen_server::start_link::<Self>((name, options), own).await
    }
}

#[diagnostic::do_not_recommend]
impl<K: Key, V: Send + Sync + 'static> HandleInfo<Exit> for Registry<K, V> {
    async fn handle_info(&mut self, _: Exit, _: &mut Cx<Self>) -> NoReply {
        noreply()
    }
}

impl<K, V> fmt::Debug for Registry<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registry")
    }
}
