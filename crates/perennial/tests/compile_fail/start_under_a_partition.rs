//! A partition is found by a key; nothing can be started under it.

use perennial::prelude::*;

static HITS: PartitionSupervisor<Agent<u64>> = PartitionSupervisor::new("hits");

fn main() {
    let _ = Agent::start(|| 0, HITS.via(1));
}
