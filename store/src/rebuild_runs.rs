//! Runs over all orgs: how far each has come, so that one which was killed goes on where it stopped.

use std::time::{Duration, Instant};

use readmodel::ids::OrgId;
use sqlx::{Connection as _, PgConnection};

use crate::{Error, Store};

/// A run, as far as it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: i64,
    /// Orgs there are.
    pub total: i64,
    /// Orgs that are done.
    pub rebuilt: i64,
    /// Every org with a lesser id is done.
    pub next: OrgId,
    /// Whether an earlier process began it.
    pub resumed: bool,
}

/// An org that a run could not rebuild.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub org: OrgId,
    /// In a few words.
    pub reason: String,
}

/// The right to run: one process has it at a time, until it drops this or dies.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "held, and not used")] PgConnection);

/// In so much time a server notices that the process which held it was killed.
const NOTICED: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(100);

impl Store {
    /// Takes the right to run, unless another process has it. Needs a direct connection: a transaction pooler would hand it
    /// to somebody else.
    pub async fn take_rebuild_turn(&self) -> Result<Option<Turn>, Error> {
        let mut connection = PgConnection::connect_with(&self.direct).await?;
        let started = Instant::now();
        while !sqlx::query_file_scalar!("queries/rebuild_runs/lock.sql").fetch_one(&mut connection).await? {
            if started.elapsed() > NOTICED {
                return Ok(None);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(Some(Turn(connection)))
    }

    /// The run that has not ended, or a new one.
    pub async fn open_rebuild_run(&self) -> Result<Run, Error> {
        let row = sqlx::query_file!("queries/rebuild_runs/open.sql").fetch_one(&self.pg).await?;
        Ok(Run { id: row.run, total: row.total, rebuilt: row.rebuilt, next: OrgId(row.next_org), resumed: row.resumed })
    }

    /// Forgets the run that has not ended, if there is one.
    pub async fn abandon_rebuild_run(&self) -> Result<(), Error> {
        sqlx::query_file!("queries/rebuild_runs/abandon.sql").execute(&self.pg).await?;
        Ok(())
    }

    /// Up to `limit` orgs by id, from one on.
    pub async fn orgs_from(&self, from: OrgId, limit: u32) -> Result<Vec<OrgId>, Error> {
        let ids = sqlx::query_file_scalar!("queries/rebuild_runs/orgs.sql", from.0, i64::from(limit))
            .fetch_all(&self.pg)
            .await?;
        Ok(ids.into_iter().map(OrgId).collect())
    }

    /// Records how far a run has come.
    pub async fn record_rebuild_run(&self, run: &Run) -> Result<(), Error> {
        sqlx::query_file!("queries/rebuild_runs/record.sql", run.id, run.next.0).execute(&self.pg).await?;
        Ok(())
    }

    /// Records that an org could not be rebuilt.
    pub async fn record_rebuild_failure(&self, run: &Run, failure: &Failure) -> Result<(), Error> {
        sqlx::query_file!("queries/rebuild_runs/record_failure.sql", run.id, failure.org.0, failure.reason)
            .execute(&self.pg)
            .await?;
        Ok(())
    }

    /// The orgs that a run could not rebuild, by id.
    pub async fn rebuild_failures(&self, run: &Run) -> Result<Vec<Failure>, Error> {
        let rows = sqlx::query_file!("queries/rebuild_runs/failures.sql", run.id).fetch_all(&self.pg).await?;
        Ok(rows.into_iter().map(|row| Failure { org: OrgId(row.org_id), reason: row.reason }).collect())
    }

    /// Records that a run has ended.
    pub async fn finish_rebuild_run(&self, run: &Run) -> Result<(), Error> {
        sqlx::query_file!("queries/rebuild_runs/finish.sql", run.id).execute(&self.pg).await?;
        Ok(())
    }
}
