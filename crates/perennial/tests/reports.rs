//! What is logged, and what is not: the L rows, and S100 to S104.

mod support;

use perennial::{
    application::{Application, Outcome},
    dynamic_supervisor,
    prelude::*,
    supervisor::Options,
    sys,
};
use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{Arc, Mutex},
    time::Duration,
};
use support::{Log, Plan, Probe, boom, end, kill, settle};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::{DefaultGuard, set_default},
};

/// The events of the library on this thread, which runs all processes of a test.
#[derive(Clone, Default)]
struct Reports(Arc<Mutex<Vec<Report>>>);

/// One event: its level, and its fields as text.
struct Report {
    level: String,
    fields: BTreeMap<&'static str, String>,
}

impl Report {
    /// Level and kind: the context of a report of a supervisor, else the message.
    fn line(&self) -> String {
        let kind = self.fields.get("context").unwrap_or(&self.fields["message"]);
        format!("{} {kind}", self.level)
    }
}

impl Reports {
    fn listen() -> (Self, DefaultGuard) {
        let reports = Self::default();
        (reports.clone(), set_default(reports))
    }

    fn take(&self) -> Vec<Report> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn lines(&self) -> Vec<String> {
        self.take().iter().map(Report::line).collect()
    }
}

struct Fields<'a>(&'a mut BTreeMap<&'static str, String>);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Subscriber for Reports {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("perennial")
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut fields = BTreeMap::new();
        event.record(&mut Fields(&mut fields));
        let level = event.metadata().level().to_string();
        self.0.lock().unwrap().push(Report { level, fields });
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

async fn start(children: impl IntoIterator<Item = ChildSpec>, options: impl Into<Options>) -> Pid {
    Supervisor::start_link(children, options).await.expect("it starts")
}

#[perennial::test(paused)]
async fn a_crash_is_one_report_of_the_process_and_one_of_its_supervisor() {
    let (reports, _listening) = Reports::listen();
    let log = Log::default();
    let supervisor = start([Probe::new("a", &log).spec()], Strategy::OneForOne).await;
    assert_eq!(reports.lines(), ["INFO progress"]);
    let child = process::whereis("a").unwrap();
    end("a", boom()).await;
    let seen = reports.take();
    let lines: Vec<_> = seen.iter().map(Report::line).collect();
    assert_eq!(lines, ["ERROR process crashed", "ERROR child_terminated", "INFO progress"]);
    let [crash, terminated, progress] = &seen[..] else { panic!("three of them") };
    assert_eq!(crash.fields["pid"], child.to_string());
    assert!(crash.fields["behaviour"].ends_with("Probe"), "{:?}", crash.fields);
    assert_eq!((&*crash.fields["label"], &*crash.fields["reason"]), ("a", "\"boom\""));
    assert_eq!(terminated.fields["supervisor"], supervisor.to_string());
    assert_eq!((&*terminated.fields["child_id"], &*terminated.fields["reason"]), ("\"a\"", "\"boom\""));
    assert!(terminated.fields["child_pid"].contains(&child.to_string()), "{:?}", terminated.fields);
    assert_eq!(progress.fields["child_pid"], process::whereis("a").unwrap().to_string());
}

#[perennial::test(paused)]
async fn a_kill_is_reported_by_the_supervisor_only() {
    let (reports, _listening) = Reports::listen();
    let log = Log::default();
    start([Probe::new("a", &log).spec()], Strategy::OneForOne).await;
    reports.take();
    kill("a").await;
    assert_eq!(reports.lines(), ["ERROR child_terminated", "INFO progress"]);
}

#[perennial::test(paused)]
async fn a_clean_end_is_silent_except_of_a_permanent_child() {
    let (reports, _listening) = Reports::listen();
    for reason in [ExitReason::Normal, ExitReason::Shutdown, ExitReason::shutdown_with(1)] {
        for restart in [Restart::Permanent, Restart::Transient, Restart::Temporary] {
            let log = Log::default();
            let supervisor = start([Probe::new("a", &log).with(restart)], Strategy::OneForOne).await;
            reports.take();
            end("a", reason.clone()).await;
            let expected: &[&str] = match restart {
                Restart::Permanent => &["ERROR child_terminated", "INFO progress"],
                _ => &[],
            };
            assert_eq!(reports.lines(), expected, "{restart:?} {reason:?}");
            supervisor.server::<Supervisor>().unwrap().stop(ExitReason::Normal).await.unwrap();
            assert_eq!(reports.lines(), [""; 0]);
        }
    }
}

