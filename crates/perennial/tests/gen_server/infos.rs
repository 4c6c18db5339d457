//! Recipients, monitors: what comes to `handle_info`.

use crate::puppet::{Ask, Puppet, Seen, puppet};
use perennial::{prelude::*, process};
use std::sync::Arc;

fn watch(pid: Pid) -> Ask<impl FnOnce(&mut Puppet, &mut Cx<Puppet>) -> Reply<perennial::pid::Ref> + Send> {
    Ask(move |_: &mut Puppet, cx: &mut Cx<Puppet>| reply(cx.monitor(pid)))
}

#[perennial::test]
async fn a_recipient_is_anyone_with_handle_info() {
    let (server, mut log) = puppet().await;
    let recipient: Recipient<u32> = server.recipient();
    assert_eq!(recipient.pid(), server.pid());
    assert_eq!(recipient.send(1), Ok(()));
    assert_eq!(log.next().await, Seen::Info(1));
    let of_itself = Ask(|_: &mut Puppet, cx: &mut Cx<Puppet>| reply(cx.recipient::<u32>()));
    assert_eq!(server.call(of_itself).await, Ok(recipient.clone()));
    server.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(recipient.send(2), Err(2));
}

#[perennial::test]
async fn a_monitor_tells_a_server_of_an_end() {
    let (server, mut log) = puppet().await;
    let (other, _other_log) = puppet().await;
    let pid = other.pid();
    let monitor = server.call(watch(pid)).await.unwrap();
    other.stop(ExitReason::Shutdown).await.unwrap();
    let Seen::Down(down) = log.next().await else { panic!("a down") };
    assert_eq!((down.monitor, down.pid), (monitor, Some(pid)));
    assert_eq!((down.name, down.reason), (None, ExitReason::Shutdown));
}

#[perennial::test]
async fn a_monitor_of_the_dead_says_so_at_once() {
    let (server, mut log) = puppet().await;
    let dead = process::spawn(|_: Inbox<()>| async {});
    process::monitor(dead).await;
    let monitor = server.call(watch(dead)).await.unwrap();
    let Seen::Down(down) = log.next().await else { panic!("a down") };
    assert_eq!((down.monitor, down.pid, down.reason), (monitor, Some(dead), ExitReason::NoProc));
}

#[perennial::test]
async fn a_monitor_by_name_carries_the_name() {
    const NAME: Name<Puppet> = Name::new("watched");
    let (server, mut log) = puppet().await;
    let watch = || Ask(|_: &mut Puppet, cx: &mut Cx<Puppet>| reply(cx.monitor_name(NAME.as_str())));
    let name = Some(Arc::from("watched"));

    server.call(watch()).await.unwrap();
    let Seen::Down(down) = log.next().await else { panic!("a down") };
    assert_eq!((down.pid, down.name, down.reason), (None, name.clone(), ExitReason::NoProc));

    let (script, _log) = crate::puppet::script(|_| Ok(()));
    let pid = gen_server::start(script, NAME).await.unwrap();
    server.call(watch()).await.unwrap();
    NAME.stop(ExitReason::Normal).await.unwrap();
    let Seen::Down(down) = log.next().await else { panic!("a down") };
    assert_eq!((down.pid, down.name, down.reason), (Some(pid), name, ExitReason::Normal));
}

#[perennial::test]
async fn a_monitor_that_was_removed_says_nothing() {
    let (server, log) = puppet().await;
    let (other, _other_log) = puppet().await;
    let monitor = server.call(watch(other.pid())).await.unwrap();
    let demonitor = || Ask(move |_: &mut Puppet, cx: &mut Cx<Puppet>| reply(cx.demonitor(monitor)));
    assert_eq!(server.call(demonitor()).await, Ok(true));
    assert_eq!(server.call(demonitor()).await, Ok(false));
    assert_eq!(process::info(other.pid()).unwrap().monitored_by, 0);
    other.stop(ExitReason::Normal).await.unwrap();
    server.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(log.rest().await, [Seen::Terminate(ExitReason::Normal)]);
}

#[perennial::test]
async fn messages_come_before_the_down_of_their_sender() {
    let (server, mut log) = puppet().await;
    let recipient = server.recipient::<u32>();
    let (go, wait) = tokio::sync::oneshot::channel();
    let sender = process::spawn(|_: Inbox<()>| async move {
        wait.await.expect("the test lives");
        (0..100).for_each(|n| recipient.send(n).expect("it lives"));
    });
    server.call(watch(sender)).await.unwrap();
    go.send(()).unwrap();
    for n in 0..100 {
        assert_eq!(log.next().await, Seen::Info(n));
    }
    assert!(matches!(log.next().await, Seen::Down(_)));
}
