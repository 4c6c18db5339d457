//! Names: P17, P22, P23.

use crate::support::{Probe, dead, idle};
use perennial::{
    exit_reason::ExitReason,
    node::Node,
    process::{self, Inbox, RegisterError},
};

rules! {
    async fn names_are_free_when_down_arrives() {
        for n in 0..200 {
            let pid = idle();
            process::register("worker", pid).unwrap();
            assert_eq!(process::whereis("worker"), Some(pid));
            let ended = process::monitor(pid);
            process::exit(pid, ExitReason::other(n));
            ended.await;
            assert_eq!(process::whereis("worker"), None);
        }
    }

    async fn names_are_free_when_an_exit_arrives() {
        let mut probe = Probe::trapping().await;
        for _ in 0..200 {
            probe
                .run(|_| {
                    let child = process::spawn_link(|_: Inbox<()>| std::future::pending::<()>());
                    process::register("child", child).unwrap();
                    process::kill(child);
                })
                .await;
            probe.exit().await;
            assert_eq!(process::whereis("child"), None);
        }
    }

    async fn register_refuses_what_is_taken_named_or_dead() {
        let (one, two) = (idle(), idle());
        process::register("one", one).unwrap();
        assert_eq!(process::register("one", two), Err(RegisterError::Taken(one)));
        assert_eq!(process::register("one", one), Err(RegisterError::Taken(one)));
        assert_eq!(process::register("another", one), Err(RegisterError::HasName));
        assert_eq!(process::register("dead", dead().await), Err(RegisterError::NoProc));
        assert_eq!(Node::current().registered(), ["one".into()]);
        assert_eq!(process::info(one).unwrap().name.as_deref(), Some("one"));
        assert_eq!(process::info(two).unwrap().name, None);
    }

    async fn a_name_that_is_given_up_can_be_taken() {
        let (one, two) = (idle(), idle());
        process::register("name", one).unwrap();
        assert!(process::unregister("name"));
        assert!(!process::unregister("name"));
        process::register("name", two).unwrap();
        process::register("another", one).unwrap();
        // Its end frees its own name and nobody else's.
        process::kill(one);
        process::monitor(one).await;
        assert_eq!(process::whereis("another"), None);
        assert_eq!(process::whereis("name"), Some(two));
    }
}
