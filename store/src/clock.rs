//! The database's clock. Nothing is due by any other.

use readmodel::time::Timestamp;

use crate::{Error, Store, instant::PgTime};

impl Store {
    /// The database's time.
    pub async fn now(&self) -> Result<Timestamp, Error> {
        let now = sqlx::query_file_scalar!("queries/clock/now.sql").fetch_one(&self.pg).await?;
        Ok(now.into())
    }
}
