//! A line to a Postgres on a unix socket that may go silent: nothing passes, and no side is told.

use std::{path::PathBuf, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    sync::watch,
    task::JoinSet,
    time::timeout,
};

/// What libpq and its kin call the socket of a server on the usual port.
const SOCKET: &str = ".s.PGSQL.5432";
const CHUNK_BYTES: usize = 64 << 10;

/// Passes everything on while it is not silent. Its connections end when it is dropped.
pub struct SilentLine {
    state: watch::Sender<State>,
    _connections: JoinSet<()>,
    home: TempDir,
    url: String,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    is_silent: bool,
    /// Connections that were made before so many losses never speak again.
    losses: u32,
}

impl SilentLine {
    /// A line to a server on a unix socket, named by a database's URL.
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

    /// The database's URL by way of this line.
    #[must_use]
    pub fn url(&self) -> String {
        assert!(self.home.path().exists());
        self.url.clone()
    }

    /// From now on nothing passes, and nothing is lost.
    pub fn silence(&self) {
        self.state.send_modify(|state| state.is_silent = true);
    }

    /// What was held back passes, also what nobody waits for any more.
    pub fn lift(&self) {
        self.state.send_modify(|state| state.is_silent = false);
    }

    /// The same, but connections that were made until now stay silent for good, and nobody is told.
    pub fn lift_for_new_connections(&self) {
        self.state.send_modify(|state| *state = State { is_silent: false, losses: state.losses + 1 });
    }
}

async fn accept(listener: UnixListener, server: PathBuf, state: watch::Receiver<State>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (server, mut state) = (server.clone(), state.clone());
        connections.spawn(async move {
            // A knock in the silence is not heard: a caller who leaves before its end was never there.
            if state.wait_for(|state| !state.is_silent).await.is_err() {
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
            tokio::join!(pass(from_client, to_server, state.clone(), born), pass(from_server, to_client, state, born));
        });
    }
}

/// What a client says first; `None` if it has gone after that.
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

/// To the end of what one side says. What it said before it went away reaches the other all the same.
async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut state: watch::Receiver<State>,
    born: u32,
) {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = from.read(&mut chunk).await.unwrap_or_default();
        let speaks = state.wait_for(|state| !state.is_silent).await.is_ok_and(|state| state.losses == born);
        if !speaks {
            return std::future::pending().await;
        }
        if length == 0 || to.write_all(&chunk[..length]).await.is_err() {
            // The other side may have gone: then there is nobody to tell.
            let _ = timeout(Duration::from_secs(1), to.shutdown()).await;
            return;
        }
    }
}