#[perennial::test(paused)]
async fn a_task_that_crashes_is_one_report_and_a_clean_end_none() {
    async fn import() {
        process::exit_self(boom())
    }
    let (reports, _listening) = Reports::listen();
    let task = Task::spawn(import());
    let pid = task.pid().unwrap();
    task.await.unwrap_err();
    let seen = reports.take();
    assert_eq!(seen.iter().map(Report::line).collect::<Vec<_>>(), ["ERROR process crashed"]);
    assert_eq!((&*seen[0].fields["pid"], &*seen[0].fields["reason"]), (&*pid.to_string(), "\"boom\""));
    assert!(seen[0].fields["behaviour"].contains("import"), "{:?}", seen[0].fields);
    let stream = task::async_stream([()], |()| import(), task::StreamOptions::default());
    futures_util::StreamExt::collect::<Vec<_>>(stream).await;
    let seen = reports.take();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].fields["behaviour"].contains("import"), "{:?}", seen[0].fields);
    for reason in [ExitReason::Normal, ExitReason::Shutdown, ExitReason::shutdown_with(1)] {
        let task: Task<()> = Task::spawn(async { process::exit_self(reason) });
        task.await.unwrap_err();
    }
    assert_eq!(Task::spawn(async {}).await, Ok(()));
    assert_eq!(reports.lines(), [""; 0]);
}

#[perennial::test(paused)]
async fn a_child_that_does_not_start_is_reported() {
    let (reports, _listening) = Reports::listen();
    let log = Log::default();
    let failing = Probe::new("b", &log).plan(&[Plan::Fail]).spec();
    Supervisor::start_link([Probe::new("a", &log).spec(), failing], Strategy::OneForOne).await.unwrap_err();
    let seen = reports.take();
    let lines: Vec<_> = seen.iter().map(Report::line).collect();
    assert_eq!(lines, ["INFO progress", "ERROR process crashed", "ERROR start_error"]);
    assert_eq!(seen[2].fields["child_id"], "\"b\"");
}

#[perennial::test(paused)]
async fn too_many_restarts_are_reported() {
    let (reports, _listening) = Reports::listen();
    let log = Log::default();
    let options = Options { max_restarts: 0, ..Options::default() };
    start([Probe::new("a", &log).spec()], options).await;
    reports.take();
    kill("a").await;
    let seen = reports.take();
    let lines: Vec<_> = seen.iter().map(Report::line).collect();
    assert_eq!(lines, ["ERROR child_terminated", "ERROR shutdown"]);
    assert_eq!(seen[1].fields["reason"], "reached_max_restart_intensity");
}

#[perennial::test(paused)]
async fn a_child_that_has_to_be_killed_is_reported_when_it_is_stopped() {
    let (reports, _listening) = Reports::listen();
    let log = Log::default();
    let stubborn = Probe::new("a", &log).stop_for(Duration::from_secs(3600)).spec();
    let supervisor = start([stubborn], Strategy::OneForOne).await;
    reports.take();
    supervisor.server::<Supervisor>().unwrap().stop(ExitReason::Normal).await.unwrap();
    let seen = reports.take();
    assert_eq!(seen.iter().map(Report::line).collect::<Vec<_>>(), ["ERROR shutdown_error"]);
    assert_eq!(seen[0].fields["reason"], "killed");
}

#[perennial::test(paused)]
async fn a_dynamic_supervisor_reports_errors_only_and_in_the_same_words() {
    const SUP: Name<DynamicSupervisor> = Name::new("sup");
    let (reports, _listening) = Reports::listen();
    let log = Log::default();
    let options = dynamic_supervisor::Options { max_restarts: 0, ..SUP.into() };
    DynamicSupervisor::start_link(options).await.unwrap();
    DynamicSupervisor::start_child(&SUP, Probe::new("a", &log).with(Restart::Temporary)).await.unwrap();
    DynamicSupervisor::start_child(&SUP, Probe::new("b", &log).spec()).await.unwrap();
    assert_eq!(reports.lines(), [""; 0]);
    end("a", boom()).await;
    let seen = reports.take();
    let lines: Vec<_> = seen.iter().map(Report::line).collect();
    assert_eq!(lines, ["ERROR process crashed", "ERROR child_terminated"]);
    assert_eq!(seen[1].fields["child_id"], "\"undefined\"");
    let failing = Probe::new("c", &log).plan(&[Plan::Fail]).spec();
    DynamicSupervisor::start_child(&SUP, failing).await.unwrap_err();
    assert_eq!(reports.lines(), ["ERROR process crashed", "ERROR start_error"]);
    kill("b").await;
    assert_eq!(reports.lines(), ["ERROR child_terminated", "ERROR shutdown"]);
}

