//! Monitors and links: one process, and N servers that end.

use super::report;
use crate::{Args, Extended, SetAndFired, census};

pub async fn monitors<P: Extended>(args: &Args) {
    let servers = servers::<P>(args.n).await;
    let result = P::monitors(servers).await;
    print::<P>(args, ["monitor_set", "monitor_fired"], result);
}

pub async fn links<P: Extended>(args: &Args) {
    let servers = servers::<P>(args.n).await;
    let result = P::links(servers).await;
    print::<P>(args, ["link_set", "link_fired"], result);
}

async fn servers<P: Extended>(n: usize) -> Vec<P::Handle> {
    let started = census::started();
    let mut servers = Vec::with_capacity(n);
    for i in 0..n {
        servers.push(P::start(i).await);
    }
    census::wait_started(started + n as u64).await;
    servers
}

fn print<P: Extended>(args: &Args, [set, fired]: [&str; 2], result: SetAndFired) {
    report::<P>(args, set).ops(args.n as u64, result.set).print();
    report::<P>(args, fired).ops(args.n as u64, result.fired).print();
}
