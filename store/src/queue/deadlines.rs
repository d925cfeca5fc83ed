//! Versions that the clock makes old.

use std::time::Duration;

use sqlx::PgExecutor;

use crate::Error;

/// What a look ahead found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ahead {
    /// Whether a deadline has passed within the last seconds.
    pub passed: bool,
    /// Until the next deadline, by the database's clock.
    pub next: Option<Duration>,
}

/// Looks ahead to the next deadline of any org, and back a little for those that came up meanwhile.
pub async fn look(pg: impl PgExecutor<'_>) -> Result<Ahead, Error> {
    let row = sqlx::query_file!("queries/queue/deadlines/look.sql").fetch_one(pg).await?;
    Ok(Ahead { passed: row.passed, next: row.next_seconds.and_then(|next| Duration::try_from_secs_f64(next).ok()) })
}
