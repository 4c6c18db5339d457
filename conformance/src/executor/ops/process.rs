//! Operations on processes: start, link, monitor, exit signals, messages, names, timers.

use perennial::pid::Pid;
use perennial::process::{self, Recipient, Timer};

use super::{not_yet, value};
use crate::executor::bare::{self, BareMessage};
use crate::executor::exec::Me;
use crate::executor::lab::{Kind, Lab};
use crate::executor::probe::{Msg, Probe};
use crate::executor::start::{Linked, start_server};
use crate::executor::target;
use crate::mapping;
use crate::observation::Outcome;
use crate::reason::Signal;
use crate::scenario::{Letter, Op, Target};
use crate::value::Value;

pub(super) async fn run(op: &Op, me: &mut dyn Me, lab: &Lab) -> Option<Outcome> {
    Some(match op {
        Op::StartLink { child, init_timeout } => start_server(child, Linked::Yes, *init_timeout, lab).await,
        Op::Start { child, init_timeout } => start_server(child, Linked::No, *init_timeout, lab).await,
        Op::Spawn { child } => value(Value::tagged("ok", lab.shown(bare::start(child, false, lab).await))),
        Op::SpawnLink { child } => value(Value::tagged("ok", lab.shown(bare::start(child, true, lab).await))),
        Op::Link { target } => with_pid(target, lab, |pid| match process::link(pid) {
            Ok(()) => value(true),
            Err(process::NoProc) => mapping::raised(),
        }),
        Op::Unlink { target } => with_pid(target, lab, |pid| {
            process::unlink(pid);
            value(true)
        }),
        Op::Monitor { target, monitor } => {
            let reference = match target {
                Target::Name(name) => me.monitor_name(name),
                target => match target::pid(target, lab) {
                    Some(pid) => me.monitor(pid),
                    None => return Some(mapping::raised()),
                },
            };
            lab.name_monitor(monitor, reference);
            return None;
        }
        Op::Demonitor { monitor, flush, info } => {
            let reference = lab.monitor(monitor)?;
            let was_there = me.demonitor(reference);
            let flushed = *flush && !was_there && lab.flush(reference);
            // With both options the reference says whether there was nothing to flush.
            value(!info || if *flush { !flushed } else { was_there })
        }
        Op::TrapExit { value: trap } => value(me.trap_exit(*trap)),
        Op::Exit { target, reason } => {
            let Some(pid) = target::pid(target, lab) else { return Some(mapping::raised()) };
            match reason {
                Signal::Kill => process::kill(pid),
                Signal::Exit(reason) => process::exit(pid, mapping::exit_reason(reason)),
            }
            // A signal to oneself acts at once in the reference, here when the process next waits.
            give_way().await;
            return None;
        }
        Op::Send(letter) => return send(letter, lab),
        Op::Alive { target } => with_pid(target, lab, |pid| value(process::is_alive(pid))),
        Op::Links { target } => with_pid(target, lab, |pid| {
            let labels = process::links(pid).into_iter().filter_map(|pid| lab.label(pid));
            Outcome::Set(labels.map(Value::from).collect())
        }),
        Op::Whereis { target: Target::Via { registry, .. } }
            if target::registry_named(registry).count().is_err() =>
        {
            mapping::raised()
        }
        Op::Whereis { target } => {
            value(target::pid(target, lab).map_or(Value::Null, |pid| lab.shown(pid).into()))
        }
        Op::RegisterName { target, name } => with_pid(target, lab, |pid| {
            process::register(name.as_str(), pid).map_or_else(|_| mapping::raised(), |()| value(true))
        }),
        Op::UnregisterName { name } => match process::unregister(name) {
            true => value(true),
            false => mapping::raised(),
        },
        Op::SendAfter { target, msg, ms, timer } => {
            let set = match target::find(target, lab)? {
                (pid, Kind::Bare) => bare_at(pid).map(|it| it.send_after(*ms, BareMessage::Msg(msg.clone()))),
                (pid, _) => probe_at(pid).map(|it| it.send_after(*ms, Msg(msg.clone()))),
            };
            // A timer for one who has ended is none at all.
            if let Some(set) = set {
                lab.name_timer(timer, set);
            }
            return None;
        }
        Op::CancelTimer { timer } => left(lab.timer(timer).and_then(Timer::cancel)),
        Op::ReadTimer { timer } => left(lab.timer(timer).and_then(Timer::read)),
        other => return not_yet(other, lab),
    })
}

/// What the reference says of a process it is given; it raises if nobody is there.
fn with_pid(target: &Target, lab: &Lab, then: impl FnOnce(Pid) -> Outcome) -> Outcome {
    target::pid(target, lab).map_or_else(mapping::raised, then)
}

/// Sends to whoever is at the target. The dead do not mind; a name that nobody has is a mistake.
fn send(letter: &Letter, lab: &Lab) -> Option<Outcome> {
    let (Letter::Msg(target, _) | Letter::Command(target, _)) = letter;
    let Some((pid, kind)) = target::find(target, lab) else { return Some(mapping::raised()) };
    match letter {
        Letter::Msg(_, msg) => send_msg(pid, msg.clone(), lab),
        // An error says that it has ended, and so does having no recipient.
        Letter::Command(_, command) if kind == Kind::Bare => {
            drop(bare_at(pid).map(|it| it.send(BareMessage::Command(command.clone()))));
        }
        Letter::Command(_, command) => drop(probe_at(pid).map(|it| it.send(command.clone()))),
    }
    None
}

/// Sends a plain message to a process; the dead do not mind.
pub(super) fn send_msg(pid: Pid, msg: Value, lab: &Lab) {
    let kind = lab.label(pid).and_then(|label| lab.find(&label)).map(|(_, kind)| kind);
    match kind {
        Some(Kind::Bare) => drop(bare_at(pid).map(|it| it.send(BareMessage::Msg(msg)))),
        _ => drop(probe_at(pid).map(|it| it.send(Msg(msg)))),
    }
}

fn bare_at(pid: Pid) -> Option<Recipient<BareMessage>> {
    process::recipient(pid)
}

fn probe_at<M: Send + 'static>(pid: Pid) -> Option<Recipient<M>>
where
    Probe: perennial::gen_server::HandleInfo<M>,
{
    pid.server::<Probe>().map(|server| server.recipient())
}

fn left(left: Option<std::time::Duration>) -> Outcome {
    value(if left.is_some() { Value::from("left") } else { Value::from(false) })
}

/// Returns `Pending` once, asking to be polled again at once, so that the clock sees no pause.
async fn give_way() {
    let mut waited = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut waited, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
