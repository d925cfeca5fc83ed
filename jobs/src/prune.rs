//! Hourly: removes what nobody asks for any more, since neither apalis nor we look at ended jobs again; and of events what
//! is kept no longer.

use store::{events, queue::upkeep};

use crate::{Context, JobError};

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    let rows = upkeep::prune(&context.store.pg).await.map_err(JobError::retry)?;
    let events = events::prune(&context.store.pg, context.event_retention).await.map_err(JobError::retry)?;
    context.store.prune_erasures().await.map_err(JobError::retry)?;
    tracing::info!(rows, events, "pruned");
    Ok(())
}
