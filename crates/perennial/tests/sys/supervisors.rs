//! Supervisors and registries are servers too.

use crate::support::{All, Numbers, SECOND, boom};
use perennial::{
    dynamic_supervisor::DynamicSupervisor,
    prelude::*,
    registry::Registry,
    supervisor::ChildState,
    sys::{self, SysState},
    time,
};

const NUMBERS: Name<Numbers> = Name::new("numbers");
const SUPERVISOR: Name<DynamicSupervisor> = Name::new("supervisor");
static REGISTRY: RegistryName<u32> = RegistryName::new("registry");

/// A server whose `init` takes a second.
struct Slow;

impl GenServer for Slow {
    type Args = ();
    async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
        time::sleep(SECOND).await;
        Ok(Self)
    }
}

async fn settled() {
    Node::current().settled().await;
}

rules! {
    async fn exits_of_children_wait_at_a_suspended_supervisor() {
        let spec = Numbers::child_spec_as(vec![], NUMBERS);
        let pid = Supervisor::start_link([spec], Strategy::OneForOne).await.unwrap();
        let supervisor = pid.server::<Supervisor>().unwrap();
        sys::suspend(&supervisor).await.unwrap();
        NUMBERS.stop(boom()).await.unwrap();
        settled().await;
        assert_eq!(NUMBERS.pid_now(), None);
        assert_eq!(sys::get_status(&supervisor).await.unwrap().info.mailbox_len, 1);
        sys::resume(&supervisor).await.unwrap();
        settled().await;
        assert_eq!(NUMBERS.call(All).await, Ok(vec![]));
    }

    async fn a_suspended_supervisor_is_stopped_and_its_children_with_it() {
        let spec = Numbers::child_spec_as(vec![], NUMBERS);
        let pid = Supervisor::start_link([spec], Strategy::OneForOne).await.unwrap();
        let supervisor = pid.server::<Supervisor>().unwrap();
        sys::suspend(&supervisor).await.unwrap();
        supervisor.stop(ExitReason::Normal).await.unwrap();
        assert_eq!(NUMBERS.pid_now(), None);
    }

    async fn a_suspended_supervisor_under_another_is_shut_down_in_order() {
        let inner = Supervisor::child_spec("inner", [Numbers::child_spec_as(vec![], NUMBERS)], Strategy::OneForOne);
        let pid = Supervisor::start_link([inner], Strategy::OneForOne).await.unwrap();
        let outer = pid.server::<Supervisor>().unwrap();
        let ChildState::Running(inner) = Supervisor::which_children(&outer).await.unwrap()[0].state else {
            panic!("it runs");
        };
        sys::suspend(&inner.server::<Supervisor>().unwrap()).await.unwrap();
        let before = Node::current().now();
        outer.stop(ExitReason::Normal).await.unwrap();
        assert_eq!(NUMBERS.pid_now(), None);
        assert_eq!(Node::current().now(), before);
    }

    async fn a_start_goes_on_at_a_suspended_dynamic_supervisor_and_its_end_waits() {
        DynamicSupervisor::start_link(SUPERVISOR).await.unwrap();
        let start = tokio::spawn(async { DynamicSupervisor::start_child(&SUPERVISOR, Slow::child_spec(())).await });
        settled().await;
        sys::suspend(&SUPERVISOR).await.unwrap();
        time::sleep(2 * SECOND).await;
        assert!(!start.is_finished());
        // The child runs, and ends; nobody has been told that it was started.
        let before = Node::current().processes();
        let slow = before.iter().find_map(|pid| pid.server::<Slow>()).expect("it runs");
        slow.stop(boom()).await.unwrap();
        settled().await;
        sys::resume(&SUPERVISOR).await.unwrap();
        assert_eq!(start.await.unwrap(), Ok(slow.pid()));
        time::sleep(2 * SECOND).await;
        // It was started, then it ended, then it was restarted.
        assert_eq!(DynamicSupervisor::count_children(&SUPERVISOR).await.unwrap().active, 1);
        let restarted = Node::current().processes().iter().find_map(|pid| pid.server::<Slow>());
        assert!(restarted.is_some_and(|restarted| restarted != slow));
    }

    async fn a_suspended_dynamic_supervisor_starts_nobody_until_it_is_resumed() {
        DynamicSupervisor::start_link(SUPERVISOR).await.unwrap();
        sys::suspend(&SUPERVISOR).await.unwrap();
        let spec = Numbers::child_spec_as(vec![], NUMBERS);
        let start = tokio::spawn(async { DynamicSupervisor::start_child(&SUPERVISOR, spec).await });
        settled().await;
        assert_eq!(NUMBERS.pid_now(), None);
        sys::resume(&SUPERVISOR).await.unwrap();
        let pid = start.await.unwrap().unwrap();
        assert_eq!(NUMBERS.pid_now(), Some(pid));
    }

    async fn supervisors_show_how_many_children_they_have() {
        let specs = [DynamicSupervisor::named(SUPERVISOR), Numbers::child_spec_as(vec![], NUMBERS)];
        let pid = Supervisor::start_link(specs, Strategy::RestForOne).await.unwrap();
        let status = sys::get_status(&pid.server::<Supervisor>().unwrap()).await.unwrap();
        assert_eq!(status.state, "Supervisor { strategy: RestForOne, children: 2 }");
        let status = sys::get_status(&SUPERVISOR).await.unwrap();
        assert_eq!(status.state, "DynamicSupervisor { children: 0, starting: 0 }");
    }

    async fn a_suspended_registry_serves_all_the_same() {
        let pid = REGISTRY.start_link(Default::default()).await.unwrap();
        let registry = pid.server::<Registry<u32>>().unwrap();
        sys::suspend(&registry).await.unwrap();
        // It owns the table, which is read and written without it.
        let server = gen_server::start::<Numbers>(vec![], REGISTRY.via::<Numbers>(1)).await.unwrap();
        assert_eq!(REGISTRY.via::<Numbers>(1).pid_now(), Some(server));
        assert_eq!(sys::get_status(&registry).await.unwrap().sys_state, SysState::Suspended);
        registry.stop(ExitReason::Normal).await.unwrap();
    }
}
