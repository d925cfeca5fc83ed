//! Whether Postgres answers, as far as this process knows.
//!
//! A server that is gone says so: the socket closes. A network that has gone silent says nothing, and what was asked before
//! may never be answered, not even once the network is back. Waits that have no limit of their own end by this.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::{Error, Store};

const ASK_EVERY: Duration = Duration::from_secs(1);
const ASK_LIMIT: Duration = Duration::from_secs(2);

/// A listener whose line says nothing for so long begins anew.
const DEAF: Duration = Duration::from_secs(2);

/// The line to Postgres. One question is asked at least each second, by whichever loop the process has. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Line(Arc<watch::Sender<Option<Instant>>>);

impl Default for Line {
    /// Nothing has been asked yet.
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Store {
    /// Asks each second, for ever: for a process with no other loop that does.
    pub async fn watch_line(&self) {
        loop {
            // Given up or answered, the line knows.
            let _ = timeout(ASK_LIMIT, self.line.ask(self.now())).await;
            sleep(ASK_EVERY).await;
        }
    }
}

impl Line {
    /// Asks, and notes whether an answer comes. An error is an answer, unless it says that none came in time.
    pub async fn ask<T>(&self, question: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
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

    /// Ends once a question has gone unanswered for so long.
    pub async fn cut(&self, patience: Duration) {
        let mut line = self.0.subscribe();
        loop {
            let unanswered = line.wait_for(Option::is_some).await.ok().and_then(|since| *since);
            let Some(since) = unanswered else { return std::future::pending().await };
            tokio::select! {
                () = sleep_until(since + patience) => return,
                _ = line.wait_for(|now| *now != Some(since)) => {}
            }
        }
    }

    /// Listens for ever. After a silence it does so on another connection: the one before may never say anything again.
    pub async fn listen<F: Future>(&self, mut listener: impl FnMut() -> F) {
        loop {
            tokio::select! {
                _ = listener() => return,
                () = self.cut(DEAF) => self.back().await,
            }
        }
    }

    /// Ends once nothing is unanswered.
    pub async fn back(&self) {
        // The sender lives as long as this does.
        let _ = self.0.subscribe().wait_for(Option::is_none).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{future, io};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    fn error(kind: io::ErrorKind) -> Error {
        sqlx::Error::Io(kind.into()).into()
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_counts_as_an_answer_and_a_timeout_as_silence() {
        let line = Line::default();
        line.ask(async { Ok(()) }).await.unwrap();
        line.ask(async { Err::<(), _>(error(io::ErrorKind::ConnectionRefused)) }).await.unwrap_err();
        let cut = tokio::time::timeout(10 * PATIENCE, line.cut(PATIENCE)).await;
        assert!(cut.is_err(), "nothing is unanswered");

        line.ask(async { Err::<(), _>(error(io::ErrorKind::TimedOut)) }).await.unwrap_err();
        let asked = Instant::now();
        line.cut(PATIENCE).await;
        assert_eq!(asked.elapsed(), PATIENCE);

        // A cancelled question counts as silence from when it was asked.
        let given_up = tokio::time::timeout(PATIENCE, line.ask(future::pending::<Result<(), _>>())).await;
        assert!(given_up.is_err());
        let asked = Instant::now();
        line.cut(PATIENCE).await;
        assert_eq!(asked.elapsed(), Duration::ZERO);

        line.ask(async { Ok(()) }).await.unwrap();
        line.back().await;
        assert!(tokio::time::timeout(10 * PATIENCE, line.cut(PATIENCE)).await.is_err());
    }
}
