//! A proxy for a Postgres on a unix socket that can go silent: nothing passes, and no side is notified.

use std::{path::PathBuf, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    sync::watch,
    task::JoinSet,
    time::timeout,
};

/// The name that clients expect for the socket of a server on the default port.
const SOCKET: &str = ".s.PGSQL.5432";
const CHUNK_BYTES: usize = 64 << 10;

/// A proxy that forwards everything unless it is silent. Its connections end when it is dropped.
pub struct SilentLine {
    state: watch::Sender<State>,
    _connections: JoinSet<()>,
    home: TempDir,
    url: String,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    holds_requests: bool,
    holds_answers: bool,
    /// The number of losses so far. Connections made before a loss stay silent.
    losses: u32,
}

impl SilentLine {
    /// Starts a proxy for the server of a database URL with a unix socket.
    #[must_use]
    pub fn to(url: &str) -> Self {
        let (address, dir) = url.split_once("?host=").unwrap();
        let port = address.rsplit_once(':').unwrap().1.split('/').next().unwrap();
        let server = PathBuf::from(dir.replace("%2F", "/")).join(format!(".s.PGSQL.{port}"));
        let home = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(home.path().join(SOCKET)).unwrap();
        let state = watch::Sender::new(State::default());
        let mut connections = JoinSet::new();
        connections.spawn(accept(listener, server, state.subscribe()));
        let address = address.replacen(&format!(":{port}/"), ":5432/", 1);
        let url = format!("{address}?host={}", home.path().display().to_string().replace('/', "%2F"));
        Self { state, _connections: connections, home, url }
    }

    /// The URL of the database through this proxy.
    #[must_use]
    pub fn url(&self) -> String {
        assert!(self.home.path().exists());
        self.url.clone()
    }

    /// Holds everything back, without losing it.
    pub fn silence(&self) {
        self.state.send_modify(|state| *state = State { holds_requests: true, holds_answers: true, ..*state });
    }

    /// Holds back what clients send. What they asked before is still answered.
    pub fn silence_requests(&self) {
        self.state.send_modify(|state| state.holds_requests = true);
    }

    /// Forwards everything held back, including data that is no longer awaited.
    pub fn lift(&self) {
        self.state.send_modify(|state| *state = State { losses: state.losses, ..State::default() });
    }

    /// Lifts the silence for new connections. Existing ones stay silent for good.
    pub fn lift_for_new_connections(&self) {
        self.state.send_modify(|state| *state = State { losses: state.losses + 1, ..State::default() });
    }
}

async fn accept(listener: UnixListener, server: PathBuf, state: watch::Receiver<State>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (server, mut state) = (server.clone(), state.clone());
        connections.spawn(async move {
            // A connection attempt during the silence is not accepted; a client may give up before its end.
            if state.wait_for(|state| !state.holds_requests).await.is_err() {
                return;
            }
            let Some(greeting) = greeting(&client).await else { return };
            let Ok(mut server) = UnixStream::connect(&server).await else { return };
            if server.write_all(&greeting).await.is_err() {
                return;
            }
            let born = state.borrow().losses;
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let requests = pass(from_client, to_server, state.clone(), |state| state.holds_requests, born);
            let answers = pass(from_server, to_client, state, |state| state.holds_answers, born);
            tokio::join!(requests, answers);
        });
    }
}

/// The first bytes of a client; `None` if it has closed after them.
async fn greeting(client: &UnixStream) -> Option<Vec<u8>> {
    let (mut greeting, mut chunk) = (Vec::new(), [0; 1024]);
    client.readable().await.ok()?;
    loop {
        match client.try_read(&mut chunk) {
            Ok(0) => return None,
            Ok(length) => greeting.extend_from_slice(&chunk[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Some(greeting),
            Err(_) => return None,
        }
    }
}

/// Forwards one direction until its end. Bytes sent before a close are still delivered.
async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut state: watch::Receiver<State>,
    is_held: fn(&State) -> bool,
    born: u32,
) {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = from.read(&mut chunk).await.unwrap_or_default();
        let speaks = state.wait_for(|state| !is_held(state)).await.is_ok_and(|state| state.losses == born);
        if !speaks {
            return std::future::pending().await;
        }
        if length == 0 || to.write_all(&chunk[..length]).await.is_err() {
            // The other side may have closed already.
            let _ = timeout(Duration::from_secs(1), to.shutdown()).await;
            return;
        }
    }
}
