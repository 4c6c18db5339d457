//! Tasks without a result: T2, T3.

use crate::support::{as_process, boom, forever, settle};
use perennial::{prelude::*, task};

rules! {
    async fn start_gives_the_pid_at_once_and_links_nothing() {
        let (pid, links) = as_process(|_| async {
            let pid = task::start(forever());
            (pid, process::links(pid))
        }).await.unwrap();
        assert_eq!(links, []);
        assert!(process::is_alive(pid));
    }

    async fn start_link_gives_the_pid_at_once_and_is_linked() {
        let (links, owner) = as_process(|inbox| async move {
            (process::links(task::start_link(forever())), inbox.pid())
        }).await.unwrap();
        assert_eq!(links, [owner]);
    }

    async fn what_a_task_without_a_result_returns_is_its_reason() {
        // Not before it is monitored.
        let ended = process::monitor(task::start(async { settle().await }));
        assert_eq!(ended.await.reason, ExitReason::Normal);
        let failed = process::monitor(task::start(async {
            settle().await;
            Err::<(), _>(boom())
        }));
        assert_eq!(failed.await.reason, boom());
    }

    async fn a_task_in_a_tree_is_temporary() {
        let spec = Task::child_spec("import", || async { boom() });
        assert_eq!((spec.id.clone(), spec.restart), ("import".into(), Restart::Temporary));
        let tree = Supervisor::start_link([spec], Strategy::OneForOne).await.unwrap();
        settle().await;
        let tree = tree.server::<Supervisor>().unwrap();
        assert_eq!(Supervisor::which_children(&tree).await.unwrap(), []);
    }
}
