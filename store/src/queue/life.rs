//! The life of a process: a lock of a session, which Postgres ends with the process.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::{sync::watch, time::sleep};

use crate::{Error, Store};

/// The key of a process' lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life(i32);

/// Between looks whether the session still lives: shorter than the silence that `prewarm.is_gone` waits for, so that the
/// lock is back before others judge.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The pause before another try where Postgres does not answer.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Life {
    /// The life of a process, by a number that other processes are unlikely to have. With the same one a dead process would
    /// pass for alive, and its leases would last to their end.
    pub const fn new(number: u32) -> Self {
        Self((number & i32::MAX as u32) as i32 | 1)
    }
}

impl Store {
    /// Holds the lock of a life for as long as this is polled, and notes in `held` whether it does. Never returns.
    pub async fn hold_life(&self, life: Life, held: watch::Sender<bool>) {
        loop {
            let ended = hold(self, life, &held).await;
            if let Err(error) = ended {
                tracing::debug!(error = &error as &dyn std::error::Error, "the lock of the process");
            }
            // A session that was cut is replaced at once.
            if !held.send_replace(false) {
                sleep(RETRY_AFTER).await;
            }
        }
    }

    /// Shows whose life a registered worker shares. Its jobs count as lost as soon as that ends.
    pub async fn show_life(&self, worker: &str, life: Life) -> Result<(), Error> {
        sqlx::query_file!("queries/queue/show_life.sql", worker, life.0).execute(&self.warm).await?;
        Ok(())
    }
}

/// Returns when the session is lost.
async fn hold(store: &Store, life: Life, held: &watch::Sender<bool>) -> Result<(), sqlx::Error> {
    let mut session: PgConnection = store.direct().acquire().await?.detach();
    sqlx::query_file!("queries/queue/hold_life.sql", life.0).execute(&mut session).await?;
    held.send_replace(true);
    // Not a ping: behind a pooler the lock may be of a session that has been closed.
    while sqlx::query_file_scalar!("queries/queue/lives.sql", life.0).fetch_one(&mut session).await? {
        sleep(LOOK_EVERY).await;
    }
    Ok(())
}
