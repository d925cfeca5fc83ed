//! Brings one org's read models up to date, under the lease by which it was claimed.

use std::time::{Duration, Instant};

use materialize::{Error, Outcome, Published};
use metrics::{counter, histogram};
use monitoring::names::{FRESHNESS_SECONDS, OVERSIZED_BODIES_TOTAL, REBUILD_SECONDS, REBUILDS_TOTAL};
use readmodel::{ids::OrgId, model::Model};

use crate::{Context, JobError, unknown_zones};

/// The silence of Postgres after which a rebuild is abandoned.
const SILENCE_LIMIT: Duration = Duration::from_secs(4);

pub(crate) async fn run(context: &Context, org: OrgId) -> Result<(), JobError> {
    let rebuilt = materialize::persist(|| attempt(context, org)).await;
    rebuilt.map(drop).inspect_err(count_oversized).map_err(JobError::retry)
}

async fn attempt(context: &Context, org: OrgId) -> Result<Outcome, Error> {
    let mut rebuild = RebuildMeasure { started: Instant::now(), outcome: "failed" };
    let outcome = rebuilt(context, org).await?;
    rebuild.outcome = outcome.name();
    if let Outcome::Changed(published) | Outcome::Unchanged(published) = &outcome {
        if let Some(zone) = &published.unknown_zone {
            unknown_zones::report(org, zone);
        }
        record_freshness(published, rebuild.started.elapsed());
    }
    Ok(outcome)
}

/// Rebuilds, and starts again if Postgres goes silent: an answer from before the silence may never come. If the first
/// attempt has committed after all, the second builds upon it.
async fn rebuilt(context: &Context, org: OrgId) -> Result<Outcome, Error> {
    loop {
        tokio::select! {
            outcome = materialize::rebuild_by(&context.store, &context.memo, context.clock, org) => return outcome,
            () = context.store.link.silent_for(SILENCE_LIMIT) => context.store.link.answering().await,
        }
    }
}

fn count_oversized(error: &Error) {
    if let Some(model) = error.oversized() {
        counter!(OVERSIZED_BODIES_TOTAL, "model" => model.name()).increment(1);
    }
}

/// Records the time from the oldest change's commit, where Postgres tracks commit timestamps, or else from the start of
/// the rebuild. All models are published together.
fn record_freshness(published: &Published, took: Duration) {
    let before =
        published.changed_at.map_or(0, |changed| published.as_of.as_micros().saturating_sub(changed.as_micros()));
    let freshness = took + Duration::from_micros(u64::try_from(before).unwrap_or_default());
    for model in Model::ALL {
        histogram!(FRESHNESS_SECONDS, "model" => model.name()).record(freshness);
    }
}

/// Counts a rebuild when it is dropped, and so also one that panics or is cut off.
struct RebuildMeasure {
    started: Instant,
    outcome: &'static str,
}

impl Drop for RebuildMeasure {
    fn drop(&mut self) {
        counter!(REBUILDS_TOTAL, "outcome" => self.outcome).increment(1);
        histogram!(REBUILD_SECONDS).record(self.started.elapsed());
    }
}
