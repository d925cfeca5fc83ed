//! How a node learns of new versions: by the feed, which may lose messages, and by asking Postgres, which does not.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use readmodel::{ids::OrgId, version::Version};
use store::feed::{self, Notice};
use tokio::sync::mpsc;

use super::Editions;
use crate::reads::Source;

/// Between two looks at the newest versions.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// A change that has waited for longer is told to readers.
const LAG: Duration = Duration::from_secs(5);
/// Orgs asked after in one query.
const CHECK_CHUNK: usize = 5_000;
/// Notices that may wait; more than that and the feed's connection waits.
const NOTICES: usize = 4_096;

impl Editions {
    /// Keeps the editions of this node the newest, for ever. To be run beside the server, and dropped with it.
    pub(crate) async fn watch(self: Arc<Self>) {
        let (sender, notices) = mpsc::channel(NOTICES);
        let from_postgres = feed::follow_postgres(self.store.pg.clone(), sender.clone());
        let from_redis = async {
            match self.store.redis.clone() {
                Some(redis) => feed::follow_redis(redis, sender).await,
                None => std::future::pending().await,
            }
        };
        tokio::join!(from_postgres, from_redis, self.follow(notices), self.check_for_ever());
    }

    async fn follow(self: &Arc<Self>, mut notices: mpsc::Receiver<Notice>) {
        while let Some(notice) = notices.recv().await {
            match notice {
                Notice::Published(org, Version::NONE) => self.forget(org),
                Notice::Published(org, version) => self.heard(org, version),
                Notice::Gap => self.check().await,
            }
        }
    }

    async fn check_for_ever(self: &Arc<Self>) {
        let mut ticks = tokio::time::interval(CHECK_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.check().await;
        }
    }

    /// A version exists. Whoever reads the org from now on gets it or a newer one. It is fetched before they ask, if they
    /// do now and then, and for whoever waits for it.
    fn heard(self: &Arc<Self>, org: OrgId, version: Version) {
        self.raise_floor(org, version);
        if self.l1.contains_key(&org) || self.hub.wants(org) {
            let editions = Arc::clone(self);
            tokio::spawn(async move { editions.bring(org, version).await });
        }
    }

    /// Takes an announced version from Redis, where it was put before it was announced; Postgres is asked only if it is
    /// not there.
    async fn bring(self: Arc<Self>, org: OrgId, version: Version) {
        if self.l1.get(&org).is_some_and(|entry| entry.version >= version) {
            return;
        }
        match self.held_in_redis(org).await.filter(|edition| edition.version == version) {
            Some(edition) => drop(self.admit(&edition, Source::Redis)),
            // Failing that, the next check comes in a second.
            None => drop(self.refresh(org).await),
        }
    }

    /// A version is held that is newer than the newest. Either it has just come, or Postgres does not have it (any more),
    /// and then nothing of it is kept.
    fn doubt(self: &Arc<Self>, org: OrgId, version: Version) {
        let editions = Arc::clone(self);
        tokio::spawn(async move {
            if !editions.exists(org, version).await {
                editions.discard_in_redis(org).await;
                editions.forget(org);
            }
        });
    }

    /// Asks Postgres for the newest versions of all orgs that are held or waited for.
    async fn check(self: &Arc<Self>) {
        let mut orgs: Vec<OrgId> = self.l1.iter().map(|(org, _)| *org).chain(self.hub.orgs()).collect();
        orgs.sort_unstable();
        orgs.dedup();
        for chunk in orgs.chunks(CHECK_CHUNK).chain(orgs.is_empty().then_some(&orgs[..])) {
            let asked = Instant::now();
            match tokio::time::timeout(super::POSTGRES_BUDGET, self.store.newest(chunk)).await {
                Ok(Ok((now, newest))) => {
                    self.now.set(now, asked);
                    self.take_in(chunk, newest);
                    self.note_lagging(chunk).await;
                }
                Ok(Err(_)) | Err(_) => return,
            }
        }
        self.confirm();
    }

    /// Labels the editions of orgs whose changes have not been taken up for long. Without an answer their labels stay.
    async fn note_lagging(&self, asked: &[OrgId]) {
        let lagging = tokio::time::timeout(super::POSTGRES_BUDGET, self.store.lagging(asked, LAG)).await;
        let Ok(Ok(lagging)) = lagging else { return };
        for org in asked {
            if let Some(entry) = self.l1.get(org) {
                entry.set_lagging(lagging.contains(org));
            }
        }
    }

    fn take_in(self: &Arc<Self>, asked: &[OrgId], newest: Vec<(OrgId, Version)>) {
        let newest: HashMap<_, _> = newest.into_iter().collect();
        for org in asked {
            match (newest.get(org), self.l1.get(org)) {
                (None, _) => self.forget(*org),
                (Some(version), Some(entry)) if entry.version > *version => self.doubt(*org, entry.version),
                (Some(version), Some(entry)) if entry.version == *version => {}
                (Some(version), _) => self.heard(*org, *version),
            }
        }
    }
}
