//! How far Vapi's own list of calls has been compared with what webhooks have told.

use readmodel::time::Timestamp;

use crate::{Error, Store, instant::PgTime};

impl Store {
    /// Whatever changed at Vapi before is taken in; none before the first pass.
    pub async fn reconciled_until(&self) -> Result<Option<Timestamp>, Error> {
        let until = sqlx::query_file_scalar!("queries/reconciliation/until.sql").fetch_optional(&self.pg).await?;
        Ok(until.map(Timestamp::from))
    }

    /// Notes a pass that has come to its end.
    pub async fn advance_reconciliation(&self, until: Timestamp) -> Result<(), Error> {
        sqlx::query_file!("queries/reconciliation/advance.sql", PgTime(until) as PgTime).execute(&self.pg).await?;
        Ok(())
    }
}
