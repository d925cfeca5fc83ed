//! A proxy for a server on a unix socket that delays replies.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::{self, AsyncReadExt, AsyncWriteExt},
    net::{
        UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep_until},
};

const CHUNK_BYTES: usize = 64 << 10;

/// A proxy that forwards everything, replies after a delay. Its connections end when it is dropped.
pub struct SlowLine {
    delay_ms: Arc<AtomicU64>,
    _connections: JoinSet<()>,
    home: TempDir,
}

impl SlowLine {
    /// Starts a proxy without a delay.
    #[must_use]
    pub fn to(server: &Path) -> Self {
        let home = tempfile::tempdir().unwrap();
        let delay_ms = Arc::new(AtomicU64::new(0));
        let listener = UnixListener::bind(home.path().join("socket")).unwrap();
        let mut connections = JoinSet::new();
        connections.spawn(accept(listener, server.to_owned(), Arc::clone(&delay_ms)));
        Self { delay_ms, _connections: connections, home }
    }

    /// The socket that it listens on.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.home.path().join("socket")
    }

    /// Sets the delay of replies.
    pub fn delay(&self, delay: Duration) {
        self.delay_ms.store(u64::try_from(delay.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

async fn accept(listener: UnixListener, server: PathBuf, delay_ms: Arc<AtomicU64>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (server, delay_ms) = (server.clone(), Arc::clone(&delay_ms));
        connections.spawn(async move { connect(client, &server, &delay_ms).await });
    }
}

async fn connect(client: UnixStream, server: &Path, delay_ms: &AtomicU64) {
    let Ok(server) = UnixStream::connect(server).await else { return };
    let (mut requests, to_client) = client.into_split();
    let (replies, mut to_server) = server.into_split();
    let (late, due) = mpsc::unbounded_channel();
    // Either side may end the connection.
    tokio::select! {
        _ = io::copy(&mut requests, &mut to_server) => {}
        () = hold_back(replies, late, delay_ms) => {}
        () = deliver(due, to_client) => {}
    }
}

async fn hold_back(mut replies: OwnedReadHalf, late: mpsc::UnboundedSender<(Instant, Vec<u8>)>, delay_ms: &AtomicU64) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(length @ 1..) = replies.read(&mut chunk).await {
        let due = Instant::now() + Duration::from_millis(delay_ms.load(Ordering::Relaxed));
        if late.send((due, chunk[..length].to_vec())).is_err() {
            return;
        }
    }
}

async fn deliver(mut due: mpsc::UnboundedReceiver<(Instant, Vec<u8>)>, mut client: OwnedWriteHalf) {
    while let Some((instant, bytes)) = due.recv().await {
        sleep_until(instant).await;
        if client.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
