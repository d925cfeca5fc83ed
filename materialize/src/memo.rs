//! The versions that a process made last, for the next ones to build upon.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use moka::sync::Cache;
use readmodel::{
    blob::Blob,
    edition::Edition,
    ids::{Installation, OrgId},
    model::{Canonical, Model},
};
use store::{redis::Base, rows::Rows};

/// An org of which nothing happens is forgotten after this time, and with it data that was erased meanwhile.
const IDLE: Duration = Duration::from_mins(10);

/// The newest version of each org that this process made. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Memo {
    versions: Cache<OrgId, Arc<Remembered>>,
    trusted: Duration,
}

/// A version that this process made: its bytes, and the rows that it was made of.
#[derive(Debug)]
pub(crate) struct Remembered {
    pub(crate) rows: Rows,
    pub(crate) identities: Canonical,
    pub(crate) edition: Edition,
    /// When everything was read. Versions that are built upon this one keep it.
    pub(crate) read_at: Instant,
}

impl Memo {
    /// Remembers so many bytes, about. Those orgs are forgotten first that are seldom rebuilt. After `trusted` everything is read
    /// again, so that changes which no trigger has seen show.
    pub fn new(bytes: u64, trusted: Duration) -> Self {
        let weigh = |_: &OrgId, remembered: &Arc<Remembered>| u32::try_from(remembered.bytes()).unwrap_or(u32::MAX);
        let versions = Cache::builder().max_capacity(bytes).weigher(weigh).time_to_idle(IDLE).build();
        Self { versions, trusted }
    }

    /// An org's version, if it is this one and still trusted. The number of a version alone would not do: an org that is deleted and made again,
    /// and a database that lost its last writes, give it again.
    pub(crate) fn get(&self, installation: Installation, org: OrgId, base: Base) -> Option<Arc<Remembered>> {
        let is_base = |edition: &Edition| {
            (edition.installation, edition.version, Some(edition.as_of)) == (installation, base.version, base.as_of)
        };
        self.versions.get(&org).filter(|held| is_base(&held.edition) && held.read_at.elapsed() < self.trusted)
    }

    pub(crate) fn put(&self, remembered: Remembered) {
        self.versions.insert(remembered.edition.org, Arc::new(remembered));
    }

    /// Frees what has expired. Without this that waits for the next use.
    pub fn tidy(&self) {
        self.versions.run_pending_tasks();
    }

    /// Forgets an org.
    pub fn forget(&self, org: OrgId) {
        self.versions.invalidate(&org);
    }
}

impl Remembered {
    fn bytes(&self) -> usize {
        let identities: usize = self.identities.bytes().iter().map(|identity| identity.len()).sum();
        let blobs: usize = self.edition.blobs().iter().map(|blob| blob.zstd.len()).sum();
        self.rows.bytes() + identities + blobs + Model::STORED.len() * size_of::<Blob>()
    }
}
