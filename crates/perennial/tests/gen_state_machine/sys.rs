//! A state machine as `sys` shows it.

use crate::puppet::{A, B, Puppet, event, go, puppet};
use perennial::{gen_state_machine::keep_state, prelude::*, sys};

rules! {
    async fn sys_shows_a_machine_as_its_state_and_its_data() {
        let (machine, _log) = puppet().await;
        assert_eq!(sys::with_state(&machine, |machine| *machine.state()).await, Ok(A));
        // What was sent before is handled before.
        machine.cast(go("go", B)).unwrap();
        assert_eq!(sys::with_state(&machine, |machine| *machine.state()).await, Ok(B));
        // What a machine shows is its own, not that of the server around it.
        let status = sys::get_status(&machine).await.unwrap();
        assert_eq!(status.state, std::any::type_name::<Puppet>());
    }

    async fn events_of_a_suspended_machine_wait() {
        let (machine, log) = puppet().await;
        sys::suspend(&machine).await.unwrap();
        machine.cast(event("late", |_, _, _, _| keep_state())).unwrap();
        assert_eq!(sys::with_state(&machine, |machine| *machine.state()).await, Ok(A));
        assert!(log.take().await.is_empty());
        sys::resume(&machine).await.unwrap();
        assert_eq!(log.take().await, ["late A"]);
    }
}
