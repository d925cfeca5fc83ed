//! Firings of crons. A slot is fired if it has a row.

use readmodel::time::Timestamp;

use crate::{Error, Store, instant::PgTime, queue::NewJob};

impl Store {
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
