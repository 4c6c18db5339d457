use perennial::{dynamic_supervisor::DynamicSupervisor, prelude::*};

struct Stack;

impl GenServer for Stack {
    type Args = ();
    async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self)
    }
}

const STACK: Name<Stack> = Name::new("stack");

async fn start_a_stack() {
    let _ = DynamicSupervisor::start_child(&STACK, Stack::child_spec(())).await;
}

fn main() {}
