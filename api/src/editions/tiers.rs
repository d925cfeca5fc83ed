//! The fetch of an edition that L1 does not have: from Redis, from Postgres, or by a build.

use std::sync::{Arc, atomic::Ordering};

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
    versions::{Head, Look},
};

use super::{Editions, Found, POSTGRES_BUDGET, Unavailable};
use crate::reads::{Found as LookUp, Source, Tier};

/// The content of Redis for an org.
enum Cached {
    Edition(Box<Edition>),
    /// An edition that this node cannot use.
    Unusable(Version),
    Nothing,
}

impl Editions {
    pub(super) async fn fetch(self: Arc<Self>, org: OrgId) -> Result<Found, Unavailable> {
        let (look, cached) = self.look(org).await;
        let Some(look) = look else {
            return match cached {
                Cached::Edition(edition) => Ok(self.admit(&edition, Source::Redis)),
                _ => Err(Unavailable),
            };
        };
        if self.confirmed_ms.load(Ordering::Relaxed) == 0 {
            self.confirm();
        }
        match look.head {
            Head::Unknown => self.unknown(org),
            Head::NotBuilt => self.build(org).await,
            Head::At(version) => {
                self.lower_floor(org, version).await;
                match cached {
                    Cached::Edition(edition) if self.is_known(&edition, version, look.as_of).await => {
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
    async fn look(&self, org: OrgId) -> (Option<Look>, Cached) {
        let look = tokio::time::timeout(POSTGRES_BUDGET, self.store.look(org));
        let Some(home) = self.home.present() else {
            let look = look.await.ok().and_then(Result::ok);
            let home = match &look {
                Some(look) => {
                    self.settle_in(look.installation);
                    look.installation
                }
                None => self.home_without_postgres().await,
            };
            return match home {
                Some(home) => (look, self.held_in_redis(home, org).await),
                None => (look, Cached::Nothing),
            };
        };
        let (look, cached) = tokio::join!(look, self.held_in_redis(home, org));
        let look = look.ok().and_then(Result::ok);
        match look {
            Some(look) if look.installation != Some(home) => {
                self.settle_in(look.installation);
                (Some(look), Cached::Nothing)
            }
            look => (look, cached),
        }
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
        match tokio::time::timeout(POSTGRES_BUDGET, self.store.look(org)).await {
            Ok(Ok(Look { head: Head::At(newest), as_of: then, .. })) => {
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
    async fn held_or_built(self: &Arc<Self>, org: OrgId, replaceable: Option<Version>) -> Result<Found, Unavailable> {
        match self.held_in_postgres(org, Source::Postgres, replaceable).await {
            Ok(Some(found)) => Ok(found),
            Ok(None) => self.build(org).await,
            Err(Unavailable) => Err(Unavailable),
        }
    }

    /// Reads an org's edition from Postgres; `None` if this node cannot use it, and then a rebuild is requested.
    pub(super) async fn held_in_postgres(
        &self,
        org: OrgId,
        source: Source,
        replaceable: Option<Version>,
    ) -> Result<Option<Found>, Unavailable> {
        let held = tokio::time::timeout(POSTGRES_BUDGET, self.store.edition(org)).await.map_err(|_| Unavailable)?;
        if let Ok(Held::Unusable(unusable)) = &held {
            self.store.distrust(org, unusable).await.map_err(|_| Unavailable)?;
            self.usable(Tier::Postgres, org, held);
            return Ok(None);
        }
        let edition = self.usable(Tier::Postgres, org, held).ok_or(Unavailable)?;
        self.mend_redis(&edition, replaceable);
        Ok(Some(self.admit(&edition, source)))
    }

    /// Stores an edition in Redis, which lacks it, in the background.
    fn mend_redis(&self, edition: &Edition, replaceable: Option<Version>) {
        let Some(redis) = self.store.redis.clone().filter(|_| self.home.present() == Some(edition.installation)) else {
            return;
        };
        let edition = edition.clone();
        tokio::spawn(async move {
            if let Err(error) = redis.mend(&edition, replaceable).await {
                tracing::debug!(error = &error as &dyn std::error::Error, "could not store blobs in Redis");
            }
        });
    }

    /// The edition of a tier, if it can be served. Counts the look-up; blobs of another org are counted apart and never
    /// served.
    fn usable(&self, tier: Tier, org: OrgId, held: Result<Held, store::Error>) -> Option<Edition> {
        match held {
            Ok(Held::Edition(edition)) => {
                self.reads.look_up(tier, LookUp::Hit);
                Some(*edition)
            }
            Ok(Held::Nothing) => {
                self.reads.look_up(tier, LookUp::Miss);
                None
            }
            Ok(Held::Unusable(unusable)) => {
                self.reads.look_up(tier, LookUp::Error);
                if let Incomplete::Rejected(..) = unusable.reason {
                    counter!(names::ORG_MISMATCH_TOTAL).increment(1);
                }
                tracing::warn!(%org, tier = tier.name(), reason = %unusable.reason, "a stored edition is not usable");
                None
            }
            Err(error) => {
                self.reads.look_up(tier, LookUp::Error);
                tracing::debug!(%org, tier = tier.name(), error = &error as &dyn std::error::Error, "a look-up failed");
                None
            }
        }
    }
}
