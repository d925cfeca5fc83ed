//! Reads with conditions: to include the write of a receipt, or to be no older than a version.

use std::{sync::Arc, time::Duration};

use readmodel::{
    ids::OrgId,
    version::{Receipt, Version},
};
use store::{receipts::Inclusion, versions::Head};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Editions, FoundEdition, POSTGRES_BUDGET, Stale, Unavailable};
use crate::deadline::{ANSWER_DEADLINE, silent_after};

/// The limit of a read's wait for a write.
const WRITE_WAIT: Duration = Duration::from_secs(2);
/// Interval of looks while no version is announced.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The conditions of a read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    /// The write to include.
    pub receipt: Option<Receipt>,
    /// The least version.
    pub at_least: Option<Version>,
}

impl Editions {
    /// The newest edition of an org that meets the conditions, or, when that takes too long, the newest one with the
    /// reason why it may not meet them.
    pub(crate) async fn wait_for(
        self: &Arc<Self>,
        org: OrgId,
        conditions: Conditions,
    ) -> Result<(FoundEdition, Option<Stale>), Unavailable> {
        let deadline = Instant::now() + ANSWER_DEADLINE;
        let asked = async {
            let included = match conditions.receipt {
                Some(receipt) => self.include(org, receipt).await,
                None => true,
            };
            if let Some(version) = conditions.at_least {
                self.catch_up(org, version).await;
            }
            included
        };
        let included = tokio::select! {
            included = asked => included,
            () = silent_after(&self.store.link, deadline) => conditions.receipt.is_none(),
        };
        let found = self.get_by(org, deadline).await?;
        let behind = match conditions.at_least {
            _ if !included => Some(Stale::BehindReceipt),
            Some(version) if found.entry.version < version => Some(Stale::BehindVersion),
            _ => None,
        };
        Ok((found, behind))
    }

    /// Waits until the newest version includes a write; returns whether it does.
    async fn include(&self, org: OrgId, receipt: Receipt) -> bool {
        let deadline = Instant::now() + WRITE_WAIT;
        // Subscribed before the first look, so that a version right after it is not missed.
        let mut messages = self.hub.subscribe(org);
        loop {
            match timeout_at(deadline, self.store.inclusion(org, receipt)).await {
                Ok(Ok(Inclusion::At(version))) => {
                    self.raise_floor(org, version);
                    return true;
                }
                Ok(Ok(Inclusion::NotYet)) => {}
                Ok(Ok(Inclusion::OtherEpoch) | Err(_)) | Err(_) => return false,
            }
            tokio::select! {
                _ = messages.next() => {}
                () = tokio::time::sleep(POLL_INTERVAL) => {}
                () = sleep_until(deadline) => return false,
            }
        }
    }

    /// Learns of a version that a client claims to have seen, by asking Postgres: the client's word is not trusted.
    pub(crate) async fn catch_up(&self, org: OrgId, version: Version) {
        if self.l1.get(&org).is_some_and(|entry| entry.version >= version) {
            return;
        }
        if let Ok(Ok(Head::At(newest))) = tokio::time::timeout(POSTGRES_BUDGET, self.store.head(org)).await {
            self.raise_floor(org, newest);
        }
    }
}
