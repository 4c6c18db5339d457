//! The command line, which is the same for all peers.

use crate::Rt;

/// The parsed command line.
#[derive(Clone, Debug)]
pub struct Args {
    pub workload: String,
    pub n: usize,
    pub rt: Rt,
    pub callers: usize,
    pub servers: usize,
    pub senders: usize,
    pub actors: usize,
    pub population: usize,
    pub clients: usize,
    pub how: String,
}

impl Args {
    pub fn parse() -> Self {
        let mut words = std::env::args().skip(1);
        let usage = "usage: WORKLOAD N [--rt mt|ct] [--callers C] [--servers S] [--senders K] \
                     [--actors A] [--population P] [--clients K] [--how WORD]";
        let workload = words.next().expect(usage);
        let n = words.next().expect(usage).replace('_', "").parse().expect("N is a number");
        let mut args = Args {
            workload,
            n,
            rt: Rt::Multi,
            callers: 1000,
            servers: 1,
            senders: 1,
            actors: 1000,
            population: 100_000,
            clients: 1,
            how: String::new(),
        };
        while let Some(flag) = words.next() {
            let value = words.next().expect("every option takes a value");
            let number = || value.replace('_', "").parse().expect("a number");
            match flag.as_str() {
                "--rt" if value == "mt" => args.rt = Rt::Multi,
                "--rt" if value == "ct" => args.rt = Rt::Current,
                "--callers" => args.callers = number(),
                "--servers" => args.servers = number(),
                "--senders" => args.senders = number(),
                "--actors" => args.actors = number(),
                "--population" => args.population = number(),
                "--clients" => args.clients = number(),
                "--how" => args.how = value,
                _ => panic!("unknown option {flag} {value}\n{usage}"),
            }
        }
        args
    }
}
