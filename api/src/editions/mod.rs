//! The editions that a node serves: L1 in the process, then Redis, then Postgres, and for an org that has none anywhere
//! one build. Postgres alone says which version is the newest.

mod entry;
mod flights;
mod watch;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use materialize::Outcome;
use metrics::counter;
use moka::sync::Cache;
use monitoring::names;
use readmodel::{
    blob::Blob,
    edition::{Edition, Incomplete},
    ids::OrgId,
    model::Model,
    models::Models,
    time::{Clock, Timestamp},
    version::Version,
};
use store::{Store, blobs::Held, redis::Announce, versions::Head};

pub(crate) use entry::Entry;
use flights::Flights;

use crate::database_clock::DatabaseClock;

/// Memory for editions, at most.
const L1_BYTES: u64 = 512 << 20;
/// An org that nobody reads for this long makes room, and is no longer asked after.
const L1_IDLE: Duration = Duration::from_secs(600);
/// Orgs whose newest version is remembered beyond their entry.
const FLOORS: u64 = 1_000_000;
/// Postgres is waited for this long, then a copy has to do.
const POSTGRES_BUDGET: Duration = Duration::from_secs(2);
/// How long a node that builds an org may keep the others from it.
const BUILD_LEASE: Duration = Duration::from_secs(30);
/// How long a reader waits for somebody else's build.
const BUILD_WAIT: Duration = Duration::from_secs(10);
const BUILD_POLL: Duration = Duration::from_millis(25);
/// Without word from Postgres for this long, nobody knows whether an edition is the newest.
const CONFIRMED_FOR: Duration = Duration::from_secs(5);

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    L1,
    Redis,
    Postgres,
    Built,
}

impl Source {
    /// The name in `Prewarm-Source` and in metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::L1 => "l1",
            Self::Redis => "redis",
            Self::Postgres => "postgres",
            Self::Built => "built",
        }
    }
}

/// An edition to answer from.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Its bytes.
    pub entry: Arc<Entry>,
    /// Where it came from.
    pub source: Source,
}

/// No copy anywhere, and nothing to make one from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unavailable;

/// Every edition that this node knows of.
pub(crate) struct Editions {
    store: Store,
    clock: Clock,
    node: String,
    /// The database's time.
    pub now: DatabaseClock,
    l1: Cache<OrgId, Arc<Entry>>,
    /// Versions that this node has heard of. An answer is never lower, even when the entry has been evicted.
    floors: Cache<OrgId, Version>,
    flights: Flights<Result<Found, Unavailable>>,
    started: Instant,
    /// Milliseconds after `started` of Postgres' last word on the newest versions; 0 before the first.
    confirmed_ms: AtomicU64,
}

impl Editions {
    /// No editions yet. `node` names the holder of leases.
    pub(crate) fn new(store: Store, clock: Clock, node: String, now: Timestamp) -> Arc<Self> {
        let l1 = Cache::builder()
            .max_capacity(L1_BYTES)
            .weigher(|_, entry: &Arc<Entry>| entry.weight_bytes())
            .time_to_idle(L1_IDLE)
            .build();
        Arc::new(Self {
            store,
            clock,
            node,
            now: DatabaseClock::starting_at(now),
            l1,
            floors: Cache::new(FLOORS),
            flights: Flights::default(),
            started: Instant::now(),
            confirmed_ms: AtomicU64::new(0),
        })
    }

    /// The newest edition of an org that can be had.
    pub(crate) async fn get(self: &Arc<Self>, org: OrgId) -> Result<Found, Unavailable> {
        let held = self.l1.get(&org);
        if let Some(entry) = held.clone().filter(|entry| entry.version >= self.floor(org)) {
            look_up("l1", "hit");
            return Ok(Found { entry, source: Source::L1 });
        }
        look_up("l1", "miss");
        match (self.refresh(org).await, held) {
            (Ok(found), _) => Ok(found),
            (Err(_), Some(entry)) => Ok(Found { entry, source: Source::L1 }),
            (Err(_), None) => Err(Unavailable),
        }
    }

    /// Fetches the newest edition of an org, once for all who want it now.
    async fn refresh(self: &Arc<Self>, org: OrgId) -> Result<Found, Unavailable> {
        let editions = Arc::clone(self);
        self.flights.join(org, || editions.fetch(org)).await.unwrap_or(Err(Unavailable))
    }

