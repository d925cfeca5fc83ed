//! Server-sent events, as a client reads them.

use std::net::SocketAddr;

use crate::http::{Connection, Framing, chunk};

/// An event. Its name does not matter here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) data: String,
}

impl Event {
    /// Reads the lines of an event; `None` for a mere comment, which keeps the connection awake.
    fn parse(text: &str) -> Option<Self> {
        let mut event = Self::default();
        for line in text.lines() {
            match line.split_once(':').map(|(name, value)| (name, value.trim_start())) {
                Some(("id", id)) => id.clone_into(&mut event.id),
                Some(("data", data)) => event.data.push_str(data),
                _ => {}
            }
        }
        (event != Self::default()).then_some(event)
    }
}

/// An open stream.
#[derive(Debug)]
pub(crate) struct Events {
    connection: Connection,
    framing: Framing,
    /// What has come of an event that is not complete.
    text: Vec<u8>,
}

impl Events {
    /// Opens a stream; `None` if the server has no such thing.
    pub(crate) async fn open(addr: SocketAddr, request: &[u8]) -> anyhow::Result<Option<Self>> {
        let mut connection = Connection::open(addr).await?;
        let head = connection.follow(request).await?;
        match head.status {
            200 => Ok(Some(Self { connection, framing: head.framing, text: Vec::new() })),
            404 => Ok(None),
            status => anyhow::bail!("{addr} answered {status} to a stream's request"),
        }
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Event> {
        loop {
            self.unwrap_chunks()?;
            if let Some(end) = self.text.windows(2).position(|pair| pair == b"\n\n") {
                let rest = self.text.split_off(end + 2);
                let text = std::mem::replace(&mut self.text, rest);
                match Event::parse(&String::from_utf8_lossy(&text)) {
                    Some(event) => return Ok(event),
                    None => continue,
                }
            }
            self.connection.receive().await?;
        }
    }

    /// Moves what has been received to the text.
    fn unwrap_chunks(&mut self) -> anyhow::Result<()> {
        let received = self.connection.received();
        if self.framing != Framing::Chunked {
            self.text.extend_from_slice(&received.split());
            return Ok(());
        }
        while let Some((data, next)) = chunk(received)? {
            anyhow::ensure!(!data.is_empty(), "the stream has ended");
            self.text.extend_from_slice(&received.split_to(next)[data]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_an_id_and_data_and_a_comment_is_none() {
        let event = Event { id: "1-2".to_owned(), data: "{\"version\":\"1-2\"}".to_owned() };
        assert_eq!(Event::parse("event: version\nid: 1-2\ndata:{\"version\":\"1-2\"}\n\n"), Some(event));
        assert_eq!(Event::parse(": hi\n\n"), None);
        assert_eq!(Event::parse("\n\n"), None);
    }
}
