//! Firings of crons. A slot is fired if it has a row.

use readmodel::time::Timestamp;

use crate::{Error, Store, instant::PgTime, queue::NewJob};

/// The state that a scheduler goes by.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The database's time.
    pub now: Timestamp,
    /// Whether anything waits for a sweep.
    pub sweeps: bool,
}

impl Store {
    /// Looks at the database's clock, and for anything that waits for a sweep.
    pub async fn look_at_clock(&self) -> Result<Look, Error> {
        let look = sqlx::query_file!("queries/queue/crons/look.sql").fetch_one(&self.pg).await?;
        Ok(Look { now: look.now.0, sweeps: look.sweeps })
    }

    /// Fires a slot of a cron: writes its row and its job in one statement. False if it was fired already.
    pub async fn fire_cron(&self, cron: &str, slot: Timestamp, job: &NewJob) -> Result<bool, Error> {
        let fired = sqlx::query_file_scalar!(
            "queries/queue/crons/fire.sql",
            cron,
            PgTime(slot) as _,
            job.queue.as_str(),
            job.kind,
            job.max_attempts
        );
        Ok(fired.fetch_one(&self.pg).await?)
    }
}
