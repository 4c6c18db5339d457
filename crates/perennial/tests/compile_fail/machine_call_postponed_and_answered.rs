use perennial::prelude::*;

struct Lock;
struct IsOpen;

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
        request: IsOpen,
        from: Caller<bool>,
        _: &bool,
        cx: &mut EventCx<'_, Self>,
    ) -> Transition<bool> {
        cx.postpone_call(request, from);
        from.reply(false);
        keep_state()
    }
}

fn main() {}
