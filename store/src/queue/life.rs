//! The life of a process: a lock of a session, which Postgres ends with the process.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use crate::{Error, Store};

/// The key of a process' lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life(i32);

/// Between looks whether the lock is still held. A session that ends says so itself; behind a pooler the lock may be of
/// one that has been closed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Postgres ends a session that is silent for longer, and the lock with it. Of a process that a silent network has cut off
/// it would keep both for hours.
const SILENCE: [(&str, &str); 1] = [("idle_session_timeout", "'8s'")];

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
        sqlx::query_file!("queries/queue/show_life.sql", worker, life.0).execute(&self.queue).await?;
        Ok(())
    }
}

/// Returns when the session is lost: at once if it is closed, so that the lock is back before others judge.
async fn hold(store: &Store, life: Life, held: &watch::Sender<bool>) -> Result<(), sqlx::Error> {
    // A listener to nothing, since only listeners hear of the end of an idle session.
    let mut session = PgListener::connect_with(&store.direct.set(&SILENCE).pool(1)).await?;
    session.eager_reconnect(false);
    sqlx::query_file!("queries/queue/hold_life.sql", life.0).execute(&mut session).await?;
    held.send_replace(true);
    while timeout(LOOK_EVERY, session.try_recv()).await.is_err() {
        if !sqlx::query_file_scalar!("queries/queue/lives.sql", life.0).fetch_one(&mut session).await? {
            break;
        }
    }
    Ok(())
}
