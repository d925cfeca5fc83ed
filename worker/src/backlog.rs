//! Measures what is owed. Each worker does so itself: if it were a job, the workers that do not get it would go on
//! showing what they measured last.

use std::time::Duration;

use metrics::gauge;
use monitoring::names::{OLDEST_OWED_SECONDS, OWED_ORGS, QUARANTINED};
use sqlx::PgPool;
use store::queue::upkeep;

const EVERY: Duration = Duration::from_secs(1);
/// After this long nobody knows.
const BUDGET: Duration = Duration::from_secs(5);

/// Keeps the gauges current, for ever.
pub(crate) async fn measure(pg: PgPool) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let [orgs, oldest_seconds, quarantined] = match tokio::time::timeout(BUDGET, upkeep::backlog(&pg)).await {
            Ok(Ok(backlog)) => [backlog.orgs as f64, backlog.oldest_seconds, backlog.quarantined as f64],
            // Unlike the last known number, nobody takes this for how things are.
            Ok(Err(_)) | Err(_) => [f64::NAN; 3],
        };
        gauge!(OWED_ORGS).set(orgs);
        gauge!(OLDEST_OWED_SECONDS).set(oldest_seconds);
        gauge!(QUARANTINED).set(quarantined);
    }
}
