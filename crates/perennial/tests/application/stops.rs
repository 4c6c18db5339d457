//! Stopping an application: in order, and with a limit.

use crate::worker::{Kind::*, Seen, Tree};
use perennial::{
    application::{Application, Outcome},
    node::Node,
    prelude::*,
    process, time,
};
use std::time::Duration;
use tokio::sync::mpsc;

fn terminated(name: &'static str) -> Seen {
    Seen::Terminate(name, ExitReason::Shutdown)
}

#[perennial::test]
async fn an_application_stops_its_tree_in_reverse_order() {
    let mut tree = Tree::of(&[("a", Good), ("b", Good), ("c", Good)]);
    let app = Application::new("app").without_signals().start(tree.start()).await.unwrap();
    tree.rest();
    assert_eq!(app.stop().await, Outcome::Stopped);
    assert_eq!(tree.rest(), [terminated("c"), terminated("b"), terminated("a")]);
    assert_eq!(Node::current().count_processes(), 0);
    // One that has ended says how.
    assert_eq!(app.stop().await, Outcome::Stopped);
    assert_eq!(app.wait().await, Outcome::Stopped);
}

#[perennial::test(paused)]
async fn what_does_not_stop_in_time_is_killed() {
    let limit = Duration::from_secs(10);
    let mut tree = Tree::of(&[("a", Good), ("b", Stuck), ("c", Good)]);
    let app = Application::new("app").without_signals().shutdown_timeout(limit);
    let app = app.start(tree.start()).await.unwrap();
    tree.rest();
    let before = Node::current().now();
    assert_eq!(app.stop().await, Outcome::Killed);
    assert_eq!(Node::current().now() - before, limit);
    assert_eq!(tree.rest()[..2], [terminated("c"), terminated("b")]);
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test(paused)]
async fn an_application_without_a_limit_stops_as_slowly_as_it_likes() {
    let app = Application::new("app").without_signals().shutdown_timeout(None);
    let (tell, mut told) = mpsc::unbounded_channel();
    let start = async {
        Ok(process::spawn_link(|mut inbox: Inbox<Exit>| async move {
            inbox.trap_exit(true);
            let exit = inbox.receive().await;
            time::sleep(Duration::from_secs(3600)).await;
            tell.send(exit).expect("the test looks");
        }))
    };
    let app = app.start(start).await.unwrap();
    assert_eq!(app.stop().await, Outcome::Stopped);
    let exit = told.recv().await.unwrap();
    assert_eq!((exit.from, exit.reason), (app.pid(), ExitReason::Shutdown));
}

#[perennial::test]
async fn what_was_started_outside_of_the_tree_is_stopped_too() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let start = async move {
        // A second child of the application, and an orphan: its parent has ended normally.
        process::spawn_link(|mut inbox: Inbox<()>| async move { inbox.receive().await });
        process::spawn_link(|_: Inbox<()>| async move {
            let orphan = process::spawn_link(|mut inbox: Inbox<()>| async move { inbox.receive().await });
            tell.send(orphan).expect("the test looks");
        });

        Ok(process::spawn_link(|mut inbox: Inbox<()>| async move { inbox.receive().await }))
    };
    let app = Application::new("app").without_signals().start(start).await.unwrap();
    let orphan = process::monitor(told.recv().await.unwrap());
    assert_eq!(app.stop().await, Outcome::Stopped);
    assert_eq!(orphan.await.reason, ExitReason::Killed);
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test]
async fn the_end_of_the_node_stops_the_application_in_order() {
    let mut tree = Tree::of(&[("a", Good), ("b", Good)]);
    let app = Application::new("app").without_signals().start(tree.start()).await.unwrap();
    tree.rest();
    Node::current().stop(Duration::from_secs(5)).await;
    assert_eq!(app.wait().await, Outcome::Stopped);
    assert_eq!(tree.rest(), [terminated("b"), terminated("a")]);
}
