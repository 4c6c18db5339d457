use perennial::prelude::*;

struct Stack(Vec<u32>);
struct Pop;

impl GenServer for Stack {
    type Args = ();
    async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self(Vec::new()))
    }
}

struct Queue;

impl GenServer for Queue {
    type Args = ();
    async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self)
    }
}

const QUEUE: Name<Queue> = Name::new("queue");

async fn start() -> StartResult {
    gen_server::start_link::<Stack>((), QUEUE).await
}

fn main() {}
