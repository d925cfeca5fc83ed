//! The one build that an org without a blob gets, whoever asks and on whichever node.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use metrics::counter;
use monitoring::names;
use readmodel::ids::OrgId;
use store::versions::Head;

use super::{Editions, Found, Unavailable};
use crate::reads::Source;

/// How long a reader waits for somebody else's build. Then it is made without a lease: the versions' compare-and-set
/// keeps the result right, and one build too many is better than no answer.
const WAIT: Duration = Duration::from_secs(8);
const POLL: Duration = Duration::from_millis(25);
/// A build is given up when its line has said nothing for so long. Its readers have gone before.
const SILENCE: Duration = Duration::from_secs(3);

impl Editions {
    /// Builds an org that has no blob, or none that this node can use, or waits for whoever builds it. One whose build fails
    /// is left alone for a while: its readers would each wait for the same failure, and wear Postgres out.
    pub(super) async fn build(self: &Arc<Self>, org: OrgId) -> Result<Found, Unavailable> {
        if self.unbuildable.contains_key(&org) {
            return Err(Unavailable);
        }
        let impatient_at = Instant::now() + WAIT;
        loop {
            let leased = self.store.take_lease(org, &self.node).await.unwrap_or(false);
            let found = match leased {
                true => self.store.while_held(org, &self.node, self.built_or_rebuilt(org)).await?,
                false => self.built(org).await?,
            };
            match found {
                Some(found) => return Ok(found),
                None if leased => {}
                None if self.store.is_quarantined(org).await.unwrap_or(false) => return Err(Unavailable),
                None if Instant::now() > impatient_at => self.rebuild(org).await?,
                None => tokio::time::sleep(POLL).await,
            }
            if Instant::now() > impatient_at + WAIT {
                return Err(Unavailable);
            }
        }
    }

    /// What has been built, if this node can use it.
    async fn built(self: &Arc<Self>, org: OrgId) -> Result<Option<Found>, Unavailable> {
        match self.store.head(org).await {
            Ok(Head::At(_)) => self.held_in_postgres(org, Source::Built, None).await,
            Ok(Head::Unknown) => self.unknown(org).map(Some),
            Ok(Head::NotBuilt) => Ok(None),
            Err(_) => Err(Unavailable),
        }
    }

    /// The same under the lease, which may have come free because a build has ended. Until what is built is read, no worker
    /// of an earlier release builds over it.
    async fn built_or_rebuilt(self: &Arc<Self>, org: OrgId) -> Result<Option<Found>, Unavailable> {
        if let Some(found) = self.built(org).await? {
            return Ok(Some(found));
        }
        self.rebuild(org).await?;
        self.built(org).await
    }

    async fn rebuild(&self, org: OrgId) -> Result<(), Unavailable> {
        let rebuilt = tokio::select! {
            rebuilt = materialize::rebuild(&self.store, self.clock, org) => rebuilt,
            () = self.store.line.cut(SILENCE) => return Err(Unavailable),
        };
        let outcome = rebuilt.as_ref().map_or("failed", materialize::Outcome::name);
        counter!(names::REBUILDS_TOTAL, "outcome" => outcome).increment(1);
        match rebuilt {
            Ok(_) => Ok(()),
            Err(error) => {
                if let Some(model) = error.oversized() {
                    counter!(names::OVERSIZED_BODIES_TOTAL, "model" => model.name()).increment(1);
                }
                tracing::warn!(%org, error = &error as &dyn std::error::Error, "build on demand");
                if !error.is_outage() {
                    self.unbuildable.insert(org, ());
                }
                Err(Unavailable)
            }
        }
    }
}
