//! Leases: who rebuilds an org. They save work; the compare-and-set is what keeps the result right. A rebuild's
//! transaction leaves them alone, since whoever renews a lease meanwhile must not make it lose.

use std::time::Duration;

use readmodel::ids::OrgId;

use crate::{Error, Store};

impl Store {
    /// Takes the lease of an org for `window`, unless another holder's still runs; tells whether it was taken.
    pub async fn take_lease(&self, org: OrgId, holder: &str, window: Duration) -> Result<bool, Error> {
        let taken = sqlx::query_file!("queries/leases/take.sql", org.0, holder, window.as_secs_f64());
        Ok(taken.fetch_optional(&self.pg).await?.is_some())
    }

    /// Keeps a lease for another `window`, if it is still the holder's.
    pub async fn renew_lease(&self, org: OrgId, holder: &str, window: Duration) -> Result<(), Error> {
        sqlx::query_file!("queries/leases/renew.sql", org.0, holder, window.as_secs_f64()).execute(&self.pg).await?;
        Ok(())
    }

    /// Gives a lease back, if it is still the holder's.
    pub async fn release_lease(&self, org: OrgId, holder: &str) -> Result<(), Error> {
        sqlx::query_file!("queries/leases/release.sql", org.0, holder).execute(&self.pg).await?;
        Ok(())
    }
}
