//! Plain futures under supervision: no servers, no messages, restart rules all the same.
//!
//! ```sh
//! cargo run -p perennial-examples --bin supervised_tasks
//! ```
//!
//! `ChildSpec::task(id, || async { .. })` makes a child of any future. What it returns says how it ended: nothing is
//! a normal end, an `Err` or a panic a crash. Three tasks with three rules:
//!
//! | task | rule | so |
//! |---|---|---|
//! | `heartbeat` | permanent | it runs as long as its supervisor does |
//! | `warm up` | temporary | it runs once, and may fail |
//! | `import` | transient, significant | it is run again until it succeeds; then the supervisor stops all others and ends |
#![forbid(unsafe_code)]

use perennial::{
    prelude::*,
    supervisor::{AutoShutdown, Options},
    time::sleep,
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// What the tasks have done. It is shared and not owned by a task, so a restart does not undo it.
#[derive(Debug, Default)]
struct Progress {
    beats: AtomicU32,
    attempts: AtomicU32,
    imported: AtomicU32,
}

async fn heartbeat(progress: Arc<Progress>) {
    loop {
        println!("heartbeat {}", progress.beats.fetch_add(1, Ordering::Relaxed) + 1);
        sleep(Duration::from_millis(100)).await;
    }
}

async fn warm_up() {
    panic!("the cache is cold");
}

/// Fails at first, as networks do.
async fn import(progress: Arc<Progress>) -> io::Result<()> {
    let attempt = progress.attempts.fetch_add(1, Ordering::Relaxed) + 1;
    println!("import: attempt {attempt}");
    sleep(Duration::from_millis(150)).await;
    if attempt < 3 {
        return Err(io::Error::other("the connection was lost"));
    }
    progress.imported.store(42, Ordering::Relaxed);
    Ok(())
}

fn children(progress: &Arc<Progress>) -> [ChildSpec; 3] {
    // A task may run many times, so each run gets its own handle.
    let (beating, importing) = (progress.clone(), progress.clone());
    [
        ChildSpec::task("heartbeat", move || heartbeat(beating.clone())),
        ChildSpec { restart: Restart::Temporary, ..ChildSpec::task("warm up", warm_up) },
        ChildSpec {
            restart: Restart::Transient,
            significant: true,
            ..ChildSpec::task("import", move || import(importing.clone()))
        },
    ]
}

/// Starts the tasks; the process it returns ends when the import has succeeded, or has failed too often.
async fn start(progress: &Arc<Progress>) -> StartResult {
    let options = Options { auto_shutdown: AutoShutdown::AnySignificant, ..Options::default() };
    Supervisor::start_link(children(progress), options).await
}

#[perennial::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let progress = Arc::new(Progress::default());
    let supervisor = start(&progress).await?;
    let ended = process::monitor(supervisor).await;
    println!("all ended: {}; {progress:?}", ended.reason);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use perennial::node::EventKind;

    #[perennial::test(paused)]
    async fn the_import_is_run_until_it_succeeds_and_then_all_ends() {
        let progress = Arc::new(Progress::default());
        let supervisor = start(&progress).await.unwrap();
        assert_eq!(process::monitor(supervisor).await.reason, ExitReason::Shutdown);
        assert_eq!(progress.attempts.load(Ordering::Relaxed), 3);
        assert_eq!(progress.imported.load(Ordering::Relaxed), 42);
        assert_eq!(progress.beats.load(Ordering::Relaxed), 5, "at 0, 100, 200, 300 and 400 ms");
        assert_eq!(Node::current().now(), Duration::from_millis(450));
        assert_eq!(Node::current().count_processes(), 0, "nothing is left");
    }

    #[perennial::test(paused)]
    async fn only_the_import_is_restarted() {
        let mut events = Node::current().events();
        let supervisor = start(&Arc::default()).await.unwrap();
        process::monitor(supervisor).await;
        let mut restarted = Vec::new();
        while let Some(event) = events.try_next().unwrap() {
            if let EventKind::Restart { id, .. } = event.kind {
                restarted.push(id);
            }
        }
        assert_eq!(restarted, ["\"import\"", "\"import\""]);
    }

    #[test]
    fn the_program_runs_to_its_end() {
        main().unwrap();
    }
}
