//! Measures what is owed. Each worker does so itself: if it were a job, the workers that do not get it would go on
//! showing what they measured last.

use std::time::Duration;

use metrics::gauge;
use monitoring::names::{
    CONTESTED, FAILED_AGENTS, OLDEST_OWED_AGENT_SECONDS, OLDEST_OWED_SECONDS, OWED_AGENTS, OWED_ERASURES, OWED_ORGS,
    PARKED_EVENTS, QUARANTINED,
};
use sqlx::PgPool;
use store::{
    assistants, erasures,
    parked::{self, Contested},
    queue::upkeep,
};

const EVERY: Duration = Duration::from_secs(1);
/// After this long nobody knows.
const BUDGET: Duration = Duration::from_secs(5);

/// Keeps the gauges current, for ever.
pub(crate) async fn measure(pg: PgPool) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let [orgs, oldest_seconds, quarantined, parked] = match tokio::time::timeout(BUDGET, upkeep::backlog(&pg)).await
        {
            Ok(Ok(found)) => [found.orgs as f64, found.oldest_seconds, found.quarantined as f64, found.parked as f64],
            // Unlike the last known number, nobody takes this for how things are.
            Ok(Err(_)) | Err(_) => [f64::NAN; 4],
        };
        gauge!(OWED_ORGS).set(orgs);
        gauge!(OLDEST_OWED_SECONDS).set(oldest_seconds);
        gauge!(QUARANTINED).set(quarantined);
        gauge!(PARKED_EVENTS).set(parked);
    }
}

/// All agents and numbers are read for it.
const CONTESTED_EVERY: Duration = Duration::from_secs(10);

/// Keeps the gauges of what two orgs claim and of what is to be erased current, for ever. The log says when that changes.
pub(crate) async fn measure_claims(pg: PgPool) {
    let mut ticks = tokio::time::interval(CONTESTED_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut known = Contested::default();
    loop {
        ticks.tick().await;
        let look = async { Ok::<_, store::Error>((parked::contested(&pg).await?, erasures::owed(&pg).await?)) };
        let Ok(Ok((contested, erasures))) = tokio::time::timeout(BUDGET, look).await else {
            for kind in ["assistant", "number"] {
                gauge!(CONTESTED, "kind" => kind).set(f64::NAN);
            }
            gauge!(OWED_ERASURES).set(f64::NAN);
            continue;
        };
        gauge!(CONTESTED, "kind" => "assistant").set(contested.assistants as f64);
        gauge!(CONTESTED, "kind" => "number").set(contested.numbers as f64);
        gauge!(OWED_ERASURES).set(erasures as f64);
        if contested != known {
            let Contested { assistants, numbers } = contested;
            tracing::warn!(
                assistants,
                numbers,
                "names at Vapi that more than one org claims: their webhooks are parked"
            );
            known = contested;
        }
    }
}

/// Keeps the gauges of agents current, for ever. Only where assistants are made: elsewhere nobody minds what is owed.
pub(crate) async fn measure_agents(pg: PgPool) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let [owed, oldest_seconds, failed] = match tokio::time::timeout(BUDGET, assistants::backlog(&pg)).await {
            Ok(Ok(backlog)) => [backlog.owed as f64, backlog.oldest_seconds, backlog.failed as f64],
            Ok(Err(_)) | Err(_) => [f64::NAN; 3],
        };
        gauge!(OWED_AGENTS).set(owed);
        gauge!(OLDEST_OWED_AGENT_SECONDS).set(oldest_seconds);
        gauge!(FAILED_AGENTS).set(failed);
    }
}
