//! The build of an org that has no blob: one at a time, over all readers and nodes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use metrics::counter;
use monitoring::names;
use readmodel::ids::OrgId;
use store::{
    leases::{Asks, Closing},
    versions::Head,
};

use super::{Editions, FoundEdition, Unavailable};
use crate::reads::Source;

/// The limit of a reader's wait for another's build; then it builds without a lease. The versions' compare-and-set
/// keeps the result right, and a redundant build is better than no answer.
const BUILD_WAIT: Duration = Duration::from_secs(8);
const LEASE_POLL_INTERVAL: Duration = Duration::from_millis(25);
/// The silence of Postgres after which a build is abandoned. Its readers have given up by then.
const SILENCE_LIMIT: Duration = Duration::from_secs(3);

impl Editions {
    /// Builds an org whose blobs are missing or unusable, or waits for whoever is building it. An org whose build
    /// failed is left alone for a while: its readers would only wait for the same failure, and burden Postgres.
    pub(super) async fn build(self: &Arc<Self>, org: OrgId) -> Result<FoundEdition, Unavailable> {
        if self.unbuildable.contains_key(&org) {
            return Err(Unavailable);
        }
        let unleased_at = Instant::now() + BUILD_WAIT;
        loop {
            let lease = self.store.take_lease(org, &self.node, Asks::Reader).await.unwrap_or_default();
            let leased = lease.is_some();
            let found = match lease {
                Some(lease) => self.store.while_held(lease, self.built_or_rebuilt(org), |(_, done)| *done).await?.0,
                None => self.built(org).await?,
            };
            match found {
                Some(found) => return Ok(found),
                None if leased => {}
                None if self.store.is_quarantined(org).await.unwrap_or(false) => return Err(Unavailable),
                None if Instant::now() > unleased_at => self.rebuild(org).await?,
                None => tokio::time::sleep(LEASE_POLL_INTERVAL).await,
            }
            if Instant::now() > unleased_at + BUILD_WAIT {
                return Err(Unavailable);
            }
        }
    }

    /// The built edition, if this node can use it.
    async fn built(self: &Arc<Self>, org: OrgId) -> Result<Option<FoundEdition>, Unavailable> {
        match self.store.head(org).await {
            Ok(Head::At(_)) => self.held_in_postgres(org, Source::Built, None).await,
            Ok(Head::Unknown) => self.unknown(org).map(Some),
            Ok(Head::NotBuilt) => Ok(None),
            Err(_) => Err(Unavailable),
        }
    }

    /// The built edition, or a build of it, under the lease. The lease may be free because a build has ended. While it is
    /// held, no worker of an earlier release builds over the edition before it is read.
    async fn built_or_rebuilt(self: &Arc<Self>, org: OrgId) -> Result<(Option<FoundEdition>, Closing), Unavailable> {
        if let Some(found) = self.built(org).await? {
            return Ok((Some(found), Closing::Nothing));
        }
        self.rebuild(org).await?;
        // The rebuild has published its version, whether or not it can be read back now.
        Ok((self.built(org).await.ok().flatten(), Closing::Published))
    }

    async fn rebuild(&self, org: OrgId) -> Result<(), Unavailable> {
        let rebuilt = tokio::select! {
            rebuilt = materialize::persist(|| materialize::rebuild(&self.store, self.clock, org)) => rebuilt,
            () = self.store.link.silent_for(SILENCE_LIMIT) => return Err(Unavailable),
        };
        let outcome = rebuilt.as_ref().map_or("failed", materialize::Outcome::name);
        counter!(names::REBUILDS_TOTAL, "outcome" => outcome).increment(1);
        match rebuilt {
            Ok(_) => Ok(()),
            Err(error) => {
                if let Some(model) = error.oversized() {
                    counter!(names::OVERSIZED_BODIES_TOTAL, "model" => model.name()).increment(1);
                }
                tracing::warn!(%org, error = &error as &dyn std::error::Error, "an org's first blobs could not be built");
                if !error.is_outage() {
                    self.unbuildable.insert(org, ());
                }
                Err(Unavailable)
            }
        }
    }
}
