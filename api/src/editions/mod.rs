//! The editions that a node serves: from L1 in the process, or else Redis, or else Postgres; an org that has none is
//! built once. Postgres alone decides which version is the newest.

mod build;
mod content;
mod entry;
mod flights;
mod floors;
mod hints;
mod home;
pub(crate) mod hub;
mod labels;
mod stale;
mod tiers;
mod wait_for;
mod watch;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use moka::sync::Cache;
use readmodel::{
    edition::{Edition, Head},
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
pub(crate) use stale::Stale;
pub(crate) use wait_for::Conditions;

use crate::{
    database_clock::DatabaseClock,
    deadline::{ANSWER_DEADLINE, silent_after},
    reads::{LookUpOutcome, Reads, Source, Tier},
};

/// The most memory for editions.
const L1_BYTES: u64 = 512 << 20;
/// An org that is not read for this long is evicted and no longer checked.
const L1_IDLE: Duration = Duration::from_secs(600);
/// Orgs whose newest version is remembered beyond their entry.
const MAX_FLOORS: u64 = 1_000_000;
/// The limit of a read's wait for Postgres; then a copy has to do.
const POSTGRES_BUDGET: Duration = Duration::from_millis(1_500);
/// Orgs with a failed build that are remembered.
const MAX_UNBUILDABLE: u64 = 10_000;
/// The pause of an org after a failed build, as long as that of one in quarantine.
const REBUILD_DELAY: Duration = Duration::from_secs(60);
/// Attempts of a fetch that newer versions keep overtaking.
const MAX_FETCHES: usize = 3;

/// An edition to answer with.
#[derive(Clone, Debug)]
pub(crate) struct FoundEdition {
    /// The edition.
    pub entry: Arc<Entry>,
    /// Where it came from.
    pub source: Source,
}

/// There is no copy, and none can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unavailable;

/// The editions of this node.
pub(crate) struct Editions {
    store: Store,
    clock: Clock,
    node: String,
    /// The counters of reads.
    pub reads: Reads,
    /// The waiters for versions.
    pub hub: Hub,
    /// The database's time.
    pub now: DatabaseClock,
    l1: Cache<OrgId, Arc<Entry>>,
    /// The newest known version of each org. No answer is lower, even after the entry was evicted, unless Postgres says
    /// that there was no such version.
    floors: Cache<OrgId, Version>,
    home: Home,
    looks: Looks,
    flights: Flights<Result<FoundEdition, Unavailable>>,
    /// Orgs whose build failed on this node.
    unbuildable: Cache<OrgId, ()>,
    started: Instant,
    /// When Postgres last said which versions are the newest, in milliseconds after `started`; 0 before the first time.
    confirmed_ms: AtomicU64,
    /// Whether the source differs from its map, as Postgres last said.
    drifted: AtomicBool,
    /// Whether the source is only observed, as Postgres last said.
    observes: AtomicBool,
    /// Whether agents are not pre-warmed, as Postgres last said.
    agents_off: AtomicBool,
}

impl Editions {
    /// No editions yet. `node` is the holder's name in leases.
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
            floors: Cache::new(MAX_FLOORS),
            home: Home::unknown(),
            looks: Looks::default(),
            flights: Flights::default(),
            unbuildable: Cache::builder().max_capacity(MAX_UNBUILDABLE).time_to_live(REBUILD_DELAY).build(),
            started: Instant::now(),
            confirmed_ms: AtomicU64::new(0),
            drifted: AtomicBool::new(false),
            observes: AtomicBool::new(false),
            agents_off: AtomicBool::new(false),
        })
    }

    /// The newest available edition of an org.
    pub(crate) async fn get(self: &Arc<Self>, org: OrgId) -> Result<FoundEdition, Unavailable> {
        match self.held(org) {
            Some(found) => Ok(found),
            // Boxed, so that a hit does not carry its state.
            None => Box::pin(self.fetched(org, tokio::time::Instant::now() + ANSWER_DEADLINE)).await,
        }
    }

    /// The newest available edition, for a request that has waited before: it waits for a silent Postgres until the
    /// deadline only.
    pub(crate) async fn get_by(
        self: &Arc<Self>,
        org: OrgId,
        deadline: tokio::time::Instant,
    ) -> Result<FoundEdition, Unavailable> {
        match self.held(org) {
            Some(found) => Ok(found),
            None => self.fetched(org, deadline).await,
        }
    }

    /// Whether agents and test calls are off: they would be written to a source that is not ours.
    pub(crate) fn has_no_agents(&self) -> bool {
        self.agents_off.load(Ordering::Relaxed)
    }

    /// Whether the source is only observed: webhooks are off.
    pub(crate) fn observes(&self) -> bool {
        self.observes.load(Ordering::Relaxed)
    }

    /// The edition in L1, unless it is known to be outdated.
    pub(crate) fn held(&self, org: OrgId) -> Option<FoundEdition> {
        let entry = self.l1.get(&org).filter(|entry| !entry.is_behind() && self.is_at_home(entry.home))?;
        self.reads.look_up(Tier::L1, LookUpOutcome::Hit);
        Some(FoundEdition { entry, source: Source::L1 })
    }

    async fn fetched(
        self: &Arc<Self>,
        org: OrgId,
        deadline: tokio::time::Instant,
    ) -> Result<FoundEdition, Unavailable> {
        self.reads.look_up(Tier::L1, LookUpOutcome::Miss);
        let refreshed = tokio::select! {
            refreshed = self.refresh(org) => refreshed,
            () = silent_after(&self.store.link, deadline) => Err(Unavailable),
        };
        match refreshed {
            Ok(found) => Ok(found),
            Err(_) => {
                let kept = self.l1.get(&org).filter(|entry| self.is_at_home(entry.home));
                kept.map(|entry| FoundEdition { entry, source: Source::L1 }).ok_or(Unavailable)
            }
        }
    }

    /// Fetches the newest edition of an org, once for all concurrent readers.
    async fn refresh(self: &Arc<Self>, org: OrgId) -> Result<FoundEdition, Unavailable> {
        let mut fetched = Err(Unavailable);
        for _ in 0..MAX_FETCHES {
            let editions = Arc::clone(self);
            fetched = self.flights.join(org, || editions.fetch(org)).await.unwrap_or(Err(Unavailable));
            // A fetch that began before a version was announced may have missed it.
            if fetched.as_ref().map_or(true, |found| !found.entry.is_behind()) {
                break;
            }
        }
        fetched
    }

    /// Whether a version made at an instant may show data that was erased since.
    pub(crate) async fn may_show_erased(&self, org: OrgId, made_at: Timestamp) -> Result<bool, Unavailable> {
        self.store.may_show_erased(org, made_at).await.map_err(|_| Unavailable)
    }

    /// Drops a deleted org and ends its streams. If it comes back, its versions start again.
    fn forget(&self, org: OrgId) {
        let known = self.floors.remove(&org);
        self.l1.invalidate(&org);
        if known.is_some() {
            self.hub.end(org);
        }
    }

    /// The empty models, for a valid token of an org that does not exist, or not yet. Nothing is stored.
    fn unknown(&self, org: OrgId) -> Result<FoundEdition, Unavailable> {
        self.forget(org);
        let identities = Models::empty().canonical(None).map_err(|_| Unavailable)?;
        let home = self.home.present().unwrap_or(Installation(Uuid::nil()));
        let head =
            Head { installation: home, org, version: Version::NONE, as_of: self.now.now(), next_change_at: None };
        let edition = Edition::pack(head, &identities, None).map_err(|_| Unavailable)?;
        Ok(FoundEdition { entry: Arc::new(Entry::of(&edition, None)), source: Source::Built })
    }

    /// Keeps an edition unless a newer one is held; returns the newer of the two.
    fn admit(&self, edition: &Edition, source: Source) -> FoundEdition {
        let org = edition.org;
        let kept = self.l1.entry(org).and_upsert_with(|held| match held {
            Some(held) if held.value().is_no_older_than(edition) => held.into_value(),
            held => Arc::new(Entry::of(edition, held.map(|held| held.into_value()).as_deref())),
        });
        let entry = kept.into_value();
        self.raise_floor(org, entry.version);
        // A reader that has raised the floor in the meantime may not have seen this entry.
        if entry.version < self.floor(org) {
            entry.fall_behind();
        } else {
            self.hub.publish(org, || frame(&entry));
        }
        FoundEdition { entry, source }
    }
}

/// The event of a version. Its tags tell which models have changed and are worth fetching.
pub(crate) fn frame(entry: &Entry) -> Frame {
    let tag = |model: Model| entry.body(model).content.etag.to_str().unwrap_or_default();
    let models: serde_json::Map<_, _> =
        Model::ALL.map(|model| (model.name().to_owned(), tag(model).into())).into_iter().collect();
    let data = json!({ "version": entry.version, "as_of": entry.as_of, "models": models });
    let event = format!("event: version\nid: {}\ndata: {data}\n\n", entry.version);
    Frame { version: entry.version, event: Bytes::from(event) }
}
