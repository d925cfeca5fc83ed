//! Leases: which process is rebuilding an org, and which rebuilds have not ended well. They only save work; correctness
//! rests on the compare-and-set. They lie outside the rebuild's transaction, because a renewal of a row that its snapshot has
//! read would make it fail. Workers claim theirs through [`Store::claim`].

use std::{convert::Infallible, time::Duration};

use readmodel::ids::OrgId;

use crate::{Error, Store};

/// The duration of a lease without renewal. If its holder dies, another reader or operator may take it then; a worker counts a
/// bad end first.
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

/// A lease that this process holds. Without an end, it runs out, and the org is owed.
#[derive(Debug)]
pub struct Lease {
    start: i64,
    holder: String,
}

/// The work that was done under a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// A rebuild whose version is published.
    Published,
    /// A rebuild that may have committed a version without publishing it.
    Failed,
    /// Nothing.
    Nothing,
}

impl Store {
    /// Takes the lease of an org, unless another process holds it. An operator also takes that of an org which backs off or is in
    /// quarantine.
    pub async fn take_lease(&self, org: OrgId, holder: &str, asks: Asks) -> Result<Option<Lease>, Error> {
        let for_operator = asks == Asks::Operator;
        let taken =
            sqlx::query_file_scalar!("queries/leases/take.sql", org.0, holder, LEASE.as_secs_f64(), for_operator);
        Ok(taken.fetch_optional(&self.pg).await?.map(|start| Lease { start, holder: holder.to_owned() }))
    }

    /// Whether the org's rebuilds failed so often that it is in quarantine.
    pub async fn is_quarantined(&self, org: OrgId) -> Result<bool, Error> {
        Ok(sqlx::query_file_scalar!("queries/leases/quarantined.sql", org.0).fetch_one(&self.pg).await?)
    }

    /// Does work under a lease, renews it meanwhile and closes it at the end, by what was done.
    pub async fn while_held<T, E>(
        &self,
        lease: Lease,
        work: impl Future<Output = Result<T, E>>,
        closing: impl FnOnce(&T) -> Closing,
    ) -> Result<T, E> {
        let done = tokio::select! {
            done = work => done,
            never = self.keep_lease(&lease) => match never {},
        };
        // If this fails, the lease expires by itself.
        let _ = self.close_lease(&lease, done.as_ref().map_or(Closing::Failed, closing)).await;
        done
    }

    async fn close_lease(&self, Lease { start, holder }: &Lease, closing: Closing) -> Result<(), sqlx::Error> {
        let pg = &self.pg;
        match closing {
            Closing::Published => {
                sqlx::query_file!("queries/leases/end.sql", start, holder).fetch_one(pg).await.map(drop)
            }
            Closing::Failed => {
                sqlx::query_file!("queries/leases/release.sql", start, holder).fetch_one(pg).await.map(drop)
            }
            Closing::Nothing => {
                sqlx::query_file!("queries/leases/abandon.sql", start, holder).fetch_one(pg).await.map(drop)
            }
        }
    }

    /// Renews the lease for as long as this is polled, if it is still held.
    async fn keep_lease(&self, lease: &Lease) -> Infallible {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            let renewed = sqlx::query_file!("queries/leases/renew.sql", lease.start, lease.holder, LEASE.as_secs_f64());
            // If this fails, another process may rebuild the org too.
            let _ = renewed.execute(&self.pg).await;
        }
    }
}
