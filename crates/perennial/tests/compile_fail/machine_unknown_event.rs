use perennial::prelude::*;

struct Lock;
struct Button;
struct Relock;

impl GenStateMachine for Lock {
    type Args = ();
    type State = bool;
    async fn init(_: (), cx: &mut EventCx<'_, Self>) -> Result<(bool, Self), InitError> {
        cx.next_event(Relock);
        Ok((false, Self))
    }
}

impl HandleEvent<Button> for Lock {
    async fn handle_event(&mut self, _: Button, _: &bool, _: &mut EventCx<'_, Self>) -> Transition<bool> {
        keep_state()
    }
}

fn client(lock: Name<StateMachine<Lock>>) {
    let _ = lock.cast(Relock);
}

fn main() {}
