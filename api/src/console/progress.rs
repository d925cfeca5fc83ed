//! Progress that a person watches: of an agent's assistant, of a test call. The row says how far it is; a notice says when
//! to look, and losing one costs a second.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;
use store::{Store, feed};
use tokio::{
    sync::broadcast,
    time::{Instant, timeout_at},
};

/// Proxies that would gather the events before they pass them on.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Notices that a stream may be behind. One that is further behind looks.
const BACKLOG: usize = 256;
/// Between looks without a notice.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A connection that is silent for longer is taken for dead by what stands between.
const HEARTBEAT: Duration = Duration::from_secs(15);
const BEAT: Bytes = Bytes::from_static(b":\n\n");
/// Nobody watches one thing for longer.
const LONGEST: Duration = Duration::from_secs(120);

/// What the workers say: `agent <id>`, `test_call <id>`.
#[derive(Clone)]
pub(crate) struct Notices(broadcast::Sender<String>);

impl Default for Notices {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

/// How far something is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stage {
    /// The name of the event.
    pub(super) name: &'static str,
    /// Its data.
    pub(super) data: Value,
    /// Whether nothing comes after it.
    pub(super) is_last: bool,
}

/// Something to be watched: its notices, and the look at its row.
pub(super) struct Watch<L> {
    notices: broadcast::Receiver<String>,
    subject: String,
    look: L,
    shown: Option<Stage>,
}

impl Notices {
    /// Hears what workers say, for ever.
    pub(super) async fn follow(&self, store: &Store) {
        // Nobody may be listening.
        feed::follow_console(store.pg.clone(), |notice| drop(self.0.send(notice.to_owned()))).await;
    }

    /// Watches a subject. Notices count from now on: so what changes after the first look is not missed.
    pub(super) fn watch<L>(&self, subject: String, look: L) -> Watch<L> {
        Watch { notices: self.0.subscribe(), subject, look, shown: None }
    }
}

impl<L, F> Watch<L>
where
    L: Fn() -> F,
    F: Future<Output = Result<Option<Stage>, store::Error>>,
{
    /// The last stage, or whichever there is at the end of the wait.
    pub(super) async fn end(mut self, wait: Duration) -> Result<Option<Stage>, store::Error> {
        let deadline = Instant::now() + wait;
        loop {
            let stage = (self.look)().await?;
            if stage.as_ref().is_none_or(|stage| stage.is_last) || Instant::now() >= deadline {
                return Ok(stage);
            }
            self.notice(deadline.min(Instant::now() + LOOK_EVERY)).await;
        }
    }

    /// The next stage that is not the one that was shown last. `None` when there is none to come, or nothing any more.
    async fn next(&mut self) -> Option<Stage> {
        if self.shown.as_ref().is_some_and(|shown| shown.is_last) {
            return None;
        }
        loop {
            match (self.look)().await {
                Ok(Some(stage)) if self.shown.as_ref() != Some(&stage) => {
                    self.shown = Some(stage.clone());
                    return Some(stage);
                }
                Ok(Some(_)) => {}
                Ok(None) => return None,
                // The database is away: what there is to see will be there when it is back.
                Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "progress"),
            }
            self.notice(Instant::now() + LOOK_EVERY).await;
        }
    }

    /// Until there may be something to see.
    async fn notice(&mut self, deadline: Instant) {
        loop {
            match timeout_at(deadline, self.notices.recv()).await {
                Ok(Ok(subject)) if subject != self.subject => {}
                Ok(Err(broadcast::error::RecvError::Closed)) => return tokio::time::sleep_until(deadline).await,
                Ok(Ok(_) | Err(broadcast::error::RecvError::Lagged(_))) | Err(_) => return,
            }
        }
    }
}

/// The stages as server-sent events, from the present one to the last.
pub(super) fn events<L, F>(watch: Watch<L>) -> Response
where
    L: Fn() -> F + Send + 'static,
    F: Future<Output = Result<Option<Stage>, store::Error>> + Send + 'static,
{
    let ends_at = Instant::now() + LONGEST;
    let body = Body::from_stream(stream::unfold(watch, move |mut watch| async move {
        let beat_at = Instant::now() + HEARTBEAT;
        let event = match timeout_at(beat_at.min(ends_at), watch.next()).await {
            Ok(stage) => stage.map(|stage| Bytes::from(format!("event: {}\ndata: {}\n\n", stage.name, stage.data)))?,
            Err(_) if Instant::now() >= ends_at => return None,
            Err(_) => BEAT,
        };
        Some((Ok::<_, Infallible>(event), watch))
    }));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (X_ACCEL_BUFFERING, HeaderValue::from_static("no")),
    ];
    (headers, body).into_response()
}
