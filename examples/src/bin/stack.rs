//! A stack as a server: calls and casts, an error that ends it, a restart that begins again, an orderly end.
//!
//! ```sh
//! cargo run -p perennial-examples --bin stack
//! ```
//!
//! To pop from the empty stack is a mistake, and the server does not live on with it: `?` ends the server, alone. Its
//! caller gets the reason as an `Err`, its supervisor starts a new one from the arguments of the first, and the name
//! leads to that one. What was pushed meanwhile is gone: a restart goes back to a state that is known to be good.
#![forbid(unsafe_code)]

use perennial::{prelude::*, supervisor::Options};
use std::fmt;

const STACK: Name<Stack> = Name::new("stack");
const SUPERVISOR: Name<Supervisor> = Name::new("stack supervisor");

struct Stack {
    items: Vec<String>,
}

/// A cast: who sends it does not wait.
struct Push(String);
/// A call: who sends it waits for the item.
struct Pop;
/// A call: how many there are.
struct Depth;

impl GenServer for Stack {
    type Args = Vec<String>;

    /// Where the server gets its name: a start that finds it taken fails with `AlreadyStarted`.
    async fn start_link(items: Vec<String>) -> StartResult {
        gen_server::start_link(items, STACK).await
    }

    /// Runs at each start, from a clone of the same arguments. A server that traps exits has its `terminate` called
    /// when the supervisor stops it.
    async fn init(items: Vec<String>, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        cx.trap_exit();
        Ok(Self { items })
    }

    async fn terminate(&mut self, reason: &ExitReason, _: &mut Cx<Self>) -> Result<(), ExitReason> {
        println!("stack: ends with {} items: {reason}", self.items.len());
        Ok(())
    }
}

impl HandleCast<Push> for Stack {
    async fn handle_cast(&mut self, Push(item): Push, _: &mut Cx<Self>) -> NoReply {
        self.items.push(item);
        noreply()
    }
}

impl HandleCall<Pop> for Stack {
    type Reply = String;

    async fn handle_call(&mut self, _: Pop, _: &mut Cx<Self>) -> Reply<String> {
        let item = self.items.pop().ok_or(Empty)?;
        reply(item)
    }
}

impl HandleCall<Depth> for Stack {
    type Reply = usize;

    async fn handle_call(&mut self, _: Depth, _: &mut Cx<Self>) -> Reply<usize> {
        reply(self.items.len())
    }
}

/// Exit signals of others than the parent: `trap_exit` does not compile without this.
impl HandleInfo<Exit> for Stack {
    async fn handle_info(&mut self, _: Exit, _: &mut Cx<Self>) -> NoReply {
        noreply()
    }
}

#[derive(Debug, PartialEq)]
struct Empty;

impl fmt::Display for Empty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stack is empty")
    }
}

impl std::error::Error for Empty {}

async fn start() -> StartResult {
    let options = Options { name: Some(SUPERVISOR), ..Options::default() };
    Supervisor::start_link([Stack::child_spec(vec!["first".to_owned()])], options).await
}

/// Between a crash and the restart nobody has the name. Waits until somebody has.
async fn restarted() {
    while STACK.whereis().is_none() {
        tokio::task::yield_now().await;
    }
}

#[perennial::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    start().await?;
    STACK.cast(Push("second".to_owned()))?;
    println!("pop: {}", STACK.call(Pop).await?);
    println!("pop: {}", STACK.call(Pop).await?);
    if let Err(error) = STACK.call(Pop).await {
        println!("pop: {error}");
    }
    restarted().await;
    println!("after the restart there are {}", STACK.call(Depth).await?);
    SUPERVISOR.stop(ExitReason::Normal).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[perennial::test]
    async fn what_was_pushed_last_is_popped_first() {
        start().await.unwrap();
        STACK.cast(Push("second".to_owned())).unwrap();
        assert_eq!(STACK.call(Pop).await.unwrap(), "second");
        assert_eq!(STACK.call(Pop).await.unwrap(), "first");
    }

    #[perennial::test]
    async fn a_pop_too_many_ends_the_server_and_a_new_one_begins_as_the_first_did() {
        start().await.unwrap();
        let first = STACK.whereis().unwrap();
        STACK.call(Pop).await.unwrap();
        let Err(CallError::Exit(ExitReason::Error(reason))) = STACK.call(Pop).await else {
            panic!("the caller is told why");
        };
        assert_eq!(reason.downcast_ref(), Some(&Empty));
        restarted().await;
        assert_ne!(STACK.whereis().unwrap(), first);
        assert_eq!(STACK.call(Depth).await.unwrap(), 1);
    }

    #[test]
    fn the_program_runs_to_its_end() {
        main().unwrap();
    }
}
