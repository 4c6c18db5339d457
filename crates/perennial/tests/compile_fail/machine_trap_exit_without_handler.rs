use perennial::prelude::*;

struct Lock;

impl GenStateMachine for Lock {
    type Args = ();
    type State = bool;
    async fn init(_: (), cx: &mut EventCx<'_, Self>) -> Result<(bool, Self), InitError> {
        cx.trap_exit();
        Ok((false, Self))
    }
}

fn main() {}
