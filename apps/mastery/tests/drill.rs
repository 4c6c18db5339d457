//! `mastery drill`, as it is called by people, and what is left when it is killed.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mastery::store::Store;
use mastery::store::records::SessionId;
use mastery::store::sqlite::SqliteStore;

fn drill() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mastery"));
    let quiz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../quizzes/arithmetic.toml");
    command.arg("drill").arg(quiz).stderr(Stdio::null());
    command
}

#[test]
fn fifty_students_and_many_kills_lose_nothing() {
    let output = drill().args(["--students", "50", "--kill", "20%", "--json"]).output().unwrap();
    let figures: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{figures}");
    let figure = |name: &str| figures[name].as_u64().unwrap_or_else(|| panic!("{name} in {figures}"));
    assert_eq!((figure("students"), figure("finished"), figure("lost_answers")), (50, 50, 0));
    assert!(figure("killed") > 50 && figure("recovered") > 50, "{figures}");
    assert_eq!(figure("sessions_started"), 50 + figure("recovered"));
    assert!(figure("p50_us") > 0 && figure("p99_us") >= figure("p50_us"));
}

/// Ends with the test, whatever becomes of that.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Errors say that it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn kill_9_in_the_middle_of_a_drill_loses_no_acknowledged_answer() {
    let dir = tempfile::tempdir().unwrap();
    let (data, acks) = (dir.path().join("data"), dir.path().join("acks"));
    let mut command = drill();
    command.args(["--students", "500"]).arg("--data").arg(&data).arg("--acks").arg(&acks);
    let mut program = Killed(command.stdout(Stdio::null()).spawn().unwrap());
    let patience = Instant::now() + Duration::from_secs(120);
    while std::fs::metadata(&acks).map_or(0, |found| found.len()) < 20_000 {
        assert!(program.0.try_wait().unwrap().is_none(), "it ended too early");
        assert!(Instant::now() < patience, "it acknowledges nothing");
        std::thread::sleep(Duration::from_millis(5));
    }
    // SIGKILL where there are signals.
    program.0.kill().unwrap();
    program.0.wait().unwrap();
    let mut text = String::new();
    std::fs::File::open(&acks).unwrap().read_to_string(&mut text).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&data).await.unwrap();
        for line in text.lines() {
            let fields: Vec<&str> = line.split(' ').collect();
            let [session, seq, request_id, correct] = fields[..] else { panic!("{line:?}") };
            let session = SessionId(session.parse().unwrap());
            let stored = store.response(session, seq.parse().unwrap()).await.unwrap();
            let stored = stored.unwrap_or_else(|| panic!("lost: {line}"));
            assert_eq!(
                (stored.request_id.as_str(), stored.correct.to_string().as_str()),
                (request_id, correct)
            );
        }
        assert!(text.lines().count() > 500);
        store.close().await.unwrap();
    });
}
