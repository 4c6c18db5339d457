//! The service as a program: it starts, answers, stops when it is asked to, and refuses without a trace.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A program that serves; killed when the test is over, whatever came of it.
struct Served {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// Host and port.
    address: String,
}

fn serve(data: &Path, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mastery"));
    command.args(["serve", "--port", &port.to_string(), "--data"]).arg(data);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts the service on a free port, and waits for the line with its address.
fn start(data: &Path) -> Served {
    let mut child = serve(data, 0).stderr(Stdio::inherit()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let address = line.strip_prefix("mastery is at http://").and_then(|rest| rest.split(' ').next());
    let address = address.unwrap_or_else(|| panic!("{line:?}")).to_owned();
    Served { child, stdout, address }
}

impl Served {
    fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).unwrap()
    }

    /// What comes back, with its head.
    fn get(&self, path: &str) -> String {
        let mut stream = self.connect();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for the end; returns the status and the rest of the output.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Mostly it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The names and bytes of all files in a directory.
fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(dir).unwrap().map(Result::unwrap);
    files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect()
}

#[track_caller]
fn expect_refusal(output: &Output, sentence: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!((output.stdout.len(), stderr.lines().count()), (0, 1), "{stderr}");
    assert!(stderr.starts_with("mastery: ") && stderr.contains(sentence), "{stderr}");
}

#[test]
fn it_answers_and_stops_in_order_at_either_signal() {
    let dir = tempfile::tempdir().unwrap();
    for signal in ["TERM", "INT"] {
        let served = start(dir.path());
        assert!(served.get("/livez").starts_with("HTTP/1.1 200 OK\r\n"));
        let home = served.get("/");
        assert!(home.starts_with("HTTP/1.1 200 OK\r\n") && home.contains("Arithmetic"), "{home}");
        let began = Instant::now();
        served.signal(signal);
        let (status, said) = served.end();
        assert_eq!(status, Some(0));
        assert!(began.elapsed() < Duration::from_secs(30));
        assert!(said.contains("mastery.store") && said.ends_with("Ctrl-C stops it.\n"), "{said}");
        // SQLite removes the log when the last connection is closed: the store was closed in order.
        assert_eq!(
            contents(dir.path()).into_keys().collect::<Vec<_>>(),
            ["cookie.key", "mastery.db", "mastery.lock"]
        );
    }
}

#[test]
fn every_process_it_shows_has_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let served = start(dir.path());
    served.signal("TERM");
    let (_, said) = served.end();
    let named = |name: &&str| said.lines().any(|line| line.trim_start().starts_with(&format!("{name} ")));
    let names = ["mastery", "mastery.store", "mastery.runs", "web", "practice", "acceptor"];
    assert_eq!(names.iter().find(|name| !named(name)), None, "{said}");
    assert!(!said.contains('{'), "{said}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let served = start(dir.path());
    let mut idle = served.connect();
    // A request that never ends holds the stop up.
    let mut stuck = served.connect();
    stuck
        .write_all(
            b"POST /api/join HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\
              Content-Length: 9\r\nExpect: 100-continue\r\n\r\n",
        )
        .unwrap();
    let mut asked_for_the_rest = [0; 12];
    stuck.read_exact(&mut asked_for_the_rest).unwrap();
    assert_eq!(&asked_for_the_rest, b"HTTP/1.1 100");
    served.signal("TERM");
    // It has begun to stop when it closes those who say nothing.
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    served.signal("TERM");
    assert_eq!(served.end().0, Some(143));
}

#[test]
fn a_port_in_use_is_refused_without_a_trace() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let data = dir.path().join("data");
    let output = serve(&data, port).output().unwrap();
    expect_refusal(&output, &format!("port {port} is in use"));
    assert!(!data.exists());
}

#[test]
fn a_directory_that_cannot_be_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "mine").unwrap();
    let output = serve(&file.join("data"), 0).output().unwrap();
    expect_refusal(&output, "cannot be used");
    assert_eq!(contents(dir.path()), BTreeMap::from([("file".to_owned(), b"mine".to_vec())]));
}

#[test]
fn a_directory_in_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let served = start(dir.path());
    let output = serve(dir.path(), 0).output().unwrap();
    expect_refusal(&output, "is in use by another mastery");
    assert!(served.get("/readyz").starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn a_newer_database_is_refused_and_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let served = start(dir.path());
    served.signal("TERM");
    assert_eq!(served.end().0, Some(0));
    // Where SQLite keeps `PRAGMA user_version`.
    let database = File::options().write(true).open(dir.path().join("mastery.db")).unwrap();
    database.write_all_at(&99_u32.to_be_bytes(), 60).unwrap();
    for lock in ["as it was left", "as in a backup"] {
        let before = contents(dir.path());
        let output = serve(dir.path(), 0).output().unwrap();
        expect_refusal(&output, "has schema version 99");
        assert_eq!(contents(dir.path()), before, "lock {lock}");
        match fs::remove_file(dir.path().join("mastery.lock")) {
            Err(error) if error.kind() != ErrorKind::NotFound => panic!("{error}"),
            _ => {}
        }
    }
}
