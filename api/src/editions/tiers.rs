//! The fetch of an edition that L1 does not have: from Redis, from Postgres, or by a build.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use metrics::counter;
use monitoring::names;
use readmodel::{
    edition::{Edition, Incomplete},
    ids::{Installation, OrgId},
    time::Timestamp,
    version::Version,
};
use store::{
    blobs::Held,
    versions::{Head, OrgVersion},
};

use super::{Editions, FoundEdition, POSTGRES_BUDGET, Unavailable};
use crate::reads::{LookUpOutcome, Source, Tier};

/// The content of Redis for an org.
enum Cached {
    Edition(Box<Edition>),
    /// An edition that this node cannot use.
    Unusable(Version),
    Nothing,
}

impl Editions {
    pub(super) async fn fetch(self: Arc<Self>, org: OrgId) -> Result<FoundEdition, Unavailable> {
        let (org_version, cached) = self.org_version(org).await;
        let Some(org_version) = org_version else {
            return match cached {
                Cached::Edition(edition) => Ok(self.admit(&edition, Source::Redis)),
                _ => Err(Unavailable),
            };
        };
        if self.confirmed_ms.load(Ordering::Relaxed) == 0 {
            self.confirm();
        }
        match org_version.head {
            Head::Unknown => self.unknown(org),
            Head::NotBuilt => self.build(org).await,
            Head::At(version) => {
                self.lower_floor(org, version).await;
                match cached {
                    Cached::Edition(edition) if self.is_known(&edition, version, org_version.as_of).await => {
                        Ok(self.admit(&edition, Source::Redis))
                    }
                    Cached::Edition(edition) => self.held_or_built(org, Some(edition.version)).await,
                    Cached::Unusable(version) => self.held_or_built(org, Some(version)).await,
                    Cached::Nothing => self.held_or_built(org, None).await,
                }
            }
        }
    }

    /// Asks Postgres for the newest version and, at the same time, Redis for its edition in the present installation.
    async fn org_version(&self, org: OrgId) -> (Option<OrgVersion>, Cached) {
        let org_version = self.newest_of(org);
        let Some(home) = self.home.present() else {
            let org_version = org_version.await;
            let home = match &org_version {
                Some(org_version) => {
                    self.set_installation(org_version.installation);
                    org_version.installation
                }
                None => self.home_without_postgres().await,
            };
            return match home {
                Some(home) => (org_version, self.held_in_redis(home, org).await),
                None => (org_version, Cached::Nothing),
            };
        };
        let (org_version, cached) = tokio::join!(org_version, self.held_in_redis(home, org));
        match org_version {
            Some(org_version) if org_version.installation != Some(home) => {
                self.set_installation(org_version.installation);
                (Some(org_version), Cached::Nothing)
            }
            org_version => (org_version, cached),
        }
    }

    /// The newest version by Postgres, if it answers in time. The answer also sets the clock: the first edition may be asked
    /// for before any other reading.
    async fn newest_of(&self, org: OrgId) -> Option<OrgVersion> {
        let asked = Instant::now();
        let org_version = tokio::time::timeout(POSTGRES_BUDGET, self.store.org_version(org)).await.ok()?.ok()?;
        self.now.set(org_version.now, asked);
        Some(org_version)
    }

