use perennial::prelude::*;

struct Connection;
struct Socket;

impl GenServer for Connection {
    type Args = Socket;
    async fn init(_: Socket, _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self)
    }
}

fn spec(socket: Socket) -> ChildSpec {
    Connection::child_spec(socket)
}

fn main() {}
