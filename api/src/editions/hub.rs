//! The waiters for orgs' next versions on this node: open streams, and reads that wait for a write.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use readmodel::{ids::OrgId, version::Version};
use tokio::sync::broadcast;

/// Versions that a subscriber may lag behind. One that lags further loses some, and is told so.
const BACKLOG: usize = 16;

/// A version, as all streams of the org send it.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// The version.
    pub version: Version,
    /// The event, formatted once for all streams.
    pub event: Bytes,
}

/// The orgs with subscribers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hub(Arc<Mutex<HashMap<OrgId, broadcast::Sender<Frame>>>>);

/// The versions of an org since the subscription.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// The org.
    pub org: OrgId,
    frames: broadcast::Receiver<Frame>,
    hub: Hub,
}

/// The next message to a subscriber.
#[derive(Debug)]
pub(crate) enum HubMessage {
    /// A new version.
    Version(Frame),
    /// The subscriber was too slow and lost versions.
    Lost,
    /// The org was deleted, or the server stops.
    Gone,
}

impl Hub {
    /// Subscribes to the versions published from now on.
    pub(crate) fn subscribe(&self, org: OrgId) -> Subscription {
        let frames = self.lock().entry(org).or_insert_with(|| broadcast::Sender::new(BACKLOG)).subscribe();
        Subscription { org, frames, hub: self.clone() }
    }

    /// Whether an org has subscribers.
    pub(crate) fn wants(&self, org: OrgId) -> bool {
        self.lock().contains_key(&org)
    }

    /// The orgs with subscribers.
    pub(crate) fn orgs(&self) -> Vec<OrgId> {
        self.lock().keys().copied().collect()
    }

    /// Sends a version to the org's subscribers. `frame` is only called if there are any.
    pub(crate) fn publish(&self, org: OrgId, frame: impl FnOnce() -> Frame) {
        if let Some(sender) = self.lock().get(&org) {
            // A send fails only between the last receiver's end and its removal.
            let _ = sender.send(frame());
        }
    }

    /// Ends the streams of a deleted org.
    pub(crate) fn end(&self, org: OrgId) {
        self.lock().remove(&org);
    }

    /// Ends all streams, because the server stops.
    pub(crate) fn end_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrgId, broadcast::Sender<Frame>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// The next message.
    pub(crate) async fn next(&mut self) -> HubMessage {
        match self.frames.recv().await {
            Ok(frame) => HubMessage::Version(frame),
            Err(broadcast::error::RecvError::Lagged(_)) => HubMessage::Lost,
            Err(broadcast::error::RecvError::Closed) => HubMessage::Gone,
        }
    }
}

impl Drop for Subscription {
    /// Removes the org with its last subscriber.
    fn drop(&mut self) {
        let mut table = self.hub.lock();
        // If the channel is closed, the table's entry is not this subscriber's.
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
        assert!(matches!(subscription.next().await, HubMessage::Lost));
        let HubMessage::Version(next) = subscription.next().await else { panic!("no version") };
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
        assert!(matches!(subscription.next().await, HubMessage::Gone));
    }
}
