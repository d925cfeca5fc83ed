//! The rebuild of one org, under the same lease as workers use.

use std::time::{Duration, Instant};

use materialize::Outcome;
use readmodel::{ids::OrgId, time::Clock};
use store::{
    Store,
    leases::{Asks, Closing},
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The limit of the wait for another process's rebuild: longer than a worker's time limit, and than a dead worker's
/// lease.
const LEASE_WAIT: Duration = Duration::from_secs(30);
/// Delay before the lease is tried again. Shorter than any worker's interval, so that this one gets its turn.
const LEASE_RETRY_DELAY: Duration = Duration::from_millis(25);

/// Rebuilds orgs until shutdown.
#[derive(Clone, Debug)]
pub(crate) struct Builder {
    pub(crate) store: Store,
    pub(crate) shutdown: CancellationToken,
    /// The holder's name in leases.
    holder: String,
}

/// The result of a rebuild.
#[derive(Debug)]
pub(crate) enum RebuildEnd {
    /// It succeeded.
    Rebuilt(Outcome),
    /// It failed for a reason of the org's own. The text contains none of its data.
    Failed(String),
    /// The database is down or refuses access; other orgs would fail as well.
    Unreachable(anyhow::Error),
    /// It was not started.
    Stopped,
}

impl Builder {
    pub(crate) fn new(store: Store, shutdown: CancellationToken) -> Self {
        Self { store, shutdown, holder: format!("rebuild-{}", Uuid::new_v4()) }
    }

    /// Rebuilds an org as soon as `room` has a permit. Waits for other holders of the lease without keeping the permit.
    pub(crate) async fn rebuild(&self, org: OrgId, room: &Semaphore) -> RebuildEnd {
        let mut first_at = None;
        while first_at.is_none_or(|first: Instant| first.elapsed() < LEASE_WAIT) {
            let place = room.acquire().await;
            if self.shutdown.is_cancelled() {
                return RebuildEnd::Stopped;
            }
            first_at.get_or_insert_with(Instant::now);
            let attempt = self.attempt(org).await;
            drop(place);
            match attempt {
                Ok(Some(outcome)) => return RebuildEnd::Rebuilt(outcome),
                Ok(None) => tokio::time::sleep(LEASE_RETRY_DELAY).await,
                Err(materialize::Error::Store(error)) if error.is_outage() || error.is_blocked() => {
                    return RebuildEnd::Unreachable(error.into());
                }
                Err(error) => return RebuildEnd::Failed(format!("{:#}", anyhow::Error::from(error))),
            }
        }
        RebuildEnd::Failed(format!("another process held its lease for {} s", LEASE_WAIT.as_secs()))
    }

    /// Tries once; `None` if another process holds the lease.
    async fn attempt(&self, org: OrgId) -> Result<Option<Outcome>, materialize::Error> {
        let Some(lease) = self.store.take_lease(org, &self.holder, Asks::Operator).await? else {
            return Ok(None);
        };
        let rebuilding = materialize::persist(|| materialize::rebuild_anew(&self.store, Clock::Database, org));
        match self.store.while_held(lease, rebuilding, |_| Closing::Published).await {
            Err(materialize::Error::Overtaken) => Ok(None),
            rebuilt => rebuilt.map(Some),
        }
    }
}
