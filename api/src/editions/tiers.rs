//! Where an edition comes from when L1 has none that will do: Redis, Postgres, or a build.

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

/// What Redis holds of an org.
enum Cached {
    Edition(Box<Edition>),
    /// A version that this node cannot use.
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

    /// What Postgres says of an org, if it does, and at the same time what Redis holds of it for the present installation.
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

    /// Whether Postgres knows of an edition: of its version, and of the instant of its snapshot where it is the newest.
    /// Redis may be a moment ahead of what Postgres said before, and never more.
    async fn is_known(&self, edition: &Edition, newest: Version, as_of: Option<Timestamp>) -> bool {
        match edition.version.cmp(&newest) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => as_of == Some(edition.as_of),
            std::cmp::Ordering::Greater => self.exists(edition.org, edition.version, Some(edition.as_of)).await,
        }
    }

    /// Whether Postgres knows of a version by now.
    pub(super) async fn exists(&self, org: OrgId, version: Version, as_of: Option<Timestamp>) -> bool {
        match tokio::time::timeout(POSTGRES_BUDGET, self.store.look(org)).await {
            Ok(Ok(Look { head: Head::At(newest), as_of: then, .. })) => {
                newest > version || (newest == version && (as_of.is_none() || as_of == then))
            }
            Ok(Ok(_)) => false,
            Ok(Err(_)) | Err(_) => true,
        }
    }

    /// What Redis holds of an org. What cannot be used stays where it is until it is replaced: another node may be able to.
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

    /// The same where only an edition is of use.
    pub(super) async fn edition_in_redis(&self, home: Installation, org: OrgId) -> Option<Edition> {
        match self.held_in_redis(home, org).await {
            Cached::Edition(edition) => Some(*edition),
            _ => None,
        }
    }

    /// What Postgres holds, made anew if it cannot be used. `replaceable` is what Redis holds and should not.
    async fn held_or_built(self: &Arc<Self>, org: OrgId, replaceable: Option<Version>) -> Result<Found, Unavailable> {
        match self.held_in_postgres(org, Source::Postgres, replaceable).await {
            Ok(Some(found)) => Ok(found),
            Ok(None) => self.build(org).await,
            Err(Unavailable) => Err(Unavailable),
        }
    }

    /// `None`: an earlier release made what is there, or this node cannot use it and has asked for a rebuild. It stays for the
    /// nodes that can.
    pub(super) async fn held_in_postgres(
        &self,
        org: OrgId,
        source: Source,
        replaceable: Option<Version>,
    ) -> Result<Option<Found>, Unavailable> {
        let held = tokio::time::timeout(POSTGRES_BUDGET, self.store.edition(org)).await.map_err(|_| Unavailable)?;
        if let Ok(Held::Unusable(unusable)) = &held {
            self.store.distrust(org, unusable).await.map_err(|_| Unavailable)?;
        }
        let is_told = held.is_ok();
        let Some(edition) = self.usable(Tier::Postgres, org, held) else {
            return if is_told { Ok(None) } else { Err(Unavailable) };
        };
        self.mend_redis(&edition, replaceable);
        Ok(Some(self.admit(&edition, source)))
    }

    /// Gives Redis what it lacked, beside the answer.
    fn mend_redis(&self, edition: &Edition, replaceable: Option<Version>) {
        let Some(redis) = self.store.redis.clone().filter(|_| self.home.present() == Some(edition.installation)) else {
            return;
        };
        let edition = edition.clone();
        tokio::spawn(async move {
            if let Err(error) = redis.mend(&edition, replaceable).await {
                tracing::debug!(error = &error as &dyn std::error::Error, "redis did not take the blobs");
            }
        });
    }

    /// What a tier held, if it can be served. What is not the org's own is counted, and never shown.
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
                tracing::warn!(%org, tier = tier.name(), reason = %unusable.reason, "not usable");
                None
            }
            Err(error) => {
                self.reads.look_up(tier, LookUp::Error);
                tracing::debug!(%org, tier = tier.name(), error = &error as &dyn std::error::Error, "look-up");
                None
            }
        }
    }
}
