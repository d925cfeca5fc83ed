//! Rebuilds, claimed from what is owed by the org's lease.

use std::time::Duration;

use readmodel::ids::OrgId;

use crate::{
    Error, Store,
    queue::{Attempts, Claimed, Job, JobId},
};

/// A worker's place among the orgs with changes, which get their turns by id, round and round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn(OrgId);

impl Turn {
    /// Before all orgs.
    pub const FIRST: Self = Self(OrgId(uuid::Uuid::nil()));
}

/// The answer to a claim.
#[derive(Clone, Debug)]
pub struct RebuildClaim {
    /// The rebuild, with its lease. None: nothing may start now.
    pub claimed: Option<Claimed>,
    /// Where the next claim goes on.
    pub turn: Turn,
    /// Whether another may find something at once.
    pub more: bool,
}

impl Store {
    /// Claims the rebuild of the org that is owed longest, for a registered worker, which has to end it or to renew its lease.
    /// With `has_time`, if none is owed, of an org whose blobs have an earlier format, or that was never built.
    pub async fn claim_rebuild(
        &self,
        worker: &str,
        lease: Duration,
        turn: Turn,
        has_time: bool,
    ) -> Result<RebuildClaim, Error> {
        let (lease, format) = (lease.as_secs_f64(), has_time.then_some(self.format.0));
        let row = sqlx::query_file!("queries/queue/rebuilds/claim.sql", worker, lease, turn.0.0, format);
        let row = row.fetch_one(&self.warm).await?;
        let claimed = row.id.zip(row.org_id).map(|(id, org)| Claimed {
            id: JobId(id),
            job: Job::Rebuild(OrgId(org)),
            attempts: Attempts { starts: row.starts.unwrap_or(1), limit: row.max_attempts },
            is_urgent: row.urgent.unwrap_or(true),
        });
        Ok(RebuildClaim { claimed, turn: Turn(OrgId(row.after)), more: row.more })
    }
}
