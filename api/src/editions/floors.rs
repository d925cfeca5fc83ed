//! The least version that a node may show of an org: it outlives the entry.

use readmodel::{ids::OrgId, version::Version};

use super::Editions;

impl Editions {
    pub(super) fn floor(&self, org: OrgId) -> Version {
        self.floors.get(&org).unwrap_or(Version::NONE)
    }

    /// A version exists: nothing lower is shown as fresh from now on, even when the entry has been evicted.
    pub(super) fn raise_floor(&self, org: OrgId, version: Version) {
        if self.floor(org) < version {
            self.floors.entry(org).and_upsert_with(|held| held.map_or(version, |held| held.into_value().max(version)));
        }
        if let Some(entry) = self.l1.get(&org).filter(|entry| entry.version < version) {
            entry.fall_behind();
        }
    }

    /// Postgres has said which version is the newest. A floor above it is of a version that has come since, or never was.
    pub(super) async fn lower_floor(&self, org: OrgId, newest: Version) {
        let floor = self.floor(org);
        if floor > newest && !self.exists(org, floor, None).await {
            self.floors.insert(org, newest);
        }
    }
}
