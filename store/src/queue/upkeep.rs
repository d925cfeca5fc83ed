//! The statements of maintenance jobs.

use crate::{
    Error, Store,
    events::{ROWS_PER_STATEMENT, chunks},
};

/// The backlog of all orgs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backlog {
    /// Orgs with a rebuild to come or running.
    pub orgs: i64,
    /// Age of the oldest change, passed deadline or unfinished rebuild; 0 without any.
    pub oldest_seconds: f64,
    /// Orgs in quarantine.
    pub quarantined: i64,
    /// Parked webhooks, up to some thousands.
    pub parked: i64,
}

impl Store {
    /// Measures what is owed.
    pub async fn backlog(&self) -> Result<Backlog, Error> {
        Ok(sqlx::query_file_as!(Backlog, "queries/queue/upkeep/backlog.sql").fetch_one(&self.pg).await?)
    }

    /// Removes what is out of date: jobs that were done a day ago, older firings of crons, workers unseen for a day.
    /// Returns the number of rows. Then has the walk over all orgs begin again.
    pub async fn prune(&self) -> Result<u64, Error> {
        let pg = &self.pg;
        let mut rows =
            chunks(pg, || sqlx::query_file!("queries/queue/upkeep/prune_jobs.sql", ROWS_PER_STATEMENT)).await?;
        rows +=
            chunks(pg, || sqlx::query_file!("queries/queue/upkeep/prune_dead_letters.sql", ROWS_PER_STATEMENT)).await?;
        let others = [
            sqlx::query_file!("queries/queue/upkeep/prune_slots.sql"),
            sqlx::query_file!("queries/queue/upkeep/prune_workers.sql"),
            sqlx::query_file!("queries/queue/upkeep/prune_bins.sql"),
            sqlx::query_file!("queries/queue/upkeep/prune_test_calls.sql"),
        ];
        for statement in others {
            rows += statement.execute(pg).await?.rows_affected();
        }
        sqlx::query_file!("queries/queue/upkeep/restart_backfill.sql").execute(pg).await?;
        Ok(rows)
    }

    /// Refreshes the fleet's totals without locking out their readers, unless no org has changed since the last time. False
    /// when another worker is at it.
    pub async fn refresh_fleet_pulse(&self) -> Result<bool, Error> {
        let mut transaction = self.pg.begin("begin").await?;
        let locked = sqlx::query_file_scalar!("queries/queue/upkeep/lock_fleet_pulse.sql");
        let ours = locked.fetch_one(&mut *transaction).await?;
        if ours {
            let noted =
                sqlx::query_file!("queries/queue/upkeep/note_fleet_pulse.sql").execute(&mut *transaction).await?;
            if noted.rows_affected() == 1 {
                sqlx::query_file!("queries/queue/upkeep/refresh_fleet_pulse.sql").execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
        Ok(ours)
    }
}
