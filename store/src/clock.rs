//! The database's clock: the only one by which anything is due.

use readmodel::time::Timestamp;

use crate::{Error, Store, instant::PgTime};

impl Store {
    /// What the database's clock says.
    pub async fn now(&self) -> Result<Timestamp, Error> {
        let now = sqlx::query_file_scalar!("queries/clock/now.sql").fetch_one(&self.pg).await?;
        Ok(now.into())
    }
}
