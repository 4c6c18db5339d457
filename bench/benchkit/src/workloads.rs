//! The workloads, each a function of the command line that prints its results.

mod bonds;
mod call;
mod cast;
mod events;
mod idle;
mod latency;
mod million;
mod pair;
mod registry;
mod ring;
mod scale;
mod slow_start;
mod start_scaling;
mod supervision;

use crate::{Args, Extended, Key, Peer, report::Report};
use std::{future::Future, sync::Arc};
use tokio::sync::oneshot;

/// Those that need nothing but a [`Peer`]; false if it is none of them.
pub(crate) async fn basic<P: Peer>(args: &Args) -> bool {
    match args.workload.as_str() {
        "spawn" => idle::spawn::<P>(args).await,
        "call" => call::call::<P>(args).await,
        "call_many" => call::call_many::<P>(args).await,
        "cast" => cast::cast::<P>(args).await,
        "ring" => ring::ring::<P>(args).await,
        "registry_lookup" => registry::registry_lookup::<P>(args).await,
        "registry_churn" => registry::registry_churn::<P>(args).await,
        "dyn" => supervision::dynamic::<P>(args).await,
        "restart" => supervision::restart::<P>(args).await,
        "shutdown" => supervision::shutdown::<P>(args).await,
        "scale" => scale::scale::<P>(args).await,
        _ => return false,
    }
    true
}

/// Those that need more of a peer.
pub(crate) async fn extended<P: Extended>(args: &Args) -> bool {
    match args.workload.as_str() {
        "call_how" => call::call_how::<P>(args).await,
        "cast_wait" => cast::cast_wait::<P>(args).await,
        "cast_bounded" => cast::cast_bounded::<P>(args).await,
        "pair" => pair::pair::<P>(args).await,
        "million" => million::million::<P>(args).await,
        "start_scaling" => start_scaling::start_scaling::<P>(args).await,
        "latency" => latency::latency::<P>(args).await,
        "events" => events::events::<P>(args).await,
        "monitors" => bonds::monitors::<P>(args).await,
        "links" => bonds::links::<P>(args).await,
        "slow_start" => slow_start::slow_start::<P>(args).await,
        _ => return false,
    }
    true
}

fn report<P: Peer>(args: &Args, workload: impl Into<String>) -> Report {
    Report::new(P::NAME, workload, args.rt.name())
}

/// Runs `work` in so many processes at once and waits for all.
async fn in_clients<P: Peer, F>(count: usize, work: impl Fn(usize) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let running: Vec<_> = (0..count).map(|index| P::client(index, work(index))).collect();
    for client in running {
        client.await;
    }
}

/// Starts a child for each key, by so many clients at once; one client is the caller itself.
async fn start_children<P: Peer>(sup: &P::Sup, keys: &Arc<Vec<Key>>, clients: usize) -> Vec<P::Handle> {
    if clients == 1 {
        let mut handles = Vec::with_capacity(keys.len());
        for (i, key) in keys.iter().enumerate() {
            handles.push(P::sup_child(sup, i, Some(key)).await);
        }
        return handles;
    }
    let each = keys.len() / clients;
    let mut running = Vec::new();
    for c in 0..clients {
        let (sup, keys) = (sup.clone(), keys.clone());
        let (tx, rx) = oneshot::channel();
        let work = async move {
            let mut mine = Vec::with_capacity(each);
            for (i, key) in keys.iter().enumerate().skip(c * each).take(each) {
                mine.push(P::sup_child(&sup, i, Some(key)).await);
            }
            let _ = tx.send(mine);
        };
        running.push((P::client(c, work), rx));
    }
    let mut handles = Vec::with_capacity(keys.len());
    for (client, result) in running {
        client.await;
        handles.extend(result.await.expect("the client has finished"));
    }
    handles
}

/// The median of some figures.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}