#[perennial::test(paused)]
async fn a_bare_process_that_crashes_is_reported_under_its_label() {
    let (reports, _listening) = Reports::listen();
    process::spawn(|_: Inbox<()>| async {
        process::set_label("worker 7");
        Err::<(), _>(std::io::Error::other("disk"))
    });
    process::spawn(|_: Inbox<()>| async { ExitReason::shutdown_with("done") });
    settle().await;
    let seen = reports.take();
    assert_eq!(seen.iter().map(Report::line).collect::<Vec<_>>(), ["ERROR process crashed"]);
    assert_eq!((&*seen[0].fields["label"], &*seen[0].fields["reason"]), ("worker 7", "disk"));
}

#[perennial::test(paused)]
async fn an_application_reports_its_start_and_its_end() {
    let (reports, _guard) = Reports::listen();
    let start = async { Ok(process::spawn_link(|_: Inbox<()>| std::future::pending::<()>())) };
    let app = Application::new("quiz").without_signals().start(start).await.unwrap();
    let started = reports.take();
    assert_eq!(
        started.iter().map(Report::line).collect::<Vec<_>>(),
        ["INFO application starting", "INFO application started"]
    );
    assert!(started.iter().all(|report| report.fields["application"].contains("quiz")));
    assert_eq!(app.stop().await, Outcome::Stopped);
    assert_eq!(reports.lines(), ["INFO application stopping", "INFO application ended"]);

    let fails = async { Err(StartError::Exit(boom())) };
    Application::new("quiz").without_signals().start(fails).await.unwrap_err();
    let all = ["INFO application starting", "INFO application stopping", "ERROR application ended"];
    assert_eq!(reports.lines(), all);
}

/// A server that shows its number, and panics in its `format_status` if that is 13.
#[derive(Clone)]
struct Shown(u32);

struct Ask;

impl GenServer for Shown {
    type Args = u32;
    async fn init(n: u32, _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self(n))
    }
    async fn terminate(&mut self, reason: &ExitReason, _: &mut Cx<Self>) -> Result<(), ExitReason> {
        self.0 += 1;
        if reason.is_normal() { Err(boom()) } else { Ok(()) }
    }
    fn format_status(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        assert_ne!(self.0, 13, "not shown");
        write!(f, "number {}", self.0)
    }
}

impl HandleCall<Ask> for Shown {
    type Reply = u32;
    async fn handle_call(&mut self, _: Ask, _: &mut Cx<Self>) -> Reply<u32> {
        reply(self.0)
    }
}

async fn shown(n: u32) -> ServerRef<Shown> {
    gen_server::start::<Shown>(n, ()).await.unwrap().server().unwrap()
}

#[perennial::test(paused)]
async fn the_report_of_a_crash_shows_the_state_as_format_status_says() {
    let (reports, _listening) = Reports::listen();
    // As it was before `terminate`; if that fails itself, after it.
    for (reason, state) in [(boom(), "number 7"), (ExitReason::Normal, "number 8")] {
        let stopped = shown(7).await.stop(reason).await;
        let seen = reports.take();
        assert_eq!(
            seen.iter().map(Report::line).collect::<Vec<_>>(),
            ["ERROR process crashed"],
            "{stopped:?}"
        );
        assert_eq!(seen[0].fields["state"], state);
    }
    shown(7).await.stop(ExitReason::Shutdown).await.unwrap();
    assert_eq!(reports.lines(), [""; 0]);
}

#[perennial::test(paused)]
async fn the_report_of_a_crash_says_that_format_status_failed_or_nothing() {
    let (reports, _listening) = Reports::listen();
    shown(13).await.stop(boom()).await.unwrap();
    assert!(reports.take()[0].fields["state"].ends_with("Shown failed"));
    // A server that does not say how its state is shown.
    let log = Log::default();
    let probe = gen_server::start::<Probe>(Probe::new("a", &log), ()).await.unwrap();
    probe.server::<Probe>().unwrap().stop(boom()).await.unwrap();
    assert!(!reports.take()[0].fields.contains_key("state"));
}

#[perennial::test(paused)]
async fn the_report_of_a_crash_has_the_events_that_were_kept() {
    let (reports, _listening) = Reports::listen();
    let server = shown(1).await;
    sys::log_on(&server, 10).await.unwrap();
    server.call(Ask).await.unwrap();
    server.stop(boom()).await.unwrap();
    assert_eq!(reports.take()[0].fields["log"], "got call reports::Ask; sent u32; terminates: \"boom\"");
}

#[perennial::test(paused)]
async fn traced_events_are_events_of_tracing() {
    let (reports, _listening) = Reports::listen();
    let server = shown(1).await;
    sys::trace_on(&server).await.unwrap();
    server.call(Ask).await.unwrap();
    sys::trace_off(&server).await.unwrap();
    server.call(Ask).await.unwrap();
    let seen = reports.take();
    let lines: Vec<_> = seen.iter().map(Report::line).collect();
    assert_eq!(lines, ["INFO got call reports::Ask", "INFO sent u32"]);
    assert_eq!(seen[0].fields["pid"], server.pid().to_string());
}
