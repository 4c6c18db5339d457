//! What a closure returns leaves the agent: it cannot be a reference to the state.

use perennial::prelude::*;

const WORDS: Name<Agent<Vec<String>>> = Name::new("words");

fn main() {
    let _ = Agent::get(&WORDS, |words| &words[0]);
}
