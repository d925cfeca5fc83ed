//! Gauges of the work that is owed. Each worker measures for itself: a job would reach one worker, and the others would go
//! on showing old values.

use std::time::Duration;

use metrics::gauge;
use monitoring::{
    health::{Health, State},
    names::{
        CONTESTED, FAILED_AGENTS, OLDEST_OWED_AGENT_SECONDS, OLDEST_OWED_SECONDS, OWED_AGENTS, OWED_ERASURES,
        OWED_ORGS, PARKED_EVENTS, QUARANTINED, SOURCE_DRIFT, SOURCE_FAULTS,
    },
};
use store::{Store, erasures::ErasureBacklog, map::Finding, parked::Contested, source::Fault};

const EVERY: Duration = Duration::from_secs(1);
/// The time limit of a measurement. After it the gauges are NaN.
const BUDGET: Duration = Duration::from_secs(5);
/// An erasure that takes longer is reported. An org of a million rows takes less.
const ERASURE_IS_LATE: Duration = Duration::from_secs(60);

/// Keeps the gauges of orgs current. Never returns.
pub(crate) async fn measure(store: Store) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let [orgs, oldest_seconds, quarantined, parked] = match tokio::time::timeout(BUDGET, store.backlog()).await {
            Ok(Ok(found)) => [found.orgs as f64, found.oldest_seconds, found.quarantined as f64, found.parked as f64],
            // NaN cannot be mistaken for the present state, as the last value could.
            failed => {
                complain("orgs", failed.ok().and_then(Result::err).as_ref());
                [f64::NAN; 4]
            }
        };
        gauge!(OWED_ORGS).set(orgs);
        gauge!(OLDEST_OWED_SECONDS).set(oldest_seconds);
        gauge!(QUARANTINED).set(quarantined);
        gauge!(PARKED_EVENTS).set(parked);
    }
}

/// Each measurement reads all agents and numbers.
const CLAIMS_EVERY: Duration = Duration::from_secs(10);

/// Keeps the gauges of assistants and numbers that several orgs claim current, and reports them in `/readyz`. Never returns.
pub(crate) async fn measure_claims(store: Store, health: Health) {
    const PART: &str = "names at vapi";
    let mut ticks = tokio::time::interval(CLAIMS_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Ok(Ok(contested)) = tokio::time::timeout(BUDGET, store.contested()).await else {
            for kind in ["assistant", "number"] {
                gauge!(CONTESTED, "kind" => kind).set(f64::NAN);
            }
            continue;
        };
        gauge!(CONTESTED, "kind" => "assistant").set(contested.assistants as f64);
        gauge!(CONTESTED, "kind" => "number").set(contested.numbers as f64);
        health.set(PART, state_of_names(contested));
    }
}

fn state_of_names(Contested { assistants, numbers }: Contested) -> State {
    if assistants + numbers == 0 {
        return State::Ok;
    }
    State::Degraded(format!(
        "more than one org claims {assistants} assistants and {numbers} numbers: their webhooks are parked (prewarm.contested)"
    ))
}

/// Spreads the faults of the source's triggers over all orgs where they name none, keeps their gauge current, and reports
/// them in `/readyz`. Never returns.
pub(crate) async fn measure_source(store: Store, health: Health) {
    const PART: &str = "source";
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut told = false;
    loop {
        ticks.tick().await;
        let Ok(Ok(faults)) = tokio::time::timeout(BUDGET, store.spread_faults()).await else {
            gauge!(SOURCE_FAULTS).set(f64::NAN);
            continue;
        };
        gauge!(SOURCE_FAULTS).set(faults.len() as f64);
        if told || !faults.is_empty() {
            health.set(PART, state_of_source(&faults));
            told = true;
        }
    }
}

fn state_of_source(faults: &[Fault]) -> State {
    // An erasure first: its data stays until somebody acts.
    let Some(Fault { what, reason, is_erasure }) = faults.iter().max_by_key(|fault| fault.is_erasure) else {
        return State::Ok;
    };
    let outcome =
        if *is_erasure { "deleted data is not erased" } else { "changes are not listed, and rebuild whole orgs" };
    let more = if faults.len() > 1 { format!("; and {} more", faults.len() - 1) } else { String::new() };
    State::Degraded(format!("{outcome} (prewarm.source_faults): {what}: {reason}{more}"))
}

/// The most differences of a look that are logged. A table of a thousand partitions may have thousands.
const DRIFT_LOGGED: usize = 20;

/// Between looks at the catalog.
const DRIFT_EVERY: Duration = Duration::from_secs(3);

/// A whole look, which tries each view, is due when the catalog has changed, and after this many that found it unchanged.
const WHOLE_AFTER: u32 = 10;

