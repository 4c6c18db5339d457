//! Agents: their state is a value.

use std::time::Duration;

use perennial::agent::{Agent, Init};
use perennial::child_spec::StartResult;
use perennial::gen_server::Options;
use perennial::process;

use super::job;
use super::lab::{Kind, Lab};
use super::start::Linked;
use super::target::StartName;
use crate::observation::Event;
use crate::scenario::{Action, Name};
use crate::value::Value;

/// Starts an agent whose first function is the action.
pub(crate) async fn start(
    base: &str,
    action: &Action,
    name: Option<&Name>,
    linked: Linked,
    limit: Option<Duration>,
    lab: &Lab,
) -> StartResult {
    let (base, action, book) = (base.to_owned(), action.clone(), lab.clone());
    let init = Init::future(|| async move {
        let Some(me) = process::current() else { return Ok(Value::Null) };
        let (label, _) = book.draw(&base, me, Kind::Agent);
        book.log(Event::Init(label));
        if action.trap_exit || action.wait {
            book.trouble("an agent traps no exits and waits for no message");
        }
        Ok(job::work(&action).await)
    });
    let name = StartName::new(name);
    let options = limit.map_or_else(Options::default, |limit| Options::default().timeout(limit));
    let agent = match linked {
        Linked::Yes => Agent::start_link_with(init, name, options).await?,
        Linked::No => Agent::start_unlinked_with(init, name, options).await?,
    };
    Ok(agent.pid())
}
