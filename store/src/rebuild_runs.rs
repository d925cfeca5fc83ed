//! Runs over all orgs. Their progress is recorded, so that a killed run can be resumed.

use std::time::{Duration, Instant};

use readmodel::ids::OrgId;
use sqlx::PgConnection;

use crate::{Error, Store};

/// A run and its progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RebuildRun {
    /// The run's number.
    pub id: i64,
    /// The number of orgs.
    pub total: i64,
    /// The number of orgs that are done.
    pub rebuilt: i64,
    /// The position: every org with a lesser id is done.
    pub next: OrgId,
    /// Whether an earlier process started it.
    pub resumed: bool,
}

/// An org whose rebuild failed in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RebuildFailure {
    /// The org.
    pub org: OrgId,
    /// The reason, in a few words.
    pub reason: String,
}

/// The right to run. One process has it at a time, until it drops this or dies.
#[derive(Debug)]
pub struct RebuildLock(#[expect(dead_code, reason = "held until it is dropped")] PgConnection);

/// The time that a server may take to notice that the holder was killed.
const DEAD_HOLDER_TIMEOUT: Duration = Duration::from_secs(3);
const LOCK_RETRY_DELAY: Duration = Duration::from_millis(100);

impl Store {
    /// Takes the right to run; `None` if another process has it. Uses a direct connection: a transaction pooler would
    /// pass the session on, and the lock with it.
    pub async fn lock_rebuild_runs(&self) -> Result<Option<RebuildLock>, Error> {
        let mut connection = self.direct.connect().await?;
        let started = Instant::now();
        while !sqlx::query_file_scalar!("queries/rebuild_runs/lock.sql").fetch_one(&mut connection).await? {
            if started.elapsed() > DEAD_HOLDER_TIMEOUT {
                return Ok(None);
            }
            tokio::time::sleep(LOCK_RETRY_DELAY).await;
        }
        Ok(Some(RebuildLock(connection)))
    }

    /// The unfinished run, or a new one.
    pub async fn open_rebuild_run(&self) -> Result<RebuildRun, Error> {
        let row = sqlx::query_file!("queries/rebuild_runs/open.sql").fetch_one(&self.pg).await?;
        Ok(RebuildRun {
            id: row.run,
            total: row.total,
            rebuilt: row.rebuilt,
            next: OrgId(row.next_org),
            resumed: row.resumed,
        })
    }

    /// Deletes the unfinished run, if there is one.
    pub async fn abandon_rebuild_run(&self) -> Result<(), Error> {
        sqlx::query_file!("queries/rebuild_runs/abandon.sql").execute(&self.pg).await?;
        Ok(())
    }

    /// Up to `limit` orgs, in the order of their ids, starting at one.
    pub async fn orgs_from(&self, from: OrgId, limit: u32) -> Result<Vec<OrgId>, Error> {
        let ids = sqlx::query_file_scalar!("queries/rebuild_runs/orgs.sql", from.0, i64::from(limit))
            .fetch_all(&self.pg)
            .await?;
        Ok(ids.into_iter().map(OrgId).collect())
    }

    /// Records the progress of a run.
    pub async fn record_rebuild_run(&self, run: &RebuildRun) -> Result<(), Error> {
        sqlx::query_file!("queries/rebuild_runs/record.sql", run.id, run.next.0).execute(&self.pg).await?;
        Ok(())
    }

    /// Records that the rebuild of an org failed.
    pub async fn record_rebuild_failure(&self, run: &RebuildRun, failure: &RebuildFailure) -> Result<(), Error> {
        sqlx::query_file!("queries/rebuild_runs/record_failure.sql", run.id, failure.org.0, failure.reason)
            .execute(&self.pg)
            .await?;
        Ok(())
    }

    /// The orgs whose rebuild failed, in the order of their ids.
    pub async fn rebuild_failures(&self, run: &RebuildRun) -> Result<Vec<RebuildFailure>, Error> {
        let rows = sqlx::query_file!("queries/rebuild_runs/failures.sql", run.id).fetch_all(&self.pg).await?;
        Ok(rows.into_iter().map(|row| RebuildFailure { org: OrgId(row.org_id), reason: row.reason }).collect())
    }

    /// Records the end of a run.
    pub async fn finish_rebuild_run(&self, run: &RebuildRun) -> Result<(), Error> {
        sqlx::query_file!("queries/rebuild_runs/finish.sql", run.id).execute(&self.pg).await?;
        Ok(())
    }
}
