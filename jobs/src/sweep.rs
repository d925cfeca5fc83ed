//! Each second: erases what was deleted, takes up what was parked, ends the test calls that nobody joins, and pushes the rebuilds that no claim
//! finds by itself. (Marks, deadlines, unpublished versions, leases that ran out and orgs in quarantine are found by every
//! claim.)

use crate::{Context, JobError, erase, replay_parked};

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    let outdated = context.store.push_outdated().await.map_err(JobError::retry)?;
    if outdated > 0 {
        tracing::info!(orgs = outdated, "pushed rebuilds of orgs whose version an earlier release made");
    }
    context.store.close_test_calls().await.map_err(JobError::retry)?;
    erase::run(context).await?;
    replay_parked::run(context).await
}
