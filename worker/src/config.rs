//! The settings of a worker process.

use std::time::Duration;

use store::queue::Queue;

/// The settings of a worker process. The defaults are for production; tests shorten the times.
#[derive(Clone, Debug)]
pub struct Config {
    /// The interval at which a worker reports that it lives and looks for lost jobs.
    pub heartbeat: Duration,
    /// The time that running jobs get after the signal to stop.
    pub shutdown: Duration,
    /// For rebuilds.
    pub rebuild: Limits,
    /// For jobs that crons fire.
    pub maintenance: Limits,
    /// For assistants at Vapi. None leaves them to other workers.
    pub prewarm: Option<Limits>,
    /// The time for which bodies of events are kept (`PREWARM_EVENT_RETENTION`).
    pub event_retention: Duration,
}

/// The default of `PREWARM_EVENT_RETENTION`.
pub const DEFAULT_EVENT_RETENTION: Duration = Duration::from_hours(30 * 24);

/// The limits of one queue's jobs.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Jobs that run at once.
    pub concurrency: usize,
    /// A job that runs longer is cut off.
    pub timeout: Duration,
    /// Work counts as lost when its worker has sent no heartbeat for this long, or as soon as Postgres knows that its process
    /// is gone. An agent's has a lease of its own.
    pub lease: Duration,
    /// The interval between looks for work without a hint. After five seconds without work it is four times as long.
    pub poll: Duration,
}

/// A configuration under which jobs would run twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("queue {}: a lease of {lease:?} does not outlast three heartbeats of {heartbeat:?} and the shutdown's {shutdown:?}", queue.as_str())]
pub struct ConfigError {
    queue: Queue,
    lease: Duration,
    heartbeat: Duration,
    shutdown: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(1),
            shutdown: Duration::from_secs(8),
            rebuild: Limits {
                concurrency: 8,
                // An org with a million calls takes some ten seconds on an idle machine.
                timeout: Duration::from_mins(5),
                lease: Duration::from_secs(12),
                poll: Duration::from_millis(25),
            },
            maintenance: Limits {
                concurrency: 4,
                timeout: Duration::from_mins(5),
                lease: Duration::from_secs(12),
                // The worker that fires a cron wakes itself.
                poll: Duration::from_secs(1),
            },
            prewarm: Some(Limits {
                // Three for test calls, and three for everything else.
                concurrency: 4,
                // Syncing an agent is a few requests of ten seconds at most; verifying all assistants takes longer.
                timeout: Duration::from_mins(5),
                lease: Duration::from_secs(12),
                poll: Duration::from_millis(100),
            }),
            event_retention: DEFAULT_EVENT_RETENTION,
        }
    }
}

impl Config {
    /// The limits of a queue, or None if this process leaves it to others.
    pub(crate) const fn limits(&self, queue: Queue) -> Option<&Limits> {
        match queue {
            Queue::Rebuild => Some(&self.rebuild),
            Queue::Maintenance => Some(&self.maintenance),
            Queue::Prewarm => self.prewarm.as_ref(),
        }
    }

    /// Requires a lease to outlast some late heartbeats and the shutdown, during which no heartbeat is sent.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let Self { heartbeat, shutdown, .. } = *self;
        for queue in Queue::ALL {
            let Some(&Limits { lease, .. }) = self.limits(queue) else { continue };
            if lease <= heartbeat * 3 + shutdown {
                return Err(ConfigError { queue, lease, heartbeat, shutdown });
            }
        }
        Ok(())
    }
}
