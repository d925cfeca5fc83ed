//! The listener: limits on connections, on their time, and an orderly stop. A client that is slow with its head, its
//! body or its reading, or that is silent, loses its connection.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown, service::TowerToHyperService};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Sleep, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    edge::Edge,
    head_timer::{Arrivals, HEAD_TIMEOUT, HeadTimer},
    refusal,
};

/// The time that a client may leave an answer unread.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// The connection counts as dead if data stays unacknowledged for this long.
const ACK_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest head: a token of 16 kB, and as much for cookies and the rest.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Most connections. Further ones wait in the system's queue.
const MAX_CONNECTIONS: usize = 20_000;
/// Delay after a failed accept.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);
/// The time that running answers get at shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(8);

/// Serves until `shutdown`, then finishes the running answers. A connection may be idle for `keep_alive` between two
/// requests.
pub(crate) async fn serve(listener: TcpListener, edge: Edge, keep_alive: Duration, shutdown: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut http = http1::Builder::new();
    // hyper only needs a timeout to be set; each connection's timer decides the time.
    http.header_read_timeout(keep_alive + HEAD_TIMEOUT).max_buf_size(MAX_HEAD_BYTES);
    // Bodies are a few kB: the kernel handles one buffer faster than a list of two.
    http.writev(false);
    while let Some((stream, slot)) = accept(&listener, &slots, &shutdown).await {
        let arrivals = Arrivals::default();
        http.timer(HeadTimer::new(arrivals.clone(), keep_alive));
        let stream = TokioIo::new(Guarded::new(stream, arrivals));
        let connection = http.serve_connection(stream, TowerToHyperService::new(edge.clone()));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                refusal::note_unread(&error);
                tracing::debug!(error = &error as &dyn std::error::Error, "a connection failed");
            }
            drop(slot);
        });
    }
    // Frees the port for a successor.
    drop(listener);
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("stopped before all answers were finished");
    }
}

/// Accepts the next connection when there is room for it; `None` at shutdown.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    loop {
        let accepted = async {
            let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            SockRef::from(&stream).set_tcp_user_timeout(Some(ACK_TIMEOUT))?;
            io::Result::Ok((stream, slot))
        };
        let accepted = tokio::select! {
            accepted = accepted => accepted,
            () = shutdown.cancelled() => return None,
        };
        match accepted {
            Ok(accepted) => return Some(accepted),
            // The client has gone, or the process has no free file until another connection ends.
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "could not accept a connection");
                sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
}

/// A stream that fails if its client leaves data unread for too long.
struct Guarded {
    stream: TcpStream,
    arrivals: Arrivals,
    /// Runs only while a write is blocked, so that clients which read cost no timer.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Guarded {
    fn new(stream: TcpStream, arrivals: Arrivals) -> Self {
        Self { stream, arrivals, stalled: None }
    }

    fn progress<T>(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stalled = None;
            return polled;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(WRITE_TIMEOUT)));
        stalled.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Guarded {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (this, held) = (self.get_mut(), buffer.filled().len());
        let polled = Pin::new(&mut this.stream).poll_read(context, buffer);
        if buffer.filled().len() > held {
            this.arrivals.note();
        }
        polled
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.progress(context, polled)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write_vectored(context, bytes);
        this.progress(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
