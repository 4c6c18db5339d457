//! Publish and subscribe: rooms are the keys of a registry, and everybody in a room is told what is said there.
//!
//! ```sh
//! cargo run -p perennial-examples --bin chat_room
//! ```
//!
//! A user is a process. To enter a room it registers itself under the room's name, with a `Recipient` as the value:
//! somewhere to send a `Said` to, whatever takes it. `dispatch` hands all values of a key to a closure. Nobody keeps a
//! list of who is where: when a user ends, for whatever reason, its rows are gone before anybody hears of it.
#![forbid(unsafe_code)]

use perennial::{
    prelude::*,
    registry::{Options, RegistryError},
};

type Room = &'static str;

static ROOMS: RegistryName<Room, Recipient<Said>> = RegistryName::new("rooms");
const USERS: Name<DynamicSupervisor> = Name::new("users");

/// What is sent to everybody in a room.
#[derive(Clone, Debug, PartialEq)]
struct Said {
    room: Room,
    by: String,
    text: String,
}

/// Tells a room; returns how many were there to hear it. Anybody may, from a process or not.
fn say(room: Room, by: &str, text: &str) -> Result<usize, RegistryError> {
    let said = Said { room, by: by.to_owned(), text: text.to_owned() };
    let mut heard = 0;
    ROOMS.dispatch(room, |present| {
        // An error says that somebody has just left.
        heard = present.iter().filter(|(_, user)| user.send(said.clone()).is_ok()).count();
    })?;
    Ok(heard)
}

struct User {
    name: &'static str,
    heard: Vec<Said>,
}

struct Enter(Room);
struct Heard;

impl GenServer for User {
    type Args = &'static str;

    async fn start_link(name: &'static str) -> StartResult {
        gen_server::start_link(name, Name::<Self>::new(name)).await
    }

    async fn init(name: &'static str, _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self { name, heard: Vec::new() })
    }
}

impl HandleCall<Enter> for User {
    type Reply = ();

    async fn handle_call(&mut self, Enter(room): Enter, cx: &mut Cx<Self>) -> Reply<()> {
        ROOMS.register(room, cx.recipient())?;
        reply(())
    }
}

impl HandleInfo<Said> for User {
    async fn handle_info(&mut self, said: Said, _: &mut Cx<Self>) -> NoReply {
        println!("{} hears in {}: {} says: {}", self.name, said.room, said.by, said.text);
        self.heard.push(said);
        noreply()
    }
}

/// All that was heard. Asked after a message was sent, it answers after that was handled.
impl HandleCall<Heard> for User {
    type Reply = Vec<Said>;

    async fn handle_call(&mut self, _: Heard, _: &mut Cx<Self>) -> Reply<Vec<Said>> {
        reply(self.heard.clone())
    }
}

/// The registry goes first: it is there before the first user and until after the last one.
async fn start() -> StartResult {
    let rooms = ROOMS.child_spec_with(Options { keys: Keys::Duplicate, ..Options::default() });
    Supervisor::start_link([rooms, DynamicSupervisor::named(USERS)], Strategy::RestForOne).await
}

async fn user(name: &'static str) -> Result<ServerRef<User>, Box<dyn std::error::Error>> {
    let spec = ChildSpec { restart: Restart::Temporary, ..User::child_spec(name) };
    Ok(DynamicSupervisor::start_child_ref(&USERS, spec).await?)
}

#[perennial::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    start().await?;
    let (ann, bob) = (user("ann").await?, user("bob").await?);
    ann.call(Enter("garden")).await?;
    bob.call(Enter("garden")).await?;
    bob.call(Enter("kitchen")).await?;
    say("garden", "ann", "is anybody here?")?;
    say("kitchen", "the cook", "dinner is ready")?;
    bob.stop(ExitReason::Normal).await?;
    println!("{} in the kitchen now", say("kitchen", "the cook", "hello?")?);
    println!("ann heard {}", ann.call(Heard).await?.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[perennial::test]
    async fn those_in_the_room_hear_it_and_nobody_else() {
        start().await.unwrap();
        let (ann, bob) = (user("ann").await.unwrap(), user("bob").await.unwrap());
        ann.call(Enter("garden")).await.unwrap();
        bob.call(Enter("kitchen")).await.unwrap();
        assert_eq!(say("garden", "eve", "hello"), Ok(1));
        let said = Said { room: "garden", by: "eve".to_owned(), text: "hello".to_owned() };
        assert_eq!(ann.call(Heard).await.unwrap(), [said]);
        assert_eq!(bob.call(Heard).await.unwrap(), []);
    }

    #[perennial::test]
    async fn who_has_ended_is_not_there_any_more() {
        start().await.unwrap();
        let (ann, bob) = (user("ann").await.unwrap(), user("bob").await.unwrap());
        for user in [&ann, &bob] {
            user.call(Enter("garden")).await.unwrap();
        }
        assert_eq!(say("garden", "eve", "one"), Ok(2));
        process::kill(bob.pid());
        process::monitor(bob.pid()).await;
        assert_eq!(say("garden", "eve", "two"), Ok(1));
        assert_eq!(ROOMS.count(), Ok(1));
    }

    #[test]
    fn the_program_runs_to_its_end() {
        main().unwrap();
    }
}
