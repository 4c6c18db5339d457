use perennial::prelude::*;

struct Worker;

impl GenServer for Worker {
    type Args = ();
    async fn init(_: (), cx: &mut Cx<Self>) -> Result<Self, InitError> {
        cx.trap_exit();
        Ok(Self)
    }
}

fn main() {}
