//! Leases: which process is rebuilding an org. They only save work; correctness rests on the compare-and-set. Leases
//! lie outside the rebuild's transaction, because a renewal of a row that its snapshot has read would make it fail.

use std::{convert::Infallible, time::Duration};

use readmodel::ids::OrgId;

use crate::{Error, Store};

/// The duration of a lease without renewal. If its holder dies, the org waits this long for a successor.
const LEASE: Duration = Duration::from_secs(3);
const RENEW_EVERY: Duration = Duration::from_secs(1);

/// The cause of a rebuild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// A reader, who finds no blobs.
    Reader,
    /// A person, who has mended something.
    Operator,
}

impl Store {
    /// Takes the lease of an org, unless another process holds it; returns whether it did. An operator also takes that of an
    /// org which backs off or is in quarantine.
    pub async fn take_lease(&self, org: OrgId, holder: &str, asks: Asks) -> Result<bool, Error> {
        let for_operator = asks == Asks::Operator;
        let taken = sqlx::query_file!("queries/leases/take.sql", org.0, holder, LEASE.as_secs_f64(), for_operator);
        Ok(taken.fetch_optional(&self.pg).await?.is_some())
    }

    /// Whether the org's rebuilds failed so often that it is in quarantine.
    pub async fn is_quarantined(&self, org: OrgId) -> Result<bool, Error> {
        Ok(sqlx::query_file_scalar!("queries/leases/quarantined.sql", org.0).fetch_one(&self.pg).await?)
    }

    /// Does work under a lease, renews it meanwhile and releases it at the end.
    pub async fn while_held<T>(&self, org: OrgId, holder: &str, work: impl Future<Output = T>) -> T {
        let done = tokio::select! {
            done = work => done,
            never = self.keep_lease(org, holder) => match never {},
        };
        // If this fails, the lease expires by itself.
        let _ = self.release_lease(org, holder).await;
        done
    }

    /// Renews the lease for as long as this is polled, if it is still the holder's.
    async fn keep_lease(&self, org: OrgId, holder: &str) -> Infallible {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            let renewed = sqlx::query_file!("queries/leases/renew.sql", org.0, holder, LEASE.as_secs_f64());
            // If this fails, another process may rebuild the org too.
            let _ = renewed.execute(&self.pg).await;
        }
    }

    /// Releases the lease, if it is still the holder's.
    pub async fn release_lease(&self, org: OrgId, holder: &str) -> Result<(), Error> {
        sqlx::query_file!("queries/leases/release.sql", org.0, holder).execute(&self.pg).await?;
        Ok(())
    }
}
