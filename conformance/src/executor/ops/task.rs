//! Operations on tasks.

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use perennial::child_spec::{self, StartError};
use perennial::dynamic_supervisor::{DynamicSupervisor, StartChildError};
use perennial::exit_reason::ExitReason;
use perennial::gen_server::{Address, ServerRef};
use perennial::process;
use perennial::task::{
    self, AWAIT_TIMEOUT, AwaitError, ChildOptions, OnTimeout, SpawnOptions, StreamError, StreamOptions, Task,
    TaskSupervisor, YieldManyOptions,
};
use perennial::time::sleep;

use super::value;
use crate::executor::job::{Job, work};
use crate::executor::lab::Lab;
use crate::executor::target::{self, At};
use crate::mapping;
use crate::observation::Outcome;
use crate::reason::Reason;
use crate::scenario::{self, Action, Op, Restart, Shutdown, StreamItem, Target, Wait};
use crate::value::Value;

pub(super) async fn run(op: &Op, lab: &Lab) -> Outcome {
    match op {
        Op::TaskAsync { label, action, sup, nolink, shutdown } => {
            spawn(label, action, sup.as_ref(), options(!nolink, *shutdown), lab).await
        }
        Op::TaskAwait { task, timeout } => match take(task, lab) {
            Some((_, task)) => awaited(task.wait(limit(*timeout)).await, lab),
            None => in_vain(*timeout, awaited(Err(AwaitError::Timeout), lab)).await,
        },
        Op::TaskYield { task, timeout } => match take(task, lab) {
            Some((label, mut task)) => {
                let answer = match limit(*timeout) {
                    Some(limit) => task.yield_for(limit).await,
                    None => yield_many(std::slice::from_mut(&mut task), None).await.remove(0),
                };
                // One that has not answered can be asked again.
                if answer.is_none() {
                    lab.keep_task(&label, task);
                }
                value(shown(answer, lab))
            }
            None => in_vain(*timeout, value(Value::Null)).await,
        },
        Op::TaskShutdown { task, timeout } => match take(task, lab) {
            Some((_, task)) => value(shown(task.shutdown(how(*timeout)).await, lab)),
            None => value(shown(Some(Err(ExitReason::NoProc)), lab)),
        },
        Op::TaskIgnore { task } => value(shown(take(task, lab).and_then(|(_, task)| task.ignore()), lab)),
        Op::TaskAwaitMany { task: tasks, timeout } => {
            let tasks = tasks.iter().filter_map(|task| Some(take(task, lab)?.1));
            awaited(task::await_many(tasks, limit(*timeout)).await.map(Value::List), lab)
        }
        Op::TaskYieldMany { task: tasks, timeout } => {
            let (labels, mut tasks): (Vec<_>, Vec<_>) =
                tasks.iter().filter_map(|task| take(task, lab)).unzip();
            let answers = yield_many(&mut tasks, limit(*timeout)).await;
            for ((label, task), answer) in labels.iter().zip(tasks).zip(&answers) {
                if answer.is_none() {
                    lab.keep_task(label, task);
                }
            }
            value(Value::List(answers.into_iter().map(|answer| shown(answer, lab)).collect()))
        }
        Op::TaskCompleted { value } => awaited(Task::completed(value.clone()).await, lab),
        Op::TaskStart { label, action, link } => {
            let job = Job::new(label, action, lab);
            let body = job.clone();
            let body = |inbox| body.run_child(inbox);
            let pid = if *link { process::spawn_link(body) } else { process::spawn(body) };
            job.has_begun(pid).await;
            value(Value::tagged("ok", lab.shown(pid)))
        }
        Op::TaskStartChild { sup, label, action, restart, shutdown } => {
            let restart = match restart {
                Some(Restart::Permanent) => child_spec::Restart::Permanent,
                Some(Restart::Transient) => child_spec::Restart::Transient,
                None | Some(Restart::Temporary) => child_spec::Restart::Temporary,
            };
            let options = ChildOptions { restart, shutdown: how(*shutdown) };
            start_child(label, action, &At::new(sup, lab), options, lab).await
        }
        Op::TaskChildren { sup } => match TaskSupervisor::children(&At::new(sup, lab)).await {
            Ok(pids) => Outcome::Set(pids.into_iter().map(|pid| lab.shown(pid).into()).collect()),
            Err(failed) => mapping::call_error(&failed, lab),
        },
        Op::AsyncStream { items, sup, nolink, zip_input_on_exit, take, .. } => {
            let options = stream_options(op);
            let (items, take) = (items.clone(), take.unwrap_or(usize::MAX));
            let f = |item: StreamItem| async move { work(&item.action).await };
            let stream = match sup.as_ref().map(|sup| supervisor(sup, lab)) {
                None => task::async_stream(items, f, options),
                Some(None) => return Outcome::exit(Reason::NoProc),
                Some(Some(sup)) if *nolink => TaskSupervisor::async_stream_nolink(&sup, items, f, options),
                Some(Some(sup)) => TaskSupervisor::async_stream(&sup, items, f, options),
            };
            if *zip_input_on_exit {
                let zip = |(item, error): (StreamItem, _)| (Some(item.input), error);
                let stream = stream.zip_input_on_exit().map(|result| result.map_err(zip));
                results(stream.take(take), options.on_timeout, lab).await
            } else {
                let stream = stream.map(|result| result.map_err(|error| (None, error)));
                results(stream.take(take), options.on_timeout, lab).await
            }
        }
        other => unreachable!("{other:?} is no operation on tasks"),
    }
}

