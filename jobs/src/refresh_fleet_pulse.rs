//! Each minute: refreshes the fleet's totals. No org's panel waits for them.

use crate::{Context, JobError};

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    let refreshed = context.store.refresh_fleet_pulse().await.map_err(JobError::retry)?;
    if !refreshed {
        tracing::info!("the last refresh of the fleet's totals is still running");
    }
    Ok(())
}
