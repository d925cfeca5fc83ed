//! Retention of webhook events.

use std::time::Duration;

use sqlx::{Postgres, postgres::PgQueryResult, query::Query};

use crate::{Error, Store, sessions::WarmSessions};

/// Rows that one statement changes at most, so that it holds its locks only briefly.
const ROWS_PER_STATEMENT: i64 = 1000;

/// The time within which a repeated event counts as a duplicate. Bodies are kept for less.
pub const DEDUPE_KEY_RETENTION: Duration = Duration::from_hours(400 * 24);

impl Store {
    /// Drops the bodies of events older than `retention`, parked ones too, and deletes keys older than
    /// [`DEDUPE_KEY_RETENTION`]. Runs in chunks, a transaction each; a kill in between leaves the rest to the next run.
    /// Returns the number of changed rows.
    pub async fn prune_events(&self, retention: Duration) -> Result<u64, Error> {
        let (retention, kept) = (retention.as_secs_f64(), DEDUPE_KEY_RETENTION.as_secs_f64());
        let bodies =
            chunks(&self.pg, || sqlx::query_file!("queries/events/drop_bodies.sql", retention, ROWS_PER_STATEMENT))
                .await?;
        let keys =
            chunks(&self.pg, || sqlx::query_file!("queries/events/forget_keys.sql", kept, ROWS_PER_STATEMENT)).await?;
        let calls =
            chunks(&self.pg, || sqlx::query_file!("queries/events/forget_calls.sql", kept, ROWS_PER_STATEMENT)).await?;
        Ok(bodies + keys + calls)
    }
}

/// Repeats a statement until it changes less than a full chunk.
async fn chunks<'q, F>(pg: &WarmSessions, statement: F) -> Result<u64, Error>
where
    F: Fn() -> Query<'q, Postgres, sqlx::postgres::PgArguments>,
{
    let mut rows = 0;
    loop {
        let done: PgQueryResult = statement().execute(pg).await?;
        rows += done.rows_affected();
        if done.rows_affected() < ROWS_PER_STATEMENT as u64 {
            return Ok(rows);
        }
    }
}
