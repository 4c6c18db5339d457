//! One request to several servers.

use crate::puppet::{Ask, Puppet, barrier, puppet};
use perennial::{gen_server::MultiCall, prelude::*};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// Asks a puppet how many callers it keeps; it keeps this one if `keep` is set.
#[derive(Clone)]
struct Count {
    keep: bool,
}

impl HandleCallFrom<Count> for Puppet {
    type Reply = u32;
    async fn handle_call_from(&mut self, count: Count, from: Caller<u32>, _: &mut Cx<Self>) -> NoReply {
        if count.keep {
            self.callers.push(from);
        } else {
            from.reply(u32::try_from(self.callers.len()).expect("a few"));
        }
        noreply()
    }
}

#[perennial::test(paused)]
async fn multi_call_tells_who_replied_and_who_did_not_in_order() {
    let ((one, _), (two, _), (dead, _)) = (puppet().await, puppet().await, puppet().await);
    process::kill(dead.pid());
    process::monitor(dead.pid()).await;
    let asked = [&one, &dead, &two, &one];
    let all = gen_server::multi_call(asked, Count { keep: false }, SECOND).await;
    assert_eq!(all.replies, [(&one, 0), (&two, 0), (&one, 0)]);
    assert_eq!(all.bad, [(&dead, CallError::NoProc)]);
    assert_eq!(Node::current().now(), Duration::ZERO);
}

#[perennial::test(paused)]
async fn multi_call_asks_all_at_once_and_has_one_deadline() {
    let ((one, _), (two, _)) = (puppet().await, puppet().await);
    let all = gen_server::multi_call([&one, &two], Count { keep: true }, SECOND).await;
    let bad = [&one, &two].map(|server| (server, CallError::Timeout)).to_vec();
    assert_eq!(all, MultiCall { replies: Vec::new(), bad });
    assert_eq!(Node::current().now(), SECOND);
    // Both were asked, and what they reply now goes nowhere.
    for server in [&one, &two] {
        let late = Ask(|puppet: &mut Puppet, _: &mut Cx<Puppet>| {
            let late = puppet.callers.len();
            puppet.callers.drain(..).for_each(|from| from.reply(1));
            reply(late)
        });
        assert_eq!(server.call(late).await, Ok(1));
        barrier(server).await;
    }
}

#[perennial::test(paused)]
async fn multi_call_finds_names_and_no_wrong_servers() {
    let (script, _log) = crate::puppet::script(|_| Ok(()));
    let names = ["a", "b", "c"].map(Name::<Puppet>::from);
    gen_server::start(script, names[0].clone()).await.unwrap();
    let other = process::spawn(|_: Inbox<()>| std::future::pending::<()>());
    process::register("c", other).unwrap();
    let all = gen_server::multi_call(names.clone(), Count { keep: false }, None).await;
    assert_eq!(all.replies, [(names[0].clone(), 0)]);
    assert_eq!(all.bad, [(names[1].clone(), CallError::NoProc), (names[2].clone(), CallError::WrongServer)]);
}

#[perennial::test(paused)]
async fn multi_call_of_nobody_is_ready() {
    let all = gen_server::multi_call(Vec::<ServerRef<Puppet>>::new(), Count { keep: false }, None).await;
    assert_eq!(all, MultiCall { replies: Vec::new(), bad: Vec::new() });
}

#[perennial::test(paused)]
async fn a_server_that_multi_calls_itself_is_told_and_asks_the_others() {
    struct AskAll(ServerRef<Puppet>);
    impl HandleCall<AskAll> for Puppet {
        type Reply = (usize, Vec<CallError>);
        async fn handle_call(&mut self, AskAll(other): AskAll, cx: &mut Cx<Self>) -> Reply<Self::Reply> {
            let servers = [cx.me().clone(), other];
            let all = gen_server::multi_call(servers, Count { keep: false }, None).await;
            reply((all.replies.len(), all.bad.into_iter().map(|(_, error)| error).collect()))
        }
    }
    let ((one, _), (two, _)) = (puppet().await, puppet().await);
    assert_eq!(one.call(AskAll(two)).await, Ok((1, vec![CallError::CallingSelf])));
}
