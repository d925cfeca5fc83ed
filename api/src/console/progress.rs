//! Watching of progress: of an agent's assistant or of a test call. The row has the stage; a notice says when to read
//! it again, and losing one costs a second.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;
use store::Store;
use tokio::{
    sync::broadcast,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{
    quota::Share,
    sse::{self, BEAT},
};

/// Buffered notices per stream. A stream that lags further re-reads the database.
const NOTICE_BUFFER: usize = 256;
/// Interval of reads without a notice.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Proxies close a connection that is silent for longer.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The longest stream of a watch.
const MAX_DURATION: Duration = Duration::from_secs(120);

/// The workers' notices: `agent <id>`, `test_call <id>`.
#[derive(Clone)]
pub(crate) struct Notices {
    sender: broadcast::Sender<String>,
    /// Ends the watches, which never end on their own.
    shutdown: CancellationToken,
}

/// A stage, as an event of the stream.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StageEvent {
    /// The name of the event.
    pub(super) name: &'static str,
    /// The data of the event.
    pub(super) data: Value,
    /// Whether no stage follows.
    pub(super) is_last: bool,
}

/// A watched subject: its notices, and the function that reads its row.
pub(super) struct Watch<L> {
    notices: broadcast::Receiver<String>,
    subject: String,
    read_stages: L,
    /// Stages that were read but not shown yet.
    coming: VecDeque<StageEvent>,
    shown: Option<StageEvent>,
    shutdown: CancellationToken,
}

impl Notices {
    /// Notices whose watches end at `shutdown`.
    pub(super) fn until(shutdown: CancellationToken) -> Self {
        Self { sender: broadcast::Sender::new(NOTICE_BUFFER), shutdown }
    }

    /// Receives the workers' notices, for ever.
    pub(super) async fn follow(&self, store: &Store) {
        // Sending fails if there is no watch.
        store.follow_console(|notice| drop(self.sender.send(notice.to_owned()))).await;
    }

    /// Watches a subject. It subscribes first, so that no change after the first read is missed.
    pub(super) fn watch<L>(&self, subject: String, read_stages: L) -> Watch<L> {
        let (notices, shutdown) = (self.sender.subscribe(), self.shutdown.clone());
        Watch { notices, subject, read_stages, coming: VecDeque::new(), shown: None, shutdown }
    }
}

impl<L, F> Watch<L>
where
    L: Fn() -> F,
    F: Future<Output = Result<Vec<StageEvent>, store::Error>>,
{
    /// Waits for the last stage; returns the present one when the wait is over.
    pub(super) async fn end(mut self, wait: Duration) -> Result<Option<StageEvent>, store::Error> {
        let deadline = Instant::now() + wait;
        loop {
            let stage = (self.read_stages)().await?.pop();
            let is_over = self.shutdown.is_cancelled() || Instant::now() >= deadline;
            if stage.as_ref().is_none_or(|stage| stage.is_last) || is_over {
                return Ok(stage);
            }
            self.notice(deadline.min(Instant::now() + POLL_INTERVAL)).await;
        }
    }

    /// The next stage that has not been shown; `None` at the end or if the subject is gone.
    async fn next(&mut self) -> Option<StageEvent> {
        loop {
            if let Some(stage) = self.coming.pop_front() {
                self.shown = Some(stage.clone());
                return Some(stage);
            }
            if self.shutdown.is_cancelled() || self.shown.as_ref().is_some_and(|shown| shown.is_last) {
                return None;
            }
            match (self.read_stages)().await {
                Ok(stages) if stages.is_empty() => return None,
                Ok(stages) => self.coming = self.unseen(stages),
                // The database is down; the stages will be there when it is back.
                Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "progress"),
            }
            if self.coming.is_empty() {
                self.notice(Instant::now() + POLL_INTERVAL).await;
            }
        }
    }

    /// The stages after the last shown one, or that one itself if it is the present one with other data.
    fn unseen(&self, stages: Vec<StageEvent>) -> VecDeque<StageEvent> {
        let mut stages = VecDeque::from(stages);
        let shown = self.shown.as_ref().and_then(|shown| stages.iter().position(|stage| stage.name == shown.name));
        if let Some(at) = shown {
            let is_present = at + 1 == stages.len() && stages.back() != self.shown.as_ref();
            stages.drain(..at + usize::from(!is_present));
        }
        stages
    }

    /// Waits for a notice of the subject, or until the deadline.
    async fn notice(&mut self, deadline: Instant) {
        loop {
            let heard = tokio::select! {
                heard = timeout_at(deadline, self.notices.recv()) => heard,
                () = self.shutdown.cancelled() => return,
            };
            match heard {
                Ok(Ok(subject)) if subject != self.subject => {}
                Ok(Err(broadcast::error::RecvError::Closed)) => return tokio::time::sleep_until(deadline).await,
                Ok(Ok(_) | Err(broadcast::error::RecvError::Lagged(_))) | Err(_) => return,
            }
        }
    }
}

