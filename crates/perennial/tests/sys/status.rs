//! `get_status` and `format_status`.

use crate::{
    puppet::puppet,
    support::{All, Numbers, numbers},
};
use perennial::{
    gen_server::DebugOptions,
    prelude::*,
    sys::{self, SysState},
};

rules! {
    async fn get_status_says_who_and_how_a_server_is() {
        const NUMBERS: Name<Numbers> = Name::new("numbers");
        let pid = Supervisor::start_link([Numbers::child_spec_as(vec![1], NUMBERS)], Strategy::OneForOne);
        let supervisor = pid.await.unwrap();
        sys::log_on(&NUMBERS, 5).await.unwrap();
        sys::install(&NUMBERS, "nothing", |_, _| std::ops::ControlFlow::Continue(())).await.unwrap();
        NUMBERS.call(All).await.unwrap();
        sys::suspend(&NUMBERS).await.unwrap();
        NUMBERS.cast(1_u32).unwrap();
        let status = sys::get_status(&NUMBERS).await.unwrap();
        assert_eq!(status.info.parent, Some(supervisor));
        assert_eq!(status.info.ancestors, [supervisor]);
        assert_eq!(status.info.name.as_deref(), Some("numbers"));
        assert_eq!(status.info.mailbox_len, 1);
        assert_eq!(status.sys_state, SysState::Suspended);
        assert_eq!(status.debug, DebugOptions::default().log(5));
        assert_eq!(status.installed, ["nothing"]);
        assert_eq!(status.log.len(), 2);
        assert_eq!(status.state, "1 numbers");
        sys::resume(&NUMBERS).await.unwrap();
        assert_eq!(sys::get_status(&NUMBERS).await.unwrap().sys_state, SysState::Running);
    }

    async fn a_state_is_shown_by_its_type_if_nobody_says_how() {
        let (server, _log) = puppet().await;
        let status = sys::get_status(&server).await.unwrap();
        assert_eq!(status.state, std::any::type_name::<crate::puppet::Puppet>());
    }

    async fn a_format_status_that_fails_or_panics_hides_the_state() {
        for bad in [13_u32, 14] {
            let server = numbers().await;
            server.cast(bad).unwrap();
            let status = sys::get_status(&server).await.unwrap();
            assert_eq!(status.state, format!("format_status of {} failed", std::any::type_name::<Numbers>()));
            server.call(All).await.unwrap();
        }
    }
}
