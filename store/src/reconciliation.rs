//! The progress of the comparison of Vapi's list of calls with the webhooks that have arrived.

use std::collections::HashMap;

use readmodel::time::Timestamp;
use serde_json::Value;

use crate::{Error, Store, instant::PgTime};

impl Store {
    /// The instant up to which changes at Vapi are taken in; `None` before the first pass.
    pub async fn reconciled_until(&self) -> Result<Option<Timestamp>, Error> {
        let until = sqlx::query_file_scalar!("queries/reconciliation/until.sql").fetch_optional(&self.pg).await?;
        Ok(until.map(Timestamp::from))
    }

    /// The states of calls, by Vapi's ids.
    pub async fn known_calls(&self, vapi_call_ids: &[String]) -> Result<HashMap<String, Value>, Error> {
        let rows = sqlx::query_file!("queries/intake/call_states.sql", vapi_call_ids).fetch_all(&self.pg).await?;
        Ok(rows.into_iter().map(|row| (row.vapi_call_id, row.state)).collect())
    }

    /// Records a completed pass.
    pub async fn advance_reconciliation(&self, until: Timestamp) -> Result<(), Error> {
        sqlx::query_file!("queries/reconciliation/advance.sql", PgTime(until) as PgTime).execute(&self.pg).await?;
        Ok(())
    }
}
