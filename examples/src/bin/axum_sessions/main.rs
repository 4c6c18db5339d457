//! A web server with a process for each user: axum in front, `GenServer` sessions behind.
//!
//! ```sh
//! cargo run -p perennial-examples --bin axum_sessions     # stop it with Ctrl-C
//! curl -X POST -d 'buy milk' 127.0.0.1:8080/notes/ann     # answers how many notes ann has
//! curl 127.0.0.1:8080/notes/ann
//! ```
//!
//! A handler asks for the session of a user and does not care whether there is one: `start_child_or_lookup` starts it
//! or finds it, two requests at once included. A session that nobody has asked for a while ends by itself, and its name
//! is free. So between finding a session and calling it, it may have ended: that is an `Err`, and one more turn.
#![forbid(unsafe_code)]

#[cfg(test)]
mod tests;

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use perennial::{dynamic_supervisor::StartChildError, prelude::*};
use std::{io, net::TcpListener, sync::Arc, time::Duration};

static REGISTRY: RegistryName<String> = RegistryName::new("sessions");
const SESSIONS: Name<DynamicSupervisor> = Name::new("session supervisor");

/// The notes of one user, for as long as the session lives.
struct Session {
    idle: Duration,
    notes: Vec<String>,
}

#[derive(Clone)]
struct Add(String);
#[derive(Clone)]
struct Notes;

impl GenServer for Session {
    type Args = (String, Duration);

    async fn start_link((user, idle): Self::Args) -> StartResult {
        gen_server::start_link((user.clone(), idle), REGISTRY.via::<Self>(user)).await
    }

    async fn init((_, idle): Self::Args, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        cx.timeout(idle);
        Ok(Self { idle, notes: Vec::new() })
    }
}

impl HandleCall<Add> for Session {
    type Reply = usize;

    async fn handle_call(&mut self, Add(note): Add, cx: &mut Cx<Self>) -> Reply<usize> {
        cx.timeout(self.idle);
        self.notes.push(note);
        reply(self.notes.len())
    }
}

impl HandleCall<Notes> for Session {
    type Reply = Vec<String>;

    async fn handle_call(&mut self, _: Notes, cx: &mut Cx<Self>) -> Reply<Vec<String>> {
        cx.timeout(self.idle);
        reply(self.notes.clone())
    }
}

/// Nobody has asked for the time that the last callback named.
impl HandleInfo<Timeout> for Session {
    async fn handle_info(&mut self, _: Timeout, _: &mut Cx<Self>) -> NoReply {
        stop(ExitReason::Normal)
    }
}

/// Calls the session of a user, which is started if there is none. Each turn has a new session, so there is a second
/// one only if a session ends between the two lines.
async fn ask<M>(
    user: String,
    idle: Duration,
    request: M,
) -> Result<<Session as HandleCall<M>>::Reply, StartChildError>
where
    M: Clone + Send + 'static,
    Session: HandleCall<M>,
{
    let spec = ChildSpec { restart: Restart::Temporary, ..Session::child_spec((user.clone(), idle)) };
    let session = REGISTRY.via::<Session>(user);
    loop {
        DynamicSupervisor::start_child_or_lookup(&SESSIONS, spec.clone()).await?;
        match session.call(request.clone()).await {
            // It has ended because it was idle, so it has not seen the request.
            Err(CallError::NoProc | CallError::Exit(ExitReason::Normal)) => {}
            answer => return Ok(answer?),
        }
    }
}

type Answer = Result<String, (StatusCode, String)>;

fn unavailable(error: StartChildError) -> (StatusCode, String) {
    (StatusCode::SERVICE_UNAVAILABLE, error.to_string())
}

async fn add(State(idle): State<Duration>, Path(user): Path<String>, note: String) -> Answer {
    let count = ask(user, idle, Add(note)).await.map_err(unavailable)?;
    Ok(format!("{count}\n"))
}

async fn notes(State(idle): State<Duration>, Path(user): Path<String>) -> Answer {
    let notes = ask(user, idle, Notes).await.map_err(unavailable)?;
    Ok(notes.iter().map(|note| format!("{note}\n")).collect())
}

/// The web server as a process. When its supervisor asks it to end, it answers what it has begun.
async fn web(listener: Arc<TcpListener>, idle: Duration, mut inbox: Inbox<Exit>) -> io::Result<()> {
    inbox.trap_exit(true);
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener.try_clone()?)?;
    let router = Router::new().route("/notes/{user}", get(notes).post(add)).with_state(idle);
    let asked_to_end = async move { drop(inbox.receive().await) };
    axum::serve(listener, router).with_graceful_shutdown(asked_to_end).await
}

/// What the handlers use comes first: it is there before the first request and until after the last one.
async fn start(listener: TcpListener, idle: Duration) -> StartResult {
    let start_web = async |(listener, idle)| Ok(process::spawn_link(|inbox| web(listener, idle, inbox)));
    let children = [
        REGISTRY.child_spec(),
        DynamicSupervisor::named(SESSIONS),
        ChildSpec { id: "web".into(), ..ChildSpec::worker(start_web, (Arc::new(listener), idle)) },
    ];
    Supervisor::start_link(children, Strategy::RestForOne).await
}

#[perennial::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:8080")?;
    println!("http://{}; Ctrl-C to stop", listener.local_addr()?);
    start(listener, Duration::from_secs(60)).await?;
    // The end of `main` stops the tree in order: web, sessions, registry.
    Ok(tokio::signal::ctrl_c().await?)
}
