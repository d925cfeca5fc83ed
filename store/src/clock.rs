//! The database's clock: the only one by which anything is due.

use readmodel::time::Timestamp;
use sqlx::PgExecutor;

use crate::{Error, instant::PgTime};

/// What it says.
pub async fn now(pg: impl PgExecutor<'_>) -> Result<Timestamp, Error> {
    let now = sqlx::query_file_scalar!("queries/clock/now.sql").fetch_one(pg).await?;
    Ok(now.into())
}
