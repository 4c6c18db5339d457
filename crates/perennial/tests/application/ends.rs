//! What happens when the tree ends by itself, or the application is killed.

use crate::worker::{Kind::*, Seen, Tree};
use perennial::{
    application::{Application, Outcome},
    node::Node,
    prelude::*,
    process,
    supervisor::{Options, Strategy, Supervisor},
};

#[perennial::test]
async fn a_supervisor_that_gives_up_ends_the_application_as_a_failure() {
    let children = [ChildSpec::task("bad", || async { ExitReason::other("again") })];
    let start = Supervisor::start_link(children, Options { max_restarts: 2, ..Strategy::OneForOne.into() });
    let outcome = Application::new("app").without_signals().run(start).await;
    assert_eq!(outcome, Outcome::Ended(ExitReason::Shutdown));
    assert!(!outcome.is_success());
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test]
async fn a_tree_that_ends_normally_is_a_success() {
    let start = async { Ok(process::spawn_link(|_: Inbox<()>| async {})) };
    let outcome = Application::new("app").without_signals().run(start).await;
    assert_eq!(outcome, Outcome::Ended(ExitReason::Normal));
    assert!(outcome.is_success());
}

#[perennial::test]
async fn what_is_left_when_the_top_process_ends_is_stopped() {
    let start = async {
        process::spawn_link(|mut inbox: Inbox<()>| async move { inbox.receive().await });
        Ok(process::spawn_link(|_: Inbox<()>| async {}))
    };
    let outcome = Application::new("app").without_signals().run(start).await;
    assert_eq!(outcome, Outcome::Ended(ExitReason::Normal));
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test]
async fn an_application_that_is_killed_takes_its_tree_with_it() {
    let mut tree = Tree::of(&[("a", Good)]);
    let app = Application::new("app").without_signals().start(tree.start()).await.unwrap();
    assert_eq!(tree.next().await, Seen::Init("a"));
    process::kill(app.pid());
    assert_eq!(app.wait().await, Outcome::Ended(ExitReason::Killed));
    // The supervisor stops its children, whoever the signal is from.
    assert!(matches!(tree.next().await, Seen::Terminate("a", _)));
}

#[perennial::test]
async fn the_end_of_another_child_does_not_end_the_application() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let start = async {
        let other = process::spawn_link(|_: Inbox<()>| async { ExitReason::other("boom") });
        tell.send(other).expect("the test waits");
        Ok(process::spawn_link(|mut inbox: Inbox<()>| async move { inbox.receive().await }))
    };
    let app = Application::new("app").without_signals().start(start).await.unwrap();
    process::monitor(told.await.unwrap()).await;
    assert_eq!(app.stop().await, Outcome::Stopped);
}
