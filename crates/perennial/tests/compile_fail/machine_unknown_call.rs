use perennial::prelude::*;

struct Lock;
struct IsOpen;
struct Code;

impl GenStateMachine for Lock {
    type Args = ();
    type State = bool;
    async fn init(_: (), _: &mut EventCx<'_, Self>) -> Result<(bool, Self), InitError> {
        Ok((false, Self))
    }
}

impl HandleCallEvent<IsOpen> for Lock {
    type Reply = bool;
    async fn handle_call_event(
        &mut self,
        _: IsOpen,
        from: Caller<bool>,
        open: &bool,
        _: &mut EventCx<'_, Self>,
    ) -> Transition<bool> {
        from.reply(*open);
        keep_state()
    }
}

async fn client(lock: Name<StateMachine<Lock>>) {
    let _ = lock.call(Code).await;
}

fn main() {}
