//! The newest version of each org. Postgres alone decides it, in the epoch of the present installation.

use std::{collections::HashSet, time::Duration};

use readmodel::{
    ids::{Installation, OrgId},
    time::Timestamp,
    version::Version,
};

use crate::{
    Error, Store,
    installation::{Present, renew_or_go_without},
    instant::PgTime,
};

/// An org's newest version, or why it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// The newest version.
    At(Version),
    /// The org exists, but has no blobs of this release's format or a later one yet.
    NotBuilt,
    /// There is no such org.
    Unknown,
}

/// An org's newest version, and the installation that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrgVersion {
    /// The database's time.
    pub now: Timestamp,
    /// The installation, as in [`Present`].
    pub installation: Option<Installation>,
    /// The newest version.
    pub head: Head,
    /// The instant of its snapshot. It tells two rebuilds of equal version apart, made before and after the database
    /// was set back.
    pub as_of: Option<Timestamp>,
}

/// The newest versions of many orgs.
#[derive(Clone, Debug)]
pub struct NewestVersions {
    /// The database's time.
    pub now: Timestamp,
    /// The database's identity.
    pub present: Present,
    /// Whether the source differs from its map, so that models may be wrong.
    pub drifted: bool,
    /// Whether the source is only observed.
    pub observes: bool,
    /// Whether the source is that of `migrate --with-source`, whose agents are pre-warmed.
    pub standalone: bool,
    /// The newest version of each org that has one, with the instant of its snapshot.
    pub versions: Vec<(OrgId, Version, Timestamp)>,
}

impl Store {
    /// The newest version of an org.
    pub async fn head(&self, org: OrgId) -> Result<Head, Error> {
        Ok(self.org_version(org).await?.head)
    }

    /// The newest version of an org, with its installation. Renews the installation first, if the database is a copy.
    pub async fn org_version(&self, org: OrgId) -> Result<OrgVersion, Error> {
        match self.org_version_once(org).await? {
            Some(org_version) if org_version.installation.is_some() => return Ok(org_version),
            _ => renew_or_go_without(self).await,
        }
        self.org_version_once(org).await?.ok_or(Error::Incomplete("the database's epoch"))
    }

    async fn org_version_once(&self, org: OrgId) -> Result<Option<OrgVersion>, Error> {
        let row = sqlx::query_file!("queries/versions/org_version.sql", org.0, self.format.0);
        let Some(row) = row.fetch_optional(&self.pg).await? else { return Ok(None) };
        let head = match (row.known, row.n) {
            (false, _) => Head::Unknown,
            (true, Some(n)) if row.readable => Head::At(Version { epoch: row.epoch, n }),
            (true, _) => Head::NotBuilt,
        };
        let (installation, as_of) = (row.installation.map(Installation), row.as_of.map(Into::into));
        Ok(Some(OrgVersion { now: row.now.into(), installation, head, as_of }))
    }

    /// The newest versions of many orgs, with the database's time. Renews the installation first, if the database is a
    /// copy.
    pub async fn newest_versions(&self, orgs: &[OrgId]) -> Result<NewestVersions, Error> {
        match self.newest_versions_once(orgs).await? {
            Some(newest_versions) if newest_versions.present.installation.is_some() => return Ok(newest_versions),
            _ => renew_or_go_without(self).await,
        }
        self.newest_versions_once(orgs).await?.ok_or(Error::Incomplete("the database's epoch"))
    }

    async fn newest_versions_once(&self, orgs: &[OrgId]) -> Result<Option<NewestVersions>, Error> {
        let ids: Vec<_> = orgs.iter().map(|org| org.0).collect();
        let rows = sqlx::query_file!("queries/versions/newest.sql", &ids).fetch_all(&self.pg).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let present = Present { installation: first.installation.map(Installation), next_xid: first.next_xid };
        let (now, drifted) = (first.now.into(), first.drifted);
        let (observes, standalone) = (first.observes, first.standalone);
        let versions = rows.into_iter().filter_map(|row| {
            let version = Version { epoch: row.epoch, n: row.n? };
            Some((OrgId(row.org_id?), version, row.as_of?.into()))
        });
        Ok(Some(NewestVersions { now, present, drifted, observes, standalone, versions: versions.collect() }))
    }

    /// The orgs whose oldest change has waited for a rebuild for longer than this.
    pub async fn lagging(&self, orgs: &[OrgId], longer_than: Duration) -> Result<HashSet<OrgId>, Error> {
        let ids: Vec<_> = orgs.iter().map(|org| org.0).collect();
        let lagging = sqlx::query_file_scalar!("queries/versions/lagging.sql", &ids, longer_than.as_secs_f64());
        Ok(lagging.fetch_all(&self.pg).await?.into_iter().map(OrgId).collect())
    }

    /// Has Postgres announce a version; false if it is no longer the newest.
    pub async fn announce(&self, org: OrgId, version: Version) -> Result<bool, Error> {
        let announced = sqlx::query_file!("queries/versions/announce.sql", org.0, version.epoch, version.n);
        Ok(announced.fetch_optional(&self.warm).await?.is_some())
    }
}

/// Microseconds, or an empty text for never.
pub(crate) fn micros_or_never(instant: Option<Timestamp>) -> String {
    instant.map(|at| at.as_micros().to_string()).unwrap_or_default()
}
