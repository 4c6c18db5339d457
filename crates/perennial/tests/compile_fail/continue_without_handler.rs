use perennial::prelude::*;

struct Worker;

impl GenServer for Worker {
    type Args = ();
    async fn init(_: (), cx: &mut Cx<Self>) -> Result<Self, InitError> {
        cx.continue_with("load");
        Ok(Self)
    }
}

fn main() {}
