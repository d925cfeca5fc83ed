//! Whether Postgres answers, as this process sees it.
//!
//! A server that stops closes its sockets. A silent network closes nothing, and what was asked before the silence may
//! never be answered, not even once the network is back. Waits without a limit of their own are ended by this.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::{Error, Store};

const ASK_EVERY: Duration = Duration::from_secs(1);
const ASK_LIMIT: Duration = Duration::from_secs(2);

/// A listener reconnects after Postgres has been silent for this long.
const DEAF: Duration = Duration::from_secs(2);

/// The state of the connection to Postgres. Some loop of the process asks Postgres at least each second. Cheap to
/// clone.
#[derive(Clone, Debug)]
pub struct Link(Arc<watch::Sender<Option<Instant>>>);

impl Default for Link {
    /// Nothing has been asked yet.
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Store {
    /// Asks each second, for ever. For processes with no other loop that does.
    pub async fn watch_link(&self) {
        loop {
            // The link notes the result, also of a question that is given up.
            let _ = timeout(ASK_LIMIT, self.link.track(self.now())).await;
            sleep(ASK_EVERY).await;
        }
    }
}

impl Link {
    /// Runs a question and notes whether an answer comes. Errors count as answers, except timeouts.
    pub async fn track<T>(&self, question: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.0.send_if_modified(|unanswered| {
            let is_first = unanswered.is_none();
            unanswered.get_or_insert_with(Instant::now);
            is_first
        });
        let answer = question.await;
        if !answer.as_ref().is_err_and(|error| matches!(error, Error::TimedOut)) {
            self.0.send_replace(None);
        }
        answer
    }

    /// Returns once a question has been unanswered for `limit`.
    pub async fn silent_for(&self, limit: Duration) {
        let mut link = self.0.subscribe();
        loop {
            let unanswered = link.wait_for(Option::is_some).await.ok().and_then(|since| *since);
            let Some(since) = unanswered else { return std::future::pending().await };
            tokio::select! {
                () = sleep_until(since + limit) => return,
                _ = link.wait_for(|now| *now != Some(since)) => {}
            }
        }
    }

    /// Runs a listener for ever. After a silence it starts again on another connection, as the old one may never speak
    /// again.
    pub async fn listen<F: Future>(&self, mut listener: impl FnMut() -> F) {
        loop {
            tokio::select! {
                _ = listener() => return,
                () = self.silent_for(DEAF) => self.answering().await,
            }
        }
    }

    /// Returns once no question is unanswered.
    pub async fn answering(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(Option::is_none).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{future, io};

    use super::*;

    const WAIT: Duration = Duration::from_secs(1);

    fn error(kind: io::ErrorKind) -> Error {
        sqlx::Error::Io(kind.into()).into()
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_counts_as_an_answer_and_a_timeout_as_silence() {
        let link = Link::default();
        link.track(async { Ok(()) }).await.unwrap();
        link.track(async { Err::<(), _>(error(io::ErrorKind::ConnectionRefused)) }).await.unwrap_err();
        let silent_for = tokio::time::timeout(10 * WAIT, link.silent_for(WAIT)).await;
        assert!(silent_for.is_err(), "nothing is unanswered");

        link.track(async { Err::<(), _>(error(io::ErrorKind::TimedOut)) }).await.unwrap_err();
        let asked = Instant::now();
        link.silent_for(WAIT).await;
        assert_eq!(asked.elapsed(), WAIT);

        // A question that is given up counts from when it was asked.
        let given_up = tokio::time::timeout(WAIT, link.track(future::pending::<Result<(), _>>())).await;
        assert!(given_up.is_err());
        let asked = Instant::now();
        link.silent_for(WAIT).await;
        assert_eq!(asked.elapsed(), Duration::ZERO);

        link.track(async { Ok(()) }).await.unwrap();
        link.answering().await;
        assert!(tokio::time::timeout(10 * WAIT, link.silent_for(WAIT)).await.is_err());
    }
}
