//! The editions that a node serves: L1 in the process, then Redis, then Postgres, and for an org that has none anywhere
//! one build. Postgres alone says which version is the newest.

mod build;
mod content;
mod entry;
mod flights;
mod hints;
mod home;
pub(crate) mod hub;
mod settle;
mod watch;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use metrics::counter;
use moka::sync::Cache;
use monitoring::names;
use readmodel::{
    blob::Blob,
    edition::{Edition, Incomplete},
    ids::{Installation, OrgId},
    model::Model,
    models::Models,
    time::{Clock, Timestamp},
    version::Version,
};
use serde_json::json;
use store::{
    Store,
    blobs::Held,
    versions::{Head, Look},
};
use uuid::Uuid;

pub(crate) use content::{Content, DictionaryHash};
pub(crate) use entry::Entry;
use flights::Flights;
use hints::Looks;
use home::Home;
use hub::{Frame, Hub};
pub(crate) use settle::Wishes;

use crate::{
    answer::Stale,
    database_clock::DatabaseClock,
    patience::{PATIENCE, in_vain},
    reads::{Found as LookUp, Reads, Source, Tier},
};

/// Memory for editions, at most.
const L1_BYTES: u64 = 512 << 20;
/// An org that nobody reads for this long makes room, and is no longer asked after.
const L1_IDLE: Duration = Duration::from_secs(600);
/// Orgs whose newest version is remembered beyond their entry.
const FLOORS: u64 = 1_000_000;
/// Postgres is waited for this long, then a copy has to do.
const POSTGRES_BUDGET: Duration = Duration::from_millis(1_500);
/// Without word from Postgres for this long, nobody knows whether an edition is the newest.
const CONFIRMED_FOR: Duration = Duration::from_secs(5);
/// Orgs whose build has failed that are remembered.
const UNBUILDABLE: u64 = 10_000;
/// From one build that fails to the next: as long as an org in quarantine is left alone.
const BUILD_PAUSE: Duration = Duration::from_secs(60);
/// How often a fetch is tried again that was overtaken by a newer version.
const OVERTAKEN: usize = 3;
/// What this node's idea of the database's time may lack at most.
const CLOCK_ERROR_MICROS: i64 = 1_000_000;

/// An edition to answer from.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Its bytes.
    pub entry: Arc<Entry>,
    /// Where it came from.
    pub source: Source,
}

/// What Redis holds of an org.
enum Cached {
    Edition(Box<Edition>),
    /// A version that this node cannot use.
    Unusable(Version),
    Nothing,
}

/// No copy anywhere, and nothing to make one from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unavailable;

