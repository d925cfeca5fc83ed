//! What maintenance jobs ask of the database.

use crate::{Error, Store};

/// Rows that one statement of [`Store::prune`] removes, at most: no lock is held for long.
const BATCH: u64 = 1000;

/// The backlog of all orgs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backlog {
    /// Orgs with a rebuild to come or running.
    pub orgs: i64,
    /// Age of the oldest change, passed deadline or unpublished version; 0 without any.
    pub oldest_seconds: f64,
    /// Orgs in quarantine.
    pub quarantined: i64,
    /// Webhooks that are parked; of more than some thousands, some thousands.
    pub parked: i64,
}

impl Store {
    /// Measures what is owed.
    pub async fn backlog(&self) -> Result<Backlog, Error> {
        Ok(sqlx::query_file_as!(Backlog, "queries/queue/upkeep/backlog.sql").fetch_one(&self.pg).await?)
    }

    /// Pushes the rebuild of some orgs whose version an earlier release made; returns how many. Few at a time, so that changes
    /// never queue behind them.
    pub async fn push_outdated(&self) -> Result<i32, Error> {
        let pushed = sqlx::query_file_scalar!("queries/queue/upkeep/push_outdated.sql", self.format.0);
        Ok(pushed.fetch_one(&self.pg).await?)
    }

    /// Removes what nobody asks for any more: jobs that ended a day ago, older firings of crons, workers unseen for a day,
    /// leases that ran out with nothing owed. Returns the number of rows. Then looks for orgs that nobody has built.
    pub async fn prune(&self) -> Result<u64, Error> {
        let mut pruned = 0;
        loop {
            let jobs = sqlx::query_file!("queries/queue/upkeep/prune_jobs.sql", BATCH as i64).execute(&self.pg).await?;
            pruned += jobs.rows_affected();
            if jobs.rows_affected() < BATCH {
                break;
            }
        }
        pruned += sqlx::query_file!("queries/queue/upkeep/prune_slots.sql").execute(&self.pg).await?.rows_affected();
        pruned += sqlx::query_file!("queries/queue/upkeep/prune_workers.sql").execute(&self.pg).await?.rows_affected();
        pruned += sqlx::query_file!("queries/queue/upkeep/prune_bins.sql").execute(&self.pg).await?.rows_affected();
        pruned += sqlx::query_file!("queries/queue/upkeep/prune_leases.sql").execute(&self.pg).await?.rows_affected();
        pruned +=
            sqlx::query_file!("queries/queue/upkeep/prune_test_calls.sql").execute(&self.pg).await?.rows_affected();
        sqlx::query_file!("queries/queue/upkeep/walk.sql").execute(&self.pg).await?;
        Ok(pruned)
    }

    /// Refreshes the fleet's totals without locking out their readers, unless no org has changed since the last time. False
    /// when another worker is at it.
    pub async fn refresh_fleet_pulse(&self) -> Result<bool, Error> {
        let mut transaction = self.pg.begin("begin").await?;
        let ours =
            sqlx::query_file_scalar!("queries/queue/upkeep/lock_fleet_pulse.sql").fetch_one(&mut *transaction).await?;
        if ours
            && sqlx::query_file!("queries/queue/upkeep/note_fleet_pulse.sql")
                .execute(&mut *transaction)
                .await?
                .rows_affected()
                == 1
        {
            sqlx::query_file!("queries/queue/upkeep/refresh_fleet_pulse.sql").execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(ours)
    }
}
