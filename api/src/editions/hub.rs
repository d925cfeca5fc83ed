//! Who waits for an org's next version on this node: open streams, and reads that want to see a write.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use readmodel::{ids::OrgId, version::Version};
use tokio::sync::broadcast;

/// Versions that a subscriber may be behind. One that is further behind has lost some, and is told so.
const BACKLOG: usize = 16;

/// A version as every stream of the org sends it.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Which.
    pub version: Version,
    /// The event, written out once for all.
    pub event: Bytes,
}

/// The orgs that somebody waits for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hub(Arc<Mutex<HashMap<OrgId, broadcast::Sender<Frame>>>>);

/// The versions of an org from the subscription on.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// The org.
    pub org: OrgId,
    frames: broadcast::Receiver<Frame>,
    hub: Hub,
}

/// What a subscriber gets.
#[derive(Debug)]
pub(crate) enum News {
    /// A version.
    Version(Frame),
    /// Versions came faster than they were taken: some are lost.
    Lost,
    /// The org is gone.
    Gone,
}

impl Hub {
    /// Every version that is published from now on.
    pub(crate) fn subscribe(&self, org: OrgId) -> Subscription {
        let frames = self.lock().entry(org).or_insert_with(|| broadcast::Sender::new(BACKLOG)).subscribe();
        Subscription { org, frames, hub: self.clone() }
    }

    /// Whether anybody waits for an org.
    pub(crate) fn wants(&self, org: OrgId) -> bool {
        self.lock().contains_key(&org)
    }

    /// The orgs that somebody waits for.
    pub(crate) fn orgs(&self) -> Vec<OrgId> {
        self.lock().keys().copied().collect()
    }

    /// Gives a version to all who wait for the org; it is written out only if somebody does.
    pub(crate) fn publish(&self, org: OrgId, frame: impl FnOnce() -> Frame) {
        if let Some(sender) = self.lock().get(&org) {
            // A send fails only between the last receiver's end and its removal.
            let _ = sender.send(frame());
        }
    }

    /// The org is gone: its streams end.
    pub(crate) fn end(&self, org: OrgId) {
        self.lock().remove(&org);
    }

    /// The server goes away: all streams end.
    pub(crate) fn end_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrgId, broadcast::Sender<Frame>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// The next version.
    pub(crate) async fn next(&mut self) -> News {
        match self.frames.recv().await {
            Ok(frame) => News::Version(frame),
            Err(broadcast::error::RecvError::Lagged(_)) => News::Lost,
            Err(broadcast::error::RecvError::Closed) => News::Gone,
        }
    }
}

impl Drop for Subscription {
    /// The last one to leave takes the org off the table.
    fn drop(&mut self) {
        let mut table = self.hub.lock();
        // Closed: what stands there now is not ours.
        if !self.frames.is_closed() && table.get(&self.org).is_some_and(|sender| sender.receiver_count() <= 1) {
            table.remove(&self.org);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ORG: OrgId = OrgId(Uuid::from_u128(1));

    fn frame(n: i64) -> Frame {
        Frame { version: Version { epoch: 1, n }, event: Bytes::new() }
    }

    #[tokio::test]
    async fn a_subscriber_that_lags_is_told_and_holds_no_memory() {
        let hub = Hub::default();
        let mut subscription = hub.subscribe(ORG);
        (1..=100).for_each(|n| hub.publish(ORG, || frame(n)));
        assert!(matches!(subscription.next().await, News::Lost));
        let News::Version(next) = subscription.next().await else { panic!("no version") };
        assert_eq!(next.version.n, 100 - BACKLOG as i64 + 1);
    }

    #[tokio::test]
    async fn an_org_is_listed_only_while_it_has_subscribers() {
        let hub = Hub::default();
        let (first, second) = (hub.subscribe(ORG), hub.subscribe(ORG));
        drop(first);
        assert!(hub.wants(ORG));
        drop(second);
        assert!(!hub.wants(ORG));
        hub.publish(ORG, || unreachable!("written out for nobody"));
    }

    #[tokio::test]
    async fn streams_of_a_deleted_org_end() {
        let hub = Hub::default();
        let mut subscription = hub.subscribe(ORG);
        hub.end(ORG);
        assert!(matches!(subscription.next().await, News::Gone));
    }
}
