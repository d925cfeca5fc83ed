//! What was taken, and for how long it is kept.

use std::time::Duration;

use sqlx::{Postgres, postgres::PgQueryResult, query::Query};

use crate::{Error, Store, sessions::WarmSessions};

/// Rows that one statement changes, at most: no lock is held for long.
pub(crate) const CHUNK: i64 = 1000;

/// An event that is sent again within this time is a duplicate. Bodies are kept for less.
pub const KEYS_KEPT: Duration = Duration::from_hours(400 * 24);

impl Store {
    /// Drops the bodies of events that came before `retention` ago, parked ones too, and forgets what came before
    /// [`KEYS_KEPT`]. In chunks, each a transaction: a kill in between leaves the rest to the next time. Returns how many rows
    /// it has changed.
    pub async fn prune_events(&self, retention: Duration) -> Result<u64, Error> {
        let (retention, kept) = (retention.as_secs_f64(), KEYS_KEPT.as_secs_f64());
        let bodies = chunks(&self.pg, || sqlx::query_file!("queries/events/drop_bodies.sql", retention, CHUNK)).await?;
        let keys = chunks(&self.pg, || sqlx::query_file!("queries/events/forget_keys.sql", kept, CHUNK)).await?;
        let calls = chunks(&self.pg, || sqlx::query_file!("queries/events/forget_calls.sql", kept, CHUNK)).await?;
        Ok(bodies + keys + calls)
    }
}

/// Runs a statement until it finds less than it may.
pub(crate) async fn chunks<'q, F>(pg: &WarmSessions, statement: F) -> Result<u64, Error>
where
    F: Fn() -> Query<'q, Postgres, sqlx::postgres::PgArguments>,
{
    let mut rows = 0;
    loop {
        let done: PgQueryResult = statement().execute(pg).await?;
        rows += done.rows_affected();
        if done.rows_affected() < CHUNK as u64 {
            return Ok(rows);
        }
    }
}