async fn spawn(
    label: &str,
    action: &Action,
    sup: Option<&Target>,
    options: SpawnOptions,
    lab: &Lab,
) -> Outcome {
    let (job, spawned) = match sup {
        None => {
            let job = Job::new(label, action, lab);
            let body = job.clone();
            (job, Ok(Task::spawn_process(|inbox| body.run(inbox))))
        }
        Some(sup) => {
            let job = Job::supervised(label, action, lab);
            let body = job.clone();
            let body = |inbox| body.run(inbox);
            (job, TaskSupervisor::spawn_with(&At::new(sup, lab), options, body).await)
        }
    };
    match spawned {
        Ok(task) => {
            let pid = task.pid().expect("it was spawned");
            job.has_begun(pid).await;
            let label = lab.shown(pid);
            lab.keep_task(&label, task);
            value(label)
        }
        // The reference raises if there are too many, and exits if the supervisor is not there.
        Err(StartChildError::Call(failed)) => mapping::call_error(&failed, lab),
        Err(_) => mapping::raised(),
    }
}

async fn start_child(
    label: &str,
    action: &Action,
    sup: &At<DynamicSupervisor>,
    options: ChildOptions,
    lab: &Lab,
) -> Outcome {
    let job = Job::supervised(label, action, lab);
    let body = job.clone();
    match TaskSupervisor::start_child_with(sup, options, move |inbox| body.clone().run_child(inbox)).await {
        Ok(pid) => {
            job.has_begun(pid).await;
            value(Value::tagged("ok", lab.shown(pid)))
        }
        Err(StartChildError::MaxChildren) => value(Value::tagged("error", "max_children")),
        Err(StartChildError::Start(StartError::Exit(reason))) => {
            Outcome::error(mapping::reason(&reason, lab))
        }
        Err(StartChildError::Call(failed)) => mapping::call_error(&failed, lab),
        Err(other) => value(Value::tagged("error", other.to_string())),
    }
}

