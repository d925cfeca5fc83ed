//! Deadlines: the instants at which versions become outdated by time alone.

use std::time::Duration;

use crate::{Error, Store};

/// The result of a look ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ahead {
    /// Whether a deadline has passed within the last seconds.
    pub passed: bool,
    /// Until the next deadline, by the database's clock.
    pub next: Option<Duration>,
}

impl Store {
    /// Looks ahead to the next deadline of any org, and back a little for those that came up meanwhile.
    pub async fn look_ahead(&self) -> Result<Ahead, Error> {
        let row = sqlx::query_file!("queries/queue/deadlines/look.sql").fetch_one(&self.pg).await?;
        Ok(Ahead { passed: row.passed, next: row.next_seconds.and_then(|next| Duration::try_from_secs_f64(next).ok()) })
    }
}
