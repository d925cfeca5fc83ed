//! The least version of an org that a node may show. It outlives the cached entry.

use readmodel::{ids::OrgId, version::Version};

use super::Editions;

impl Editions {
    pub(super) fn floor(&self, org: OrgId) -> Version {
        self.floors.get(&org).unwrap_or(Version::NONE)
    }

    /// Records that a version exists: nothing lower is shown as fresh from now on, even after the entry was evicted.
    pub(super) fn raise_floor(&self, org: OrgId, version: Version) {
        if self.floor(org) < version {
            self.floors.entry(org).and_upsert_with(|held| held.map_or(version, |held| held.into_value().max(version)));
        }
        if let Some(entry) = self.l1.get(&org).filter(|entry| entry.version < version) {
            entry.fall_behind();
        }
    }

    /// Corrects the floor after Postgres has said which version is the newest. A higher floor is of a version that came
    /// later, or never existed.
    pub(super) async fn lower_floor(&self, org: OrgId, newest: Version) {
        let floor = self.floor(org);
        if floor > newest && !self.exists(org, floor, None).await {
            self.floors.insert(org, newest);
        }
    }
}
