//! Which version of an org is the newest. Postgres alone says so.

use std::{collections::HashSet, time::Duration};

use crate::{Error, Store, instant::PgTime};
use readmodel::{ids::OrgId, time::Timestamp, version::Version};

/// An org's newest version, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// This one.
    At(Version),
    /// The org exists, but no rebuild of this process' format has ended yet.
    NotBuilt,
    /// There is no such org.
    Unknown,
}

impl Store {
    /// The newest version of an org.
    pub async fn head(&self, org: OrgId) -> Result<Head, Error> {
        let row = sqlx::query_file!("queries/versions/head.sql", org.0, i32::from(self.format.0));
        let row = row.fetch_one(&self.pg).await?;
        Ok(match (row.known, row.epoch, row.n) {
            (false, ..) => Head::Unknown,
            (true, Some(epoch), Some(n)) if row.readable => Head::At(Version { epoch, n }),
            (true, ..) => Head::NotBuilt,
        })
    }

    /// The database's time, and the newest versions of many orgs; those that have none are left out.
    pub async fn newest(&self, orgs: &[OrgId]) -> Result<(Timestamp, Vec<(OrgId, Version)>), Error> {
        let ids: Vec<_> = orgs.iter().map(|org| org.0).collect();
        let rows = sqlx::query_file!("queries/versions/newest.sql", &ids).fetch_all(&self.pg).await?;
        let now = rows.first().ok_or(sqlx::Error::RowNotFound)?.now.into();
        let newest = rows.into_iter().filter_map(|row| {
            let version = Version { epoch: row.epoch?, n: row.n? };
            Some((OrgId(row.org_id?), version))
        });
        Ok((now, newest.collect()))
    }

    /// Those of some orgs whose oldest change has waited for a rebuild for longer than a while.
    pub async fn lagging(&self, orgs: &[OrgId], longer_than: Duration) -> Result<HashSet<OrgId>, Error> {
        let ids: Vec<_> = orgs.iter().map(|org| org.0).collect();
        let lagging = sqlx::query_file_scalar!("queries/versions/lagging.sql", &ids, longer_than.as_secs_f64());
        Ok(lagging.fetch_all(&self.pg).await?.into_iter().map(OrgId).collect())
    }

    /// Records that a version was announced; `postgres_feeds` announces it through Postgres besides.
    pub async fn mark_published(&self, org: OrgId, version: Version, postgres_feeds: bool) -> Result<(), Error> {
        let mut session = self.warm.take().await?;
        sqlx::query_file!("queries/versions/mark_published.sql", org.0, version.epoch, version.n, postgres_feeds)
            .fetch_optional(&mut *session)
            .await?;
        session.give_back();
        Ok(())
    }
}

/// Microseconds, or nothing for never.
pub(crate) fn micros_or_never(instant: Option<Timestamp>) -> String {
    instant.map(|at| at.as_micros().to_string()).unwrap_or_default()
}
