//! Each second: ends test calls that nobody joins, erases what was deleted and replays what was parked.

use crate::{Context, JobError, erase, replay_parked};

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    context.store.close_test_calls().await.map_err(JobError::retry)?;
    erase::run(context).await?;
    replay_parked::run(context).await
}