/// Compares the source with its map, keeps the gauge of the differences current, logs new ones, and reports them in
/// `/readyz`. Never returns.
pub(crate) async fn measure_drift(store: Store, health: Health) {
    const PART: &str = "source map";
    let mut ticks = tokio::time::interval(DRIFT_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut told: Vec<Finding> = Vec::new();
    let (mut seen, mut unchanged) = (None, 0);
    loop {
        ticks.tick().await;
        let digest = tokio::time::timeout(BUDGET, store.catalog_digest()).await.ok().and_then(Result::ok);
        if digest.is_some() && digest == seen && unchanged < WHOLE_AFTER {
            unchanged += 1;
            continue;
        }
        (seen, unchanged) = (None, 0);
        let found = match tokio::time::timeout(BUDGET, store.look_at_source()).await {
            Ok(Ok(found)) => found,
            failed => {
                gauge!(SOURCE_DRIFT).set(f64::NAN);
                if let Ok(Err(error)) = failed
                    && !error.is_outage()
                {
                    health.set(PART, State::Degraded(format!("the source cannot be compared with its map: {error}")));
                }
                continue;
            }
        };
        gauge!(SOURCE_DRIFT).set(found.len() as f64);
        let news = found.iter().filter(|finding| !told.contains(finding));
        for Finding { finding, seen, remedy, .. } in news.take(DRIFT_LOGGED) {
            tracing::error!(finding, seen, remedy, "the source differs from its map");
        }
        let observes = store.observes().await.unwrap_or_default();
        health.set(PART, state_of_map(&found, observes));
        (told, seen) = (found, digest);
    }
}

fn state_of_map(found: &[Finding], observes: bool) -> State {
    match found {
        [] if observes => State::Degraded("mode observe: webhooks, agents and test calls are off".to_owned()),
        [] => State::Ok,
        [Finding { seen, remedy, .. }, others @ ..] => {
            let more = if others.is_empty() { String::new() } else { format!("; and {} more", others.len()) };
            State::Degraded(format!("{seen}: panels may be wrong until `prewarm attach` is run again ({remedy}){more}"))
        }
    }
}

/// Keeps the gauge of erasures current, and reports one that takes long in `/readyz`. Never returns.
pub(crate) async fn measure_erasures(store: Store, health: Health) {
    const PART: &str = "erasures";
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Ok(Ok(backlog)) = tokio::time::timeout(BUDGET, store.erasure_backlog()).await else {
            gauge!(OWED_ERASURES).set(f64::NAN);
            continue;
        };
        gauge!(OWED_ERASURES).set(backlog.erasures as f64);
        health.set(PART, state_of_erasures(backlog));
    }
}

fn state_of_erasures(ErasureBacklog { erasures, oldest_seconds }: ErasureBacklog) -> State {
    if oldest_seconds < ERASURE_IS_LATE.as_secs_f64() {
        return State::Ok;
    }
    State::Degraded(format!(
        "{erasures} erasures are not done, the oldest for {oldest_seconds:.0} s (prewarm.erasures)"
    ))
}

/// Keeps the gauges of agents current. Never returns. Only workers that reach Vapi run it.
pub(crate) async fn measure_agents(store: Store) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let [owed, oldest_seconds, failed] = match tokio::time::timeout(BUDGET, store.assistant_backlog()).await {
            Ok(Ok(backlog)) => [backlog.owed as f64, backlog.oldest_seconds, backlog.failed as f64],
            failed => {
                complain("agents", failed.ok().and_then(Result::err).as_ref());
                [f64::NAN; 3]
            }
        };
        gauge!(OWED_AGENTS).set(owed);
        gauge!(OLDEST_OWED_AGENT_SECONDS).set(oldest_seconds);
        gauge!(FAILED_AGENTS).set(failed);
    }
}

/// Logs a measurement that failed. No error means that the database did not answer in time.
fn complain(what: &'static str, error: Option<&store::Error>) {
    let reason = error.map_or_else(|| format!("no answer within {} s", BUDGET.as_secs()), ToString::to_string);
    tracing::warn!(what, reason, "what is owed cannot be measured");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_overdue_erasures_are_reported() {
        let backlog = |oldest_seconds| state_of_erasures(ErasureBacklog { erasures: 1, oldest_seconds });
        assert_eq!((backlog(0.0), backlog(59.0)), (State::Ok, State::Ok));
        assert!(matches!(backlog(61.0), State::Degraded(reason) if reason.starts_with("1 erasures")));
    }

    #[test]
    fn contested_names_are_reported() {
        assert_eq!(state_of_names(Contested::default()), State::Ok);
        let contested = state_of_names(Contested { assistants: 2, numbers: 1 });
        assert!(matches!(contested, State::Degraded(reason) if reason.contains("2 assistants and 1 numbers")));
    }
}
