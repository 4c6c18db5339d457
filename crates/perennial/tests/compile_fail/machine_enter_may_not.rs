use perennial::prelude::*;

struct Lock;
struct Button;

impl GenStateMachine for Lock {
    type Args = ();
    type State = bool;
    async fn init(_: (), _: &mut EventCx<'_, Self>) -> Result<(bool, Self), InitError> {
        Ok((false, Self))
    }
    async fn enter(&mut self, _: &bool, _: &bool, cx: &mut EnterCx<'_, Self>) -> Result<(), ExitReason> {
        cx.next_event(Button);
        cx.postpone(Button);
        next_state(true)
    }
}

impl HandleEvent<Button> for Lock {
    async fn handle_event(&mut self, _: Button, _: &bool, _: &mut EventCx<'_, Self>) -> Transition<bool> {
        keep_state()
    }
}

fn main() {}