/// Every edition that this node knows of.
pub(crate) struct Editions {
    store: Store,
    clock: Clock,
    node: String,
    /// What is counted of reads.
    pub reads: Reads,
    /// Who waits for versions.
    pub hub: Hub,
    /// The database's time.
    pub now: DatabaseClock,
    l1: Cache<OrgId, Arc<Entry>>,
    /// Versions that Postgres told this node of, or that it held. An answer is never lower, even when the entry has been
    /// evicted, unless Postgres says that there was no such version.
    floors: Cache<OrgId, Version>,
    home: Home,
    looks: Looks,
    flights: Flights<Result<Found, Unavailable>>,
    /// Orgs whose build has failed here.
    unbuildable: Cache<OrgId, ()>,
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
            reads: Reads::register(),
            hub: Hub::default(),
            now: DatabaseClock::starting_at(now),
            l1,
            floors: Cache::new(FLOORS),
            home: Home::unknown(),
            looks: Looks::default(),
            flights: Flights::default(),
            unbuildable: Cache::builder().max_capacity(UNBUILDABLE).time_to_live(BUILD_PAUSE).build(),
            started: Instant::now(),
            confirmed_ms: AtomicU64::new(0),
        })
    }

    /// The newest edition of an org that can be had.
    pub(crate) async fn get(self: &Arc<Self>, org: OrgId) -> Result<Found, Unavailable> {
        match self.held(org) {
            Some(found) => Ok(found),
            // In a box, so that a hit does not carry its state around.
            None => Box::pin(self.fetched(org, tokio::time::Instant::now() + PATIENCE)).await,
        }
    }

    /// The same, for a request that has waited before: from the deadline on it does not wait for a silent Postgres.
    pub(crate) async fn get_by(
        self: &Arc<Self>,
        org: OrgId,
        deadline: tokio::time::Instant,
    ) -> Result<Found, Unavailable> {
        match self.held(org) {
            Some(found) => Ok(found),
            None => self.fetched(org, deadline).await,
        }
    }

    /// The edition that L1 holds of an org, unless it is known to be an old one.
    pub(crate) fn held(&self, org: OrgId) -> Option<Found> {
        let entry = self.l1.get(&org).filter(|entry| !entry.is_behind() && self.is_at_home(entry.home))?;
        self.reads.look_up(Tier::L1, LookUp::Hit);
        Some(Found { entry, source: Source::L1 })
    }

    async fn fetched(self: &Arc<Self>, org: OrgId, deadline: tokio::time::Instant) -> Result<Found, Unavailable> {
        self.reads.look_up(Tier::L1, LookUp::Miss);
        let refreshed = tokio::select! {
            refreshed = self.refresh(org) => refreshed,
            () = in_vain(&self.store.line, deadline) => Err(Unavailable),
        };
        match refreshed {
            Ok(found) => Ok(found),
            Err(_) => {
                let kept = self.l1.get(&org).filter(|entry| self.is_at_home(entry.home));
                kept.map(|entry| Found { entry, source: Source::L1 }).ok_or(Unavailable)
            }
        }
    }

    /// Fetches the newest edition of an org, once for all who want it now.
    async fn refresh(self: &Arc<Self>, org: OrgId) -> Result<Found, Unavailable> {
        let mut fetched = Err(Unavailable);
        for _ in 0..OVERTAKEN {
            let editions = Arc::clone(self);
            fetched = self.flights.join(org, || editions.fetch(org)).await.unwrap_or(Err(Unavailable));
            // A fetch that began before a version was announced may have missed it.
            if fetched.as_ref().map_or(true, |found| !found.entry.is_behind()) {
                break;
            }
        }
        fetched
    }

    /// Why an entry may not show how things are, if so.
    pub(crate) fn stale(&self, entry: &Entry, now: Instant) -> Option<Stale> {
        let there = self.now.at(now);
        if entry.next_change_at.is_some_and(|deadline| deadline <= there) {
            return Some(Stale::DeadlinePassed);
        }
        if entry.as_of.as_micros() > there.as_micros().saturating_add(CLOCK_ERROR_MICROS) {
            return Some(Stale::ClockWentBack);
        }
        if entry.is_behind() || entry.is_lagging() {
            return Some(Stale::BehindVersion);
        }
        let confirmed = match self.confirmed_ms.load(Ordering::Relaxed) {
            0 => None,
            after_start => Some(self.started + Duration::from_millis(after_start)),
        };
        let recently = |confirmed: Instant| now.saturating_duration_since(confirmed) <= CONFIRMED_FOR;
        (!confirmed.is_some_and(recently)).then_some(Stale::Unconfirmed)
    }

    /// Postgres has just told what the newest versions are.
    fn confirm(&self) {
        let after_start = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.confirmed_ms.store(after_start.max(1), Ordering::Relaxed);
    }

    async fn fetch(self: Arc<Self>, org: OrgId) -> Result<Found, Unavailable> {
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
    async fn exists(&self, org: OrgId, version: Version, as_of: Option<Timestamp>) -> bool {
        match tokio::time::timeout(POSTGRES_BUDGET, self.store.look(org)).await {
            Ok(Ok(Look { head: Head::At(newest), as_of: then, .. })) => {
                newest > version || (newest == version && (as_of.is_none() || as_of == then))
            }
            Ok(Ok(_)) => false,
            Ok(Err(_)) | Err(_) => true,
        }
    }

    /// Postgres has said which version is the newest. A floor above it is of a version that has come since, or never was.
    async fn lower_floor(&self, org: OrgId, newest: Version) {
        let floor = self.floor(org);
        if floor > newest && !self.exists(org, floor, None).await {
            self.floors.insert(org, newest);
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
    async fn edition_in_redis(&self, home: Installation, org: OrgId) -> Option<Edition> {
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

    /// `None`: this node cannot use what is there, and has asked for a rebuild. It stays for those who can.
    async fn held_in_postgres(
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

    /// Whether a version of then may show what has been erased since.
    pub(crate) async fn hides(&self, org: OrgId, made_at: Timestamp) -> Result<bool, Unavailable> {
        self.store.hides(org, made_at).await.map_err(|_| Unavailable)
    }

    /// The org is gone, and its streams end. Should it come back, its versions start anew.
    fn forget(&self, org: OrgId) {
        let known = self.floors.remove(&org);
        self.l1.invalidate(&org);
        if known.is_some() {
            self.hub.end(org);
        }
    }

    /// The empty models, for whoever has a token of an org that does not exist (yet). Nothing is kept.
    fn unknown(&self, org: OrgId) -> Result<Found, Unavailable> {
        self.forget(org);
        let identities = Models::empty().canonical().map_err(|_| Unavailable)?;
        let home = self.home.present().unwrap_or(Installation(Uuid::nil()));
        let edition = Edition::of(home, org, self.store.format, Version::NONE, self.now.now(), None, |model| {
            Blob::pack(org, model, self.store.format, Version::NONE, identities.of(model)).map_err(|_| Unavailable)
        })?;
        Ok(Found { entry: Arc::new(Entry::of(&edition, None)), source: Source::Built })
    }

    /// Keeps an edition, unless a newer one is held; answers with the newer of the two.
    fn admit(&self, edition: &Edition, source: Source) -> Found {
        let org = edition.org;
        let kept = self.l1.entry(org).and_upsert_with(|held| match held {
            Some(held) if held.value().is_no_older_than(edition) => held.into_value(),
            held => Arc::new(Entry::of(edition, held.map(|held| held.into_value()).as_deref())),
        });
        let entry = kept.into_value();
        self.raise_floor(org, entry.version);
        // Whoever raised the floor in between may have seen the entry before this one.
        if entry.version < self.floor(org) {
            entry.fall_behind();
        } else {
            self.hub.publish(org, || frame(&entry));
        }
        Found { entry, source }
    }

    fn floor(&self, org: OrgId) -> Version {
        self.floors.get(&org).unwrap_or(Version::NONE)
    }

    /// A version exists: nothing lower is shown as fresh from now on, even when the entry has been evicted.
    fn raise_floor(&self, org: OrgId, version: Version) {
        if self.floor(org) < version {
            self.floors.entry(org).and_upsert_with(|held| held.map_or(version, |held| held.into_value().max(version)));
        }
        if let Some(entry) = self.l1.get(&org).filter(|entry| entry.version < version) {
            entry.fall_behind();
        }
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

/// A version as streams send it: its tags say which models have changed, and so are worth asking for.
pub(crate) fn frame(entry: &Entry) -> Frame {
    let tag = |model: Model| entry.body(model).content.etag.to_str().unwrap_or_default();
    let models: serde_json::Map<_, _> =
        Model::ALL.map(|model| (model.name().to_owned(), tag(model).into())).into_iter().collect();
    let data = json!({ "version": entry.version, "as_of": entry.as_of, "models": models });
    let event = format!("event: version\nid: {}\ndata: {data}\n\n", entry.version);
    Frame { version: entry.version, event: Bytes::from(event) }
}
