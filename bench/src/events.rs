//! A client of server-sent events.

use std::net::SocketAddr;

use testkit::sse::Reader;

pub(crate) use testkit::sse::Event;

use crate::http::{Connection, Framing, chunk};

/// An open stream.
#[derive(Debug)]
pub(crate) struct Events {
    connection: Connection,
    framing: Framing,
    received: Reader,
}

impl Events {
    /// Opens a stream; `None` if the server has none.
    pub(crate) async fn open(addr: SocketAddr, request: &[u8]) -> anyhow::Result<Option<Self>> {
        let mut connection = Connection::open(addr).await?;
        let head = connection.follow(request).await?;
        match head.status {
            200 => Ok(Some(Self { connection, framing: head.framing, received: Reader::default() })),
            404 => Ok(None),
            status => anyhow::bail!("{addr} answered {status} to a stream's request"),
        }
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Event> {
        loop {
            self.unwrap_chunks()?;
            match self.received.next_event() {
                Some(event) if event.id.is_empty() && event.data.is_empty() => {}
                Some(event) => return Ok(event),
                None => self.connection.receive().await?,
            }
        }
    }

    /// Moves received bytes to the event reader, without the chunk framing.
    fn unwrap_chunks(&mut self) -> anyhow::Result<()> {
        let received = self.connection.received();
        if self.framing != Framing::Chunked {
            self.received.push(&received.split());
            return Ok(());
        }
        while let Some((data, next)) = chunk(received)? {
            anyhow::ensure!(!data.is_empty(), "the stream has ended");
            self.received.push(&received.split_to(next)[data]);
        }
        Ok(())
    }
}
