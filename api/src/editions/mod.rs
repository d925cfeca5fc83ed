//! The editions that a node serves: L1 in the process, then Redis, then Postgres, and for an org that has none anywhere
//! one build. Postgres alone says which version is the newest.

mod build;
mod content;
mod entry;
mod flights;
mod floors;
mod hints;
mod home;
pub(crate) mod hub;
mod labels;
mod settle;
mod stale;
mod tiers;
mod watch;

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use bytes::Bytes;
use moka::sync::Cache;
use readmodel::{
    blob::Blob,
    edition::Edition,
    ids::{Installation, OrgId},
    model::{Model, Models},
    time::{Clock, Timestamp},
    version::Version,
};
use serde_json::json;
use store::Store;
use uuid::Uuid;

pub(crate) use content::Content;
pub(crate) use entry::Entry;
use flights::Flights;
use hints::Looks;
use home::Home;
use hub::{Frame, Hub};
pub(crate) use labels::Labels;
pub(crate) use settle::Wishes;
pub(crate) use stale::Stale;

use crate::{
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
/// Orgs whose build has failed that are remembered.
const UNBUILDABLE: u64 = 10_000;
/// From one build that fails to the next: as long as an org in quarantine is left alone.
const BUILD_PAUSE: Duration = Duration::from_secs(60);
/// How often a fetch is tried again that was overtaken by a newer version.
const OVERTAKEN: usize = 3;

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
    /// The counters of reads.
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
        let edition = Edition::of(home, org, Version::NONE, self.now.now(), None, |model| {
            Blob::pack(org, model, Version::NONE, identities.of(model)).map_err(|_| Unavailable)
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
        // A reader that raised the floor in between may have seen the entry before this one.
        if entry.version < self.floor(org) {
            entry.fall_behind();
        } else {
            self.hub.publish(org, || frame(&entry));
        }
        Found { entry, source }
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
