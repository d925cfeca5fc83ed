//! Detection of new versions: by the feed, which may lose messages, and by asking Postgres, which does not.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use readmodel::{ids::OrgId, time::Timestamp, version::Version};
use store::feed::{self, Notice};
use tokio::sync::mpsc;

use super::Editions;

/// Interval of asking for the newest versions.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// The age of an unapplied change from which answers are labelled stale.
const MAX_LAG: Duration = Duration::from_secs(5);
/// Orgs in one query.
const ORGS_PER_CHECK: usize = 5_000;
/// Notices that may be queued before the feed's connection has to wait.
const NOTICE_BUFFER: usize = 4_096;

impl Editions {
    /// Keeps this node's editions up to date, for ever. Run it beside the server and drop it with it.
    pub(crate) async fn watch(self: Arc<Self>) {
        let (sender, notices) = mpsc::channel(NOTICE_BUFFER);
        let heard = sender.clone();
        let from_postgres = self.store.follow_postgres(heard);
        let from_redis = async {
            match self.store.redis.clone() {
                Some(redis) => feed::follow_redis(redis, self.home.follow(), sender).await,
                None => std::future::pending().await,
            }
        };
        tokio::join!(from_postgres, from_redis, self.follow(notices), self.check_for_ever());
    }

    async fn follow(self: &Arc<Self>, mut notices: mpsc::Receiver<Notice>) {
        while let Some(notice) = notices.recv().await {
            match notice {
                Notice::Announced(org, version) => self.hinted(org, version),
                Notice::Gap => self.check().await,
            }
        }
    }

    async fn check_for_ever(self: &Arc<Self>) {
        let mut ticks = tokio::time::interval(CHECK_INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.check().await;
        }
    }

    /// Handles a version that Postgres says exists: no lower one is answered as fresh from now on.
    fn heard(self: &Arc<Self>, org: OrgId, version: Version) {
        self.raise_floor(org, version);
        self.hinted(org, version);
    }

    /// Handles an entry that is newer than Postgres' answer, or of another snapshot. Either it has just come, or
    /// Postgres does not have it; then it is dropped, and streams that have shown it end, so that their clients start
    /// again.
    fn doubt(self: &Arc<Self>, org: OrgId, version: Version, as_of: Timestamp) {
        let editions = Arc::clone(self);
        tokio::spawn(async move {
            if !editions.exists(org, version, Some(as_of)).await {
                editions.forget(org);
            }
        });
    }

    /// Asks Postgres for the newest versions of all orgs that are cached or waited for.
    async fn check(self: &Arc<Self>) {
        let mut orgs: Vec<OrgId> = self.l1.iter().map(|(org, _)| *org).chain(self.hub.orgs()).collect();
        orgs.sort_unstable();
        orgs.dedup();
        for chunk in orgs.chunks(ORGS_PER_CHECK).chain(orgs.is_empty().then_some(&orgs[..])) {
            let asked = Instant::now();
            // Tracked, since the session's own limit is longer than a second and others wait to learn that Postgres is
            // silent.
            match self.store.link.track(self.store.newest_versions(chunk)).await {
                Ok(newest) => {
                    self.now.set(newest.now, asked);
                    self.drifted.store(newest.drifted, Ordering::Relaxed);
                    self.observes.store(newest.observes, Ordering::Relaxed);
                    self.agents_off.store(!newest.standalone, Ordering::Relaxed);
                    if !self.recognise(newest.present).await {
                        return;
                    }
                    self.take_in(chunk, newest.versions);
                    self.note_lagging(chunk).await;
                }
                Err(_) => return,
            }
        }
        self.confirm();
    }

    /// Labels the entries of orgs whose changes have waited too long. Without an answer the labels stay.
    async fn note_lagging(&self, asked: &[OrgId]) {
        let Ok(lagging) = self.store.link.track(self.store.lagging(asked, MAX_LAG)).await else { return };
        for org in asked {
            if let Some(entry) = self.l1.get(org) {
                entry.set_lagging(lagging.contains(org));
            }
        }
    }

    fn take_in(self: &Arc<Self>, asked: &[OrgId], newest: Vec<(OrgId, Version, Timestamp)>) {
        let newest: HashMap<_, _> = newest.into_iter().map(|(org, version, as_of)| (org, (version, as_of))).collect();
        for org in asked {
            let held = self.l1.get(org).filter(|entry| self.is_at_home(entry.home));
            match (newest.get(org), held) {
                (None, _) => self.forget(*org),
                (Some((version, as_of)), Some(entry)) => {
                    if entry.version < *version {
                        self.heard(*org, *version);
                    } else if (entry.version, entry.as_of) != (*version, *as_of) {
                        self.doubt(*org, entry.version, entry.as_of);
                    }
                }
                (Some((version, _)), None) => self.heard(*org, *version),
            }
        }
    }
}
