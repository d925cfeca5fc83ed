//! The rebuild of one org, under its lease as everybody else's.

use std::time::{Duration, Instant};

use materialize::Outcome;
use readmodel::{ids::OrgId, time::Clock};
use store::Store;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A worker's job is cut off after ten seconds, and the lease of one that died ends after twenty.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at somebody else's lease: no worker's own look is shorter.
const PAUSE: Duration = Duration::from_millis(25);

/// Rebuilds orgs until it is told to stop.
#[derive(Clone, Debug)]
pub(crate) struct Builder {
    pub(crate) store: Store,
    pub(crate) shutdown: CancellationToken,
    /// Of this process' leases.
    holder: String,
}

/// How an org's rebuild ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// Well.
    Rebuilt(Outcome),
    /// Badly, for a reason of the org's own. Nothing of its data is in it.
    Failed(String),
    /// The database is away, or does not let us in: no other org would fare better.
    Unreachable(anyhow::Error),
    /// Not begun.
    Stopped,
}

impl Builder {
    pub(crate) fn new(store: Store, shutdown: CancellationToken) -> Self {
        Self { store, shutdown, holder: format!("rebuild-{}", Uuid::new_v4()) }
    }

    /// Rebuilds an org as soon as there is room, and waits for whoever else is at it, without taking up room.
    pub(crate) async fn rebuild(&self, org: OrgId, room: &Semaphore) -> Ended {
        let mut first_at = None;
        while first_at.is_none_or(|first: Instant| first.elapsed() < PATIENCE) {
            let place = room.acquire().await;
            if self.shutdown.is_cancelled() {
                return Ended::Stopped;
            }
            first_at.get_or_insert_with(Instant::now);
            let attempt = self.attempt(org).await;
            drop(place);
            match attempt {
                Ok(Some(outcome)) => return Ended::Rebuilt(outcome),
                Ok(None) => tokio::time::sleep(PAUSE).await,
                Err(materialize::Error::Store(error)) if error.is_outage() || error.is_blocked() => {
                    return Ended::Unreachable(error.into());
                }
                Err(error) => return Ended::Failed(format!("{:#}", anyhow::Error::from(error))),
            }
        }
        Ended::Failed(format!("held by somebody else for {} s", PATIENCE.as_secs()))
    }

    /// `None`: somebody else rebuilds it.
    async fn attempt(&self, org: OrgId) -> Result<Option<Outcome>, materialize::Error> {
        if !self.store.take_lease(org, &self.holder).await? {
            return Ok(None);
        }
        let rebuilding = materialize::rebuild_anew(&self.store, Clock::Database, org);
        let rebuilt = self.store.while_held(org, &self.holder, rebuilding).await;
        Ok(Some(rebuilt?).filter(|outcome| *outcome != Outcome::Superseded))
    }
}
