//! Does one thing `n` times and says how often it allocated; `bench/counts` runs it under callgrind.
//!
//! ```sh
//! hot-paths --list        names and what they are
//! hot-paths NAME N        does it
//! ```
//!
//! All of it on one thread: tokio's current-thread runtime has no workers, so that two runs do the same in the same
//! order. What is done once costs the same whatever `n` is, and goes when two runs are compared.

mod allocations;
mod paths;

use perennial::node::Node;
use std::{env, process::exit};
use tokio::runtime::Builder;

fn main() {
    let args: Vec<_> = env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let (name, n) = match args[..] {
        ["--list"] => return paths::PATHS.iter().for_each(|path| println!("{}\t{}", path.name, path.what)),
        [name, n] => (name, n.parse().expect("how often is a number")),
        _ => panic!("hot-paths --list | NAME N"),
    };
    let path = paths::PATHS.iter().find(|path| path.name == name).expect("a name of the list");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(async {
        let node = Node::current();
        (path.run)(n).await;
        println!("{}", allocations::so_far());
        drop(node);
        // Not by returning: what is left over would be taken down, and counted.
        exit(0);
    });
}
