//! A process that does what a test tells it and reports what it receives.

use perennial::{
    node::Node,
    pid::Pid,
    process::{self, Down, Exit, Inbox, Recipient},
};
use tokio::sync::{mpsc, oneshot};

/// What a [`Probe`] is to do.
type Work = Box<dyn FnOnce(&mut Inbox<Message>) + Send>;

/// What a [`Probe`] takes.
pub(crate) enum Message {
    Number(u32),
    Exit(Exit),
    Down(Down),
    Do(Work),
}

impl From<Exit> for Message {
    fn from(exit: Exit) -> Self {
        Self::Exit(exit)
    }
}

impl From<Down> for Message {
    fn from(down: Down) -> Self {
        Self::Down(down)
    }
}

/// A process that runs what it is sent, and passes the rest on.
pub(crate) struct Probe {
    to: Recipient<Message>,
    received: mpsc::UnboundedReceiver<Message>,
}

impl Probe {
    pub(crate) fn spawn() -> Self {
        let (sender, received) = mpsc::unbounded_channel();
        let to = process::spawn_receiver(|mut inbox: Inbox<Message>| async move {
            loop {
                match inbox.receive().await {
                    Message::Do(work) => work(&mut inbox),
                    // An error says that the test does not look.
                    message => drop(sender.send(message)),
                }
            }
        });
        Self { to, received }
    }

    /// One that traps exits.
    pub(crate) async fn trapping() -> Self {
        let probe = Self::spawn();
        probe.run(|inbox| inbox.trap_exit(true)).await;
        probe
    }

    pub(crate) fn pid(&self) -> Pid {
        self.to.pid()
    }

    pub(crate) fn to(&self) -> &Recipient<Message> {
        &self.to
    }

    /// Runs `f` in the process. Also a barrier: what was sent to it before was received.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Inbox<Message>) -> T + Send + 'static,
    ) -> T {
        let (sender, receiver) = oneshot::channel();
        let work = move |inbox: &mut Inbox<Message>| drop(sender.send(f(inbox)));
        assert!(self.to.send(Message::Do(Box::new(work))).is_ok());
        receiver.await.expect("the probe lives")
    }

    /// What it received next; none when it has ended.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        self.received.recv().await
    }

    pub(crate) async fn exit(&mut self) -> Exit {
        match self.next().await {
            Some(Message::Exit(exit)) => exit,
            _ => panic!("no exit"),
        }
    }

    pub(crate) async fn down(&mut self) -> Down {
        match self.next().await {
            Some(Message::Down(down)) => down,
            _ => panic!("no down"),
        }
    }

    pub(crate) async fn number(&mut self) -> u32 {
        match self.next().await {
            Some(Message::Number(number)) => number,
            _ => panic!("no number"),
        }
    }

    /// Whether it has received nothing, of all that was sent to it before.
    pub(crate) async fn received_nothing(&mut self) -> bool {
        self.run(|_| ()).await;
        self.received.try_recv().is_err()
    }
}

/// A process that waits for ever.
pub(crate) fn idle() -> Pid {
    process::spawn(|_: Inbox<()>| std::future::pending::<()>())
}

/// The pid of a process that has ended.
pub(crate) async fn dead() -> Pid {
    let pid = process::spawn(|_: Inbox<()>| async {});
    process::monitor(pid).await;
    pid
}

/// Waits until a process has done its last act.
pub(crate) async fn gone(pid: Pid) {
    while Node::current().processes().contains(&pid) {
        tokio::task::yield_now().await;
    }
}
