//! Leases: who rebuilds an org. They save work; the compare-and-set is what keeps the result right. A rebuild's
//! transaction leaves them alone, since whoever renews a lease meanwhile must not make it lose.

use std::{convert::Infallible, time::Duration};

use readmodel::ids::OrgId;

use crate::{Error, Store};

/// A process that rebuilds an org keeps the others from it for this long, and renews that while it lives. So one that dies is
/// replaced soon after.
const LEASE: Duration = Duration::from_secs(3);
const RENEW_EVERY: Duration = Duration::from_secs(1);

impl Store {
    /// Takes the lease of an org for a moment, unless another holder's still runs; tells whether it was taken.
    pub async fn take_lease(&self, org: OrgId, holder: &str) -> Result<bool, Error> {
        let taken = sqlx::query_file!("queries/leases/take.sql", org.0, holder, LEASE.as_secs_f64());
        Ok(taken.fetch_optional(&self.pg).await?.is_some())
    }

    /// Whether an org's rebuilds have failed so often that it is left alone for now.
    pub async fn is_quarantined(&self, org: OrgId) -> Result<bool, Error> {
        Ok(sqlx::query_file_scalar!("queries/leases/quarantined.sql", org.0).fetch_one(&self.pg).await?)
    }

    /// Does something under a lease, which is renewed meanwhile and given back at the end.
    pub async fn while_held<T>(&self, org: OrgId, holder: &str, work: impl Future<Output = T>) -> T {
        let done = tokio::select! {
            done = work => done,
            never = self.keep_lease(org, holder) => match never {},
        };
        // Should this fail, the lease ends by itself.
        let _ = self.release_lease(org, holder).await;
        done
    }

    /// Keeps a lease for as long as this is polled, if it is still the holder's.
    async fn keep_lease(&self, org: OrgId, holder: &str) -> Infallible {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            let renewed = sqlx::query_file!("queries/leases/renew.sql", org.0, holder, LEASE.as_secs_f64());
            // Should this fail, somebody else may rebuild the org too.
            let _ = renewed.execute(&self.pg).await;
        }
    }

    /// Gives a lease back, if it is still the holder's.
    pub async fn release_lease(&self, org: OrgId, holder: &str) -> Result<(), Error> {
        sqlx::query_file!("queries/leases/release.sql", org.0, holder).execute(&self.pg).await?;
        Ok(())
    }
}