/// Reads a stream to its end.
async fn results(
    stream: impl Stream<Item = Result<Value, (Option<Value>, StreamError)>>,
    on_timeout: OnTimeout,
    lab: &Lab,
) -> Outcome {
    let mut stream = Box::pin(stream);
    let mut results = Vec::new();
    while let Some(result) = stream.next().await {
        let (input, reason) = match result {
            Ok(result) => {
                results.push(Value::tagged("ok", result));
                continue;
            }
            // With these the reference exits or raises, where the library's stream has its last item.
            Err((_, StreamError::Timeout)) if on_timeout == OnTimeout::Exit => {
                return Outcome::exit(Reason::Timeout);
            }
            Err((_, StreamError::Start(StartChildError::Call(failed)))) => {
                return mapping::call_error(&failed, lab);
            }
            Err((input, StreamError::Timeout)) => (input, Reason::Timeout),
            Err((input, StreamError::Exit(reason))) => (input, mapping::reason(&reason, lab)),
            Err(_) => return mapping::raised(),
        };
        let reason = Value::from(reason);
        results.push(Value::tagged(
            "exit",
            match input {
                Some(input) => Value::Tuple(vec![input, reason]),
                None => reason,
            },
        ));
    }
    value(Value::tagged("results", Value::List(results)))
}

fn stream_options(op: &Op) -> StreamOptions {
    let Op::AsyncStream { max_concurrency, ordered, timeout, on_timeout, .. } = op else {
        unreachable!("{op:?} is no stream");
    };
    StreamOptions {
        max_concurrency: max_concurrency.unwrap_or(2),
        ordered: *ordered,
        timeout: limit(*timeout),
        on_timeout: match on_timeout {
            None | Some(scenario::OnTimeout::Exit) => OnTimeout::Exit,
            Some(scenario::OnTimeout::KillTask) => OnTimeout::KillTask,
        },
        ..StreamOptions::default()
    }
}

/// Takes the handle of the task at `target`, with its label; none if it is used up. The reference can go on asking
/// then, and gets no answer.
fn take(target: &Target, lab: &Lab) -> Option<(String, Task<Value>)> {
    let label = lab.shown(target::pid(target, lab)?);
    let task = lab.take_task(&label)?;
    Some((label, task))
}

async fn in_vain(timeout: Option<Wait>, outcome: Outcome) -> Outcome {
    match limit(timeout) {
        Some(Duration::ZERO) => {}
        Some(limit) => sleep(limit).await,
        None => std::future::pending().await,
    }
    outcome
}

async fn yield_many(
    tasks: &mut [Task<Value>],
    timeout: Option<Duration>,
) -> Vec<Option<Result<Value, ExitReason>>> {
    task::yield_many(tasks, YieldManyOptions { timeout, ..YieldManyOptions::default() }).await
}

fn awaited(result: Result<Value, AwaitError>, lab: &Lab) -> Outcome {
    match result {
        Ok(result) => value(Value::tagged("value", result)),
        Err(AwaitError::Exit(reason)) => Outcome::exit(mapping::reason(&reason, lab)),
        Err(_) => Outcome::exit(Reason::Timeout),
    }
}

/// What the reference returns for a task that has answered, or not.
fn shown(answer: Option<Result<Value, ExitReason>>, lab: &Lab) -> Value {
    match answer {
        None => Value::Null,
        Some(Ok(result)) => Value::tagged("ok", result),
        Some(Err(reason)) => Value::tagged("exit", mapping::reason(&reason, lab)),
    }
}

fn supervisor(sup: &Target, lab: &Lab) -> Option<ServerRef<DynamicSupervisor>> {
    At::<DynamicSupervisor>::new(sup, lab).resolve().ok()
}

fn limit(timeout: Option<Wait>) -> Option<Duration> {
    timeout.map_or(Some(AWAIT_TIMEOUT), Wait::limit)
}

fn options(link: bool, shutdown: Option<Shutdown>) -> SpawnOptions {
    SpawnOptions { link, shutdown: how(shutdown) }
}

fn how(shutdown: Option<Shutdown>) -> child_spec::Shutdown {
    match shutdown {
        None => child_spec::Shutdown::Timeout(Duration::from_secs(5)),
        Some(Shutdown::BrutalKill) => child_spec::Shutdown::BrutalKill,
        Some(Shutdown::Timeout(time)) => child_spec::Shutdown::Timeout(time),
        Some(Shutdown::Infinity) => child_spec::Shutdown::Infinity,
    }
}
