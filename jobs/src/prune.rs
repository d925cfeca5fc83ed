//! Hourly: removes what nobody asks for any more, since neither apalis nor we look at ended jobs again.

use store::queue::upkeep;

use crate::{Context, JobError};

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    let rows = upkeep::prune(&context.store.pg).await.map_err(JobError::retry)?;
    tracing::info!(rows, "pruned");
    Ok(())
}
