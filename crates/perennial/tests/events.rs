//! Lifecycle events: what happened, and because of what.

mod support;

use perennial::{
    node::{Event, EventId, EventKind, EventStream, Missed, Node, Time},
    prelude::*,
};
use std::collections::BTreeMap;
use support::{Log, Probe, settle};

fn drain(events: &mut EventStream) -> Vec<Event> {
    std::iter::from_fn(|| events.try_next().expect("nothing is missed")).collect()
}

/// The events as a tree: each below its cause, and indented.
fn chain(events: &[Event], names: &BTreeMap<Pid, &str>) -> Vec<String> {
    let name = |pid: &Pid| names.get(pid).copied().unwrap_or("?").to_owned();
    let text = |event: &Event| match &event.kind {
        EventKind::Start { .. } => format!("start {}", name(&event.pid)),
        EventKind::Exit { reason } => format!("exit {}: {reason}", name(&event.pid)),
        EventKind::Signal { from, signal, reason } => {
            format!("{signal:?} {} -> {}: {reason}", name(from), name(&event.pid))
        }
        EventKind::Restart { child, id } => format!("{} restarts {} {id}", name(&event.pid), name(child)),
        EventKind::GiveUp { child } => format!("{} gives up at {}", name(&event.pid), name(child)),
        other => format!("{other:?}"),
    };
    fn below(
        cause: Option<EventId>,
        depth: usize,
        events: &[Event],
        text: &impl Fn(&Event) -> String,
        lines: &mut Vec<String>,
    ) {
        let known = |id: Option<EventId>| id.filter(|id| events.iter().any(|event| event.id == *id));
        let mut here: Vec<_> = events.iter().filter(|event| known(event.cause) == cause).collect();
        // Links are told in no order.
        here.sort_by_key(|event| (!matches!(event.kind, EventKind::Exit { .. }), text(event)));
        for event in here {
            lines.push(format!("{}{}", "  ".repeat(depth), text(event)));
            below(Some(event.id), depth + 1, events, text, lines);
        }
    }
    let mut lines = Vec::new();
    below(None, 0, events, &text, &mut lines);
    lines
}

#[perennial::test(paused)]
async fn the_causal_chain_of_a_rest_for_one_restart_with_a_linked_outsider() {
    let log = Log::default();
    let mut events = Node::current().events();
    let children = ["a", "b", "c"].map(|id| Probe::new(id, &log).spec());
    let supervisor = Supervisor::start_link(children, Strategy::RestForOne).await.unwrap();
    let b = process::whereis("b").unwrap();
    let outsider = process::spawn(move |_: Inbox<()>| async move {
        process::link(b).expect("it runs");
        std::future::pending::<()>().await;
    });
    settle().await;
    drain(&mut events);
    let mut names = BTreeMap::from([(supervisor, "sup"), (outsider, "outsider")]);
    names.extend(["a", "b", "c"].map(|id| (process::whereis(id).unwrap(), id)));

    process::kill(b);
    settle().await;

    names.extend([("b", "b2"), ("c", "c2")].map(|(id, again)| (process::whereis(id).unwrap(), again)));
    let expected = [
        "Kill ? -> b: killed",
        "  exit b: killed",
        "    Link b -> outsider: killed",
        "      exit outsider: killed",
        "    Link b -> sup: killed",
        "      sup restarts b \"b\"",
        "        Exit sup -> c: shutdown",
        "          exit c: shutdown",
        "            Link c -> sup: shutdown",
        "        start b2",
        "        start c2",
    ];
    assert_eq!(chain(&drain(&mut events), &names), expected);
}

#[perennial::test(paused)]
async fn giving_up_is_the_cause_of_what_it_stops() {
    let log = Log::default();
    let options = perennial::supervisor::Options { max_restarts: 0, ..Default::default() };
    let children = ["a", "b"].map(|id| Probe::new(id, &log).spec());
    let supervisor = Supervisor::start_link(children, options).await.unwrap();
    let names = BTreeMap::from([(supervisor, "sup")]);
    let names: BTreeMap<_, _> =
        names.into_iter().chain(["a", "b"].map(|id| (process::whereis(id).unwrap(), id))).collect();
    let mut events = Node::current().events();
    process::kill(process::whereis("a").unwrap());
    settle().await;
    let expected = [
        "Kill ? -> a: killed",
        "  exit a: killed",
        "    Link a -> sup: killed",
        "      sup gives up at a",
        "        exit sup: shutdown",
        "        Exit sup -> b: shutdown",
        "          exit b: shutdown",
        "            Link b -> sup: shutdown",
    ];
    assert_eq!(chain(&drain(&mut events), &names), expected);
}

#[perennial::test(paused)]
async fn numbers_go_on_while_nobody_listens_and_every_exit_has_one() {
    let node = Node::current();
    for _ in 0..3 {
        process::monitor(process::spawn(|_: Inbox<()>| async {})).await;
    }
    let mut events = node.events();
    process::spawn(|_: Inbox<()>| async {});
    settle().await;
    let kinds: Vec<_> = drain(&mut events).into_iter().map(|event| event.kind).collect();
    assert!(
        matches!(kinds[..], [EventKind::Start { .. }, EventKind::Exit { reason: ExitReason::Normal }]),
        "{kinds:?}"
    );
}

#[perennial::test(paused)]
async fn a_slow_listener_is_told_how_much_it_missed() {
    let mut events = Node::current().events();
    for _ in 0..3_000 {
        process::spawn(|_: Inbox<()>| async {});
    }
    settle().await;
    let Err(Missed(missed)) = events.next().await else { panic!("6000 events do not fit") };
    assert_eq!(missed, 6_000 - 4_096);
    assert!(events.next().await.is_ok());
}

#[test]
fn one_that_ended_before_the_runtime_has_no_event_after_its_exit() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let node = {
        let _runtime = runtime.enter();
        Node::new(Time::Real)
    };
    let mut events = node.events();
    let ended = runtime.block_on(async {
        let _here = node.enter();
        let _other = gen_server::start_ref::<Sum>((), ()).await.unwrap();
        let sum = gen_server::start_ref::<Sum>((), ()).await.unwrap();
        // It is to be scheduled for that, and is run by the caller before it comes to it.
        sum.cast(1).unwrap();
        assert_eq!(sum.call(End).await, Ok(1));
        sum.pid()
    });
    drop(runtime);
    let of_it: Vec<_> = drain(&mut events).into_iter().filter(|event| event.pid == ended).collect();
    let last = of_it.last().map(|event| &event.kind);
    assert!(matches!(last, Some(EventKind::Exit { reason }) if reason.is_normal()), "{of_it:?}");
}

#[derive(Default)]
struct Sum(u32);

impl GenServer for Sum {
    type Args = ();
    async fn init((): (), _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self::default())
    }
}

impl HandleCast<u32> for Sum {
    async fn handle_cast(&mut self, more: u32, _: &mut Cx<Self>) -> NoReply {
        self.0 += more;
        noreply()
    }
}

struct End;

impl HandleCall<End> for Sum {
    type Reply = u32;
    async fn handle_call(&mut self, End: End, _: &mut Cx<Self>) -> Reply<u32> {
        stop_reply(ExitReason::Normal, self.0)
    }
}
