//! Starting an application, and how that fails.

use crate::worker::{Kind::*, Seen, Tree};
use perennial::{
    application::{Application, Outcome},
    node::Node,
    prelude::*,
    process,
    supervisor::FailedToStartChild,
};

#[perennial::test]
async fn an_application_starts_its_tree_in_order_and_is_its_parent() {
    let mut tree = Tree::of(&[("a", Good), ("b", Good), ("c", Good)]);
    let app = Application::new("app").without_signals().start(tree.start()).await.unwrap();
    assert_eq!(tree.rest(), [Seen::Init("a"), Seen::Init("b"), Seen::Init("c")]);
    let info = process::info(app.pid()).unwrap();
    assert_eq!(info.label.as_deref(), Some("app"));
    assert_eq!(process::info(info.links[0]).unwrap().parent, Some(app.pid()));
    assert_eq!(app.stop().await, Outcome::Stopped);
}

#[perennial::test]
async fn an_application_whose_tree_does_not_start_has_failed_and_leaves_nothing() {
    let mut tree = Tree::of(&[("a", Good), ("b", Fails), ("c", Good)]);
    let outcome = Application::new("app").without_signals().run(tree.start()).await;
    let Outcome::NotStarted(StartError::Exit(ExitReason::ShutdownWith(failed))) = &outcome else {
        panic!("{outcome:?}")
    };
    let failed = failed.downcast_ref::<FailedToStartChild>().unwrap();
    assert_eq!(failed.id, "b".into());
    assert!(!outcome.is_success());
    assert_eq!(tree.rest(), [Seen::Init("a"), Seen::Terminate("a", ExitReason::Shutdown)]);
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test]
async fn a_start_function_that_panics_has_failed_and_leaves_nothing() {
    let start = async {
        process::spawn_link(|mut inbox: Inbox<()>| async move { inbox.receive().await });
        panic!("in the start function")
    };
    let failed = Application::new("app").without_signals().start(start).await.unwrap_err();
    let StartError::Exit(ExitReason::Panic(report)) = failed else { panic!("{failed}") };
    assert_eq!(report.message(), "in the start function");
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test]
async fn a_top_process_that_is_no_child_is_refused() {
    let elsewhere = process::spawn(|mut inbox: Inbox<()>| async move { inbox.receive().await });
    let app = Application::new("app").without_signals();
    let failed = app.start(async move { Ok(elsewhere) }).await.unwrap_err();
    assert!(failed.to_string().contains("must be started with a link"), "{failed}");
    assert!(process::is_alive(elsewhere));
}

#[perennial::test]
async fn an_application_starts_once_and_again_after_it_has_ended() {
    let start = |tree: &mut Tree| Application::new("app").without_signals().start(tree.start());
    let mut tree = Tree::of(&[]);
    let app = start(&mut tree).await.unwrap();
    let second = start(&mut Tree::of(&[])).await.unwrap_err();
    assert_eq!(second, StartError::AlreadyStarted(app.pid()));
    assert_eq!(app.stop().await, Outcome::Stopped);
    let again = start(&mut Tree::of(&[])).await.unwrap();
    assert_eq!(again.stop().await, Outcome::Stopped);
}
