//! Which version of an org is the newest. Postgres alone says so, in the epoch of the present installation.

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

/// An org's newest version, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// This one.
    At(Version),
    /// The org exists, but no rebuild of this release's format, or of a later one, has ended yet.
    NotBuilt,
    /// There is no such org.
    Unknown,
}

/// An org's newest version, and where it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The installation, as in [`Present`].
    pub installation: Option<Installation>,
    /// The version.
    pub head: Head,
    /// The instant of its snapshot. Two rebuilds that were given the same version, before and after a database was set
    /// back, differ in it.
    pub as_of: Option<Timestamp>,
}

/// What a node asks of many orgs at once.
#[derive(Clone, Debug)]
pub struct Newest {
    /// The database's time.
    pub now: Timestamp,
    /// The database.
    pub present: Present,
    /// The newest version of each org that has one, with the instant of its snapshot.
    pub versions: Vec<(OrgId, Version, Timestamp)>,
}

impl Store {
    /// The newest version of an org.
    pub async fn head(&self, org: OrgId) -> Result<Head, Error> {
        Ok(self.look(org).await?.head)
    }

    /// The newest version of an org, and of which installation. A copy of a database is taken into use first.
    pub async fn look(&self, org: OrgId) -> Result<Look, Error> {
        match self.look_once(org).await? {
            Some(look) if look.installation.is_some() => return Ok(look),
            _ => renew_or_go_without(self).await,
        }
        self.look_once(org).await?.ok_or(Error::Incomplete("the database's epoch"))
    }

    async fn look_once(&self, org: OrgId) -> Result<Option<Look>, Error> {
        let row = sqlx::query_file!("queries/versions/look.sql", org.0, self.format.0);
        let Some(row) = row.fetch_optional(&self.pg).await? else { return Ok(None) };
        let head = match (row.known, row.n) {
            (false, _) => Head::Unknown,
            (true, Some(n)) if row.readable => Head::At(Version { epoch: row.epoch, n }),
            (true, _) => Head::NotBuilt,
        };
        let (installation, as_of) = (row.installation.map(Installation), row.as_of.map(Into::into));
        Ok(Some(Look { installation, head, as_of }))
    }

    /// The database's time, and the newest versions of many orgs. A copy of a database is taken into use first.
    pub async fn newest(&self, orgs: &[OrgId]) -> Result<Newest, Error> {
        match self.newest_once(orgs).await? {
            Some(newest) if newest.present.installation.is_some() => return Ok(newest),
            _ => renew_or_go_without(self).await,
        }
        self.newest_once(orgs).await?.ok_or(Error::Incomplete("the database's epoch"))
    }

    async fn newest_once(&self, orgs: &[OrgId]) -> Result<Option<Newest>, Error> {
        let ids: Vec<_> = orgs.iter().map(|org| org.0).collect();
        let rows = sqlx::query_file!("queries/versions/newest.sql", &ids).fetch_all(&self.pg).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let present = Present { installation: first.installation.map(Installation), next_xid: first.next_xid };
        let now = first.now.into();
        let versions = rows.into_iter().filter_map(|row| {
            let version = Version { epoch: row.epoch, n: row.n? };
            Some((OrgId(row.org_id?), version, row.as_of?.into()))
        });
        Ok(Some(Newest { now, present, versions: versions.collect() }))
    }

    /// Those of some orgs whose oldest change has waited for a rebuild for longer than a while.
    pub async fn lagging(&self, orgs: &[OrgId], longer_than: Duration) -> Result<HashSet<OrgId>, Error> {
        let ids: Vec<_> = orgs.iter().map(|org| org.0).collect();
        let lagging = sqlx::query_file_scalar!("queries/versions/lagging.sql", &ids, longer_than.as_secs_f64());
        Ok(lagging.fetch_all(&self.pg).await?.into_iter().map(OrgId).collect())
    }

    /// Records that a version was announced, unless it is no longer the newest; tells whether it is. `postgres_feeds`
    /// announces it through Postgres besides.
    pub async fn mark_published(&self, org: OrgId, version: Version, postgres_feeds: bool) -> Result<bool, Error> {
        let recorded =
            sqlx::query_file!("queries/versions/mark_published.sql", org.0, version.epoch, version.n, postgres_feeds)
                .fetch_optional(&self.warm)
                .await?;
        Ok(recorded.is_some())
    }
}

/// Microseconds, or nothing for never.
pub(crate) fn micros_or_never(instant: Option<Timestamp>) -> String {
    instant.map(|at| at.as_micros().to_string()).unwrap_or_default()
}
