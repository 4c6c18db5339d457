//! A token that is handed around.

use super::report;
use crate::{Args, Peer};

/// One token, N hops around a ring.
pub async fn ring<P: Peer>(args: &Args) {
    let elapsed = P::ring(args.actors, args.n as u64).await;
    report::<P>(args, "ring").ops(args.n as u64, elapsed).print();
}
