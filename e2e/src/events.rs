//! A client of a stream of server-sent events.

use std::time::Duration;

use readmodel::version::Version;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use testkit::{busy::in_time, sse};

/// An open stream.
#[derive(Debug)]
pub struct Events {
    response: Response,
    received: sse::Reader,
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

/// The result of reading a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// An event.
    Event(Event),
    /// The server ended the stream, or the connection broke.
    End,
    /// Nothing arrived in time.
    Silence,
}

impl Event {
    fn of(event: sse::Event) -> Self {
        let sse::Event { name, id, data, .. } = event;
        Self { name, id: Some(id).filter(|id| !id.is_empty()), data: serde_json::from_str(&data).unwrap() }
    }

    /// The version that the event announces.
    #[must_use]
    pub fn version(&self) -> Version {
        assert_eq!(self.name, "version");
        assert_eq!(self.data["version"].as_str(), self.id.as_deref());
        self.id.as_deref().unwrap().parse().unwrap()
    }
}

impl Events {
    /// Opens a stream, for a minute at most.
    pub async fn open(request: RequestBuilder) -> Self {
        let response = request.timeout(Duration::from_secs(60)).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, received: sse::Reader::default(), retry_ms: None }
    }

    /// The next event.
    pub async fn next(&mut self) -> Event {
        match self.within(in_time(Duration::from_secs(10))).await {
            Next::Event(event) => event,
            other => panic!("no event: {other:?}"),
        }
    }

    /// The next event, if it arrives in time.
    pub async fn within(&mut self, limit: Duration) -> Next {
        let read = async {
            loop {
                while let Some(event) = self.received.next_event() {
                    self.retry_ms = event.retry_ms.or(self.retry_ms);
                    if !event.data.is_empty() {
                        return Next::Event(Event::of(event));
                    }
                }
                match self.response.chunk().await {
                    Ok(Some(bytes)) => self.received.push(&bytes),
                    Ok(None) | Err(_) => return Next::End,
                }
            }
        };
        tokio::time::timeout(limit, read).await.unwrap_or(Next::Silence)
    }

    /// Whether the stream ends in time, after any events.
    pub async fn ends_within(&mut self, promise: Duration) -> bool {
        let limit = in_time(promise);
        let end = async { while self.within(limit).await != Next::End {} };
        tokio::time::timeout(limit, end).await.is_ok()
    }
}
