//! A letter of a server with debug options. It is another letter in an envelope, so that the loop needs to know nothing
//! of this, and servers without debug options pay nothing for it.

use crate::{
    gen_server::{
        Cx, GenServer, NoReply,
        debug::Event,
        message::{Letters, Message},
    },
    process::panics::CatchUnwind,
};
use std::future::Future;

/// The debug options are told before and after the letter in it is handled.
pub(super) struct Watched<S: GenServer>(pub(super) Letters<S>);

impl<S: GenServer> Message<S> for Watched<S> {
    /// The letter in it counts.
    const SENT: bool = false;

    fn handle(self, server: &mut S, cx: &mut Cx<S>) -> impl Future<Output = NoReply> + Send {
        let Self(mut letter) = self;
        let (event, reply) = (letter.event(), letter.reply_to_come());
        async move {
            if let Some(event) = &event {
                cx.tell(event, server);
            }
            // A panic is caught here already, so that the options are told of it.
            let handled = CatchUnwind::new(async { letter.deliver(server, cx).await }).await;
            if let Ok(Err(reason)) | Err(reason) = handled {
                cx.tell(&Event::Terminate { reason: reason.clone() }, server);
                return Err(reason);
            }
            if event.is_some() {
                let out =
                    reply.filter(|reply| reply.cell.replied()).map_or(Event::NoReply, |reply| reply.out);
                cx.tell(&out, server);
            }
            Ok(())
        }
    }
}

impl<S: GenServer> Cx<S> {
    /// Tells the debug options of an event.
    fn tell(&mut self, event: &Event, server: &S) {
        let me = self.pid();
        if let Some(system) = self.system_if_any() {
            system.debug.handle(event, server, me);
        }
    }
}
