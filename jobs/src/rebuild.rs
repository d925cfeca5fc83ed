//! Brings one org's read models up to date. Pushed by claims, for every org that is owed.

use std::time::{Duration, Instant};

use materialize::{Outcome, Published};
use metrics::{counter, histogram};
use monitoring::names::{FRESHNESS_SECONDS, REBUILD_SECONDS, REBUILDS_TOTAL};
use readmodel::{ids::OrgId, model::Model};

use crate::{Context, JobError, unknown_zones};

pub(crate) async fn run(context: &Context, org: OrgId) -> Result<(), JobError> {
    let mut rebuild = Measured { started: Instant::now(), outcome: "failed" };
    let outcome = materialize::rebuild(&context.store, context.clock, org).await.map_err(JobError::retry)?;
    // Superseded is an end and no failure: what the winner did not see is still owed, and claimed at once.
    rebuild.outcome = outcome.name();
    if let Outcome::Changed(published) | Outcome::Unchanged(published) = outcome {
        if let Some(zone) = &published.unknown_zone {
            unknown_zones::tell(org, zone);
        }
        record_freshness(&published, rebuild.started.elapsed());
    }
    Ok(())
}

/// From the oldest change's commit, where Postgres tracks commits, else from the start of the rebuild. All models are
/// published together.
fn record_freshness(published: &Published, took: Duration) {
    let before =
        published.changed_at.map_or(0, |changed| published.as_of.as_micros().saturating_sub(changed.as_micros()));
    let freshness = took + Duration::from_micros(u64::try_from(before).unwrap_or_default());
    for model in Model::ALL {
        histogram!(FRESHNESS_SECONDS, "model" => model.name()).record(freshness);
    }
}

/// Counts a rebuild when it is dropped, so that one which panics or is cut off is counted too.
struct Measured {
    started: Instant,
    outcome: &'static str,
}

impl Drop for Measured {
    fn drop(&mut self) {
        counter!(REBUILDS_TOTAL, "outcome" => self.outcome).increment(1);
        histogram!(REBUILD_SECONDS).record(self.started.elapsed());
    }
}
