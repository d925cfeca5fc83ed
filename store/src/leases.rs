//! Leases: who rebuilds an org. They save work; the compare-and-set is what keeps the result right.

use std::time::Duration;

use readmodel::ids::OrgId;
use sqlx::PgConnection;

use crate::{Error, Store};

impl Store {
    /// Takes the lease of an org for `window`, unless another holder's still runs; tells whether it was taken.
    pub async fn take_lease(&self, org: OrgId, holder: &str, window: Duration) -> Result<bool, Error> {
        let taken = sqlx::query_file!("queries/leases/take.sql", org.0, holder, window.as_secs_f64());
        Ok(taken.fetch_optional(&self.pg).await?.is_some())
    }

    /// Gives a lease back, if it is still the holder's.
    pub async fn release_lease(&self, org: OrgId, holder: &str) -> Result<(), Error> {
        sqlx::query_file!("queries/leases/release.sql", org.0, holder).execute(&self.pg).await?;
        Ok(())
    }
}

pub(crate) async fn end(connection: &mut PgConnection, org: OrgId) -> Result<(), Error> {
    sqlx::query_file!("queries/leases/end.sql", org.0).execute(connection).await?;
    Ok(())
}
