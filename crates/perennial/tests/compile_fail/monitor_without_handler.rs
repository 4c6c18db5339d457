use perennial::prelude::*;

struct Worker;

impl GenServer for Worker {
    type Args = ();
    async fn init(_: (), cx: &mut Cx<Self>) -> Result<Self, InitError> {
        cx.monitor(cx.pid());
        Ok(Self)
    }
}

fn main() {}
