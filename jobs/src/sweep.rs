//! Each second: pushes the rebuilds that no claim finds by itself, and measures what is owed. (Marks, deadlines,
//! unpublished versions, leases that ran out and orgs in quarantine are found by every claim.)

use metrics::gauge;
use monitoring::names::{OLDEST_OWED_SECONDS, OWED_ORGS, QUARANTINED};
use store::queue::upkeep;

use crate::{Context, JobError};

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    let pg = &context.store.pg;
    let outdated = upkeep::push_outdated(pg).await.map_err(JobError::retry)?;
    if outdated > 0 {
        tracing::info!(orgs = outdated, "pushed rebuilds of blobs of an older format");
    }
    let backlog = upkeep::backlog(pg).await.map_err(JobError::retry)?;
    gauge!(OWED_ORGS).set(backlog.orgs as f64);
    gauge!(OLDEST_OWED_SECONDS).set(backlog.oldest_seconds);
    gauge!(QUARANTINED).set(backlog.quarantined as f64);
    Ok(())
}
