//! Hints that an org has a new version. Anyone who may NOTIFY or PUBLISH can send any number of them with any content,
//! so a hint only causes a look, one at a time for each org, and its content is not trusted.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use readmodel::{ids::OrgId, version::Version};

use super::Editions;
use crate::reads::Source;

/// The pause of an org after a hint that proved false. The check of all versions comes every second in any
/// case.
const FALSE_HINT_DELAY: Duration = Duration::from_millis(250);

/// The orgs that are being looked at, with the hint that came in the meantime.
#[derive(Debug, Default)]
pub(super) struct Looks(Mutex<HashMap<OrgId, Option<Version>>>);

impl Looks {
    /// Takes a hint; returns whether to look at the org now. Otherwise the current look is followed by another.
    fn begin(&self, org: OrgId, version: Version) -> bool {
        let mut looks = self.lock();
        match looks.get_mut(&org) {
            Some(next) => {
                *next = Some(version);
                false
            }
            None => {
                looks.insert(org, None);
                true
            }
        }
    }

    /// The hint that came during a look; `None` ends the looking.
    fn next(&self, org: OrgId) -> Option<Version> {
        let mut looks = self.lock();
        let next = looks.get_mut(&org).and_then(Option::take);
        if next.is_none() {
            looks.remove(&org);
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrgId, Option<Version>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Editions {
    /// Handles a hint that an org has a version, or, with [`Version::NONE`], that it was deleted. If that is true, the
    /// edition is fetched in advance for orgs in the cache, and for streams and reads that wait for it.
    pub(super) fn hinted(self: &Arc<Self>, org: OrgId, version: Version) {
        if !self.cares_for(org) || (version > Version::NONE && self.holds(org, version)) {
            return;
        }
        if self.looks.begin(org, version) {
            let editions = Arc::clone(self);
            tokio::spawn(async move { editions.look_while_hinted(org, version).await });
        }
    }

    async fn look_while_hinted(self: Arc<Self>, org: OrgId, mut version: Version) {
        loop {
            if !self.bring(org, version).await {
                tokio::time::sleep(FALSE_HINT_DELAY).await;
            }
            match self.looks.next(org) {
                Some(next) => version = next,
                None => return,
            }
        }
    }

    fn holds(&self, org: OrgId, version: Version) -> bool {
        self.l1.get(&org).is_some_and(|entry| self.is_at_home(entry.home) && entry.version >= version)
    }

    /// Fetches a version from Redis, where it is put before it is announced; asks Postgres only if it is not there.
    /// Returns whether anything new was found.
    async fn bring(self: &Arc<Self>, org: OrgId, version: Version) -> bool {
        if version > Version::NONE && self.holds(org, version) {
            return true;
        }
        let before = self.l1.get(&org).map(|entry| entry.version);
        if let Some(home) = self.home.present()
            && let Some(edition) = self.edition_in_redis(home, org).await
            && edition.version == version
        {
            self.admit(&edition, Source::Redis);
            return true;
        }
        // On failure, the next check comes within a second.
        match self.refresh(org).await {
            Ok(found) => before.is_none_or(|before| found.entry.version > before),
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ORG: OrgId = OrgId(Uuid::from_u128(1));

    #[test]
    fn a_flood_of_hints_causes_one_fetch_at_a_time() {
        let looks = Looks::default();
        let version = |n| Version { epoch: 1, n };
        assert!(looks.begin(ORG, version(1)));
        (2..=1000).for_each(|n| assert!(!looks.begin(ORG, version(n))));
        assert_eq!(looks.next(ORG), Some(version(1000)));
        assert_eq!(looks.next(ORG), None);
        assert!(looks.lock().is_empty());
        assert!(looks.begin(ORG, version(1001)));
    }
}
