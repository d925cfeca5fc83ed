//! A stream of server-sent events, read as a client reads it.

use std::time::Duration;

use readmodel::version::Version;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use testkit::busy::in_time;

/// An open stream.
#[derive(Debug)]
pub struct Events {
    response: Response,
    unread: String,
    /// The last `retry:`, in milliseconds.
    pub retry_ms: Option<u64>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `event:`
    pub name: String,
    /// `id:`
    pub id: Option<String>,
    /// `data:`
    pub data: Value,
}

/// What a read of a stream met with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// An event.
    Event(Event),
    /// The server ended the stream, or the connection broke.
    End,
    /// Nothing in time.
    Silence,
}

impl Event {
    /// The version that the event announces.
    #[must_use]
    pub fn version(&self) -> Version {
        assert_eq!(self.name, "version");
        assert_eq!(self.data["version"].as_str(), self.id.as_deref());
        self.id.as_deref().unwrap().parse().unwrap()
    }
}

impl Events {
    /// Opens a stream; it may stay open for a minute.
    pub async fn open(request: RequestBuilder) -> Self {
        let response = request.timeout(Duration::from_secs(60)).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, unread: String::new(), retry_ms: None }
    }

    /// The next event.
    pub async fn next(&mut self) -> Event {
        match self.within(in_time(Duration::from_secs(10))).await {
            Next::Event(event) => event,
            other => panic!("no event: {other:?}"),
        }
    }

    /// The next event, if it comes in time.
    pub async fn within(&mut self, limit: Duration) -> Next {
        let read = async {
            loop {
                while let Some((block, rest)) = self.unread.split_once("\n\n") {
                    let (block, rest) = (block.to_owned(), rest.to_owned());
                    self.unread = rest;
                    if let Some(event) = self.parse(&block) {
                        return Next::Event(event);
                    }
                }
                match self.response.chunk().await {
                    Ok(Some(bytes)) => self.unread.push_str(std::str::from_utf8(&bytes).unwrap()),
                    Ok(None) | Err(_) => return Next::End,
                }
            }
        };
        tokio::time::timeout(limit, read).await.unwrap_or(Next::Silence)
    }

    /// Whether the stream ends in time, whatever it says before.
    pub async fn ends_within(&mut self, promise: Duration) -> bool {
        let limit = in_time(promise);
        let end = async { while self.within(limit).await != Next::End {} };
        tokio::time::timeout(limit, end).await.is_ok()
    }

    fn parse(&mut self, block: &str) -> Option<Event> {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        if let Some(retry) = field("retry") {
            self.retry_ms = Some(retry.parse().unwrap());
        }
        Some(Event {
            name: field("event")?.to_owned(),
            id: field("id").map(ToOwned::to_owned),
            data: serde_json::from_str(field("data")?).unwrap(),
        })
    }
}
