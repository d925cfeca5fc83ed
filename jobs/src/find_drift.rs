//! Each ten seconds: compares what is kept of a few orgs with the source. An org that has drifted is told, and made anew by
//! its next rebuild.

use std::time::{Duration, Instant};

use metrics::counter;
use monitoring::names::{COMPARED_ORGS_TOTAL, DRIFT_TOTAL};
use readmodel::ids::OrgId;

use crate::{Context, JobError};

/// The time of one run. The comparison of a large org takes longer.
const BUDGET: Duration = Duration::from_millis(100);

/// The walk rests for this many times as long as it has taken, and so takes 0.2 % of a core.
const REST: u32 = 500;

/// The longest rest, after the comparison of a large org.
const LONGEST_REST: Duration = Duration::from_hours(1);

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    if !context.store.begin_drift_walk().await.map_err(JobError::retry)? {
        return Ok(());
    }
    let started = Instant::now();
    let ended = walk(context, started).await;
    context.store.rest_from_drift((started.elapsed() * REST).min(LONGEST_REST)).await.map_err(JobError::retry)?;
    ended
}

/// Compares orgs until the time is over or the walk has come round.
async fn walk(context: &Context, started: Instant) -> Result<(), JobError> {
    let mut last = None;
    while started.elapsed() < BUDGET {
        let next = context.store.next_for_drift().await.map_err(JobError::retry)?;
        let Some(org) = next.filter(|org| last.is_none_or(|last| last < *org)) else { break };
        compare(context, org).await?;
        last = Some(org);
    }
    Ok(())
}

async fn compare(context: &Context, org: OrgId) -> Result<(), JobError> {
    let Some(drifted) = context.store.drift_of(org).await.map_err(JobError::retry)? else {
        counter!(COMPARED_ORGS_TOTAL, "outcome" => "changing").increment(1);
        return Ok(());
    };
    if drifted.is_empty() {
        counter!(COMPARED_ORGS_TOTAL, "outcome" => "equal").increment(1);
        return Ok(());
    }
    counter!(COMPARED_ORGS_TOTAL, "outcome" => "drifted").increment(1);
    for part in &drifted {
        counter!(DRIFT_TOTAL, "part" => part.clone()).increment(1);
    }
    tracing::warn!(%org, ?drifted, "what is kept of an org differs from the source; it is made anew");
    context.store.mark_drifted(org).await.map_err(JobError::retry)
}