    /// Whether Postgres knows an edition by its version, and by its instant if it is the newest. Redis may be slightly
    /// ahead of an earlier answer of Postgres, but never of Postgres itself.
    async fn is_known(&self, edition: &Edition, newest: Version, as_of: Option<Timestamp>) -> bool {
        match edition.version.cmp(&newest) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => as_of == Some(edition.as_of),
            std::cmp::Ordering::Greater => self.exists(edition.org, edition.version, Some(edition.as_of)).await,
        }
    }

    /// Whether Postgres knows a version by now.
    pub(super) async fn exists(&self, org: OrgId, version: Version, as_of: Option<Timestamp>) -> bool {
        match tokio::time::timeout(POSTGRES_BUDGET, self.store.org_version(org)).await {
            Ok(Ok(OrgVersion { head: Head::At(newest), as_of: then, .. })) => {
                newest > version || (newest == version && (as_of.is_none() || as_of == then))
            }
            Ok(Ok(_)) => false,
            Ok(Err(_)) | Err(_) => true,
        }
    }

    /// Reads an org's edition from Redis. An unusable one stays until it is replaced, since another node may be able to
    /// use it.
    async fn held_in_redis(&self, home: Installation, org: OrgId) -> Cached {
        let Some(redis) = &self.store.redis else { return Cached::Nothing };
        let held = redis.edition(home, org).await;
        let unusable = match &held {
            Ok(Held::Unusable(unusable)) => Some(unusable.version),
            _ => None,
        };
        match (self.usable(Tier::Redis, org, held), unusable) {
            (Some(edition), _) => Cached::Edition(Box::new(edition)),
            (None, Some(version)) => Cached::Unusable(version),
            (None, None) => Cached::Nothing,
        }
    }

    /// Reads an org's edition from Redis, if it is usable.
    pub(super) async fn edition_in_redis(&self, home: Installation, org: OrgId) -> Option<Edition> {
        match self.held_in_redis(home, org).await {
            Cached::Edition(edition) => Some(*edition),
            _ => None,
        }
    }

    /// Reads an org's edition from Postgres, or builds it if it is unusable. `replaceable` is a wrong version in Redis.
    async fn held_or_built(
        self: &Arc<Self>,
        org: OrgId,
        replaceable: Option<Version>,
    ) -> Result<FoundEdition, Unavailable> {
        match self.held_in_postgres(org, Source::Postgres, replaceable).await {
            Ok(Some(found)) => Ok(found),
            Ok(None) => self.build(org).await,
            Err(Unavailable) => Err(Unavailable),
        }
    }

    /// Reads an org's edition from Postgres; `None` if an earlier release made it, or if this node cannot use it, and then a
    /// rebuild is requested.
    pub(super) async fn held_in_postgres(
        &self,
        org: OrgId,
        source: Source,
        replaceable: Option<Version>,
    ) -> Result<Option<FoundEdition>, Unavailable> {
        let held = tokio::time::timeout(POSTGRES_BUDGET, self.store.edition(org)).await.map_err(|_| Unavailable)?;
        if let Ok(Held::Unusable(unusable)) = &held {
            self.store.distrust(org, unusable).await.map_err(|_| Unavailable)?;
        }
        let is_told = held.is_ok();
        let Some(edition) = self.usable(Tier::Postgres, org, held) else {
            return if is_told { Ok(None) } else { Err(Unavailable) };
        };
        self.fill_redis(&edition, replaceable);
        Ok(Some(self.admit(&edition, source)))
    }

    /// Stores an edition in Redis, which lacks it, in the background.
    fn fill_redis(&self, edition: &Edition, replaceable: Option<Version>) {
        let Some(redis) = self.store.redis.clone().filter(|_| self.home.present() == Some(edition.installation)) else {
            return;
        };
        let edition = edition.clone();
        tokio::spawn(async move {
            if let Err(error) = redis.replace(&edition, replaceable).await {
                tracing::debug!(error = &error as &dyn std::error::Error, "could not store blobs in Redis");
            }
        });
    }

    /// The edition of a tier, if it can be served. Counts the look-up; blobs of another org are counted apart and never
    /// served.
    fn usable(&self, tier: Tier, org: OrgId, held: Result<Held, store::Error>) -> Option<Edition> {
        match held {
            Ok(Held::Edition(edition)) => {
                self.reads.look_up(tier, LookUpOutcome::Hit);
                Some(*edition)
            }
            Ok(Held::Nothing) => {
                self.reads.look_up(tier, LookUpOutcome::Miss);
                None
            }
            Ok(Held::Unusable(unusable)) => {
                self.reads.look_up(tier, LookUpOutcome::Error);
                if let Incomplete::Rejected(..) = unusable.reason {
                    counter!(names::ORG_MISMATCH_TOTAL).increment(1);
                }
                tracing::warn!(%org, tier = tier.name(), reason = %unusable.reason, "a stored edition is not usable");
                None
            }
            Err(error) => {
                self.reads.look_up(tier, LookUpOutcome::Error);
                tracing::debug!(%org, tier = tier.name(), error = &error as &dyn std::error::Error, "a look-up failed");
                None
            }
        }
    }
}
