use perennial::prelude::*;

struct Worker;

impl GenServer for Worker {
    type Args = ();
    async fn init(_: (), cx: &mut Cx<Self>) -> Result<Self, InitError> {
        cx.timeout(std::time::Duration::from_secs(1));
        Ok(Self)
    }
}

fn main() {}
