use perennial::prelude::*;

struct Stack(Vec<u32>);
struct Pop;

impl GenServer for Stack {
    type Args = ();
    async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self(Vec::new()))
    }
}

impl HandleCall<Pop> for Stack {
    type Reply = Option<u32>;
    async fn handle_call(&mut self, _: Pop, _: &mut Cx<Self>) -> Reply<Option<u32>> {
        let shared = std::rc::Rc::new(1);
        tokio::task::yield_now().await;
        drop(shared);
        reply(self.0.pop())
    }
}

fn main() {}
