//! The comparison of what is kept of an org with the source. What is kept changes by differences, so a fault would stay.

use std::time::Duration;

use readmodel::ids::OrgId;

use crate::{Error, Store};

impl Store {
    /// Begins a part of the walk over all orgs; false while it rests, or another worker walks.
    pub async fn begin_drift_walk(&self) -> Result<bool, Error> {
        Ok(sqlx::query_file!("queries/drift/begin.sql").execute(&self.pg).await?.rows_affected() == 1)
    }

    /// The next org of the walk, after the last the first again; none without any org.
    pub async fn next_for_drift(&self) -> Result<Option<OrgId>, Error> {
        let next = sqlx::query_file_scalar!("queries/drift/next.sql").fetch_optional(&self.pg).await?;
        Ok(next.map(OrgId))
    }

    /// The parts of what is kept of an org that differ from the source: `leads`, `sums`, `frequent callers`. `None` while
    /// changes wait for a rebuild. It reads all that the org has, and takes as long as a rebuild of it.
    pub async fn drift_of(&self, org: OrgId) -> Result<Option<Vec<String>>, Error> {
        let mut session = self.warm.begin("begin read only").await?;
        let drifted = sqlx::query_file_scalar!("queries/drift/of.sql", org.0).fetch_one(&mut *session).await?;
        session.commit().await?;
        Ok(drifted)
    }

    /// Marks an org whole, so that its next rebuild believes nothing that is kept.
    pub async fn mark_drifted(&self, org: OrgId) -> Result<(), Error> {
        sqlx::query_file!("queries/drift/mark.sql", org.0).execute(&self.pg).await?;
        Ok(())
    }

    /// Ends a part of the walk, which rests for this long.
    pub async fn rest_from_drift(&self, time: Duration) -> Result<(), Error> {
        sqlx::query_file!("queries/drift/rest.sql", time.as_secs_f64()).execute(&self.pg).await?;
        Ok(())
    }
}
