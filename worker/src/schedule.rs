//! The crons. They are level-triggered: a slot is fired if it has no row yet, whichever workers were awake at its instant.

use std::{collections::HashMap, str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use cron::Schedule;
use jobs::Maintenance;
use readmodel::time::Timestamp;
use store::{
    Error, Store,
    queue::{Queue, crons::Look},
};
use tokio_util::sync::CancellationToken;

use crate::watchdog::Progress;

/// A job that the clock fires.
#[derive(Clone, Copy, Debug)]
pub struct Cron {
    /// Names its slots in `prewarm.cron_slots`.
    pub name: &'static str,
    /// Second, minute, hour, day of month, month, day of week; in UTC.
    pub expression: &'static str,
    /// The job that it fires.
    pub job: Maintenance,
    /// Whether its slots pass by while nothing waits for a sweep. A job each second would be most of what idling costs.
    pub if_sweep_is_due: bool,
    /// The reason for its existence and its interval.
    pub reason: &'static str,
}

/// Every cron. Their minutes differ, so that no two fire together.
pub const CRONS: &[Cron] = &[
    Cron {
        name: "sweep",
        expression: "* * * * * *",
        job: Maintenance::Sweep,
        if_sweep_is_due: true,
        reason: "a second is what a lost hint may cost",
    },
    Cron {
        name: "refresh_fleet_pulse",
        expression: "20 * * * * *",
        job: Maintenance::RefreshFleetPulse,
        if_sweep_is_due: false,
        reason: "operators may look at totals a minute old",
    },
    Cron {
        name: "prune",
        expression: "40 7 * * * *",
        job: Maintenance::Prune,
        if_sweep_is_due: false,
        reason: "the board reads the whole table of jobs",
    },
    Cron {
        name: "find_drift",
        expression: "5/10 * * * * *",
        job: Maintenance::FindDrift,
        if_sweep_is_due: false,
        reason: "what changes by differences stays wrong once it is",
    },
    Cron {
        name: "audit_assistants",
        expression: "10 3/10 * * * *",
        job: Maintenance::AuditAssistants,
        if_sweep_is_due: false,
        reason: "not everything that changes an assistant leaves a mark",
    },
    Cron {
        name: "verify_assistants",
        expression: "50 5/10 * * * *",
        job: Maintenance::VerifyAssistants,
        if_sweep_is_due: false,
        reason: "others write to Vapi as well",
    },
    Cron {
        name: "reconcile",
        expression: "30 1/5 * * * *",
        job: Maintenance::Reconcile,
        if_sweep_is_due: false,
        reason: "webhooks are lost on their way",
    },
];

/// The interval between looks at the clock: that of the most frequent cron.
const TICK: Duration = Duration::from_secs(1);

/// The time limit of a look. After it the connection counts as lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// Fires the crons, together with the schedulers of all other workers.
#[derive(Debug)]
pub struct Scheduler {
    store: Store,
    crons: Vec<(&'static Cron, Schedule)>,
    /// Slots that are known to be fired. They save a query, and decide nothing.
    fired: HashMap<&'static str, Timestamp>,
}

impl Scheduler {
    /// A new scheduler. It leaves out crons whose expression is invalid; a test keeps the table free of them.
    pub fn new(store: Store, crons: impl IntoIterator<Item = &'static Cron>) -> Self {
        let parsed = |cron: &'static Cron| Some((cron, Schedule::from_str(cron.expression).ok()?));
        Self { store, crons: crons.into_iter().filter_map(parsed).collect(), fired: HashMap::new() }
    }

    /// Calls `ring` with the queue of each job that it fires, until `shutdown`.
    pub(crate) async fn run(mut self, progress: Progress, shutdown: CancellationToken, ring: impl Fn(Queue)) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while shutdown.run_until_cancelled(tick.tick()).await.is_some() {
            match tokio::time::timeout(PATIENCE, self.tick()).await.unwrap_or_else(|_| Err(Error::TimedOut)) {
                Ok(fired) => {
                    progress.made();
                    fired.into_iter().for_each(|cron| ring(cron.job.queue()));
                }
                Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "crons are late"),
            }
        }
    }

    /// Fires the newest slot of each cron, by the database's clock, unless it has been fired or nothing waits for it. Of several missed slots only the
    /// newest is fired. Returns those that it fired.
    pub async fn tick(&mut self) -> Result<Vec<&'static Cron>, Error> {
        let Look { now, sweeps } = self.store.look_at_clock().await?;
        let mut firings = Vec::new();
        for (cron, schedule) in &self.crons {
            let Some(slot) = newest_slot(schedule, now) else { continue };
            // Not `>=`: when the clock goes back, slots come again.
            if self.fired.get(cron.name) == Some(&slot) || cron.if_sweep_is_due && !sweeps {
                continue;
            }
            if self.store.fire_cron(cron.name, slot, &cron.job.to_new()).await? {
                firings.push(*cron);
            }
            self.fired.insert(cron.name, slot);
        }
        Ok(firings)
    }
}

/// The newest slot that is not later than `now`.
fn newest_slot(schedule: &Schedule, now: Timestamp) -> Option<Timestamp> {
    let after_now: DateTime<Utc> = DateTime::from_timestamp_micros(now.as_micros().checked_add(1)?)?;
    let slot = schedule.after(&after_now).next_back()?;
    Some(Timestamp::from_micros(slot.timestamp_micros()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn every_cron_is_valid_unique_and_explained() {
        let names: HashSet<_> = CRONS.iter().map(|cron| cron.name).collect();
        assert_eq!(names.len(), CRONS.len());
        for cron in CRONS {
            assert!(Schedule::from_str(cron.expression).is_ok(), "{}", cron.name);
            assert!(!cron.reason.is_empty(), "{}", cron.name);
        }
    }

    #[test]
    fn a_slot_is_due_from_its_own_instant() {
        let hourly = Schedule::from_str("40 7 * * * *").unwrap();
        let slot = at("2026-03-01T10:07:40Z");
        assert_eq!(newest_slot(&hourly, slot), Some(slot));
        assert_eq!(newest_slot(&hourly, at("2026-03-01T10:59:59.999999Z")), Some(slot));
        assert_eq!(newest_slot(&hourly, at("2026-03-01T10:07:39.999999Z")), Some(at("2026-03-01T09:07:40Z")));
    }
}
