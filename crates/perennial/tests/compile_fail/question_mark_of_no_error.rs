use perennial::prelude::*;

struct Stack(Vec<u32>);
struct Pop;

impl GenServer for Stack {
    type Args = ();
    async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self(Vec::new()))
    }
}

fn read() -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
    Ok(1)
}

impl HandleCall<Pop> for Stack {
    type Reply = u32;
    async fn handle_call(&mut self, _: Pop, _: &mut Cx<Self>) -> Reply<u32> {
        reply(read()?)
    }
}

fn main() {}
