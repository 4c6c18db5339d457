//! The first program: a server with one cast and one call, then many of them under supervision.
//!
//! ```sh
//! cargo run -p perennial-examples --bin quickstart
//! ```
#![forbid(unsafe_code)]

// region: counter
use perennial::prelude::*;

// What a server keeps, what it is told, and what it is asked.
#[derive(Clone, GenServer)]
struct Counter(u64);
struct Add(u64);
struct Total;

impl HandleCast<Add> for Counter {
    async fn handle_cast(&mut self, Add(n): Add, _: &mut Cx<Self>) -> NoReply {
        self.0 += n;
        noreply()
    }
}
impl HandleCall<Total> for Counter {
    type Reply = u64;
    async fn handle_call(&mut self, _: Total, _: &mut Cx<Self>) -> Reply<u64> {
        reply(self.0)
    }
}
// endregion

// region: supervised
const COUNTERS: Name<DynamicSupervisor> = Name::new("counters");

#[perennial::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // endregion
    // region: counter
    // One counter, by itself.
    let counter = Counter::start_link(Counter(1)).await?.server::<Counter>().unwrap();
    counter.cast(Add(2))?;
    assert_eq!(counter.call(Total).await?, 3);
    // endregion

    // region: supervised
    // A counter for each page, started at run time, restarted when it fails, and found by its name.
    Supervisor::start_link([DynamicSupervisor::named(COUNTERS)], Strategy::OneForOne).await?;
    for page in ["home", "about"] {
        let spec = Counter::child_spec_as(Counter(0), Name::from(page));
        DynamicSupervisor::start_child(&COUNTERS, spec).await?;
    }
    let home = Name::<Counter>::from("home");
    home.cast(Add(1))?;
    assert_eq!(home.call(Total).await?, 1);
    Ok(())
}
// endregion

#[cfg(test)]
#[test]
fn it_runs_to_its_end() {
    main().unwrap();
}
