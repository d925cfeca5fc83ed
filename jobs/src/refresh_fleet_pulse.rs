//! Each minute: refreshes the totals of all orgs. No org's panel waits for them.

use crate::{Context, JobError};

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    let refreshed = context.store.refresh_fleet_pulse().await.map_err(JobError::retry)?;
    if !refreshed {
        tracing::info!("the previous refresh of the fleet's totals is still running; skipped this one");
    }
    Ok(())
}
