//! The real thing over real sockets.

use super::*;

struct Client(BufStream<TcpStream>);

impl Client {
    async fn connect(address: SocketAddr) -> io::Result<Self> {
        Ok(Self(BufStream::new(TcpStream::connect(address).await?)))
    }

    async fn send(&mut self, line: &str) {
        self.0.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// The next line; none at the end.
    async fn read(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).await.unwrap();
        (read > 0).then(|| line.trim_end().to_owned())
    }
}

async fn server() -> (ServerRef<Supervisor>, SocketAddr) {
    start(([127, 0, 0, 1], 0).into()).await.unwrap()
}

#[perennial::test]
async fn a_connection_that_crashes_takes_nobody_with_it() {
    let (_, address) = server().await;
    let mut one = Client::connect(address).await.unwrap();
    let mut two = Client::connect(address).await.unwrap();
    one.send("crash").await;
    assert_eq!(one.read().await, None, "it is closed");
    two.send("are you there?").await;
    assert_eq!(two.read().await.unwrap(), "ARE YOU THERE?");
    assert_eq!(DynamicSupervisor::count_children(&CONNECTIONS).await.unwrap().active, 1);
}

#[perennial::test]
async fn a_stop_closes_the_socket_and_lets_connections_say_goodbye() {
    let (root, address) = server().await;
    let mut client = Client::connect(address).await.unwrap();
    client.send("hello").await;
    assert_eq!(client.read().await.unwrap(), "HELLO");
    root.stop(ExitReason::Shutdown).await.unwrap();
    assert_eq!(client.read().await.unwrap(), "bye");
    assert_eq!(client.read().await, None);
    assert!(Client::connect(address).await.is_err(), "nobody listens any more");
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test]
async fn an_address_that_is_taken_is_an_error_of_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let failed = start(taken.local_addr().unwrap()).await.unwrap_err();
    assert!(matches!(failed, StartError::Exit(ExitReason::ShutdownWith(_))), "{failed}");
}
