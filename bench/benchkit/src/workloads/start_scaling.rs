//! How much faster two clients start children than one.

use super::{median, report, start_children};
use crate::{
    Args, Extended, Key, census,
    measure::{Elapsed, Stopwatch},
};
use std::sync::Arc;

const ROUNDS: usize = 9;

/// N children by one client and by two, in rounds that take turns; the first of all is left out.
pub async fn start_scaling<P: Extended>(args: &Args) {
    let n = args.n / 2 * 2;
    let keys = Arc::new((0..n).map(Key::nth).collect());
    round::<P>(&keys, 2).await;
    let mut speedups = Vec::new();
    let mut last = None;
    for _ in 0..ROUNDS {
        let one = round::<P>(&keys, 1).await;
        let two = round::<P>(&keys, 2).await;
        speedups.push(one.wall.as_secs_f64() / two.wall.as_secs_f64());
        last = Some(two);
    }
    let two = last.expect("there was a round");
    report::<P>(args, "start_scaling").ops(n as u64, two).extra("speedup", median(speedups)).print();
}

/// Starts the children of a new supervisor, which is then stopped.
async fn round<P: Extended>(keys: &Arc<Vec<Key>>, clients: usize) -> Elapsed {
    let n = keys.len() as u64;
    let sup = P::sup_start().await;
    let (started, stopped) = (census::started(), census::stopped());
    let t = Stopwatch::start();
    let handles = start_children::<P>(&sup, keys, clients).await;
    census::wait_started(started + n).await;
    let elapsed = t.read();
    drop(handles);
    P::sup_shutdown(&sup).await;
    census::wait_stopped(stopped + n).await;
    elapsed
}
