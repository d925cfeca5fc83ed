//! The crons. Level-triggered: what decides is whether a slot has a row, not who was awake when it came.

use std::{collections::HashMap, str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use cron::Schedule;
use jobs::Maintenance;
use readmodel::time::Timestamp;
use store::{Error, Store};
use tokio_util::sync::CancellationToken;

use crate::watchdog::Progress;

/// A job that the clock fires.
#[derive(Clone, Copy, Debug)]
pub struct Cron {
    /// Names its slots in `prewarm.cron_slots`.
    pub name: &'static str,
    /// Second, minute, hour, day of month, month, day of week; in UTC.
    pub expression: &'static str,
    /// What it fires.
    pub job: Maintenance,
    /// Why it exists.
    pub reason: &'static str,
}

/// Every cron. Minutes are staggered, so that none fires with another's.
pub const CRONS: &[Cron] = &[
    Cron {
        name: "sweep",
        expression: "* * * * * *",
        job: Maintenance::Sweep,
        reason: "a second is what a lost hint may cost",
    },
    Cron {
        name: "refresh_fleet_pulse",
        expression: "20 * * * * *",
        job: Maintenance::RefreshFleetPulse,
        reason: "operators may look at totals a minute old",
    },
    Cron {
        name: "prune",
        expression: "40 7 * * * *",
        job: Maintenance::Prune,
        reason: "the board reads the whole table of jobs",
    },
    Cron {
        name: "audit_assistants",
        expression: "10 3/10 * * * *",
        job: Maintenance::AuditAssistants,
        reason: "not everything that changes an assistant leaves a mark",
    },
    Cron {
        name: "verify_assistants",
        expression: "50 5/10 * * * *",
        job: Maintenance::VerifyAssistants,
        reason: "others write to Vapi as well",
    },
    Cron {
        name: "reconcile",
        expression: "30 1/5 * * * *",
        job: Maintenance::Reconcile,
        reason: "webhooks are lost on their way",
    },
];

/// How often to look at the clock: as often as the shortest cron can fire.
const TICK: Duration = Duration::from_secs(1);

/// A look that takes longer has lost its connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Fires the crons, together with the schedulers of all other workers.
#[derive(Debug)]
pub struct Scheduler {
    store: Store,
    crons: Vec<(&'static Cron, Schedule)>,
    /// Slots known to have been fired: saves asking again, and decides nothing.
    fired: HashMap<&'static str, Timestamp>,
}

impl Scheduler {
    /// A scheduler that remembers nothing. Crons whose expression is not valid are left out; a test sees to the table's.
    pub fn new(store: Store, crons: impl IntoIterator<Item = &'static Cron>) -> Self {
        let parsed = |cron: &'static Cron| Some((cron, Schedule::from_str(cron.expression).ok()?));
        Self { store, crons: crons.into_iter().filter_map(parsed).collect(), fired: HashMap::new() }
    }

    pub(crate) async fn run(mut self, progress: Progress, shutdown: CancellationToken) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while shutdown.run_until_cancelled(tick.tick()).await.is_some() {
            match tokio::time::timeout(PATIENCE, self.tick()).await.unwrap_or_else(|_| Err(Error::TimedOut)) {
                Ok(_) => progress.made(),
                Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "crons are late"),
            }
        }
    }

    /// Fires the newest slot of each cron that nobody has fired yet, by the database's clock; of slots that were missed
    /// only the newest. Returns how many it fired.
    pub async fn tick(&mut self) -> Result<usize, Error> {
        let now = self.store.now().await?;
        let mut firings = 0;
        for (cron, schedule) in &self.crons {
            let Some(slot) = newest_slot(schedule, now) else { continue };
            // Not `>=`: the clock may have gone back, and slots come again.
            if self.fired.get(cron.name) == Some(&slot) {
                continue;
            }
            if self.store.fire_cron(cron.name, slot, &cron.job.to_new()).await? {
                firings += 1;
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