    /// Why an entry may not show how things are, if so.
    pub(crate) fn stale(&self, entry: &Entry) -> Option<&'static str> {
        if entry.next_change_at.is_some_and(|deadline| deadline <= self.now.now()) {
            return Some("deadline-passed");
        }
        if entry.version < self.floor(entry.org) {
            return Some("behind-version");
        }
        let confirmed = match self.confirmed_ms.load(Ordering::Relaxed) {
            0 => None,
            after_start => Some(self.started + Duration::from_millis(after_start)),
        };
        confirmed.is_none_or(|confirmed| confirmed.elapsed() > CONFIRMED_FOR).then_some("unconfirmed")
    }

    /// Postgres has just told what the newest versions are.
    fn confirm(&self) {
        let after_start = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.confirmed_ms.store(after_start.max(1), Ordering::Relaxed);
    }

    async fn fetch(self: Arc<Self>, org: OrgId) -> Result<Found, Unavailable> {
        let head = tokio::time::timeout(POSTGRES_BUDGET, self.store.head(org));
        let (head, cached) = tokio::join!(head, self.held_in_redis(org));
        if matches!(head, Ok(Ok(_))) && self.confirmed_ms.load(Ordering::Relaxed) == 0 {
            self.confirm();
        }
        match head {
            Ok(Ok(Head::Unknown)) => self.unknown(org),
            Ok(Ok(Head::NotBuilt)) => self.build(org).await,
            Ok(Ok(Head::At(version))) => match cached {
                Some(edition) if edition.version >= version => Ok(self.admit(edition, Source::Redis)),
                _ => self.held_in_postgres(org, Source::Postgres).await,
            },
            Ok(Err(_)) | Err(_) => cached.map(|edition| self.admit(edition, Source::Redis)).ok_or(Unavailable),
        }
    }

    async fn held_in_redis(&self, org: OrgId) -> Option<Edition> {
        let held = self.store.redis.as_ref()?.edition(org).await;
        usable("redis", org, held)
    }

    async fn held_in_postgres(&self, org: OrgId, source: Source) -> Result<Found, Unavailable> {
        let held = tokio::time::timeout(POSTGRES_BUDGET, self.store.edition(org)).await.map_err(|_| Unavailable)?;
        let edition = usable("postgres", org, held).ok_or(Unavailable)?;
        self.mend_redis(&edition);
        Ok(self.admit(edition, source))
    }

    /// Gives Redis what it lacked, beside the answer.
    fn mend_redis(&self, edition: &Edition) {
        let Some(redis) = self.store.redis.clone() else { return };
        let edition = edition.clone();
        tokio::spawn(async move {
            if let Err(error) = redis.put(&edition, Version::NONE, &Model::ALL, Announce::No).await {
                tracing::debug!(error = &error as &dyn std::error::Error, "redis did not take the blobs");
            }
        });
    }

    /// Builds an org that has no blob, or waits for whoever builds it.
    async fn build(&self, org: OrgId) -> Result<Found, Unavailable> {
        let deadline = Instant::now() + BUILD_WAIT;
        while Instant::now() < deadline {
            if self.store.take_lease(org, &self.node, BUILD_LEASE).await.unwrap_or(false) {
                self.rebuild(org).await?;
            }
            match self.store.head(org).await {
                Ok(Head::At(_)) => return self.held_in_postgres(org, Source::Built).await,
                Ok(Head::Unknown) => return self.unknown(org),
                Ok(Head::NotBuilt) => tokio::time::sleep(BUILD_POLL).await,
                Err(_) => return Err(Unavailable),
            }
        }
        Err(Unavailable)
    }

    /// Rebuilds under this node's lease. A rebuild that commits ends the lease; one that does not, because it failed or
    /// another was first, must not keep the workers from the org.
    async fn rebuild(&self, org: OrgId) -> Result<(), Unavailable> {
        let rebuilt = materialize::rebuild(&self.store, self.clock, org).await;
        if !matches!(rebuilt, Ok(Outcome::Changed(_) | Outcome::Unchanged(_) | Outcome::Gone)) {
            // Should this fail, the lease ends by itself.
            let _ = self.store.release_lease(org, &self.node).await;
        }
        match rebuilt {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!(%org, error = &error as &dyn std::error::Error, "build on demand");
                Err(Unavailable)
            }
        }
    }

    /// The org is gone: should it come back, its versions start anew.
    fn forget(&self, org: OrgId) {
        self.l1.invalidate(&org);
        self.floors.invalidate(&org);
    }

    /// The empty models, for whoever has a token of an org that does not exist (yet). Nothing is kept.
    fn unknown(&self, org: OrgId) -> Result<Found, Unavailable> {
        self.forget(org);
        let models = Models::empty();
        let edition = Edition::of(org, Version::NONE, self.now.now(), None, |model| {
            let identity = models.canonical(model).map_err(|_| Unavailable)?;
            Blob::pack(org, model, Version::NONE, &identity).map_err(|_| Unavailable)
        })?;
        Ok(Found { entry: Arc::new(Entry::of(edition)), source: Source::Built })
    }

    /// Keeps an edition, unless a newer one is held; answers with the newer of the two.
    fn admit(&self, edition: Edition, source: Source) -> Found {
        let fresh = Arc::new(Entry::of(edition));
        let kept = self.l1.entry(fresh.org).and_upsert_with(|held| match held {
            Some(held) if held.value().version > fresh.version => held.into_value(),
            _ => Arc::clone(&fresh),
        });
        self.raise_floor(fresh.org, fresh.version);
        Found { entry: kept.into_value(), source }
    }

    fn floor(&self, org: OrgId) -> Version {
        self.floors.get(&org).unwrap_or(Version::NONE)
    }

    fn raise_floor(&self, org: OrgId, version: Version) {
        if self.floor(org) < version {
            self.floors.entry(org).and_upsert_with(|held| held.map_or(version, |held| held.into_value().max(version)));
        }
    }
}

/// What a tier held, if it can be served. What is not the org's own is dropped and counted: it is never shown.
fn usable(tier: &'static str, org: OrgId, held: Result<Held, store::Error>) -> Option<Edition> {
    match held {
        Ok(Held::Edition(edition)) => {
            look_up(tier, "hit");
            Some(*edition)
        }
        Ok(Held::Nothing) => {
            look_up(tier, "miss");
            None
        }
        Ok(Held::Unusable(reason)) => {
            look_up(tier, "error");
            if let Incomplete::Rejected(..) = reason {
                counter!(names::ORG_MISMATCH_TOTAL).increment(1);
            }
            tracing::warn!(%org, tier, %reason, "dropped");
            None
        }
        Err(error) => {
            look_up(tier, "error");
            tracing::debug!(%org, tier, error = &error as &dyn std::error::Error, "look-up");
            None
        }
    }
}

fn look_up(tier: &'static str, outcome: &'static str) {
    counter!(names::CACHE_REQUESTS_TOTAL, "tier" => tier, "outcome" => outcome).increment(1);
}
