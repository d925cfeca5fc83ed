//! Each second: pushes rebuilds that no claim finds by itself, ends test calls that nobody joins, erases what was
//! deleted and replays what was parked. (Every claim finds marks, deadlines, unpublished versions, expired leases and
//! orgs in quarantine.)

use crate::{Context, JobError, erase, replay_parked};

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    let outdated = context.store.push_outdated().await.map_err(JobError::retry)?;
    if outdated > 0 {
        tracing::info!(orgs = outdated, "pushed rebuilds of orgs whose blobs have an earlier format");
    }
    context.store.close_test_calls().await.map_err(JobError::retry)?;
    erase::run(context).await?;
    replay_parked::run(context).await
}
