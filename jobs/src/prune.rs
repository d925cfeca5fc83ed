//! Hourly: deletes rows whose retention has ended.

use crate::{Context, JobError};

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    let rows = context.store.prune().await.map_err(JobError::retry)?;
    let events = context.store.prune_events(context.event_retention).await.map_err(JobError::retry)?;
    context.store.prune_erasures().await.map_err(JobError::retry)?;
    tracing::info!(rows, events, "pruned");
    Ok(())
}
