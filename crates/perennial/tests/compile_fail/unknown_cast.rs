use perennial::prelude::*;

struct Stack(Vec<u32>);
struct Pop;

impl GenServer for Stack {
    type Args = ();
    async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self(Vec::new()))
    }
}

async fn client(stack: Name<Stack>) {
    let _ = stack.cast(Pop);
}

fn main() {}