/// The stages as server-sent events, from the present to the last. A first heartbeat is sent at once.
pub(super) fn events<L, F>(watch: Watch<L>, share: Share) -> Response
where
    L: Fn() -> F + Send + 'static,
    F: Future<Output = Result<Vec<StageEvent>, store::Error>> + Send + 'static,
{
    let ends_at = Instant::now() + MAX_DURATION;
    let body = Body::from_stream(stream::unfold((watch, share, true), move |(mut watch, share, first)| async move {
        if first {
            return Some((Ok::<_, Infallible>(BEAT), (watch, share, false)));
        }
        let beat_at = Instant::now() + HEARTBEAT;
        let event = match timeout_at(beat_at.min(ends_at), watch.next()).await {
            Ok(stage) => stage.map(|stage| Bytes::from(format!("event: {}\ndata: {}\n\n", stage.name, stage.data)))?,
            Err(_) if Instant::now() >= ends_at => return None,
            Err(_) => BEAT,
        };
        Some((Ok(event), (watch, share, false)))
    }));
    sse::answer(body)
}

#[cfg(test)]
mod tests {
    use std::{future::ready, sync::Mutex};

    use serde_json::json;

    use super::*;

    fn stages(names: &[&'static str]) -> Vec<StageEvent> {
        let stage =
            |(at, name): (usize, &&'static str)| StageEvent { name, data: json!(at), is_last: *name == "ready" };
        names.iter().enumerate().map(stage).collect()
    }

    #[tokio::test]
    async fn every_stage_is_shown_once() {
        let found = Mutex::new(VecDeque::from([
            stages(&["preparing"]),
            stages(&["preparing"]),
            stages(&["preparing", "connecting", "ready"]),
        ]));
        let read_stages = || ready(Ok(found.lock().unwrap().pop_front().unwrap()));
        tokio::time::pause();
        let mut watch = Notices::until(CancellationToken::new()).watch(String::new(), read_stages);
        let mut shown = Vec::new();
        while let Some(stage) = watch.next().await {
            shown.push(stage.name);
        }
        assert_eq!(shown, ["preparing", "connecting", "ready"]);
    }

    #[tokio::test]
    async fn a_stage_is_shown_again_when_its_details_change() {
        let pending = |reason: &str| vec![StageEvent { name: "pending", data: json!(reason), is_last: false }];
        let found = Mutex::new(VecDeque::from([pending("one"), pending("another"), Vec::new()]));
        let read_stages = || ready(Ok(found.lock().unwrap().pop_front().unwrap()));
        let mut watch = Notices::until(CancellationToken::new()).watch(String::new(), read_stages);
        assert_eq!(watch.next().await.map(|stage| stage.data), Some(json!("one")));
        assert_eq!(watch.next().await.map(|stage| stage.data), Some(json!("another")));
        assert_eq!(watch.next().await, None);
    }

    #[tokio::test]
    async fn watchers_are_closed_at_shutdown() {
        let shutdown = CancellationToken::new();
        let notices = Notices::until(shutdown.clone());
        let read_stages = || ready(Ok(stages(&["preparing"])));
        let mut watch = notices.watch(String::new(), read_stages);
        watch.next().await;
        let (next, ()) = tokio::join!(watch.next(), async { shutdown.cancel() });
        assert_eq!(next, None);
        let ended = notices.watch(String::new(), read_stages).end(Duration::from_secs(3600)).await;
        assert_eq!(ended.unwrap().map(|stage| stage.name), Some("preparing"));
    }
}
